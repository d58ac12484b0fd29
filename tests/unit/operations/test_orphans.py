"""Referrers follow their subject: a day after it was deleted they are gone, unless it came back."""

import asyncio
import json
from dataclasses import dataclass

import pytest

from moorage.domain.digest import Digest
from moorage.domain.image import ImageId
from moorage.operations.housekeeping import sweep_referrers
from moorage.operations.imagedeletes import delete_images
from moorage.operations.images import get_manifest
from moorage.operations.referrers import list_referrers
from moorage.store.events import events
from moorage.store.transaction import Unit
from support.env import FrozenClock
from unit.domain.documents import dump, image, index
from unit.operations.tenant import REPOSITORY, Tenant

DAY, HOUR = 24 * 3600, 3600
SUBJECT = image(layers=[b"layer"])


@dataclass(frozen=True)
class Shelf:
    """A repository with one image, and somebody who attaches things to it."""

    tenant: Tenant

    def attach(self, subject: Digest, what: str, tag: str | None = None) -> Digest:
        document = image(layers=[b"layer"], annotations={"what": what})
        document["subject"] = {
            "mediaType": "application/vnd.oci.image.manifest.v1+json",
            "digest": str(subject),
            "size": 3,
        }
        return self.tenant.put(document, tag).digest

    def delete(self, digest: Digest) -> None:
        gone = self.tenant.run(delete_images, REPOSITORY, [ImageId(digest)])
        assert not gone.failures

    def holds(self, digest: Digest) -> bool:
        try:
            self.tenant.run(get_manifest, REPOSITORY, digest)
        except Exception as error:  # noqa: BLE001 - told by its name
            assert type(error).__name__ == "ImageNotFound"  # noqa: PT017 - anything else is a failure
            return False
        return True

    def sweep(self) -> int:
        return asyncio.run(sweep_referrers(self.tenant.env))


@pytest.fixture
def shelf(tenant: Tenant) -> Shelf:
    tenant.create()
    tenant.push("v1")
    return Shelf(tenant)


@pytest.fixture
def subject() -> Digest:
    return Digest.of(dump(SUBJECT))


def test_a_referrer_stays_while_its_subject_is_there(shelf: Shelf, subject: Digest, clock: FrozenClock) -> None:
    referrer = shelf.attach(subject, "signature")
    clock.move(30 * DAY)
    assert (shelf.sweep(), shelf.holds(referrer)) == (0, True)


def test_a_referrer_outlives_its_subject_for_a_while(shelf: Shelf, subject: Digest, clock: FrozenClock) -> None:
    referrer = shelf.attach(subject, "signature")
    shelf.delete(subject)
    clock.move(21 * HOUR)
    assert (shelf.sweep(), shelf.holds(referrer)) == (0, True)


@pytest.mark.parametrize("tag", [None, "signature"])
def test_a_referrer_is_gone_a_day_after_its_subject(
    shelf: Shelf, subject: Digest, clock: FrozenClock, tag: str | None
) -> None:
    referrer = shelf.attach(subject, "signature", tag)
    shelf.delete(subject)
    clock.move(23 * HOUR)
    assert (shelf.sweep(), shelf.holds(referrer)) == (1, False)
    page = shelf.tenant.run(list_referrers, REPOSITORY, subject, [], token=None, count=10)
    assert page.referrers == []


def test_a_subject_that_comes_back_rescues_its_referrers(shelf: Shelf, subject: Digest, clock: FrozenClock) -> None:
    referrer = shelf.attach(subject, "signature")
    shelf.delete(subject)
    clock.move(23 * HOUR)
    assert shelf.tenant.push("v1").digest == subject
    assert (shelf.sweep(), shelf.holds(referrer)) == (0, True)


def test_a_subject_that_comes_back_within_a_sweep_rescues_its_referrers(
    shelf: Shelf, subject: Digest, clock: FrozenClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    referrer = shelf.attach(subject, "signature")
    shelf.delete(subject)
    clock.move(23 * HOUR)
    store = shelf.tenant.env.store
    write = store.write

    async def push_behind(unit: Unit[object]) -> object:
        monkeypatch.undo()
        result = await write(unit)
        await asyncio.to_thread(shelf.tenant.push, "v1")
        return result

    monkeypatch.setattr(store, "write", push_behind)
    assert (shelf.sweep(), shelf.holds(subject), shelf.holds(referrer)) == (0, True, True)


def test_a_subject_that_goes_again_gives_its_referrers_another_day(
    shelf: Shelf, subject: Digest, clock: FrozenClock
) -> None:
    referrer = shelf.attach(subject, "signature")
    shelf.delete(subject)
    clock.move(20 * HOUR)
    shelf.tenant.push("v1")
    clock.move(HOUR)
    shelf.delete(subject)
    clock.move(20 * HOUR)
    assert (shelf.sweep(), shelf.holds(referrer)) == (0, True)
    clock.move(3 * HOUR)
    assert (shelf.sweep(), shelf.holds(referrer)) == (1, False)


def test_a_referrer_of_what_was_never_there_stays(shelf: Shelf, clock: FrozenClock) -> None:
    referrer = shelf.attach(Digest.of(b"never pushed"), "signature")
    clock.move(30 * DAY)
    assert (shelf.sweep(), shelf.holds(referrer)) == (0, True)


def test_a_referrer_of_a_referrer_follows_a_day_later(shelf: Shelf, subject: Digest, clock: FrozenClock) -> None:
    referrer = shelf.attach(subject, "software list")
    signature = shelf.attach(referrer, "signature of the list")
    shelf.delete(subject)
    clock.move(23 * HOUR)
    assert (shelf.sweep(), shelf.holds(signature)) == (1, True)
    clock.move(23 * HOUR)
    assert (shelf.sweep(), shelf.holds(signature)) == (1, False)


def test_a_referrer_that_an_index_names_waits_for_the_index(shelf: Shelf, subject: Digest, clock: FrozenClock) -> None:
    referrer = shelf.attach(subject, "signature")
    body = shelf.tenant.run(get_manifest, REPOSITORY, referrer).body
    parent = shelf.tenant.put(index(body)).digest
    shelf.delete(subject)
    clock.move(23 * HOUR)
    assert (shelf.sweep(), shelf.holds(referrer)) == (0, True)
    shelf.delete(parent)
    assert (shelf.sweep(), shelf.holds(referrer)) == (1, False)


def test_more_than_one_write_takes_go_in_one_sweep(shelf: Shelf, subject: Digest, clock: FrozenClock) -> None:
    for number in range(103):
        shelf.attach(subject, f"signature {number}")
    shelf.delete(subject)
    clock.move(23 * HOUR)
    assert shelf.sweep() == 103


def test_what_the_sweep_deletes_is_recorded(shelf: Shelf, subject: Digest, clock: FrozenClock) -> None:
    referrer = shelf.attach(subject, "signature")
    shelf.delete(subject)
    clock.move(23 * HOUR)
    shelf.sweep()
    kind, caller, facts = max(
        (row for row in shelf.tenant.rows(events, "event_id", "kind", "caller", "facts")), key=lambda row: str(row[0])
    )[1:]
    assert (kind, caller) == ("ImageDeleted", "ecr.amazonaws.com")
    assert json.loads(facts) == {"repository": REPOSITORY, "digest": referrer, "subject": subject}
