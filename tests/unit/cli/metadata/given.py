"""A machine whose server is a list of answers, and whose clocks stand until they are moved."""

import asyncio
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from moorage.cli.machinecalls import InstanceCredentials, Refused, Unreachable
from moorage.cli.machinekey import MachineKey
from moorage.cli.metadata.message import Request
from moorage.cli.metadata.rotation import Clocks, Rotation

BEGIN = datetime(2026, 11, 24, 12, 0, 0, tzinfo=UTC)
KEY = MachineKey(
    endpoint="https://registry.example.com",
    account_id="123456789012",
    region="eu-central-1",
    instance_id="i-0123456789abcdef0",
    key_id="MKEXAMPLE",
    secret="machine-secret",  # noqa: S106 - an example
)
SECRETS = ("session-secret", "session-token", KEY.secret)
REFUSED = Refused("AccessDeniedException", "the machine is revoked")
FAULT = ValueError("session-secret")
AWAY = Unreachable("no route")

Answer = InstanceCredentials | Exception


@dataclass
class Given:
    """Answers are given one after the other, the last one for ever; ``gate`` holds them back."""

    answers: list[Answer]
    seconds: float = 0.0
    asked: int = 0
    said: list[str] = field(default_factory=list)
    gate: asyncio.Event | None = None

    def __post_init__(self) -> None:
        clocks = Clocks(lambda: BEGIN + timedelta(seconds=self.seconds), lambda: self.seconds)
        self.rotation = Rotation(self.ask, clocks, self.said.append)

    async def ask(self) -> InstanceCredentials:
        self.asked += 1
        answer = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        if self.gate is not None:
            await self.gate.wait()
        if isinstance(answer, InstanceCredentials):
            return answer
        raise answer

    async def key_id(self) -> str:
        return (await self.rotation.current()).credentials.access_key_id


def credentials(name: str = "ASIAFIRST", *, ends: float = 3600.0) -> InstanceCredentials:
    """Make credentials that end so many seconds after the beginning."""
    return InstanceCredentials(
        access_key_id=name,
        secret_access_key="session-secret",  # noqa: S106 - an example
        session_token="session-token",  # noqa: S106 - an example
        expiration=BEGIN + timedelta(seconds=ends),
        role_name="builder",
        role_arn="arn:aws:iam::123456789012:role/builder",
        instance_profile_arn="arn:aws:iam::123456789012:instance-profile/builder",
    )


def request(path: str, method: str = "GET", **headers: str) -> Request:
    return Request(method, path, {name.replace("_", "-"): value for name, value in headers.items()})
