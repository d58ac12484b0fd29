"""``moorage status``: tell whether a server runs, and what it holds."""

import shutil
from collections.abc import Iterator

import click

from moorage.cli.call import CallRefused, ask, call
from moorage.cli.exchange import Question
from moorage.cli.refused import Refused
from moorage.cli.running import Running, find_running
from moorage.cli.settings import load_settings, settings_options
from moorage.config import Config

_NOT_RUNNING = 3  # as service scripts tell it
_OK = 200
_CHECKS = {"/healthz": "alive", "/readyz": "ready"}
_HELD = ("repositories", "images", "blobs", "bytes")
_UNITS = ("B", "KiB", "MiB", "GiB", "TiB")
_STEP = 1024


@click.command()
@settings_options
def status(config: str | None, data: str | None) -> None:
    """Tell whether a server runs, and what it holds; the exit code is 3 when none runs."""
    settings = load_settings(config, data=data)
    running = find_running(settings)
    if running is None:
        click.echo("server: not running")
    else:
        for line in (*_server(running), *_held(settings)):
            click.echo(line)
    for line in _folder(settings):
        click.echo(line)
    if running is None:
        raise SystemExit(_NOT_RUNNING)


def _server(running: Running) -> Iterator[str]:
    config = running.config
    yield f"server: process {running.pid} on {config.listen}, {config.workers} workers, since {running.started_at}"
    for path, word in _CHECKS.items():
        try:
            code = ask(running, Question("GET", path)).status
        except Refused as refused:
            yield f"{word}: no, {refused.message}"
        else:
            yield f"{word}: yes" if code == _OK else f"{word}: no, HTTP {code}"


def _held(config: Config) -> Iterator[str]:
    try:
        told = call(config, "DescribeServer", {})
    except CallRefused as refused:
        yield f"holds: not told, {refused.message}"
    except Refused:
        return  # what is wrong was said above
    else:
        yield "holds: " + ", ".join(f"{told[word]} {word}" for word in _HELD if word in told)


def _folder(config: Config) -> Iterator[str]:
    yield f"data folder: {config.data}"
    if not config.data.exists():
        return
    disk = shutil.disk_usage(config.data)
    yield f"disk: {_size(disk.free)} free, {_size(disk.used)} used"
    files = (config.metadata, config.metadata.with_name(f"{config.metadata.name}-wal"))
    yield f"database: {_size(sum(file.stat().st_size for file in files if file.exists()))}"


def _size(count: float) -> str:
    for unit in _UNITS[:-1]:
        if count < _STEP:
            return f"{count:.0f} {unit}"
        count /= _STEP
    return f"{count:.0f} {_UNITS[-1]}"
