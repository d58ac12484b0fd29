"""The instance metadata protocol: a tree of texts below ``/latest``, for who has a session token (IMDSv2)."""

import re
from collections.abc import Callable, Mapping
from typing import Final

from moorage.cli.machinekey import MachineKey
from moorage.cli.metadata.documents import credentials_of, failure_of, identity_of, profile_of, zone_of
from moorage.cli.metadata.message import Request, Response, plain
from moorage.cli.metadata.rotation import Gone, NoCredentials, NotNow, Rotation
from moorage.cli.metadata.tokens import LONGEST, Tokens

_TOKEN_PATH: Final = "/latest/api/token"  # noqa: S105 - a path
_TTL: Final = "x-aws-ec2-metadata-token-ttl-seconds"
_TOKEN: Final = "x-aws-ec2-metadata-token"  # noqa: S105 - a header's name
_ROLES: Final = "meta-data/iam/security-credentials"
_PROFILE: Final = "meta-data/iam/info"
_JSON: Final = frozenset({_PROFILE, "dynamic/instance-identity/document"})


class InstanceMetadata:
    """``key`` tells which machine this is; ``v1`` is whether no token is needed."""

    def __init__(self, rotation: Rotation, key: Callable[[], MachineKey], tokens: Tokens, *, v1: bool) -> None:
        self._rotation = rotation
        self._key = key
        self._tokens = tokens
        self._v1 = v1

    async def answer(self, request: Request) -> Response:
        if request.path == _TOKEN_PATH:
            return self._make_token(request)
        if request.method not in {"GET", "HEAD"}:
            return _not_allowed("GET, HEAD")
        if not self._may_read(request.header(_TOKEN)):
            return plain(401)
        versioned = request.path.removesuffix("/")
        if versioned == "":
            return Response(200, "latest\n")
        if versioned != "/latest" and not versioned.startswith("/latest/"):
            return plain(404)
        return await self._read(versioned.removeprefix("/latest").removeprefix("/"))

    def _make_token(self, request: Request) -> Response:
        if request.method != "PUT":
            return _not_allowed("PUT")
        told = request.header(_TTL) or ""
        seconds = int(told) if re.fullmatch("[0-9]{1,5}", told) else 0
        if not 1 <= seconds <= LONGEST:
            return plain(400, f"{_TTL} is a number from 1 to {LONGEST}")
        return Response(200, self._tokens.make(seconds), headers=((_TTL, str(seconds)),))

    def _may_read(self, token: str | None) -> bool:
        return self._v1 if token is None else self._tokens.holds(token)

    async def _read(self, path: str) -> Response:
        key = self._key()
        leaves = {
            "dynamic/instance-identity/document": identity_of(key),
            "meta-data/instance-id": key.instance_id,
            "meta-data/placement/availability-zone": zone_of(key),
            "meta-data/placement/region": key.region,
        }
        role = ""
        if path in {"", "meta-data"} or f"{path}/".startswith("meta-data/iam/"):
            try:
                held = await self._rotation.current()
            except NoCredentials as none:
                if path not in {"", "meta-data"}:
                    return _without(none, path)
            else:
                role = f"{_ROLES}/{held.credentials.role_name}"
                leaves |= {_PROFILE: profile_of(held), role: credentials_of(held)}
        if path in leaves:
            return Response(200, leaves[path], "application/json" if path in _JSON | {role} else "text/plain")
        listed = _listing(leaves, path)
        return Response(200, listed) if listed else plain(404)


def _listing(leaves: Mapping[str, str], path: str) -> str:
    """List what is below a path, a line each, folders with a slash."""
    above = f"{path}/" if path else ""
    below = [leaf.removeprefix(above) for leaf in leaves if leaf.startswith(above)]
    return "\n".join(sorted({name + slash for name, slash, _ in (leaf.partition("/") for leaf in below)}))


def _without(none: NoCredentials, path: str) -> Response:
    """Answer who asks for a role: a machine that was revoked has none, and its old one says why."""
    if isinstance(none, NotNow):
        return plain(503, str(none))
    if isinstance(none, Gone) and none.role is not None and path == f"{_ROLES}/{none.role}":
        return Response(200, failure_of(none), "application/json")
    return plain(404)


def _not_allowed(methods: str) -> Response:
    return Response(405, "405 Method Not Allowed\n", headers=(("Allow", methods),))
