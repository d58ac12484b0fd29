"""The condition operators as a table.

An operator makes one test out of all values a policy wants for a key: of a positive one they are alternatives, a
negated one holds where none of them fits. What cannot be read as the operator's type is refused when the policy is
read; an *actual* value that cannot be read fits nothing, and no negation makes it fit. An address that cannot be read
is unclear instead: "from nowhere else than here" has to deny it.
"""

import re
from base64 import b64decode
from binascii import Error as NotBase64
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from enum import Enum
from functools import lru_cache
from ipaddress import IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network
from operator import eq, ge, gt, le, lt

from moorage.domain.wildcard import Test, any_of
from moorage.policy.errors import SYNTAX, MalformedPolicy
from moorage.policy.match import arn_glob, is_arn
from moorage.policy.request import Unclear

Wanted = tuple[str, ...]

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_NUMBER = re.compile(r"[+-]?(?:[0-9]++(?:\.[0-9]*+)?+|\.[0-9]++)(?:[eE][+-]?[0-9]{1,3})?\Z")
_ADDRESSES = 1024  # of clients, remembered
_LONGEST_ADDRESS = 64  # with a zone; longer ones are none, and are not remembered
_DATE = re.compile(r"([0-9]{4})(?:-([0-9]{2})(?:-([0-9]{2})(T.+)?)?)?\Z")


@dataclass(frozen=True, slots=True)
class Operator:
    """How values are compared.

    ``takes_variables``: its wanted values are texts that policy variables may stand in; ``wild``: they are patterns.
    """

    test: Callable[[Wanted], Test]
    negated: bool = False
    takes_variables: bool = False
    wild: bool = False


def _not(test: Test) -> Test:
    return lambda actual: not test(actual)


def _equals(wanted: Wanted) -> Test:
    return frozenset(wanted).__contains__


def _equals_in_any_case(wanted: Wanted) -> Test:
    lowered = frozenset(value.lower() for value in wanted)
    return lambda actual: actual.lower() in lowered


def _arn_like(wanted: Wanted) -> Test:
    tests = tuple(arn_glob(value) for value in wanted)
    return lambda actual: any(test(actual) for test in tests)


def _arn_not_like(wanted: Wanted) -> Test:
    like = _arn_like(wanted)
    return lambda actual: is_arn(actual) and not like(actual)


def _bool(wanted: Wanted) -> Test:
    if not {value.lower() for value in wanted} <= {"true", "false"}:
        raise MalformedPolicy(SYNTAX)
    return _equals_in_any_case(wanted)


def _binary(wanted: Wanted) -> Test:
    for value in wanted:
        try:
            b64decode(value, validate=True)
        except (NotBase64, ValueError):
            raise MalformedPolicy(SYNTAX) from None
    return _equals(wanted)


def read_number(text: str) -> Decimal | None:
    return Decimal(text) if _NUMBER.match(text) else None


def read_date(text: str) -> Decimal | None:
    """Read a date of the W3C's profile of ISO 8601, or seconds since 1970; None where it is neither."""
    found = _DATE.match(text)
    if found is None:
        return read_number(text)
    year, month, day, time = found.groups()
    try:
        moment = datetime.fromisoformat(f"{year}-{month or '01'}-{day or '01'}{time or ''}")
        since = (moment if moment.tzinfo is not None else moment.replace(tzinfo=UTC)) - _EPOCH
    except (ValueError, OverflowError):
        return None
    return Decimal(since // timedelta(microseconds=1)) / 1_000_000


Reader = Callable[[str], Decimal | None]


def _compared(read: Reader, holds: Callable[[Decimal, Decimal], bool]) -> Callable[[Wanted], Test]:
    """Compare the actual value with each wanted one; one that compares so is enough."""

    def make(wanted: Wanted) -> Test:
        values = _read_all(read, wanted)

        def test(actual: str) -> bool:
            value = read(actual)
            return value is not None and any(holds(value, one) for one in values)

        return test

    return make


def _differs(read: Reader) -> Callable[[Wanted], Test]:
    def make(wanted: Wanted) -> Test:
        values = _read_all(read, wanted)
        return lambda actual: (value := read(actual)) is not None and value not in values

    return make


def _read_all(read: Reader, wanted: Wanted) -> tuple[Decimal, ...]:
    values = tuple(value for text in wanted if (value := read(text)) is not None)
    if len(values) != len(wanted):
        raise MalformedPolicy(SYNTAX)
    return values


def _networks(wanted: Wanted) -> tuple[IPv4Network | IPv6Network, ...]:
    try:
        return tuple(ip_network(value, strict=False) for value in wanted)
    except ValueError:
        raise MalformedPolicy(SYNTAX) from None


@lru_cache(_ADDRESSES)
def _read_address(text: str) -> tuple[int, int] | None:
    """Read an address as its version and its number: each statement about addresses asks for the same one."""
    try:
        address = ip_address(text)
    except ValueError:
        return None
    if isinstance(address, IPv6Address):
        address = address.ipv4_mapped or address
    return address.version, int(address)


def _address_in(wanted: Wanted, *, inside: bool) -> Test:
    ranges = tuple((one.version, int(one.network_address), int(one.netmask)) for one in _networks(wanted))

    def test(actual: str) -> bool:
        address = _read_address(actual) if len(actual) <= _LONGEST_ADDRESS else None
        if address is None:
            raise Unclear
        version, number = address
        for of_version, first, mask in ranges:  # a generator would cost more than the comparison
            if version == of_version and number & mask == first:
                return inside
        return not inside

    return test


def _pair(name: str, test: Callable[[Wanted], Test], *, wild: bool = False) -> dict[str, Operator]:
    """Make an operator on texts, ``XEquals``, and its negated twin, ``XNotEquals``."""
    head, tail = next((name.removesuffix(end), end) for end in ("EqualsIgnoreCase", "Equals", "Like") if end in name)
    return {
        name: Operator(test, takes_variables=True, wild=wild),
        f"{head}Not{tail}": Operator(lambda wanted: _not(test(wanted)), negated=True, takes_variables=True, wild=wild),
    }


def _ordered(type_name: str, read: Reader) -> dict[str, Operator]:
    comparisons = {"Equals": eq, "LessThan": lt, "LessThanEquals": le, "GreaterThan": gt, "GreaterThanEquals": ge}
    return {
        **{f"{type_name}{name}": Operator(_compared(read, holds)) for name, holds in comparisons.items()},
        f"{type_name}NotEquals": Operator(_differs(read), negated=True),
    }


_ARN = Operator(_arn_like, takes_variables=True, wild=True)
_NOT_ARN = Operator(_arn_not_like, negated=True, takes_variables=True, wild=True)

OPERATORS: Mapping[str, Operator] = {
    **_pair("StringEquals", _equals),
    **_pair("StringEqualsIgnoreCase", _equals_in_any_case),
    **_pair("StringLike", any_of, wild=True),
    **_ordered("Numeric", read_number),
    **_ordered("Date", read_date),
    # IAM: "ArnEquals and ArnLike behave identically", wildcards included.
    **dict.fromkeys(("ArnEquals", "ArnLike"), _ARN),
    **dict.fromkeys(("ArnNotEquals", "ArnNotLike"), _NOT_ARN),
    "Bool": Operator(_bool),
    "BinaryEquals": Operator(_binary),
    "IpAddress": Operator(lambda wanted: _address_in(wanted, inside=True)),
    "NotIpAddress": Operator(lambda wanted: _address_in(wanted, inside=False), negated=True),
}
NULL = "Null"


class Quantifier(Enum):
    """How many of a key's values have to fit; without a prefix one that fits is enough, and a negation spares none."""

    NONE = ""
    ANY = "ForAnyValue:"
    ALL = "ForAllValues:"


@dataclass(frozen=True, slots=True)
class Use:
    """An operator as a policy writes it, with what stands before and behind its name."""

    name: str
    quantifier: Quantifier = Quantifier.NONE
    if_exists: bool = False


def read_use(written: str) -> Use:
    """Take an operator's name apart.

    Raises:
        MalformedPolicy: IAM knows no such operator

    """
    if written == NULL:
        return Use(NULL)
    quantifier = next(
        (one for one in (Quantifier.ANY, Quantifier.ALL) if written.startswith(one.value)), Quantifier.NONE
    )
    rest = written.removeprefix(quantifier.value)
    name = rest.removesuffix("IfExists")
    if name not in OPERATORS:
        raise MalformedPolicy
    return Use(name, quantifier, if_exists=name != rest)
