"""What is known of this machine: its key as the file has it now, and what the server gives for it."""

import asyncio
import threading
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Final, TypeVar

from moorage.cli import machinecalls, machinekey, refused
from moorage.cli.machinecalls import InstanceCredentials
from moorage.cli.machinekey import MachineKey
from moorage.cli.plainly import private_server

# What a proxy or a busy server says in place of an answer, which refuses nothing.
_PASSING = ("HTTP ", "Throttling", "TooManyRequests", "RequestLimitExceeded", "RequestTimeout")
_SECONDS: Final = 15.0  # for an answer, the server's name included; more than the exchange alone is given

T = TypeVar("T")


class Machine:
    """The key is read again before each question, so that a new one needs no restart."""

    def __init__(
        self, path: Path, ca_bundle: str | None, *, allow_insecure: bool = False, seconds: float = _SECONDS
    ) -> None:
        self._path = path
        self._allow_insecure = allow_insecure
        self._seconds = seconds
        self.ca_bundle = ca_bundle
        self.key = machinekey.read(path)
        private_server(self.key.endpoint, ca_bundle, allow_insecure=allow_insecure)  # refused before anything is served

    def whoami(self) -> MachineKey:
        return self.key

    async def ask(self) -> InstanceCredentials:
        """Ask the server for credentials.

        Raises:
            machinecalls.Refused, machinecalls.Unreachable

        """
        try:
            self.key = machinekey.read(self._path)
        except refused.Refused as error:  # who takes the key away takes the machine's credentials away
            raise machinecalls.Refused("NoMachineKey", error.message) from None
        key = self.key
        try:
            async with asyncio.timeout(self._seconds):
                return await _beside(lambda: self._fetch(key))
        except TimeoutError:
            raise machinecalls.Unreachable("it does not answer in time") from None
        except machinecalls.Refused as error:
            if error.code.startswith(_PASSING):
                raise machinecalls.Unreachable(str(error)) from None
            raise

    def _fetch(self, key: MachineKey) -> InstanceCredentials:
        return machinecalls.fetch(key, ca_bundle=self.ca_bundle, allow_insecure=self._allow_insecure)


async def _beside(work: Callable[[], T]) -> T:
    """Work in a thread that nobody waits for any more once its answer is not wanted, not even the end of the process.

    Looking up a name can take as long as it likes, and the threads of asyncio's own are waited for.
    """
    loop = asyncio.get_running_loop()
    answer: asyncio.Future[T] = loop.create_future()

    def settle(outcome: T | Exception) -> None:
        if not answer.done():
            if isinstance(outcome, Exception):
                answer.set_exception(outcome)
            else:
                answer.set_result(outcome)

    def run() -> None:
        outcome: T | Exception
        try:
            outcome = work()
        except Exception as error:  # noqa: BLE001 - it is raised where it is waited for
            outcome = error
        with suppress(RuntimeError):  # the loop is closed
            loop.call_soon_threadsafe(settle, outcome)

    threading.Thread(target=run, name="question", daemon=True).start()
    return await answer
