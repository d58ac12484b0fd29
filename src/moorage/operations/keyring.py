"""The key ring: what we keep or hand out is sealed or signed under a key that lies apart from the database.

Every seal names its key, so that keys can be rotated: the current one seals, all of them open. Each purpose has a key
of its own, derived from the ring's, so that a page token can never pass for a password.
"""

import hmac
from base64 import urlsafe_b64decode, urlsafe_b64encode
from binascii import Error as NotBase64
from collections.abc import Iterator, Mapping
from enum import StrEnum

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

_NONCE = 12


class Purpose(StrEnum):
    """What a seal or a signature is for."""

    ACCESS_KEY = "access key"
    MACHINE_KEY = "machine key"
    AUTHORIZATION_TOKEN = "authorization token"  # noqa: S105 - a purpose, not a password
    SESSION_TOKEN = "session token"  # noqa: S105 - a purpose, not a password
    PAGE_TOKEN = "page token"  # noqa: S105 - a purpose, not a password
    LAYER_LINK = "layer link"
    UPLOAD = "upload"


class SealBroken(Exception):
    """Not sealed by this ring for this purpose, or altered since."""


class KeyRing:
    """Keys of 32 bytes by id, one of them current."""

    def __init__(self, current: str, keys: Mapping[str, bytes]) -> None:
        self._current, self._key_ids = current, tuple(keys)
        self._ciphers = {
            (key_id, purpose): AESGCM(_derive(key, purpose, "seal"))
            for key_id, key in keys.items()
            for purpose in Purpose
        }
        self._signers = {
            (key_id, purpose): _derive(key, purpose, "sign") for key_id, key in keys.items() for purpose in Purpose
        }

    def seal(self, purpose: Purpose, content: bytes, *, nonce: bytes, bound: bytes = b"") -> bytes:
        """Encrypt and sign ``content``; it opens only together with the same ``bound``."""
        key_id = self._current.encode()
        sealed = self._ciphers[self._current, purpose].encrypt(nonce, content, bound)
        return bytes([len(key_id)]) + key_id + nonce + sealed

    def open(self, purpose: Purpose, sealed: bytes, *, bound: bytes = b"") -> bytes:
        """Undo ``seal``.

        Raises:
            SealBroken

        """
        end = 1 + (sealed[0] if sealed else 0)
        cipher = self._ciphers.get((sealed[1:end].decode("utf-8", "replace"), purpose))
        if cipher is None or len(sealed) < end + _NONCE:
            raise SealBroken
        try:
            return cipher.decrypt(sealed[end : end + _NONCE], sealed[end + _NONCE :], bound)
        except InvalidTag:
            raise SealBroken from None

    def sign(self, purpose: Purpose, message: str) -> str:
        """Sign ``message``; the text names the key and is safe in a URL."""
        return f"{self._current}.{self._signature(self._current, purpose, message)}"

    def is_signed(self, purpose: Purpose, message: str, signature: str) -> bool:
        key_id, _, found = signature.partition(".")
        if (key_id, purpose) not in self._signers:
            return False
        return hmac.compare_digest(self._signature(key_id, purpose, message).encode(), found.encode())

    def mark(self, purpose: Purpose, message: bytes) -> bytes:
        """Give 32 bytes that nobody else can make of ``message``."""
        return hmac.digest(self._signers[self._current, purpose], message, "sha256")

    def marks(self, purpose: Purpose, message: bytes) -> Iterator[bytes]:
        """Give the mark that each key of the ring makes, the current one's first."""
        yield self.mark(purpose, message)
        for key_id in self._key_ids:
            if key_id != self._current:
                yield hmac.digest(self._signers[key_id, purpose], message, "sha256")

    def _signature(self, key_id: str, purpose: Purpose, message: str) -> str:
        return hmac.digest(self._signers[key_id, purpose], message.encode(), "sha256").hex()


def to_text(sealed: bytes) -> str:
    """Write a seal with letters, digits, ``-`` and ``_`` alone."""
    return urlsafe_b64encode(sealed).rstrip(b"=").decode()


def from_text(text: str) -> bytes:
    """Undo ``to_text``; only the one spelling that ``to_text`` gives is taken.

    Raises:
        SealBroken

    """
    try:
        sealed = urlsafe_b64decode(text.encode("ascii") + b"=" * (-len(text) % 4))
    except (NotBase64, UnicodeEncodeError, ValueError):
        raise SealBroken from None
    if to_text(sealed) != text:
        raise SealBroken
    return sealed


def _derive(key: bytes, purpose: Purpose, use: str) -> bytes:
    return hmac.digest(key, f"moorage {purpose} {use}".encode(), "sha256")
