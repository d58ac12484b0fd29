"""Amazon Resource Names of the things this product keeps (spec/ecr/iam.md section 1)."""

from moorage.domain.names import AccountId, Region, RepositoryName


def partition_of(region: str) -> str:
    if region.startswith("cn-"):
        return "aws-cn"
    if region.startswith("us-gov-"):
        return "aws-us-gov"
    return "aws"


def repository_arn(account: AccountId, region: Region, name: RepositoryName | str) -> str:
    return f"arn:{partition_of(region)}:ecr:{region}:{account}:repository/{name}"


def root_arn(account: AccountId) -> str:
    return f"arn:aws:iam::{account}:root"


def user_arn(account: AccountId, path: str, name: str) -> str:
    return f"arn:aws:iam::{account}:user{path}{name}"
