"""OIDC providers that an account trusts: create, get, list, change, delete. Nobody is asked anything here.

A call is granted on the provider's address: its issuer without the scheme.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from urllib.parse import urlsplit

from moorage.domain.entities import provider_arn
from moorage.domain.errors import EntityAlreadyExists, EntityNotFound, QuotaExceeded
from moorage.domain.events import EventKind
from moorage.domain.identityfacts import InvalidInput
from moorage.operations.authorise import Granted
from moorage.operations.entities import Tags, changed
from moorage.operations.env import Env
from moorage.store import entity_tags, oidc_providers
from moorage.store.oidc_providers import ProviderRow
from moorage.store.transaction import Transaction

AUDIENCES_LIMIT = 100
THUMBPRINTS_LIMIT = 5
PROVIDERS_LIMIT = 100


@dataclass(frozen=True, slots=True)
class Provider:
    """A provider with its tags."""

    row: ProviderRow
    tags: Tags

    @property
    def arn(self) -> str:
        return provider_arn(self.row.account, self.row.address)


def address_of(url: str) -> str:
    """Give what is left of an issuer's URL in its provider's ARN: host, port and path."""
    return url.removeprefix("https://").rstrip("/")


def address_in(arn: str) -> str:
    """Read the address out of an ARN; whatever is no such ARN leads to no provider."""
    return arn.partition(":oidc-provider/")[2]


async def create_provider(  # noqa: PLR0913, PLR0917 - what a provider is
    env: Env, granted: Granted, url: str, audiences: Sequence[str], thumbprints: Sequence[str], tags: Tags
) -> Provider:
    """Trust a provider, which is asked for its keys when somebody brings a token of it.

    Raises:
        EntityAlreadyExists, InvalidInput, QuotaExceeded

    """
    _check_url(url)
    _check_lists(audiences, thumbprints)
    account = granted.registry.account
    row = ProviderRow(account, address_of(url), url, tuple(audiences), tuple(thumbprints), granted.call.at)

    async def unit(tx: Transaction) -> Provider:
        if not await oidc_providers.create(tx, row):
            raise EntityAlreadyExists("Provider", url)
        if len(await oidc_providers.of_account(tx, account)) > PROVIDERS_LIMIT:
            raise QuotaExceeded("OpenIdConnectProvidersPerAccount", PROVIDERS_LIMIT)
        await entity_tags.put(tx, account, tag_id(row.address), tags)
        await changed(tx, env, granted, EventKind.PROVIDER_CREATED, provider=row.address)
        return Provider(row, tags)

    return await env.store.write(unit)


def _check_url(url: str) -> None:
    parts = urlsplit(url)
    try:
        port_is_fine = parts.port is None or parts.port > 0
    except ValueError:
        port_is_fine = False
    plain = not (parts.query or parts.fragment or parts.username or parts.password)
    if parts.scheme != "https" or not parts.hostname or not plain or not port_is_fine or url != url.strip():
        raise InvalidInput("Invalid Open ID Connect Provider URL")


def _check_lists(audiences: Sequence[str], thumbprints: Sequence[str]) -> None:
    if len(set(audiences)) > AUDIENCES_LIMIT:
        raise QuotaExceeded("ClientIdsPerOpenIdConnectProvider", AUDIENCES_LIMIT)
    if len(thumbprints) > THUMBPRINTS_LIMIT:
        raise InvalidInput("Thumbprint list must contain fewer than 5 entries.")
    if not all(set(one.lower()) <= set("0123456789abcdef") for one in thumbprints):
        raise InvalidInput("Thumbprints are 40 hexadecimal digits.")


async def get_row(tx: Transaction, granted: Granted) -> ProviderRow:
    """Give the provider that the call was granted on.

    Raises:
        ProviderNotFound

    """
    row = await oidc_providers.find(tx, granted.registry.account, granted.name)
    if row is None:
        raise ProviderNotFound(provider_arn(granted.registry.account, granted.name))
    return row


async def find_tagged(tx: Transaction, granted: Granted) -> str:
    """Give the id that the tags of a provider hang on."""
    return tag_id((await get_row(tx, granted)).address)


class ProviderNotFound(EntityNotFound):
    """The account trusts no such provider."""

    def __init__(self, arn: str) -> None:
        super().__init__("OpenIDConnect Provider", arn)

    def __str__(self) -> str:
        return f"OpenIDConnect Provider not found for arn {self.name}"


async def get_provider(env: Env, granted: Granted) -> Provider:
    """Describe a provider.

    Raises:
        ProviderNotFound

    """

    async def unit(tx: Transaction) -> Provider:
        row = await get_row(tx, granted)
        return Provider(row, await entity_tags.of_entity(tx, row.account, tag_id(row.address)))

    return await env.store.read(unit)


async def list_providers(env: Env, granted: Granted) -> Sequence[Provider]:
    """List the account's providers by address, without their tags."""
    return [Provider(row, {}) for row in await oidc_providers.of_account(env.store.now, granted.registry.account)]


async def add_audience(env: Env, granted: Granted, audience: str) -> None:
    """Take tokens for a further client; one that is known stays known.

    Raises:
        ProviderNotFound, QuotaExceeded

    """

    async def unit(tx: Transaction) -> None:
        row = await get_row(tx, granted)
        audiences = tuple(dict.fromkeys((*row.audiences, audience)))
        _check_lists(audiences, ())
        await _change(tx, env, granted, row, audiences, row.thumbprints)

    await env.store.write(unit)


async def remove_audience(env: Env, granted: Granted, audience: str) -> None:
    """Take tokens for a client no longer.

    Raises:
        ProviderNotFound

    """

    async def unit(tx: Transaction) -> None:
        row = await get_row(tx, granted)
        audiences = tuple(one for one in row.audiences if one != audience)
        await _change(tx, env, granted, row, audiences, row.thumbprints)

    await env.store.write(unit)


async def set_thumbprints(env: Env, granted: Granted, thumbprints: Sequence[str]) -> None:
    """Replace the thumbprints.

    Raises:
        ProviderNotFound, InvalidInput

    """
    _check_lists((), thumbprints)

    async def unit(tx: Transaction) -> None:
        row = await get_row(tx, granted)
        await _change(tx, env, granted, row, row.audiences, thumbprints)

    await env.store.write(unit)


async def _change(  # noqa: PLR0913, PLR0917 - a provider's two lists
    tx: Transaction,
    env: Env,
    granted: Granted,
    row: ProviderRow,
    audiences: Sequence[str],
    thumbprints: Sequence[str],
) -> None:
    await oidc_providers.change(tx, row, audiences=audiences, thumbprints=thumbprints)
    await changed(tx, env, granted, EventKind.PROVIDER_CHANGED, provider=row.address)


async def delete_provider(env: Env, granted: Granted) -> None:
    """Trust a provider no longer.

    Raises:
        ProviderNotFound

    """

    async def unit(tx: Transaction) -> None:
        row = await get_row(tx, granted)
        await entity_tags.delete_all(tx, row.account, tag_id(row.address))
        await oidc_providers.delete_provider(tx, row)
        await changed(tx, env, granted, EventKind.PROVIDER_DELETED, provider=row.address)

    await env.store.write(unit)


def tag_id(address: str) -> str:
    """Name what the tags of a provider hang on."""
    return f"oidc-provider/{address}"
