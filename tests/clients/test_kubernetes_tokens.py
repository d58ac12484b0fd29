"""The kubelet hands a service account's token to ``moorage credential-provider``: the password is that of a role."""

import json
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from clients.cluster import PULL_ONLY, Cluster
from support import kubernetes
from support.images import Samples
from support.kubernetes import Kubelet
from support.oidc import Key

ROLE = "eks.amazonaws.com/role-arn"


@pytest.fixture(scope="module")
def house(house: Cluster) -> Cluster:
    house.trust_issuer()
    house.role("web", trusts="team:web")
    house.role("other", trusts="team:other")
    return house


@pytest.fixture(scope="module")
def kubelet(house: Cluster) -> Kubelet:
    configs = kubernetes.documents("CredentialProviderConfig")
    (config,) = [config for config in configs if "tokenAttributes" in config["providers"][0]]
    return house.kubelet(config)


def annotations(house: Cluster, role: str) -> dict[str, str]:
    return {ROLE: f"arn:aws:iam::{house.server.account_id}:role/{role}"}


def pulled(house: Cluster, login: tuple[str, str], folder: Path) -> bytes:
    house.server.secret(login[1])
    target = folder / "pulled"
    skopeo = house.skopeo(folder / "puller")
    credentials = ("--src-creds", ":".join(login))
    skopeo.run("copy", "--preserve-digests", *credentials, f"docker://{house.image}", f"dir:{target}")
    return (target / "manifest.json").read_bytes()


def test_a_good_token_gives_a_password_that_pulls(
    house: Cluster, kubelet: Kubelet, images: Samples, tmp_path: Path
) -> None:
    told = {"serviceAccountToken": house.token(), "serviceAccountAnnotations": annotations(house, "web")}
    assert pulled(house, kubelet.login(house.image, **told), tmp_path) == images.layered.manifest


def test_the_annotation_wins_over_the_nodes_own_role(house: Cluster, kubelet: Kubelet) -> None:
    arguments = [*kubelet.provider["args"], "--role-arn", annotations(house, "other")[ROLE]]
    node = replace(kubelet, provider={**kubelet.provider, "args": arguments})
    told = {"serviceAccountToken": house.token(), "serviceAccountAnnotations": annotations(house, "web")}
    house.server.secret(node.login(house.image, **told)[1])
    other = {"serviceAccountToken": house.token("team:other")}
    house.server.secret(node.login(house.image, **other)[1])
    assert "AccessDenied" in node.refused(house.image, serviceAccountToken=house.token()).stderr


def test_a_password_ends_with_its_role(house: Cluster, kubelet: Kubelet, tmp_path: Path) -> None:
    house.role("short", trusts="team:short")
    told = {"serviceAccountToken": house.token("team:short"), "serviceAccountAnnotations": annotations(house, "short")}
    login = kubelet.login(house.image, **told)
    house.server.secret(login[1])
    iam = house.server.boto3("iam")
    iam.detach_role_policy(RoleName="short", PolicyArn=PULL_ONLY)
    skopeo = house.skopeo(tmp_path / "puller")
    refused = skopeo.refused("inspect", "--creds", ":".join(login), f"docker://{house.image}")
    assert "denied" in refused.said or "not authorized" in refused.said


def test_it_is_kept_no_longer_than_half_of_the_session(house: Cluster, kubelet: Kubelet) -> None:
    told = {"serviceAccountToken": house.token(), "serviceAccountAnnotations": annotations(house, "web")}
    answer = kubelet.ask(house.image, **told).stdout
    response = json.loads(answer)
    for login in response["auth"].values():
        house.server.secret(login["password"])
    assert 1700 < kubernetes.seconds_of(response["cacheDuration"]) <= 1800


REFUSED: dict[str, tuple[dict[str, Any], str, str]] = {
    "audience": ({"aud": ["somebody.else"]}, "web", "InvalidIdentityToken"),
    "over": ({"exp": int(time.time()) - 60}, "web", "ExpiredTokenException"),
    "issuer": ({"iss": "https://issuer.example"}, "web", "InvalidIdentityToken"),
    "subject": ({"sub": "system:serviceaccount:team:web2"}, "web", "AccessDenied"),
    "role": ({}, "other", "AccessDenied"),
    "no such role": ({}, "nobody", "AccessDenied"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_is_not_trusted_is_told_without_the_token(house: Cluster, kubelet: Kubelet, name: str) -> None:
    claims, role, code = REFUSED[name]
    token = house.token(**claims)
    told = {"serviceAccountToken": token, "serviceAccountAnnotations": annotations(house, role)}
    said = kubelet.refused(house.image, **told).stderr
    assert (code in said, token in said) == (True, False)
    assert len(said.strip().splitlines()) == 1


def test_a_token_of_another_key_is_refused(house: Cluster, kubelet: Kubelet) -> None:
    token = house.token(key=Key.rsa("k1"))
    told = {"serviceAccountToken": token, "serviceAccountAnnotations": annotations(house, "web")}
    said = kubelet.refused(house.image, **told).stderr
    assert ("InvalidIdentityToken" in said, token in said) == (True, False)
