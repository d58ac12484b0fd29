"""Docker pulls from another account's repository when both sides let it, and from no other; and never pushes there."""

import contextlib
import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from botocore.client import BaseClient

from support import clients
from support.aws import AwsCli
from support.clients import Client, run
from support.docker import DOCKER_28, build_context, load, running
from support.images import GREETING, Samples
from support.machine import Machine
from support.server import MOORAGE, RunningServer

NAME = "team/app"
OTHER = "210987654321"
PULL = ["ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer", "ecr:BatchCheckLayerAvailability"]


@dataclass(frozen=True, slots=True)
class Accounts:
    """Two accounts on one server: the first one owns the image, in the second somebody wants it."""

    server: RunningServer
    ecr: BaseClient
    image: str
    role: str
    passwords: dict[str, str]

    def allow(self, principal: str) -> None:
        text = {"Effect": "Allow", "Principal": {"AWS": principal}, "Action": PULL}
        policy = json.dumps({"Version": "2012-10-17", "Statement": [text]})
        self.ecr.set_repository_policy(repositoryName=NAME, policyText=policy)

    def forbid(self) -> None:
        with contextlib.suppress(self.ecr.exceptions.RepositoryPolicyNotFoundException):
            self.ecr.delete_repository_policy(repositoryName=NAME)


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningServer]:
    with RunningServer(tmp_path_factory.mktemp("server") / "data", settings={"MOORAGE_TLS": "auto"}) as running_server:
        yield running_server


@pytest.fixture(scope="module")
def machine(server: RunningServer, tmp_path_factory: pytest.TempPathFactory) -> Machine:
    told = run((MOORAGE, "trust"), env=server.clean_environment()).stdout
    commands = [line.strip() for line in told.splitlines() if line.startswith("    ")]
    return Machine.make(tmp_path_factory.mktemp("machine"), commands)


def role_password(server: RunningServer, machine: Machine, keys: dict[str, str], role: str) -> str:
    """Assume a role of the other account, and ask for a password in the role's name."""
    sts = server.boto3("sts", access_key_id=keys["user"], secret_access_key=keys["user_secret"])
    session = sts.assume_role(RoleArn=role, RoleSessionName="build")["Credentials"]
    environment = server.environment() | {
        "AWS_ACCESS_KEY_ID": session["AccessKeyId"],
        "AWS_SECRET_ACCESS_KEY": server.secret(session["SecretAccessKey"]),
        "AWS_SESSION_TOKEN": server.secret(session["SessionToken"]),
    }
    aws = AwsCli.of(server.data.parent / "role", environment)
    return server.secret(AwsCli(machine.client(aws.client)).login_password())


@pytest.fixture(scope="module")
def accounts(
    server: RunningServer, machine: Machine, images: Samples, tmp_path_factory: pytest.TempPathFactory
) -> Accounts:
    ecr = server.boto3("ecr")
    uri = ecr.create_repository(repositoryName=NAME)["repository"]["repositoryUri"]
    skopeo = machine.client(clients.skopeo(tmp_path_factory.mktemp("skopeo")))
    skopeo.run("login", "--username", "AWS", "--password-stdin", uri.partition("/")[0], stdin=server.password())
    skopeo.run("copy", images.layered.source, f"docker://{uri}:v1")

    told = run((MOORAGE, "account", "create", OTHER), env=server.clean_environment()).stdout
    root = dict(line.rsplit(" ", 1) for line in told.splitlines())
    whose = {
        "access_key_id": root["access key id"],
        "secret_access_key": server.secret(root["secret access key"]),
    }
    iam = server.boto3("iam", **whose)
    all_of_it = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}]}
    iam.create_user(UserName="puller")
    iam.put_user_policy(UserName="puller", PolicyName="own", PolicyDocument=json.dumps(all_of_it))
    key = iam.create_access_key(UserName="puller")["AccessKey"]
    trust = {"Effect": "Allow", "Principal": {"AWS": OTHER}, "Action": "sts:AssumeRole"}
    iam.create_role(
        RoleName="builder", AssumeRolePolicyDocument=json.dumps({"Version": "2012-10-17", "Statement": [trust]})
    )
    iam.put_role_policy(RoleName="builder", PolicyName="own", PolicyDocument=json.dumps(all_of_it))
    user = {"user": key["AccessKeyId"], "user_secret": server.secret(key["SecretAccessKey"])}
    role = f"arn:aws:iam::{OTHER}:role/builder"
    passwords = {
        "user": server.password(access_key_id=user["user"], secret_access_key=user["user_secret"]),
        "role": role_password(server, machine, user, role),
    }
    return Accounts(server, ecr, f"{uri}:v1", role, passwords)


@pytest.fixture(scope="module", params=["user", "role"])
def who(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture(scope="module")
def docker(accounts: Accounts, machine: Machine, who: str) -> Iterator[Client]:
    with running(DOCKER_28, prefix=machine.prefix()) as daemon:
        client = daemon.client(who)
        registry = accounts.image.partition("/")[0]
        client.run("login", "--username", "AWS", "--password-stdin", registry, stdin=accounts.passwords[who])
        yield client


@pytest.fixture
def principal(accounts: Accounts, who: str) -> Iterator[str]:
    yield {"user": f"arn:aws:iam::{OTHER}:user/puller", "role": accounts.role}[who]
    accounts.forbid()


def test_without_a_repository_policy_the_pull_is_refused(accounts: Accounts, docker: Client, principal: str) -> None:
    assert principal
    assert "403 Forbidden" in docker.refused("pull", accounts.image).said


def test_a_repository_policy_lets_the_other_account_pull(accounts: Accounts, docker: Client, principal: str) -> None:
    accounts.allow(principal)
    docker.run("pull", accounts.image)
    assert docker.run("run", "--rm", "--network=none", accounts.image).stdout == GREETING
    docker.run("rmi", accounts.image)


def test_when_the_policy_goes_the_next_pull_is_refused(accounts: Accounts, docker: Client, principal: str) -> None:
    accounts.allow(principal)
    docker.run("pull", accounts.image)
    docker.run("rmi", accounts.image)
    accounts.forbid()
    assert "403 Forbidden" in docker.refused("pull", accounts.image).said


def test_leave_for_somebody_else_is_none(accounts: Accounts, docker: Client, principal: str, who: str) -> None:
    assert principal
    accounts.allow({"role": f"arn:aws:iam::{OTHER}:user/puller", "user": accounts.role}[who])
    assert "403 Forbidden" in docker.refused("pull", accounts.image).said


def test_leave_to_pull_is_none_to_push(
    accounts: Accounts, docker: Client, principal: str, images: Samples, tmp_path: Path
) -> None:
    accounts.allow(principal)
    pushed = accounts.image.replace(":v1", ":v2")
    load(docker, images.scratch, pushed)
    assert "is not authorized to perform: ecr:InitiateLayerUpload" in docker.refused("push", pushed).said
    built = ("--network=none", "--push", "--tag", pushed, build_context(tmp_path, word="planted", run=False))
    docker.refused("buildx", "build", *built)
    assert accounts.ecr.list_images(repositoryName=NAME)["imageIds"][0]["imageTag"] == "v1"
    assert len(accounts.ecr.list_images(repositoryName=NAME)["imageIds"]) == 1
