"""Memory of a worker does not follow the size of what it is sent."""

import hashlib
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import pytest

from faults.conftest import REPOSITORY
from faults.rawclient import RawClient
from support.images import MEBIBYTE
from support.memory import held
from support.server import RunningServer

_EVERY: Final = 20  # pieces between two looks
_MOST: Final = 30_000_000
_PIECE: Final = bytes(range(256)) * (MEBIBYTE // 256)


def digest_of_pieces(count: int) -> str:
    whole = hashlib.sha256()
    for _ in range(count):
        whole.update(_PIECE)
    return f"sha256:{whole.hexdigest()}"


@pytest.mark.parametrize(
    "mebibytes", [pytest.param(1_908, id="2 GB"), pytest.param(5_120, id="5 GiB", marks=pytest.mark.nightly)]
)
def test_a_worker_holds_no_more_during_a_large_push(tmp_path: Path, mebibytes: int) -> None:
    seen: list[int] = []

    def layer(worker: int) -> Iterator[bytes]:
        for number in range(mebibytes):
            if number % _EVERY == 0:
                seen.append(held(worker))
            yield _PIECE

    with RunningServer(tmp_path / "data", settings={"MOORAGE_WORKERS": "1"}) as server:
        server.boto3("ecr").create_repository(repositoryName=REPOSITORY)
        (worker,) = server.worker_pids()
        with RawClient(server, server.password(), REPOSITORY) as client:
            upload, before = client.start(), held(worker)
            length = {"Content-Length": str(mebibytes * MEBIBYTE)}
            assert client.ask("PATCH", upload, layer(worker), headers=length).status == 201
            assert client.finish(upload, digest_of_pieces(mebibytes)).status == 201
            seen.append(held(worker))
        for blob in (tmp_path / "data").glob("blobs/*/*"):
            blob.unlink()  # pytest would keep its bytes for several runs
    assert max(seen) - before < _MOST
