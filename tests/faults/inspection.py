"""Look into a stopped server's data folder, as a process of its own; each thing that is wrong is one line."""

import hashlib
import sys
from collections.abc import Iterator
from pathlib import Path

import apsw


def wrong(data: Path) -> Iterator[str]:
    connection = apsw.Connection(str(data / "metadata.sqlite3"))
    verdict = [str(row[0]) for row in connection.execute("PRAGMA integrity_check")]
    if verdict != ["ok"]:
        yield from verdict
    yield from _small(connection)
    rows = connection.execute("SELECT storage_key, digest, size FROM blobs WHERE format = 0").fetchall()
    told = {str(key): (str(digest), size) for key, digest, size in rows}
    drafts = {str(row[0]) for row in connection.execute("SELECT draft FROM uploads")}
    files = {path.name: path for path in data.glob("blobs/*/*")}
    yield from (f"blob {told[key]} has no file" for key in told.keys() - files.keys())
    digests = {digest for digest, _ in told.values()}
    for key, path in files.items():
        content = path.read_bytes()
        digest = f"sha256:{hashlib.sha256(content).hexdigest()}"
        if key in told and told[key] != (digest, len(content)):
            yield f"blob {told[key]} has a file of {len(content)} bytes with {digest}"
        if key not in told and key not in drafts and digest not in digests:
            yield f"{path} is not whole, and nothing goes on with it"


def _small(connection: apsw.Connection) -> Iterator[str]:
    """Look at the blobs that lie in the metadata."""
    kept = "SELECT digest, size, body FROM blobs LEFT JOIN contents USING (account_id, region, key_id, digest)"
    for digest, size, body in connection.execute(f"{kept} WHERE format = 1"):
        if body is None or (len(body), f"sha256:{hashlib.sha256(body).hexdigest()}") != (size, digest):
            yield f"small blob {digest} of {size} bytes is not what was kept"


if __name__ == "__main__":
    sys.stdout.writelines(f"{line}\n" for line in wrong(Path(sys.argv[1])))
