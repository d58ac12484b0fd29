"""Get- and PutAccountSetting: every name, every value, and nothing that is neither."""

from collections.abc import Iterator

import pytest
from botocore.client import BaseClient
from botocore.exceptions import ClientError

from protocol.people import Key
from support.server import RunningServer

SETTINGS = {
    "BASIC_SCAN_TYPE_VERSION": ("AWS_NATIVE",),
    "REGISTRY_POLICY_SCOPE": ("V2", "V1"),
    "BLOB_MOUNTING": ("DISABLED", "ENABLED"),
}
REGIONS = {"MOORAGE_REGIONS": "us-east-1,eu-west-1"}


@pytest.fixture(scope="module")
def settled(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningServer]:
    """Start a server of two regions, whose settings no other test sees."""
    with RunningServer(tmp_path_factory.mktemp("settings") / "data", settings=REGIONS) as running:
        yield running


@pytest.fixture(scope="module")
def client(settled: RunningServer) -> BaseClient:
    made: BaseClient = settled.boto3("ecr")
    return made


@pytest.mark.parametrize("name", SETTINGS)
def test_a_setting_has_a_value_before_it_is_put(settled: RunningServer, name: str) -> None:
    ecr = settled.boto3("ecr", region="eu-west-1")
    told = ecr.get_account_setting(name=name)
    assert (told["name"], told["value"]) == (name, SETTINGS[name][0])
    ecr.close()


@pytest.mark.parametrize(("name", "value"), [(name, value) for name, values in SETTINGS.items() for value in values])
def test_a_setting_that_was_put_is_told(client: BaseClient, name: str, value: str) -> None:
    put = client.put_account_setting(name=name, value=value)
    assert (put["name"], put["value"]) == (name, value)
    assert client.get_account_setting(name=name)["value"] == value
    client.put_account_setting(name=name, value=SETTINGS[name][0])
    assert client.get_account_setting(name=name)["value"] == SETTINGS[name][0]


@pytest.mark.parametrize("name", SETTINGS)
@pytest.mark.parametrize("value", ["", "CLAIR", "enabled", " V1", "V3", "TRUE", "x" * 5000])
def test_a_value_that_a_setting_does_not_have_changes_nothing(client: BaseClient, name: str, value: str) -> None:
    before = client.get_account_setting(name=name)["value"]
    with pytest.raises(ClientError) as refused:
        client.put_account_setting(name=name, value=value)
    assert refused.value.response["Error"]["Code"] == "InvalidParameterException"
    assert client.get_account_setting(name=name)["value"] == before


@pytest.mark.parametrize("more", [{}, {"value": "ENABLED"}], ids=["get", "put"])
@pytest.mark.parametrize("name", ["blob_mounting", "BLOB_MOUNTING ", "SCAN", "__class__", "x" * 65])
def test_a_name_that_is_no_setting_is_refused_by_both_operations(
    client: BaseClient, name: str, more: dict[str, str]
) -> None:
    ask = client.put_account_setting if more else client.get_account_setting
    with pytest.raises(ClientError) as refused:
        ask(name=name, **more)
    assert refused.value.response["Error"]["Code"] == "InvalidParameterException"


def test_a_setting_belongs_to_one_region(settled: RunningServer, client: BaseClient) -> None:
    elsewhere = settled.boto3("ecr", region="eu-west-1")
    client.put_account_setting(name="BLOB_MOUNTING", value="ENABLED")
    assert elsewhere.get_account_setting(name="BLOB_MOUNTING")["value"] == "DISABLED"
    client.put_account_setting(name="BLOB_MOUNTING", value="DISABLED")
    elsewhere.close()


def test_a_setting_belongs_to_one_account(ecr: BaseClient, stranger_ecr: BaseClient, stranger: Key) -> None:
    assert stranger
    stranger_ecr.put_account_setting(name="BLOB_MOUNTING", value="ENABLED")
    assert ecr.get_account_setting(name="BLOB_MOUNTING")["value"] == "DISABLED"
    stranger_ecr.put_account_setting(name="BLOB_MOUNTING", value="DISABLED")
