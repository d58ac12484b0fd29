"""Every route of ``/v2/`` needs just what the one table says (security: class B; iam section 4)."""

from collections.abc import Iterator
from dataclasses import dataclass

import pytest
from botocore.client import BaseClient

from moorage.domain import actions
from moorage.domain.actions import Needs, RouteKey, Scope
from protocol import cases
from protocol.cases import BLOBS, LAYER, PART
from protocol.people import ACCOUNT, EVERYTHING, Key, People, everything_but, policy, statement
from protocol.registry import Registry, basic, code_of, message_of
from support.layers import digest_of
from support.server import RunningServer
from support.wire import Answer, Wire, head

NEEDED = [
    pytest.param(key, group, id=f"{' '.join(key)} {'|'.join(group)}")
    for key, needs in actions.ROUTES.items()
    for group in needs.actions
]
ROUTES = [pytest.param(key, id=" ".join(key)) for key in actions.ROUTES]
BODIES = [pytest.param(key, id=" ".join(key)) for key, asked in cases.ROUTES.items() if asked.body]


@dataclass(frozen=True, slots=True)
class Guarded:
    """A repository with one image, and a user who has an upload open in it."""

    name: str
    digest: str
    upload: str
    key: Key
    root: Registry
    user: Registry

    def ask(self, route: RouteKey) -> Answer:
        asked = cases.ROUTES[route]
        return self.user.ask(route.method, self.fill(asked.path), {"Content-Type": asked.media_type}, asked.body)

    def fill(self, path: str) -> str:
        return path.format(name=self.name, digest=self.digest, blob=digest_of(LAYER), upload=self.upload)

    def state(self, ecr: BaseClient) -> list[object]:
        """Tell everything that a request could have changed."""
        paths = [f"{self.name}/tags/list", f"{self.name}/manifests/v1", f"{self.name}/blobs/{digest_of(PART)}"]
        seen = [(answer.status, answer.body) for answer in (self.root.ask("GET", path) for path in paths)]
        ids = ecr.list_images(repositoryName=self.name)["imageIds"]
        upload = self.user.ask("GET", f"{self.name}/blobs/uploads/{self.upload}")
        return [*seen, ids, upload.status, upload.get("range")]


@pytest.fixture
def guarded(registry: Registry, repository: str, people: People, server: RunningServer) -> Iterator[Guarded]:
    for blob in BLOBS:
        registry.put_blob(repository, blob)
    registry.put_manifest(repository, "v1", cases.MANIFEST)
    key = people.new(EVERYTHING)
    with Wire(server.host) as wire:
        user = Registry(wire, key.password(server))
        upload = user.start(repository).rpartition("/")[2]
        yield Guarded(repository, digest_of(cases.MANIFEST), upload, key, registry, user)


def arn_for(needs: Needs, name: str) -> str:
    shown = name if needs.scope is Scope.REPOSITORY else "*"
    return f"arn:aws:ecr:us-east-1:{ACCOUNT}:repository/{shown}"


def test_every_route_has_a_case() -> None:
    assert cases.ROUTES.keys() == actions.ROUTES.keys()


@pytest.mark.parametrize(("route", "group"), NEEDED)
def test_without_the_action_a_route_is_refused_in_its_name_and_nothing_changes(
    guarded: Guarded, people: People, ecr: BaseClient, route: RouteKey, group: tuple[str, ...]
) -> None:
    before = guarded.state(ecr)
    people.give(guarded.key.name, everything_but(*group))
    answer = guarded.ask(route)
    assert answer.status == 403
    if route.method != "HEAD":
        asked = f"arn:aws:iam::{ACCOUNT}:user/{guarded.key.name} is not authorized to perform: {group[0]}"
        resource = arn_for(actions.ROUTES[route], guarded.name)
        reason = "with an explicit deny in an identity-based policy"
        assert (code_of(answer), message_of(answer)) == ("DENIED", f"User: {asked} on resource: {resource} {reason}")
    people.give(guarded.key.name, EVERYTHING)
    assert guarded.state(ecr) == before


@pytest.mark.parametrize("route", ROUTES)
def test_with_just_the_tables_actions_a_route_may_be_used(guarded: Guarded, people: People, route: RouteKey) -> None:
    needs = actions.ROUTES[route]
    names = [group[-1] for group in needs.actions] or ["sts:GetCallerIdentity"]
    people.give(guarded.key.name, policy(statement("Allow", names, arn_for(needs, guarded.name))))
    assert guarded.ask(route).status not in {401, 403}


@pytest.mark.parametrize("route", ROUTES)
def test_leave_for_another_repository_is_none(guarded: Guarded, people: People, route: RouteKey) -> None:
    if actions.ROUTES[route].scope is Scope.NOBODY:
        return
    others = f"arn:aws:ecr:us-east-1:{ACCOUNT}:repository/{guarded.name}x"
    people.give(guarded.key.name, policy(statement("Allow", "ecr:*", others)))
    assert guarded.ask(route).status == 403


@pytest.mark.parametrize("route", BODIES)
def test_a_refusal_comes_before_the_first_byte_of_the_body(
    guarded: Guarded, people: People, route: RouteKey, server: RunningServer
) -> None:
    people.give(guarded.key.name, everything_but("ecr:*"))
    headers = {
        "Host": server.host,
        "Authorization": basic(guarded.user.password),
        "Content-Length": str(10**12),
        "Expect": "100-continue",
    }
    with Wire(server.host) as wire:
        wire.send(head(route.method, f"/v2/{guarded.fill(cases.ROUTES[route].path)}", headers.items()))
        assert wire.receive(route.method).status == 403


@pytest.mark.parametrize("method", ["POST", "OPTIONS", "TRACE", "PROPFIND", "get", "PUT2", "BREW"])
@pytest.mark.parametrize("path", ["", "{name}/manifests/v1", "{name}/blobs/{blob}", "{name}/tags/list", "_catalog"])
def test_a_method_that_is_not_in_the_table_is_refused(guarded: Guarded, path: str, method: str) -> None:
    answer = guarded.root.ask(method, guarded.fill(path))
    assert (answer.status, code_of(answer)) == (405, "UNSUPPORTED")
    assert method not in answer.header("allow")


@pytest.mark.parametrize(
    "path",
    [
        "{name}",
        "{name}/",
        "{name}/tags",
        "{name}/tags/list/",
        "{name}/manifests",
        "{name}/manifests/",
        "{name}/manifests/v1/",
        "{name}/blobs",
        "{name}/blobs/",
        "{name}/referrers/",
        "{name}/uploads/",
        "_catalog/",
        "_catalogs",
        "metrics",
        "tags/list",
        "/tags/list",
    ],
)
def test_a_path_that_is_not_in_the_table_is_refused(guarded: Guarded, path: str) -> None:
    answer = guarded.root.ask("GET", f"/v2/{guarded.fill(path)}")
    assert (answer.status, code_of(answer)) == (404, "UNSUPPORTED")
