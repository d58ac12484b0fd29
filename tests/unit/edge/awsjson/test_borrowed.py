"""A session of GetSessionToken does neither IAM's work nor what is of its kind (decision 88)."""

from collections.abc import Mapping
from dataclasses import replace

import pytest

from moorage.domain.actions import OPERATIONS
from moorage.edge.awsjson.edge import HANDLERS
from moorage.operations.accounts import NewKey
from moorage.operations.borrowed import may_borrow
from support.env import HOME, OTHER
from unit.edge.awsjson.wire import ask
from unit.edge.awsquery.wire import Client, policy

ADA = f"arn:aws:iam::{HOME}:user/ada"
CLOSED: Mapping[str, Mapping[str, object]] = {
    "CreateAccount": {"accountId": OTHER},
    "ListAccounts": {},
    "RegisterInstance": {"roleName": "puller"},
    "ListInstances": {},
    "RevokeInstance": {"instanceId": "i-0123456789abcdef0"},
    "CheckAccess": {"principal": ADA, "action": "ecr:ListImages", "resource": "*"},
    "ExplainDenial": {"denialId": "11111111-2222-4333-a444-555555555555"},
    "ListDenials": {},
}
OPEN: Mapping[str, Mapping[str, object]] = {
    "DescribeServer": {},
    "CreateToken": {"repositories": ["app"], "actions": ["pull"]},
    "ListTokens": {},
    "RevokeToken": {"tokenId": "mt-0123456789abcdef0"},
}
STRANGER = "UnrecognizedClientException"


@pytest.fixture
def ada(root: Client) -> Client:
    return root.new_user("ada", "*")


def borrowed(client: Client) -> Client:
    made = client.call("GetSessionToken", "sts")["Credentials"]
    return replace(client, key=NewKey(made["AccessKeyId"], made["SecretAccessKey"]), token=made["SessionToken"])


def code_of(told: Mapping[str, object]) -> str:
    return str(told.get("__type", "")).rpartition("#")[2]


@pytest.mark.parametrize("operation", CLOSED)
def test_what_is_of_iam_s_kind_is_closed_to_it_and_open_to_the_user(ada: Client, operation: str) -> None:
    _, told = ask(borrowed(ada), operation, CLOSED[operation])
    assert code_of(told) == STRANGER
    _, told = ask(ada, operation, CLOSED[operation])
    assert code_of(told) != STRANGER


def test_the_root_s_session_is_no_exception(root: Client) -> None:
    _, told = ask(borrowed(root), "CreateAccount", {"accountId": OTHER})
    assert code_of(told) == STRANGER
    status, told = ask(root, "ListAccounts", {})
    assert (status, told["accounts"]) == (200, [HOME])


@pytest.mark.parametrize("operation", OPEN)
def test_the_rest_is_open_to_it(ada: Client, operation: str) -> None:
    _, told = ask(borrowed(ada), operation, OPEN[operation])
    assert code_of(told) != STRANGER


def test_the_session_of_a_role_is_not_concerned(root: Client, ada: Client) -> None:
    statement = policy("Allow", "sts:AssumeRole").replace('"Resource": "*"', f'"Principal": {{"AWS": "{HOME}"}}')
    root.call("CreateRole", RoleName="admin", AssumeRolePolicyDocument=statement)
    root.call("PutRolePolicy", RoleName="admin", PolicyName="p", PolicyDocument=policy("Allow", "*"))
    role = f"arn:aws:iam::{HOME}:role/admin"
    made = borrowed(ada).call("AssumeRole", "sts", RoleArn=role, RoleSessionName="night")["Credentials"]
    session = replace(root, key=NewKey(made["AccessKeyId"], made["SecretAccessKey"]), token=made["SessionToken"])
    assert ask(session, "ListAccounts", {})[0] == 200


def test_every_operation_of_our_own_is_said_to_be_one_or_the_other() -> None:
    own = {key.removeprefix("moorage.") for key in HANDLERS if key.startswith("moorage.")}
    assert own == CLOSED.keys() | OPEN.keys()
    assert {key for key in own if may_borrow(f"moorage.{key}")} == OPEN.keys()


def test_iam_is_closed_and_ecr_is_open() -> None:
    keys = {key for key in OPERATIONS if " " not in key}
    assert not any(may_borrow(key) for key in keys if key.startswith("iam."))
    assert all(may_borrow(key) for key in keys if key.startswith("ecr."))
    of_sts = {"sts.AssumeRole", "sts.GetCallerIdentity", "sts.GetSessionToken"}
    assert {key for key in keys if key.startswith("sts.") and may_borrow(key)} == of_sts
