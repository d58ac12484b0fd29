"""The two faces of one server, each as changes and reads that say the same thing in the end."""

import base64
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol

from protocol.api import Api
from protocol.api import code_of as api_code_of
from protocol.model import Outcome, Pushed
from protocol.registry import Registry
from protocol.registry import code_of as oci_code_of
from support.wire import Answer

_OCI_CODES: Mapping[tuple[int, str], Outcome] = {
    (404, "MANIFEST_BLOB_UNKNOWN"): Outcome.MISSING,
    (400, "TAG_INVALID"): Outcome.IMMUTABLE,
    (404, "MANIFEST_UNKNOWN"): Outcome.NO_IMAGE,
    (405, "UNSUPPORTED"): Outcome.REFERENCED,
    (404, "BLOB_UPLOAD_UNKNOWN"): Outcome.NO_UPLOAD,
    (400, "DIGEST_INVALID"): Outcome.WRONG_BYTES,
    (400, "BLOB_UPLOAD_INVALID"): Outcome.SMALL_PART,
    (416, "BLOB_UPLOAD_INVALID"): Outcome.OUT_OF_ORDER,
}
_API_CODES: Mapping[str, Outcome] = {
    "ImageAlreadyExistsException": Outcome.SAME,
    "LayerAlreadyExistsException": Outcome.SAME,
    "LayersNotFoundException": Outcome.MISSING,
    "ReferencedImagesNotFoundException": Outcome.MISSING,
    "ImageTagAlreadyExistsException": Outcome.IMMUTABLE,
    "ImageNotFound": Outcome.NO_IMAGE,
    "ImageReferencedByManifestList": Outcome.REFERENCED,
    "UploadNotFoundException": Outcome.NO_UPLOAD,
    "InvalidLayerException": Outcome.WRONG_BYTES,
    "LayerPartTooSmallException": Outcome.SMALL_PART,
    "InvalidLayerPartException": Outcome.OUT_OF_ORDER,
    "EmptyUploadException": Outcome.EMPTY,
}


class Face(Protocol):
    """A way to change a repository."""

    def put(self, name: str, manifest: Pushed, tag: str | None) -> Outcome: ...

    def delete(self, name: str, reference: str) -> Outcome: ...

    def pull(self, name: str, tag: str) -> bytes | None: ...

    def start(self, name: str) -> str: ...

    def send(self, name: str, upload: str, first: int, part: bytes) -> Outcome: ...

    def finish(self, name: str, upload: str, digest: str) -> Outcome: ...

    def seen(self, outcome: Outcome) -> Outcome:
        """Tell how this face shows an outcome."""


@dataclass(frozen=True, slots=True)
class OciFace:
    """``/v2/``, through one worker."""

    registry: Registry

    def put(self, name: str, manifest: Pushed, tag: str | None) -> Outcome:
        reference = tag or manifest.digest
        answer = self.registry.put_manifest(name, reference, manifest.body, manifest.media_type)
        assert answer.status != 201 or answer.get("oci-subject") == manifest.subject
        return _oci(answer)

    def delete(self, name: str, reference: str) -> Outcome:
        return _oci(self.registry.ask("DELETE", f"{name}/manifests/{reference}"))

    def pull(self, name: str, tag: str) -> bytes | None:
        answer = self.registry.ask("GET", f"{name}/manifests/{tag}")
        assert answer.status == 200 or _oci(answer) is Outcome.NO_IMAGE
        return answer.body if answer.status == 200 else None

    def start(self, name: str) -> str:
        return self.registry.start(name).rpartition("/")[2]

    def send(self, name: str, upload: str, first: int, part: bytes) -> Outcome:
        told = {"Content-Range": f"{first}-{first + len(part) - 1}"}
        return _oci(self.registry.ask("PATCH", f"{name}/blobs/uploads/{upload}", told, part))

    def finish(self, name: str, upload: str, digest: str) -> Outcome:
        return _oci(self.registry.ask("PUT", f"{name}/blobs/uploads/{upload}?digest={digest}"))

    def cancel(self, name: str, upload: str) -> Outcome:
        return _oci(self.registry.ask("DELETE", f"{name}/blobs/uploads/{upload}"))

    def seen(self, outcome: Outcome) -> Outcome:
        return Outcome.DONE if outcome is Outcome.SAME else outcome


@dataclass(frozen=True, slots=True)
class ApiFace:
    """The JSON API, through one worker."""

    api: Api

    def put(self, name: str, manifest: Pushed, tag: str | None) -> Outcome:
        members = {"repositoryName": name, "imageManifest": manifest.body.decode()}
        return _api(self.api.call("PutImage", members if tag is None else members | {"imageTag": tag}))

    def delete(self, name: str, reference: str) -> Outcome:
        asked = {"imageDigest" if ":" in reference else "imageTag": reference}
        answer = self.api.call("BatchDeleteImage", {"repositoryName": name, "imageIds": [asked]})
        failures = answer.read("failures")
        assert isinstance(failures, list)
        return _API_CODES[failures[0]["failureCode"]] if failures else _api(answer)

    def pull(self, name: str, tag: str) -> bytes | None:
        answer = self.get("BatchGetImage", name, imageIds=[{"imageTag": tag}])
        assert _api(answer) is Outcome.DONE
        images = answer.read("images")
        assert isinstance(images, list)
        return str(images[0]["imageManifest"]).encode() if images else None

    def start(self, name: str) -> str:
        return str(self.api.call("InitiateLayerUpload", {"repositoryName": name}).read("uploadId"))

    def send(self, name: str, upload: str, first: int, part: bytes) -> Outcome:
        members: dict[str, object] = {"partFirstByte": first, "partLastByte": first + len(part) - 1}
        members |= {"layerPartBlob": base64.b64encode(part).decode()}
        return _api(self.api.call("UploadLayerPart", {"repositoryName": name, "uploadId": upload} | members))

    def finish(self, name: str, upload: str, digest: str) -> Outcome:
        members = {"repositoryName": name, "uploadId": upload, "layerDigests": [digest]}
        return _api(self.api.call("CompleteLayerUpload", members))

    def seen(self, outcome: Outcome) -> Outcome:
        return outcome

    def get(self, operation: str, name: str, **members: object) -> Answer:
        return self.api.call(operation, {"repositoryName": name} | members)

    def set(self, operation: str, name: str, **members: object) -> None:
        answer = self.get(operation, name, **members)
        assert answer.status == 200, answer.text


def _oci(answer: Answer) -> Outcome:
    return Outcome.DONE if answer.status < 300 else _OCI_CODES[answer.status, oci_code_of(answer)]


def _api(answer: Answer) -> Outcome:
    return Outcome.DONE if answer.status == 200 else _API_CODES[api_code_of(answer)]


def policy_for(account: str) -> str:
    """Write a repository policy that lets an account pull."""
    statement = {"Effect": "Allow", "Principal": {"AWS": account}, "Action": ["ecr:BatchGetImage"]}
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})
