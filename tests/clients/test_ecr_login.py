"""docker-credential-ecr-login serves names of Amazon's alone: a registry in the domain amazonaws.com has such names."""

import json
import ssl
from collections.abc import Iterator
from pathlib import Path

import pytest

from protocol.registry import basic
from support.clients import FORKY, Client, clean_environment
from support.images import Samples
from support.machine import Machine
from support.server import RunningServer
from support.wire import Wire

REGISTRY = "123456789012.dkr.ecr.us-east-1.amazonaws.com"


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningServer]:
    settings = {"MOORAGE_DOMAIN": "amazonaws.com", "MOORAGE_TLS": "auto"}
    with RunningServer(tmp_path_factory.mktemp("server") / "data", settings=settings) as running:
        yield running


@pytest.fixture
def helper(server: RunningServer, tmp_path: Path) -> Client:
    own = {"AWS_ECR_DISABLE_CACHE": "1", "AWS_ENDPOINT_URL_ECR": server.url}
    environment = clean_environment(tmp_path / "home", **(server.environment() | own))
    return Client(FORKY / "bin" / "docker-credential-ecr-login", environment)


def test_the_helper_gives_a_password_that_is_taken(server: RunningServer, helper: Client) -> None:
    told = json.loads(helper.run("get", stdin=REGISTRY).stdout)
    server.secret(told["Secret"])

    context = ssl.create_default_context(cafile=server.authority)
    with Wire(server.host, tls=context, name=REGISTRY) as wire:
        answer = wire.ask("GET", "/v2/", {"Host": REGISTRY, "Authorization": basic(told["Secret"])})
    assert [told["Username"], answer.status] == ["AWS", 200]


def test_a_client_pushes_and_pulls_with_nothing_but_the_helper(
    server: RunningServer, helper: Client, images: Samples, tmp_path: Path
) -> None:
    server.boto3("ecr").create_repository(repositoryName="team/app")
    registry = f"{REGISTRY}:{server.port}"
    machine = Machine.make(tmp_path / "machine", [f"echo 127.0.0.1 {REGISTRY} >> /etc/hosts"])
    (tmp_path / "config.json").write_text(json.dumps({"credHelpers": {registry: "ecr-login"}}), encoding="utf-8")
    programs = f"{helper.program.parent}:{helper.environment['PATH']}"
    told = {"PATH": programs, "DOCKER_CONFIG": str(tmp_path), "SSL_CERT_FILE": str(server.authority)}
    crane = machine.client(Client(FORKY / "bin" / "crane", {**helper.environment, **told}))
    crane.run("push", images.layered.folder, f"{registry}/team/app:v1")
    assert "PASS" in crane.run("validate", "--remote", f"{registry}/team/app:v1").said


def test_the_helper_serves_no_other_name(helper: Client) -> None:
    assert "credentials not found" in helper.refused("get", stdin="localhost:4500").said
