"""Where the real clients are, and how a test runs one of them."""

import os
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

TOOLS: Final = Path(__file__).resolve().parents[2] / ".tools"
TRIXIE: Final = TOOLS / "trixie" / "usr"
FORKY: Final = TOOLS / "forky" / "usr"
PYTHON_CLIENTS: Final = TOOLS / "pyclients" / "bin"

AWS: Final = TOOLS / "awscli" / "bin" / "aws"
ORAS: Final = TRIXIE / "bin" / "oras"
PODMAN: Final = Path("/usr/bin/podman")
SKOPEO: Final = Path("/usr/bin/skopeo")

# What a machine may export and a test must never inherit: credentials, our own settings, and names of certificates
# that would win over the ones a test gives.
_FOREIGN_PREFIXES = ("AWS_", "MOORAGE_", "DOCKER_", "REGISTRY_AUTH", "CONTAINERS_", "XDG_")
_FOREIGN = frozenset(
    {
        "CURL_CA_BUNDLE",
        "HTTPS_PROXY",
        "HTTP_PROXY",
        "NODE_EXTRA_CA_CERTS",
        "REQUESTS_CA_BUNDLE",
        "SSL_CERT_DIR",
        "SSL_CERT_FILE",
        "https_proxy",
        "http_proxy",
    }
)


@dataclass(frozen=True, slots=True)
class Finished:
    """A command that has ended."""

    command: tuple[str, ...]
    code: int
    stdout: str
    stderr: str

    @property
    def said(self) -> str:
        """Everything it wrote, for messages that one release puts here and another there."""
        return self.stdout + self.stderr

    def __str__(self) -> str:
        return f"{' '.join(self.command)}\nexit code {self.code}\n{self.stdout}\n{self.stderr}".rstrip()


class CommandFailed(AssertionError):
    def __init__(self, finished: Finished) -> None:
        super().__init__(f"the command failed: {finished}")
        self.finished = finished


class CommandSucceeded(AssertionError):
    def __init__(self, finished: Finished) -> None:
        super().__init__(f"the command should have been refused: {finished}")
        self.finished = finished


class ClientMissing(AssertionError):
    def __init__(self, path: Path) -> None:
        super().__init__(f"{path.name} is not installed: run tests/install/clients.sh")
        self.path = path


@dataclass(frozen=True, slots=True)
class Client:
    """A program together with what it is always given."""

    program: Path
    environment: Mapping[str, str]

    def run(self, *args: str | Path, stdin: str = "", timeout: float = 120) -> Finished:
        return run((self.program, *args), env=self.environment, stdin=stdin, timeout=timeout)

    def refused(self, *args: str | Path, stdin: str = "", timeout: float = 120) -> Finished:
        return refused((self.program, *args), env=self.environment, stdin=stdin, timeout=timeout)


def skopeo(home: Path) -> Client:
    return Client(SKOPEO, clean_environment(home, REGISTRY_AUTH_FILE=str(home / "auth.json")))


def oras(home: Path) -> Client:
    return Client(ORAS, clean_environment(home, DOCKER_CONFIG=str(home / "docker")))


def podman(home: Path) -> Client:
    """Return podman with a storage and a runtime of its own: the default one refuses some machines' cgroups."""
    logins = home / "auth.json"
    environment = clean_environment(home, REGISTRY_AUTH_FILE=str(logins))
    logins.write_text("{}", encoding="utf-8")  # podman refuses to do anything when the file it is told of is missing
    storage, settings = home / "storage.conf", home / "containers.conf"
    storage.write_text(
        f'[storage]\ndriver = "overlay"\ngraphroot = "{home}/images"\nrunroot = "{home}/run"\n', encoding="utf-8"
    )
    settings.write_text(
        '[containers]\ndefault_ulimits = ["nofile=4096:4096", "nproc=4096:4096"]\nnetns = "none"\n'
        '[engine]\nruntime = "runc"\ncgroup_manager = "cgroupfs"\nevents_logger = "file"\n'
        f'tmp_dir = "{home}/scratch"\n',
        encoding="utf-8",
    )
    own = {"CONTAINERS_STORAGE_CONF": str(storage), "CONTAINERS_CONF": str(settings), "TMPDIR": str(home)}
    return Client(PODMAN, environment | own)


def run(args: tuple[str | Path, ...], *, env: Mapping[str, str], stdin: str = "", timeout: float = 120) -> Finished:
    """Run a command that has to succeed."""
    finished = _finish(args, env, stdin, timeout)
    if finished.code != 0:
        raise CommandFailed(finished)
    return finished


def refused(args: tuple[str | Path, ...], *, env: Mapping[str, str], stdin: str = "", timeout: float = 120) -> Finished:
    """Run a command that has to fail."""
    finished = _finish(args, env, stdin, timeout)
    if finished.code == 0:
        raise CommandSucceeded(finished)
    return finished


def clean_environment(home: Path, **given: str) -> dict[str, str]:
    """Return this process's environment without anything that could steer a client, and with a home of its own."""
    kept = {
        name: value
        for name, value in os.environ.items()
        if name not in _FOREIGN and not name.startswith(_FOREIGN_PREFIXES)
    }
    home.mkdir(parents=True, exist_ok=True)
    return kept | {"HOME": str(home), "LC_ALL": "C.UTF-8"} | given


def _finish(args: tuple[str | Path, ...], env: Mapping[str, str], stdin: str, timeout: float) -> Finished:
    command = tuple(map(str, args))
    program = Path(command[0])
    if program.is_absolute() and not program.exists():
        raise ClientMissing(program)
    done = subprocess.run(  # noqa: S603  # every argument is written in a test
        command, env=env, input=stdin, capture_output=True, text=True, timeout=timeout, check=False
    )
    return Finished(command, done.returncode, done.stdout, done.stderr)
