"""What is known of this machine: its key as the file has it now, and what the server gives for it."""

import asyncio
from pathlib import Path

from moorage.cli import machinecalls, machinekey, refused
from moorage.cli.machinecalls import InstanceCredentials
from moorage.cli.machinekey import MachineKey

# What a proxy or a busy server says in place of an answer, which refuses nothing.
_PASSING = ("HTTP ", "Throttling", "TooManyRequests", "RequestLimitExceeded", "RequestTimeout")


class Machine:
    """The key is read again before each question, so that a new one needs no restart."""

    def __init__(self, path: Path, ca_bundle: str | None) -> None:
        self._path = path
        self._ca_bundle = ca_bundle
        self.key = machinekey.read(path)

    def whoami(self) -> MachineKey:
        return self.key

    async def ask(self) -> InstanceCredentials:
        """Ask the server for credentials.

        Raises:
            machinecalls.Refused, machinecalls.Unreachable

        """
        return await asyncio.to_thread(self._ask)

    def _ask(self) -> InstanceCredentials:
        try:
            self.key = machinekey.read(self._path)
        except refused.Refused as error:  # who takes the key away takes the machine's credentials away
            raise machinecalls.Refused("NoMachineKey", error.message) from None
        try:
            return machinecalls.fetch(self.key, ca_bundle=self._ca_bundle)
        except machinecalls.Refused as error:
            if error.code.startswith(_PASSING):
                raise machinecalls.Unreachable(str(error)) from None
            raise
