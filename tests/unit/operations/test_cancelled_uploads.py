"""Clients that go away while their blob is being published: it is published all the same, and nothing is left over."""

import asyncio
import gc
import weakref
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import replace
from pathlib import Path
from threading import Event

import pytest

from moorage.blobs.files import FileBlobs
from moorage.domain.digest import Digest
from moorage.domain.errors import UploadNotFound
from moorage.operations.authorise import Granted
from moorage.operations.drafts import Finish, Part
from moorage.operations.env import Env
from moorage.operations.lasting import to_its_end
from moorage.operations.uploads import cancel_upload, complete_upload, upload_whole
from moorage.store.uploads import uploads as upload_rows
from unit.operations.tenant import REPOSITORY, Tenant, files_in, pieces
from unit.operations.uploaded import content_of

CONTENT = b"some content"
DIGEST = Digest.of(CONTENT)
PATIENCE = 10  # seconds
Work = Callable[[Env, Granted], Awaitable[object]]


@pytest.fixture
def small_blobs() -> int:
    return 0


class Halt:
    """A disk that stops at a failpoint until it is told to go on."""

    def __init__(self, point: str) -> None:
        self._point, self.there, self.may_go_on = point, Event(), Event()

    def reached(self, point: str) -> None:
        if point == self._point:
            self.there.set()
            assert self.may_go_on.wait(PATIENCE)


@pytest.fixture(params=["renamed", "published"])
def halt(request: pytest.FixtureRequest) -> Iterator[Halt]:
    halt = Halt(request.param)
    yield halt
    halt.may_go_on.set()


def cancelled_at(tenant: Tenant, halt: Halt, work: Work) -> None:
    """Cancel what a tenant does, twice, when the disk has come to the failpoint; then let the disk go on."""
    granted = tenant.granted(REPOSITORY)

    async def run() -> None:
        task = asyncio.ensure_future(work(tenant.env, granted))
        assert await asyncio.to_thread(halt.there.wait, PATIENCE)
        for _ in range(2):
            task.cancel()
            await asyncio.sleep(0)
        assert not task.done()
        halt.may_go_on.set()
        with pytest.raises(asyncio.CancelledError):
            await task

    asyncio.run(run())


@pytest.fixture
def halting(tenant: Tenant, repository: str, halt: Halt, tmp_path: Path) -> Tenant:
    assert repository
    return replace(tenant, env=replace(tenant.env, blobs=FileBlobs(tmp_path, reached=halt.reached)))


def test_an_upload_that_is_being_finished_is_finished(
    tenant: Tenant, halting: Tenant, halt: Halt, tmp_path: Path
) -> None:
    upload = tenant.start()
    tenant.send(upload, CONTENT)
    cancelled_at(halting, halt, lambda env, granted: complete_upload(env, granted, upload, Finish(DIGEST)))
    assert (content_of(tenant, DIGEST), tenant.rows(upload_rows, "over")) == (CONTENT, [(1,)])
    with pytest.raises(UploadNotFound):
        tenant.run(cancel_upload, REPOSITORY, upload)
    assert len(files_in(tmp_path, "blobs", "drafts")) == 1


def test_a_blob_that_came_whole_is_kept(tenant: Tenant, halting: Tenant, halt: Halt, tmp_path: Path) -> None:
    cancelled_at(halting, halt, lambda env, granted: upload_whole(env, granted, DIGEST, Part(pieces(CONTENT))))
    assert (content_of(tenant, DIGEST), len(files_in(tmp_path, "blobs", "drafts"))) == (CONTENT, 1)


def test_work_is_done_when_whoever_waited_for_it_is_gone() -> None:
    done = []

    async def work() -> None:
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        done.append(True)

    async def run() -> None:
        task = asyncio.ensure_future(to_its_end(work()))
        await asyncio.sleep(0)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    asyncio.run(run())
    assert done == [True]


def test_work_that_failed_leaves_no_circle() -> None:
    """Its frames lead to the connection, which has to end when the answer is out."""

    class Failure(Exception):
        """One that can be watched."""

    async def work() -> None:
        raise Failure

    async def run() -> weakref.ref[Failure]:
        try:
            await to_its_end(work())
        except Failure as error:
            return weakref.ref(error)
        raise AssertionError

    gc.disable()
    try:
        assert asyncio.run(run())() is None
    finally:
        gc.enable()


@pytest.mark.parametrize("fails", [False, True])
def test_work_comes_to_what_it_comes_to(*, fails: bool) -> None:
    async def work() -> int:
        if fails:
            raise ZeroDivisionError
        return 1

    if fails:
        with pytest.raises(ZeroDivisionError):
            asyncio.run(to_its_end(work()))
    else:
        assert asyncio.run(to_its_end(work())) == 1
