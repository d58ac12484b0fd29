"""How long the server waits for a client, in seconds, for each of the things a client may be slow at."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Patience:
    """The four time-outs.

    ``header``: for a request's head to be whole. ``idle``: for the next request. ``body`` and ``send``: for each
    further ``WORTH`` bytes of a body, or of an answer, to get through.
    """

    header: float = 30
    idle: float = 75
    body: float = 60
    send: float = 60

    @property
    def shortest(self) -> float:
        return min(self.header, self.idle, self.body, self.send)


WORTH = 64 * 1024  # bytes: who gets less through in a time-out is taken for one who only wants to hold a connection
