"""Bad input of the signed APIs: the right code, and nothing changed (security: classes E, F, K)."""

from collections.abc import Iterator

import pytest

from protocol.api import code_of
from protocol.badcases import ACTIONS, TARGETS, WAYS_OUT, calls, false_data
from protocol.hostile import NAME, Hostile, hostile_server
from protocol.registry import MIB

CALLS = calls(NAME)
FALSE = false_data()


@pytest.fixture(scope="module")
def hostile(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Hostile]:
    with hostile_server(tmp_path_factory.mktemp("bad-calls")) as running:
        yield running


@pytest.fixture(scope="module")
def untouched(hostile: Hostile) -> object:
    """Tell what there is before the first bad call."""
    return hostile.state()


@pytest.mark.parametrize("target", TARGETS)
def test_a_target_that_is_no_operation_is_unknown(hostile: Hostile, untouched: object, target: str) -> None:
    answer = hostile.call_target(target)
    assert answer.status == 400
    # What cannot stand in a header is refused before anybody looks at the name.
    assert "\x01" in target or code_of(answer) == "UnknownOperationException"
    assert hostile.state() == untouched


@pytest.mark.parametrize("action", ACTIONS)
@pytest.mark.parametrize("service", ["iam", "sts"])
def test_an_action_that_is_no_operation_is_invalid(hostile: Hostile, service: str, action: str) -> None:
    answer = hostile.query(f"{service}.{action}")
    assert answer.status == 400
    assert "<Code>InvalidAction</Code>" in answer.text or (not action and "<Code>MissingAction</Code>" in answer.text)


@pytest.mark.parametrize("action", ["iam.CreateUser.x", "sts.CreateUser", "iam.GetCallerIdentity", "iam.PutImage"])
def test_an_operation_of_another_service_is_invalid(hostile: Hostile, action: str) -> None:
    assert "<Code>InvalidAction</Code>" in hostile.query(action).text


@pytest.mark.parametrize("size", [257, 100_000, MIB - 1000])
@pytest.mark.parametrize("piece", ["a", "a/", "a-", "a__", "A", "-", "a."])
def test_a_long_name_costs_no_more_than_its_reading(hostile: Hostile, piece: str, size: int) -> None:
    name = (piece * size)[:size]
    with pytest.raises(hostile.ecr.exceptions.InvalidParameterException):
        hostile.ecr.list_images(repositoryName=name)


@pytest.mark.parametrize("way", WAYS_OUT)
@pytest.mark.parametrize("place", CALLS)
def test_no_member_leads_out_of_the_folder(hostile: Hostile, untouched: object, place: str, way: str) -> None:
    operation, members = CALLS[place]
    answer = hostile.call(operation, members(way))
    told = {
        "InvalidParameterException",
        "UploadNotFoundException",
        "ImageNotFoundException",
        "InvalidLayerException",
        "SerializationException",  # of a NUL, which no string of a call may hold
    }
    assert (answer.status, code_of(answer) in told) == (400, True)
    assert hostile.state() == untouched


@pytest.mark.parametrize("place", FALSE)
def test_content_that_a_descriptor_carries_falsely_is_an_invalid_manifest(
    hostile: Hostile, untouched: object, place: str
) -> None:
    answer = hostile.put_image(FALSE[place])
    assert (answer.status, code_of(answer)) == (400, "InvalidParameterException")
    assert "the data of a descriptor in" in str(answer.read("message"))
    assert hostile.state() == untouched
