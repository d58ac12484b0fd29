"""Independent clients that insist on HTTPS: helm's SDK, python-dxf, oras-py and ch-image."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from support import clients
from support.clients import PYTHON_CLIENTS, Client, clean_environment
from support.images import Samples
from support.server import RunningServer

_ORAS = """
import sys, oras.client
host, password, target, file, out = sys.argv[1:]
client = oras.client.OrasClient(hostname=host, tls_verify=True, auth_backend="basic")
client.login(hostname=host, username="AWS", password=password)
client.push(target=target, files=[file], disable_path_validation=True)
client.pull(target=target, outdir=out)
print(*client.get_tags(target.rpartition(":")[0]))
"""
_HELM = """
import sys, helm_python as helm
host, password, chart, out = sys.argv[1:]
package = helm.package(chart, destination=out, version="0.1.0")
with helm.RegistryClient(credentials_file=f"{out}/credentials.json") as client:
    client.login(host, "AWS", password)
    client.push(package, f"oci://{host}/charts")
    print(*client.tags(f"{host}/charts/mychart"))
    client.pull(f"oci://{host}/charts/mychart", version="0.1.0", destination=f"{out}/pulled")
"""


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningServer]:
    with RunningServer(tmp_path_factory.mktemp("server") / "data", settings={"MOORAGE_TLS": "auto"}) as running:
        ecr = running.boto3("ecr")
        for name in ("charts/mychart", "dxf/blobs", "oras/files", "charlie/app"):
            ecr.create_repository(repositoryName=name)
        yield running


@pytest.fixture(scope="module")
def registry(server: RunningServer) -> str:
    return f"localhost:{server.port}"


@pytest.fixture(scope="module")
def password(server: RunningServer) -> str:
    return server.password()


@pytest.fixture
def environment(server: RunningServer, tmp_path: Path) -> dict[str, str]:
    authority = str(server.authority)
    return clean_environment(tmp_path / "home", REQUESTS_CA_BUNDLE=authority, SSL_CERT_FILE=authority)


def test_oras_py(environment: dict[str, str], registry: str, password: str, tmp_path: Path) -> None:
    file, out = tmp_path / "file.txt", tmp_path / "out"
    file.write_text("depth: 4 fathoms\n", encoding="utf-8")
    python = Client(PYTHON_CLIENTS / "python", environment)
    said = python.run("-c", _ORAS, registry, password, f"{registry}/oras/files:v1", file, out).stdout
    assert [said.split()[-1], (out / "file.txt").read_text(encoding="utf-8")] == ["v1", "depth: 4 fathoms\n"]


def test_helm(environment: dict[str, str], registry: str, password: str, tmp_path: Path) -> None:
    chart = tmp_path / "mychart"
    (chart / "templates").mkdir(parents=True)
    (tmp_path / "out" / "pulled").mkdir(parents=True)
    (chart / "Chart.yaml").write_text("apiVersion: v2\nname: mychart\nversion: 0.1.0\n", encoding="utf-8")
    (chart / "templates" / "map.yaml").write_text("apiVersion: v1\nkind: ConfigMap\n", encoding="utf-8")
    python = Client(PYTHON_CLIENTS / "python", environment)
    said = python.run("-c", _HELM, registry, password, chart, tmp_path / "out").stdout
    packed, pulled = (tmp_path / "out" / name for name in ("mychart-0.1.0.tgz", "pulled/mychart-0.1.0.tgz"))
    assert [said.split(), pulled.read_bytes()] == [["0.1.0"], packed.read_bytes()]


def test_python_dxf(
    environment: dict[str, str], server: RunningServer, registry: str, password: str, tmp_path: Path
) -> None:
    file = tmp_path / "file.txt"
    file.write_text("depth: 5 fathoms\n", encoding="utf-8")
    told = {"DXF_HOST": registry, "DXF_TLSVERIFY": str(server.authority), "DXF_USERNAME": "AWS"}
    dxf = Client(PYTHON_CLIENTS / "dxf", environment | told | {"DXF_PASSWORD": password})
    dxf.run("push-blob", "dxf/blobs", file, "@one")
    assert dxf.run("list-aliases", "dxf/blobs").stdout.split() == ["one"]
    assert dxf.run("pull-blob", "dxf/blobs", "@one").stdout == "depth: 5 fathoms\n"
    assert "dxf/blobs" in dxf.run("list-repos").stdout.split()


def test_ch_image(  # noqa: PLR0913, PLR0917 - fixtures
    environment: dict[str, str],
    server: RunningServer,
    images: Samples,
    registry: str,
    password: str,
    tmp_path: Path,
) -> None:
    skopeo = clients.skopeo(tmp_path / "skopeo")
    trusting = Client(skopeo.program, {**skopeo.environment, "SSL_CERT_FILE": str(server.authority)})
    reference = f"{registry}/charlie/app"
    asked = ("--dest-creds", f"AWS:{password}", images.layered.source, f"docker://{reference}:v1")
    trusting.run("copy", *asked)
    # Its own python has to be found before any other, and it asks for a name.
    own = {"PATH": "/usr/bin:/usr/sbin:/bin", "USER": "root", "CH_IMAGE_STORAGE": str(tmp_path / "storage")}
    credentials = {"CH_IMAGE_USERNAME": "AWS", "CH_IMAGE_PASSWORD": password}
    charlie = Client(Path("/usr/bin/ch-image"), environment | own | credentials)
    charlie.run("--auth", "--no-cache", "pull", f"{reference}:v1")
    charlie.run("--auth", "--no-cache", "push", f"{reference}:v1", f"{reference}:v2")
    assert trusting.run("inspect", "--creds", f"AWS:{password}", f"docker://{reference}:v2").stdout


def test_nobody_is_believed_without_the_authority(registry: str, password: str, tmp_path: Path) -> None:
    python = Client(PYTHON_CLIENTS / "python", clean_environment(tmp_path / "home"))
    (tmp_path / "file.txt").write_text("x", encoding="utf-8")
    asked = (registry, password, f"{registry}/oras/files:v2", tmp_path / "file.txt", tmp_path / "out")
    assert "CERTIFICATE_VERIFY_FAILED" in python.refused("-c", _ORAS, *asked).said
    assert not os.path.lexists(tmp_path / "out" / "file.txt")
