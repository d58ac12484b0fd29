"""Everything random: ids, keys, secrets and nonces."""

import random
import secrets
import uuid

_BASE32 = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"
_KEY_LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"


class Ids:
    """Makes names that nobody can guess and nobody had before."""

    def __init__(self) -> None:
        # Ids of requests tell requests apart and open nothing: one system call at start is enough for them.
        self._chance = random.Random(secrets.randbits(256))  # noqa: S311 - no secret is made of it

    def request(self) -> str:
        digits = f"{self._chance.getrandbits(128):032x}"
        return f"{digits[:8]}-{digits[8:12]}-4{digits[13:16]}-a{digits[17:20]}-{digits[20:]}"

    def upload(self) -> str:
        return str(uuid.uuid4())

    def storage_key(self) -> str:
        return secrets.token_hex(16)

    def repository(self) -> str:
        return secrets.token_hex(12)

    def event(self, at: int) -> str:
        """Sortable by time: microseconds since 1970 in hex, then chance."""
        return f"{at:014x}{secrets.token_hex(6)}"

    def user(self) -> str:
        return "AIDA" + self._letters(_BASE32, 17)

    def access_key(self) -> str:
        return "AKIA" + self._letters(_BASE32, 16)

    def secret_key(self) -> str:
        return self._letters(_KEY_LETTERS, 40)

    def nonce(self) -> bytes:
        return secrets.token_bytes(12)

    @staticmethod
    def _letters(alphabet: str, count: int) -> str:
        return "".join(secrets.choice(alphabet) for _ in range(count))
