"""Regions are registries apart; a token and a signature are good in their own (spec: registry-http section 2)."""

import contextlib
from collections.abc import Iterator

import pytest
from botocore.client import BaseClient
from botocore.exceptions import ClientError

from protocol.api import Api, code_of
from protocol.people import Key, root_of
from protocol.registry import Registry
from support.layers import digest_of
from support.server import RunningServer
from support.wire import Wire

EAST, WEST = "us-east-1", "eu-west-1"
LAYER = b"a layer of one region"


@pytest.fixture(scope="module")
def two_regions(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningServer]:
    settings = {"MOORAGE_REGIONS": f"{EAST},{WEST}"}
    with RunningServer(tmp_path_factory.mktemp("regions") / "data", settings=settings) as running:
        yield running


@pytest.fixture(scope="module")
def key(two_regions: RunningServer) -> Key:
    return root_of(two_regions)


@pytest.fixture
def wire(two_regions: RunningServer) -> Iterator[Wire]:
    with Wire(two_regions.host) as connection:
        yield connection


def in_region(two_regions: RunningServer, region: str) -> BaseClient:
    client: BaseClient = two_regions.boto3("ecr", region=region)
    return client


@pytest.fixture(scope="module")
def registries(two_regions: RunningServer, key: Key) -> dict[str, str]:
    """Push one image in the east, into a repository that both regions have; give a password for each."""
    for region in (EAST, WEST):
        with contextlib.closing(in_region(two_regions, region)) as ecr:
            ecr.create_repository(repositoryName="team/app")
    passwords = {region: key.password(two_regions, region) for region in (EAST, WEST)}
    with Wire(two_regions.host) as wire:
        Registry(wire, passwords[EAST]).push("team/app", "v1", LAYER)
    return passwords


def test_an_image_is_in_the_region_it_was_pushed_to(wire: Wire, registries: dict[str, str]) -> None:
    statuses = {
        region: Registry(wire, word).ask("GET", "team/app/manifests/v1").status for region, word in registries.items()
    }
    assert statuses == {EAST: 200, WEST: 404}


def test_a_blob_is_in_the_region_it_was_pushed_to(wire: Wire, registries: dict[str, str]) -> None:
    west = Registry(wire, registries[WEST])
    assert west.ask("HEAD", f"team/app/blobs/{digest_of(LAYER)}").status == 404


def test_an_upload_belongs_to_its_region(wire: Wire, registries: dict[str, str]) -> None:
    upload = Registry(wire, registries[EAST]).start("team/app")
    assert Registry(wire, registries[WEST]).ask("PATCH", upload, body=b"x").status == 404


def test_what_is_deleted_in_one_region_stays_in_the_other(wire: Wire, registries: dict[str, str]) -> None:
    for word in registries.values():
        Registry(wire, word).push("team/app", "both", b"in both")
    Registry(wire, registries[WEST]).ask("DELETE", "team/app/manifests/both")
    assert Registry(wire, registries[EAST]).ask("GET", "team/app/manifests/both").status == 200


@pytest.mark.parametrize("host", ["{}.dkr.ecr.{}.localhost", "{}.dkr.ecr.{}.amazonaws.com", "{}.dkr-ecr.{}.on.aws"])
def test_a_host_of_another_region_than_the_tokens_is_denied(wire: Wire, registries: dict[str, str], host: str) -> None:
    named = {"Host": host.format("123456789012", WEST)}
    assert Registry(wire, registries[EAST]).ask("GET", "team/app/tags/list", named).status == 403
    assert Registry(wire, registries[WEST]).ask("GET", "team/app/tags/list", named).status == 200


def test_a_host_of_a_region_that_is_not_served_is_denied(wire: Wire, registries: dict[str, str]) -> None:
    answer = Registry(wire, registries[EAST]).ask("GET", "", {"Host": "123456789012.dkr.ecr.ap-south-1.localhost"})
    assert answer.status == 403


@pytest.mark.parametrize("host", ["api.ecr.{}.localhost", "ecr.{}.api.aws", "api.ecr-fips.{}.amazonaws.com"])
def test_an_api_host_of_another_region_than_the_signatures_is_refused(
    wire: Wire, key: Key, registries: dict[str, str], host: str
) -> None:
    assert registries.keys() == {EAST, WEST}
    named = (("host", host.format(WEST)),)
    codes = {}
    for region in (EAST, WEST):
        api = Api(wire, key.id, key.secret, region)
        headers = api.signed("AmazonEC2ContainerRegistry_V20150921.DescribeRegistry", b"{}", more=named)
        codes[region] = api.deliver(headers, b"{}").status
    assert codes == {EAST: 400, WEST: 200}


def test_a_signature_for_a_region_that_is_not_served_is_refused(wire: Wire, key: Key) -> None:
    answer = Api(wire, key.id, key.secret, "ap-south-1").call("DescribeRegistry")
    assert code_of(answer) == "InvalidSignatureException"


def test_the_api_tells_each_region_of_its_own(two_regions: RunningServer, registries: dict[str, str]) -> None:
    assert registries.keys() == {EAST, WEST}
    with contextlib.closing(in_region(two_regions, WEST)) as west:
        arn = west.describe_repositories()["repositories"][0]["repositoryArn"]
        assert arn == f"arn:aws:ecr:{WEST}:123456789012:repository/team/app"
        with pytest.raises(ClientError, match="ImageNotFoundException"):
            west.describe_images(repositoryName="team/app", imageIds=[{"imageTag": "v1"}])


def test_a_page_token_is_good_in_its_region_alone(two_regions: RunningServer, registries: dict[str, str]) -> None:
    assert registries.keys() == {EAST, WEST}
    with (
        contextlib.closing(in_region(two_regions, EAST)) as east,
        contextlib.closing(in_region(two_regions, WEST)) as west,
    ):
        for number in range(2):
            east.create_repository(repositoryName=f"page/{number}")
        page = east.describe_repositories(maxResults=1)["nextToken"]
        with pytest.raises(ClientError, match="InvalidParameterException"):
            west.describe_repositories(nextToken=page)
