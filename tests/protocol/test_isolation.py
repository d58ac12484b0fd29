"""Nothing is reached through the wrong repository, account or upload (security: class A)."""

import contextlib
import json
from collections.abc import Callable

import pytest
from botocore.client import BaseClient
from botocore.exceptions import ClientError

from protocol.api import Api, code_of
from protocol.people import EVERYTHING, OTHER_ACCOUNT, Key, People, policy, statement
from protocol.registry import CONFIG, Registry, index_for, manifest_for
from support.images import OCI
from support.layers import digest_of
from support.server import RunningServer

LAYER = b"a layer of one repository"
METHODS = ["GET", "PATCH", "PUT", "DELETE"]
PULL = ["ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer", "ecr:BatchCheckLayerAvailability"]
FOREIGN = {"Host": "123456789012.dkr.ecr.us-east-1.localhost"}


def grant(account: str, *actions: str) -> str:
    return json.dumps(
        {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Principal": {"AWS": account}, "Action": actions}]}
    )


@pytest.fixture
def theirs(registry: Registry, stranger_password: str) -> Registry:
    """Give ``/v2/`` as the other account's root sees it."""
    return Registry(registry.wire, stranger_password)


@pytest.mark.parametrize("method", ["GET", "HEAD"])
def test_a_blob_is_not_reached_through_another_repository(
    registry: Registry, repository: str, other_repository: str, method: str
) -> None:
    registry.push(repository, "v1", LAYER)
    registry.push(other_repository, "v1", b"something else")
    assert registry.ask(method, f"{other_repository}/blobs/{digest_of(LAYER)}").status == 404


def test_a_range_of_a_blob_is_not_reached_through_another_repository(
    registry: Registry, repository: str, other_repository: str
) -> None:
    registry.push(repository, "v1", LAYER)
    answer = registry.ask("GET", f"{other_repository}/blobs/{digest_of(LAYER)}", {"Range": "bytes=0-3"})
    assert answer.status == 404


@pytest.mark.parametrize("method", ["GET", "HEAD", "DELETE"])
def test_a_manifest_is_not_reached_through_another_repository(
    registry: Registry, repository: str, other_repository: str, method: str
) -> None:
    digest = digest_of(registry.push(repository, "v1", LAYER))
    assert registry.ask(method, f"{other_repository}/manifests/{digest}").status == 404
    assert registry.ask(method, f"{other_repository}/manifests/v1").status == 404
    assert registry.ask("HEAD", f"{repository}/manifests/v1").status == 200


def test_the_api_gives_no_link_to_another_repositorys_blob(
    registry: Registry, api: Api, repository: str, other_repository: str
) -> None:
    registry.push(repository, "v1", LAYER)
    answer = api.call("GetDownloadUrlForLayer", {"repositoryName": other_repository, "layerDigest": digest_of(LAYER)})
    assert code_of(answer) == "LayersNotFoundException"


def test_the_api_does_not_see_another_repositorys_blob(
    registry: Registry, ecr: BaseClient, repository: str, other_repository: str
) -> None:
    registry.push(repository, "v1", LAYER)
    found = ecr.batch_check_layer_availability(repositoryName=other_repository, layerDigests=[digest_of(LAYER)])
    assert found["layers"][0]["layerAvailability"] == "UNAVAILABLE"


@pytest.mark.parametrize("method", METHODS)
def test_an_upload_belongs_to_its_repository(
    registry: Registry, repository: str, other_repository: str, method: str
) -> None:
    upload = registry.start(repository)
    elsewhere = upload.replace(repository, other_repository)
    assert registry.ask(method, f"{elsewhere}?digest={digest_of(b'')}").status == 404
    assert registry.ask("GET", upload).status == 204


@pytest.mark.parametrize("method", METHODS)
def test_an_upload_belongs_to_the_user_who_opened_it(  # fixtures
    registry: Registry, repository: str, method: str, people: People, server: RunningServer
) -> None:
    upload = registry.start(repository)
    other = Registry(registry.wire, people.new(EVERYTHING).password(server))
    assert other.ask(method, f"{upload}?digest={digest_of(b'')}").status == 404
    assert registry.ask("GET", upload).status == 204


@pytest.mark.parametrize("method", METHODS)
def test_an_upload_belongs_to_its_account(  # fixtures
    registry: Registry, theirs: Registry, repository: str, ecr: BaseClient, method: str
) -> None:
    ecr.set_repository_policy(
        repositoryName=repository, policyText=grant(OTHER_ACCOUNT, "ecr:UploadLayerPart", "ecr:CompleteLayerUpload")
    )
    upload = registry.start(repository)
    assert theirs.ask(method, f"{upload}?digest={digest_of(b'')}", FOREIGN).status == 404
    assert registry.ask("GET", upload).status == 204


@pytest.mark.parametrize(
    ("operation", "members"),
    [
        ("UploadLayerPart", {"partFirstByte": 0, "partLastByte": 2, "layerPartBlob": "YWJj"}),
        ("CompleteLayerUpload", {"layerDigests": [digest_of(b"abc")]}),
    ],
)
def test_the_api_knows_nobody_elses_upload(  # noqa: PLR0913, PLR0917  # fixtures
    registry: Registry,
    people: People,
    repository: str,
    other_repository: str,
    operation: str,
    members: dict[str, object],
) -> None:
    upload = registry.start(repository).rpartition("/")[2]
    key = people.new(EVERYTHING)
    root = Api(registry.wire, people.server.access_key_id, people.server.secret_access_key)
    for caller, name in ((Api(registry.wire, key.id, key.secret), repository), (root, other_repository)):
        answer = caller.call(operation, {"repositoryName": name, "uploadId": upload} | members)
        assert code_of(answer) == "UploadNotFoundException"


def test_the_same_names_in_two_accounts_are_two_repositories(
    registry: Registry, theirs: Registry, stranger_ecr: BaseClient, repository: str
) -> None:
    stranger_ecr.create_repository(repositoryName=repository)
    registry.push(repository, "v1", LAYER)
    assert theirs.ask("GET", f"{repository}/manifests/v1").status == 404
    assert theirs.ask("GET", f"{repository}/blobs/{digest_of(LAYER)}").status == 404


def test_a_blob_of_two_accounts_outlives_one(
    registry: Registry, theirs: Registry, stranger_ecr: BaseClient, repository: str
) -> None:
    stranger_ecr.create_repository(repositoryName=repository)
    registry.push(repository, "v1", LAYER)
    theirs.push(repository, "v1", LAYER)
    stranger_ecr.delete_repository(repositoryName=repository, force=True)
    assert registry.ask("GET", f"{repository}/blobs/{digest_of(LAYER)}").body == LAYER


def test_a_blob_of_two_repositories_outlives_one(
    registry: Registry, ecr: BaseClient, repository: str, other_repository: str
) -> None:
    registry.push(repository, "v1", LAYER)
    registry.push(other_repository, "v1", LAYER)
    ecr.delete_repository(repositoryName=repository, force=True)
    assert registry.ask("GET", f"{repository}/blobs/{digest_of(LAYER)}").status == 404
    assert registry.ask("GET", f"{other_repository}/blobs/{digest_of(LAYER)}").body == LAYER


class TestMadeAnew:
    """A repository deleted and made again under its name inherits nothing."""

    @pytest.fixture
    def anew(self, ecr: BaseClient) -> Callable[[str], None]:
        def make(name: str) -> None:
            ecr.delete_repository(repositoryName=name, force=True)
            ecr.create_repository(repositoryName=name)

        return make

    def test_no_image(self, registry: Registry, repository: str, anew: Callable[[str], None]) -> None:
        digest = digest_of(registry.push(repository, "v1", LAYER))
        anew(repository)
        assert registry.ask("GET", f"{repository}/tags/list").read("tags") == []
        assert registry.ask("GET", f"{repository}/manifests/{digest}").status == 404

    def test_no_blob(self, registry: Registry, repository: str, anew: Callable[[str], None]) -> None:
        registry.push(repository, "v1", LAYER)
        anew(repository)
        assert registry.ask("HEAD", f"{repository}/blobs/{digest_of(LAYER)}").status == 404
        answer = registry.put_manifest(repository, "v1", json.dumps(manifest_for(LAYER)).encode())
        assert answer.status == 404

    def test_no_child(self, registry: Registry, repository: str, anew: Callable[[str], None]) -> None:
        child = registry.push(repository, "", LAYER)
        anew(repository)
        answer = registry.put_manifest(repository, "v1", json.dumps(index_for(child)).encode(), OCI.index)
        assert answer.status == 404

    @pytest.mark.parametrize("method", METHODS)
    def test_no_upload(self, registry: Registry, repository: str, anew: Callable[[str], None], method: str) -> None:
        upload = registry.start(repository)
        anew(repository)
        assert registry.ask(method, f"{upload}?digest={digest_of(b'')}").status == 404

    def test_no_policy(self, ecr: BaseClient, repository: str, anew: Callable[[str], None]) -> None:
        ecr.set_repository_policy(repositoryName=repository, policyText=grant("*", "ecr:*"), force=True)
        anew(repository)
        with pytest.raises(ClientError, match="RepositoryPolicyNotFoundException"):
            ecr.get_repository_policy(repositoryName=repository)

    def test_no_link(self, registry: Registry, ecr: BaseClient, repository: str, anew: Callable[[str], None]) -> None:
        registry.push(repository, "v1", LAYER)
        url = ecr.get_download_url_for_layer(repositoryName=repository, layerDigest=digest_of(LAYER))["downloadUrl"]
        anew(repository)
        registry.push(repository, "v1", LAYER)
        assert registry.wire.ask("GET", "/" + url.split("/", 3)[3]).status == 404

    def test_no_page(self, registry: Registry, repository: str, ecr: BaseClient, anew: Callable[[str], None]) -> None:
        registry.put_manifest(repository, "v2", registry.push(repository, "v1", LAYER))
        page = ecr.list_images(repositoryName=repository, maxResults=1)["nextToken"]
        anew(repository)
        with pytest.raises(ClientError, match="InvalidParameterException"):
            ecr.list_images(repositoryName=repository, nextToken=page)


class TestAcrossAccounts:
    """A pull across accounts needs leave on both sides (iam: section 5.3)."""

    @pytest.fixture
    def pushed(self, registry: Registry, repository: str) -> str:
        registry.push(repository, "v1", LAYER)
        return repository

    def test_without_a_repository_policy_nothing_is_told(self, theirs: Registry, pushed: str) -> None:
        answer = theirs.ask("GET", f"{pushed}/manifests/v1", FOREIGN)
        assert (answer.status, answer.read("errors.0.code")) == (403, "DENIED")
        assert str(answer.read("errors.0.message")).endswith(
            "because no resource-based policy allows the ecr:BatchGetImage action"
        )

    def test_a_missing_repository_is_not_told_from_a_closed_one(self, theirs: Registry) -> None:
        assert theirs.ask("GET", "no/such/manifests/v1", FOREIGN).status == 403

    def test_with_both_sides_it_works(self, theirs: Registry, pushed: str, ecr: BaseClient) -> None:
        ecr.set_repository_policy(repositoryName=pushed, policyText=grant(OTHER_ACCOUNT, *PULL))
        assert theirs.ask("GET", f"{pushed}/manifests/v1", FOREIGN).status == 200
        for blob in (CONFIG, LAYER):
            assert theirs.ask("GET", f"{pushed}/blobs/{digest_of(blob)}", FOREIGN).body == blob

    def test_a_grant_to_pull_is_none_to_push(self, theirs: Registry, pushed: str, ecr: BaseClient) -> None:
        ecr.set_repository_policy(repositoryName=pushed, policyText=grant(OTHER_ACCOUNT, *PULL))
        assert theirs.ask("POST", f"{pushed}/blobs/uploads/", FOREIGN).status == 403

    def test_the_callers_own_account_must_allow_it_too(
        self, registry: Registry, pushed: str, ecr: BaseClient, stranger: Key, server: RunningServer
    ) -> None:
        ecr.set_repository_policy(repositoryName=pushed, policyText=grant(OTHER_ACCOUNT, *PULL))
        with contextlib.closing(
            server.boto3("iam", access_key_id=stranger.id, secret_access_key=stranger.secret)
        ) as iam:
            nobody = People(iam, server).new(policy(statement("Allow", "ecr:GetAuthorizationToken")))
        answer = Registry(registry.wire, nobody.password(server)).ask("GET", f"{pushed}/manifests/v1", FOREIGN)
        assert answer.status == 403
        assert str(answer.read("errors.0.message")).endswith(
            "because no identity-based policy allows the ecr:BatchGetImage action"
        )

    def test_the_api_asks_both_sides_too(self, pushed: str, ecr: BaseClient, stranger_ecr: BaseClient) -> None:
        asked = {"registryId": "123456789012", "repositoryName": pushed}
        with pytest.raises(ClientError, match="AccessDeniedException"):
            stranger_ecr.list_images(**asked)
        ecr.set_repository_policy(repositoryName=pushed, policyText=grant(OTHER_ACCOUNT, "ecr:ListImages"))
        assert stranger_ecr.list_images(**asked)["imageIds"][0]["imageTag"] == "v1"

    def test_nobody_lists_another_accounts_repositories(self, stranger_ecr: BaseClient) -> None:
        with pytest.raises(ClientError, match="AccessDeniedException"):
            stranger_ecr.describe_repositories(registryId="123456789012")

    def test_nobody_creates_in_another_account(self, stranger_ecr: BaseClient) -> None:
        with pytest.raises(ClientError, match="AccessDeniedException"):
            stranger_ecr.create_repository(registryId="123456789012", repositoryName="planted/here")
