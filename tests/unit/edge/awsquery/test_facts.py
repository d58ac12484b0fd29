"""Conditions on calls of IAM: what they may ask, which no caller can make up; and everything a call is about."""

import json
from collections.abc import Mapping
from typing import Any

import pytest

from moorage.edge.awsquery.shapes import IAM, IAM_VERSION
from moorage.edge.http.shapes import members
from support.env import HOME
from support.iamcalls import OTHERS, Scene, form_of
from unit.edge.awsquery.wire import Client, Refused, policy, refusal

STRAYS: Mapping[str, tuple[Mapping[str, str], str, str]] = {
    # A member: fields as they go into a form, the condition key it would make, its value.
    "Tags": ({"Tags.member.1.Key": "team", "Tags.member.1.Value": "red"}, "aws:RequestTag/team", "red"),
    "TagKeys": ({"TagKeys.member.1": "stray"}, "aws:TagKeys", "stray"),
    "PermissionsBoundary": ({"PermissionsBoundary": f"{OTHERS}x"}, "iam:PermissionsBoundary", f"{OTHERS}x"),
    "PolicyArn": ({"PolicyArn": f"{OTHERS}x"}, "iam:PolicyARN", f"{OTHERS}x"),
    "AWSServiceName": ({"AWSServiceName": "ecr.amazonaws.com"}, "iam:AWSServiceName", "ecr.amazonaws.com"),
}
BOUNDED_CHANGES = [
    f"{call}{noun}{rest}"
    for noun in ("User", "Role")
    for call, rest in (
        ("Attach", "Policy"),
        ("Detach", "Policy"),
        ("Put", "Policy"),
        ("Delete", "Policy"),
        ("Delete", "PermissionsBoundary"),
    )
]


@pytest.fixture
def scene(root: Client) -> Scene:
    root.call("CreateUser", UserName="ada")
    scene = Scene(HOME, "ada")
    scene.build(root.call)
    return scene


def conditional(root: Client, name: str, key: str, value: str, effect: str = "Allow") -> Client:
    """Make a user to whom everything of IAM is allowed, or denied, if a condition key has a value."""
    user = root.new_user(name)
    statement = {"Effect": effect, "Action": "iam:*", "Resource": "*", "Condition": {"StringEquals": {key: value}}}
    always = {"Effect": "Allow", "Action": "iam:*", "Resource": "*"}
    document = {"Version": "2012-10-17", "Statement": [statement] if effect == "Allow" else [statement, always]}
    root.call("PutUserPolicy", UserName=name, PolicyName="p", PolicyDocument=json.dumps(document))
    return user


def decision(caller: Client, operation: str, form: Mapping[str, str]) -> str:
    """Tell how a call is refused."""
    with pytest.raises(Refused) as refused:
        caller.post("iam", {"Action": operation, "Version": IAM_VERSION, **form})
    return f"{refused.value.code}: {refused.value.message.partition('because')[0]}"


@pytest.mark.parametrize("stray", STRAYS)
def test_a_field_that_an_operation_does_not_have_makes_no_condition_true(
    root: Client, scene: Scene, stray: str
) -> None:
    fields, key, value = STRAYS[stray]
    eve = conditional(root, "eve", key, value)
    asked = [name for name, shape in IAM.items() if stray not in {member.name for member in members(shape.input)}]
    assert len(asked) > 80
    for operation in asked:
        form = form_of(scene.members(operation))
        plain, strayed = decision(eve, operation, form), decision(eve, operation, {**form, **fields})
        assert (plain[:12], strayed) == ("AccessDenied", plain), operation


def test_the_policy_of_a_call_is_a_condition_key_only_where_one_is_attached_or_detached(
    root: Client, scene: Scene
) -> None:
    eve = conditional(root, "eve", "iam:PolicyARN", scene.policy)
    assert refusal(eve, "GetPolicy", PolicyArn=scene.policy).code == "AccessDenied"
    for noun, name in (("User", scene.user), ("Group", scene.group), ("Role", scene.role)):
        for verb in ("Detach", "Attach"):
            eve.call(f"{verb}{noun}Policy", **{f"{noun}Name": name}, PolicyArn=scene.policy)
        assert refusal(eve, f"Attach{noun}Policy", **{f"{noun}Name": name}, PolicyArn=OTHERS).code == "AccessDenied"


@pytest.mark.parametrize("operation", BOUNDED_CHANGES)
def test_a_boundary_is_that_of_the_user_or_role_that_a_call_changes(root: Client, scene: Scene, operation: str) -> None:
    eve = conditional(root, "eve", "iam:PermissionsBoundary", OTHERS)
    noun, name = ("User", scene.user) if "User" in operation else ("Role", scene.role)
    asked = scene.members(operation)
    eve.call(operation, **asked)
    if operation.startswith("Delete") and operation.endswith("PermissionsBoundary"):
        root.call(f"Put{noun}PermissionsBoundary", **{f"{noun}Name": name}, PermissionsBoundary=scene.policy)
    else:
        root.call(f"Delete{noun}PermissionsBoundary", **{f"{noun}Name": name})
    form = form_of(asked)
    plain = decision(eve, operation, form)
    assert plain.startswith("AccessDenied")
    assert decision(eve, operation, {**form, "PermissionsBoundary": OTHERS}) == plain


def test_a_boundary_that_is_given_is_the_one_asked_about(root: Client, scene: Scene) -> None:
    eve = conditional(root, "eve", "iam:PermissionsBoundary", OTHERS)
    trust: dict[str, Any] = {"AssumeRolePolicyDocument": scene.members("CreateRole")["AssumeRolePolicyDocument"]}
    for noun, more in (("User", {}), ("Role", trust)):
        new = {f"{noun}Name": "new", **more}
        assert refusal(eve, f"Create{noun}", **new).code == "AccessDenied"
        assert refusal(eve, f"Create{noun}", **new, PermissionsBoundary=scene.policy).code == "AccessDenied"
        eve.call(f"Create{noun}", **new, PermissionsBoundary=OTHERS)
        put = f"Put{noun}PermissionsBoundary"
        # The user is bounded by the right policy; what counts is the one that is to be in its place.
        named = {f"{noun}Name": "new"}
        assert refusal(eve, put, **named, PermissionsBoundary=scene.policy).code == "AccessDenied"
        eve.call(put, **named, PermissionsBoundary=OTHERS)


def test_a_boundary_is_asked_about_in_a_denial_too(root: Client, scene: Scene) -> None:
    eve = conditional(root, "eve", "iam:PermissionsBoundary", OTHERS, effect="Deny")
    assert "explicit deny" in refusal(eve, "DeleteUserPermissionsBoundary", UserName=scene.user).message
    root.call("DeleteUserPermissionsBoundary", UserName=scene.user)
    eve.call("PutUserPolicy", UserName=scene.user, PolicyName="p", PolicyDocument=policy("Allow", "ecr:*"))


# Names and paths that are to be.


@pytest.mark.parametrize("noun", ["User", "Group"])
def test_a_new_name_or_path_needs_permission_as_the_old_one_does(root: Client, noun: str) -> None:
    kind = noun.lower()
    dev, admin = f"arn:aws:iam::{HOME}:{kind}/dev/*", f"arn:aws:iam::{HOME}:{kind}/admin/boss"
    update = f"Update{noun}"
    root.call(f"Create{noun}", Path="/dev/", **{f"{noun}Name": "one"})
    inside = root.new_user("inside", f"iam:{update}", resource=dev)
    outside = root.new_user("outside", f"iam:{update}", resource=admin)
    moves = {f"{noun}Name": "one", "NewPath": "/admin/", f"New{noun}Name": "boss"}
    refused = refusal(inside, update, **moves)
    assert refused.code == "AccessDenied"
    assert f"perform: iam:{update} on resource: " in refused.message
    assert refusal(inside, update, **{f"{noun}Name": "one", "NewPath": "/admin/"}).code == "AccessDenied"
    assert f"on resource: {kind} one because" in refusal(outside, update, **moves).message
    inside.call(update, **{f"{noun}Name": "one", f"New{noun}Name": "two"})
    inside.call(update, **{f"{noun}Name": "two", "NewPath": "/dev/deep/"})
    both = root.new_user("both", f"iam:{update}", resource=dev)
    root.call("PutUserPolicy", UserName="both", PolicyName="q", PolicyDocument=policy("Allow", "*", resource=admin))
    both.call(update, **moves | {f"{noun}Name": "two"})
    assert root.call(f"Get{noun}", **{f"{noun}Name": "boss"})[noun]["Path"] == "/admin/"


def test_a_name_alone_keeps_the_path_and_is_asked_about_under_it(root: Client) -> None:
    root.call("CreateUser", UserName="one", Path="/dev/")
    eve = root.new_user("eve")
    allowed = [f"arn:aws:iam::{HOME}:user/dev/one", f"arn:aws:iam::{HOME}:user/two"]
    for number, resource in enumerate(allowed):
        document = policy("Allow", "iam:UpdateUser", resource=resource)
        root.call("PutUserPolicy", UserName="eve", PolicyName=f"p{number}", PolicyDocument=document)
    assert refusal(eve, "UpdateUser", UserName="one", NewUserName="two").code == "AccessDenied"
    eve.call("UpdateUser", UserName="one", NewUserName="two", NewPath="/")
