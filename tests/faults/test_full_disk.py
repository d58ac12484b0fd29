"""A full disk is told in clear words, leaves reads working and loses nothing; once there is room, pushes work again."""

import os
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from botocore.exceptions import ClientError

from faults.conftest import REPOSITORY
from faults.rawclient import RawClient
from support.images import MEBIBYTE
from support.layers import digest_of, manifest_of
from support.server import RunningServer

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="only root can mount a small disk")

SMALL = os.urandom(2 * MEBIBYTE)
PART = os.urandom(6 * MEBIBYTE)
LARGE = os.urandom(60 * MEBIBYTE)
_DISK = 48  # MiB


@dataclass(frozen=True, slots=True)
class SmallDisk:
    """A server whose data folder is a small disk of its own, with one image on it."""

    server: RunningServer
    client: RawClient

    def fill(self) -> None:
        """Leave no room for a single byte."""
        with (self.server.data / "filler").open("ab", buffering=0) as filler:
            for size in (MEBIBYTE, 4096, 1):
                _write_all(filler.fileno(), bytes(size))

    def free(self) -> None:
        (self.server.data / "filler").unlink()

    def expect_image(self) -> None:
        assert self.client.get_manifest("v1").body == _manifest(SMALL)
        assert self.client.get_blob(digest_of(SMALL)).body == SMALL

    def push(self, tag: str, data: bytes) -> None:
        assert self.client.put_blob(data).status == 201
        assert self.client.put_manifest(tag, _manifest(data)).status == 201

    def restart(self) -> None:
        self.server.restart()
        self.client.close()


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[SmallDisk]:
    data = tmp_path / "data"
    data.mkdir()
    mount = ("mount", "-t", "tmpfs", "-o", f"size={_DISK}m,mode=0700", "tmpfs", data)
    subprocess.run(mount, check=True)  # noqa: S603 - ours
    try:
        with RunningServer(data) as server:
            server.boto3("ecr").create_repository(repositoryName=REPOSITORY)
            with RawClient(server, server.password(), REPOSITORY) as client:
                disk = SmallDisk(server, client)
                disk.push("v1", SMALL)
                yield disk
    finally:
        subprocess.run(("umount", data), check=True)  # noqa: S603, S607 - ours


def _manifest(data: bytes) -> bytes:
    return manifest_of(data, (data,)).encode()


def _write_all(handle: int, piece: bytes) -> None:
    try:
        while True:
            os.write(handle, piece)
    except OSError:
        return


def refused(error: ClientError) -> tuple[int, str]:
    return error.response["ResponseMetadata"]["HTTPStatusCode"], error.response["Error"]["Code"]


def test_a_layer_that_does_not_fit_is_refused_as_unavailable(disk: SmallDisk) -> None:
    answer = disk.client.put_blob(LARGE)
    assert (answer.status, b'"UNAVAILABLE"' in answer.body) == (503, True), answer


def test_a_layer_that_does_not_fit_gives_its_room_back(disk: SmallDisk) -> None:
    assert disk.client.put_blob(LARGE).status == 503
    disk.push("v2", PART)
    disk.expect_image()


def test_a_part_that_does_not_fit_leaves_the_upload_where_it_was(disk: SmallDisk) -> None:
    upload = disk.client.start()
    assert disk.client.send(upload, PART, first=0).status == 201
    assert disk.client.send(upload, LARGE, first=len(PART)).status == 503
    assert disk.client.ask("GET", upload).offset == len(PART)
    assert disk.client.send(upload, SMALL, first=len(PART)).status == 201
    assert disk.client.finish(upload, digest_of(PART + SMALL)).status == 201


def test_a_part_that_does_not_fit_is_refused_by_the_api(disk: SmallDisk) -> None:
    ecr = disk.server.boto3("ecr")
    upload = ecr.initiate_layer_upload(repositoryName=REPOSITORY)["uploadId"]
    disk.fill()
    with pytest.raises(ClientError) as error:
        ecr.upload_layer_part(
            repositoryName=REPOSITORY, uploadId=upload, partFirstByte=0, partLastByte=9, layerPartBlob=b"0123456789"
        )
    assert refused(error.value) == (503, "ServiceUnavailable")


def test_metadata_that_does_not_fit_is_refused_by_the_api(disk: SmallDisk) -> None:
    ecr = disk.server.boto3("ecr")
    disk.fill()
    with pytest.raises(ClientError) as error:
        ecr.create_repository(repositoryName="faults/more")
    assert refused(error.value) == (503, "ServiceUnavailable")


def test_what_is_there_can_be_pulled_from_a_full_disk(disk: SmallDisk) -> None:
    disk.fill()
    disk.expect_image()


def test_a_manifest_that_does_not_fit_is_refused_as_unavailable_and_cannot_be_seen(disk: SmallDisk) -> None:
    disk.fill()
    answer = disk.client.put_manifest("v2", _manifest(SMALL))
    assert (answer.status, b'"UNAVAILABLE"' in answer.body) == (503, True), answer
    assert disk.client.get_manifest("v2").status == 404


def test_pushes_work_again_once_there_is_room(disk: SmallDisk) -> None:
    disk.fill()
    assert disk.client.put_manifest("v2", _manifest(SMALL)).status == 503
    disk.free()
    disk.push("v2", PART)


def test_nothing_is_lost_by_a_disk_that_was_full(disk: SmallDisk) -> None:
    upload = disk.client.start()
    assert disk.client.send(upload, PART, first=0).status == 201
    disk.fill()
    assert disk.client.put_manifest("v2", _manifest(SMALL)).status == 503
    disk.free()
    disk.restart()
    disk.expect_image()
    assert disk.client.finish(upload, digest_of(PART)).status == 201


def test_an_upload_that_could_not_be_finished_on_a_full_disk_can_be_finished_later(disk: SmallDisk) -> None:
    upload = disk.client.start()
    assert disk.client.send(upload, PART, first=0).status == 201
    disk.fill()
    assert disk.client.finish(upload, digest_of(PART)).status == 503
    disk.free()
    assert disk.client.finish(upload, digest_of(PART)).status == 201
