"""The official suite of the OCI distribution specification, run against a server, and what it found."""

import os
import subprocess
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from re import DOTALL, fullmatch
from typing import Any, Final
from xml.etree import ElementTree as ET

ROOT: Final = Path(__file__).parents[3]
TOOL: Final = ROOT / ".tools/conformance"
BINARY: Final = TOOL / "conformance"
REPOSITORIES: Final = ("conformance/repo1", "conformance/repo2")
VERSIONS: Final = ("1.1", "dev")
_ROOT: Final = "OCI Conformance Test/"  # every name begins with it
# What is off unless somebody asks for it: with these, every optional interface and kind of data is tried.
_OPTIONAL: Final = (
    "OCI_API_BLOBS_DIGEST_HEADER",
    "OCI_API_BLOBS_UPLOAD_CANCEL",
    "OCI_API_MANIFESTS_DIGEST_HEADER",
    "OCI_API_MANIFESTS_TAG_PARAM",
    "OCI_DATA_SPARSE",
)


@dataclass(frozen=True, slots=True)
class Case:
    """One result: the test's name, passed, failure, error, skipped or disabled, and what was said."""

    name: str
    status: str
    said: str


@dataclass(frozen=True, slots=True)
class Deviation:
    """A difference that is meant: what is said of it and of nothing else, and where it is written.

    ``left`` has the name of each test that it leaves unpassed, and how many results of that name. One that is there
    only ``sometimes`` depends on an order that the suite leaves to chance: those are at most so many.
    """

    id: str
    where: str
    says: str
    left: Mapping[str, int]
    sometimes: bool = False

    def explains(self, case: Case) -> bool:
        return case.name in self.left and fullmatch(self.says, case.said, DOTALL) is not None


def run(  # noqa: PLR0913 - a run's own facts
    host: str,
    version: str,
    folder: Path,
    *,
    user: str = "",
    password: str = "",
    more: Mapping[str, str] | None = None,
) -> list[Case]:
    """Run the whole suite, and give every result."""
    environment = {
        "PATH": os.environ["PATH"],
        "HOME": str(folder),
        "OCI_REGISTRY": host,
        "OCI_TLS": "disabled",
        "OCI_REPO1": REPOSITORIES[0],
        "OCI_REPO2": REPOSITORIES[1],
        "OCI_USERNAME": user,
        "OCI_PASSWORD": password,
        "OCI_VERSION": version,
        "OCI_RESULTS_DIR": str(folder),
        **dict.fromkeys(_OPTIONAL, "true"),
        **(more or {}),
    }
    subprocess.run(  # noqa: S603  # the program is ours to build
        [BINARY], env=environment, cwd=folder, capture_output=True, timeout=240, check=False
    )
    report = ET.parse(folder / "junit.xml")  # noqa: S314  # written by that program just now
    return [
        Case(
            case.attrib["name"].removeprefix(_ROOT), case.attrib["status"], (case.findtext("system-out") or "").strip()
        )
        for case in report.iter("testcase")
    ]


def totals(folder: Path) -> tuple[int, int, int]:
    """Give what the suite itself counted in a run: passed, failed and skipped, groups of tests among them."""
    told = ET.parse(folder / "junit.xml").getroot().attrib  # noqa: S314  # written by the suite just now
    skipped, *failed = (int(told.get(name, 0)) for name in ("skipped", "failures", "errors"))
    passed = int(told["tests"]) - skipped - sum(failed) - int(told.get("disabled", 0))
    return passed, sum(failed), skipped


def not_passed(cases: list[Case]) -> list[Case]:
    return [case for case in cases if case.status != "passed"]


def deviations() -> list[Deviation]:
    left, written = _read("left.toml"), _read("deviations.toml")["deviation"]
    assert set(left) == {entry["id"] for entry in written}
    return [Deviation(**entry, left=left[entry["id"]]) for entry in written]


def _read(name: str) -> dict[str, Any]:
    return tomllib.loads(Path(__file__).with_name(name).read_text(encoding="utf-8"))
