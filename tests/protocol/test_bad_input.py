"""Bad input of /v2/, in both profiles: the right code, nothing changed, no memory kept (security: A, E, F, H, I)."""

import gzip
import hashlib
from collections.abc import Iterator

import pytest

from moorage.domain.profile import Profile
from protocol.badcases import (
    ACTIONS,
    CASES,
    FOREIGN,
    LAYER,
    PASSWORDS,
    TARGETS,
    WAYS_OUT,
    Bad,
    calls,
    false_data,
    foreign_image,
)
from protocol.badfields import FIELDS, BadFields
from protocol.crowd import at_once
from protocol.hostile import NAME, Hostile, hostile_server
from protocol.registry import MIB, Registry, code_of
from support.layers import digest_of
from support.wire import Wire

MOST = 16 * 1024  # KiB that a second round may take more than the first
REFUSED = [(profile, bad) for profile in Profile for bad in CASES if not bad.is_taken(profile)]
TAKEN = [bad for bad in CASES if bad.is_taken(Profile.OCI)]


@pytest.fixture(scope="module")
def profile(request: pytest.FixtureRequest) -> Profile:
    return Profile(request.param)


BOTH = pytest.mark.parametrize("profile", list(Profile), indirect=True, scope="module")
IN_OCI = pytest.mark.parametrize("profile", [Profile.OCI], indirect=True, scope="module")


@pytest.fixture(scope="module")
def hostile(tmp_path_factory: pytest.TempPathFactory, profile: Profile) -> Iterator[Hostile]:
    with hostile_server(tmp_path_factory.mktemp(f"bad-{profile}"), profile) as running:
        yield running


@pytest.fixture(scope="module")
def untouched(hostile: Hostile) -> object:
    """Tell what there is before the first bad request."""
    return hostile.state()


@pytest.mark.parametrize(
    ("profile", "bad"), REFUSED, ids=lambda one: getattr(one, "id", str(one)), indirect=["profile"], scope="module"
)
def test_a_bad_request_is_told_so_and_changes_nothing(hostile: Hostile, untouched: object, bad: Bad) -> None:
    answer = hostile.ask(bad)
    status, code = bad.expected(hostile.profile)
    assert (answer.status, None if code is None else code_of(answer)) == (status, code)
    assert hostile.state() == untouched


@BOTH
@pytest.mark.parametrize("bad", FIELDS, ids=lambda bad: bad.id)
def test_fields_of_two_meanings_are_refused_and_change_nothing(
    hostile: Hostile, untouched: object, bad: BadFields
) -> None:
    assert hostile.ask_lines(bad).status == (501 if "coded as" in bad.id else 400)
    assert hostile.state() == untouched


@IN_OCI
@pytest.mark.parametrize("bad", TAKEN, ids=lambda bad: bad.id)
def test_a_manifest_without_its_content_opens_no_other_repository(
    hostile: Hostile, untouched: object, bad: Bad
) -> None:
    answer = hostile.ask(bad)
    assert answer.status == 201
    child = digest_of(foreign_image())
    kept = answer.header("docker-content-digest")
    looked = [(method, f"{NAME}/blobs/{digest_of(FOREIGN)}") for method in ("GET", "HEAD")]
    looked += [(method, f"{NAME}/manifests/{child}") for method in ("GET", "HEAD") if child != kept]
    assert {hostile.registry.ask(*one).status for one in looked} == {404}
    linked = hostile.call("GetDownloadUrlForLayer", {"repositoryName": NAME, "layerDigest": digest_of(FOREIGN)})
    assert linked.status == 400
    assert hostile.registry.ask("DELETE", f"{NAME}/manifests/{kept}").status == 202
    assert hostile.state() == untouched


@BOTH
@pytest.mark.parametrize("password", PASSWORDS)
def test_a_password_that_nobody_has_opens_nothing_and_is_not_repeated(hostile: Hostile, password: str) -> None:
    answer = hostile.knock(password)
    assert answer.status == 401
    if hostile.profile is Profile.ECR:
        assert answer.text == "Not Authorized\n"
    else:
        assert code_of(answer) == "UNAUTHORIZED"
    assert not password or password not in str(answer.headers) + answer.text


@BOTH
def test_what_is_packed_is_kept_as_it_came(hostile: Hostile) -> None:
    """A layer is never unpacked, whatever a header says of it."""
    bomb = gzip.compress(bytes(64 * MIB), mtime=0)
    path = f"{NAME}/blobs/uploads/?digest={digest_of(bomb)}"
    with Wire(hostile.server.host) as wire:
        answer = Registry(wire, hostile.registry.password).ask("POST", path, {"Content-Encoding": "gzip"}, bomb)
    assert answer.status == 201
    looked = hostile.registry.ask("HEAD", f"{NAME}/blobs/{digest_of(bomb)}")
    assert int(looked.header("content-length")) == len(bomb)


@BOTH
def test_a_blob_deleted_here_stays_deleted_when_it_is_read_there(hostile: Hostile) -> None:
    data, path = b"in both repositories", f"{{}}/blobs/{digest_of(b'in both repositories')}"
    for name in ("bad/here", "bad/there"):
        hostile.ecr.create_repository(repositoryName=name)
        hostile.registry.push(name, "v1", data)
        assert hostile.registry.ask("GET", path.format(name)).status == 200
    hostile.ecr.delete_repository(repositoryName="bad/here", force=True)
    hostile.ecr.create_repository(repositoryName="bad/here")
    for _ in range(3):
        assert hostile.registry.ask("GET", path.format("bad/there")).body == data
        for method in ("GET", "HEAD"):
            assert hostile.registry.ask(method, path.format("bad/here")).status == 404


@BOTH
def test_an_index_of_ten_thousand_children_is_kept(hostile: Hostile) -> None:
    name = "bad/wide"
    hostile.ecr.create_repository(repositoryName=name)
    child = hostile.registry.push(name, "", LAYER)
    one = {"mediaType": "application/vnd.oci.image.manifest.v1+json", "digest": digest_of(child), "size": len(child)}
    index = {"schemaVersion": 2, "mediaType": "application/vnd.oci.image.index.v1+json", "manifests": [one] * 10_000}
    body = hostile.registry.keep(name, "wide", index)
    assert hostile.registry.ask("GET", f"{name}/manifests/wide").body == body
    assert hostile.registry.ask("DELETE", f"{name}/manifests/{digest_of(child)}").status == 405


@BOTH
@pytest.mark.parametrize("count", [1000, pytest.param(10_000, marks=pytest.mark.nightly)])
def test_idle_uploads_hold_no_memory(hostile: Hostile, count: int) -> None:
    def open_many(registry: Registry) -> None:
        for number in range(count // 8):
            part = b"a part" if number % 25 else bytes(70_000)  # which is too much for the metadata
            assert registry.ask("PATCH", registry.start(NAME), body=part).status in {201, 202}

    crowd = [open_many] * 8
    at_once(hostile.server.host, hostile.registry.password, crowd)
    before = hostile.peak()
    at_once(hostile.server.host, hostile.registry.password, crowd)
    assert hostile.peak() - before < MOST
    assert hostile.registry.ask("GET", f"{NAME}/blobs/uploads/{hostile.upload}").status == 204


def everything_bad(hostile: Hostile) -> None:
    """Send every table of bad input once."""
    for bad in CASES:
        hostile.ask(bad)
    for fields in FIELDS:
        hostile.ask_lines(fields)
    for manifest in false_data().values():
        hostile.put_image(manifest)
    for password in PASSWORDS:
        hostile.knock(password)
    for target in TARGETS:
        hostile.call_target(target)
    for service in ("iam", "sts"):
        for action in ACTIONS:
            hostile.query(f"{service}.{action}")
    for operation, members in calls(NAME).values():
        for way in WAYS_OUT:
            hostile.call(operation, members(way))


@BOTH
def test_everything_bad_again_takes_no_more_memory(hostile: Hostile) -> None:
    everything_bad(hostile)
    before = hostile.peak()
    for _ in range(2):
        everything_bad(hostile)
    assert hostile.peak() - before < MOST


@BOTH
def test_the_server_is_as_it_was(hostile: Hostile) -> None:
    """Its worker is the one it began with, and its image is whole."""
    with Wire(hostile.server.host) as wire:  # the other may have been idle for too long
        registry = Registry(wire, hostile.registry.password)
        assert registry.ask("GET", f"{NAME}/blobs/{digest_of(LAYER)}").body == LAYER
        manifest = registry.ask("GET", f"{NAME}/manifests/v1")
    assert manifest.header("docker-content-digest") == f"sha256:{hashlib.sha256(manifest.body).hexdigest()}"
