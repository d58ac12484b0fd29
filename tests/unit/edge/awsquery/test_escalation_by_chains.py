"""What one single change is good for: for every change that IAM knows, by somebody who may do that one alone.

Mallory's policies would allow everything; a boundary allows her one action, on what is her own. She does it in the
most hostile way there is, and then everything she has come to hold - herself, her keys, the roles she can become - is
measured with every action that there is, on her own things and on others'. Leave to set or to lift a boundary is leave
to do without one, and is none of this.
"""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from moorage.domain.actions import OPERATIONS
from moorage.edge.awsquery.edge import HANDLERS
from support.env import HOME, FrozenClock, close_env, configure_account, make_env
from support.iamcalls import DOCUMENT, Scene, trust_in
from unit.edge.awsquery.wire import Client, Refused, policy

MINE = "mallory"
IAM = f"arn:aws:iam::{HOME}:"
LIMIT = f"{IAM}policy/limits/limit"
OWN = f"{IAM}*/{MINE}*"
LISTS = "ecr:ListImages"
ACTIONS = sorted({name for needs in OPERATIONS.values() for name in needs.names} | {"sts:AssumeRole"})
PLACES = [f"{IAM}user/{MINE}", f"{IAM}role/admin", f"arn:aws:ecr:us-east-1:{HOME}:repository/app"]
READS = ("Get", "List", "Simulate")
FREES = {f"{verb}{noun}PermissionsBoundary" for verb in ("Put", "Delete") for noun in ("User", "Role")}
CHANGES = sorted(
    name.removeprefix("iam.")
    for name in HANDLERS
    if name.startswith("iam.") and not name.removeprefix("iam.").startswith(READS)
)
# They are about the whole account, a service's own role, or a role that is to be passed on: one action is not enough.
REFUSED = {
    "AddRoleToInstanceProfile",
    "CreateAccountAlias",
    "CreateServiceLinkedRole",
    "DeleteAccountAlias",
    "DeleteServiceLinkedRole",
}


@dataclass(frozen=True)
class Stage:
    """An account with an administrator's role, and somebody with a boundary."""

    root: Client
    mallory: Client
    scene: Scene

    def hostile(self, operation: str) -> Mapping[str, Any]:
        """Give the members of a call that hands out as much as it can, and to mallory."""
        members = dict(self.scene.members(operation))
        if "PolicyDocument" in members:
            members["PolicyDocument"] = DOCUMENT
        to_me = trust_in(HOME).replace(f'"{HOME}"', f'"{IAM}user/{MINE}"')
        if operation == "UpdateAssumeRolePolicy":
            members["PolicyDocument"] = to_me
        elif operation == "CreateRole":
            members["AssumeRolePolicyDocument"] = to_me
        elif operation == "CreatePolicyVersion":
            members["SetAsDefault"] = True
        return members

    def powers(self) -> set[tuple[str, str]]:
        """Tell what everything that mallory holds is allowed, and where."""
        sources = {self.mallory.call("GetCallerIdentity", "sts")["Arn"], *self._roles()}
        return {power for source in sources for power in self._allowed(source)}

    def _roles(self) -> Iterator[str]:
        for role in self.root.call("ListRoles")["Roles"]:
            try:
                self.mallory.call("AssumeRole", "sts", RoleArn=role["Arn"], RoleSessionName="try")
            except Refused as refused:
                if refused.code != "AccessDenied":
                    raise
            else:
                yield role["Arn"]

    def _allowed(self, source: str) -> Iterator[tuple[str, str]]:
        asked: dict[str, Any] = {
            "PolicySourceArn": source,
            "ActionNames": ACTIONS,
            "ResourceArns": PLACES,
            "MaxItems": 1000,
        }
        for one in self.root.call("SimulatePrincipalPolicy", **asked)["EvaluationResults"]:
            for each in one["ResourceSpecificResults"]:
                if each["EvalResourceDecision"] == "allowed":
                    yield one["EvalActionName"], each["EvalResourceName"]


def bounded_to(action: str) -> str:
    document = json.loads(policy("Allow", f"iam:{action}", resource=OWN))
    document["Statement"].append(json.loads(policy("Allow", LISTS))["Statement"][0])
    return json.dumps(document)


@pytest.fixture
def stage(tmp_path: Path, operation: str) -> Iterator[Stage]:
    env = make_env(tmp_path, FrozenClock())
    root = Client(env, configure_account(env, HOME))
    root.call("CreateRole", RoleName="admin", AssumeRolePolicyDocument=trust_in(HOME))
    root.call("PutRolePolicy", RoleName="admin", PolicyName="p", PolicyDocument=DOCUMENT)
    root.call("CreatePolicy", PolicyName="limit", Path="/limits/", PolicyDocument=bounded_to(operation))
    mallory = root.new_user(MINE)
    second = "A" * 20
    if operation in {"UpdateAccessKey", "DeleteAccessKey"}:
        second = root.call("CreateAccessKey", UserName=MINE)["AccessKey"]["AccessKeyId"]
    scene = Scene(HOME, MINE, second)
    scene.build(root.call)
    root.call("PutUserPermissionsBoundary", UserName=MINE, PermissionsBoundary=LIMIT)
    root.call("PutRolePermissionsBoundary", RoleName=scene.role, PermissionsBoundary=LIMIT)
    yield Stage(root, mallory, scene)
    close_env(env)


@pytest.mark.parametrize("operation", [name for name in CHANGES if name not in FREES])
def test_no_single_change_is_worth_more_than_itself(stage: Stage, operation: str) -> None:
    most = {(f"iam:{operation}", PLACES[0]), *((LISTS, place) for place in PLACES)}
    assert stage.powers() == most
    code, mallory = "", stage.mallory
    try:
        answer = mallory.call(operation, **stage.hostile(operation))
    except Refused as refused:
        code = refused.code
    else:
        if "AccessKey" in answer:
            mallory = mallory.as_key(answer["AccessKey"])
    assert (code == "AccessDenied") is (operation in REFUSED), code
    assert Stage(stage.root, mallory, stage.scene).powers() <= most


@pytest.mark.parametrize("operation", ["PutUserPolicy"])
def test_the_measure_sees_what_a_lifted_boundary_gives(stage: Stage) -> None:
    stage.root.call("DeleteUserPermissionsBoundary", UserName=MINE)
    assert ("iam:CreateUser", PLACES[1]) in stage.powers()
    assert len(stage.powers()) == len(ACTIONS) * len(PLACES)
