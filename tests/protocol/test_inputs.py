"""Inputs of the API that cannot be read, or break a rule of the model: AWS's codes, and never a fault of the server."""

from collections.abc import Mapping

import pytest
from botocore.client import BaseClient
from botocore.model import ServiceModel

from conformance.model.builder import JSON_REGEX, Broken, breaches, model, valid
from protocol.api import Api, code_of, message_of
from protocol.cases import ECR as CASES
from protocol.registry import Registry

ECR: ServiceModel = model("ecr")
BUILT = sorted({*CASES, "CreateRepository", "GetAuthorizationToken"})
UNREADABLE, WRONG = "SerializationException", "InvalidParameterException"
MALFORMED = {
    "empty object cut": b"{",
    "blank": b" ",
    "words": b"hello",
    "a form": b"Action=DescribeRepositories&Version=2015-09-21",
    "an array": b"[]",
    "an array of objects": b'[{"repositoryName":"team/app"}]',
    "a string": b'"team/app"',
    "a number": b"7",
    "null": b"null",
    "two objects": b"{}{}",
    "a trailing comma": b'{"repositoryName":"team/app",}',
    "single quotes": b"{'repositoryName':'team/app'}",
    "a comment": b'{/**/"repositoryName":"team/app"}',
    "a byte order mark": b'\xef\xbb\xbf{"repositoryName":"team/app"}',
    "UTF-16": '{"repositoryName":"team/app"}'.encode("utf-16"),
    "not UTF-8": b'{"repositoryName":"team/\xff"}',
    "not UTF-8 in an unknown member": b'{"repositoryName":"team/app","unknown":"\xff"}',
    "a raw NUL": b'{"repositoryName":"team/\x00app"}',
    "an escaped NUL": b'{"repositoryName":"team/app","nextToken":"\\u0000"}',
    "a lone surrogate": b'{"repositoryName":"team/app","nextToken":"\\ud800"}',
    "a lone surrogate in a name": b'{"repositoryName":"\\udc00"}',
    "duplicate keys": b'{"repositoryName":"team/app","repositoryName":"team/other"}',
    "duplicate keys, escaped": b'{"repositoryName":"team/app","r\\u0065positoryName":"team/other"}',
    "duplicate keys further down": b'{"repositoryName":"team/app","unknown":{"a":1,"a":2}}',
    "NaN": b'{"repositoryName":"team/app","maxResults":NaN}',
    "deep arrays": b'{"repositoryName":"team/app","unknown":' + b"[" * 100 + b"]" * 100 + b"}",
    "deep objects": b'{"repositoryName":"team/app","unknown":' + b'{"a":' * 100 + b"1" + b"}" * 101,
    "arrays beyond all depth": b'{"repositoryName":"team/app","unknown":' + b"[" * 200_000,
    "a number as a name": b'{"repositoryName":7}',
    "a long number as a name": b'{"repositoryName":77777}',
    "a list as a name": b'{"repositoryName":["team/app"]}',
    "an object as a name": b'{"repositoryName":{"team":"app"}}',
    "a boolean as a name": b'{"repositoryName":true}',
    "a number as a registry": b'{"repositoryName":"team/app","registryId":123456789012}',
    "a string as a count": b'{"repositoryName":"team/app","maxResults":"5"}',
    "a fraction as a count": b'{"repositoryName":"team/app","maxResults":5.5}',
    "a count beyond all": b'{"repositoryName":"team/app","maxResults":' + b"9" * 400 + b"}",
    "a list as a filter": b'{"repositoryName":"team/app","filter":[]}',
}
BREACHES = [
    pytest.param(name, broken, id=f"{name}-{broken.where}-{broken.rule}")
    for name in BUILT
    for broken in breaches(ECR.operation_model(name).input_shape, JSON_REGEX)
    # What lies below an unset "tags" is another operation's matter; a part's size has a test of its own.
    if not (broken.where == "layerPartBlob" and broken.rule == "most")
]


@pytest.mark.parametrize("body", MALFORMED.values(), ids=MALFORMED.keys())
def test_what_cannot_be_read_is_told_so(api: Api, body: bytes) -> None:
    answer = api.send("ListImages", body)
    assert (answer.status, code_of(answer)) == (400, UNREADABLE)


def test_an_empty_body_is_an_empty_object(api: Api) -> None:
    assert api.send("DescribeRegistry", b"").status == 200


def test_unknown_members_are_passed_over(api: Api) -> None:
    assert api.call("DescribeRegistry", {"unknown": {"a": [1, None]}}).status == 200


def test_null_is_as_good_as_nothing(api: Api, repository: str) -> None:
    asked = {"repositoryName": repository, "registryId": None, "maxResults": None, "filter": None}
    assert api.call("ListImages", asked).status == 200


@pytest.mark.parametrize(("operation", "broken"), BREACHES)
def test_a_rule_of_the_model_is_kept_on_the_wire(api: Api, operation: str, broken: Broken) -> None:
    answer = api.call(operation, _wire(broken.put_into(valid(ECR.operation_model(operation).input_shape))))
    expected = UNREADABLE if broken.constraint is None else WRONG
    assert (answer.status, code_of(answer)) == (400, expected), answer.text
    if broken.constraint is not None:
        where = f"Invalid parameter at '{broken.where}' failed to satisfy constraint: "
        assert message_of(answer) == f"{where}'{broken.constraint}'"


class TestPageTokens:
    """A page's token is good for its own list, unaltered, and for nothing else."""

    @pytest.fixture
    def pages(self, registry: Registry, api: Api, repository: str) -> Mapping[str, str]:
        """Get a token of each list."""
        registry.put_manifest(repository, "v2", registry.push(repository, "v1", b"one") + b"\n")
        named: dict[str, dict[str, object]] = {
            "ListImages": {"repositoryName": repository},
            "DescribeImages": {"repositoryName": repository},
            "DescribeRepositories": {},
        }
        api.call("CreateRepository", {"repositoryName": f"{repository}-more"})
        return {name: str(api.call(name, asked | {"maxResults": 1}).read("nextToken")) for name, asked in named.items()}

    def test_each_goes_on_in_its_own_list(self, api: Api, repository: str, pages: Mapping[str, str]) -> None:
        for operation, token in pages.items():
            where = {} if operation == "DescribeRepositories" else {"repositoryName": repository}
            assert api.call(operation, where | {"nextToken": token}).status == 200

    def test_none_goes_on_in_another_list(self, api: Api, repository: str, pages: Mapping[str, str]) -> None:
        for operation in pages:
            where = {} if operation == "DescribeRepositories" else {"repositoryName": repository}
            others = [token for owner, token in pages.items() if owner != operation]
            codes = {code_of(api.call(operation, where | {"nextToken": token})) for token in others}
            assert codes == {WRONG}

    def test_none_goes_on_in_another_repository(
        self, api: Api, other_repository: str, pages: Mapping[str, str]
    ) -> None:
        for operation in ("ListImages", "DescribeImages"):
            answer = api.call(operation, {"repositoryName": other_repository, "nextToken": pages[operation]})
            assert code_of(answer) == WRONG

    def test_none_goes_on_when_it_is_altered(self, api: Api, repository: str, pages: Mapping[str, str]) -> None:
        token = pages["ListImages"]
        for other in (token[:-1], f"{token}A", token.swapcase(), f"B{token[1:]}", "", "x", token.upper()):
            answer = api.call("ListImages", {"repositoryName": repository, "nextToken": other})
            assert code_of(answer) == WRONG

    def test_a_page_cannot_be_asked_of_what_is_named(self, api: Api, ecr: BaseClient, repository: str) -> None:
        assert ecr is not None
        named: dict[str, object] = {"repositoryName": repository, "imageIds": [{"imageTag": "v1"}]}
        for extra in ({"maxResults": 1}, {"nextToken": "x"}):
            assert code_of(api.call("DescribeImages", named | extra)) == WRONG


def _wire(document: object) -> Mapping[str, object]:
    assert isinstance(document, dict)
    return document
