"""What the house asks of a blob store: drafts that grow, blobs that are whole; opaque keys, no digests."""

from collections.abc import Iterable
from typing import Protocol

from moorage.domain.content import Content


class DraftShort(Exception):
    """The draft holds fewer bytes than were acknowledged: they are lost."""


class DraftBusy(Exception):
    """Another request holds the draft, in this process or another."""


class BlobLost(Exception):
    """A blob that the metadata names is not there, or not whole: bytes were lost behind our back."""

    def __init__(self, key: str, size: int, found: int | None) -> None:
        super().__init__(f"blob {key} should have {size} bytes and has {found}")


class Draft(Protocol):
    """An upload's bytes, not a blob yet; held by one request at a time."""

    def truncate(self, size: int) -> None:
        """Forget every byte past ``size``: what was written after the last acknowledged one.

        Raises:
            DraftShort

        """
        ...

    def append(self, piece: bytes) -> None:
        """Add ``piece`` at the end; it is not durable before ``sync``.

        Raises:
            StorageFull

        """
        ...

    def content(self) -> Iterable[bytes]:
        """Give the bytes again from the first, in pieces."""
        ...

    async def sync(self) -> None:
        """Make every appended byte survive a power cut.

        Raises:
            StorageFull

        """
        ...

    async def commit(self) -> None:
        """Make the synced draft readable under its key; after this returns it survives a power cut.

        Raises:
            StorageFull

        """
        ...

    def close(self) -> None:
        """Let go of the draft, for another request to take; where the disk is still at work, as soon as it is done."""
        ...


class BlobStore(Protocol):
    """Bytes by opaque storage key."""

    def hold(self, key: str) -> Draft:
        """Take hold of a draft without waiting; one that is not there yet is begun.

        A draft that was committed, and whose commit nobody was told of, is found too: ``truncate`` takes it back.

        Raises:
            DraftBusy, StorageFull

        """
        ...

    async def discard(self, key: str) -> None:
        """Forget a draft; one that is gone already is no error."""
        ...

    async def delete(self, key: str) -> None:
        """Forget a blob; one that is gone already is no error."""
        ...

    def has(self, key: str, size: int) -> bool:
        """Tell whether a blob is there, and whole."""
        ...

    def content(self, key: str, size: int) -> Content:
        """Give a blob on its way out.

        Raises:
            BlobLost

        """
        ...

    def drafts(self) -> list[tuple[str, int]]:
        """List the drafts with the time of their last change (µs since 1970)."""
        ...
