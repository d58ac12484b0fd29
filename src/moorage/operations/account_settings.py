"""Settings of a registry: what ECR calls account settings, kept for each account and region."""

from moorage.domain.account_setting import ENABLED, AccountSetting
from moorage.domain.events import EventKind
from moorage.operations.authorise import Granted
from moorage.operations.env import Env
from moorage.operations.record import record
from moorage.store import account_settings, accounts
from moorage.store.transaction import Transaction


async def get_account_setting(env: Env, granted: Granted, setting: AccountSetting) -> str:
    return await account_settings.find(env.store.now, granted.registry, setting) or setting.default


async def put_account_setting(env: Env, granted: Granted, setting: AccountSetting, value: str) -> str:
    """Keep a value.

    Raises:
        InvalidParameter: the setting cannot have it

    """
    judged = setting.judge(value)

    async def unit(tx: Transaction) -> str:
        await account_settings.put(tx, granted.registry, setting, judged)
        if setting is AccountSetting.REGISTRY_POLICY_SCOPE:  # decisions look at it: what is remembered ends here
            await accounts.bump(tx, granted.registry.account)
        await record(tx, env, granted, EventKind.ACCOUNT_SETTING_PUT, setting=setting.value, value=judged)
        return judged

    return await env.store.write(unit)


async def may_mount(env: Env, granted: Granted, *, untold: bool) -> bool:
    """Tell whether the registry lets blobs be mounted; ``untold`` is what counts where nobody has told it."""
    kept = await account_settings.find(env.store.now, granted.registry, AccountSetting.BLOB_MOUNTING)
    return untold if kept is None else kept == ENABLED
