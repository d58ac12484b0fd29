"""Which profile answers: a host's own, else its registry's, else the default, wherever the settings come from."""

import json
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import pytest

from moorage.domain.profile import Profile
from protocol.api import OWN, Api
from protocol.people import ACCOUNT, OTHER_ACCOUNT, Key
from protocol.registry import Registry
from support.server import MOORAGE, RunningServer
from support.wire import Wire

OCI_HOST, ECR_HOST, PLAIN_HOST = "oci.localhost", "ecr.localhost", "localhost"
# The first account's registry speaks as the specification does, the default is ECR; two hosts have their own.
REGISTRIES, HOSTS = f"{ACCOUNT}=oci", f"{OCI_HOST}=oci,{ECR_HOST}=ecr"
FILE: Final = f"""
profile = "ecr"

[registries."{ACCOUNT}"]
profile = "oci"

[hosts."{OCI_HOST}"]
profile = "oci"

[hosts."{ECR_HOST}"]
profile = "ecr"
"""
# In the file everything is the other way round, so that what the variables leave out would be seen.
CONTRARY = FILE.replace('"oci"\n', '"x"\n').replace('"ecr"\n', '"oci"\n').replace('"x"\n', '"ecr"\n')
VARIABLES = {"MOORAGE_PROFILE": "ecr", "MOORAGE_REGISTRIES": REGISTRIES, "MOORAGE_HOSTS": HOSTS}


@dataclass(frozen=True, slots=True)
class Given:
    """A server whose settings came from somewhere, and the passwords of its two roots."""

    server: RunningServer
    passwords: dict[str, str]

    def profile_of(self, host: str, account: str | None) -> Profile:
        """Tell by its answers which profile a host speaks to the root of an account, or to nobody."""
        told = {"Host": host}
        with Wire(self.server.host) as wire:
            if account is None:
                answer = wire.ask("GET", "/v2/", told)
                assert answer.status == 401
            else:
                answer = Registry(wire, self.passwords[account]).ask("GET", "app/tags/list", told)
                assert answer.status == 200, answer.text
        kind = answer.header("content-type").partition(";")[0]
        return {"text/plain": Profile.ECR, "application/json": Profile.OCI}[kind]


@pytest.fixture(scope="module", params=["the file", "variables", "variables over a file"])
def given(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Given]:
    data = tmp_path_factory.mktemp("profiles") / "data"
    data.mkdir(mode=0o700)
    if request.param != "variables":
        text = FILE if request.param == "the file" else CONTRARY
        (data / "moorage.toml").write_text(text, encoding="utf-8")
    settings = {} if request.param == "the file" else VARIABLES
    with RunningServer(data, settings=settings) as server:
        with Wire(server.host) as wire:
            root = Api(wire, server.access_key_id, server.secret_access_key)
            made = json.loads(root.call("CreateAccount", {"accountId": OTHER_ACCOUNT}, prefix=OWN).body)
        stranger = Key(made["accessKeyId"], server.secret(made["secretAccessKey"]))
        with Wire(server.host) as wire:
            for key in (Key(server.access_key_id, server.secret_access_key), stranger):
                assert key.api(wire).call("CreateRepository", {"repositoryName": "app"}).status == 200
        yield Given(server, {ACCOUNT: server.password(), OTHER_ACCOUNT: stranger.password(server)})


def registry_name(account: str, domain: str = "localhost") -> str:
    return f"{account}.dkr.ecr.us-east-1.{domain}"


@pytest.mark.parametrize(
    ("host", "account", "profile"),
    [
        (OCI_HOST, ACCOUNT, Profile.OCI),
        (OCI_HOST, OTHER_ACCOUNT, Profile.OCI),  # the host wins over the default
        (OCI_HOST.upper(), OTHER_ACCOUNT, Profile.OCI),
        (f"{OCI_HOST}:4500", OTHER_ACCOUNT, Profile.OCI),
        (ECR_HOST, ACCOUNT, Profile.ECR),  # and over the registry
        (PLAIN_HOST, ACCOUNT, Profile.OCI),  # the registry wins over the default
        (PLAIN_HOST, OTHER_ACCOUNT, Profile.ECR),
        (registry_name(ACCOUNT), ACCOUNT, Profile.OCI),
        (registry_name(OTHER_ACCOUNT), OTHER_ACCOUNT, Profile.ECR),
        (f"x.{OCI_HOST}", OTHER_ACCOUNT, Profile.ECR),  # a name below is another name
        # Before anybody is known, only what the host says counts.
        (PLAIN_HOST, None, Profile.ECR),
        (OCI_HOST, None, Profile.OCI),
        (registry_name(ACCOUNT), None, Profile.OCI),
        (registry_name(OTHER_ACCOUNT), None, Profile.ECR),
    ],
)
def test_a_host_wins_over_its_registry_and_that_over_the_default(
    given: Given, host: str, account: str | None, profile: Profile
) -> None:
    assert given.profile_of(host, account) is profile


def test_one_registry_is_under_one_name_ecr_s_and_under_another_the_specification_s(given: Given) -> None:
    with Wire(given.server.host) as wire:
        registry = Registry(wire, given.passwords[ACCOUNT])
        upload = registry.ask("POST", "app/blobs/uploads/", {"Host": ECR_HOST}).header("docker-upload-uuid")
        path = f"app/blobs/uploads/{upload}"
        sent = [
            registry.ask("PATCH", path, {"Host": host, "Content-Range": at}, b"part").status
            for host, at in ((OCI_HOST, "0-3"), (ECR_HOST, "4-7"))
        ]
        assert sent == [202, 201]
        assert registry.ask("GET", path, {"Host": OCI_HOST}).header("range") == "0-7"


@pytest.mark.parametrize(
    ("settings", "file", "says"),
    [
        ({"MOORAGE_PROFILE": "docker"}, "", "profile (from MOORAGE_PROFILE) must be ecr or oci"),
        ({"MOORAGE_REGISTRIES": f"{ACCOUNT}=docker"}, "", "has the profile ecr or oci, not 'docker'"),
        ({"MOORAGE_REGISTRIES": "1234=oci"}, "", "an account id has twelve digits"),
        ({"MOORAGE_HOSTS": "oci.localhost:4500=oci"}, "", "is no host name in lower case without a port"),
        ({}, '[hosts."oci.localhost"]\nprofil = "oci"\n', "has a profile, and nothing else"),
        ({}, '[registry."1"]\nprofile = "oci"\n', "is no setting of Moorage"),
    ],
)
def test_wrong_profiles_keep_the_server_from_starting(
    tmp_path: Path, settings: dict[str, str], file: str, says: str
) -> None:
    data = tmp_path / "data"
    data.mkdir(mode=0o700)
    (data / "moorage.toml").write_text(file, encoding="utf-8")
    environment = {"PATH": "/usr/bin:/bin", "HOME": str(tmp_path), "LANG": "C.UTF-8", "MOORAGE_DATA": str(data)}
    ended = subprocess.run(  # noqa: S603  # every argument is written in a test
        [MOORAGE, "serve", "--listen", ":0"],
        env=environment | settings,
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )
    assert (ended.returncode, says in ended.stderr, "Traceback" in ended.stderr) == (1, True, False), ended.stderr
