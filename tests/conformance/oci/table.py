"""Writes the table of docs/conformance.md: this server in both profiles, and Debian's registry on the same machine.

PYTHONPATH=tests python -m conformance.oci.table
"""

import contextlib
import shutil
import socket
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

from conformance.oci.suite import REPOSITORIES, VERSIONS, run, totals
from support.server import RunningServer, wait_until

_PEER = """
version: 0.1
storage: {{ filesystem: {{ rootdirectory: {folder} }}, delete: {{ enabled: true }} }}
http: {{ addr: "{host}" }}
"""


def main() -> None:
    _say("| registry | version | pass | fail | skip |\n|---|---|---|---|---|")
    for profile in ("oci", "ecr"):
        for version in VERSIONS:
            with _folder() as folder, RunningServer(folder / "data", settings={"MOORAGE_PROFILE": profile}) as server:
                for name in REPOSITORIES if profile == "ecr" else ():
                    server.boto3("ecr").create_repository(repositoryName=name)
                _tell(f"Moorage, profile {profile}", version, server.host, folder, server.password())
    for version in VERSIONS:
        with _folder() as folder, _peer(folder) as host:
            _tell("Debian 12's docker-registry 2.8.2, deleting on", version, host, folder)


def _tell(name: str, version: str, host: str, folder: Path, password: str = "") -> None:
    results = folder / "results"
    results.mkdir()
    run(host, version, results, user="AWS" if password else "", password=password)
    _say(f"| {name} | {version} | {' | '.join(map(str, totals(results)))} |")


def _say(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


@contextlib.contextmanager
def _folder() -> Iterator[Path]:
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as name:
        yield Path(name)


@contextlib.contextmanager
def _peer(folder: Path) -> Iterator[str]:
    program = shutil.which("docker-registry")
    if program is None:
        raise SystemExit("docker-registry is not installed: bench/install.sh installs it")
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        port = int(found.getsockname()[1])
    settings = folder / "registry.yml"
    settings.write_text(_PEER.format(folder=folder / "content", host=f"127.0.0.1:{port}"), encoding="utf-8")
    with (folder / "registry.log").open("wb") as log:
        process = subprocess.Popen((program, "serve", settings), stdout=log, stderr=log)  # noqa: S603  # Debian's
    try:
        wait_until(lambda: _listens(port))
        yield f"127.0.0.1:{port}"
    finally:
        process.terminate()
        process.wait()


def _listens(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


if __name__ == "__main__":
    main()
