"""Machines: hosts that have a role's credentials given to them, as EC2 instances have."""

from dataclasses import dataclass
from enum import StrEnum

from moorage.domain.names import AccountId, Region


class MachineState(StrEnum):
    """What became of a machine."""

    WAITING = "waiting"  # for the host that joins with the token
    EXPIRED = "expired"  # nobody joined in time
    JOINED = "joined"
    REVOKED = "revoked"


@dataclass(frozen=True, slots=True)
class Machine:
    """One machine; ``key_id`` is there once it has joined. Times in microseconds."""

    account: AccountId
    id: str
    region: Region
    role_id: str
    role_name: str
    made_by: str
    join_expires_at: int
    key_id: str | None
    created_at: int
    joined_at: int | None
    revoked_at: int | None

    @property
    def arn(self) -> str:
        """Name the machine as EC2 names an instance."""
        return f"arn:aws:ec2:{self.region}:{self.account}:instance/{self.id}"

    def state(self, now: int) -> MachineState:
        if self.revoked_at is not None:
            return MachineState.REVOKED
        if self.joined_at is not None:
            return MachineState.JOINED
        return MachineState.EXPIRED if self.join_expires_at <= now else MachineState.WAITING
