"""The door: the only place that chooses back ends and plugs the rooms together."""

import asyncio
import base64
import contextlib
import gc
import json
import os
import shutil
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from moorage.blobs.files import FileBlobs
from moorage.config import Config
from moorage.domain.addresses import Addresses
from moorage.domain.errors import EntityNotFound
from moorage.domain.names import AccountId
from moorage.domain.profile import Profiles
from moorage.domain.quotas import Quotas
from moorage.edge.awsjson.edge import JsonEdge
from moorage.edge.awsquery.edge import QueryEdge
from moorage.edge.http.body import Bodies
from moorage.edge.http.front import Door, Front
from moorage.edge.http.health import HealthEdge
from moorage.edge.http.incoming import KEPT, Incoming
from moorage.edge.http.log import RequestLog
from moorage.edge.http.outgoing import Outgoing
from moorage.edge.http.patience import Patience
from moorage.edge.http.request import is_proxy
from moorage.edge.http.root import RootEdge
from moorage.edge.http.server import Listening, serve
from moorage.edge.http.turns import Turns
from moorage.edge.http.watch import Watch
from moorage.edge.oci.edge import OciEdge
from moorage.edge.oci.links import LinkEdge
from moorage.operations.accounts import NewKey, Vault, ensure_first_account, find_configured
from moorage.operations.accounts import reset_root as make_new_root_key
from moorage.operations.denials import Denials
from moorage.operations.env import Env
from moorage.operations.ids import Ids
from moorage.operations.keyring import KeyRing
from moorage.operations.keyuses import KeyUses
from moorage.operations.policies import PolicyCache
from moorage.operations.principals import PrincipalCache
from moorage.operations.providerkeys import ProviderKeys
from moorage.operations.pulltimes import PullTimes
from moorage.operations.tokens import TokenReader
from moorage.outside.web import GuardedWeb
from moorage.sigv4.key import SigningKeys
from moorage.store.sqlite import SqliteStore
from moorage.worker.clock import keep_house

_SWEEPER = 0  # the one worker that sweeps; a worker that dies is replaced under its number


def nothing(_point: str) -> None:
    """Do nothing at a failpoint: only the fault tests put something else here."""


def now() -> int:
    """Give the time in microseconds since 1970 (UTC)."""
    return time.time_ns() // 1000


def serve_worker(
    config: Config,
    *,
    listener_fd: int,
    index: int,
    ready: Callable[[], None],
    reached: Callable[[str], None] = nothing,
) -> None:
    """Serve on an inherited socket until SIGTERM; returns when the last request is answered."""
    store = SqliteStore(config.metadata, config.metadata_lock, reached=reached)
    env = build_env(config, store, port=_port_of(listener_fd, config), reached=reached)
    asyncio.run(_first_account(config, env))
    log = RequestLog(_log_writer(config.log))
    patience = Patience(config.header_timeout, config.idle_timeout, config.body_timeout, config.send_timeout)
    wanted = asyncio.Event()
    bodies = Bodies(patience, incoming=Incoming(Turns(wanted, patience=patience.body / 2, kept=KEPT)))
    outgoing = Outgoing(Turns(wanted, patience=patience.send / 2))
    front = build_front(config, env, log, bodies, outgoing)

    def proxied(peer: str) -> bool:
        return is_proxy(peer, config.trusted_proxies)

    watch = Watch(patience, bodies, outgoing, front.served, wanted=wanted, is_proxy=proxied)
    # What is here now stays: the collector need not look at it again, and looks less often at the rest.
    gc.collect()
    gc.freeze()
    gc.set_threshold(50_000, 20, 50)
    silence = max(patience.header, patience.idle)  # of the two, the watch ends what is over sooner
    listening = Listening(listener_fd, index, config.tls_cert, config.tls_key, silence)
    tasks = (log.run(), keep_house(env, sweeps=index == _SWEEPER), watch.run(listener_fd))

    def ending() -> None:
        bodies.end()
        outgoing.turns.end()

    serve(front.__rsgi__, listening, ready, ending, *tasks)
    log.flush()
    store.close()


def build_env(config: Config, store: SqliteStore, *, port: int, reached: Callable[[str], None]) -> Env:
    keyring = read_keyring(config.keyring)
    return Env(
        store=store,
        blobs=FileBlobs(config.data, reached=reached),
        clock=now,
        ids=Ids(),
        keyring=keyring,
        addresses=Addresses(
            config.account_id,
            config.region,
            port,
            tls=config.tls_cert is not None,
            domain=config.domain,
            hosts=frozenset(config.hosts),
        ),
        account=config.account_id,
        region=config.region,
        regions=frozenset(config.regions),
        principals=PrincipalCache(store, keyring),
        policies=PolicyCache(store),
        signing_keys=SigningKeys(),
        pull_times=PullTimes(),
        key_uses=KeyUses(),
        denials=Denials(),
        provider_keys=ProviderKeys(GuardedWeb(config.outside_networks, config.outside_ca), now),
        disk=lambda: _disk(config.data),
        small_blobs=config.small_blobs,
        quotas=Quotas(
            repositories=config.repositories_per_registry,
            images=config.images_per_repository,
            tags=config.tags_per_image,
            instances=config.instances_per_account,
        ),
    )


def build_front(config: Config, env: Env, log: RequestLog, bodies: Bodies, outgoing: Outgoing) -> Front:
    health = HealthEdge(env)
    doors = (
        Door("/v2/", OciEdge(env, TokenReader(env), Profiles(config.profile, config.registries, config.hosts))),
        Door("/layers/", LinkEdge(env)),
        Door("/", RootEdge(json=JsonEdge(env), query=QueryEdge(env)), exact=True),
        Door("/healthz", health, exact=True),
        Door("/readyz", health, exact=True),
    )
    return Front(
        doors,
        addresses=env.addresses,
        proxies=config.trusted_proxies,
        clock=env.clock,
        new_id=env.ids.request,
        log=log,
        bodies=bodies,
        outgoing=outgoing,
    )


def find_first_account(config: Config) -> AccountId:
    """Tell whose root has the key that the settings name, with no server running; before any start, the settings do."""
    if config.access_key_id is None:
        return config.account_id
    with _vault(config) as vault:
        return asyncio.run(find_configured(vault, config.access_key_id)) or config.account_id


def reset_root(config: Config, account: AccountId, *, configured: bool) -> tuple[str, str]:
    """Give an account's root a new key and take all others away, with no server running.

    Raises:
        EntityNotFound

    """
    with _vault(config) as vault:
        key = asyncio.run(make_new_root_key(vault, account, at=now(), configured=configured))
    if key is None:
        raise EntityNotFound("account", account, by="id")
    return key.access_key_id, key.secret


@contextlib.contextmanager
def _vault(config: Config) -> Iterator[Vault]:
    store = SqliteStore(config.metadata, config.metadata_lock, reached=nothing)
    try:
        yield Vault(store, read_keyring(config.keyring), Ids())
    finally:
        store.close()


def read_keyring(path: Path) -> KeyRing:
    kept = json.loads(path.read_text(encoding="utf-8"))
    return KeyRing(kept["current"], {name: base64.b64decode(key) for name, key in kept["keys"].items()})


async def _first_account(config: Config, env: Env) -> None:
    key = NewKey(config.access_key_id or "", config.secret_access_key or "")
    await ensure_first_account(Vault(env.store, env.keyring, env.ids), config.account_id, key, at=env.clock())


def _port_of(listener_fd: int, config: Config) -> int:
    if config.listen.port:
        return config.listen.port
    import socket  # noqa: PLC0415 - only for a port that the system chose

    with socket.socket(fileno=os.dup(listener_fd)) as listener:
        return int(listener.getsockname()[1])


def _log_writer(target: str) -> Callable[[bytes], None]:
    handle = sys.stdout.fileno() if target == "-" else os.open(target, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o640)

    def write(lines: bytes) -> None:
        rest = memoryview(lines)
        while rest:
            rest = rest[os.write(handle, rest) :]

    return write


def _disk(folder: Path) -> tuple[int, int]:
    usage = shutil.disk_usage(folder)
    return usage.used, usage.free
