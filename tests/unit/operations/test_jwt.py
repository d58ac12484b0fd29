"""Tokens of identity providers as such: which algorithms and keys are taken, and what of a header counts."""

from collections.abc import Mapping
from dataclasses import replace

import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, rsa

from moorage.domain.identityfacts import IdentityTokenInvalid
from moorage.operations import jwt
from support.oidc import Key, Provider, encoded

PROVIDER = Provider("https://oidc.example.com", keys=[Key.rsa()])
RSA, EC = PROVIDER.keys[0], Key.ec()
CLAIMS = {"iss": PROVIDER.issuer, "sub": "somebody"}
KEYS: Mapping[str, Key] = {
    "RS256": RSA,
    "RS384": replace(RSA, bits=384),
    "RS512": replace(RSA, bits=512),
    "ES256": EC,
    "ES384": Key.ec(bits=384),
    "ES512": Key.ec(bits=512),
}


def signed(key: Key, *published: Mapping[str, object], **header: object) -> bool:
    return jwt.is_signed(jwt.read(PROVIDER.token(CLAIMS, key=key, **header)), published or [key.jwk()])


def refusal(token: str) -> str:
    with pytest.raises(IdentityTokenInvalid) as refused:
        jwt.read(token)
    return str(refused.value)


# Algorithms.


@pytest.mark.parametrize("name", KEYS)
def test_a_signature_of_each_algorithm_is_good(name: str) -> None:
    assert KEYS[name].algorithm == name
    assert signed(KEYS[name])


@pytest.mark.parametrize("name", KEYS)
def test_a_changed_signature_of_each_algorithm_is_not(name: str) -> None:
    key = KEYS[name]
    head, claims, signature = PROVIDER.token(CLAIMS, key=key).split(".")
    other = PROVIDER.token({**CLAIMS, "sub": "somebody else"}, key=key).split(".")
    assert jwt.is_signed(jwt.read(f"{head}.{claims}.{signature}"), [key.jwk()])
    assert not jwt.is_signed(jwt.read(f"{head}.{other[1]}.{signature}"), [key.jwk()])
    assert not jwt.is_signed(jwt.read(f"{head}.{claims}.{other[2]}"), [key.jwk()])


@pytest.mark.parametrize("name", KEYS)
def test_a_token_that_claims_another_algorithm_is_not_signed(name: str) -> None:
    key = KEYS[name]
    bare = {member: value for member, value in key.jwk().items() if member != "alg"}
    others = [other for other in KEYS if other != name]
    assert [other for other in others if signed(key, key.jwk(), alg=other) or signed(key, bare, alg=other)] == []


@pytest.mark.parametrize("name", ["none", "None", "", "HS256", "PS256", "EdDSA", "rs256", "RS1", "ES256K", 256, None])
def test_other_algorithms_are_not_taken(name: object) -> None:
    token = PROVIDER.token(CLAIMS, alg=name)
    assert refusal(token) == "The ID Token is not signed with an algorithm that is taken."


def test_a_signature_on_a_curve_is_two_numbers_of_full_length() -> None:
    head, claims, raw = PROVIDER.token(CLAIMS, key=EC).split(".")
    assert isinstance(EC.private, ec.EllipticCurvePrivateKey)
    der = encoded(EC.private.sign(f"{head}.{claims}".encode(), ec.ECDSA(hashes.SHA256())))
    for signature in (der, raw[:-4], raw + "AAAA", ""):
        assert not jwt.is_signed(jwt.read(f"{head}.{claims}.{signature}"), [EC.jwk()])


@pytest.mark.parametrize("size", [1024, 2047])
def test_an_rsa_key_has_2048_bits_at_least(size: int) -> None:
    short = Key.rsa(size=size)
    assert isinstance(short.private, rsa.RSAPrivateKey)
    assert short.private.key_size == size
    assert not signed(short)


# Keys that a provider publishes.


@pytest.mark.parametrize("key", [RSA, EC], ids=["rsa", "ec"])
@pytest.mark.parametrize(
    "changed",
    [{"use": "enc"}, {"use": ""}, {"use": None}, {"kty": "oct"}, {"kty": None}, {"kid": "other"}, {"kid": None}],
)
def test_a_key_that_is_for_something_else_has_signed_nothing(key: Key, changed: Mapping[str, object]) -> None:
    assert not signed(key, {**key.jwk(), **changed})


@pytest.mark.parametrize("key", [RSA, EC], ids=["rsa", "ec"])
@pytest.mark.parametrize("algorithm", ["RS512", "ES384", "RSA-OAEP", "none", None])
def test_a_key_of_another_algorithm_has_signed_nothing(key: Key, algorithm: str | None) -> None:
    assert not signed(key, {**key.jwk(), "alg": algorithm})


@pytest.mark.parametrize("key", [RSA, EC], ids=["rsa", "ec"])
def test_a_key_need_not_say_what_it_is_for(key: Key) -> None:
    assert signed(key, {member: value for member, value in key.jwk().items() if member not in {"use", "alg"}})


@pytest.mark.parametrize("changed", [{"n": 7}, {"n": "=="}, {"n": "é"}, {"e": None}, {"e": "AA"}, {"e": "AQ"}])
def test_an_rsa_key_that_is_none_has_signed_nothing(changed: Mapping[str, object]) -> None:
    assert not signed(RSA, {**RSA.jwk(), **changed})


@pytest.mark.parametrize("changed", [{"crv": "P-384"}, {"crv": None}, {"x": "AQ"}, {"y": EC.jwk()["x"]}, {"x": 7}])
def test_a_point_that_is_not_on_the_curve_has_signed_nothing(changed: Mapping[str, object]) -> None:
    assert not signed(EC, {**EC.jwk(), **changed})


def test_a_token_without_a_key_s_id_may_be_signed_by_any_key() -> None:
    assert signed(RSA, EC.jwk(), RSA.jwk(), kid=None)
    assert not signed(RSA, EC.jwk(), kid=None)


# Headers.


@pytest.mark.parametrize("critical", [["exp"], ["b64"], [], None, "exp"])
def test_a_header_with_something_critical_is_not_understood(critical: object) -> None:
    head, claims, signature = PROVIDER.token(CLAIMS).split(".")
    said = encoded({"alg": "RS256", "kid": "k1", "crit": critical, "b64": False})
    assert head != said
    assert refusal(f"{said}.{claims}.{signature}") == "The header of the ID Token cannot be understood."


@pytest.mark.parametrize("key_id", [1, True, ["k1"], {"kid": "k1"}, 1.5])
def test_a_key_s_id_is_text(key_id: object) -> None:
    assert refusal(PROVIDER.token(CLAIMS, kid=key_id)) == "The header of the ID Token cannot be understood."


@pytest.mark.parametrize("name", ["x5c", "x5u", "x5t", "x5t#S256", "jku", "jwk"])
def test_keys_and_certificates_in_a_header_count_for_nothing(name: str) -> None:
    mallory = Key.rsa()
    brought = {
        "x5c": ["MIIB"],
        "x5u": "https://evil.example/chain.pem",
        "x5t": "AAAA",
        "x5t#S256": "AAAA",
        "jku": "https://evil.example/keys",
        "jwk": mallory.jwk(),
    }[name]
    assert signed(RSA, **{name: brought})
    assert not signed(mallory, RSA.jwk(), **{name: brought})


@pytest.mark.parametrize(
    "token",
    [
        "",
        ".",
        "..",
        "...",
        "a.b",
        "a.b.c.d",
        encoded(b"{") + ".e30.",
        encoded(b"[]") + ".e30.",
        encoded(b'{"alg":"RS256","alg":"none"}') + ".e30.",
        "e30=.e30.e30",
        "é.e30.e30",
    ],
)
def test_what_is_no_token_is_refused(token: str) -> None:
    assert refusal(token)
