"""Every way in which a signature cannot be read, and what is said of it."""

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from conformance.sigv4.requests import ACCESS_KEY_ID, AT, SIGNING_KEY_TEXT, Signed
from moorage.sigv4.claim import parse
from moorage.sigv4.errors import SignatureIncomplete, SignatureMissing, WrongScope
from moorage.sigv4.head import Head
from moorage.sigv4.sign import Signer, presign, sign

SIGNER = Signer(ACCESS_KEY_ID, SIGNING_KEY_TEXT, "eu-west-1", "ecr", "session-token")
BARE = Head("POST", "/", "", (("host", "localhost"), ("x-amz-target", "A.B")))
SIGNED = replace(BARE, headers=(*BARE.headers, *sign(BARE, SIGNER, at=AT, body=b"")))
PRESIGNED = replace(BARE, query=presign(BARE, SIGNER, at=AT, expires=900))
SIGNATURE = parse(SIGNED).signature
DATE_WORDS = "Date must be in ISO-8601 'basic format'. Got '{}'. See http://en.wikipedia.org/wiki/ISO_8601"


def without(head: Head, *names: str) -> Head:
    return replace(head, headers=tuple(pair for pair in head.headers if pair[0] not in names))


def with_header(head: Head, name: str, value: str) -> Head:
    return replace(head, headers=(*without(head, name).headers, (name, value)))


def added(head: Head, name: str, value: str) -> Head:
    return replace(head, headers=(*head.headers, (name, value)))


def edited(old: str, new: str) -> Head:
    """Change the Authorization of the header-signed request in one place."""
    authorization = dict(SIGNED.headers)["authorization"]
    assert old in authorization
    return with_header(SIGNED, "authorization", authorization.replace(old, new, 1))


def requeried(old: str, new: str) -> Head:
    """Change the query of the presigned request in one place."""
    assert old in PRESIGNED.query
    return replace(PRESIGNED, query=PRESIGNED.query.replace(old, new, 1))


def refusal(head: Head) -> str:
    with pytest.raises(SignatureIncomplete) as refused:
        parse(head)
    assert SIGNATURE not in str(refused.value)
    return str(refused.value)


@pytest.mark.parametrize("head", [BARE, added(BARE, "authorization", ""), replace(BARE, query="Action=x&Expires=1")])
def test_a_request_without_any_signature_is_told_so(head: Head) -> None:
    with pytest.raises(SignatureMissing, match="Missing Authentication Token"):
        parse(head)


@pytest.mark.parametrize(
    ("rest", "missing"),
    [
        ("", ["Credential", "Signature", "SignedHeaders"]),
        (" ", ["Credential", "Signature", "SignedHeaders"]),
        (" Credential=a", ["Signature", "SignedHeaders"]),
        (" Signature=,SignedHeaders=host", ["Credential", "Signature"]),
    ],
)
def test_parameters_missing_from_the_header_are_all_named(rest: str, missing: list[str]) -> None:
    sentences = [f"Authorization header requires '{name}' parameter." for name in missing]
    expected = " ".join([*sentences, "Authorization=AWS4-HMAC-SHA256"])
    assert refusal(with_header(SIGNED, "authorization", f"AWS4-HMAC-SHA256{rest}")) == expected


def test_a_request_without_a_date_is_told_so() -> None:
    assert refusal(without(SIGNED, "x-amz-date")) == (
        "Authorization header requires existence of either a 'X-Amz-Date' or a 'Date' header."
        " Authorization=AWS4-HMAC-SHA256"
    )


@pytest.mark.parametrize(
    "name",
    [
        "X-Amz-Algorithm",
        "X-Amz-Credential",
        "X-Amz-Date",
        "X-Amz-Expires",
        "X-Amz-SignedHeaders",
        "X-Amz-Signature",
    ],
)
@pytest.mark.parametrize("instead", ["Other=", "{}=&Other="])
def test_parameters_missing_from_the_query_are_named(name: str, instead: str) -> None:
    assert refusal(requeried(f"{name}=", instead.format(name))) == (
        f"AWS query-string parameters must include '{name}'. Re-examine the query-string parameters."
    )


@pytest.mark.parametrize("algorithm", ["AWS4-ECDSA-P256-SHA256", "AWS4-HMAC-SHA1", "AWS4-HMAC-SHA256-PAYLOAD", "AWS"])
def test_another_algorithm_is_not_supported(algorithm: str) -> None:
    for head in (edited("AWS4-HMAC-SHA256", algorithm), requeried("AWS4-HMAC-SHA256", algorithm)):
        assert refusal(head).startswith("Unsupported AWS 'algorithm'")


@pytest.mark.parametrize("authorization", ["Basic c2VjcmV0", "Bearer c2VjcmV0", "c2VjcmV0", "aws4-hmac-sha256 x=y"])
def test_another_scheme_is_refused_and_never_repeated(authorization: str) -> None:
    assert refusal(added(BARE, "authorization", authorization)) == "Unsupported AWS 'algorithm'."


@pytest.mark.parametrize(
    "head",
    [
        edited("Signature=", "Signature=0, Signature="),
        edited("Credential=", "Credential=a, Credential="),
        edited("SignedHeaders=", "SignedHeaders=host, SignedHeaders="),
        edited("SignedHeaders=", "Other=a, SignedHeaders="),
        edited("SignedHeaders=", "signedheaders="),
        edited("SignedHeaders=", "SignedHeaders"),
        edited(", ", ",, "),
        edited(", Signature=", " Signature="),
        edited(", Signature=", f", Signature={'0' * 8192}"),
    ],
)
def test_an_authorization_header_says_three_things_once(head: Head) -> None:
    assert "Authorization header" in refusal(head) or "SignedHeaders" in refusal(head)


@pytest.mark.parametrize(
    "name",
    ["authorization", "date", "host", "x-amz-content-sha256", "x-amz-date", "x-amz-security-token", "x-amz-target"],
)
def test_a_second_header_of_a_kind_is_refused(name: str) -> None:
    head = with_header(SIGNED, name, dict(SIGNED.headers).get(name, ""))
    assert refusal(added(head, name, dict(head.headers)[name])) == f"The request has more than one '{name}' header."


@pytest.mark.parametrize("name", [pair.partition("=")[0] for pair in PRESIGNED.query.split("&")])
def test_a_second_parameter_of_a_kind_is_refused(name: str) -> None:
    for again in (name, name.replace("-", "%2D")):
        head = replace(PRESIGNED, query=f"{PRESIGNED.query}&{again}=x")
        assert refusal(head) == f"AWS query-string parameters must include '{name}' only once."


@pytest.mark.parametrize("name", ["authorization", "x-amz-date", "x-amz-security-token"])
def test_both_forms_at_once_are_refused(name: str) -> None:
    head = added(PRESIGNED, name, dict(SIGNED.headers)[name])
    assert refusal(head) == f"A request signed in its query string may have no '{name}' header."


@pytest.mark.parametrize("parameter", ["X-Amz-Signature=0", "X-Amz-Date=0", "X-Amz-Security-Token=0", "X-Amz-Expires"])
def test_a_request_signed_in_a_header_has_nothing_of_it_in_its_query(parameter: str) -> None:
    assert "signed in its query" in refusal(replace(SIGNED, query=parameter))


@pytest.mark.parametrize(
    "text", ["", "2026-01-01T00:00:00Z", "20260101T000000", "20261301T000000Z", "\uff120260101T000000Z"]
)
def test_an_x_amz_date_is_in_basic_form(text: str) -> None:
    assert refusal(with_header(SIGNED, "x-amz-date", text)) == DATE_WORDS.format(text)


def test_a_presigned_date_is_in_basic_form() -> None:
    assert refusal(requeried("20260101T000000Z", "yesterday")) == DATE_WORDS.format("yesterday")


def test_a_long_date_is_not_repeated_whole() -> None:
    assert refusal(with_header(SIGNED, "x-amz-date", "1" * 5000)) == DATE_WORDS.format("1" * 64)


@pytest.mark.parametrize(
    "text",
    ["Thu, 01 Jan 2026 00:00:00 GMT", "Thu, 01 Jan 2026 00:00:00 -0000", "20260101T000000Z"],
)
def test_without_x_amz_date_the_date_header_tells_the_time(text: str) -> None:
    head = without(edited(";x-amz-date", ""), "x-amz-date")
    assert parse(added(head, "date", text)).amz_date == AT


@pytest.mark.parametrize(
    "text", ["", "Thu, 01 Jan 2026 00:00:00 +0100", "Thu, 01 Foo 2026 00:00:00 GMT", "Thu, 32 Jan 2026 00:00:00 GMT"]
)
def test_a_date_header_is_a_date(text: str) -> None:
    head = without(edited(";x-amz-date", ""), "x-amz-date")
    assert refusal(added(head, "date", text)) == DATE_WORDS.format(text)


def test_x_amz_date_goes_before_date() -> None:
    assert parse(added(SIGNED, "date", "Fri, 02 Jan 2026 00:00:00 GMT")).amz_date == datetime(2026, 1, 1, tzinfo=UTC)


@pytest.mark.parametrize("expires", ["0", "604801", "-1", "1.5", "9" * 5000, "%D9%A1"])
def test_a_presigned_request_lasts_a_second_to_a_week(expires: str) -> None:
    words = "X-Amz-Expires must be a number of seconds between 1 and 604800."
    assert refusal(requeried("X-Amz-Expires=900", f"X-Amz-Expires={expires}")) == words


@pytest.mark.parametrize(
    "credential",
    [
        "AKIDEXAMPLE",
        "AKIDEXAMPLE/20260101/eu-west-1/ecr",
        "a/b/c/d/e/f",
        "/20260101/eu-west-1/ecr/aws4_request",
        "é/1/a/b/c",
    ],
)
def test_a_credential_has_five_elements(credential: str) -> None:
    whole = "AKIDEXAMPLE/20260101/eu-west-1/ecr/aws4_request"
    assert refusal(edited(whole, credential)) == (
        "Credential must have exactly 5 slash-delimited elements, e.g. keyid/date/region/service/term."
    )


@pytest.mark.parametrize(
    ("old", "new", "sentence"),
    [
        (
            "aws4_request",
            "aws3_request",
            "Credential should be scoped with a valid terminator: 'aws4_request', not 'aws3_request'.",
        ),
        (
            "/20260101/",
            "/20260102/",
            (
                "Date in Credential scope does not match YYYYMMDD from ISO-8601 version of date from HTTP:"
                " '20260102' != '20260101', from '20260101T000000Z'."
            ),
        ),
    ],
)
def test_a_scope_has_the_day_and_the_ending_of_its_request(old: str, new: str, sentence: str) -> None:
    with pytest.raises(WrongScope) as refused:
        parse(edited(old, new))
    assert str(refused.value) == sentence


def test_the_host_must_be_signed() -> None:
    words = "'Host' or ':authority' must be a 'SignedHeader' in the AWS Authorization."
    assert refusal(edited("=host;", "=")) == words
    assert refusal(requeried("=host%3B", "=")) == words


@pytest.mark.parametrize("name", ["x-amz-date", "x-amz-security-token", "x-amz-target"])
def test_a_header_of_aws_must_be_signed(name: str) -> None:
    assert refusal(edited(f";{name}", "")) == f"'{name}' must be a 'SignedHeader' in the AWS Authorization."


def test_other_headers_need_not_be_signed() -> None:
    assert parse(added(SIGNED, "content-type", "a/b")).signed_headers == parse(SIGNED).signed_headers


def test_a_signed_header_must_be_there() -> None:
    assert (
        refusal(edited("=host;", "=accept;host;")) == "'SignedHeaders' names 'accept', which the request does not have."
    )


@pytest.mark.parametrize(
    "names",
    [
        "x-amz-date;host;x-amz-security-token;x-amz-target",
        "host;host;x-amz-date;x-amz-security-token;x-amz-target",
        ";".join(sorted([f"a{number}" for number in range(100)] + ["host"])),
    ],
)
def test_signed_headers_are_sorted_few_and_named_once(names: str) -> None:
    signed = ";".join(parse(SIGNED).signed_headers)
    assert refusal(edited(signed, names)).startswith("'SignedHeaders' must be sorted")


@pytest.mark.parametrize(
    "names",
    [
        "Host;x-amz-date;x-amz-security-token;x-amz-target",
        "host;x-amz-date;x-amz-security-token;x-amz-target;",
        "é;host",
    ],
)
def test_signed_headers_are_written_in_lower_case_and_separated_by_one_semicolon(names: str) -> None:
    with pytest.raises(SignatureIncomplete):
        parse(edited(";".join(parse(SIGNED).signed_headers), names))


@pytest.mark.parametrize(
    "declared",
    [
        "UNSIGNED-PAYLOAD",
        "STREAMING-AWS4-HMAC-SHA256-PAYLOAD",
        "STREAMING-UNSIGNED-PAYLOAD-TRAILER",
        "",
        "A" * 64,
        "0" * 63,
    ],
)
def test_only_the_hash_of_a_whole_body_may_be_declared(declared: str) -> None:
    head = added(edited("host;", "host;x-amz-content-sha256;"), "x-amz-content-sha256", declared)
    assert refusal(head) == "'x-amz-content-sha256' must be the SHA-256 of the body, in lower-case hex."


def test_an_absurdly_long_token_is_refused() -> None:
    assert refusal(with_header(SIGNED, "x-amz-security-token", "a" * 8193)) == "The security token is too long."


def test_an_absurdly_long_presigned_query_is_refused() -> None:
    head = replace(PRESIGNED, query=f"{PRESIGNED.query}&a={'a' * 32768}")
    assert refusal(head) == "The query string of a presigned request is too long."


def test_spaces_after_the_commas_of_an_authorization_header_do_not_matter() -> None:
    Signed(edited(", ", ","), b"").accept()


def test_a_claim_does_not_show_what_could_be_replayed() -> None:
    for head in (SIGNED, PRESIGNED):
        claim = parse(head)
        assert claim.signature not in repr(claim)
        assert "session-token" not in repr(claim)
