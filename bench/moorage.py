"""Moorage as a target, and its API's requests signed ahead of the load that repeats them."""

import json
import time
from base64 import b64encode
from collections.abc import Mapping
from importlib.metadata import version
from pathlib import Path
from typing import Final

from bench.processes import cores_of_servers, on_core
from bench.pusher import make_pusher, policy_of_repository
from bench.stock import MANY, REPOSITORY
from bench.targets import Face, Target
from bench.wire import Address, Ask, ask
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

from support.server import MOORAGE, RunningServer

_TARGET: Final = "AmazonEC2ContainerRegistry_V20150921"
FACES: Final = frozenset({Face.STATIC, Face.REGISTRY, Face.AWS})


def signed(target: Target, operation: str, members: Mapping[str, object]) -> Ask:
    """Sign one call; it stays good for some minutes, longer than any load lasts."""
    server = running(target)
    body = json.dumps(members).encode()
    headers = {"Content-Type": "application/x-amz-json-1.1", "X-Amz-Target": f"{_TARGET}.{operation}"}
    request = AWSRequest("POST", f"{target.address.url}/", data=body, headers=headers)
    SigV4Auth(Credentials(*target.key), "ecr", server.region).add_auth(request)
    return ask(target.address, "POST", "/", body, headers=dict(request.headers.items()))


def running(target: Target) -> RunningServer:
    assert isinstance(target.server, RunningServer)  # noqa: S101  # ``start`` made it
    return target.server


def start(  # noqa: PLR0913 - what a server is started with
    folder: Path,
    *,
    name: str = "moorage",
    workers: int = 1,
    cores: tuple[int, ...] | None = None,
    settings: Mapping[str, str] | None = None,
    workloads: frozenset[str] | None = None,
) -> Target:
    """Start a server, on as many cores as it has workers where the load leaves that many, unless told which."""
    cores = cores or cores_of_servers(workers)
    told = {"MOORAGE_WORKERS": str(workers)} | dict(settings or {})
    began = time.perf_counter()
    server = RunningServer(folder, settings=told, command=(*on_core(*cores), MOORAGE, "serve"))
    started = time.perf_counter() - began
    secure = "MOORAGE_TLS_CERT" in told
    address = Address(server.port, secure=secure)
    return Target(name, version("moorage"), FACES, address, server, folder, workloads, started)


def prepare(target: Target) -> None:
    """Make the repositories and the user from whom the load comes, as the root, and log in as that user."""
    server = running(target)
    target.key = make_pusher(server)
    ecr = server.boto3("ecr")
    there = {found["repositoryName"] for found in ecr.describe_repositories()["repositories"]}
    for name in (REPOSITORY, MANY):
        if name not in there:
            ecr.create_repository(repositoryName=name)
            ecr.set_repository_policy(repositoryName=name, policyText=policy_of_repository(server))
    key_id, secret = target.key
    password = server.password(access_key_id=key_id, secret_access_key=secret)
    basic = b64encode(f"AWS:{password}".encode()).decode()
    target.address = Address(target.address.port, f"Basic {basic}", target.address.secure)
