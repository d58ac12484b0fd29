"""``--tls auto``: an authority that stays, and a certificate that follows the names in use."""

import stat
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.x509.verification import PolicyBuilder, Store, VerificationError

from moorage.cli.authority import ensure_certificate
from moorage.cli.certificate import check_certificate
from moorage.cli.refused import Refused
from moorage.config import Config
from moorage.domain.listen import Listen
from moorage.domain.names import Region
from moorage.domain.profile import Profile
from unit.config.settings import read

NOW = datetime(2026, 6, 1, tzinfo=UTC)


@pytest.fixture
def config(tmp_path: Path) -> Config:
    (tmp_path / "data").mkdir()
    return read(tmp_path / "data", {"MOORAGE_TLS": "auto"})


def chain_of(config: Config) -> Sequence[x509.Certificate]:
    return x509.load_pem_x509_certificates(config.auto_cert.read_bytes())


def is_good_for(config: Config, name: str, *, at: datetime = NOW) -> bool:
    """Verify the chain as a client does that trusts the authority alone."""
    authority = x509.load_pem_x509_certificate(config.ca.read_bytes())
    verifier = PolicyBuilder().store(Store([authority])).time(at).build_server_verifier(x509.DNSName(name))
    try:
        verifier.verify(chain_of(config)[0], [])
    except VerificationError:
        return False
    return True


@pytest.mark.parametrize(
    "name", ["localhost", "123456789012.dkr.ecr.us-east-1.localhost", "api.ecr.us-east-1.localhost"]
)
def test_the_certificate_is_good_for_each_name_in_use(config: Config, name: str) -> None:
    ensure_certificate(config, now=NOW)
    assert is_good_for(config, name)


def test_it_is_good_for_no_other_name(config: Config) -> None:
    ensure_certificate(config, now=NOW)
    assert not is_good_for(config, "123456789012.dkr.ecr.us-east-1.amazonaws.com")


def test_what_was_made_can_be_served(config: Config) -> None:
    ensure_certificate(config, now=NOW)
    check_certificate(config.auto_cert, config.auto_key)


def test_nobody_else_can_read_the_keys(config: Config) -> None:
    ensure_certificate(config, now=NOW)
    assert {stat.S_IMODE(path.stat().st_mode) for path in (config.ca_key, config.auto_key)} == {0o600}


def test_nothing_is_made_anew_without_need(config: Config) -> None:
    ensure_certificate(config, now=NOW)
    before = config.ca.read_bytes(), config.auto_cert.read_bytes()
    ensure_certificate(config, now=NOW + timedelta(days=30))
    assert (config.ca.read_bytes(), config.auto_cert.read_bytes()) == before


@pytest.mark.parametrize(
    "changed",
    [
        {"domain": "example.com"},
        {"regions": (Region("us-east-1"), Region("eu-west-1"))},
        {"listen": Listen("192.0.2.7", 4500)},
    ],
    ids=lambda changed: next(iter(changed)),
)
def test_other_names_bring_another_certificate_from_the_same_authority(
    config: Config, changed: dict[str, object]
) -> None:
    ensure_certificate(config, now=NOW)
    before = config.ca.read_bytes(), config.auto_cert.read_bytes()
    ensure_certificate(replace(config, **changed), now=NOW)  # type: ignore[arg-type]  # fields of the settings
    assert [config.ca.read_bytes() == before[0], config.auto_cert.read_bytes() == before[1]] == [True, False]


def test_a_certificate_whose_time_is_half_over_is_made_anew(config: Config) -> None:
    ensure_certificate(config, now=NOW)
    ensure_certificate(config, now=NOW + timedelta(days=500))
    assert is_good_for(config, "localhost", at=NOW + timedelta(days=1000))


def test_an_authority_that_is_over_is_told(config: Config) -> None:
    ensure_certificate(config, now=NOW)
    with pytest.raises(Refused, match="is over"):
        ensure_certificate(config, now=NOW + timedelta(days=4000))


@pytest.mark.parametrize("crash", ["another key", "half a key", "half a certificate", "no certificate"])
def test_a_certificate_without_its_key_is_made_anew(config: Config, crash: str) -> None:
    ensure_certificate(config, now=NOW)
    before = config.ca.read_bytes()
    if crash == "no certificate":
        config.auto_cert.unlink()
    elif crash == "half a certificate":
        config.auto_cert.write_text("-----BEGIN CERTIFICATE-----\n", encoding="utf-8")
    else:
        text = config.ca_key.read_text(encoding="utf-8")
        config.auto_key.write_text(text[: 40 if crash == "half a key" else None], encoding="utf-8")
    ensure_certificate(config, now=NOW)
    check_certificate(config.auto_cert, config.auto_key)
    assert (config.ca.read_bytes() == before, is_good_for(config, "localhost")) == (True, True)


def test_a_certificate_of_the_authority_that_was_removed_is_found_behind_the_servers_own(config: Config) -> None:
    ensure_certificate(config, now=NOW)
    before = config.ca.read_bytes(), config.auto_cert.read_bytes()
    config.ca.unlink()
    ensure_certificate(config, now=NOW)
    assert (config.ca.read_bytes(), config.auto_cert.read_bytes()) == before


def test_it_is_found_there_too_when_the_servers_own_is_made_anew(config: Config) -> None:
    ensure_certificate(config, now=NOW)
    before = config.ca.read_bytes(), config.auto_cert.read_bytes()
    config.ca.unlink()
    ensure_certificate(config, now=NOW + timedelta(days=500))
    assert [config.ca.read_bytes() == before[0], config.auto_cert.read_bytes() == before[1]] == [True, False]


@pytest.mark.parametrize(
    "gone",
    [("ca", "auto_cert"), ("ca", "auto_cert", "auto_key"), ("ca", "ca_key", "auto_cert")],
    ids=["both keys are there", "the authority's key is there", "the server's key is there"],
)
def test_no_other_authority_is_made_while_something_of_one_is_there(config: Config, gone: tuple[str, ...]) -> None:
    ensure_certificate(config, now=NOW)
    for name in gone:
        getattr(config, name).unlink()
    left = {path: path.read_bytes() for path in config.tls_folder.iterdir()}
    with pytest.raises(Refused, match=r"ca\.crt is gone while .* is there"):
        ensure_certificate(config, now=NOW)
    assert {path: path.read_bytes() for path in config.tls_folder.iterdir()} == left


def test_half_a_chain_is_no_place_to_find_an_authority(config: Config) -> None:
    ensure_certificate(config, now=NOW)
    config.ca.unlink()
    config.auto_cert.write_text("-----BEGIN CERTIFICATE-----\nnone\n", encoding="utf-8")
    with pytest.raises(Refused, match="cannot be used"):
        ensure_certificate(config, now=NOW)
    assert not config.ca.exists()


def test_the_authoritys_key_may_be_kept_elsewhere(config: Config) -> None:
    ensure_certificate(config, now=NOW)
    before = config.ca.read_bytes(), config.auto_cert.read_bytes()
    config.ca_key.unlink()
    ensure_certificate(config, now=NOW)
    assert (config.ca.read_bytes(), config.auto_cert.read_bytes()) == before


def test_without_the_authoritys_key_no_other_certificate_is_made(config: Config) -> None:
    ensure_certificate(config, now=NOW)
    before = config.ca.read_bytes(), config.auto_cert.read_bytes()
    config.ca_key.unlink()
    with pytest.raises(Refused, match=r"ca\.key is gone"):
        ensure_certificate(replace(config, domain="example.com"), now=NOW)
    assert (config.ca.read_bytes(), config.auto_cert.read_bytes(), config.ca_key.exists()) == (*before, False)


def test_the_beginning_of_an_authority_that_a_crash_left_is_made_anew(config: Config) -> None:
    """Its certificate is written first, and nobody is told of it before all is there."""
    ensure_certificate(config, now=NOW)
    before = config.ca.read_bytes()
    for path in (config.ca_key, config.auto_cert, config.auto_key):
        path.unlink()
    ensure_certificate(config, now=NOW)
    check_certificate(config.auto_cert, config.auto_key)
    assert (config.ca.read_bytes() == before, is_good_for(config, "localhost")) == (False, True)


def test_a_certificate_ends_no_later_than_its_authority(config: Config) -> None:
    ensure_certificate(config, now=NOW)
    ensure_certificate(config, now=NOW + timedelta(days=3600))
    leaf, authority = chain_of(config)
    assert leaf.not_valid_after_utc == authority.not_valid_after_utc


def test_it_is_good_for_the_hosts_that_have_a_profile_and_no_address_that_is_none(config: Config) -> None:
    hosts = {"oci.example.com": Profile.OCI, "192.0.2.9": Profile.OCI}
    used = replace(config, hosts=hosts, listen=Listen("0.0.0.0", 4500))  # noqa: S104 - everywhere is what it is about
    ensure_certificate(used, now=NOW)
    told = chain_of(used)[0].extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    addresses = [str(address) for address in told.get_values_for_type(x509.IPAddress)]
    assert is_good_for(used, "oci.example.com")
    assert addresses == ["127.0.0.1", "::1", "192.0.2.9"]


@pytest.mark.parametrize("damage", ["exposed", "foreign", "broken"])
def test_an_authority_that_cannot_be_used_is_told(config: Config, tmp_path: Path, damage: str) -> None:
    ensure_certificate(config, now=NOW)
    if damage == "exposed":
        config.ca_key.chmod(0o644)
    elif damage == "broken":
        config.ca.write_text("-----BEGIN CERTIFICATE-----\nnone\n", encoding="utf-8")
    else:
        (tmp_path / "other").mkdir()
        other = read(tmp_path / "other", {"MOORAGE_TLS": "auto"})
        ensure_certificate(other, now=NOW)
        config.ca.write_bytes(other.ca.read_bytes())
    with pytest.raises(Refused, match="cannot be used"):
        ensure_certificate(config, now=NOW)
