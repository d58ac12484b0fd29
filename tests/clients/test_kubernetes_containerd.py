"""What docs/kubernetes.md shows: the kubelet's password, and containerd's files, pull an image together."""

import json
import tomllib
from pathlib import Path

import pytest

from clients.cluster import AMAZON, PULL_ONLY, REPOSITORY, Cluster, placed
from support import containerd, kubernetes
from support.clients import clean_environment, run
from support.containerd import CONTAINERD_1, CONTAINERD_2, CONTAINERD_17, Release
from support.images import Samples
from support.machine import Machine
from support.server import MOORAGE, RunningServer

HOSTS = ("--hosts-dir", "/etc/containerd/certs.d")
RELEASES = pytest.mark.parametrize("release", [CONTAINERD_1, CONTAINERD_17, CONTAINERD_2], ids=["1.6", "1.7", "2"])


@pytest.fixture(scope="module")
def keys(house: Cluster) -> dict[str, str]:
    return house.puller("nodes")


def pull(release: Release, node: Machine, login: tuple[str, str], reference: str) -> str:
    """Pull an image on a node; return what containerd then has."""
    with containerd.running(release, prefix=node.prefix()) as ctr:
        node.client(ctr).run("images", "pull", *HOSTS, "--user", ":".join(login), reference)
        return ctr.run("images", "list").stdout


@RELEASES
def test_a_password_of_the_provider_pulls_by_the_registrys_own_name(
    house: Cluster, keys: dict[str, str], images: Samples, release: Release
) -> None:
    login = house.kubelet(kubernetes.documents("CredentialProviderConfig")[0], keys).login(house.image)
    house.server.secret(login[1])
    assert login[0] == "AWS"
    assert images.layered.digest in pull(release, house.node, login, house.image)


@RELEASES
def test_a_name_of_amazons_is_pulled_from_here(
    house: Cluster, keys: dict[str, str], images: Samples, release: Release
) -> None:
    image = f"{AMAZON}/{REPOSITORY}:v1"
    login = house.kubelet(kubernetes.documents("CredentialProviderConfig")[1], keys).login(image)
    house.server.secret(login[1])
    assert images.layered.digest in pull(release, house.node, login, image)


def test_a_node_that_has_joined_pulls_as_its_role(house: Cluster, images: Samples) -> None:
    iam, server = house.server.boto3("iam"), house.server
    trust = {"Effect": "Allow", "Principal": {"Service": "ec2.amazonaws.com"}, "Action": "sts:AssumeRole"}
    document = json.dumps({"Version": "2012-10-17", "Statement": trust})
    iam.create_role(RoleName="puller", AssumeRolePolicyDocument=document)
    iam.attach_role_policy(RoleName="puller", PolicyArn=PULL_ONLY)
    register = (MOORAGE, "instance", "register", "--role", "puller", "--quiet")
    token = server.secret(run(register, env=server.clean_environment()).stdout.strip())
    place = house.node.changes / "moorage" / "machine.json"  # which is /etc/moorage/machine.json on the node
    join = (MOORAGE, "instance", "join", "-", "--endpoint-url", server.url, "--key-file", place)
    run(join, env=house.environment(AWS_CA_BUNDLE=str(server.authority)), stdin=token)
    login = house.kubelet(kubernetes.documents("CredentialProviderConfig")[3]).login(house.image)
    server.secret(login[1])
    assert images.layered.digest in pull(CONTAINERD_1, house.node, login, house.image)


def test_a_wrong_password_and_a_missing_image_are_told(house: Cluster, keys: dict[str, str]) -> None:
    login = house.kubelet(kubernetes.documents("CredentialProviderConfig")[0], keys).login(house.image)
    house.server.secret(login[1])
    with containerd.running(CONTAINERD_1) as ctr:
        client = house.node.client(ctr)
        pull = ("images", "pull", *HOSTS, "--user")
        refused = client.refused(*pull, "AWS:none", house.image)
        missing = client.refused(*pull, ":".join(login), f"{house.registry}/{REPOSITORY}:no")
    assert "401" in refused.said or "authorization failed" in refused.said
    assert "not found" in missing.said


def test_a_registry_without_tls_is_pulled_from_by_a_plain_name(tmp_path: Path, images: Samples) -> None:
    with RunningServer(tmp_path / "data", settings={"MOORAGE_WORKERS": "1"}) as server:
        commands = [*placed(server.port), "echo '127.0.0.1 registry.lan' >> /etc/hosts"]
        node = Machine.make(tmp_path / "node", commands)
        server.boto3("ecr").create_repository(repositoryName=REPOSITORY)
        login = ("AWS", server.password())
        copied = ("--dest-tls-verify=false", "--dest-creds", ":".join(login), images.layered.source)
        skopeo = ("/usr/bin/skopeo", "copy", "--preserve-digests", *copied)
        environment = clean_environment(tmp_path / "home")
        run((*skopeo, f"docker://localhost:{server.port}/{REPOSITORY}:v1"), env=environment)
        reference = f"registry.lan:{server.port}/{REPOSITORY}:v1"
        assert images.layered.digest in pull(CONTAINERD_1, node, login, reference)


@pytest.mark.parametrize(("number", "release"), [(0, CONTAINERD_17), (1, CONTAINERD_2)], ids=["1.7", "2"])
def test_containerd_takes_the_folder_of_hosts_from_its_settings(tmp_path: Path, number: int, release: Release) -> None:
    settings = tmp_path / "config.toml"
    settings.write_text(kubernetes.blocks("toml")[number], encoding="utf-8")
    environment = clean_environment(tmp_path / "home")
    dumped = run((release.folder / "containerd", "--config", settings, "config", "dump"), env=environment).stdout
    plugins = tomllib.loads(dumped)["plugins"]
    (plugin,) = [plugin for plugin in plugins.values() if "registry" in plugin]
    assert plugin["registry"]["config_path"] == "/etc/containerd/certs.d"
    assert len(plugin) > 1, "containerd knows no such plugin, and only repeats what it was told"
