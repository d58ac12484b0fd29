"""The official suite of the OCI distribution specification, in both profiles and both versions of it.

In profile oci nothing fails and nothing is skipped; in profile ecr every difference is one of ``deviations.toml``.
"""

import re
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
def test_in_profile_ecr_only_documented_deviations_are_left(version: str, tmp_path: Path) -> None:
    results = tmp_path / "results"
    results.mkdir()
    with RunningServer(tmp_path / "data") as server:
        for name in REPOSITORIES:
            server.boto3("ecr").create_repository(repositoryName=name)
        left = not_passed(run(server.host, version, results, user="AWS", password=server.password()))
    documented = deviations()
    assert [case for case in left if not any(one.explains(case) for one in documented)] == []
    certain = [one for one in documented if not one.sometimes]
    assert [one.id for one in certain if not any(one.explains(case) for case in left)] == []
