"""A policy that is as long as it may be decides as it is written, though another form of it is stored."""

import json

import pytest

from moorage.domain.actions import OPERATIONS
from moorage.domain.errors import AccessDenied, InvalidParameter
from moorage.operations.assumerole import Assuming, assume_role
from moorage.operations.registry_policies import put_policy as put_registry_policy
from moorage.operations.repository_policies import set_policy
from moorage.operations.roles import TRUST_LIMIT, NewRole, create_role, update_trust
from moorage.operations.sessions import Limits
from moorage.policy.errors import MalformedPolicy
from support.env import HOME
from unit.operations.tenant import REPOSITORY, Tenant

pytestmark = pytest.mark.usefixtures("repository")
LIST = OPERATIONS["ecr.ListImages"]
LONGEST = 10_240
ADA = f"arn:aws:iam::{HOME}:user/ada"
ROLE_ARN = f"arn:aws:iam::{HOME}:role/target"


def long(longest: int, **statement: object) -> str:
    """Write a policy for ada and many who are gone, without a blank, with texts beyond ASCII, as long as it may be."""
    gone = [f"AIDAGONE{number:013d}" for number in range(longest // 100)]
    free = {"StringNotEquals": {"aws:PrincipalTag/Ort": ["Zürich", "é" * (longest // 4)]}}
    whole = {"Effect": "Allow", "Principal": {"AWS": [ADA, *gone]}, "Condition": free, **statement}

    def written(padding: int) -> str:
        free["StringNotEquals"]["aws:PrincipalTag/Name"] = ["ü" * padding]
        document = {"Version": "2012-10-17", "Statement": [whole]}
        return json.dumps(document, ensure_ascii=False, separators=(",", ":"))

    text = written(longest - len(written(0)))
    assert len(text) == longest
    return text


def comparing(number: str) -> str:
    """Write a policy that compares something with a number."""
    return long(LONGEST - 1_000, Action="ecr:*").replace(
        '"aws:PrincipalTag/Ort":', f'"aws:x":{number},"aws:PrincipalTag/Ort":'
    )


def may_list(somebody: Tenant) -> bool:
    try:
        somebody.granted(REPOSITORY, needs=LIST)
    except AccessDenied:
        return False
    return True


def test_the_longest_policy_of_a_repository_decides_as_it_is_written(tenant: Tenant) -> None:
    ada, bob = tenant.new_user("ada"), tenant.new_user("bob", "ecr:*")
    text = long(LONGEST, Sid="Für alle", Action="ecr:*")
    tenant.run(set_policy, REPOSITORY, text, force=True)
    assert [may_list(ada), may_list(bob)] == [True, True]
    with pytest.raises(InvalidParameter):
        tenant.run(set_policy, REPOSITORY, f"{text} ", force=True)


def test_the_longest_policy_of_a_registry_decides_as_it_is_written(tenant: Tenant) -> None:
    ada, bob = tenant.new_user("ada"), tenant.new_user("bob", "ecr:*")
    tenant.run(put_registry_policy, "", text := long(LONGEST, Action="ecr:*", Resource="*"))
    assert [may_list(ada), may_list(bob)] == [True, True]
    with pytest.raises(InvalidParameter):
        tenant.run(put_registry_policy, "", f"{text} ")


def test_the_longest_trust_policy_decides_as_it_is_written(tenant: Tenant) -> None:
    ada, bob = tenant.new_user("ada", "sts:AssumeRole"), tenant.new_user("bob", "sts:AssumeRole")
    text = long(TRUST_LIMIT, Action="sts:AssumeRole")
    tenant.run(create_role, "/target", NewRole("target", "/", text))
    asked = Assuming(ROLE_ARN, "job", None, Limits(), (), (), None, None)
    assert ada.run(assume_role, "", asked).arn.endswith("/target/job")
    with pytest.raises(AccessDenied):
        bob.run(assume_role, "", asked)
    with pytest.raises(MalformedPolicy):
        tenant.run(update_trust, "/target", text.replace("Zürich", "Zürich!"))


@pytest.mark.parametrize("number", ["1e999", "-1e999", "[1,1e400]"])
def test_a_number_that_is_read_as_infinite_is_refused(tenant: Tenant, number: str) -> None:
    tenant.new_user("ada")
    with pytest.raises(InvalidParameter, match="Invalid repository policy provided"):
        tenant.run(set_policy, REPOSITORY, comparing(number), force=True)


@pytest.mark.parametrize("number", ["1e308", "1" * 400, "-0.0", "0"])
def test_a_number_that_is_finite_is_kept(tenant: Tenant, number: str) -> None:
    ada = tenant.new_user("ada")
    tenant.run(set_policy, REPOSITORY, comparing(number), force=True)
    assert may_list(ada)
