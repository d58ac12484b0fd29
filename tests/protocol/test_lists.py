"""Tags and the catalog, in ECR's pages (spec: registry-http section 4.1; security: class E)."""

import re

import pytest
from botocore.client import BaseClient

from protocol.registry import Registry, code_of, message_of

LAYER = b"one layer"
TAGS = [f"v{number}" for number in range(1, 6)]
AT_LEAST = (
    "Invalid parameter at 'maxResults' failed to satisfy constraint: 'Member must have value {} than or equal to {}'"
)
LEAST, MOST = AT_LEAST.format("greater", 1), AT_LEAST.format("less", 1000)
INTEGER = "Invalid parameter at 'maxResults' failed to satisfy constraint: 'Member must be an integer'"
COUNTS = {
    "0": LEAST,
    "-1": LEAST,
    "-9223372036854775809": LEAST,
    "1001": MOST,
    "9223372036854775808": MOST,
    "1" + "0" * 30: MOST,
    "": INTEGER,
    "ten": INTEGER,
    "1e3": INTEGER,
    "%D9%A1": INTEGER,
    "5.0": INTEGER,
}


@pytest.fixture
def tagged(registry: Registry, repository: str) -> str:
    """Give a repository with five tags."""
    body = registry.push(repository, TAGS[0], LAYER)
    for tag in TAGS[1:]:
        registry.put_manifest(repository, tag, body)
    return repository


def tags_of(registry: Registry, path: str) -> list[str]:
    found = registry.ask("GET", path).read("tags")
    assert isinstance(found, list)
    return found


def next_of(registry: Registry, path: str) -> str:
    link = registry.ask("GET", path).header("link")
    found = re.fullmatch(r'<(.+)>; rel="next"', link)
    assert found is not None
    return found[1]


def last_of(registry: Registry, path: str) -> str:
    found = re.search(r"[?&]last=([^&]+)", next_of(registry, path))
    assert found is not None
    return found[1]


def test_all_tags_are_listed_with_the_name(registry: Registry, tagged: str) -> None:
    answer = registry.ask("GET", f"{tagged}/tags/list")
    assert (answer.status, answer.read("name"), answer.read("tags")) == (200, tagged, TAGS)


def test_the_list_is_plain_text_as_in_ecr(registry: Registry, repository: str) -> None:
    answer = registry.ask("GET", f"{repository}/tags/list")
    assert (answer.header("content-type"), answer.read("tags")) == ("text/plain; charset=utf-8", [])


def test_a_page_names_the_next_one_absolutely(registry: Registry, tagged: str) -> None:
    following = next_of(registry, f"{tagged}/tags/list?n=2")
    assert following.startswith(f"http://{registry.wire.host}/v2/{tagged}/tags/list?last=")


def test_for_an_unknown_host_the_next_page_is_named_relatively(registry: Registry, tagged: str) -> None:
    answer = registry.ask("GET", f"{tagged}/tags/list?n=2", {"Host": "evil.example"})
    assert answer.header("link").startswith(f"</v2/{tagged}/tags/list?last=")


def test_pages_together_are_all_tags(registry: Registry, tagged: str) -> None:
    found, path = [], f"{tagged}/tags/list?n=2"
    for _ in range(2):
        found += tags_of(registry, path)
        path = next_of(registry, path)
    last = registry.ask("GET", path)
    assert (found + tags_of(registry, path), last.get("link")) == (TAGS, None)


def test_a_page_that_is_exactly_full_is_the_last(registry: Registry, tagged: str) -> None:
    assert registry.ask("GET", f"{tagged}/tags/list?n=5").get("link") is None


def test_the_last_is_opaque(registry: Registry, tagged: str) -> None:
    assert "v2" not in last_of(registry, f"{tagged}/tags/list?n=2")


@pytest.mark.parametrize("path", ["{}/tags/list", "_catalog"])
@pytest.mark.parametrize(("count", "message"), COUNTS.items())
def test_a_count_out_of_range_is_refused(
    registry: Registry, repository: str, path: str, count: str, message: str
) -> None:
    answer = registry.ask("GET", f"{path.format(repository)}?n={count}")
    assert (answer.status, code_of(answer), message_of(answer)) == (405, "UNSUPPORTED", message)


@pytest.mark.parametrize("last", ["", "v2", "A", "%00", "a" * 5000, "%E2%82%AC", "AA=="])
@pytest.mark.parametrize("path", ["{}/tags/list", "_catalog"])
def test_a_last_of_ones_own_making_is_refused(registry: Registry, repository: str, path: str, last: str) -> None:
    answer = registry.ask("GET", f"{path.format(repository)}?last={last}")
    assert (answer.status, code_of(answer)) == (405, "UNSUPPORTED")


def test_an_altered_last_is_refused(registry: Registry, tagged: str) -> None:
    last = last_of(registry, f"{tagged}/tags/list?n=2")
    other = last[:-1] + ("A" if last[-1] != "A" else "B")
    assert registry.ask("GET", f"{tagged}/tags/list?last={other}").status == 405


def test_the_last_of_another_repository_is_refused(registry: Registry, tagged: str, other_repository: str) -> None:
    last = last_of(registry, f"{tagged}/tags/list?n=2")
    assert registry.ask("GET", f"{other_repository}/tags/list?last={last}").status == 405


def test_the_last_of_another_list_is_refused(registry: Registry, tagged: str, ecr: BaseClient) -> None:
    page = ecr.list_images(repositoryName=tagged, maxResults=2)["nextToken"]
    assert registry.ask("GET", f"{tagged}/tags/list?last={page}").status == 405


def test_a_parameter_that_stands_twice_is_refused(registry: Registry, tagged: str) -> None:
    assert registry.ask("GET", f"{tagged}/tags/list?n=1&n=2").status == 400


def test_a_query_that_cannot_be_read_is_refused(registry: Registry, tagged: str) -> None:
    assert registry.ask("GET", f"{tagged}/tags/list?n=%ff").status == 400


def test_the_tags_of_a_missing_repository_are_not_told(registry: Registry) -> None:
    answer = registry.ask("GET", "no/such/tags/list")
    assert (answer.status, code_of(answer)) == (404, "NAME_UNKNOWN")


def test_the_catalog_names_every_repository_once(
    registry: Registry, repository: str, other_repository: str, ecr: BaseClient
) -> None:
    found: list[str] = []
    path = "_catalog?n=1000"
    answer = registry.ask("GET", path)
    names = answer.read("repositories")
    assert isinstance(names, list)
    found += names
    assert {repository, other_repository} <= set(found)
    assert sorted(found) == sorted(
        one["repositoryName"] for one in ecr.describe_repositories(maxResults=1000)["repositories"]
    )


def test_the_catalog_goes_on_behind_its_last(registry: Registry, repository: str, other_repository: str) -> None:
    assert repository != other_repository
    first = registry.ask("GET", "_catalog?n=1").read("repositories")
    second = registry.ask("GET", next_of(registry, "_catalog?n=1")).read("repositories")
    assert first != second


def test_the_catalog_is_of_the_callers_registry_alone(
    registry: Registry, stranger_password: str, repository: str
) -> None:
    theirs = Registry(registry.wire, stranger_password).ask("GET", "_catalog").read("repositories")
    assert isinstance(theirs, list)
    assert repository not in theirs
