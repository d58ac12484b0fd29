"""What we sign is what botocore signs, and we accept it."""

from datetime import UTC, datetime
from hashlib import sha256

import pytest
from hypothesis import given

from conformance.sigv4.requests import (
    ACCESS_KEY_ID,
    AT,
    EXPIRES,
    SIGNING_KEY_TEXT,
    Request,
    Signed,
    presignable,
    presigned_by_botocore,
    quick,
    requests,
    signed_by_botocore,
)
from moorage.sigv4.canonical import canonical_request
from moorage.sigv4.claim import parse
from moorage.sigv4.errors import SignatureIncomplete
from moorage.sigv4.head import Head
from moorage.sigv4.sign import Signer, presign, sign


def signed(request: Request) -> Signed:
    head = request.head
    added = sign(head, request.signer, at=request.at, body=request.body)
    return Signed(Head(head.method, head.path, head.query, (*head.headers, *added)), request.body)


def presigned(request: Request) -> Signed:
    head = request.head
    query = presign(head, request.signer, at=request.at, expires=EXPIRES, body=request.body)
    return Signed(Head(head.method, head.path, query, head.headers), request.body)


@quick(500)
@given(requests())
def test_our_signature_is_botocores(request: Request) -> None:
    assert signed(request).accept().signature == parse(signed_by_botocore(request).head).signature


@quick(500)
@given(presignable())
def test_our_presigned_query_is_botocores(request: Request) -> None:
    assert presigned(request).head.query == presigned_by_botocore(request).head.query


@quick(60)
@given(requests())
def test_what_we_presign_we_accept(request: Request) -> None:
    assert presigned(request).accept().presigned_expires == EXPIRES


def list_users() -> tuple[Head, Signer, datetime]:
    headers = (
        ("content-type", "application/x-www-form-urlencoded; charset=utf-8"),
        ("host", "iam.amazonaws.com"),
    )
    head = Head("GET", "/", "Action=ListUsers&Version=2010-05-08", headers)
    signer = Signer(ACCESS_KEY_ID, SIGNING_KEY_TEXT, "us-east-1", "iam")
    return head, signer, datetime(2015, 8, 30, 12, 36, 0, tzinfo=UTC)


def test_the_documented_canonical_request_is_made() -> None:
    head, _, _ = list_users()
    whole = Head(head.method, head.path, head.query, (*head.headers, ("x-amz-date", "20150830T123600Z")))
    request = canonical_request(whole, ("content-type", "host", "x-amz-date"), sha256(b"").hexdigest())
    expected = "f536975d06c0309214f805bb90ccff089219ecd68b2577efef23edd43b7e1a59"
    assert sha256(request.encode()).hexdigest() == expected


def test_the_documented_request_gets_the_documented_signature() -> None:
    head, signer, at = list_users()
    assert dict(sign(head, signer, at=at, body=b"")) == {
        "x-amz-date": "20150830T123600Z",
        "authorization": "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20150830/us-east-1/iam/aws4_request,"
        " SignedHeaders=content-type;host;x-amz-date,"
        " Signature=5d672d79c15b13162d9279b0855cfba6789a8edb4c82c400e06b5924a6f2b5d7",
    }


def test_the_documented_signature_is_accepted() -> None:
    head, signer, at = list_users()
    headers = (*head.headers, *sign(head, signer, at=at, body=b""))
    assert Signed(Head(head.method, head.path, head.query, headers), b"").accept().amz_date == at


@pytest.mark.parametrize("expires", [-1, 0, 604801, 10**30])
def test_nothing_is_presigned_for_no_time_or_for_more_than_a_week(expires: int) -> None:
    head, signer, _ = list_users()
    with pytest.raises(SignatureIncomplete, match="X-Amz-Expires"):
        presign(head, signer, at=AT, expires=expires)


def test_a_signer_does_not_show_its_secrets() -> None:
    shown = repr(Signer(ACCESS_KEY_ID, SIGNING_KEY_TEXT, "us-east-1", "iam", "session-token"))
    assert SIGNING_KEY_TEXT not in shown
    assert "session-token" not in shown
