"""Small real images, made without any network and the same bytes each time."""

import hashlib
import json
import random
import tarfile
import zlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

_OCI_PREFIX = "application/vnd.oci."
BUSYBOX: Final = Path("/bin/busybox")  # Debian's busybox-static: one file that runs in an otherwise empty image
GREETING: Final = "hello from the hold\n"
SCRATCH_GREETING: Final = "hello from an empty hold\n"
MEBIBYTE: Final = 1024 * 1024


@dataclass(frozen=True, slots=True)
class MediaTypes:
    """The names one family of formats gives to the same four things."""

    manifest: str
    index: str
    config: str
    layer: str


OCI: Final = MediaTypes(
    manifest="application/vnd.oci.image.manifest.v1+json",
    index="application/vnd.oci.image.index.v1+json",
    config="application/vnd.oci.image.config.v1+json",
    layer="application/vnd.oci.image.layer.v1.tar+gzip",
)
DOCKER: Final = MediaTypes(
    manifest="application/vnd.docker.distribution.manifest.v2+json",
    index="application/vnd.docker.distribution.manifest.list.v2+json",
    config="application/vnd.docker.container.image.v1+json",
    layer="application/vnd.docker.image.rootfs.diff.tar.gzip",
)


@dataclass(frozen=True, slots=True)
class Content:
    """One piece of an image: what it is, its address and its size."""

    media_type: str
    digest: str
    size: int

    def descriptor(self) -> dict[str, object]:
        return {"mediaType": self.media_type, "digest": self.digest, "size": self.size}


@dataclass(frozen=True, slots=True)
class Entry:
    """A file in a layer."""

    path: str
    data: bytes
    mode: int = 0o644


@dataclass(frozen=True, slots=True)
class Image:
    """An image, or an index of images, kept in a folder as an OCI layout with the tag ``v1``."""

    folder: Path
    root: Content
    children: tuple[Content, ...] = ()
    layers: tuple[Content, ...] = ()
    config: Content | None = None

    @property
    def digest(self) -> str:
        return self.root.digest

    @property
    def manifest(self) -> bytes:
        return self.blob(self.root.digest)

    @property
    def source(self) -> str:
        """The image as skopeo and podman name it: their ``oci`` transport refuses Docker's media types."""
        return f"oci:{self.folder}:v1" if self.root.media_type.startswith(_OCI_PREFIX) else f"dir:{self.folder / 'dir'}"

    @property
    def size(self) -> int:
        """What ECR says about an image's size: its layers and its config."""
        return sum(piece.size for piece in (*self.layers, *((self.config,) if self.config else ())))

    def blob(self, digest: str) -> bytes:
        return self.path(digest).read_bytes()

    def path(self, digest: str) -> Path:
        return self.folder / "blobs" / "sha256" / digest.removeprefix("sha256:")


class Layout:
    """An OCI layout being written."""

    def __init__(self, folder: Path, types: MediaTypes = OCI) -> None:
        self.folder = folder
        self.types = types
        self._blobs = folder / "blobs" / "sha256"
        self._blobs.mkdir(parents=True)
        (folder / "oci-layout").write_text('{"imageLayoutVersion":"1.0.0"}', encoding="utf-8")

    def add(self, media_type: str, data: bytes) -> Content:
        name = hashlib.sha256(data).hexdigest()
        (self._blobs / name).write_bytes(data)
        return Content(media_type, f"sha256:{name}", len(data))

    def add_json(self, media_type: str, document: dict[str, object]) -> Content:
        return self.add(media_type, json.dumps(document, separators=(",", ":")).encode())

    def add_layer(self, entries: Iterable[Entry], *, level: int = 6) -> tuple[Content, str]:
        """Write a compressed layer; return it and the digest of what is inside the compression."""
        draft = self._blobs / "draft"
        # 31 asks zlib for gzip's header, in which it writes neither a name nor a time.
        squeeze = zlib.compressobj(level, wbits=31)
        inside, packed = hashlib.sha256(), hashlib.sha256()
        with draft.open("wb") as file:
            for chunk in _tar(entries):
                inside.update(chunk)
                part = squeeze.compress(chunk)
                packed.update(part)
                file.write(part)
            packed.update(rest := squeeze.flush())
            file.write(rest)
        kept = draft.rename(self._blobs / packed.hexdigest())
        return Content(
            self.types.layer, f"sha256:{packed.hexdigest()}", kept.stat().st_size
        ), f"sha256:{inside.hexdigest()}"

    def add_image(self, layers: Iterable[tuple[Content, str]], *, architecture: str = "amd64") -> Image:
        """Write the config and the manifest that hold the layers together."""
        kept = tuple(layers)
        config = self.add_json(
            self.types.config,
            {
                "created": "2026-01-01T00:00:00Z",
                "architecture": architecture,
                "os": "linux",
                "config": {"Cmd": ["/bin/cat", "/greeting"]},
                "rootfs": {"type": "layers", "diff_ids": [inside for _, inside in kept]},
                "history": [{"created": "2026-01-01T00:00:00Z", "created_by": "COPY . /"} for _ in kept],
            },
        )
        manifest = self.add_json(
            self.types.manifest,
            {
                "schemaVersion": 2,
                "mediaType": self.types.manifest,
                "config": config.descriptor(),
                "layers": [layer.descriptor() for layer, _ in kept],
            },
        )
        return Image(self.folder, manifest, layers=tuple(layer for layer, _ in kept), config=config)

    def publish(self, image: Image) -> Image:
        """Name the image ``v1``, so that tools find it in the layout."""
        named = image.root.descriptor() | {"annotations": {"org.opencontainers.image.ref.name": "v1"}}
        index = {"schemaVersion": 2, "mediaType": OCI.index, "manifests": [named]}
        (self.folder / "index.json").write_text(json.dumps(index), encoding="utf-8")
        self._write_directory(image)
        return image

    def _write_directory(self, image: Image) -> None:
        """Write skopeo's ``dir`` form beside the layout, out of links to the same files."""
        directory = self.folder / "dir"
        directory.mkdir()
        (directory / "version").write_text("Directory Transport Version: 1.1\n", encoding="utf-8")
        for blob in self._blobs.iterdir():
            (directory / blob.name).hardlink_to(blob)
        (directory / "manifest.json").hardlink_to(image.path(image.digest))
        for child in image.children:
            path = image.path(child.digest)
            (directory / f"{path.name}.manifest.json").hardlink_to(path)


def layered_image(folder: Path, *, types: MediaTypes = OCI) -> Image:
    """Return an image of four layers that runs: busybox, a greeting, and two of other files."""
    layout = Layout(folder, types)
    return layout.publish(
        layout.add_image(
            [
                layout.add_layer([Entry("bin/busybox", BUSYBOX.read_bytes(), 0o755)]),
                layout.add_layer([Entry("bin/cat", b'#!/bin/busybox sh\nexec /bin/busybox cat "$@"\n', 0o755)]),
                layout.add_layer([Entry("greeting", GREETING.encode())]),
                layout.add_layer([Entry("noise", random.Random(4).randbytes(300_000))]),  # noqa: S311  # must repeat
            ]
        )
    )


def scratch_image(folder: Path, *, types: MediaTypes = OCI, greeting: str = GREETING) -> Image:
    """Return an image of one layer with one file, as a build FROM scratch makes it."""
    layout = Layout(folder, types)
    return layout.publish(layout.add_image([layout.add_layer([Entry("greeting", greeting.encode())])]))


def index_of_platforms(
    folder: Path, *, types: MediaTypes = OCI, architectures: tuple[str, ...] = ("amd64", "arm64", "s390x")
) -> Image:
    """Return an index with one image for each architecture, every one with a layer of its own."""
    layout = Layout(folder, types)
    images = [
        layout.add_image(
            [layout.add_layer([Entry("greeting", GREETING.encode()), Entry("platform", name.encode())])],
            architecture=name,
        )
        for name in architectures
    ]
    root = layout.add_json(
        types.index,
        {
            "schemaVersion": 2,
            "mediaType": types.index,
            "manifests": [
                image.root.descriptor() | {"platform": {"architecture": name, "os": "linux"}}
                for image, name in zip(images, architectures, strict=True)
            ],
        },
    )
    return layout.publish(Image(folder, root, children=tuple(image.root for image in images)))


def large_image(folder: Path, *, mebibytes: int = 500) -> Image:
    """Return an image with one large layer that no compression makes smaller."""
    layout = Layout(folder)
    noise = random.Random(5)  # noqa: S311  # the same bytes each time, not secret ones
    chunks = (Entry(f"noise-{n:04}", noise.randbytes(MEBIBYTE)) for n in range(mebibytes))
    return layout.publish(layout.add_image([layout.add_layer(chunks, level=0)]))


@dataclass(frozen=True, slots=True)
class Samples:
    """The images every client is tried with."""

    layered: Image
    scratch: Image
    index: Image
    docker_layered: Image
    docker_index: Image


def samples(folder: Path) -> Samples:
    return Samples(
        layered=layered_image(folder / "layered"),
        # Its own content, so that no client finds the layer already there.
        scratch=scratch_image(folder / "scratch", greeting=SCRATCH_GREETING),
        index=index_of_platforms(folder / "index"),
        docker_layered=layered_image(folder / "docker-layered", types=DOCKER),
        docker_index=index_of_platforms(folder / "docker-index", types=DOCKER, architectures=("amd64", "arm64")),
    )


def files_of(archive: Path) -> Iterator[tuple[str, bytes]]:
    """Yield the regular files of a tar archive, by name and content."""
    with tarfile.open(archive) as tar:
        for member in tar:
            if (file := tar.extractfile(member)) is not None:
                yield member.name, file.read()


def _tar(entries: Iterable[Entry]) -> Iterator[bytes]:
    """Yield the pieces of a tar archive; the owner is root and the time is the epoch."""
    for entry in entries:
        header = tarfile.TarInfo(entry.path)
        header.size = len(entry.data)
        header.mode = entry.mode
        yield header.tobuf(tarfile.USTAR_FORMAT)
        yield entry.data
        yield bytes(-len(entry.data) % tarfile.BLOCKSIZE)
    yield bytes(2 * tarfile.BLOCKSIZE)
