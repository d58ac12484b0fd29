"""The way out, over real sockets on loopback: hostile servers get nothing, and nothing of theirs is told."""

import asyncio
import shutil
import subprocess
from collections.abc import Iterator
from ipaddress import ip_network
from pathlib import Path

import pytest

from moorage.outside.port import OutsideError
from moorage.outside.web import GuardedWeb
from support.oidc import Provider, served

LOOPBACK = (ip_network("127.0.0.0/8"),)


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    return make_certificate(tmp_path_factory.mktemp("web"))


def make_certificate(folder: Path) -> tuple[Path, Path]:
    """Make a certificate for localhost that vouches for itself."""
    chain, key = folder / "chain.pem", folder / "key.pem"
    openssl = shutil.which("openssl") or "openssl"
    command = [openssl, "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=localhost"]
    names = ["-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1"]
    subprocess.run([*command, *names, "-keyout", str(key), "-out", str(chain)], check=True, capture_output=True)  # noqa: S603
    return chain, key


@pytest.fixture
def port(certificate: tuple[Path, Path]) -> Iterator[int]:
    provider = Provider("https://localhost", keys=[], documents={"/good": b'{"a": 1}', "/large": b"x" * 5000})
    with served(provider, *certificate) as number:
        yield number


def get(web: GuardedWeb, url: str) -> bytes:
    return asyncio.run(web.get(url, limit=1000))


def why(web: GuardedWeb, url: str) -> str:
    with pytest.raises(OutsideError) as error:
        get(web, url)
    return str(error.value)


def test_an_allowed_server_that_is_trusted_is_read(port: int, certificate: tuple[Path, Path]) -> None:
    web = GuardedWeb(LOOPBACK, certificate[0])
    assert get(web, f"https://localhost:{port}/good") == b'{"a": 1}'
    assert get(web, f"https://127.0.0.1:{port}/good") == b'{"a": 1}'


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1", "2130706433", "[::ffff:127.0.0.1]", "[::1]"])
def test_loopback_is_not_called_unless_it_is_allowed(port: int, certificate: tuple[Path, Path], host: str) -> None:
    told = why(GuardedWeb((), certificate[0]), f"https://{host}:{port}/good")
    assert told == "its address may not be called" or told.startswith("it cannot be reached")


def test_a_certificate_of_a_stranger_is_refused(port: int) -> None:
    assert "certificate" in why(GuardedWeb(LOOPBACK), f"https://localhost:{port}/good")


def test_an_answer_that_is_too_large_is_cut_off(port: int, certificate: tuple[Path, Path]) -> None:
    assert "larger than 1000 bytes" in why(GuardedWeb(LOOPBACK, certificate[0]), f"https://localhost:{port}/large")


def test_what_is_not_there_tells_its_status_alone(port: int, certificate: tuple[Path, Path]) -> None:
    web = GuardedWeb(LOOPBACK, certificate[0])
    assert why(web, f"https://localhost:{port}/gone") == "it answered with status 404"


@pytest.mark.parametrize("url", ["http://localhost/", "file:///etc/passwd", "https://a:b@localhost/", "https://", "x"])
def test_only_plain_https_addresses_are_called(url: str) -> None:
    assert "no plain https address" in why(GuardedWeb(LOOPBACK), url)
