"""What every blob store promises; one suite, every back end."""

import asyncio
import itertools
import os
from collections.abc import Awaitable, Callable, Coroutine, Sequence
from pathlib import Path
from typing import TypeVar

import pytest

from moorage.blobs.files import FileBlobs
from moorage.blobs.port import BlobLost, BlobStore, DraftBusy, DraftShort

T = TypeVar("T")
KEY = "a0" + "0" * 30


@pytest.fixture(params=["files"])
def blobs(request: pytest.FixtureRequest, tmp_path: Path) -> BlobStore:
    stores: dict[str, Callable[[], BlobStore]] = {"files": lambda: FileBlobs(tmp_path, reached=lambda _: None)}
    return stores[request.param]()


def run(work: Coroutine[object, object, T]) -> T:
    return asyncio.run(work)


async def keep(blobs: BlobStore, key: str, content: bytes) -> None:
    draft = blobs.hold(key)
    draft.append(content)
    await draft.commit()
    draft.close()


def read(blobs: BlobStore, key: str, size: int) -> bytes:
    return Path(blobs.content(key, size).path).read_bytes()


def test_a_committed_draft_reads_back(blobs: BlobStore) -> None:
    run(keep(blobs, KEY, b"whole"))
    assert read(blobs, KEY, 5) == b"whole"


def test_a_committed_draft_is_no_draft_any_more(blobs: BlobStore) -> None:
    run(keep(blobs, KEY, b"whole"))
    assert blobs.drafts() == []


def test_a_draft_is_held_by_one_at_a_time(blobs: BlobStore) -> None:
    first = blobs.hold(KEY)
    with pytest.raises(DraftBusy):
        blobs.hold(KEY)
    first.close()


def test_a_draft_that_was_let_go_can_be_held_again(blobs: BlobStore) -> None:
    blobs.hold(KEY).close()
    blobs.hold(KEY).close()
    assert [key for key, _ in blobs.drafts()] == [KEY]


def test_truncating_forgets_what_came_after(blobs: BlobStore) -> None:
    draft = blobs.hold(KEY)
    draft.append(b"kept, lost")
    draft.truncate(4)
    draft.append(b"!")
    assert b"".join(draft.content()) == b"kept!"
    draft.close()


def test_a_draft_is_never_grown_to_an_offset_it_lacks(blobs: BlobStore) -> None:
    draft = blobs.hold(KEY)
    draft.append(b"ab")
    with pytest.raises(DraftShort):
        draft.truncate(3)
    draft.close()


def test_a_discarded_draft_leaves_nothing(blobs: BlobStore) -> None:
    draft = blobs.hold(KEY)
    draft.append(b"half")
    draft.close()
    run(_await(blobs.discard(KEY)))
    assert blobs.drafts() == []


def test_discarding_twice_is_no_error(blobs: BlobStore) -> None:
    run(_await(blobs.discard(KEY)))


def test_a_deleted_blob_is_gone(blobs: BlobStore) -> None:
    run(keep(blobs, KEY, b"whole"))
    run(_await(blobs.delete(KEY)))
    with pytest.raises(BlobLost):
        blobs.content(KEY, 5)


def test_a_blob_that_is_not_whole_is_not_given_out(blobs: BlobStore) -> None:
    run(keep(blobs, KEY, b"whol"))
    with pytest.raises(BlobLost):
        blobs.content(KEY, 5)


def test_deleting_twice_is_no_error(blobs: BlobStore) -> None:
    run(_await(blobs.delete(KEY)))


def test_many_megabytes_survive_the_writeback_in_between(blobs: BlobStore) -> None:
    piece = bytes(range(256)) * 4096
    draft = blobs.hold(KEY)

    async def write() -> None:
        for _ in range(40):
            draft.append(piece)
        await draft.commit()

    run(write())
    draft.close()
    assert read(blobs, KEY, 40 * len(piece)) == piece * 40


@pytest.mark.parametrize("sizes", [(700_000, 300_000, 40, 130_000), (5, 600_000) * 4, (131_072,) * 9, (524_288,) * 3])
def test_pieces_of_any_size_are_kept_in_their_order(blobs: BlobStore, sizes: Sequence[int]) -> None:
    pieces = [bytes([number]) * size for number, size in enumerate(sizes)]
    whole = b"".join(pieces)

    async def write() -> None:
        draft = blobs.hold(KEY)
        for piece in pieces:
            draft.append(piece)
        assert b"".join(draft.content()) == whole
        await draft.sync()
        draft.close()
        again = blobs.hold(KEY)
        again.truncate(len(whole))
        for piece in pieces:
            again.append(piece)
        again.truncate(2 * len(whole) - 1)
        again.append(pieces[0])
        await again.commit()
        again.close()

    run(write())
    expected = (whole + whole)[:-1] + pieces[0]
    assert read(blobs, KEY, len(expected)) == expected


def test_what_the_disk_takes_in_little_bits_is_whole(blobs: BlobStore, monkeypatch: pytest.MonkeyPatch) -> None:
    counts, write = itertools.cycle([1, 130_000, 200_000, 3]), os.write

    def little(handle: int, piece: memoryview) -> int:
        return write(handle, piece[: next(counts)])

    monkeypatch.setattr(os, "write", little)
    pieces = [bytes([number]) * 130_000 for number in range(20)]

    async def keep_all() -> None:
        draft = blobs.hold(KEY)
        for piece in pieces:
            draft.append(piece)
        await draft.commit()
        draft.close()

    run(keep_all())
    assert read(blobs, KEY, 20 * 130_000) == b"".join(pieces)


def test_a_part_that_was_not_synced_is_gone(blobs: BlobStore) -> None:
    async def write() -> None:
        draft = blobs.hold(KEY)
        draft.append(b"a" * 200_000)
        await draft.sync()
        draft.append(b"b" * 700_000)
        draft.close()

    run(write())
    draft = blobs.hold(KEY)
    assert b"".join(draft.content()) == b"a" * 200_000
    draft.close()


async def _await(work: Awaitable[T]) -> T:
    return await work
