"""What the options mean together: nothing is opened to others unless they are named."""

import os

import pytest

from moorage.cli.metadata.plan import CONTAINER, METADATA, Plan, container_variables, metadata_variables
from moorage.cli.refused import Refused
from moorage.domain.listen import Listen


def read(listen: str | None = None, container: str | None = None, *allow_from: str) -> Plan:
    return Plan.read(listen, container, allow_from, add_address=False, v1=False)


def test_root_serves_where_clients_look(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    plan = read()
    assert (plan.metadata, plan.container, plan.link_local) == (METADATA, CONTAINER, (METADATA.host, CONTAINER.host))


def test_others_have_to_say_where(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    with pytest.raises(Refused, match="--listen"):
        read()


def test_what_is_named_alone_is_served_alone() -> None:
    assert (read("127.0.0.1:1").container, read(None, "127.0.0.1:1").metadata) == (None, None)


@pytest.mark.parametrize("listen", ["127.0.0.1:1338", "[::1]:1338", "127.1.2.3:80", "169.254.1.1:80", ":0"])
def test_loopback_and_link_local_are_near(listen: str) -> None:
    assert read(listen).metadata == Listen.parse(listen)


@pytest.mark.parametrize("listen", ["0.0.0.0:80", "[::]:80", "192.168.1.1:80", "8.8.8.8:80"])
def test_any_other_address_needs_to_be_told_who_may_ask(listen: str) -> None:
    with pytest.raises(Refused, match="--allow-from"):
        read(listen)
    assert len(read(listen, None, "192.168.0.0/16", "fd00::/8").networks) == 2


@pytest.mark.parametrize("container", ["0.0.0.0:80", "192.168.1.1:80", "169.254.169.254:80"])
def test_no_container_credentials_where_no_sdk_takes_them(container: str) -> None:
    with pytest.raises(Refused, match="SDKs take"):
        read(None, container, "192.168.0.0/16")


@pytest.mark.parametrize("listen", ["", "127.0.0.1", "127.0.0.1:0", "127.0.0.1:65536", "host:80", "::1:80"])
def test_what_is_no_address_is_told(listen: str) -> None:
    with pytest.raises(Refused, match="--listen must be"):
        read(listen)


@pytest.mark.parametrize("network", ["", "172.17.0.1/16", "anybody"])
def test_what_is_no_network_is_told(network: str) -> None:
    with pytest.raises(Refused, match="--allow-from must be"):
        read("127.0.0.1:1", None, network)


def test_clients_are_told_what_they_do_not_find_by_themselves() -> None:
    assert metadata_variables(METADATA) == {}
    told = metadata_variables(Listen("127.0.0.1", 1338)) | container_variables(CONTAINER, "FILE")
    assert told == {
        "AWS_EC2_METADATA_SERVICE_ENDPOINT": "http://127.0.0.1:1338",
        "AWS_CONTAINER_CREDENTIALS_FULL_URI": "http://169.254.170.2/v1/credentials",
        "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE": "FILE",
    }
