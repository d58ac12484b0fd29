"""What the kubelet writes is read to the letter; what the server says in XML is told as people write it."""

import json

import pytest

from moorage.cli import credential_provider
from moorage.cli.call import Server
from moorage.cli.credential_provider import read_request
from moorage.cli.exchange import Answer
from moorage.cli.refused import Refused
from support.kubernetes import VERSION, matches

IMAGE = "123456789012.dkr.ecr.us-east-1.example.com/team/app:1"
ROLE = "eks.amazonaws.com/role-arn"


def request_for(image: object, **members: object) -> bytes:
    return json.dumps({"apiVersion": VERSION, "kind": "CredentialProviderRequest", "image": image, **members}).encode()


@pytest.mark.parametrize(
    "image",
    [
        "team/app",
        "team/app:1",
        "team/deeper/app:v1.2_3-x",
        f"app@sha256:{'0' * 64}",
        f"team/app:1@sha256:{'0' * 64}",
    ],
)
@pytest.mark.parametrize(
    "host", ["123456789012.dkr.ecr.us-east-1.example.com", "registry.lan", "127.0.0.1:4500", "a:1", "localhost:4500"]
)
def test_the_host_is_as_the_image_has_it(host: str, image: str) -> None:
    asked = read_request(request_for(f"{host}/{image}"))
    assert (asked.host, asked.token, asked.annotations) == (host, None, {})
    assert matches(asked.host, f"{host}/{image}")


@pytest.mark.parametrize(
    ("members", "token"),
    [
        ({"serviceAccountToken": "", "serviceAccountAnnotations": {}}, None),
        ({"serviceAccountToken": None, "serviceAccountAnnotations": None}, None),
        ({"serviceAccountToken": "t", "ofTomorrow": {"deep": [1]}}, "t"),
    ],
    ids=["empty", "null", "unknown"],
)
def test_a_token_is_optional_and_unknown_members_are_left_alone(members: dict[str, object], token: str | None) -> None:
    asked = read_request(request_for(IMAGE, **members))
    assert (asked.token, asked.annotations) == (token, {})


def test_annotations_are_read_and_a_token_is_not_shown() -> None:
    asked = read_request(request_for(IMAGE, serviceAccountToken="hush", serviceAccountAnnotations={ROLE: "r"}))
    assert (asked.annotations, "hush" in repr(asked)) == ({ROLE: "r"}, False)


@pytest.mark.parametrize(
    ("text", "why"),
    [
        (b"", "not JSON"),
        (b"{", "not JSON"),
        (b'{"image": "\xff"}', "not JSON"),
        (b"[" * 100_000, "not JSON"),
        (b"[]", "no CredentialProviderRequest"),
        (request_for(IMAGE, more="x" * 1024 * 1024), "longer than 1 MiB"),
        (request_for(IMAGE, kind="CredentialProviderResponse"), "no CredentialProviderRequest"),
        (request_for(IMAGE, apiVersion="credentialprovider.kubelet.k8s.io/v1alpha1"), "apiVersion"),
        (request_for(IMAGE, apiVersion="credentialprovider.kubelet.k8s.io/v1beta1"), "apiVersion"),
        (request_for(IMAGE, apiVersion=None), "apiVersion"),
        (request_for(None), "names no registry"),
        (request_for(7), "names no registry"),
        (request_for(""), "names no registry"),
        (request_for("busybox"), "names no registry"),
        (request_for("library/busybox"), "names no registry"),
        (request_for("user@a.b/c"), "names no registry"),
        (request_for("a.b%2f/c"), "names no registry"),
        (request_for(f"{'a.b' * 10_000}/c"), "names no registry"),
        (request_for({"a": "b" * 10_000}), "names no registry"),
        (request_for(IMAGE, apiVersion="v1\n" * 10_000), "apiVersion"),
        (request_for("a.b:/c"), "names no registry"),
        (request_for("a.b:port/c"), "names no registry"),
        (request_for("a.b\r\nX: y/c"), "names no registry"),
        (request_for(IMAGE, serviceAccountToken=7), "serviceAccountToken is no text"),
        (request_for(IMAGE, serviceAccountToken=["hush"]), "serviceAccountToken is no text"),
        (request_for(IMAGE, serviceAccountAnnotations=[]), "serviceAccountAnnotations are no texts"),
        (request_for(IMAGE, serviceAccountAnnotations={"a": 1}), "serviceAccountAnnotations are no texts"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_what_is_no_request_is_refused(text: bytes, why: str) -> None:
    with pytest.raises(Refused, match=why) as refused:
        read_request(text)
    assert (refused.value.message.isprintable(), len(refused.value.message) < 700) == (True, True)
    assert "hush" not in refused.value.message


def test_a_refusal_is_told_without_entities(monkeypatch: pytest.MonkeyPatch) -> None:
    words = b"no provider &quot;a&amp;b&quot; &lt;here&gt;"
    body = b"<Error><Code>InvalidIdentityToken</Code><Message>" + words + b"</Message></Error>"
    monkeypatch.setattr(credential_provider, "send", lambda _server, _question: Answer(400, body))
    with pytest.raises(Refused) as refused:
        credential_provider._assume(Server("h", 1, secure=False, ca=None), "role", "token")  # noqa: SLF001 - its words
    assert refused.value.message == 'InvalidIdentityToken: no provider "a&b" <here>'
