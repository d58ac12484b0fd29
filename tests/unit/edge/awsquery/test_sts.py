"""Sessions over the wire: who becomes a role, what the session may, and when it ends."""

import json
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytest

from moorage.domain.names import AccountId
from moorage.operations import sessions
from moorage.operations.accounts import NewKey
from support.env import HOME, OTHER, FrozenClock, make_account
from unit.edge.awsquery.trusting import make_role, trust
from unit.edge.awsquery.wire import Client, Refused, policy, refusal

ROLE = f"arn:aws:iam::{HOME}:role/builder"


@pytest.fixture
def stranger(root: Client) -> Client:
    """Give a user of another account who may do everything there."""
    theirs = replace(root, key=make_account(root.env, OTHER))
    return theirs.new_user("eve", "*")


def assume(client: Client, name: str = "night", **members: Any) -> dict[str, Any]:  # noqa: ANN401 - members of every type
    given: dict[str, Any] = {"RoleArn": ROLE, "RoleSessionName": name, **members}
    return client.call("AssumeRole", "sts", **given)


def session_of(client: Client, answer: Mapping[str, Any]) -> Client:
    made = answer["Credentials"]
    return replace(client, key=NewKey(made["AccessKeyId"], made["SecretAccessKey"]), token=made["SessionToken"])


def become(client: Client, **members: Any) -> Client:  # noqa: ANN401 - members of every type
    return session_of(client, assume(client, **members))


# Who may become a role.


def test_a_user_whom_the_role_trusts_becomes_it(root: Client) -> None:
    ada = root.new_user("ada")
    make_role(root, trust({"AWS": f"arn:aws:iam::{HOME}:user/ada"}), "iam:ListUsers")
    answer = assume(ada)
    me = session_of(ada, answer).call("GetCallerIdentity", "sts")
    arn = f"arn:aws:sts::{HOME}:assumed-role/builder/night"
    assert (me["Arn"], answer["AssumedRoleUser"]["Arn"]) == (arn, arn)
    assert me["UserId"] == answer["AssumedRoleUser"]["AssumedRoleId"]
    assert session_of(ada, answer).call("ListUsers")["Users"]


@pytest.mark.parametrize(("actions", "allowed"), [((), False), (("sts:AssumeRole",), True)])
def test_trust_in_an_account_leaves_the_matter_to_its_policies(
    root: Client, actions: tuple[str, ...], *, allowed: bool
) -> None:
    ada = root.new_user("ada", *actions)
    make_role(root, trust({"AWS": HOME}))
    if allowed:
        assert assume(ada)
    else:
        assert refusal(ada, "AssumeRole", "sts", RoleArn=ROLE, RoleSessionName="night").code == "AccessDenied"


def test_a_permission_without_trust_is_not_enough(root: Client, stranger: Client) -> None:
    ada = root.new_user("ada", "*")
    make_role(root, trust({"AWS": OTHER}))
    refused = refusal(ada, "AssumeRole", "sts", RoleArn=ROLE, RoleSessionName="night")
    assert refused.message == (
        f"User: arn:aws:iam::{HOME}:user/ada is not authorized to perform: sts:AssumeRole on resource: {ROLE}"
    )
    assert assume(stranger)


def test_a_role_that_is_not_there_is_refused_alike(root: Client) -> None:
    ada = root.new_user("ada", "*")
    refused = refusal(ada, "AssumeRole", "sts", RoleArn=ROLE, RoleSessionName="night")
    assert (refused.code, refused.status) == ("AccessDenied", 403)
    assert refused.message.endswith(f"is not authorized to perform: sts:AssumeRole on resource: {ROLE}")


def test_another_account_needs_leave_on_both_sides(root: Client, stranger: Client) -> None:
    make_role(root, trust({"AWS": OTHER}), "iam:ListUsers")
    assert [one["UserName"] for one in become(stranger).call("ListUsers")["Users"]] == []
    theirs = replace(stranger, key=make_account(root.env, AccountId("777788889999")))
    mallory = theirs.new_user("mallory", "*")
    assert refusal(mallory, "AssumeRole", "sts", RoleArn=ROLE, RoleSessionName="night").status == 403


def test_the_root_may_not_assume_a_role(root: Client) -> None:
    make_role(root, trust({"AWS": HOME}))
    refused = refusal(root, "AssumeRole", "sts", RoleArn=ROLE, RoleSessionName="night")
    assert refused.message == "Roles may not be assumed by root accounts."


@pytest.mark.parametrize(
    ("given", "allowed"), [({}, False), ({"ExternalId": "no"}, False), ({"ExternalId": "42"}, True)]
)
def test_the_external_id_is_asked(root: Client, given: dict[str, str], *, allowed: bool) -> None:
    ada = root.new_user("ada", "sts:AssumeRole")
    make_role(root, trust({"AWS": HOME}, StringEquals={"sts:ExternalId": "42"}))
    if allowed:
        assert assume(ada, **given)
    else:
        assert refusal(ada, "AssumeRole", "sts", RoleArn=ROLE, RoleSessionName="night", **given).status == 403


def test_a_user_made_anew_is_not_the_one_who_was_trusted(root: Client) -> None:
    ada = root.new_user("ada")
    make_role(root, trust({"AWS": f"arn:aws:iam::{HOME}:user/ada"}))
    root.call("DeleteAccessKey", UserName="ada", AccessKeyId=ada.key.access_key_id)
    root.call("DeleteUser", UserName="ada")
    assert refusal(root.new_user("ada"), "AssumeRole", "sts", RoleArn=ROLE, RoleSessionName="night").status == 403


# What a session may, and for how long.


def test_a_session_policy_cuts_and_allows_nothing(root: Client) -> None:
    ada = root.new_user("ada", "sts:AssumeRole")
    make_role(root, trust({"AWS": HOME}), "iam:ListUsers", "iam:ListRoles")
    session = become(ada, Policy=policy("Allow", "iam:ListUsers", "iam:ListGroups"))
    assert session.call("ListUsers")["Users"]
    assert "because no session policy allows" in refusal(session, "ListRoles").message
    assert "no identity-based policy" in refusal(session, "ListGroups").message


def test_managed_session_policies_cut_too(root: Client) -> None:
    ada = root.new_user("ada", "sts:AssumeRole")
    make_role(root, trust({"AWS": HOME}), "iam:*")
    readonly = {"arn": "arn:aws:iam::aws:policy/AmazonEC2ContainerRegistryReadOnly"}
    assert refusal(become(ada, PolicyArns=[readonly]), "ListUsers").status == 403
    refused = refusal(
        ada, "AssumeRole", "sts", RoleArn=ROLE, RoleSessionName="night", PolicyArns=[{"arn": readonly["arn"] + "X"}]
    )
    assert refused.code == "ValidationError"


LIMIT = "arn:aws:iam::aws:policy/AmazonEC2ContainerRegistryReadOnly"
NOT_NULL = "failed to satisfy constraint: Member must not be null"


@pytest.mark.parametrize(
    ("fields", "code", "told"),
    [
        ({"PolicyArns.member.1": ""}, "ValidationError", f"Value null at 'policyArns.1.member.arn' {NOT_NULL}"),
        (
            {"PolicyArns.member.1.arn": LIMIT, "PolicyArns.member.2": ""},
            "ValidationError",
            f"Value null at 'policyArns.2.member.arn' {NOT_NULL}",
        ),
        ({"PolicyArns.member.1.Arn": LIMIT}, "ValidationError", "PolicyArns.member.1.Arn is no member that is known"),
        ({"PolicyArns.member.1": LIMIT}, "MalformedQueryString", "PolicyArns.member.1 is not a structure"),
        ({"PolicyArns.1.arn": LIMIT}, "MalformedQueryString", "the items of PolicyArns are not numbered"),
        ({"PolicyArns.member": LIMIT}, "MalformedQueryString", "the items of PolicyArns are not numbered"),
        ({"PolicyArns.member.2.arn": LIMIT}, "MalformedQueryString", "the items of PolicyArns are not numbered"),
        ({"PolicyArns": LIMIT}, "MalformedQueryString", "the items of PolicyArns are not numbered"),
    ],
)
def test_a_misspelt_limit_opens_no_session(root: Client, fields: dict[str, str], code: str, told: str) -> None:
    ada = root.new_user("ada", "sts:AssumeRole")
    make_role(root, trust({"AWS": HOME}), "iam:*")
    form = {"Action": "AssumeRole", "Version": "2011-06-15", "RoleArn": ROLE, "RoleSessionName": "night", **fields}
    with pytest.raises(Refused) as refused:
        ada.post("sts", form)
    assert (refused.value.code, told in refused.value.message) == (code, True)


def test_a_session_ends(root: Client, clock: FrozenClock) -> None:
    ada = root.new_user("ada", "sts:AssumeRole")
    make_role(root, trust({"AWS": HOME}), "iam:ListUsers")
    session = become(ada, DurationSeconds=900)
    clock.move(899)
    assert session.call("ListUsers")["Users"]
    clock.move(1)
    refused = refusal(session, "ListUsers")
    assert (refused.code, refused.status) == ("ExpiredToken", 403)


def test_a_session_is_no_longer_than_the_role_lets_it_be(root: Client) -> None:
    ada = root.new_user("ada", "sts:AssumeRole")
    make_role(root, trust({"AWS": HOME}), MaxSessionDuration=7200)
    assert assume(ada, DurationSeconds=7200)
    refused = refusal(ada, "AssumeRole", "sts", RoleArn=ROLE, RoleSessionName="night", DurationSeconds=7201)
    assert "exceeds the MaxSessionDuration" in refused.message


def test_a_role_assumed_by_a_role_lasts_an_hour_at_most(root: Client) -> None:
    ada = root.new_user("ada", "sts:AssumeRole")
    make_role(root, trust({"AWS": HOME}), "sts:AssumeRole", MaxSessionDuration=7200)
    session = become(ada)
    assert assume(session, DurationSeconds=3600)
    refused = refusal(session, "AssumeRole", "sts", RoleArn=ROLE, RoleSessionName="night", DurationSeconds=3601)
    assert "role chaining" in refused.message


def test_tags_need_leave_of_their_own_and_the_transitive_go_on(root: Client) -> None:
    ada = root.new_user("ada", "sts:*")
    tags = [{"Key": "team", "Value": "red"}, {"Key": "shift", "Value": "night"}]
    make_role(root, trust({"AWS": HOME}), "sts:*")
    members = {"RoleArn": ROLE, "RoleSessionName": "night", "Tags": tags}
    assert refusal(ada, "AssumeRole", "sts", **members).status == 403
    root.call(
        "UpdateAssumeRolePolicy",
        RoleName="builder",
        PolicyDocument=trust({"AWS": HOME}, "sts:AssumeRole", "sts:TagSession"),
    )
    session = become(ada, Tags=tags, TransitiveTagKeys=["team"])
    again = become(session)
    found = root.env.principals
    assert again.call("GetCallerIdentity", "sts")
    known = found._known[again.key.access_key_id].requester.facts  # noqa: SLF001 - what a policy would be asked with
    assert (known.get("aws:principaltag/team"), known.get("aws:principaltag/shift")) == ("red", None)
    refused = refusal(session, "AssumeRole", "sts", **{**members, "Tags": [{"Key": "Team", "Value": "blue"}]})
    assert refused.code == "ValidationError"


@pytest.mark.parametrize("spelling", ["team", "Team", "TEAM"])
def test_a_transitive_tag_keeps_its_value_over_a_chain_of_roles(root: Client, spelling: str) -> None:
    ada = root.new_user("ada", "sts:*")
    make_role(root, trust({"AWS": HOME}, "sts:AssumeRole", "sts:TagSession"), "sts:*")
    red = json.loads(policy("Allow", "iam:ListUsers"))
    red["Statement"][0]["Condition"] = {"StringEquals": {"aws:PrincipalTag/team": "red"}}
    root.call("PutRolePolicy", RoleName="builder", PolicyName="q", PolicyDocument=json.dumps(red))
    first = become(ada, Tags=[{"Key": "Team", "Value": "red"}], TransitiveTagKeys=["TEAM"])
    second = become(first, Tags=[{"Key": "shift", "Value": "night"}])
    third = become(second)
    assert [session.call("ListUsers")["Users"] != [] for session in (first, second, third)] == [True] * 3
    asked = {"RoleArn": ROLE, "RoleSessionName": "night", "Tags": [{"Key": spelling, "Value": "blue"}]}
    for session in (first, second, third):
        assert "cannot be replaced" in refusal(session, "AssumeRole", "sts", **asked).message
    assert refusal(become(ada, Tags=[{"Key": "Team", "Value": "blue"}]), "ListUsers").code == "AccessDenied"


def test_a_source_identity_needs_leave_and_stays(root: Client) -> None:
    ada = root.new_user("ada", "sts:*")
    make_role(root, trust({"AWS": HOME}, "sts:AssumeRole", "sts:SetSourceIdentity"), "sts:*")
    answer = assume(ada, SourceIdentity="ada-laptop")
    session = session_of(ada, answer)
    assert (answer["SourceIdentity"], assume(session)["SourceIdentity"]) == ("ada-laptop", "ada-laptop")
    refused = refusal(
        session, "AssumeRole", "sts", RoleArn=ROLE, RoleSessionName="night", SourceIdentity="somebody-else"
    )
    assert refused.code == "ValidationError"


@pytest.mark.parametrize(
    ("members", "code"),
    [
        ({"RoleArn": f"arn:aws:iam::{HOME}:user/ada"}, "ValidationError"),
        ({"Policy": "{}"}, "MalformedPolicyDocument"),
        ({"Policy": policy("Allow", *(f"iam:{'a' * 200}{n}" for n in range(11)))}, "PackedPolicyTooLarge"),
        ({"RoleSessionName": "a b"}, "ValidationError"),
        ({"TransitiveTagKeys": ["nobody"]}, "ValidationError"),
        ({"SerialNumber": "arn:aws:iam::1:mfa/x", "TokenCode": "123456"}, "ValidationError"),
    ],
)
def test_what_cannot_be_assumed_is_refused(root: Client, members: dict[str, Any], code: str) -> None:
    ada = root.new_user("ada", "sts:*")
    make_role(root, trust({"AWS": HOME}))
    given = {"RoleArn": ROLE, "RoleSessionName": "night", **members}
    assert refusal(ada, "AssumeRole", "sts", **given).code == code


# Tokens and keys.


def test_temporary_credentials_need_their_own_token(root: Client) -> None:
    ada = root.new_user("ada", "sts:AssumeRole", "iam:ListUsers")
    make_role(root, trust({"AWS": HOME}), "iam:ListUsers")
    one, other = become(ada), become(ada, name="other")
    for wrong in (replace(one, token=None), replace(one, token=other.token), replace(ada, token=one.token)):
        assert refusal(wrong, "ListUsers").code == "InvalidClientTokenId"
    assert refusal(replace(one, token=f"{one.token}x"), "ListUsers").code == "InvalidClientTokenId"


def test_a_deleted_role_ends_its_sessions(root: Client) -> None:
    ada = root.new_user("ada", "sts:AssumeRole")
    make_role(root, trust({"AWS": HOME}))
    session = become(ada)
    root.call("DeleteRole", RoleName="builder")
    make_role(root, trust({"AWS": HOME}), "iam:*")
    assert refusal(session, "GetCallerIdentity", "sts").code == "InvalidClientTokenId"


def test_a_policy_of_the_role_is_in_force_in_open_sessions_at_once(root: Client) -> None:
    ada = root.new_user("ada", "sts:AssumeRole")
    make_role(root, trust({"AWS": HOME}), "iam:ListUsers")
    session = become(ada)
    assert session.call("ListUsers")["Users"]
    root.call("DeleteRolePolicy", RoleName="builder", PolicyName="p")
    assert refusal(session, "ListUsers").code == "AccessDenied"


def test_a_session_of_one_s_own_is_a_user_who_may_not_call_iam(root: Client) -> None:
    ada = root.new_user("ada", "iam:*", "sts:*")
    session = session_of(ada, ada.call("GetSessionToken", "sts"))
    assert session.call("GetCallerIdentity", "sts")["Arn"] == f"arn:aws:iam::{HOME}:user/ada"
    assert refusal(session, "ListUsers").code == "InvalidClientTokenId"
    assert refusal(session, "GetSessionToken", "sts").code == "AccessDenied"
    root.call("UpdateAccessKey", UserName="ada", AccessKeyId=ada.key.access_key_id, Status="Inactive")
    assert refusal(session, "GetCallerIdentity", "sts").code == "InvalidClientTokenId"


@pytest.mark.parametrize(
    ("of_root", "asked", "lasts"),
    [
        (False, None, 43_200),
        (False, 900, 900),
        (False, 129_600, 129_600),
        (True, None, 3_600),
        (True, 900, 900),
        (True, 3_600, 3_600),
        (True, 3_601, 3_600),
        (True, 129_600, 3_600),
    ],
)
def test_a_session_of_one_s_own_is_long_and_of_the_root_an_hour_at_most(
    root: Client, clock: FrozenClock, asked: int | None, lasts: int, *, of_root: bool
) -> None:
    caller = root if of_root else root.new_user("ada")
    answer = caller.call("GetSessionToken", "sts", **({} if asked is None else {"DurationSeconds": asked}))
    assert answer["Credentials"]["Expiration"].timestamp() == clock.at // 1_000_000 + lasts
    session = session_of(caller, answer)
    clock.move(lasts - 1)
    assert session.call("GetCallerIdentity", "sts")
    clock.move(1)
    assert refusal(session, "GetCallerIdentity", "sts").code == "ExpiredToken"


def test_a_key_tells_its_account(root: Client, stranger: Client) -> None:
    key_id = stranger.key.access_key_id
    assert root.call("GetAccessKeyInfo", "sts", AccessKeyId=key_id)["Account"] == OTHER
    assert refusal(root, "GetAccessKeyInfo", "sts", AccessKeyId="AKIA" + "A" * 16).code == "ValidationError"


def test_a_role_s_session_must_say_which_user_it_means(root: Client) -> None:
    ada = root.new_user("ada", "sts:AssumeRole")
    make_role(root, trust({"AWS": HOME}), "iam:*")
    assert "Must specify userName" in refusal(become(ada), "GetUser").message


def test_a_transitive_tag_is_found_whatever_its_case() -> None:
    names = sessions.spelled(["team", "TEAM", "none"], {"Team": "red", "x": "y"})
    assert names == ("Team",)


def test_a_forged_request_uses_no_key(root: Client) -> None:
    root.env.key_uses.take()
    forged = replace(root, key=NewKey(root.key.access_key_id, "x" * 40))
    assert refusal(forged, "GetCallerIdentity", "sts").code == "SignatureDoesNotMatch"
    assert not root.env.key_uses.take()
    root.call("GetCallerIdentity", "sts")
    assert [used.id for used in root.env.key_uses.take()] == [root.key.access_key_id]
