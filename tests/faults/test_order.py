"""In which order things become durable, as the kernel sees it: no answer goes out before its promise is kept."""

import re
from pathlib import Path

import pytest

from faults.conftest import REPOSITORY
from faults.rawclient import RawClient
from faults.systemcalls import exchanges, traced
from support.images import MEBIBYTE
from support.layers import digest_of, manifest_of
from support.server import MOORAGE, RunningServer, wait_until

BLOB = b"of the blob that is sent whole" * 50_000
PART = b"of the blob that is sent in parts" * (6 * MEBIBYTE // 32)
SMALL, OTHER = b"few bytes", b"and others"
PUBLISHED = ["draft synced", "renamed", "folder synced", "transaction", "log synced", "201"]


@pytest.fixture(scope="module")
def order(tmp_path_factory: pytest.TempPathFactory) -> list[list[str]]:
    """Push an image to a traced server; returns what it did for each request."""
    folder = tmp_path_factory.mktemp("order")
    trace = folder / "trace"
    with RunningServer(
        folder / "data", settings={"MOORAGE_WORKERS": "1"}, command=(*traced(trace), MOORAGE, "serve")
    ) as server:
        server.boto3("ecr").create_repository(repositoryName=REPOSITORY)
        with RawClient(server, server.password(), REPOSITORY) as client:
            _push(client)
        pid = server.pid
    wait_until(lambda: _is_over(trace, pid))
    return exchanges(trace)


def _push(client: RawClient) -> None:
    whole = f"{client.prefix}/blobs/uploads/?digest={digest_of(BLOB)}"
    assert client.ask("POST", whole, [BLOB], headers=_length(BLOB)).status == 201
    upload = client.start()
    assert client.send(upload, PART, first=0).status == 201
    assert client.finish(upload, digest_of(PART + BLOB), BLOB).status == 201
    assert client.put_manifest("v1", manifest_of(BLOB, (PART + BLOB,)).encode()).status == 201
    _push_small(client)


def _push_small(client: RawClient) -> None:
    upload = client.start()
    assert client.ask("PATCH", upload, [SMALL], headers=_length(SMALL)).status == 201
    assert client.finish(upload, digest_of(SMALL), b"").status == 201
    whole = f"{client.prefix}/blobs/uploads/?digest={digest_of(OTHER)}"
    assert client.ask("POST", whole, [OTHER], headers=_length(OTHER)).status == 201


def _length(data: bytes) -> dict[str, str]:
    return {"Content-Length": str(len(data))}


def _is_over(trace: Path, pid: int) -> bool:
    # strace pads a short process id with blanks.
    return (
        re.search(rf"^{pid} +\+\+\+ exited", trace.read_text(encoding="utf-8", errors="replace"), re.MULTILINE)
        is not None
    )


def test_a_blob_in_one_request_is_kept_before_it_is_answered(order: list[list[str]]) -> None:
    assert order[0] == ["POST", "draft written", *PUBLISHED]


def test_an_upload_is_opened_without_a_write(order: list[list[str]]) -> None:
    assert order[1] == ["POST", "202"]


def test_a_part_is_kept_before_it_is_answered(order: list[list[str]]) -> None:
    kept = ["draft written", "draft synced", "transaction", "log synced"]
    assert order[2] == ["PATCH", "transaction", "log synced", *kept, "201"]


def test_a_small_part_is_kept_before_it_is_answered(order: list[list[str]]) -> None:
    assert order[6] == ["PATCH", "transaction", "log synced", "201"]


def test_a_small_blob_is_kept_before_it_is_answered(order: list[list[str]]) -> None:
    assert order[7:] == [["PUT", "transaction", "log synced", "201"], ["POST", "transaction", "log synced", "201"]]


def test_a_finished_upload_is_kept_before_it_is_answered_and_never_read_again(order: list[list[str]]) -> None:
    assert order[3] == ["PUT", "draft written", *PUBLISHED]


def test_a_manifest_its_tag_and_its_event_are_one_transaction_kept_before_the_answer(order: list[list[str]]) -> None:
    assert order[4] == ["PUT", "transaction", "log synced", "201"]
