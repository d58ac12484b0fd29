"""The command ``moorage``, which loads no more than the one command it was asked for."""

import click

from moorage.cli.lazy import LazyGroup

_MOORAGE = LazyGroup(
    "moorage",
    package="moorage.cli",
    summaries={
        "serve": "Run the registry.",
        "env": "Print what makes AWS clients speak to the registry.",
        "trust": "Tell how clients trust the authority that --tls auto made.",
        "status": "Tell whether a server runs, and what it holds.",
        "account": "Create and list accounts, and replace their root keys.",
        "token": "Make, list and revoke docker passwords that may do less than you.",
        "instance": "Give hosts a role, as EC2 instances have one.",
        "credential-provider": "Give the kubelet a password for an image.",
        "instance-credentials": "Give this machine's programs the credentials of its role.",
        "can": "Tell whether somebody may do something, and why.",
        "explain": "Tell why a request was refused.",
        "migrate": "Bring the database to the newest schema.",
    },
    help="Amazon ECR that anyone can run.",
)
moorage = click.version_option(package_name="moorage", message="%(prog)s %(version)s")(_MOORAGE)


def main() -> None:
    moorage(prog_name="moorage")
