"""The one socket: bound alone, and ready for small answers."""

import socket

import pytest

from moorage.cli.listener import open_listener
from moorage.cli.refused import PortTaken
from moorage.domain.listen import Listen


def test_a_second_listener_on_the_port_is_refused() -> None:
    with open_listener(Listen("127.0.0.1", 0)) as first, pytest.raises(PortTaken):
        open_listener(Listen("127.0.0.1", first.getsockname()[1])).close()


def test_an_accepted_connection_sends_small_writes_at_once() -> None:
    with open_listener(Listen("127.0.0.1", 0)) as listener, socket.create_connection(listener.getsockname()):
        accepted, _ = listener.accept()
        with accepted:
            assert accepted.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY) != 0
