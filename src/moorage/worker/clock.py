"""Work that nobody asked for: at start, every hour, every few seconds."""

import asyncio
import sys
import traceback
from collections.abc import Awaitable, Callable
from functools import partial

from moorage.operations.env import Env
from moorage.operations.explain import forget_denials, write_denials
from moorage.operations.housekeeping import (
    forget_machines,
    forget_sessions,
    sweep_referrers,
    sweep_uploads,
    write_key_uses,
    write_pull_times,
)

_HOUR = 3600.0  # seconds
_SOON = 2.0  # seconds
_AT_ONCE = 0.5  # seconds: people ask about a denial when they see it


async def keep_house(env: Env, *, sweeps: bool) -> None:
    """Run until cancelled; ``sweeps`` in one worker of the server alone."""
    jobs = [_repeat(lambda: write_pull_times(env), _SOON), _repeat(lambda: write_key_uses(env), _SOON)]
    jobs.append(_repeat(lambda: write_denials(env), _AT_ONCE))
    if sweeps:
        sweeps_of_an_hour = (sweep_uploads, sweep_referrers, forget_sessions, forget_machines, forget_denials)
        jobs += [_repeat(partial(sweep, env), _HOUR) for sweep in sweeps_of_an_hour]
    await asyncio.gather(*jobs)


async def _repeat(job: Callable[[], Awaitable[object]], seconds: float) -> None:
    while True:
        try:
            await job()
        except Exception:  # noqa: BLE001 - a full disk today must not stop the work for good
            sys.stderr.write(f"housekeeping failed, it is tried again later\n{traceback.format_exc()}")
        await asyncio.sleep(seconds)
