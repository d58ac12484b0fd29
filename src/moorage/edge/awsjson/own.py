"""The server's own target, ``Moorage_20261123``: what its command line asks of it."""

from collections.abc import Mapping

from msgspec import Struct

from moorage.domain.names import AccountId
from moorage.edge.awsjson import own_access, own_machines, own_tokens
from moorage.edge.awsjson.ask import Ask
from moorage.edge.awsjson.shapes import OperationShape
from moorage.operations import accounts

TARGET = "Moorage_20261123"


class Nothing(Struct, frozen=True):
    """An input without members."""


class CreateAccountInput(Struct, frozen=True, kw_only=True):
    accountId: str  # noqa: N815 - a member's name on the wire


class CreateAccountOutput(Struct, frozen=True, kw_only=True):
    accountId: str  # noqa: N815 - a member's name on the wire
    accessKeyId: str  # noqa: N815 - a member's name on the wire
    secretAccessKey: str  # noqa: N815 - a member's name on the wire


class ListAccountsOutput(Struct, frozen=True, kw_only=True):
    accounts: tuple[str, ...]


class DescribeServerOutput(Struct, frozen=True, kw_only=True):
    accounts: int
    repositories: int
    images: int
    blobs: int
    bytes: int
    uploads: int
    diskUsed: int  # noqa: N815 - a member's name on the wire
    diskFree: int  # noqa: N815 - a member's name on the wire


OPERATIONS: Mapping[str, OperationShape] = {
    **own_access.OPERATIONS,
    **own_machines.OPERATIONS,
    **own_tokens.OPERATIONS,
    "CreateAccount": OperationShape("CreateAccount", CreateAccountInput, CreateAccountOutput),
    "ListAccounts": OperationShape("ListAccounts", Nothing, ListAccountsOutput),
    "DescribeServer": OperationShape("DescribeServer", Nothing, DescribeServerOutput),
}


async def create_account(ask: Ask) -> Struct:
    account = AccountId.parse(ask.read(CreateAccountInput).accountId)
    key = await accounts.create_account(ask.env, ask.granted, account)
    return CreateAccountOutput(accountId=account, accessKeyId=key.access_key_id, secretAccessKey=key.secret)


async def list_accounts(ask: Ask) -> Struct:
    return ListAccountsOutput(accounts=tuple(await accounts.list_accounts(ask.env, ask.granted)))


async def describe_server(ask: Ask) -> Struct:
    described = await accounts.describe_server(ask.env, ask.granted)
    totals = described.totals
    return DescribeServerOutput(
        accounts=totals.accounts,
        repositories=totals.repositories,
        images=totals.images,
        blobs=totals.blobs,
        bytes=totals.bytes,
        uploads=totals.uploads,
        diskUsed=described.disk_used,
        diskFree=described.disk_free,
    )
