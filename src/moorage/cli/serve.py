"""``moorage serve``: run the registry until told to end."""

import click

from moorage.cli.settings import load_settings, settings_options
from moorage.cli.supervise import WORKER, supervise


@click.command()
@settings_options
@click.option("--listen", metavar="HOST:PORT", help="Where to listen; 127.0.0.1:4500 by default.")
@click.option("--workers", metavar="NUMBER", help="How many processes serve; one a core by default, at most four.")
@click.option("--tls", metavar="auto", help="auto: speak HTTPS with a certificate that the registry makes itself.")
@click.option("--tls-cert", metavar="FILE", help="A certificate and its chain, PEM; with --tls-key it makes HTTPS.")
@click.option("--tls-key", metavar="FILE", help="The certificate's private key, PEM, PKCS#8.")
@click.option("--account-id", metavar="ID", help="The twelve digits of the first account.")
@click.option("--region", metavar="NAME", help="The region that is served; us-east-1 by default.")
def serve(config: str | None, **options: str | None) -> None:
    """Run the registry."""
    raise SystemExit(supervise(load_settings(config, **options), worker=WORKER))
