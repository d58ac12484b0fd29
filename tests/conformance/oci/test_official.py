"""The official suite of the OCI distribution specification, in both profiles and both versions of it.

In profile oci nothing fails and nothing is skipped; in profile ecr every difference is one of ``deviations.toml``,
under a name that stands in ``left.toml``.
"""

import re
from collections import Counter
from pathlib import Path
from typing import Final

import pytest

from conformance.oci.suite import BINARY, REPOSITORIES, ROOT, TOOL, VERSIONS, deviations, not_passed, run, totals
from support.server import RunningServer

DOCUMENT: Final = ROOT / "docs/conformance.md"
SCRIPT: Final = ROOT / "tests/install/conformance.sh"

pytestmark = pytest.mark.skipif(
    not BINARY.exists(), reason=f"the OCI conformance suite is not there: see {TOOL}/missing"
)


@pytest.mark.parametrize("version", VERSIONS)
def test_in_profile_oci_everything_passes(version: str, tmp_path: Path) -> None:
    results = tmp_path / "results"
    results.mkdir()
    with RunningServer(tmp_path / "data", settings={"MOORAGE_PROFILE": "oci"}) as server:
        cases = run(server.host, version, results, user="AWS", password=server.password())
    assert not_passed(cases) == []  # nothing is disabled either: every interface and kind of data is tried
    row = f"| Moorage, profile oci | {version} | {totals(results)[0]} | 0 | 0 |"
    assert row in DOCUMENT.read_text(encoding="utf-8").splitlines()


def test_the_documented_results_are_of_the_suite_that_runs() -> None:
    (pinned,) = re.findall(r"^version=(\S+)$", SCRIPT.read_text(encoding="utf-8"), flags=re.MULTILINE)
    document = DOCUMENT.read_text(encoding="utf-8")
    assert f"`{pinned}`" in document
    assert re.search(r"on 20\d\d-\d\d-\d\d", document)


def test_an_interface_that_is_switched_off_is_no_pass(tmp_path: Path) -> None:
    """Else a switch that a later suite adds would stay off unnoticed."""
    results = tmp_path / "results"
    results.mkdir()
    with RunningServer(tmp_path / "data", settings={"MOORAGE_PROFILE": "oci"}) as server:
        off = {
            "OCI_API_BLOBS_UPLOAD_CANCEL": "false",
            "OCI_API_MANIFESTS_TAG_PARAM": "false",
            "OCI_DATA_SPARSE": "false",
        }
        cases = run(server.host, "1.1", results, user="AWS", password=server.password(), more=off)
    assert {case.status for case in not_passed(cases)} == {"skipped"}


@pytest.mark.parametrize("version", VERSIONS)
def test_in_profile_ecr_just_the_documented_deviations_are_left(version: str, tmp_path: Path) -> None:
    results = tmp_path / "results"
    results.mkdir()
    with RunningServer(tmp_path / "data") as server:
        for name in REPOSITORIES:
            server.boto3("ecr").create_repository(repositoryName=name)
        left = not_passed(run(server.host, version, results, user="AWS", password=server.password()))
    documented = deviations()
    reasons = [(case, [one.id for one in documented if one.explains(case)]) for case in left]
    assert [(case, why) for case, why in reasons if len(why) != 1] == []
    found = Counter((why, case.name) for case, (why,) in reasons)
    wrong = [
        (one.id, name, count, found[one.id, name])
        for one in documented
        for name, count in one.left.items()
        if not (0 if one.sometimes else count) <= found[one.id, name] <= count
    ]
    assert wrong == []  # each as often as it is written
    counted = zip(totals(results), documented_totals(version), strict=True)
    assert [count for count, (low, high) in counted if not low <= count <= high] == []


def documented_totals(version: str) -> list[tuple[int, int]]:
    """Read what the document says of profile ecr; a count that chance moves is told as two."""
    document = DOCUMENT.read_text(encoding="utf-8")
    (row,) = re.findall(rf"^\| Moorage, profile ecr \| {re.escape(version)} \| (.+) \|$", document, flags=re.MULTILINE)
    cells = [[int(number) for number in cell.split(" to ")] for cell in row.split(" | ")]
    return [(min(cell), max(cell)) for cell in cells]


def test_each_deviation_is_one_reason_of_its_own() -> None:
    documented = deviations()
    assert len({one.id for one in documented}) == len(documented)
    assert all(one.left and one.where for one in documented)


def test_the_document_says_when_the_peer_was_measured() -> None:
    """Its rows are another program's, which `make test` does not run: they may be older than the others."""
    document = " ".join(DOCUMENT.read_text(encoding="utf-8").split())
    assert re.search(r"docker-registry's rows were measured on 20\d\d-\d\d-\d\d", document)
