"""Repository policies by the API: set, get, delete, and which are refused (spec: iam section 6)."""

import json
from collections.abc import Mapping

import pytest
from botocore.client import BaseClient
from botocore.exceptions import ClientError

from protocol.people import ACCOUNT, EVERYTHING, OTHER_ACCOUNT, Key, People
from support.server import RunningServer

PULL: Mapping[str, object] = {"Effect": "Allow", "Principal": "*", "Action": "ecr:BatchGetImage"}
INVALID = "Invalid parameter at 'PolicyText' failed to satisfy constraint: 'Invalid repository policy provided{}'"


def written(*statements: Mapping[str, object]) -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": list(statements)})


def refusal(ecr: BaseClient, name: str, text: str) -> str:
    with pytest.raises(ecr.exceptions.InvalidParameterException) as refused:
        ecr.set_repository_policy(repositoryName=name, policyText=text)
    return str(refused.value.response["Error"]["Message"])


def test_a_policy_is_kept_as_it_was_written(ecr: BaseClient, repository: str) -> None:
    text = json.dumps(json.loads(written(PULL)), indent=3)
    answer = ecr.set_repository_policy(repositoryName=repository, policyText=text)
    told = [answer["registryId"], answer["repositoryName"], answer["policyText"]]
    assert told == [ACCOUNT, repository, text]
    assert ecr.get_repository_policy(repositoryName=repository)["policyText"] == text


def test_a_deleted_policy_is_told_and_gone(ecr: BaseClient, repository: str) -> None:
    ecr.set_repository_policy(repositoryName=repository, policyText=written(PULL))
    assert ecr.delete_repository_policy(repositoryName=repository)["policyText"] == written(PULL)
    with pytest.raises(ecr.exceptions.RepositoryPolicyNotFoundException):
        ecr.get_repository_policy(repositoryName=repository)


def test_what_is_not_there_is_not_deleted(ecr: BaseClient, repository: str) -> None:
    with pytest.raises(ecr.exceptions.RepositoryPolicyNotFoundException) as refused:
        ecr.delete_repository_policy(repositoryName=repository)
    assert refused.value.response["Error"]["Message"] == (
        f"Repository policy does not exist for the repository with name '{repository}' in the registry with id"
        f" '{ACCOUNT}'"
    )


def test_a_missing_repository_is_told_before_a_missing_policy(ecr: BaseClient) -> None:
    with pytest.raises(ecr.exceptions.RepositoryNotFoundException):
        ecr.get_repository_policy(repositoryName="no/such")


def test_a_missing_repository_is_told_before_a_broken_policy(ecr: BaseClient) -> None:
    with pytest.raises(ecr.exceptions.RepositoryNotFoundException):
        ecr.set_repository_policy(repositoryName="no/such", policyText="{")


@pytest.mark.parametrize(
    "text",
    [
        "",
        "{",
        "null",
        "[]",
        '"x"',
        "{}",
        written(),
        written({**PULL, "Effect": "allow"}),
        written({**PULL, "Action": "s3:GetObject"}).replace('"Effect"', '"Effect": "Deny", "Effect"'),
        written({**PULL, "Principal": {"AWS": "nobody"}}),
        written({name: value for name, value in PULL.items() if name != "Principal"}),
        written({name: value for name, value in PULL.items() if name != "Action"}),
        written(PULL).replace("2012-10-17", "2026-01-01"),
        written(PULL) + " x",
        written({**PULL, "Extra": 1}),
        "[" * 5000,
    ],
)
def test_what_is_no_policy_is_refused(ecr: BaseClient, repository: str, text: str) -> None:
    assert refusal(ecr, repository, text).startswith(INVALID[:-3])
    with pytest.raises(ecr.exceptions.RepositoryPolicyNotFoundException):
        ecr.get_repository_policy(repositoryName=repository)


@pytest.mark.parametrize(
    "principal", [f"arn:aws:iam::{ACCOUNT}:user/nobody", f"arn:aws:iam::{ACCOUNT}:role/some", "999999999999"]
)
def test_a_principal_that_is_not_there_is_refused_by_name(ecr: BaseClient, repository: str, principal: str) -> None:
    message = refusal(ecr, repository, written({**PULL, "Principal": {"AWS": principal}}))
    assert principal in message


def test_another_account_can_be_named(ecr: BaseClient, repository: str, stranger: Key) -> None:
    assert stranger.id
    text = written({**PULL, "Principal": {"AWS": [OTHER_ACCOUNT, f"arn:aws:iam::{OTHER_ACCOUNT}:root"]}})
    ecr.set_repository_policy(repositoryName=repository, policyText=text)
    assert ecr.get_repository_policy(repositoryName=repository)["policyText"] == text


@pytest.mark.parametrize(
    "condition",
    [
        {"IpAddress": {"aws:SourceIp": "10.0.0.0/8"}},
        {"DateLessThan": {"aws:CurrentTime": "2027-01-01T00:00:00Z"}},
        {"ForAnyValue:StringEquals": {"aws:TagKeys": "a"}},
        {"StringEqualsIfExists": {"aws:PrincipalAccount": ACCOUNT}},
        {"StringEquals": {"aws:PrincipalOrgID": "o-1"}},
        {"StringLike": {"aws:UserAgent": "${aws:username}*"}},
    ],
)
def test_a_condition_of_any_kind_is_kept_as_it_is(ecr: BaseClient, repository: str, condition: object) -> None:
    text = written({**PULL, "Condition": condition})
    ecr.set_repository_policy(repositoryName=repository, policyText=text)
    assert ecr.get_repository_policy(repositoryName=repository)["policyText"] == text


@pytest.mark.parametrize(
    "condition",
    [
        {"IpAddress": {"aws:SourceIp": "10.0.0.0/33"}},
        {"DateLessThan": {"aws:CurrentTime": "tomorrow"}},
        {"StringMatches": {"aws:UserAgent": "a"}},
        {"StringLike": {"aws:UserAgent": "${aws:username"}},
        {"NullIfExists": {"aws:UserAgent": "true"}},
    ],
)
def test_a_condition_that_cannot_be_read_is_refused(ecr: BaseClient, repository: str, condition: object) -> None:
    assert refusal(ecr, repository, written({**PULL, "Condition": condition})).startswith(INVALID[:-3])


class TestLockOut:
    """Nobody takes the policy out of his own hands by mistake."""

    DENY: Mapping[str, object] = {"Effect": "Deny", "Principal": "*", "Action": "ecr:SetRepositoryPolicy"}

    @pytest.fixture
    def user(self, people: People, server: RunningServer) -> BaseClient:
        key = people.new(EVERYTHING)
        client: BaseClient = server.boto3("ecr", access_key_id=key.id, secret_access_key=key.secret)
        return client

    def test_it_is_refused_unforced(self, user: BaseClient, repository: str) -> None:
        with pytest.raises(user.exceptions.InvalidParameterException):
            user.set_repository_policy(repositoryName=repository, policyText=written(self.DENY))
        user.set_repository_policy(repositoryName=repository, policyText=written(PULL))
        user.close()

    def test_by_force_it_is_done_and_holds(self, user: BaseClient, repository: str) -> None:
        user.set_repository_policy(repositoryName=repository, policyText=written(self.DENY), force=True)
        with pytest.raises(ClientError, match="AccessDeniedException"):
            user.set_repository_policy(repositoryName=repository, policyText=written(PULL))
        user.close()

    def test_the_root_of_the_account_can_always_mend_it(
        self, user: BaseClient, ecr: BaseClient, repository: str
    ) -> None:
        user.set_repository_policy(repositoryName=repository, policyText=written(self.DENY), force=True)
        ecr.delete_repository_policy(repositoryName=repository)
        user.set_repository_policy(repositoryName=repository, policyText=written(PULL))
        user.close()
