"""Of what one account has, another sees and changes nothing: every operation and route, the same names in both."""

import json
from collections.abc import Iterator
from dataclasses import dataclass

import pytest
from botocore.client import BaseClient

from moorage.domain import actions
from moorage.domain.actions import OPERATIONS, RouteKey, Scope
from moorage.edge.awsjson.edge import HANDLERS
from protocol import cases
from protocol.api import Api, code_of
from protocol.cases import BLOBS, LAYER, PART, Target
from protocol.people import ACCOUNT, Key
from protocol.registry import Registry
from protocol.test_permissions_api import OTHERWISE_NAMED, REGISTRY_WIDE
from support.layers import digest_of
from support.server import RunningServer
from support.wire import Answer, Wire

FOREIGN = {"Host": f"{ACCOUNT}.dkr.ecr.us-east-1.localhost"}
ON_REPOSITORIES = sorted(
    name.removeprefix("ecr.")
    for name, needs in OPERATIONS.items()
    if name.startswith("ecr.") and " " not in name and needs.scope is Scope.REPOSITORY
)
ROUTES = [pytest.param(key, id=" ".join(key)) for key in actions.ROUTES]
# It lets nobody of the other account do anything.
OURS = cases.GUARDED_POLICY.replace('"*"', json.dumps({"AWS": ACCOUNT}))
# What names neither a registry nor a resource is about one's own.
NAMELESS = {"BatchGetRepositoryScanningConfiguration"}
THEIR_LAYER = b"a layer of the other account"


@dataclass(frozen=True, slots=True)
class TwoAccounts:
    """A repository of one name in two accounts; the first one's holds an image, a policy, tags and an open upload."""

    target: Target
    ours: Registry
    theirs: Registry
    their_api: Api
    ecr: BaseClient

    def state(self) -> list[object]:
        """Tell everything of the first account that a call could have changed."""
        name = self.target.name
        paths = [f"{name}/tags/list", f"{name}/manifests/v1", f"{name}/blobs/{digest_of(PART)}"]
        seen = [(answer.status, answer.body) for answer in (self.ours.ask("GET", path) for path in paths)]
        upload = self.ours.ask("GET", f"{name}/blobs/uploads/{self.target.upload}")
        repository = self.ecr.describe_repositories(repositoryNames=[name])["repositories"]
        tags = self.ecr.list_tags_for_resource(resourceArn=repository[0]["repositoryArn"])["tags"]
        policy = self.ecr.get_repository_policy(repositoryName=name)["policyText"]
        setting = self.ecr.get_account_setting(name="BLOB_MOUNTING")["value"]
        return [*seen, upload.status, upload.get("range"), repository, tags, policy, setting]

    def ask(self, route: RouteKey, host: dict[str, str]) -> Answer:
        asked = cases.ROUTES[route]
        told = {"name": self.target.name, "digest": digest_of(cases.MANIFEST), "blob": digest_of(LAYER)}
        path = asked.path.format(**told, upload=self.target.upload)
        return self.theirs.ask(route.method, path, {"Content-Type": asked.media_type} | host, asked.body)

    def asked(self, operation: str) -> dict[str, object]:
        if operation in cases.ECR:
            return dict(cases.asked_of(operation, self.target))
        if operation in OTHERWISE_NAMED:
            return dict(OTHERWISE_NAMED[operation](self.target.name))
        asked: dict[str, object] = {"repositoryName": self.target.name}
        if operation == "ListImageReferrers":
            asked["subjectId"] = {"imageDigest": digest_of(cases.MANIFEST)}
        return asked


@pytest.fixture
def both(  # noqa: PLR0913, PLR0917  # fixtures
    registry: Registry,
    repository: str,
    ecr: BaseClient,
    stranger: Key,
    stranger_password: str,
    stranger_ecr: BaseClient,
    server: RunningServer,
) -> Iterator[TwoAccounts]:
    for blob in BLOBS:
        registry.put_blob(repository, blob)
    registry.put_manifest(repository, "v1", cases.MANIFEST)
    ecr.set_repository_policy(repositoryName=repository, policyText=OURS)
    arn = ecr.describe_repositories(repositoryNames=[repository])["repositories"][0]["repositoryArn"]
    ecr.tag_resource(resourceArn=arn, tags=[{"Key": "team", "Value": "blue"}])
    upload = registry.start(repository).rpartition("/")[2]
    stranger_ecr.create_repository(repositoryName=repository)
    with Wire(server.host) as wire:
        theirs = Registry(wire, stranger_password)
        theirs.push(repository, "theirs", THEIR_LAYER)
        api = Api(wire, stranger.id, stranger.secret)
        yield TwoAccounts(Target(repository, upload), registry, theirs, api, ecr)
    stranger_ecr_delete(stranger_ecr, repository)


def stranger_ecr_delete(stranger_ecr: BaseClient, name: str) -> None:
    found = stranger_ecr.describe_repositories()["repositories"]
    if name in {repository["repositoryName"] for repository in found}:
        stranger_ecr.delete_repository(repositoryName=name, force=True)


def tells_nothing(answer: Answer, both: TwoAccounts, *, asked: str = "") -> None:
    """See that an answer holds nothing of the first account but what the call itself had named."""
    for secret in (digest_of(cases.MANIFEST), digest_of(LAYER), LAYER.decode(), "blue", f'"{ACCOUNT}"'):
        told = f"{answer.text} {answer.headers}"
        assert secret in asked or secret not in told, f"{secret} in {told}"
    assert both.target.upload in asked or both.target.upload not in answer.text


@pytest.mark.parametrize("operation", [name for name in ON_REPOSITORIES if name not in NAMELESS])
def test_no_operation_reaches_into_another_account(both: TwoAccounts, operation: str) -> None:
    before = both.state()
    asked = both.asked(operation)
    if "resourceArn" not in asked:
        asked["registryId"] = ACCOUNT
    answer = both.their_api.call(operation, asked)
    assert (answer.status, code_of(answer)) == (400, "AccessDeniedException")
    tells_nothing(answer, both, asked=str(asked))
    assert both.state() == before


@pytest.mark.parametrize("operation", [name for name in ON_REPOSITORIES if f"ecr.{name}" in HANDLERS])
def test_an_operation_on_the_same_name_is_about_ones_own(both: TwoAccounts, operation: str) -> None:
    before = both.state()
    asked = both.asked(operation)
    if "resourceArn" in asked:
        asked["resourceArn"] = str(asked["resourceArn"]).replace(ACCOUNT, "210987654321")
    answer = both.their_api.call(operation, asked)
    tells_nothing(answer, both, asked=str(asked))
    assert ACCOUNT not in answer.text
    assert both.state() == before


@pytest.mark.parametrize("operation", sorted(REGISTRY_WIDE))
def test_an_operation_on_the_registry_is_about_ones_own(
    both: TwoAccounts, operation: str, stranger_ecr: BaseClient
) -> None:
    asked, _ = REGISTRY_WIDE[operation]
    both.ecr.put_registry_policy(policyText=cases.GUARDED_POLICY.replace('"Action"', '"Resource": "*", "Action"'))
    both.ecr.put_account_setting(name="BLOB_MOUNTING", value="ENABLED")
    before = both.state(), both.ecr.get_registry_policy()["policyText"]
    answer = both.their_api.call(operation, asked)
    tells_nothing(answer, both, asked=str(asked))
    assert ACCOUNT not in answer.text
    assert (both.state(), both.ecr.get_registry_policy()["policyText"]) == before
    both.ecr.delete_registry_policy()
    both.ecr.put_account_setting(name="BLOB_MOUNTING", value="DISABLED")
    if operation == "PutRegistryPolicy":
        stranger_ecr.delete_registry_policy()
    stranger_ecr_delete(stranger_ecr, "made/by-somebody")


@pytest.mark.parametrize("route", ROUTES)
def test_no_route_reaches_into_another_account(both: TwoAccounts, route: RouteKey) -> None:
    before = both.state()
    answer = both.ask(route, FOREIGN)
    assert answer.status == (200 if actions.ROUTES[route].scope is Scope.NOBODY else 403)
    tells_nothing(answer, both)
    assert both.state() == before


@pytest.mark.parametrize("route", ROUTES)
def test_a_route_with_the_same_name_is_about_ones_own(both: TwoAccounts, route: RouteKey) -> None:
    before = both.state()
    answer = both.ask(route, {})
    path = cases.ROUTES[route].path
    named = digest_of(cases.MANIFEST) if "{digest}" in path else digest_of(LAYER) if "{blob}" in path else ""
    tells_nothing(answer, both, asked=f"{named} {both.target.upload} {cases.ROUTES[route].body!r}")
    assert ACCOUNT not in answer.text
    assert both.state() == before
