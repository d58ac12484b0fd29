"""Principals by their access key, remembered under their account's generation and never a moment longer."""

import hmac
from dataclasses import dataclass, field

from moorage.domain.actions import Needs
from moorage.domain.caller import Caller, Registry
from moorage.domain.sessions import Session
from moorage.operations.identities import Identity, find_identity
from moorage.operations.keyring import KeyRing, Purpose
from moorage.policy.decide import CallerPolicies, ResourcePolicies
from moorage.policy.request import Requester
from moorage.store import accounts
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
    session: Session | None = None
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
        generation = await accounts.recall_generation(self._store.recall, known.caller.account)
        return await self.find(access_key_id, generation)

    async def _load(self, access_key_id: str) -> Principal | None:
        async def unit(tx: Transaction) -> Principal | None:
            identity = await find_identity(tx, access_key_id)
            if identity is None:
                return None
            generation = await accounts.find_generation(tx, identity.caller.account)
            return None if generation is None else self._principal(identity, generation)

        principal = await self._store.read(unit)
        if principal is None:
            self._known.pop(access_key_id, None)
            return None
        if len(self._known) >= _LIMIT:
            self._known.clear()
        self._known[access_key_id] = principal
        return principal

    def _principal(self, identity: Identity, generation: int) -> Principal:
        key_id = identity.access_key_id
        secret = self._keyring.open(Purpose.ACCESS_KEY, identity.secret, bound=key_id.encode()).decode()
        return Principal(
            identity.caller,
            key_id,
            secret,
            identity.requester,
            identity.policies,
            generation,
            mark_of(secret, key_id),
            identity.session,
        )


def mark_of(secret: str, access_key_id: str) -> str:
    """Tell a secret from another one under the same key id; the mark cannot be led back to the secret."""
    return hmac.digest(secret.encode(), access_key_id.encode(), "sha256")[:12].hex()
