"""Tokens and links as the server itself would have made them at another time: tests cannot wait for their end."""

import time
from dataclasses import replace

import msgspec

from moorage.app import read_keyring
from moorage.operations.keyring import KeyRing, Purpose, to_text
from moorage.operations.layers import LayerLink
from moorage.operations.principals import mark_of
from moorage.operations.tokens import Token
from support.server import RunningServer

_NONCE = b"nonce nonce!"
SECOND = 1_000_000


def now() -> int:
    return time.time_ns() // 1000


def ring_of(server: RunningServer) -> KeyRing:
    return read_keyring(server.data / "keyring.json")


def password_until(server: RunningServer, access_key_id: str, expires_at: int, *, region: str = "us-east-1") -> str:
    """Make the password that ends at ``expires_at``."""
    mark = mark_of(server.secret_access_key, access_key_id)
    token = Token(server.account_id, access_key_id, region, expires_at, mark)
    sealed = ring_of(server).seal(Purpose.AUTHORIZATION_TOKEN, msgspec.json.encode(token), nonce=_NONCE)
    return server.secret(to_text(sealed))


def sign_link(server: RunningServer, link: LayerLink) -> str:
    """Give the path of a layer link, signed."""
    signed = replace(link, signature=ring_of(server).sign(Purpose.LAYER_LINK, link.message))
    return (
        f"/layers/{signed.account}/{signed.region}/{signed.repository_id}/{signed.digest}"
        f"?expires={signed.expires_at}&caller={signed.caller}&signature={signed.signature}"
    )
