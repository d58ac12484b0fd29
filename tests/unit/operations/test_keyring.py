"""Seals and signatures: bound to their purpose, good across a rotation, useless once altered."""

import pytest

from moorage.operations.keyring import KeyRing, Purpose, SealBroken, from_text, to_text

OLD, NEW = {"k1": b"1" * 32}, {"k1": b"1" * 32, "k2": b"2" * 32}
NONCE = b"n" * 12
CONTENT = b"a secret"


@pytest.fixture(scope="module")
def ring() -> KeyRing:
    return KeyRing("k1", OLD)


@pytest.fixture(scope="module")
def rotated() -> KeyRing:
    return KeyRing("k2", NEW)


@pytest.fixture(scope="module")
def sealed(ring: KeyRing) -> bytes:
    return ring.seal(Purpose.ACCESS_KEY, CONTENT, nonce=NONCE, bound=b"AKIA")


def test_what_was_sealed_opens(ring: KeyRing, sealed: bytes) -> None:
    assert ring.open(Purpose.ACCESS_KEY, sealed, bound=b"AKIA") == CONTENT


def test_a_seal_does_not_show_its_content(sealed: bytes) -> None:
    assert CONTENT not in sealed


def test_an_old_key_opens_after_a_rotation(rotated: KeyRing, sealed: bytes) -> None:
    assert rotated.open(Purpose.ACCESS_KEY, sealed, bound=b"AKIA") == CONTENT


def test_the_current_key_seals_after_a_rotation(ring: KeyRing, rotated: KeyRing) -> None:
    with pytest.raises(SealBroken):
        ring.open(Purpose.ACCESS_KEY, rotated.seal(Purpose.ACCESS_KEY, CONTENT, nonce=NONCE))


def test_an_old_signature_is_good_after_a_rotation(ring: KeyRing, rotated: KeyRing) -> None:
    assert rotated.is_signed(Purpose.LAYER_LINK, "message", ring.sign(Purpose.LAYER_LINK, "message"))


def test_a_signature_by_a_key_that_is_gone_is_not_good(ring: KeyRing, rotated: KeyRing) -> None:
    assert not ring.is_signed(Purpose.LAYER_LINK, "message", rotated.sign(Purpose.LAYER_LINK, "message"))


@pytest.mark.parametrize("purpose", [purpose for purpose in Purpose if purpose is not Purpose.ACCESS_KEY])
def test_a_seal_opens_for_its_own_purpose_alone(ring: KeyRing, sealed: bytes, purpose: Purpose) -> None:
    with pytest.raises(SealBroken):
        ring.open(purpose, sealed, bound=b"AKIA")


def test_a_signature_is_good_for_its_own_purpose_alone(ring: KeyRing) -> None:
    assert not ring.is_signed(Purpose.PAGE_TOKEN, "message", ring.sign(Purpose.LAYER_LINK, "message"))


def test_a_seal_opens_only_with_what_it_was_bound_to(ring: KeyRing, sealed: bytes) -> None:
    with pytest.raises(SealBroken):
        ring.open(Purpose.ACCESS_KEY, sealed, bound=b"AKIB")


def test_a_seal_with_any_byte_altered_does_not_open(ring: KeyRing, sealed: bytes) -> None:
    for place in range(len(sealed)):
        altered = sealed[:place] + bytes([sealed[place] ^ 1]) + sealed[place + 1 :]
        with pytest.raises(SealBroken):
            ring.open(Purpose.ACCESS_KEY, altered, bound=b"AKIA")


def test_a_seal_that_was_cut_does_not_open(ring: KeyRing, sealed: bytes) -> None:
    for size in range(len(sealed)):
        with pytest.raises(SealBroken):
            ring.open(Purpose.ACCESS_KEY, sealed[:size], bound=b"AKIA")


@pytest.mark.parametrize("signature", ["", ".", "k1", "k1.", "k2.00", "k1.é", "k1." + "0" * 64])
def test_what_is_no_signature_is_not_good(ring: KeyRing, signature: str) -> None:
    assert not ring.is_signed(Purpose.LAYER_LINK, "message", signature)


def test_a_signature_does_not_fit_another_message(ring: KeyRing) -> None:
    assert not ring.is_signed(Purpose.LAYER_LINK, "massage", ring.sign(Purpose.LAYER_LINK, "message"))


@pytest.mark.parametrize("sealed", [b"", b"\xff", b"\xfb\xff", b"abc", bytes(range(256))], ids=len)
def test_a_seal_written_as_text_is_read_back(sealed: bytes) -> None:
    assert from_text(to_text(sealed)) == sealed


@pytest.mark.parametrize("text", ["AA==", "A", "AB", "AA\n", "A A", "ä", "+/+/", "AAA=", "A:A"])
def test_only_the_one_spelling_of_a_text_is_read(text: str) -> None:
    with pytest.raises(SealBroken):
        from_text(text)
