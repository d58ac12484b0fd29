"""Small blobs and the bytes of small uploads in the metadata; uploads that are over are kept for a while."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    op.create_table(
        "contents",
        sa.Column("account_id", sa.Text(), nullable=False),
        sa.Column("region", sa.Text(), nullable=False),
        sa.Column("key_id", sa.Text(), nullable=False),
        sa.Column("digest", sa.Text(), nullable=False),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("account_id", "region", "key_id", "digest"),
    )
    op.add_column("uploads", sa.Column("small", sa.LargeBinary(), nullable=True))
    op.add_column("uploads", sa.Column("over", sa.BigInteger(), server_default="0", nullable=False))
