"""Somebody with a key who calls operations, and what such a person puts into a repository."""

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Self, TypeVar

from sqlalchemy import Table, select

from moorage.domain.actions import CREDENTIALS, Needs
from moorage.domain.caller import Registry
from moorage.domain.content import Content
from moorage.domain.digest import Digest
from moorage.domain.entities import EntityKind
from moorage.domain.image import ImagePush
from moorage.domain.layer import Completed
from moorage.domain.names import AccountId, Region, RepositoryName, Tag
from moorage.domain.repository import EncryptionType, MutabilityRule, Repository
from moorage.operations.accesskeys import CreatedKey, create_access_key
from moorage.operations.authorise import Granted, authorise
from moorage.operations.drafts import Finish, Part
from moorage.operations.env import Call, Env
from moorage.operations.images import PutImage, put_image
from moorage.operations.inlinepolicies import put_policy
from moorage.operations.repositories import NewRepository, create_repository
from moorage.operations.uploads import complete_upload, receive_part, start_upload, upload_whole
from moorage.operations.users import User, create_user
from support.env import HOME, REGION, make_account
from unit.domain.documents import dump, image

T = TypeVar("T")
REPOSITORY = "team/app"


@dataclass(frozen=True)
class Tenant:
    """The holder of a key; ``user`` is the person behind it, None for an account's root."""

    env: Env
    account: AccountId
    key_id: str
    user: User | None = None
    region: Region = REGION

    @property
    def registry(self) -> Registry:
        return Registry(self.account, self.region)

    def call(self) -> Call:
        return Call("request-1", self.env.clock(), self.account, self.key_id, self.region, False, "", None)

    def granted(self, name: str = "", *, needs: Needs = CREDENTIALS, registry: Registry | None = None) -> Granted:
        return asyncio.run(authorise(self.env, self.call(), needs, registry or self.registry, name))

    def run(self, operation: Callable[..., Awaitable[T]], name: str = "", *args: object, **options: object) -> T:
        """Run an operation on the repository (or user) ``name``, granted as it stands."""
        granted = self.granted(name)

        async def call() -> T:
            return await operation(self.env, granted, *args, **options)

        return asyncio.run(call())

    def create(self, name: str = REPOSITORY, rule: MutabilityRule | None = None) -> Repository:
        ask = NewRepository(RepositoryName(name), rule or MutabilityRule(), False, EncryptionType.AES256)
        return self.run(create_repository, name, ask)

    def start(self, name: str = REPOSITORY) -> str:
        return self.run(start_upload, name)

    def send(self, upload_id: str, content: bytes, name: str = REPOSITORY, **said: int) -> int:
        return self.run(receive_part, name, upload_id, Part(pieces(content), **said))

    def finish(self, upload_id: str, digest: Digest, name: str = REPOSITORY, **options: object) -> Completed:
        return self.run(complete_upload, name, upload_id, Finish(digest, **options))  # type: ignore[arg-type]  # Finish's own options

    def upload(self, content: bytes, name: str = REPOSITORY) -> Completed:
        return self.run(upload_whole, name, Digest.of(content), Part(pieces(content)))

    def put(
        self, document: object, tag: str | None = None, name: str = REPOSITORY, *, digest: Digest | None = None
    ) -> ImagePush:
        """Put a manifest alone."""
        return self.run(put_image, name, PutImage(dump(document), None, None if tag is None else Tag(tag), digest))

    def push(self, tag: str | None = None, layer: bytes = b"layer", name: str = REPOSITORY) -> ImagePush:
        """Push an image with all that it needs."""
        for blob in (b"{}", layer):
            self.upload(blob, name)
        return self.put(image(layers=[layer]), tag, name)

    def new_user(self, name: str, *actions: str, resource: str = "*") -> Self:
        """Make a user who may do ``actions`` and no more, and go on as that user."""
        user: User = self.run(create_user, f"/{name}", name, "/")
        if actions:
            self.run(put_policy, f"/{name}", EntityKind.USER, "p", allow(*actions, resource=resource))
        created: CreatedKey = self.run(create_access_key, f"/{name}")
        return replace(self, key_id=created.key.id, user=user)

    def another_key(self, of: Self) -> Self:
        """Go on as a user with a second key."""
        assert of.user is not None
        created: CreatedKey = self.run(create_access_key, f"/{of.user.name}")
        return replace(of, key_id=created.key.id)

    def rows(self, table: Table, *names: str) -> list[tuple[Any, ...]]:
        columns = [table.c[name] for name in names]
        return asyncio.run(self.env.store.now.all(select(*columns).order_by(*columns)))


def root_of(env: Env, account: AccountId = HOME) -> Tenant:
    return Tenant(env, account, make_account(env, account).access_key_id)


def allow(*actions: str, resource: str = "*", principal: object = None) -> str:
    """Write a policy: of a user, or with a principal of a repository."""
    statement: dict[str, object] = {"Effect": "Allow", "Action": list(actions)}
    statement |= {"Resource": resource} if principal is None else {"Principal": principal}
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})


async def pieces(*content: bytes) -> AsyncIterator[bytes]:
    for piece in content:
        yield piece


def read(content: Content) -> bytes:
    return Path(content.path).read_bytes() if content.body is None else content.body


def files_in(folder: Path, *names: str) -> Sequence[str]:
    """Name the files under some folders of the data."""
    return sorted(path.name for name in names for path in (folder / name).rglob("*") if path.is_file())
