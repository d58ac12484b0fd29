"""The points in which ECR and the OCI specification disagree, each in both profiles (decision 0031 has the table)."""

import json
from collections.abc import Iterator
from dataclasses import dataclass

import pytest
from botocore.client import BaseClient

from moorage.domain.profile import Profile
from protocol.registry import MIB, Registry, code_of
from support.layers import digest_of
from support.server import RunningServer
from support.wire import Answer, Wire

LAYER = b"a layer of both profiles"
NAMES = iter(range(1, 1000))
HOSTS = {Profile.ECR: {}, Profile.OCI: {"Host": "oci.localhost"}}
BOTH = pytest.mark.parametrize("profile", list(Profile))


@dataclass(frozen=True, slots=True)
class Face:
    """One registry under one of its two names."""

    registry: Registry
    profile: Profile
    ecr: BaseClient

    def new(self, **settings: str) -> str:
        name = f"points/app-{next(NAMES)}"
        self.ecr.create_repository(repositoryName=name, **settings)
        return name

    def ask(self, method: str, path: str, headers: dict[str, str] | None = None, body: bytes = b"") -> Answer:
        return self.registry.ask(method, path, HOSTS[self.profile] | (headers or {}), body)

    def put_blob(self, name: str, data: bytes) -> str:
        digest = digest_of(data)
        assert self.ask("POST", f"{name}/blobs/uploads/?digest={digest}", body=data).status == 201
        return f"{name}/blobs/{digest}"


@pytest.fixture(scope="module")
def both(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningServer]:
    """Start a server with a name in each profile."""
    settings = {"MOORAGE_HOSTS": f"oci.localhost={Profile.OCI}"}
    with RunningServer(tmp_path_factory.mktemp("both") / "data", settings=settings) as running:
        yield running


@pytest.fixture
def face(both: RunningServer, profile: Profile) -> Iterator[Face]:
    with Wire(both.host) as wire:
        yield Face(Registry(wire, both.password()), profile, both.boto3("ecr"))


def told(profile: Profile, ecr: object, oci: object) -> object:
    return ecr if profile is Profile.ECR else oci


@BOTH
def test_point_1_a_part_is_answered_created_or_accepted(face: Face, profile: Profile) -> None:
    upload = face.ask("POST", f"{face.new()}/blobs/uploads/").header("location")
    assert face.ask("PATCH", upload, body=LAYER).status == told(profile, 201, 202)


@BOTH
def test_point_2_what_breaks_a_rule_is_unsupported_or_a_bad_request(face: Face, profile: Profile) -> None:
    name = face.new()
    asked = [
        ("GET", f"{name}/tags/list?n=ten", b""),
        ("GET", "NAME/tags/list", b""),
        ("PUT", f"{name}/manifests/v1", b"{"),
    ]
    found = [(answer.status, code_of(answer)) for answer in (face.ask(*one[:2], body=one[2]) for one in asked)]
    oci = [(400, "UNSUPPORTED"), (400, "NAME_INVALID"), (400, "MANIFEST_INVALID")]
    assert found == told(profile, [(405, "UNSUPPORTED")] * 3, oci)


@BOTH
def test_point_3_a_list_is_opaque_text_or_sorted_json(face: Face, profile: Profile) -> None:
    name = face.new()
    body = face.registry.push(name, "b", LAYER)
    for tag in ("a", "B", "c"):
        face.registry.put_manifest(name, tag, body)
    whole, paged = face.ask("GET", f"{name}/tags/list"), face.ask("GET", f"{name}/tags/list?n=2")
    after = face.ask("GET", f"{name}/tags/list?last=a")
    tags = whole.read("tags")
    assert isinstance(tags, list)
    assert whole.header("content-type") == told(profile, "text/plain; charset=utf-8", "application/json")
    assert (sorted(tags), profile is Profile.ECR or tags == ["B", "a", "b", "c"]) == (["B", "a", "b", "c"], True)
    assert ("last=a&" in paged.header("link")) is told(profile, False, True)
    assert after.status == told(profile, 405, 200)
    assert profile is Profile.ECR or after.read("tags") == ["b", "c"]


@BOTH
def test_point_4_whoever_has_no_credentials_is_told_in_text_or_json(face: Face, profile: Profile) -> None:
    answer = face.registry.wire.ask("GET", "/v2/", HOSTS[profile])
    assert (answer.status, answer.header("www-authenticate")[:5]) == (401, "Basic")
    kinds = ("text/plain; charset=utf-8", "application/json; charset=utf-8")
    assert answer.header("content-type") == told(profile, *kinds)
    assert answer.text == "Not Authorized\n" if profile is Profile.ECR else code_of(answer) == "UNAUTHORIZED"


@BOTH
def test_point_5_parts_but_the_last_have_five_mebibytes_or_any_size(face: Face, profile: Profile) -> None:
    opened = face.ask("POST", f"{face.new()}/blobs/uploads/")
    assert opened.get("oci-chunk-min-length") == told(profile, str(5 * MIB), None)
    upload = opened.header("location")
    for first, part in ((0, b"abc"), (3, b"def")):
        headers = {"Content-Range": f"{first}-{first + 2}"}
        assert face.ask("PATCH", upload, headers, part).status in {201, 202}
    assert face.ask("PUT", f"{upload}?digest={digest_of(b'abcdef')}").status == told(profile, 400, 201)


@BOTH
def test_point_6_locations_are_absolute_in_both(face: Face, profile: Profile) -> None:
    """A client that goes on where it is told to gets on in either."""
    name = face.new()
    opened = face.ask("POST", f"{name}/blobs/uploads/").header("location")
    finished = face.ask("PUT", f"{opened}?digest={digest_of(b'')}").header("location")
    pushed = face.ask("PUT", f"{name}/manifests/v1", {}, _EMPTY).header("location")
    host = HOSTS[profile].get("Host") or face.registry.wire.host
    port = face.registry.wire.host.rpartition(":")[2] if profile is Profile.ECR else ""
    assert all(
        one.startswith((f"http://{host}/v2/{name}/", f"http://{host}:{port}/v2/{name}/"))
        for one in (opened, finished, pushed)
    )


@BOTH
def test_point_7_an_immutable_tag_refuses_or_takes_what_it_has(face: Face, profile: Profile) -> None:
    name = face.new(imageTagMutability="IMMUTABLE")
    assert face.ask("PUT", f"{name}/manifests/v1", {}, _EMPTY).status == 201
    again = face.ask("PUT", f"{name}/manifests/v1", {}, _EMPTY)
    other = face.ask("PUT", f"{name}/manifests/v1", {}, _EMPTY + b"\n")
    assert again.status == told(profile, 400, 201)
    assert (other.status, code_of(other)) == (400, "TAG_INVALID")


@BOTH
def test_point_8_blobs_are_deleted_by_nobody_or_by_name(face: Face, profile: Profile) -> None:
    path = face.put_blob(face.new(), LAYER)
    assert face.ask("DELETE", path).status == told(profile, 405, 202)
    assert face.ask("HEAD", path).status == told(profile, 200, 404)


@BOTH
def test_point_9_a_mount_is_off_until_it_is_set_or_on(face: Face, profile: Profile) -> None:
    source, target = face.new(), face.new()
    face.registry.push(source, "v1", LAYER)
    mounted = face.ask("POST", f"{target}/blobs/uploads/?mount={digest_of(LAYER)}&from={source}")
    assert mounted.status == told(profile, 202, 201)
    assert face.ask("HEAD", f"{target}/blobs/{digest_of(LAYER)}").status == told(profile, 404, 200)


@BOTH
def test_point_10_the_status_of_an_upload_goes_on_with_its_first_part_in_both(face: Face) -> None:
    upload = face.ask("POST", f"{face.new()}/blobs/uploads/").header("location")
    found = [face.ask("GET", upload)]
    face.ask("PATCH", upload, body=b"abc")
    found.append(face.ask("GET", upload))
    assert [(one.status, one.header("range")) for one in found] == [(204, "0-0"), (204, "0-2")]


@BOTH
def test_point_11_a_blob_of_no_image_cannot_or_can_be_had(face: Face, profile: Profile) -> None:
    path = face.put_blob(face.new(), LAYER)
    assert face.ask("HEAD", path).status == 200
    assert face.ask("GET", path).status == told(profile, 404, 200)


@BOTH
def test_point_12_a_page_of_none_is_refused_or_empty(face: Face, profile: Profile) -> None:
    name = face.new()
    face.registry.push(name, "v1", LAYER)
    answer = face.ask("GET", f"{name}/tags/list?n=0")
    assert answer.status == told(profile, 405, 200)
    assert profile is Profile.ECR or (answer.read("tags"), answer.get("link")) == ([], None)


_EMPTY = json.dumps(
    {"schemaVersion": 2, "mediaType": "application/vnd.oci.image.index.v1+json", "manifests": []}
).encode()
