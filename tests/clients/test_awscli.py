"""The AWS command line: what people type, and what they read when it is refused."""

import base64
import json
from pathlib import Path

import pytest

from support.aws import AwsCli, User, create_user
from support.clients import Client
from support.images import Samples
from support.repository import Repository
from support.server import RunningServer
from support.wording import ACCOUNT, REGION, not_authorized, repository_not_found, tag_immutable

BY_TAG = ("--image-ids", "imageTag=v1")


@pytest.fixture
def filled(skopeo: Client, images: Samples, repository: Repository) -> str:
    """Fill a repository with an image called v1; return its name."""
    skopeo.run("copy", "--dest-tls-verify=false", images.layered.source, f"docker://{repository.at('v1')}")
    return repository.name


def ecr(operation: str, repository: str) -> tuple[str, ...]:
    return ("ecr", operation, "--repository-name", repository)


def test_the_login_token_is_for_the_user_aws(aws: AwsCli) -> None:
    (token,) = aws.listed("authorizationData[].authorizationToken", "ecr", "get-authorization-token")
    assert base64.b64decode(token).decode().partition(":")[0] == "AWS"


def test_the_login_token_names_the_registry(aws: AwsCli, registry: str) -> None:
    endpoint = aws.ask("authorizationData[].proxyEndpoint", "ecr", "get-authorization-token")
    assert endpoint == [f"http://{registry}"]


def test_the_caller_is_known_to_sts(aws: AwsCli) -> None:
    assert aws.ask("Account", "sts", "get-caller-identity") == ACCOUNT


def test_a_repository_is_created_with_its_settings(aws: AwsCli) -> None:
    told = aws.ask(
        "repository.[repositoryArn, imageTagMutability, imageScanningConfiguration.scanOnPush]",
        *ecr("create-repository", "awscli/created"),
        *("--image-tag-mutability", "IMMUTABLE", "--image-scanning-configuration", "scanOnPush=true"),
    )
    assert told == [f"arn:aws:ecr:{REGION}:{ACCOUNT}:repository/awscli/created", "IMMUTABLE", True]


def test_a_repository_is_deleted(aws: AwsCli, repository: Repository) -> None:
    aws.run(*ecr("delete-repository", repository.name))
    assert repository_not_found(repository.name) in aws.refused(*ecr("list-images", repository.name)).stderr


def test_images_are_listed(aws: AwsCli, filled: str, images: Samples) -> None:
    told = aws.ask("imageIds", *ecr("list-images", filled))
    assert told == [{"imageDigest": images.layered.digest, "imageTag": "v1"}]


def test_an_image_is_described(aws: AwsCli, filled: str, images: Samples) -> None:
    told = aws.ask("imageDetails[].[imageSizeInBytes, imageManifestMediaType]", *ecr("describe-images", filled))
    assert told == [[images.layered.size, images.layered.root.media_type]]


def test_an_image_is_tagged_again_from_a_file(aws: AwsCli, filled: str, tmp_path: Path) -> None:
    (manifest,) = aws.listed("images[].imageManifest", *ecr("batch-get-image", filled), *BY_TAG)
    (tmp_path / "manifest.json").write_text(manifest, encoding="utf-8")
    aws.run(*ecr("put-image", filled), "--image-tag", "v2", "--image-manifest", f"file://{tmp_path}/manifest.json")
    assert aws.ask("sort(imageDetails[0].imageTags)", *ecr("describe-images", filled)) == ["v1", "v2"]


def test_a_deleted_image_is_told_by_tag_and_digest(aws: AwsCli, filled: str, images: Samples) -> None:
    told = aws.ask("imageIds", *ecr("batch-delete-image", filled), *BY_TAG)
    assert told == [{"imageDigest": images.layered.digest, "imageTag": "v1"}]


def test_a_tag_of_an_immutable_repository_is_refused_in_ecrs_words(aws: AwsCli, filled: str) -> None:
    aws.run(*ecr("put-image-tag-mutability", filled), "--image-tag-mutability", "IMMUTABLE")
    (manifest,) = aws.listed("images[].imageManifest", *ecr("batch-get-image", filled), *BY_TAG)
    answer = aws.refused(*ecr("put-image", filled), "--image-tag", "v1", "--image-manifest", manifest)
    assert tag_immutable(filled, "v1") in answer.stderr


def test_a_refusal_names_its_exception(aws: AwsCli) -> None:
    answer = aws.refused(*ecr("list-images", "awscli/nowhere"))
    assert "(RepositoryNotFoundException) when calling the ListImages operation" in answer.stderr


def test_a_new_user_may_nothing(aws: AwsCli, server: RunningServer, repository: Repository, tmp_path: Path) -> None:
    nothing = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "ecr:None", "Resource": "*"}]}
    user = create_user(aws, server, "nobody", nothing, tmp_path)
    answer = user.aws.refused(*ecr("list-images", repository.name))
    assert not_authorized("nobody", "ecr:ListImages", repository.name) in answer.stderr


def test_a_user_may_what_its_policy_says(reader: User, filled: str, images: Samples) -> None:
    told = reader.aws.ask("images[].imageId.imageDigest", *ecr("batch-get-image", filled), *BY_TAG)
    assert told == [images.layered.digest]


def test_a_user_may_not_what_its_policy_leaves_out(reader: User, filled: str) -> None:
    answer = reader.aws.refused(*ecr("batch-delete-image", filled), *BY_TAG)
    assert not_authorized(reader.name, "ecr:BatchDeleteImage", filled) in answer.stderr


def test_a_user_loses_what_its_policy_gave(
    aws: AwsCli, server: RunningServer, repository: Repository, tmp_path: Path
) -> None:
    everything = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}]}
    user = create_user(aws, server, "for-a-while", everything, tmp_path)
    user.aws.run(*ecr("list-images", repository.name))
    aws.run("iam", "delete-user-policy", "--user-name", user.name, "--policy-name", "what-it-may-do")
    answer = user.aws.refused(*ecr("list-images", repository.name))
    assert not_authorized(user.name, "ecr:ListImages", repository.name) in answer.stderr


def test_a_repository_policy_lets_a_user_in(aws: AwsCli, reader: User, filled: str, repository: Repository) -> None:
    statement = {
        "Effect": "Allow",
        "Principal": {"AWS": f"arn:aws:iam::{ACCOUNT}:user/{reader.name}"},
        "Action": "ecr:ListImages",
    }
    policy = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
    aws.run(*ecr("set-repository-policy", repository.name), "--policy-text", policy)
    assert reader.aws.ask("imageIds[].imageTag", *ecr("list-images", filled)) == ["v1"]
