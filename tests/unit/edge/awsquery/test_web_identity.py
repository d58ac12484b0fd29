"""Tokens of identity providers: what makes somebody a role's session, and every way in which a token is no good."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from moorage.operations.accounts import NewKey
from support.env import HOME, OTHER, FrozenClock, make_account
from support.oidc import DISCOVERY, Key, Provider, encoded
from unit.edge.awsquery.bringing import ADDRESS, GOOD, ISSUER, KEYS, NOW, ROLE, SUBJECT, bring, refused, trust, trusting
from unit.edge.awsquery.wire import Client, explained, policy, refusal


@pytest.fixture
def provider() -> Provider:
    return Provider(ISSUER, keys=[KEYS[0], KEYS[2]])


@pytest.fixture
def root(tmp_path: Path, clock: FrozenClock, provider: Provider) -> Iterator[Client]:
    with trusting(tmp_path, clock, provider) as client:
        yield client


def test_a_good_token_opens_a_session_of_the_role(root: Client, provider: Provider) -> None:
    answer = bring(root, provider.token(GOOD))
    made = answer["Credentials"]
    session = replace(root, key=NewKey(made["AccessKeyId"], made["SecretAccessKey"]), token=made["SessionToken"])
    assert session.call("GetCallerIdentity", "sts")["Arn"] == f"arn:aws:sts::{HOME}:assumed-role/pusher/job-7"
    assert session.call("ListUsers")["Users"] == []
    assert (answer["SubjectFromWebIdentityToken"], answer["Audience"]) == (SUBJECT, "sts.example.com")
    assert answer["Provider"] == f"arn:aws:iam::{HOME}:oidc-provider/{ADDRESS}"


def test_an_elliptic_key_is_as_good(root: Client, provider: Provider) -> None:
    assert bring(root, provider.token(GOOD, key=KEYS[2]))


def test_a_misspelt_limit_opens_no_session(root: Client, provider: Provider) -> None:
    limit = "arn:aws:iam::aws:policy/AmazonEC2ContainerRegistryReadOnly"
    token = provider.token(GOOD)
    for stray in ({"PolicyArns.member.1": ""}, {"PolicyArns.member.1.Arn": limit}):
        assert refused(root, token, **stray).code == "ValidationError"
    assert bring(root, token, **{"PolicyArns.member.1.arn": limit})


def test_tokens_that_are_tampered_with_are_refused(root: Client, provider: Provider) -> None:
    head, claims, signature = provider.token(GOOD).split(".")
    other = encoded({**GOOD, "sub": "system:serviceaccount:build:admin"})
    none = encoded({"alg": "none"})
    shared = encoded({"alg": "HS256", "kid": "k1"})
    for token in (
        f"{head}.{other}.{signature}",
        f"{none}.{claims}.",
        f"{none}.{claims}.{signature}",
        f"{shared}.{claims}.{signature}",
        f"{head}.{claims}.",
        f"{head}.{claims}",
        "nothing at all",
        f"{head}.{encoded(b'[]')}.{signature}",
        f"{head}.{claims}.{signature}A==",
    ):
        assert refused(root, token).code == "InvalidIdentityToken", token


def test_a_key_inside_the_token_is_not_looked_at(root: Client, provider: Provider) -> None:
    mallory = Key.rsa("mallory")
    for header in ({"jwk": mallory.jwk()}, {"jwk": mallory.jwk(), "kid": None}, {"jku": "https://evil.example/keys"}):
        assert refused(root, provider.token(GOOD, key=mallory, **header)).code == "InvalidIdentityToken"
    assert all(path in {DISCOVERY, "/keys"} for path in provider.asked)


def test_a_key_of_another_kind_under_the_same_id_is_refused(root: Client, provider: Provider) -> None:
    assert refused(root, provider.token(GOOD, key=Key("k1", KEYS[2].private))).code == "InvalidIdentityToken"


def test_keys_are_remembered_and_asked_for_anew_when_they_rotate(
    root: Client, provider: Provider, clock: FrozenClock
) -> None:
    for _ in range(3):
        bring(root, provider.token(GOOD))
    assert provider.asked == [DISCOVERY, "/keys"]
    provider.keys = [KEYS[1]]
    assert refused(root, provider.token(GOOD)).code == "InvalidIdentityToken"  # asked a moment ago
    clock.move(61)
    assert bring(root, provider.token(GOOD))
    assert provider.asked.count("/keys") == 2


def test_other_spellings_of_an_issuer_are_nobody_and_ask_nobody(root: Client, provider: Provider) -> None:
    assert bring(root, provider.token(GOOD))
    asked = list(provider.asked)
    for number in range(2, 60):
        assert refused(root, provider.token({**GOOD, "iss": ISSUER + "/" * number})).code == "InvalidIdentityToken"
    assert provider.asked == asked
    assert bring(root, provider.token({**GOOD, "iss": ISSUER + "/"}))
    assert provider.asked == asked


def test_keys_that_are_good_outlive_a_provider_that_fails(root: Client, provider: Provider, clock: FrozenClock) -> None:
    assert bring(root, provider.token(GOOD))
    provider.documents[DISCOVERY] = b"no json"
    clock.move(61)
    stranger = provider.token(GOOD, key=Key.rsa("unheard of"))
    assert refused(root, stranger).code == "IDPCommunicationError"
    asked = len(provider.asked)
    assert bring(root, provider.token(GOOD))
    assert refused(root, stranger).code == "IDPCommunicationError"
    assert len(provider.asked) == asked
    clock.move(3600)
    late = {**GOOD, "exp": NOW + 9000}
    assert refused(root, provider.token(late)).code == "IDPCommunicationError"


def test_a_key_that_takes_the_place_of_another_under_its_id_is_asked_for(
    root: Client, provider: Provider, clock: FrozenClock
) -> None:
    assert bring(root, provider.token(GOOD))
    provider.keys = [Key("k1", KEYS[1].private)]
    assert refused(root, provider.token(GOOD)).code == "InvalidIdentityToken"  # asked a moment ago
    clock.move(61)
    assert bring(root, provider.token(GOOD))


@pytest.mark.parametrize("source", ["a", "x" * 65, "aws:me", "two words", 7])
def test_a_source_identity_in_a_token_is_judged_as_that_of_a_call(
    root: Client, provider: Provider, source: object
) -> None:
    document = trust("*", "sts:AssumeRoleWithWebIdentity", "sts:SetSourceIdentity")
    root.call("UpdateAssumeRolePolicy", RoleName="pusher", PolicyDocument=document)
    name = "https://aws.amazon.com/source_identity"
    assert bring(root, provider.token({**GOOD, name: "ada@example.com"}))["SourceIdentity"] == "ada@example.com"
    assert refused(root, provider.token({**GOOD, name: source})).code == "IDPRejectedClaim"


@pytest.mark.parametrize("tags", [{"te\nam": ["red"]}, {"team": ["<red>"]}, {"team": ["r" * 257]}, {"aws:x": ["y"]}])
def test_tags_in_a_token_are_judged_as_those_of_a_call(
    root: Client, provider: Provider, tags: dict[str, object]
) -> None:
    document = trust("*", "sts:AssumeRoleWithWebIdentity", "sts:TagSession")
    root.call("UpdateAssumeRolePolicy", RoleName="pusher", PolicyDocument=document)
    tagged = {**GOOD, "https://aws.amazon.com/tags": {"principal_tags": tags}}
    assert refused(root, provider.token(tagged)).code == "IDPRejectedClaim"


def test_a_key_that_was_withdrawn_is_good_for_an_hour_at_most(
    root: Client, provider: Provider, clock: FrozenClock
) -> None:
    old = provider.token({**GOOD, "exp": NOW + 9000})
    assert bring(root, old)
    provider.keys = [KEYS[1]]
    clock.move(3601)
    assert refused(root, old).code == "InvalidIdentityToken"


@pytest.mark.parametrize(
    ("path", "body"),
    [
        (DISCOVERY, b"no json"),
        (DISCOVERY, json.dumps({"issuer": "https://other.example", "jwks_uri": f"{ISSUER}/keys"}).encode()),
        (DISCOVERY, json.dumps({"issuer": ISSUER}).encode()),
        ("/keys", b"[]"),
        ("/keys", b'{"keys": 7}'),
        ("/keys", b"x" * (256 * 1024 + 1)),
    ],
)
def test_a_provider_that_answers_with_nonsense_is_told_and_left_alone(
    root: Client, provider: Provider, path: str, body: bytes, clock: FrozenClock
) -> None:
    provider.documents[path] = body
    found = refused(root, provider.token(GOOD))
    assert found.code == "IDPCommunicationError"
    assert body[:20].decode() not in found.message
    asked = len(provider.asked)
    refused(root, provider.token(GOOD))
    assert len(provider.asked) == asked
    del provider.documents[path]
    clock.move(11)
    assert bring(root, provider.token(GOOD))


def test_a_provider_of_another_account_is_none_here(root: Client, provider: Provider) -> None:
    theirs = replace(root, key=make_account(root.env, OTHER))
    theirs.call("CreateRole", RoleName="pusher", AssumeRolePolicyDocument=trust())
    found = refused(root, provider.token(GOOD), RoleArn=f"arn:aws:iam::{OTHER}:role/pusher")
    assert found.message == f"No OpenIDConnect provider found in your account for {ISSUER}"


def test_a_client_that_was_removed_and_a_provider_that_was_deleted_open_nothing(
    root: Client, provider: Provider
) -> None:
    arn = f"arn:aws:iam::{HOME}:oidc-provider/{ADDRESS}"
    root.call("RemoveClientIDFromOpenIDConnectProvider", OpenIDConnectProviderArn=arn, ClientID="sts.example.com")
    assert refused(root, provider.token(GOOD)).message == "Incorrect token audience"
    root.call("DeleteOpenIDConnectProvider", OpenIDConnectProviderArn=arn)
    assert "No OpenIDConnect provider" in refused(root, provider.token(GOOD)).message


def test_a_role_that_trusts_somebody_else_is_refused_as_one_that_is_not_there(root: Client, provider: Provider) -> None:
    anyone = json.dumps(
        {"Version": "2012-10-17", "Statement": {"Effect": "Allow", "Principal": {"AWS": HOME}, "Action": "sts:*"}}
    )
    root.call("UpdateAssumeRolePolicy", RoleName="pusher", PolicyDocument=anyone)
    one = refused(root, provider.token(GOOD))
    other = refused(root, provider.token(GOOD), RoleArn=f"{ROLE}-gone")
    assert (one.code, one.message) == (other.code, other.message)


def test_tags_in_a_token_need_leave_and_become_session_tags(root: Client, provider: Provider) -> None:
    tagged = {**GOOD, "https://aws.amazon.com/tags": {"principal_tags": {"team": ["red"]}, "transitive_tag_keys": []}}
    assert refused(root, provider.token(tagged)).code == "AccessDenied"
    document = trust("*", "sts:AssumeRoleWithWebIdentity", "sts:TagSession")
    root.call("UpdateAssumeRolePolicy", RoleName="pusher", PolicyDocument=document)
    assert bring(root, provider.token(tagged))["PackedPolicySize"] > 0


def session_of(root: Client, answer: Mapping[str, Any]) -> Client:
    made = answer["Credentials"]
    return replace(root, key=NewKey(made["AccessKeyId"], made["SecretAccessKey"]), token=made["SessionToken"])


@pytest.mark.parametrize("spelling", ["team", "Team", "TEAM"])
def test_a_transitive_tag_of_a_token_cannot_be_changed_on_the_way(
    root: Client, provider: Provider, spelling: str
) -> None:
    document = trust("*", "sts:AssumeRoleWithWebIdentity", "sts:TagSession")
    root.call("UpdateAssumeRolePolicy", RoleName="pusher", PolicyDocument=document)
    root.call("PutRolePolicy", RoleName="pusher", PolicyName="p", PolicyDocument=policy("Allow", "sts:*"))
    next_trust = {"Effect": "Allow", "Principal": {"AWS": ROLE}, "Action": ["sts:AssumeRole", "sts:TagSession"]}
    document = json.dumps({"Version": "2012-10-17", "Statement": next_trust})
    root.call("CreateRole", RoleName="next", AssumeRolePolicyDocument=document)
    by_team = json.loads(policy("Allow", "iam:ListUsers"))
    by_team["Statement"][0]["Condition"] = {"StringEquals": {"aws:PrincipalTag/team": "red"}}
    root.call("PutRolePolicy", RoleName="next", PolicyName="p", PolicyDocument=json.dumps(by_team))
    tags = {"principal_tags": {"Team": ["red"]}, "transitive_tag_keys": ["tEAM"]}
    first = session_of(root, bring(root, provider.token({**GOOD, "https://aws.amazon.com/tags": tags})))
    asked = {"RoleArn": f"arn:aws:iam::{HOME}:role/next", "RoleSessionName": "on"}
    changed = refusal(first, "AssumeRole", "sts", **asked, Tags=[{"Key": spelling, "Value": "blue"}])
    assert (changed.code, "cannot be replaced" in changed.message) == ("ValidationError", True)
    second = session_of(first, first.call("AssumeRole", "sts", **asked))
    assert second.call("ListUsers")["Users"] == []


# What nobody learns who has no token of a provider, and what the refused one's account is told.


def test_without_a_good_token_nothing_is_told_of_roles_and_accounts(root: Client, provider: Provider) -> None:
    """An unregistered issuer and a bad signature are told apart, as by AWS; nothing else is."""
    nowhere = f"arn:aws:iam::{OTHER}:role/pusher"
    foreign = Provider("https://oidc.example.com/foreign", keys=[KEYS[1]])
    unknown = foreign.token({**GOOD, "iss": foreign.issuer})
    forged = provider.token(GOOD, key=Key("k1", KEYS[1].private))
    told = {
        token: {
            (found.code, found.status, found.message)
            for found in (refused(root, token, RoleArn=role) for role in (ROLE, f"{ROLE}-gone", f"{ROLE}/x"))
        }
        for token in (unknown, forged)
    }
    sentence = f"No OpenIDConnect provider found in your account for {foreign.issuer}"
    assert told[unknown] == {("InvalidIdentityToken", 400, sentence)}
    assert [(code, status) for code, status, _ in told[forged]] == [("InvalidIdentityToken", 400)]
    there_is_no_such_account = refused(root, unknown, RoleArn=nowhere)
    assert (there_is_no_such_account.code, there_is_no_such_account.message) == ("InvalidIdentityToken", sentence)


@pytest.mark.parametrize("claims", [{"aud": "x"}, {"exp": NOW}, {"nbf": NOW + 999}, {"sub": ""}])
def test_a_forged_token_is_told_nothing_of_what_a_good_one_would_have_to_say(
    root: Client, provider: Provider, claims: dict[str, object]
) -> None:
    mallory = Key("k1", KEYS[1].private)
    one = refused(root, provider.token(GOOD, key=mallory))
    other = refused(root, provider.token({**GOOD, **claims}, key=mallory))
    assert (one.code, one.message) == (other.code, other.message)


def test_a_refused_token_is_explained_to_the_role_s_account(root: Client, provider: Provider) -> None:
    arn = f"arn:aws:iam::{HOME}:oidc-provider/{ADDRESS}"
    refused(root, provider.token({**GOOD, "sub": "system:serviceaccount:other:pusher"}))
    told = explained(root)
    assert (told.caller, told.action) == (
        f"{arn}/system:serviceaccount:other:pusher",
        "sts:AssumeRoleWithWebIdentity",
    )
    assert (told.resource, told.sentence) == (ROLE, "Not authorized to perform sts:AssumeRoleWithWebIdentity")
    assert told.why[1] == (
        "statement 1 of the trust policy of role pusher allows the action, but only under conditions on "
        f"{ADDRESS}:sub that this request does not fulfil"
    )
    refused(root, provider.token(GOOD), RoleArn=f"{ROLE}-gone")
    assert explained(root).why == (f"there is no role {ROLE}-gone: its path is part of the ARN, and case counts",)
    refused(root, provider.token({**GOOD, "aud": "x"}))
    assert not root.env.denials.take()


def test_no_other_operation_goes_without_a_signature(root: Client) -> None:
    found = refused(root, "x" * 10, Action="GetCallerIdentity")
    assert found.code == "MissingAuthenticationToken"


def test_somebody_who_signed_all_the_same_is_judged_by_the_token(root: Client, provider: Provider) -> None:
    members = {"RoleArn": ROLE, "RoleSessionName": "job-7"}
    assert root.call("AssumeRoleWithWebIdentity", "sts", **members, WebIdentityToken=provider.token(GOOD))
    bad = provider.token({**GOOD, "aud": "x"})
    assert refusal(root, "AssumeRoleWithWebIdentity", "sts", **members, WebIdentityToken=bad).status == 400
