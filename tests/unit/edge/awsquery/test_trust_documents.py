"""What a trust policy may say."""

import json
from urllib.parse import unquote

import pytest

from support.env import HOME
from unit.edge.awsquery.trusting import make_role, trust
from unit.edge.awsquery.wire import Client, refusal


@pytest.mark.parametrize(
    "actions",
    [
        ["*"],
        ["sts:AssumeRole", "s3:GetObject"],
        ["ecr:*"],
        ["stsx:AssumeRole"],
        ["iam:PassRole"],
        ["sts:GetCallerIdentity"],
        ["sts:AssumeRole", "sts:GetSessionToken"],
        ["sts:Get*"],
        ["sts:AssumeRole?"],
        ["sts:AssumeRoot"],
        ["*:AssumeRole"],
    ],
    ids=",".join,
)
def test_a_trust_policy_names_what_opens_sessions_alone(root: Client, actions: list[str]) -> None:
    bad = trust({"AWS": str(HOME)}, *actions)
    made = refusal(root, "CreateRole", RoleName="builder", AssumeRolePolicyDocument=bad)
    make_role(root, trust({"AWS": str(HOME)}, "STS:AssumeRole", "sts:TagSession"))
    changed = refusal(root, "UpdateAssumeRolePolicy", RoleName="builder", PolicyDocument=bad)
    for refused in (made, changed):
        assert refused.code == "MalformedPolicyDocument"
        assert refused.message == "AssumeRole policy may only specify STS AssumeRole actions."
    kept = root.call("GetRole", RoleName="builder")["Role"]["AssumeRolePolicyDocument"]
    assert "TagSession" in str(kept)


@pytest.mark.parametrize(
    "action",
    [
        "sts:AssumeRole",
        "sts:AssumeRoleWithSAML",
        "sts:assumerolewithwebidentity",
        "sts:TagSession",
        "sts:SetSourceIdentity",
        "sts:SetContext",
        "sts:*",
        "sts:AssumeRole*",
        "sts:Set*",
        "STS:?agSession",
    ],
)
def test_a_trust_policy_names_an_action_that_opens_sessions(root: Client, action: str) -> None:
    make_role(root, trust({"AWS": str(HOME)}, action))
    kept = root.call("GetRole", RoleName="builder")["Role"]["AssumeRolePolicyDocument"]
    assert f'"{action}"' in unquote(kept)


def test_a_trust_policy_names_no_resource(root: Client) -> None:
    statement = {"Effect": "Allow", "Principal": {"AWS": str(HOME)}, "Action": "sts:AssumeRole", "Resource": "*"}
    bad = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
    refused = refusal(root, "CreateRole", RoleName="builder", AssumeRolePolicyDocument=bad)
    assert (refused.code, refused.message) == ("MalformedPolicyDocument", "Has prohibited field Resource")
