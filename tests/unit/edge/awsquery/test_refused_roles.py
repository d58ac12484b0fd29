"""Refusals to become a role: told alike whether it is there or not, and explained to whoever may ask."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from support.env import HOME, OTHER, FrozenClock, close_env, configure_account, make_account, make_env
from support.iamcalls import trust_in
from unit.edge.awsquery.wire import Client, explained, policy, refusal

ROLE = f"arn:aws:iam::{HOME}:role/team/builder"
ADA = f"arn:aws:iam::{HOME}:user/ada"
ASKED = {"RoleArn": ROLE, "RoleSessionName": "night"}


@pytest.fixture
def root(tmp_path: Path) -> Iterator[Client]:
    env = make_env(tmp_path, FrozenClock())
    root = Client(env, configure_account(env, HOME))
    root.call("CreateRole", RoleName="builder", Path="/team/", AssumeRolePolicyDocument=trust_in(HOME))
    yield root
    close_env(env)


def trust_by(root: Client, principal: str, effect: str = "Allow") -> None:
    document = trust_in(HOME).replace(f'"{HOME}"', f'"{principal}"').replace("Allow", effect)
    root.call("UpdateAssumeRolePolicy", RoleName="builder", PolicyDocument=document)


def test_a_missing_permission_is_told_where_the_role_trusts_the_account(root: Client) -> None:
    ada = root.new_user("ada")
    refused = refusal(ada, "AssumeRole", "sts", **ASKED)
    told = explained(root)
    assert (told.caller, told.action, told.resource, told.sentence) == (ADA, "sts:AssumeRole", ROLE, refused.message)
    assert told.why == (f"no policy of {ADA}, of its own or of its groups, allows sts:AssumeRole on {ROLE}",)
    assert f"Effect Allow, Action sts:AssumeRole, Resource {ROLE}" in told.remedy[0]


def test_missing_trust_is_told_where_the_caller_s_policies_allow_it(root: Client) -> None:
    ada = root.new_user("ada", "*")
    root.call("CreateUser", UserName="bob")
    trust_by(root, f"arn:aws:iam::{HOME}:user/bob")
    refusal(ada, "AssumeRole", "sts", **ASKED)
    told = explained(root)
    assert told.why == (
        f"the policies of {ROLE} do not allow {ADA} sts:AssumeRole",
        "statement 1 of the trust policy of role builder allows the action, but to other principals",
    )
    assert f"Principal {ADA}" in told.remedy[0]


def test_a_denial_in_the_trust_policy_is_told(root: Client) -> None:
    ada = root.new_user("ada", "*")
    trust_by(root, ADA, "Deny")
    refusal(ada, "AssumeRole", "sts", **ASKED)
    assert explained(root).why == ("statement 1 of the trust policy of role builder denies it explicitly",)


def test_leave_to_tag_is_told_as_the_one_that_is_missing(root: Client) -> None:
    ada = root.new_user("ada", "*")
    refused = refusal(ada, "AssumeRole", "sts", **ASKED, Tags=[{"Key": "team", "Value": "red"}])
    told = explained(root)
    assert (told.action, told.sentence) == ("sts:TagSession", refused.message)
    assert "not authorized to perform: sts:TagSession on" in refused.message


def test_leave_to_set_a_source_identity_is_told_as_the_one_that_is_missing(root: Client) -> None:
    ada = root.new_user("ada", "*")
    refused = refusal(ada, "AssumeRole", "sts", **ASKED, SourceIdentity="grace")
    told = explained(root)
    assert (told.action, told.sentence) == ("sts:SetSourceIdentity", refused.message)
    assert "not authorized to perform: sts:SetSourceIdentity on" in refused.message


def test_a_role_that_is_not_there_is_told_to_whoever_may_ask_and_to_nobody_else(root: Client) -> None:
    ada = root.new_user("ada", "*")
    root.call("CreateUser", UserName="bob")
    trust_by(root, f"arn:aws:iam::{HOME}:user/bob")
    gone = {**ASKED, "RoleArn": f"arn:aws:iam::{HOME}:role/builder"}  # another path is another role
    there = refusal(ada, "AssumeRole", "sts", **ASKED)
    root.env.denials.take()
    absent = refusal(ada, "AssumeRole", "sts", **gone)
    assert (there.code, there.message.replace("/team", "")) == (absent.code, absent.message)
    assert explained(root).why == (f"there is no role {gone['RoleArn']}: its path is part of the ARN, and case counts",)


@pytest.mark.parametrize("effect", ["Allow", "Deny"])
def test_another_account_s_role_is_explained_as_one_that_is_not_there(root: Client, effect: str) -> None:
    theirs = replace(root, key=make_account(root.env, OTHER))
    eve = theirs.new_user("eve", "*")
    trust_by(root, f"arn:aws:iam::{OTHER}:user/eve" if effect == "Deny" else HOME, effect)
    found = []
    for name in ("team/builder", "team/nothing"):
        arn = f"arn:aws:iam::{HOME}:role/{name}"
        refused = refusal(eve, "AssumeRole", "sts", RoleArn=arn, RoleSessionName="night")
        told = explained(theirs)
        found.append(
            [refused.message.replace(name, ""), *(text.replace(name, "") for text in (*told.why, *told.remedy))]
        )
    assert found[0] == found[1]
    assert found[0][1].startswith("the policies of arn:aws:iam::")
    assert not root.env.denials.take()


def test_a_refusal_that_no_policy_made_is_not_kept(root: Client) -> None:
    assert refusal(root, "AssumeRole", "sts", **ASKED).message == "Roles may not be assumed by root accounts."
    assert not root.env.denials.take()


def test_a_session_policy_that_stands_in_the_way_is_told(root: Client) -> None:
    ada = root.new_user("ada", "sts:AssumeRole")
    root.call("PutRolePolicy", RoleName="builder", PolicyName="p", PolicyDocument=policy("Allow", "*"))
    made = ada.call("AssumeRole", "sts", **ASKED, Policy=policy("Allow", "ecr:*"))["Credentials"]
    key = {"AccessKeyId": made["AccessKeyId"], "SecretAccessKey": made["SecretAccessKey"]}
    session = replace(ada.as_key(key), token=made["SessionToken"])
    refusal(session, "AssumeRole", "sts", **ASKED)
    assert explained(root).why[0].startswith("the policies of the session ")
