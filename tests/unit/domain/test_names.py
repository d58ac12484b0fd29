"""Which texts are names, digests and references, and which are not."""

from collections.abc import Callable

import pytest

from moorage.domain.arns import repository_arn, root_arn, user_arn
from moorage.domain.digest import Digest, parse_reference
from moorage.domain.errors import (
    InvalidAccountId,
    InvalidDigest,
    InvalidRegion,
    InvalidRepositoryName,
    InvalidTag,
    RegistryError,
)
from moorage.domain.names import AccountId, Region, RepositoryName, Tag, may_fit

HEX = "0123456789abcdef" * 4


@pytest.mark.parametrize("text", ["123456789012", "000000000000"])
def test_an_account_has_twelve_digits(text: str) -> None:
    assert AccountId.parse(text) == text


@pytest.mark.parametrize("text", ["us-east-1", "eu-central-1", "us-gov-west-1", "cn-north-1", "ap-southeast-12"])
def test_a_region_is_words_and_a_number(text: str) -> None:
    assert Region.parse(text) == text


@pytest.mark.parametrize(
    "text",
    [
        "ab",
        "a/b",
        "00",
        "team/app",
        "a-b",
        "a--b",
        "a---b",
        "a__b",
        "a_b",
        "a.b",
        "a/b/c/d",
        "manifests",
        "blobs/uploads",
        "a" * 256,
    ],
)
def test_a_repository_has_a_name_with_slashes(text: str) -> None:
    assert RepositoryName.parse(text) == text


@pytest.mark.parametrize("text", ["v1", "_", "0", "A.b-c_d", "latest", "x" * 128])
def test_a_tag_is_one_word(text: str) -> None:
    assert Tag.parse(text) == text


@pytest.mark.parametrize(
    ("parse", "error", "text"),
    [
        *((AccountId.parse, InvalidAccountId, text) for text in ("", "12345678901", "1234567890123", "12345678901a")),
        *((AccountId.parse, InvalidAccountId, text) for text in ("123456789012\n", "١٢٣٤٥٦٧٨٩٠١٢")),
        *((Region.parse, InvalidRegion, text) for text in ("", "us", "us-east", "US-EAST-1", "us-east-1\n", "../etc")),
        *((Region.parse, InvalidRegion, text) for text in (f"us-{'e' * 22}-1", "us--1", "1-east-1")),
        *((RepositoryName.parse, InvalidRepositoryName, text) for text in ("", "a", "a" * 257, "A/b", "a b")),
        *((RepositoryName.parse, InvalidRepositoryName, text) for text in ("/ab", "ab/", "a//b", "a/../b", "..")),
        *((RepositoryName.parse, InvalidRepositoryName, text) for text in ("-ab", "ab-", "a..b", "a___b", "a_-b")),
        *((RepositoryName.parse, InvalidRepositoryName, text) for text in ("ab\n", "a\0b", "größe", "a%2fb", "a:b")),
        *(
            (Tag.parse, InvalidTag, text)
            for text in ("", "-a", ".a", "a b", "a+b", "a/b", "a:b", "x" * 129, "a\n", "ä")
        ),
        *((Digest.parse, InvalidDigest, text) for text in ("", HEX, f"sha256:{HEX}0", f"sha256:{HEX[1:]}")),
        *((Digest.parse, InvalidDigest, text) for text in (f"sha256:{HEX.upper()}", f"sha512:{HEX}", "sha256:")),
        *((Digest.parse, InvalidDigest, text) for text in (f"sha256:{HEX}\n", f" sha256:{HEX}", f"SHA256:{HEX}")),
        (Digest.parse, InvalidDigest, f"sha256:{HEX[:-1]}٣"),
    ],
    ids=str,
)
def test_what_is_no_name_is_refused(parse: Callable[[str], object], error: type[RegistryError], text: str) -> None:
    with pytest.raises(error):
        parse(text)


def test_a_long_hostile_name_is_refused_without_delay() -> None:
    with pytest.raises(InvalidRepositoryName):
        RepositoryName.parse("a-" * 127 + "!")


def test_the_digest_of_no_bytes_is_the_known_one() -> None:
    empty = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
    assert Digest.of(b"") == f"sha256:{empty}"


def test_a_digest_has_its_hex_without_the_algorithm() -> None:
    assert Digest.parse(f"sha256:{HEX}").hex == HEX


def test_what_has_a_colon_is_a_digest() -> None:
    assert isinstance(parse_reference(f"sha256:{HEX}"), Digest)


def test_what_has_no_colon_is_a_tag() -> None:
    assert isinstance(parse_reference("sha256"), Tag)


def test_a_broken_digest_is_never_taken_for_a_tag() -> None:
    with pytest.raises(InvalidDigest):
        parse_reference("v1:latest")


@pytest.mark.parametrize(
    ("region", "partition"),
    [("us-east-1", "aws"), ("cn-north-1", "aws-cn"), ("us-gov-west-1", "aws-us-gov"), ("eu-west-1", "aws")],
)
def test_a_repository_lies_in_the_partition_of_its_region(region: str, partition: str) -> None:
    arn = repository_arn(AccountId("123456789012"), Region(region), RepositoryName("team/app"))
    assert arn == f"arn:{partition}:ecr:{region}:123456789012:repository/team/app"


def test_the_root_and_the_users_of_an_account_have_arns() -> None:
    account = AccountId("123456789012")
    assert [root_arn(account), user_arn(account, "/team/", "ada")] == [
        "arn:aws:iam::123456789012:root",
        "arn:aws:iam::123456789012:user/team/ada",
    ]


@pytest.mark.parametrize(
    "pattern",
    ["*", "**", "team/*", "team/app*", "*/app", "*-app", "team_*", "team-*-app", "a.*", "*__b", "a" * 255 + "*"],
)
def test_a_pattern_fits_where_a_star_can_bring_what_is_missing(pattern: str) -> None:
    assert may_fit(pattern)


@pytest.mark.parametrize(
    "pattern", ["/*", "*/", "-*", "*.", "a..*", "*//*", "a*___*b", "A*", "a*\n", "a" * 257 + "*", "a"]
)
def test_a_pattern_that_no_name_can_fit_is_told_from_others(pattern: str) -> None:
    assert not may_fit(pattern)
