"""How large a body may be, and how many large ones are read at once (security: class E)."""

import base64
import json

import pytest

from moorage.domain.errors import TooBusy
from moorage.domain.profile import Profile
from moorage.edge.awsjson.errors import response as json_response
from moorage.edge.oci.errors import response as oci_response
from protocol.api import CONTENT_TYPE, ECR, Api, code_of, message_of
from protocol.people import root_of
from protocol.registry import MIB
from support.fixtures import StartServer
from support.server import RunningServer
from support.wire import Answer, Wire, head

TOO_LARGE = "RequestEntityTooLargeException"
LIMITS = {"ListImages": MIB, "SetRepositoryPolicy": MIB, "PutImage": 25 * MIB, "UploadLayerPart": 28 * MIB}


def declare(api: Api, operation: str, size: int) -> Answer:
    """Send a signed head that promises a body of this size, and nothing of the body."""
    headers = api.signed(f"{ECR}.{operation}", b"{}")
    api.wire.send(head("POST", "/", (*headers, ("content-length", str(size)))))
    return api.wire.receive("POST")


def filled(members: dict[str, object], size: int) -> bytes:
    """Write members and a pad that makes them this many bytes."""
    bare = json.dumps(members | {"pad": ""}).encode()
    return json.dumps(members | {"pad": "x" * (size - len(bare))}).encode()


@pytest.mark.parametrize(("operation", "limit"), LIMITS.items())
def test_a_body_that_says_it_is_too_large_is_refused_before_its_first_byte(
    api: Api, operation: str, limit: int
) -> None:
    answer = declare(api, operation, limit + 1)
    assert (answer.status, code_of(answer)) == (413, TOO_LARGE)


def test_a_body_of_exactly_the_limit_is_read(api: Api, repository: str) -> None:
    assert api.send("ListImages", filled({"repositoryName": repository}, MIB)).status == 200


def test_a_body_that_turns_out_too_large_is_refused(api: Api) -> None:
    headers = {**dict(api.signed(f"{ECR}.ListImages", b"{}")), "Transfer-Encoding": "chunked"}
    headers["Host"] = headers.pop("host")
    answer = api.wire.ask("POST", "/", headers, b"%x\r\n%s\r\n0\r\n\r\n" % (MIB + 1, bytes(MIB + 1)))
    assert (answer.status, code_of(answer)) == (413, TOO_LARGE)


def test_a_form_has_a_limit_too(wire: Wire) -> None:
    answer = wire.ask("POST", "/", {"Content-Type": "application/x-www-form-urlencoded", "Content-Length": str(10**12)})
    assert answer.status in {400, 403, 413}


@pytest.mark.parametrize(("more", "expected"), [(0, None), (1, "InvalidParameterException")])
def test_a_layer_part_has_at_most_twenty_mebibytes(api: Api, repository: str, more: int, expected: str | None) -> None:
    upload = api.call("InitiateLayerUpload", {"repositoryName": repository}).read("uploadId")
    part = bytes(20 * MIB + more)
    asked = {
        "repositoryName": repository,
        "uploadId": upload,
        "partFirstByte": 0,
        "partLastByte": len(part) - 1,
        "layerPartBlob": base64.b64encode(part).decode(),
    }
    answer = api.call("UploadLayerPart", asked)
    assert (answer.status == 200) == (expected is None)
    assert expected is None or (
        message_of(answer) == "Invalid parameter at 'layerPartBlob' failed to satisfy constraint: "
        "'Member must have length less than or equal to 20971520'"
    )


def test_an_unsigned_body_is_not_even_read(server: RunningServer) -> None:
    named = {"Host": server.host, "Content-Type": CONTENT_TYPE, "X-Amz-Target": f"{ECR}.UploadLayerPart"}
    with Wire(server.host) as wire:
        wire.send(head("POST", "/", (named | {"Content-Length": str(28 * MIB)}).items()))
        assert code_of(wire.receive()) == "MissingAuthenticationTokenException"


def test_both_faces_say_when_to_come_again() -> None:
    busy = TooBusy(retry_after=10)
    told = (json_response(busy, "id"), oci_response(Profile.ECR, busy))
    assert [answer.status for answer in told] == [503, 429]
    assert all(("retry-after", "10") in answer.headers for answer in told)


def test_who_sends_a_large_body_that_nobody_signed_waits_for_the_next(start_server: StartServer) -> None:
    server = start_server(settings={"MOORAGE_WORKERS": "1"})
    key = root_of(server)

    def send(secret: str) -> str | None:
        with Wire(server.host) as wire:
            return code_of(Api(wire, key.id, secret).call("PutImage", {"pad": "x" * MIB}))

    assert [send("a-secret-that-is-none"), send(key.secret)] == ["InvalidSignatureException", "ServiceUnavailable"]
    with Wire(server.host) as wire:  # small bodies are read all the same
        assert Api(wire, key.id, key.secret).call("DescribeRegistry", {}).status == 200
