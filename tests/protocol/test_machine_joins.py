"""Joining: a token makes one machine, once and for a while."""

import threading
import time

import pytest

from protocol.api import code_of, message_of
from protocol.machine import DENIED, Registrar, join, new_role, read_machine, unsigned
from protocol.people import People
from support.server import RunningServer
from support.wire import Wire

# Whatever became of a token, and whether there ever was one.
NOT_GOOD = (
    "The join token is not good: it is not whole, has been used already or has expired, or its instance was revoked. "
    "Whoever registered the instance sees by `moorage instance list` what became of it."
)


@pytest.fixture
def role(people: People) -> str:
    return new_role(people)


def test_of_many_that_join_with_one_token_one_wins(
    registrar: Registrar, role: str, wires: list[Wire], server: RunningServer
) -> None:
    machine_id, token = registrar.register(role)
    barrier, answers = threading.Barrier(len(wires)), []

    def race(wire: Wire) -> None:
        barrier.wait()
        answers.append(join(wire, token))

    threads = [threading.Thread(target=race, args=(wire,)) for wire in wires]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    (won,) = [answer for answer in answers if answer.status == 200]
    lost = [answer for answer in answers if answer.status != 200]
    assert len(lost) == len(wires) - 1
    assert {code_of(answer) for answer in lost} == {DENIED}
    assert {message_of(answer) for answer in lost} == {NOT_GOOD}
    winner = read_machine(won, server)
    assert winner.id == machine_id
    assert {winner.ask(wire).status for wire in wires} == {200}


def test_a_token_is_good_once(registrar: Registrar, role: str, wire: Wire) -> None:
    machine_id, token = registrar.register(role)
    assert registrar.state_of(machine_id) == "waiting"
    registrar.joined(token)
    assert registrar.state_of(machine_id) == "joined"
    again = join(wire, token)
    assert (code_of(again), message_of(again)) == (DENIED, NOT_GOOD)


def test_a_token_is_good_for_a_while(registrar: Registrar, role: str, wire: Wire) -> None:
    machine_id, token = registrar.register(role, ttl=1)
    time.sleep(1.1)
    late = join(wire, token)
    assert (code_of(late), message_of(late)) == (DENIED, NOT_GOOD)
    assert registrar.state_of(machine_id) == "expired"


def test_a_token_of_a_revoked_machine_joins_nothing(registrar: Registrar, role: str, wire: Wire) -> None:
    machine_id, token = registrar.register(role)
    assert registrar.own("RevokeInstance", instanceId=machine_id).status == 200
    refused = join(wire, token)
    assert (code_of(refused), message_of(refused)) == (DENIED, NOT_GOOD)


@pytest.mark.parametrize(
    ("members", "code"),
    [
        ({"joinToken": "moorage_join_" + "A" * 43}, DENIED),
        ({"joinToken": ""}, DENIED),
        ({}, "InvalidParameterException"),
        ({"joinToken": None}, "InvalidParameterException"),
        ({"joinToken": 7}, "SerializationException"),
        ([], "SerializationException"),
        ({"joinToken": "A" * 5000}, "RequestEntityTooLargeException"),
    ],
)
def test_what_is_no_token_joins_nothing(wire: Wire, members: object, code: str) -> None:
    refused = unsigned(wire, "JoinInstance", members)
    assert code_of(refused) == code
    assert code != DENIED or message_of(refused) == NOT_GOOD


@pytest.mark.parametrize("ttl", [0, -1, 86_401, 10**30])
def test_a_span_that_is_none_is_refused(registrar: Registrar, role: str, ttl: int) -> None:
    before = len(registrar.instances())
    answer = registrar.own("RegisterInstance", roleName=role, ttl=ttl)
    assert code_of(answer) in {"InvalidParameterException", "SerializationException"}
    assert len(registrar.instances()) == before
