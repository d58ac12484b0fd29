"""A granted call of an operation on its way to a handler."""

from dataclasses import dataclass
from typing import TypeVar

from msgspec import Struct

from moorage.domain.addresses import scheme
from moorage.domain.names import AccountId
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

    def host(self, account: AccountId) -> str:
        """Name a registry of the call's region as this client can reach it."""
        call = self.granted.call
        registry = self.granted.registry
        return self.env.addresses.registry(
            account, registry.region, port=call.port, secure=call.secure, caller=call.account
        )

    def endpoint(self, account: AccountId) -> str:
        return f"{scheme(secure=self.granted.call.secure)}://{self.host(account)}"


def epoch(at: int) -> float:
    """Write a time as AWS JSON does: seconds since 1970, with milliseconds."""
    return round(at / 1_000_000, 3)
