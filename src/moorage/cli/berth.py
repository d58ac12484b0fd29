"""What the supervisor hands to a worker, on its standard input so that no secret is in a command line."""

import json
from dataclasses import dataclass, field

from moorage.config import Config


@dataclass(frozen=True, slots=True)
class Descriptors:
    """The open files that a worker inherits."""

    listener: int
    lock: int  # held, never used: the data folder is free only when every worker is gone
    watch: int  # reads as ended when the supervisor is gone
    ready: int  # the supervisor reads at the other end


@dataclass(frozen=True, slots=True)
class Berth:
    """A worker's place: its number, its open files and the settings."""

    index: int
    descriptors: Descriptors
    config: Config = field(repr=False)

    def to_json(self) -> str:
        files = self.descriptors
        return json.dumps(
            {
                "index": self.index,
                "descriptors": [files.listener, files.lock, files.watch, files.ready],
                "config": self.config.to_json(),
            }
        )

    @classmethod
    def from_json(cls, text: str) -> "Berth":
        told = json.loads(text)
        return cls(told["index"], Descriptors(*told["descriptors"]), Config.from_json(told["config"]))
