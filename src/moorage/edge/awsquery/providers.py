"""IAM's OIDC providers."""

from collections.abc import Mapping

from msgspec import Struct

from moorage.edge.awsquery import told
from moorage.edge.awsquery.ask import Ask, Handler
from moorage.edge.awsquery.shapes import (
    AddClientIDToOpenIDConnectProviderRequest,
    CreateOpenIDConnectProviderRequest,
    CreateOpenIDConnectProviderResponse,
    GetOpenIDConnectProviderResponse,
    ListOpenIDConnectProvidersResponse,
    OpenIDConnectProviderListEntry,
    RemoveClientIDFromOpenIDConnectProviderRequest,
    UpdateOpenIDConnectProviderThumbprintRequest,
)
from moorage.operations import oidcproviders


async def create_provider(ask: Ask) -> Struct:
    asked = ask.read(CreateOpenIDConnectProviderRequest)
    provider = await oidcproviders.create_provider(
        ask.env,
        ask.granted,
        asked.Url,
        asked.ClientIDList or (),
        asked.ThumbprintList or (),
        told.tags_in(asked.Tags),
    )
    return CreateOpenIDConnectProviderResponse(OpenIDConnectProviderArn=provider.arn, Tags=told.tags(provider.tags))


async def get_provider(ask: Ask) -> Struct:
    found = await oidcproviders.get_provider(ask.env, ask.granted)
    row = found.row
    return GetOpenIDConnectProviderResponse(
        Url=row.address,
        ClientIDList=row.audiences,
        ThumbprintList=row.thumbprints,
        CreateDate=told.date(row.created_at),
        Tags=told.tags(found.tags),
    )


async def list_providers(ask: Ask) -> Struct:
    found = await oidcproviders.list_providers(ask.env, ask.granted)
    return ListOpenIDConnectProvidersResponse(
        OpenIDConnectProviderList=tuple(OpenIDConnectProviderListEntry(Arn=one.arn) for one in found)
    )


async def delete_provider(ask: Ask) -> None:
    await oidcproviders.delete_provider(ask.env, ask.granted)


async def add_client_id(ask: Ask) -> None:
    asked = ask.read(AddClientIDToOpenIDConnectProviderRequest)
    await oidcproviders.add_audience(ask.env, ask.granted, asked.ClientID)


async def remove_client_id(ask: Ask) -> None:
    asked = ask.read(RemoveClientIDFromOpenIDConnectProviderRequest)
    await oidcproviders.remove_audience(ask.env, ask.granted, asked.ClientID)


async def update_thumbprint(ask: Ask) -> None:
    asked = ask.read(UpdateOpenIDConnectProviderThumbprintRequest)
    await oidcproviders.set_thumbprints(ask.env, ask.granted, asked.ThumbprintList)


HANDLERS: Mapping[str, Handler] = {
    "iam.CreateOpenIDConnectProvider": create_provider,
    "iam.GetOpenIDConnectProvider": get_provider,
    "iam.ListOpenIDConnectProviders": list_providers,
    "iam.DeleteOpenIDConnectProvider": delete_provider,
    "iam.AddClientIDToOpenIDConnectProvider": add_client_id,
    "iam.RemoveClientIDFromOpenIDConnectProvider": remove_client_id,
    "iam.UpdateOpenIDConnectProviderThumbprint": update_thumbprint,
}
