"""Denials that callers may ask about later: noted by the process, explained and written behind.

No call waits for its own denial, and a flood of denials is neither a flood of rows nor of syncs: of one caller a few
a second are noted, of one account a few more, and the rest is told without being kept. Where too many wait to be
written, an account that has more of them than another gives way to it, so that no tenant hides another's.
"""

from collections import Counter
from collections.abc import Sequence

from msgspec import Struct

from moorage.domain.errors import AccessDenied, RegistryError
from moorage.domain.names import AccountId, Region
from moorage.policy.compiled import Compiled
from moorage.policy.decide import CallerPolicies, Decision, ResourcePolicies
from moorage.policy.request import Request

_SECOND = 1_000_000  # µs
_OF_ONE, _OF_ACCOUNT = 5, 20  # denials a second that are noted
_ACCOUNTS = 1_024  # that are counted in a second
_MOST = 100  # not written yet, of all accounts together


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
        self._fresh: dict[AccountId, list[Noted]] = {}
        self._waiting = 0
        self._second = 0
        self._of: dict[AccountId, Counter[str]] = {}

    def note(self, error: RegistryError) -> None:
        """Keep what was denied, as long as there are not too many; other errors are none of this."""
        if not isinstance(error, Denied):
            return
        question = error.question
        self._turn(question.at // _SECOND)
        if self._count(question.account, question.request.requester.arn) and self._make_room(question.account):
            self._fresh.setdefault(question.account, []).append(Noted(str(error), question))
            self._waiting += 1

    def take(self) -> Sequence[Noted]:
        taken = [noted for of_account in self._fresh.values() for noted in of_account]
        self._fresh, self._waiting = {}, 0
        return taken

    def _turn(self, second: int) -> None:
        if second != self._second:
            self._second = second
            self._of.clear()

    def _count(self, account: AccountId, caller: str) -> bool:
        """Count a denial, unless its caller or its account had all of this second."""
        if account not in self._of and len(self._of) >= _ACCOUNTS:
            return False
        of = self._of.setdefault(account, Counter())
        if of[caller] >= _OF_ONE or of.total() >= _OF_ACCOUNT:
            return False
        of[caller] += 1
        return True

    def _make_room(self, account: AccountId) -> bool:
        """Give up the last denial of the account that has most of them, if that has more than ``account`` will."""
        if self._waiting < _MOST:
            return True
        fullest = max(self._fresh.values(), key=len)
        if len(fullest) <= len(self._fresh.get(account, ())) + 1:
            return False
        fullest.pop()
        self._waiting -= 1
        return True
