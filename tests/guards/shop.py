"""A whole registry in one process and without a network: the front, its edges, and a user whose policies are asked."""

import asyncio
import json
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

from guards.wire import Wire, arrived
from moorage.domain.profile import Profiles
from moorage.edge.awsjson.edge import JsonEdge
from moorage.edge.awsquery.edge import QueryEdge
from moorage.edge.http.front import Door, Front
from moorage.edge.http.log import RequestLog
from moorage.edge.http.root import RootEdge
from moorage.edge.oci.edge import OciEdge
from moorage.operations.env import Env
from moorage.operations.tokens import TokenReader
from support.env import PORT, FrozenClock, close_env, make_env
from support.images import OCI
from support.layers import digest_of, manifest_of
from unit.operations.tenant import REPOSITORY, Tenant, root_of

CONFIG: Final = b'{"architecture":"amd64","os":"linux"}'
LAYER: Final = b"the layer of the image that everybody pulls"
MANIFEST: Final = manifest_of(CONFIG, (LAYER,)).encode()
TAG: Final = "v1"
LARGE: Final = bytes(range(256)) * 400  # kept as a file
OF_LARGE: Final = manifest_of(CONFIG, (LARGE,)).encode()
NONE: Final[Mapping[str, str]] = {}
_HOST: Final = f"localhost:{PORT}"
_TARGET: Final = "AmazonEC2ContainerRegistry_V20150921"


@dataclass(frozen=True, slots=True)
class Posed:
    """A request that can be put again and again."""

    method: str
    target: str
    headers: Mapping[str, str]
    body: bytes = b""


@dataclass(frozen=True)
class Shop:
    """An open registry; ``tenant`` is the user who calls."""

    env: Env
    front: Front
    tenant: Tenant
    basic: str
    secret: str

    async def put(self, posed: Posed) -> Wire:
        wire = Wire(posed.body)
        await self.front.__rsgi__(arrived(posed.method, posed.target, posed.headers, posed.body), wire)
        return wire

    def docker(
        self,
        method: str,
        path: str,
        body: bytes = b"",
        media_type: str | None = None,
        *,
        extra: Mapping[str, str] = NONE,
    ) -> Posed:
        """Pose a request of docker's in the repository."""
        told = {"Host": _HOST, "Authorization": self.basic, **extra}
        if media_type is not None:
            told["Content-Type"] = media_type
        return Posed(method, path if path.startswith("/") else f"/v2/{REPOSITORY}/{path}", told, body)

    def aws(self, operation: str, **members: object) -> Posed:
        """Pose a signed call of ECR's API."""
        body = json.dumps(members).encode()
        headers = {"Content-Type": "application/x-amz-json-1.1", "X-Amz-Target": f"{_TARGET}.{operation}"}
        request = AWSRequest("POST", f"http://{_HOST}/", data=body, headers={"Host": _HOST, **headers})
        SigV4Auth(Credentials(self.tenant.key_id, self.secret), "ecr", self.tenant.region).add_auth(request)
        return Posed("POST", "/", dict(request.headers.items()), body)

    async def open(self) -> str:
        """Open an upload and give its path."""
        return _path(await self.put(self.docker("POST", "blobs/uploads/")))

    async def send(self, data: bytes) -> str:
        """Open an upload, send all of it, and give the path that finishes it."""
        path = await self.open()
        assert (await self.put(self.docker("PATCH", path, data))).status == 201
        return f"{path}?digest={digest_of(data)}"

    async def fill(self) -> None:
        for blob in (CONFIG, LAYER, LARGE):
            assert (await self.put(self.docker("PUT", await self.send(blob)))).status == 201
        for tag, manifest in ((TAG, MANIFEST), ("large", OF_LARGE)):
            assert (await self.put(self.docker("PUT", f"manifests/{tag}", manifest, OCI.manifest))).status == 201


def _path(wire: Wire) -> str:
    return urlsplit(wire.headers["location"]).path


@contextmanager
def open_shop(folder: Path) -> Iterator[Shop]:
    """Open a registry in a folder, with one image in it."""
    env = make_env(folder, FrozenClock(time.time_ns() // 1000))  # botocore signs with the time it is
    try:
        root = root_of(env)
        root.create()
        user = root.new_user("puller", "ecr:*")
        principal = asyncio.run(env.principals.find_now(user.key_id))
        assert principal is not None
        shop = asyncio.run(_login(Shop(env, _front(env), user, "", principal.secret)))
        asyncio.run(shop.fill())
        yield shop
    finally:
        close_env(env)


async def _login(shop: Shop) -> Shop:
    """Ask for a password as the AWS CLI does."""
    told = json.loads((await shop.put(shop.aws("GetAuthorizationToken"))).answer)
    return replace(shop, basic=f"Basic {told['authorizationData'][0]['authorizationToken']}")


def _front(env: Env) -> Front:
    doors = (
        Door("/v2/", OciEdge(env, TokenReader(env), Profiles())),
        Door("/", RootEdge(json=JsonEdge(env), query=QueryEdge(env)), exact=True),
    )
    log = RequestLog(lambda _lines: None)
    return Front(doors, addresses=env.addresses, proxies=(), clock=env.clock, new_id=env.ids.request, log=log)
