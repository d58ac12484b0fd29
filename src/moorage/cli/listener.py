"""The one socket that every worker accepts connections from."""

import errno
import socket

from moorage.cli.refused import PortTaken, Refused
from moorage.domain.listen import Listen

_BACKLOG = 4096
_UNSENT = 256 * 1024


def open_listener(listen: Listen) -> socket.socket:
    """Bind and listen, alone: with SO_REUSEPORT a second server would start and take half of the connections."""
    listener = socket.socket(socket.AF_INET6 if ":" in listen.host else socket.AF_INET, socket.SOCK_STREAM)
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        # Accepted connections inherit it. An answer's head and a small file go out as two writes, and without it the
        # second waits some 40 ms for the client to acknowledge the first.
        listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        # Inherited too. By default the kernel takes up to 4 MB of an answer that its client does not read; a thousand
        # such clients have it short of memory for everybody's connections.
        listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NOTSENT_LOWAT, _UNSENT)
        listener.bind((listen.host, listen.port))
        listener.listen(_BACKLOG)
    except OSError as error:
        listener.close()
        if error.errno == errno.EADDRINUSE:
            raise PortTaken(str(listen)) from None
        raise Refused(f"cannot listen on {listen}: {error.strerror}") from None
    return listener
