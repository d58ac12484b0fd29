"""Moorage behind nginx, which speaks TLS for it: every address it gives out is one that works from outside."""

import contextlib
import socket
import ssl
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import boto3
import pytest
from botocore.client import BaseClient
from botocore.config import Config as ClientConfig

from protocol.people import Key, root_of
from protocol.registry import MIB, Registry
from support.clients import ClientMissing
from support.layers import digest_of
from support.server import RunningServer, wait_until
from support.wire import Wire

NGINX, OPENSSL = Path("/usr/sbin/nginx"), Path("/usr/bin/openssl")
DOMAIN = "registry.localhost"
LAYER = bytes(range(256)) * 4096
CONFIGURATION = """
daemon off; master_process off; worker_processes 1; pid {folder}/pid; error_log {folder}/error.log;
events {{ worker_connections 64; }}
http {{
  access_log off;
  client_body_temp_path {folder}/a; proxy_temp_path {folder}/b; fastcgi_temp_path {folder}/c;
  uwsgi_temp_path {folder}/d; scgi_temp_path {folder}/e;
  server {{
    listen 127.0.0.1:{port} ssl reuseport;
    ssl_certificate {folder}/cert.pem; ssl_certificate_key {folder}/key.pem;
    client_max_body_size 0;
    location / {{
      proxy_pass http://{behind};
      proxy_http_version 1.1; proxy_request_buffering off; proxy_buffering off;
      proxy_set_header Host $http_host; proxy_set_header X-Forwarded-Proto https;
      proxy_set_header X-Forwarded-For $remote_addr; proxy_set_header X-Forwarded-Host $http_host;
    }}
  }}
}}
"""


@dataclass(frozen=True, slots=True)
class Front:
    """nginx, and the server behind it."""

    port: int
    certificate: Path
    server: RunningServer

    @property
    def registry(self) -> str:
        return f"123456789012.dkr.ecr.us-east-1.{DOMAIN}:{self.port}"

    def connect(self) -> Wire:
        context = ssl.create_default_context(cafile=str(self.certificate))
        return Wire(f"127.0.0.1:{self.port}", tls=context, name=DOMAIN)


def settings_for(port: int) -> dict[str, str]:
    return {"MOORAGE_TRUSTED_PROXIES": "127.0.0.1/32", "MOORAGE_DOMAIN": f"{DOMAIN}:{port}"}


@pytest.fixture(scope="module")
def front(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Front]:
    for program in (NGINX, OPENSSL):
        if not program.exists():
            raise ClientMissing(program)
    folder, behind = tmp_path_factory.mktemp("nginx"), tmp_path_factory.mktemp("behind") / "data"
    _make_certificate(folder)
    with _kept_port() as port, RunningServer(behind, settings=settings_for(port)) as server:
        written = CONFIGURATION.format(folder=folder, port=port, behind=server.host)
        (folder / "nginx.conf").write_text(written, encoding="utf-8")
        with _running(folder, port):
            yield Front(port, folder / "cert.pem", server)


@pytest.fixture(scope="module")
def key(front: Front) -> Key:
    return root_of(front.server)


@pytest.fixture(scope="module")
def outside(front: Front, key: Key) -> Iterator[BaseClient]:
    """Make a client of the API that knows the outer address alone."""
    client = boto3.client(
        "ecr",
        endpoint_url=f"https://127.0.0.1:{front.port}",
        region_name="us-east-1",
        aws_access_key_id=key.id,
        aws_secret_access_key=key.secret,
        verify=str(front.certificate),
        config=ClientConfig(retries={"total_max_attempts": 1}),
    )
    with contextlib.closing(client):
        client.create_repository(repositoryName="team/app")
        yield client


@pytest.fixture
def registry(front: Front, key: Key, outside: BaseClient) -> Iterator[Registry]:
    assert outside is not None
    with front.connect() as wire:
        wire.host = front.registry
        yield Registry(wire, key.password(front.server))


def test_the_challenge_names_the_outer_address(front: Front, registry: Registry) -> None:
    answer = registry.wire.ask("GET", "/v2/")
    assert f'realm="https://{front.registry}/"' in answer.header("www-authenticate")


def test_an_upload_goes_on_at_the_outer_address(front: Front, registry: Registry) -> None:
    location = registry.ask("POST", "team/app/blobs/uploads/").header("location")
    assert location.startswith(f"https://{front.registry}/v2/team/app/blobs/uploads/")
    assert registry.ask("PATCH", location, body=LAYER).status == 201


def test_an_image_goes_through_and_back(registry: Registry) -> None:
    manifest = registry.push("team/app", "v1", LAYER)
    assert registry.ask("GET", "team/app/manifests/v1").body == manifest
    assert registry.ask("GET", f"team/app/blobs/{digest_of(LAYER)}").body == LAYER


def test_a_range_goes_through(registry: Registry) -> None:
    registry.push("team/app", "v1", LAYER)
    answer = registry.ask("GET", f"team/app/blobs/{digest_of(LAYER)}", {"Range": f"bytes=-{MIB // 2}"})
    assert (answer.status, answer.body) == (206, LAYER[-MIB // 2 :])


def test_the_next_page_is_at_the_outer_address(front: Front, registry: Registry) -> None:
    body = registry.push("team/app", "v1", LAYER)
    registry.put_manifest("team/app", "v2", body)
    link = registry.ask("GET", "team/app/tags/list?n=1").header("link")
    assert link.startswith(f"<https://{front.registry}/v2/team/app/tags/list?")


def test_a_repositorys_address_is_the_outer_one(front: Front, outside: BaseClient) -> None:
    found = outside.describe_repositories(repositoryNames=["team/app"])["repositories"][0]
    assert found["repositoryUri"] == f"{front.registry}/team/app"


def test_the_place_to_log_in_is_the_outer_one(front: Front, outside: BaseClient) -> None:
    data = outside.get_authorization_token()["authorizationData"][0]
    assert data["proxyEndpoint"] == f"https://{front.registry}"
    front.server.secret(data["authorizationToken"])


def test_a_layers_link_is_at_the_outer_address_and_works(front: Front, registry: Registry, outside: BaseClient) -> None:
    registry.push("team/app", "v1", LAYER)
    url = outside.get_download_url_for_layer(repositoryName="team/app", layerDigest=digest_of(LAYER))["downloadUrl"]
    assert url.startswith(f"https://{front.registry}/layers/")
    assert registry.wire.ask("GET", "/" + url.split("/", 3)[3]).body == LAYER


def test_a_client_cannot_tell_the_server_that_it_came_otherwise(front: Front, registry: Registry) -> None:
    lies = {"X-Forwarded-Host": "evil.example", "X-Forwarded-Proto": "http"}
    location = registry.ask("POST", "team/app/blobs/uploads/", lies).header("location")
    assert location.startswith(f"https://{front.registry}/")


def _make_certificate(folder: Path) -> None:
    names = f"subjectAltName=DNS:{DOMAIN},IP:127.0.0.1"
    subprocess.run(  # noqa: S603  # every argument is written here
        [
            *(OPENSSL, "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"),
            *("-days", "2", "-subj", f"/CN={DOMAIN}", "-addext", names),
            *("-keyout", folder / "key.pem", "-out", folder / "cert.pem"),
        ],
        check=True,
        capture_output=True,
    )


@contextlib.contextmanager
def _kept_port() -> Iterator[int]:
    """Find a free port, and keep it for nginx, which shares it: nobody else gets it meanwhile."""
    with socket.socket() as kept:
        kept.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        kept.bind(("127.0.0.1", 0))
        yield int(kept.getsockname()[1])


@contextlib.contextmanager
def _running(folder: Path, port: int) -> Iterator[None]:
    process = subprocess.Popen(  # noqa: S603  # every argument is written here
        [NGINX, "-p", folder, "-c", folder / "nginx.conf", "-e", folder / "error.log"],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        wait_until(lambda: _listens(port))
        yield
    finally:
        process.terminate()
        process.wait()


def _listens(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0
