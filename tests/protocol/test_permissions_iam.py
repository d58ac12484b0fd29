"""Every operation of IAM needs just what the one table says (security: class B)."""

from collections.abc import Mapping
from dataclasses import dataclass

import pytest
from botocore import xform_name

from moorage.edge.awsquery.edge import HANDLERS
from protocol.api import Api
from protocol.people import ACCOUNT, EVERYTHING, Key, People, everything_but, policy, statement
from support.iamcalls import Scene, form_of
from support.server import RunningServer
from support.wire import Wire

BUILT = sorted(name for name in HANDLERS if name.startswith("iam."))
# What is about a user whom every test makes anew; the rest is about a scene that all of them share.
OF_USERS = [
    "iam.CreateAccessKey",
    "iam.CreateUser",
    "iam.DeleteAccessKey",
    "iam.DeleteUser",
    "iam.DeleteUserPolicy",
    "iam.GetUser",
    "iam.GetUserPolicy",
    "iam.ListAccessKeys",
    "iam.ListUserPolicies",
    "iam.ListUsers",
    "iam.PutUserPolicy",
    "iam.UpdateAccessKey",
]
UNBUILT = ["iam.CreateLoginProfile", "iam.CreateVirtualMFADevice", "iam.UploadSSHPublicKey", "iam.CreateSAMLProvider"]
_DOCUMENT = '{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"*","Resource":"*"}]}'


@dataclass(frozen=True, slots=True)
class Guarded:
    """A user with a key and a policy, and somebody else who asks."""

    target: Key
    caller: Key
    api: Api

    def parameters(self, operation: str) -> Mapping[str, str]:
        named = {"UserName": self.target.name}
        more: Mapping[str, Mapping[str, str]] = {
            "iam.CreateUser": {"UserName": f"{self.target.name}-made"},
            "iam.UpdateAccessKey": named | {"AccessKeyId": self.target.id, "Status": "Inactive"},
            "iam.DeleteAccessKey": named | {"AccessKeyId": self.target.id},
            "iam.PutUserPolicy": named | {"PolicyName": "more", "PolicyDocument": _DOCUMENT},
            "iam.GetUserPolicy": named | {"PolicyName": "own"},
            "iam.DeleteUserPolicy": named | {"PolicyName": "own"},
            "iam.ListUsers": {},
        }
        return more.get(operation, named)

    def arn(self, operation: str) -> str:
        name = self.parameters(operation).get("UserName", "*")
        return f"arn:aws:iam::{ACCOUNT}:user/{name}"

    def state(self, people: People) -> list[object]:
        """Tell everything that a call could have changed."""
        named = {"UserName": self.target.name}
        keys = people.iam.list_access_keys(**named)["AccessKeyMetadata"]
        own = people.iam.list_user_policies(**named)["PolicyNames"]
        users = [one["UserName"] for one in people.iam.list_users(MaxItems=1000)["Users"]]
        return [keys, own, people.iam.get_user(**named)["User"], users]


@pytest.fixture
def guarded(people: People, wire: Wire) -> Guarded:
    target, caller = people.new(EVERYTHING), people.new(EVERYTHING)
    return Guarded(target, caller, Api(wire, caller.id, caller.secret))


@pytest.mark.parametrize("operation", OF_USERS)
def test_without_its_action_an_operation_is_refused_in_its_name_and_nothing_changes(
    guarded: Guarded, people: People, operation: str
) -> None:
    before = guarded.state(people)
    action = operation.replace(".", ":")
    people.give(guarded.caller.name, everything_but(action))
    answer = guarded.api.query(operation, guarded.parameters(operation))
    assert (answer.status, "<Code>AccessDenied</Code>" in answer.text) == (403, True)
    assert f"user/{guarded.caller.name} is not authorized to perform: {action} on resource: " in answer.text
    assert guarded.state(people) == before


@pytest.mark.parametrize("operation", [name for name in OF_USERS if name != "iam.DeleteUser"])
def test_with_just_its_action_an_operation_works(guarded: Guarded, people: People, operation: str) -> None:
    allowed = policy(statement("Allow", operation.replace(".", ":"), guarded.arn(operation)))
    people.give(guarded.caller.name, allowed)
    answer = guarded.api.query(operation, guarded.parameters(operation))
    people.server.secret(answer.text.partition("<SecretAccessKey>")[2].partition("<")[0] or "no secret at all")
    assert answer.status == 200, answer.text


def test_with_just_its_action_a_user_may_be_deleted(guarded: Guarded, people: People) -> None:
    people.iam.create_user(UserName=f"{guarded.target.name}-made")
    arn = f"arn:aws:iam::{ACCOUNT}:user/{guarded.target.name}-made"
    people.give(guarded.caller.name, policy(statement("Allow", "iam:DeleteUser", arn)))
    assert guarded.api.query("iam.DeleteUser", {"UserName": f"{guarded.target.name}-made"}).status == 200


@pytest.mark.parametrize("operation", [name for name in OF_USERS if name != "iam.ListUsers"])
def test_leave_for_oneself_is_none_for_another(guarded: Guarded, people: People, operation: str) -> None:
    own = f"arn:aws:iam::{ACCOUNT}:user/{guarded.caller.name}"
    people.give(guarded.caller.name, policy(statement("Allow", "iam:*", own)))
    assert guarded.api.query(operation, guarded.parameters(operation)).status == 403


@pytest.mark.parametrize("operation", OF_USERS)
def test_nothing_is_done_in_another_account(stranger: Key, guarded: Guarded, people: People, operation: str) -> None:
    before = guarded.state(people)
    theirs = Api(guarded.api.wire, stranger.id, stranger.secret)
    answer = theirs.query(operation, guarded.parameters(operation))
    assert answer.status in ({200} if operation in {"iam.ListUsers", "iam.CreateUser"} else {404})
    assert guarded.target.name not in answer.text or operation != "iam.ListUsers"
    assert guarded.state(people) == before


@pytest.fixture(scope="module")
def scene(server: RunningServer) -> Scene:
    """Give one of each kind, which no test changes."""
    iam = server.boto3("iam")
    iam.create_user(UserName="scene")
    scene = Scene(ACCOUNT, "scene")
    scene.build(lambda operation, **members: getattr(iam, xform_name(operation))(**members))
    return scene


@pytest.mark.parametrize("operation", BUILT)
def test_whoever_may_do_everything_else_is_refused_in_the_action_s_name(
    people: People, wire: Wire, scene: Scene, operation: str
) -> None:
    action = operation.replace(".", ":")
    caller = people.new(everything_but(action))
    members = form_of(scene.members(operation.removeprefix("iam.")))
    answer = Api(wire, caller.id, caller.secret).query(operation, members)
    assert (answer.status, "<Code>AccessDenied</Code>" in answer.text) == (403, True)
    assert f"user/{caller.name} is not authorized to perform: {action} on resource: " in answer.text


def test_a_stranger_s_calls_change_nothing_here(server: RunningServer, stranger: Key, wire: Wire, scene: Scene) -> None:
    iam = server.boto3("iam")

    def call(operation: str, **members: object) -> object:
        return getattr(iam, xform_name(operation))(**members)

    before, theirs = scene.seen(call), Api(wire, stranger.id, stranger.secret)
    for operation in BUILT:
        answer = theirs.query(operation, form_of(scene.members(operation.removeprefix("iam."))))
        server.secret(answer.text.partition("<SecretAccessKey>")[2].partition("<")[0] or "no secret at all")
        assert answer.status < 500
        assert f":{ACCOUNT}:" not in answer.text or answer.status >= 400, operation
    assert scene.seen(call) == before


@pytest.mark.parametrize("operation", UNBUILT)
def test_what_is_not_built_asks_for_permission_first(guarded: Guarded, people: People, operation: str) -> None:
    people.give(guarded.caller.name, everything_but(operation.replace(".", ":")))
    answer = guarded.api.query(operation, {})
    assert (answer.status, "<Code>AccessDenied</Code>" in answer.text) == (403, True)


def test_everybody_may_ask_who_he_is(guarded: Guarded, people: People) -> None:
    people.give(guarded.caller.name, policy(statement("Deny", "*")))
    answer = guarded.api.query("sts.GetCallerIdentity", {})
    assert (answer.status, f"user/{guarded.caller.name}<" in answer.text) == (200, True)
