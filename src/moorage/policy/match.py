"""Matching ARNs in conditions: each of the six parts by itself."""

from moorage.domain.wildcard import Test, glob
from moorage.policy.errors import MalformedPolicy

_ARN_PARTS = 6


def arn_glob(pattern: str) -> Test:
    """Make the test of the Arn condition operators: each of the six parts is matched by itself.

    Raises:
        MalformedPolicy: the pattern does not have the six parts of an ARN

    """
    wanted = pattern.split(":", _ARN_PARTS - 1)
    if len(wanted) != _ARN_PARTS or wanted[0] != "arn":
        raise MalformedPolicy(f"The value {pattern} of an Arn condition must be in ARN format.")
    tests = tuple(glob(part) for part in wanted)

    def matches(text: str) -> bool:
        parts = text.split(":", _ARN_PARTS - 1)
        return len(parts) == _ARN_PARTS and all(test(part) for test, part in zip(tests, parts, strict=True))

    return matches
