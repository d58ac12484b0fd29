"""From a role to a program without keys: register, join, serve, and revoke, each by its command."""

import json
from collections.abc import Iterator

import pytest

from support.aws import PULL_ONLY
from support.clients import AWS, Finished, refused, run
from support.host import Host
from support.server import MOORAGE, RunningServer

ROLE = "puller"
PLACES = ("AWS_REGION", "AWS_DEFAULT_REGION", "AWS_ENDPOINT_URL_")
METADATA = (*PLACES, "AWS_EC2_METADATA_SERVICE_ENDPOINT")
CONTAINER = (*PLACES, "AWS_CONTAINER_")
WAYS = pytest.mark.parametrize("way", [METADATA, CONTAINER], ids=["metadata", "container"])


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningServer]:
    with RunningServer(tmp_path_factory.mktemp("server") / "data") as running:
        trust = {"Effect": "Allow", "Principal": {"Service": "ec2.amazonaws.com"}, "Action": "sts:AssumeRole"}
        document = json.dumps({"Version": "2012-10-17", "Statement": [trust]})
        iam = running.boto3("iam")
        iam.create_role(RoleName=ROLE, AssumeRolePolicyDocument=document)
        iam.put_role_policy(RoleName=ROLE, PolicyName="own", PolicyDocument=json.dumps(PULL_ONLY))
        yield running


def moorage(server: RunningServer, *words: str, stdin: str = "") -> Finished:
    return run((MOORAGE, "instance", *words), env=server.clean_environment(), stdin=stdin)


@pytest.fixture(scope="module")
def host(server: RunningServer, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Host]:
    folder = tmp_path_factory.mktemp("machine")
    token = server.secret(moorage(server, "register", "--role", ROLE, "-q").stdout.strip())
    key = str(folder / "key")
    moorage(server, "join", "-", "--endpoint-url", server.url, "--key-file", key, stdin=token)
    with Host(folder / "host", "--key-file", key, "--listen", ":0", "--container", ":0") as made:
        yield made


def instance_of(host: Host, *way: str) -> str:
    told = run((AWS, "sts", "get-caller-identity", "--output", "json"), env=host.environment(*way))
    role, _, instance = str(json.loads(told.stdout)["Arn"]).partition(":assumed-role/")[2].partition("/")
    assert role == ROLE
    return instance


@WAYS
def test_programs_are_the_role_that_the_machine_was_registered_with(host: Host, way: tuple[str, ...]) -> None:
    assert instance_of(host, *way).startswith("i-")


@WAYS
def test_programs_get_a_docker_password(host: Host, server: RunningServer, way: tuple[str, ...]) -> None:
    told = run((AWS, "ecr", "get-login-password"), env=host.environment(*way))
    assert len(server.secret(told.stdout.strip())) > 100


def test_a_machine_that_is_revoked_gives_nothing_more(host: Host, server: RunningServer) -> None:
    identity = instance_of(host, *METADATA)
    moorage(server, "revoke", identity)
    host.renew("giving out no credentials, the server refuses them")
    for way in (METADATA, CONTAINER):
        told = refused((AWS, "sts", "get-caller-identity"), env=host.environment(*way))
        assert "redentials" in told.said
    assert not server.secrets_in(host.log())
