"""What a running server writes down about itself, for the other commands."""

import json
import os
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from moorage.cli.folder import is_alive, write_private
from moorage.config import Config, Listen


@dataclass(frozen=True, slots=True)
class Running:
    """A server: its supervisor, where it listens, since when, and how many workers it keeps."""

    pid: int
    listen: Listen
    started_at: datetime
    workers: int


def write_running(config: Config) -> None:
    told = {
        "pid": os.getpid(),
        "listen": str(config.listen),
        "started_at": datetime.now(UTC).isoformat(timespec="seconds"),
        "workers": config.workers,
    }
    write_private(config.server, json.dumps(told) + "\n")


def find_running(path: Path) -> Running | None:
    """Read what a server wrote; None if there is none, or only what a killed one left behind."""
    try:
        told = json.loads(path.read_bytes())
        started_at = datetime.fromisoformat(told["started_at"])
        running = Running(told["pid"], Listen.parse(told["listen"]), started_at, told["workers"])
    except (OSError, ValueError, KeyError, TypeError):
        return None
    return running if is_alive(running.pid) else None
