"""A server that speaks TLS itself: its names are shaped as ECR's, and clients that know its authority use them."""

import contextlib
import http.client
import os
import shlex
import socket
import ssl
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from clients.certificates import API, REGISTRY, Certificates
from support import clients
from support.aws import AwsCli
from support.clients import Client, clean_environment
from support.images import Samples
from support.server import RunningServer

REPOSITORY = "team/app"


def where_names_resolve(client: Client, folder: Path) -> Client:
    """Give a client an /etc/hosts of its own: glibc does not resolve the names under localhost."""
    hosts, script = folder / "hosts", folder / client.program.name
    hosts.write_text(f"127.0.0.1 localhost {REGISTRY} {API}\n", encoding="utf-8")
    namespace = "--mount" if os.geteuid() == 0 else "--mount --map-root-user"
    inside = f'mount --bind {shlex.quote(str(hosts))} /etc/hosts && exec "$@"'
    program = shlex.quote(str(client.program))
    script.write_text(
        f'#!/bin/sh\nexec unshare {namespace} sh -c {shlex.quote(inside)} sh {program} "$@"\n', encoding="utf-8"
    )
    script.chmod(0o700)
    return replace(client, program=script)


@pytest.fixture(scope="module")
def certificates(tmp_path_factory: pytest.TempPathFactory) -> Certificates:
    folder = tmp_path_factory.mktemp("certificates")
    return Certificates.make(folder, clean_environment(folder))


@pytest.fixture(scope="module")
def server(certificates: Certificates, tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningServer]:
    settings = {"MOORAGE_TLS_CERT": str(certificates.chain), "MOORAGE_TLS_KEY": str(certificates.key)}
    with RunningServer(tmp_path_factory.mktemp("server") / "data", settings=settings) as running:
        yield running


@pytest.fixture(scope="module")
def doubting_aws(server: RunningServer, tmp_path_factory: pytest.TempPathFactory) -> AwsCli:
    """Run the AWS CLI where the registry's names resolve, but nobody vouches for it."""
    folder = tmp_path_factory.mktemp("aws")
    return AwsCli(where_names_resolve(AwsCli.of(folder, server.environment()).client, folder))


@pytest.fixture(scope="module")
def aws(doubting_aws: AwsCli, certificates: Certificates) -> AwsCli:
    client = doubting_aws.client
    trusting = {**client.environment, "AWS_CA_BUNDLE": str(certificates.authority)}
    return AwsCli(replace(client, environment=trusting))


@pytest.fixture(scope="module")
def password(aws: AwsCli, server: RunningServer) -> str:
    return server.secret(aws.login_password())


@pytest.fixture(scope="module")
def registry(server: RunningServer) -> str:
    return f"{REGISTRY}:{server.port}"


@pytest.fixture(scope="module")
def repository(aws: AwsCli) -> str:
    created = aws.ask("repository.repositoryUri", "ecr", "create-repository", "--repository-name", REPOSITORY)
    return str(created)


@pytest.fixture
def doubting_skopeo(tmp_path: Path) -> Client:
    """Run skopeo where the registry's names resolve, but nobody vouches for it."""
    return where_names_resolve(clients.skopeo(tmp_path / "home"), tmp_path)


@pytest.fixture
def skopeo(doubting_skopeo: Client, certificates: Certificates, password: str, registry: str) -> Client:
    trusting = {**doubting_skopeo.environment, "SSL_CERT_FILE": str(certificates.authority)}
    client = replace(doubting_skopeo, environment=trusting)
    client.run("login", "--username", "AWS", "--password-stdin", registry, stdin=password)
    return client


def test_a_repository_has_the_name_it_has_at_ecr(repository: str, registry: str) -> None:
    assert repository == f"{registry}/{REPOSITORY}"


def test_the_registry_is_named_with_https(aws: AwsCli, registry: str) -> None:
    endpoint = aws.ask("authorizationData[0].proxyEndpoint", "ecr", "get-authorization-token")
    assert endpoint == f"https://{registry}"


def test_what_is_pushed_is_pulled(skopeo: Client, images: Samples, repository: str, tmp_path: Path) -> None:
    skopeo.run("copy", "--preserve-digests", images.layered.source, f"docker://{repository}:v1")
    skopeo.run("copy", "--preserve-digests", f"docker://{repository}:v1", f"dir:{tmp_path / 'pulled'}")
    assert (tmp_path / "pulled" / "manifest.json").read_bytes() == images.layered.manifest


def test_what_is_pushed_is_described(skopeo: Client, aws: AwsCli, images: Samples, repository: str) -> None:
    skopeo.run("copy", "--preserve-digests", images.scratch.source, f"docker://{repository}:v2")
    digest = aws.ask(
        "imageDetails[0].imageDigest",
        *("ecr", "describe-images", "--repository-name", REPOSITORY, "--image-ids", "imageTag=v2"),
    )
    assert digest == images.scratch.digest


def test_a_layer_is_fetched_by_its_signed_address(
    skopeo: Client, aws: AwsCli, images: Samples, repository: str, certificates: Certificates
) -> None:
    skopeo.run("copy", "--preserve-digests", images.layered.source, f"docker://{repository}:v3")
    layer = images.layered.layers[0].digest
    asked = ("--repository-name", REPOSITORY, "--layer-digest", layer)
    address = urlsplit(str(aws.ask("downloadUrl", "ecr", "get-download-url-for-layer", *asked)))
    trusting = ssl.create_default_context(cafile=certificates.authority)
    with contextlib.closing(http.client.HTTPSConnection("localhost", address.port, context=trusting)) as connection:
        connection.request("GET", f"{address.path}?{address.query}")
        assert (address.scheme, connection.getresponse().read()) == ("https", images.layered.blob(layer))


def test_skopeo_refuses_a_server_that_nobody_vouches_for(doubting_skopeo: Client, password: str, registry: str) -> None:
    refused = doubting_skopeo.refused("login", "--username", "AWS", "--password-stdin", registry, stdin=password)
    assert "certificate signed by unknown authority" in refused.said


def test_the_aws_cli_refuses_a_server_that_nobody_vouches_for(doubting_aws: AwsCli) -> None:
    assert "SSL validation failed" in doubting_aws.refused("ecr", "describe-repositories").said


def test_boto3_is_served_by_an_address_in_the_certificate(server: RunningServer) -> None:
    assert server.boto3("sts").get_caller_identity()["Account"] == server.account_id


def test_plain_http_is_not_answered(server: RunningServer) -> None:
    with socket.create_connection(("127.0.0.1", server.port), timeout=10) as connection:
        connection.sendall(b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n")
        assert b"HTTP/" not in received(connection)


def received(connection: socket.socket) -> bytes:
    """Take what comes until the server hangs up."""
    found = b""
    with contextlib.suppress(ConnectionResetError):
        while piece := connection.recv(1024):
            found += piece
    return found
