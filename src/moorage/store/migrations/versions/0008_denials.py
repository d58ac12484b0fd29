"""Denials that can be asked about."""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"


def upgrade() -> None:
    op.create_table(
        "denials",
        sa.Column("account_id", sa.Text(), nullable=False),
        sa.Column("denial_id", sa.Text(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("principal", sa.Text(), nullable=False),
        sa.Column("told", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("account_id", "denial_id"),
        sqlite_with_rowid=False,
    )
    op.create_index("denials_by_time", "denials", ["account_id", "at"], unique=False)
