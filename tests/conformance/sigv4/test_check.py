"""When and where a claim is good."""

from datetime import UTC, datetime, timedelta, timezone

import pytest

from conformance.sigv4.requests import ACCESS_KEY_ID, AT, SIGNING_KEY_TEXT
from moorage.sigv4.check import check_scope, check_time
from moorage.sigv4.claim import Claim, parse
from moorage.sigv4.errors import SignatureExpired, SignatureNotYetCurrent, WrongScope
from moorage.sigv4.head import Head
from moorage.sigv4.sign import Signer, presign, sign

SIGNER = Signer(ACCESS_KEY_ID, SIGNING_KEY_TEXT, "eu-west-1", "ecr")
PLAIN = Head("POST", "/", "", (("host", "localhost"),))
MOMENT = timedelta(seconds=1)
FIVE_MINUTES = timedelta(minutes=5)


def in_header(at: datetime = AT) -> Claim:
    return parse(Head("POST", "/", "", (*PLAIN.headers, *sign(PLAIN, SIGNER, at=at, body=b""))))


def in_query(expires: int, at: datetime = AT) -> Claim:
    return parse(Head("POST", "/", presign(PLAIN, SIGNER, at=at, expires=expires), PLAIN.headers))


@pytest.mark.parametrize("now", [AT - FIVE_MINUTES, AT, AT + FIVE_MINUTES, AT + FIVE_MINUTES + MOMENT / 2])
def test_a_signature_is_good_for_five_minutes_either_way(now: datetime) -> None:
    check_time(in_header(), now)


def test_an_older_signature_has_expired() -> None:
    with pytest.raises(SignatureExpired) as refusal:
        check_time(in_header(), AT + timedelta(minutes=15))
    assert str(refusal.value) == (
        "Signature expired: 20260101T000000Z is now earlier than 20260101T001000Z (20260101T001500Z - 5 min.)"
    )


def test_a_later_signature_is_not_yet_current() -> None:
    with pytest.raises(SignatureNotYetCurrent) as refusal:
        check_time(in_header(), AT - timedelta(minutes=15))
    assert str(refusal.value) == (
        "Signature not yet current: 20260101T000000Z is still later than 20251231T235000Z (20251231T234500Z + 5 min.)"
    )


@pytest.mark.parametrize("late", [MOMENT, timedelta(days=3650)])
def test_nothing_is_good_a_moment_past_five_minutes(late: timedelta) -> None:
    with pytest.raises(SignatureExpired):
        check_time(in_header(), AT + FIVE_MINUTES + late)
    with pytest.raises(SignatureNotYetCurrent):
        check_time(in_header(), AT - FIVE_MINUTES - late)


def test_a_signature_from_the_end_of_all_time_is_not_yet_current() -> None:
    with pytest.raises(SignatureNotYetCurrent):
        check_time(in_query(604800, at=datetime(9999, 12, 31, 23, 59, 59, tzinfo=UTC)), AT)


def test_the_clock_of_another_zone_tells_the_same_time() -> None:
    check_time(in_header(), AT.astimezone(timezone(timedelta(hours=9))))


@pytest.mark.parametrize("now", [AT - FIVE_MINUTES, AT, AT + timedelta(hours=1)])
def test_a_presigned_request_is_good_as_long_as_it_says(now: datetime) -> None:
    check_time(in_query(3600), now)


@pytest.mark.parametrize(("expires", "length"), [(3600, "60 min."), (1, "1 sec."), (90, "90 sec.")])
def test_a_presigned_request_expires_when_it_says(expires: int, length: str) -> None:
    with pytest.raises(SignatureExpired) as refusal:
        check_time(in_query(expires), AT + timedelta(seconds=expires) + MOMENT)
    assert str(refusal.value).endswith(f" - {length})")


def test_a_presigned_request_of_tomorrow_is_not_yet_current() -> None:
    with pytest.raises(SignatureNotYetCurrent):
        check_time(in_query(604800), AT - FIVE_MINUTES - MOMENT)


def test_a_claim_for_this_region_and_service_is_in_scope() -> None:
    check_scope(in_header(), regions={"eu-west-1", "us-east-1"}, services={"ecr"})


@pytest.mark.parametrize(
    ("regions", "services", "sentence"),
    [
        ({"us-east-1"}, {"ecr"}, "Credential should be scoped to a valid region."),
        ({"eu-west-1"}, {"sts"}, "Credential should be scoped to correct service: 'sts'."),
        ({"eu-west-1"}, {"sts", "iam"}, "Credential should be scoped to correct service: 'iam' or 'sts'."),
        (
            set[str](),
            {"iam"},
            "Credential should be scoped to a valid region. Credential should be scoped to correct service: 'iam'.",
        ),
    ],
)
def test_a_claim_for_elsewhere_is_out_of_scope(regions: set[str], services: set[str], sentence: str) -> None:
    with pytest.raises(WrongScope) as refusal:
        check_scope(in_header(), regions=regions, services=services)
    assert str(refusal.value) == sentence
