"""Mounting: a repository's link to a blob made from another repository's, without a byte moved."""

from sqlalchemy import bindparam, literal_column, select
from sqlalchemy.dialects.postgresql import insert

from moorage.domain.caller import Registry
from moorage.domain.digest import Digest
from moorage.domain.repository import Repository
from moorage.store.blobs import links
from moorage.store.repositories import repositories
from moorage.store.transaction import Transaction

_source = select(
    links.c.account_id,
    links.c.region,
    bindparam("target"),
    links.c.digest,
    links.c.key_id,
    bindparam("at"),
).where(
    links.c.account_id == bindparam("account"),
    links.c.region == bindparam("home"),
    links.c.repository_id == bindparam("source"),
    links.c.digest == bindparam("wanted"),
    links.c.key_id == bindparam("key"),
)
_insert = insert(links).from_select(["account_id", "region", "repository_id", "digest", "key_id", "linked_at"], _source)
_MOUNT = _insert.on_conflict_do_update(
    index_elements=[links.c.account_id, links.c.region, links.c.repository_id, links.c.digest],
    set_={"linked_at": _insert.excluded.linked_at},
)
_HOLDERS = (
    select(repositories.c.name)
    .select_from(
        links.join(
            repositories,
            (repositories.c.account_id == links.c.account_id)
            & (repositories.c.region == links.c.region)
            & (repositories.c.repository_id == links.c.repository_id),
        )
    )
    .where(
        links.c.account_id == bindparam("account"),
        links.c.region == bindparam("home"),
        links.c.key_id == literal_column("''"),
        links.c.digest == bindparam("wanted"),
    )
    .limit(bindparam("count"))
)


async def mount(tx: Transaction, source: Repository, target: Repository, digest: Digest, *, at: int) -> bool:
    """Link the blob that ``source`` links to, under the same key; False where it does not."""
    rows = await tx.run(
        _MOUNT,
        account=source.account,
        home=source.region,
        source=source.id,
        wanted=digest,
        key=target.key_id,
        target=target.id,
        at=at,
    )
    return rows == 1


async def holders(tx: Transaction, registry: Registry, digest: Digest, *, count: int) -> list[str]:
    """Name some repositories of the registry that link to a blob."""
    rows = await tx.all(_HOLDERS, account=registry.account, home=registry.region, wanted=digest, count=count)
    return [str(row[0]) for row in rows]
