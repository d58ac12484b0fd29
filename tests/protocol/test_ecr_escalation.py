"""Every changing call of ECR from the one table, by callers who may nearly that: refused, nothing changed (class B).

Permission is asked first, so what is not built is refused like the rest; only whoever may call it is told that it is
not built (test_permissions_api.py).
"""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import pytest

from moorage.domain import actions
from moorage.domain.actions import Scope
from moorage.edge.awsjson.edge import HANDLERS
from moorage.edge.awsjson.shapes import OPERATIONS
from protocol import cases
from protocol.api import Api, code_of, message_of
from protocol.cases import BLOBS, PART, Target
from protocol.people import ACCOUNT, EVERYTHING, OTHER_ACCOUNT, Key, People, policy, statement
from protocol.registry import Registry
from protocol.test_permissions_api import HARMLESS, REGISTRY_WIDE, named
from support.layers import digest_of
from support.wire import Answer, Wire

DENIED, UNBUILT, DONE = "AccessDeniedException", "UnsupportedOperationException", "None"
READS = ("Get", "List", "Describe", "BatchGet", "BatchCheck")
CHANGES = sorted(
    name
    for key in actions.OPERATIONS
    for service, _, name in [key.partition(".")]
    if service == "ecr" and " " not in name and not name.startswith(READS)
)
OF_THE_REGISTRY = [name for name in CHANGES if actions.OPERATIONS[f"ecr.{name}"].scope is Scope.EVERYTHING]
REPOSITORIES = f"arn:aws:ecr:us-east-1:{ACCOUNT}:repository/*"
# What would change something here, were it done.
CHANGING: Mapping[str, Mapping[str, object]] = {
    "CreateRepository": {"repositoryName": "made/by-escalation"},
    "PutAccountSetting": {"name": "BLOB_MOUNTING", "value": "ENABLED"},
    "PutRegistryPolicy": {"policyText": HARMLESS},
}
# They allow nobody to change anything, and are others than those that a call would set.
READABLE = cases.GUARDED_POLICY.replace("StartImageScan", "DescribeImages")
READABLE_REGISTRY = HARMLESS.replace("StartImageScan", "DescribeImages")
LOOKED_AT = ("ListImages", "GetRepositoryPolicy", "ListTagsForResource")


def asked_of(operation: str, target: Target) -> Mapping[str, object]:
    if operation in CHANGING:
        return CHANGING[operation]
    if operation in cases.ECR:
        return cases.asked_of(operation, target)
    return REGISTRY_WIDE[operation][0] if operation in REGISTRY_WIDE else named(operation, target.name)


@dataclass(frozen=True, slots=True)
class Held:
    """Two repositories with an image, and a registry with a policy; the other account may everything in the first."""

    name: str
    other: str
    root: Api

    def seen(self) -> list[str]:
        """Tell everything that a call could have changed."""
        asked: list[tuple[str, Mapping[str, object]]] = [
            ("DescribeRepositories", {"maxResults": 1000}),
            ("DescribeRegistry", {}),
            ("GetRegistryPolicy", {}),
            ("GetAccountSetting", {"name": "BLOB_MOUNTING"}),
        ]
        for name in (self.name, self.other):
            asked += [(operation, cases.asked_of(operation, Target(name))) for operation in LOOKED_AT]
            asked.append(("BatchCheckLayerAvailability", {"repositoryName": name, "layerDigests": [digest_of(PART)]}))
        answers = [self.root.call(operation, members) for operation, members in asked]
        assert {answer.status for answer in answers} == {200}
        return [answer.text for answer in answers]


def granting(principal: str) -> str:
    return json.dumps(policy({"Effect": "Allow", "Principal": {"AWS": principal}, "Action": "ecr:*"}))


@pytest.fixture
def held(registry: Registry, api: Api, repository: str, other_repository: str) -> Iterator[Held]:
    for name in (repository, other_repository):
        for blob in BLOBS:
            registry.put_blob(name, blob)
        registry.put_manifest(name, "v1", cases.MANIFEST)
        given = {"repositoryName": name, "policyText": READABLE}
        assert api.call("SetRepositoryPolicy", given).status == 200
        assert api.call("TagResource", cases.asked_of("TagResource", Target(name))).status == 200
    assert api.call("PutRegistryPolicy", {"policyText": READABLE_REGISTRY}).status == 200
    yield Held(repository, other_repository, api)
    api.call("DeleteRegistryPolicy")


def open_upload(caller: Api, name: str) -> str:
    """Begin an upload and send its first part, so that only leave is wanting to go on."""
    upload = str(caller.call("InitiateLayerUpload", {"repositoryName": name}).read("uploadId"))
    part = {"uploadId": upload, "partFirstByte": 0, "partLastByte": 2, "layerPartBlob": "YWJj"}
    assert caller.call("UploadLayerPart", {"repositoryName": name} | part).status == 200
    return upload


def is_refusal_of(answer: Answer, operation: str) -> bool:
    """Tell whether an answer is ECR's refusal, in the name of the operation."""
    sentence = f" is not authorized to perform: ecr:{operation} on resource: "
    return (answer.status, code_of(answer)) == (400, DENIED) and sentence in message_of(answer)


def test_all_actions_but_one_are_not_that_one(held: Held, wire: Wire, people: People) -> None:
    key = people.new(EVERYTHING)
    caller = key.api(wire)
    target = Target(held.name, open_upload(caller, held.name))
    before, refused = held.seen(), []
    for operation in CHANGES:
        people.give(key.name, policy({"Effect": "Allow", "NotAction": f"ecr:{operation}", "Resource": "*"}))
        if is_refusal_of(caller.call(operation, asked_of(operation, target)), operation):
            refused.append(operation)
    assert refused == CHANGES
    assert held.seen() == before


def test_leave_on_all_repositories_is_none_on_the_registry(held: Held, wire: Wire, people: People) -> None:
    key = people.new(policy(statement("Allow", "ecr:*", REPOSITORIES)))
    granted = granting(f"arn:aws:iam::{ACCOUNT}:user/{key.name}")
    given = {"repositoryName": held.name, "policyText": granted}
    assert held.root.call("SetRepositoryPolicy", given).status == 200
    caller, target, before = key.api(wire), Target(held.name), held.seen()
    answers = {operation: caller.call(operation, asked_of(operation, target)) for operation in OF_THE_REGISTRY}
    assert [name for name, answer in answers.items() if is_refusal_of(answer, name)] == OF_THE_REGISTRY
    assert held.seen() == before


@pytest.fixture
def guest(stranger: Key, wire: Wire) -> Iterator[Api]:
    """Give the other account's root, whose own registry is left as it was."""
    caller = stranger.api(wire)
    yield caller
    caller.call("DeleteRegistryPolicy")
    caller.call("PutAccountSetting", {"name": "BLOB_MOUNTING", "value": "DISABLED"})


def expected_of_a_guest(operation: str) -> str:
    """Tell a code: a call that has no registry among its members is about the caller's own, whatever it names."""
    members = OPERATIONS[operation].input.__struct_fields__
    if "registryId" in members or "resourceArn" in members:
        return DENIED
    return DONE if f"ecr.{operation}" in HANDLERS else UNBUILT


def test_a_guest_of_one_repository_has_no_say_anywhere_else(held: Held, guest: Api) -> None:
    given = {"repositoryName": held.name, "policyText": granting(OTHER_ACCOUNT)}
    assert held.root.call("SetRepositoryPolicy", given).status == 200
    here = {"repositoryName": held.name, "registryId": ACCOUNT}
    assert guest.call("ListImages", here).status == 200
    own = {"policyText": READABLE_REGISTRY}  # so that there is one for the guest to delete
    assert guest.call("PutRegistryPolicy", own).status == 200
    before, target = held.seen(), Target(held.other, "0" * 32)
    answers = {name: guest.call(name, {**asked_of(name, target), "registryId": ACCOUNT}) for name in CHANGES}
    codes = {name: code_of(answer) for name, answer in answers.items()}
    assert codes == {name: expected_of_a_guest(name) for name in CHANGES}
    assert held.seen() == before
