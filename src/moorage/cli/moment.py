"""Times as people read them."""

from datetime import UTC, datetime


def moment(epoch: object) -> str:
    """Write a time that the server gives in seconds."""
    return datetime.fromtimestamp(float(str(epoch)), UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
