"""``moorage env``: print what makes AWS clients, and docker through them, speak to the registry."""

import re
import shlex
import shutil
import subprocess
from collections.abc import Mapping
from typing import Final

import click

from moorage.cli.names import api_endpoint, registry_host
from moorage.cli.refused import NoCredentials, NoServer
from moorage.cli.running import find_running
from moorage.cli.settings import load_settings, settings_options
from moorage.config import Config

# Whatever would win over what is exported, or be mixed with it.
_UNSET: Final = (
    "AWS_SESSION_TOKEN",
    "AWS_SECURITY_TOKEN",
    "AWS_PROFILE",
    "AWS_DEFAULT_PROFILE",
    "AWS_ENDPOINT_URL",
    "AWS_IGNORE_CONFIGURED_ENDPOINT_URLS",
)
# The first releases that heed AWS_ENDPOINT_URL_ECR and the like.
_OLDEST_AWS: Final[Mapping[int, int]] = {1: 29, 2: 13}
_AWS_SECONDS: Final = 5


@click.command()
@settings_options
def env(config: str | None, data: str | None) -> None:
    """Print exports for the default account: eval "$(moorage env)"."""
    settings = load_settings(config, data=data)
    for name, value in exports(settings).items():
        click.echo(f"export {name}={shlex.quote(value)}")
    for name in _UNSET:
        click.echo(f"unset {name}")
    if warning := _find_warning():
        click.echo(warning, err=True)


def exports(config: Config) -> dict[str, str]:
    """Return the variables for the default account's root user, at the server that runs or else would run."""
    access_key_id, secret = config.access_key_id, config.secret_access_key
    if access_key_id is None or secret is None:
        raise NoCredentials(config.data)
    running = find_running(config)
    if running is not None:
        config = running.config
    elif config.listen.port == 0:
        raise NoServer(config.data)  # nobody knows the port before there is one
    endpoint = api_endpoint(config)
    return {
        "AWS_ACCESS_KEY_ID": access_key_id,
        "AWS_SECRET_ACCESS_KEY": secret,
        "AWS_DEFAULT_REGION": config.region,
        "AWS_REGION": config.region,
        "AWS_ENDPOINT_URL_ECR": endpoint,
        "AWS_ENDPOINT_URL_STS": endpoint,
        "AWS_ENDPOINT_URL_IAM": endpoint,
        "MOORAGE_REGISTRY": registry_host(config),
    } | ({"AWS_CA_BUNDLE": str(config.ca)} if config.tls == "auto" else {})


def _find_warning() -> str | None:
    """Tell whether the AWS CLI is so old that it would take these keys to Amazon."""
    aws = shutil.which("aws")
    if aws is None:
        return None
    try:
        done = subprocess.run(  # noqa: S603  # the user's own program
            [aws, "--version"], capture_output=True, text=True, timeout=_AWS_SECONDS, check=False
        )
    except (OSError, subprocess.TimeoutExpired):
        return None
    found = re.search(r"aws-cli/([0-9]+)\.([0-9]+)", done.stdout + done.stderr)
    if found is None or int(found[2]) >= _OLDEST_AWS.get(int(found[1]), 0):
        return None
    return (
        f"warning: aws-cli {found[1]}.{found[2]} does not know AWS_ENDPOINT_URL_ECR and would call Amazon: "
        'upgrade it (to 2.13 or 1.29 at least), or give each call --endpoint-url "$AWS_ENDPOINT_URL_ECR"'
    )
