"""How clients come to trust a registry that made its own authority."""

import shlex

from moorage.cli.names import api_endpoint, registry_host
from moorage.config import Config

# The authority is told twice: containerd asks ``server`` too, when the host has no such image.
_CONTAINERD = (
    'server = "https://{host}"\\nca = "{folder}/ca.crt"\\n\\n[host."https://{host}"]\\n  ca = "{folder}/ca.crt"\\n'
)


def how_to_trust(config: Config) -> str:
    """Give the commands for each kind of client; each can be copied into a shell as it is."""
    host, ca = registry_host(config), shlex.quote(str(config.ca))
    folder = f"/etc/containerd/certs.d/{host}"
    lines = [
        f"its authority is in {config.ca}; to trust it, as root on each client's machine:",
        "  docker:",
        _copied(f"/etc/docker/certs.d/{host}", ca),
        "  podman, buildah and skopeo:",
        _copied(f"/etc/containers/certs.d/{host}", ca),
        "  containerd, whose config_path is /etc/containerd/certs.d:",
        _copied(folder, ca),
        f"    printf '{_CONTAINERD.format(host=host, folder=folder)}' > {folder}/hosts.toml",
        "  AWS CLI and SDKs, with what `moorage env` exports or:",
        f"    export AWS_CA_BUNDLE={ca}",
    ]
    if config.domain is None:
        names = [address.removeprefix("https://").partition(":")[0] for address in (host, api_endpoint(config))]
        lines += ["  where names under localhost are not known by themselves:"]
        lines += [f"    echo '127.0.0.1 {' '.join(names)}' >> /etc/hosts"]
    return "\n".join(lines)


def _copied(folder: str, ca: str) -> str:
    return f"    mkdir -p {folder} && cp {ca} {folder}/ca.crt"
