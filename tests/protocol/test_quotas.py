"""Quotas over both faces, and the account settings with their condition key."""

import json
from collections.abc import Iterator
from contextlib import closing

import pytest
from botocore.client import BaseClient
from botocore.exceptions import ClientError

from protocol.api import code_of as type_of
from protocol.api import message_of as words_of
from protocol.machine import Registrar, new_role
from protocol.people import People, policy, root_of, statement
from protocol.registry import Registry, code_of, manifest_for, message_of
from support.server import RunningServer
from support.wire import Wire

QUOTAS = {
    "MOORAGE_REPOSITORIES_PER_REGISTRY": "2",
    "MOORAGE_IMAGES_PER_REPOSITORY": "2",
    "MOORAGE_TAGS_PER_IMAGE": "2",
    "MOORAGE_INSTANCES_PER_ACCOUNT": "2",
}
IMAGES = "The maximum number of images per repository, 2, has been reached"
TAGS = "The maximum number of tags per image, 2, has been reached"
INSTANCES = "The maximum number of instances per account, 2, has been reached"
REPOSITORIES = "The maximum number of repositories per registry, 2, has been reached"
MINE = "quota/app"


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningServer]:
    """Start a server whose quotas are soon used up."""
    with RunningServer(tmp_path_factory.mktemp("small") / "data", settings=QUOTAS) as running:
        yield running


@pytest.fixture(scope="module")
def full(small: RunningServer) -> BaseClient:
    """Use up every quota; the first image has two tags."""
    client: BaseClient = small.boto3("ecr")
    client.create_repository(repositoryName=MINE)
    client.create_repository(repositoryName="quota/other")
    with Wire(small.host) as wire:
        registry = Registry(wire, small.password())
        body = registry.push(MINE, "v1", b"one")
        assert registry.put_manifest(MINE, "v2", body).status == 201
        registry.push(MINE, "other", b"two")
        registry.put_blob(MINE, b"three")
    return client


@pytest.fixture
def registry(small: RunningServer, full: BaseClient) -> Iterator[Registry]:
    assert full
    with Wire(small.host) as wire:
        yield Registry(wire, small.password())


def refusal(error: ClientError) -> tuple[str, str]:
    return error.response["Error"]["Code"], error.response["Error"]["Message"]


def test_a_full_registry_takes_no_repository(full: BaseClient) -> None:
    with pytest.raises(ClientError) as refused:
        full.create_repository(repositoryName="quota/third")
    assert refusal(refused.value) == ("LimitExceededException", REPOSITORIES)
    assert len(full.describe_repositories()["repositories"]) == 2


def test_a_full_repository_takes_no_image(full: BaseClient, registry: Registry) -> None:
    body = json.dumps(manifest_for(b"three")).encode()
    answer = registry.put_manifest(MINE, "v9", body)
    assert (answer.status, code_of(answer), message_of(answer)) == (403, "DENIED", IMAGES)
    with pytest.raises(ClientError) as refused:
        full.put_image(repositoryName=MINE, imageTag="v9", imageManifest=body.decode())
    assert refusal(refused.value) == ("LimitExceededException", IMAGES)
    assert registry.ask("GET", f"{MINE}/manifests/v9").status == 404


def test_an_image_with_all_its_tags_takes_no_other(full: BaseClient, registry: Registry) -> None:
    body = registry.ask("GET", f"{MINE}/manifests/v1").body
    answer = registry.put_manifest(MINE, "v3", body)
    assert (answer.status, code_of(answer), message_of(answer)) == (403, "DENIED", TAGS)
    with pytest.raises(ClientError) as refused:
        full.put_image(repositoryName=MINE, imageTag="v3", imageManifest=body.decode())
    assert refusal(refused.value) == ("LimitExceededException", TAGS)
    assert registry.put_manifest(MINE, "v2", body).status == 201


def test_a_full_account_takes_no_instance(small: RunningServer) -> None:
    with Wire(small.host) as wire, closing(small.boto3("iam")) as iam:
        role = new_role(People(iam, small))
        registrar = Registrar(wire, small, root_of(small))
        machine, (waiting, _) = registrar.machine(role), registrar.register(role)
        refused = registrar.own("RegisterInstance", roleName=role)
        assert (refused.status, type_of(refused), words_of(refused)) == (400, "LimitExceededException", INSTANCES)
        assert {one["instanceId"] for one in registrar.instances()} == {machine.id, waiting}
        registrar.own("RevokeInstance", instanceId=waiting)
        registrar.register(role)


def test_the_condition_key_of_an_account_setting_is_its_name(people: People, server: RunningServer) -> None:
    allowed = statement("Allow", ["ecr:GetAccountSetting", "ecr:PutAccountSetting"])
    allowed["Condition"] = {"StringEquals": {"ecr:AccountSetting": "BLOB_MOUNTING"}}
    key = people.new(policy(allowed))
    client = server.boto3("ecr", access_key_id=key.id, secret_access_key=key.secret)
    assert client.get_account_setting(name="BLOB_MOUNTING")["value"] == "DISABLED"
    client.put_account_setting(name="BLOB_MOUNTING", value="DISABLED")
    for operation, asked in (
        (client.get_account_setting, {"name": "REGISTRY_POLICY_SCOPE"}),
        (client.put_account_setting, {"name": "REGISTRY_POLICY_SCOPE", "value": "V1"}),
        (client.get_account_setting, {"name": "blob_mounting"}),
    ):
        with pytest.raises(ClientError) as refused:
            operation(**asked)
        assert refused.value.response["Error"]["Code"] == "AccessDeniedException"
    client.close()


def test_a_scope_that_is_none_is_refused(ecr: BaseClient) -> None:
    with pytest.raises(ecr.exceptions.InvalidParameterException):
        ecr.put_account_setting(name="REGISTRY_POLICY_SCOPE", value="V3")
    assert ecr.get_account_setting(name="REGISTRY_POLICY_SCOPE")["value"] == "V2"
