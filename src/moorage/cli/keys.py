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
    return write_credentials(config), True


def write_credentials(config: Config) -> Config:
    """Make new root keys and keep them in the data folder; the next start puts them into the database."""
    access_key_id = "AKIA" + "".join(secrets.choice(_KEY_ID_LETTERS) for _ in range(16))
    secret = base64.b64encode(secrets.token_bytes(30)).decode()
    kept = {"access_key_id": access_key_id, "secret_access_key": secret}
    write_private(config.credentials, json.dumps(kept, indent=2) + "\n")
    return replace(config, access_key_id=access_key_id, secret_access_key=secret)


def ensure_keyring(config: Config) -> None:
    """Make the key ring on the first start; on later ones see that nobody else can read it."""
    if not config.keyring.exists():
        if config.metadata.exists():
            # What an older ring sealed, such as users' keys, could never be opened again with a new one.
            raise Refused(f"{config.keyring} is missing beside a database that needs it: restore it from a backup")
        key = base64.b64encode(secrets.token_bytes(_KEY_BYTES)).decode()
        write_private(config.keyring, json.dumps({"current": "k1", "keys": {"k1": key}}) + "\n")
        return
    try:
        read_private(config.keyring)
    except (FileExposed, OSError) as error:
        raise Refused(str(error)) from None
