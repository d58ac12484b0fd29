"""Uploads: rows, so that any process can go on with what another began."""

from dataclasses import dataclass

from sqlalchemy import (
    BigInteger,
    Column,
    Index,
    LargeBinary,
    Table,
    Text,
    and_,
    bindparam,
    case,
    delete,
    select,
    update,
)
from sqlalchemy.dialects.postgresql import insert

from moorage.domain.layer import PART_MINIMUM, Upload
from moorage.store.metadata import METADATA, account_key, region_key, repository_key, text_key
from moorage.store.owned import Owner, columns_of, in_repository, key_of
from moorage.store.transaction import Row, Transaction

uploads = Table(
    "uploads",
    METADATA,
    account_key(),
    region_key(),
    repository_key(),
    text_key("upload_id"),
    Column("owner", Text, nullable=False),
    Column("draft", Text, nullable=False),
    Column("offset", BigInteger, nullable=False),
    Column("hash_state", LargeBinary, nullable=True),
    Column("parts", BigInteger, nullable=False),
    Column("last_part", BigInteger, nullable=False),
    Column("short_parts", BigInteger, nullable=False),
    Column("touched_at", BigInteger, nullable=False),
    Column("small", LargeBinary, nullable=True),  # the bytes themselves, as long as they are few
    Column("over", BigInteger, nullable=False, server_default="0"),
    sqlite_with_rowid=False,
)
Index("uploads_by_time", uploads.c.touched_at)

_this = in_repository(uploads) & (uploads.c.upload_id == bindparam("id"))
_INSERT = insert(uploads).on_conflict_do_nothing()
_FIND = select(
    uploads.c.upload_id,
    uploads.c.owner,
    uploads.c.draft,
    uploads.c.offset,
    uploads.c.hash_state,
    uploads.c.parts,
    uploads.c.last_part,
    uploads.c.short_parts,
    uploads.c.small,
    uploads.c.over,
).where(_this)
_ADVANCE = (
    update(uploads)
    .where(_this, uploads.c.offset == bindparam("seen"), uploads.c.over == 0)
    .values(
        offset=bindparam("reached"),
        hash_state=bindparam("state"),
        small=bindparam("bytes"),
        parts=uploads.c.parts + 1,
        last_part=bindparam("part"),
        # The last part may be short; once another follows it, it is no longer the last.
        short_parts=uploads.c.short_parts
        + case((and_(uploads.c.parts > 0, uploads.c.last_part < bindparam("least")), 1), else_=0),
        touched_at=bindparam("at"),
    )
)
_END = (
    update(uploads)
    .where(_this, uploads.c.offset == bindparam("seen"), uploads.c.over == 0)
    # Not ``touched_at``: the index on it would be written by every push, and who sweeps what is over waits longer.
    .values(over=1, small=None, hash_state=None)
)
_IDLE = select(uploads.c.draft).where(uploads.c.touched_at < bindparam("before"), uploads.c.over == 0)
_DELETE_IDLE = delete(uploads).where(
    uploads.c.touched_at < bindparam("before"), uploads.c.draft == bindparam("key"), uploads.c.over == 0
)
_DELETE_OVER = delete(uploads).where(uploads.c.touched_at < bindparam("before"), uploads.c.over == 1)
_DRAFTS = select(uploads.c.draft).where(uploads.c.over == 0)
_DELETE_ALL = delete(uploads).where(in_repository(uploads))


def _upload(row: Row) -> Upload:
    upload_id, owner, draft, offset, hash_state, parts, last_part, short_parts, small, over = row
    return Upload(
        upload_id, owner, draft, offset, hash_state, parts, last_part, short_parts, small, over=bool(over), begun=True
    )


@dataclass(frozen=True, slots=True)
class Advance:
    """How far a part brought an upload: from ``seen`` to ``reached`` bytes."""

    seen: int
    reached: int
    hash_state: bytes | None = None
    small: bytes | None = None


async def begin(tx: Transaction, repository: Owner, upload: Upload, *, at: int) -> bool:
    """Keep an upload that had no row; False when somebody was first."""
    rows = await tx.run(
        _INSERT,
        **columns_of(repository),
        upload_id=upload.id,
        owner=upload.owner,
        draft=upload.draft,
        offset=upload.offset,
        hash_state=upload.hash_state,
        parts=upload.parts,
        last_part=upload.last_part,
        short_parts=upload.short_parts,
        touched_at=at,
        small=upload.small,
        over=int(upload.over),
    )
    return rows == 1


async def find(tx: Transaction, repository: Owner, upload_id: str) -> Upload | None:
    row = await tx.first(_FIND, **key_of(repository), id=upload_id)
    return None if row is None else _upload(row)


async def advance(tx: Transaction, repository: Owner, upload_id: str, step: Advance, *, at: int) -> bool:
    """Move the offset from where it was seen; False when it stands elsewhere, or the upload is over or gone."""
    rows = await tx.run(
        _ADVANCE,
        **key_of(repository),
        id=upload_id,
        seen=step.seen,
        reached=step.reached,
        state=step.hash_state,
        bytes=step.small,
        part=step.reached - step.seen,
        least=PART_MINIMUM,
        at=at,
    )
    return rows == 1


async def end(tx: Transaction, repository: Owner, upload_id: str, *, seen: int) -> bool:
    """Note that the upload is over; False when it stands elsewhere than it was seen, or was over or gone before."""
    return await tx.run(_END, **key_of(repository), id=upload_id, seen=seen) == 1


async def idle_drafts(tx: Transaction, *, before: int) -> list[str]:
    """List the drafts of uploads untouched since ``before``, in every registry."""
    return [str(row[0]) for row in await tx.all(_IDLE, before=before)]


async def delete_idle(tx: Transaction, draft: str, *, before: int) -> bool:
    """Forget the upload of that draft; False where it was touched since ``before`` after all, is over or gone."""
    return await tx.run(_DELETE_IDLE, before=before, key=draft) == 1


async def delete_over(tx: Transaction, *, before: int) -> None:
    """Forget the uploads that are over and had their last part before ``before``."""
    await tx.run(_DELETE_OVER, before=before)


async def drafts_in_use(tx: Transaction) -> set[str]:
    return {str(row[0]) for row in await tx.all(_DRAFTS)}


async def delete_all(tx: Transaction, repository: Owner) -> None:
    await tx.run(_DELETE_ALL, **key_of(repository))
