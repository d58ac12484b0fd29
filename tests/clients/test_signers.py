"""cosign and notation sign an image with a key of their own, and find and verify the signature again."""

import json
from pathlib import Path

import pytest

from support.clients import FORKY, Client, clean_environment
from support.images import Samples
from support.repository import Repository

_HTTP = ("--allow-insecure-registry", "--allow-http-registry")
_PHRASE = "of a test"
_TRUST = {
    "version": "1.0",
    "trustPolicies": [
        {
            "name": "all",
            "registryScopes": ["*"],
            "signatureVerification": {"level": "strict"},
            "trustStores": ["ca:moorage.test"],
            "trustedIdentities": ["*"],
        }
    ],
}


@pytest.fixture
def image(skopeo: Client, images: Samples, repository: Repository) -> str:
    """Push an image and name it by its digest."""
    skopeo.run(
        "copy",
        "--dest-tls-verify=false",
        "--preserve-digests",
        images.layered.source,
        f"docker://{repository.at('v1')}",
    )
    return repository.holding(images.layered.digest)


@pytest.fixture
def cosign(password: str, registry: str, tmp_path: Path) -> Client:
    told = clean_environment(tmp_path / "home", DOCKER_CONFIG=str(tmp_path / "docker"), COSIGN_PASSWORD=_PHRASE)
    client = Client(FORKY / "bin" / "cosign", told)
    client.run("login", registry, "--username", "AWS", "--password-stdin", stdin=password)
    client.run("generate-key-pair", "--output-key-prefix", tmp_path / "key")
    return client


def test_cosign_verifies_what_it_signed(cosign: Client, image: str, tmp_path: Path) -> None:
    offline = ("--tlog-upload=false", "--use-signing-config=false")
    cosign.run("sign", "--yes", "--key", tmp_path / "key.key", *offline, *_HTTP, image)
    said = cosign.run("verify", "--key", tmp_path / "key.pub", "--insecure-ignore-tlog=true", *_HTTP, image).said
    assert image.partition("@")[2] in said


def test_cosign_refuses_what_nobody_signed(cosign: Client, image: str, tmp_path: Path) -> None:
    asked = ("--key", tmp_path / "key.pub", "--insecure-ignore-tlog=true", *_HTTP, image)
    assert "no signatures found" in cosign.refused("verify", *asked).said


@pytest.fixture
def notation(password: str, tmp_path: Path) -> Client:
    credentials = {"NOTATION_USERNAME": "AWS", "NOTATION_PASSWORD": password}
    client = Client(FORKY / "bin" / "notation", clean_environment(tmp_path / "home", **credentials))
    client.run("cert", "generate-test", "--default", "moorage.test")
    (tmp_path / "trust.json").write_text(json.dumps(_TRUST), encoding="utf-8")
    client.run("policy", "import", "--force", tmp_path / "trust.json")
    return client


def test_notation_verifies_what_it_signed(notation: Client, image: str) -> None:
    notation.run("sign", "--insecure-registry", image)
    assert "Successfully verified" in notation.run("verify", "--insecure-registry", image).said


def test_notation_refuses_what_nobody_signed(notation: Client, image: str) -> None:
    assert "no signature" in notation.refused("verify", "--insecure-registry", image).said
