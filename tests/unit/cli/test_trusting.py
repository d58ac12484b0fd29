"""What ``moorage trust`` prints for containerd is a file in which each address names the authority."""

import subprocess
import tomllib
from pathlib import Path

import pytest

from moorage.cli.names import registry_host
from moorage.cli.trusting import how_to_trust
from unit.config.settings import read


@pytest.mark.parametrize("domain", [{}, {"domain": "registry.example.com"}], ids=["localhost", "domain"])
def test_containerd_trusts_the_host_and_the_server_alike(tmp_path: Path, domain: dict[str, str]) -> None:
    config = read(tmp_path, options={"tls": "auto", **domain})
    (line,) = [line for line in how_to_trust(config).splitlines() if "hosts.toml" in line]
    command, _, place = line.rpartition(" > ")
    host = registry_host(config)
    ca = f"/etc/containerd/certs.d/{host}/ca.crt"
    written = subprocess.run(["/bin/sh", "-c", command], capture_output=True, text=True, check=True).stdout  # noqa: S603
    assert place == ca.replace("ca.crt", "hosts.toml")
    assert tomllib.loads(written) == {
        "server": f"https://{host}",
        "ca": ca,
        "host": {f"https://{host}": {"ca": ca}},
    }
