"""Whatever is sent to any route, the server answers, is never at fault, and is there afterwards."""

from collections.abc import Callable, Iterator
from urllib.parse import quote, urlencode

import pytest
from botocore.client import BaseClient
from hypothesis import given
from hypothesis import strategies as st

from moorage.domain.actions import RouteKey
from moorage.domain.profile import Profile
from moorage.edge.awsjson import own
from moorage.edge.awsjson.shapes import OPERATIONS
from moorage.edge.awsquery.edge import SERVICES
from moorage.edge.http.fields import READ
from protocol import cases
from protocol.api import ECR, FORM, OWN, VERSIONS, Api
from protocol.odd import (
    BODIES,
    EDITS,
    FREE,
    HEADERS,
    MANIFESTS,
    METHODS,
    PIECES,
    QUERIES,
    TARGETS,
    edited,
    examples,
    forms,
    members,
)
from protocol.people import Key, root_of
from protocol.registry import Registry, basic
from support.layers import digest_of
from support.server import RunningServer
from support.wire import Answer, Wire, head

NAME = "fuzz/odd"
HOSTS = {Profile.ECR: None, Profile.OCI: "oci.localhost"}
BOTH = pytest.mark.parametrize("profile", list(Profile))
JSON = {f"{ECR}.{name}": shape for name, shape in OPERATIONS.items()} | {
    f"{OWN}.{name}": shape for name, shape in own.OPERATIONS.items()
}
QUERY = {f"{service.name}.{name}": shape for service in SERVICES.values() for name, shape in service.shapes.items()}
FORMS = sorted(f"{service.name}.{name}" for service in SERVICES.values() for name in service.operations)

Send = Callable[[bytes, str], Answer]


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningServer]:
    """Start a server of these tests' own: whatever they do to it is nobody else's matter."""
    settings = {"MOORAGE_HOSTS": f"oci.localhost={Profile.OCI}"}
    with RunningServer(tmp_path_factory.mktemp("fuzz") / "data", settings=settings) as running:
        yield running


@pytest.fixture(scope="module")
def root(server: RunningServer) -> Key:
    return root_of(server)


@pytest.fixture(scope="module")
def password(server: RunningServer, root: Key) -> str:
    return root.password(server)


@pytest.fixture(scope="module")
def ask(server: RunningServer) -> Send:
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


@pytest.fixture(scope="module")
def places(server: RunningServer, password: str) -> dict[str, str]:
    """Put an image and an upload where the routes lead, so that odd requests get further than the door."""
    server.boto3("ecr").create_repository(repositoryName=NAME)
    with Wire(server.host) as wire:
        registry = Registry(wire, password)
        for blob in cases.BLOBS:
            registry.put_blob(NAME, blob)
        registry.put_manifest(NAME, "v1", cases.MANIFEST)
        upload = registry.start(NAME).rpartition("/")[2]
    digests = {"digest": digest_of(cases.MANIFEST), "blob": digest_of(cases.LAYER)}
    return {"name": NAME, "upload": upload} | digests


def test_most_odd_headers_are_not_stopped_at_the_door() -> None:
    """Of what cannot be read there is some, but handlers see the rest."""
    readable = []

    @examples(300)
    @given(headers=HEADERS)
    def look(headers: dict[str, str]) -> None:
        readable.append(all(value.isascii() for name, value in headers.items() if name.lower() in READ))

    look()
    assert len(readable) * 3 // 4 < sum(readable) < len(readable)


@BOTH
@examples(100)
@given(method=METHODS, target=TARGETS, query=QUERIES, headers=HEADERS, body=BODIES)
def test_no_request_is_too_odd(  # noqa: PLR0913, PLR0917  # the parts of a request
    server: RunningServer,
    ask: Send,
    password: str,
    profile: Profile,
    method: str,
    target: str,
    query: str,
    headers: dict[str, str],
    body: bytes,
) -> None:
    host = HOSTS[profile] or server.host
    own_headers = {"Host": host, "Authorization": basic(password), "Content-Length": str(len(body))}
    assert ask(head(method, target + query, (own_headers | headers).items()) + body, method).status < 500


@BOTH
@pytest.mark.parametrize("route", [pytest.param(key, id=" ".join(key)) for key in cases.ROUTES])
@examples(25)
@given(
    odd=st.dictionaries(st.sampled_from(["name", "digest", "blob", "upload"]), st.one_of(PIECES, FREE), max_size=2),
    query=QUERIES,
    headers=HEADERS,
    body=st.one_of(st.none(), BODIES),
)
def test_no_route_is_hurt(  # noqa: PLR0913, PLR0917  # the parts of a request
    server: RunningServer,
    ask: Send,
    password: str,
    places: dict[str, str],
    profile: Profile,
    route: RouteKey,
    odd: dict[str, str],
    query: str,
    headers: dict[str, str],
    body: bytes | None,
) -> None:
    asked = cases.ROUTES[route]
    path = asked.path.format(**(places | odd))
    sent = asked.body if body is None else body
    host = HOSTS[profile] or server.host
    told = {"Host": host, "Authorization": basic(password), "Content-Length": str(len(sent))}
    target = "/v2/" + path + (query.replace("?", "&", 1) if "?" in path else query)
    assert ask(head(route.method, target, (told | headers).items()) + sent, route.method).status < 500


@BOTH
@examples(150)
@given(
    method=st.sampled_from(["GET", "PATCH", "PUT", "DELETE", "HEAD"]),
    edits=EDITS,
    capitals=st.booleans(),
    query=st.one_of(st.just(f"?digest={digest_of(b'')}"), QUERIES),
    body=st.sampled_from([b"", b"part"]),
)
def test_an_upload_goes_by_its_own_id_alone(  # noqa: PLR0913, PLR0917  # the parts of a request
    server: RunningServer,
    ask: Send,
    password: str,
    places: dict[str, str],
    profile: Profile,
    method: str,
    edits: list[tuple[int, str, bool]],
    capitals: bool,  # noqa: FBT001  # drawn
    query: str,
    body: bytes,
) -> None:
    spelled = edited(places["upload"], edits, capitals=capitals)
    told = {
        "Host": HOSTS[profile] or server.host,
        "Authorization": basic(password),
        "Content-Length": str(len(body)),
    }
    target = f"/v2/{NAME}/blobs/uploads/{quote(spelled, safe='/')}{query}"
    status = ask(head(method, target, told.items()) + body, method).status
    assert status < 500
    assert spelled == places["upload"] or status >= 400


@examples(60)
@given(
    operation=st.sampled_from(["UploadLayerPart", "CompleteLayerUpload"]),
    edits=EDITS.filter(len),
    capitals=st.booleans(),
)
def test_the_api_goes_by_that_id_alone_too(  # noqa: PLR0913, PLR0917  # fixtures, and what is drawn
    server: RunningServer,
    root: Key,
    places: dict[str, str],
    operation: str,
    edits: list[tuple[int, str, bool]],
    capitals: bool,  # noqa: FBT001  # drawn
) -> None:
    spelled = edited(places["upload"], edits, capitals=capitals)
    more = {"partFirstByte": 0, "partLastByte": 2, "layerPartBlob": "YWJj"}
    asked = {"repositoryName": NAME, "uploadId": spelled} | (
        more if operation == "UploadLayerPart" else {"layerDigests": [digest_of(b"abc")]}
    )
    with Wire(server.host) as wire:
        answer = Api(wire, root.id, root.secret).call(operation, asked)
    assert answer.status == 400 or spelled == places["upload"]


@pytest.fixture(scope="module")
def link(server: RunningServer, places: dict[str, str]) -> str:
    ecr: BaseClient = server.boto3("ecr")
    url = ecr.get_download_url_for_layer(repositoryName=places["name"], layerDigest=places["blob"])["downloadUrl"]
    return "/" + str(url).split("/", 3)[3]


@examples(100)
@given(cut=st.integers(1, 60), put=st.one_of(PIECES, FREE), method=METHODS, headers=HEADERS, query=QUERIES)
def test_no_link_is_too_odd(  # noqa: PLR0913, PLR0917  # the parts of a request
    server: RunningServer, ask: Send, link: str, cut: int, put: str, method: str, headers: dict[str, str], query: str
) -> None:
    """Neither one that is whole, with odd headers, nor one that was made another in some place."""
    told = {"Host": server.host} | headers
    altered = link[:-cut] + put + link[len(link) - cut // 2 :]
    for target in (link, link + query.replace("?", "&", 1), altered):
        answer = ask(head(method, target, told.items()), method)
        assert answer.status < 500
        assert target == link or answer.status not in {200, 206} or target.startswith(link + "&")


@examples(150)
@given(target=st.one_of(TARGETS, st.just("/v2/")), authorization=st.one_of(FREE, st.binary(max_size=60).map(repr)))
def test_no_credential_is_too_odd(server: RunningServer, ask: Send, target: str, authorization: str) -> None:
    answer = ask(head("GET", target, {"Host": server.host, "Authorization": authorization}.items()), "GET")
    assert answer.status < 500
    assert answer.status != 200 or not target.startswith(("/v2/", "/layers/"))


@pytest.fixture(scope="module")
def odd_repository(places: dict[str, str]) -> str:
    return places["name"]


@examples(150)
@given(reference=st.one_of(PIECES, st.just("v1")), body=MANIFESTS)
def test_no_manifest_is_too_odd(  # noqa: PLR0913, PLR0917  # fixtures
    server: RunningServer, ask: Send, password: str, odd_repository: str, reference: str, body: bytes
) -> None:
    for host in (server.host, "oci.localhost"):
        told = {"Host": host, "Authorization": basic(password), "Content-Length": str(len(body))}
        answer = ask(head("PUT", f"/v2/{odd_repository}/manifests/{reference}", told.items()) + body, "PUT")
        assert answer.status in {201, 400, 404, 405}


@pytest.mark.parametrize("target", sorted(JSON))
@examples(8)
@given(data=st.data())
def test_no_input_is_too_odd(server: RunningServer, root: Key, target: str, data: st.DataObject) -> None:
    prefix, _, operation = target.partition(".")
    asked = data.draw(members(JSON[target].input.__struct_fields__))
    with Wire(server.host) as wire:
        answer = Api(wire, root.id, root.secret).call(operation, asked, prefix=prefix)
    assert answer.status in {200, 400}


@examples(150)
@given(
    target=st.sampled_from(sorted(JSON)),
    body=st.one_of(st.binary(max_size=200), MANIFESTS, st.text(max_size=60).map(str.encode)),
)
def test_no_body_is_too_odd(server: RunningServer, root: Key, target: str, body: bytes) -> None:
    prefix, _, operation = target.partition(".")
    with Wire(server.host) as wire:
        answer = Api(wire, root.id, root.secret).send(operation, body, prefix=prefix)
    assert answer.status in {200, 400}


def names_of(action: str) -> tuple[str, ...]:
    """Name the parameters of an operation; none are known of those that are not built."""
    shape = QUERY.get(action)
    return ("UserName", "RoleName", "PolicyName") if shape is None else shape.input.__struct_fields__


@pytest.mark.parametrize("action", FORMS)
@examples(5)
@given(data=st.data())
def test_no_form_is_too_odd(server: RunningServer, root: Key, action: str, data: st.DataObject) -> None:
    asked = dict(data.draw(forms(names_of(action))))
    with Wire(server.host) as wire:
        answer = Api(wire, root.id, root.secret).query(action, asked)
    assert answer.status < 500


@examples(150)
@given(data=st.data(), action=st.sampled_from([*FORMS, *["sts.AssumeRoleWithWebIdentity"] * 50]))
def test_no_form_of_nobody_is_too_odd(server: RunningServer, action: str, data: st.DataObject) -> None:
    """Whoever signs nothing is let at one operation, and at none without a token."""
    service, _, operation = action.partition(".")
    form = {"Action": operation, "Version": VERSIONS[service]} | dict(data.draw(forms(names_of(action))))
    with Wire(server.host) as wire:
        told = (("host", server.host), ("content-type", FORM))
        answer = Api(wire, "", "").deliver(told, urlencode(form).encode())
    assert 400 <= answer.status < 500
