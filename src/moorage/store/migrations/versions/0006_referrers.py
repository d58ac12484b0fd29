"""Referrers by subject, and settings of registries."""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"


def upgrade() -> None:
    op.create_table(
        "account_settings",
        sa.Column("account_id", sa.Text(), nullable=False),
        sa.Column("region", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("value", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("account_id", "region", "name"),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "referrers",
        sa.Column("account_id", sa.Text(), nullable=False),
        sa.Column("region", sa.Text(), nullable=False),
        sa.Column("repository_id", sa.Text(), nullable=False),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("digest", sa.Text(), nullable=False),
        sa.Column("media_type", sa.Text(), nullable=False),
        sa.Column("artifact_type", sa.Text(), nullable=True),
        sa.Column("size", sa.BigInteger(), nullable=False),
        sa.Column("annotations", sa.Text(), nullable=False),
        sa.Column("orphaned_at", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("account_id", "region", "repository_id", "subject", "digest"),
        sqlite_with_rowid=False,
    )
    op.create_index(
        "referrers_by_digest", "referrers", ["account_id", "region", "repository_id", "digest"], unique=False
    )
    # What was pushed before: manifests with a subject describe themselves.
    op.execute(
        """
        INSERT INTO referrers (account_id, region, repository_id, subject, digest, media_type, artifact_type, size,
            annotations, orphaned_at)
        SELECT i.account_id, i.region, i.repository_id, i.subject, i.digest, i.media_type, i.artifact_type,
            length(m.body),
            coalesce((
                SELECT json_group_object(a.key, a.value)
                FROM json_each(CAST(m.body AS TEXT), '$.annotations') AS a
                WHERE a.type = 'text' AND json_type(CAST(m.body AS TEXT), '$.annotations') = 'object'
            ), '{}'),
            NULL
        FROM images AS i
        JOIN manifests AS m ON m.account_id = i.account_id AND m.region = i.region AND m.digest = i.digest
        WHERE i.subject IS NOT NULL
        """
    )
