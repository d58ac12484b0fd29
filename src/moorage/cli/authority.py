"""``--tls auto``: an authority of the registry's own, and a certificate for the names in use that it vouches for.

What clients are told to trust is the authority, which stays; the certificate is made anew at a start whenever the names
have changed or half of its time is over.
"""

import socket
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from ipaddress import IPv4Address, IPv6Address, ip_address

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, load_pem_private_key
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from moorage.cli.folder import write_private
from moorage.cli.refused import Refused
from moorage.config import Config, FileExposed, read_private

_AUTHORITY_DAYS = 3650
_DAYS = 825  # the most that the strictest clients take from a private authority
_EARLIER = timedelta(hours=1)  # for clients whose clocks are behind

_Authority = tuple[x509.Certificate, ec.EllipticCurvePrivateKey | None]  # its key may be kept elsewhere


def ensure_certificate(config: Config, *, now: datetime | None = None) -> None:
    """Make what is missing or not good any longer, and leave what is good."""
    now = now or datetime.now(UTC)
    config.tls_folder.mkdir(mode=0o700, exist_ok=True)
    try:
        authority, key = _authority(config, now)
        if not _is_good(config, authority, now):
            _issue(config, authority, key, now)
    except (FileExposed, OSError, ValueError, TypeError) as error:
        raise Refused(f"the certificates in {config.tls_folder} cannot be used: {error}") from None


def names_in_use(config: Config) -> list[x509.GeneralName]:
    """Give every name and address that a client may call this server by."""
    domain = (config.domain or "localhost").partition(":")[0]
    hosts = ["localhost", socket.gethostname().lower(), domain]
    for region in config.regions:
        hosts += [f"*.dkr.ecr.{region}.{domain}", f"api.ecr.{region}.{domain}"]
    told = [*hosts, *config.hosts]
    numbers = ["127.0.0.1", "::1", config.listen.host, config.listen.nearby.host, *config.hosts]
    addresses = [address for number in numbers if (address := _address(number)) is not None]
    names = [host for host in dict.fromkeys(told) if host.isascii() and ":" not in host and _address(host) is None]
    return [
        *map(x509.DNSName, names),
        *(x509.IPAddress(address) for address in dict.fromkeys(addresses) if not address.is_unspecified),
    ]


def _address(text: str) -> IPv4Address | IPv6Address | None:
    try:
        return ip_address(text)
    except ValueError:
        return None


def _authority(config: Config, now: datetime) -> _Authority:
    """Find the authority or, in a folder that has none yet, make it.

    Clients trust the certificate that there is: another is made only where nobody can have been told of one.
    """
    authority, key = _certificate(config), _key(config)
    if authority is None:
        left = [path for path in (config.ca_key, config.auto_cert, config.auto_key) if path.exists()]
        if left:
            raise ValueError(
                f"{config.ca} is gone while {left[0].name} is there: put it back, or remove the folder and have the "
                "clients trust the next one"
            )
        return _make(config, now)
    if key is None:
        if not config.auto_cert.exists():  # what a crash left, before anybody was told to trust it
            return _make(config, now)
    elif authority.public_key() != key.public_key():
        raise ValueError(f"{config.ca} and {config.ca_key} do not belong together")
    if authority.not_valid_after_utc <= now:
        raise ValueError(f"{config.ca} is over: remove the folder, and have the clients trust the next one")
    if not config.ca.exists():
        write_private(config.ca, _chain([authority]))
    return authority, key


def _certificate(config: Config) -> x509.Certificate | None:
    """Read the authority's certificate; one that somebody removed stands behind the server's own as well."""
    if config.ca.exists():
        return x509.load_pem_x509_certificate(config.ca.read_bytes())
    if not config.auto_cert.exists():
        return None
    chain = x509.load_pem_x509_certificates(config.auto_cert.read_bytes())
    return chain[1] if len(chain) > 1 else None


def _key(config: Config) -> ec.EllipticCurvePrivateKey | None:
    if not config.ca_key.exists():
        return None
    key = load_pem_private_key(read_private(config.ca_key), password=None)
    if not isinstance(key, ec.EllipticCurvePrivateKey):
        raise TypeError(f"{config.ca_key} is no key on an elliptic curve")
    return key


def _make(config: Config, now: datetime) -> _Authority:
    key = ec.generate_private_key(ec.SECP256R1())
    name = _name(f"Moorage of account {config.account_id}, made {now:%Y-%m-%d}")
    built = (
        _builder(name, name, key, now, now + timedelta(days=_AUTHORITY_DAYS))
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(_usage(signs_certificates=True), critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .sign(key, hashes.SHA256())
    )
    write_private(config.ca, _chain([built]))  # alone it is known as what a crash left
    write_private(config.ca_key, _pem(key))
    return built, key


def _is_good(config: Config, authority: x509.Certificate, now: datetime) -> bool:
    """Tell whether the certificate is there with its key, from this authority, for these names, and young enough."""
    if not (config.auto_cert.exists() and config.auto_key.exists()):
        return False
    secret = read_private(config.auto_key)
    try:
        found = x509.load_pem_x509_certificate(config.auto_cert.read_bytes())
        if load_pem_private_key(secret, password=None).public_key() != found.public_key():
            return False  # a crash came between the two files
        found.verify_directly_issued_by(authority)
    except (ValueError, TypeError, InvalidSignature):
        return False
    told = found.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    half = found.not_valid_before_utc + (found.not_valid_after_utc - found.not_valid_before_utc) / 2
    return list(told) == names_in_use(config) and found.not_valid_before_utc <= now < half


def _issue(
    config: Config, authority: x509.Certificate, authority_key: ec.EllipticCurvePrivateKey | None, now: datetime
) -> None:
    if authority_key is None:
        raise ValueError(f"{config.ca_key} is gone, and a certificate for the names in use is needed: put it back")
    key = ec.generate_private_key(ec.SECP256R1())
    names = names_in_use(config)
    end = min(now + timedelta(days=_DAYS), authority.not_valid_after_utc)
    identifier = authority.extensions.get_extension_for_class(x509.SubjectKeyIdentifier).value
    built = (
        _builder(_name("Moorage"), authority.subject, key, now, end)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(x509.SubjectAlternativeName(names), critical=False)
        .add_extension(_usage(signs_certificates=False), critical=True)
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_subject_key_identifier(identifier), critical=False)
        .sign(authority_key, hashes.SHA256())
    )
    write_private(config.auto_key, _pem(key))
    write_private(config.auto_cert, _chain([built, authority]))


def _builder(
    subject: x509.Name, issuer: x509.Name, key: ec.EllipticCurvePrivateKey, now: datetime, end: datetime
) -> x509.CertificateBuilder:
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - _EARLIER)
        .not_valid_after(end)
    )


def _usage(*, signs_certificates: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=not signs_certificates,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=signs_certificates,
        crl_sign=signs_certificates,
        encipher_only=False,
        decipher_only=False,
    )


def _name(text: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, text)])


def _pem(key: ec.EllipticCurvePrivateKey) -> str:
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()


def _chain(certificates: Sequence[x509.Certificate]) -> str:
    return "".join(each.public_bytes(Encoding.PEM).decode() for each in certificates)
