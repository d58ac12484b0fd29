"""Blobs once per account, region and encryption key, and the links through which alone a repository shows them.

A blob that lost its last link carries the time (``unlinked_at``), so that it can be collected later.
"""

import json

from sqlalchemy import (
    BigInteger,
    Column,
    Index,
    LargeBinary,
    Table,
    Text,
    bindparam,
    delete,
    exists,
    func,
    select,
    tuple_,
    update,
)
from sqlalchemy.dialects.postgresql import insert

from moorage.domain.digest import Digest
from moorage.domain.layer import Blob
from moorage.domain.repository import Repository
from moorage.store.metadata import METADATA, account_key, region_key, repository_key, text_key
from moorage.store.owned import Owner, columns_of, in_repository, key_of
from moorage.store.recall import Recall
from moorage.store.references import references
from moorage.store.transaction import Row, Transaction

blobs = Table(
    "blobs",
    METADATA,
    account_key(),
    region_key(),
    text_key("key_id"),
    text_key("digest"),
    Column("storage_key", Text, nullable=False),
    Column("size", BigInteger, nullable=False),
    Column("format", BigInteger, nullable=False),  # 0: plain bytes in a file; 1: in ``contents``
    Column("created_at", BigInteger, nullable=False),
    Column("unlinked_at", BigInteger, nullable=True),
    sqlite_with_rowid=False,
)
contents = Table(
    "contents",
    METADATA,
    account_key(),
    region_key(),
    text_key("key_id"),
    text_key("digest"),
    Column("body", LargeBinary, nullable=False),
)
links = Table(
    "links",
    METADATA,
    account_key(),
    region_key(),
    repository_key(),
    text_key("digest"),
    Column("key_id", Text, nullable=False),
    Column("linked_at", BigInteger, nullable=False),
    sqlite_with_rowid=False,
)
Index("links_by_digest", links.c.account_id, links.c.region, links.c.key_id, links.c.digest)

_linked = links.join(
    blobs,
    (blobs.c.account_id == links.c.account_id)
    & (blobs.c.region == links.c.region)
    & (blobs.c.key_id == links.c.key_id)
    & (blobs.c.digest == links.c.digest),
)
_media_type = (
    select(references.c.media_type)
    .where(
        references.c.account_id == links.c.account_id,
        references.c.region == links.c.region,
        references.c.repository_id == links.c.repository_id,
        references.c.target == links.c.digest,
    )
    .limit(1)
)
_FIND = (
    select(links.c.digest, blobs.c.storage_key, blobs.c.size, _media_type.scalar_subquery().label("media_type"))
    .select_from(_linked)
    .where(in_repository(links), links.c.digest == bindparam("wanted"))
)
_with_content = _linked.outerjoin(
    contents,
    (contents.c.account_id == blobs.c.account_id)
    & (contents.c.region == blobs.c.region)
    & (contents.c.key_id == blobs.c.key_id)
    & (contents.c.digest == blobs.c.digest),
)
_OPEN = (
    select(
        links.c.digest,
        blobs.c.storage_key,
        blobs.c.size,
        _media_type.scalar_subquery().label("media_type"),
        contents.c.body,
    )
    .select_from(_with_content)
    .where(in_repository(links), links.c.digest == bindparam("wanted"))
)
_same_blob = (
    (blobs.c.account_id == bindparam("account"))
    & (blobs.c.region == bindparam("home"))
    & (blobs.c.key_id == bindparam("key"))
    & (blobs.c.digest == bindparam("wanted"))
)
_STORED = select(blobs.c.storage_key, blobs.c.size).where(_same_blob)
_REPLACED = (
    update(blobs)
    .where(_same_blob, blobs.c.storage_key == bindparam("lost"))
    .values(storage_key=bindparam("kept"), format=bindparam("form"))
)
_RELINKED = update(blobs).where(_same_blob, blobs.c.unlinked_at.is_not(None)).values(unlinked_at=None)
_KEEP = insert(blobs).on_conflict_do_nothing()
_KEEP_CONTENT = insert(contents).on_conflict_do_nothing()
_LINK = insert(links).on_conflict_do_nothing()
_LINK_AGAIN = (
    update(links).where(in_repository(links), links.c.digest == bindparam("wanted")).values(linked_at=bindparam("at"))
)
_HELD = (
    select(links.c.digest, blobs.c.size)
    .select_from(_linked)
    .where(
        in_repository(links),
        links.c.digest.in_(select(func.json_each(bindparam("wanted")).table_valued("value").c.value)),
    )
)
_others = links.alias("others")
_UNLINKED = (
    update(blobs)
    .where(
        blobs.c.account_id == bindparam("account"),
        blobs.c.region == bindparam("home"),
        tuple_(blobs.c.key_id, blobs.c.digest).in_(select(links.c.key_id, links.c.digest).where(in_repository(links))),
        ~exists().where(
            _others.c.account_id == blobs.c.account_id,
            _others.c.region == blobs.c.region,
            _others.c.key_id == blobs.c.key_id,
            _others.c.digest == blobs.c.digest,
            _others.c.repository_id != bindparam("repository"),
        ),
    )
    .values(unlinked_at=bindparam("at"))
)
_UNLINK_ALL = delete(links).where(in_repository(links))
_UNLINKED_ONE = (
    update(blobs)
    .where(
        blobs.c.account_id == bindparam("account"),
        blobs.c.region == bindparam("home"),
        blobs.c.key_id == bindparam("key"),
        blobs.c.digest == bindparam("wanted"),
        ~exists().where(
            _others.c.account_id == blobs.c.account_id,
            _others.c.region == blobs.c.region,
            _others.c.key_id == blobs.c.key_id,
            _others.c.digest == blobs.c.digest,
        ),
    )
    .values(unlinked_at=bindparam("at"))
)
_UNLINK = delete(links).where(in_repository(links), links.c.digest == bindparam("wanted"))


async def find(recall: Recall, repository: Owner, digest: Digest) -> Blob | None:
    """Find a blob through the repository's own link; it is ``referenced`` when an image there names it."""
    return await recall.first(_FIND, _blob, **key_of(repository), wanted=digest)


async def open_blob(recall: Recall, repository: Owner, digest: Digest) -> Blob | None:
    """Find a blob as ``find`` does, with its content where that lies in the metadata."""
    return await recall.first(_OPEN, _blob, **key_of(repository), wanted=digest)


async def find_in(tx: Transaction, repository: Owner, digest: Digest) -> Blob | None:
    """Find a blob as the transaction sees it."""
    row = await tx.first(_FIND, **key_of(repository), wanted=digest)
    return None if row is None else _blob(row)


def _blob(row: Row) -> Blob:
    digest, storage_key, size, media_type, *content = row
    return Blob(Digest(digest), storage_key, size, media_type, media_type is not None, *content)


async def link(tx: Transaction, repository: Repository, blob: Blob, *, at: int) -> tuple[Blob, bool]:
    """Keep ``blob`` unless its content is there already, and link it.

    Returns the blob that is kept (perhaps another file with the same content), and whether the link is new.
    """
    key = {"account": repository.account, "home": repository.region, "key": repository.key_id, "wanted": blob.digest}
    kept = await tx.run(
        _KEEP,
        account_id=repository.account,
        region=repository.region,
        key_id=repository.key_id,
        digest=blob.digest,
        storage_key=blob.storage_key,
        size=blob.size,
        format=_format(blob),
        created_at=at,
        unlinked_at=None,
    )
    if not kept:
        row = await tx.first(_STORED, **key)
        blob = blob if row is None else Blob(blob.digest, row[0], row[1])
        await tx.run(_RELINKED, **key)
    else:
        await _keep_content(tx, repository, blob)
    columns = columns_of(repository)
    new = await tx.run(_LINK, **columns, digest=blob.digest, key_id=repository.key_id, linked_at=at) == 1
    if not new:
        await tx.run(_LINK_AGAIN, **key_of(repository), wanted=blob.digest, at=at)
    return blob, new


async def replace(tx: Transaction, repository: Repository, lost: Blob, blob: Blob) -> None:
    """Put a blob in the place of one with the same content whose file was lost, for all who link to it."""
    key = {"account": repository.account, "home": repository.region, "key": repository.key_id, "wanted": blob.digest}
    if await tx.run(_REPLACED, **key, lost=lost.storage_key, kept=blob.storage_key, form=_format(blob)):
        await _keep_content(tx, repository, blob)


async def _keep_content(tx: Transaction, repository: Repository, blob: Blob) -> None:
    if blob.content is not None:
        owner = {"account_id": repository.account, "region": repository.region, "key_id": repository.key_id}
        await tx.run(_KEEP_CONTENT, **owner, digest=blob.digest, body=blob.content)


def _format(blob: Blob) -> int:
    return 0 if blob.has_file else 1


async def held(tx: Transaction, repository: Repository, digests: list[Digest]) -> dict[str, int]:
    """Tell which of ``digests`` the repository links to, and their sizes."""
    return dict(await tx.all(_HELD, **key_of(repository), wanted=json.dumps(digests)))


async def unlink(tx: Transaction, repository: Repository, digest: Digest, *, at: int) -> None:
    """Drop one link of the repository; a blob that no other repository links to carries the time."""
    await tx.run(_UNLINK, **key_of(repository), wanted=digest)
    await tx.run(
        _UNLINKED_ONE, account=repository.account, home=repository.region, key=repository.key_id, wanted=digest, at=at
    )


async def unlink_all(tx: Transaction, repository: Repository, *, at: int) -> None:
    """Drop every link of the repository; blobs that no other repository links to carry the time."""
    await tx.run(_UNLINKED, **key_of(repository), at=at)
    await tx.run(_UNLINK_ALL, **key_of(repository))
