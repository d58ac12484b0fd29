"""Who, what and how, generated from the one table: whoever has no leave gets nothing anywhere (security: classes B, C).

The other permission tests ask what each single action opens; this one asks everything of callers who may nothing.
"""

import json
from collections.abc import Iterator, Mapping

import pytest

from moorage.domain import actions
from moorage.domain.actions import RouteKey, Scope
from moorage.domain.profile import Profile
from moorage.edge.awsjson.shapes import OPERATIONS as ECR_SHAPES
from moorage.edge.awsquery.edge import SERVICES
from protocol import cases
from protocol.api import CONTENT_TYPE, ECR, FORM, OWN, VERSIONS, Api, code_of
from protocol.people import ACCOUNT, EVERYTHING, Key, People, policy, statement
from protocol.registry import HOSTS, Registry
from protocol.test_permissions_api import named
from protocol.test_sessions import read_session
from support.layers import digest_of
from support.server import RunningServer
from support.wire import Answer, Wire

NOTHING = policy(statement("Deny", "*"))
# What anybody with credentials may do, whatever the policies say; and what asks by itself, tested elsewhere.
OPEN = {key for key, needs in actions.OPERATIONS.items() if needs.scope is Scope.NOBODY}
JSON_OPERATIONS = sorted(
    key for key in actions.OPERATIONS if key.startswith(("ecr.", "moorage.")) and " " not in key and key not in OPEN
)
QUERY_OPERATIONS = sorted(
    f"{name}.{operation}"
    for name, service in SERVICES.items()
    for operation in service.operations
    if f"{name}.{operation}" not in OPEN
)
DENIED = "AccessDeniedException"


@pytest.fixture(scope="module")
def powerless(people: People) -> Key:
    return people.new(EVERYTHING)


@pytest.fixture
def full(registry: Registry, repository: str) -> str:
    """Give a repository with an image."""
    for blob in cases.BLOBS:
        registry.put_blob(repository, blob)
    registry.put_manifest(repository, "v1", cases.MANIFEST)
    return repository


@pytest.fixture
def passwords(
    people: People, server: RunningServer, stranger_password: str, wire: Wire, other_repository: str
) -> Iterator[Mapping[str, str]]:
    """Give passwords of callers who may nothing in the repository of the test."""
    user, holder = people.new(EVERYTHING), people.new(EVERYTHING)
    session = read_session(user.api(wire).query("sts.GetSessionToken", {}), server)
    asked = {"actions": ["pull", "push", "delete", "list", "create"], "repositories": [other_repository]}
    narrow = json.loads(holder.api(wire).call("CreateToken", asked, prefix=OWN).body)["password"]
    found = {
        "another account": stranger_password,
        "a user": user.password(server),
        "its session": session.password(server),
        "a token for something else": server.secret(narrow),
    }
    people.give(user.name, NOTHING)
    yield found
    people.remove(user)


def test_no_route_is_open_to_whoever_has_no_leave(
    wire: Wire, full: str, passwords: Mapping[str, str], profile: Profile
) -> None:
    upload = "0" * 32
    names = {"name": full, "digest": digest_of(cases.MANIFEST), "blob": digest_of(cases.LAYER), "upload": upload}
    seen: dict[tuple[str, RouteKey], int] = {}
    for route, needs in actions.ROUTES.items():
        asked = cases.ROUTES[route]
        path = f"/v2/{asked.path.format(**names)}"
        headers = {"Content-Type": asked.media_type, "Host": HOSTS[profile]}
        seen["nobody", route] = wire.ask(route.method, path, headers, asked.body).status
        if needs.scope is Scope.NOBODY:
            continue
        for who, password in passwords.items():
            seen[who, route] = Registry(wire, password).ask(route.method, path, headers, asked.body).status
    wanted = {(who, route): 401 if who == "nobody" else 403 for who, route in seen}
    assert seen == wanted


def test_the_repository_is_as_it_was(
    registry: Registry, wire: Wire, full: str, passwords: Mapping[str, str], profile: Profile
) -> None:
    before = [registry.ask("GET", f"{full}/{path}").body for path in ("tags/list", "manifests/v1")]
    test_no_route_is_open_to_whoever_has_no_leave(wire, full, passwords, profile)
    assert [registry.ask("GET", f"{full}/{path}").body for path in ("tags/list", "manifests/v1")] == before


def asked_of(key: str, name: str) -> tuple[str, Mapping[str, object]]:
    """Give the target's prefix and the members of a call that names ``name``."""
    service, _, operation = key.partition(".")
    if service == "ecr":
        return ECR, named(operation, name)
    return OWN, {"CreateAccount": {"accountId": "999999999999"}}.get(operation, {})


@pytest.mark.parametrize("key", JSON_OPERATIONS)
def test_no_json_operation_is_open_to_whoever_has_no_leave(
    wire: Wire, people: People, powerless: Key, stranger: Key, key: str
) -> None:
    people.give(powerless.name, NOTHING)
    operation = key.partition(".")[2]
    prefix, members = asked_of(key, "team/app")
    assert code_of(powerless.api(wire).call(operation, members, prefix=prefix)) == DENIED
    target = f"{prefix}.{operation}"
    unsigned = (("host", wire.host), ("content-type", CONTENT_TYPE), ("x-amz-target", target))
    assert code_of(powerless.api(wire).deliver(unsigned, b"{}")) == "MissingAuthenticationTokenException"
    if prefix == ECR and "registryId" in ECR_SHAPES[operation].input.__struct_fields__:
        asked = {**members, "registryId": ACCOUNT}
        assert code_of(stranger.api(wire).call(operation, asked)) == DENIED


def read_code(answer: Answer) -> str:
    return answer.text.partition("<Code>")[2].partition("</Code>")[0]


@pytest.mark.parametrize("key", QUERY_OPERATIONS)
def test_no_query_operation_is_open_to_whoever_has_no_leave(
    wire: Wire, people: People, powerless: Key, key: str
) -> None:
    """Every name that IAM and STS know, those that are not built included."""
    people.give(powerless.name, NOTHING)
    assert read_code(powerless.api(wire).query(key, {})) == "AccessDenied"
    service, _, operation = key.partition(".")
    body = f"Action={operation}&Version={VERSIONS[service]}".encode()
    unsigned = Api(wire, "", "").deliver((("host", wire.host), ("content-type", FORM)), body)
    assert (unsigned.status, read_code(unsigned)) == (403, "MissingAuthenticationToken")


def test_a_session_of_a_user_s_own_calls_nothing_of_iam(wire: Wire, people: People, server: RunningServer) -> None:
    user = people.new(EVERYTHING)
    session = read_session(user.api(wire).query("sts.GetSessionToken", {}), server)
    of_iam = [key for key in QUERY_OPERATIONS if key.startswith("iam.")]
    codes = {read_code(session.api(wire).query(key, {})) for key in of_iam}
    assert codes == {"InvalidClientTokenId"}


@pytest.mark.parametrize("path", ["/healthz", "/readyz"])
def test_health_tells_nothing_and_takes_reading_methods_alone(wire: Wire, path: str) -> None:
    assert (wire.ask("GET", path).status, len(wire.ask("GET", path).body) < 20) == (200, True)
    for method in ("POST", "PUT", "DELETE", "PATCH", "OPTIONS", "TRACE"):
        assert wire.ask(method, path).status in {404, 405}


@pytest.mark.parametrize("path", ["/metrics", "/debug", "/admin", "/api", "/v1/", "/v3/", "/.well-known/x", "/console"])
def test_there_is_nothing_else(wire: Wire, path: str) -> None:
    assert wire.ask("GET", path).status in {401, 403, 404}
