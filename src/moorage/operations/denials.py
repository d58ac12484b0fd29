"""Denials that callers may ask about later: noted by the process, explained and written behind.

No call waits for its own denial, and a flood of denials is neither a flood of rows nor of syncs: of one caller a few
a second are noted, of all together a few more, and the rest is told without being kept.
"""

from collections.abc import Sequence

from msgspec import Struct

from moorage.domain.errors import AccessDenied, RegistryError
from moorage.domain.names import AccountId, Region
from moorage.policy.compiled import Compiled
from moorage.policy.decide import CallerPolicies, Decision, ResourcePolicies
from moorage.policy.request import Request

_SECOND = 1_000_000  # µs
_OF_ONE, _OF_ALL = 5, 20  # denials a second that are noted
_CALLERS = 1_024
_MOST = 400  # not written yet


class Question(Struct, frozen=True):
    """What somebody of ``account`` asked, when and from where, and was refused, with the policies as they were.

    ``narrowed`` is what the credential itself was not made for; ``trust`` is the policy of a role that somebody wanted
    to become, and ``absent`` that there is none.
    """

    request_id: str
    at: int
    region: Region
    client: str
    user_agent: str
    account: AccountId
    caller: CallerPolicies
    request: Request
    decision: Decision
    policies: ResourcePolicies
    narrowed: bool = False
    trust: Compiled | None = None
    absent: bool = False


class Denied(AccessDenied):
    """The policies say no, and it can be told why."""

    def __init__(self, sentence: str, question: Question) -> None:
        super().__init__(sentence)
        self.question = question


class Noted(Struct, frozen=True):
    """A denial as it was told."""

    sentence: str
    question: Question


class Denials:
    """Denials that are not written yet."""

    def __init__(self) -> None:
        self._fresh: list[Noted] = []
        self._second = 0
        self._count = 0
        self._of: dict[str, int] = {}

    def note(self, error: RegistryError) -> None:
        """Keep what was denied, as long as there are not too many; other errors are none of this."""
        if not isinstance(error, Denied):
            return
        caller = error.question.request.requester.arn
        self._turn(error.question.at // _SECOND)
        mine = self._of.get(caller, 0)
        if mine >= _OF_ONE or self._count >= _OF_ALL or len(self._fresh) >= _MOST or len(self._of) >= _CALLERS:
            return
        self._of[caller] = mine + 1
        self._count += 1
        self._fresh.append(Noted(str(error), error.question))

    def take(self) -> Sequence[Noted]:
        taken, self._fresh = self._fresh, []
        return taken

    def _turn(self, second: int) -> None:
        if second != self._second:
            self._second, self._count = second, 0
            self._of.clear()
