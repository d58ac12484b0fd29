"""Filling registries: ours through its store, a peer through its door or, where that takes minutes, its folder."""

import asyncio
import hashlib
import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Final, NamedTuple

from bench.load import once
from bench.pushing import push_blob, push_large, put_manifest
from bench.stock import MANY, REPOSITORY, TAG, Stock, blob_path, manifest_path
from bench.targets import Face, Target

from moorage.domain.caller import Registry
from moorage.domain.digest import Digest
from moorage.domain.layer import Blob
from moorage.domain.manifest import Manifest
from moorage.domain.names import AccountId, Region, RepositoryName, Tag
from moorage.domain.repository import Repository
from moorage.operations.ids import Ids
from moorage.store import blobs, images, manifests, references, repositories, tags
from moorage.store.sqlite import SqliteStore
from moorage.store.transaction import Transaction
from support.images import OCI
from support.layers import digest_of

LAYER: Final = b"the layer that all generated images share"
_CHUNK: Final = 1000
_SPREAD: Final = 1000  # repositories that share the half of the images which is not in the large one


class Made(NamedTuple):
    """A generated image: a config of its own, and the manifest that names it and the layer of all of them."""

    config: bytes
    manifest: bytes


def stock(target: Target, goods: Stock) -> None:
    """Put the same things into every server."""
    if Face.REGISTRY not in target.faces:
        _lay(target.data / "www", goods)
        return
    for blob in (*goods.image.blobs, goods.middle):
        once(target.address, push_blob(target.address, blob, digest_of(blob)))
    push_large(target.address, goods.large)
    once(target.address, put_manifest(target.address, goods.image.manifest, TAG))
    once(target.address, put_manifest(target.address, goods.keeper, "keeper"))


def _lay(folder: Path, goods: Stock) -> None:
    """Write files where a registry's paths lead."""
    manifest = goods.image.manifest
    told = {manifest_path(TAG): manifest, manifest_path(goods.image.digest): manifest}
    told |= {blob_path(digest_of(blob)): blob for blob in (*goods.image.blobs, goods.middle)}
    for path, data in told.items():
        file = folder / path.lstrip("/")
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(data)
    with (folder / blob_path(goods.large.digest).lstrip("/")).open("wb") as large:
        for piece in goods.large.pieces():
            large.write(piece)


def tag_peer(target: Target, goods: Stock, count: int) -> None:
    """Give a peer's repository many tags; distribution keeps each as a file that names the digest."""
    once(target.address, put_manifest(target.address, goods.image.manifest, "tag-00000"))
    places = list(target.data.glob(f"data/docker/registry/v2/repositories/{REPOSITORY}/_manifests/tags/tag-00000"))
    for number in range(1, count):
        name = f"tag-{number:05}"
        if not places:
            once(target.address, put_manifest(target.address, goods.image.manifest, name))
            continue
        link = places[0].with_name(name) / "current/link"
        link.parent.mkdir(parents=True)
        link.write_text(goods.image.digest, encoding="utf-8")


def generate(data: Path, registry: Registry, first: int, last: int, *, told: Callable[[int], None]) -> None:
    """Write images ``first`` to ``last`` through the store: every second one into one repository, the rest spread."""
    store = SqliteStore(data / "metadata.sqlite3", data / "metadata.lock", reached=lambda _: None)
    try:
        for start in range(first, last, _CHUNK):
            numbers = range(start, min(start + _CHUNK, last))
            asyncio.run(_write(store, registry, numbers))
            told(numbers.stop)
    finally:
        store.close()


async def _write(store: SqliteStore, registry: Registry, numbers: range) -> None:
    async def unit(tx: Transaction) -> None:
        known: dict[str, Repository] = {}
        for number in numbers:
            name = MANY if number % 2 else f"bench/spread-{number // 2 % _SPREAD:04}"
            if name not in known:
                known[name] = await _repository(tx, registry, name)
            await _put(tx, known[name], number)

    await store.write(unit)


async def _repository(tx: Transaction, registry: Registry, name: str) -> Repository:
    """Find the repository, or make it like the large one; it links to the shared layer."""
    found = await repositories.find_by_name(tx, registry, RepositoryName(name))
    if found is None:
        model = await repositories.find_by_name(tx, registry, RepositoryName(MANY))
        assert model is not None  # noqa: S101  # made when the server was prepared
        found = Repository(
            model.account, model.region, Ids().repository(), RepositoryName(name), model.created_at, model.rule, False
        )
        await repositories.create(tx, found)
    await blobs.link(tx, found, _in_metadata(LAYER), at=found.created_at)
    return found


def _in_metadata(data: bytes) -> Blob:
    """Make a blob as a push of few bytes does: without a file."""
    return Blob(Digest(digest_of(data)), "", len(data), content=data)


async def _put(tx: Transaction, repository: Repository, number: int) -> None:
    made = image_number(number)
    manifest = Manifest.parse(made.manifest, None)
    at = repository.created_at + number
    await blobs.link(tx, repository, _in_metadata(made.config), at=at)
    await images.create(tx, repository, manifest, size=manifest.size({}), at=at)
    await manifests.put(tx, repository, manifest.digest, manifest.body)
    await references.put(tx, repository, manifest)
    await tags.put(tx, repository, Tag(tag_number(number)), manifest.digest, at=at)


def image_number(number: int) -> Made:
    """Write a generated image; its number makes it unlike all others."""
    noise = hashlib.sha512(str(number).encode()).hexdigest()
    config = json.dumps({"architecture": "amd64", "os": "linux", "config": {"Labels": {"bench.noise": noise}}}).encode()
    described = [
        {"mediaType": kind, "digest": digest_of(data), "size": len(data)}
        for kind, data in ((OCI.config, config), (OCI.layer, LAYER))
    ]
    document = {
        "schemaVersion": 2,
        "mediaType": OCI.manifest,
        "config": described[0],
        "layers": described[1:],
        "annotations": {"bench.number": str(number), "bench.noise": noise},
    }
    return Made(config, json.dumps(document).encode())


def manifest_number(number: int) -> bytes:
    return image_number(number).manifest


def tag_number(number: int) -> str:
    return f"image-{number:07}"


def numbers_of_many(count: int) -> Iterator[int]:
    """Give the numbers of the first ``count`` images of the large repository."""
    return iter(range(1, 2 * count, 2))


def registry_of(account: str, region: str) -> Registry:
    return Registry(AccountId(account), Region(region))
