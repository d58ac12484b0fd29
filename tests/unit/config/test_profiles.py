"""Profiles of single registries and hosts: how they are written, and what is wrong with one."""

from pathlib import Path

import pytest

from moorage.config import Config
from moorage.domain.profile import Profile, Profiles
from unit.config.settings import problems, read, write

ACCOUNT, OTHER = "111122223333", "444455556666"
BOTH = {ACCOUNT: Profile.OCI, OTHER: Profile.ECR}
GOOD = [
    (f'[registries."{ACCOUNT}"]\nprofile = "oci"\n', {ACCOUNT: Profile.OCI}),
    (f'[registries.{ACCOUNT}]\nprofile = "oci"\n[registries."{OTHER}"]\nprofile = "ecr"\n', BOTH),
    (f'registries = "{ACCOUNT}=oci"\n', {ACCOUNT: Profile.OCI}),
    ("[registries]\n", {}),
]


@pytest.mark.parametrize(("text", "registries"), GOOD)
def test_a_file_has_a_table_for_each_registry(tmp_path: Path, text: str, registries: dict[str, Profile]) -> None:
    write(tmp_path, text)
    assert read(tmp_path).registries == registries


@pytest.mark.parametrize("name", ["oci.localhost", "registry", "192.0.2.7", "::1", "2001:db8::7"])
def test_a_file_has_a_table_for_each_host(tmp_path: Path, name: str) -> None:
    write(tmp_path, f'[hosts."{name}"]\nprofile = "oci"\n')
    assert read(tmp_path).hosts == {name: Profile.OCI}


@pytest.mark.parametrize("text", [f"{ACCOUNT}=oci,{OTHER}=ecr", f" {ACCOUNT} = oci , {OTHER} = ecr ,"])
def test_a_variable_has_pairs_with_commas(tmp_path: Path, text: str) -> None:
    assert read(tmp_path, {"MOORAGE_REGISTRIES": text}).registries == BOTH
    assert read(tmp_path, {"MOORAGE_HOSTS": "a.example=oci"}).hosts == {"a.example": Profile.OCI}


@pytest.mark.parametrize("key", ["registries", "hosts"])
def test_a_variable_replaces_the_whole_table_of_the_file(tmp_path: Path, key: str) -> None:
    write(tmp_path, f'[{key}."{ACCOUNT}"]\nprofile = "oci"\n')
    config = read(tmp_path, {f"MOORAGE_{key.upper()}": f"{OTHER}=oci"})
    assert getattr(config, key) == {OTHER: Profile.OCI}


def test_profiles_survive_the_way_to_a_worker(tmp_path: Path) -> None:
    variables = {"MOORAGE_REGISTRIES": f"{ACCOUNT}=oci", "MOORAGE_HOSTS": "a.example=ecr", "MOORAGE_PROFILE": "oci"}
    config = read(tmp_path, variables)
    assert Config.from_json(config.to_json()) == config


WRONG_VALUES = [
    ("registries", ACCOUNT, f"'{ACCOUNT}' has the profile ecr or oci, not ''"),
    ("registries", f"{ACCOUNT}=docker", f"'{ACCOUNT}' has the profile ecr or oci, not 'docker'"),
    ("registries", f"{ACCOUNT}=OCI", f"'{ACCOUNT}' has the profile ecr or oci, not 'OCI'"),
    ("registries", f"{ACCOUNT}=oci=ecr", f"'{ACCOUNT}' has the profile ecr or oci, not 'oci=ecr'"),
    ("registries", "1111=oci", "an account id has twelve digits"),
    ("registries", f"{ACCOUNT}4=oci", "an account id has twelve digits"),
    ("registries", "=oci", "an account id has twelve digits"),
    ("registries", "oci.localhost=oci", "an account id has twelve digits"),
    ("registries", f"{ACCOUNT}=oci,{ACCOUNT}=ecr", f"'{ACCOUNT}' is named twice"),
    ("hosts", "=oci", "'' is no host name in lower case without a port"),
    ("hosts", "OCI.localhost=oci", "'OCI.localhost' is no host name in lower case without a port"),
    ("hosts", "oci.localhost:4500=oci", "'oci.localhost:4500' is no host name in lower case without a port"),
    ("hosts", "[::1]=oci", "'[::1]' is no host name in lower case without a port"),
    ("hosts", "0:0::1=oci", "'0:0::1' is no host name in lower case without a port"),
    ("hosts", "http://a=oci", "'http://a' is no host name in lower case without a port"),
    ("hosts", "a b=oci", "'a b' is no host name in lower case without a port"),
    ("hosts", f"{'a' * 254}=oci", f"'{'a' * 254}' is no host name in lower case without a port"),
    ("hosts", "a.example=oci,a.example=oci", "'a.example' is named twice"),
    ("hosts", "a.example=docker", "'a.example' has the profile ecr or oci, not 'docker'"),
]


@pytest.mark.parametrize(("key", "value", "says"), WRONG_VALUES)
def test_a_wrong_variable_is_refused_with_the_reason(tmp_path: Path, key: str, value: str, says: str) -> None:
    name = f"MOORAGE_{key.upper()}"
    assert problems(tmp_path, {name: value}) == (f"{key} (from {name}) must name each with a profile: {says}",)


def only_a_profile(name: str) -> str:
    return f"must name each with a profile: '{name}' has a profile, and nothing else; a name with dots stands in quotes"


WRONG_FILES = [
    (f'[registries."{ACCOUNT}"]', f"registries {only_a_profile(ACCOUNT)}"),
    (f'[registries."{ACCOUNT}"]\nprofil = "oci"', f"registries {only_a_profile(ACCOUNT)}"),
    (f'[registries."{ACCOUNT}"]\nprofile = "oci"\nhosts = 1', f"registries {only_a_profile(ACCOUNT)}"),
    ('[hosts.oci.localhost]\nprofile = "oci"', f"hosts {only_a_profile('oci')}"),
    (f'registries = ["{ACCOUNT}=oci"]', "registries must name each with a profile: that is no table"),
    (f"registries = {ACCOUNT}", "registries must name each with a profile: that is no table"),
    ('[[hosts]]\nname = "a"', "hosts must name each with a profile: that is no table"),
    (f'[registry."{ACCOUNT}"]\nprofile = "oci"', "registry is no setting of Moorage"),
    ('profile = "docker"', "profile must be ecr or oci"),
]
_NOT_TEXT = '[hosts."a.example"]\nprofile = {}'
WRONG_FILES += [
    (
        _NOT_TEXT.format(value),
        f"hosts must name each with a profile: 'a.example' has the profile ecr or oci, not {told}",
    )
    for value, told in (('["oci"]', "['oci']"), ("true", "True"), ("1", "1"))
]


@pytest.mark.parametrize(("text", "says"), WRONG_FILES)
def test_a_wrong_file_is_refused_with_the_reason(tmp_path: Path, text: str, says: str) -> None:
    file = write(tmp_path, text)
    key, _, sentence = says.partition(" ")
    assert problems(tmp_path) == (f"{key} (from {file}) {sentence}",)


@pytest.mark.parametrize(
    ("host", "account", "profile"),
    [
        ("a.example", ACCOUNT, Profile.ECR),  # the host's own, though its registry has another
        ("A.EXAMPLE", ACCOUNT, Profile.ECR),
        ("b.example", ACCOUNT, Profile.OCI),
        ("b.example", OTHER, Profile.ECR),
        ("b.example", "", Profile.ECR),
        ("c.example", OTHER, Profile.OCI),
    ],
)
def test_a_host_wins_over_its_registry_and_that_over_the_default(host: str, account: str, profile: Profile) -> None:
    hosts = {"a.example": Profile.ECR, "c.example": Profile.OCI}
    assert Profiles(Profile.ECR, {ACCOUNT: Profile.OCI}, hosts).find(host, account) is profile
