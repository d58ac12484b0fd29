"""The servers of a run: started one after the other, filled, and put to sleep until it is their turn."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from shutil import which
from typing import Final

from bench import fill, moorage, peers
from bench.figures import Results
from bench.peers import PEERS, Pair, Peer, make_pair
from bench.processes import all_cores
from bench.tables import OF_TWO_WORKERS, WORKLOADS
from bench.targets import Face, PeerNotReady, Target
from bench.wire import Address
from bench.workloads import Bench

OURS, OURS_TLS = "moorage", "moorage TLS"
OURS_TWO: Final = "moorage 2 workers"  # on cores that the load is not on
OURS_FULL: Final = "moorage 2 workers, all cores"  # with the load on one of them
DD: Final = "dd"
NAMES: Final = (OURS, *PEERS, DD)
# A password of an htpasswd file takes some 50 ms to check: a crowd of a thousand would be a minute in coming.
_WITHOUT_CROWDS: Final = frozenset(name for name, workload in WORKLOADS.items() if workload.company is None)


@contextmanager
def lined_up(names: Sequence[str], bench: Bench, results: Results) -> Iterator[list[Target]]:
    """Have every server of these names that is there; the others are named as missing."""
    with ExitStack() as stack:
        targets: list[Target] = []
        pair = make_pair(bench.folder) if _has("openssl", "every server with TLS", results) else None
        for start in _starts(names, bench, pair, results):
            try:
                target = start()
            except PeerNotReady as error:
                results.failed[error.name] = str(error)
                continue
            stack.callback(target.stop)
            results.versions[target.name] = target.version
            target.sleep()
            targets.append(target)
        yield targets


def _starts(names: Sequence[str], bench: Bench, pair: Pair | None, results: Results) -> Iterator[Callable[[], Target]]:
    if OURS in names:
        yield lambda: _ours(bench)
        if pair is not None:
            yield lambda: _ours_tls(bench, pair)
        yield lambda: _ours_two(bench, OURS_TWO)
        yield lambda: _ours_two(bench, OURS_FULL, all_cores())
    for peer in (peer for name, peer in PEERS.items() if name in names):
        if (reason := peer.missing) is not None:
            _miss(peer.name, reason, results)
            continue
        yield from _forms(peer, bench, pair, results)
    if DD in names:
        yield lambda: _dd(bench)


def _has(tool: str, wanted_for: str, results: Results) -> bool:
    """Tell whether a tool is there, and name what is missing without it."""
    if which(tool) is None:
        _miss(tool, f"{wanted_for}, since {tool} is not installed: bench/install.sh installs it", results)
    return which(tool) is not None


def _miss(name: str, reason: str, results: Results) -> None:
    if name not in results.missing:
        print(f"missing: {reason}", flush=True)
    results.missing[name] = reason


def _forms(peer: Peer, bench: Bench, pair: Pair | None, results: Results) -> Iterator[Callable[[], Target]]:
    """Give a peer's forms: open, with users, and with TLS."""
    forms: list[tuple[bool, Pair | None]] = [(False, None)]
    if Face.REGISTRY in peer.faces and _has("htpasswd", "every peer with users", results):
        forms.append((True, None))
    if peer.tls and pair is not None:
        forms.append((False, pair))
    for htpasswd, spoken in forms:

        def started(*, htpasswd: bool = htpasswd, spoken: Pair | None = spoken) -> Target:
            folder = bench.folder / f"{peer.name}-{htpasswd:d}-{spoken is not None:d}"
            target = peers.start(peer, folder, htpasswd=htpasswd, pair=spoken)
            if htpasswd:
                target.workloads = _WITHOUT_CROWDS
            fill.stock(target, bench.goods)
            if Face.REGISTRY in target.faces and spoken is None:
                fill.tag_peer(target, bench.goods, bench.sizes.tags)
            return target

        yield started


def _ours(bench: Bench) -> Target:
    target = moorage.start(bench.folder / "moorage")
    moorage.prepare(target)
    fill.stock(target, bench.goods)
    server = moorage.running(target)
    registry = fill.registry_of(server.account_id, server.region)
    fill.generate(target.data, registry, 0, 2 * bench.sizes.images, told=lambda _: None)
    return target


def _ours_tls(bench: Bench, pair: Pair) -> Target:
    settings = {"MOORAGE_TLS_CERT": str(pair.certificate), "MOORAGE_TLS_KEY": str(pair.key)}
    target = moorage.start(bench.folder / "moorage-tls", name=OURS_TLS, settings=settings)
    moorage.prepare(target)
    fill.stock(target, bench.goods)
    return target


def _ours_two(bench: Bench, name: str, cores: tuple[int, ...] | None = None) -> Target:
    folder = bench.folder / name.replace(" ", "-").replace(",", "")
    target = moorage.start(folder, name=name, workers=2, cores=cores, workloads=OF_TWO_WORKERS)
    moorage.prepare(target)
    fill.stock(target, bench.goods)
    return target


def _dd(bench: Bench) -> Target:
    folder = bench.folder / "dd"
    folder.mkdir()
    return Target(DD, "coreutils", frozenset({Face.DISK}), Address(0), None, folder)
