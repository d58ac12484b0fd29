"""Whether a tag may move: the four settings of tag mutability with their filters, over both faces."""

import itertools
import json

import pytest
from botocore.client import BaseClient
from botocore.exceptions import ClientError

from protocol.registry import CONFIG, Registry, code_of, manifest_for, message_of
from support.wording import tag_immutable

LAYER = b"layer"
BODIES = [json.dumps(manifest_for(LAYER, annotations={"n": str(number)})).encode() for number in range(2)]
_NUMBERS = itertools.count(1)


def create(ecr: BaseClient, registry: Registry, mutability: str, *filters: str) -> str:
    name = f"mutability/app-{next(_NUMBERS)}"
    ecr.create_repository(repositoryName=name, imageTagMutability=mutability, **_filters(*filters))
    for blob in (CONFIG, LAYER):
        registry.put_blob(name, blob)
    return name


def _filters(*filters: str) -> dict[str, list[dict[str, str]]]:
    written = [{"filterType": "WILDCARD", "filter": one} for one in filters]
    return {"imageTagMutabilityExclusionFilters": written} if written else {}


def moves(ecr: BaseClient, registry: Registry, name: str, tag: str) -> tuple[bool, bool]:
    """Tell whether a tag that stands can be moved over ``/v2/`` and by the API."""
    assert registry.put_manifest(name, tag, BODIES[0]).status == 201
    answer = registry.put_manifest(name, tag, BODIES[1])
    over_http = answer.status == 201
    if not over_http:
        assert (answer.status, code_of(answer), message_of(answer)) == (400, "TAG_INVALID", tag_immutable(name, tag))
    try:
        ecr.put_image(repositoryName=name, imageTag=tag, imageManifest=BODIES[0 if over_http else 1].decode())
    except ClientError as error:
        assert error.response["Error"] == {  # noqa: PT017 - anything else is a failure
            "Code": "ImageTagAlreadyExistsException",
            "Message": tag_immutable(name, tag),
        }
        return over_http, False
    return over_http, True


@pytest.mark.parametrize(
    ("mutability", "filters", "tag", "may"),
    [
        ("MUTABLE", (), "v1", True),
        ("IMMUTABLE", (), "v1", False),
        ("IMMUTABLE_WITH_EXCLUSION", ("dev-*",), "dev-1", True),
        ("IMMUTABLE_WITH_EXCLUSION", ("dev-*",), "dev-", True),
        ("IMMUTABLE_WITH_EXCLUSION", ("dev-*",), "v1", False),
        ("IMMUTABLE_WITH_EXCLUSION", ("dev-*",), "DEV-1", False),
        ("IMMUTABLE_WITH_EXCLUSION", ("dev-*",), "my-dev-1", False),
        ("IMMUTABLE_WITH_EXCLUSION", ("dev",), "dev-1", False),
        ("IMMUTABLE_WITH_EXCLUSION", ("v1.2",), "v1x2", False),
        ("IMMUTABLE_WITH_EXCLUSION", ("*-rc*",), "v1-rc2", True),
        ("IMMUTABLE_WITH_EXCLUSION", ("a", "b", "c", "d", "latest"), "latest", True),
        ("IMMUTABLE_WITH_EXCLUSION", ("*",), "anything", True),
        ("MUTABLE_WITH_EXCLUSION", ("v*",), "v1", False),
        ("MUTABLE_WITH_EXCLUSION", ("v*",), "latest", True),
        ("MUTABLE_WITH_EXCLUSION", ("v*",), "V1", True),
        ("MUTABLE_WITH_EXCLUSION", ("latest", "*.0"), "v1.0", False),
        ("MUTABLE_WITH_EXCLUSION", ("*",), "anything", False),
    ],
)
def test_a_tag_moves_as_mutability_and_filters_say(  # noqa: PLR0913 - a case and its fixtures
    ecr: BaseClient, registry: Registry, mutability: str, filters: tuple[str, ...], tag: str, *, may: bool
) -> None:
    name = create(ecr, registry, mutability, *filters)
    assert moves(ecr, registry, name, tag) == (may, may)


@pytest.mark.parametrize("mutability", ["MUTABLE", "IMMUTABLE"])
def test_filters_need_a_mutability_that_has_exclusions(ecr: BaseClient, repository: str, mutability: str) -> None:
    with pytest.raises(ecr.exceptions.InvalidParameterException, match="imageTagMutabilityExclusionFilters"):
        ecr.put_image_tag_mutability(repositoryName=repository, imageTagMutability=mutability, **_filters("v*"))
    (told,) = ecr.describe_repositories(repositoryNames=[repository])["repositories"]
    assert told["imageTagMutability"] == "MUTABLE"


@pytest.mark.parametrize("mutability", ["MUTABLE_WITH_EXCLUSION", "IMMUTABLE_WITH_EXCLUSION"])
def test_exclusions_need_filters(ecr: BaseClient, repository: str, mutability: str) -> None:
    wanted = f"ImageTagMutabilityExclusionFilters can't be null when imageTagMutability is set as {mutability}"
    with pytest.raises(ecr.exceptions.InvalidParameterException, match=wanted):
        ecr.put_image_tag_mutability(repositoryName=repository, imageTagMutability=mutability)


@pytest.mark.parametrize("filters", [tuple("abcdef"), ("a" * 129,), ("v?",), ("v[0-9]",), ("a b",), ("v1/x",), ("ü",)])
def test_filters_that_break_their_rules_are_refused(ecr: BaseClient, repository: str, filters: tuple[str, ...]) -> None:
    with pytest.raises(ClientError) as refused:
        ecr.put_image_tag_mutability(
            repositoryName=repository, imageTagMutability="IMMUTABLE_WITH_EXCLUSION", **_filters(*filters)
        )
    assert refused.value.response["Error"]["Code"] == "InvalidParameterException"
    (told,) = ecr.describe_repositories(repositoryNames=[repository])["repositories"]
    assert told["imageTagMutability"] == "MUTABLE"


def test_filters_are_told_only_where_there_are_any(ecr: BaseClient, repository: str) -> None:
    asked = {"imageTagMutability": "MUTABLE_WITH_EXCLUSION", **_filters("v*", "latest")}
    put = ecr.put_image_tag_mutability(repositoryName=repository, **asked)
    (told,) = ecr.describe_repositories(repositoryNames=[repository])["repositories"]
    for answer in (put, told):
        assert {name: answer[name] for name in asked} == asked
    ecr.put_image_tag_mutability(repositoryName=repository, imageTagMutability="MUTABLE")
    (told,) = ecr.describe_repositories(repositoryNames=[repository])["repositories"]
    assert "imageTagMutabilityExclusionFilters" not in told


def test_a_setting_made_later_holds_for_tags_that_stand(ecr: BaseClient, registry: Registry) -> None:
    name = create(ecr, registry, "MUTABLE")
    assert moves(ecr, registry, name, "v1") == (True, True)
    ecr.put_image_tag_mutability(
        repositoryName=name, imageTagMutability="IMMUTABLE_WITH_EXCLUSION", **_filters("latest")
    )
    assert registry.put_manifest(name, "v1", BODIES[1]).status == 400
    assert registry.ask("GET", f"{name}/manifests/v1").body == BODIES[0]


def test_an_immutable_tag_may_be_deleted_and_pushed_again(ecr: BaseClient, registry: Registry) -> None:
    name = create(ecr, registry, "IMMUTABLE")
    assert registry.put_manifest(name, "v1", BODIES[0]).status == 201
    ecr.batch_delete_image(repositoryName=name, imageIds=[{"imageTag": "v1"}])
    assert registry.put_manifest(name, "v1", BODIES[1]).status == 201
