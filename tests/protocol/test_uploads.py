"""Uploads over ``/v2/``: in parts, streamed, whole, cancelled (spec: registry-http section 5)."""

import pytest

from protocol.registry import MIB, Registry, basic, code_of, message_of
from support.layers import digest_of
from support.server import RunningServer
from support.wire import Wire, chunked, head

PART = bytes(range(256)) * 4 * 5 * 1024  # 5 MiB, the smallest part that another may follow
LAST = b"the rest"
EMPTY = digest_of(b"")


def finish(registry: Registry, upload: str, digest: str) -> int:
    return registry.ask("PUT", f"{upload}?digest={digest}").status


def test_an_upload_is_opened_with_ecrs_headers(registry: Registry, repository: str) -> None:
    answer = registry.ask("POST", f"{repository}/blobs/uploads/")
    upload = answer.header("docker-upload-uuid")
    assert (answer.status, answer.body, answer.header("range")) == (202, b"", "0-0")
    assert answer.header("location") == f"http://{registry.wire.host}/v2/{repository}/blobs/uploads/{upload}"


def test_the_slash_behind_uploads_may_be_missing(registry: Registry, repository: str) -> None:
    assert registry.ask("POST", f"{repository}/blobs/uploads").status == 202


def test_for_an_unknown_host_the_location_is_relative(registry: Registry, repository: str) -> None:
    answer = registry.ask("POST", f"{repository}/blobs/uploads/", {"Host": "registry.example"})
    assert answer.header("location") == f"/v2/{repository}/blobs/uploads/{answer.header('docker-upload-uuid')}"


@pytest.mark.parametrize("name", ["localhost", "a.localhost", "127.0.0.9", "[::1]"])
def test_for_a_loopback_host_the_location_names_it(registry: Registry, repository: str, name: str) -> None:
    answer = registry.ask("POST", f"{repository}/blobs/uploads/", {"Host": f"{name}:81"})
    assert answer.header("location").startswith(f"http://{name}:81/v2/{repository}/blobs/uploads/")


def test_the_location_can_be_followed(registry: Registry, repository: str) -> None:
    location = registry.ask("POST", f"{repository}/blobs/uploads/").header("location")
    assert registry.ask("PATCH", location, body=LAST).status == 201


def test_a_part_is_answered_created_with_where_to_go_on(registry: Registry, repository: str) -> None:
    upload = registry.start(repository)
    answer = registry.ask("PATCH", upload, body=LAST)
    assert (answer.status, answer.header("range")) == (201, f"0-{len(LAST) - 1}")
    assert answer.header("location").endswith(upload)


def test_a_chunked_body_is_a_part(registry: Registry, repository: str) -> None:
    upload = registry.start(repository)
    body = chunked([b"a", b"stream", b"of bytes"])
    answer = registry.ask("PATCH", upload, {"Transfer-Encoding": "chunked"}, body)
    assert (answer.status, answer.header("range")) == (201, "0-14")
    assert finish(registry, upload, digest_of(b"astreamof bytes")) == 201


def test_a_part_may_come_in_small_pieces(registry: Registry, repository: str) -> None:
    upload, wire = registry.start(repository), registry.wire
    headers = {"Host": wire.host, "Authorization": basic(registry.password), "Content-Length": str(len(LAST))}
    wire.send(head("PATCH", f"/v2/{upload}", headers.items()))
    for letter in LAST:
        wire.send(bytes([letter]))
    assert wire.receive("PATCH").status == 201
    assert finish(registry, upload, digest_of(LAST)) == 201


def test_a_client_that_waits_for_leave_is_told_to_go_on(registry: Registry, repository: str) -> None:
    upload, wire = registry.start(repository), registry.wire
    headers = {"Host": wire.host, "Authorization": basic(registry.password), "Content-Length": "4"}
    wire.send(head("PATCH", f"/v2/{upload}", (headers | {"Expect": "100-continue"}).items()))
    wire.send(b"late")
    assert wire.receive("PATCH").status == 201


def test_a_finished_upload_is_a_blob(registry: Registry, repository: str) -> None:
    upload, digest = registry.start(repository), digest_of(LAST)
    registry.ask("PATCH", upload, body=LAST)
    answer = registry.ask("PUT", f"{upload}?digest={digest}")
    assert (answer.status, answer.body, answer.header("docker-content-digest")) == (201, b"", digest)
    assert answer.header("location") == f"http://{registry.wire.host}/v2/{repository}/blobs/{digest}"


def test_a_blob_may_come_whole_when_the_upload_is_finished(registry: Registry, repository: str) -> None:
    answer = registry.ask("PUT", f"{registry.start(repository)}?digest={digest_of(LAST)}", body=LAST)
    assert (answer.status, answer.header("docker-content-digest")) == (201, digest_of(LAST))


def test_the_last_part_may_come_when_the_upload_is_finished(registry: Registry, repository: str) -> None:
    upload = registry.start(repository)
    registry.ask("PATCH", upload, body=PART)
    assert registry.ask("PUT", f"{upload}?digest={digest_of(PART + LAST)}", body=LAST).status == 201


def test_a_single_post_is_enough_for_a_blob(registry: Registry, repository: str) -> None:
    digest = digest_of(LAST)
    answer = registry.ask("POST", f"{repository}/blobs/uploads/?digest={digest}", body=LAST)
    assert (answer.status, answer.header("docker-content-digest")) == (201, digest)
    assert registry.ask("HEAD", f"{repository}/blobs/{digest}").status == 200


def test_a_single_post_of_other_bytes_leaves_nothing(registry: Registry, repository: str) -> None:
    answer = registry.ask("POST", f"{repository}/blobs/uploads/?digest={digest_of(b'other')}", body=LAST)
    assert (answer.status, code_of(answer)) == (400, "DIGEST_INVALID")
    assert registry.ask("HEAD", f"{repository}/blobs/{digest_of(LAST)}").status == 404


def test_a_mount_opens_an_upload(registry: Registry, repository: str, other_repository: str) -> None:
    digest = registry.put_blob(other_repository, LAST)
    answer = registry.ask("POST", f"{repository}/blobs/uploads/?mount={digest}&from={other_repository}")
    assert answer.status == 202
    assert registry.ask("HEAD", f"{repository}/blobs/{digest}").status == 404


def test_an_empty_blob_can_be_kept(registry: Registry, repository: str) -> None:
    assert finish(registry, registry.start(repository), EMPTY) == 201
    assert registry.ask("HEAD", f"{repository}/blobs/{EMPTY}").header("content-length") == "0"


def test_other_bytes_than_the_digest_says_are_refused_and_the_upload_stays(registry: Registry, repository: str) -> None:
    upload = registry.start(repository)
    answer = registry.ask("PUT", f"{upload}?digest={EMPTY}", body=LAST)
    assert (answer.status, code_of(answer)) == (400, "DIGEST_INVALID")
    assert registry.ask("PUT", f"{upload}?digest={digest_of(LAST)}", body=LAST).status == 201


@pytest.mark.parametrize("digest", ["", "sha256:", "sha256:ABC", "md5:" + "0" * 32, "sha512:" + "0" * 128, "%00"])
def test_what_is_no_digest_finishes_nothing(registry: Registry, repository: str, digest: str) -> None:
    answer = registry.ask("PUT", f"{registry.start(repository)}?digest={digest}", body=LAST)
    assert (answer.status, code_of(answer)) == (400, "DIGEST_INVALID")


def test_an_upload_tells_where_it_stands(registry: Registry, repository: str) -> None:
    upload = registry.start(repository)
    registry.ask("PATCH", upload, body=LAST)
    answer = registry.ask("GET", upload)
    assert (answer.status, answer.body, answer.header("range")) == (204, b"", f"0-{len(LAST) - 1}")
    assert answer.header("docker-upload-uuid") == upload.rpartition("/")[2]


def test_before_the_first_part_an_upload_stands_at_nothing(registry: Registry, repository: str) -> None:
    assert registry.ask("GET", registry.start(repository)).header("range") == "0-0"


@pytest.mark.parametrize("method", ["GET", "PATCH", "PUT", "DELETE"])
def test_a_cancelled_upload_is_gone(registry: Registry, repository: str, method: str) -> None:
    upload = registry.start(repository)
    assert registry.ask("DELETE", upload).status == 204
    answer = registry.ask(method, f"{upload}?digest={EMPTY}")
    assert (answer.status, code_of(answer)) == (404, "BLOB_UPLOAD_UNKNOWN")


@pytest.mark.parametrize("method", ["GET", "PATCH", "PUT", "DELETE"])
def test_a_finished_upload_is_gone(registry: Registry, repository: str, method: str) -> None:
    upload = registry.start(repository)
    assert finish(registry, upload, EMPTY) == 201
    assert registry.ask(method, f"{upload}?digest={EMPTY}").status == 404


@pytest.mark.parametrize("upload", ["0", "..", "%2e%2e%2fx", "00000000-0000-4000-8000-000000000000", "'", "a" * 2000])
def test_an_upload_that_never_was_is_unknown(registry: Registry, repository: str, upload: str) -> None:
    assert registry.ask("PATCH", f"{repository}/blobs/uploads/{upload}", body=LAST).status == 404


def test_parts_follow_each_other_on_other_connections(
    registry: Registry, repository: str, server: RunningServer
) -> None:
    upload, whole = registry.start(repository), PART + PART + LAST
    for first in range(0, len(whole), len(PART)):
        part = whole[first : first + len(PART)]
        with Wire(server.host) as wire:
            spans = {"Content-Range": f"{first}-{first + len(part) - 1}"}
            answer = Registry(wire, registry.password).ask("PATCH", upload, spans, part)
        assert (answer.status, answer.header("range")) == (201, f"0-{first + len(part) - 1}")
    assert finish(registry, upload, digest_of(whole)) == 201


def test_a_small_part_that_another_followed_is_told_at_the_end(registry: Registry, repository: str) -> None:
    upload = registry.start(repository)
    for part in (LAST, PART):
        assert registry.ask("PATCH", upload, body=part).status == 201
    answer = registry.ask("PUT", f"{upload}?digest={digest_of(LAST + PART)}")
    assert (answer.status, code_of(answer)) == (400, "BLOB_UPLOAD_INVALID")
    assert message_of(answer) == "All layer parts except the last part should be at least 5MB"


@pytest.mark.parametrize(("first", "last"), [(0, 2), (4, 6), (10**15, 10**15 + 2)])
def test_a_part_that_does_not_go_on_where_the_upload_ends_is_refused(
    registry: Registry, repository: str, first: int, last: int
) -> None:
    upload = registry.start(repository)
    registry.ask("PATCH", upload, body=b"abc")
    answer = registry.ask("PATCH", upload, {"Content-Range": f"{first}-{last}"}, b"def")
    assert (answer.status, code_of(answer), answer.header("range")) == (416, "BLOB_UPLOAD_INVALID", "0-2")
    assert message_of(answer) == f"First byte of the layer part is {first} instead of 3"


def test_a_refused_part_changes_nothing(registry: Registry, repository: str) -> None:
    upload = registry.start(repository)
    registry.ask("PATCH", upload, body=b"abc")
    registry.ask("PATCH", upload, {"Content-Range": "7-9"}, b"def")
    assert registry.ask("GET", upload).header("range") == "0-2"
    assert finish(registry, upload, digest_of(b"abc")) == 201


@pytest.mark.parametrize("spans", ["", "5", "2-0", "-1", "0-", "a-b", "bytes=0-2", "0-2-4", "0-" + "9" * 40])
def test_a_content_range_that_cannot_be_read_is_refused(registry: Registry, repository: str, spans: str) -> None:
    answer = registry.ask("PATCH", registry.start(repository), {"Content-Range": spans}, b"abc")
    assert answer.status == 400


@pytest.mark.parametrize("spans", ["0-0", "0-1", "0-3"])
def test_a_content_range_of_another_length_than_the_body_is_refused(
    registry: Registry, repository: str, spans: str
) -> None:
    upload = registry.start(repository)
    for headers, body in (({}, b"abc"), ({"Transfer-Encoding": "chunked"}, chunked([b"abc"]))):
        assert registry.ask("PATCH", upload, {"Content-Range": spans} | headers, body).status == 400
    assert registry.ask("GET", upload).header("range") == "0-0"


def test_a_part_that_is_cut_short_counts_for_nothing(
    registry: Registry, repository: str, server: RunningServer
) -> None:
    upload = registry.start(repository)
    registry.ask("PATCH", upload, body=b"abc")
    headers = {"Host": server.host, "Authorization": basic(registry.password), "Content-Length": str(MIB)}
    with Wire(server.host) as wire:
        wire.send(head("PATCH", f"/v2/{upload}", headers.items()) + b"x" * 1000)
    assert registry.ask("GET", upload).header("range") == "0-2"


def test_a_blob_that_is_there_can_be_sent_again(registry: Registry, repository: str) -> None:
    assert registry.put_blob(repository, LAST) == registry.put_blob(repository, LAST)


def test_an_upload_to_a_missing_repository_is_refused_in_ecrs_words(registry: Registry) -> None:
    answer = registry.ask("POST", "no/such/blobs/uploads/")
    assert (answer.status, code_of(answer)) == (404, "NAME_UNKNOWN")
    assert (
        message_of(answer) == "The repository with name 'no/such' does not exist in the registry with id '123456789012'"
    )
