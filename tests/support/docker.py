"""Docker daemons of a test's own, of two kinds, side by side with anything else on the machine."""

import contextlib
import json
import os
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Self

from support.clients import FORKY, TRIXIE, Client, ClientMissing, clean_environment, skopeo
from support.images import BUSYBOX, Image

_START_SECONDS = 60
_STOP_SECONDS = 30


@dataclass(frozen=True, slots=True)
class Edition:
    """A release of Docker, and how it keeps images."""

    name: str
    client: Path
    daemon: Path
    settings: Mapping[str, object]
    options: tuple[str, ...] = ()
    programs: tuple[Path, ...] = ()  # what the daemon has to find before the machine's own programs of that name
    plugins: tuple[Path, ...] = ()


DOCKER_20: Final = Edition(
    name="20.10",
    client=Path("/usr/bin/docker"),
    daemon=Path("/usr/sbin/dockerd"),
    settings={"storage-driver": "overlay2"},
)
# The store of containerd pushes and pulls with containerd's own client: other requests, and indexes kept whole.
DOCKER_26: Final = Edition(
    name="26.1",
    client=TRIXIE / "bin" / "docker",
    daemon=TRIXIE / "sbin" / "dockerd",
    settings={"features": {"containerd-snapshotter": True}},
    options=("--userland-proxy=false",),
    programs=(
        TRIXIE / "bin" / "containerd",
        TRIXIE / "bin" / "containerd-shim-runc-v2",
        Path("/usr/sbin/runc"),  # the newer release's own needs a newer C library
    ),
    plugins=(TRIXIE / "libexec" / "docker" / "cli-plugins" / "docker-buildx",),
)

# The newest: its containerd store verifies a server on loopback too, as no other daemon here does.
DOCKER_28: Final = Edition(
    name="28",
    client=FORKY / "bin" / "docker",
    daemon=FORKY / "sbin" / "dockerd",
    settings={"features": {"containerd-snapshotter": True}},
    options=("--userland-proxy=false",),
    programs=(FORKY / "bin" / "containerd", FORKY / "bin" / "containerd-shim-runc-v2", Path("/usr/sbin/runc")),
    plugins=(FORKY / "libexec" / "docker" / "cli-plugins" / "docker-buildx",),
)


class DaemonNotReady(RuntimeError):
    def __init__(self, edition: Edition, log: str) -> None:
        super().__init__(f"dockerd {edition.name} did not start: {log}")
        self.edition, self.log = edition, log


class Dockerd:
    """A running daemon. Everything it keeps is under one folder; it makes no network and no firewall rule."""

    def __init__(self, edition: Edition, folder: Path, process: subprocess.Popen[bytes]) -> None:
        self.edition = edition
        self._folder = folder
        self._process = process

    @classmethod
    def start(cls, edition: Edition, folder: Path, prefix: Sequence[str] = ()) -> Self:
        """Start a daemon and wait until it answers; the folder's path must be short enough for a socket's name."""
        for program in (edition.client, edition.daemon, *edition.programs, *edition.plugins):
            if not program.exists():
                raise ClientMissing(program)
        programs = folder / "bin"
        programs.mkdir(parents=True)
        for program in edition.programs:
            (programs / program.name).symlink_to(program)
        settings = folder / "daemon.json"
        settings.write_text(json.dumps(edition.settings), encoding="utf-8")
        environment = clean_environment(folder / "home")
        environment["PATH"] = f"{programs}:{environment['PATH']}"
        with (folder / "log").open("wb") as log:
            process = subprocess.Popen(  # noqa: S603  # every argument is written here
                [*prefix, edition.daemon, *_own_paths(folder), *edition.options],
                env=environment,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        daemon = cls(edition, folder, process)
        try:
            daemon._wait()
        except BaseException:
            daemon.stop()
            raise
        return daemon

    def client(self, name: str) -> Client:
        """Return a client of this daemon; each name has logins of its own."""
        home = self._folder / "clients" / name
        plugins = home / "docker" / "cli-plugins"
        plugins.mkdir(parents=True, exist_ok=True)
        for plugin in self.edition.plugins:
            if not (plugins / plugin.name).exists():
                (plugins / plugin.name).symlink_to(plugin)
        environment = clean_environment(
            home, DOCKER_HOST=f"unix://{self._folder / 'docker.sock'}", DOCKER_CONFIG=str(home / "docker")
        )
        return Client(self.edition.client, environment)

    def log(self) -> str:
        return (self._folder / "log").read_text(encoding="utf-8", errors="replace")

    def stop(self) -> None:
        """End the daemon, which ends its containerd, and let go of what either left mounted."""
        if self._process.poll() is None:
            self._process.terminate()
            try:
                self._process.wait(_STOP_SECONDS)
            except subprocess.TimeoutExpired:
                os.killpg(self._process.pid, signal.SIGKILL)
                self._process.wait()
        for mount in _mounts_under(self._folder):
            subprocess.run(["/bin/umount", "--lazy", mount], check=False, capture_output=True)  # noqa: S603  # our own mount

    def _wait(self) -> None:
        client = self.client("wait")
        deadline = time.monotonic() + _START_SECONDS
        while self._process.poll() is None and time.monotonic() < deadline:
            if (self._folder / "docker.sock").exists():
                client.run("version")
                return
            time.sleep(0.05)
        raise DaemonNotReady(self.edition, self.log()[-2000:])


@contextlib.contextmanager
def running(edition: Edition, *, prefix: Sequence[str] = ()) -> Iterator[Dockerd]:
    """Run a daemon in a folder that is gone afterwards; ``prefix`` may put it into a namespace."""
    folder = Path(tempfile.mkdtemp(prefix="dockerd-"))
    try:
        daemon = Dockerd.start(edition, folder, prefix)
        try:
            yield daemon
        finally:
            daemon.stop()
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def load(client: Client, image: Image, reference: str) -> None:
    """Give a daemon an image under the name it will be pushed by."""
    with tempfile.TemporaryDirectory(prefix="archive-") as folder:
        archive = Path(folder) / "image.tar"
        skopeo(Path(folder)).run("copy", image.source, f"docker-archive:{archive}:{reference}")
        client.run("load", "--input", archive)


def build_context(folder: Path, *, word: str = "built", run: bool = True) -> Path:
    """Write what ``docker build`` needs for a small image that says its word."""
    folder.mkdir(parents=True, exist_ok=True)
    shutil.copy(BUSYBOX, folder / "busybox")
    (folder / "word").write_text(f"{word}\n", encoding="utf-8")
    lines = [
        "FROM scratch",
        "COPY busybox /bin/busybox",
        "COPY word /word",
        *(['RUN ["/bin/busybox", "sh", "-c", "/bin/busybox cat /word > /ran"]'] if run else []),
        'CMD ["/bin/busybox", "cat", "/ran"]',
    ]
    (folder / "Dockerfile").write_text("\n".join(lines), encoding="utf-8")
    return folder


def _own_paths(folder: Path) -> tuple[str, ...]:
    return (
        f"--config-file={folder / 'daemon.json'}",
        f"--host=unix://{folder / 'docker.sock'}",
        f"--data-root={folder / 'data'}",
        f"--exec-root={folder / 'exec'}",
        f"--pidfile={folder / 'docker.pid'}",
        "--bridge=none",
        "--iptables=false",
        "--ip6tables=false",
    )


def _mounts_under(folder: Path) -> list[str]:
    """Return what is mounted below a folder, the deepest first."""
    mounts = [line.split()[1] for line in Path("/proc/self/mounts").read_text(encoding="utf-8").splitlines()]
    return sorted((mount for mount in mounts if mount.startswith(f"{folder}/")), reverse=True)
