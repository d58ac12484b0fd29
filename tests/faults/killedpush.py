"""One push of four blobs that may be killed at any moment: what was sent, what was acknowledged, how it goes on."""

import random
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Final, Self

from faults.rawclient import PIECE, Answer, RawClient, pieces
from support.images import MEBIBYTE
from support.layers import digest_of, manifest_of

PART: Final = 5 * MEBIBYTE  # the least that another part may follow
_SIZES: Final = (PART + 1_500_000, 300_000, 140_000, 400)  # the last one is the config, and kept in the metadata
EXCHANGES: Final = ("open", "part", "part", "finish", "open", "finish", "open", "finish", "whole", "manifest")

Moment = Callable[[int, float], None]  # (which exchange, how much of its body is out)


@dataclass(frozen=True, slots=True)
class Image:
    """Four blobs unlike any other image's, their manifest and its tag; made anew from the seed whenever asked for."""

    tag: str
    blobs: tuple[bytes, ...]
    digests: tuple[str, ...]
    manifest: bytes

    @classmethod
    def of(cls, seed: int) -> Self:
        noise = random.Random(seed)  # noqa: S311 - must repeat
        blobs = tuple(noise.randbytes(size) for size in _SIZES)
        manifest = manifest_of(blobs[-1], blobs[:-1]).encode()
        return cls(f"round-{seed}", blobs, tuple(map(digest_of, blobs)), manifest)


@dataclass(slots=True)
class Push:
    """A push under way, and what the server has acknowledged of it."""

    image: Image
    moment: Moment
    acknowledged: set[str] = field(default_factory=set)
    tagged: bool = False
    upload: str = ""  # the path of the upload that is open
    offset: int = 0  # how far it is acknowledged
    current: int | None = None  # the exchange that has begun and has no answer
    _begun: int = 0

    @property
    def open_blob(self) -> int | None:
        """The blob whose bytes, or whose opening, the exchange under way is about."""
        return None if self.current is None else (0, 0, 0, 0, 1, 1, 2, 2, 3, None)[self.current]

    def is_finishing(self, blob: int) -> bool:
        return self.current is not None and self.open_blob == blob and EXCHANGES[self.current] in {"finish", "whole"}

    def run(self, client: RawClient) -> None:
        """Push everything, once.

        Raises:
            ConnectionLost

        """
        blobs = self.image.blobs
        self._open(client)
        for part in (blobs[0][:PART], blobs[0][PART:]):
            with self._exchange():
                # Without Content-Length: as docker streams a layer it compresses on the way.
                answer = client.ask("PATCH", self.upload, self._streamed(part))
                assert (answer.status, answer.offset) == (201, self.offset + len(part)), answer
                self.offset = answer.offset
        self._finish(client, 0, b"")
        for blob in (1, 2):
            self._open(client)
            self._finish(client, blob, blobs[blob])
        path = f"{client.prefix}/blobs/uploads/?digest={self.image.digests[3]}"
        with self._exchange():
            self._created(client.ask("POST", path, self._streamed(blobs[3]), headers=_length(blobs[3])), 3)
        with self._exchange():
            self.moment(len(EXCHANGES) - 1, 0.0)
            assert client.put_manifest(self.image.tag, self.image.manifest).status == 201
            self.tagged = True

    def _open(self, client: RawClient) -> None:
        self.upload, self.offset = "", 0
        with self._exchange() as number:
            self.moment(number, 0.0)
            self.upload = client.start()

    def _finish(self, client: RawClient, blob: int, rest: bytes) -> None:
        with self._exchange() as number:
            self.moment(number, 0.0)
            path = f"{self.upload}?digest={self.image.digests[blob]}"
            self._created(client.ask("PUT", path, self._streamed(rest), headers=_length(rest)), blob)
            self.upload = ""

    def _created(self, answer: Answer, blob: int) -> None:
        assert answer.status == 201, answer
        self.acknowledged.add(self.image.digests[blob])

    @contextmanager
    def _exchange(self) -> Iterator[int]:
        """Count an exchange; one that is lost stays the current one."""
        self.current = number = self._begun
        self._begun += 1
        yield number
        self.current = None

    def _streamed(self, data: bytes) -> Iterator[bytes]:
        number = self._begun - 1
        for position, piece in enumerate(pieces(data)):
            self.moment(number, position * PIECE / len(data))
            yield piece


def examine(client: RawClient, push: Push) -> None:
    """Look at what a killed push left: what was acknowledged is there, and nothing else can be seen."""
    for number, digest in enumerate(push.image.digests):
        status = client.look(digest)
        if digest in push.acknowledged:
            assert status == 200, f"blob {number} was acknowledged and is gone"
        elif not push.is_finishing(number):
            assert status == 404, f"blob {number} was never finished and can be seen"
    found = client.get_manifest(push.image.tag)
    if push.tagged:
        assert found.status == 200, "the tag was acknowledged and is gone"
    elif push.current != len(EXCHANGES) - 1:
        assert found.status == 404, "the tag was never put and can be seen"
    if found.status == 200:
        pull(client, push.image)


def go_on(client: RawClient, push: Push) -> None:
    """Finish a killed push where it stands, as a client does that comes back."""
    missing = [number for number, digest in enumerate(push.image.digests) if client.look(digest) != 200]
    for number in missing:
        data, digest = push.image.blobs[number], push.image.digests[number]
        if push.upload and number == push.open_blob:
            _resume(client, push, data, digest)
        else:
            assert client.put_blob(data).status == 201
    assert client.put_manifest(push.image.tag, push.image.manifest).status == 201
    pull(client, push.image)


def _resume(client: RawClient, push: Push, data: bytes, digest: str) -> None:
    """Go on with the open upload: at the acknowledged offset, or at the end of the part that was under way."""
    status = client.ask("GET", push.upload)
    assert status.status == 204, "the blob is not there, and its upload is gone"
    assert status.offset >= push.offset, "the upload forgot what it had acknowledged"
    if (rest := data[status.offset :]) and len(data) > PART:
        reached = client.send(push.upload, rest, first=status.offset)
        assert (reached.status, reached.offset) == (201, len(data)), reached
        rest = b""
    answer = client.finish(push.upload, digest, rest)
    assert answer.status == 201, answer


def pull(client: RawClient, image: Image) -> None:
    """Pull an image and compare it byte for byte."""
    assert client.get_manifest(image.tag).body == image.manifest
    for blob, digest in zip(image.blobs, image.digests, strict=True):
        assert client.get_blob(digest).body == blob, f"{digest} of {image.tag} is not what was pushed"


def _length(data: bytes) -> dict[str, str]:
    return {"Content-Length": str(len(data))}
