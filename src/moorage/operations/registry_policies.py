"""The policy of a registry: set, get, delete.

ECR refuses none for whom it locks out. The way back is the root of the account, to whom nobody can deny these three.
"""

from moorage.domain.errors import InvalidParameter, RegistryPolicyNotFound
from moorage.domain.events import EventKind
from moorage.operations.authorise import Granted
from moorage.operations.env import Env
from moorage.operations.record import record
from moorage.operations.repository_policies import resolved_text
from moorage.policy.document import parse
from moorage.policy.elements import PolicyKind
from moorage.policy.errors import SYNTAX, MalformedPolicy
from moorage.store import accounts, registry_policies
from moorage.store.transaction import Transaction

_INVALID = "Invalid registry policy provided"


async def put_policy(env: Env, granted: Granted, text: str) -> None:
    """Replace the registry's policy.

    Raises:
        InvalidParameter: the policy cannot be kept

    """
    try:
        document = parse(text, PolicyKind.REGISTRY)
    except MalformedPolicy as malformed:
        why = "" if malformed.sentence == SYNTAX else f": {malformed.sentence}"
        raise InvalidParameter("PolicyText", f"{_INVALID}{why}") from None

    async def unit(tx: Transaction) -> None:
        resolved = await resolved_text(tx, text, document, _INVALID)
        await registry_policies.put(tx, granted.registry, text, resolved)
        await accounts.bump(tx, granted.registry.account)
        await record(tx, env, granted, EventKind.REGISTRY_POLICY_SET)

    await env.store.write(unit)


async def get_policy(env: Env, granted: Granted) -> str:
    """Give the policy as it was set.

    Raises:
        RegistryPolicyNotFound

    """
    return await _find(env.store.now, granted)


async def delete_policy(env: Env, granted: Granted) -> str:
    """Delete the policy and give what it was.

    Raises:
        RegistryPolicyNotFound

    """

    async def unit(tx: Transaction) -> str:
        text = await _find(tx, granted)
        await registry_policies.delete_policy(tx, granted.registry)
        await accounts.bump(tx, granted.registry.account)
        await record(tx, env, granted, EventKind.REGISTRY_POLICY_DELETED)
        return text

    return await env.store.write(unit)


async def _find(tx: Transaction, granted: Granted) -> str:
    text = await registry_policies.find(tx, granted.registry)
    if text is None:
        raise RegistryPolicyNotFound(granted.registry.account)
    return text
