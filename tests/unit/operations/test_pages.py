"""Page tokens: opaque, bound to their call, registry and repository, useless once altered."""

import pytest

from moorage.domain.caller import Registry
from moorage.domain.digest import Digest
from moorage.domain.errors import InvalidParameter
from moorage.operations import imagelists
from moorage.operations.env import Env
from moorage.operations.imagelists import TagStatus, list_image_ids, list_images, list_tags
from moorage.operations.keyring import Purpose, to_text
from moorage.operations.pages import next_token, read_token
from moorage.operations.repositories import delete_repository, list_repositories
from support.env import FURTHER_REGION, HOME, OTHER, REGION
from unit.domain.documents import dump, image
from unit.operations.tenant import REPOSITORY, Tenant

LIST, WHERE = "ListImages", "repository-1"
HERE = Registry(HOME, REGION)


@pytest.fixture
def token(env: Env) -> str:
    return next_token(env, LIST, HERE, WHERE, "after")


def test_a_token_goes_on_after_the_last_item(env: Env, token: str) -> None:
    assert read_token(env, LIST, HERE, WHERE, token) == "after"


def test_no_token_is_the_beginning(env: Env) -> None:
    assert not read_token(env, LIST, HERE, WHERE, None)


def test_a_token_does_not_show_where_it_goes_on(token: str) -> None:
    assert "after" not in token


@pytest.mark.parametrize(
    ("operation", "registry", "where"),
    [
        ("DescribeImages", HERE, WHERE),
        (LIST, Registry(OTHER, REGION), WHERE),
        (LIST, Registry(HOME, FURTHER_REGION), WHERE),
        (LIST, HERE, "repository-2"),
        (LIST, HERE, ""),
    ],
)
def test_a_token_is_good_for_its_own_list_alone(
    env: Env, token: str, operation: str, registry: Registry, where: str
) -> None:
    with pytest.raises(InvalidParameter, match="nextToken"):
        read_token(env, operation, registry, where, token)


def test_a_token_with_any_letter_altered_is_refused(env: Env, token: str) -> None:
    for place in range(len(token)):
        altered = token[:place] + ("A" if token[place] != "A" else "B") + token[place + 1 :]
        with pytest.raises(InvalidParameter):
            read_token(env, LIST, HERE, WHERE, altered)


@pytest.mark.parametrize("token", ["", "abc", "ä", "\0", "x" * 10_000])
def test_what_is_no_token_is_refused(env: Env, token: str) -> None:
    with pytest.raises(InvalidParameter):
        read_token(env, LIST, HERE, WHERE, token)


def test_what_was_sealed_for_another_purpose_is_no_token(env: Env) -> None:
    bound = f"{LIST}|{HOME}|{REGION}|{WHERE}".encode()
    sealed = env.keyring.seal(Purpose.AUTHORIZATION_TOKEN, b"after", nonce=env.ids.nonce(), bound=bound)
    with pytest.raises(InvalidParameter):
        read_token(env, LIST, HERE, WHERE, to_text(sealed))


def test_repositories_are_listed_by_name_in_pages(tenant: Tenant) -> None:
    for name in ("cc", "aa", "bb"):
        tenant.create(name)
    first = tenant.run(list_repositories, "", "DescribeRepositories", token=None, count=2)
    second = tenant.run(list_repositories, "", "DescribeRepositories", token=first.next_token, count=2)
    names = [[repository.name for repository in page.repositories] for page in (first, second)]
    assert (names, second.next_token) == ([["aa", "bb"], ["cc"]], None)


def test_a_full_last_page_has_no_token(tenant: Tenant) -> None:
    tenant.create()
    assert tenant.run(list_repositories, "", "DescribeRepositories", token=None, count=1).next_token is None


def test_image_ids_are_listed_in_pages_that_together_are_all(tenant: Tenant) -> None:
    tenant.create()
    for layer, tags in ((b"a", ("v1", "v2")), (b"b", (None,)), (b"c", ("v3",))):
        for tag in tags:
            tenant.push(tag, layer)
    seen: list[str | None] = []
    token: str | None = None
    while True:
        page = tenant.run(list_image_ids, REPOSITORY, status=TagStatus.ANY, token=token, count=1)
        seen += [one.tag for one in page.ids]
        token = page.next_token
        if token is None:
            break
    assert sorted(seen, key=str) == [None, "v1", "v2", "v3"]


@pytest.mark.parametrize(
    ("status", "tags"), [(TagStatus.TAGGED, [("v1",)]), (TagStatus.UNTAGGED, [()]), (TagStatus.ANY, [(), ("v1",)])]
)
def test_images_are_listed_by_whether_they_have_tags(
    tenant: Tenant, status: TagStatus, tags: list[tuple[str, ...]]
) -> None:
    tenant.create()
    tenant.push("v1", b"a")
    tenant.push(None, b"b")
    page = tenant.run(list_images, REPOSITORY, status=status, token=None, count=None)
    assert sorted(one.tags for one in page.images) == tags


def described(tenant: Tenant, status: TagStatus, count: int | None = None) -> list[list[tuple[str, ...]]]:
    """Describe all images; gives the tags of each, page by page."""
    found: list[list[tuple[str, ...]]] = []
    token: str | None = None
    while not found or token is not None:
        page = tenant.run(list_images, REPOSITORY, status=status, token=token, count=count)
        found.append([one.tags for one in page.images])
        token = page.next_token
    return found


@pytest.mark.parametrize("status", [TagStatus.TAGGED, TagStatus.UNTAGGED])
def test_a_page_looks_at_so_many_images_and_goes_on(
    tenant: Tenant, monkeypatch: pytest.MonkeyPatch, status: TagStatus
) -> None:
    monkeypatch.setattr(imagelists, "_LOOKED_AT", 2)
    tenant.create()
    tagged = status is TagStatus.UNTAGGED
    layers = sorted((bytes([number]) for number in range(5)), key=lambda layer: Digest.of(dump(image(layers=[layer]))))
    for number, layer in enumerate(layers):
        tenant.push(f"v{number}" if tagged is (number < 4) else None, layer)
    assert [len(page) for page in described(tenant, status)] == [0, 0, 1]


@pytest.mark.parametrize(("most", "pages"), [(7, [3]), (6, [2, 1]), (5, [2, 1]), (4, [2, 1]), (2, [1, 1, 1])])
def test_a_page_ends_where_its_tags_are_too_many(
    tenant: Tenant, monkeypatch: pytest.MonkeyPatch, most: int, pages: list[int]
) -> None:
    monkeypatch.setattr(imagelists, "_TAGS", most)
    tenant.create()
    layers = sorted((bytes([number]) for number in range(3)), key=lambda layer: Digest.of(dump(image(layers=[layer]))))
    wanted = [("a", "b"), ("c", "d"), ("e", "f", "g")]
    for layer, tags in zip(layers, wanted, strict=True):
        for tag in tags:
            tenant.push(tag, layer)
    found = described(tenant, TagStatus.ANY)
    assert ([len(page) for page in found], [tags for page in found for tags in page]) == (pages, wanted)


def test_tags_are_listed_by_name_in_pages(tenant: Tenant) -> None:
    tenant.create()
    for tag in ("v2", "v1", "v3"):
        tenant.push(tag)
    first = tenant.run(list_tags, REPOSITORY, token=None, count=2)
    second = tenant.run(list_tags, REPOSITORY, token=first.next_token, count=2)
    assert [first.tags, second.tags, second.next_token] == [["v1", "v2"], ["v3"], None]


def test_a_token_is_not_good_for_a_repository_made_anew(tenant: Tenant) -> None:
    tenant.create()
    for tag in ("v1", "v2"):
        tenant.push(tag)
    token = tenant.run(list_tags, REPOSITORY, token=None, count=1).next_token
    tenant.run(delete_repository, REPOSITORY, force=True)
    tenant.create()
    with pytest.raises(InvalidParameter):
        tenant.run(list_tags, REPOSITORY, token=token, count=1)
