"""Requests that have hurt registries before, by the classes of their record, and how each has to be answered."""

import gzip
import json
from base64 import b64encode
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache, partial

from moorage.domain.profile import Profile
from protocol.registry import CONFIG, DOCKER_MANIFEST, EMPTY_INDEX, MIB, described, index_for, manifest_for
from support.images import OCI
from support.layers import digest_of

LAYER = b"a layer to be guarded"
FOREIGN = b"a layer of another repository"
UNKNOWN = digest_of(b"nobody ever sent this")
_EMPTY = digest_of(b"")

Body = Callable[[], bytes]

# What profile oci tells otherwise (decision 0031, points 2, 3 and 12, and sparse manifests).
_BAD_PARAMETER, _BAD_NAME, _BAD_MANIFEST = (400, "UNSUPPORTED"), (400, "NAME_INVALID"), (400, "MANIFEST_INVALID")
_LARGE_MANIFEST, _LISTED, _SPARSE = (413, "MANIFEST_INVALID"), (200, None), (201, None)


@dataclass(frozen=True, slots=True)
class Bad:
    """One request below ``/v2/``; ``{name}``, ``{other}``, ``{upload}`` and ``{theirs}`` are filled in."""

    id: str
    method: str
    path: str
    status: int
    code: str | None  # None where there is no body to read it from
    headers: Mapping[str, str] = field(default_factory=dict)
    body: Body = bytes
    oci: tuple[int, str | None] | None = None  # the answer in profile oci, where that is another

    def expected(self, profile: Profile) -> tuple[int, str | None]:
        """Give the status and code with which a profile has to answer."""
        return (self.status, self.code) if profile is Profile.ECR or self.oci is None else self.oci

    def is_taken(self, profile: Profile) -> bool:
        """Tell whether a profile takes it for good, as oci takes manifests whose content is not there."""
        return self.expected(profile)[0] == 201


def _wrong_repository() -> Iterator[Bad]:
    blob = f"{{name}}/blobs/{digest_of(FOREIGN)}"
    yield Bad("A: GET of another repository's blob", "GET", blob, 404, "BLOB_UNKNOWN")
    yield Bad("A: HEAD of another repository's blob", "HEAD", blob, 404, None)
    yield Bad("A: a range of another repository's blob", "GET", blob, 404, "BLOB_UNKNOWN", {"Range": "bytes=0-1"})
    yield Bad("A: a condition on another repository's blob", "GET", blob, 404, "BLOB_UNKNOWN", {"If-None-Match": "*"})
    yield Bad("A: another repository's tag", "GET", "{name}/manifests/theirs", 404, "MANIFEST_UNKNOWN")
    manifest = foreign_image
    put = "{name}/manifests/stolen"
    yield Bad(
        "A: an image of another repository's blob", "PUT", put, 404, "MANIFEST_BLOB_UNKNOWN", body=manifest, oci=_SPARSE
    )
    listed = partial(_dumped, index_for(foreign_image()))
    told = {"Content-Type": OCI.index}
    yield Bad(
        "A: an index of another repository's image", "PUT", put, 404, "MANIFEST_BLOB_UNKNOWN", told, listed, _SPARSE
    )
    for method in ("GET", "PATCH", "PUT", "DELETE"):
        for whose in ("{other}/blobs/uploads/{upload}", "{name}/blobs/uploads/{theirs}"):
            path = f"{whose}?digest={_EMPTY}"
            yield Bad(f"A: {method} of an upload at {whose}", method, path, 404, "BLOB_UPLOAD_UNKNOWN")
    foreign = digest_of(FOREIGN)
    mine, wrong = "{name}/blobs/uploads/", (400, "DIGEST_INVALID")
    yield Bad("A: an upload of nothing as another's blob", "PUT", f"{mine}{{upload}}?digest={foreign}", *wrong)
    other = partial(bytes, b"not that")
    yield Bad("A: other bytes as another's blob", "PUT", f"{mine}{{upload}}?digest={foreign}", *wrong, body=other)
    yield Bad("A: one request of other bytes as another's blob", "POST", f"{mine}?digest={foreign}", *wrong, body=other)
    image = "{name}/manifests/" + digest_of(foreign_image())
    yield Bad("A: another repository's image", "GET", image, 404, "MANIFEST_UNKNOWN")
    yield Bad("A: deleting another repository's image", "DELETE", image, 404, "MANIFEST_UNKNOWN")


_COUNTS = ["0", "-1", str(2**63), str(-(2**63)), "9" * 400, "ten", "1e3", "", "%00", "1001"]


def _unbounded() -> Iterator[Bad]:
    for where in ("{name}/tags/list", "_catalog"):
        for count in _COUNTS:
            oci = _LISTED if count.isdigit() else _BAD_PARAMETER  # a hint, of which more than a page is a page
            yield Bad(f"E: n={count[:20]} of {where}", "GET", f"{where}?n={count}", 405, "UNSUPPORTED", oci=oci)
    for count in ("0", "-1", "000", "ten", "1e3", "", "%00", "%D9%A1"):
        path = f"{{name}}/referrers/{UNKNOWN}?n={count}"
        yield Bad(f"E: n={count} of referrers", "GET", path, 405, "UNSUPPORTED", oci=_BAD_PARAMETER)
    put = partial(Bad, method="PUT", path="{name}/manifests/big", status=405, code="UNSUPPORTED", oci=_BAD_MANIFEST)
    yield put("E: a manifest of a byte too many", body=partial(bytes, 4 * MIB + 1), oci=_LARGE_MANIFEST)
    yield put("E: a million annotations", body=_annotated, oci=_LARGE_MANIFEST)
    yield put("E: endless arrays", body=lambda: b"[" * (4 * MIB))
    yield put("E: endless objects", body=lambda: b'{"a":' * 700_000)
    yield put("E: a deep document", body=lambda: _dumped(manifest_for(LAYER))[:-1] + b',"x":' + b"[" * 99 + b"]" * 99)
    yield put("E: an endless number", body=lambda: b'{"schemaVersion":' + b"9" * MIB + b"}")
    yield put("E: an endless name", body=lambda: b'{"' + b"a" * (4 * MIB - 10) + b'":1}')
    yield put("E: a bomb that nobody unpacks", headers={"Content-Encoding": "gzip"}, body=_bomb)
    yield Bad(
        *("E: ten thousand children that are not there", "PUT", "{name}/manifests/big", 404, "MANIFEST_BLOB_UNKNOWN"),
        {"Content-Type": OCI.index},
        _many_children,
        _SPARSE,
    )
    long = f"{'a/' * 30_000}a/tags/list"
    yield Bad("E: a name of sixty thousand characters", "GET", long, 405, "UNSUPPORTED", oci=_BAD_NAME)
    yield Bad("E: a tag of sixty thousand characters", "GET", f"{{name}}/manifests/{'a' * 60_000}", 400, "TAG_INVALID")
    digest = f"sha256:{'0' * 60_000}"
    yield Bad("E: a digest of sixty thousand characters", "GET", f"{{name}}/blobs/{digest}", 400, "DIGEST_INVALID")
    query = "&".join(f"x{number}=1" for number in range(1000))
    yield Bad("E: a thousand parameters", "GET", f"{{name}}/tags/list?{query}", 400, "UNSUPPORTED")


_WAYS_OUT = {
    "dots": "..",
    "a NUL": "%00",
    "a backslash": "..%5c..%5cx",
    "dots, escaped twice": "%252e%252e",
    "an over-long slash": "%c0%af",
    "an over-long dot": "%c0%ae%c0%ae",
    "a line": "x%0d%0aX-Evil:%201",
    "a drive": "c%3a%5cx",
}


def _out_of_the_folder() -> Iterator[Bad]:
    for what, way in _WAYS_OUT.items():
        yield Bad(f"F: {what} as a name", "GET", f"team{way}/tags/list", 405, "UNSUPPORTED", oci=_BAD_NAME)
        told = "DIGEST_INVALID" if what in {"a drive", "a line"} else "TAG_INVALID"  # a colon makes a digest
        for method in ("GET", "PUT", "DELETE"):
            yield Bad(f"F: {what} as a tag, {method}", method, f"{{name}}/manifests/{way}", 400, told)
        yield Bad(f"F: {what} as a digest", "GET", f"{{name}}/blobs/{way}", 400, "DIGEST_INVALID")
        yield Bad(f"F: {what} in a digest", "GET", f"{{name}}/blobs/sha256:{way}", 400, "DIGEST_INVALID")
        finish = f"{{name}}/blobs/uploads/{{upload}}?digest=sha256:{way}"
        read = "UNSUPPORTED" if "over-long" in what else "DIGEST_INVALID"  # a query has to be UTF-8
        yield Bad(f"F: {what} as the digest of an upload", "PUT", finish, 400, read)
        for method in ("GET", "PATCH", "PUT", "DELETE"):
            path = f"{{name}}/blobs/uploads/{way}?digest={_EMPTY}"
            yield Bad(f"F: {what} as an upload, {method}", method, path, 404, "BLOB_UPLOAD_UNKNOWN")
    for what, way in {"escaped slashes": "..%2f..%2fx", "an absolute path": "%2fetc%2fpasswd"}.items():
        yield Bad(f"F: {what} as a name", "GET", f"team/{way}/tags/list", 405, "UNSUPPORTED", oci=_BAD_NAME)
        for place in ("manifests/", "blobs/", "blobs/sha256:", "blobs/uploads/", "referrers/"):
            yield Bad(f"F: {what} behind {place}", "GET", f"{{name}}/{place}{way}", 404, "UNSUPPORTED")
        finish = f"{{name}}/blobs/uploads/{{upload}}?digest=sha256:{way}"
        yield Bad(f"F: {what} as the digest of an upload", "PUT", finish, 400, "DIGEST_INVALID")


def _false(data: bytes, media_type: str) -> Mapping[str, Mapping[str, object]]:
    """Describe content by descriptors that carry what is not that content (decision 36)."""
    told, content = described(data, media_type), b64encode(data).decode()
    return {
        "no base64": told | {"data": content[:-1] + "!"},
        "base64 for addresses": told | {"data": b64encode(bytes([255]) * len(data), b"-_").decode()},
        "no text": told | {"data": 1},
        "another size": told | {"data": content, "size": len(data) + 1},
        "less than its size": told | {"data": b64encode(data[:-1]).decode()},
        "another digest": told | {"data": b64encode(bytes(len(data))).decode()},
    }


def false_data() -> Mapping[str, Mapping[str, object]]:
    """Give manifests with false data, by the place of it; all that they name is there."""
    image = _dumped(manifest_for(LAYER))
    return {
        **{
            f"a config with {what}": manifest_for(LAYER, config=one) for what, one in _false(CONFIG, OCI.config).items()
        },
        **{f"a layer with {what}": manifest_for(LAYER, layers=[one]) for what, one in _false(LAYER, OCI.layer).items()},
        **{f"a child with {what}": index_for(manifests=[one]) for what, one in _false(image, OCI.manifest).items()},
        **{
            f"a subject with {what}": manifest_for(LAYER, subject=one)
            for what, one in _false(image, OCI.manifest).items()
        },
    }


def _confusing() -> Iterator[Bad]:
    image = manifest_for(LAYER)
    text = _dumped(image)
    bodies: dict[str, tuple[bytes, str]] = {
        "layers and manifests": (_dumped(image | {"manifests": []}), OCI.manifest),
        "manifests and layers": (_dumped(EMPTY_INDEX | {"layers": [], "config": {}}), OCI.index),
        "layers of the first schema, too": (_dumped(image | {"fsLayers": [{"blobSum": "x"}]}), OCI.manifest),
        "history of the first schema": (_dumped(image | {"history": []}), OCI.manifest),
        "an index with layers of the first schema": (_dumped(EMPTY_INDEX | {"fsLayers": []}), OCI.index),
        "layers of the first schema, in other letters": (_dumped(image | {"fslayers": []}), OCI.manifest),
        "an image as an index": (text, OCI.index),
        "an image as Docker's": (text, DOCKER_MANIFEST),
        "no media type": (_dumped(image | {"mediaType": None}), "application/octet-stream"),
        "two media types": (text[:-1] + f',"mediaType":"{OCI.index}"}}'.encode(), OCI.manifest),
        "two layers": (text[:-1] + b',"layers":[]}', OCI.manifest),
        "two layers, in other letters": (text[:-1] + b',"Layers":[]}', OCI.manifest),
        "two layers, escaped": (text[:-1] + b',"l\\u0061yers":[]}', OCI.manifest),
        "bytes behind": (text + b"{}", OCI.manifest),
        "a NUL behind": (text + b"\0", OCI.manifest),
        "a byte order mark": (b"\xef\xbb\xbf" + text, OCI.manifest),
        "another encoding": (text.decode().encode("utf-16"), OCI.manifest),
        "half a surrogate pair": (text[:-1] + b',"x":"\\ud800"}', OCI.manifest),
        "NaN": (text[:-1] + b',"x":NaN}', OCI.manifest),
        "schema 1": (b'{"schemaVersion":1,"fsLayers":[]}', OCI.manifest),
        "a child of another kind": (_dumped(index_for(manifests=[described(text, OCI.index)])), OCI.index),
    }
    bodies |= {f"data: {what}": (_dumped(found), str(found["mediaType"])) for what, found in false_data().items()}
    for what, (body, media_type) in bodies.items():
        told = {"Content-Type": media_type}
        put = partial(bytes, body)
        yield Bad(f"I: {what}", "PUT", "{name}/manifests/odd", 405, "UNSUPPORTED", told, put, _BAD_MANIFEST)
    other = f"{{name}}/manifests/{UNKNOWN}"
    told = {"Content-Type": OCI.manifest}
    yield Bad("I: another digest than it has", "PUT", other, 400, "MANIFEST_INVALID", told, partial(bytes, text))
    path = f"{{name}}/blobs/uploads/?digest={UNKNOWN}"
    yield Bad("I: a blob of another digest", "POST", path, 400, "DIGEST_INVALID", body=partial(bytes, b"not that"))


def foreign_image() -> bytes:
    """Give the manifest of another repository's image, as that holds it."""
    return _dumped(manifest_for(FOREIGN))


def _dumped(document: Mapping[str, object]) -> bytes:
    return json.dumps(document).encode()


@cache
def _annotated() -> bytes:
    return _dumped(manifest_for(LAYER, annotations=dict.fromkeys(map(str, range(1_000_000)), "")))


@cache
def _bomb() -> bytes:
    return gzip.compress(bytes(64 * MIB), mtime=0)


@cache
def _many_children() -> bytes:
    return _dumped(index_for(manifests=[described(b"%d" % number, OCI.manifest) for number in range(10_000)]))


CASES = [*_wrong_repository(), *_unbounded(), *_out_of_the_folder(), *_confusing()]

# Passwords that nobody has: defaults, nothing, and forms that readers of the header may take differently (class H).
PASSWORDS = [
    "Og==",
    "QVdTOg==",
    "QVdTOkFXUw==",
    "YWRtaW46YWRtaW4=",
    "QVdTOnBhc3N3b3Jk",
    "QVdT",
    "",
    "%00",
    "A" * 9999,
]

# Targets that are no operations, among them names of what the server is made of (class K).
_ECR, _OWN = "AmazonEC2ContainerRegistry_V20150921", "Moorage_20261123"
TARGETS = [
    *(f"{_ECR}.{name}" for name in ("", "put_image", "putimage", "__class__", "__init__", "HANDLERS")),
    *(f"{_ECR}.{name}" for name in ("PutImage.x", "../PutImage", "DeleteAll", "PutImage\x01", "handle", "answer")),
    *("SpencerFrontendService.PutImage", "AmazonECRPublic_V20201030.PutImage", "PutImage", "", ".", "a" * 5000),
    *(f"{_OWN}.PutImage", f"{_OWN}.DeleteAccount", f"{_ECR}.CreateAccount", f"{_ECR.lower()}.PutImage"),
]

# Actions that are none, of either service.
ACTIONS = ["", "createUser", "create_user", "__class__", "HANDLERS", "CreateUser.x", "A" * 5000]

# Ways out of the folder, and the members of the JSON API that could be one (class F).
WAYS_OUT = ["../../x", "..", "/etc/passwd", "a/../../x", "..\\..\\x", "a\0b", "a\r\nb", "%2e%2e%2f", "\u2024\u2024/x"]


def calls(name: str) -> Mapping[str, tuple[str, Callable[[str], Mapping[str, object]]]]:
    """Give the operation and its members for each place that a way may stand at."""
    part = {"partFirstByte": 0, "partLastByte": 2, "layerPartBlob": "YWJj"}
    on = {"repositoryName": name}
    return {
        "a repository": ("ListImages", lambda way: {"repositoryName": way}),
        "a new repository": ("CreateRepository", lambda way: {"repositoryName": way}),
        "a tag": ("DescribeImages", lambda way: {**on, "imageIds": [{"imageTag": way}]}),
        "a digest": ("DescribeImages", lambda way: {**on, "imageIds": [{"imageDigest": way}]}),
        "a subject": ("ListImageReferrers", lambda way: {**on, "subjectId": {"imageDigest": f"sha256:{way}"}}),
        "a layer": ("GetDownloadUrlForLayer", lambda way: {**on, "layerDigest": f"sha256:{way}"}),
        "an upload": ("UploadLayerPart", lambda way: {**on, "uploadId": way, **part}),
        "a finished upload": (
            "CompleteLayerUpload",
            lambda way: {**on, "uploadId": way, "layerDigests": [digest_of(b"abc")]},
        ),
        "a finished layer": (
            "CompleteLayerUpload",
            lambda way: {**on, "uploadId": "x", "layerDigests": [f"sha256:{way}"]},
        ),
    }
