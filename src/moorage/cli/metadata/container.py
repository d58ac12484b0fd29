"""The container credentials endpoint: one path, for who has the authorization token."""

import hmac
from collections.abc import Callable
from typing import Final

from moorage.cli.machinekey import MachineKey
from moorage.cli.metadata.documents import container_credentials_of, container_failure
from moorage.cli.metadata.message import Request, Response
from moorage.cli.metadata.rotation import Gone, NotNow, Rotation

PATH: Final = "/v1/credentials"


class ContainerCredentials:
    """``token`` is what clients have to send."""

    def __init__(self, rotation: Rotation, key: Callable[[], MachineKey], token: str) -> None:
        self._rotation = rotation
        self._key = key
        self._token = token.encode()

    async def answer(self, request: Request) -> Response:
        given = (request.header("authorization") or "").encode()
        if not hmac.compare_digest(given, self._token):
            return _failure(401, "Unauthorized", "the authorization token is missing or wrong")
        if request.path != PATH:
            return _failure(404, "NotFound", f"credentials are at {PATH}")
        if request.method != "GET":
            return _failure(405, "MethodNotAllowed", "credentials are got by GET", ("Allow", "GET"))
        try:
            held = await self._rotation.current()
        except Gone as gone:
            return _failure(404, gone.code, gone.message)
        except NotNow as error:
            return _failure(503, "ServiceUnavailable", str(error))
        return Response(200, container_credentials_of(held, self._key().account_id), "application/json")


def _failure(status: int, code: str, message: str, *headers: tuple[str, str]) -> Response:
    return Response(status, container_failure(code, message), "application/json", headers)
