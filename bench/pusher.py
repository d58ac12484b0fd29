"""Whom the load comes from: a user of IAM with the policy of one who pushes, and what the repositories say of them.

The root prepares and does nothing that is measured, since policies are not asked about it.
"""

import json
from collections.abc import Mapping, Sequence
from typing import Final

from support.server import RunningServer

NAME: Final = "pusher"
_PULL: Final = ("ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer", "ecr:BatchCheckLayerAvailability")
_PUSH: Final = ("ecr:InitiateLayerUpload", "ecr:UploadLayerPart", "ecr:CompleteLayerUpload", "ecr:PutImage")
_LOOK: Final = ("ecr:DescribeImages", "ecr:ListImages", "ecr:DescribeRepositories", "ecr:GetRepositoryPolicy")
_REMOVE: Final = ("ecr:DeleteRepository", "ecr:DeleteRepositoryPolicy")

Statement = Mapping[str, object]


def make_pusher(server: RunningServer) -> tuple[str, str]:
    """Make the user unless it is there, and give it a new key; its older ones end, because two are the most."""
    iam = server.boto3("iam")
    if NAME not in {user["UserName"] for user in iam.list_users()["Users"]}:
        iam.create_user(UserName=NAME)
    iam.put_user_policy(UserName=NAME, PolicyName="push", PolicyDocument=_written(_of_user(server)))
    for old in iam.list_access_keys(UserName=NAME)["AccessKeyMetadata"]:
        iam.delete_access_key(UserName=NAME, AccessKeyId=old["AccessKeyId"])
    key = iam.create_access_key(UserName=NAME)["AccessKey"]
    return key["AccessKeyId"], server.secret(key["SecretAccessKey"])


def policy_of_repository(server: RunningServer) -> str:
    """Write what a repository says of the user, its account, a service and everybody."""
    account = f"arn:aws:iam::{server.account_id}:"
    return _written(
        (
            _said("Pusher", "Allow", (*_PULL, *_PUSH), Principal={"AWS": f"{account}user/{NAME}"}),
            _said("Account", "Allow", (*_PULL, *_LOOK), Principal={"AWS": f"{account}root"}),
            _said("Builds", "Allow", _PULL, Principal={"Service": "codebuild.amazonaws.com"}),
            _said("NobodyRemoves", "Deny", _REMOVE, Principal="*"),
        )
    )


def _of_user(server: RunningServer) -> Sequence[Statement]:
    repositories = f"arn:aws:ecr:{server.region}:{server.account_id}:repository/*"
    return (
        _said("Login", "Allow", ("ecr:GetAuthorizationToken",), Resource="*"),
        _said("Pull", "Allow", _PULL, Resource=repositories),
        _said("Push", "Allow", _PUSH, Resource=repositories),
        _said("Look", "Allow", _LOOK, Resource=repositories),
        _said("NeverRemove", "Deny", _REMOVE, Resource=repositories),
        _said("WhoAmI", "Allow", ("sts:GetCallerIdentity",), Resource="*"),
    )


def _said(sid: str, effect: str, actions: Sequence[str], **about: object) -> Statement:
    return {"Sid": sid, "Effect": effect, "Action": actions, **about}


def _written(statements: Sequence[Statement]) -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": statements})
