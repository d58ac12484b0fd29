"""What profile oci does otherwise, beyond what the official suite looks at."""

import json
from collections.abc import Iterator
from typing import Any

import pytest

from moorage.domain.profile import Profile
from protocol.people import People, everything_but, root_of
from protocol.registry import EMPTY_INDEX, Registry, basic, code_of, described, index_for, manifest_for
from support.images import OCI
from support.layers import digest_of
from support.server import RunningServer
from support.wire import Wire, head

LAYER = b"one layer of profile oci"


@pytest.fixture(scope="module")
def mixed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningServer]:
    """Start a server that speaks as the specification does under one name alone."""
    data = tmp_path_factory.mktemp("mixed") / "data"
    with RunningServer(
        data,
        settings={
            "MOORAGE_HOSTS": f"oci.localhost={Profile.OCI},oci.example.com={Profile.OCI}",
            "MOORAGE_TAGS_PER_IMAGE": "2",
        },
    ) as running:
        yield running


@pytest.fixture
def registry(mixed: RunningServer) -> Iterator[Registry]:
    with Wire(mixed.host) as wire:
        yield Registry(wire, root_of(mixed).password(mixed))


OCI_HOST = {"Host": "oci.localhost"}


def test_a_host_has_a_profile_of_its_own(registry: Registry) -> None:
    assert registry.ask("POST", "per/host/blobs/uploads/").status == 404
    assert registry.ask("POST", "per/host/blobs/uploads/", OCI_HOST).status == 202
    assert registry.ask("POST", "per/host/blobs/uploads/").status == 202


def test_a_list_without_room_is_empty_and_has_no_next_page(registry: Registry) -> None:
    registry.ask("POST", "no/room/blobs/uploads/", OCI_HOST)
    answer = registry.ask("GET", "no/room/tags/list?n=0", OCI_HOST)
    assert (answer.status, answer.read("tags"), answer.get("link")) == (200, [], None)


def test_a_manifest_that_is_refused_makes_no_repository(registry: Registry) -> None:
    answer = registry.ask("PUT", "bad/manifest/manifests/v1", OCI_HOST, b"{")
    assert (answer.status, code_of(answer)) == (400, "MANIFEST_INVALID")
    assert registry.ask("GET", "bad/manifest/tags/list").status == 404


def test_a_manifest_under_a_wrong_digest_makes_no_repository(registry: Registry) -> None:
    body = json.dumps(EMPTY_INDEX).encode()
    headers = OCI_HOST | {"Content-Type": str(EMPTY_INDEX["mediaType"])}
    answer = registry.ask("PUT", f"wrong/digest/manifests/sha256:{'0' * 64}", headers, body)
    assert (answer.status, registry.ask("GET", "wrong/digest/tags/list").status) == (400, 404)
    assert registry.ask("PUT", f"wrong/digest/manifests/{digest_of(body)}", headers, body).status == 201


def test_a_manifest_of_more_tags_than_it_may_have_makes_no_repository(registry: Registry) -> None:
    body = json.dumps(EMPTY_INDEX).encode()
    headers = OCI_HOST | {"Content-Type": str(EMPTY_INDEX["mediaType"])}
    path = f"many/tags/manifests/{digest_of(body)}?tag=a&tag=b&tag=b"
    answer = registry.ask("PUT", f"{path}&tag=c", headers, body)
    assert (answer.status, registry.ask("GET", "many/tags/tags/list").status) == (403, 404)
    assert registry.ask("PUT", path, headers, body).status == 201


@pytest.mark.parametrize("size", [10, 200_000], ids=["small", "large"])
def test_a_blob_that_comes_whole_makes_a_repository_if_it_is_what_it_is_said_to_be(
    registry: Registry, mixed: RunningServer, size: int
) -> None:
    data, name = bytes(size), f"whole/of-{size}"
    path = f"{name}/blobs/uploads/?digest="
    before = files(mixed)
    answer = registry.ask("POST", path + digest_of(b"other"), OCI_HOST, data)
    assert (answer.status, code_of(answer)) == (400, "DIGEST_INVALID")
    assert (registry.ask("GET", f"{name}/tags/list").status, files(mixed)) == (404, before)
    assert registry.ask("POST", path + digest_of(data), OCI_HOST, data).status == 201
    assert registry.ask("GET", f"{name}/blobs/{digest_of(data)}", OCI_HOST).body == data


def test_a_blob_from_whom_may_not_create_is_refused_before_its_bytes(registry: Registry, mixed: RunningServer) -> None:
    pusher = People(mixed.boto3("iam"), mixed).new(everything_but("ecr:CreateRepository"))
    told = {"Authorization": basic(pusher.password(mixed)), "Expect": "100-continue", "Content-Length": "5"} | OCI_HOST
    with Wire(mixed.host) as wire:
        wire.send(head("POST", f"/v2/not/mine/blobs/uploads/?digest={digest_of(b'bytes')}", told.items()))
        assert wire.receive("POST").status == 404
    assert registry.ask("GET", "not/mine/tags/list").status == 404


def files(server: RunningServer) -> list[str]:
    return sorted(str(one) for place in ("blobs", "drafts") for one in (server.data / place).rglob("*"))


def test_a_blob_that_an_image_refers_to_is_not_deleted(registry: Registry) -> None:
    registry.ask("POST", "kept/blob/blobs/uploads/", OCI_HOST)
    registry.push("kept/blob", "v1", LAYER)
    path = f"kept/blob/blobs/{digest_of(LAYER)}"
    assert registry.ask("DELETE", path, OCI_HOST).status == 405
    assert registry.ask("GET", path, OCI_HOST).body == LAYER


def test_a_blob_deleted_here_stays_deleted_when_it_is_read_there(registry: Registry, mixed: RunningServer) -> None:
    digest = digest_of(LAYER)
    for name in ("deleted/here", "deleted/there"):
        assert registry.ask("POST", f"{name}/blobs/uploads/?digest={digest}", OCI_HOST, LAYER).status == 201
        assert registry.ask("GET", f"{name}/blobs/{digest}", OCI_HOST).status == 200
    assert registry.ask("DELETE", f"deleted/here/blobs/{digest}", OCI_HOST).status == 202
    for _ in range(8):  # connections, which the workers share out among them
        with Wire(mixed.host) as wire:
            other = Registry(wire, registry.password)
            assert other.ask("GET", f"deleted/there/blobs/{digest}", OCI_HOST).body == LAYER
            found = [other.ask(method, f"deleted/here/blobs/{digest}", OCI_HOST).status for method in ("GET", "HEAD")]
            assert found == [404, 404]


def test_an_index_of_ten_thousand_children_that_are_not_there_is_kept(registry: Registry) -> None:
    children = [described(b"%d" % number, OCI.manifest) for number in range(10_000)]
    body = json.dumps(index_for(manifests=children)).encode()
    told = OCI_HOST | {"Content-Type": OCI.index}
    assert registry.ask("PUT", "ten/thousand/manifests/all", told, body).status == 201
    assert registry.ask("GET", "ten/thousand/manifests/all", OCI_HOST).body == body
    assert registry.ask("DELETE", f"ten/thousand/manifests/{digest_of(body)}", OCI_HOST).status == 202


def test_a_page_of_referrers_is_of_a_thousand_at_most(registry: Registry) -> None:
    registry.ask("POST", "many/wanted/blobs/uploads/", OCI_HOST)
    for count in ("1001", "9999999999", str(2**63), "9" * 400):
        answer = registry.ask("GET", f"many/wanted/referrers/{digest_of(LAYER)}?n={count}", OCI_HOST)
        assert (answer.status, answer.read("manifests")) == (200, [])


@pytest.mark.parametrize("source", ["..", "../../x", "UPPER", "a" * 5000, "%00", "a//b", "%2fetc", "no/such"])
def test_a_mount_from_what_is_no_repository_is_an_upload(registry: Registry, source: str) -> None:
    registry.ask("POST", "mount/odd/blobs/uploads/", OCI_HOST)
    path = f"mount/odd/blobs/uploads/?mount={digest_of(b'of nobody')}&from={source}"
    assert registry.ask("POST", path, OCI_HOST).status == 202


def test_the_last_tag_goes_and_leaves_its_image(registry: Registry) -> None:
    registry.ask("POST", "last/tag/blobs/uploads/", OCI_HOST)
    body = registry.push("last/tag", "v1", LAYER)
    assert registry.ask("DELETE", "last/tag/manifests/v1", OCI_HOST).status == 202
    assert registry.ask("GET", f"last/tag/manifests/{digest_of(body)}", OCI_HOST).body == body


def test_in_profile_ecr_a_mount_is_an_upload_until_the_setting_allows_it(
    registry: Registry, mixed: RunningServer
) -> None:
    ecr = mixed.boto3("ecr")
    for name in ("mount/from", "mount/to"):
        ecr.create_repository(repositoryName=name)
    registry.push("mount/from", "v1", LAYER)
    path = f"mount/to/blobs/uploads/?mount={digest_of(LAYER)}&from=mount/from"
    assert registry.ask("POST", path).status == 202
    ecr.put_account_setting(name="BLOB_MOUNTING", value="ENABLED")
    assert ecr.get_account_setting(name="BLOB_MOUNTING")["value"] == "ENABLED"
    assert registry.ask("POST", path).status == 201
    assert registry.ask("HEAD", f"mount/to/blobs/{digest_of(LAYER)}").status == 200
    unreferenced = registry.put_blob("mount/from", b"of no image")
    assert registry.ask("POST", f"mount/to/blobs/uploads/?mount={unreferenced}&from=mount/from").status == 202


def test_in_profile_ecr_a_mount_from_nowhere_is_an_upload(registry: Registry, mixed: RunningServer) -> None:
    ecr = mixed.boto3("ecr")
    for name in ("nowhere/from", "nowhere/to"):
        ecr.create_repository(repositoryName=name)
    ecr.put_account_setting(name="BLOB_MOUNTING", value="ENABLED")
    registry.push("nowhere/from", "v1", LAYER)
    path = f"nowhere/to/blobs/uploads/?mount={digest_of(LAYER)}&from="
    assert registry.ask("POST", path).status == 202


def test_a_registry_that_is_told_not_to_mount_does_not_under_any_name(registry: Registry, mixed: RunningServer) -> None:
    ecr = mixed.boto3("ecr")
    for name in ("never/from", "never/to"):
        ecr.create_repository(repositoryName=name)
    registry.push("never/from", "v1", LAYER)
    path = f"never/to/blobs/uploads/?mount={digest_of(LAYER)}&from=never/from"
    ecr.put_account_setting(name="BLOB_MOUNTING", value="DISABLED")
    assert registry.ask("POST", path, OCI_HOST).status == 202
    ecr.put_account_setting(name="BLOB_MOUNTING", value="ENABLED")
    assert registry.ask("POST", path, OCI_HOST).status == 201


def test_a_host_with_a_profile_is_answered_with_its_own_addresses(registry: Registry, mixed: RunningServer) -> None:
    named = {"Host": "oci.example.com"}
    location = registry.ask("POST", "named/host/blobs/uploads/", named).header("location")
    assert location.startswith("http://oci.example.com")
    assert 'realm="http://oci.example.com' in (mixed_challenge(mixed, named) or "")


def mixed_challenge(server: RunningServer, headers: dict[str, str]) -> str | None:
    with Wire(server.host) as wire:
        return wire.ask("GET", "/v2/", headers).get("www-authenticate")


def test_referrers_are_listed_in_pages_and_by_type_on_both_faces(registry: Registry, mixed: RunningServer) -> None:
    ecr = mixed.boto3("ecr")
    ecr.create_repository(repositoryName="with/referrers")
    subject = digest_of(registry.push("with/referrers", "v1", LAYER))
    pointing = {"mediaType": "application/vnd.oci.image.manifest.v1+json", "digest": subject, "size": 1}
    for number in range(5):
        kind = f"application/vnd.example.{number % 2}"
        document = manifest_for(LAYER, subject=pointing, artifactType=kind, annotations={"n": str(number)})
        registry.keep("with/referrers", "", document)
    found: list[dict[str, Any]] = []
    path = f"with/referrers/referrers/{subject}?n=2"
    while path:
        answer = registry.ask("GET", path)
        listed = answer.read("manifests")
        assert isinstance(listed, list)
        found += listed
        path = (answer.get("link") or "").partition("<")[2].partition(">")[0]
    assert sorted(one["annotations"]["n"] for one in found) == ["0", "1", "2", "3", "4"]
    told = ecr.list_image_referrers(repositoryName="with/referrers", subjectId={"imageDigest": subject})
    assert [one["digest"] for one in told["referrers"]] == [one["digest"] for one in found]
    wanted = {"artifactTypes": ["application/vnd.example.1"]}
    some = ecr.list_image_referrers(repositoryName="with/referrers", subjectId={"imageDigest": subject}, filter=wanted)
    assert sorted(one["annotations"]["n"] for one in some["referrers"]) == ["1", "3"]
