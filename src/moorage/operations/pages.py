"""Page tokens: opaque, bound to their operation and repository, and useless once altered."""

from moorage.domain.caller import Registry
from moorage.domain.errors import InvalidParameter
from moorage.operations.env import Env
from moorage.operations.keyring import Purpose, SealBroken, from_text, to_text

DEFAULT_PAGE = 100


def next_token(env: Env, operation: str, registry: Registry, where: str, after: str) -> str:
    """Make the token that goes on after ``after``; ``where`` is the repository's id, or empty for the registry."""
    sealed = env.keyring.seal(
        Purpose.PAGE_TOKEN, after.encode(), nonce=env.ids.nonce(), bound=_bound(operation, registry, where)
    )
    return to_text(sealed)


def read_token(env: Env, operation: str, registry: Registry, where: str, token: str | None) -> str:
    """Undo ``next_token``; no token means the beginning.

    Raises:
        InvalidParameter: the token is another call's, or nobody's

    """
    if token is None:
        return ""
    try:
        opened = env.keyring.open(Purpose.PAGE_TOKEN, from_text(token), bound=_bound(operation, registry, where))
    except SealBroken:
        raise InvalidParameter("nextToken", "Invalid token") from None
    return opened.decode()


def _bound(operation: str, registry: Registry, where: str) -> bytes:
    return f"{operation}|{registry.account}|{registry.region}|{where}".encode()
