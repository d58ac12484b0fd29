"""``--tls auto``: the registry vouches for itself, and clients that were told so, and no others, believe it.

Docker takes any certificate of a server on loopback, so that what it accepts proves nothing; only since 28, and with
the store of containerd, does it verify there too.
"""

import contextlib
import socket
import ssl
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from support import clients, containerd
from support.aws import AwsCli
from support.clients import Client, Finished, run
from support.containerd import CONTAINERD_1
from support.docker import DOCKER_28, build_context, load, running
from support.images import Samples
from support.machine import Machine
from support.server import MOORAGE, RunningServer

REPOSITORY = "team/app"
UNKNOWN = "certificate signed by unknown authority"


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningServer]:
    with RunningServer(tmp_path_factory.mktemp("server") / "data", settings={"MOORAGE_TLS": "auto"}) as running:
        yield running


@pytest.fixture(scope="module")
def told(server: RunningServer) -> str:
    """Give what ``moorage trust`` says."""
    return run((MOORAGE, "trust"), env=server.clean_environment()).stdout


@pytest.fixture(scope="module")
def trusting(told: str, tmp_path_factory: pytest.TempPathFactory) -> Machine:
    """Do on a machine exactly what is printed."""
    commands = [line.strip() for line in told.splitlines() if line.startswith("    ")]
    return Machine.make(tmp_path_factory.mktemp("trusting"), commands)


@pytest.fixture(scope="module")
def doubting(told: str, tmp_path_factory: pytest.TempPathFactory) -> Machine:
    """Make a machine where the names resolve, and nobody vouches for the server."""
    commands = [line.strip() for line in told.splitlines() if "/etc/hosts" in line]
    return Machine.make(tmp_path_factory.mktemp("doubting"), commands)


@pytest.fixture(scope="module")
def aws(server: RunningServer, trusting: Machine, tmp_path_factory: pytest.TempPathFactory) -> AwsCli:
    """Run the AWS CLI with what ``moorage env`` exports."""
    return AwsCli(trusting.client(AwsCli.of(tmp_path_factory.mktemp("aws"), server.environment()).client))


@pytest.fixture(scope="module")
def repository(aws: AwsCli) -> str:
    return str(aws.ask("repository.repositoryUri", "ecr", "create-repository", "--repository-name", REPOSITORY))


@pytest.fixture(scope="module")
def registry(repository: str) -> str:
    return repository.removesuffix(f"/{REPOSITORY}")


@pytest.fixture(scope="module")
def password(aws: AwsCli, server: RunningServer) -> str:
    return server.secret(aws.login_password())


def test_the_server_prints_how_it_is_trusted(server: RunningServer, told: str) -> None:
    assert told.strip() in server.log()


def test_the_registry_has_the_name_it_has_at_ecr(registry: str, server: RunningServer) -> None:
    assert registry == f"123456789012.dkr.ecr.us-east-1.localhost:{server.port}"


def test_the_aws_cli_refuses_what_nobody_vouches_for(aws: AwsCli, repository: str) -> None:
    assert repository
    bare = {name: value for name, value in aws.client.environment.items() if name != "AWS_CA_BUNDLE"}
    refused = AwsCli(replace(aws.client, environment=bare)).refused("ecr", "describe-repositories")
    assert "SSL validation failed" in refused.said


def login(client: Client, registry: str, password: str) -> Finished:
    return client.run("login", "--username", "AWS", "--password-stdin", registry, stdin=password)


@pytest.mark.parametrize("name", ["skopeo", "podman"])
def test_podman_and_its_kin_refuse_what_nobody_vouches_for(
    doubting: Machine, password: str, registry: str, tmp_path: Path, name: str
) -> None:
    client = doubting.client(getattr(clients, name)(tmp_path / "home"))
    refused = client.refused("login", "--username", "AWS", "--password-stdin", registry, stdin=password)
    assert UNKNOWN in refused.said


def test_podman_trusts_what_it_was_told_to(
    trusting: Machine, images: Samples, password: str, repository: str, tmp_path: Path
) -> None:
    home = tmp_path / "home"
    home.mkdir()
    podman, skopeo = trusting.client(clients.podman(home)), trusting.client(clients.skopeo(home))
    login(podman, repository.partition("/")[0], password)
    skopeo.run("copy", "--preserve-digests", images.layered.source, f"docker://{repository}:podman")
    pulled = podman.run("pull", f"docker://{repository}:podman").stdout
    assert podman.run("image", "inspect", pulled.strip(), "--format", "{{.Digest}}").stdout.strip() == (
        images.layered.digest
    )


def test_docker_refuses_what_nobody_vouches_for_and_trusts_what_it_was_told_to(  # noqa: PLR0913, PLR0917 - fixtures
    doubting: Machine, trusting: Machine, images: Samples, password: str, repository: str, tmp_path: Path
) -> None:
    registry, reference = repository.partition("/")[0], f"{repository}:docker"
    with running(DOCKER_28, prefix=doubting.prefix()) as daemon:
        docker = daemon.client("doubting")
        load(docker, images.scratch, reference)
        login(docker, registry, password)  # which proves nothing: the daemon's login takes any server on loopback
        assert UNKNOWN in docker.refused("push", reference).said
    with running(DOCKER_28, prefix=trusting.prefix()) as daemon:
        docker = daemon.client("trusting")
        login(docker, registry, password)
        docker.run("build", "--network=none", "--tag", reference, build_context(tmp_path / "context", word="trusted"))
        docker.run("push", reference)
        docker.run("rmi", reference)
        assert "trusted" in docker.run("run", "--rm", "--network=none", reference).stdout


def test_containerd_refuses_what_nobody_vouches_for_and_trusts_what_it_was_told_to(  # noqa: PLR0913, PLR0917 - fixtures
    doubting: Machine, trusting: Machine, images: Samples, password: str, repository: str, tmp_path: Path
) -> None:
    skopeo = trusting.client(clients.skopeo(tmp_path / "home"))
    login(skopeo, repository.partition("/")[0], password)
    skopeo.run("copy", "--preserve-digests", images.layered.source, f"docker://{repository}:containerd")
    wanted = ("--hosts-dir", "/etc/containerd/certs.d", "--user", f"AWS:{password}", f"{repository}:containerd")
    with containerd.running(CONTAINERD_1) as ctr:
        assert UNKNOWN in doubting.client(ctr).refused("images", "pull", *wanted).said
        trusting.client(ctr).run("images", "pull", *wanted)
        assert images.layered.digest in ctr.run("images", "list").stdout
        missing = trusting.client(ctr).refused("images", "pull", *wanted[:-1], f"{repository}:none").said
        assert ("not found" in missing, UNKNOWN in missing) == (True, False)


@pytest.mark.parametrize(
    ("offered", "agreed"),
    [
        (["h2", "http/1.1"], "http/1.1"),
        (["http/1.1"], "http/1.1"),
        (["h2", "h3", "http/1.1", "x"], "http/1.1"),
        ([], None),
    ],
)
def test_http_1_1_is_what_is_agreed_on(server: RunningServer, offered: list[str], agreed: str | None) -> None:
    with agree(server, offered) as connection:
        assert connection.selected_alpn_protocol() == agreed
        connection.sendall(b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n")
        assert connection.recv(15) == b"HTTP/1.1 200 OK"


@pytest.mark.parametrize("offered", [["h2"], ["h3", "h2"]])
def test_nothing_else_is_agreed_on(server: RunningServer, offered: list[str]) -> None:
    with pytest.raises(ssl.SSLError, match="no application protocol"), agree(server, offered):
        pass


@pytest.mark.filterwarnings("ignore:ssl.TLSVersion:DeprecationWarning")
@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1, ssl.TLSVersion.TLSv1_1])
def test_old_tls_is_not_spoken(server: RunningServer, version: ssl.TLSVersion) -> None:
    with (
        pytest.raises(ssl.SSLError, match=r"alert (protocol version|handshake failure)"),
        agree(server, [], newest=version),
    ):
        pass


@contextlib.contextmanager
def agree(
    server: RunningServer, offered: list[str], *, newest: ssl.TLSVersion = ssl.TLSVersion.TLSv1_3
) -> Iterator[ssl.SSLSocket]:
    """Connect as a client that speaks these protocols, the one it likes best first."""
    context = ssl.create_default_context(cafile=server.authority)
    if newest < ssl.TLSVersion.TLSv1_2:
        context.set_ciphers("ALL:@SECLEVEL=0")  # else this side would not offer what it asks for
    context.minimum_version, context.maximum_version = min(newest, ssl.TLSVersion.TLSv1_2), newest
    if offered:
        context.set_alpn_protocols(offered)
    with (
        socket.create_connection(("127.0.0.1", server.port), timeout=10) as plain,
        context.wrap_socket(plain, server_hostname="localhost") as connection,
    ):
        yield connection


def test_the_commands_of_the_server_reach_it(server: RunningServer) -> None:
    assert "ready: yes" in run((MOORAGE, "status"), env=server.clean_environment()).stdout


def test_the_authority_stays_over_a_restart(server: RunningServer) -> None:
    assert server.authority is not None
    before = Path(server.authority).read_bytes()
    server.restart()
    assert Path(server.authority).read_bytes() == before
    assert server.boto3("sts").get_caller_identity()["Account"] == server.account_id
