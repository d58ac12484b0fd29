"""Keys for signing: derived from a secret for one day, region and service, and kept while they are in use."""

from hmac import digest

from moorage.sigv4.canonical import TERMINATOR


def signing_key(secret: str, date: str, region: str, service: str) -> bytes:
    # hmac.digest runs in one call of OpenSSL; hmac.new is three times slower.
    key = digest(f"AWS4{secret}".encode(), date.encode(), "sha256")
    for part in (region, service, TERMINATOR):
        key = digest(key, part.encode(), "sha256")
    return key


class SigningKeys:
    """The signing keys derived last, never more than ``limit``.

    A key is found by the secret itself, so a replaced secret can never meet a key derived from the old one.
    """

    def __init__(self, limit: int = 1024) -> None:
        self._limit = limit
        self._keys: dict[tuple[str, str, str, str], bytes] = {}

    def __len__(self) -> int:
        return len(self._keys)

    def get(self, secret: str, date: str, region: str, service: str) -> bytes:
        """Derive a key, unless it is kept already."""
        wanted = (secret, date, region, service)
        key = self._keys.get(wanted)
        if key is None:
            if len(self._keys) >= self._limit:
                del self._keys[next(iter(self._keys))]  # the oldest: yesterday's keys go first
            key = self._keys[wanted] = signing_key(*wanted)
        return key
