"""What botocore signs is accepted, and nothing that differs from it in one place."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from hashlib import sha256

import pytest
from hypothesis import given

from conformance.sigv4.requests import (
    Request,
    Signed,
    presignable,
    presigned_by_botocore,
    quick,
    requests,
    signed_by_botocore,
)
from moorage.sigv4.claim import parse
from moorage.sigv4.errors import SignatureMismatch, SignatureRefused
from moorage.sigv4.head import Head
from moorage.sigv4.key import SigningKeys
from moorage.sigv4.verify import verify

Tampering = Callable[[Signed], Iterator[Signed]]


@quick(1500)
@given(requests())
def test_what_botocore_signs_in_a_header_is_accepted(request: Request) -> None:
    claim = signed_by_botocore(request).accept()
    told = (claim.access_key_id, claim.region, claim.service, claim.session_token, claim.amz_date)
    signer = request.signer
    assert told == (signer.access_key_id, signer.region, signer.service, signer.session_token, request.at)


@quick(800)
@given(presignable())
def test_what_botocore_signs_in_a_query_is_accepted(request: Request) -> None:
    claim = presigned_by_botocore(request).accept()
    told = (claim.region, claim.service, claim.session_token, claim.amz_date, claim.presigned_expires)
    signer = request.signer
    assert told == (signer.region, signer.service, signer.session_token, request.at, 900)


@quick(300)
@given(requests())
def test_what_botocore_signs_under_a_date_header_is_accepted(request: Request) -> None:
    claim = signed_by_botocore(replace(request, headers=(("date", "now"), *request.headers))).accept()
    assert claim.amz_date == request.at


@quick(300)
@given(requests())
def test_another_spelling_of_the_same_query_is_accepted(request: Request) -> None:
    signed = signed_by_botocore(request)
    query = signed.head.query.replace("%20", "+").replace("%2F", "/").replace("%3A", "%3a")
    replace(signed, head=replace(signed.head, query=query)).accept()


def with_header(head: Head, name: str, value: str) -> Head:
    return replace(head, headers=tuple((n, value if n == name else v) for n, v in head.headers))


def header(head: Head, name: str) -> str:
    return next(value for given_name, value in head.headers if given_name == name)


def other_method(signed: Signed) -> Iterator[Signed]:
    for method in ("OPTIONS", signed.head.method.lower(), f"{signed.head.method} "):
        yield replace(signed, head=replace(signed.head, method=method))


def other_path(signed: Signed) -> Iterator[Signed]:
    for path in (f"{signed.head.path}/x", f"/x{signed.head.path}x", "/v2%2Fx"):
        yield replace(signed, head=replace(signed.head, path=path))


def other_query(signed: Signed) -> Iterator[Signed]:
    query = signed.head.query
    for other in (f"{query}x", f"x={query}", f"{query}&", f"{query}&Action=x", *([""] if query else [])):
        yield replace(signed, head=replace(signed.head, query=other))


def other_body(signed: Signed) -> Iterator[Signed]:
    for body in (signed.body + b"\0", b" " + signed.body, *([b""] if signed.body else [])):
        yield replace(signed, body=body)


def other_header(signed: Signed) -> Iterator[Signed]:
    for name in parse(signed.head).signed_headers:
        for position, (given_name, value) in enumerate(signed.head.headers):
            if given_name == name:
                headers = list(signed.head.headers)
                headers[position] = (name, f"{value}x")
                yield replace(signed, head=replace(signed.head, headers=tuple(headers)))


def repeated_header(signed: Signed) -> Iterator[Signed]:
    for name in parse(signed.head).signed_headers:
        headers = (*signed.head.headers, (name, header(signed.head, name)))
        yield replace(signed, head=replace(signed.head, headers=headers))


def lost_header(signed: Signed) -> Iterator[Signed]:
    for name in parse(signed.head).signed_headers:
        headers = tuple(pair for pair in signed.head.headers if pair[0] != name)
        yield replace(signed, head=replace(signed.head, headers=headers))


def added_header(signed: Signed) -> Iterator[Signed]:
    for added in (("x-amz-added", "x"), ("x-amz-security-token", "x"), ("x-amz-content-sha256", "0" * 64)):
        yield replace(signed, head=replace(signed.head, headers=(*signed.head.headers, added)))


def other_date(signed: Signed) -> Iterator[Signed]:
    date = header(signed.head, "x-amz-date")
    for other in (f"{date[:-2]}{(int(date[-2]) + 1) % 10}Z", f"1999{date[4:]}"):
        yield replace(signed, head=with_header(signed.head, "x-amz-date", other))


def edited_authorization(signed: Signed, *edits: tuple[str, str]) -> Iterator[Signed]:
    authorization = header(signed.head, "authorization")
    for old, new in edits:
        assert old in authorization
        yield replace(signed, head=with_header(signed.head, "authorization", authorization.replace(old, new, 1)))


def other_scope(signed: Signed) -> Iterator[Signed]:
    claim = parse(signed.head)
    yield from edited_authorization(
        signed,
        (f"/{claim.date}/", "/19990101/"),
        (f"/{claim.region}/", "/eu-north-1/"),
        (f"/{claim.service}/", "/s3/"),
        ("/aws4_request", "/aws4_other"),
    )


def unsigned_header(signed: Signed) -> Iterator[Signed]:
    names = parse(signed.head).signed_headers
    for name in names:
        left = ";".join(other for other in names if other != name)
        yield from edited_authorization(signed, (f"SignedHeaders={';'.join(names)},", f"SignedHeaders={left},"))


def other_signature(signed: Signed) -> Iterator[Signed]:
    signature = parse(signed.head).signature
    for position in range(0, 64, 7):
        digit = "0" if signature[position] != "0" else "1"
        changed = f"{signature[:position]}{digit}{signature[position + 1 :]}"
        yield from edited_authorization(signed, (signature, changed))
    for changed in (signature[:-1], f"{signature}0", signature.upper(), "é" * 64, "\ud800"):
        yield from edited_authorization(signed, (signature, changed))


@pytest.mark.parametrize(
    "tampering",
    [
        other_method,
        other_path,
        other_query,
        other_body,
        other_header,
        repeated_header,
        lost_header,
        added_header,
        other_date,
        other_scope,
        unsigned_header,
        other_signature,
    ],
    ids=lambda tampering: tampering.__name__,
)
@quick(25)
@given(request=requests())
def test_a_signed_request_changed_in_one_place_is_refused(tampering: Tampering, request: Request) -> None:
    for changed in tampering(signed_by_botocore(request)):
        with pytest.raises(SignatureRefused):
            changed.accept()


@pytest.mark.parametrize(
    "tampering",
    [other_method, other_path, other_query, other_body, other_header, lost_header, added_header],
    ids=lambda tampering: tampering.__name__,
)
@quick(25)
@given(request=presignable())
def test_a_presigned_request_changed_in_one_place_is_refused(tampering: Tampering, request: Request) -> None:
    for changed in tampering(presigned_by_botocore(request)):
        with pytest.raises(SignatureRefused):
            changed.accept()


@quick(60)
@given(presignable())
def test_each_parameter_of_a_presigned_request_is_covered(request: Request) -> None:
    signed = presigned_by_botocore(replace(request, pairs=()))
    parameters = signed.head.query.split("&")
    for position, parameter in enumerate(parameters):
        name, _, value = parameter.partition("=")
        for other in ([f"{name}={value}0"], [f"{name}={value[:-1]}"], [], [parameter, parameter]):
            query = "&".join(parameters[:position] + other + parameters[position + 1 :])
            with pytest.raises(SignatureRefused):
                replace(signed, head=replace(signed.head, query=query)).accept()


@quick(25)
@given(requests())
def test_another_secret_is_refused(request: Request) -> None:
    with pytest.raises(SignatureMismatch):
        replace(signed_by_botocore(request), secret="other").accept()  # noqa: S106 - it is no secret


@quick(50)
@given(requests())
def test_a_declared_hash_must_be_the_hash_of_the_body(request: Request) -> None:
    declared = ("x-amz-content-sha256", sha256(request.body).hexdigest())
    claim = signed_by_botocore(replace(request, headers=(*request.headers, declared))).accept()
    with pytest.raises(SignatureMismatch):
        verify(
            replace(claim, declared_sha256="0" * 64),
            secret=request.signer.secret,
            body_sha256=declared[1],
            keys=SigningKeys(),
        )
