"""A machine in a network of its own: what it prints is what the AWS CLI found there with nothing configured.

``test_instance_credentials_alone.py`` runs it as root of a new network namespace, where no address is anybody else's.
"""

import json
import subprocess
import sys
from pathlib import Path

from moorage.cli import machinekey
from moorage.cli.metadata.loopback import is_here
from support.clients import AWS, clean_environment, run
from support.host import Host
from support.issuer import Issuer
from support.server import RunningServer

ADDRESSES = ("169.254.169.254", "169.254.170.2")


def main(folder: Path) -> dict[str, object]:
    subprocess.run(["ip", "link", "set", "lo", "up"], check=True)  # noqa: S607 - where the system has it
    with RunningServer(folder / "data", settings={"MOORAGE_WORKERS": "1"}) as server, Issuer(server) as issuer:
        machinekey.write(folder / "key", issuer.key, force=False)
        with Host(folder / "host", "--key-file", folder / "key", "--add-address") as host:
            told = dict.fromkeys(("AWS_ENDPOINT_URL_STS", "AWS_ENDPOINT_URL_ECR"), server.url)
            told["AWS_DEFAULT_REGION"] = server.region
            plain = identity(clean_environment(folder / "home", **told))
            container = identity(host.environment("AWS_CONTAINER_") | told)
            during = [is_here(address) for address in ADDRESSES]
        after = [is_here(address) for address in ADDRESSES]
    return {"plain": plain, "container": container, "during": during, "after": after, "told": sorted(host.variables)}


def identity(environment: dict[str, str]) -> str:
    told = run((AWS, "sts", "get-caller-identity", "--output", "json"), env=environment)
    return str(json.loads(told.stdout)["Arn"])


if __name__ == "__main__":
    print(json.dumps(main(Path(sys.argv[1]))))  # noqa: T201 - for the test that runs it
