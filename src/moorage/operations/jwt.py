"""JSON Web Tokens of identity providers: read strictly, verified with keys that came from the provider alone.

A key in the token itself, or an address of one, is never looked at; ``none`` and shared secrets are no algorithms.
"""

import json
from base64 import urlsafe_b64decode
from binascii import Error as NotBase64
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature

from moorage.domain import strictjson
from moorage.domain.identityfacts import IdentityTokenInvalid

Json = Mapping[str, object]
_SHORTEST_RSA: Final = 2048  # bits
_HASHES: Final[Mapping[str, Callable[[], hashes.HashAlgorithm]]] = {
    "256": hashes.SHA256,
    "384": hashes.SHA384,
    "512": hashes.SHA512,
}
_CURVES: Final[Mapping[str, tuple[str, type[ec.EllipticCurve], int]]] = {
    "ES256": ("P-256", ec.SECP256R1, 32),
    "ES384": ("P-384", ec.SECP384R1, 48),
    "ES512": ("P-521", ec.SECP521R1, 66),
}
_RSA: Final = frozenset({"RS256", "RS384", "RS512"})


@dataclass(frozen=True, slots=True)
class Token:
    """A token that can be read; nothing in it is believed before ``verify``."""

    algorithm: str
    key_id: str | None
    claims: Json
    signed: bytes = field(repr=False)
    signature: bytes = field(repr=False)


def read(text: str) -> Token:
    """Take a token apart.

    Raises:
        IdentityTokenInvalid

    """
    parts = text.split(".")
    if len(parts) != 3:  # noqa: PLR2004 - header, claims, signature
        raise IdentityTokenInvalid("The ID Token provided is not a valid JWT.")
    header, claims = _object(parts[0]), _object(parts[1])
    algorithm, key_id = header.get("alg"), header.get("kid")
    if not isinstance(algorithm, str) or algorithm not in {*_RSA, *_CURVES}:
        raise IdentityTokenInvalid("The ID Token is not signed with an algorithm that is taken.")
    if "crit" in header or not isinstance(key_id, str | None):
        raise IdentityTokenInvalid("The header of the ID Token cannot be understood.")
    return Token(algorithm, key_id, claims, f"{parts[0]}.{parts[1]}".encode(), _bytes(parts[2]))


def is_signed(token: Token, keys: Sequence[Json]) -> bool:
    """Tell whether one of the provider's keys signed the token: the one it names, or any where it names none."""
    return any(_verifies(token, key) for key in keys if _may_verify(token, key))


def _may_verify(token: Token, key: Json) -> bool:
    if token.key_id is not None and key.get("kid") != token.key_id:
        return False
    kind = "RSA" if token.algorithm in _RSA else "EC"
    return (
        key.get("kty") == kind and key.get("use", "sig") == "sig" and key.get("alg", token.algorithm) == token.algorithm
    )


def _verifies(token: Token, key: Json) -> bool:
    checks: Mapping[bool, Callable[[Token, Json], None]] = {True: _check_rsa, False: _check_ec}
    try:
        checks[token.algorithm in _RSA](token, key)
    except (InvalidSignature, IdentityTokenInvalid, ValueError):
        return False
    return True


def _check_rsa(token: Token, key: Json) -> None:
    modulus, exponent = _number(key, "n"), _number(key, "e")
    if modulus.bit_length() < _SHORTEST_RSA:
        raise InvalidSignature
    public = rsa.RSAPublicNumbers(exponent, modulus).public_key()
    public.verify(token.signature, token.signed, padding.PKCS1v15(), _HASHES[token.algorithm[2:]]())


def _check_ec(token: Token, key: Json) -> None:
    name, curve, size = _CURVES[token.algorithm]
    if key.get("crv") != name or len(token.signature) != 2 * size:
        raise InvalidSignature
    public = ec.EllipticCurvePublicNumbers(_number(key, "x"), _number(key, "y"), curve()).public_key()
    halves = (int.from_bytes(token.signature[:size]), int.from_bytes(token.signature[size:]))
    public.verify(encode_dss_signature(*halves), token.signed, ec.ECDSA(_HASHES[token.algorithm[2:]]()))


def _number(key: Json, name: str) -> int:
    text = key.get(name)
    if not isinstance(text, str):
        raise InvalidSignature
    return int.from_bytes(_bytes(text))


def _object(text: str) -> Json:
    try:
        found = strictjson.loads(_bytes(text))
    except (strictjson.NotStrictJson, json.JSONDecodeError, RecursionError):
        found = None
    if not isinstance(found, dict):
        raise IdentityTokenInvalid("The ID Token provided is not a valid JWT.")
    return found


def _bytes(text: str) -> bytes:
    broken = IdentityTokenInvalid("The ID Token provided is not a valid JWT.")
    if "=" in text or not text.isascii():
        raise broken
    try:
        return urlsafe_b64decode(text + "=" * (-len(text) % 4))
    except (NotBase64, ValueError):
        raise broken from None
