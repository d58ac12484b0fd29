"""The credentials in hand: asked for when somebody wants them, renewed long before they end, dropped when refused.

Who asks waits for the server only while nothing good is in hand, or for as long as SDKs wait for metadata. A server
that cannot be reached changes nothing until what is in hand ends; one that refuses ends it at once.
"""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from moorage.cli.machinecalls import InstanceCredentials, Refused, Unreachable

_RENEW: Final = 300.0  # so that a machine which was revoked knows within five minutes of use
_PATIENCE: Final = 0.8  # SDKs give metadata a second
_PAUSE: Final = 10.0  # between attempts that fail
_LEAST: Final = 1.0  # between any two attempts, however short a life the server gives

Get = Callable[[], Awaitable[InstanceCredentials]]


class NoCredentials(Exception):
    """There are none to give."""


class Gone(NoCredentials):
    """The server refuses this machine; ``role`` is the one it had."""

    def __init__(self, code: str, message: str, role: str | None, at: datetime) -> None:
        super().__init__(message)
        self.code, self.message, self.role, self.at = code, message, role, at


class NotNow(NoCredentials):
    """The server cannot be reached, and what was in hand has ended."""


@dataclass(frozen=True, slots=True)
class Clocks:
    """The time of day, and seconds that only ever grow."""

    now: Callable[[], datetime]
    ticks: Callable[[], float]


@dataclass(frozen=True, slots=True)
class Held:
    """Credentials, since when, and from which tick on they are renewed."""

    credentials: InstanceCredentials
    since: datetime
    renew: float


class Rotation:
    """One server asked by one task at a time; ``say`` takes a line for the log."""

    def __init__(self, get: Get, clocks: Clocks, say: Callable[[str], None]) -> None:
        self._get = get
        self._clocks = clocks
        self._say = say
        self._held: Held | None = None
        self._refused: tuple[Refused, datetime] | None = None
        self._role: str | None = None
        self._told = ""
        self._quiet = float("-inf")  # no attempt before this tick
        self._failures = 0  # that nobody expected, one after the other
        self._again = False
        self._task: asyncio.Task[None] | None = None

    async def current(self) -> Held:
        """Give credentials that are good.

        Raises:
            Gone, NotNow

        """
        if self._is_due():
            task = self._begin()
            # The task goes on when who asked it does not wait any longer, or is gone.
            await asyncio.wait({task}, timeout=_PATIENCE if self._good() else None)
        return self._in_hand()

    def renew(self) -> asyncio.Task[None]:
        """Ask the server now, whatever is in hand; a question that is under way may be about an older key."""
        self._again = self._task is not None
        return self._begin()

    def _good(self) -> Held | None:
        held = self._held
        return held if held is not None and held.credentials.expiration > self._clocks.now() else None

    def _is_due(self) -> bool:
        tick = self._clocks.ticks()
        if tick < self._quiet and self._task is None:
            return False
        held = self._good()
        return held is None or tick >= held.renew

    def _in_hand(self) -> Held:
        held = self._good()
        if held is not None:
            return held
        if self._refused is None:
            raise NotNow("the server cannot be reached")
        refused, at = self._refused
        raise Gone(refused.code, refused.message, self._role, at)

    def _begin(self) -> asyncio.Task[None]:
        if self._task is None:
            self._task = asyncio.create_task(self._attempt())
        return self._task

    async def _attempt(self) -> None:
        try:
            await self._ask()
            while self._again:
                self._again = False
                await self._ask()
        finally:
            self._task = None

    async def _ask(self) -> None:
        failures, self._failures = self._failures, 0
        try:
            self._keep(await self._get())
        except Refused as refused:
            self._drop(refused)
        except Unreachable as error:
            self._pause(_PAUSE)
            self._tell(f"the server cannot be asked for credentials: {error}")
        except Exception as error:  # noqa: BLE001 - a fault of ours ends nothing, and its type alone tells no secret
            self._failures = failures + 1
            self._pause(min(_PAUSE * 2**failures, _RENEW))
            self._tell(f"the server could not be asked for credentials: {type(error).__name__}")

    def _keep(self, credentials: InstanceCredentials) -> None:
        now, tick = self._clocks.now(), self._clocks.ticks()
        life = (credentials.expiration - now) / timedelta(seconds=1)
        self._held = Held(credentials, now, tick + min(_RENEW, life / 2))
        self._refused, self._role = None, credentials.role_name
        self._pause(_LEAST)
        self._tell(f"giving out credentials of the role {credentials.role_name}")

    def _drop(self, refused: Refused) -> None:
        self._held = None
        self._refused = (refused, self._clocks.now())
        self._pause(_PAUSE)
        self._tell(f"giving out no credentials, the server refuses them: {refused.code}: {refused.message}")

    def _pause(self, seconds: float) -> None:
        self._quiet = self._clocks.ticks() + seconds

    def _tell(self, line: str) -> None:
        """Write a line when things have changed, not each time they are still the same."""
        if line != self._told:
            self._told = line
            self._say(line)
