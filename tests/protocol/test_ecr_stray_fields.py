"""Mass assignment in ECR's API: a change that comes with every member ECR knows does what its own say (class B)."""

import re
from collections.abc import Mapping

import pytest

from moorage.edge.awsjson import shapes
from moorage.edge.awsjson.shapes import OPERATIONS
from protocol import cases
from protocol.api import Api, code_of
from protocol.cases import Target
from protocol.people import ACCOUNT, OTHER_ACCOUNT, Key
from protocol.test_permissions_api import HARMLESS

# What belongs to the server, or to an answer, and would give somebody more if a call could set it.
ANSWERS = {*shapes.Repository.__struct_fields__, *shapes.ImageDetail.__struct_fields__, *shapes.Image.__struct_fields__}
OWN = {"accountId", "owner", "id", "createdBy", "principal", "isAdmin"}
EVERY = ANSWERS | OWN | {name for shape in OPERATIONS.values() for name in shape.input.__struct_fields__}
VALUES: Mapping[str, object] = {
    "registryId": OTHER_ACCOUNT,
    "createdAt": 86400.0,
    "repositoryArn": f"arn:aws:ecr:us-east-1:{OTHER_ACCOUNT}:repository/stray",
    "repositoryUri": f"{OTHER_ACCOUNT}.dkr.ecr.us-east-1.amazonaws.com/stray",
    "resourceArn": f"arn:aws:ecr:us-east-1:{OTHER_ACCOUNT}:repository/stray",
    "imageTagMutability": "IMMUTABLE",
    "imageScanningConfiguration": {"scanOnPush": True},
    "tags": [{"Key": "stray", "Value": "stray"}],
    "tagKeys": ["team"],
    "policyText": cases.GUARDED_POLICY.replace("StartImageScan", "*"),
    "force": True,
}
CHANGES: Mapping[str, Mapping[str, object]] = {
    "CreateRepository": {},
    "PutImageTagMutability": {"imageTagMutability": "MUTABLE"},
    "SetRepositoryPolicy": {"policyText": cases.GUARDED_POLICY},
    "TagResource": {"tags": [{"Key": "team", "Value": "red"}]},
    "InitiateLayerUpload": {},
    "PutRegistryPolicy": {"policyText": HARMLESS},
    "PutAccountSetting": {"name": "BLOB_MOUNTING", "value": "DISABLED"},
}
_MADE = re.compile(r'"createdAt":[0-9.e+]+|"uploadId":"[^"]+"')


def strays_of(operation: str) -> Mapping[str, object]:
    """Give all members that an operation does not have."""
    own = OPERATIONS[operation].input.__struct_fields__
    return {name: VALUES.get(name, "stray") for name in sorted(EVERY - set(own))}


def done(api: Api, operation: str, name: str, strays: Mapping[str, object]) -> list[str]:
    """Do a change; tell its answer and what is there afterwards, but for what is made anew each time."""
    own = OPERATIONS[operation].input.__struct_fields__
    arn = f"arn:aws:ecr:us-east-1:{ACCOUNT}:repository/{name}"
    about = {member: value for member, value in (("repositoryName", name), ("resourceArn", arn)) if member in own}
    answer = api.call(operation, {**strays, **about, **CHANGES[operation]})
    assert answer.status == 200, answer.text
    found = [
        answer,
        api.call("DescribeRepositories", {"repositoryNames": [name]}),
        api.call("GetRepositoryPolicy", {"repositoryName": name}),
        api.call("ListTagsForResource", {"resourceArn": arn}),
        api.call("ListImages", {"repositoryName": name}),
        api.call("GetRegistryPolicy"),
        api.call("GetAccountSetting", {"name": "BLOB_MOUNTING"}),
    ]
    texts = [one.text for one in found]
    assert "86400" not in str(texts)
    return [_MADE.sub("made", text).replace(name, "NAME") for text in texts]


@pytest.mark.parametrize("operation", CHANGES)
def test_a_member_of_other_operations_changes_nothing(
    api: Api, repository: str, other_repository: str, operation: str
) -> None:
    strays = strays_of(operation)
    assert len(strays) > 40
    made_here = ["strays/with", "strays/without"]
    names = made_here if operation == "CreateRepository" else [repository, other_repository]
    with_strays, without = done(api, operation, names[0], strays), done(api, operation, names[1], {})
    assert with_strays == without
    assert OTHER_ACCOUNT not in str(with_strays)
    if operation == "PutRegistryPolicy":
        api.call("DeleteRegistryPolicy")


@pytest.mark.parametrize(
    "operation", [name for name in CHANGES if "registryId" in OPERATIONS[name].input.__struct_fields__]
)
def test_another_account_s_registry_is_refused_and_not_written_to(
    api: Api, repository: str, stranger: Key, operation: str
) -> None:
    theirs = stranger.api(api.wire)
    before = [one.call("DescribeRepositories", {"maxResults": 1000}).text for one in (api, theirs)]
    name = "strays/elsewhere" if operation == "CreateRepository" else repository
    asked = {**CHANGES[operation], "repositoryName": name, "registryId": OTHER_ACCOUNT}
    assert code_of(api.call(operation, asked)) == "AccessDeniedException"
    assert [one.call("DescribeRepositories", {"maxResults": 1000}).text for one in (api, theirs)] == before


def test_an_image_is_stored_with_its_own_facts_alone(api: Api, repository: str) -> None:
    """What an answer tells of an image is read from the manifest, never from the call."""
    manifest = '{"schemaVersion":2,"mediaType":"application/vnd.oci.image.index.v1+json","manifests":[]}'
    own = {"repositoryName": repository, "imageManifest": manifest, "imageTag": "v1"}
    assert api.call("PutImage", {**strays_of("PutImage"), **own}).status == 200
    found = api.call("DescribeImages", cases.asked_of("DescribeImages", Target(repository))).text
    assert ("stray" in found, OTHER_ACCOUNT in found) == (False, False)
    assert ACCOUNT in found
