"""A containerd of a test's own, and ctr to speak with it."""

import contextlib
import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from support.clients import FORKY, TRIXIE, Client, clean_environment

_START_SECONDS: Final = 60
_STOP_SECONDS: Final = 30


@dataclass(frozen=True, slots=True)
class Release:
    """Where one release's programs are, and what it is told beyond its paths."""

    folder: Path
    settings: str = "version = 2\n"


CONTAINERD_1: Final = Release(Path("/usr/bin"))
CONTAINERD_17: Final = Release(TRIXIE / "bin")
CONTAINERD_2: Final = Release(FORKY / "bin", "version = 3\n")
# Several readers for each layer, of a mebibyte each.
CONTAINERD_2_IN_RANGES: Final = Release(
    FORKY / "bin",
    "version = 3\n[plugins.'io.containerd.transfer.v1.local']\n"
    "  max_concurrent_downloads = 4\n  concurrent_layer_fetch_buffer = 1048576\n",
)


@contextlib.contextmanager
def running(release: Release, *, prefix: Sequence[str] = ()) -> Iterator[Client]:
    """Run a daemon in a folder that is gone afterwards, and give its ctr."""
    folder = Path(tempfile.mkdtemp(prefix="containerd-"))
    settings, log = folder / "config.toml", folder / "log"
    settings.write_text(
        f'root = "{folder}/root"\nstate = "{folder}/state"\n{release.settings}[grpc]\n  address = "{folder}/c.sock"\n',
        encoding="utf-8",
    )
    with log.open("wb") as file:
        process = subprocess.Popen(  # noqa: S603  # every argument is written in a test
            [*prefix, release.folder / "containerd", "--config", settings],
            env=clean_environment(folder / "home"),
            stdin=subprocess.DEVNULL,
            stdout=file,
            stderr=file,
        )
    try:
        environment = clean_environment(folder / "home", CONTAINERD_ADDRESS=f"{folder}/c.sock")
        ctr = Client(release.folder / "ctr", environment)
        deadline = time.monotonic() + _START_SECONDS
        while not (folder / "c.sock").exists():
            assert process.poll() is None, log.read_text(encoding="utf-8")
            assert time.monotonic() < deadline, log.read_text(encoding="utf-8")
            time.sleep(0.05)
        ctr.run("version")
        yield ctr
    finally:
        process.terminate()
        try:
            process.wait(_STOP_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        shutil.rmtree(folder, ignore_errors=True)
