"""A repository on the server under test, as a client names it."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Repository:
    """Where images are pushed to: ``localhost:5000/team/app``."""

    registry: str
    name: str

    def __str__(self) -> str:
        return f"{self.registry}/{self.name}"

    def at(self, tag: str) -> str:
        return f"{self}:{tag}"

    def holding(self, digest: str) -> str:
        return f"{self}@{digest}"
