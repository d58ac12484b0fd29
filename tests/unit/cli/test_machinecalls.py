import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler
from socketserver import TCPServer

import pytest

from moorage.cli import machinecalls
from moorage.cli.machinekey import MachineKey

ANSWER = {
    "accessKeyId": "ASIAEXAMPLE",
    "secretAccessKey": "never told",
    "sessionToken": "token",
    "expiration": 1_800_000_000.0,
    "roleName": "puller",
    "roleArn": "arn:aws:iam::123456789012:role/puller",
    "instanceProfileArn": "arn:aws:iam::123456789012:instance-profile/puller",
}


def key_for(endpoint: str) -> MachineKey:
    return MachineKey(endpoint, "123456789012", "us-east-1", "i-0123456789abcdef0", "MCHNAAAA", "secret")


@contextmanager
def answering(status: int, body: object) -> Iterator[tuple[str, list[dict[str, str]]]]:
    """Stand where a server does, and give what it was sent."""
    asked: list[dict[str, str]] = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            self.rfile.read(int(self.headers["content-length"]))
            asked.append({name.lower(): value for name, value in self.headers.items()})
            text = body if isinstance(body, bytes) else json.dumps(body).encode()
            self.send_response(status)
            self.send_header("content-length", str(len(text)))
            self.end_headers()
            self.wfile.write(text)

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - its name for it
            pass

    with TCPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_address[1]}", asked
        finally:
            server.shutdown()
            thread.join()


def test_the_credentials_are_asked_for_with_the_machines_key() -> None:
    with answering(200, ANSWER) as (endpoint, asked):
        found = machinecalls.fetch(key_for(endpoint))
    assert found.access_key_id == "ASIAEXAMPLE"
    assert found.expiration == datetime.fromtimestamp(1_800_000_000, UTC)
    assert (found.role_name, found.role_arn) == ("puller", ANSWER["roleArn"])
    assert found.instance_profile_arn == ANSWER["instanceProfileArn"]
    assert asked[0]["x-amz-target"] == "Moorage_20261123.GetInstanceCredentials"
    assert "Credential=MCHNAAAA/" in asked[0]["authorization"]
    assert "/us-east-1/moorage/aws4_request" in asked[0]["authorization"]
    assert found.secret_access_key not in repr(found)
    assert found.session_token not in repr(found)


@pytest.mark.parametrize("status", [400, 403])
def test_a_no_is_told_with_its_code(status: int) -> None:
    body = {"__type": "AccessDeniedException", "message": "the role does not trust machines"}
    with answering(status, body) as (endpoint, _), pytest.raises(machinecalls.Refused) as refused:
        machinecalls.fetch(key_for(endpoint))
    assert (refused.value.code, refused.value.message) == ("AccessDeniedException", "the role does not trust machines")


@pytest.mark.parametrize(
    ("status", "body"),
    [
        (503, {"__type": "ServiceUnavailable", "message": "Rate exceeded"}),
        (502, b"<html>a proxy"),
        (200, b"<html>a proxy"),
        (200, {}),
        (200, {**ANSWER, "expiration": "soon"}),
        (200, {**ANSWER, "secretAccessKey": ""}),
        (200, {**ANSWER, "sessionToken": 7}),
        (200, {**ANSWER, "expiration": 1e300}),
    ],
)
def test_what_is_no_answer_may_be_asked_for_again(status: int, body: object) -> None:
    with answering(status, body) as (endpoint, _), pytest.raises(machinecalls.Unreachable):
        machinecalls.fetch(key_for(endpoint))


def test_nobody_there_may_be_asked_for_again() -> None:
    with answering(200, ANSWER) as (endpoint, _):
        pass
    with pytest.raises(machinecalls.Unreachable, match="does not answer"):
        machinecalls.fetch(key_for(endpoint))


def test_certificates_that_are_not_there_are_told() -> None:
    with pytest.raises(machinecalls.Unreachable, match="certificates in /nowhere"):
        machinecalls.fetch(key_for("https://127.0.0.1:1"), ca_bundle="/nowhere")
