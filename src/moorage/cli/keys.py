"""The first secrets of a registry: the root user's keys, and the ring of keys that seals everything else."""

import base64
import json
import secrets
from dataclasses import replace

from moorage.cli.folder import write_private
from moorage.cli.refused import Refused
from moorage.config import Config, FileExposed, read_private

_KEY_ID_LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"  # those that AWS uses
_KEY_BYTES = 32


def ensure_credentials(config: Config) -> tuple[Config, bool]:
    """Give the settings with the root user's keys, and whether these were just made."""
    if config.access_key_id is not None:
        return config, False
    access_key_id = "AKIA" + "".join(secrets.choice(_KEY_ID_LETTERS) for _ in range(16))
    secret = base64.b64encode(secrets.token_bytes(30)).decode()
    write_credentials(config, access_key_id, secret)
    return replace(config, access_key_id=access_key_id, secret_access_key=secret), True


def write_credentials(config: Config, access_key_id: str, secret: str) -> None:
    """Keep root keys in the data folder; a start puts them into the database where they are not there yet."""
    kept = {"access_key_id": access_key_id, "secret_access_key": secret}
    write_private(config.credentials, json.dumps(kept, indent=2) + "\n")


def ensure_keyring(config: Config) -> None:
    """Make the key ring on the first start; on later ones see that it is whole, and nobody else can read it."""
    if not config.keyring.exists():
        if config.metadata.exists():
            # What an older ring sealed, such as users' keys, could never be opened again with a new one.
            raise Refused(f"{config.keyring} is missing beside a database that needs it: restore it from a backup")
        key = base64.b64encode(secrets.token_bytes(_KEY_BYTES)).decode()
        write_private(config.keyring, json.dumps({"current": "k1", "keys": {"k1": key}}) + "\n")
        return
    try:
        kept = read_private(config.keyring)
    except (FileExposed, OSError) as error:
        raise Refused(str(error)) from None
    if not _is_ring(kept):
        raise Refused(f"{config.keyring} is no ring of keys with a current one among them: restore it from a backup")


def _is_ring(text: bytes) -> bool:
    try:
        ring = json.loads(text)
        keys = {name: base64.b64decode(key, validate=True) for name, key in ring["keys"].items()}
        return ring["current"] in keys and all(len(key) == _KEY_BYTES for key in keys.values())
    except (ValueError, KeyError, TypeError, AttributeError):
        return False
