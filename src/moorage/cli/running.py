"""What a running server writes down about itself, for the other commands."""

import json
import os
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

from moorage.cli.folder import find_holder, write_private
from moorage.config import Config, WrongSettings

# The settings by which it is reached and named, none of them a secret: some may have been options of its own.
_TOLD: Final = ("listen", "workers", "account_id", "region", "regions", "domain", "tls", "tls_cert")


@dataclass(frozen=True, slots=True)
class Running:
    """A server: its supervisor, since when it runs, and our settings with those that it was started with over them."""

    pid: int
    started_at: datetime
    config: Config


def write_running(config: Config) -> None:
    about = {"pid": os.getpid(), "started_at": datetime.now(UTC).isoformat(timespec="seconds")}
    settings = json.loads(config.to_json())
    told = {key: settings[key] for key in _TOLD if key in settings}
    write_private(config.server, json.dumps(about | told) + "\n")


def find_running(config: Config) -> Running | None:
    """Read what a server wrote; None if there is none, or only what a killed one left behind."""
    holder = find_holder(config)
    if holder is None:
        return None
    try:
        told = json.loads(config.server.read_bytes())
        running = Running(told["pid"], datetime.fromisoformat(told["started_at"]), _over(config, told))
    except (OSError, ValueError, KeyError, TypeError, WrongSettings):
        return None
    return running if running.pid == holder else None  # else a command holds the folder, after a server was killed


def _over(config: Config, told: dict[str, object]) -> Config:
    ours = json.loads(config.to_json())
    kept = {key: value for key, value in ours.items() if key not in _TOLD}
    return Config.from_json(json.dumps(kept | {key: told[key] for key in _TOLD if key in told}))
