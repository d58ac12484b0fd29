"""Resource tags are kept, counted, and in force in conditions."""

import json

import pytest
from botocore.client import BaseClient
from botocore.exceptions import ClientError

from protocol.people import OTHER_ACCOUNT, People, policy
from support.server import RunningServer


def arn_of(ecr: BaseClient, name: str) -> str:
    return str(ecr.describe_repositories(repositoryNames=[name])["repositories"][0]["repositoryArn"])


def tags_of(ecr: BaseClient, arn: str) -> dict[str, str]:
    return {tag["Key"]: tag["Value"] for tag in ecr.list_tags_for_resource(resourceArn=arn)["tags"]}


def test_tags_are_added_replaced_and_removed(ecr: BaseClient, repository: str) -> None:
    arn = arn_of(ecr, repository)
    ecr.tag_resource(resourceArn=arn, tags=[{"Key": "team", "Value": "red"}, {"Key": "cost", "Value": ""}])
    ecr.tag_resource(resourceArn=arn, tags=[{"Key": "team", "Value": "blue"}, {"Key": "Stage", "Value": "live"}])
    assert tags_of(ecr, arn) == {"team": "blue", "cost": "", "Stage": "live"}
    ecr.untag_resource(resourceArn=arn, tagKeys=["Stage", "cost", "none", "TEAM"])
    assert tags_of(ecr, arn) == {"team": "blue"}


@pytest.mark.parametrize("keys", [("stage", "Stage"), ("desk", "des\u212a"), ("Team",)])
def test_a_key_in_a_second_spelling_is_refused(ecr: BaseClient, repository: str, keys: tuple[str, ...]) -> None:
    arn = arn_of(ecr, repository)
    ecr.tag_resource(resourceArn=arn, tags=[{"Key": "team", "Value": "red"}])
    with pytest.raises(ecr.exceptions.InvalidTagParameterException, match="case makes no difference"):
        ecr.tag_resource(resourceArn=arn, tags=[{"Key": key, "Value": "v"} for key in keys])
    assert tags_of(ecr, arn) == {"team": "red"}


def test_no_repository_is_born_with_a_key_in_two_spellings(ecr: BaseClient) -> None:
    tags = [{"Key": "stage", "Value": "live"}, {"Key": "Stage", "Value": "test"}]
    with pytest.raises(ecr.exceptions.InvalidTagParameterException):
        ecr.create_repository(repositoryName="born/twice", tags=tags)
    with pytest.raises(ecr.exceptions.RepositoryNotFoundException):
        ecr.describe_repositories(repositoryNames=["born/twice"])


def test_a_repository_is_born_with_its_tags_and_takes_them_along(ecr: BaseClient) -> None:
    tags = [{"Key": "team", "Value": "red"}]
    arn = ecr.create_repository(repositoryName="born/tagged", tags=tags)["repository"]["repositoryArn"]
    assert tags_of(ecr, arn) == {"team": "red"}
    ecr.delete_repository(repositoryName="born/tagged")
    ecr.create_repository(repositoryName="born/tagged")
    assert tags_of(ecr, arn) == {}


@pytest.mark.parametrize("key", ["aws:team", "AWS:x", "te<am"])
def test_a_tag_that_breaks_a_rule_is_refused(ecr: BaseClient, repository: str, key: str) -> None:
    with pytest.raises(ecr.exceptions.InvalidTagParameterException):
        ecr.tag_resource(resourceArn=arn_of(ecr, repository), tags=[{"Key": key, "Value": "v"}])


def test_there_are_at_most_fifty(ecr: BaseClient, repository: str) -> None:
    arn = arn_of(ecr, repository)
    ecr.tag_resource(resourceArn=arn, tags=[{"Key": f"k{number}", "Value": "v"} for number in range(50)])
    with pytest.raises(ecr.exceptions.TooManyTagsException):
        ecr.tag_resource(resourceArn=arn, tags=[{"Key": "one more", "Value": "v"}])
    assert len(tags_of(ecr, arn)) == 50


@pytest.mark.parametrize(
    "change", [("us-east-1", "eu-north-1"), (":repository/", ":image/"), ("arn:aws:ecr", "arn:aws:s3")]
)
def test_an_arn_that_names_no_repository_here_is_refused(
    ecr: BaseClient, repository: str, change: tuple[str, str]
) -> None:
    with pytest.raises(ecr.exceptions.InvalidParameterException, match="ARN"):
        ecr.list_tags_for_resource(resourceArn=arn_of(ecr, repository).replace(*change))


def test_the_arn_says_whose_repository_it_is(
    ecr: BaseClient, people: People, server: RunningServer, repository: str
) -> None:
    key = people.new(policy({"Effect": "Allow", "Action": "ecr:*", "Resource": "*"}))
    user = server.boto3("ecr", access_key_id=key.id, secret_access_key=key.secret)
    mine = arn_of(ecr, repository)
    theirs = mine.replace(mine.split(":")[4], OTHER_ACCOUNT)
    with pytest.raises(ClientError, match="AccessDenied"):
        user.tag_resource(resourceArn=theirs, tags=[{"Key": "a", "Value": "b"}])
    user.close()
    assert tags_of(ecr, mine) == {}


def test_policies_see_the_tags_of_repositories_and_requests(
    ecr: BaseClient, people: People, server: RunningServer, repository: str
) -> None:
    allowed = json.loads(
        """[{"Effect": "Allow", "Action": "ecr:ListImages", "Resource": "*",
             "Condition": {"StringEquals": {"aws:ResourceTag/team": "red"}}},
            {"Effect": "Allow", "Action": "ecr:TagResource", "Resource": "*",
             "Condition": {"StringEquals": {"aws:RequestTag/stage": "test"},
                           "ForAllValues:StringEquals": {"aws:TagKeys": ["stage"]}}}]"""
    )
    key = people.new(policy(*allowed))
    user = server.boto3("ecr", access_key_id=key.id, secret_access_key=key.secret)
    arn = arn_of(ecr, repository)
    with pytest.raises(ClientError, match="AccessDenied"):
        user.list_images(repositoryName=repository)
    ecr.tag_resource(resourceArn=arn, tags=[{"Key": "team", "Value": "red"}])
    user.list_images(repositoryName=repository)
    user.tag_resource(resourceArn=arn, tags=[{"Key": "stage", "Value": "test"}])
    for tags in ([{"Key": "stage", "Value": "live"}], [{"Key": "stage", "Value": "test"}, {"Key": "b", "Value": "c"}]):
        with pytest.raises(ClientError, match="AccessDenied"):
            user.tag_resource(resourceArn=arn, tags=tags)
    user.close()
