"""What lies in each registry before anything is measured: the same bytes in all of them."""

import hashlib
import json
import os
import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Final

from support.images import OCI
from support.layers import digest_of

REPOSITORY: Final = "bench/app"
MANY: Final = "bench/many"
TAG: Final = "v1"
_PIECE: Final = 1024 * 1024


@dataclass(frozen=True)
class Large:
    """A blob too large to be held in memory: a salt, then one piece again and again."""

    salt: bytes
    size: int
    piece: bytes

    @classmethod
    def new(cls, size: int) -> "Large":
        return cls(os.urandom(16), size, os.urandom(min(_PIECE, size)))

    @cached_property
    def digest(self) -> str:
        whole = hashlib.sha256()
        for piece in self.pieces():
            whole.update(piece)
        return f"sha256:{whole.hexdigest()}"

    def pieces(self) -> Iterator[memoryview]:
        yield memoryview(self.salt)
        left, piece = self.size - len(self.salt), memoryview(self.piece)
        while left > 0:
            yield piece[:left]
            left -= len(piece)


@dataclass(frozen=True, slots=True)
class Image:
    """A small image: its blobs, the config first, and its manifest."""

    blobs: Sequence[bytes]
    digests: Sequence[str]
    manifest: bytes

    @property
    def digest(self) -> str:
        return digest_of(self.manifest)


def image_of(blobs: Sequence[bytes]) -> Image:
    digests = [digest_of(blob) for blob in blobs]
    return Image(blobs, digests, manifest_of(digests, [len(blob) for blob in blobs]))


def manifest_of(digests: Sequence[str], sizes: Sequence[int]) -> bytes:
    """Write the manifest of an image whose config is the first blob."""
    described = [
        {"mediaType": OCI.layer if number else OCI.config, "digest": digest, "size": size}
        for number, (digest, size) in enumerate(zip(digests, sizes, strict=True))
    ]
    document = {"schemaVersion": 2, "mediaType": OCI.manifest, "config": described[0], "layers": described[1:]}
    return json.dumps(document).encode()


def new_image(blobs: int = 4, size: int = 2000) -> Image:
    """Make an image that no registry has; its config is JSON, because some look."""
    config = json.dumps({"architecture": "amd64", "os": "linux", "salt": os.urandom(size // 2 - 40).hex()}).encode()
    return image_of([config, *(os.urandom(size) for _ in range(blobs - 1))])


@dataclass(frozen=True)
class Stock:
    """What every registry is given, and what the workloads ask for."""

    image: Image
    middle: bytes
    large: Large

    @classmethod
    def new(cls, middle: int, large: int) -> "Stock":
        noise = random.Random(1)  # noqa: S311  # the same bytes each time, not secret ones
        return cls(new_image(), noise.randbytes(middle), Large.new(large))

    @cached_property
    def middle_digest(self) -> str:
        return digest_of(self.middle)

    @cached_property
    def keeper(self) -> bytes:
        """The manifest that names the larger blobs: ECR gives out no blob that no image names."""
        digests = [self.image.digests[0], self.middle_digest, self.large.digest]
        return manifest_of(digests, [len(self.image.blobs[0]), len(self.middle), self.large.size])


def manifest_path(reference: str, repository: str = REPOSITORY) -> str:
    return f"/v2/{repository}/manifests/{reference}"


def blob_path(digest: str, repository: str = REPOSITORY) -> str:
    return f"/v2/{repository}/blobs/{digest}"
