"""What a machine asks of its server: the credentials of its role, with the machine's own key."""

from collections.abc import Mapping
from datetime import UTC, datetime

import msgspec

from moorage.cli import refused
from moorage.cli.call import CallRefused, Credentials, call_server
from moorage.cli.machinekey import MachineKey
from moorage.cli.plainly import private_server

_OPERATION = "GetInstanceCredentials"
_FAILED = 500  # from this status on it is the server that fails, and the same question may be asked again


class InstanceCredentials(msgspec.Struct, frozen=True):
    """The credentials of a machine's role for a while, and what the role is called."""

    access_key_id: str
    secret_access_key: str
    session_token: str
    expiration: datetime
    role_name: str
    role_arn: str
    instance_profile_arn: str

    def __repr__(self) -> str:
        return f"InstanceCredentials({self.access_key_id} of {self.role_arn} until {self.expiration})"


class Refused(Exception):
    """The server says no: the machine is revoked, or its role is gone or does not trust machines."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(f"{code}: {message}")
        self.code, self.message = code, message


class Unreachable(Exception):
    """No answer, or none that means anything: another time may be better."""

    def __init__(self, message: str) -> None:
        super().__init__(message)
        self.message = message


def fetch(
    key: MachineKey, *, ca_bundle: str | None = None, allow_insecure: bool = False, timeout: float = 10.0
) -> InstanceCredentials:
    """Ask for the credentials of the machine's role; the whole of the answer has ``timeout`` seconds.

    Raises:
        Refused, Unreachable

    """
    try:
        server = private_server(key.endpoint, ca_bundle, allow_insecure=allow_insecure, timeout=timeout)
        told = call_server(server, Credentials(key.key_id, key.secret), key.region, _OPERATION, {})
    except CallRefused as error:
        if error.status >= _FAILED:
            raise Unreachable(error.message) from None
        raise Refused(error.code, error.reason) from None
    except refused.Refused as error:
        raise Unreachable(error.message) from None
    return _read(told)


def _read(told: Mapping[str, object]) -> InstanceCredentials:
    """Read the answer, whose time is in seconds since 1970.

    Raises:
        Unreachable: it is not what the server answers

    """

    def text(name: str) -> str:
        value = told.get(name)
        if not isinstance(value, str) or not value:
            raise Unreachable(f"the server's answer holds no {name}")
        return value

    try:
        ends = datetime.fromtimestamp(float(str(told.get("expiration"))), UTC)
    except (ValueError, OverflowError, OSError):
        raise Unreachable("the server's answer holds no expiration") from None
    return InstanceCredentials(
        access_key_id=text("accessKeyId"),
        secret_access_key=text("secretAccessKey"),
        session_token=text("sessionToken"),
        expiration=ends,
        role_name=text("roleName"),
        role_arn=text("roleArn"),
        instance_profile_arn=text("instanceProfileArn"),
    )
