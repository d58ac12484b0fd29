"""What a process holds of memory."""

from pathlib import Path


def held(pid: int) -> int:
    """Give the bytes that a process itself holds, without the page cache's files."""
    lines = Path(f"/proc/{pid}/status").read_text(encoding="utf-8").splitlines()
    told = dict(line.split(":", 1) for line in lines)
    return sum(int(told[name].split()[0]) for name in ("RssAnon", "RssShmem")) * 1024
