"""One question at a time, long before the end; a server that is away changes nothing, one that refuses everything."""

import asyncio

import pytest

from moorage.cli.machinecalls import Refused
from moorage.cli.metadata.rotation import Gone, NotNow
from unit.cli.metadata.given import AWAY, FAULT, REFUSED, SECRETS, Given, credentials


async def at(given: Given, *moments: float) -> list[str]:
    """Ask at moments, and tell which key was given."""
    found = []
    for moment in moments:
        given.seconds = moment
        try:
            found.append(await given.key_id())
        except (Gone, NotNow) as none:
            found.append(type(none).__name__)
    return found


def test_credentials_are_asked_for_once_and_kept() -> None:
    given = Given([credentials()])
    assert asyncio.run(at(given, 0, 1, 299)) == ["ASIAFIRST"] * 3
    assert given.asked == 1


def test_they_are_renewed_after_five_minutes_of_use() -> None:
    given = Given([credentials(), credentials("ASIANEXT", ends=3900)])
    assert asyncio.run(at(given, 0, 300)) == ["ASIAFIRST", "ASIANEXT"]


def test_those_of_a_short_life_are_renewed_after_half_of_it() -> None:
    given = Given([credentials(ends=100), credentials("ASIANEXT", ends=150)])
    assert asyncio.run(at(given, 0, 49, 50)) == ["ASIAFIRST", "ASIAFIRST", "ASIANEXT"]


def test_nothing_is_asked_while_nobody_asks() -> None:
    given = Given([credentials()])
    asyncio.run(at(given, 0, 3599))
    assert given.asked == 2


def test_many_at_once_are_one_question() -> None:
    async def many() -> tuple[set[str], int]:
        given = Given([credentials()])
        given.gate = asyncio.Event()
        asked = [asyncio.create_task(given.key_id()) for _ in range(50)]
        await asyncio.sleep(0)
        given.gate.set()
        return set(await asyncio.gather(*asked)), given.asked

    assert asyncio.run(many()) == ({"ASIAFIRST"}, 1)


def test_one_who_goes_away_takes_the_answer_from_nobody() -> None:
    async def two() -> str:
        given = Given([credentials()])
        given.gate = asyncio.Event()
        first, second = asyncio.create_task(given.key_id()), asyncio.create_task(given.key_id())
        await asyncio.sleep(0)
        first.cancel()
        await asyncio.sleep(0)
        given.gate.set()
        return await second

    assert asyncio.run(two()) == "ASIAFIRST"


def test_good_ones_are_kept_while_the_server_is_away_and_not_longer() -> None:
    given = Given([credentials(), AWAY])
    assert asyncio.run(at(given, 0, 300, 3599, 3600)) == ["ASIAFIRST", "ASIAFIRST", "ASIAFIRST", "NotNow"]


def test_good_ones_are_given_while_the_server_takes_its_time() -> None:
    async def slow() -> tuple[str, str]:
        given = Given([credentials(), credentials("ASIANEXT", ends=3900)])
        await given.key_id()
        given.seconds, given.gate = 300, asyncio.Event()
        meanwhile = await given.key_id()
        given.gate.set()
        return meanwhile, await given.key_id()

    assert asyncio.run(slow()) == ("ASIAFIRST", "ASIANEXT")


def test_a_server_that_is_away_is_not_asked_again_for_ten_seconds() -> None:
    given = Given([AWAY, credentials()])
    assert asyncio.run(at(given, 0, 9.9, 10)) == ["NotNow", "NotNow", "ASIAFIRST"]
    assert given.asked == 2


def test_good_ones_are_kept_through_a_fault_that_nobody_expected() -> None:
    given = Given([credentials(), FAULT])
    assert asyncio.run(at(given, 0, 300, 3599, 3600)) == ["ASIAFIRST", "ASIAFIRST", "ASIAFIRST", "NotNow"]
    assert given.said[1:] == ["the server could not be asked for credentials: ValueError"]


def test_after_faults_that_nobody_expected_the_pauses_grow_to_five_minutes() -> None:
    given = Given([FAULT])
    moments = [0, 9, 10, 29, 30, 69, 70, 149, 150, 309, 310, 609, 610, 909, 910]
    asked = []
    for moment in moments:
        asyncio.run(at(given, moment))
        asked.append(given.asked)
    assert asked == [1, 1, 2, 2, 3, 3, 4, 4, 5, 5, 6, 6, 7, 7, 8]


def test_an_answer_ends_the_growing() -> None:
    given = Given([FAULT, FAULT, AWAY, FAULT, credentials()])
    assert asyncio.run(at(given, 0, 10, 30, 40, 50)) == ["NotNow", "NotNow", "NotNow", "NotNow", "ASIAFIRST"]


def test_a_renewal_while_a_question_is_under_way_asks_once_more() -> None:
    async def renewed() -> str:
        given = Given([credentials(), credentials("ASIANEXT", ends=3900)])
        given.gate = asyncio.Event()
        first = asyncio.create_task(given.key_id())
        await asyncio.sleep(0.01)
        for _ in range(3):
            given.rotation.renew()
        given.gate.set()
        await first
        assert given.asked == 2
        return await given.key_id()

    assert asyncio.run(renewed()) == "ASIANEXT"


def test_a_refusal_ends_what_is_in_hand() -> None:
    given = Given([credentials(), REFUSED])
    assert asyncio.run(at(given, 0, 299, 300, 305)) == ["ASIAFIRST", "ASIAFIRST", "Gone", "Gone"]
    assert given.asked == 2


def test_a_machine_that_is_taken_back_gets_credentials_again() -> None:
    given = Given([REFUSED, credentials()])
    assert asyncio.run(at(given, 0, 10)) == ["Gone", "ASIAFIRST"]


def test_a_refusal_is_not_forgotten_when_the_server_is_away() -> None:
    given = Given([credentials(), REFUSED, AWAY])
    assert asyncio.run(at(given, 0, 300, 310)) == ["ASIAFIRST", "Gone", "Gone"]


def test_a_refusal_tells_the_role_that_was() -> None:
    async def told() -> Gone:
        given = Given([credentials(), REFUSED])
        await at(given, 0, 300)
        with pytest.raises(Gone) as gone:
            await given.rotation.current()
        return gone.value

    gone = asyncio.run(told())
    assert (gone.code, gone.message, gone.role) == ("AccessDeniedException", "the machine is revoked", "builder")


def test_renewing_waits_for_no_pause() -> None:
    async def renewed() -> list[str]:
        given = Given([credentials(), REFUSED])
        found = await at(given, 0)
        await given.rotation.renew()
        return found + await at(given, 0)

    assert asyncio.run(renewed()) == ["ASIAFIRST", "Gone"]


def test_credentials_that_are_over_when_they_come_are_given_to_nobody() -> None:
    given = Given([credentials(ends=-1)])
    assert asyncio.run(at(given, 0, 0.5)) == ["NotNow", "NotNow"]
    assert given.asked == 1


def test_the_log_tells_what_changes_once_and_no_secret() -> None:
    given = Given(
        [credentials(), AWAY, AWAY, REFUSED, Refused("ValidationException", "no"), credentials("A", ends=9999)]
    )
    asyncio.run(at(given, 0, 300, 310, 320, 330, 340))
    assert given.said == [
        "giving out credentials of the role builder",
        "the server cannot be asked for credentials: no route",
        "giving out no credentials, the server refuses them: AccessDeniedException: the machine is revoked",
        "giving out no credentials, the server refuses them: ValidationException: no",
        "giving out credentials of the role builder",
    ]
    assert not any(secret in line for line in given.said for secret in SECRETS)
