"""Whether the server can do its work."""

from moorage.operations.env import Env
from moorage.store import accounts


async def is_ready(env: Env) -> bool:
    """Tell whether the metadata can be read and the first account is there."""
    return await accounts.find_generation(env.store.now, env.account) is not None
