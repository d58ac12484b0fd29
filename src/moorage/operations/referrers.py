"""Listing the referrers of a subject, whether or not the subject is there."""

from collections.abc import Sequence
from dataclasses import dataclass

from moorage.domain.digest import Digest
from moorage.domain.referrer import Referrer
from moorage.operations.authorise import Granted
from moorage.operations.env import Env
from moorage.operations.pages import next_token, read_token
from moorage.store import referrers
from moorage.store.transaction import Transaction

# Bytes of one answer, of which annotations are the part without a bound (and artifact types, before they had one): what
# a client must be ready to take.
_PAGE_LIMIT = 4 * 1024 * 1024
_DESCRIPTOR = 1024  # bytes of a descriptor beside its annotations and artifact type, at most


@dataclass(frozen=True, slots=True)
class ReferrerPage:
    """Some referrers, and the token for more."""

    referrers: Sequence[Referrer]
    next_token: str | None


async def list_referrers(  # noqa: PLR0913 - what a page is of
    env: Env, granted: Granted, subject: Digest, types: Sequence[str], *, token: str | None, count: int
) -> ReferrerPage:
    """List a subject's referrers by digest, those of ``types`` alone where it names any, ``count`` at most.

    Raises:
        RepositoryNotFound, InvalidParameter

    """
    repository, wanted = granted.key, sorted(set(types))
    where = " ".join((repository.id, subject, *wanted))
    after = read_token(env, "ListImageReferrers", granted.registry, where, token)

    async def unit(tx: Transaction) -> tuple[list[Referrer], bool]:
        sizes = await referrers.sizes(tx, repository, subject, wanted, after=after, count=count + 1)
        end = _fitting(sizes[:count])
        if end == 0:
            return [], False
        last = sizes[end - 1][0]
        return await referrers.between(tx, repository, subject, wanted, after=after, end=last), end < len(sizes)

    found, more = await env.store.read(unit)
    if not more:
        return ReferrerPage(found, None)
    return ReferrerPage(found, next_token(env, "ListImageReferrers", granted.registry, where, found[-1].digest))


def _fitting(sizes: Sequence[tuple[str, int]]) -> int:
    """Count how many of the first fit into one answer; at least one, if there is any."""
    room = _PAGE_LIMIT
    for count, (_, size) in enumerate(sizes):
        room -= size + _DESCRIPTOR
        if room < 0:
            return max(count, 1)
    return len(sizes)
