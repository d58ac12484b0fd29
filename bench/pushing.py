"""Pushing as docker does: look, open, send, finish, and the manifest last."""

from collections.abc import Generator
from urllib.parse import urlsplit

from bench.stock import REPOSITORY, Image, Large, blob_path, manifest_path
from bench.wire import Address, Answer, Ask, Script, ask, exchange, expect, head_of, send_stream

from support.images import OCI

_BYTES = {"Content-Type": "application/octet-stream"}
_MANIFEST = {"Content-Type": OCI.manifest}


def push_blob(address: Address, data: bytes, digest: str, repository: str = REPOSITORY) -> Generator[Ask, Answer, None]:
    """Push a blob unless it is there: HEAD, POST, PATCH, PUT."""
    found = yield ask(address, "HEAD", blob_path(digest, repository))
    if expect(found, 200, 404).status == 200:  # noqa: PLR2004  # the code for OK
        return
    opened = expect((yield ask(address, "POST", _opening(repository))), 202)
    sent = yield ask(address, "PATCH", location_of(opened), data, headers=_BYTES)
    place = finishing(location_of(expect(sent, 201, 202)), digest)
    expect((yield ask(address, "PUT", place)), 201)


def push_image(address: Address, image: Image, tag: str, repository: str = REPOSITORY) -> Script:
    for data, digest in zip(image.blobs, image.digests, strict=True):
        yield from push_blob(address, data, digest, repository)
    yield from put_manifest(address, image.manifest, tag, repository)


def put_manifest(address: Address, manifest: bytes, tag: str, repository: str = REPOSITORY) -> Script:
    expect((yield ask(address, "PUT", manifest_path(tag, repository), manifest, headers=_MANIFEST)), 201)


def push_large(address: Address, blob: Large) -> int:
    """Push a large blob in one PATCH on a connection of its own; gives its size."""
    digest = blob.digest  # before anything is sent
    with address.connect() as connection:
        opened = expect(exchange(connection, ask(address, "POST", _opening(REPOSITORY))), 202)
        head = head_of(address, "PATCH", location_of(opened), blob.size, _BYTES)
        sent = expect(send_stream(connection, head, blob.pieces()), 201, 202)
        place = finishing(location_of(sent), digest)
        expect(exchange(connection, ask(address, "PUT", place)), 201)
    return blob.size


def _opening(repository: str) -> str:
    return f"/v2/{repository}/blobs/uploads/"


def location_of(answer: Answer) -> str:
    found = urlsplit(answer.header("location"))
    return f"{found.path}?{found.query}" if found.query else found.path


def finishing(place: str, digest: str) -> str:
    return f"{place}{'&' if '?' in place else '?'}digest={digest}"
