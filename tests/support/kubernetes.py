"""What docs/kubernetes.md shows, and the parts of Kubernetes that a registry meets: a kubelet, and an API server."""

import json
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit

import yaml

from support import answering
from support.clients import Client, Finished

PAGE: Final = Path(__file__).resolve().parents[2] / "docs" / "kubernetes.md"
VERSION: Final = "credentialprovider.kubelet.k8s.io/v1"
_DURATION: Final = re.compile(r"([0-9]+(\.[0-9]+)?(ns|us|ms|s|m|h))+|0")

Document = dict[str, Any]


def blocks(language: str) -> list[str]:
    """Give the text of each block of a language on the page."""
    return re.findall(rf"^```{language}\n(.*?)^```$", PAGE.read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL)


def documents(kind: str | None = None) -> list[Document]:
    """Give the YAML documents on the page in their order."""
    found = [document for block in blocks("yaml") for document in yaml.safe_load_all(block)]
    return [document for document in found if kind in {None, document.get("kind")}]


def files() -> list[tuple[Path, str]]:
    """Give each TOML file on the page with the path that its first line names."""
    return [(Path(block.partition("\n")[0].removeprefix("# ")), block) for block in blocks("toml")]


def settled(text: str, port: int) -> str:
    """Write a server on loopback in the place of the page's example."""
    return text.replace("example.com", f"localhost:{port}").replace("registry.lan:4500", f"registry.lan:{port}")


def settled_document(document: Document, port: int) -> Document:
    moved: Document = json.loads(settled(json.dumps(document), port))
    return moved


def matches(pattern: str, image: str) -> bool:
    """Tell whether an image matches as the kubelet's documentation says: parts of the name, port and path."""
    wanted, found = urlsplit(f"https://{pattern}"), urlsplit(f"https://{image.partition('@')[0]}")
    names = (wanted.netloc.partition(":")[0].split("."), found.netloc.partition(":")[0].split("."))
    return (
        len(names[0]) == len(names[1])
        and all(fnmatchcase(part, glob) for glob, part in zip(*names, strict=True))
        and wanted.netloc.partition(":")[2] in {"", found.netloc.partition(":")[2]}
        and found.path.startswith(wanted.path)
    )


def seconds_of(duration: str) -> float:
    """Read a duration as Go writes it."""
    assert _DURATION.fullmatch(duration), duration
    units = {"ns": 1e-9, "us": 1e-6, "ms": 1e-3, "s": 1.0, "m": 60.0, "h": 3600.0}
    return sum(float(number) * units[unit] for number, unit in re.findall(r"([0-9.]+)([a-z]+)", duration))


@dataclass(frozen=True, slots=True)
class Kubelet:
    """One provider of a CredentialProviderConfig, run as the kubelet runs it."""

    provider: Document
    folder: Client  # the provider's program in the folder of all providers, and the node's environment

    def ask(self, image: str, **members: object) -> Finished:
        """Run the provider for an image; it has to answer."""
        return self._client().run(*self.provider.get("args", ()), stdin=self._request(image, members))

    def refused(self, image: str, **members: object) -> Finished:
        """Run the provider for an image; it has to refuse, and to say nothing to the kubelet."""
        finished = self._client().refused(*self.provider.get("args", ()), stdin=self._request(image, members))
        assert finished.stdout == ""
        return finished

    def login(self, image: str, **members: object) -> tuple[str, str]:
        """Give the user and the password for an image, out of an answer that holds all a kubelet wants."""
        response = json.loads(self.ask(image, **members).stdout)
        assert (response["apiVersion"], response["kind"]) == (self.provider["apiVersion"], "CredentialProviderResponse")
        assert response["cacheKeyType"] in {"Image", "Registry", "Global"}
        assert seconds_of(response["cacheDuration"]) > 0
        logins = [login for pattern, login in response["auth"].items() if matches(pattern, image)]
        assert [set(login) for login in logins] == [{"username", "password"}]
        return logins[0]["username"], logins[0]["password"]

    def _client(self) -> Client:
        given = {variable["name"]: variable["value"] for variable in self.provider.get("env", ())}
        return Client(self.folder.program, {**self.folder.environment, **given})

    def _request(self, image: str, members: Mapping[str, object]) -> str:
        assert any(matches(pattern, image) for pattern in self.provider["matchImages"]), image
        told = {"apiVersion": self.provider["apiVersion"], "kind": "CredentialProviderRequest", "image": image}
        return json.dumps({**told, **members})


def kubelet(config: Document, bin_dir: Path, moorage: Path, environment: Mapping[str, str]) -> Kubelet:
    """Make a kubelet of a configuration's one provider; its program is a link, as the page has it."""
    (provider,) = config["providers"]
    program = bin_dir / provider["name"]
    if not program.exists():
        bin_dir.mkdir(parents=True, exist_ok=True)
        program.symlink_to(moorage)
    return Kubelet(provider, Client(program, environment))


@dataclass
class Api:
    """A Kubernetes API as far as one secret goes: who may change it, what it holds, and what was asked."""

    token: str
    secrets: dict[str, Document] = field(default_factory=dict)
    asked: list[tuple[str, str, int]] = field(default_factory=list)

    def patch(self, path: str, headers: Mapping[str, str], body: bytes) -> int:
        """Merge a patch into a secret that is there."""
        if headers.get("authorization") != f"Bearer {self.token}":
            return 401
        if headers.get("content-type") != "application/merge-patch+json":
            return 415
        secret = self.secrets.get(path)
        if secret is None:
            return 404
        change = json.loads(body)
        secret["data"] = secret.get("data", {}) | change.pop("data")
        assert not change
        return 200


@contextmanager
def served(api: Api, certificate: Path, key: Path) -> Iterator[int]:
    """Serve an API over https on a free port of loopback, and give the port."""

    def answer(request: BaseHTTPRequestHandler, body: bytes) -> tuple[int, bytes]:
        headers = {name.lower(): value for name, value in request.headers.items()}
        status = api.patch(request.path, headers, body) if request.command == "PATCH" else 405
        api.asked.append((request.command, request.path, status))
        return status, json.dumps({"kind": "Secret" if status == 200 else "Status", "told": body.decode()}).encode()

    with answering.served(answer, certificate, key) as port:
        yield port
