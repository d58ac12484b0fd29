"""Who may make machines, of which role, and list and end them."""

import pytest

from protocol.api import code_of, message_of
from protocol.machine import DENIED, EC2, Registrar, new_role, trust
from protocol.people import ACCOUNT, EVERYTHING, OTHER_ACCOUNT, People, everything_but, policy, statement
from support.server import RunningServer
from support.wire import Wire


@pytest.fixture
def role(people: People) -> str:
    return new_role(people)


def arn(role: str) -> str:
    return f"arn:aws:iam::{ACCOUNT}:role/{role}"


def test_whoever_registers_needs_leave_and_may_pass_the_role_on(
    people: People, role: str, wire: Wire, server: RunningServer
) -> None:
    own = statement("Allow", "moorage:RegisterInstance")
    passes = statement("Allow", "iam:PassRole", arn(role))
    to_machines = passes | {"Condition": {"StringEquals": {"iam:PassedToService": "ec2.amazonaws.com"}}}
    to_others = passes | {"Condition": {"StringEquals": {"iam:PassedToService": "ecs-tasks.amazonaws.com"}}}
    seen = {}
    user = people.new(EVERYTHING)
    for name, what in {
        "both": policy(own, to_machines),
        "no leave": policy(to_machines),
        "no PassRole": policy(own),
        "of another role": policy(own, statement("Allow", "iam:PassRole", arn("other"))),
        "to another service": policy(own, to_others),
        "everything but": everything_but("iam:PassRole"),
    }.items():
        people.give(user.name, what)
        seen[name] = Registrar(wire, server, user).own("RegisterInstance", roleName=role)
    assert {name: answer.status for name, answer in seen.items()} == dict.fromkeys(seen, 400) | {"both": 200}
    assert {code_of(answer) for name, answer in seen.items() if name != "both"} == {DENIED}
    message = message_of(seen["no PassRole"])
    assert f"user/{user.name} is not authorized to perform: iam:PassRole on resource: role {role} " in message


def test_nobody_without_leave_learns_whether_a_role_is_there(people: People, wire: Wire, server: RunningServer) -> None:
    user = people.new(policy(statement("Allow", "moorage:RegisterInstance")))
    registrar, there = Registrar(wire, server, user), new_role(people, path="/secret/place/")
    told = {
        name: message_of(registrar.own("RegisterInstance", roleName=name)).replace(name, "NAME")
        for name in (there, "nowhere-to-be-found")
    }
    assert len(set(told.values())) == 1
    assert "secret" not in told[there]


@pytest.mark.parametrize(
    "document",
    [
        trust({"AWS": ACCOUNT}),
        trust("*"),
        trust({"Service": "ecs-tasks.amazonaws.com"}),
        trust({"Federated": "ec2.amazonaws.com"}),
        trust(EC2, Action="sts:TagSession"),
        trust(EC2, Condition={"StringEquals": {"aws:SourceAccount": OTHER_ACCOUNT}}),
        trust(EC2).replace('"Allow"', '"Deny"'),
    ],
    ids=[
        "the account",
        "anybody",
        "another service",
        "an identity provider",
        "another action",
        "a condition",
        "a denial",
    ],
)
def test_a_role_that_does_not_trust_machines_is_not_given_to_any(
    registrar: Registrar, people: People, wire: Wire, document: str
) -> None:
    refused = registrar.own("RegisterInstance", roleName=new_role(people, document=document))
    assert code_of(refused) == DENIED
    assert "does not allow the service ec2.amazonaws.com to perform sts:AssumeRole" in message_of(refused)
    role = new_role(people)
    machine = registrar.machine(role)
    assert machine.ask(wire).status == 200
    people.iam.update_assume_role_policy(RoleName=role, PolicyDocument=document)
    refused = machine.ask(wire)
    assert (code_of(refused), "does not allow the service" in message_of(refused)) == (DENIED, True)
    people.iam.update_assume_role_policy(RoleName=role, PolicyDocument=trust())
    assert machine.ask(wire).status == 200


def test_trust_may_ask_about_the_account_and_the_machine(registrar: Registrar, people: People, wire: Wire) -> None:
    conditions = {
        "StringEquals": {"aws:SourceAccount": ACCOUNT, "aws:PrincipalServiceName": "ec2.amazonaws.com"},
        "ArnLike": {"aws:SourceArn": f"arn:aws:ec2:*:{ACCOUNT}:instance/i-*"},
        "Bool": {"aws:PrincipalIsAWSService": "true"},
    }
    role = new_role(people, document=trust(EC2, Condition=conditions))
    assert registrar.machine(role).ask(wire).status == 200


@pytest.mark.parametrize("name", ["nowhere", "", "a/b", "x" * 2000, "../admin", "*"])
def test_a_role_that_is_not_there_is_told(registrar: Registrar, name: str) -> None:
    assert code_of(registrar.own("RegisterInstance", roleName=name)) == "ResourceNotFoundException"


@pytest.mark.parametrize("operation", ["ListInstances", "RevokeInstance"])
def test_lists_and_ends_need_leave(
    people: People, registrar: Registrar, wire: Wire, server: RunningServer, operation: str
) -> None:
    machine_id, _ = registrar.register(new_role(people))
    members = {"instanceId": machine_id} if operation == "RevokeInstance" else {}
    user = people.new(everything_but(f"moorage:{operation}"))
    assert code_of(Registrar(wire, server, user).own(operation, **members)) == DENIED
    people.give(user.name, policy(statement("Allow", f"moorage:{operation}")))
    assert Registrar(wire, server, user).own(operation, **members).status == 200


def test_an_instance_that_is_not_there_is_told(registrar: Registrar) -> None:
    for name in ("i-00000000000000000", "", "*"):
        assert code_of(registrar.own("RevokeInstance", instanceId=name)) == "ResourceNotFoundException"
