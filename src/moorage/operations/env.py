"""What an operation may use, and who is asking: values that ``app`` and the edges hand in."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from msgspec import Struct

from moorage.blobs.port import BlobStore
from moorage.domain.addresses import Addresses
from moorage.domain.names import AccountId, Region
from moorage.domain.quotas import Quotas
from moorage.operations.denials import Denials
from moorage.operations.ids import Ids
from moorage.operations.keyring import KeyRing
from moorage.operations.keyuses import KeyUses
from moorage.operations.policies import PolicyCache
from moorage.operations.principals import PrincipalCache
from moorage.operations.providerkeys import ProviderKeys
from moorage.operations.pulltimes import PullTimes
from moorage.sigv4.key import SigningKeys
from moorage.store.port import Store

Clock = Callable[[], int]


class Tally(Protocol):
    """How full the disk is, asked of whoever knows the folder."""

    def __call__(self) -> tuple[int, int]:
        """Give used and free bytes."""
        ...


@dataclass(frozen=True, slots=True)
class Env:
    """What an operation may use. ``clock`` gives microseconds since 1970 (UTC).

    Blobs of at most ``small_blobs`` bytes are kept in the metadata.
    """

    store: Store
    blobs: BlobStore
    clock: Clock
    ids: Ids
    keyring: KeyRing
    addresses: Addresses
    account: AccountId
    region: Region
    regions: frozenset[Region]
    principals: PrincipalCache
    policies: PolicyCache
    signing_keys: SigningKeys
    pull_times: PullTimes
    key_uses: KeyUses
    denials: Denials
    provider_keys: ProviderKeys
    disk: Tally
    small_blobs: int
    quotas: Quotas = Quotas()  # noqa: RUF009 - frozen


class Call(Struct, frozen=True):
    """One request: when it came, from where, with which credential, and for which region.

    ``at`` is in microseconds; ``port`` and ``secure`` are how the client reached us, where its Host can be trusted;
    ``key_mark`` is what the credential, where it is a token, says of its key's secret; ``client`` is the address that
    the call comes from.
    """

    request_id: str
    at: int
    account: AccountId
    access_key_id: str
    region: Region
    secure: bool
    user_agent: str
    port: int | None
    key_mark: str | None = None
    client: str = ""
