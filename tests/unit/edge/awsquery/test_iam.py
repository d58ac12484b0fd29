"""IAM's operations as a client sees them: what they answer, and what they refuse in which words."""

from urllib.parse import unquote

import pytest

from support.env import HOME
from unit.edge.awsquery.wire import Client, policy, refusal


def test_a_new_user_is_described(root: Client) -> None:
    user = root.call("CreateUser", UserName="ada", Path="/team/")["User"]
    assert (user["UserName"], user["Path"], user["Arn"]) == ("ada", "/team/", f"arn:aws:iam::{HOME}:user/team/ada")
    assert user["UserId"].startswith("AIDA")
    assert user["CreateDate"].isoformat() == "2026-01-01T00:00:00+00:00"


def test_without_a_name_the_root_is_shown_itself(root: Client) -> None:
    user = root.call("GetUser")["User"]
    assert (user["UserId"], user["Arn"], "UserName" in user) == (HOME, f"arn:aws:iam::{HOME}:root", False)


def test_without_a_name_a_user_is_shown_itself(root: Client) -> None:
    ada = root.new_user("ada", "iam:GetUser", path="/team/", resource=f"arn:aws:iam::{HOME}:user/team/ada")
    assert ada.call("GetUser")["User"]["UserName"] == "ada"


def test_a_member_that_breaks_its_rule_is_refused(root: Client) -> None:
    refused = refusal(root, "CreateUser", UserName="a b")
    assert (refused.code, refused.status) == ("ValidationError", 400)


def test_a_marker_of_somebody_elses_making_is_refused(root: Client) -> None:
    assert refusal(root, "ListUsers", Marker="abc").code == "ValidationError"


def test_users_are_listed_in_pages(root: Client) -> None:
    for name in ("b", "A", "c"):
        root.call("CreateUser", UserName=name)
    first = root.call("ListUsers", MaxItems=2)
    second = root.call("ListUsers", MaxItems=2, Marker=first["Marker"])
    assert [[user["UserName"] for user in page["Users"]] for page in (first, second)] == [["A", "b"], ["c"]]
    assert (first["IsTruncated"], second["IsTruncated"]) == (True, False)


def test_a_new_key_works_and_its_secret_is_shown_once(root: Client) -> None:
    ada = root.new_user("ada", "iam:ListAccessKeys")
    [listed] = ada.call("ListAccessKeys")["AccessKeyMetadata"]
    assert (listed["AccessKeyId"], listed["Status"]) == (ada.key.access_key_id, "Active")
    assert "SecretAccessKey" not in listed


def test_a_third_key_is_refused(root: Client) -> None:
    ada = root.new_user("ada", "iam:CreateAccessKey")
    ada.call("CreateAccessKey")
    refused = refusal(ada, "CreateAccessKey")
    assert (refused.code, refused.status) == ("LimitExceeded", 409)
    assert refused.message == "Cannot exceed quota for AccessKeysPerUser: 2"


def test_a_key_for_an_unknown_user_is_refused(root: Client) -> None:
    refused = refusal(root, "CreateAccessKey", UserName="nobody")
    assert (refused.code, refused.status) == ("NoSuchEntity", 404)
    assert refused.message == "The user with name nobody cannot be found."


def test_an_inactive_key_is_refused_and_an_active_one_works_again(root: Client) -> None:
    ada = root.new_user("ada", "iam:GetUser")
    key = {"UserName": "ada", "AccessKeyId": ada.key.access_key_id}
    root.call("UpdateAccessKey", Status="Inactive", **key)
    assert refusal(ada, "GetUser").code == "InvalidClientTokenId"
    root.call("UpdateAccessKey", Status="Active", **key)
    assert ada.call("GetUser")


def test_a_key_cannot_be_made_expired(root: Client) -> None:
    key = {"UserName": "ada", "AccessKeyId": root.new_user("ada").key.access_key_id}
    assert refusal(root, "UpdateAccessKey", Status="Expired", **key).code == "InvalidInput"


def test_a_deleted_key_is_refused(root: Client) -> None:
    ada = root.new_user("ada")
    root.call("DeleteAccessKey", UserName="ada", AccessKeyId=ada.key.access_key_id)
    assert refusal(ada, "GetCallerIdentity", "sts").code == "InvalidClientTokenId"


def test_the_root_makes_and_deletes_a_key_of_its_own(root: Client) -> None:
    made = root.call("CreateAccessKey")["AccessKey"]
    root.as_key(made).call("DeleteAccessKey", AccessKeyId=made["AccessKeyId"])
    listed = root.call("ListAccessKeys")["AccessKeyMetadata"]
    assert [key["AccessKeyId"] for key in listed] == [root.key.access_key_id]


@pytest.mark.parametrize(
    ("operation", "members"), [("DeleteAccessKey", {}), ("UpdateAccessKey", {"Status": "Inactive"})]
)
def test_the_key_of_the_settings_stays(root: Client, operation: str, members: dict[str, str]) -> None:
    refused = refusal(root, operation, AccessKeyId=root.key.access_key_id, **members)
    assert (refused.code, "settings" in refused.message) == ("UnmodifiableEntity", True)


def test_a_policy_is_given_back_as_it_was_put(root: Client) -> None:
    root.new_user("Ada", "ecr:*")
    got = root.call("GetUserPolicy", UserName="ada", PolicyName="p")
    assert (got["UserName"], unquote(got["PolicyDocument"])) == ("Ada", policy("Allow", "ecr:*"))


def test_a_policy_that_cannot_be_read_is_malformed(root: Client) -> None:
    root.call("CreateUser", UserName="ada")
    refused = refusal(root, "PutUserPolicy", UserName="ada", PolicyName="p", PolicyDocument="{")
    assert (refused.code, refused.status) == ("MalformedPolicyDocument", 400)


def test_policies_that_are_too_long_together_are_refused(root: Client) -> None:
    root.call("CreateUser", UserName="ada")
    long = policy("Allow", *(f"ecr:{'x' * 40}{number}" for number in range(30)))
    root.call("PutUserPolicy", UserName="ada", PolicyName="p", PolicyDocument=long)
    refused = refusal(root, "PutUserPolicy", UserName="ada", PolicyName="q", PolicyDocument=long)
    assert (refused.code, refused.status) == ("LimitExceeded", 409)
    assert refused.message == "Maximum policy size of 2048 bytes exceeded for user ada"


def test_a_user_with_a_key_or_a_policy_is_not_deleted(root: Client) -> None:
    ada = root.new_user("ada", "ecr:*")
    refused = refusal(root, "DeleteUser", UserName="ada")
    assert (refused.code, refused.status) == ("DeleteConflict", 409)
    root.call("DeleteAccessKey", UserName="ada", AccessKeyId=ada.key.access_key_id)
    assert refusal(root, "DeleteUser", UserName="ada").message == "Cannot delete entity, must delete policies first."
    root.call("DeleteUserPolicy", UserName="ada", PolicyName="p")
    root.call("DeleteUser", UserName="ada")
    assert refusal(root, "GetUser", UserName="ada").code == "NoSuchEntity"
