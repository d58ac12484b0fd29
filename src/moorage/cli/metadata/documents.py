"""The documents that metadata gives, as EC2 and ECS write them."""

import json
import platform
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Final

from moorage.cli.machinekey import MachineKey
from moorage.cli.metadata.rotation import Gone, Held

_ARCHITECTURES: Final[Mapping[str, str]] = {"x86_64": "x86_64", "aarch64": "arm64"}


def credentials_of(held: Held) -> str:
    """Write credentials as instance metadata does."""
    told = held.credentials
    return _written(
        {
            "Code": "Success",
            "LastUpdated": _time(held.since),
            "Type": "AWS-HMAC",
            "AccessKeyId": told.access_key_id,
            "SecretAccessKey": told.secret_access_key,
            "Token": told.session_token,
            "Expiration": _time(told.expiration),
        }
    )


def failure_of(gone: Gone) -> str:
    """Write why there are no credentials of the machine's role."""
    return _written({"Code": gone.code, "Message": gone.message, "LastUpdated": _time(gone.at)})


def profile_of(held: Held) -> str:
    told = {"Code": "Success", "LastUpdated": _time(held.since)}
    return _written(told | {"InstanceProfileArn": held.credentials.instance_profile_arn})


def container_credentials_of(held: Held, account_id: str) -> str:
    """Write credentials as the container credentials endpoint does."""
    told = held.credentials
    return _written(
        {
            "AccessKeyId": told.access_key_id,
            "SecretAccessKey": told.secret_access_key,
            "Token": told.session_token,
            "Expiration": _time(told.expiration),
            "RoleArn": told.role_arn,
            "AccountId": account_id,
        }
    )


def container_failure(code: str, message: str) -> str:
    return _written({"code": code, "message": message})


def identity_of(key: MachineKey) -> str:
    """Write the identity document, with what there is to tell of a machine that nobody rents out."""
    machine = platform.machine()
    return _written(
        {
            "accountId": key.account_id,
            "architecture": _ARCHITECTURES.get(machine, machine),
            "availabilityZone": zone_of(key),
            "instanceId": key.instance_id,
            "region": key.region,
            "version": "2017-09-30",
        }
    )


def zone_of(key: MachineKey) -> str:
    """Name a zone: botocore takes the last letter off, and the region is left."""
    return f"{key.region}a"


def _time(moment: datetime) -> str:
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _written(document: Mapping[str, object]) -> str:
    return json.dumps(document, indent=2)
