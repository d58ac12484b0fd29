"""What a connection is at, told from what the kernel counts of it."""

from collections.abc import Sequence

import pytest

from moorage.edge.http.connections import Connection, Sample, State
from moorage.edge.http.patience import WORTH, Patience

PATIENCE = Patience(header=10, idle=20, body=30, send=40)
PEER = ("127.0.0.1", 50_000)
NEW = Sample(0, 0, waiting=False)


def followed(*looks: tuple[int, Sample], served: Sequence[int] = ()) -> Connection:
    """Follow a new connection through what is seen of it at each second that is named."""
    connection = Connection(PEER, NEW, 0)
    for at, sample in looks:
        connection.look(sample, at, served=at in served)
    return connection


def sample(received: int, taken: int, *, waiting: bool = False) -> Sample:
    return Sample(received, taken, waiting=waiting)


@pytest.mark.parametrize(
    ("connection", "state"),
    [
        (followed(), State.HEAD),
        (followed((1, sample(5, 0)), (2, sample(6, 0))), State.HEAD),
        (followed((1, sample(100, 200))), State.IDLE),
        (followed((1, sample(100, 0)), served=[1]), State.SERVED),
        (followed((1, sample(100, 0)), (2, sample(100, 200)), served=[1]), State.IDLE),
        (followed((1, sample(100, 200)), (2, sample(101, 200))), State.HEAD),
        (followed((1, sample(100, 200, waiting=True))), State.SENDING),
        (followed((1, sample(100, 0, waiting=True)), (2, sample(100, 200))), State.IDLE),
    ],
)
def test_what_it_is_at(connection: Connection, state: State) -> None:
    assert connection.state is state


@pytest.mark.parametrize(
    ("connection", "at"),
    [
        (followed(), 10),
        (followed((9, sample(5, 0))), 10),
        (followed((1, sample(100, 200)), (5, sample(101, 200))), 15),
        (followed((1, sample(100, 200))), 21),
        (followed((1, sample(100, 200)), (9, sample(300, 400))), 29),
        (followed((1, sample(100, 200, waiting=True))), 41),
        (followed((1, sample(100, 0, waiting=True)), (9, sample(100, WORTH - 1, waiting=True))), 41),
        (followed((1, sample(100, 0, waiting=True)), (9, sample(100, WORTH, waiting=True))), 49),
    ],
)
def test_it_is_overdue_when_its_own_time_is_up(connection: Connection, at: int) -> None:
    assert [connection.overdue(at - 1, PATIENCE), connection.overdue(at, PATIENCE)] == [False, True]


def test_a_request_under_way_may_take_any_time() -> None:
    connection = followed((1, sample(100, 0)), (500, sample(100, 0)), served=[1, 500])
    assert not connection.overdue(1000, PATIENCE)
