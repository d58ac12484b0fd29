"""Every setting: read once from all its sources, every wrong one reported together, frozen afterwards."""

import ipaddress
import json
import os
import re
import stat
import tomllib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Final, TypeVar

from moorage.domain.errors import RegistryError
from moorage.domain.listen import Listen
from moorage.domain.names import AccountId, Region
from moorage.domain.profile import Profile, host_name, read_profiles

T = TypeVar("T")
Network = ipaddress.IPv4Network | ipaddress.IPv6Network

_PREFIX: Final = "MOORAGE_"
_SECRETS: Final = frozenset({"access_key_id", "secret_access_key"})
_IGNORED: Final = frozenset({"MOORAGE_REGISTRY"})  # ``moorage env`` exports it for people and scripts
_LABEL: Final = r"(?!-)[a-z0-9-]{1,63}(?<!-)"
_CERTIFICATE: Final = re.compile(rb"-----BEGIN ()CERTIFICATE-----")
_PRIVATE_KEY: Final = re.compile(rb"-----BEGIN ([A-Z0-9 ]*)PRIVATE KEY-----")
_FLAGS: Final[Mapping[object, bool]] = {"true": True, "1": True, "false": False, "0": False}


class WrongSettings(Exception):
    """At least one setting is wrong; ``problems`` has a sentence for each, none of which tells a secret."""

    def __init__(self, problems: tuple[str, ...]) -> None:
        super().__init__("\n".join(problems))
        self.problems = problems


class FileExposed(Exception):
    def __init__(self, path: Path) -> None:
        super().__init__(
            f"{path} holds secrets, so it must belong to whoever runs Moorage and be closed to all others (chmod 600)"
        )
        self.path = path


class _Wrong(Exception):
    """What is wrong with one value, worded to follow the setting's name."""


class _InData:
    """A path in the data folder, found from the settings it is read from."""

    def __init__(self, name: str) -> None:
        self._name = name

    def __get__(self, config: "Config", owner: type["Config"]) -> Path:
        return config.data / self._name


@dataclass(frozen=True, slots=True, kw_only=True)
class Config:
    """All settings; the paths in the data folder follow from ``data``."""

    listen: Listen
    data: Path
    account_id: AccountId
    region: Region
    regions: tuple[Region, ...]
    domain: str | None
    tls: str  # "off" or "auto"; with a certificate of one's own it stays off
    tls_cert: Path | None
    tls_key: Path | None
    workers: int
    trusted_proxies: tuple[Network, ...]
    outside_networks: tuple[Network, ...]
    outside_ca: Path | None
    access_key_id: str | None
    secret_access_key: str | None = field(repr=False)
    allow_insecure_listen: bool
    drain_timeout: int  # seconds, as all that end so
    header_timeout: int
    idle_timeout: int
    body_timeout: int
    send_timeout: int
    small_blobs: int  # bytes
    repositories_per_registry: int
    images_per_repository: int
    tags_per_image: int
    instances_per_account: int
    log: str  # a file's path, or "-" for standard output
    profile: Profile
    registries: Mapping[str, Profile]  # by account
    hosts: Mapping[str, Profile]  # by name in lower case

    lock = _InData("lock")
    metadata = _InData("metadata.sqlite3")
    metadata_lock = _InData("metadata.lock")
    credentials = _InData("credentials")
    keyring = _InData("keyring.json")
    backups = _InData("backups")
    server = _InData("server.json")
    tls_folder = _InData("tls")
    ca = _InData("tls/ca.crt")
    ca_key = _InData("tls/ca.key")
    auto_cert = _InData("tls/server.pem")
    auto_key = _InData("tls/server.key")

    @property
    def secure(self) -> bool:
        """Tell whether the server speaks TLS itself."""
        return self.tls_cert is not None or self.tls == "auto"

    def to_json(self) -> str:
        """Write everything on one line, secrets included: it is for a pipe, never for a file or a log."""
        told = {each.name: getattr(self, each.name) for each in fields(self)}
        return json.dumps({key: value for key, value in told.items() if value is not None}, default=str)

    @staticmethod
    def from_json(text: str) -> "Config":
        given = {key: _Given(value, "a Moorage process") for key, value in json.loads(text).items()}
        settings = _Settings(given)
        config = _read(settings, Path(os.devnull))
        if settings.problems:
            raise WrongSettings(tuple(settings.problems))
        return config


KEYS: Final = frozenset(each.name for each in fields(Config))


def load(environ: Mapping[str, str], *, path: Path | None, overrides: Mapping[str, str]) -> Config:
    """Read defaults, the settings file, variables and options, the later winning; or raise WrongSettings."""
    problems: list[str] = []
    given = _from_variables(environ, problems)
    given |= {key: _Given(value, f"--{key.replace('_', '-')}") for key, value in overrides.items()}
    settings = _Settings(given)
    fallback = _default_data(environ)
    data = settings.read("data", _path, fallback)
    file = data / "moorage.toml" if path is None else path
    written = _from_file(file, problems) if path is not None or file.is_file() else {}
    if path is None and "data" in written:
        problems.append(f"data (from {file}) cannot stand in a file of the data folder itself")
        del written["data"]
    settings = _Settings(written | given)
    data = settings.read("data", _path, fallback)
    if not _SECRETS & given.keys():
        settings = _Settings(written | given | _from_credentials(data / "credentials", problems))
    config = _read(settings, fallback)
    _check(config, settings)
    problems.extend(settings.problems)
    if problems:
        raise WrongSettings(tuple(dict.fromkeys(problems)))
    return config


def read_private(path: Path) -> bytes:
    """Read a file of secrets if nobody else can; or raise FileExposed."""
    with path.open("rb") as file:
        found = os.fstat(file.fileno())
        if found.st_uid != os.geteuid() or stat.S_IMODE(found.st_mode) & 0o077:
            raise FileExposed(path)
        return file.read()


@dataclass(frozen=True, slots=True)
class _Given:
    """A setting as somebody wrote it: text, or a value of TOML."""

    value: object = field(repr=False)
    source: str


class _Settings:
    """What was given for each setting, and all that was found wrong with it."""

    def __init__(self, given: Mapping[str, _Given]) -> None:
        self.given = given
        self.problems: list[str] = []

    def read(self, key: str, parse: Callable[[object], T], default: T) -> T:
        given = self.given.get(key)
        if given is None:
            return default
        try:
            return parse(given.value)
        except _Wrong as wrong:
            self.refuse(key, str(wrong))
            return default

    def refuse(self, key: str, problem: str) -> None:
        source = f"from {self.given[key].source}" if key in self.given else "by default"
        self.problems.append(f"{key} ({source}) {problem}")


def _from_variables(environ: Mapping[str, str], problems: list[str]) -> dict[str, _Given]:
    known = {_PREFIX + key.upper(): key for key in KEYS}
    ours = environ.keys() - _IGNORED
    problems.extend(
        f"{name} (from the environment) is no setting of Moorage"
        for name in sorted(ours)
        if name.startswith(_PREFIX) and name not in known
    )
    return {known[name]: _Given(environ[name], name) for name in ours & known.keys()}


def _from_file(path: Path, problems: list[str]) -> dict[str, _Given]:
    try:
        table = tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:  # a decoder's message names a place and a rule, and quotes nothing
        problems.append(f"config (from {path}) cannot be read: {error}")
        return {}
    given = {}
    for key, value in table.items():
        if key in _SECRETS:
            problems.append(f"{key} (from {path}) is a secret: set {_PREFIX}{key.upper()} instead")
        elif key in KEYS:
            given[key] = _Given(value, str(path))
        else:
            problems.append(f"{key} (from {path}) is no setting of Moorage")
    return given


def _from_credentials(path: Path, problems: list[str]) -> dict[str, _Given]:
    try:
        kept = json.loads(read_private(path)) if path.exists() else {}
    except (FileExposed, OSError) as error:
        problems.append(str(error))
        return {}
    except ValueError:
        kept = None
    if not isinstance(kept, dict) or (kept and kept.keys() != _SECRETS):
        problems.append(f"{path} is no JSON object with exactly access_key_id and secret_access_key")
        return {}
    return {key: _Given(value, str(path)) for key, value in kept.items()}


def _default_data(environ: Mapping[str, str]) -> Path:
    home = environ.get("HOME")
    shared = Path(environ.get("XDG_DATA_HOME", ""))
    if not shared.is_absolute():  # the XDG specification has a relative one ignored
        shared = (Path(home) if home else Path.home()) / ".local" / "share"
    return (shared / "moorage").absolute()


def _read(settings: _Settings, data: Path) -> Config:
    region = settings.read("region", _region, Region("us-east-1"))
    return Config(
        listen=settings.read("listen", _listen, Listen("127.0.0.1", 4500)),
        data=settings.read("data", _path, data),
        account_id=settings.read("account_id", _account_id, AccountId("123456789012")),
        region=region,
        regions=settings.read("regions", lambda value: tuple(map(_region, _texts(value))), (region,)),
        domain=settings.read("domain", _domain, None),
        tls=settings.read("tls", _tls, "off"),
        tls_cert=settings.read("tls_cert", _path, None),
        tls_key=settings.read("tls_key", _path, None),
        workers=settings.read("workers", lambda value: _number(value, 1, 64), min(4, os.cpu_count() or 1)),
        trusted_proxies=settings.read("trusted_proxies", _networks, ()),
        outside_networks=settings.read("outside_networks", _networks, ()),
        outside_ca=settings.read("outside_ca", _path, None),
        access_key_id=settings.read("access_key_id", _key_id, None),
        secret_access_key=settings.read("secret_access_key", _secret, None),
        allow_insecure_listen=settings.read("allow_insecure_listen", _flag, False),
        drain_timeout=settings.read("drain_timeout", lambda value: _number(value, 0, 3_600), 60),
        header_timeout=settings.read("header_timeout", _timeout, 30),
        idle_timeout=settings.read("idle_timeout", _timeout, 75),
        body_timeout=settings.read("body_timeout", _timeout, 60),
        send_timeout=settings.read("send_timeout", _timeout, 60),
        small_blobs=settings.read("small_blobs", lambda value: _number(value, 0, 1_048_576), 65_536),
        repositories_per_registry=settings.read("repositories_per_registry", _quota, 100_000),
        images_per_repository=settings.read("images_per_repository", _quota, 100_000),
        tags_per_image=settings.read("tags_per_image", _quota, 1_000),
        instances_per_account=settings.read("instances_per_account", _quota, 1_000),
        log=settings.read("log", lambda value: "-" if value == "-" else str(_path(value)), "-"),
        profile=settings.read("profile", _parsed(Profile, "ecr or oci"), Profile.ECR),
        registries=settings.read("registries", lambda value: _profiles(value, AccountId.parse), {}),
        hosts=settings.read("hosts", lambda value: _profiles(value, host_name), {}),
    )


def _text(value: object) -> str:
    if not isinstance(value, str) or not value or "\0" in value:
        raise _Wrong("must be text, and not empty")
    return value


def _texts(value: object) -> list[str]:
    """Read a list, which a variable or an option writes with commas."""
    items = [item.strip() for item in value.split(",") if item.strip()] if isinstance(value, str) else value
    if not isinstance(items, list):
        raise _Wrong("must be a list")
    return [_text(item) for item in items]


def _parsed(parse: Callable[[str], T], wanted: str) -> Callable[[object], T]:
    def read(value: object) -> T:
        try:
            return parse(_text(value))
        except (RegistryError, ValueError, RuntimeError):
            raise _Wrong(f"must be {wanted}") from None

    return read


def _matching(pattern: str, wanted: str) -> Callable[[object], str]:
    def parse(text: str) -> str:
        if re.fullmatch(pattern, text) is None:
            raise ValueError
        return text

    return _parsed(parse, wanted)


_listen = _parsed(Listen.parse, "HOST:PORT, where HOST is localhost, an IPv4 address or an [IPv6 address]")
_tls = _matching("off|auto", "off or auto")
_path = _parsed(lambda text: Path(text).expanduser().absolute(), "a path")
_account_id = _parsed(AccountId.parse, "text of twelve digits")
_region = _parsed(Region.parse, "a region's name, such as us-east-1")
_network = _parsed(ipaddress.ip_network, "a list of networks, such as 10.0.0.0/8")


def _networks(value: object) -> tuple[Network, ...]:
    return tuple(map(_network, _texts(value)))


_key_id = _matching(r"[A-Za-z0-9_]{16,128}", "16 to 128 letters, digits and underscores")
_secret = _matching(r"[!-~]{16,128}", "16 to 128 printable ASCII characters without a space")
_domain = _matching(f"{_LABEL}(?:[.]{_LABEL})*(?::[1-9][0-9]{{0,4}})?", "a DNS name in lower case, perhaps with a port")


def _profiles(value: object, parse: Callable[[str], str]) -> dict[str, Profile]:
    try:
        return read_profiles(value, parse)
    except (RegistryError, ValueError) as error:
        raise _Wrong(f"must name each with a profile: {error}") from None


def _number(value: object, lowest: int, highest: int) -> int:
    digits = value.isascii() and value.isdecimal() if isinstance(value, str) else type(value) is int
    number = int(str(value)) if digits and len(str(value)) <= len(str(highest)) else -1
    if not lowest <= number <= highest:
        raise _Wrong(f"must be a whole number from {lowest} to {highest}")
    return number


def _timeout(value: object) -> int:
    return _number(value, 1, 3_600)


def _quota(value: object) -> int:
    return _number(value, 1, 1_000_000_000)


def _flag(value: object) -> bool:
    found = value if isinstance(value, bool) else _FLAGS.get(_text(value))
    if found is None:
        raise _Wrong("must be true or false")
    return found


def _check(config: Config, settings: _Settings) -> None:
    """Look at what no setting can tell alone."""
    if config.region not in config.regions:
        settings.refuse("region", "must be one of the regions")
    for one, other in (("access_key_id", "secret_access_key"), ("tls_cert", "tls_key")):
        if (one in settings.given) != (other in settings.given):
            given, missing = (one, other) if one in settings.given else (other, one)
            settings.refuse(given, f"is of no use without {missing}")
    _check_pem(config.tls_cert, "tls_cert", _CERTIFICATE, settings)
    _check_pem(config.outside_ca, "outside_ca", _CERTIFICATE, settings)
    _check_pem(config.tls_key, "tls_key", _PRIVATE_KEY, settings)
    if config.tls == "auto" and config.tls_cert is not None:
        settings.refuse("tls", "makes a certificate itself: leave it off where tls_cert names one")
    if not (config.listen.loopback or config.secure or config.allow_insecure_listen):
        settings.refuse(
            "listen",
            "would send passwords in the clear beyond this machine: set tls = auto, or tls_cert and tls_key, "
            "or allow_insecure_listen = true behind a proxy that speaks TLS",
        )


def _check_pem(path: Path | None, key: str, pattern: re.Pattern[bytes], settings: _Settings) -> None:
    if path is None:
        return
    try:
        found = pattern.search(path.read_bytes())
    except OSError as error:
        settings.refuse(key, f"names a file that cannot be read: {error.strerror}")
        return
    if found is None:
        settings.refuse(key, "names a file that holds no such thing in PEM form")
    elif found[1]:  # an older form, or one under a password
        settings.refuse(key, "names a key that is no plain PKCS#8: convert it with `openssl pkcs8 -topk8 -nocrypt`")
