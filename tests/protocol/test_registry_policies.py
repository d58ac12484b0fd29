"""The policy of a registry is kept, shown and in force for every repository of it."""

import json
from collections.abc import Iterator

import pytest
from botocore.client import BaseClient
from botocore.exceptions import ClientError

from protocol.people import EVERYTHING, People
from protocol.test_policies import PULL, written
from support.server import RunningServer

ACCOUNT_RESOURCES = "arn:aws:ecr:us-east-1:*:repository/*"
DENY = written({"Effect": "Deny", "Principal": "*", "Action": "ecr:ListImages", "Resource": "*"})


@pytest.fixture
def registry_policy(ecr: BaseClient) -> Iterator[str]:
    ecr.put_registry_policy(policyText=DENY)
    yield DENY
    ecr.delete_registry_policy()


def test_it_is_shown_as_it_was_put(ecr: BaseClient, registry_policy: str) -> None:
    assert ecr.get_registry_policy()["policyText"] == registry_policy


def test_without_one_there_is_none_to_get_or_delete(ecr: BaseClient) -> None:
    for operation in (ecr.get_registry_policy, ecr.delete_registry_policy):
        with pytest.raises(ecr.exceptions.RegistryPolicyNotFoundException):
            operation()


@pytest.mark.usefixtures("registry_policy")
def test_it_denies_in_every_repository(people: People, server: RunningServer, repository: str, ecr: BaseClient) -> None:
    key = people.new(EVERYTHING)
    user = server.boto3("ecr", access_key_id=key.id, secret_access_key=key.secret)
    with pytest.raises(ClientError, match="with an explicit deny in a resource-based policy"):
        user.list_images(repositoryName=repository)
    ecr.delete_registry_policy()
    user.list_images(repositoryName=repository)
    ecr.put_registry_policy(policyText=DENY)
    user.close()


@pytest.mark.parametrize(
    "text",
    [
        "{",
        written(PULL),
        written({**PULL, "Resource": "arn:aws:s3:::a"}),
        written({**PULL, "Resource": "*", "Sid": "a b"}),
    ],
)
def test_what_cannot_be_kept_is_refused(ecr: BaseClient, text: str) -> None:
    with pytest.raises(ecr.exceptions.InvalidParameterException, match="Invalid registry policy provided"):
        ecr.put_registry_policy(policyText=text)


def test_a_principal_that_is_not_there_is_refused(ecr: BaseClient) -> None:
    statement = {**PULL, "Principal": {"AWS": "999999999999"}, "Resource": ACCOUNT_RESOURCES}
    with pytest.raises(ecr.exceptions.InvalidParameterException, match="999999999999"):
        ecr.put_registry_policy(policyText=json.dumps({"Version": "2012-10-17", "Statement": statement}))
