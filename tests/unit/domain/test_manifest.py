"""Which manifests are kept, what they are found to say, and which are refused at the door."""

import base64
import json

import pytest

from moorage.domain.digest import Algorithm, Digest
from moorage.domain.errors import ManifestInvalid, ManifestTooLarge
from moorage.domain.manifest import MANIFEST_LIMIT, Manifest, Role
from moorage.domain.media import IMAGE_TYPES, INDEX_TYPES, MediaType
from unit.domain.documents import CONFIG, LAYER, Document, descriptor, dump, image, index, without

OCI, LIST = MediaType.OCI_MANIFEST, MediaType.DOCKER_LIST
DIGEST = Digest.of(b"something")
HELM = "application/vnd.cncf.helm.config.v1+json"


def refusal(body: bytes, declared: str | None = None) -> str:
    with pytest.raises(ManifestInvalid) as refused:
        Manifest.parse(body, declared)
    return refused.value.constraint


def with_layer(**changed: object) -> Document:
    return image(layers=[]) | {"layers": [descriptor(b"layer") | changed]}


@pytest.mark.parametrize("media_type", [*MediaType])
def test_every_kind_of_manifest_is_kept(media_type: MediaType) -> None:
    document = index(b"child") if media_type in INDEX_TYPES else image()
    assert Manifest.parse(dump(document | {"mediaType": media_type.value}), None).media_type is media_type


def test_a_media_type_is_that_of_an_image_or_of_an_index() -> None:
    assert sorted([*IMAGE_TYPES, *INDEX_TYPES]) == sorted(MediaType)


def test_the_bytes_are_kept_as_they_came() -> None:
    body = b"\n" + json.dumps(image(), indent=3).encode() + b"\n "
    assert Manifest.parse(body, None).body == body


def test_the_digest_is_that_of_the_bytes_and_not_of_what_they_mean() -> None:
    assert Manifest.parse(dump(image()) + b" ", None).digest == Digest.of(dump(image()) + b" ")


def test_without_a_media_type_inside_the_one_of_the_push_counts() -> None:
    assert Manifest.parse(dump(without(image(), "mediaType")), OCI).media_type is OCI


def test_config_and_layers_are_what_an_image_needs() -> None:
    manifest = Manifest.parse(dump(image(b"config", [b"1", b"2"])), None)
    assert [(need.role, need.digest) for need in manifest.needs] == [
        (Role.CONFIG, Digest.of(b"config")),
        (Role.LAYER, Digest.of(b"1")),
        (Role.LAYER, Digest.of(b"2")),
    ]


def test_children_are_what_an_index_needs() -> None:
    manifest = Manifest.parse(dump(index(b"a", b"b")), None)
    assert [(need.role, need.digest) for need in manifest.needs] == [
        (Role.CHILD, Digest.of(b"a")),
        (Role.CHILD, Digest.of(b"b")),
    ]


@pytest.mark.parametrize("changed", [{"mediaType": MediaType.DOCKER_MANIFEST.value}, {"size": 6}])
def test_an_index_says_one_thing_of_a_child(changed: Document) -> None:
    first, other = (descriptor(child, OCI.value) for child in (b"child", b"other"))
    constraint = refusal(dump(index(manifests=[first, other, first | changed])))
    assert constraint == "descriptors of one child in 'manifests' differ in mediaType or size"


def test_an_index_may_name_a_child_for_two_platforms() -> None:
    children = [descriptor(b"child", OCI.value, platform={"os": "linux", "architecture": name}) for name in ("a", "b")]
    assert len(Manifest.parse(dump(index(manifests=children)), None).needs) == 2


def test_an_index_may_be_empty() -> None:
    assert Manifest.parse(dump(index()), None).needs == ()


def test_the_size_of_an_image_is_that_of_its_config_and_layers() -> None:
    assert Manifest.parse(dump(image(b"four", [b"12", b"123"])), None).size({}) == 9


def test_of_blobs_that_are_there_the_true_size_counts() -> None:
    manifest = Manifest.parse(dump(with_layer(size=10**15)), None)
    assert manifest.size({Digest.of(b"layer"): 5}) == len(b"{}") + 5


def test_an_index_has_no_size_of_its_own() -> None:
    assert Manifest.parse(dump(index(b"child")), None).size({}) == 0


def test_a_layer_that_is_fetched_from_elsewhere_is_not_stored() -> None:
    (_, layer) = Manifest.parse(dump(with_layer(urls=["https://example.com/layer"])), None).needs
    assert not layer.stored


def test_a_layer_with_no_address_in_its_list_is_stored() -> None:
    (_, layer) = Manifest.parse(dump(with_layer(urls=[])), None).needs
    assert layer.stored


def test_a_config_is_stored_whatever_addresses_it_names() -> None:
    document = image(layers=[]) | {"config": descriptor(b"{}", CONFIG, urls=["https://example.com/config"])}
    (config,) = Manifest.parse(dump(document), None).needs
    assert config.stored


@pytest.mark.parametrize(
    ("document", "artifact_type"),
    [
        (image(), CONFIG),
        (image(config_type=HELM), HELM),
        (image(artifactType="application/vnd.example.sbom"), "application/vnd.example.sbom"),
        (image(artifactType=""), CONFIG),
        (image(artifactType=None), CONFIG),
        (index(), None),
        (index(artifactType="application/vnd.example.bundle"), "application/vnd.example.bundle"),
    ],
)
def test_the_artifact_type_is_the_named_one_or_else_the_configs(document: Document, artifact_type: str | None) -> None:
    assert Manifest.parse(dump(document), None).artifact_type == artifact_type


@pytest.mark.parametrize("document", [image(subject=descriptor(b"something")), index(subject=descriptor(b"something"))])
def test_a_manifest_may_point_at_a_subject(document: Document) -> None:
    assert Manifest.parse(dump(document), None).subject == DIGEST


def test_a_subject_of_null_is_none() -> None:
    assert Manifest.parse(dump(image(subject=None)), None).subject is None


def test_a_manifest_may_be_as_large_as_the_limit() -> None:
    body = dump(image())
    assert Manifest.parse(body + b" " * (MANIFEST_LIMIT - len(body)), None).media_type is OCI


def test_a_manifest_larger_than_the_limit_is_refused() -> None:
    with pytest.raises(ManifestTooLarge):
        Manifest.parse(b" " * (MANIFEST_LIMIT + 1), OCI)


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"not json",
        dump(image())[:-1],
        dump(image()) + b"{}",
        dump(image()) + b"\0",
        b"\xef\xbb\xbf" + dump(image()),
        dump(image()).replace(b"{", b"\xff{", 1),
        dump(image()).decode().encode("utf-16"),
        dump(image()).replace(b'"schemaVersion"', b'"schemaVersion": 2, "schemaVersion"'),
        dump(image()).replace(b'"size"', b'"size": 1, "size"', 1),
        dump(image(annotations={"a": "NaN"})).replace(b'"NaN"', b"NaN"),
        b'{"a":' * 100_000,
        b"[]",
        b'"text"',
        b"null",
    ],
    ids=str,
)
def test_what_is_not_one_json_object_with_one_meaning_is_refused(body: bytes) -> None:
    assert refusal(body, OCI) == "Invalid JSON syntax"


@pytest.mark.parametrize("version", [None, "2", 3, 0, 2.5, 2.0, True, [2]])
def test_a_schema_version_that_is_not_the_number_2_is_refused(version: object) -> None:
    assert refusal(dump(image(schemaVersion=version))) in {
        "schemaVersion must be 2",
        "Docker image manifest version 2 schema 1 is not supported, push schema 2 or OCI",
    }


SCHEMA_1 = "application/vnd.docker.distribution.manifest.v1+json"


@pytest.mark.parametrize(
    ("document", "declared"),
    [
        ({"schemaVersion": 1, "name": "a", "fsLayers": []}, None),
        (image(mediaType=SCHEMA_1), None),
        (without(image(), "mediaType"), "application/vnd.docker.distribution.manifest.v1+prettyjws"),
    ],
)
def test_schema_1_is_refused_with_the_way_out(document: Document, declared: str | None) -> None:
    assert "push schema 2 or OCI" in refusal(dump(document), declared)


@pytest.mark.parametrize(
    ("document", "declared", "constraint"),
    [
        (image(), MediaType.DOCKER_MANIFEST, "mediaType inside the manifest differs"),
        (image(), MediaType.OCI_INDEX, "mediaType inside the manifest differs"),
        (image(mediaType=""), OCI, "mediaType inside the manifest differs"),
        (image(mediaType=7), OCI, "mediaType must be a string"),
        (without(image(), "mediaType"), None, "mediatype not provided"),
        (image(mediaType=""), None, "mediatype not provided"),
        (without(image(), "mediaType"), "application/json", "unsupported manifest media type"),
        (image(mediaType="text/plain"), None, "unsupported manifest media type"),
        (image(manifests=[]), None, "must not hold 'manifests'"),
        (index(layers=[]), None, "must not hold 'layers' or 'config'"),
        (index(config=descriptor(b"{}")), None, "must not hold 'layers' or 'config'"),
        (without(image(), "mediaType"), LIST, "must not hold 'layers' or 'config'"),
        (without(index(), "mediaType"), OCI, "must not hold 'manifests'"),
    ],
)
def test_a_manifest_that_could_be_taken_for_another_kind_is_refused(
    document: Document, declared: str | None, constraint: str
) -> None:
    assert constraint in refusal(dump(document), declared)


@pytest.mark.parametrize(
    ("document", "constraint"),
    [
        (without(image(), "config"), "'config' must hold descriptors"),
        (image() | {"config": [descriptor(b"{}")]}, "'config' must hold descriptors"),
        (without(image(), "layers"), "must hold a list 'layers'"),
        (image(layers=[]) | {"layers": None}, "must hold a list 'layers'"),
        (without(index(), "manifests"), "must hold a list 'manifests'"),
        (index(manifests={}), "must hold a list 'manifests'"),
        (index(manifests=["sha256:" + "0" * 64]), "'manifests' must hold descriptors"),
        (image(artifactType=1), "artifactType must be a string"),
        (image(subject=str(DIGEST)), "'subject' must be a descriptor"),
        (image(subject={"digest": "sha256:1"}), "a descriptor in 'subject' has no valid digest"),
        (image(subject={}), "a descriptor in 'subject' has no valid digest"),
        (with_layer(mediaType=None), "no valid mediaType"),
        (with_layer(mediaType=""), "no valid mediaType"),
        (with_layer(mediaType="a" * 256), "no valid mediaType"),
        (with_layer(digest=None), "no valid digest"),
        (with_layer(digest="sha512:" + "0" * 64), "no valid digest"),
        (with_layer(digest="sha256:" + "A" * 64), "no valid digest"),
        (with_layer(digest="sha256:" + "0" * 64 + "\n"), "no valid digest"),
        (with_layer(size=None), "no valid size"),
        (with_layer(size="5"), "no valid size"),
        (with_layer(size=5.0), "no valid size"),
        (with_layer(size=True), "no valid size"),
        (with_layer(size=-1), "no valid size"),
        (with_layer(size=2**63), "no valid size"),
    ],
)
def test_a_member_that_is_not_what_it_must_be_is_refused(document: Document, constraint: str) -> None:
    assert constraint in refusal(dump(document))


@pytest.mark.parametrize(
    "name",
    ["Layers", "LAYERS", "mediatype", "Manifests", "SchemaVersion", "layer\u017f", "\u017fubject", "Annotations"],
)
def test_a_name_that_another_reader_could_take_for_a_known_one_is_refused(name: str) -> None:
    assert "not spelled" in refusal(dump(image() | {name: []}))


@pytest.mark.parametrize(
    "name",
    [
        "Digest",
        "MEDIATYPE",
        "Size",
        "\u017fize",
        "URLs",
        "url\u017f",
        "Data",
        "artifacttype",
        "Annotations",
        "Platform",
    ],
)
@pytest.mark.parametrize("member", ["config", "layers", "manifests", "subject"])
def test_names_in_descriptors_are_spelled_as_well(member: str, name: str) -> None:
    twice = descriptor(b"something") | {name: "sha256:" + "e" * 64}
    document = index() if member == "manifests" else image()
    assert "not spelled" in refusal(dump(document | {member: [twice] if member in {"layers", "manifests"} else twice}))


@pytest.mark.parametrize(
    "name",
    ["OS", "o\u017f", "Architecture", "OS.Version", "o\u017f.version", "os.feature\u017f", "Variant", "FEATURES"],
)
@pytest.mark.parametrize("member", ["config", "layers", "manifests", "subject"])
def test_names_in_platforms_are_spelled_as_well(member: str, name: str) -> None:
    one = descriptor(b"something") | {"platform": {"os": "linux", "architecture": "amd64", name: "windows"}}
    document = index() if member == "manifests" else image()
    refused = refusal(dump(document | {member: [one] if member in {"layers", "manifests"} else one}))
    assert "platform" in refused
    assert "not spelled" in refused


@pytest.mark.parametrize("platform", ["linux/amd64", ["linux"], 1, False])
def test_a_platform_that_is_no_object_is_refused(platform: object) -> None:
    assert "must be an object" in refusal(dump(index(manifests=[descriptor(b"child") | {"platform": platform}])))


@pytest.mark.parametrize("platform", [None, {}, {"os": "linux", "os.version": "1", "os.features": [], "else": 1}])
def test_a_platform_may_say_what_it_likes_under_other_names(platform: object) -> None:
    document = index(manifests=[descriptor(b"child") | {"platform": platform}])
    assert len(Manifest.parse(dump(document), None).needs) == 1


def test_names_that_no_specification_has_are_left_alone() -> None:
    document = image(layers=[]) | {"layers": [descriptor(b"layer", Extra=1, extra=2)], "Something": 1, "\u212aind": 2}
    assert Manifest.parse(dump(document), None).media_type is OCI


@pytest.mark.parametrize("document", [image(artifactType="a" * 256), index(artifactType="a" * 256)])
def test_an_artifact_type_has_the_length_of_a_media_type(document: Document) -> None:
    assert "at most 255" in refusal(dump(document))
    assert Manifest.parse(dump(document | {"artifactType": "a" * 255}), None).artifact_type == "a" * 255


def test_sizes_that_together_are_more_than_can_be_counted_are_refused() -> None:
    huge = descriptor(b"layer", LAYER, size=2**63 - 1)
    assert "add up" in refusal(dump(image(layers=[]) | {"layers": [huge, huge]}))


MEMBERS = ["config", "layers", "manifests", "subject"]
WRONG_DATA = {
    "of other content": {"data": "b3RoZXJ0aGlu"},
    "of other content of another size": {"data": "b3RoZXI="},
    "of this content under another size": {"data": "c29tZXRoaW5n", "size": 8},
    "without padding": {"data": "c29tZXRoaW5nIQ"},
    "with a blank": {"data": "c29t ZXRoaW5n"},
    "with a line end": {"data": "c29tZXRoaW5n\n"},
    "for addresses": {"data": "_-8="},
    "beyond ASCII": {"data": "c29tZXRoaW5n\xe9"},
    "nothing": {"data": ""},
    "a number": {"data": 1},
    "a list": {"data": ["c29tZXRoaW5n"]},
    "false": {"data": False},
}


def carrying(member: str, one: Document) -> bytes:
    document = index() if member == "manifests" else image()
    return dump(document | {member: [one] if member in {"layers", "manifests"} else one})


@pytest.mark.parametrize("changed", WRONG_DATA.values(), ids=WRONG_DATA.keys())
@pytest.mark.parametrize("member", MEMBERS)
def test_data_has_to_be_what_its_descriptor_describes(member: str, changed: Document) -> None:
    assert "the data of a descriptor" in refusal(carrying(member, descriptor(b"something") | changed))


@pytest.mark.parametrize("member", MEMBERS)
@pytest.mark.parametrize("content", [b"something", b"", b"\xff\xfe", bytes(100_000)])
@pytest.mark.parametrize("algorithm", Algorithm)
def test_data_of_the_content_is_taken(member: str, content: bytes, algorithm: Algorithm) -> None:
    told = {"data": base64.b64encode(content).decode(), "digest": Digest.of(content, algorithm)}
    assert Manifest.parse(carrying(member, descriptor(content) | told), None).media_type is not None
