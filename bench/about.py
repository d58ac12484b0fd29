"""Of which commit, on which machine, with what."""

import os
import platform
import shutil
import subprocess
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path

from bench.forms import Form
from bench.load import WRK
from bench.peers import ROOT
from bench.processes import all_cores


def about(form: Form) -> dict[str, str]:
    return {
        "form": form.value,
        "date": datetime.now(UTC).strftime("%Y-%m-%d"),
        "commit": _commit(),
        "machine": _processor(),
        "cores": str(len(all_cores())),
        "memory": _memory(),
        "kernel": platform.release(),
        "python": platform.python_version(),
        "granian": version("granian"),
        "load": "wrk for GETs, else our own client" if WRK else "our own client (wrk is not installed)",
    }


def _commit() -> str:
    if not _has_git():
        return "unknown"
    revision = _git("rev-parse", "--short=12", "HEAD")
    return f"{revision} and changes" if _git("status", "--porcelain", "--", "src") else revision


def committed(path: Path, *, other_than: bytes) -> bytes | None:
    """Give a file of this tree as the last commit has it that has it otherwise."""
    if not _has_git():
        return None
    name = path.relative_to(ROOT)
    for revision in _git("log", "--format=%H", "--", str(name)).split():
        found = _run("show", f"{revision}:./{name}")
        if found.returncode == 0 and found.stdout != other_than:
            return found.stdout
    return None


def _has_git() -> bool:
    return shutil.which("git") is not None and (ROOT / ".git").exists()


def _git(*words: str) -> str:
    return _run(*words).stdout.decode().strip()


def _run(*words: str) -> subprocess.CompletedProcess[bytes]:
    return subprocess.run(["git", *words], cwd=ROOT, capture_output=True, check=False)  # noqa: S603, S607  # ours


def _processor() -> str:
    for line in Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines():
        if line.startswith("model name"):
            return line.partition(":")[2].strip()
    return platform.machine()


def _memory() -> str:
    return f"{os.sysconf('SC_PHYS_PAGES') * os.sysconf('SC_PAGE_SIZE') / 1e9:.0f} GB"
