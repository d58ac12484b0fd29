"""What the house asks of a metadata store."""

from typing import Protocol, TypeVar

from moorage.store.recall import Recall
from moorage.store.transaction import Transaction, Unit

T = TypeVar("T")


class Store(Protocol):
    """Metadata that survives a power cut once a write has answered."""

    @property
    def now(self) -> Transaction:
        """Statements that each see the newest committed state."""
        ...

    @property
    def recall(self) -> Recall:
        """Point reads that each see the newest committed state, remembered while nothing is committed."""
        ...

    async def read(self, unit: Unit[T]) -> T:
        """Run several reads on one snapshot."""
        ...

    async def write(self, unit: Unit[T]) -> T:
        """Run ``unit`` in one durable transaction; it may run more than once and must have no other effect.

        Raises:
            StorageFull: nothing was changed

        """
        ...
