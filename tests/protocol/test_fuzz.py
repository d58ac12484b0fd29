"""Whatever is sent to any route, the server answers, is never at fault, and is there afterwards."""

import json
from collections.abc import Callable, Iterator

import pytest
from botocore.client import BaseClient
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from moorage.domain.actions import RouteKey
from moorage.edge.awsjson.shapes import OPERATIONS
from moorage.edge.awsquery.shapes import IAM
from protocol import cases
from protocol.api import ECR, OWN, Api
from protocol.people import Key
from protocol.registry import Registry, basic
from support.layers import digest_of
from support.server import RunningServer
from support.wire import Answer, Wire, head

_EXAMPLES = settings(
    max_examples=150,
    deadline=None,
    derandomize=True,  # the same requests each time: a failure must come back
    database=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
_DIGEST = digest_of(b"fuzz")
_PIECES = st.sampled_from(
    [
        *("v2", "layers", "team", "app", "blobs", "uploads", "manifests", "tags", "list", "referrers", "_catalog"),
        *("..", ".", "", "%2e%2e", "%2f", "%00", "%ff", "%25", "%5c", "\\", "a" * 300, "v1", _DIGEST, "sha256:", ":"),
        *("123456789012", "us-east-1", "00000000-0000-4000-8000-000000000000", "'", '"', "<", "%0d%0a", "%F0%9F%9A%A2"),
    ]
)
_FREE = st.text(st.characters(codec="ascii", exclude_categories=["Cc"], exclude_characters=" "), max_size=40)
_TARGETS = st.one_of(
    st.lists(_PIECES, max_size=9).map(lambda pieces: "/" + "/".join(pieces)),
    st.lists(st.one_of(_PIECES, _FREE), max_size=6).map(lambda pieces: "/v2/" + "/".join(pieces)),
    _FREE.map(lambda text: f"/{text}"),
    st.sampled_from(
        [
            *("/v2/team/app/blobs/uploads/", f"/v2/team/app/blobs/{_DIGEST}", "/v2/team/app/manifests/v1"),
            *("/v2/team/app/tags/list", "/v2/_catalog", f"/layers/123456789012/us-east-1/ab/{_DIGEST}", "/"),
        ]
    ),
)
_NAMES = st.sampled_from(["n", "last", "digest", "mount", "from", "expires", "signature", "artifactType", "x"])
_VALUES = st.one_of(_PIECES, _FREE, st.integers(-(2**70), 2**70).map(str))
_QUERIES = st.lists(st.tuples(_NAMES, _VALUES), max_size=4).map(
    lambda pairs: "?" + "&".join(f"{name}={value}" for name, value in pairs)
)
_HEADERS = st.dictionaries(
    st.sampled_from(
        [
            *("Content-Type", "Accept", "Range", "Content-Range", "X-Amz-Target", "X-Amz-Date", "Expect", "Origin"),
            *(
                "X-Forwarded-Host",
                "X-Forwarded-For",
                "Docker-Upload-Uuid",
                "Content-Encoding",
                "If-None-Match",
                "User-Agent",
            ),
        ]
    ),
    st.one_of(
        st.text(st.characters(min_codepoint=32, max_codepoint=255, exclude_characters="\x7f"), max_size=60),
        st.sampled_from(
            [
                *("bytes=0-", "bytes=-1", "0-9", "bytes=9-0", "application/vnd.oci.image.manifest.v1+json"),
                *("application/x-www-form-urlencoded", "application/x-amz-json-1.1", "*/*"),
            ]
        ),
    ),
    max_size=4,
)
_METHODS = st.sampled_from(["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "get", "X"])
_DOCUMENTS = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(-(2**70), 2**70), st.floats(), st.text(max_size=20)),
    lambda inner: st.one_of(st.lists(inner, max_size=4), st.dictionaries(st.text(max_size=10), inner, max_size=4)),
    max_leaves=12,
)
_MANIFESTS = st.fixed_dictionaries(
    {},
    optional={
        "schemaVersion": st.one_of(st.just(2), _DOCUMENTS),
        "mediaType": st.one_of(st.just("application/vnd.oci.image.manifest.v1+json"), _DOCUMENTS),
        "config": _DOCUMENTS,
        "layers": st.one_of(
            st.lists(st.dictionaries(st.sampled_from(["digest", "size", "mediaType", "urls"]), _DOCUMENTS))
        ),
        "manifests": _DOCUMENTS,
        "subject": _DOCUMENTS,
        "artifactType": _DOCUMENTS,
    },
).map(lambda document: json.dumps(document).encode())
_BODIES = st.one_of(st.just(b""), st.binary(max_size=200), _MANIFESTS)
_MEMBERS = st.dictionaries(
    st.one_of(
        st.sampled_from(
            [
                *("repositoryName", "repositoryNames", "registryId", "resourceArn", "imageIds", "imageTag", "tags"),
                *("imageManifest", "layerDigests", "layerDigest", "uploadId", "partFirstByte", "partLastByte"),
                *(
                    "layerPartBlob",
                    "policyText",
                    "maxResults",
                    "nextToken",
                    "filter",
                    "force",
                    "registryIds",
                    "accountId",
                ),
            ]
        ),
        st.text(max_size=10),
    ),
    st.one_of(_DOCUMENTS, st.sampled_from(["team/app", "123456789012", _DIGEST, ["team/app"], [{"imageTag": "v1"}]])),
    max_size=6,
)


@pytest.fixture(scope="module")
def odd_repository(ecr: BaseClient) -> str:
    ecr.create_repository(repositoryName="fuzz/odd")
    return "fuzz/odd"


@pytest.fixture(scope="module")
def ask(server: RunningServer) -> Callable[[bytes, str], Answer]:
    """Send a request on a connection of its own, which is closed behind it."""

    def send(content: bytes, method: str) -> Answer:
        with Wire(server.host) as wire:
            wire.send(content)
            return wire.receive(method)

    return send


@pytest.fixture(scope="module", autouse=True)
def _same_workers(server: RunningServer) -> Iterator[None]:
    """See that no worker died of what it was asked."""
    before = server.worker_pids()
    yield
    assert server.worker_pids() == before


@_EXAMPLES
@given(method=_METHODS, target=_TARGETS, query=_QUERIES, headers=_HEADERS, body=_BODIES)
def test_no_request_is_too_odd(  # noqa: PLR0913, PLR0917  # the parts of a request
    server: RunningServer,
    ask: Callable[[bytes, str], Answer],
    password: str,
    method: str,
    target: str,
    query: str,
    headers: dict[str, str],
    body: bytes,
) -> None:
    own = {"Host": server.host, "Authorization": basic(password), "Content-Length": str(len(body))}
    answer = ask(head(method, target + query, (own | headers).items()) + body, method)
    assert answer.status < 500 or answer.status == 503


@pytest.fixture(scope="module")
def odd_places(server: RunningServer, password: str, odd_repository: str) -> dict[str, str]:
    """Put an image and an upload where the routes lead, so that odd requests get further than the door."""
    with Wire(server.host) as wire:
        registry = Registry(wire, password)
        for blob in cases.BLOBS:
            registry.put_blob(odd_repository, blob)
        registry.put_manifest(odd_repository, "v1", cases.MANIFEST)
        upload = registry.start(odd_repository).rpartition("/")[2]
    digests = {"digest": digest_of(cases.MANIFEST), "blob": digest_of(cases.LAYER)}
    return {"name": odd_repository, "upload": upload} | digests


@pytest.mark.parametrize("route", [pytest.param(key, id=" ".join(key)) for key in cases.ROUTES])
@settings(_EXAMPLES, max_examples=25)
@given(
    odd=st.dictionaries(st.sampled_from(["name", "digest", "blob", "upload"]), st.one_of(_PIECES, _FREE), max_size=2),
    query=_QUERIES,
    headers=_HEADERS,
    body=st.one_of(st.none(), _BODIES),
)
def test_no_route_is_hurt(  # noqa: PLR0913, PLR0917  # the parts of a request
    server: RunningServer,
    ask: Callable[[bytes, str], Answer],
    password: str,
    odd_places: dict[str, str],
    route: RouteKey,
    odd: dict[str, str],
    query: str,
    headers: dict[str, str],
    body: bytes | None,
) -> None:
    asked = cases.ROUTES[route]
    path = asked.path.format(**(odd_places | odd))
    sent = asked.body if body is None else body
    own = {"Host": server.host, "Authorization": basic(password), "Content-Length": str(len(sent))}
    target = "/v2/" + path + (query.replace("?", "&", 1) if "?" in path else query)
    answer = ask(head(route.method, target, (own | headers).items()) + sent, route.method)
    assert answer.status < 500 or answer.status == 503


@_EXAMPLES
@given(target=st.one_of(_TARGETS, st.just("/v2/")), authorization=st.one_of(_FREE, st.binary(max_size=60).map(repr)))
def test_no_credential_is_too_odd(
    server: RunningServer, ask: Callable[[bytes, str], Answer], target: str, authorization: str
) -> None:
    answer = ask(head("GET", target, {"Host": server.host, "Authorization": authorization}.items()), "GET")
    assert answer.status < 500
    assert answer.status != 200 or not target.startswith(("/v2/", "/layers/"))


@_EXAMPLES
@given(reference=st.one_of(_PIECES, st.just("v1")), body=_MANIFESTS)
def test_no_manifest_is_too_odd(  # noqa: PLR0913, PLR0917  # fixtures
    server: RunningServer,
    ask: Callable[[bytes, str], Answer],
    password: str,
    odd_repository: str,
    reference: str,
    body: bytes,
) -> None:
    own = {"Host": server.host, "Authorization": basic(password), "Content-Length": str(len(body))}
    answer = ask(head("PUT", f"/v2/{odd_repository}/manifests/{reference}", own.items()) + body, "PUT")
    assert answer.status in {400, 404, 405}


@_EXAMPLES
@given(operation=st.sampled_from(sorted(OPERATIONS)), members=_MEMBERS)
def test_no_input_is_too_odd(server: RunningServer, root: Key, operation: str, members: dict[str, object]) -> None:
    with Wire(server.host) as wire:
        answer = Api(wire, root.id, root.secret).call(operation, members)
    assert answer.status in {200, 400}


@_EXAMPLES
@given(
    prefix=st.sampled_from([ECR, OWN]),
    operation=st.sampled_from(["DescribeRepositories", "PutImage", "CreateRepository", "CreateAccount"]),
    body=st.one_of(st.binary(max_size=200), _MANIFESTS, st.text(max_size=60).map(str.encode)),
)
def test_no_body_is_too_odd(server: RunningServer, root: Key, prefix: str, operation: str, body: bytes) -> None:
    with Wire(server.host) as wire:
        answer = Api(wire, root.id, root.secret).send(operation, body, prefix=prefix)
    assert answer.status in {200, 400}


@_EXAMPLES
@given(
    action=st.sampled_from([*sorted(f"iam.{name}" for name in IAM), "sts.GetCallerIdentity", "iam.CreateRole"]),
    parameters=st.dictionaries(
        st.one_of(st.sampled_from(["UserName", "Path", "PolicyName", "PolicyDocument", "Marker", "MaxItems"]), _FREE),
        st.one_of(_VALUES, st.text(st.characters(exclude_categories=["Cs"]), max_size=30)),
        max_size=5,
    ),
)
def test_no_form_is_too_odd(server: RunningServer, root: Key, action: str, parameters: dict[str, str]) -> None:
    known = parameters | {"UserName": parameters.get("UserName", "nobody-at-all")}
    with Wire(server.host) as wire:
        answer = Api(wire, root.id, root.secret).query(action, known)
    assert answer.status < 500
