"""The kubelet's exec protocol on a host that has joined: its key brings passwords of its own server's registries."""

import base64
import json
import subprocess
from pathlib import Path

import pytest

from moorage.cli import machinekey
from moorage.cli.machinekey import MachineKey, default_path
from protocol.machine import Machine, Registrar, new_role
from protocol.people import OTHER_ACCOUNT, Key, People
from support.kubernetes import VERSION, matches
from support.server import MOORAGE, RunningServer
from support.wire import Wire


@pytest.fixture
def registrar(server: RunningServer, wire: Wire, root: Key) -> Registrar:
    return Registrar(wire, server, root)


@pytest.fixture
def machine(registrar: Registrar, people: People) -> Machine:
    return registrar.machine(new_role(people))


@pytest.fixture
def key_file(machine: Machine, server: RunningServer, tmp_path: Path) -> Path:
    path = tmp_path / "machine.json"
    key = MachineKey(server.url, server.account_id, "us-east-1", machine.id, machine.key.id, machine.key.secret)
    machinekey.write(path, key, force=False)
    return path


def registry(server: RunningServer, account: str = "123456789012") -> str:
    return f"{account}.dkr.ecr.us-east-1.localhost:{server.port}"


def exchange(
    server: RunningServer, host: str, *options: str, variables: dict[str, str] | None = None, **members: object
) -> subprocess.CompletedProcess[str]:
    request = {"apiVersion": VERSION, "kind": "CredentialProviderRequest", "image": f"{host}/team/app:1", **members}
    return subprocess.run(  # noqa: S603  # every argument is written here
        [str(MOORAGE), "credential-provider", *options],
        input=json.dumps(request),
        env={**server.clean_environment(), **(variables or {})},
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )


def basic_of(server: RunningServer, done: subprocess.CompletedProcess[str], host: str) -> str:
    """Give the header of an answer's login, whose key has to match the image as the kubelet matches it."""
    assert (done.returncode, done.stderr) == (0, "")
    response = json.loads(done.stdout)
    ((pattern, login),) = response["auth"].items()
    assert matches(pattern, f"{host}/team/app:1")
    assert (response["cacheKeyType"], int(response["cacheDuration"].removesuffix("s")) > 0) == ("Registry", True)
    return base64.b64encode(f"{login['username']}:{server.secret(login['password'])}".encode()).decode()


@pytest.mark.parametrize("account", ["123456789012", OTHER_ACCOUNT])
def test_an_image_gets_a_password_of_the_machines_role(
    server: RunningServer, wire: Wire, key_file: Path, account: str
) -> None:
    host = registry(server, account)
    keys = {"AWS_ACCESS_KEY_ID": "AKIAEXAMPLE000000000", "AWS_SECRET_ACCESS_KEY": "wrong", "AWS_REGION": "ap-east-1"}
    done = exchange(server, host, f"--machine-key={key_file}", variables=keys)
    headers = {"authorization": f"Basic {basic_of(server, done, host)}"}
    assert wire.ask("GET", "/v2/", headers).status == 200


def test_the_name_that_the_server_gives_its_own_registry_gets_one_too(server: RunningServer, key_file: Path) -> None:
    host = f"localhost:{server.port}"
    basic_of(server, exchange(server, host, "--machine-key", str(key_file)), host)


def test_without_a_file_it_is_the_usual_one(server: RunningServer) -> None:
    done = exchange(server, registry(server), "--machine-key", variables={"HOME": "/nowhere"})
    where = "/etc/moorage/machine.json" if default_path().is_relative_to("/etc") else "/nowhere/.config/moorage"
    assert (done.returncode, done.stdout, f"there is no machine key in {where}" in done.stderr) == (1, "", True)


@pytest.mark.parametrize(
    "host",
    [
        "123456789012.dkr.ecr.us-east-1.evil.example:{port}",
        "123456789012.dkr.ecr.us-east-1.localhost.evil.example:{port}",
        "123456789012.dkr.ecr.us-east-1.evil.localhost:{port}",
        "123456789012.dkr.ecr.us-east-1.localhost",
        "123456789012.dkr.ecr.us-east-1.localhost:1",
        "12345.dkr.ecr.us-east-1.localhost:{port}",
        "api.ecr.us-east-1.localhost:{port}",
        "127.0.0.1:{port}",
        "docker.io",
    ],
)
def test_a_host_that_is_no_registry_of_the_machines_server_gets_nothing(
    server: RunningServer, key_file: Path, host: str
) -> None:
    done = exchange(server, host.format(port=server.port), f"--machine-key={key_file}")
    assert (done.returncode, done.stdout, "is no registry of the machine's server" in done.stderr) == (1, "", True)


def test_a_pod_does_not_pull_with_the_rights_of_its_node(server: RunningServer, key_file: Path) -> None:
    done = exchange(server, registry(server), f"--machine-key={key_file}", serviceAccountToken="hush")
    assert (done.returncode, done.stdout, "leave tokenAttributes out" in done.stderr) == (1, "", True)
    assert "hush" not in done.stderr


@pytest.mark.parametrize("option", ["--endpoint-url=http://127.0.0.1:9", "--role-arn=arn:aws:iam::1:role/r"])
def test_the_key_says_which_server_and_which_role(server: RunningServer, key_file: Path, option: str) -> None:
    done = exchange(server, registry(server), f"--machine-key={key_file}", option)
    assert (done.returncode, done.stdout, "leave --endpoint-url and --role-arn out" in done.stderr) == (1, "", True)


def test_a_machine_that_is_revoked_gets_nothing(
    server: RunningServer, registrar: Registrar, machine: Machine, key_file: Path
) -> None:
    registrar.own("RevokeInstance", instanceId=machine.id)
    done = exchange(server, registry(server), f"--machine-key={key_file}")
    assert (done.returncode, done.stdout, done.stderr.count("\n")) == (1, "", 1)
    assert machine.key.secret not in done.stderr


def test_a_role_that_may_get_no_password_is_told(
    server: RunningServer, people: People, machine: Machine, key_file: Path
) -> None:
    deny = {"Version": "2012-10-17", "Statement": {"Effect": "Deny", "Action": "ecr:*", "Resource": "*"}}
    role = machine.fetch().role_name
    people.iam.put_role_policy(RoleName=role, PolicyName="deny", PolicyDocument=json.dumps(deny))
    done = exchange(server, registry(server), f"--machine-key={key_file}")
    assert (done.returncode, done.stdout, "ecr:GetAuthorizationToken" in done.stderr) == (1, "", True)
