"""The challenge of ``/v2/``, and which passwords open it (spec: registry-http section 2)."""

import base64

import pytest
from botocore.client import BaseClient

from protocol.people import EVERYTHING, People
from protocol.registry import Registry, basic, code_of, message_of
from protocol.sealed import SECOND, now, password_until
from support.server import RunningServer
from support.wire import Wire

REALM = 'Basic realm="http://{}/",service="ecr.amazonaws.com"'
PATHS = ["/v2/", "/v2/_catalog", "/v2/team/app/tags/list", "/v2/team/app/manifests/v1", "/v2/no/such/thing"]


@pytest.mark.parametrize("path", PATHS)
def test_without_credentials_every_path_asks_for_basic_ones(wire: Wire, path: str) -> None:
    answer = wire.ask("GET", path)
    assert (answer.status, answer.body) == (401, b"Not Authorized\n")
    assert answer.header("www-authenticate") == REALM.format(wire.host)


def test_the_challenge_has_ecrs_headers(wire: Wire) -> None:
    answer = wire.ask("GET", "/v2/")
    assert answer.header("docker-distribution-api-version") == "registry/2.0"
    assert answer.header("content-type") == "text/plain; charset=utf-8"
    assert answer.header("content-length") == "15"


def test_the_realm_is_never_a_host_that_a_client_invented(wire: Wire, server: RunningServer) -> None:
    answer = wire.ask("GET", "/v2/", {"Host": "evil.example"})
    assert answer.header("www-authenticate") == REALM.format(f"localhost:{server.port}")


def test_a_good_password_is_welcome(registry: Registry) -> None:
    answer = registry.ask("GET", "/v2/")
    assert (answer.status, answer.body) == (200, b"{}")
    assert answer.header("docker-distribution-api-version") == "registry/2.0"


def test_head_of_the_base_is_the_same_without_a_body(registry: Registry) -> None:
    got, looked = registry.ask("GET", "/v2/"), registry.ask("HEAD", "/v2/")
    names = ("content-type", "content-length", "docker-distribution-api-version")
    assert looked.status == 200
    assert [looked.header(name) for name in names] == [got.header(name) for name in names]


def test_the_whole_authorization_token_is_a_basic_credential(
    wire: Wire, ecr: BaseClient, server: RunningServer
) -> None:
    token = server.secret(ecr.get_authorization_token()["authorizationData"][0]["authorizationToken"])
    assert wire.ask("GET", "/v2/", {"Authorization": f"Basic {token}"}).status == 200


def test_a_password_has_no_colon(password: str) -> None:
    assert ":" not in password


@pytest.mark.parametrize("position", [0, 1, 20, 60, -1])
def test_an_altered_password_is_nobodys(wire: Wire, password: str, position: int) -> None:
    letters = list(password)
    letters[position] = "A" if letters[position] != "A" else "B"
    assert wire.ask("GET", "/v2/", {"Authorization": basic("".join(letters))}).status == 401


@pytest.mark.parametrize("extra", ["A", "=", "\n", ":", "é", "\0"])
def test_a_password_with_something_behind_it_is_nobodys(wire: Wire, password: str, extra: str) -> None:
    assert wire.ask("GET", "/v2/", {"Authorization": basic(password + extra)}).status == 401


@pytest.mark.parametrize(
    "authorization",
    [
        "",
        "Basic",
        "Basic ",
        "Basic !!!!",
        "Basic QVdT",  # only the user
        "Basic QVdTOg==",  # an empty password
        "Basic QVdTOnNlY3JldA==",
        f"Basic {base64.b64encode(b'AWS:' + bytes(range(128, 200))).decode()}",
        "Bearer e30.e30.",
        "Digest username=AWS",
        "AWS4-HMAC-SHA256 Credential=AKIAIOSFODNN7EXAMPLE/20261123/us-east-1/ecr/aws4_request",
    ],
)
def test_what_is_no_token_of_ours_is_challenged(wire: Wire, authorization: str) -> None:
    answer = wire.ask("GET", "/v2/", {"Authorization": authorization})
    assert (answer.status, answer.body) == (401, b"Not Authorized\n")


def test_the_user_is_always_aws(wire: Wire, password: str) -> None:
    assert wire.ask("GET", "/v2/", {"Authorization": basic(password, user="root")}).status == 401


def test_an_access_key_is_no_password(wire: Wire, server: RunningServer) -> None:
    credentials = basic(server.secret_access_key, user=server.access_key_id)
    assert wire.ask("GET", "/v2/", {"Authorization": credentials}).status == 401


def test_the_scheme_is_read_in_any_case(wire: Wire, password: str) -> None:
    credentials = basic(password).replace("Basic", "bAsIc")
    assert wire.ask("GET", "/v2/", {"Authorization": credentials}).status == 200


def test_a_token_of_a_deactivated_key_is_nobodys(wire: Wire, people: People, server: RunningServer) -> None:
    key = people.new(EVERYTHING)
    registry = Registry(wire, key.password(server))
    assert registry.ask("GET", "/v2/").status == 200
    people.iam.update_access_key(UserName=key.name, AccessKeyId=key.id, Status="Inactive")
    answer = registry.ask("GET", "/v2/")
    assert (answer.status, answer.body) == (401, b"Not Authorized\n")


def test_a_reactivated_key_makes_its_tokens_good_again(wire: Wire, people: People, server: RunningServer) -> None:
    key = people.new(EVERYTHING)
    registry = Registry(wire, key.password(server))
    for status in ("Inactive", "Active"):
        people.iam.update_access_key(UserName=key.name, AccessKeyId=key.id, Status=status)
    assert registry.ask("GET", "/v2/").status == 200


def test_an_expired_token_is_told_so(wire: Wire, server: RunningServer) -> None:
    expired = password_until(server, server.access_key_id, now() - SECOND)
    answer = Registry(wire, expired).ask("GET", "/v2/")
    assert (answer.status, code_of(answer)) == (403, "DENIED")
    assert message_of(answer) == "Your authorization token has expired. Reauthenticate and try again."


def test_a_token_is_good_until_its_end(wire: Wire, server: RunningServer) -> None:
    soon = password_until(server, server.access_key_id, now() + 600 * SECOND)
    assert Registry(wire, soon).ask("GET", "/v2/").status == 200


def test_a_token_of_a_key_that_never_was_is_nobodys(wire: Wire, server: RunningServer) -> None:
    invented = password_until(server, "AKIAAAAAAAAAAAAAAAAA", now() + 600 * SECOND)
    assert Registry(wire, invented).ask("GET", "/v2/").status == 401


def test_a_token_of_a_region_that_is_not_served_is_denied(wire: Wire, server: RunningServer) -> None:
    foreign = password_until(server, server.access_key_id, now() + 600 * SECOND, region="eu-west-1")
    answer = Registry(wire, foreign).ask("GET", "/v2/")
    assert (answer.status, code_of(answer)) == (403, "DENIED")


def test_a_host_of_another_region_denies_the_token(registry: Registry) -> None:
    answer = registry.ask("GET", "/v2/", {"Host": "123456789012.dkr.ecr.eu-west-1.localhost"})
    assert (answer.status, code_of(answer)) == (403, "DENIED")


def test_a_page_token_is_no_password(wire: Wire, ecr: BaseClient, repository: str, other_repository: str) -> None:
    assert repository != other_repository
    page = ecr.describe_repositories(maxResults=1)["nextToken"]
    assert wire.ask("GET", "/v2/", {"Authorization": basic(page)}).status == 401


def test_blanks_before_a_password_are_no_part_of_it(wire: Wire, password: str) -> None:
    for count in (2, 5000):
        credentials = basic(password).replace(" ", " " * count)
        assert wire.ask("GET", "/v2/", {"Authorization": credentials}).status == 200
