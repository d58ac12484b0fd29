"""What each setting may be."""

from ipaddress import ip_network
from pathlib import Path

import pytest

from moorage.domain.listen import Listen
from unit.config.settings import problems, read, write

WRONG = [
    ("listen", "4500"),
    ("listen", "127.0.0.1"),
    ("listen", "127.0.0.1:"),
    ("listen", "127.0.0.1:0"),
    ("listen", "127.0.0.1:65536"),
    ("listen", "127.0.0.1:+80"),
    ("listen", "[127.0.0.1]:4500"),
    ("listen", "::1:4500"),
    ("listen", "registry.example:4500"),
    ("account_id", "12345678901"),
    ("account_id", "12345678901x"),
    ("region", "us-east"),
    ("regions", "us-east-1,,moon"),
    ("regions", "eu-west-1"),  # not the one that is the default
    ("domain", "registry.example:port"),
    ("domain", "-registry.example"),
    ("domain", "https://registry.example"),
    ("domain", ""),
    ("workers", "0"),
    ("workers", "65"),
    ("workers", "1.5"),
    ("workers", "two"),
    ("workers", ""),
    ("trusted_proxies", "10.0.0.1/8"),
    ("trusted_proxies", "proxy.example"),
    ("allow_insecure_listen", "yes"),
    ("allow_insecure_listen", ""),
    ("drain_timeout", "-1"),
    ("drain_timeout", "3601"),
    ("log", ""),
]


@pytest.mark.parametrize(("key", "value"), WRONG)
def test_a_wrong_value_is_refused_once_by_its_name(tmp_path: Path, key: str, value: str) -> None:
    (problem,) = problems(tmp_path, {f"MOORAGE_{key.upper()}": value})
    assert problem.startswith("region" if (key, value) == ("regions", "eu-west-1") else f"{key} (")


@pytest.mark.parametrize(
    ("text", "listen"),
    [
        ("127.0.0.1:4500", Listen("127.0.0.1", 4500)),
        ("localhost:1", Listen("127.0.0.1", 1)),
        ("[::1]:65535", Listen("::1", 65_535)),
        (":0", Listen("127.0.0.1", 0)),
    ],
)
def test_listen_is_an_address_and_a_port(tmp_path: Path, text: str, listen: Listen) -> None:
    assert read(tmp_path, options={"listen": text}).listen == listen


@pytest.mark.parametrize(("text", "near"), [("0.0.0.0:80", "127.0.0.1:80"), ("[::]:80", "[::1]:80")])
def test_a_client_nearby_connects_to_this_machine(text: str, near: str) -> None:
    assert str(Listen.parse(text).nearby) == near


@pytest.mark.parametrize("text", ["0.0.0.0:4500", "[::]:4500", "192.0.2.7:4500"])
def test_listening_beyond_this_machine_without_tls_is_refused(tmp_path: Path, text: str) -> None:
    (problem,) = problems(tmp_path, options={"listen": text})
    assert "allow_insecure_listen" in problem


def test_listening_beyond_this_machine_can_be_allowed(tmp_path: Path) -> None:
    assert not read(
        tmp_path, {"MOORAGE_ALLOW_INSECURE_LISTEN": "true"}, options={"listen": "0.0.0.0:4500"}
    ).listen.loopback


def test_lists_are_written_with_commas_in_variables(tmp_path: Path) -> None:
    config = read(tmp_path, {"MOORAGE_TRUSTED_PROXIES": "10.0.0.0/8, fd00::/8"})
    assert config.trusted_proxies == (ip_network("10.0.0.0/8"), ip_network("fd00::/8"))


def test_lists_are_lists_in_a_file(tmp_path: Path) -> None:
    write(tmp_path, 'regions = ["eu-west-1", "us-east-1"]\n')
    assert read(tmp_path).regions == ("eu-west-1", "us-east-1")


@pytest.mark.parametrize(
    "line",
    [
        "listen = 4500",
        "account_id = 123456789012",
        "workers = true",
        "workers = 1.5",
        "regions = [1]",
        "log = 1979-05-27",
    ],
)
def test_a_value_of_another_type_is_refused(tmp_path: Path, line: str) -> None:
    write(tmp_path, line)
    assert len(problems(tmp_path)) == 1


def test_paths_become_absolute(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert read(tmp_path, {"MOORAGE_LOG": "here.log"}).log == str(tmp_path / "here.log")


def test_files_of_the_data_folder_follow_from_it(tmp_path: Path) -> None:
    assert read(tmp_path).keyring == tmp_path / "keyring.json"
