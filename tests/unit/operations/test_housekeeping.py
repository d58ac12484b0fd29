"""What goes by itself, and what stays: idle uploads, drafts that nobody owns, and when images were pulled."""

import asyncio
import os
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path

import pytest

from moorage.domain.digest import Digest
from moorage.domain.errors import UploadNotFound
from moorage.domain.image import ImageId
from moorage.domain.layer import PART_MINIMUM, Completed
from moorage.operations import pulltimes
from moorage.operations.drafts import Finish, Part
from moorage.operations.env import Env
from moorage.operations.housekeeping import sweep_uploads, write_pull_times
from moorage.operations.imagelists import describe_images
from moorage.operations.images import get_manifest
from moorage.operations.layers import find_blob
from moorage.operations.pulltimes import Pulled, PullTimes
from moorage.operations.repositories import delete_repository
from moorage.operations.uploads import complete_upload, receive_part
from moorage.store import uploads as store_uploads
from moorage.store.transaction import Transaction
from moorage.store.uploads import uploads
from support.env import START, FrozenClock, close_env, make_env
from unit.operations.tenant import REPOSITORY, Tenant, files_in, pieces, read, root_of

DAY, HOUR = 24 * 3600, 3600
CONTENT = b"content"


@pytest.fixture
def env(tmp_path: Path, clock: FrozenClock) -> Iterator[Env]:
    env = make_env(tmp_path, clock, small_blobs=0)  # every upload is a file
    yield env
    close_env(env)


@pytest.fixture
def tenant(env: Env) -> Tenant:
    tenant = root_of(env)
    tenant.create()
    return tenant


def sweep(tenant: Tenant) -> int:
    return asyncio.run(sweep_uploads(tenant.env))


def drafts(folder: Path) -> list[Path]:
    """List the drafts, whose files are as old as the frozen clock says."""
    found = list((folder / "drafts").iterdir())
    for draft in found:
        os.utime(draft, (START / 1e6, START / 1e6))
    return found


def uploads_of(tenant: Tenant) -> int:
    return len(tenant.rows(uploads, "upload_id"))


def test_an_upload_idle_for_a_day_is_forgotten_with_its_bytes(
    tenant: Tenant, clock: FrozenClock, tmp_path: Path
) -> None:
    tenant.send(tenant.start(), CONTENT)
    clock.move(DAY + 1)
    assert (sweep(tenant), uploads_of(tenant), drafts(tmp_path)) == (1, 0, [])


def test_an_upload_idle_for_less_is_kept(tenant: Tenant, clock: FrozenClock, tmp_path: Path) -> None:
    tenant.send(tenant.start(), CONTENT)
    drafts(tmp_path)
    clock.move(DAY)
    assert (sweep(tenant), uploads_of(tenant), len(drafts(tmp_path))) == (0, 1, 1)


def test_an_upload_that_went_on_is_not_idle(tenant: Tenant, clock: FrozenClock) -> None:
    upload = tenant.start()
    clock.move(DAY)
    tenant.send(upload, CONTENT)
    clock.move(DAY)
    assert (sweep(tenant), uploads_of(tenant)) == (0, 1)


def test_what_is_over_is_known_for_as_long_as_its_id_would_be_good(tenant: Tenant, clock: FrozenClock) -> None:
    """An id is good for a day without a row, and an upload that went on until then may be finished a day later."""
    upload = tenant.start()
    clock.move(DAY)
    tenant.send(upload, CONTENT)
    clock.move(DAY)
    tenant.finish(upload, Digest.of(CONTENT))
    kept = sweep(tenant), uploads_of(tenant)
    clock.move(DAY + 1)
    assert (kept, sweep(tenant), uploads_of(tenant)) == ((0, 1), 0, 0)


def test_an_upload_that_a_request_holds_is_not_idle(tenant: Tenant, clock: FrozenClock) -> None:
    tenant.send(tenant.start(), CONTENT)
    ((draft,),) = tenant.rows(uploads, "draft")
    clock.move(DAY + 1)
    held = tenant.env.blobs.hold(draft)
    assert (sweep(tenant), uploads_of(tenant)) == (0, 1)
    held.close()


def listed(monkeypatch: pytest.MonkeyPatch, then: Callable[[], object]) -> None:
    """Let something happen between the look for idle uploads and their removal."""
    look = store_uploads.idle_drafts

    async def looked(*args: object, **options: object) -> list[str]:
        found = await look(*args, **options)  # type: ignore[arg-type]  # passed on as they came
        await asyncio.to_thread(then)
        return found

    monkeypatch.setattr(store_uploads, "idle_drafts", looked)


def test_an_upload_that_goes_on_while_it_is_swept_keeps_its_bytes(
    tenant: Tenant, clock: FrozenClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    upload, big = tenant.start(), bytes(PART_MINIMUM)
    tenant.send(upload, big)
    clock.move(DAY + 1)
    listed(monkeypatch, lambda: tenant.send(upload, CONTENT))
    sweep(tenant)
    assert tenant.finish(upload, Digest.of(big + CONTENT)) is Completed.LINKED


def test_an_upload_that_is_finished_while_it_is_swept_keeps_its_blob(
    tenant: Tenant, clock: FrozenClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    upload = tenant.start()
    tenant.send(upload, CONTENT)
    clock.move(DAY + 1)
    listed(monkeypatch, lambda: tenant.finish(upload, Digest.of(CONTENT)))
    sweep(tenant)
    blob = tenant.run(find_blob, REPOSITORY, Digest.of(CONTENT))
    assert read(tenant.env.blobs.content(blob.storage_key, blob.size)) == CONTENT


def test_an_upload_whose_request_lasted_a_day_keeps_its_blob(
    tenant: Tenant, clock: FrozenClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    upload = tenant.start()
    tenant.send(upload, CONTENT)
    begun = tenant.granted(REPOSITORY)
    clock.move(DAY + 1)
    finish = Finish(Digest.of(CONTENT), short_parts=True)
    listed(monkeypatch, lambda: asyncio.run(complete_upload(tenant.env, begun, upload, finish)))
    sweep(tenant)
    blob = tenant.run(find_blob, REPOSITORY, Digest.of(CONTENT))
    assert read(tenant.env.blobs.content(blob.storage_key, blob.size)) == CONTENT


def test_a_part_that_took_a_day_is_no_idle_upload(tenant: Tenant, clock: FrozenClock) -> None:
    upload = tenant.start()
    begun = tenant.granted(REPOSITORY)
    clock.move(DAY + 1)
    asyncio.run(receive_part(tenant.env, begun, upload, Part(pieces(CONTENT))))
    assert (sweep(tenant), uploads_of(tenant)) == (0, 1)


def test_an_upload_that_is_over_is_never_taken_for_idle(tenant: Tenant) -> None:
    upload = tenant.start()
    tenant.send(upload, CONTENT)
    ((draft,),) = tenant.rows(uploads, "draft")
    tenant.finish(upload, Digest.of(CONTENT))

    async def delete(tx: Transaction) -> bool:
        return await store_uploads.delete_idle(tx, draft, before=tenant.env.clock() + 1)

    assert asyncio.run(tenant.env.store.write(delete)) is False


def test_what_a_process_published_before_it_died_goes_with_its_upload(
    tenant: Tenant, clock: FrozenClock, tmp_path: Path
) -> None:
    tenant.send(tenant.start(), CONTENT)
    (draft,) = drafts(tmp_path)
    draft.rename(tmp_path / "blobs" / draft.name[:2] / draft.name)
    clock.move(DAY + 1)
    sweep(tenant)
    assert files_in(tmp_path, "drafts", "blobs") == []


def test_what_is_over_is_forgotten_when_its_id_is_good_for_nothing_more(tenant: Tenant, clock: FrozenClock) -> None:
    upload = tenant.start()
    tenant.send(upload, CONTENT)
    tenant.finish(upload, Digest.of(CONTENT))
    kept = [uploads_of(tenant)]
    for seconds in (2 * DAY, 1):
        clock.move(seconds)
        sweep(tenant)
        kept.append(uploads_of(tenant))
        with pytest.raises(UploadNotFound):
            tenant.send(upload, CONTENT)
    assert kept == [1, 1, 0]


def test_a_small_upload_that_is_idle_is_forgotten(tmp_path: Path, clock: FrozenClock) -> None:
    (tmp_path / "small").mkdir()
    env = make_env(tmp_path / "small", clock)
    tenant = root_of(env)
    tenant.create()
    tenant.send(tenant.start(), CONTENT)
    clock.move(DAY + 1)
    assert (sweep(tenant), uploads_of(tenant), files_in(tmp_path / "small", "drafts")) == (1, 0, [])
    close_env(env)


def test_a_swept_upload_is_not_found(tenant: Tenant, clock: FrozenClock) -> None:
    upload = tenant.start()
    clock.move(DAY + 1)
    sweep(tenant)
    with pytest.raises(UploadNotFound):
        tenant.send(upload, CONTENT)


def test_a_draft_that_no_upload_owns_goes_after_a_day(tenant: Tenant, clock: FrozenClock, tmp_path: Path) -> None:
    (tmp_path / "drafts" / "a0").write_bytes(CONTENT)
    drafts(tmp_path)
    clock.move(DAY + 1)
    assert (sweep(tenant), drafts(tmp_path)) == (1, [])


def test_a_younger_draft_that_no_upload_owns_is_kept(tenant: Tenant, clock: FrozenClock, tmp_path: Path) -> None:
    (tmp_path / "drafts" / "a0").write_bytes(CONTENT)
    drafts(tmp_path)
    clock.move(DAY)
    assert (sweep(tenant), len(drafts(tmp_path))) == (0, 1)


def pull(tenant: Tenant, digest: Digest, *, counts: bool = True) -> int | None:
    """Pull an image, write down what was noted, and give when it was pulled."""
    tenant.run(get_manifest, REPOSITORY, digest, counts=counts)
    asyncio.run(_await(write_pull_times(tenant.env)))
    (image,) = tenant.run(describe_images, REPOSITORY, [ImageId(digest)])
    return image.pulled_at


async def _await(work: Awaitable[None]) -> None:
    await work


def test_a_pull_is_written_down(tenant: Tenant, clock: FrozenClock) -> None:
    digest = tenant.push("v1").digest
    clock.move(60)
    assert pull(tenant, digest) == clock()


def test_a_mere_look_is_not(tenant: Tenant) -> None:
    assert pull(tenant, tenant.push("v1").digest, counts=False) is None


@pytest.mark.parametrize(("later", "again"), [(HOUR - 1, False), (HOUR, True)])
def test_an_image_that_is_pulled_all_the_time_is_written_down_once_an_hour(
    tenant: Tenant,
    clock: FrozenClock,
    later: int,
    again: bool,  # noqa: FBT001 - a column of the table
) -> None:
    digest = tenant.push("v1").digest
    first = pull(tenant, digest)
    clock.move(later)
    assert pull(tenant, digest) == (clock() if again else first)


def test_a_pull_of_a_repository_that_was_deleted_is_dropped(tenant: Tenant) -> None:
    tenant.run(get_manifest, REPOSITORY, tenant.push("v1").digest)
    tenant.run(delete_repository, REPOSITORY, force=True)
    asyncio.run(write_pull_times(tenant.env))
    assert tenant.env.pull_times.take() == {}


def test_pulls_that_cannot_be_written_down_do_not_fill_the_memory(
    tenant: Tenant, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pulltimes, "_LIMIT", 3)
    times = PullTimes()
    for number in range(10):
        times.note(Pulled(tenant.registry, "repository", str(number)), None, at=1)
    assert len(times.take()) == 3
