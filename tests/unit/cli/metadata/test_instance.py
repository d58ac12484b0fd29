"""The tree of instance metadata, and the session tokens that open it."""

import asyncio
import json

import pytest

from moorage.cli.metadata.instance import InstanceMetadata
from moorage.cli.metadata.message import Response
from moorage.cli.metadata.tokens import Tokens
from unit.cli.metadata.given import AWAY, KEY, REFUSED, Answer, Given, credentials, request

TTL = "x-aws-ec2-metadata-token-ttl-seconds"
ROLES = "/latest/meta-data/iam/security-credentials/"


class Metadata:
    """``InstanceMetadata`` with a session token in hand."""

    def __init__(self, *answers: Answer, v1: bool = False) -> None:
        self.given = Given(list(answers or (credentials(),)))
        self.tokens = Tokens(lambda: self.given.seconds)
        self.metadata = InstanceMetadata(self.given.rotation, lambda: KEY, self.tokens, v1=v1)

    def ask(self, path: str, method: str = "GET", **headers: str) -> Response:
        return asyncio.run(self.metadata.answer(request(path, method, **headers)))

    def get(self, path: str) -> tuple[int, str]:
        told = self.ask(path, x_aws_ec2_metadata_token=self.tokens.make(60))
        return told.status, told.body


def put(seconds: str | None) -> Response:
    headers = {} if seconds is None else {TTL.replace("-", "_"): seconds}
    return Metadata().ask("/latest/api/token", "PUT", **headers)


@pytest.mark.parametrize("seconds", ["1", "60", "21600"])
def test_a_token_is_given_for_a_time(seconds: str) -> None:
    told = put(seconds)
    assert (told.status, dict(told.headers)[TTL], len(told.body) >= 40) == (200, seconds, True)


@pytest.mark.parametrize("seconds", [None, "", "0", "21601", "-1", "1.5", "1e3", " 60", "٦", "9" * 400])
def test_no_token_is_given_for_any_other(seconds: str | None) -> None:
    assert put(seconds).status == 400


@pytest.mark.parametrize("method", ["GET", "HEAD", "POST", "DELETE", "OPTIONS"])
def test_a_token_is_put(method: str) -> None:
    told = Metadata().ask("/latest/api/token", method)
    assert (told.status, dict(told.headers)) == (405, {"Allow": "PUT"})


@pytest.mark.parametrize("method", ["PUT", "POST", "DELETE", "OPTIONS", "PATCH"])
def test_everything_else_is_got(method: str) -> None:
    made = Metadata(v1=True)
    assert [made.ask(path, method).status for path in ("/", "/latest/meta-data/", ROLES)] == [405] * 3


@pytest.mark.parametrize("path", ["/", "/latest/meta-data/instance-id", ROLES, f"{ROLES}builder", "/nothing"])
@pytest.mark.parametrize("headers", [{}, {"x_aws_ec2_metadata_token": "A" * 76}])
def test_without_a_token_nothing_is_told(path: str, headers: dict[str, str]) -> None:
    made = Metadata()
    assert (made.ask(path, **headers).status, made.given.asked) == (401, 0)


def test_a_token_that_is_over_opens_nothing() -> None:
    made = Metadata()
    token = made.tokens.make(60)
    made.given.seconds = 60
    assert made.ask("/latest/meta-data/instance-id", x_aws_ec2_metadata_token=token).status == 401


def test_version_1_is_answered_where_it_is_allowed_and_a_wrong_token_is_still_wrong() -> None:
    made = Metadata(v1=True)
    wrong = made.ask("/latest/meta-data/instance-id", x_aws_ec2_metadata_token="wrong")  # noqa: S106 - an example
    assert (made.ask("/latest/meta-data/instance-id").status, wrong.status) == (200, 401)


@pytest.mark.parametrize(
    ("path", "listed"),
    [
        ("/", ["latest"]),
        ("/latest", ["dynamic/", "meta-data/"]),
        ("/latest/meta-data/", ["iam/", "instance-id", "placement/"]),
        ("/latest/meta-data/iam/", ["info", "security-credentials/"]),
        ("/latest/meta-data/placement", ["availability-zone", "region"]),
        ("/latest/dynamic/instance-identity/", ["document"]),
        (ROLES, ["builder"]),
        (ROLES.removesuffix("/"), ["builder"]),
    ],
)
def test_a_folder_lists_what_is_in_it(path: str, listed: list[str]) -> None:
    status, body = Metadata().get(path)
    assert (status, body.split()) == (200, listed)


@pytest.mark.parametrize(
    ("path", "text"),
    [
        ("/latest/meta-data/instance-id", KEY.instance_id),
        ("/latest/meta-data/placement/region", "eu-central-1"),
        ("/latest/meta-data/placement/availability-zone", "eu-central-1a"),
        ("/latest/meta-data/placement/availability-zone/", "eu-central-1a"),  # as botocore asks for it
    ],
)
def test_what_is_known_of_the_machine_is_told(path: str, text: str) -> None:
    assert Metadata().get(path) == (200, text)


@pytest.mark.parametrize(
    "path",
    [
        "/latest/meta-data/ami-id",
        "/latest/meta-data/iam/security-credentials/other",
        "/latest/meta-data/iam/security-credentials-extended/",
        "/latest/meta-data/iam/security-credentials/builder/more",
        "/latest/meta-data//instance-id",
        "/latest/meta-data/../meta-data/instance-id",
        "/latest/user-data",
        "/2021-07-15/meta-data/",
        "/latestmeta-data",
        "/Latest/meta-data/",
    ],
)
def test_what_is_not_there_is_not_found(path: str) -> None:
    assert Metadata().get(path)[0] == 404


def test_the_roles_credentials_are_as_ec2_writes_them() -> None:
    status, body = Metadata().get(f"{ROLES}builder")
    assert (status, json.loads(body)) == (
        200,
        {
            "Code": "Success",
            "LastUpdated": "2026-11-24T12:00:00Z",
            "Type": "AWS-HMAC",
            "AccessKeyId": "ASIAFIRST",
            "SecretAccessKey": "session-secret",
            "Token": "session-token",
            "Expiration": "2026-11-24T13:00:00Z",
        },
    )


def test_the_profile_is_told() -> None:
    assert json.loads(Metadata().get("/latest/meta-data/iam/info")[1]) == {
        "Code": "Success",
        "LastUpdated": "2026-11-24T12:00:00Z",
        "InstanceProfileArn": "arn:aws:iam::123456789012:instance-profile/builder",
    }


def test_the_identity_document_tells_account_and_region() -> None:
    document = json.loads(Metadata().get("/latest/dynamic/instance-identity/document")[1])
    told = [document[name] for name in ("accountId", "region", "instanceId", "availabilityZone")]
    assert told == ["123456789012", "eu-central-1", KEY.instance_id, "eu-central-1a"]


def test_what_needs_no_role_is_told_without_asking_the_server() -> None:
    made = Metadata()
    made.get("/latest/meta-data/placement/region")
    made.get("/latest/dynamic/instance-identity/document")
    assert made.given.asked == 0


def test_a_machine_that_is_refused_has_no_role() -> None:
    made = Metadata(REFUSED)
    paths = ["/latest/meta-data/iam/", "/latest/meta-data/iam/info", ROLES, f"{ROLES}builder"]
    assert [made.get(path)[0] for path in paths] == [404] * 4
    assert made.get("/latest/meta-data/") == (200, "instance-id\nplacement/")


def test_a_role_that_was_taken_away_says_why() -> None:
    made = Metadata(credentials(), REFUSED)
    before = made.get(f"{ROLES}builder")[0]
    made.given.seconds = 300
    status, body = made.get(f"{ROLES}builder")
    document = json.loads(body)
    assert (before, status, document["Code"], document["Message"]) == (
        *(200, 200, "AccessDeniedException"),
        "the machine is revoked",
    )
    assert "SecretAccessKey" not in document
    assert made.get(ROLES)[0] == 404


def test_while_the_server_is_away_a_role_is_unavailable_and_the_rest_is_told() -> None:
    made = Metadata(AWAY)
    assert [made.get(path)[0] for path in (ROLES, f"{ROLES}builder", "/latest/meta-data/iam/info")] == [503] * 3
    assert made.get("/latest/meta-data/")[0] == 200
