"""Requests of every kind, signed by botocore: what the rooms' own signer and verifier are held against."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from hashlib import sha256
from unittest.mock import patch
from urllib.parse import quote, urlsplit

from botocore.auth import SigV4Auth, SigV4QueryAuth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st

from moorage.sigv4.claim import Claim, parse
from moorage.sigv4.head import Head
from moorage.sigv4.key import SigningKeys
from moorage.sigv4.sign import Signer
from moorage.sigv4.verify import verify

ACCESS_KEY_ID = "AKIDEXAMPLE"
SIGNING_KEY_TEXT = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"  # AWS's documented example
AT = datetime(2026, 1, 1, 0, 0, 0, tzinfo=UTC)
EXPIRES = 900


@dataclass(frozen=True, slots=True)
class Request:
    """What is to be signed, before anyone has."""

    method: str
    host: str
    path: str
    pairs: tuple[tuple[str, str], ...]
    headers: tuple[tuple[str, str], ...]
    body: bytes
    signer: Signer
    at: datetime

    @property
    def query(self) -> str:
        return "&".join(f"{_quoted(name)}={_quoted(value)}" for name, value in self.pairs)

    @property
    def head(self) -> Head:
        return Head(self.method, self.path, self.query, (("host", self.host), *self.headers))


@dataclass(frozen=True, slots=True)
class Signed:
    """A request as it arrives."""

    head: Head
    body: bytes
    secret: str = SIGNING_KEY_TEXT

    def accept(self) -> Claim:
        """Parse and verify; whatever is wrong is raised."""
        claim = parse(self.head)
        verify(claim, secret=self.secret, body_sha256=sha256(self.body).hexdigest(), keys=SigningKeys())
        return claim


def quick(examples: int) -> settings:
    """Run so many examples, however slow the machine; nothing is kept on disk."""
    return settings(max_examples=examples, deadline=None, database=None, suppress_health_check=[HealthCheck.too_slow])


def signed_by_botocore(request: Request) -> Signed:
    aws = _aws_request(request)
    signer = request.signer
    with patch("botocore.auth.get_current_datetime", return_value=request.at):
        SigV4Auth(_credentials(signer), signer.service, signer.region).add_auth(aws)
    return _arrived(aws, request)


def presigned_by_botocore(request: Request) -> Signed:
    aws = _aws_request(request)
    signer = request.signer
    with patch("botocore.auth.get_current_datetime", return_value=request.at):
        SigV4QueryAuth(_credentials(signer), signer.service, signer.region, expires=EXPIRES).add_auth(aws)
    return _arrived(aws, request)


def _quoted(text: str) -> str:
    return quote(text, safe="-_.~")


def _credentials(signer: Signer) -> Credentials:
    return Credentials(signer.access_key_id, signer.secret, signer.session_token)


def _aws_request(request: Request) -> AWSRequest:
    url = f"https://{request.host}{request.path}"
    aws = AWSRequest(request.method, f"{url}?{request.query}" if request.pairs else url, data=request.body)
    for name, value in request.headers:
        aws.headers[name] = value  # appends: botocore's headers are a message's
    return aws


def _arrived(aws: AWSRequest, request: Request) -> Signed:
    headers: Sequence[tuple[str, str]] = [(name.lower(), value) for name, value in aws.headers.items()]
    # Hosts and user agents are added by the HTTP client, behind the signer's back.
    sent = (("host", request.host), *headers, ("user-agent", "some client"), ("x-amzn-trace-id", "Root=1"))
    url = urlsplit(aws.url)
    return Signed(Head(request.method, url.path, url.query, sent), request.body)


_SEGMENTS = st.one_of(
    st.sampled_from(
        ["", ".", "..", "~", "%20", "%2F", "%2e%2e", "a b", "é", "漢字", "v2", "a+b=c&d", "a:b@c", "*'()!,;$"]
    ),
    st.text("aZ09-._~ é漢%+=&:@", max_size=6),
)
_TEXTS = st.one_of(
    st.sampled_from(["", "+", " ", "%20", "/", "=", "a=b", "a&b", "é", "X-Amz-Target"]),
    st.text("aZ0-._~ é漢%+=&/?:;", max_size=6),
)
_VALUES = st.one_of(
    st.sampled_from(["", "a  b", "  a", "a \t b  ", '"a  b"', "a,b", "application/x-amz-json-1.1"]),
    st.text("aZ0 ,;:=/\"'é", max_size=10),
)
# botocore takes a presigned request's form content type off, so none of the values above is that one.
_MANY_HEADERS = st.lists(
    st.tuples(st.sampled_from(["accept", "x-amz-meta-a", "x-custom", "zebra"]), _VALUES), max_size=4
)
_ONE_HEADERS = st.dictionaries(st.sampled_from(["content-type", "x-amz-target", "a-first"]), _VALUES, max_size=3)
_PATHS = st.lists(_SEGMENTS, max_size=4)
_PAIRS = st.lists(st.tuples(_TEXTS, _TEXTS), max_size=4)
_TIMES = st.datetimes(datetime(2000, 1, 1), datetime(2100, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001 - bounds must be naive
_PLACES = st.tuples(
    st.sampled_from(["GET", "POST", "PUT", "DELETE", "HEAD", "PATCH"]),
    st.sampled_from(["api.ecr.eu-west-1.amazonaws.com", "localhost:5000", "127.0.0.1:8443", "[::1]:5000"]),
    st.sampled_from(["us-east-1", "eu-west-1", "cn-north-1", "us-gov-west-1"]),
    st.sampled_from(["ecr", "sts", "iam", "moorage"]),
    st.sampled_from([None, "FwoGZXIvYXdzE/+a==", "token"]),
)


@st.composite
def requests(draw: st.DrawFn) -> Request:
    """Anything a client may sign, and more."""
    method, host, region, service, token = draw(_PLACES)
    signer = Signer(ACCESS_KEY_ID, SIGNING_KEY_TEXT, region, service, token)
    return Request(
        method=method,
        host=host,
        path="/" + "/".join(draw(_PATHS)),
        pairs=tuple(draw(_PAIRS)),
        headers=(*draw(_MANY_HEADERS), *draw(_ONE_HEADERS).items()),
        body=draw(st.binary(max_size=40)),
        signer=signer,
        at=draw(_TIMES).replace(microsecond=0),
    )


def presignable() -> st.SearchStrategy[Request]:
    """Only what botocore can presign: it keeps one of each name in the query, and moves a body there."""
    return requests().map(lambda request: replace(request, pairs=tuple(dict(request.pairs).items()), body=b""))
