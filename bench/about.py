"""Of which commit, on which machine, with what."""

import os
import platform
import shutil
import subprocess
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path

from bench.load import WRK
from bench.peers import ROOT
from bench.processes import all_cores


def about(*, quick: bool) -> dict[str, str]:
    return {
        "form": "quick, so the figures mean nothing" if quick else "full",
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
    if shutil.which("git") is None or not (ROOT / ".git").exists():
        return "unknown"
    revision = _git("rev-parse", "--short=12", "HEAD")
    return f"{revision} and changes" if _git("status", "--porcelain", "--", "src") else revision


def _git(*words: str) -> str:
    done = subprocess.run(["git", *words], cwd=ROOT, capture_output=True, text=True, check=False)  # noqa: S603, S607  # ours
    return done.stdout.strip()


def committed(path: Path) -> bytes | None:
    """Give a file as the last commit has it."""
    name = path.relative_to(ROOT) if path.is_relative_to(ROOT) else path
    done = subprocess.run(["git", "show", f"HEAD:{name}"], cwd=ROOT, capture_output=True, check=False)  # noqa: S603, S607  # ours
    return done.stdout if done.returncode == 0 else None


def _processor() -> str:
    for line in Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines():
        if line.startswith("model name"):
            return line.partition(":")[2].strip()
    return platform.machine()


def _memory() -> str:
    return f"{os.sysconf('SC_PHYS_PAGES') * os.sysconf('SC_PAGE_SIZE') / 1e9:.0f} GB"
