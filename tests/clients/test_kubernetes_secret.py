"""The job of docs/kubernetes.md that renews an imagePullSecret: its script runs with the real AWS CLI and curl."""

import base64
import json
import shlex
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import pytest

from clients.cluster import Cluster
from support import kubernetes
from support.clients import AWS, Client, Finished
from support.images import Samples
from support.kubernetes import Api, settled_document

PATH = "/api/v1/namespaces/team/secrets/moorage-pull"
ACCOUNT = Path("/var/run/secrets/kubernetes.io/serviceaccount")
NONE: Mapping[Path, str] = {}


@dataclass
class Job:
    """A cluster, its API, and the pod of the page's job there."""

    cluster: Cluster
    api: Api
    port: int

    def run(self, folder: Path, variables: Mapping[str, str], files: Mapping[Path, str] = NONE) -> Finished:
        """Run the pod's container to its good end; files are mounted over those that each pod has."""
        client, words = self._pod(folder, variables, files)
        return client.run(*words)

    def refused(self, folder: Path, variables: Mapping[str, str], files: Mapping[Path, str] = NONE) -> Finished:
        client, words = self._pod(folder, variables, files)
        return client.refused(*words)

    def config(self) -> bytes:
        """Give what the secret holds."""
        return base64.b64decode(self.api.secrets[PATH]["data"][".dockerconfigjson"])

    def _pod(self, folder: Path, variables: Mapping[str, str], files: Mapping[Path, str]) -> tuple[Client, list[str]]:
        document = settled_document(kubernetes.documents("CronJob")[0], self.cluster.server.port)
        container = document["spec"]["jobTemplate"]["spec"]["template"]["spec"]["containers"][0]
        mounted = {
            ACCOUNT / "ca.crt": self.cluster.certificates.authority.read_text(encoding="utf-8"),
            ACCOUNT / "namespace": document["metadata"]["namespace"],
            ACCOUNT / "token": self.api.token,
            **files,
        }
        told = {variable["name"]: variable["value"] for variable in container["env"]}
        folder.mkdir(exist_ok=True)
        environment = self.cluster.environment(**told) | {
            "KUBERNETES_SERVICE_PORT": str(self.port),
            "PATH": f"{AWS.parent}:/usr/bin:/bin",
            "AWS_MAX_ATTEMPTS": "1",
            "AWS_EC2_METADATA_DISABLED": "true",
            "HOME": str(folder),  # in the pod it is a folder of its own
            **variables,
        }
        entry = folder / "pod"
        entry.write_text(_entry(mounted), encoding="utf-8")
        entry.chmod(0o700)
        return self.cluster.node.client(Client(entry, environment)), [*container["command"], *container["args"]]


def _entry(mounted: Mapping[Path, str]) -> str:
    """Write a script that runs a command where files are mounted under /run, which nobody else sees."""
    lines = ["#!/bin/sh", "set -eu", "mount -t tmpfs tmpfs /run"]
    for path, text in mounted.items():
        folder, place = shlex.quote(str(path.parent)), shlex.quote(str(path))
        lines += [f"mkdir -p {folder}", f"printf %s {shlex.quote(text)} > {place}"]
    return "\n".join([*lines, 'exec "$@"', ""])


@pytest.fixture(scope="module")
def keys(house: Cluster) -> dict[str, str]:
    return house.puller("team")


@pytest.fixture
def job(house: Cluster) -> Iterator[Job]:
    """Have the secret as it is made by hand."""
    empty = base64.b64encode(b'{"auths":{}}').decode()
    secret = {"type": "kubernetes.io/dockerconfigjson", "data": {".dockerconfigjson": empty}}
    api = Api("the-jobs-own-token", {PATH: secret})
    with kubernetes.served(api, house.certificates.chain, house.certificates.key) as port:
        yield Job(house, api, port)


def pulls(job: Job, folder: Path, images: Samples) -> None:
    """Pull with what the secret holds, as a container runtime reads it."""
    login, target = folder / "config.json", folder / "pulled"
    login.write_bytes(job.config())
    (auth,) = json.loads(job.config())["auths"].values()
    job.cluster.server.secret(auth["auth"])
    skopeo = job.cluster.skopeo(folder / "puller")
    skopeo.run("copy", "--preserve-digests", "--authfile", login, f"docker://{job.cluster.image}", f"dir:{target}")
    assert (target / "manifest.json").read_bytes() == images.layered.manifest


def test_the_secret_holds_a_password_that_pulls(
    job: Job, keys: dict[str, str], tmp_path: Path, images: Samples
) -> None:
    said = job.run(tmp_path / "pod", keys).said
    assert (said, job.api.asked) == ("", [("PATCH", PATH, 200)])
    assert set(json.loads(job.config())["auths"]) == {job.cluster.registry}
    pulls(job, tmp_path, images)


def test_each_run_writes_a_password_of_its_own(job: Job, keys: dict[str, str], tmp_path: Path, images: Samples) -> None:
    job.run(tmp_path / "first", keys)
    first = job.config()
    job.run(tmp_path / "second", keys)
    assert first != job.config()
    pulls(job, tmp_path, images)


def test_without_keys_the_job_is_its_service_account(job: Job, tmp_path: Path, images: Samples) -> None:
    house = job.cluster
    house.trust_issuer()
    house.role("moorage-pull", trusts="team:moorage-pull")
    change = settled_document(kubernetes.documents("CronJob")[1], house.server.port)
    pod = change["spec"]["jobTemplate"]["spec"]["template"]["spec"]
    variables = {variable["name"]: variable["value"] for variable in pod["containers"][0]["env"]}
    (volume,), (mount,) = pod["volumes"], pod["containers"][0]["volumeMounts"]
    projected = volume["projected"]["sources"][0]["serviceAccountToken"]
    file = Path(mount["mountPath"]) / projected["path"]
    token = house.token("team:moorage-pull", aud=[projected["audience"]])
    job.run(tmp_path / "pod", variables, {file: token})
    pulls(job, tmp_path, images)


def test_keys_that_are_wrong_change_nothing(job: Job, tmp_path: Path) -> None:
    keys = {"AWS_ACCESS_KEY_ID": "AKIAEXAMPLE000000000", "AWS_SECRET_ACCESS_KEY": "secret"}
    refused = job.refused(tmp_path / "pod", keys)
    assert "UnrecognizedClientException" in refused.stderr
    assert (job.api.asked, job.config()) == ([], b'{"auths":{}}')


def test_an_api_that_does_not_know_the_job_is_told_and_no_password(
    job: Job, keys: dict[str, str], tmp_path: Path
) -> None:
    refused = job.refused(tmp_path / "pod", keys, {ACCOUNT / "token": "another"})
    assert (job.api.asked, "401" in refused.stderr) == ([("PATCH", PATH, 401)], True)
    assert "dockerconfigjson" not in refused.said


def test_a_secret_that_was_not_made_is_told(job: Job, keys: dict[str, str], tmp_path: Path) -> None:
    del job.api.secrets[PATH]
    refused = job.refused(tmp_path / "pod", keys)
    assert (job.api.asked, "404" in refused.stderr) == ([("PATCH", PATH, 404)], True)
    assert "dockerconfigjson" not in refused.said
