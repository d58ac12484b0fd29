"""The one thread of a process that writes metadata, in groups.

Writes that wait while a group is committed form the next group: one fsync serves them all, and no answer leaves before
it (design: performance, section 3). A file lock around each group keeps the processes in line, because SQLite's own
busy handler sleeps and starves.
"""

import asyncio
import fcntl
import os
import shutil
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from queue import Empty, SimpleQueue
from threading import Thread
from typing import Any

import apsw

from moorage.domain.errors import StorageFull
from moorage.store.commits import CommitCounts
from moorage.store.recall import RecallingTransaction
from moorage.store.transaction import Unit, drive

_CHECKPOINT_PAGES = 8_000
_LITTLE = 1024 * 1024  # bytes: with less, an I/O error means a full disk


@dataclass(frozen=True, slots=True)
class _Job:
    unit: Unit[Any]
    loop: asyncio.AbstractEventLoop
    future: "asyncio.Future[Any]"


@dataclass(frozen=True, slots=True)
class _Done:
    job: _Job
    result: Any = None
    error: BaseException | None = None

    def deliver(self) -> None:
        if self.job.future.done():  # its request was cancelled; the change stands
            return
        if self.error is None:
            self.job.future.set_result(self.result)
        else:
            self.job.future.set_exception(self.error)


class WriteLock:
    """The lock that every writer of the database takes, in whatever process; a context to write in."""

    def __init__(self, path: Path) -> None:
        self.folder = path.parent
        self._handle = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)

    def __enter__(self) -> None:
        fcntl.flock(self._handle, fcntl.LOCK_EX)

    def __exit__(self, *_: object) -> None:
        fcntl.flock(self._handle, fcntl.LOCK_UN)

    def close(self) -> None:
        os.close(self._handle)


class Writer:
    """Runs units one after the other on a connection of its own."""

    def __init__(
        self, connect: Callable[[], apsw.Connection], lock: Path, counts: CommitCounts, reached: Callable[[str], None]
    ) -> None:
        self._queue: SimpleQueue[_Job | None] = SimpleQueue()
        self._counts = counts
        self._lock, self._reached = WriteLock(lock), reached
        self._connection = connect()
        self._transaction = RecallingTransaction(self._connection, counts)
        self._log_pages = 0
        self._over = False
        self._connection.set_wal_hook(self._note_log)
        self._thread = Thread(target=self._run, name="moorage-writer", daemon=True)
        self._thread.start()

    async def write(self, unit: Unit[Any]) -> Any:  # noqa: ANN401 - the store's own method gives it a type
        loop = asyncio.get_running_loop()
        job = _Job(unit, loop, loop.create_future())
        self._queue.put(job)
        return await job.future

    def close(self) -> None:
        self._queue.put(None)
        self._thread.join()
        self._connection.close()
        self._lock.close()

    def _note_log(self, _connection: apsw.Connection, _name: str, pages: int) -> int:
        self._log_pages = pages
        return apsw.SQLITE_OK

    def _run(self) -> None:
        while not self._over and (job := self._queue.get()) is not None:
            _deliver(self._commit([job]))

    def _gather(self, group: list[_Job]) -> None:
        """Add what waits by now."""
        while not self._over:
            try:
                another = self._queue.get_nowait()
            except Empty:
                return
            if another is None:
                self._over = True
            else:
                group.append(another)

    def _commit(self, group: list[_Job]) -> list[_Done]:
        try:
            with self._lock:
                self._gather(group)  # what came while another process held the lock is part of the group too
                done = self._attempt(group)
                self._checkpoint()
        except Exception as error:  # noqa: BLE001 - whatever happened, nobody may wait for ever
            told = StorageFull() if self._is_full(error) else error
            return [_Done(job, error=told) for job in group]
        return done

    def _is_full(self, error: Exception) -> bool:
        """Tell a full disk from a broken one, as far as SQLite lets it be told."""
        if isinstance(error, apsw.FullError):
            return True
        return isinstance(error, (apsw.IOError, OSError)) and shutil.disk_usage(self._lock.folder).free < _LITTLE

    def _attempt(self, group: Sequence[_Job]) -> list[_Done]:
        self._transaction.written.clear()
        self._connection.execute("BEGIN IMMEDIATE")
        try:
            # A unit that is alone needs no savepoint: when it fails there is nothing of others to be kept.
            done = [self._step(job) for job in group] if len(group) > 1 else [self._alone(group[0])]
            self._reached("commit")
            if self._connection.in_transaction:
                self._make_durable()
        except BaseException:
            if self._connection.in_transaction:
                self._connection.execute("ROLLBACK")
            raise
        self._reached("committed")
        return done

    def _make_durable(self) -> None:
        clean = self._counts.begin()
        try:
            self._connection.execute("COMMIT")
        finally:
            self._counts.end(self._transaction.written if clean else None)

    def _alone(self, job: _Job) -> _Done:
        """Run the one unit of a group."""
        try:
            return _Done(job, result=drive(job.unit, self._transaction))
        except (apsw.FullError, apsw.IOError):
            raise
        except Exception as error:  # noqa: BLE001 - told to the one who asked
            self._connection.execute("ROLLBACK")
            return _Done(job, error=error)

    def _step(self, job: _Job) -> _Done:
        """Run one unit inside a savepoint, so that its failure is its own."""
        self._connection.execute("SAVEPOINT unit")
        try:
            done = _Done(job, result=drive(job.unit, self._transaction))
        except (apsw.FullError, apsw.IOError):
            raise  # SQLite may have rolled the whole group back: nobody of it is told otherwise
        except Exception as error:  # noqa: BLE001 - told to the one who asked
            self._connection.execute("ROLLBACK TO unit")
            done = _Done(job, error=error)
        self._connection.execute("RELEASE unit")
        return done

    def _checkpoint(self) -> None:
        if self._log_pages < _CHECKPOINT_PAGES:
            return
        self._log_pages = 0
        try:
            self._connection.wal_checkpoint(mode=apsw.SQLITE_CHECKPOINT_PASSIVE)
        except (apsw.BusyError, apsw.FullError, apsw.IOError):
            return  # the group is durable in the log already; a later checkpoint moves it


def _deliver(done: Sequence[_Done]) -> None:
    """Wake each event loop once."""
    for loop in {one.job.loop for one in done}:
        loop.call_soon_threadsafe(_tell, [one for one in done if one.job.loop is loop])


def _tell(done: Sequence[_Done]) -> None:
    for one in done:
        one.deliver()
