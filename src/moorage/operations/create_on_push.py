"""Making a repository because somebody pushes to it: profile oci alone; ECR wants it made before."""

from contextlib import suppress

from moorage.domain.actions import OPERATIONS, Needs
from moorage.domain.errors import AccessDenied, RepositoryAlreadyExists
from moorage.domain.names import RepositoryName
from moorage.domain.repository import EncryptionType, MutabilityRule
from moorage.operations.authorise import Granted, authorise
from moorage.operations.env import Env
from moorage.operations.repositories import NewRepository, create_repository

_CREATE = OPERATIONS["ecr.CreateRepository"]


async def may_create(env: Env, granted: Granted) -> bool:
    """Tell whether ``create_on_push`` would be let: whoever may not is refused before a byte of the push is read."""
    try:
        await authorise(env, granted.call, _CREATE, granted.registry, RepositoryName.parse(granted.name))
    except AccessDenied:
        return False
    return True


async def create_on_push(env: Env, granted: Granted, needs: Needs) -> Granted:
    """Make the repository that a push names, if the caller may; whoever may not is told that it is missing.

    The push is granted anew: somebody else may have made the repository meanwhile, with a policy of its own.

    Raises:
        AccessDenied

    """
    name = RepositoryName.parse(granted.name)
    try:
        maker = await authorise(env, granted.call, _CREATE, granted.registry, name)
    except AccessDenied:
        return granted
    new = NewRepository(name, MutabilityRule(), scan_on_push=False, encryption=EncryptionType.AES256)
    with suppress(RepositoryAlreadyExists):
        await create_repository(env, maker, new)
    return await authorise(env, granted.call, needs, granted.registry, name)
