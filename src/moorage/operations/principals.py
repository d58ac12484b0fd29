"""Principals by their access key, remembered under their account's generation and never a moment longer."""

import hmac
from dataclasses import dataclass, field

from moorage.domain.actions import Needs
from moorage.domain.arns import root_arn, user_arn
from moorage.domain.caller import Caller, CallerKind, Registry
from moorage.domain.names import AccountId
from moorage.operations.keyring import KeyRing, Purpose
from moorage.policy.compiled import Compiled
from moorage.policy.decide import CallerPolicies, ResourcePolicies
from moorage.policy.elements import Attached, Source
from moorage.policy.request import Requester, RequesterType, Value
from moorage.store import access_keys, accounts, user_policies
from moorage.store.access_keys import Holder
from moorage.store.port import Store
from moorage.store.transaction import Transaction

_LIMIT = 10_000
_SETTLED = 256  # questions of one principal

# What must be allowed, in which registry, and the name of what it is asked about.
Asked = tuple[Needs, Registry, str]


@dataclass(frozen=True, slots=True)
class Principal:
    """Who holds an access key, and what its policies allow; true while the account is at ``generation``."""

    caller: Caller
    access_key_id: str
    secret: str = field(repr=False)
    requester: Requester
    policies: CallerPolicies
    generation: int
    key_mark: str
    settled: dict[Asked, ResourcePolicies] = field(default_factory=dict[Asked, ResourcePolicies], repr=False)

    def settle(self, asked: Asked, policies: ResourcePolicies) -> None:
        """Remember that the policies allow what was asked, whatever the circumstances of a call are."""
        if len(self.settled) >= _SETTLED:
            self.settled.clear()
        self.settled[asked] = policies


class PrincipalCache:
    """Finds the principal of an access key; None for a key that is unknown, inactive or whose user is gone."""

    def __init__(self, store: Store, keyring: KeyRing) -> None:
        self._store, self._keyring = store, keyring
        self._known: dict[str, Principal] = {}

    async def find(self, access_key_id: str, generation: int | None) -> Principal | None:
        """Find the principal as of ``generation`` of its account, which the caller has just read."""
        known = self._known.get(access_key_id)
        if known is not None and known.generation == generation:
            return known
        return await self._load(access_key_id)

    async def find_now(self, access_key_id: str) -> Principal | None:
        """Find the principal when its account is not known yet."""
        known = self._known.get(access_key_id)
        if known is None:
            return await self._load(access_key_id)
        generation = await accounts.find_generation(self._store.now, known.caller.account)
        return await self.find(access_key_id, generation)

    async def _load(self, access_key_id: str) -> Principal | None:
        async def unit(tx: Transaction) -> Principal | None:
            holder = await access_keys.find(tx, access_key_id)
            if holder is None or not holder.key.active or _is_orphan(holder):
                return None
            generation = await accounts.find_generation(tx, holder.key.account)
            policies = await user_policies.of_user(tx, holder.key.account, holder.key.user_id)
            return None if generation is None else self._principal(holder, policies, generation)

        principal = await self._store.read(unit)
        if principal is None:
            self._known.pop(access_key_id, None)
            return None
        if len(self._known) >= _LIMIT:
            self._known.clear()
        self._known[access_key_id] = principal
        return principal

    def _principal(self, holder: Holder, policies: list[tuple[str, str]], generation: int) -> Principal:
        caller = caller_of(holder)
        secret = self._keyring.open(Purpose.ACCESS_KEY, holder.key.secret, bound=holder.key.id.encode()).decode()
        identity = Compiled.stored(
            (Attached(Source.INLINE, name, f"user {caller.name}"), text) for name, text in policies
        )
        mark = mark_of(secret, holder.key.id)
        return Principal(
            caller, holder.key.id, secret, requester_of(caller), CallerPolicies(identity), generation, mark
        )


def requester_of(caller: Caller) -> Requester:
    """Tell what policies may know the caller by."""
    facts: dict[str, Value] = {
        "aws:principalarn": caller.arn,
        "aws:principalaccount": caller.account,
        "aws:principaltype": caller.kind.value,
        "aws:userid": caller.unique_id,
    }
    if caller.kind is CallerKind.USER:
        facts["aws:username"] = caller.name
    return Requester(caller.account, caller.arn, caller.unique_id, RequesterType(caller.kind.value), facts=facts)


def mark_of(secret: str, access_key_id: str) -> str:
    """Tell a secret from another one under the same key id; the mark cannot be led back to the secret."""
    return hmac.digest(secret.encode(), access_key_id.encode(), "sha256")[:12].hex()


def caller_of(holder: Holder) -> Caller:
    account = holder.key.account
    if holder.key.user_id == access_keys.ROOT:
        return Caller(account, CallerKind.ROOT, account, root_arn(account))
    name, path = holder.user_name or "", holder.user_path or "/"
    return Caller(AccountId(account), CallerKind.USER, holder.key.user_id, user_arn(account, path, name), name)


def _is_orphan(holder: Holder) -> bool:
    return holder.key.user_id != access_keys.ROOT and holder.user_name is None
