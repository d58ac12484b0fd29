"""What hypothesis makes odd requests of: targets, queries, headers, bodies, members and forms."""

import json
import os
from collections.abc import Iterable, Mapping

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy

from support.layers import digest_of

_TIMES = int(os.environ.get("FUZZ_TIMES", "1"))  # how much more is tried than in the short form


def examples(count: int) -> settings:
    return settings(
        max_examples=count * _TIMES,
        deadline=None,
        derandomize=_TIMES == 1,  # in the short form the same requests each time: a failure must come back
        database=None,
        print_blob=True,
        suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
    )


DIGEST = digest_of(b"fuzz")
_ARN = "arn:aws:ecr:us-east-1:123456789012:repository/fuzz/odd"
PIECES = st.sampled_from(
    [
        *("v2", "layers", "team", "app", "blobs", "uploads", "manifests", "tags", "list", "referrers", "_catalog"),
        *("..", ".", "", "%2e%2e", "%2f", "%00", "%ff", "%25", "%5c", "\\", "a" * 300, "v1", DIGEST, "sha256:", ":"),
        *("123456789012", "us-east-1", "00000000-0000-4000-8000-000000000000", "'", '"', "<", "%0d%0a", "%F0%9F%9A%A2"),
        *("sha512:" + "0" * 128, "%c0%af", "%u002e", "fuzz/odd", "%e2%80%ae", "*", "%"),
    ]
)
FREE = st.text(st.characters(codec="ascii", exclude_categories=["Cc"], exclude_characters=" "), max_size=40)
TARGETS = st.one_of(
    st.lists(PIECES, max_size=9).map(lambda pieces: "/" + "/".join(pieces)),
    st.lists(st.one_of(PIECES, FREE), max_size=6).map(lambda pieces: "/v2/" + "/".join(pieces)),
    FREE.map(lambda text: f"/{text}"),
    st.sampled_from(
        [
            *("/v2/team/app/blobs/uploads/", f"/v2/team/app/blobs/{DIGEST}", "/v2/team/app/manifests/v1"),
            *("/v2/team/app/tags/list", "/v2/_catalog", f"/layers/123456789012/us-east-1/ab/{DIGEST}", "/"),
            *("/healthz", "/readyz"),
        ]
    ),
)
# What may be done to an id of ours: where, with what, and whether that takes the place of what stands there.
EDITS = st.lists(
    st.tuples(
        st.one_of(st.sampled_from([8, 13, 18, 23]), st.integers(0, 36)),
        st.sampled_from(
            ["", "-", " ", "\t", "\n", "\r", "\r\n", "\v", "\f", "\0", "\x1f", "\x7f", "\xa0", "a", "A", "0", "/"]
        ),
        st.booleans(),
    ),
    max_size=4,
)
_NAMES = st.sampled_from(
    [
        *("n", "last", "digest", "mount", "from", "expires", "signature", "artifactType", "x"),
        *("tag", "digest-algorithm", "Action", "X-Amz-Signature"),
    ]
)
_VALUES = st.one_of(PIECES, FREE, st.integers(-(2**70), 2**70).map(str))
QUERIES = st.lists(st.tuples(_NAMES, _VALUES), max_size=4).map(
    lambda pairs: "?" + "&".join(f"{name}={value}" for name, value in pairs)
)
HEADERS = st.dictionaries(
    st.sampled_from(
        [
            *("Content-Type", "Accept", "Range", "Content-Range", "X-Amz-Target", "X-Amz-Date", "Expect", "Origin"),
            *("X-Forwarded-Host", "X-Forwarded-For", "Docker-Upload-Uuid", "Content-Encoding", "User-Agent"),
            *("If-None-Match", "If-Match", "If-Range", "If-Modified-Since", "Connection", "Cookie", "Accept-Encoding"),
        ]
    ),
    st.one_of(
        FREE,
        st.text(st.characters(min_codepoint=32, max_codepoint=126), max_size=60),
        st.text(st.characters(min_codepoint=32, max_codepoint=126), max_size=5),
        st.text(st.characters(min_codepoint=32, max_codepoint=255, exclude_characters="\x7f"), max_size=60),
        st.sampled_from(
            [
                *("bytes=0-", "bytes=-1", "0-9", "bytes=9-0", "0-2", "application/vnd.oci.image.manifest.v1+json"),
                *("application/x-www-form-urlencoded", "application/x-amz-json-1.1", "*/*", "gzip", "100-continue"),
                *("application/vnd.docker.distribution.manifest.v2+json", "application/*;q=0", f'"{DIGEST}"', "*"),
            ]
        ),
    ),
    max_size=4,
)
METHODS = st.sampled_from(["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "get", "X"])
DOCUMENTS = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(-(2**70), 2**70), st.floats(), st.text(max_size=20)),
    lambda inner: st.one_of(st.lists(inner, max_size=4), st.dictionaries(st.text(max_size=10), inner, max_size=4)),
    max_leaves=12,
)
_OCI = "application/vnd.oci.image.manifest.v1+json"
_DESCRIPTORS = st.fixed_dictionaries(
    {},
    optional={
        "mediaType": st.one_of(st.just(_OCI), DOCUMENTS),
        "digest": st.one_of(st.just(DIGEST), DOCUMENTS),
        "size": st.one_of(st.integers(-1, 2**64), DOCUMENTS),
        "urls": st.one_of(st.lists(st.text(max_size=5), max_size=2), DOCUMENTS),
        "platform": st.one_of(st.dictionaries(st.sampled_from(["os", "OS", "architecture"]), DOCUMENTS), DOCUMENTS),
        "annotations": DOCUMENTS,
    },
)
MANIFESTS = st.fixed_dictionaries(
    {},
    optional={
        "schemaVersion": st.one_of(st.just(2), DOCUMENTS),
        "mediaType": st.one_of(st.just(_OCI), DOCUMENTS),
        "config": st.one_of(_DESCRIPTORS, DOCUMENTS),
        "layers": st.one_of(st.lists(_DESCRIPTORS, max_size=4), DOCUMENTS),
        "manifests": st.one_of(st.lists(_DESCRIPTORS, max_size=4), DOCUMENTS),
        "subject": st.one_of(_DESCRIPTORS, DOCUMENTS),
        "artifactType": st.one_of(st.text(max_size=20), DOCUMENTS),
        "annotations": st.one_of(st.dictionaries(st.text(max_size=5), st.text(max_size=5)), DOCUMENTS),
    },
).map(lambda document: json.dumps(document).encode())
BODIES = st.one_of(st.just(b""), st.binary(max_size=200), MANIFESTS)
_GOOD = st.sampled_from(
    [
        *(
            "fuzz/odd",
            "123456789012",
            DIGEST,
            "v1",
            _ARN,
            "us-east-1",
            "ENABLED",
            "IMMUTABLE",
            "BLOB_MOUNTING",
            "AES256",
        ),
        *(["fuzz/odd"], [{"imageTag": "v1"}], [{"Key": "a", "Value": "b"}], [DIGEST], {"tagStatus": "ANY"}, 1, 0, True),
        *('{"Version":"2012-10-17","Statement":[]}', "{}", "*", "root", "AKIAIOSFODNN7EXAMPLE"),
    ]
)


def members(names: Iterable[str]) -> SearchStrategy[dict[str, object]]:
    """Make an input of an operation that has members of these names, and of others."""
    known = sorted(names)
    keys = st.one_of(st.sampled_from(known), st.text(max_size=10)) if known else st.text(max_size=10)
    return st.dictionaries(keys, st.one_of(DOCUMENTS, _GOOD, _GOOD), max_size=6)


_TEXTS = st.one_of(
    PIECES,
    FREE,
    st.text(st.characters(exclude_categories=["Cs"]), max_size=30),
    st.integers(-(2**70), 2**70).map(str),
    _GOOD.filter(lambda good: isinstance(good, str)).map(str),
    st.sampled_from(["arn:aws:iam::123456789012:role/odd", "arn:aws:iam::aws:policy/ReadOnlyAccess", "odd", "/odd/"]),
)
_BEHIND = st.sampled_from(["", "", "", ".member.1", ".member.0", ".member.1.Key", ".member.-1", ".member", ".1", "."])


def edited(text: str, edits: Iterable[tuple[int, str, bool]], *, capitals: bool) -> str:
    """Write an id of ours in another way."""
    for at, put, instead in edits:
        text = text[:at] + put + text[at + instead :]
    return text.upper() if capitals else text


def forms(names: Iterable[str]) -> SearchStrategy[Mapping[str, str]]:
    """Make the parameters of an operation of IAM or STS that has some of these names, and others."""
    known = sorted(names)
    keys = st.one_of(st.sampled_from(known), FREE) if known else FREE
    return st.dictionaries(st.tuples(keys, _BEHIND).map("".join), _TEXTS, max_size=6)
