"""Referrers by subject: what a list of them tells, so that no list reads manifests.

A referrer whose subject was deleted carries the time (``orphaned_at``), so that it can follow it; one whose subject was
never there carries none.
"""

import json

from sqlalchemy import (
    BigInteger,
    Column,
    Index,
    Table,
    Text,
    bindparam,
    delete,
    exists,
    func,
    null,
    or_,
    select,
    update,
)
from sqlalchemy.dialects.postgresql import insert

from moorage.domain.caller import Registry
from moorage.domain.digest import Digest
from moorage.domain.manifest import Role
from moorage.domain.names import AccountId, Region
from moorage.domain.referrer import Referrer
from moorage.domain.repository import Repository
from moorage.store.images import images
from moorage.store.metadata import METADATA, account_key, region_key, repository_key, text_key
from moorage.store.owned import Owner, columns_of, in_repository, key_of
from moorage.store.references import references
from moorage.store.transaction import Transaction

referrers = Table(
    "referrers",
    METADATA,
    account_key(),
    region_key(),
    repository_key(),
    text_key("subject"),
    text_key("digest"),
    Column("media_type", Text, nullable=False),
    Column("artifact_type", Text, nullable=True),
    Column("size", BigInteger, nullable=False),
    Column("annotations", Text, nullable=False),
    Column("orphaned_at", BigInteger, nullable=True),
    sqlite_with_rowid=False,
)
Index(
    "referrers_by_digest",
    referrers.c.account_id,
    referrers.c.region,
    referrers.c.repository_id,
    referrers.c.digest,
)

Index(
    "referrers_by_orphaning",
    referrers.c.orphaned_at,
    sqlite_where=referrers.c.orphaned_at.is_not(None),
    postgresql_where=referrers.c.orphaned_at.is_not(None),
)

_of_subject = in_repository(referrers) & (referrers.c.subject == bindparam("wanted"))
_of_types = or_(
    bindparam("types") == "[]",
    referrers.c.artifact_type.in_(select(func.json_each(bindparam("types")).table_valued("value").c.value)),
)
_INSERT = insert(referrers).on_conflict_do_nothing()
# A character of an artifact type is four bytes at most. Those that were kept before they had a limit may be long.
_length = func.length(referrers.c.annotations) + 4 * func.coalesce(func.length(referrers.c.artifact_type), 0)
_SIZES = (
    select(referrers.c.digest, _length)
    .where(_of_subject, _of_types, referrers.c.digest > bindparam("after"))
    .order_by(referrers.c.digest)
    .limit(bindparam("count"))
)
_PAGE = (
    select(
        referrers.c.digest,
        referrers.c.media_type,
        referrers.c.artifact_type,
        referrers.c.size,
        referrers.c.annotations,
    )
    .where(_of_subject, _of_types, referrers.c.digest > bindparam("after"), referrers.c.digest <= bindparam("end"))
    .order_by(referrers.c.digest)
)
_ORPHANED = update(referrers).where(_of_subject).values(orphaned_at=bindparam("at"))
_subject_is_there = (
    exists()
    .where(
        images.c.account_id == referrers.c.account_id,
        images.c.region == referrers.c.region,
        images.c.repository_id == referrers.c.repository_id,
        images.c.digest == referrers.c.subject,
    )
    .correlate(referrers)
)
_RESCUE = update(referrers).where(referrers.c.orphaned_at.is_not(None), _subject_is_there).values(orphaned_at=null())
_is_child = (
    exists()
    .where(
        references.c.account_id == referrers.c.account_id,
        references.c.region == referrers.c.region,
        references.c.repository_id == referrers.c.repository_id,
        references.c.target == referrers.c.digest,
        references.c.role == Role.CHILD.value,
    )
    .correlate(referrers)
)
_ORPHANS = (
    select(referrers.c.account_id, referrers.c.region, referrers.c.repository_id, referrers.c.digest)
    .where(referrers.c.orphaned_at <= bindparam("before"), ~_subject_is_there, ~_is_child)
    .order_by(referrers.c.orphaned_at)
    .limit(bindparam("count"))
)
_DELETE = delete(referrers).where(in_repository(referrers), referrers.c.digest == bindparam("gone"))
_DELETE_ALL = delete(referrers).where(in_repository(referrers))


async def put(tx: Transaction, repository: Repository, subject: Digest, referrer: Referrer) -> None:
    await tx.run(
        _INSERT,
        **columns_of(repository),
        subject=subject,
        digest=referrer.digest,
        media_type=referrer.media_type,
        artifact_type=referrer.artifact_type,
        size=referrer.size,
        annotations=json.dumps(referrer.annotations),
        orphaned_at=None,
    )


async def sizes(  # noqa: PLR0913 - a page's coordinates
    tx: Transaction, repository: Owner, subject: Digest, types: list[str], *, after: str, count: int
) -> list[tuple[str, int]]:
    """List the digests of a subject's referrers after ``after``, each with the most bytes that its texts take."""
    values = {"wanted": str(subject), "types": json.dumps(types), "after": after}
    return [(row[0], int(row[1])) for row in await tx.all(_SIZES, **key_of(repository), **values, count=count)]


async def between(  # noqa: PLR0913 - a page's coordinates
    tx: Transaction, repository: Owner, subject: Digest, types: list[str], *, after: str, end: str
) -> list[Referrer]:
    """List a subject's referrers after ``after`` up to ``end``."""
    values = {"wanted": str(subject), "types": json.dumps(types), "after": after, "end": end}
    rows = await tx.all(_PAGE, **key_of(repository), **values)
    return [Referrer(Digest(row[0]), row[1], row[2], row[3], json.loads(row[4])) for row in rows]


async def set_orphaned(tx: Transaction, repository: Repository, subject: Digest, *, at: int) -> None:
    await tx.run(_ORPHANED, **key_of(repository), wanted=subject, at=at)


async def rescue(tx: Transaction) -> None:
    """Take the time from the referrers whose subject is there again."""
    await tx.run(_RESCUE)


async def orphans(tx: Transaction, *, before: int, count: int) -> list[tuple[Registry, str, Digest]]:
    """List referrers, of any registry, whose subject went before that time and is not there, and which no index names.

    Gives the registry, the repository's id and the digest of each.
    """
    rows = await tx.all(_ORPHANS, before=before, count=count)
    return [(Registry(AccountId(row[0]), Region(row[1])), row[2], Digest(row[3])) for row in rows]


async def delete_of(tx: Transaction, repository: Owner, digest: Digest) -> None:
    await tx.run(_DELETE, **key_of(repository), gone=digest)


async def delete_all(tx: Transaction, repository: Repository) -> None:
    await tx.run(_DELETE_ALL, **key_of(repository))
