"""The official suite of the OCI distribution specification, in both profiles and both versions of it.

In profile oci nothing fails and nothing is skipped; in profile ecr every difference is one of ``deviations.toml``.
"""

from pathlib import Path

import pytest

from conformance.oci.suite import BINARY, REPOSITORIES, TOOL, VERSIONS, deviations, not_passed, run, totals
from support.server import RunningServer

pytestmark = pytest.mark.skipif(
    not BINARY.exists(), reason=f"the OCI conformance suite is not there: see {TOOL}/missing"
)


@pytest.mark.parametrize("version", VERSIONS)
def test_in_profile_oci_everything_passes(version: str, tmp_path: Path) -> None:
    results = tmp_path / "results"
    results.mkdir()
    with RunningServer(tmp_path / "data", settings={"MOORAGE_PROFILE": "oci"}) as server:
        cases = run(server.host, version, results, user="AWS", password=server.password())
    assert not_passed(cases) == []
    assert totals(results)[0] > 800


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
