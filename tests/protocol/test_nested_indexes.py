"""Indexes nested many times over, each level reached on twice as many ways as the one above: the work is linear.

Walked way by way, thirty levels would be a thousand million steps, and no answer would come.
"""

import json
from collections.abc import Iterator

import pytest

from protocol.registry import CONFIG, MIB, Registry, index_for, manifest_for
from support.images import OCI
from support.layers import digest_of
from support.server import RunningServer
from support.wire import Wire

LEVELS = 30
REPOSITORY = "team/nested"


@pytest.fixture(scope="module")
def sparse(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningServer]:
    """Start a server that takes an index before its children."""
    settings = {"MOORAGE_PROFILE": "oci", "MOORAGE_WORKERS": "1"}
    with RunningServer(tmp_path_factory.mktemp("sparse") / "data", settings=settings) as server:
        yield server


def diamond(leaf: bytes) -> list[bytes]:
    """Write two indexes for each level, each of which names both of the level below, and each of them twice."""
    below, made = [leaf], []
    for level in range(LEVELS):
        children = [
            {"mediaType": OCI.manifest if level == 0 else OCI.index, "digest": digest_of(one), "size": len(one)}
            for one in below
        ]
        below = [
            json.dumps(index_for(manifests=children * 2, annotations={"side": side})).encode() for side in ("a", "b")
        ]
        made += below
    return made


@pytest.mark.parametrize("order", ["children first", "children last"])
def test_a_diamond_of_nested_indexes_costs_linear_work(sparse: RunningServer, order: str) -> None:
    name = f"{REPOSITORY}-{order.replace(' ', '-')}"
    layer = bytes(MIB)
    with Wire(sparse.host) as wire:
        registry = Registry(wire, sparse.password())
        registry.put_blob(name, CONFIG)
        registry.put_blob(name, layer)
        leaf = json.dumps(manifest_for(layer)).encode()
        indexes = diamond(leaf)
        pushes = [(leaf, OCI.manifest), *((one, OCI.index) for one in indexes)]
        for body, media_type in pushes if order == "children first" else reversed(pushes):
            assert registry.put_manifest(name, digest_of(body), body, media_type).status == 201
        top = digest_of(indexes[-1])
        assert registry.ask("GET", f"{name}/manifests/{top}").body == indexes[-1]
        described = sparse.boto3("ecr").describe_images(repositoryName=name, imageIds=[{"imageDigest": top}])
        assert described["imageDetails"][0]["imageSizeInBytes"] == MIB + len(CONFIG)
        pointing = index_for(subject={"mediaType": OCI.index, "digest": top, "size": len(indexes[-1])})
        registry.keep(name, "", pointing)
        assert len(registry.ask("GET", f"{name}/referrers/{top}").read("manifests")) == 1  # type: ignore[arg-type]  # a list
        for body in reversed([leaf, *indexes]):
            assert registry.ask("DELETE", f"{name}/manifests/{digest_of(body)}").status == 202
