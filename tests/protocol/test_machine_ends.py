"""The end of machines, at the next request and in every worker: their keys, and whatever was made with them."""

import json

import pytest

from protocol.api import OWN, code_of
from protocol.machine import DENIED, UNKNOWN, Machine, Registrar, delete_role, join, new_role, trust
from protocol.people import EVERYTHING, Key, People
from protocol.registry import Registry
from support.server import RunningServer
from support.wire import Wire


@pytest.fixture
def role(people: People) -> str:
    return new_role(people)


def uses(machine: Machine, key: Key, password: str, name: str, wires: list[Wire]) -> set[tuple[int, int, int]]:
    """Ask for credentials, call with those there are, and pull by their password, on each connection."""
    asked = {"repositoryName": name}
    return {
        (
            machine.ask(wire).status,
            key.api(wire).call("ListImages", asked).status,
            Registry(wire, password).ask("GET", f"{name}/tags/list").status,
        )
        for wire in wires
    }


def test_a_revoked_machine_is_nobody_in_every_worker(
    registrar: Registrar, role: str, wires: list[Wire], repository: str, server: RunningServer
) -> None:
    machine, other = registrar.machine(role), registrar.machine(role)
    key, others = machine.credentials(wires[0]), other.credentials(wires[0])
    password, others_password = key.password(server), others.password(server)
    assert uses(machine, key, password, repository, wires) == {(200, 200, 200)}
    assert registrar.own("RevokeInstance", instanceId=machine.id).status == 200
    assert uses(machine, key, password, repository, wires) == {(400, 400, 401)}
    assert code_of(machine.ask(wires[0])) == UNKNOWN
    assert uses(other, others, others_password, repository, wires) == {(200, 200, 200)}
    assert (registrar.state_of(machine.id), registrar.state_of(other.id)) == ("revoked", "joined")
    assert registrar.own("RevokeInstance", instanceId=machine.id).status == 200


def test_a_narrow_token_of_a_machine_s_session_ends_with_the_machine(
    registrar: Registrar, people: People, wire: Wire, server: RunningServer
) -> None:
    role = new_role(people, EVERYTHING)
    machine = registrar.machine(role)
    key = machine.credentials(wire)
    asked = {"actions": ["pull"], "repositories": ["*"]}
    narrow = server.secret(json.loads(key.api(wire).call("CreateToken", asked, prefix=OWN).body)["password"])
    assert Registry(wire, narrow).ask("GET", "/v2/").status == 200
    registrar.own("RevokeInstance", instanceId=machine.id)
    assert Registry(wire, narrow).ask("GET", "/v2/").status == 401


def test_a_deleted_role_ends_its_machines(
    registrar: Registrar, people: People, wires: list[Wire], repository: str, server: RunningServer
) -> None:
    role = new_role(people)
    machine, (waiting, token) = registrar.machine(role), registrar.register(role)
    key = machine.credentials(wires[0])
    password = key.password(server)
    assert uses(machine, key, password, repository, wires) == {(200, 200, 200)}
    delete_role(people, role)
    assert uses(machine, key, password, repository, wires) == {(400, 400, 401)}
    assert (registrar.state_of(machine.id), registrar.state_of(waiting)) == ("revoked", "revoked")
    people.iam.create_role(RoleName=role, AssumeRolePolicyDocument=trust())
    assert uses(machine, key, password, repository, wires) == {(400, 400, 401)}
    assert code_of(join(wires[0], token)) == DENIED
