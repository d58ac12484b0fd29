"""A node of a cluster beside a server: what docs/kubernetes.md has an administrator do is done on a machine."""

import json
import shlex
import time
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from clients.certificates import CLUSTER, Certificates
from support import clients, kubernetes, oidc
from support.clients import Client, clean_environment, run
from support.images import Samples
from support.kubernetes import Document, Kubelet, settled, settled_document
from support.machine import Machine
from support.oidc import Key, Provider
from support.server import MOORAGE, RunningServer

REPOSITORY: Final = "team/app"
AUDIENCE: Final = "sts.amazonaws.com"
PULL_ONLY: Final = "arn:aws:iam::aws:policy/AmazonEC2ContainerRegistryPullOnly"
AMAZON: Final = "123456789012.dkr.ecr.us-east-1.amazonaws.com"


@dataclass(frozen=True, slots=True)
class Cluster:
    """A server that vouches for itself, a node that trusts it, and the issuer of the cluster's tokens."""

    server: RunningServer
    node: Machine
    issuer: Provider
    certificates: Certificates
    folder: Path

    @property
    def registry(self) -> str:
        return f"{self.server.account_id}.dkr.ecr.{self.server.region}.localhost:{self.server.port}"

    @property
    def image(self) -> str:
        return f"{self.registry}/{REPOSITORY}:v1"

    def kubelet(self, config: Document, variables: Mapping[str, str] | None = None) -> Kubelet:
        """Give the node a provider's configuration; variables win over those of the page."""
        bin_dir = self.folder / "bin"
        kubelet = kubernetes.kubelet(settled_document(config, self.server.port), bin_dir, MOORAGE, self.environment())
        for variable in kubelet.provider.get("env", ()):
            variable["value"] = (variables or {}).get(variable["name"], variable["value"])
        return Kubelet(kubelet.provider, self.node.client(kubelet.folder))

    def environment(self, **variables: str) -> dict[str, str]:
        return clean_environment(self.folder / "home", **variables)

    def skopeo(self, home: Path) -> Client:
        return self.node.client(clients.skopeo(home))

    def push(self, images: Samples, home: Path) -> None:
        """Have the image in the registry, and nobody logged in."""
        self.server.boto3("ecr").create_repository(repositoryName=REPOSITORY)
        skopeo = self.skopeo(home)
        login = ("--dest-creds", f"AWS:{self.server.password()}")
        skopeo.run("copy", "--preserve-digests", *login, images.layered.source, f"docker://{self.image}")

    def puller(self, name: str) -> dict[str, str]:
        """Make a user who may pull, and give the keys as variables."""
        iam = self.server.boto3("iam")
        iam.create_user(UserName=name)
        iam.attach_user_policy(UserName=name, PolicyArn=PULL_ONLY)
        key = iam.create_access_key(UserName=name)["AccessKey"]
        secret = self.server.secret(key["SecretAccessKey"])
        return {"AWS_ACCESS_KEY_ID": key["AccessKeyId"], "AWS_SECRET_ACCESS_KEY": secret}

    def trust_issuer(self) -> None:
        """Have the cluster's issuer be a provider of the account."""
        self.server.boto3("iam").create_open_id_connect_provider(Url=self.issuer.issuer, ClientIDList=[AUDIENCE])

    def role(self, name: str, *, trusts: str) -> str:
        """Make a role that a service account may become, and that may pull; return its ARN."""
        iam, issuer = self.server.boto3("iam"), self.issuer.issuer.removeprefix("https://")
        statement = {
            "Effect": "Allow",
            "Principal": {"Federated": f"arn:aws:iam::{self.server.account_id}:oidc-provider/{issuer}"},
            "Action": "sts:AssumeRoleWithWebIdentity",
            "Condition": {
                "StringEquals": {f"{issuer}:aud": AUDIENCE, f"{issuer}:sub": f"system:serviceaccount:{trusts}"}
            },
        }
        document = json.dumps({"Version": "2012-10-17", "Statement": statement})
        role = iam.create_role(RoleName=name, AssumeRolePolicyDocument=document)["Role"]
        iam.attach_role_policy(RoleName=name, PolicyArn=PULL_ONLY)
        return str(role["Arn"])

    def token(self, account: str = "team:web", *, key: Key | None = None, **claims: Any) -> str:  # noqa: ANN401 - claims are JSON
        """Have the cluster make a token of a service account."""
        now = int(time.time())
        told = {"iss": self.issuer.issuer, "aud": [AUDIENCE], "sub": f"system:serviceaccount:{account}"}
        claims = {**told, "iat": now, "nbf": now, "exp": now + 600, **claims}
        return self.server.secret(self.issuer.token(claims, key=key))


@contextmanager
def cluster(folder: Path) -> Iterator[Cluster]:
    """Run a server and set up a node beside it."""
    (folder / "certificates").mkdir()
    certificates = Certificates.make(folder / "certificates", clean_environment(folder / "home"))
    outside = {"MOORAGE_OUTSIDE_NETWORKS": "127.0.0.0/8,::1/128", "MOORAGE_OUTSIDE_CA": str(certificates.authority)}
    with ExitStack() as stack:
        issuer = Provider("", keys=[Key.rsa("k1")])
        port = stack.enter_context(oidc.served(issuer, certificates.chain, certificates.key))
        issuer.issuer = f"https://localhost:{port}"
        settings = {"MOORAGE_TLS": "auto", "MOORAGE_WORKERS": "1", **outside}
        server = stack.enter_context(RunningServer(folder / "data", settings=settings))
        node = Machine.make(folder / "node", list(_set_up(server)))
        yield Cluster(server, node, issuer, certificates, folder)


def _set_up(server: RunningServer) -> Iterator[str]:
    """Give an administrator's commands: names and authorities, and each file of the page in its place."""
    told = run((MOORAGE, "trust"), env=server.clean_environment()).stdout
    yield from (line.strip() for line in told.splitlines() if line.startswith("    ") and "containerd" not in line)
    yield f"echo '127.0.0.1 {CLUSTER}' >> /etc/hosts"
    yield f"mkdir -p /etc/moorage && cp {server.authority} /etc/moorage/ca.crt"
    yield from placed(server.port)
    yield f"cp {server.authority} /etc/containerd/certs.d/*.localhost:{server.port}/"


def placed(port: int) -> Iterator[str]:
    """Give the commands that write each file of the page where its first line says."""
    for path, text in kubernetes.files():
        place = settled(str(path), port)
        yield f"mkdir -p {shlex.quote(str(Path(place).parent))}"
        yield f"printf %s {shlex.quote(settled(text, port))} > {shlex.quote(place)}"
