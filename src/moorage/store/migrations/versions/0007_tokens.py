"""Sessions are found by kind and by whose they are: narrow tokens are counted and listed."""

from alembic import op

revision = "0007"
down_revision = "0006"


def upgrade() -> None:
    op.drop_index("sessions_by_account", table_name="sessions")
    op.create_index(
        "sessions_by_entity", "sessions", ["account_id", "kind", "entity_id", "access_key_id"], unique=False
    )
