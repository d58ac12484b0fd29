"""The managed policies of AWS that are about ECR (spec/ecr/iam.md section 7), in their default versions."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256
from typing import Final

_BASE32: Final = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"
_BORN: Final = 1_450_717_455_000_000  # 2015-12-21T17:04:15Z, when the first of them came; of the others ours to say


@dataclass(frozen=True, slots=True)
class ManagedPolicy:
    """One policy of AWS; ``arn`` names no account."""

    name: str
    path: str
    version: int
    document: str
    description: str
    created_at: int = _BORN

    @property
    def arn(self) -> str:
        return f"arn:aws:iam::aws:policy{self.path}{self.name}"

    @property
    def id(self) -> str:
        return "ANPA" + "".join(_BASE32[byte % 32] for byte in sha256(self.arn.encode()).digest()[:17])


_READ: Final = (
    "ecr:GetAuthorizationToken",
    "ecr:BatchCheckLayerAvailability",
    "ecr:GetDownloadUrlForLayer",
    "ecr:GetRepositoryPolicy",
    "ecr:DescribeRepositories",
    "ecr:ListImages",
    "ecr:DescribeImages",
    "ecr:BatchGetImage",
    "ecr:GetLifecyclePolicy",
    "ecr:GetLifecyclePolicyPreview",
    "ecr:ListTagsForResource",
    "ecr:DescribeImageScanFindings",
)
_WRITE: Final = ("ecr:InitiateLayerUpload", "ecr:UploadLayerPart", "ecr:CompleteLayerUpload", "ecr:PutImage")
_PULL: Final = (
    "ecr:GetAuthorizationToken",
    "ecr:BatchGetImage",
    "ecr:GetDownloadUrlForLayer",
    "ecr:BatchImportUpstreamImage",
)
_RUN: Final = (
    "ecr:GetAuthorizationToken",
    "ecr:BatchCheckLayerAvailability",
    "ecr:GetDownloadUrlForLayer",
    "ecr:BatchGetImage",
    "logs:CreateLogStream",
    "logs:PutLogEvents",
)
_CACHE: Final = (
    "ecr:GetAuthorizationToken",
    "ecr:BatchCheckLayerAvailability",
    "ecr:InitiateLayerUpload",
    "ecr:UploadLayerPart",
    "ecr:CompleteLayerUpload",
    "ecr:PutImage",
    "ecr:BatchGetImage",
    "ecr:BatchImportUpstreamImage",
    "ecr:GetDownloadUrlForLayer",
    "ecr:GetImageCopyStatus",
)
_OWN_ACCOUNT: Final = {"StringEquals": {"aws:ResourceAccount": "${aws:PrincipalAccount}"}}
_LINKED: Final = {"StringEquals": {"iam:AWSServiceName": ["replication.ecr.amazonaws.com"]}}


def _allow(
    actions: Sequence[str], resource: str = "*", condition: Mapping[str, object] | None = None
) -> Mapping[str, object]:
    statement: dict[str, object] = {"Effect": "Allow", "Action": list(actions), "Resource": resource}
    return statement if condition is None else statement | {"Condition": condition}


def _policy(
    name: str, version: int, *statements: Mapping[str, object], says: str, path: str = "/", at: int = _BORN
) -> ManagedPolicy:
    document = json.dumps({"Version": "2012-10-17", "Statement": statements})
    return ManagedPolicy(name, path, version, document, says, at)


_ALL: Final = (
    _policy(
        "AmazonEC2ContainerRegistryFullAccess",
        3,
        _allow(("ecr:*", "cloudtrail:LookupEvents")),
        _allow(("iam:CreateServiceLinkedRole",), condition=_LINKED),
        says="Provides administrative access to Amazon ECR resources",
    ),
    _policy(
        "AmazonEC2ContainerRegistryPowerUser",
        3,
        _allow((*_READ, *_WRITE)),
        says="Provides full access to Amazon EC2 Container Registry repositories, but does not allow repository "
        "deletion or policy changes.",
    ),
    _policy(
        "AmazonEC2ContainerRegistryReadOnly",
        3,
        _allow(_READ),
        says="Provides read-only access to Amazon EC2 Container Registry repositories.",
    ),
    _policy(
        "AmazonEC2ContainerRegistryPullOnly",
        1,
        _allow(_PULL),
        says="Provides access to pull images from Amazon EC2 Container Registry repositories.",
    ),
    _policy(
        "AmazonECSTaskExecutionRolePolicy",
        1,
        _allow(_RUN),
        says="Provides access to other AWS service resources that are required to run Amazon ECS tasks",
        path="/service-role/",
    ),
    _policy(
        "ECRReplicationServiceRolePolicy",
        1,
        _allow(("ecr:CreateRepository", "ecr:ReplicateImage")),
        says="Allows access to AWS services and resources used or managed by ECR Replication",
        path="/aws-service-role/",
    ),
    _policy(
        "AWSECRPullThroughCache_ServiceRolePolicy",
        4,
        _allow(_CACHE, condition=_OWN_ACCOUNT),
        _allow(
            ("secretsmanager:GetSecretValue",),
            "arn:aws:secretsmanager:*:*:secret:ecr-pullthroughcache/*",
            _OWN_ACCOUNT,
        ),
        says="Allows access to AWS services and resources used or managed by ECR Pull Through Cache",
        path="/aws-service-role/",
    ),
    _policy(
        "ECRTemplateServiceRolePolicy",
        1,
        _allow(("ecr:CreateRepository",)),
        says="Allows access to AWS services and resources used or managed by ECR repository creation templates",
        path="/aws-service-role/",
    ),
    _policy("AdministratorAccess", 1, _allow(("*",)), says="Provides full access to AWS services and resources."),
    _policy("IAMFullAccess", 2, _allow(("iam:*",)), says="Provides full access to IAM."),
    _policy(
        "IAMReadOnlyAccess",
        4,
        _allow(
            (
                "iam:GenerateCredentialReport",
                "iam:GenerateServiceLastAccessedDetails",
                "iam:Get*",
                "iam:List*",
                "iam:SimulateCustomPolicy",
                "iam:SimulatePrincipalPolicy",
            )
        ),
        says="Provides read only access to IAM.",
    ),
)

MANAGED: Final[Mapping[str, ManagedPolicy]] = {policy.arn: policy for policy in _ALL}
# Whoever may assume a role has its policies: those of the services' own roles are not for others.
FOR_SERVICES: Final = "/aws-service-role/"
