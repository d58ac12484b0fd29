"""The machine's key is read for each question; what only passes by is no refusal."""

import asyncio
import threading
from pathlib import Path

import pytest

from moorage.cli import machinecalls, machinekey, refused
from moorage.cli.machinecalls import InstanceCredentials, Refused, Unreachable
from moorage.cli.machinekey import MachineKey
from moorage.cli.metadata.machine import Machine
from unit.cli.metadata.given import KEY, credentials


@pytest.fixture
def file(tmp_path: Path) -> Path:
    machinekey.write(tmp_path / "key", KEY, force=False)
    return tmp_path / "key"


def answering(monkeypatch: pytest.MonkeyPatch, answer: InstanceCredentials | Refused | Unreachable) -> list[MachineKey]:
    asked: list[MachineKey] = []

    def fetch(key: MachineKey, *, ca_bundle: str | None, allow_insecure: bool) -> InstanceCredentials:
        assert (ca_bundle, allow_insecure) == ("bundle", False)
        asked.append(key)
        if isinstance(answer, InstanceCredentials):
            return answer
        raise answer

    monkeypatch.setattr(machinecalls, "fetch", fetch)
    return asked


def test_a_new_key_needs_no_restart(monkeypatch: pytest.MonkeyPatch, file: Path) -> None:
    asked = answering(monkeypatch, credentials())
    machine = Machine(file, "bundle")
    asyncio.run(machine.ask())
    new = MachineKey(KEY.endpoint, KEY.account_id, KEY.region, "i-new", "MKNEW", "new-secret")
    machinekey.write(file, new, force=True)
    asyncio.run(machine.ask())
    assert (asked, machine.key) == ([KEY, new], new)


def test_a_new_key_for_a_server_without_tls_is_not_used(file: Path) -> None:
    machine = Machine(file, None)
    new = MachineKey("http://192.0.2.7", KEY.account_id, KEY.region, KEY.instance_id, KEY.key_id, KEY.secret)
    machinekey.write(file, new, force=True)
    with pytest.raises(Unreachable, match="is another machine, and without TLS"):
        asyncio.run(machine.ask())


def test_a_key_that_is_taken_away_is_a_refusal(monkeypatch: pytest.MonkeyPatch, file: Path) -> None:
    asked = answering(monkeypatch, credentials())
    machine = Machine(file, "bundle")
    file.unlink()
    with pytest.raises(Refused) as told:
        asyncio.run(machine.ask())
    assert (told.value.code, asked) == ("NoMachineKey", [])


def test_without_a_key_there_is_no_machine(tmp_path: Path) -> None:
    with pytest.raises(refused.Refused, match="there is no machine key"):
        Machine(tmp_path / "none", None)


@pytest.mark.parametrize(
    "code", ["HTTP 404", "ThrottlingException", "TooManyRequestsException", "RequestTimeoutException"]
)
def test_a_proxys_error_and_a_busy_server_refuse_nothing(
    monkeypatch: pytest.MonkeyPatch, file: Path, code: str
) -> None:
    answering(monkeypatch, Refused(code, "later"))
    with pytest.raises(Unreachable, match="later"):
        asyncio.run(Machine(file, "bundle").ask())


def test_a_question_that_never_ends_holds_up_neither_its_asker_nor_the_end(
    monkeypatch: pytest.MonkeyPatch, file: Path
) -> None:
    never = threading.Event()

    def fetch(*_: MachineKey, **__: str) -> InstanceCredentials:
        never.wait()
        return credentials()

    monkeypatch.setattr(machinecalls, "fetch", fetch)
    with pytest.raises(Unreachable, match="does not answer in time"):
        asyncio.run(Machine(file, "bundle", seconds=0.1).ask())
    questions = [thread for thread in threading.enumerate() if thread.name == "question"]
    assert [thread.daemon for thread in questions] == [True]
    never.set()  # its answer comes when the loop is closed, and is nobody's
    questions[0].join()


def test_the_servers_own_no_is_a_refusal(monkeypatch: pytest.MonkeyPatch, file: Path) -> None:
    answering(monkeypatch, Refused("AccessDeniedException", "revoked"))
    with pytest.raises(Refused, match="revoked"):
        asyncio.run(Machine(file, "bundle").ask())
