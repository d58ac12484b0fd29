"""A hundred thousand images in one repository: what a page of them takes is bounded, whatever it leaves out."""

import asyncio
from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any, Final, TypeVar

import apsw
import pytest
from sqlalchemy import bindparam, func, insert, select

from moorage.operations.env import Env
from moorage.operations.imagelists import IdPage, ImagePage, TagStatus, list_image_ids, list_images
from moorage.store.images import images
from moorage.store.sqlite import SqliteStore
from moorage.store.tags import tags
from moorage.store.transaction import Transaction
from support.env import close_env, make_env
from unit.operations.tenant import REPOSITORY, Tenant, root_of

COUNT: Final = 100_000
RICH: Final = 30  # images of the second repository, of a thousand tags each
RICH_REPOSITORY: Final = "team/rich"
STATEMENTS: Final = 8  # of one page, with those that say who calls
STEPS: Final = 250_000  # of SQLite's machine, in one page: to look at five thousand images takes 135,000

_number = func.json_each(bindparam("numbers")).table_valued("value").c.value
_digest = func.printf("sha256:%064x", _number)
_KEY: Final = ("account_id", "region", "repository_id")
_IMAGES: Final = insert(images).from_select(
    [*_KEY, "digest", "media_type", "size", "pushed_at"],
    select(*map(bindparam, _KEY), _digest, bindparam("media_type"), bindparam("size"), bindparam("at")),
)
_TAGS: Final = insert(tags).from_select(
    [*_KEY, "name", "digest", "tagged_at"],
    select(*map(bindparam, _KEY), func.printf("v%d-%s", _number, bindparam("name")), _digest, bindparam("at")),
)


@pytest.fixture(scope="module")
def env(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Env]:
    env = make_env(tmp_path_factory.mktemp("long"))
    yield env
    close_env(env)


def fill(tenant: Tenant, name: str, count: int, names: Sequence[str]) -> None:
    """Keep so many images with these tags each; the last of them has none."""
    made = tenant.create(name)
    values: dict[str, Any] = {"account_id": made.account, "region": made.region, "repository_id": made.id, "at": 1}

    async def unit(tx: Transaction) -> None:
        await tx.run(_IMAGES, **values, media_type="application/x", size=1, numbers=str(list(range(count))))
        for tag in names:
            await tx.run(_TAGS, **values, name=tag, numbers=str(list(range(count - 1))))

    asyncio.run(tenant.env.store.write(unit))


@pytest.fixture(scope="module")
def full(env: Env) -> Tenant:
    tenant = root_of(env)
    fill(tenant, REPOSITORY, COUNT, ["a"])
    fill(tenant, RICH_REPOSITORY, RICH, [str(number) for number in range(1_000)])
    return tenant


@contextmanager
def watched(env: Env) -> Iterator[list[int]]:
    """List the steps of each statement that is run to read."""
    steps: list[int] = []

    def note(event: Mapping[str, Any]) -> None:
        steps.append(event["stmt_status"]["SQLITE_STMTSTATUS_VM_STEP"])

    assert isinstance(env.store, SqliteStore)
    connection = env.store._connection  # noqa: SLF001  # nobody else reads here
    connection.trace_v2(apsw.SQLITE_TRACE_PROFILE, note)
    try:
        yield steps
    finally:
        connection.trace_v2(0, None)


Page = TypeVar("Page", ImagePage, IdPage)


def pages(
    tenant: Tenant, listing: Callable[..., Awaitable[Page]], status: TagStatus, count: int, name: str = REPOSITORY
) -> Iterator[Page]:
    """Give the pages of a list, each of which has taken so much and no more."""
    token: str | None = None
    while True:
        with watched(tenant.env) as steps:
            page = tenant.run(listing, name, status=status, token=token, count=count)
        assert (len(steps) <= STATEMENTS, sum(steps) <= STEPS) == (True, True)
        yield page
        if (token := page.next_token) is None:
            return


LAST: Final = f"sha256:{COUNT - 1:064x}"


@pytest.mark.parametrize("count", [1, 1_000])
def test_the_one_image_without_tags_is_described_by_pages_that_are_bounded(full: Tenant, count: int) -> None:
    found = [image.digest for page in pages(full, list_images, TagStatus.UNTAGGED, count) for image in page.images]
    assert found == [LAST]


@pytest.mark.parametrize("count", [1, 1_000])
def test_the_one_image_without_tags_is_listed_by_pages_that_are_bounded(full: Tenant, count: int) -> None:
    found = [one.digest for page in pages(full, list_image_ids, TagStatus.UNTAGGED, count) for one in page.ids]
    assert found == [LAST]


def test_every_image_with_tags_is_described_once(full: Tenant) -> None:
    found = [image.digest for page in pages(full, list_images, TagStatus.TAGGED, 1_000) for image in page.images]
    assert found == [f"sha256:{number:064x}" for number in range(COUNT - 1)]


def test_every_tag_is_listed_once(full: Tenant) -> None:
    found = [one.tag for page in pages(full, list_image_ids, TagStatus.TAGGED, 1_000) for one in page.ids]
    assert found == [f"v{number}-a" for number in range(COUNT - 1)]


def test_images_of_many_tags_are_described_in_short_pages(full: Tenant) -> None:
    found = pages(full, list_images, TagStatus.ANY, 1_000, RICH_REPOSITORY)
    counts = [[len(image.tags) for image in page.images] for page in found]
    assert counts == [[1_000] * 10, [1_000] * 10, [*[1_000] * 9, 0]]
