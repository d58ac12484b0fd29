"""AWS's managed policies say what spec/ecr/iam.md section 7 says, and no more."""

import json
from collections.abc import Mapping, Sequence

import pytest

from moorage.policy.managed import FOR_SERVICES, MANAGED

READ = (
    "GetAuthorizationToken BatchCheckLayerAvailability GetDownloadUrlForLayer GetRepositoryPolicy DescribeRepositories "
    "ListImages DescribeImages BatchGetImage GetLifecyclePolicy GetLifecyclePolicyPreview ListTagsForResource "
    "DescribeImageScanFindings"
)
WRITE = "InitiateLayerUpload UploadLayerPart CompleteLayerUpload PutImage"
CACHE = (
    "GetAuthorizationToken BatchCheckLayerAvailability InitiateLayerUpload UploadLayerPart CompleteLayerUpload "
    "PutImage BatchGetImage BatchImportUpstreamImage GetDownloadUrlForLayer GetImageCopyStatus"
)
RUN = "GetAuthorizationToken BatchCheckLayerAvailability GetDownloadUrlForLayer BatchGetImage"
OWN = {"StringEquals": {"aws:ResourceAccount": "${aws:PrincipalAccount}"}}
LINKED = {"StringEquals": {"iam:AWSServiceName": ["replication.ecr.amazonaws.com"]}}
SECRETS = "arn:aws:secretsmanager:*:*:secret:ecr-pullthroughcache/*"
Statement = tuple[set[str], str, object]


def ecr(names: str) -> set[str]:
    return {f"ecr:{name}" for name in names.split()}


# Of each policy its version, and of each statement the actions, the resource and the condition; all of them allow.
CONTENT: Mapping[str, tuple[int, Sequence[Statement]]] = {
    "/AmazonEC2ContainerRegistryFullAccess": (
        3,
        [({"ecr:*", "cloudtrail:LookupEvents"}, "*", None), ({"iam:CreateServiceLinkedRole"}, "*", LINKED)],
    ),
    "/AmazonEC2ContainerRegistryPowerUser": (3, [(ecr(f"{READ} {WRITE}"), "*", None)]),
    "/AmazonEC2ContainerRegistryReadOnly": (3, [(ecr(READ), "*", None)]),
    "/AmazonEC2ContainerRegistryPullOnly": (
        1,
        [(ecr("GetAuthorizationToken BatchGetImage GetDownloadUrlForLayer BatchImportUpstreamImage"), "*", None)],
    ),
    "/service-role/AmazonECSTaskExecutionRolePolicy": (
        1,
        [(ecr(RUN) | {"logs:CreateLogStream", "logs:PutLogEvents"}, "*", None)],
    ),
    f"{FOR_SERVICES}ECRReplicationServiceRolePolicy": (1, [(ecr("CreateRepository ReplicateImage"), "*", None)]),
    f"{FOR_SERVICES}AWSECRPullThroughCache_ServiceRolePolicy": (
        4,
        [(ecr(CACHE), "*", OWN), ({"secretsmanager:GetSecretValue"}, SECRETS, OWN)],
    ),
    f"{FOR_SERVICES}ECRTemplateServiceRolePolicy": (1, [(ecr("CreateRepository"), "*", None)]),
    "/AdministratorAccess": (1, [({"*"}, "*", None)]),
    "/IAMFullAccess": (2, [({"iam:*"}, "*", None)]),
    "/IAMReadOnlyAccess": (
        4,
        [
            (
                {
                    "iam:GenerateCredentialReport",
                    "iam:GenerateServiceLastAccessedDetails",
                    "iam:Get*",
                    "iam:List*",
                    "iam:SimulateCustomPolicy",
                    "iam:SimulatePrincipalPolicy",
                },
                "*",
                None,
            )
        ],
    ),
}


def test_no_others_are_kept() -> None:
    assert MANAGED.keys() == {f"arn:aws:iam::aws:policy{place}" for place in CONTENT}


@pytest.mark.parametrize("place", CONTENT)
def test_a_managed_policy_allows_what_it_should_and_no_more(place: str) -> None:
    kept = MANAGED[f"arn:aws:iam::aws:policy{place}"]
    version, statements = CONTENT[place]
    document = json.loads(kept.document)
    assert (kept.version, document["Version"], f"{kept.path}{kept.name}") == (version, "2012-10-17", place)
    assert all(statement.pop("Effect") == "Allow" for statement in document["Statement"])
    found = [
        (set(each.pop("Action")), each.pop("Resource"), each.pop("Condition", None)) for each in document["Statement"]
    ]
    assert found == statements
    assert document["Statement"] == [{} for _ in statements]
