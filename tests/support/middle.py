"""What stands between a client and the server: it hears what is asked, and can cut an answer off."""

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from typing import Final

_PIECE: Final = 65_536


@dataclass
class Middle:
    """A relay on a port of its own. ``cut_after`` bytes of one answer, the connection is ended; this once."""

    server: tuple[str, int]
    cut_after: int | None = None
    cuts: int = 0
    _heard: list[bytearray] = field(default_factory=list)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def ranges(self) -> list[str]:
        """Return the ranges of blobs that were asked for, in the order they were asked for."""
        lines = [line for head in self._heads() for line in head.split(b"\r\n") if line.lower().startswith(b"range:")]
        return [line.partition(b":")[2].strip().decode() for line in lines]

    def _heads(self) -> list[bytes]:
        with self._lock:
            whole = b"".join(self._heard)
        return [head for head in whole.split(b"\r\n\r\n") if b"/blobs/sha256:" in head.partition(b"\r\n")[0]]

    def serve(self, client: socket.socket) -> None:
        """Relay one connection until either side ends it."""
        upstream = socket.create_connection(self.server)
        threading.Thread(target=self._ask, args=(client, upstream), daemon=True).start()
        self._answer(client, upstream)

    def _ask(self, client: socket.socket, upstream: socket.socket) -> None:
        # A connection's requests are kept together: others are asked at the same time.
        heard = bytearray()
        with self._lock:
            self._heard.append(heard)
        with suppress(OSError):
            while piece := client.recv(_PIECE):
                heard += piece
                upstream.sendall(piece)
        with suppress(OSError):
            upstream.shutdown(socket.SHUT_WR)

    def _answer(self, client: socket.socket, upstream: socket.socket) -> None:
        told = 0
        with suppress(OSError):
            while piece := upstream.recv(_PIECE):
                client.sendall(piece)
                told += len(piece)
                if self._cuts(told):
                    break
        for end in (client, upstream):
            with suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)
            end.close()

    def _cuts(self, told: int) -> bool:
        with self._lock:
            if self.cut_after is None or told < self.cut_after:
                return False
            self.cut_after = None
            self.cuts += 1
            return True


@contextmanager
def between(host: str, *, cut_after: int | None = None) -> Iterator[tuple[Middle, str]]:
    """Stand before the server at ``host``; give the relay and the host that a client has to name."""
    address, _, port = host.rpartition(":")
    middle = Middle((address, int(port)), cut_after)
    with socket.create_server(("127.0.0.1", 0)) as listener:
        threading.Thread(target=_accept, args=(listener, middle), daemon=True).start()
        try:
            yield middle, f"localhost:{listener.getsockname()[1]}"
        finally:
            with suppress(OSError):
                listener.shutdown(socket.SHUT_RDWR)


def _accept(listener: socket.socket, middle: Middle) -> None:
    with suppress(OSError):
        while True:
            client, _ = listener.accept()
            threading.Thread(target=middle.serve, args=(client,), daemon=True).start()
