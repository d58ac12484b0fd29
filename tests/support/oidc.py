"""An OIDC provider of a test's own: its keys, its tokens, and its documents, in memory or over https."""

import base64
import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler
from pathlib import Path

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature

from moorage.outside.port import OutsideError
from support import answering

DISCOVERY = "/.well-known/openid-configuration"


def encoded(content: bytes | Mapping[str, object]) -> str:
    raw = content if isinstance(content, bytes) else json.dumps(content).encode()
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def _number(value: int) -> str:
    return encoded(value.to_bytes((value.bit_length() + 7) // 8))


_HASHES: Mapping[int, hashes.HashAlgorithm] = {256: hashes.SHA256(), 384: hashes.SHA384(), 512: hashes.SHA512()}
_CURVES: Mapping[int, tuple[ec.EllipticCurve, str, int]] = {
    256: (ec.SECP256R1(), "P-256", 32),
    384: (ec.SECP384R1(), "P-384", 48),
    512: (ec.SECP521R1(), "P-521", 66),
}


@dataclass
class Key:
    """A signing key with its id; ``bits`` are those of the algorithm's hash."""

    id: str
    private: rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey
    bits: int = 256

    @classmethod
    def rsa(cls, key_id: str = "k1", bits: int = 256, *, size: int = 2048) -> "Key":
        return cls(key_id, rsa.generate_private_key(65537, size), bits)

    @classmethod
    def ec(cls, key_id: str = "e1", bits: int = 256) -> "Key":
        return cls(key_id, ec.generate_private_key(_CURVES[bits][0]), bits)

    @property
    def algorithm(self) -> str:
        return f"{'RS' if isinstance(self.private, rsa.RSAPrivateKey) else 'ES'}{self.bits}"

    def jwk(self) -> dict[str, str]:
        if isinstance(self.private, rsa.RSAPrivateKey):
            numbers = self.private.public_key().public_numbers()
            kind = {"kty": "RSA", "n": _number(numbers.n), "e": _number(numbers.e)}
        else:
            point = self.private.public_key().public_numbers()
            _, curve, size = _CURVES[self.bits]
            x, y = (encoded(half.to_bytes(size)) for half in (point.x, point.y))
            kind = {"kty": "EC", "crv": curve, "x": x, "y": y}
        return {"kid": self.id, "use": "sig", "alg": self.algorithm, **kind}

    def sign(self, signed: bytes) -> bytes:
        if isinstance(self.private, rsa.RSAPrivateKey):
            return self.private.sign(signed, padding.PKCS1v15(), _HASHES[self.bits])
        halves = decode_dss_signature(self.private.sign(signed, ec.ECDSA(_HASHES[self.bits])))
        return b"".join(half.to_bytes(_CURVES[self.bits][2]) for half in halves)


@dataclass
class Provider:
    """A provider: what it publishes, and the tokens it makes; ``asked`` counts the documents that were fetched."""

    issuer: str
    keys: list[Key] = field(default_factory=lambda: [Key.rsa()])
    asked: list[str] = field(default_factory=list)
    documents: dict[str, bytes] = field(default_factory=dict)

    def document(self, path: str) -> bytes | None:
        """Give what is published at a path."""
        self.asked.append(path)
        if path in self.documents:
            return self.documents[path]
        if path == DISCOVERY:
            return json.dumps({"issuer": self.issuer, "jwks_uri": f"{self.issuer}/keys"}).encode()
        if path == "/keys":
            return json.dumps({"keys": [key.jwk() for key in self.keys]}).encode()
        return None

    async def get(self, url: str, *, limit: int) -> bytes:
        """Stand for the way out: this provider alone is there."""
        body = self.document(url.removeprefix(self.issuer)) if url.startswith(self.issuer) else None
        if body is None or len(body) > limit:
            raise OutsideError("it cannot be reached")
        return body

    def token(self, claims: Mapping[str, object], *, key: Key | None = None, **header: object) -> str:
        key = key or self.keys[0]
        head = {"alg": key.algorithm, "kid": key.id, "typ": "JWT"} | header
        signed = f"{encoded({k: v for k, v in head.items() if v is not None})}.{encoded(claims)}"
        return f"{signed}.{encoded(key.sign(signed.encode()))}"


@contextmanager
def served(provider: Provider, certificate: Path, key: Path) -> Iterator[int]:
    """Serve a provider over https on a free port of loopback, and give the port."""

    def answer(request: BaseHTTPRequestHandler, _: bytes) -> tuple[int, bytes]:
        body = provider.document(request.path)
        return (404, b"") if body is None else (200, body)

    with answering.served(answer, certificate, key) as port:
        yield port
