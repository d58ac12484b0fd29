"""Blobs as files: a draft is fsynced, renamed into its folder, and the folder fsynced, before anybody hears of it.

Drafts and blobs lie in one directory tree, so that the rename cannot cross file systems. Writes go to the page cache
inline; what waits for the disk runs on a thread. While a draft grows, its pages are written back in the background,
so that little is left for the last fsync (design: performance, section 2).
"""

import asyncio
import errno
import fcntl
import os
from collections.abc import Awaitable, Callable, Iterable
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import Any, TypeVar

from moorage.blobs.port import BlobLost, DraftBusy, DraftShort
from moorage.domain.content import Content
from moorage.domain.errors import StorageFull

_WRITEBACK = 16 * 1024 * 1024
_READ = 1024 * 1024
_FULL = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG})

T = TypeVar("T")


class FileBlobs:
    """A blob store in one folder; any number of processes share it."""

    def __init__(self, folder: Path, *, reached: Callable[[str], None]) -> None:
        self._drafts, self._blobs, self._reached = folder / "drafts", folder / "blobs", reached
        self._places = str(self._blobs)  # joining paths would cost every pull more than looking at the file
        self._threads = ThreadPoolExecutor(max_workers=4, thread_name_prefix="moorage-disk")
        self._drafts.mkdir(mode=0o700, parents=True, exist_ok=True)
        for shard in range(256):
            (self._blobs / f"{shard:02x}").mkdir(mode=0o700, parents=True, exist_ok=True)
        for made in (self._blobs, folder):  # a blob is no safer than the folders that lead to it
            _sync_folder(made)

    def hold(self, key: str) -> "FileDraft":
        path, final = self._drafts / key, self._path(key)
        try:
            handle = _open(path, final)
        except OSError as error:
            raise _told(error) from error
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
            _expect_here(handle, path, final)
        except (BlockingIOError, DraftBusy):
            os.close(handle)
            raise DraftBusy from None
        return FileDraft(handle, path, final, self._threads, self._reached)

    async def discard(self, key: str) -> None:
        await self._off_loop(_unlink, self._drafts / key)

    async def delete(self, key: str) -> None:
        await self._off_loop(_unlink, self._path(key))

    def has(self, key: str, size: int) -> bool:
        return _size(self._place(key)) == size

    def content(self, key: str, size: int) -> Content:
        place = self._place(key)
        found = _size(place)
        if found != size:  # rather an error, and a line for the operator, than half a layer
            raise BlobLost(key, size, found)
        return Content(size, place)

    def drafts(self) -> list[tuple[str, int]]:
        found: list[tuple[str, int]] = []
        for entry in os.scandir(self._drafts):
            try:
                found.append((entry.name, entry.stat().st_mtime_ns // 1000))
            except FileNotFoundError:  # committed or discarded since it was listed
                continue
        return found

    def _path(self, key: str) -> Path:
        return Path(self._place(key))

    def _place(self, key: str) -> str:
        return f"{self._places}/{key[:2]}/{key}"

    async def _off_loop(self, work: Callable[[Path], None], path: Path) -> None:
        await asyncio.get_running_loop().run_in_executor(self._threads, work, path)


class FileDraft:
    """An upload's bytes, not a blob yet."""

    def __init__(
        self, handle: int, path: Path, final: Path, threads: ThreadPoolExecutor, reached: Callable[[str], None]
    ) -> None:
        self._handle, self._path, self._final = handle, path, final
        self._threads, self._reached = threads, reached
        self._unwritten = 0
        self._kept = 0  # no byte past this one was synced
        self._dirty = False
        self._named = os.fstat(handle).st_size > 0  # a draft that holds bytes was synced with its folder
        self._writeback: Future[None] | None = None
        self._latest: Future[Any] | None = None  # each piece of work begins when the one before it is over

    def truncate(self, size: int) -> None:
        if os.fstat(self._handle).st_size < size:
            raise DraftShort  # growing it again would pad it with zeros under a hash of other bytes
        if self._final.exists():
            self._final.rename(self._path)  # whoever published it died before the metadata was told
        os.ftruncate(self._handle, size)
        self._kept = os.lseek(self._handle, size, os.SEEK_SET)

    def append(self, piece: bytes) -> None:
        rest = memoryview(piece)
        self._dirty = True
        try:
            while rest:
                rest = rest[os.write(self._handle, rest) :]
        except OSError as error:
            raise _told(error) from error
        self._unwritten += len(piece)
        if self._unwritten >= _WRITEBACK and (self._writeback is None or self._writeback.done()):
            self._unwritten = 0
            self._settle()
            self._writeback = self._submit(lambda: os.fdatasync(self._handle))

    def content(self) -> Iterable[bytes]:
        position = 0
        while piece := os.pread(self._handle, _READ, position):
            position += len(piece)
            yield piece

    async def sync(self) -> None:
        await self._flush()
        if not self._named:
            await self._told_if_full(self._off_loop(lambda: _sync_folder(self._path.parent)))
            self._named = True

    async def _flush(self) -> None:
        if self._writeback is not None:
            # A failed write-back is told once: an fsync after it would lie.
            await self._told_if_full(asyncio.wrap_future(self._writeback))
            self._writeback = None
        if self._dirty:
            await self._told_if_full(self._off_loop(lambda: os.fsync(self._handle)))
            self._kept = os.lseek(self._handle, 0, os.SEEK_CUR)
            self._dirty = False
        self._reached("synced")

    async def commit(self) -> None:
        await self._flush()
        await self._told_if_full(self._off_loop(self._publish))

    def close(self) -> None:
        """Let go of the draft as soon as no thread works on it, which nobody waits for.

        Until then another request finds it busy: a rename that is under way must not meet one that begins anew, and
        the descriptor must not be closed, and used again, under the thread.
        """
        latest, self._latest, self._writeback = self._latest, None, None  # what failed knows the frames that know us
        if latest is None:
            self._let_go()
        else:
            latest.add_done_callback(lambda _: self._let_go())  # at once, if it is over

    def _let_go(self) -> None:
        try:
            if self._dirty:
                os.ftruncate(self._handle, self._kept)  # a part that failed must not keep a full disk full
        finally:
            os.close(self._handle)

    def _publish(self) -> None:
        self._path.rename(self._final)
        self._reached("renamed")
        _sync_folder(self._final.parent)
        self._reached("published")

    def _settle(self) -> None:
        if self._writeback is not None and (error := self._writeback.exception()) is not None:
            raise _told(error) from error

    async def _off_loop(self, work: Callable[[], T]) -> T:
        return await asyncio.wrap_future(self._submit(work))

    def _submit(self, work: Callable[[], T]) -> Future[T]:
        self._latest = submitted = self._threads.submit(work)
        return submitted

    async def _told_if_full(self, work: Awaitable[T]) -> T:
        try:
            return await work
        except OSError as error:
            raise _told(error) from error


def _open(path: Path, final: Path) -> int:
    """Open a draft where it stands, which is among the blobs if a process died between rename and commit."""
    for place in (path, final):
        try:
            return os.open(place, os.O_RDWR | os.O_CLOEXEC)
        except FileNotFoundError:
            continue
    return os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)


def _expect_here(handle: int, path: Path, final: Path) -> None:
    """See that the locked file still stands in one of its places, alone: its holder may have moved or removed it."""
    file = os.fstat(handle)
    drafted, published = _inode(path), _inode(final)
    if drafted == file.st_ino and published is not None and file.st_size == 0:
        path.unlink()  # begun beside a draft that was renamed at that very moment
    if {drafted, published} != {file.st_ino, None}:
        raise DraftBusy


def _size(place: str) -> int | None:
    try:
        return os.stat(place).st_size  # noqa: PTH116 - a path would be made for it first
    except FileNotFoundError:
        return None


def _inode(path: Path) -> int | None:
    try:
        return path.stat().st_ino
    except FileNotFoundError:
        return None


def _told(error: BaseException) -> BaseException:
    return StorageFull() if isinstance(error, OSError) and error.errno in _FULL else error


def _unlink(path: Path) -> None:
    path.unlink(missing_ok=True)


def _sync_folder(path: Path) -> None:
    folder = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)
