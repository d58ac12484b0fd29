"""The peers: which there are, how each is started, and why one is missing."""

import shutil
import socket
import subprocess
import tempfile
from base64 import b64encode
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from bench import configs
from bench.processes import SERVER_CORE, on_core
from bench.targets import Face, Process, Target
from bench.wire import Address

ROOT: Final = Path(__file__).parent.parent
SCRATCH: Final = ROOT / ".cache"  # on the disk that is measured: a temporary folder may lie in memory
GO: Final = ROOT / ".tools/go/bin"
USER, PASSWORD = "bench", "not-a-secret"
TLS_LOADS: Final = frozenset({"blob-1mb-1-tls", "blob-1mb-16-tls", "blob-500mb-1-tls", "blob-500mb-16-tls"})
STATIC: Final = frozenset({Face.STATIC})
REGISTRY: Final = frozenset({Face.STATIC, Face.REGISTRY})


@dataclass(frozen=True, slots=True)
class Pair:
    """A certificate with its key."""

    certificate: Path
    key: Path


@dataclass(frozen=True, slots=True)
class Place:
    """What a peer is given: a folder, a port, and what it shall ask for and speak."""

    folder: Path
    port: int
    htpasswd: Path | None = None
    pair: Pair | None = None


@dataclass(frozen=True, slots=True)
class Peer:
    """A server to compare with; ``configure`` writes its settings into the folder and gives the command."""

    name: str
    faces: frozenset[Face]
    program: Callable[[], str | None]
    version: tuple[str, ...]
    configure: Callable[[str, Place], tuple[str, ...]]
    absent: str
    tls: bool = False

    @property
    def missing(self) -> str | None:
        """Say why the peer is not there, or None."""
        return self.absent if self.program() is None else None


def _go(name: str) -> Callable[[], str | None]:
    return lambda: shutil.which(str(GO / name))


PEERS: Final[Mapping[str, Peer]] = {
    peer.name: peer
    for peer in (
        Peer(
            "nginx",
            STATIC,
            lambda: shutil.which("nginx", path="/usr/sbin:/usr/bin:/usr/local/sbin:/usr/local/bin"),
            ("-v",),
            configs.nginx,
            "nginx is not installed: bench/install.sh installs it",
            tls=True,
        ),
        Peer(
            "docker-registry",
            REGISTRY,
            lambda: shutil.which("docker-registry"),
            ("--version",),
            configs.distribution,
            "Debian's docker-registry is not installed: bench/install.sh installs it",
            tls=True,
        ),
        Peer(
            "distribution",
            REGISTRY,
            _go("registry"),
            ("--version",),
            configs.distribution,
            "distribution 3 was not built: bench/install.sh builds it where Go finds its modules",
            tls=True,
        ),
        Peer(
            "zot",
            REGISTRY,
            _go("zot"),
            ("--version",),
            configs.zot,
            "zot was not built: bench/install.sh builds it where Go finds its modules",
        ),
    )
}


def start(peer: Peer, folder: Path, *, htpasswd: bool = False, pair: Pair | None = None) -> Target:
    """Start a peer on its core, with authentication or TLS if asked for."""
    folder.mkdir(parents=True)
    program = peer.program()
    assert program is not None  # noqa: S101  # a missing peer is named before, and not started
    users = _users(folder / "htpasswd") if htpasswd else None
    place = Place(folder, free_port(), users, pair)
    basic = f"Basic {b64encode(f'{USER}:{PASSWORD}'.encode()).decode()}" if htpasswd else None
    address = Address(place.port, basic, secure=pair is not None)
    name = peer.name + (" htpasswd" if htpasswd else "") + (" TLS" if pair else "")
    command = (*on_core(SERVER_CORE), *peer.configure(program, place))
    process = Process(name, command, address, folder / "log")
    only = TLS_LOADS if pair else None
    return Target(name, version_of(program, peer), peer.faces, address, process, folder, only, process.started)


def version_of(program: str, peer: Peer) -> str:
    done = subprocess.run([program, *peer.version], capture_output=True, text=True, check=False)  # noqa: S603  # ours
    words = (done.stdout + done.stderr).split()
    return next((word.removeprefix("nginx/") for word in reversed(words) if any(c.isdigit() for c in word)), "unknown")


def make_pair(folder: Path) -> Pair:
    """Make a certificate for 127.0.0.1, signed by itself."""
    pair = Pair(folder / "cert.pem", folder / "key.pem")
    command = "openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 30 -subj /CN=localhost"
    names = ("-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1")
    files = ("-keyout", str(pair.key), "-out", str(pair.certificate))
    subprocess.run([*command.split(), *names, *files], check=True, capture_output=True)  # noqa: S603  # ours
    pair.key.chmod(0o600)
    return pair


@contextmanager
def scratch_folder(parent: Path) -> Iterator[Path]:
    """Have an empty folder for one run."""
    parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="bench-", dir=parent) as folder:
        yield Path(folder)


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return int(listener.getsockname()[1])


def _users(path: Path) -> Path:
    command = ("htpasswd", "-Bbn", USER, PASSWORD)
    path.write_bytes(subprocess.run(command, check=True, capture_output=True).stdout)  # noqa: S603  # ours
    return path
