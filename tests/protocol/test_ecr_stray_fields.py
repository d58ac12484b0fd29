"""Mass assignment in ECR's API: a change that comes with every member ECR knows does what its own say (class B)."""

import base64
import re
from collections.abc import Callable, Mapping

import pytest

from moorage.edge.awsjson import shapes
from moorage.edge.awsjson.edge import HANDLERS
from moorage.edge.awsjson.shapes import OPERATIONS
from protocol import cases
from protocol.api import Api, code_of
from protocol.cases import Target
from protocol.people import ACCOUNT, OTHER_ACCOUNT, Key
from protocol.test_permissions_api import HARMLESS
from support.layers import digest_of
from support.wire import Answer

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
PART = b"a part"
MANIFEST = '{"schemaVersion":2,"mediaType":"application/vnd.oci.image.index.v1+json","manifests":[]}'
CHANGES: Mapping[str, Mapping[str, object]] = {
    "BatchDeleteImage": {"imageIds": [{"imageTag": "v1"}]},
    "CompleteLayerUpload": {"layerDigests": [digest_of(PART)]},
    "DeleteRegistryPolicy": {},
    "DeleteRepository": {},
    "DeleteRepositoryPolicy": {},
    "CreateRepository": {},
    "PutImageTagMutability": {"imageTagMutability": "MUTABLE"},
    "SetRepositoryPolicy": {"policyText": cases.GUARDED_POLICY},
    "TagResource": {"tags": [{"Key": "team", "Value": "red"}]},
    "InitiateLayerUpload": {},
    "PutRegistryPolicy": {"policyText": HARMLESS},
    "PutAccountSetting": {"name": "BLOB_MOUNTING", "value": "DISABLED"},
    "UntagResource": {"tagKeys": ["team"]},
    "UploadLayerPart": {
        "partFirstByte": 0,
        "partLastByte": len(PART) - 1,
        "layerPartBlob": base64.b64encode(PART).decode(),
    },
}
_LOOKS = re.compile("BatchCheck|BatchGet|Describe|Get|List")
_MADE = re.compile(r'"createdAt":[0-9.e+]+|"uploadId":"[^"]+"')


def do(api: Api, operation: str, members: Mapping[str, object]) -> Answer:
    answer = api.call(operation, members)
    assert answer.status == 200, answer.text
    return answer


def arn_of(name: str) -> str:
    return f"arn:aws:ecr:us-east-1:{ACCOUNT}:repository/{name}"


def begin(api: Api, name: str) -> Mapping[str, object]:
    return {"uploadId": do(api, "InitiateLayerUpload", {"repositoryName": name}).read("uploadId")}


def send(api: Api, name: str) -> Mapping[str, object]:
    begun = begin(api, name)
    do(api, "UploadLayerPart", {"repositoryName": name, **begun, **CHANGES["UploadLayerPart"]})
    return begun


def doing(operation: str, **members: object) -> Callable[[Api, str], Mapping[str, object]]:
    def prepare(api: Api, name: str) -> Mapping[str, object]:
        own = OPERATIONS[operation].input.__struct_fields__
        about = {"resourceArn": arn_of(name)} if "resourceArn" in own else {"repositoryName": name}
        do(api, operation, {**about, **members})
        return {}

    return prepare


# What has to be there before a change; it gives the members that name it.
BEFORE: Mapping[str, Callable[[Api, str], Mapping[str, object]]] = {
    "BatchDeleteImage": doing("PutImage", imageManifest=MANIFEST, imageTag="v1"),
    "CompleteLayerUpload": send,
    "DeleteRegistryPolicy": doing("PutRegistryPolicy", policyText=HARMLESS),
    "DeleteRepositoryPolicy": doing("SetRepositoryPolicy", policyText=cases.GUARDED_POLICY),
    "UntagResource": doing("TagResource", tags=[{"Key": key, "Value": "red"} for key in ("team", "stray", "stage")]),
    "UploadLayerPart": begin,
}


def prepared(api: Api, operation: str, name: str) -> Mapping[str, object]:
    """Give all that an operation is asked, but for whom it is about."""
    return {**CHANGES[operation], **(BEFORE[operation](api, name) if operation in BEFORE else {})}


def strays_of(operation: str) -> Mapping[str, object]:
    """Give all members that an operation does not have."""
    own = OPERATIONS[operation].input.__struct_fields__
    return {name: VALUES.get(name, "stray") for name in sorted(EVERY - set(own))}


def done(api: Api, operation: str, name: str, strays: Mapping[str, object]) -> list[str]:
    """Do a change; tell its answer and what is there afterwards, but for what is made anew each time."""
    own, arn = OPERATIONS[operation].input.__struct_fields__, arn_of(name)
    about = {member: value for member, value in (("repositoryName", name), ("resourceArn", arn)) if member in own}
    asked = prepared(api, operation, name)
    found = [
        do(api, operation, {**strays, **about, **asked}),
        api.call("DescribeRepositories", {"repositoryNames": [name]}),
        api.call("GetRepositoryPolicy", {"repositoryName": name}),
        api.call("ListTagsForResource", {"resourceArn": arn}),
        api.call("ListImages", {"repositoryName": name}),
        api.call("BatchCheckLayerAvailability", {"repositoryName": name, "layerDigests": [digest_of(PART)]}),
        api.call("GetRegistryPolicy"),
        api.call("GetAccountSetting", {"name": "BLOB_MOUNTING"}),
    ]
    texts = [one.text for one in found]
    assert "86400" not in str(texts)
    return [_MADE.sub("made", text).replace(name, "NAME") for text in texts]


def test_every_operation_that_changes_something_is_asked() -> None:
    built = {name.removeprefix("ecr.") for name in HANDLERS if name.startswith("ecr.")}
    assert {*CHANGES, "PutImage"} == {name for name in built if _LOOKS.match(name) is None}


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
    theirs, asked = stranger.api(api.wire), prepared(api, operation, repository)
    before = [one.call("DescribeRepositories", {"maxResults": 1000}).text for one in (api, theirs)]
    name = "strays/elsewhere" if operation == "CreateRepository" else repository
    elsewhere = {"repositoryName": name, "registryId": OTHER_ACCOUNT}
    assert code_of(api.call(operation, {**asked, **elsewhere})) == "AccessDeniedException"
    assert [one.call("DescribeRepositories", {"maxResults": 1000}).text for one in (api, theirs)] == before


def test_an_image_is_stored_with_its_own_facts_alone(api: Api, repository: str) -> None:
    """What an answer tells of an image is read from the manifest, never from the call."""
    own = {"repositoryName": repository, "imageManifest": MANIFEST, "imageTag": "v1"}
    assert api.call("PutImage", {**strays_of("PutImage"), **own}).status == 200
    found = api.call("DescribeImages", cases.asked_of("DescribeImages", Target(repository))).text
    assert ("stray" in found, OTHER_ACCOUNT in found) == (False, False)
    assert ACCOUNT in found
