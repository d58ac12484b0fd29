"""What an edge answers: a status, headers, and bytes or a stretch of a file."""

from collections.abc import Iterable

from msgspec import Struct

from moorage.domain.content import Content
from moorage.domain.errors import RegistryError, TooBusy
from moorage.edge.http.request import Transport

Header = tuple[str, str]


class Response(Struct, frozen=True):
    """One answer; ``code`` is the error's name for the log; of ``content`` bytes from ``first`` up to ``end``.

    The connection ends with the ``last`` one.
    """

    status: int
    headers: tuple[Header, ...] = ()
    body: bytes = b""
    content: Content | None = None
    first: int = 0
    end: int | None = None
    code: str | None = None
    last: bool = False

    @property
    def size(self) -> int:
        if self.content is None:
            return len(self.body)
        return (self.content.size if self.end is None else self.end) - self.first


def is_sendable(headers: Iterable[Header]) -> bool:
    """Tell whether every value is visible ASCII: at any other one the server dies, and its worker with it."""
    for _, value in headers:  # noqa: SIM110 - of every request: all() takes twice as long
        if not (value.isascii() and value.isprintable()):
            return False
    return True


def plainly(refusal: RegistryError) -> Response:
    """Say what is wrong with a request to whoever speaks no protocol of ours."""
    status, code = (503, "TooBusy") if isinstance(refusal, TooBusy) else (400, "Malformed")
    return Response(status, (("content-type", "text/plain"),), f"{refusal}\n".encode(), code=code)


def send(response: Response, transport: Transport, *, head: bool, last: bool = False) -> None:
    """Hand the answer to the server; the length is always told, so that nothing is sent in chunks."""
    headers = list(response.headers)
    if last or response.last:
        headers.append(("connection", "close"))
    if response.status not in {204, 304}:
        headers.append(("content-length", str(response.size)))
    if head or (response.content is None and not response.body):
        transport.response_empty(response.status, headers)
    elif response.content is None:
        transport.response_bytes(response.status, headers, response.body)
    elif response.end is None:
        transport.response_file(response.status, headers, response.content.path)
    else:
        transport.response_file_range(response.status, headers, response.content.path, response.first, response.end)
