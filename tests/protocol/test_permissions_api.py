"""Every operation needs just what the one table says (security: class B)."""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import ClassVar

import pytest
from botocore.client import BaseClient

from moorage.domain import actions
from moorage.domain.actions import Scope
from moorage.edge.awsjson import own, own_machines
from moorage.edge.awsjson.edge import HANDLERS
from moorage.edge.awsjson.shapes import OPERATIONS
from protocol import cases
from protocol.api import OWN, Api, code_of, message_of
from protocol.cases import BLOBS, PART, Target
from protocol.people import ACCOUNT, EVERYTHING, Key, People, everything_but, policy, statement
from protocol.registry import Registry
from support.layers import digest_of
from support.wire import Answer, Wire

BUILT = sorted(cases.ECR)
UNBUILT = sorted(name for name in OPERATIONS if f"ecr.{name}" not in HANDLERS)
DENIED = "AccessDeniedException"
PREFIX = f"arn:aws:ecr:us-east-1:{ACCOUNT}:repository/"
EXPLICIT = "with an explicit deny in an identity-based policy"
OTHERWISE_NAMED: Mapping[str, Callable[[str], Mapping[str, object]]] = {
    "BatchGetRepositoryScanningConfiguration": lambda name: {"repositoryNames": [name]},
    "ListTagsForResource": lambda name: {"resourceArn": PREFIX + name},
    "TagResource": lambda name: {"resourceArn": PREFIX + name},
    "UntagResource": lambda name: {"resourceArn": PREFIX + name},
}
# What names no repository of its own: the whole input, and the resource that is asked about.
HARMLESS = json.dumps(policy({**statement("Allow", "ecr:StartImageScan"), "Principal": "*"}))
REGISTRY_WIDE = {
    "DescribeRegistry": ({}, "*"),
    "GetAuthorizationToken": ({}, "*"),
    "DescribeRepositories": ({}, f"{PREFIX}*"),
    "PutRegistryPolicy": ({"policyText": HARMLESS}, "*"),
    "GetRegistryPolicy": ({}, "*"),
    "DeleteRegistryPolicy": ({}, "*"),
    "GetAccountSetting": ({"name": "BLOB_MOUNTING"}, "*"),
    "PutAccountSetting": ({"name": "BLOB_MOUNTING", "value": "DISABLED"}, "*"),
    "CreateRepository": ({"repositoryName": "made/by-somebody"}, f"{PREFIX}made/by-somebody"),
}
OWN_OPERATIONS = {"CreateAccount": {"accountId": "999999999999"}, "ListAccounts": {}, "DescribeServer": {}}


@dataclass(frozen=True, slots=True)
class Guarded:
    """A repository with one image and a policy, and a user who has begun an upload in it."""

    target: Target
    key: Key
    user: Api
    root: Registry

    def ask(self, operation: str) -> Answer:
        return self.user.call(operation, cases.asked_of(operation, self.target))

    def state(self, ecr: BaseClient) -> list[object]:
        """Tell everything that a call could have changed."""
        name = self.target.name
        blob = self.root.ask("HEAD", f"{name}/blobs/{digest_of(PART)}").status
        images = self.root.ask("GET", f"{name}/tags/list").body
        policy_text = ecr.get_repository_policy(repositoryName=name)["policyText"]
        settings = ecr.describe_repositories(repositoryNames=[name])["repositories"]
        return [blob, images, policy_text, settings]


@pytest.fixture
def guarded(registry: Registry, repository: str, people: People, ecr: BaseClient) -> Guarded:
    for blob in BLOBS:
        registry.put_blob(repository, blob)
    registry.put_manifest(repository, "v1", cases.MANIFEST)
    ecr.set_repository_policy(repositoryName=repository, policyText=cases.GUARDED_POLICY)
    key = people.new(EVERYTHING)
    user = Api(registry.wire, key.id, key.secret)
    upload = str(user.call("InitiateLayerUpload", {"repositoryName": repository}).read("uploadId"))
    asked = {"uploadId": upload, "partFirstByte": 0, "partLastByte": 2, "layerPartBlob": "YWJj"}
    assert user.call("UploadLayerPart", {"repositoryName": repository} | asked).status == 200
    return Guarded(Target(repository, upload), key, user, registry)


@pytest.fixture
def nobody(people: People, registry: Registry) -> tuple[Key, Api]:
    """Make a user who may do everything until the test decides otherwise."""
    key = people.new(EVERYTHING)
    return key, Api(registry.wire, key.id, key.secret)


@pytest.fixture(scope="module")
def refused(people: People) -> Key:
    """Make a user who may do nothing in ECR."""
    return people.new(everything_but("ecr:*"))


def not_authorized(key: Key, action: str, resource: str) -> str:
    asked = f"arn:aws:iam::{ACCOUNT}:user/{key.name} is not authorized to perform: {action}"
    return f"User: {asked} on resource: {resource} {EXPLICIT}"


def test_every_built_operation_has_a_case() -> None:
    of_ecr = {name.removeprefix("ecr.") for name in HANDLERS if name.startswith("ecr.")}
    # ListImageReferrers has no action of its name: it stands beside the pull that it needs, below.
    assert of_ecr == cases.ECR.keys() | REGISTRY_WIDE.keys() | {"ListImageReferrers"}


def test_listing_referrers_needs_what_a_pull_needs(guarded: Guarded, people: People) -> None:
    people.give(guarded.key.name, everything_but("ecr:BatchGetImage"))
    asked = {"repositoryName": guarded.target.name, "subjectId": {"imageDigest": digest_of(b"anything")}}
    answer = guarded.user.call("ListImageReferrers", asked)
    message = not_authorized(guarded.key, "ecr:BatchGetImage", PREFIX + guarded.target.name)
    assert (answer.status, code_of(answer), message_of(answer)) == (400, DENIED, message)


@pytest.mark.parametrize("operation", BUILT)
def test_without_its_action_an_operation_is_refused_in_its_name_and_nothing_changes(
    guarded: Guarded, people: People, ecr: BaseClient, operation: str
) -> None:
    before = guarded.state(ecr)
    action = f"ecr:{operation}"
    people.give(guarded.key.name, everything_but(action))
    answer = guarded.ask(operation)
    message = not_authorized(guarded.key, action, PREFIX + guarded.target.name)
    assert (answer.status, code_of(answer), message_of(answer)) == (400, DENIED, message)
    assert guarded.state(ecr) == before


@pytest.mark.parametrize("operation", BUILT)
def test_with_just_its_action_an_operation_works(guarded: Guarded, people: People, operation: str) -> None:
    allowed = policy(statement("Allow", f"ecr:{operation}", PREFIX + guarded.target.name))
    people.give(guarded.key.name, allowed)
    answer = guarded.ask(operation)
    assert answer.status == 200, answer.text


@pytest.mark.parametrize("operation", BUILT)
def test_leave_for_another_repository_is_none(guarded: Guarded, people: People, operation: str) -> None:
    people.give(guarded.key.name, policy(statement("Allow", "ecr:*", f"{PREFIX}{guarded.target.name}x")))
    answer = guarded.ask(operation)
    assert code_of(answer) == DENIED
    assert message_of(answer).endswith(f"because no identity-based policy allows the ecr:{operation} action")


@pytest.mark.parametrize("operation", sorted(REGISTRY_WIDE))
def test_without_its_action_an_operation_on_the_registry_is_refused(
    nobody: tuple[Key, Api], people: People, operation: str
) -> None:
    key, user = nobody
    asked, resource = REGISTRY_WIDE[operation]
    people.give(key.name, everything_but(f"ecr:{operation}"))
    answer = user.call(operation, asked)
    assert (code_of(answer), message_of(answer)) == (DENIED, not_authorized(key, f"ecr:{operation}", resource))


@pytest.mark.parametrize("operation", sorted(REGISTRY_WIDE))
def test_with_just_its_action_an_operation_on_the_registry_works(
    nobody: tuple[Key, Api], people: People, ecr: BaseClient, operation: str
) -> None:
    key, user = nobody
    asked, resource = REGISTRY_WIDE[operation]
    people.give(key.name, policy(statement("Allow", f"ecr:{operation}", resource)))
    ecr.put_registry_policy(policyText=HARMLESS)
    answer = user.call(operation, asked)
    assert answer.status == 200, answer.text
    if operation != "DeleteRegistryPolicy":
        ecr.delete_registry_policy()
    if operation == "CreateRepository":
        ecr.delete_repository(repositoryName="made/by-somebody")


@pytest.mark.parametrize("operation", sorted(OWN_OPERATIONS))
def test_the_servers_own_operations_are_for_whom_the_first_account_lets(
    nobody: tuple[Key, Api], people: People, operation: str
) -> None:
    key, user = nobody
    action = f"moorage:{operation}"
    people.give(key.name, everything_but(action))
    answer = user.call(operation, OWN_OPERATIONS[operation], prefix=OWN)
    assert (code_of(answer), message_of(answer)) == (DENIED, not_authorized(key, action, "*"))


@pytest.mark.parametrize("operation", sorted(OWN_OPERATIONS))
def test_the_root_of_another_account_has_no_say_over_the_server(
    registry: Registry, stranger: Key, operation: str
) -> None:
    answer = Api(registry.wire, stranger.id, stranger.secret).call(operation, OWN_OPERATIONS[operation], prefix=OWN)
    assert code_of(answer) == DENIED


class TestTokens:
    """A narrower password needs what a whole one does; other people's tokens need leave of their own."""

    WISH: ClassVar = {"actions": ["pull"], "repositories": ["team/app"]}

    def test_every_own_operation_stands_here(self) -> None:
        explaining = {"CheckAccess", "ExplainDenial", "ListDenials"}  # test_denials.py asks who may
        tokens = {"CreateToken", "ListTokens", "RevokeToken"}
        machines = own_machines.OPERATIONS.keys()  # test_machines.py asks who may
        assert own.OPERATIONS.keys() == OWN_OPERATIONS.keys() | tokens | explaining | machines

    @pytest.mark.parametrize(
        ("operation", "asked", "action"),
        [
            ("CreateToken", WISH, "ecr:GetAuthorizationToken"),
            ("ListTokens", {"all": True}, "moorage:ListTokens"),
            ("RevokeToken", {"tokenId": "MTKNAAAAAAAAAAAAAAAA"}, "moorage:RevokeToken"),
        ],
    )
    def test_an_operation_needs_its_action_alone(
        self, nobody: tuple[Key, Api], people: People, operation: str, asked: Mapping[str, object], action: str
    ) -> None:
        key, user = nobody
        people.give(key.name, everything_but(action))
        answer = user.call(operation, asked, prefix=OWN)
        assert (code_of(answer), message_of(answer)) == (DENIED, not_authorized(key, action, "*"))
        people.give(key.name, policy(statement("Allow", action)))
        assert code_of(user.call(operation, asked, prefix=OWN)) in {"None", "ResourceNotFoundException"}

    def test_ones_own_need_credentials_alone(self, nobody: tuple[Key, Api], people: People) -> None:
        key, user = nobody
        made = json.loads(user.call("CreateToken", self.WISH, prefix=OWN).body)["token"]["tokenId"]
        people.give(key.name, everything_but("*"))
        assert made in user.call("ListTokens", {}, prefix=OWN).text
        assert user.call("RevokeToken", {"tokenId": made}, prefix=OWN).status == 200


@pytest.mark.parametrize("operation", UNBUILT)
def test_what_is_not_built_says_so_to_whoever_may_call_it(api: Api, operation: str) -> None:
    answer = api.call(operation, named(operation, "team/app"))
    assert (answer.status, code_of(answer)) == (400, "UnsupportedOperationException")
    assert message_of(answer) == f"Moorage does not implement {operation} yet"


@pytest.mark.parametrize("operation", UNBUILT)
def test_what_is_not_built_asks_for_permission_all_the_same(wire: Wire, refused: Key, operation: str) -> None:
    action = actions.OPERATIONS[f"ecr.{operation}"].names[0]
    answer = Api(wire, refused.id, refused.secret).call(operation, named(operation, "team/app"))
    assert (code_of(answer), f"perform: {action} on" in message_of(answer)) == (DENIED, True)


@pytest.mark.parametrize("operation", sorted(OPERATIONS))
def test_an_operation_without_a_name_is_never_a_fault_of_the_server(api: Api, operation: str) -> None:
    assert api.call(operation, {}).status in {200, 400}


def test_creating_with_tags_needs_the_leave_to_tag(nobody: tuple[Key, Api], people: People) -> None:
    key, user = nobody
    people.give(key.name, everything_but("ecr:TagResource"))
    tags = [{"Key": "team", "Value": "blue"}]
    answer = user.call("CreateRepository", {"repositoryName": "made/tagged", "tags": tags})
    message = not_authorized(key, "ecr:TagResource", f"{PREFIX}made/tagged")
    assert (code_of(answer), message_of(answer)) == (DENIED, message)


class TestNamesBesideThePoint:
    """A member that an operation does not have must not decide what it is allowed on."""

    def test_a_list_is_asked_about_as_a_whole(self, guarded: Guarded, people: People) -> None:
        name = guarded.target.name
        people.give(guarded.key.name, policy(statement("Allow", "ecr:*", PREFIX + name)))
        for extra in ({"repositoryName": name}, {"resourceArn": PREFIX + name}):
            answer = guarded.user.call("DescribeRepositories", extra)
            assert code_of(answer) == DENIED

    def test_what_is_created_is_what_is_asked_about(self, guarded: Guarded, people: People, ecr: BaseClient) -> None:
        name = guarded.target.name
        people.give(guarded.key.name, policy(statement("Allow", "ecr:*", PREFIX + name)))
        beside: list[dict[str, object]] = [{"repositoryNames": [name]}, {"resourceArn": PREFIX + name}]
        for extra in beside:
            answer = guarded.user.call("CreateRepository", extra | {"repositoryName": "made/in-secret"})
            assert code_of(answer) == DENIED
        assert "made/in-secret" not in str(ecr.describe_repositories(maxResults=1000))

    def test_every_name_of_a_list_is_asked_about(self, guarded: Guarded, people: People, other_repository: str) -> None:
        name = guarded.target.name
        people.give(guarded.key.name, policy(statement("Allow", "ecr:*", PREFIX + name)))
        for names in ([name, other_repository], [other_repository, name]):
            answer = guarded.user.call("DescribeRepositories", {"repositoryNames": names})
            assert (code_of(answer), other_repository in message_of(answer)) == (DENIED, True)

    def test_the_registry_that_is_named_is_asked_about(self, guarded: Guarded) -> None:
        asked = {"repositoryName": guarded.target.name, "registryId": "999999999999"}
        answer = guarded.user.call("ListImages", asked)
        assert (code_of(answer), ":999999999999:repository/" in message_of(answer)) == (DENIED, True)


def named(operation: str, name: str) -> Mapping[str, object]:
    if operation in OTHERWISE_NAMED:
        return OTHERWISE_NAMED[operation](name)
    needs = actions.OPERATIONS[f"ecr.{operation}"]
    return {"repositoryName": name} if needs.scope is Scope.REPOSITORY else {}


def test_a_pull_by_api_needs_no_more_than_the_managed_policy(guarded: Guarded, people: People) -> None:
    people.give(guarded.key.name, policy(statement("Allow", ["ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer"])))
    assert [guarded.ask(name).status for name in ("BatchGetImage", "GetDownloadUrlForLayer")] == [200, 200]
    assert guarded.ask("ListImages").status == 400
