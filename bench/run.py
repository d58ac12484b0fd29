"""Measure this server on this machine: start-up, a 500 MB layer both ways, manifest GETs, memory under a 2 GB push.

``make bench`` prints a table and writes ``bench/results/latest.json``. The server has one worker pinned to the first
core where the machine has two, the client the other: read figures as this machine's, and ratios between runs.
"""

import contextlib
import hashlib
import http.client
import json
import os
import platform
import socket
import statistics
import sys
import tempfile
import time
from base64 import b64encode
from collections.abc import Callable, Iterator
from pathlib import Path

ROOT = Path(__file__).parent.parent
sys.path.insert(0, str(ROOT / "tests"))

from support.layers import put_image  # noqa: E402 - found once the path is set
from support.server import RunningServer  # noqa: E402 - found once the path is set

MB = 1_000_000
PIECE = os.urandom(1024 * 1024)
TICKS = os.sysconf("SC_CLK_TCK")
REPOSITORY = "bench/app"
ROUNDS = 5


class Registry:
    """A raw client of the registry edge on one connection."""

    def __init__(self, server: RunningServer) -> None:
        self._connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=300)
        self.authorization = "Basic " + b64encode(f"AWS:{server.password()}".encode()).decode()

    def call(
        self, method: str, path: str, body: "bytes | Iterator[bytes]" = b"", **headers: str
    ) -> tuple[int, str, bytes]:
        told = {"Authorization": self.authorization, **headers}
        self._connection.request(method, path, body=body, headers=told)
        answer = self._connection.getresponse()
        return answer.status, answer.headers.get("location") or "", answer.read()

    def push(self, pieces: int) -> tuple[str, float]:
        """Push a blob of ``pieces`` MiB, streamed in one PATCH; gives its digest and the seconds it took."""
        salt = os.urandom(16)
        hasher = hashlib.sha256(salt)
        for _ in range(pieces):
            hasher.update(PIECE)
        digest = f"sha256:{hasher.hexdigest()}"
        began = time.perf_counter()
        _, upload, _ = self.call("POST", f"/v2/{REPOSITORY}/blobs/uploads/")
        path = "/v2/" + upload.partition("/v2/")[2]
        length = str(pieces * len(PIECE) + len(salt))
        expect(self.call("PATCH", path, stream(salt, pieces), **{"Content-Length": length})[0], 201)
        expect(self.call("PUT", f"{path}?digest={digest}")[0], 201)
        return digest, time.perf_counter() - began

    def pull(self, digest: str) -> float:
        began = time.perf_counter()
        self._connection.request(
            "GET", f"/v2/{REPOSITORY}/blobs/{digest}", headers={"Authorization": self.authorization}
        )
        answer = self._connection.getresponse()
        expect(answer.status, 200)
        buffer = bytearray(1024 * 1024)
        while answer.readinto(buffer):
            pass
        return time.perf_counter() - began


def stream(salt: bytes, pieces: int) -> Iterator[bytes]:
    yield salt
    for _ in range(pieces):
        yield PIECE


def expect(status: int, wanted: int) -> None:
    if status != wanted:
        sys.exit(f"the server answered {status} instead of {wanted}")


def cpu_seconds(pid: int) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text(encoding="ascii").rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / TICKS


def resident_mb(pid: int) -> float:
    """RssAnon and RssShmem: what the process itself holds, in MB."""
    lines = Path(f"/proc/{pid}/status").read_text(encoding="ascii").splitlines()
    told = dict(line.split(":", 1) for line in lines)
    return sum(int(told[name].split()[0]) for name in ("RssAnon", "RssShmem")) * 1024 / MB


def start_up(folder: Path) -> float:
    began = time.perf_counter()
    with RunningServer(folder, settings={"MOORAGE_WORKERS": "1"}):
        return time.perf_counter() - began


def requests(server: RunningServer, path: str, authorization: str, seconds: float) -> tuple[int, float]:
    """Ask for ``path`` over and over on 16 connections; gives how often it was answered, and in what time."""
    ask = f"GET {path} HTTP/1.1\r\nHost: {server.host}\r\nAuthorization: {authorization}\r\n\r\n".encode()
    connections = [socket.create_connection(("127.0.0.1", server.port)) for _ in range(16)]
    first = connections[0]
    first.sendall(ask)
    time.sleep(0.2)
    size = len(first.recv(1_000_000))
    answered, began = 0, time.perf_counter()
    while time.perf_counter() - began < seconds:
        for connection in connections:
            connection.sendall(ask)
        for connection in connections:
            got = 0
            while got < size:
                got += len(connection.recv(65_536))
            answered += 1
    took = time.perf_counter() - began
    for connection in connections:
        connection.close()
    return answered, took


def measure_manifests(server: RunningServer, registry: Registry, worker: int) -> dict[str, float]:
    rates: list[float] = []
    costs: list[float] = []
    for _ in range(ROUNDS):
        before = cpu_seconds(worker)
        answered, took = requests(server, f"/v2/{REPOSITORY}/manifests/v1", registry.authorization, 3)
        rates.append(answered / took)
        costs.append((cpu_seconds(worker) - before) / answered * 1e6)
    return {
        "manifest GET, requests/s": round(statistics.median(rates)),
        "manifest GET, server CPU us": round(statistics.median(costs), 1),
    }


def measure_layers(registry: Registry) -> dict[str, float]:
    pushes: list[float] = []
    pulls: list[float] = []
    config = b'{"bench":true}'
    for _ in range(ROUNDS):
        digest, seconds = registry.push(500)
        pushes.append(500 * 1.048576 / seconds)
        put_manifest(registry, config, digest)
        pulls.append(500 * 1.048576 / registry.pull(digest))
    return {
        "500 MiB push, MB/s": round(statistics.median(pushes)),
        "500 MiB pull, MB/s": round(statistics.median(pulls)),
    }


def put_manifest(registry: Registry, config: bytes, digest: str) -> None:
    """Refer to the layer from an image: ECR gives out no blob that no image names."""
    named = f"sha256:{hashlib.sha256(config).hexdigest()}"
    expect(registry.call("POST", f"/v2/{REPOSITORY}/blobs/uploads/?digest={named}", config)[0], 201)
    media = "application/vnd.oci.image.manifest.v1+json"
    manifest = {
        "schemaVersion": 2,
        "mediaType": media,
        "config": {"mediaType": "application/vnd.oci.image.config.v1+json", "digest": named, "size": len(config)},
        "layers": [
            {"mediaType": "application/vnd.oci.image.layer.v1.tar", "digest": digest, "size": 500 * 1024 * 1024 + 16}
        ],
    }
    body = json.dumps(manifest).encode()
    expect(registry.call("PUT", f"/v2/{REPOSITORY}/manifests/large", body, **{"Content-Type": media})[0], 201)


def measure_memory(registry: Registry, worker: int) -> dict[str, float]:
    before = resident_mb(worker)
    highest = before

    def watched() -> Iterator[bytes]:
        nonlocal highest
        for number in range(2000):
            if number % 20 == 0:
                highest = max(highest, resident_mb(worker))
            yield PIECE

    _, upload, _ = registry.call("POST", f"/v2/{REPOSITORY}/blobs/uploads/")
    path = "/v2/" + upload.partition("/v2/")[2]
    length = str(2000 * len(PIECE))
    expect(registry.call("PATCH", path, watched(), **{"Content-Length": length})[0], 201)
    registry.call("DELETE", path)
    return {"resident MB before a 2 GB push": round(before, 1), "resident MB, highest during it": round(highest, 1)}


def pin(core: int, pid: int = 0) -> None:
    with contextlib.suppress(OSError):
        if (os.cpu_count() or 1) > 1:
            os.sched_setaffinity(pid, {core})


def main() -> None:
    figures: dict[str, float] = {}
    with tempfile.TemporaryDirectory() as folder:
        data = Path(folder) / "data"
        figures["first start, s to ready"] = round(start_up(data), 2)
        figures["start, s to ready"] = round(statistics.median(start_up(data) for _ in range(ROUNDS)), 2)
        with RunningServer(data, settings={"MOORAGE_WORKERS": "1"}) as server:
            ecr = server.boto3("ecr")
            ecr.create_repository(repositoryName=REPOSITORY)
            put_image(ecr, REPOSITORY, "v1")
            worker = server.worker_pids()[0]
            for task in Path(f"/proc/{worker}/task").iterdir():
                pin(0, int(task.name))
            pin(1)
            registry = Registry(server)
            steps: tuple[Callable[[], dict[str, float]], ...] = (
                lambda: measure_manifests(server, registry, worker),
                lambda: measure_memory(registry, worker),
                lambda: measure_layers(registry),
            )
            for step in steps:
                figures |= step()
    report(figures)


def report(figures: dict[str, float]) -> None:
    for name, value in figures.items():
        print(f"{name:36} {value:>12}")
    told = {"machine": platform.platform(), "python": platform.python_version(), "figures": figures}
    target = ROOT / "bench/results/latest.json"
    target.parent.mkdir(exist_ok=True)
    target.write_text(json.dumps(told, indent=2) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
