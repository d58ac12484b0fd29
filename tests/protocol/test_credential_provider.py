"""The kubelet's exec protocol: a request on standard input becomes a password on standard output."""

import base64
import json
import re
import subprocess
from collections.abc import Mapping

import pytest

from support import answering
from support.kubernetes import matches, seconds_of
from support.server import MOORAGE, RunningServer
from support.wire import Wire

VERSION = "credentialprovider.kubelet.k8s.io/v1"
NONE: Mapping[str, str] = {}
REGISTRY = "123456789012"
IMAGE = f"{REGISTRY}.dkr.ecr.us-east-1.localhost/team/app:1"
ROLE = "eks.amazonaws.com/role-arn"


def exchange(
    server: RunningServer,
    request: object,
    variables: Mapping[str, str] = NONE,
    *,
    at_the_image: bool = False,
    url: str | None = None,
) -> subprocess.CompletedProcess[str]:
    return subprocess.run(  # noqa: S603  # every argument is written here
        [str(MOORAGE), "credential-provider", *(() if at_the_image else ("--endpoint-url", url or server.url))],
        input=request if isinstance(request, str) else json.dumps(request),
        env={**server.clean_environment(), **variables},
        capture_output=True,
        text=True,
        errors="surrogateescape",
        check=False,
        timeout=60,
    )


def request_for(image: str, **members: object) -> dict[str, object]:
    return {"apiVersion": VERSION, "kind": "CredentialProviderRequest", "image": image, **members}


def keys(server: RunningServer) -> dict[str, str]:
    told = server.environment()
    return {name: told[name] for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY")}


def test_an_image_gets_a_password_that_opens_its_registry(server: RunningServer) -> None:
    host = f"{server.account_id}.dkr.ecr.{server.region}.localhost:{server.port}"
    done = exchange(server, request_for(f"{host}/team/app:1"), keys(server))
    assert done.returncode == 0, done.stderr
    response = json.loads(done.stdout)
    login = response["auth"][host]
    basic = base64.b64encode(f"{login['username']}:{server.secret(login['password'])}".encode()).decode()
    with Wire(server.host) as wire:
        status = wire.ask("GET", "/v2/", {"authorization": f"Basic {basic}"}).status
    told = (response["apiVersion"], response["kind"], response["cacheKeyType"], status)
    assert told == (VERSION, "CredentialProviderResponse", "Registry", 200)
    assert 0 < int(response["cacheDuration"].removesuffix("s")) <= 6 * 3600


def login_of(server: RunningServer, done: subprocess.CompletedProcess[str], image: str) -> dict[str, str]:
    """Give the one login of an answer, whose key has to match the image as the kubelet matches it."""
    assert (done.returncode, done.stderr) == (0, "")
    ((pattern, login),) = json.loads(done.stdout)["auth"].items()
    server.secret(login["password"])
    assert matches(pattern, image)
    return dict(login)


def test_an_answer_has_the_members_of_the_protocol_and_no_others(server: RunningServer) -> None:
    done = exchange(server, request_for(IMAGE), keys(server))
    login_of(server, done, IMAGE)
    assert done.stdout.count("\n") == 1
    response = json.loads(done.stdout)
    assert response.keys() == {"apiVersion", "kind", "cacheKeyType", "cacheDuration", "auth"}
    assert re.fullmatch("[0-9]+s", response["cacheDuration"])
    assert seconds_of(response["cacheDuration"]) == pytest.approx(6 * 3600, abs=5)


@pytest.mark.parametrize(
    "members",
    [
        {"ofTomorrow": {"deep": [1]}, "metadata": None},
        {"serviceAccountToken": "", "serviceAccountAnnotations": {}},
        {"serviceAccountToken": None, "serviceAccountAnnotations": None},
        {"serviceAccountAnnotations": {"eks.amazonaws.com/role-arn": "arn:aws:iam::123456789012:role/web"}},
    ],
    ids=["unknown", "empty", "null", "no token"],
)
def test_members_that_ask_for_nothing_change_nothing(server: RunningServer, members: dict[str, object]) -> None:
    login_of(server, exchange(server, request_for(IMAGE, **members), keys(server)), IMAGE)


@pytest.mark.parametrize("name", ["AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN"])
def test_a_credential_that_no_header_can_carry_is_told_and_not_shown(server: RunningServer, name: str) -> None:
    done = exchange(server, request_for(IMAGE), keys(server) | {name: "hush\nhush"})
    assert (done.returncode, done.stdout, f"{name} holds characters" in done.stderr) == (1, "", True)
    assert "hush" not in done.stderr


def test_keys_that_are_wrong_are_refused_with_the_servers_words(server: RunningServer) -> None:
    done = exchange(server, request_for(IMAGE), keys(server) | {"AWS_SECRET_ACCESS_KEY": "wrongwrong"})
    assert (done.returncode, done.stdout, "InvalidSignatureException" in done.stderr) == (1, "", True)
    assert "wrongwrong" not in done.stderr


def test_a_server_that_is_away_is_told(server: RunningServer) -> None:
    done = exchange(server, request_for(IMAGE), keys(server), url="http://127.0.0.1:9")
    assert (done.returncode, done.stdout, "does not answer" in done.stderr) == (1, "", True)


GOOD = base64.b64encode(b"AWS:password").decode()


@pytest.mark.parametrize(
    "body",
    [
        "",
        "[]",
        "{}",
        '{"authorizationData": []}',
        '{"authorizationData": [1]}',
        '{"authorizationData": [{"authorizationToken": "?", "expiresAt": 4102444800}]}',
        '{"authorizationData": [{"authorizationToken": "QVdT", "expiresAt": 4102444800}]}',
        f'{{"authorizationData": [{{"authorizationToken": "{GOOD}"}}]}}',
        f'{{"authorizationData": [{{"authorizationToken": "{GOOD}", "expiresAt": Infinity}}]}}',
        f'{{"authorizationData": [{{"authorizationToken": "{GOOD}", "expiresAt": NaN}}]}}',
    ],
)
def test_an_answer_without_a_password_is_told(server: RunningServer, body: str) -> None:
    with answering.served(lambda _, __: (200, body.encode())) as port:
        done = exchange(server, request_for(IMAGE), keys(server), url=f"http://127.0.0.1:{port}")
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr == "Error: the server's answer holds no password\n"


@pytest.mark.parametrize(
    ("status", "body", "why"),
    [
        (200, "hello", "the server's answer holds no credentials of the role"),
        (502, "<html>", "HTTP 502: the server gives no reason"),
        (400, "<Error><Code>X</Code><Message>&lt;a&gt; &#39;b&#39;</Message></Error>", "X: <a> 'b'"),
    ],
)
def test_an_answer_without_credentials_is_told(server: RunningServer, status: int, body: str, why: str) -> None:
    request = request_for(IMAGE, serviceAccountToken="t", serviceAccountAnnotations={ROLE: "arn:aws:iam::1:role/r"})
    with answering.served(lambda _, __: (status, body.encode())) as port:
        done = exchange(server, request, url=f"http://127.0.0.1:{port}")
    assert (done.returncode, done.stdout, done.stderr) == (1, "", f"Error: {why}\n")


@pytest.mark.parametrize(
    ("request_", "why"),
    [
        (request_for(IMAGE, serviceAccountToken=["hush"]), "serviceAccountToken is no text"),
        ([], "no CredentialProviderRequest"),
        (request_for("r.localhost/a") | {"apiVersion": "credentialprovider.kubelet.k8s.io/v1beta1"}, "apiVersion"),
        (request_for("1.dkr.ecr.us-east-1.localhost/a"), "AWS_REGION"),
        (request_for("123456789012.dkr.ecr.us-east-1.localhost/a"), "there are no credentials"),
        (request_for("123456789012.dkr.ecr.us-east-1.localhost/a", serviceAccountToken="t"), "there is no role"),
    ],
)
def test_what_cannot_be_answered_is_told_on_standard_error(server: RunningServer, request_: object, why: str) -> None:
    done = exchange(server, request_)
    assert (done.returncode, done.stdout, why in done.stderr) == (1, "", True), done.stderr
    assert ("hush" in done.stderr, done.stderr.count("\n")) == (False, 1)


def test_nothing_is_sent_to_a_host_that_is_no_registrys(server: RunningServer) -> None:
    request = request_for("127.0.0.1:9/team/app", serviceAccountToken="t")
    variables = {"AWS_REGION": "us-east-1", "AWS_ROLE_ARN": "arn:aws:iam::123456789012:role/r"}
    done = exchange(server, request, variables, at_the_image=True)
    assert (done.returncode, "not named as a registry is" in done.stderr) == (1, True)


def test_a_token_that_nobody_trusts_is_refused_with_the_servers_words(server: RunningServer) -> None:
    role = {"eks.amazonaws.com/role-arn": f"arn:aws:iam::{server.account_id}:role/nobody"}
    request = request_for(
        "123456789012.dkr.ecr.us-east-1.localhost/a",
        serviceAccountToken="aaaa.bbbb.cccc",
        serviceAccountAnnotations=role,
    )
    done = exchange(server, request)
    assert (done.returncode, "InvalidIdentityToken" in done.stderr) == (1, True)
