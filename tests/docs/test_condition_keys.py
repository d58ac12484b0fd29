"""The table of condition keys names files that set them, and tests that ask for them."""

import re
from pathlib import Path
from typing import Final

import pytest

ROOT: Final = Path(__file__).resolve().parents[2]
ASKED: Final = "tests/protocol/test_condition_keys.py"
ROWS: Final = re.findall(
    r"^\| (`\w+:.+?) \| .+? \| .*?`(\S+\.py)` \| ?(?:`(\S+)`)? ?\|$",
    (ROOT / "docs/permissions.md").read_text(encoding="utf-8"),
    re.MULTILINE,
)
KEYS: Final = [(key, *row[1:]) for row in ROWS for key in re.findall(r"`(\w+:[A-Za-z]+)", row[0])]
# What IAM's service authorization reference lists for ECR; the global keys are those of spec/ecr/iam.md section 3.
NEEDED: Final = (
    {"aws:ResourceTag", "ecr:ResourceTag", "aws:RequestTag", "aws:TagKeys", "ecr:AccountSetting"}
    | {
        f"aws:{name}"
        for name in ("SourceIp", "PrincipalArn", "PrincipalTag", "SecureTransport", "RequestedRegion", "CurrentTime")
    }
    | {"aws:UserAgent", "aws:SourceArn", "aws:SourceAccount"}
)


def test_the_table_has_each_key_once() -> None:
    found = [key for key, *_ in KEYS]
    assert len(found) == len(set(found))
    assert set(found) >= NEEDED


@pytest.mark.parametrize(("key", "source", "test"), KEYS, ids=[key for key, *_ in KEYS])
def test_a_key_is_set_there_and_asked_for_there(key: str, source: str, test: str) -> None:
    assert key.lower() in (ROOT / "src/moorage" / source).read_text(encoding="utf-8")
    assert key in (ROOT / (test or ASKED)).read_text(encoding="utf-8")
