"""Names that nobody can guess, in the forms that clients expect."""

import re
from collections.abc import Callable

import pytest

from moorage.operations.ids import Ids

UUID = r"[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}"


@pytest.mark.parametrize(
    ("make", "form"),
    [
        (Ids().request, UUID),
        (Ids().storage_key, r"[0-9a-f]{32}"),
        (Ids().repository, r"[0-9a-f]{24}"),
        (lambda: Ids().entity("AIDA"), r"AIDA[A-Z2-7]{17}"),
        (Ids().session_key, r"ASIA[A-Z2-7]{16}"),
        (Ids().access_key, r"AKIA[A-Z2-7]{16}"),
        (Ids().secret_key, r"[A-Za-z0-9+/]{40}"),
    ],
    ids=lambda value: getattr(value, "__name__", ""),
)
def test_each_kind_has_its_form_and_is_never_the_same(make: Callable[[], str], form: str) -> None:
    made = {make() for _ in range(50)}
    assert (len(made), {name for name in made if re.fullmatch(form, name) is None}) == (50, set())


def test_a_nonce_has_the_length_that_the_cipher_wants() -> None:
    assert len(Ids().nonce()) == 12


def test_events_sort_by_time() -> None:
    made = [Ids().event(at) for at in (1, 15, 16, 255, 1_767_225_600_000_000)]
    assert made == sorted(made)
