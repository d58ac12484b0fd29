"""Which header fields a request may have once, and which have to be readable: the first thing that is judged of it.

Of two lines with one name, another reader may take the other one. A line with bytes beyond ASCII is withheld by the
HTTP server as if it were not there. Both are refused before any edge sees the request (RFC 9110 sections 5.3 and 5.5).

Judged elsewhere: ``Host``, with the host that it names; two lines of ``Authorization`` or of what a signature covers,
by each edge, as credentials that are none. Two lengths that differ are refused by the HTTP server, and two that are the
same are one to it. It shows no unreadable line behind a readable one of the same name: there the readable one counts.
"""

from moorage.domain.errors import MalformedRequest
from moorage.edge.http.request import Headers

ONCE = (
    "content-range",
    "content-type",
    "expect",
    "if-range",
    "range",
    "transfer-encoding",
    "user-agent",  # policies may ask for it
)
READ = (
    *ONCE,
    "accept",
    "authorization",
    "content-length",
    "if-match",
    "if-none-match",
    "x-amz-content-sha256",
    "x-amz-date",
    "x-amz-security-token",
    "x-amz-target",
)


_READ = frozenset(READ)


class CodingUnknown(MalformedRequest):
    """The body comes in a transfer coding that nobody here can take apart: told with 501 (RFC 9112 section 6.1)."""

    def __init__(self) -> None:
        super().__init__("the one transfer coding is chunked")


def judge_fields(headers: Headers) -> None:
    """Refuse lines that contradict each other or cannot be read, of the fields that anybody here reads.

    Raises:
        MalformedRequest

    """
    items = headers.items()
    found = dict(items)
    if found.get("transfer-encoding", "chunked").lower() != "chunked":
        raise CodingUnknown  # another would be kept for the content itself
    if len(found) == len(items) == len(headers) and None not in map(headers.get, _READ & found.keys()):
        return  # each name once, and readable: nearly every request
    for name in READ:
        if name in headers and headers.get(name) is None:
            raise MalformedRequest(f"{name} cannot be read")
        if name in ONCE and len(headers.get_all(name)) > 1:
            raise MalformedRequest(f"a request has one {name}")
