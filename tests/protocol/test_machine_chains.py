"""What a machine's credentials opened by AssumeRole ends with the machine, through roles, and accounts, and workers."""

import json
from collections.abc import Callable
from dataclasses import dataclass

import pytest

from protocol.api import OWN
from protocol.machine import Machine, Registrar, delete_role, new_role, trust
from protocol.people import ACCOUNT, EVERYTHING, OTHER_ACCOUNT, Key, People
from protocol.registry import Registry
from protocol.test_sessions import read_session
from support.server import RunningServer
from support.wire import Wire

BOTH = {"AWS": [ACCOUNT, OTHER_ACCOUNT], "Service": "ec2.amazonaws.com"}


@dataclass(frozen=True, slots=True)
class Held:
    """A session with the passwords made with it: ECR's, and a narrow one."""

    key: Key
    passwords: tuple[str, str]

    def uses(self, wires: list[Wire]) -> set[tuple[int, ...]]:
        return {
            (
                self.key.api(wire).call("DescribeRegistry").status,
                *(Registry(wire, one).ask("GET", "/v2/").status for one in self.passwords),
            )
            for wire in wires
        }


GOOD, OVER = {(200, 200, 200)}, {(400, 401, 401)}


@pytest.fixture
def foreign_role(stranger: Key, wire: Wire, role: str) -> str:
    """Make a role of the other account that trusts the first one."""
    api = stranger.api(wire)
    made = api.query("iam.CreateRole", {"RoleName": role, "AssumeRolePolicyDocument": trust({"AWS": ACCOUNT})})
    assert made.status == 200, made.text
    allow = {"RoleName": role, "PolicyName": "own", "PolicyDocument": json.dumps(EVERYTHING)}
    assert api.query("iam.PutRolePolicy", allow).status == 200
    return f"arn:aws:iam::{OTHER_ACCOUNT}:role/{role}"


@pytest.fixture
def role(people: People) -> str:
    return new_role(people, EVERYTHING, trust(BOTH))


def arn(role: str) -> str:
    return f"arn:aws:iam::{ACCOUNT}:role/{role}"


@dataclass(frozen=True, slots=True)
class Chainer:
    """Opens sessions with sessions."""

    server: RunningServer
    wire: Wire

    def hold(self, key: Key) -> Held:
        asked = {"actions": ["pull"], "repositories": ["*"]}
        narrow = json.loads(key.api(self.wire).call("CreateToken", asked, prefix=OWN).body)["password"]
        return Held(key, (key.password(self.server), self.server.secret(narrow)))

    def assume(self, key: Key, role_arn: str) -> Key:
        asked = {"RoleArn": role_arn, "RoleSessionName": "job"}
        return read_session(key.api(self.wire).query("sts.AssumeRole", asked), self.server)

    def chains(self, machine: Machine, role: str, people: People, foreign: str) -> list[Held]:
        """Hold what comes from a machine: its role once more, another one, another account's, and one from there."""
        first = machine.credentials(self.wire)
        again = self.assume(first, arn(role))
        other = self.assume(again, arn(new_role(people, EVERYTHING, trust(BOTH))))
        abroad = self.assume(other, foreign)
        back = self.assume(abroad, arn(new_role(people, EVERYTHING, trust(BOTH))))
        return list(map(self.hold, (first, again, other, abroad, back)))


@pytest.fixture
def chainer(server: RunningServer, wire: Wire) -> Chainer:
    return Chainer(server, wire)


def revoke(registrar: Registrar, machine: Machine, _people: People, _role: str) -> None:
    assert registrar.own("RevokeInstance", instanceId=machine.id).status == 200


def delete(_registrar: Registrar, _machine: Machine, people: People, role: str) -> None:
    delete_role(people, role)


@pytest.mark.parametrize("end", [revoke, delete], ids=["the machine is revoked", "its role is deleted"])
def test_what_comes_from_a_machine_ends_with_it_in_every_account_and_worker(  # noqa: PLR0913, PLR0917 - fixtures
    registrar: Registrar,
    people: People,
    role: str,
    foreign_role: str,
    chainer: Chainer,
    wires: list[Wire],
    end: Callable[[Registrar, Machine, People, str], None],
) -> None:
    machine = registrar.machine(role)
    held = chainer.chains(machine, role, people, foreign_role)
    assert [one.uses(wires) for one in held] == [GOOD] * len(held)
    end(registrar, machine, people, role)
    assert [one.uses(wires) for one in held] == [OVER] * len(held)
    assert {machine.ask(wire).status for wire in wires} == {400}


def test_what_comes_from_others_goes_on(  # noqa: PLR0913, PLR0917 - fixtures
    registrar: Registrar, people: People, role: str, foreign_role: str, chainer: Chainer, wires: list[Wire]
) -> None:
    machine, other = registrar.machine(role), registrar.machine(role)
    chainer.chains(machine, role, people, foreign_role)
    held = chainer.chains(other, role, people, foreign_role)
    held += [chainer.hold(chainer.assume(people.new(EVERYTHING), arn(role)))]
    revoke(registrar, machine, people, role)
    assert [one.uses(wires) for one in held] == [GOOD] * len(held)


def test_a_session_of_a_revoked_machine_opens_none(
    registrar: Registrar, people: People, role: str, chainer: Chainer, wires: list[Wire]
) -> None:
    machine = registrar.machine(role)
    first = chainer.assume(machine.credentials(chainer.wire), arn(role))
    revoke(registrar, machine, people, role)
    asked = {"RoleArn": arn(role), "RoleSessionName": "job"}
    answers = [first.api(wire).query("sts.AssumeRole", asked) for wire in wires]
    assert {(answer.status, "InvalidClientTokenId" in answer.text) for answer in answers} == {(403, True)}
