"""Matching ARNs: each of the six parts by itself, so that no wildcard reaches over a colon but in the last part."""

from moorage.domain.wildcard import Test, glob, has_wildcard
from moorage.policy.errors import MalformedPolicy

ARN_PARTS = 6
_LAST = ARN_PARTS - 1


def arn_glob(pattern: str) -> Test:
    """Make the test of the Arn condition operators.

    Raises:
        MalformedPolicy: the pattern does not have the six parts of an ARN

    """
    wanted = pattern.split(":", _LAST)
    if len(wanted) != ARN_PARTS or wanted[0] != "arn":
        raise MalformedPolicy(f"The value {pattern} of an Arn condition must be in ARN format.")
    return _parts(wanted)


def is_arn(text: str) -> bool:
    return text.startswith("arn:") and text.count(":") >= _LAST


def resource_glob(pattern: str) -> Test:
    """Make the test of the Resource element; what an incomplete ARN leaves out may be anything."""
    if pattern == "*":
        return glob(pattern)
    wanted = complete(pattern)
    if any(map(has_wildcard, wanted[:_LAST])):
        return _parts(wanted)
    return glob(":".join(wanted))


def complete(pattern: str) -> list[str]:
    """Give the six parts of an ARN, those that are missing as stars."""
    parts = pattern.split(":", _LAST)
    return parts + ["*"] * (ARN_PARTS - len(parts))


def _parts(wanted: list[str]) -> Test:
    tests = tuple(glob(part) for part in wanted)

    def matches(text: str) -> bool:
        parts = text.split(":", _LAST)
        return len(parts) == ARN_PARTS and all(test(part) for test, part in zip(tests, parts, strict=True))

    return matches
