"""What a process tree costs: its processor time, its memory, and the cores it may run on."""

import contextlib
import os
import resource
import time
from pathlib import Path
from typing import Final

from support.server import children_of

MB: Final = 1_000_000
_TICKS = os.sysconf("SC_CLK_TCK")
_ALLOWED = sorted(os.sched_getaffinity(0))
SERVER_CORE: Final = _ALLOWED[0]
CLIENT_CORE: Final = _ALLOWED[-1]  # the same one on a machine with one core: then every row is void


def tree_of(pid: int) -> list[int]:
    """List a process and all that it started, directly or not."""
    found = [pid]
    for child in children_of(pid):
        found += tree_of(child)
    return found


def cpu_of(pid: int) -> float:
    """Give the processor seconds of a whole tree, those of children that ended included."""
    total = 0
    for each in tree_of(pid):
        with contextlib.suppress(FileNotFoundError, ProcessLookupError):
            fields = Path(f"/proc/{each}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()
            total += sum(map(int, fields[11:15]))
    return total / _TICKS


def own_cpu() -> float:
    """Give the processor seconds of this process and of the load tools it ran."""
    tools = resource.getrusage(resource.RUSAGE_CHILDREN)
    return time.process_time() + tools.ru_utime + tools.ru_stime


def memory_of(pid: int) -> float:
    """Give the MB that a tree itself holds: RssAnon and RssShmem, without the page cache's files."""
    total = 0
    for each in tree_of(pid):
        with contextlib.suppress(FileNotFoundError, ProcessLookupError):
            lines = Path(f"/proc/{each}/status").read_text(encoding="utf-8").splitlines()
            told = dict(line.split(":", 1) for line in lines)
            total += sum(int(told[name].split()[0]) for name in ("RssAnon", "RssShmem") if name in told)
    return total * 1024 / MB


def pin(core: int) -> None:
    """Keep this process, and the tools it starts from now on, on one core."""
    os.sched_setaffinity(0, {core})


def on_core(*cores: int) -> tuple[str, ...]:
    """Give the command that starts another one on these cores."""
    return ("taskset", "--cpu-list", ",".join(map(str, cores)))


def all_cores() -> tuple[int, ...]:
    return tuple(_ALLOWED)


def cores_of_servers(most: int) -> tuple[int, ...]:
    """Give cores that the load is not on, so many of them at most."""
    return tuple(core for core in _ALLOWED if core != CLIENT_CORE)[:most] or (SERVER_CORE,)
