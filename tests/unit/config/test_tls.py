"""Certificates and keys that the server cannot use are refused before it starts."""

from pathlib import Path

import pytest

from moorage.cli.names import api_endpoint
from unit.config.settings import problems, read, write

CERTIFICATE = "-----BEGIN CERTIFICATE-----\nMA==\n-----END CERTIFICATE-----\n"


def key(kind: str) -> str:
    return f"-----BEGIN {kind}PRIVATE KEY-----\nMA==\n-----END {kind}PRIVATE KEY-----\n"


def options(folder: Path, private: str, certificate: str = CERTIFICATE) -> dict[str, str]:
    return {
        "tls_cert": str(write(folder, certificate, "cert.pem")),
        "tls_key": str(write(folder, private, "key.pem")),
    }


def test_a_certificate_with_its_key_allows_to_listen_anywhere(tmp_path: Path) -> None:
    assert (
        read(tmp_path, options=options(tmp_path, key("")) | {"listen": "0.0.0.0:4500"}).tls_key == tmp_path / "key.pem"
    )


@pytest.mark.parametrize("kind", ["RSA ", "EC ", "ENCRYPTED "])
def test_a_key_of_another_form_is_refused_with_the_way_out(tmp_path: Path, kind: str) -> None:
    (problem,) = problems(tmp_path, options=options(tmp_path, key(kind)))
    assert "openssl pkcs8 -topk8 -nocrypt" in problem


def test_a_file_without_a_key_is_refused(tmp_path: Path) -> None:
    (problem,) = problems(tmp_path, options=options(tmp_path, CERTIFICATE))
    assert problem.startswith("tls_key (from --tls-key)")


def test_a_file_without_a_certificate_is_refused(tmp_path: Path) -> None:
    (problem,) = problems(tmp_path, options=options(tmp_path, key(""), certificate=""))
    assert problem.startswith("tls_cert (from --tls-cert)")


@pytest.mark.parametrize("name", ["tls_cert", "tls_key"])
def test_one_without_the_other_is_refused(tmp_path: Path, name: str) -> None:
    (problem,) = problems(tmp_path, options={name: options(tmp_path, key(""))[name]})
    assert "is of no use without" in problem


def test_a_file_that_is_not_there_is_refused(tmp_path: Path) -> None:
    (problem,) = problems(tmp_path, options=options(tmp_path, key("")) | {"tls_key": str(tmp_path / "missing")})
    assert "cannot be read" in problem


def test_a_registry_that_makes_its_certificate_may_listen_anywhere(tmp_path: Path) -> None:
    config = read(tmp_path, {"MOORAGE_TLS": "auto", "MOORAGE_LISTEN": "0.0.0.0:4500"})
    assert [config.secure, api_endpoint(config)] == [True, "https://api.ecr.us-east-1.localhost:4500"]


@pytest.mark.parametrize("wrong", ["on", "AUTO", ""])
def test_tls_is_off_or_auto(tmp_path: Path, wrong: str) -> None:
    assert problems(tmp_path, {"MOORAGE_TLS": wrong})[0].startswith("tls (from MOORAGE_TLS) must be")
