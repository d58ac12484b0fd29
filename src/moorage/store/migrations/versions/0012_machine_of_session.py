"""Sessions tell the machine that they come from, through however many roles and accounts."""

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"


def upgrade() -> None:
    """Machines' own sessions are known; what was opened with them before lasts an hour and tells no machine."""
    op.add_column("sessions", sa.Column("machine", sa.Text(), nullable=True))
    op.execute("UPDATE sessions SET machine = parent WHERE kind = 'machine'")
    told = sa.text("machine IS NOT NULL")
    op.create_index(
        "sessions_by_machine",
        "sessions",
        ["machine", "account_id"],
        unique=False,
        sqlite_where=told,
        postgresql_where=told,
    )
