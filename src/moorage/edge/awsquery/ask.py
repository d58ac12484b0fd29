"""A granted call of an IAM or STS operation on its way to a handler."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import TypeVar

from msgspec import Struct

from moorage.operations.authorise import Granted
from moorage.operations.env import Env

S = TypeVar("S", bound=Struct)


@dataclass(frozen=True, slots=True)
class Ask:
    """What a handler gets: the permission, and the input, decoded and within its constraints."""

    env: Env
    granted: Granted
    input: Struct

    def read(self, shape: type[S]) -> S:
        """Give the input as the shape that the operation's table row names."""
        assert isinstance(self.input, shape)  # noqa: S101 - the table decoded it as nothing else
        return self.input


Handler = Callable[[Ask], Awaitable[Struct | None]]
