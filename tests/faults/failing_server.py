"""``moorage serve`` whose workers write down the failpoints they reach, and die with the whole process group at one.

The product has no setting for faults: this is an entry point of its own, on the same supervisor and the same worker.
"""

import os
import sys
from collections.abc import Callable
from pathlib import Path

from faults.fuse import Fuse
from moorage.app import serve_worker
from moorage.cli.supervise import supervise
from moorage.cli.worker import work
from moorage.config import Config, load

MODULE = "faults.failing_server"


def _serve(fuse: str) -> int:
    config = load(os.environ, path=None, overrides={})
    return supervise(config, worker=(sys.executable, "-P", "-m", MODULE, "work", fuse))


def _work(fuse: str) -> int:
    burning = Fuse(Path(fuse))
    os.fdatasync = burning.slowed(os.fdatasync)  # type: ignore[assignment]  # its parameter has a name

    def serve(config: Config, *, listener_fd: int, index: int, ready: Callable[[], None]) -> None:
        serve_worker(config, listener_fd=listener_fd, index=index, ready=ready, reached=burning.reached)

    work(serve)
    return 0


if __name__ == "__main__":
    sys.exit({"serve": _serve, "work": _work}[sys.argv[1]](sys.argv[2]))
