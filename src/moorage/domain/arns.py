"""Amazon Resource Names of the things this product keeps (spec/ecr/iam.md section 1)."""

import re
from typing import NamedTuple

from moorage.domain.names import AccountId, Region, RepositoryName

_OF_ACCOUNT = 4  # the part of an ARN that names the account
_REPOSITORY = re.compile(r"arn:aws[a-z-]*:ecr:([a-z0-9-]+):([0-9]{12}):repository/(.+)\Z", re.DOTALL)

_PRINCIPAL = re.compile(r"arn:aws[a-z-]*:iam::([0-9]{12}):(user|group|role)(/.*)\Z", re.DOTALL)


class RepositoryArn(NamedTuple):
    """What a repository's ARN names, none of it judged: there may be no such region or repository."""

    region: str
    account: AccountId
    name: str


def partition_of(region: str) -> str:
    if region.startswith("cn-"):
        return "aws-cn"
    if region.startswith("us-gov-"):
        return "aws-us-gov"
    return "aws"


class PrincipalArn(NamedTuple):
    """What the ARN of a user, group or role names; ``place`` is the name with its path."""

    account: AccountId
    kind: str
    place: str

    @property
    def name(self) -> str:
        return self.place.rpartition("/")[2]


def repository_arn(account: AccountId, region: Region, name: RepositoryName | str) -> str:
    return f"arn:{partition_of(region)}:ecr:{region}:{account}:repository/{name}"


def root_arn(account: AccountId) -> str:
    return f"arn:aws:iam::{account}:root"


def user_arn(account: AccountId, path: str, name: str) -> str:
    return f"arn:aws:iam::{account}:user{path}{name}"


def read_repository_arn(text: str) -> RepositoryArn | None:
    found = _REPOSITORY.match(text)
    return None if found is None else RepositoryArn(found[1], AccountId(found[2]), found[3])


def read_principal_arn(text: str) -> PrincipalArn | None:
    found = _PRINCIPAL.match(text)
    return None if found is None else PrincipalArn(AccountId(found[1]), found[2], found[3])


def account_in(arn: str) -> str:
    """Give the account that a whole ARN names; empty where it names none."""
    return arn.split(":")[_OF_ACCOUNT]
