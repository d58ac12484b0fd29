"""Clients without keys get them: the AWS CLI, boto3 and the ECR helper beside ``moorage instance-credentials``."""

import json
import signal
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest

from moorage.cli import machinekey
from support.clients import AWS, FORKY, refused, run
from support.host import Host
from support.issuer import ROLE, Issuer
from support.server import RunningServer

PLACES = ("AWS_REGION", "AWS_DEFAULT_REGION", "AWS_ENDPOINT_URL_", "AWS_CA_BUNDLE")
METADATA = (*PLACES, "AWS_EC2_METADATA_SERVICE_ENDPOINT")
CONTAINER = (*PLACES, "AWS_CONTAINER_")
WAYS = pytest.mark.parametrize("way", [METADATA, CONTAINER], ids=["metadata", "container"])
REGISTRY = "123456789012.dkr.ecr.us-east-1.amazonaws.com"
BOTO3 = """
import boto3, json
session = boto3.Session()
held = session.get_credentials()
arn = boto3.client("sts").get_caller_identity()["Arn"]
token = boto3.client("ecr").get_authorization_token()["authorizationData"][0]["authorizationToken"]
print(json.dumps([held.method, arn, len(token) > 0]))
"""

# Credentials are asked for anew once they end within boto3's window, which is made longer than their life. One session
# stays all the while, and says who it is before and after.
RENEWING = """
import boto3, json, time
session = boto3.Session()
held = session.get_credentials()
sts = session.client("sts")
first = held.get_frozen_credentials().access_key
print(json.dumps([first, sts.get_caller_identity()["Arn"]]), flush=True)
input()
held._advisory_refresh_timeout = 7 * 24 * 3600
end = time.monotonic() + 60
while held.get_frozen_credentials().access_key == first and time.monotonic() < end:
    time.sleep(0.2)
used = []
sts.meta.events.register("before-send.sts", lambda request, **_: used.append(str(request.headers["Authorization"])))
arn = sts.get_caller_identity()["Arn"]
print(json.dumps([held.get_frozen_credentials().access_key, arn, used]), flush=True)
"""


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningServer]:
    # The helper serves names of Amazon's alone, which a registry in the domain amazonaws.com has.
    settings = {"MOORAGE_WORKERS": "1", "MOORAGE_DOMAIN": "amazonaws.com", "MOORAGE_TLS": "auto"}
    with RunningServer(tmp_path_factory.mktemp("server") / "data", settings=settings) as running:
        yield running


@pytest.fixture(scope="module")
def issuer(server: RunningServer) -> Iterator[Issuer]:
    with Issuer(server) as made:
        yield made


def host_of(issuer: Issuer, server: RunningServer, folder: Path, *options: str) -> Host:
    machinekey.write(folder / "key", issuer.key, force=False)
    host = Host(folder / "host", "--key-file", folder / "key", "--listen", ":0", "--container", ":0", *options)
    server.secret(issuer.key.secret)
    return host


@pytest.fixture(scope="module")
def host(issuer: Issuer, server: RunningServer, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Host]:
    with host_of(issuer, server, tmp_path_factory.mktemp("machine")) as made:
        made.variables = dict(made.variables) | places(server)
        yield made


def places(server: RunningServer) -> dict[str, str]:
    """Tell where the registry is: the stand-in issues credentials and is none."""
    told = {f"AWS_ENDPOINT_URL_{service}": server.url for service in ("ECR", "STS", "IAM")}
    return told | {"AWS_CA_BUNDLE": str(server.authority)}


def is_role(arn: str) -> bool:
    return arn.endswith(f":assumed-role/{ROLE}/i-0123456789abcdef0")


@WAYS
def test_the_aws_cli_is_the_role(host: Host, way: tuple[str, ...]) -> None:
    told = run((AWS, "sts", "get-caller-identity", "--output", "json"), env=host.environment(*way))
    assert is_role(json.loads(told.stdout)["Arn"])


@WAYS
def test_the_aws_cli_gets_a_docker_password(host: Host, server: RunningServer, way: tuple[str, ...]) -> None:
    told = run((AWS, "ecr", "get-login-password"), env=host.environment(*way))
    assert len(server.secret(told.stdout.strip())) > 100


@WAYS
def test_boto3_is_the_role(host: Host, way: tuple[str, ...]) -> None:
    told = run((sys.executable, "-c", BOTO3), env=host.environment(*way))
    method, arn, has_token = json.loads(told.stdout)
    assert (method, is_role(arn), has_token) == (
        "iam-role" if way == METADATA else "container-role",
        True,
        True,
    )


@WAYS
def test_a_boto3_session_takes_the_credentials_of_a_renewal(host: Host, way: tuple[str, ...]) -> None:
    with subprocess.Popen(  # noqa: S603 - every argument is written here
        [sys.executable, "-c", RENEWING],
        env=host.environment(*way),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as program:
        assert program.stdin is not None
        assert program.stdout is not None
        first, arn = json.loads(program.stdout.readline())
        assert is_role(arn)
        host.signal(signal.SIGHUP)
        program.stdin.write("\n")
        program.stdin.flush()
        second, arn, used = json.loads(program.stdout.readline())
    assert (is_role(arn), second != first) == (True, True)
    assert all(f"Credential={second}/" in header for header in used)
    assert used


@WAYS
def test_the_ecr_helper_gets_a_docker_password(host: Host, server: RunningServer, way: tuple[str, ...]) -> None:
    environment = {**host.environment(*way), "AWS_ECR_DISABLE_CACHE": "1"}
    told = json.loads(
        run((FORKY / "bin" / "docker-credential-ecr-login", "get"), env=environment, stdin=REGISTRY).stdout
    )
    assert (told["Username"], len(server.secret(told["Secret"])) > 100) == ("AWS", True)


@WAYS
def test_without_it_there_are_no_credentials(host: Host, way: tuple[str, ...]) -> None:
    assert way
    environment = {**host.environment(*PLACES), "AWS_EC2_METADATA_DISABLED": "true"}
    assert "credentials" in refused((AWS, "sts", "get-caller-identity"), env=environment).said


def test_a_token_is_needed_over_the_wire_too(host: Host) -> None:
    url = host.variables["AWS_EC2_METADATA_SERVICE_ENDPOINT"]
    with pytest.raises(urllib.error.HTTPError) as told:
        urllib.request.urlopen(f"{url}/latest/meta-data/iam/", timeout=10)  # noqa: S310 - ours, on loopback
    told.value.close()
    assert told.value.code == 401


def test_the_log_holds_no_secret(host: Host, server: RunningServer) -> None:
    run((AWS, "sts", "get-caller-identity"), env=host.environment(*METADATA))
    assert not server.secrets_in(host.log())


def test_a_machine_that_is_revoked_gives_nothing_more_and_may_come_back(
    issuer: Issuer, server: RunningServer, tmp_path: Path
) -> None:
    with host_of(issuer, server, tmp_path) as host:
        registry = places(server)
        for way in (METADATA, CONTAINER):
            run((AWS, "sts", "get-caller-identity"), env=host.environment(*way) | registry)
        issuer.revoked = True
        host.renew("giving out no credentials")
        try:
            for way in (METADATA, CONTAINER):
                told = refused((AWS, "sts", "get-caller-identity"), env=host.environment(*way) | registry)
                assert "redentials" in told.said
        finally:
            issuer.revoked = False
        host.renew("giving out credentials of the role puller")
        run((AWS, "sts", "get-caller-identity"), env=host.environment(*METADATA) | registry)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_it_ends_cleanly(issuer: Issuer, server: RunningServer, tmp_path: Path, number: signal.Signals) -> None:
    with host_of(issuer, server, tmp_path) as host:
        host.signal(number)
        assert host.wait() == 0
        assert "Traceback" not in host.log()
