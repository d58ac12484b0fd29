"""What the quieter operations of IAM answer: aliases of the account, policies of groups and users, lists of tags."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import pytest

from support.env import HOME, OTHER, FrozenClock, close_env, configure_account, make_account, make_env
from support.iamcalls import DOCUMENT, NARROW, OTHERS
from unit.edge.awsquery.wire import Client, Refused, refusal

POLICY = f"arn:aws:iam::{HOME}:policy/team/own"
PROVIDER = f"arn:aws:iam::{HOME}:oidc-provider/oidc.example.com"
ATTACHED = [
    {"PolicyName": "AmazonEC2ContainerRegistryReadOnly", "PolicyArn": OTHERS},
    {"PolicyName": "own", "PolicyArn": POLICY},
]


@pytest.fixture
def root(tmp_path: Path) -> Iterator[Client]:
    """Give an account with a user, a group, a policy, an instance profile and a provider."""
    env = make_env(tmp_path, FrozenClock())
    root = Client(env, configure_account(env, HOME))
    root.call("CreateUser", UserName="ada")
    root.call("CreateGroup", GroupName="crew")
    root.call("CreatePolicy", PolicyName="own", Path="/team/", PolicyDocument=DOCUMENT)
    root.call("CreateInstanceProfile", InstanceProfileName="machine")
    root.call("CreateOpenIDConnectProvider", Url="https://oidc.example.com", ClientIDList=["us"])
    yield root
    close_env(env)


# Aliases.


def aliases(client: Client) -> list[str]:
    found = client.call("ListAccountAliases")
    assert found["IsTruncated"] is False
    told: list[str] = found["AccountAliases"]
    return told


def test_an_alias_is_made_and_deleted(root: Client) -> None:
    assert aliases(root) == []
    root.call("CreateAccountAlias", AccountAlias="our-team")
    assert aliases(root) == ["our-team"]
    assert refusal(root, "DeleteAccountAlias", AccountAlias="their-team").code == "NoSuchEntity"
    assert aliases(root) == ["our-team"]
    root.call("DeleteAccountAlias", AccountAlias="our-team")
    assert aliases(root) == []
    assert refusal(root, "DeleteAccountAlias", AccountAlias="our-team").code == "NoSuchEntity"


def test_a_second_alias_takes_the_place_of_the_first(root: Client) -> None:
    root.call("CreateAccountAlias", AccountAlias="our-team")
    root.call("CreateAccountAlias", AccountAlias="new-team")
    assert aliases(root) == ["new-team"]


def test_an_alias_is_of_one_account(root: Client) -> None:
    theirs = replace(root, key=make_account(root.env, OTHER))
    root.call("CreateAccountAlias", AccountAlias="our-team")
    assert refusal(theirs, "CreateAccountAlias", AccountAlias="our-team").code == "EntityAlreadyExists"
    assert (aliases(root), aliases(theirs)) == (["our-team"], [])
    assert refusal(theirs, "DeleteAccountAlias", AccountAlias="our-team").code == "NoSuchEntity"
    root.call("DeleteAccountAlias", AccountAlias="our-team")
    theirs.call("CreateAccountAlias", AccountAlias="our-team")
    assert (aliases(root), aliases(theirs)) == ([], ["our-team"])


@pytest.mark.parametrize("alias", ["ab", "Our-Team", "-team", "team-", "our_team", "a" * 64])
def test_an_alias_is_one_by_its_letters(root: Client, alias: str) -> None:
    form = {"Action": "CreateAccountAlias", "Version": "2010-05-08", "AccountAlias": alias}
    with pytest.raises(Refused) as refused:
        root.post("iam", form)
    assert (refused.value.code, aliases(root)) == ("ValidationError", [])


# Policies of groups and users.


def test_an_inline_policy_of_a_group_is_told_as_it_was_put(root: Client) -> None:
    root.call("PutGroupPolicy", GroupName="crew", PolicyName="second", PolicyDocument=NARROW)
    root.call("PutGroupPolicy", GroupName="crew", PolicyName="first", PolicyDocument=DOCUMENT)
    told = root.call("GetGroupPolicy", GroupName="crew", PolicyName="second")
    assert (told["GroupName"], told["PolicyName"], unquote(told["PolicyDocument"])) == ("crew", "second", NARROW)
    listed = root.call("ListGroupPolicies", GroupName="crew")
    assert (listed["PolicyNames"], listed["IsTruncated"]) == (["first", "second"], False)
    page = root.call("ListGroupPolicies", GroupName="crew", MaxItems=1)
    assert (page["PolicyNames"], page["IsTruncated"]) == (["first"], True)
    rest = root.call("ListGroupPolicies", GroupName="crew", Marker=page["Marker"])
    assert (rest["PolicyNames"], rest["IsTruncated"]) == (["second"], False)
    root.call("DeleteGroupPolicy", GroupName="crew", PolicyName="first")
    assert root.call("ListGroupPolicies", GroupName="crew")["PolicyNames"] == ["second"]
    assert refusal(root, "GetGroupPolicy", GroupName="crew", PolicyName="first").code == "NoSuchEntity"
    assert refusal(root, "ListGroupPolicies", GroupName="none").code == "NoSuchEntity"


@pytest.mark.parametrize(("kind", "name"), [("Group", "crew"), ("User", "ada")])
def test_attached_policies_are_listed_and_detached(root: Client, kind: str, name: str) -> None:
    named = {f"{kind}Name": name}
    for arn in (POLICY, OTHERS):
        root.call(f"Attach{kind}Policy", **named, PolicyArn=arn)
    listed = root.call(f"ListAttached{kind}Policies", **named)
    assert (by_name(listed), listed["IsTruncated"]) == (ATTACHED, False)
    assert by_name(root.call(f"ListAttached{kind}Policies", **named, PathPrefix="/team/")) == ATTACHED[1:]
    pages = [root.call(f"ListAttached{kind}Policies", **named, MaxItems=1)]
    pages.append(root.call(f"ListAttached{kind}Policies", **named, Marker=pages[0]["Marker"]))
    assert by_name({"AttachedPolicies": [one for page in pages for one in page["AttachedPolicies"]]}) == ATTACHED
    assert [len(page["AttachedPolicies"]) for page in pages] == [1, 1]
    assert root.call("GetPolicy", PolicyArn=POLICY)["Policy"]["AttachmentCount"] == 1
    root.call(f"Detach{kind}Policy", **named, PolicyArn=POLICY)
    assert by_name(root.call(f"ListAttached{kind}Policies", **named)) == ATTACHED[:1]
    assert root.call("GetPolicy", PolicyArn=POLICY)["Policy"]["AttachmentCount"] == 0
    refused = refusal(root, f"Detach{kind}Policy", **named, PolicyArn=POLICY)
    assert (refused.code, refused.message) == ("NoSuchEntity", f"Policy {POLICY} was not found.")


def test_what_is_detached_from_a_group_is_over_for_its_users(root: Client) -> None:
    ada = root.as_key(root.call("CreateAccessKey", UserName="ada")["AccessKey"])
    root.call("AddUserToGroup", GroupName="crew", UserName="ada")
    root.call("AttachGroupPolicy", GroupName="crew", PolicyArn=POLICY)
    assert ada.call("ListUsers")["Users"]
    root.call("DetachGroupPolicy", GroupName="crew", PolicyArn=POLICY)
    assert refusal(ada, "ListUsers").code == "AccessDenied"


def by_name(listed: dict[str, Any]) -> list[dict[str, str]]:
    return sorted(listed["AttachedPolicies"], key=lambda one: str(one["PolicyName"]))


# Tags.


@pytest.mark.parametrize(
    ("kind", "named"),
    [
        ("InstanceProfile", {"InstanceProfileName": "machine"}),
        ("OpenIDConnectProvider", {"OpenIDConnectProviderArn": PROVIDER}),
        ("Policy", {"PolicyArn": POLICY}),
    ],
)
def test_tags_are_listed_by_key_in_pages(root: Client, kind: str, named: dict[str, str]) -> None:
    operation = f"List{kind}Tags"
    assert root.call(operation, **named)["Tags"] == []
    tags = [{"Key": key, "Value": f"v-{key}"} for key in ("b", "C", "a")]
    root.call(f"Tag{kind}", **named, Tags=tags)
    expected = [tags[2], tags[0], tags[1]]
    listed = root.call(operation, **named)
    assert (listed["Tags"], listed["IsTruncated"]) == (expected, False)
    page = root.call(operation, **named, MaxItems=2)
    assert (page["Tags"], page["IsTruncated"]) == (expected[:2], True)
    rest = root.call(operation, **named, Marker=page["Marker"])
    assert (rest["Tags"], rest["IsTruncated"]) == (expected[2:], False)
    root.call(f"Untag{kind}", **named, TagKeys=["A", "b"])
    assert root.call(operation, **named)["Tags"] == expected[2:]
    missing = {name: value.replace("machine", "none").replace("own", "none") for name, value in named.items()}
    missing = {name: value.replace("example.com", "example.net") for name, value in missing.items()}
    assert refusal(root, operation, **missing).code == "NoSuchEntity"


def test_tags_come_with_what_they_hang_on(root: Client) -> None:
    tags = [{"Key": "team", "Value": "red"}]
    root.call("TagPolicy", PolicyArn=POLICY, Tags=tags)
    root.call("TagInstanceProfile", InstanceProfileName="machine", Tags=tags)
    root.call("TagOpenIDConnectProvider", OpenIDConnectProviderArn=PROVIDER, Tags=tags)
    told = [
        root.call("GetPolicy", PolicyArn=POLICY)["Policy"]["Tags"],
        root.call("GetInstanceProfile", InstanceProfileName="machine")["InstanceProfile"]["Tags"],
        root.call("GetOpenIDConnectProvider", OpenIDConnectProviderArn=PROVIDER)["Tags"],
    ]
    assert told == [tags] * 3
