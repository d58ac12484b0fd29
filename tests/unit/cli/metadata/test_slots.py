"""Who makes room for whom: whoever keeps us waiting, of the peer that holds most."""

import pytest

from moorage.cli.metadata.slots import Slot, Slots


class Door:
    """Slots, and the names of the connections that were cut."""

    def __init__(self, most: int, share: int) -> None:
        self.slots = Slots(most, share)
        self.cut: list[str] = []

    def enter(self, name: str, *, works: bool = False) -> Slot | None:
        """Let a connection in; the first letter of its name is its peer."""
        slot = Slot(name[0], lambda: self.cut.append(name))
        if not self.slots.take(slot):
            return None
        if works:
            self.slots.work(slot)
        return slot


def test_there_is_room_until_there_is_none() -> None:
    door = Door(3, 3)
    assert None not in [door.enter(name, works=True) for name in ("a1", "a2", "b1")]
    assert (door.enter("c1"), door.cut) == (None, [])


def test_whoever_has_waited_longest_makes_room() -> None:
    door = Door(3, 3)
    first = door.enter("a1")
    for name in ("a2", "a3"):
        door.enter(name)
    assert first is not None
    door.slots.wait(first)  # it was answered meanwhile, and waits anew
    door.enter("a4")
    assert door.cut == ["a2"]


def test_a_peer_that_has_its_share_makes_room_itself() -> None:
    door = Door(10, 2)
    for name in ("b1", "a1", "a2", "a3"):
        door.enter(name)
    assert door.cut == ["a1"]


def test_a_peer_whose_share_is_all_at_work_is_refused_and_no_other() -> None:
    door = Door(4, 2)
    for name in ("a1", "a2"):
        door.enter(name, works=True)
    assert (door.enter("a3"), door.enter("b1") is None, door.cut) == (None, False, [])


def test_the_peer_that_holds_most_makes_room_for_the_others() -> None:
    door = Door(4, 3)
    for name in ("b1", "a1", "a2", "a3", "c1"):
        door.enter(name)
    assert door.cut == ["a1"]


@pytest.mark.parametrize("works", [False, True])
def test_whoever_leaves_makes_room(works: bool) -> None:  # noqa: FBT001 - a case
    door = Door(1, 1)
    slot = door.enter("a1", works=works)
    assert slot is not None
    door.slots.leave(slot)
    door.slots.wait(slot)  # its task may go on for a moment, and holds nothing any more
    assert (door.enter("b1") is None, door.enter("c1") is None, door.cut) == (False, False, ["b1"])
