"""The registry itself in AWS JSON, and the token that opens its other face."""

from base64 import b64encode

from msgspec import Struct

from moorage.domain.names import AccountId
from moorage.edge.awsjson import shapes
from moorage.edge.awsjson.ask import Ask, epoch
from moorage.operations import registry_policies as policies
from moorage.operations.tokens import USER, issue


async def describe(ask: Ask) -> Struct:
    return shapes.DescribeRegistryResponse(
        registryId=ask.granted.registry.account,
        replicationConfiguration=shapes.ReplicationConfiguration(rules=()),
    )


async def authorization_token(ask: Ask) -> Struct:
    """One entry for each registry that was named, all equally usable; else one for the caller's own."""
    asked = ask.read(shapes.GetAuthorizationTokenRequest)
    named = [AccountId.parse(one) for one in asked.registryIds or ()] or [ask.granted.registry.account]
    token = issue(ask.env, ask.granted)
    text = b64encode(f"{USER}:{token.password}".encode()).decode()
    data = tuple(
        shapes.AuthorizationData(
            authorizationToken=text, expiresAt=epoch(token.expires_at), proxyEndpoint=ask.endpoint(account)
        )
        for account in named
    )
    return shapes.GetAuthorizationTokenResponse(authorizationData=data)


async def put_policy(ask: Ask) -> Struct:
    text = ask.read(shapes.PutRegistryPolicyRequest).policyText
    await policies.put_policy(ask.env, ask.granted, text)
    return shapes.PutRegistryPolicyResponse(registryId=ask.granted.registry.account, policyText=text)


async def get_policy(ask: Ask) -> Struct:
    text = await policies.get_policy(ask.env, ask.granted)
    return shapes.GetRegistryPolicyResponse(registryId=ask.granted.registry.account, policyText=text)


async def delete_policy(ask: Ask) -> Struct:
    text = await policies.delete_policy(ask.env, ask.granted)
    return shapes.DeleteRegistryPolicyResponse(registryId=ask.granted.registry.account, policyText=text)
