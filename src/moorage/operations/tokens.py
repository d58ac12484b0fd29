"""ECR's authorization token: the password of ``/v2/``, ours, sealed, good for twelve hours.

It carries the credential it was made with and the region, no permission: those are the principal's at the moment of
each request. When the credential is deactivated, so is every token made with it.
"""

from base64 import b64decode
from binascii import Error as NotBase64
from dataclasses import dataclass

import msgspec

from moorage.domain.errors import CredentialsMissing, TokenExpired
from moorage.operations.authorise import Granted
from moorage.operations.env import Env
from moorage.operations.keyring import Purpose, SealBroken, from_text, to_text

USER = "AWS"
LIFETIME = 12 * 3600 * 1_000_000  # µs
_CACHE_LIMIT = 4096
_LONGEST_KNOWN = 1024  # blanks around a password are no part of it: a header of any length could be remembered


class Token(msgspec.Struct, frozen=True, array_like=True):
    """What a token says: who asked for it, with which key, for which region, and its end (µs since 1970).

    ``key_mark`` tells the key's secret from another under the same id, without telling it.
    """

    account: str
    access_key_id: str
    region: str
    expires_at: int
    key_mark: str


@dataclass(frozen=True, slots=True)
class Issued:
    """A new password and its end (µs since 1970)."""

    password: str
    expires_at: int


def issue(env: Env, granted: Granted) -> Issued:
    call, session = granted.call, granted.principal.session
    expires_at = call.at + LIFETIME
    if session is not None:
        expires_at = min(expires_at, session.expires_at)
    token = Token(str(call.account), call.access_key_id, str(call.region), expires_at, granted.principal.key_mark)
    return Issued(sealed_text(env, token), expires_at)


def sealed_text(env: Env, token: Token) -> str:
    sealed = env.keyring.seal(Purpose.AUTHORIZATION_TOKEN, msgspec.json.encode(token), nonce=env.ids.nonce())
    return to_text(sealed)


class TokenReader:
    """Opens tokens; what one says never changes, so it is remembered, its end is judged each time."""

    def __init__(self, env: Env) -> None:
        self._env = env
        self._known: dict[str, Token] = {}

    def read(self, authorization: str, *, at: int) -> Token:
        """Read an ``Authorization: Basic`` header.

        Raises:
            CredentialsMissing, TokenExpired

        """
        token = self._known.get(authorization)
        if token is None:
            token = self._open(authorization)
            if len(self._known) >= _CACHE_LIMIT:
                self._known.clear()
            if len(authorization) <= _LONGEST_KNOWN:
                self._known[authorization] = token
        if at >= token.expires_at:
            raise TokenExpired
        return token

    def _open(self, authorization: str) -> Token:
        scheme, _, credentials = authorization.partition(" ")
        if scheme.lower() != "basic":
            raise CredentialsMissing
        try:
            user, _, password = b64decode(credentials.strip(), validate=True).decode().partition(":")
            opened = self._env.keyring.open(Purpose.AUTHORIZATION_TOKEN, from_text(password))
        except (NotBase64, UnicodeDecodeError, ValueError, SealBroken):
            raise CredentialsMissing from None
        if user != USER:
            raise CredentialsMissing
        return msgspec.json.decode(opened, type=Token)
