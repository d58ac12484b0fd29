"""Whether a claim is made at the right time and for the right place; needs neither body nor secret."""

from collections.abc import Collection
from datetime import UTC, datetime, timedelta

from moorage.sigv4.claim import Claim
from moorage.sigv4.errors import SignatureExpired, SignatureNotYetCurrent, WrongScope

SKEW = timedelta(minutes=5)


def check_time(claim: Claim, now: datetime) -> None:
    """Allow five minutes either way; a presigned request lasts as long as it says.

    Raises:
        SignatureExpired, SignatureNotYetCurrent

    """
    now = now.astimezone(UTC).replace(microsecond=0)  # a signature's time has whole seconds
    lasting = SKEW if claim.presigned_expires is None else timedelta(seconds=claim.presigned_expires)
    # Only `now` is reckoned with: the claimed time may be at the end of all time.
    if claim.amz_date < now - lasting:
        raise SignatureExpired(claim.amz_date, now=now, lasting=lasting)
    if claim.amz_date > now + SKEW:
        raise SignatureNotYetCurrent(claim.amz_date, now=now, skew=SKEW)


def check_scope(claim: Claim, *, regions: Collection[str], services: Collection[str]) -> None:
    """Refuse a claim made for a region or service that is not asked here; day and ending are read by ``parse``.

    Raises:
        WrongScope

    """
    wrong: list[str] = []
    if claim.region not in regions:
        wrong.append("Credential should be scoped to a valid region.")
    if claim.service not in services:
        right = " or ".join(f"'{service}'" for service in sorted(services))
        wrong.append(f"Credential should be scoped to correct service: {right}.")
    if wrong:
        raise WrongScope(wrong)
