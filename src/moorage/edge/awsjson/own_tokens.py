"""Narrow docker tokens, of the server's own target: made, listed and revoked."""

from collections.abc import Mapping

from msgspec import Struct

from moorage.domain.names import AccountId
from moorage.edge.awsjson.ask import Ask, epoch
from moorage.edge.awsjson.shapes import OperationShape
from moorage.operations import narrowtokens
from moorage.operations.listing import Paging
from moorage.operations.narrowtokens import NarrowToken, Wanted

_PAGE = 100


class CreateTokenInput(Struct, frozen=True, kw_only=True):
    actions: tuple[str, ...]
    repositories: tuple[str, ...]
    ttl: int | None = None
    ownerId: str | None = None  # noqa: N815 - a member's name on the wire


class TokenShape(Struct, frozen=True, kw_only=True):
    tokenId: str  # noqa: N815 - a member's name on the wire
    maker: str
    actions: tuple[str, ...]
    repositories: tuple[str, ...]
    createdAt: float  # noqa: N815 - a member's name on the wire
    expiresAt: float  # noqa: N815 - a member's name on the wire


class CreateTokenOutput(Struct, frozen=True, kw_only=True):
    token: TokenShape
    password: str
    proxyEndpoint: str  # noqa: N815 - a member's name on the wire


class ListTokensInput(Struct, frozen=True, kw_only=True):
    all: bool | None = None
    nextToken: str | None = None  # noqa: N815 - a member's name on the wire


class ListTokensOutput(Struct, frozen=True, kw_only=True, omit_defaults=True):
    tokens: tuple[TokenShape, ...]
    nextToken: str | None = None  # noqa: N815 - a member's name on the wire


class RevokeTokenInput(Struct, frozen=True, kw_only=True):
    tokenId: str  # noqa: N815 - a member's name on the wire


class RevokeTokenOutput(Struct, frozen=True):
    """An answer without members."""


OPERATIONS: Mapping[str, OperationShape] = {
    "CreateToken": OperationShape("CreateToken", CreateTokenInput, CreateTokenOutput),
    "ListTokens": OperationShape("ListTokens", ListTokensInput, ListTokensOutput),
    "RevokeToken": OperationShape("RevokeToken", RevokeTokenInput, RevokeTokenOutput),
}


async def create_token(ask: Ask) -> Struct:
    asked = ask.read(CreateTokenInput)
    owner = None if asked.ownerId is None else AccountId.parse(asked.ownerId)
    seconds = narrowtokens.DEFAULT if asked.ttl is None else asked.ttl
    wanted = Wanted(asked.actions, asked.repositories, seconds, owner)
    made = await narrowtokens.create_token(ask.env, ask.granted, wanted)
    endpoint = ask.endpoint(owner or ask.granted.registry.account)
    return CreateTokenOutput(token=_shown(made.token), password=made.password, proxyEndpoint=endpoint)


async def list_tokens(ask: Ask) -> Struct:
    asked = ask.read(ListTokensInput)
    if not asked.all:
        return ListTokensOutput(tokens=tuple(map(_shown, await narrowtokens.list_own(ask.env, ask.granted))))
    page = await narrowtokens.list_all(ask.env, ask.granted, Paging(asked.nextToken, _PAGE))
    return ListTokensOutput(tokens=tuple(map(_shown, page.items)), nextToken=page.marker)


async def revoke_token(ask: Ask) -> Struct:
    await narrowtokens.revoke_token(ask.env, ask.granted, ask.read(RevokeTokenInput).tokenId)
    return RevokeTokenOutput()


def _shown(token: NarrowToken) -> TokenShape:
    return TokenShape(
        tokenId=token.id,
        maker=token.maker,
        actions=token.actions,
        repositories=token.repositories,
        createdAt=epoch(token.created_at),
        expiresAt=epoch(token.expires_at),
    )
