"""What a traced server did between a request and its answer, in the order of its system calls."""

import re
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Final

_CALLS: Final = (
    "read,pread64,readv,preadv,recvfrom,write,pwrite64,writev,fsync,fdatasync,rename,renameat,renameat2,sendto,sendmsg"
)
_LINE: Final = re.compile(r"[0-9]+ +")
_SUSPENDED: Final = " <unfinished ...>"
_RESUMED: Final = re.compile(r"<\.\.\. \w+ resumed>")
_REQUEST: Final = re.compile(r'recvfrom\([^"]*"([A-Z]+) /v2/')
_ANSWER: Final = re.compile(r'(?:writev|sendto|sendmsg|write)\([^"]*"HTTP/1\.1 ([0-9]{3})')
# The head of a page in SQLite's log: its number and, in a transaction's last page, the size of the database.
_LAST_PAGE: Final = re.compile(
    r'pwrite64\([0-9]+<[^>]*-wal>, "(?:\\x[0-9a-f]{2}){4}(?!\\x00\\x00\\x00\\x00).*, 24, [0-9]+\)'
)
_FACTS: Final = (
    (re.compile(r"(?:write|pwrite64|writev)\([0-9]+<[^>]*/drafts/"), "draft written"),
    (re.compile(r"(?:read|pread64|readv|preadv)\([0-9]+<[^>]*/(?:drafts|blobs)/.*= [1-9][0-9]*$"), "draft read"),
    (re.compile(r"(?:fsync|fdatasync)\([0-9]+<[^>]*/drafts/[^>]*>\) *= 0"), "draft synced"),
    (re.compile(r'rename\w*\(.*/drafts/[^"]*", .*/blobs/[^"]*"[^)]*\) *= 0'), "renamed"),
    (re.compile(r"fsync\([0-9]+<[^>]*/blobs/[0-9a-f]{2}>\) *= 0"), "folder synced"),
    (_LAST_PAGE, "transaction"),
    (re.compile(r"(?:fsync|fdatasync)\([0-9]+<[^>]*-wal>\) *= 0"), "log synced"),
)
_ONCE: Final = "draft written"  # in how many pieces does not matter


def traced(trace: Path) -> tuple[str | Path, ...]:
    """Give the words before a command that have its system calls written down, while it keeps its process id."""
    return ("strace", "-D", "-f", "--seccomp-bpf", "-y", "-x", "-s", "24", "-e", f"trace={_CALLS}", "-o", trace)


def exchanges(trace: Path) -> list[list[str]]:
    """Give what lies between each registry request and its answer, these two included."""
    found: list[list[str]] = []
    for call in _calls(trace.read_text(encoding="utf-8", errors="replace").splitlines()):
        if request := _REQUEST.match(call):
            found.append([request[1]])
        elif found and not found[-1][-1].isdigit():
            _note(found[-1], call)
    return found


def _note(facts: list[str], call: str) -> None:
    if answer := _ANSWER.match(call):
        facts.append(answer[1])
    for pattern, fact in _FACTS:
        if pattern.match(call) and (fact != _ONCE or facts[-1] != _ONCE):
            facts.append(fact)


def _calls(lines: Sequence[str]) -> Iterator[str]:
    """Put together what was interrupted: a call counts when it is over, an answer when it begins."""
    suspended: dict[str, str] = {}
    for line in lines:
        if not (head := _LINE.match(line)):
            continue
        process, text = head[0], line[head.end() :]
        if text.endswith(_SUSPENDED):
            suspended[process] = text.removesuffix(_SUSPENDED)
            yield from _answers([suspended[process]])
        elif (resumed := _RESUMED.match(text)) and process in suspended:
            whole = suspended.pop(process) + text[resumed.end() :]
            if not _ANSWER.match(whole):
                yield whole
        else:
            yield text


def _answers(calls: Iterable[str]) -> Iterator[str]:
    return (call for call in calls if _ANSWER.match(call))
