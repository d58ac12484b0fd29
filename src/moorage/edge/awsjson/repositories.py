"""Repositories and their policies in AWS JSON."""

from msgspec import Struct

from moorage.domain.arns import repository_arn
from moorage.domain.errors import InvalidParameter
from moorage.domain.names import RepositoryName
from moorage.domain.repository import EncryptionType, MutabilityRule, Repository, TagMutability
from moorage.edge.awsjson import resource_tags, shapes
from moorage.edge.awsjson.ask import Ask, epoch
from moorage.operations import repositories as operations
from moorage.operations import repository_policies as policies
from moorage.operations.repositories import NewRepository


async def create(ask: Ask) -> Struct:
    asked = ask.read(shapes.CreateRepositoryRequest)
    encryption = EncryptionType(
        asked.encryptionConfiguration.encryptionType if asked.encryptionConfiguration else EncryptionType.AES256
    )
    if asked.encryptionConfiguration and asked.encryptionConfiguration.kmsKey and encryption is EncryptionType.AES256:
        raise InvalidParameter("encryptionConfiguration", "kmsKey can't be set when encryptionType is AES256")
    new = NewRepository(
        name=RepositoryName.parse(asked.repositoryName),
        rule=_rule(asked.imageTagMutability or "MUTABLE", asked.imageTagMutabilityExclusionFilters),
        scan_on_push=bool(asked.imageScanningConfiguration and asked.imageScanningConfiguration.scanOnPush),
        encryption=encryption,
        tags=resource_tags.read(asked.tags),
    )
    return shapes.CreateRepositoryResponse(
        repository=_repository(ask, await operations.create_repository(ask.env, ask.granted, new))
    )


async def describe(ask: Ask) -> Struct:
    asked = ask.read(shapes.DescribeRepositoriesRequest)
    if asked.repositoryNames is None:
        page = await operations.list_repositories(
            ask.env, ask.granted, "DescribeRepositories", token=asked.nextToken, count=asked.maxResults
        )
        found = tuple(_repository(ask, repository) for repository in page.repositories)
        return shapes.DescribeRepositoriesResponse(repositories=found, nextToken=page.next_token)
    refuse_paging("repositoryNames", asked.nextToken, asked.maxResults)
    names = [RepositoryName.parse(name) for name in asked.repositoryNames]
    named = await operations.find_repositories(ask.env, ask.granted, names)
    return shapes.DescribeRepositoriesResponse(repositories=tuple(_repository(ask, one) for one in named))


async def delete(ask: Ask) -> Struct:
    asked = ask.read(shapes.DeleteRepositoryRequest)
    deleted = await operations.delete_repository(ask.env, ask.granted, force=bool(asked.force))
    return shapes.DeleteRepositoryResponse(repository=_repository(ask, deleted))


async def put_mutability(ask: Ask) -> Struct:
    asked = ask.read(shapes.PutImageTagMutabilityRequest)
    rule = _rule(asked.imageTagMutability, asked.imageTagMutabilityExclusionFilters)
    await operations.put_tag_mutability(ask.env, ask.granted, rule)
    return shapes.PutImageTagMutabilityResponse(
        registryId=ask.granted.registry.account,
        repositoryName=ask.granted.name,
        imageTagMutability=rule.mutability,
        imageTagMutabilityExclusionFilters=_filters(rule),
    )


async def set_policy(ask: Ask) -> Struct:
    asked = ask.read(shapes.SetRepositoryPolicyRequest)
    await policies.set_policy(ask.env, ask.granted, asked.policyText, force=bool(asked.force))
    return shapes.SetRepositoryPolicyResponse(
        registryId=ask.granted.registry.account, repositoryName=ask.granted.name, policyText=asked.policyText
    )


async def get_policy(ask: Ask) -> Struct:
    text = await policies.get_policy(ask.env, ask.granted)
    return shapes.GetRepositoryPolicyResponse(
        registryId=ask.granted.registry.account, repositoryName=ask.granted.name, policyText=text
    )


async def delete_policy(ask: Ask) -> Struct:
    text = await policies.delete_policy(ask.env, ask.granted)
    return shapes.DeleteRepositoryPolicyResponse(
        registryId=ask.granted.registry.account, repositoryName=ask.granted.name, policyText=text
    )


def refuse_paging(named: str, token: str | None, count: int | None) -> None:
    """Refuse a page of things that were named one by one.

    Raises:
        InvalidParameter

    """
    if token is not None or count is not None:
        raise InvalidParameter(named, f"nextToken and maxResults can't be used together with {named}")


def _rule(mutability: str, filters: tuple[shapes.ImageTagMutabilityExclusionFilter, ...] | None) -> MutabilityRule:
    exclusions = None if filters is None else tuple(one.filter for one in filters)
    return MutabilityRule.parse(TagMutability(mutability), exclusions)


def _filters(rule: MutabilityRule) -> tuple[shapes.ImageTagMutabilityExclusionFilter, ...] | None:
    if not rule.exclusions:
        return None
    return tuple(shapes.ImageTagMutabilityExclusionFilter(filterType="WILDCARD", filter=one) for one in rule.exclusions)


def _repository(ask: Ask, repository: Repository) -> shapes.Repository:
    return shapes.Repository(
        repositoryArn=repository_arn(repository.account, repository.region, repository.name),
        registryId=repository.account,
        repositoryName=repository.name,
        repositoryUri=f"{ask.host(repository.account)}/{repository.name}",
        createdAt=epoch(repository.created_at),
        imageTagMutability=repository.rule.mutability,
        imageTagMutabilityExclusionFilters=_filters(repository.rule),
        imageScanningConfiguration=shapes.ImageScanningConfiguration(scanOnPush=repository.scan_on_push),
        encryptionConfiguration=shapes.EncryptionConfiguration(encryptionType=repository.encryption),
    )
