"""Nothing but the statistics, which are written after every change of the schema."""

revision = "0010"
down_revision = "0009"


def upgrade() -> None:
    """Change nothing: `moorage.store.migrate` writes the statistics."""
