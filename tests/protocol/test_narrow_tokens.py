"""Narrow tokens over the wire: what one opens, that nothing else takes it, and its end in every worker."""

import base64
import json
from collections.abc import Mapping
from dataclasses import dataclass, field

import pytest

from protocol.api import ECR, OWN, Api, code_of, message_of
from protocol.people import ACCOUNT, EVERYTHING, Key, People, policy, statement
from protocol.registry import Registry, manifest_for
from protocol.registry import code_of as oci_code_of
from support.layers import digest_of
from support.server import RunningServer
from support.wire import Answer, Wire

MANIFEST = json.dumps(manifest_for(b"layer")).encode()
PASSWORDS_ALONE = policy(statement("Allow", ["ecr:GetAuthorizationToken", "ecr:BatchGetImage"]))


@dataclass(frozen=True, slots=True)
class Made:
    id: str
    password: str = field(repr=False)
    told: Mapping[str, object]


@dataclass(frozen=True, slots=True)
class Maker:
    """A user with tokens."""

    api: Api
    server: RunningServer
    key: Key

    def replaced_by(self, key: Key) -> "Maker":
        return Maker(Api(self.api.wire, key.id, key.secret), self.server, key)

    def own(self, operation: str, **members: object) -> Answer:
        return self.api.call(operation, members, prefix=OWN)

    def make(self, *actions: str, repositories: list[str], **members: object) -> Made:
        asked = {"actions": list(actions), "repositories": repositories} | members
        answer = self.own("CreateToken", **asked)
        assert answer.status == 200, answer.text
        told = json.loads(answer.body)
        return Made(told["token"]["tokenId"], self.server.secret(told["password"]), told)

    def tokens(self) -> list[dict[str, object]]:
        found: list[dict[str, object]] = json.loads(self.own("ListTokens").body)["tokens"]
        return found


@pytest.fixture
def maker(wire: Wire, people: People, server: RunningServer) -> Maker:
    key = people.new(EVERYTHING)
    return Maker(Api(wire, key.id, key.secret), server, key)


@pytest.fixture
def image(registry: Registry, repository: str) -> str:
    """Give a repository with one image."""
    for blob in (b"{}", b"layer"):
        registry.put_blob(repository, blob)
    registry.put_manifest(repository, "v1", MANIFEST)
    return repository


def pulls(wires: list[Wire], password: str, name: str) -> set[int]:
    return {Registry(wire, password).ask("GET", f"{name}/manifests/v1").status for wire in wires}


def test_a_token_pulls_and_does_nothing_else(maker: Maker, image: str, other_repository: str) -> None:
    made = maker.make("pull", repositories=[image])
    registry = Registry(maker.api.wire, made.password)
    assert registry.ask("GET", "/v2/").status == 200
    assert registry.ask("GET", f"{image}/manifests/v1").status == 200
    refused = [
        registry.ask("POST", f"{image}/blobs/uploads/"),
        registry.ask("PUT", f"{image}/manifests/v2", body=MANIFEST),
        registry.ask("DELETE", f"{image}/manifests/v1"),
        registry.ask("GET", f"{image}/tags/list"),
        registry.ask("GET", f"{other_repository}/manifests/v1"),
        registry.ask("GET", "/v2/_catalog"),
    ]
    assert [(answer.status, oci_code_of(answer)) for answer in refused] == [(403, "DENIED")] * len(refused)
    assert Registry(maker.api.wire, maker.key.password(maker.server)).ask("GET", f"{image}/manifests/v2").status == 404


def test_a_token_does_not_mount_what_it_may_not_read(maker: Maker, image: str, other_repository: str) -> None:
    """The target is within the token, the source only within its maker's rights (security: class A)."""
    maker.api.call("PutAccountSetting", {"name": "BLOB_MOUNTING", "value": "ENABLED"})
    try:
        made = maker.make("pull", "push", repositories=[other_repository])
        digest = digest_of(b"layer")
        asked = f"{other_repository}/blobs/uploads/?mount={digest}&from={image}"
        assert Registry(maker.api.wire, made.password).ask("POST", asked).status == 202
        wide = maker.make("pull", "push", repositories=[other_repository, image])
        assert Registry(maker.api.wire, wide.password).ask("POST", asked).status == 201
    finally:
        maker.api.call("PutAccountSetting", {"name": "BLOB_MOUNTING", "value": "DISABLED"})


def test_a_token_opens_no_signed_call(maker: Maker) -> None:
    """Neither as a Basic header, nor as a key with its password for a secret, nor as a session token."""
    made = maker.make("pull", repositories=["*"])
    wire = maker.api.wire
    basic = "Basic " + base64.b64encode(f"AWS:{made.password}".encode()).decode()
    for target in (f"{ECR}.DescribeRepositories", f"{OWN}.CreateToken"):
        headers = (("host", wire.host), ("content-type", "application/x-amz-json-1.1"), ("x-amz-target", target))
        answer = maker.api.deliver((*headers, ("authorization", basic)), b"{}")
        assert code_of(answer) in {"IncompleteSignatureException", "MissingAuthenticationTokenException"}
    for secret in (made.password, ""):
        forged = Api(wire, made.id, secret)
        for prefix in (ECR, OWN):
            assert code_of(forged.call("ListTokens" if prefix == OWN else "DescribeRepositories", prefix=prefix)) == (
                "UnrecognizedClientException"
            )
        answer = forged.query("sts.GetCallerIdentity", {})
        assert (answer.status, "InvalidClientTokenId" in answer.text) == (403, True)
    signed = maker.api.signed(f"{ECR}.DescribeRepositories", b"{}", more=(("x-amz-security-token", made.password),))
    assert code_of(maker.api.deliver(signed, b"{}")) == "UnrecognizedClientException"


def test_a_token_is_told_once(maker: Maker, image: str) -> None:
    made = maker.make("pull", repositories=[image], ttl=60)
    (token,) = maker.tokens()
    assert token == made.told["token"]
    assert token["maker"] == f"arn:aws:iam::{ACCOUNT}:user/{maker.key.name}"
    assert made.password not in json.dumps(token)


def test_a_token_is_revoked_in_every_worker(maker: Maker, image: str, wires: list[Wire]) -> None:
    made, other = (maker.make("pull", repositories=[image]) for _ in range(2))
    assert pulls(wires, made.password, image) == {200}
    assert maker.own("RevokeToken", tokenId=made.id).status == 200
    assert pulls(wires, made.password, image) == {401}
    assert pulls(wires, other.password, image) == {200}
    assert [token["tokenId"] for token in maker.tokens()] == [other.id]
    again = maker.own("RevokeToken", tokenId=made.id)
    assert (again.status, code_of(again)) == (400, "ResourceNotFoundException")


def test_what_the_maker_loses_its_tokens_lose_in_every_worker(
    maker: Maker, image: str, wires: list[Wire], people: People
) -> None:
    made = maker.make("pull", repositories=[image])
    assert pulls(wires, made.password, image) == {200}
    people.give(maker.key.name, policy(statement("Allow", "ecr:GetAuthorizationToken")))
    assert pulls(wires, made.password, image) == {403}
    people.give(maker.key.name, EVERYTHING)
    assert pulls(wires, made.password, image) == {200}


@pytest.mark.parametrize("how", ["inactive", "deleted", "user"])
def test_a_token_ends_with_its_makers_key_in_every_worker(
    maker: Maker, image: str, wires: list[Wire], people: People, how: str
) -> None:
    made = maker.make("pull", repositories=[image])
    assert pulls(wires, made.password, image) == {200}
    name = {"UserName": maker.key.name, "AccessKeyId": maker.key.id}
    if how == "inactive":
        people.iam.update_access_key(**name, Status="Inactive")
    elif how == "deleted":
        people.iam.delete_access_key(**name)
    else:
        people.remove(maker.key)
    assert pulls(wires, made.password, image) == {401}


def test_others_tokens_are_not_seen_and_not_ended(
    maker: Maker, image: str, people: People, root: Key, stranger: Key
) -> None:
    made = maker.make("pull", repositories=[image])
    others = maker.replaced_by(people.new(PASSWORDS_ALONE))
    assert others.tokens() == []
    missing = others.own("RevokeToken", tokenId="MTKNAAAAAAAAAAAAAAAA")
    for answer in (missing, others.own("RevokeToken", tokenId=made.id), others.own("ListTokens", all=True)):
        assert (code_of(answer), "is not authorized to perform: moorage:" in message_of(answer)) == (
            "AccessDeniedException",
            True,
        )
    theirs = maker.replaced_by(stranger)
    assert (theirs.tokens(), code_of(theirs.own("RevokeToken", tokenId=made.id))) == ([], "ResourceNotFoundException")
    admin = maker.replaced_by(root)
    assert made.id in str(admin.own("ListTokens", all=True).body)
    assert admin.own("RevokeToken", tokenId=made.id).status == 200
    assert pulls([maker.api.wire], made.password, image) == {401}


@pytest.mark.parametrize(
    ("members", "code"),
    [
        ({}, "InvalidParameterException"),
        ({"actions": ["pull"]}, "InvalidParameterException"),
        ({"actions": "pull", "repositories": ["a1"]}, "SerializationException"),
        ({"actions": ["pull"], "repositories": [{}]}, "SerializationException"),
        ({"actions": ["pull"], "repositories": [None]}, "InvalidParameterException"),
        ({"actions": ["ecr:*"], "repositories": ["a1"]}, "InvalidParameterException"),
        ({"actions": ["pull"], "repositories": ["a1"], "ttl": "1h"}, "SerializationException"),
        ({"actions": ["pull"], "repositories": ["a1"], "ttl": 43_201}, "InvalidParameterException"),
        ({"actions": ["pull"], "repositories": ["a1"], "ttl": 1.5}, "SerializationException"),
        ({"actions": ["pull"], "repositories": ["a1"], "ttl": 2**63}, "InvalidParameterException"),
        ({"actions": ["pull"], "repositories": ["../x"]}, "InvalidParameterException"),
        ({"actions": ["pull"], "repositories": ["a1\0"]}, "SerializationException"),
        ({"actions": ["pull"], "repositories": ["a1"], "ownerId": "1"}, "InvalidParameterException"),
    ],
)
def test_a_bad_wish_makes_nothing(maker: Maker, members: Mapping[str, object], code: str) -> None:
    answer = maker.own("CreateToken", **members)
    assert (answer.status, code_of(answer)) == (400, code)
    assert maker.tokens() == []


def test_members_that_a_token_does_not_have_change_nothing(maker: Maker, image: str) -> None:
    """Mass assignment (security: class B): what the row holds and the input does not."""
    extra: dict[str, object] = {
        "kind": "role",
        "parent": None,
        "entity_id": "",
        "maker": "root",
        "facts": {},
        "expiresAt": 10**12,
    }
    made = maker.make("pull", repositories=[image], ttl=60, **extra)
    (token,) = maker.tokens()
    assert float(str(token["expiresAt"])) - float(str(token["createdAt"])) == pytest.approx(60)
    assert Registry(maker.api.wire, made.password).ask("GET", f"{image}/tags/list").status == 403
