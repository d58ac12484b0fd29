"""Machines over the wire: what they get, what their keys are good for, and what is told of them."""

import json
import re
import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from moorage.cli import machinecalls
from moorage.domain.actions import OPERATIONS
from protocol.api import ECR, OWN, code_of
from protocol.machine import DENIED, UNKNOWN, Registrar, join, new_role, trust, unsigned
from protocol.people import ACCOUNT, EVERYTHING, OTHER_ACCOUNT, Key, People, policy, statement
from protocol.registry import Registry
from support.server import RunningServer
from support.wire import Wire


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


def test_a_crowd_that_asks_every_worker_at_once_gets_one_session(
    registrar: Registrar, role: str, wires: list[Wire]
) -> None:
    machine = registrar.machine(role)
    with ThreadPoolExecutor(len(wires)) as pool:
        assert len({key.id for key in pool.map(machine.credentials, wires)}) == 1


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
