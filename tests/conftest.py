"""What every suite gets: the servers, and the rule that a test which is skipped under CI must be allowed to."""

import os
import re
from collections.abc import Generator
from pathlib import Path

import pytest

pytest_plugins = ["support.fixtures"]

_ALLOWED = Path(__file__).parent / "allowed-skips.txt"


def _allowed_skips() -> list[re.Pattern[str]]:
    lines = _ALLOWED.read_text(encoding="utf-8").splitlines()
    rules = [line.partition(" # ") for line in lines if line.strip() and not line.startswith("#")]
    if any(not reason for _, _, reason in rules):
        raise pytest.UsageError(f"{_ALLOWED.name}: every line is 'pattern # reason'")
    return [re.compile(pattern.strip()) for pattern, _, _ in rules]


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    report = yield
    is_skip = report.skipped and not hasattr(report, "wasxfail")
    if is_skip and os.environ.get("CI") and not any(rule.search(item.nodeid) for rule in _allowed_skips()):
        report.outcome = "failed"
        report.longrepr = f"{item.nodeid} was skipped under CI and is not in {_ALLOWED.name}: {report.longrepr}"
    return report
