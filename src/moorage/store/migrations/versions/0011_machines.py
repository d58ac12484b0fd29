"""Machines that join by a token of their own, and sessions found by the key that they were opened with."""

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"


def upgrade() -> None:
    op.create_table(
        "machines",
        sa.Column("account_id", sa.Text(), nullable=False),
        sa.Column("instance_id", sa.Text(), nullable=False),
        sa.Column("region", sa.Text(), nullable=False),
        sa.Column("role_id", sa.Text(), nullable=False),
        sa.Column("role_name", sa.Text(), nullable=False),
        sa.Column("made_by", sa.Text(), nullable=False),
        sa.Column("join_hash", sa.LargeBinary(), nullable=False),
        sa.Column("join_expires_at", sa.BigInteger(), nullable=False),
        sa.Column("key_id", sa.Text(), nullable=True),
        sa.Column("secret", sa.LargeBinary(), nullable=True),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("joined_at", sa.BigInteger(), nullable=True),
        sa.Column("revoked_at", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("account_id", "instance_id"),
        sqlite_with_rowid=False,
    )
    op.create_index("machines_by_join", "machines", ["join_hash"], unique=True)
    op.create_index("machines_by_key", "machines", ["key_id"], unique=True)
    op.create_index("machines_by_role", "machines", ["account_id", "role_id"], unique=False)
    waits, over, made = sa.text("joined_at IS NULL"), sa.text("revoked_at IS NOT NULL"), sa.text("parent IS NOT NULL")
    op.create_index(
        "machines_by_end",
        "machines",
        ["join_expires_at"],
        unique=False,
        sqlite_where=waits,
        postgresql_where=waits,
    )
    op.create_index(
        "machines_by_revocation",
        "machines",
        ["revoked_at"],
        unique=False,
        sqlite_where=over,
        postgresql_where=over,
    )
    op.create_index(
        "sessions_by_parent",
        "sessions",
        ["account_id", "parent", "created_at"],
        unique=False,
        sqlite_where=made,
        postgresql_where=made,
    )
