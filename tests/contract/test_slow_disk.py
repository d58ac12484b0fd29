"""Drafts on a disk that takes its time: who lets go of one waits for nothing, and nobody else gets it meanwhile."""

import asyncio
import os
import time
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path
from threading import Event

import pytest

from moorage.blobs.files import FileBlobs, FileDraft
from moorage.blobs.port import DraftBusy

KEY = "a0" + "0" * 30
PATIENCE = 10  # seconds
MANY = bytes(17 * 1024 * 1024)  # enough for a write-back in between


class Disk:
    """Work on the disk that goes on when it is told to, and not before."""

    def __init__(self) -> None:
        self.begun, self.may_go_on = Event(), Event()

    def wait(self, *_: object) -> None:
        self.begun.set()
        assert self.may_go_on.wait(PATIENCE)


@pytest.fixture
def disk(monkeypatch: pytest.MonkeyPatch) -> Iterator[Disk]:
    disk = Disk()
    monkeypatch.setattr(os, "fdatasync", disk.wait)
    yield disk
    disk.may_go_on.set()


def taken(blobs: FileBlobs) -> FileDraft:
    """Take hold of the draft as soon as that can be done."""
    for _ in range(PATIENCE * 1000):
        try:
            return blobs.hold(KEY)
        except DraftBusy:
            time.sleep(0.001)
    pytest.fail("nobody let go of the draft")


def size_of(draft: FileDraft) -> int:
    return sum(map(len, draft.content()))


def test_who_lets_go_of_a_draft_does_not_wait_for_its_writeback(tmp_path: Path, disk: Disk) -> None:
    blobs = FileBlobs(tmp_path, reached=lambda _: None)
    draft = blobs.hold(KEY)
    draft.append(MANY)
    assert disk.begun.wait(PATIENCE)
    draft.close()
    with pytest.raises(DraftBusy):
        blobs.hold(KEY)
    disk.may_go_on.set()
    again = taken(blobs)
    assert size_of(again) == 0  # nothing of it was acknowledged
    again.close()


def test_who_is_cancelled_during_a_sync_leaves_what_was_synced_before(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    blobs, disk = FileBlobs(tmp_path, reached=lambda _: None), Disk()
    draft = blobs.hold(KEY)

    async def work() -> None:
        draft.append(b"kept")
        await draft.sync()
        monkeypatch.setattr(os, "fsync", disk.wait)
        draft.append(b", lost")
        await cancelled(draft.sync, disk)

    asyncio.run(work())
    draft.close()
    with pytest.raises(DraftBusy):
        blobs.hold(KEY)
    disk.may_go_on.set()
    again = taken(blobs)
    assert b"".join(again.content()) == b"kept"
    again.close()


def test_a_draft_stays_held_until_it_is_published(tmp_path: Path) -> None:
    disk = Disk()
    blobs = FileBlobs(tmp_path, reached=lambda point: disk.wait() if point == "renamed" else None)
    draft = blobs.hold(KEY)
    draft.append(b"whole")
    asyncio.run(cancelled(draft.commit, disk))
    draft.close()
    with pytest.raises(DraftBusy):
        blobs.hold(KEY)
    disk.may_go_on.set()
    again = taken(blobs)
    again.truncate(5)  # takes it back from among the blobs
    assert ([key for key, _ in blobs.drafts()], size_of(again)) == ([KEY], 5)
    again.close()


async def cancelled(work: Callable[[], Awaitable[None]], disk: Disk) -> None:
    """Begin work, and cancel it when the disk is at it."""
    task = asyncio.ensure_future(work())
    await asyncio.to_thread(disk.begun.wait, PATIENCE)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
