"""Two servers on empty folders share nothing: neither keys and secrets, nor anything that one of them gave out."""

import json
import re
from collections.abc import Iterator

import pytest

from protocol.api import code_of
from protocol.people import Key, root_of
from protocol.registry import Registry
from support.fixtures import StartServer
from support.server import RunningServer
from support.wire import Wire


@pytest.fixture(scope="module")
def two(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[RunningServer, RunningServer]]:
    folder = tmp_path_factory.mktemp("fresh")
    with RunningServer(folder / "one") as one, RunningServer(folder / "two") as other:
        yield one, other


def ring_of(server: RunningServer) -> set[str]:
    kept = json.loads((server.data / "keyring.json").read_text(encoding="utf-8"))
    return {server.secret(key) for key in kept["keys"].values()}


def test_their_root_keys_and_key_rings_differ(two: tuple[RunningServer, RunningServer]) -> None:
    one, other = two
    for server in two:
        assert re.fullmatch("AKIA[A-Z2-7]{16}", server.access_key_id)
        assert len(server.secret_access_key) == 40
    assert one.access_key_id != other.access_key_id
    assert one.secret_access_key != other.secret_access_key
    rings = ring_of(one), ring_of(other)
    assert [len(ring) for ring in rings] == [1, 1]
    assert rings[0].isdisjoint(rings[1])


def test_what_one_gave_out_is_nobodys_at_the_other(two: tuple[RunningServer, RunningServer]) -> None:
    for home, abroad in (two, two[::-1]):
        password = root_of(home).password(home)
        with Wire(home.host) as near, Wire(abroad.host) as far:
            assert root_of(home).api(near).call("DescribeRegistry").status == 200
            assert code_of(root_of(home).api(far).call("DescribeRegistry")) == "UnrecognizedClientException"
            mixed = Key(abroad.access_key_id, home.secret_access_key)
            assert code_of(mixed.api(far).call("DescribeRegistry")) == "InvalidSignatureException"
            assert Registry(near, password).ask("GET", "/v2/").status == 200
            assert Registry(far, password).ask("GET", "/v2/").status == 401


def test_their_authorities_and_certificates_differ(start_server: StartServer) -> None:
    seen = [start_server(name, settings={"MOORAGE_TLS": "auto"}).data / "tls" for name in ("one", "two")]
    names = [sorted(path.name for path in folder.iterdir() if path.is_file()) for folder in seen]
    assert names[0] == names[1]
    assert names[0]
    assert all((seen[0] / name).read_bytes() != (seen[1] / name).read_bytes() for name in names[0])
