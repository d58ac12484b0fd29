"""The condition keys of sessions: what opens them may be asked about, and what they carry on."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import pytest

from moorage.operations.accounts import NewKey
from support.env import HOME, START, FrozenClock, close_env, configure_account, make_env
from support.oidc import Provider
from unit.edge.awsquery.wire import FORM, HOST, Arrived, Client, Headers, Refused, read, refusal

ROLE = f"arn:aws:iam::{HOME}:role/builder"
PROVIDER = Provider("https://oidc.example.com")
ARN = f"arn:aws:iam::{HOME}:oidc-provider/oidc.example.com"
NOW = START // 1_000_000
CLAIMS = {"iss": PROVIDER.issuer, "sub": "somebody", "aud": "us", "exp": NOW + 600}
Conditions = Mapping[str, Mapping[str, object]]


@pytest.fixture
def root(tmp_path: Path) -> Iterator[Client]:
    env = make_env(tmp_path, FrozenClock(), PROVIDER)
    root = Client(env, configure_account(env, HOME))
    root.call("CreateOpenIDConnectProvider", Url=PROVIDER.issuer, ClientIDList=["us"])
    yield root
    close_env(env)


@pytest.fixture
def ada(root: Client) -> Client:
    return root.new_user("ada", "sts:*")


def make_role(root: Client, trusted: Conditions | None = None, allowed: Conditions | None = None) -> None:
    """Make a role that a user or a token becomes under conditions, and that lists users under others."""
    trust = {
        "Effect": "Allow",
        "Principal": {"AWS": HOME, "Federated": ARN},
        "Action": ["sts:AssumeRole", "sts:AssumeRoleWithWebIdentity", "sts:SetSourceIdentity", "sts:TagSession"],
    }
    may = {"Effect": "Allow", "Action": "iam:ListUsers", "Resource": "*"}
    root.call("CreateRole", RoleName="builder", AssumeRolePolicyDocument=document(trust, trusted))
    root.call("PutRolePolicy", RoleName="builder", PolicyName="p", PolicyDocument=document(may, allowed))


def document(statement: Mapping[str, object], conditions: Conditions | None) -> str:
    whole = statement if conditions is None else {**statement, "Condition": conditions}
    return json.dumps({"Version": "2012-10-17", "Statement": [whole]})


def become(client: Client, name: str = "night", **members: Any) -> Client:  # noqa: ANN401 - members of every type
    return session_of(client, client.call("AssumeRole", "sts", RoleArn=ROLE, RoleSessionName=name, **members))


def bring(root: Client, claims: Mapping[str, object] = CLAIMS, name: str = "night") -> Client:
    """Become the role with a token, and without a key."""
    token = PROVIDER.token({**CLAIMS, **claims})
    form = {"Action": "AssumeRoleWithWebIdentity", "Version": "2011-06-15", "RoleArn": ROLE}
    body = urlencode({**form, "RoleSessionName": name, "WebIdentityToken": token}).encode()
    headers = Headers([("host", HOST), ("content-type", FORM), ("content-length", str(len(body)))])
    return session_of(root, read(root.send(Arrived(headers, body)), "AssumeRoleWithWebIdentity", "sts"))


def session_of(client: Client, answer: Mapping[str, Any]) -> Client:
    made = answer["Credentials"]
    return replace(client, key=NewKey(made["AccessKeyId"], made["SecretAccessKey"]), token=made["SessionToken"])


def refused(client: Client, name: str = "night", **members: object) -> bool:
    return refusal(client, "AssumeRole", "sts", RoleArn=ROLE, RoleSessionName=name, **members).code == "AccessDenied"


def refused_token(root: Client, claims: Mapping[str, object] = CLAIMS, name: str = "night") -> bool:
    with pytest.raises(Refused) as found:
        bring(root, claims, name)
    return found.value.code == "AccessDenied"


# What opens a session.


def test_a_trust_policy_asks_for_the_session_s_name(root: Client, ada: Client) -> None:
    make_role(root, {"StringEquals": {"sts:RoleSessionName": "${aws:username}"}})
    assert become(ada, "ada")
    assert refused(ada, "bob")


def test_a_trust_policy_asks_a_token_s_bearer_for_the_session_s_name(root: Client) -> None:
    make_role(root, {"StringLike": {"sts:RoleSessionName": "job-*"}})
    assert bring(root, name="job-7")
    assert refused_token(root, name="jobs")


def test_a_trust_policy_asks_for_the_source_identity(root: Client, ada: Client) -> None:
    make_role(root, {"StringEquals": {"sts:SourceIdentity": "ada"}})
    assert become(ada, SourceIdentity="ada")
    assert refused(ada, SourceIdentity="bob")
    assert refused(ada)
    assert bring(root, {"https://aws.amazon.com/source_identity": "ada"})
    assert refused_token(root, {"https://aws.amazon.com/source_identity": "bob"})
    assert refused_token(root)


def test_a_trust_policy_asks_for_the_tags_that_go_on(root: Client, ada: Client) -> None:
    make_role(root, {"ForAllValues:StringEquals": {"sts:TransitiveTagKeys": ["team"]}})
    tags = [{"Key": "team", "Value": "red"}, {"Key": "cost", "Value": "1"}]
    assert become(ada, Tags=tags)
    assert become(ada, Tags=tags, TransitiveTagKeys=["team"])
    assert refused(ada, Tags=tags, TransitiveTagKeys=["team", "cost"])
    principal = {"team": ["red"], "cost": ["1"]}
    name = "https://aws.amazon.com/tags"
    assert bring(root, {name: {"principal_tags": principal, "transitive_tag_keys": ["team"]}})
    assert refused_token(root, {name: {"principal_tags": principal, "transitive_tag_keys": ["cost"]}})


def test_a_trust_policy_asks_for_the_tags_that_must_go_on(root: Client, ada: Client) -> None:
    make_role(root, {"ForAnyValue:StringEquals": {"sts:TransitiveTagKeys": ["team"]}})
    tags = [{"Key": "team", "Value": "red"}]
    assert become(ada, Tags=tags, TransitiveTagKeys=["team"])
    assert refused(ada, Tags=tags)


@pytest.mark.parametrize(("provider", "good"), [(ARN, True), (f"{ARN}/other", False)])
def test_a_trust_policy_asks_for_the_provider(root: Client, provider: str, *, good: bool) -> None:
    make_role(root, {"StringEquals": {"aws:FederatedProvider": provider}})
    if good:
        assert bring(root)
    else:
        assert refused_token(root)


def test_a_user_comes_from_no_provider(root: Client, ada: Client) -> None:
    make_role(root, {"Null": {"aws:FederatedProvider": "true"}})
    assert become(ada)
    assert refused_token(root)


# What a session carries on.


def listing(client: Client) -> bool:
    try:
        return bool(client.call("ListUsers")["Users"])
    except Refused as found:
        if found.code != "AccessDenied":
            raise
        return False


def test_a_session_is_known_by_its_source_identity_and_so_are_those_opened_from_it(root: Client, ada: Client) -> None:
    make_role(root, allowed={"StringEquals": {"aws:SourceIdentity": "ada"}})
    trust = {"Effect": "Allow", "Principal": {"AWS": ROLE}, "Action": ["sts:AssumeRole", "sts:SetSourceIdentity"]}
    may = {"Effect": "Allow", "Action": "iam:ListUsers", "Resource": "*"}
    own = document(may, {"StringEquals": {"aws:SourceIdentity": "ada"}})
    root.call("CreateRole", RoleName="next", AssumeRolePolicyDocument=document(trust, None))
    root.call("PutRolePolicy", RoleName="next", PolicyName="p", PolicyDocument=own)
    named = {"RoleArn": f"arn:aws:iam::{HOME}:role/next", "RoleSessionName": "on"}
    told = []
    for source in ({"SourceIdentity": "ada"}, {"SourceIdentity": "bob"}, {}):
        session = become(ada, **source)
        told.append((listing(session), listing(session_of(session, session.call("AssumeRole", "sts", **named)))))
    assert told == [(True, True), (False, False), (False, False)]


def test_a_session_is_known_by_the_provider_of_its_token(root: Client, ada: Client) -> None:
    make_role(root, allowed={"StringEquals": {"aws:FederatedProvider": ARN}})
    assert (listing(bring(root)), listing(become(ada))) == (True, False)


@pytest.mark.parametrize("said", ["true", "false"])
def test_no_session_was_opened_with_a_second_factor(root: Client, ada: Client, said: str) -> None:
    make_role(root, allowed={"Bool": {"aws:MultiFactorAuthPresent": said}})
    assert [listing(session) for session in (become(ada), bring(root))] == [said == "false"] * 2


@pytest.mark.parametrize(("operator", "allowed"), [("Bool", False), ("BoolIfExists", True)])
def test_a_key_of_a_user_says_nothing_of_a_second_factor(root: Client, operator: str, *, allowed: bool) -> None:
    bob = root.new_user("bob")
    may = {"Effect": "Allow", "Action": "iam:ListUsers", "Resource": "*"}
    own = document(may, {operator: {"aws:MultiFactorAuthPresent": "false"}})
    root.call("PutUserPolicy", UserName="bob", PolicyName="own", PolicyDocument=own)
    assert listing(bob) is allowed


def test_a_caller_cannot_bring_such_keys_along(root: Client, ada: Client) -> None:
    make_role(root, {"StringEquals": {"aws:FederatedProvider": ARN}})
    form = {"Action": "AssumeRole", "Version": "2011-06-15", "RoleArn": ROLE, "RoleSessionName": "night"}
    with pytest.raises(Refused) as found:
        ada.post("sts", {**form, "aws:FederatedProvider": ARN, "FederatedProvider": ARN, "ProviderId": ARN})
    assert found.value.code == "AccessDenied"
