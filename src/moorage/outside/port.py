"""What the house asks of the world outside."""

from typing import Protocol


class Web(Protocol):
    """Documents of other servers."""

    async def get(self, url: str, *, limit: int) -> bytes:
        """Get a document of at most ``limit`` bytes over https, following nobody elsewhere.

        Raises:
            OutsideError

        """
        ...


class OutsideError(Exception):
    """A server does not answer as it should; ``str()`` says why, and nothing of what it answered."""
