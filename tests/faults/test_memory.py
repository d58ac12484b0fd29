"""Memory stays flat whatever a layer's size."""

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from faults.conftest import REPOSITORY
from faults.rawclient import RawClient
from support.images import MEBIBYTE, OCI
from support.layers import digest_of
from support.server import RunningServer

MEBIBYTES = 600
MOST = 30 * 1024  # KiB
_MANIFEST = (
    f'{{"schemaVersion":2,"mediaType":"{OCI.manifest}",'
    f'"config":{{"mediaType":"{OCI.config}","digest":"{digest_of(b"{}")}","size":2}},'
    f'"layers":[{{"mediaType":"{OCI.layer}","digest":"%s","size":{MEBIBYTES * MEBIBYTE}}}]}}'
)


@dataclass(frozen=True, slots=True)
class Large:
    """A server with one worker that received a large layer, and the most memory it had before."""

    client: RawClient
    worker: int
    digest: str
    before: int

    @property
    def grown(self) -> int:
        return peak(self.worker) - self.before


def peak(pid: int) -> int:
    """Give the most memory a process ever had at once, in KiB."""
    lines = Path(f"/proc/{pid}/status").read_text(encoding="utf-8").splitlines()
    (line,) = (line for line in lines if line.startswith("VmHWM:"))
    return int(line.split()[1])


@pytest.fixture(scope="module")
def large(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Large]:
    data = tmp_path_factory.mktemp("memory") / "data"
    with RunningServer(data, settings={"MOORAGE_WORKERS": "1"}) as server:
        server.boto3("ecr").create_repository(repositoryName=REPOSITORY)
        (worker,) = server.worker_pids()
        with RawClient(server, server.password(), REPOSITORY) as client:
            before = peak(worker)
            yield Large(client, worker, _upload(client), before)
    for blob in data.glob("blobs/*/*"):
        blob.unlink()  # pytest would keep it for several runs


def _upload(client: RawClient) -> str:
    upload, whole = client.start(), hashlib.sha256()

    def layer() -> Iterator[bytes]:
        for number in range(MEBIBYTES):
            piece = number.to_bytes(4, "big") * (MEBIBYTE // 4)
            whole.update(piece)
            yield piece

    assert client.ask("PATCH", upload, layer()).offset == MEBIBYTES * MEBIBYTE
    digest = f"sha256:{whole.hexdigest()}"
    assert client.finish(upload, digest).status == 201
    return digest


def _download(client: RawClient, digest: str) -> int:
    """Fetch a blob, forget its bytes, and count them."""
    size = 0
    with client.begin("GET", f"{client.prefix}/blobs/{digest}", {"Connection": "close"}, b"") as connection:
        while piece := connection.recv(MEBIBYTE):
            size += len(piece)
    return size


def test_a_large_layer_that_comes_in_takes_no_more_memory_than_a_small_one(large: Large) -> None:
    assert large.grown < MOST


def test_a_large_layer_that_goes_out_takes_no_more_memory_than_a_small_one(large: Large) -> None:
    assert large.client.put_blob(b"{}").status == 201
    assert large.client.put_manifest("v1", (_MANIFEST % large.digest).encode()).status == 201
    assert _download(large.client, large.digest) > MEBIBYTES * MEBIBYTE  # with its head
    assert large.grown < MOST
