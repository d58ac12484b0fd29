"""One request for every route and every operation, with what it needs and how to see that it changed nothing."""

import base64
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from moorage.domain.actions import Kind, RouteKey
from protocol.people import ACCOUNT
from protocol.registry import CONFIG, manifest_for
from support.images import OCI
from support.layers import digest_of

LAYER = b"a layer to be guarded"
PART = b"abc"
MANIFEST = json.dumps(manifest_for(LAYER)).encode()
OTHER_MANIFEST = MANIFEST + b"\n"


@dataclass(frozen=True, slots=True)
class Asked:
    """A request of ``/v2/``; ``{name}``, ``{digest}``, ``{blob}`` and ``{upload}`` are filled in."""

    path: str
    body: bytes = b""
    media_type: str = "application/octet-stream"


_BLOB = "{name}/blobs/{blob}"
_BY_TAG, _BY_DIGEST = "{name}/manifests/v1", "{name}/manifests/{digest}"
_UPLOADS, _UPLOAD = "{name}/blobs/uploads/", "{name}/blobs/uploads/{upload}"
_NEW = digest_of(PART)

ROUTES: Mapping[RouteKey, Asked] = {
    RouteKey("end-1", "GET"): Asked(""),
    RouteKey("end-1", "HEAD"): Asked(""),
    RouteKey("end-2", "GET", Kind.DIGEST): Asked(_BLOB),
    RouteKey("end-2", "HEAD", Kind.DIGEST): Asked(_BLOB),
    RouteKey("end-3", "GET", Kind.TAG): Asked(_BY_TAG),
    RouteKey("end-3", "GET", Kind.DIGEST): Asked(_BY_DIGEST),
    RouteKey("end-3", "HEAD", Kind.TAG): Asked(_BY_TAG),
    RouteKey("end-3", "HEAD", Kind.DIGEST): Asked(_BY_DIGEST),
    RouteKey("end-4a", "POST"): Asked(_UPLOADS),
    RouteKey("end-4b", "POST", Kind.DIGEST): Asked(f"{_UPLOADS}?digest={_NEW}", PART),
    RouteKey("end-11", "POST", Kind.DIGEST): Asked(_UPLOADS + "?mount={blob}&from={name}"),
    RouteKey("end-5", "PATCH", Kind.UPLOAD): Asked(_UPLOAD, PART),
    RouteKey("end-6", "PUT", Kind.UPLOAD): Asked(f"{_UPLOAD}?digest={digest_of(b'')}"),
    RouteKey("end-6 with body", "PUT", Kind.UPLOAD): Asked(f"{_UPLOAD}?digest={_NEW}", PART),
    RouteKey("end-7", "PUT", Kind.TAG): Asked("{name}/manifests/v2", OTHER_MANIFEST, OCI.manifest),
    RouteKey("end-7", "PUT", Kind.DIGEST): Asked(
        f"{{name}}/manifests/{digest_of(OTHER_MANIFEST)}", OTHER_MANIFEST, OCI.manifest
    ),
    RouteKey("end-8", "GET"): Asked("{name}/tags/list"),
    RouteKey("end-9", "DELETE", Kind.TAG): Asked(_BY_TAG),
    RouteKey("end-9", "DELETE", Kind.DIGEST): Asked(_BY_DIGEST),
    RouteKey("end-10", "DELETE", Kind.DIGEST): Asked(_BLOB),
    RouteKey("end-12", "GET", Kind.DIGEST): Asked("{name}/referrers/{digest}"),
    RouteKey("end-13", "GET", Kind.UPLOAD): Asked(_UPLOAD),
    RouteKey("end-14", "DELETE", Kind.UPLOAD): Asked(_UPLOAD),
    RouteKey("catalog", "GET"): Asked("_catalog"),
}

_OPEN_POLICY = json.dumps(
    {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Principal": "*", "Action": "ecr:ListImages"}]}
)

Members = Mapping[str, object]


@dataclass(frozen=True, slots=True)
class Target:
    """What a call is about: a repository with one image, a policy, and an open upload of whoever calls."""

    name: str
    upload: str = ""


def _arn(on: Target) -> str:
    return f"arn:aws:ecr:us-east-1:{ACCOUNT}:repository/{on.name}"


_IMAGE = [{"imageTag": "v1"}]

# What an operation is asked in its good form; the repository's name is added.
ECR: Mapping[str, Callable[[Target], Members]] = {
    "BatchCheckLayerAvailability": lambda _: {"layerDigests": [digest_of(LAYER)]},
    "BatchDeleteImage": lambda _: {"imageIds": _IMAGE},
    "BatchGetImage": lambda _: {"imageIds": _IMAGE},
    "CompleteLayerUpload": lambda on: {"uploadId": on.upload, "layerDigests": [_NEW]},
    "DeleteRepository": lambda _: {"force": True},
    "DeleteRepositoryPolicy": lambda _: {},
    "DescribeImages": lambda _: {},
    "DescribeRepositories": lambda on: {"repositoryNames": [on.name]},
    "GetDownloadUrlForLayer": lambda _: {"layerDigest": digest_of(LAYER)},
    "GetRepositoryPolicy": lambda _: {},
    "InitiateLayerUpload": lambda _: {},
    "ListImages": lambda _: {},
    "ListTagsForResource": lambda on: {"resourceArn": _arn(on)},
    "PutImage": lambda _: {"imageManifest": OTHER_MANIFEST.decode(), "imageTag": "v2"},
    "PutImageTagMutability": lambda _: {"imageTagMutability": "IMMUTABLE"},
    "SetRepositoryPolicy": lambda _: {"policyText": _OPEN_POLICY},
    "TagResource": lambda on: {"resourceArn": _arn(on), "tags": [{"Key": "team", "Value": "red"}]},
    "UntagResource": lambda on: {"resourceArn": _arn(on), "tagKeys": ["team"]},
    "UploadLayerPart": lambda on: {
        "uploadId": on.upload,
        "partFirstByte": len(PART),
        "partLastByte": 2 * len(PART) - 1,
        "layerPartBlob": base64.b64encode(PART).decode(),
    },
}
_WITHOUT_A_NAME = {"DescribeRepositories", "ListTagsForResource", "TagResource", "UntagResource"}
# It allows what no case asks for, so that only users' own policies decide.
GUARDED_POLICY = _OPEN_POLICY.replace("ListImages", "StartImageScan")


def asked_of(operation: str, target: Target) -> Members:
    name = {} if operation in _WITHOUT_A_NAME else {"repositoryName": target.name}
    return name | dict(ECR[operation](target))


BLOBS = (CONFIG, LAYER)
