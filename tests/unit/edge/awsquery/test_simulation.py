"""IAM's simulator as its members say: pages, who calls, who owns, what is left out, and what bounds."""

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from support.env import HOME, OTHER, FrozenClock, close_env, configure_account, make_env
from support.iamcalls import form_of, trust_in
from unit.edge.awsquery.wire import Client, Refused, policy, refusal

ADA = f"arn:aws:iam::{HOME}:user/ada"
APP = f"arn:aws:ecr:us-east-1:{HOME}:repository/app"
THEIRS = f"arn:aws:ecr:us-east-1:{OTHER}:repository/app"
READ_ONLY = "arn:aws:iam::aws:policy/AmazonEC2ContainerRegistryReadOnly"
OWN = f"arn:aws:iam::{HOME}:policy/own"
LISTS = "ecr:ListImages"
Result = Mapping[str, Any]
Members = dict[str, Any]


@pytest.fixture
def root(tmp_path: Path) -> Iterator[Client]:
    """Give an account with a user who has policies of every kind."""
    env = make_env(tmp_path, FrozenClock())
    root = Client(env, configure_account(env, HOME))
    root.call("CreateUser", UserName="ada", Tags=[{"Key": "team", "Value": "red"}])
    root.call("CreateGroup", GroupName="crew")
    root.call("AddUserToGroup", GroupName="crew", UserName="ada")
    root.call("CreatePolicy", PolicyName="own", PolicyDocument=policy("Allow", "ecr:PutImage"))
    root.call("PutUserPolicy", UserName="ada", PolicyName="p", PolicyDocument=policy("Allow", "ecr:DeleteRepository"))
    root.call("PutGroupPolicy", GroupName="crew", PolicyName="p", PolicyDocument=policy("Allow", "ecr:TagResource"))
    root.call("AttachUserPolicy", UserName="ada", PolicyArn=READ_ONLY)
    root.call("AttachGroupPolicy", GroupName="crew", PolicyArn=OWN)
    yield root
    close_env(env)


def results(client: Client, *actions: str, source: str = ADA, **members: Any) -> dict[str, Result]:  # noqa: ANN401 - members of every type
    asked: Members = {"PolicySourceArn": source, "ActionNames": list(actions), "ResourceArns": [APP], **members}
    found = client.call("SimulatePrincipalPolicy", **asked)["EvaluationResults"]
    return {one["EvalActionName"]: one for one in found}


def decided(client: Client, *actions: str, **members: Any) -> dict[str, str]:  # noqa: ANN401 - members of every type
    return {name: one["EvalDecision"] for name, one in results(client, *actions, **members).items()}


def custom(client: Client, *documents: str, action: str = LISTS, **members: Any) -> Result:  # noqa: ANN401 - members of every type
    asked: Members = {"PolicyInputList": list(documents), "ActionNames": [action], "ResourceArns": [APP], **members}
    (found,) = client.call("SimulateCustomPolicy", **asked)["EvaluationResults"]
    result: Result = found
    return result


def resource_policy(principal: object, action: str = LISTS) -> str:
    statement = {"Effect": "Allow", "Principal": principal, "Action": action, "Resource": "*"}
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})


def test_an_exclusion_that_names_nothing_is_refused(root: Client) -> None:
    asked = {"PolicySourceArn": ADA, "ActionNames": [LISTS], "PolicyExclusionList": [{}]}
    form = {**form_of(asked), "PolicyExclusionList.member.1": "", "Action": "SimulatePrincipalPolicy"}
    with pytest.raises(Refused) as refused:
        root.post("iam", {**form, "Version": "2010-05-08"})
    assert (refused.value.code, "names no policy" in refused.value.message) == ("InvalidInput", True)


# Pages.


@pytest.mark.parametrize("operation", ["SimulatePrincipalPolicy", "SimulateCustomPolicy"])
def test_pages_together_are_the_whole_answer_in_its_order(root: Client, operation: str) -> None:
    actions = [f"ecr:Action{number}" for number in range(12, 0, -1)]
    asked: Members = {"ActionNames": actions, "ResourceArns": [APP]}
    more: Members = (
        {"PolicySourceArn": ADA} if "Principal" in operation else {"PolicyInputList": [policy("Allow", "ecr:*")]}
    )
    seen: list[str] = []
    sizes: list[int] = []
    marker: Members = {}
    while True:
        page = root.call(operation, **asked, **more, MaxItems=5, **marker)
        seen += [one["EvalActionName"] for one in page["EvaluationResults"]]
        sizes.append(len(page["EvaluationResults"]))
        if not page["IsTruncated"]:
            break
        marker = {"Marker": page["Marker"]}
    assert (seen, sizes, "Marker" in page) == (actions, [5, 5, 2], False)


def test_a_marker_of_another_list_is_refused(root: Client) -> None:
    asked: Members = {"ActionNames": ["ecr:A", "ecr:B"], "ResourceArns": [APP]}
    page = root.call("SimulatePrincipalPolicy", PolicySourceArn=ADA, MaxItems=1, **asked)
    given: Members = {"PolicyInputList": [policy("Allow", "*")], "Marker": page["Marker"]}
    assert refusal(root, "SimulateCustomPolicy", **asked, **given).code == "ValidationError"
    group = f"arn:aws:iam::{HOME}:group/crew"
    other = {"PolicySourceArn": group, "Marker": page["Marker"]}
    assert refusal(root, "SimulatePrincipalPolicy", **asked, **other).code == "ValidationError"
    assert refusal(root, "SimulatePrincipalPolicy", **asked, PolicySourceArn=ADA, Marker="x").code == "ValidationError"


# What is left out.


@pytest.mark.parametrize(
    ("excluded", "gone"),
    [
        ({"PolicyType": "inline"}, {"ecr:DeleteRepository", "ecr:TagResource"}),
        ({"PolicyType": "aws-managed"}, {LISTS}),
        ({"PolicyType": "user-managed"}, {"ecr:PutImage"}),
        ({"PolicyArn": READ_ONLY}, {LISTS}),
        ({"PolicyArn": OWN}, {"ecr:PutImage"}),
        (
            {"InlinePolicyIdentifier": {"AttachmentType": "user", "AttachmentName": "ada", "PolicyName": "p"}},
            {"ecr:DeleteRepository"},
        ),
        (
            {"InlinePolicyIdentifier": {"AttachmentType": "group", "AttachmentName": "crew", "PolicyName": "p"}},
            {"ecr:TagResource"},
        ),
        ({"PolicyArn": f"{OWN}-else"}, set()),
    ],
)
def test_what_is_excluded_says_nothing_and_the_rest_does(
    root: Client, excluded: Mapping[str, object], gone: set[str]
) -> None:
    actions = {LISTS, "ecr:PutImage", "ecr:DeleteRepository", "ecr:TagResource"}
    found = decided(root, *actions, PolicyExclusionList=[excluded])
    assert found == {name: "implicitDeny" if name in gone else "allowed" for name in actions}


def test_a_boundary_may_be_left_out_by_its_kind(root: Client) -> None:
    root.call("PutUserPermissionsBoundary", UserName="ada", PermissionsBoundary=READ_ONLY)
    assert decided(root, "ecr:PutImage") == {"ecr:PutImage": "implicitDeny"}
    assert decided(root, "ecr:PutImage", PolicyExclusionList=[{"PolicyType": "permission-boundary"}]) == {
        "ecr:PutImage": "allowed"
    }


# What bounds.


def test_a_boundary_that_comes_with_the_request_takes_the_place_of_the_principal_s(root: Client) -> None:
    root.call("PutUserPermissionsBoundary", UserName="ada", PermissionsBoundary=READ_ONLY)
    bounded = results(root, LISTS, "ecr:PutImage")
    assert {name: one["PermissionsBoundaryDecisionDetail"] for name, one in bounded.items()} == {
        LISTS: {"AllowedByPermissionsBoundary": True},
        "ecr:PutImage": {"AllowedByPermissionsBoundary": False},
    }
    given: Members = {"PermissionsBoundaryPolicyInputList": [policy("Allow", "ecr:PutImage")]}
    other = results(root, LISTS, "ecr:PutImage", **given)
    assert {name: one["EvalDecision"] for name, one in other.items()} == {
        LISTS: "implicitDeny",
        "ecr:PutImage": "allowed",
    }
    (each,) = other[LISTS]["ResourceSpecificResults"]
    assert each["PermissionsBoundaryDecisionDetail"] == {"AllowedByPermissionsBoundary": False}


def test_documents_alone_are_bounded_too_and_a_denial_in_the_boundary_is_explicit(root: Client) -> None:
    everything = policy("Allow", "*")
    assert "PermissionsBoundaryDecisionDetail" not in custom(root, everything)
    for boundary, decision, allowed in (
        (policy("Allow", LISTS), "allowed", True),
        (policy("Allow", "ecr:PutImage"), "implicitDeny", False),
        (policy("Deny", LISTS), "explicitDeny", False),
    ):
        found = custom(root, everything, PermissionsBoundaryPolicyInputList=[boundary])
        detail = found["PermissionsBoundaryDecisionDetail"]["AllowedByPermissionsBoundary"]
        assert (found["EvalDecision"], detail) == (decision, allowed)
    (matched,) = found["MatchedStatements"]
    assert matched["SourcePolicyId"] == "PermissionsBoundaryPolicyInputList.1"
    bad: Members = {
        "PermissionsBoundaryPolicyInputList": ["{}"],
        "PolicyInputList": [everything],
        "ActionNames": [LISTS],
    }
    assert refusal(root, "SimulateCustomPolicy", **bad).code == "InvalidInput"


# Who calls, and who owns.


def test_the_resource_s_policy_is_asked_for_whoever_calls(root: Client) -> None:
    bob = f"arn:aws:iam::{HOME}:user/bob"
    nothing, named = policy("Allow", "ecr:None"), resource_policy({"AWS": bob})
    assert custom(root, nothing, ResourcePolicy=named)["EvalDecision"] == "implicitDeny"
    found = custom(root, nothing, ResourcePolicy=named, CallerArn=bob)
    assert found["EvalDecision"] == "allowed"
    (matched,) = found["MatchedStatements"]
    assert (matched["SourcePolicyId"], matched["SourcePolicyType"]) == ("ResourcePolicy.1", "Resource Policy")
    assert custom(root, nothing, ResourcePolicy=named, CallerArn=ADA)["EvalDecision"] == "implicitDeny"


def test_somebody_else_with_the_principal_s_policies_is_known_by_the_arn_alone(root: Client) -> None:
    by_tag = json.loads(policy("Allow", "ecr:CreateRepository"))
    by_tag["Statement"][0]["Condition"] = {"StringEquals": {"aws:PrincipalTag/team": "red"}}
    by_name = json.loads(policy("Allow", "ecr:StartImageScan"))
    by_name["Statement"][0]["Condition"] = {"StringEquals": {"aws:username": "bob"}}
    actions = ("ecr:CreateRepository", "ecr:StartImageScan", "ecr:PutImage")
    given: Members = {"PolicyInputList": [json.dumps(by_tag), json.dumps(by_name)]}
    assert list(decided(root, *actions, **given).values()) == ["allowed", "implicitDeny", "allowed"]
    as_bob = decided(root, *actions, **given, CallerArn=f"arn:aws:iam::{HOME}:user/bob")
    assert list(as_bob.values()) == ["implicitDeny", "allowed", "allowed"]


@pytest.mark.parametrize("owner", [OTHER, f"arn:aws:iam::{OTHER}:root"])
def test_of_another_owner_both_sides_have_to_allow(root: Client, owner: str) -> None:
    everything = policy("Allow", "*")
    theirs: Members = {"ResourceOwner": owner, "ResourceArns": ["*"]}
    assert custom(root, everything, **theirs, CallerArn=ADA)["EvalDecision"] == "implicitDeny"
    assert custom(root, everything, ResourceArns=["*"], CallerArn=ADA)["EvalDecision"] == "allowed"


def test_an_answer_across_accounts_tells_what_each_side_says(root: Client) -> None:
    everything = policy("Allow", "*")
    theirs: Members = {"ResourceArns": [THEIRS], "CallerArn": ADA}
    (one,) = custom(root, everything, **theirs, ResourcePolicy=resource_policy({"AWS": OTHER}))[
        "ResourceSpecificResults"
    ]
    assert one["EvalDecisionDetails"] == {"IAM Policy": "allowed", "Resource Policy": "implicitDeny"}
    (two,) = custom(root, everything, **theirs, ResourcePolicy=resource_policy({"AWS": HOME}))[
        "ResourceSpecificResults"
    ]
    assert (two["EvalResourceDecision"], two["EvalDecisionDetails"]["Resource Policy"]) == ("allowed", "allowed")


@pytest.mark.parametrize(
    "members",
    [
        {"CallerArn": f"arn:aws:iam::{HOME}:group/crew"},
        {"CallerArn": f"arn:aws:iam::{HOME}:root"},
        {"CallerArn": f"arn:aws:sts::{HOME}:assumed-role/r/s"},
        {"CallerArn": "arn:aws:iam::1:user/ada"},
        {"ResourcePolicy": policy("Allow", "*")},
        {"PolicyInputList": ["{"]},
        {"ActionNames": ["ecr:*"]},
        {"ResourceHandlingOption": "EC2-VPC-InstanceStore"},
        {"ActionNames": [LISTS] * 50, "ResourceArns": [APP] * 21},
    ],
)
def test_what_cannot_be_simulated_is_refused(root: Client, members: Mapping[str, object]) -> None:
    asked: Members = {"PolicySourceArn": ADA, "ActionNames": [LISTS], **members}
    refused = refusal(root, "SimulatePrincipalPolicy", **asked)
    assert (refused.code in {"InvalidInput", "ValidationError"}, refused.status) == (True, 400)


@pytest.mark.parametrize(
    ("source", "code"),
    [
        (f"arn:aws:iam::{HOME}:user/nobody", "NoSuchEntity"),
        (f"arn:aws:iam::{HOME}:user/path/ada", "NoSuchEntity"),
        (f"arn:aws:iam::{OTHER}:user/ada", "InvalidInput"),
        (f"arn:aws:iam::{HOME}:root", "InvalidInput"),
    ],
)
@pytest.mark.parametrize("operation", ["SimulatePrincipalPolicy", "GetContextKeysForPrincipalPolicy"])
def test_a_principal_that_is_not_there_is_told_as_such(root: Client, source: str, code: str, operation: str) -> None:
    more: Members = {"ActionNames": [LISTS]} if operation.startswith("Simulate") else {}
    assert refusal(root, operation, PolicySourceArn=source, **more).code == code


# Condition keys.


def test_the_keys_of_a_principal_are_those_of_all_its_policies_and_of_what_comes_along(root: Client) -> None:
    def asking(*keys: str, resource: str = "*") -> str:
        document = json.loads(policy("Allow", "ecr:*", resource=resource))
        document["Statement"][0]["Condition"] = {"StringEquals": dict.fromkeys(keys, "x")}
        return json.dumps(document)

    root.call("PutUserPolicy", UserName="ada", PolicyName="keys", PolicyDocument=asking("aws:SourceIp"))
    root.call("PutGroupPolicy", GroupName="crew", PolicyName="keys", PolicyDocument=asking("aws:UserAgent"))
    by_name = asking("ecr:ResourceTag/team", resource="arn:aws:ecr:*:*:repository/${aws:username}")
    root.call("CreatePolicy", PolicyName="bound", PolicyDocument=by_name)
    bound = f"arn:aws:iam::{HOME}:policy/bound"
    root.call("PutUserPermissionsBoundary", UserName="ada", PermissionsBoundary=bound)

    def keys(source: str, **members: Any) -> set[str]:  # noqa: ANN401 - members of every type
        return set(root.call("GetContextKeysForPrincipalPolicy", PolicySourceArn=source, **members)["ContextKeyNames"])

    own = {"aws:SourceIp", "aws:UserAgent", "ecr:ResourceTag/team", "aws:username"}
    assert keys(ADA) == own
    assert keys(ADA, PolicyInputList=[asking("aws:CurrentTime")]) == own | {"aws:CurrentTime"}
    assert keys(f"arn:aws:iam::{HOME}:group/crew") == {"aws:UserAgent"}
    root.call("CreateRole", RoleName="plain", AssumeRolePolicyDocument=trust_in(HOME))
    assert keys(f"arn:aws:iam::{HOME}:role/plain") == set()
    bad: Members = {"PolicySourceArn": ADA, "PolicyInputList": ["{"]}
    assert refusal(root, "GetContextKeysForPrincipalPolicy", **bad).code == "InvalidInput"
