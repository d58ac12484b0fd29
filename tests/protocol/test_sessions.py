"""Sessions and the docker passwords they make: their end, and what takes them back at once in every worker."""

import itertools
import json
import re
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import pytest

from protocol.api import code_of
from protocol.people import ACCOUNT, EVERYTHING, Key, People, policy, statement
from protocol.registry import Registry
from support.server import RunningServer
from support.wire import Answer, Wire

_NUMBERS = itertools.count(1)
LIST = policy(statement("Allow", ["ecr:GetAuthorizationToken", "ecr:ListImages"]))


def trust(*arns: str) -> str:
    entry = {"Effect": "Allow", "Principal": {"AWS": list(arns)}, "Action": "sts:AssumeRole"}
    return json.dumps({"Version": "2012-10-17", "Statement": [entry]})


def read_session(answer: Answer, server: RunningServer) -> Key:
    """Read temporary credentials out of an answer of STS."""
    assert answer.status == 200, answer.text
    found = {
        name: re.findall(f"<{name}>([^<]+)<", answer.text)[0]
        for name in ("AccessKeyId", "SecretAccessKey", "SessionToken", "Expiration")
    }
    for name in ("SecretAccessKey", "SessionToken"):
        server.secret(found[name])
    return Key(found["AccessKeyId"], found["SecretAccessKey"], found["Expiration"], found["SessionToken"])


@dataclass(frozen=True, slots=True)
class Role:
    """A role, the user who becomes it, and a session with a docker password on many connections."""

    name: str
    user: Key
    session: Key
    password: str
    repository: str
    wires: list[Wire]

    def pulls(self) -> set[int]:
        return {Registry(wire, self.password).ask("GET", f"{self.repository}/tags/list").status for wire in self.wires}

    def calls(self) -> set[int]:
        asked = {"repositoryName": self.repository}
        return {self.session.api(wire).call("ListImages", asked).status for wire in self.wires}


@pytest.fixture
def role(people: People, server: RunningServer, repository: str, wires: list[Wire]) -> Role:
    user = people.new(policy(statement("Allow", "sts:AssumeRole")))
    name = f"session-role-{next(_NUMBERS)}"
    arn = f"arn:aws:iam::{ACCOUNT}:user/{user.name}"
    people.iam.create_role(RoleName=name, AssumeRolePolicyDocument=trust(arn))
    people.iam.put_role_policy(RoleName=name, PolicyName="own", PolicyDocument=json.dumps(LIST))
    session = assume(wires[0], user, server, name)
    made = Role(name, user, session, session.password(server), repository, wires)
    assert (made.pulls(), made.calls()) == ({200}, {200})
    return made


def assume(wire: Wire, user: Key, server: RunningServer, name: str, **members: str) -> Key:
    asked = {"RoleArn": f"arn:aws:iam::{ACCOUNT}:role/{name}", "RoleSessionName": "job", "DurationSeconds": "900"}
    return read_session(user.api(wire).query("sts.AssumeRole", asked | members), server)


def expiry_of(key: Key, wire: Wire) -> float:
    told = key.api(wire).call("GetAuthorizationToken").read("authorizationData.0.expiresAt")
    return float(str(told))


# Their end.


def test_a_password_of_a_role_s_session_ends_with_the_session(role: Role) -> None:
    end = datetime.fromisoformat(role.session.name).timestamp()
    assert expiry_of(role.session, role.wires[0]) == pytest.approx(end, abs=1.1)


def test_a_password_of_a_long_session_ends_after_twelve_hours(
    people: People, server: RunningServer, wire: Wire
) -> None:
    user = people.new(EVERYTHING)
    session = read_session(user.api(wire).query("sts.GetSessionToken", {"DurationSeconds": "129600"}), server)
    assert expiry_of(session, wire) - time.time() == pytest.approx(12 * 3600, abs=60)


# Taken back: on every connection, for the session's own calls and for the password it made before.


def deny_older(people: People, role: Role) -> None:
    """AWS's own way to revoke sessions: whatever was issued before now is denied."""
    now = datetime.fromtimestamp(time.time() + 2, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    denial = {**statement("Deny", "*"), "Condition": {"DateLessThan": {"aws:TokenIssueTime": now}}}
    document = json.dumps(policy(denial))
    people.iam.put_role_policy(RoleName=role.name, PolicyName="AWSRevokeOlderSessions", PolicyDocument=document)


def bound(people: People, role: Role) -> None:
    arn = "arn:aws:iam::aws:policy/AmazonEC2ContainerRegistryPullOnly"
    people.iam.put_role_permissions_boundary(RoleName=role.name, PermissionsBoundary=arn)


def lose_policy(people: People, role: Role) -> None:
    people.iam.delete_role_policy(RoleName=role.name, PolicyName="own")


def delete_role(people: People, role: Role) -> None:
    lose_policy(people, role)
    people.iam.delete_role(RoleName=role.name)


def make_anew(people: People, role: Role) -> None:
    """Make another role under the name."""
    delete_role(people, role)
    arn = f"arn:aws:iam::{ACCOUNT}:user/{role.user.name}"
    people.iam.create_role(RoleName=role.name, AssumeRolePolicyDocument=trust(arn))
    people.iam.put_role_policy(RoleName=role.name, PolicyName="own", PolicyDocument=json.dumps(EVERYTHING))


@pytest.mark.parametrize(
    ("change", "pulled"),
    [(deny_older, 403), (bound, 403), (lose_policy, 403), (delete_role, 401), (make_anew, 401)],
    ids=lambda value: getattr(value, "__name__", str(value)),
)
def test_what_is_taken_from_a_role_is_taken_from_its_sessions_at_once(
    role: Role, people: People, change: Callable[[People, Role], None], pulled: int
) -> None:
    change(people, role)
    assert (role.pulls(), role.calls()) == ({pulled}, {400})


def test_sessions_opened_after_a_revocation_are_good(role: Role, people: People, server: RunningServer) -> None:
    past = {**statement("Deny", "*"), "Condition": {"DateLessThan": {"aws:TokenIssueTime": "2020-01-01T00:00:00Z"}}}
    people.iam.put_role_policy(RoleName=role.name, PolicyName="revoke", PolicyDocument=json.dumps(policy(past)))
    assert (role.pulls(), role.calls()) == ({200}, {200})
    assert assume(role.wires[0], role.user, server, role.name).password(server)


def test_trust_that_is_withdrawn_opens_no_more_sessions_and_ends_none(role: Role, people: People) -> None:
    """As in AWS: whom a role trusts is asked when a session is opened."""
    people.iam.update_assume_role_policy(RoleName=role.name, PolicyDocument=trust(f"arn:aws:iam::{ACCOUNT}:root"))
    people.give(role.user.name, policy(statement("Deny", "sts:AssumeRole")))
    asked = {"RoleArn": f"arn:aws:iam::{ACCOUNT}:role/{role.name}", "RoleSessionName": "job"}
    statuses = {role.user.api(wire).query("sts.AssumeRole", asked).status for wire in role.wires}
    assert (statuses, role.pulls(), role.calls()) == ({403}, {200}, {200})


def test_a_managed_policy_s_new_version_counts_for_passwords_that_are_out(role: Role, people: People) -> None:
    name = f"{role.name}-policy"
    arn = people.iam.create_policy(PolicyName=name, PolicyDocument=json.dumps(LIST))["Policy"]["Arn"]
    people.iam.attach_role_policy(RoleName=role.name, PolicyArn=arn)
    lose_policy(people, role)
    assert (role.pulls(), role.calls()) == ({200}, {200})
    nothing = json.dumps(policy(statement("Allow", "ecr:GetAuthorizationToken")))
    people.iam.create_policy_version(PolicyArn=arn, PolicyDocument=nothing, SetAsDefault=True)
    assert (role.pulls(), role.calls()) == ({403}, {400})
    people.iam.set_default_policy_version(PolicyArn=arn, VersionId="v1")
    assert (role.pulls(), role.calls()) == ({200}, {200})
    people.iam.detach_role_policy(RoleName=role.name, PolicyArn=arn)
    assert (role.pulls(), role.calls()) == ({403}, {400})


def test_a_session_policy_cuts_the_password_down_too(role: Role, server: RunningServer) -> None:
    cut = json.dumps(policy(statement("Allow", "ecr:GetAuthorizationToken")))
    session = assume(role.wires[0], role.user, server, role.name, Policy=cut)
    narrow = Registry(role.wires[0], session.password(server))
    assert narrow.ask("GET", "/v2/").status == 200
    assert narrow.ask("GET", f"{role.repository}/tags/list").status == 403


# Users' passwords that are out: groups, boundaries, and the session of a user.


@dataclass(frozen=True, slots=True)
class Member:
    name: str
    passwords: tuple[str, str]  # one made with the key, one with a session of it
    repository: str
    wires: list[Wire]

    def pulls(self) -> set[int]:
        path = f"{self.repository}/tags/list"
        return {Registry(wire, one).ask("GET", path).status for wire in self.wires for one in self.passwords}


@pytest.fixture
def group(people: People) -> str:
    name = f"group-{next(_NUMBERS)}"
    people.iam.create_group(GroupName=name)
    people.iam.put_group_policy(GroupName=name, PolicyName="own", PolicyDocument=json.dumps(LIST))
    return name


@pytest.fixture
def member(people: People, server: RunningServer, group: str, repository: str, wires: list[Wire]) -> Member:
    user = people.new(policy(statement("Allow", "sts:GetSessionToken")))
    people.iam.add_user_to_group(GroupName=group, UserName=user.name)
    session = read_session(user.api(wires[0]).query("sts.GetSessionToken", {}), server)
    made = Member(user.name, (user.password(server), session.password(server)), repository, wires)
    assert made.pulls() == {200}
    return made


CHANGES: Mapping[str, Callable[[Any, str, str], object]] = {
    "left": lambda iam, group, name: iam.remove_user_from_group(GroupName=group, UserName=name),
    "emptied": lambda iam, group, _: iam.delete_group_policy(GroupName=group, PolicyName="own"),
    "denied": lambda iam, group, _: iam.put_group_policy(
        GroupName=group, PolicyName="no", PolicyDocument=json.dumps(policy(statement("Deny", "ecr:ListImages")))
    ),
    "bounded": lambda iam, _, name: iam.put_user_permissions_boundary(
        UserName=name, PermissionsBoundary="arn:aws:iam::aws:policy/AmazonEC2ContainerRegistryPullOnly"
    ),
}


@pytest.mark.parametrize("how", CHANGES)
def test_what_a_group_or_a_boundary_takes_is_taken_from_passwords_that_are_out(
    member: Member, people: People, group: str, how: str
) -> None:
    CHANGES[how](people.iam, group, member.name)
    assert member.pulls() == {403}


# Every flaw of the credentials themselves, on the face that they are not for.


def test_a_session_s_key_without_its_token_or_with_another_s_is_nobody_s(role: Role, server: RunningServer) -> None:
    wire = role.wires[0]
    other = assume(wire, role.user, server, role.name)
    altered = f"{(role.session.token or '')[:-2]}AA"
    for token in (None, other.token, altered, "", role.password):
        forged = Key(role.session.id, role.session.secret, "forged", token)
        answer = forged.api(wire).call("ListImages", {"repositoryName": role.repository})
        assert code_of(answer) == "UnrecognizedClientException"
    assert {Registry(wire, token or "").ask("GET", "/v2/").status for token in (role.session.token, "")} == {401}


def test_a_signature_opens_no_registry_path(role: Role) -> None:
    """``/v2/`` takes passwords alone, whoever signed."""
    wire = role.wires[0]
    for headers in (role.session.api(wire).signed("x", b""), role.user.api(wire).signed("x", b"")):
        authorization = dict(headers)["authorization"]
        assert wire.ask("GET", "/v2/", {"Authorization": authorization}).status == 401


def test_a_jwt_opens_no_registry_path_whatever_its_header_says(role: Role) -> None:
    """There is no bearer token here: neither ``none`` nor an embedded key is ever looked at."""
    wire = role.wires[0]
    for text in ("eyJhbGciOiJub25lIn0.e30.", "eyJhbGciOiJSUzI1NiIsImp3ayI6e319.e30.AAAA"):
        for header in (f"Bearer {text}", f"Basic {text}"):
            assert wire.ask("GET", "/v2/", {"Authorization": header}).status == 401
