"""Where a call stands: the generations that its caches must match, and the repository that it names."""

from msgspec import Struct
from sqlalchemy import bindparam, select

from moorage.domain.caller import Registry
from moorage.domain.names import AccountId
from moorage.store.accounts import generations
from moorage.store.recall import Recall
from moorage.store.repositories import repositories
from moorage.store.transaction import Row

_caller = select(generations.c.n).where(generations.c.account_id == bindparam("caller"))
_owner = select(generations.c.n).where(generations.c.account_id == bindparam("owner"))
_repository = select(repositories.c.repository_id).where(
    repositories.c.account_id == bindparam("owner"),
    repositories.c.region == bindparam("region"),
    repositories.c.name == bindparam("name"),
)
_FIND = select(
    _caller.scalar_subquery().label("caller"),
    _owner.scalar_subquery().label("owner"),
    _repository.scalar_subquery().label("repository"),
)


class Standing(Struct, frozen=True):
    """One look at what may have changed since the caches were filled; None where there is no such account."""

    caller_generation: int | None
    owner_generation: int | None
    repository_id: str | None


_UNKNOWN = Standing(None, None, None)


async def find(recall: Recall, caller: AccountId, registry: Registry, name: str) -> Standing:
    found = await recall.first(
        _FIND, _standing, caller=caller, owner=registry.account, region=registry.region, name=name
    )
    return found or _UNKNOWN


def _standing(row: Row) -> Standing:
    return Standing(*row)
