"""Every fact can be told by every edge, in every profile."""

import importlib
import pkgutil
from collections.abc import Iterator

import pytest

import moorage
from moorage.domain.errors import RegistryError
from moorage.domain.profile import Profile
from moorage.edge.awsjson import errors as json_errors
from moorage.edge.awsquery import errors as query_errors
from moorage.edge.oci import errors as oci_errors


def every_module() -> None:
    for module in pkgutil.walk_packages(moorage.__path__, "moorage."):
        if ".migrations." not in module.name and not module.name.endswith("__main__"):
            importlib.import_module(module.name)


def leaves_of(kind: type[RegistryError]) -> Iterator[type[RegistryError]]:
    children = kind.__subclasses__()
    if not children:
        yield kind
    for child in children:
        yield from leaves_of(child)


every_module()
FACTS = sorted(leaves_of(RegistryError), key=lambda kind: kind.__qualname__)


def is_told(table: object, kind: type[RegistryError]) -> bool:
    assert isinstance(table, dict)
    return any(parent in table for parent in kind.__mro__)


@pytest.mark.parametrize("kind", FACTS, ids=lambda kind: kind.__name__)
@pytest.mark.parametrize("profile", Profile)
def test_every_fact_has_an_oci_code(profile: Profile, kind: type[RegistryError]) -> None:
    assert is_told(oci_errors.OCI_ERRORS[profile], kind)


@pytest.mark.parametrize("kind", FACTS, ids=lambda kind: kind.__name__)
def test_every_fact_has_a_code_in_aws_json(kind: type[RegistryError]) -> None:
    assert is_told(json_errors.JSON_ERRORS, kind)


@pytest.mark.parametrize("kind", FACTS, ids=lambda kind: kind.__name__)
def test_every_fact_has_a_code_in_the_query_protocol(kind: type[RegistryError]) -> None:
    assert is_told(query_errors.QUERY_ERRORS, kind)
