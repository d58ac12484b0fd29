"""The kubelet's exec protocol: a request on standard input becomes a password on standard output."""

import base64
import json
import subprocess
from collections.abc import Mapping

import pytest

from support.server import MOORAGE, RunningServer
from support.wire import Wire

VERSION = "credentialprovider.kubelet.k8s.io/v1"
NONE: Mapping[str, str] = {}


def exchange(
    server: RunningServer, request: object, variables: Mapping[str, str] = NONE, *, at_the_image: bool = False
) -> subprocess.CompletedProcess[str]:
    return subprocess.run(  # noqa: S603  # every argument is written here
        [str(MOORAGE), "credential-provider", *(() if at_the_image else ("--endpoint-url", server.url))],
        input=json.dumps(request),
        env={**server.clean_environment(), **variables},
        capture_output=True,
        text=True,
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


@pytest.mark.parametrize(
    ("request_", "why"),
    [
        ([], "no CredentialProviderRequest"),
        (request_for("busybox"), "names no registry"),
        (request_for("r.localhost/a") | {"apiVersion": "credentialprovider.kubelet.k8s.io/v1beta1"}, "apiVersion"),
        (request_for("1.dkr.ecr.us-east-1.localhost/a"), "AWS_REGION"),
        (request_for("123456789012.dkr.ecr.us-east-1.localhost/a"), "there are no credentials"),
        (request_for("123456789012.dkr.ecr.us-east-1.localhost/a", serviceAccountToken="t"), "there is no role"),
    ],
)
def test_what_cannot_be_answered_is_told_on_standard_error(server: RunningServer, request_: object, why: str) -> None:
    done = exchange(server, request_)
    assert (done.returncode, done.stdout, why in done.stderr) == (1, "", True)


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
