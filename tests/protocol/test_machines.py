"""Machines over the wire: who makes them, what joins, what their keys are good for, and their end in every worker."""

import json
import re
import threading
import time
from collections.abc import Iterator

import pytest

from moorage.cli import machinecalls
from moorage.domain.actions import OPERATIONS
from protocol.api import ECR, OWN, code_of, message_of
from protocol.machine import EC2, Machine, Registrar, delete_role, join, new_role, read_machine, trust, unsigned
from protocol.people import ACCOUNT, EVERYTHING, OTHER_ACCOUNT, Key, People, everything_but, policy, statement
from protocol.registry import Registry
from support.server import RunningServer
from support.wire import Wire

_CONNECTIONS = 12  # enough that each of two workers has some
DENIED, UNKNOWN = "AccessDeniedException", "UnrecognizedClientException"


@pytest.fixture
def wires(server: RunningServer) -> Iterator[list[Wire]]:
    opened = [Wire(server.host) for _ in range(_CONNECTIONS)]
    yield opened
    for wire in opened:
        wire.close()


@pytest.fixture
def registrar(wire: Wire, server: RunningServer, root: Key) -> Registrar:
    return Registrar(wire, server, root)


@pytest.fixture
def role(people: People) -> str:
    return new_role(people)


def arn(role: str, path: str = "/") -> str:
    return f"arn:aws:iam::{ACCOUNT}:role{path}{role}"


# What a machine gets.


def test_a_machine_has_its_roles_credentials(
    registrar: Registrar, role: str, wire: Wire, repository: str, server: RunningServer
) -> None:
    machine = registrar.machine(role)
    assert re.fullmatch(r"i-[0-9a-f]{17}", machine.id)
    key = machine.credentials(wire)
    assert (key.id[:4], key.name) == ("ASIA", role)
    who = key.api(wire).query("sts.GetCallerIdentity", {}).text
    assert f"<Arn>arn:aws:sts::{ACCOUNT}:assumed-role/{role}/{machine.id}</Arn>" in who
    assert f":{machine.id}</UserId>" in who
    assert key.api(wire).call("ListImages", {"repositoryName": repository}).status == 200
    assert code_of(key.api(wire).call("DeleteRepository", {"repositoryName": repository})) == DENIED
    assert Registry(wire, key.password(server)).ask("GET", f"{repository}/tags/list").status == 200


def test_the_command_line_of_the_host_reads_the_answer(registrar: Registrar, people: People) -> None:
    role = new_role(people, path="/hosts/")
    machine = registrar.machine(role)
    found = machine.fetch()
    assert (found.role_name, found.role_arn) == (role, arn(role, "/hosts/"))
    assert found.instance_profile_arn == f"arn:aws:iam::{ACCOUNT}:instance-profile/hosts/{role}"
    assert 5 * 3600 < found.expiration.timestamp() - time.time() <= 6 * 3600
    registrar.own("RevokeInstance", instanceId=machine.id)
    with pytest.raises(machinecalls.Refused) as refused:
        machine.fetch()
    assert refused.value.code == UNKNOWN


def test_a_machine_that_asks_again_gets_the_same_credentials_for_a_while(
    registrar: Registrar, role: str, wires: list[Wire]
) -> None:
    machine, other = registrar.machine(role), registrar.machine(role)
    assert len({machine.credentials(wire).id for wire in wires}) == 1
    assert other.credentials(wires[0]).id != machine.credentials(wires[0]).id


def test_conditions_know_the_machine_and_its_role_as_ec2s(
    registrar: Registrar, people: People, wire: Wire, repository: str
) -> None:
    role = new_role(people)
    machine, other = registrar.machine(role), registrar.machine(role)
    instance = f"arn:aws:ec2:us-east-1:{ACCOUNT}:instance/{machine.id}"
    only = statement("Allow", "ecr:ListImages") | {"Condition": {"ArnEquals": {"ec2:SourceInstanceARN": instance}}}
    people.iam.put_role_policy(RoleName=role, PolicyName="own", PolicyDocument=json.dumps(policy(only)))
    asked = {"repositoryName": repository}
    assert machine.credentials(wire).api(wire).call("ListImages", asked).status == 200
    assert code_of(other.credentials(wire).api(wire).call("ListImages", asked)) == DENIED


def test_an_instance_profile_leads_to_its_role(registrar: Registrar, people: People, role: str, wire: Wire) -> None:
    profile = f"profile-of-{role}"
    people.iam.create_instance_profile(InstanceProfileName=profile, Path="/some/")
    assert code_of(registrar.own("RegisterInstance", roleName=profile)) == "ResourceNotFoundException"
    people.iam.add_role_to_instance_profile(InstanceProfileName=profile, RoleName=role)
    told = json.loads(registrar.machine(profile).ask(wire).body)
    assert (told["roleName"], told["roleArn"]) == (role, arn(role))
    assert told["instanceProfileArn"] == f"arn:aws:iam::{ACCOUNT}:instance-profile/some/{profile}"


# Joining.


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
    assert all(f"used already, by the instance {machine_id}" in message_of(answer) for answer in lost)
    winner = read_machine(won, server)
    assert winner.id == machine_id
    assert {winner.ask(wire).status for wire in wires} == {200}


def test_a_token_is_good_once(registrar: Registrar, role: str, wire: Wire) -> None:
    machine_id, token = registrar.register(role)
    assert registrar.state_of(machine_id) == "waiting"
    registrar.joined(token)
    assert registrar.state_of(machine_id) == "joined"
    again = join(wire, token)
    assert (code_of(again), "has been used already" in message_of(again)) == (DENIED, True)


def test_a_token_is_good_for_a_while(registrar: Registrar, role: str, wire: Wire) -> None:
    machine_id, token = registrar.register(role, ttl=1)
    time.sleep(1.1)
    late = join(wire, token)
    assert (code_of(late), "has expired" in message_of(late)) == (DENIED, True)
    assert registrar.state_of(machine_id) == "expired"


def test_a_token_of_a_revoked_machine_joins_nothing(registrar: Registrar, role: str, wire: Wire) -> None:
    machine_id, token = registrar.register(role)
    assert registrar.own("RevokeInstance", instanceId=machine_id).status == 200
    refused = join(wire, token)
    assert (code_of(refused), "has been revoked" in message_of(refused)) == (DENIED, True)


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
    assert code_of(unsigned(wire, "JoinInstance", members)) == code


@pytest.mark.parametrize("ttl", [0, -1, 86_401, 10**30])
def test_a_span_that_is_none_is_refused(registrar: Registrar, role: str, ttl: int) -> None:
    before = len(registrar.instances())
    answer = registrar.own("RegisterInstance", roleName=role, ttl=ttl)
    assert code_of(answer) in {"InvalidParameterException", "SerializationException"}
    assert len(registrar.instances()) == before


# Who may make machines, and of which role.


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
        trust(EC2, Action="sts:TagSession"),
        trust(EC2, Condition={"StringEquals": {"aws:SourceAccount": OTHER_ACCOUNT}}),
        trust(EC2).replace('"Allow"', '"Deny"'),
    ],
    ids=["the account", "anybody", "another service", "another action", "a condition", "a denial"],
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


# What a machine's key is good for.


def test_a_machines_key_opens_nothing_else(registrar: Registrar, role: str, wire: Wire) -> None:
    machine = registrar.machine(role)
    for key in OPERATIONS:
        service, _, operation = key.partition(".")
        if " " in operation or operation in {"GetInstanceCredentials", "JoinInstance", "AssumeRoleWithWebIdentity"}:
            continue
        if service in {"ecr", "moorage"}:
            answer = machine.api(wire).call(operation, {}, prefix=ECR if service == "ecr" else OWN)
            assert (key, code_of(answer)) == (key, UNKNOWN)
        elif operation != "PassRole":
            answer = machine.api(wire).query(key, {})
            assert (key, answer.status, "InvalidClientTokenId" in answer.text) == (key, 403, True)


def test_nobody_else_gets_a_machines_credentials(
    registrar: Registrar, role: str, wire: Wire, root: Key, people: People
) -> None:
    machine = registrar.machine(role)
    credentials = machine.credentials(wire)
    forged = Key(machine.key.id, "not its secret")
    with_token = Key(machine.key.id, machine.key.secret, token=credentials.token)
    seen = [
        code_of(key.api(wire).call("GetInstanceCredentials", prefix=OWN))
        for key in (root, people.new(EVERYTHING), credentials, with_token, forged)
    ]
    assert seen == [UNKNOWN, UNKNOWN, UNKNOWN, UNKNOWN, "InvalidSignatureException"]
    assert code_of(unsigned(wire, "GetInstanceCredentials", {})) == "MissingAuthenticationTokenException"
    signed = machine.api(wire).signed(f"{OWN}.GetInstanceCredentials", b"{}")  # for ECR, not for this service
    assert code_of(machine.api(wire).deliver(signed, b"{}")) == "InvalidSignatureException"


# Their end.


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


def test_what_a_machine_became_from_there_ends_with_its_own_time(
    registrar: Registrar, people: People, wire: Wire, server: RunningServer
) -> None:
    """A narrow token of a machine's session ends with the machine."""
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


# Accounts apart, and what is told.


def test_another_account_neither_sees_nor_ends_nor_makes_them(
    registrar: Registrar, role: str, wire: Wire, server: RunningServer, stranger: Key
) -> None:
    machine_id, token = registrar.register(role)
    others = Registrar(wire, server, stranger)
    assert machine_id not in {one["instanceId"] for one in others.instances()}
    assert code_of(others.own("RevokeInstance", instanceId=machine_id)) == "ResourceNotFoundException"
    assert code_of(others.own("RegisterInstance", roleName=role)) == "ResourceNotFoundException"
    joined = json.loads(join(wire, token).body)
    server.secret(joined["secret"])
    assert joined["accountId"] == ACCOUNT


def test_a_token_of_another_account_gives_that_accounts_role(
    wire: Wire, server: RunningServer, stranger: Key, role: str
) -> None:
    """A role of the same name in the first account is not meant, and its policies do not speak of the machine."""
    api = stranger.api(wire)
    assert api.query("iam.CreateRole", {"RoleName": role, "AssumeRolePolicyDocument": trust()}).status == 200
    machine = Registrar(wire, server, stranger).machine(role)
    key = machine.credentials(wire)
    who = key.api(wire).query("sts.GetCallerIdentity", {}).text
    assert f"<Arn>arn:aws:sts::{OTHER_ACCOUNT}:assumed-role/{role}/{machine.id}</Arn>" in who
    assert code_of(key.api(wire).call("DescribeRepositories", {"registryId": ACCOUNT})) == DENIED


def test_a_list_tells_what_is_no_secret(
    registrar: Registrar, role: str, server: RunningServer, people: People, wire: Wire
) -> None:
    user = people.new(EVERYTHING)
    machine_id, token = Registrar(wire, server, user).register(role)
    machine = registrar.joined(token)
    machine.credentials(wire)
    (told,) = [one for one in registrar.instances() if one["instanceId"] == machine_id]
    assert told["registeredBy"] == f"arn:aws:iam::{ACCOUNT}:user/{user.name}"
    assert (told["state"], told["roleName"], told["region"]) == ("joined", role, "us-east-1")
    assert told.keys() == {
        *("instanceId", "state", "region", "roleName", "registeredBy", "createdAt", "joinExpiresAt", "joinedAt")
    }


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
