"""A machine of a test's own as far as /etc goes: what is written there, nobody else sees."""

import os
import shlex
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Self

from support.clients import Client, clean_environment, run


@dataclass(frozen=True, slots=True)
class Machine:
    """The real /etc with changes laid over it; every command gets a layer for its own writes."""

    folder: Path
    changes: Path

    @classmethod
    def make(cls, folder: Path, commands: Sequence[str] = ()) -> Self:
        """Run an administrator's commands, whose changes to /etc are kept for all that runs on this machine."""
        made = cls(folder, folder / "changes")
        for path in (made.changes, folder / "work", folder / "home"):
            path.mkdir(parents=True)
        for command in commands:
            told = f"lowerdir=/etc,upperdir={made.changes},workdir={folder / 'work'}"
            run(_in_namespace(told, ("sh", "-c", command)), env=clean_environment(folder / "home"))
        return made

    def prefix(self) -> tuple[str, ...]:
        """Give what has to stand before one command to run it on this machine."""
        own = self.folder / f"own-{sum(1 for _ in self.folder.iterdir())}"
        for path in (own / "upper", own / "work"):
            path.mkdir(parents=True)
        told = f"lowerdir={self.changes}:/etc,upperdir={own / 'upper'},workdir={own / 'work'}"
        return _in_namespace(told, ())

    def client(self, client: Client) -> Client:
        """Put a client on this machine."""
        script = self.folder / f"{client.program.name}-{sum(1 for _ in self.folder.iterdir())}"
        told = f"lowerdir={self.changes}:/etc,upperdir=$own/upper,workdir=$own/work"
        words = " ".join(shlex.quote(word) for word in _namespace())
        inside = f'mount -t overlay overlay -o {told} /etc && exec "$@"'
        script.write_text(
            f"#!/bin/sh\nown=$(mktemp -d {shlex.quote(str(self.folder))}/run-XXXXXX) && export own && "
            f'mkdir "$own/upper" "$own/work"\n'
            f'exec {words} sh -c {shlex.quote(inside)} sh {shlex.quote(str(client.program))} "$@"\n',
            encoding="utf-8",
        )
        script.chmod(0o700)
        return replace(client, program=script)


def _namespace() -> tuple[str, ...]:
    return ("/usr/bin/unshare", "--mount", *(() if os.geteuid() == 0 else ("--map-root-user",)))


def _in_namespace(layers: str, command: Sequence[str]) -> tuple[str, ...]:
    inside = f'mount -t overlay overlay -o {layers} /etc && exec "$@"'
    return (*_namespace(), "sh", "-c", inside, "sh", *command)
