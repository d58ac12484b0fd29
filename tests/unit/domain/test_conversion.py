"""Docker's form of a manifest and OCI's: which one is given, and what becomes of what only one of them can say."""

import json

import pytest

from moorage.domain.conversion import EVERYTHING, LONGEST, Accepts, convert, form_for, other_form
from moorage.domain.digest import Digest
from moorage.domain.image import StoredManifest
from moorage.domain.manifest import Manifest
from moorage.domain.media import MediaType
from unit.domain.documents import CONFIG, LAYER, Document, descriptor, dump, image, index

OCI, DOCKER = MediaType.OCI_MANIFEST, MediaType.DOCKER_MANIFEST
DOCKER_CONFIG = "application/vnd.docker.container.image.v1+json"
DOCKER_LAYER = "application/vnd.docker.image.rootfs.diff.tar.gzip"
FOREIGN = "application/vnd.docker.image.rootfs.foreign.diff.tar.gzip"
URLS = ["https://example.com/layer"]


def docker(**changed: object) -> Document:
    return {
        "schemaVersion": 2,
        "mediaType": DOCKER.value,
        "config": descriptor(b"{}", DOCKER_CONFIG),
        "layers": [descriptor(b"layer", DOCKER_LAYER)],
    } | changed


def stored(document: object, media_type: MediaType = OCI) -> StoredManifest:
    body = dump(document)
    return StoredManifest(Digest.of(body), media_type, body)


def converted(document: Document) -> StoredManifest | None:
    return other_form(Manifest.parse(dump(document), None))


def only(*media_types: str) -> Accepts:
    return Accepts(everything=False, named=frozenset(media_types))


def test_oci_becomes_docker_with_the_same_blobs() -> None:
    form = converted(image())
    assert form is not None
    assert (form.media_type, json.loads(form.body), form.digest) == (DOCKER, docker(), Digest.of(form.body))


def test_docker_becomes_oci_with_the_same_blobs() -> None:
    form = converted(docker())
    assert form is not None
    assert (form.media_type, json.loads(form.body)) == (OCI, image())


def test_a_layer_from_elsewhere_keeps_its_addresses() -> None:
    form = converted(docker(layers=[descriptor(b"layer", FOREIGN, urls=URLS)]))
    assert form is not None
    (layer,) = json.loads(form.body)["layers"]
    assert (layer["mediaType"], layer["urls"]) == (
        "application/vnd.oci.image.layer.nondistributable.v1.tar+gzip",
        URLS,
    )


def test_how_a_manifest_is_written_changes_nothing_about_its_other_form() -> None:
    indented = json.dumps(image(annotations={"a": "b"}), indent=4).encode()
    assert other_form(Manifest.parse(indented, None)) == converted(image())


@pytest.mark.parametrize(
    "document",
    [
        image(subject=descriptor(b"something")),
        image(artifactType="application/vnd.example.sbom"),
        image(config_type="application/vnd.cncf.helm.config.v1+json"),
        image(config_type="application/vnd.oci.empty.v1+json"),
        image(config_type=LAYER),
        image(layers=[]) | {"layers": [descriptor(b"layer", "application/vnd.oci.image.layer.v1.tar+zstd")]},
        image(layers=[]) | {"layers": [descriptor(b"layer", DOCKER_LAYER)]},
        docker(config=descriptor(b"{}", CONFIG)),
        index(b"child"),
    ],
    ids=str,
)
def test_what_the_other_form_cannot_say_has_none(document: Document) -> None:
    assert converted(document) is None


@pytest.mark.parametrize(
    ("accepts", "media_type"),
    [
        (EVERYTHING, OCI),
        (only(OCI), OCI),
        (only(DOCKER, OCI), OCI),
        (only(DOCKER), DOCKER),
        (only(MediaType.DOCKER_LIST), OCI),
        (only("text/html"), OCI),
        (only(), OCI),
        (Accepts(refused=frozenset({OCI.value})), DOCKER),
    ],
)
def test_the_stored_form_is_given_unless_only_the_other_is_taken(accepts: Accepts, media_type: str) -> None:
    assert form_for(stored(image()), accepts).media_type == media_type


def test_what_has_no_other_form_is_given_as_it_is() -> None:
    artifact = stored(image(artifactType="application/vnd.example.sbom"))
    assert form_for(artifact, only(DOCKER)) is artifact
    listed = stored(index(), MediaType.OCI_INDEX)
    assert form_for(listed, only(MediaType.DOCKER_LIST, DOCKER)) is listed


@pytest.mark.parametrize("longer", [0, 1])
def test_what_is_long_is_not_read_and_has_no_other_form(longer: int, monkeypatch: pytest.MonkeyPatch) -> None:
    read: list[int] = []
    parse = Manifest.parse

    def counting(body: bytes, declared: str | None) -> Manifest:
        read.append(len(body))
        return parse(body, declared)

    monkeypatch.setattr(Manifest, "parse", counting)
    body = dump(image())
    long = StoredManifest(Digest.of(body), OCI, body + b" " * (LONGEST - len(body) + longer))
    assert (convert(long) is None, read) == (bool(longer), [] if longer else [LONGEST])
    assert (form_for(long, only(DOCKER)) is long) is bool(longer)
    assert (other_form(parse(long.body, None)) is None) is bool(longer)


def test_what_was_kept_before_a_rule_that_it_breaks_is_served_as_it_is() -> None:
    old = stored(image() | {"Layers": []})
    assert form_for(old, only(DOCKER)) is old
