"""Everything random: ids, keys, secrets and nonces."""

import secrets

_BASE32 = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"
_LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"
_KEY_LETTERS = _LETTERS + "+/"


class Ids:
    """Makes names that nobody can guess and nobody had before."""

    def __init__(self) -> None:
        # Ids of requests tell requests apart and open nothing: a chance at start and a count are enough for them.
        digits = secrets.token_hex(8)
        self._head = f"{digits[:8]}-{digits[8:12]}-4{digits[12:15]}-a{digits[13:16]}-"
        self._count = secrets.randbits(40)

    def request(self) -> str:
        self._count += 1
        return f"{self._head}{self._count:012x}"

    def chance(self, size: int) -> bytes:
        return secrets.token_bytes(size)

    def storage_key(self) -> str:
        return secrets.token_hex(16)

    def repository(self) -> str:
        return secrets.token_hex(12)

    def event(self, at: int) -> str:
        """Sortable by time: microseconds since 1970 in hex, then chance."""
        return f"{at:014x}{secrets.token_hex(6)}"

    def entity(self, prefix: str) -> str:
        """Make an id of IAM's, such as ``AIDA…`` for a user."""
        return prefix + self._letters(_BASE32, 17)

    def access_key(self) -> str:
        return "AKIA" + self._letters(_BASE32, 16)

    def session_key(self) -> str:
        return "ASIA" + self._letters(_BASE32, 16)

    def token_key(self) -> str:
        """Make the id of a narrow token: no id of IAM's looks like it."""
        return "MTKN" + self._letters(_BASE32, 16)

    def instance(self) -> str:
        return "i-" + secrets.token_hex(9)[:17]

    def machine_key(self) -> str:
        """Make the id of a machine's key: no id of IAM's looks like it."""
        return "MCHN" + self._letters(_BASE32, 16)

    def join_token(self) -> str:
        return "moorage_join_" + self._letters(_LETTERS, 43)

    def secret_key(self) -> str:
        return self._letters(_KEY_LETTERS, 40)

    def nonce(self) -> bytes:
        return secrets.token_bytes(12)

    @staticmethod
    def _letters(alphabet: str, count: int) -> str:
        return "".join(secrets.choice(alphabet) for _ in range(count))
