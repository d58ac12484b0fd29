"""Counts of the images of each repository, and an index of the referrers whose subject is gone."""

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"


def upgrade() -> None:
    op.create_table(
        "image_counts",
        sa.Column("account_id", sa.Text(), nullable=False),
        sa.Column("region", sa.Text(), nullable=False),
        sa.Column("repository_id", sa.Text(), nullable=False),
        sa.Column("images", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("account_id", "region", "repository_id"),
        sqlite_with_rowid=False,
    )
    op.execute(
        """
        INSERT INTO image_counts (account_id, region, repository_id, images)
        SELECT account_id, region, repository_id, count(*) FROM images GROUP BY account_id, region, repository_id
        """
    )
    op.create_index(
        "referrers_by_orphaning",
        "referrers",
        ["orphaned_at"],
        unique=False,
        sqlite_where=sa.text("orphaned_at IS NOT NULL"),
        postgresql_where=sa.text("orphaned_at IS NOT NULL"),
    )
