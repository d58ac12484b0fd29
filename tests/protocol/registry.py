"""A ``/v2/`` client that speaks by hand, and the images it pushes."""

import base64
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from moorage.domain.profile import Profile
from support.images import DOCKER, OCI
from support.layers import digest_of
from support.wire import Answer, Wire

MIB = 1024 * 1024
CONFIG = b"{}"
# The first account's registry in each profile, at the server that the protocol's tests share.
HOSTS: Mapping[Profile, str] = {
    Profile.ECR: "123456789012.dkr.ecr.us-east-1.localhost",
    Profile.OCI: "123456789012.dkr.ecr.us-east-1.oci.localhost",
}
EMPTY_INDEX = {"schemaVersion": 2, "mediaType": OCI.index, "manifests": []}
DOCKER_MANIFEST = DOCKER.manifest


def basic(password: str, user: str = "AWS") -> str:
    return f"Basic {base64.b64encode(f'{user}:{password}'.encode()).decode()}"


def described(data: bytes, media_type: str = OCI.layer) -> dict[str, object]:
    return {"mediaType": media_type, "digest": digest_of(data), "size": len(data)}


def manifest_for(layer: bytes, **members: object) -> dict[str, object]:
    """Make an image's manifest of one layer."""
    return {
        "schemaVersion": 2,
        "mediaType": OCI.manifest,
        "config": described(CONFIG, OCI.config),
        "layers": [described(layer)],
    } | members


def index_for(*children: bytes, **members: object) -> dict[str, object]:
    return EMPTY_INDEX | {"manifests": [described(child, OCI.manifest) for child in children]} | members


def code_of(answer: Answer) -> str:
    return str(answer.read("errors.0.code"))


def message_of(answer: Answer) -> str:
    return str(answer.read("errors.0.message"))


@dataclass(frozen=True, slots=True)
class Registry:
    """The registry at ``host`` as somebody with a password sees it, on one connection."""

    wire: Wire
    password: str
    host: str | None = None  # the name it is called by, which may have a profile of its own

    def ask(self, method: str, path: str, headers: Mapping[str, str] | None = None, body: bytes = b"") -> Answer:
        """Send one request below ``/v2/``, or to a whole address that an answer named."""
        target = "/" + path.split("/", 3)[3] if path.startswith("http") else path
        target = target if target.startswith("/") else f"/v2/{target}"
        told = {"Authorization": basic(self.password)} | ({} if self.host is None else {"Host": self.host})
        return self.wire.ask(method, target, told | dict(headers or {}), body)

    def list(self, path: str, member: str) -> Sequence[Any]:
        """Read a list page by page, as its links lead."""
        found: list[Any] = []
        following: str | None = path
        while following is not None:
            answer = self.ask("GET", following)
            page = answer.read(member)
            assert isinstance(page, list), answer.text
            found += page
            link = answer.get("link")
            following = None if link is None else link[1 : link.index(">")]
        return found

    def start(self, repository: str) -> str:
        """Open an upload; return its path."""
        answer = self.ask("POST", f"{repository}/blobs/uploads/")
        assert answer.status == 202, answer.text
        return f"{repository}/blobs/uploads/{answer.header('docker-upload-uuid')}"

    def put_blob(self, repository: str, data: bytes) -> str:
        digest = digest_of(data)
        answer = self.ask("PUT", f"{self.start(repository)}?digest={digest}", body=data)
        assert answer.status == 201, answer.text
        return digest

    def put_manifest(
        self, repository: str, reference: str, body: bytes, media_type: str | None = OCI.manifest
    ) -> Answer:
        headers = {} if media_type is None else {"Content-Type": media_type}
        return self.ask("PUT", f"{repository}/manifests/{reference}", headers, body)

    def push(self, repository: str, reference: str, layer: bytes) -> bytes:
        """Push a whole image; return its manifest."""
        self.put_blob(repository, CONFIG)
        self.put_blob(repository, layer)
        return self.keep(repository, reference, manifest_for(layer))

    def keep(self, repository: str, reference: str, document: Mapping[str, object]) -> bytes:
        """Put a manifest that must be taken; return its bytes."""
        body = json.dumps(document).encode()
        where = digest_of(body) if reference == "" else reference
        answer = self.put_manifest(repository, where, body, str(document["mediaType"]))
        assert answer.status == 201, answer.text
        return body
