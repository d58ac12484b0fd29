"""One process of several that count together: it bumps a number again and again, and checkpoints far too often."""

import asyncio
import sys
from pathlib import Path

from moorage.domain.names import AccountId
from moorage.store import accounts, writer
from moorage.store.sqlite import SqliteStore
from moorage.store.transaction import Transaction

ACCOUNT = AccountId("123456789012")
TOGETHER = 4  # writes that may share a transaction


async def _bump(tx: Transaction) -> None:
    await accounts.bump(tx, ACCOUNT)


async def _count(store: SqliteStore, times: int) -> None:
    seen = 0
    for _ in range(times // TOGETHER):
        await asyncio.gather(*(store.write(_bump) for _ in range(TOGETHER)))
        found = await accounts.find_generation(store.now, ACCOUNT) or 0
        assert found >= seen + TOGETHER, "a read did not see what was written before it"
        seen = found


def main(database: Path, lock: Path, times: int) -> None:
    """Count, and tell how large the log has become."""
    writer._CHECKPOINT_PAGES = 8  # noqa: SLF001 - no setting: the product's own value would not be reached here
    store = SqliteStore(database, lock, reached=lambda _point: None)
    asyncio.run(_count(store, times))
    print(database.with_name(f"{database.name}-wal").stat().st_size)  # noqa: T201 - the test reads it
    store.close()


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]), int(sys.argv[3]))
