"""The circumstances of a call as condition keys: each is found out when a statement asks for it, and not before."""

from collections.abc import Callable, Mapping

from moorage.operations.env import Call
from moorage.policy.request import Value


class CallContext:
    """What is known of one call: the caller's facts, the owner of the resource, and the call itself."""

    __slots__ = ("_call", "_facts", "_owner", "asked")

    def __init__(self, call: Call, facts: Mapping[str, Value], owner: str) -> None:
        self._call, self._facts, self._owner = call, facts, owner
        self.asked = False  # whether anything was looked at that another call of the same caller may have otherwise

    def get(self, key: str, /) -> Value | None:
        """Give the value of a key, its name in lower case; None where the call has none."""
        known = self._facts.get(key)
        if known is not None:
            return known
        if key == "aws:resourceaccount":
            return self._owner
        self.asked = True
        reader = _OF_CALL.get(key)
        return None if reader is None else reader(self._call)


_OF_CALL: Mapping[str, Callable[[Call], Value | None]] = {
    "aws:requestedregion": lambda call: call.region,
    "aws:securetransport": lambda call: "true" if call.secure else "false",
    "aws:useragent": lambda call: call.user_agent or None,
}
