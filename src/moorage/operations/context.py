"""The circumstances of a call as condition keys: each is found out when a statement asks for it, and not before."""

from collections.abc import Callable, Mapping
from datetime import UTC, datetime

from moorage.domain.addresses import read_client
from moorage.operations.env import Call
from moorage.policy.request import Value, bounded

_TAGS = ("aws:resourcetag/", "ecr:resourcetag/")
_NOTHING: Mapping[str, Value] = {}


class CallContext:
    """What is known of one call: the caller's facts, the resource's and its owner, and the call itself."""

    __slots__ = ("_call", "_facts", "_found", "_owner", "_resource", "asked")

    def __init__(
        self, call: Call, facts: Mapping[str, Value], owner: str, resource: Mapping[str, Value] = _NOTHING
    ) -> None:
        self._call, self._facts, self._owner, self._resource = call, facts, owner, resource
        self._found: dict[str, Value | None] = {}  # of the call: many statements ask for the same
        self.asked = False  # whether anything was looked at that another call of the same caller may have otherwise

    def get(self, key: str, /) -> Value | None:
        """Give the value of a key, its name in lower case; None where the call has none."""
        known = self._facts.get(key)
        if known is not None:
            return known
        if key in self._found:
            return self._found[key]
        if key == "aws:resourceaccount":
            return self._owner
        if key.startswith(_TAGS):  # the same for each call, as long as the resource's policies are
            return self._resource.get(key)
        self.asked = True
        reader = _OF_CALL.get(key)
        found = self._found[key] = None if reader is None else reader(self._call)
        return found


_OF_CALL: Mapping[str, Callable[[Call], Value | None]] = {
    "aws:currenttime": lambda call: datetime.fromtimestamp(call.at / 1_000_000, UTC).isoformat(),
    "aws:epochtime": lambda call: str(call.at // 1_000_000),
    "aws:principalisawsservice": lambda _call: "false",
    "aws:requestedregion": lambda call: call.region,
    "aws:securetransport": lambda call: "true" if call.secure else "false",
    "aws:sourceip": lambda call: read_client(call.client),
    "aws:useragent": lambda call: bounded(call.user_agent) if call.user_agent else None,
    "aws:viaawsservice": lambda _call: "false",
}
