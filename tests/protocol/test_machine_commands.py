"""``moorage instance``: registered by whoever may, joined by a host that knows the token and the address alone."""

import json
import os
import socket
import stat
import subprocess
from pathlib import Path

import pytest

from moorage.cli import machinecalls, machinekey
from protocol.machine import Registrar, join, new_role
from protocol.people import EVERYTHING, Key, People, everything_but
from support.server import MOORAGE, RunningServer
from support.wire import Wire


@pytest.fixture
def role(people: People) -> str:
    return new_role(people)


def run(*args: str | Path, stdin: str = "", **variables: str) -> subprocess.CompletedProcess[str]:
    """Run the command as on a host that has nothing of the server's."""
    return subprocess.run(  # noqa: S603  # every argument is written here
        [str(MOORAGE), "instance", *map(str, args)],
        input=stdin,
        env={"PATH": os.environ["PATH"], "LANG": "C.UTF-8", **variables},
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )


def keys(key: Key) -> dict[str, str]:
    return {"AWS_ACCESS_KEY_ID": key.id, "AWS_SECRET_ACCESS_KEY": key.secret}


def registered(server: RunningServer, role: str) -> str:
    """Register as the root of the server's machine, and give the token."""
    done = run("register", "--data", server.data, "--role", role, "--quiet", "--ttl", "15m", HOME=str(server.data))
    assert done.returncode == 0, done.stderr
    return server.secret(done.stdout.strip())


def test_a_host_joins_and_is_revoked(server: RunningServer, people: People, role: str, tmp_path: Path) -> None:
    user = people.new(EVERYTHING)
    there, who = ("--endpoint-url", server.url), {**keys(user), "HOME": str(tmp_path)}
    made = run("register", "--role", role, *there, **who)
    assert made.returncode == 0, made.stderr
    lines = dict(line.split(" ", 1) for line in made.stdout.splitlines())
    token = server.secret(lines["join"].removeprefix("token "))
    assert (lines["role"], lines["instance"][:2]) == (role, "i-")
    path = tmp_path / "machine.json"
    joined = run("join", "-", *there, "--key-file", path, stdin=f"{token}\n", HOME=str(tmp_path))
    assert joined.stdout == f"this host has the role {role}; its key is in {path}\n", joined.stderr
    key = machinekey.read(path)
    server.secret(key.secret)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert (key.endpoint, key.instance_id, key.account_id) == (server.url, lines["instance"], server.account_id)
    assert machinecalls.fetch(key).role_name == role
    listed = [line.split("\t") for line in run("list", *there, **who).stdout.splitlines()]
    (shown,) = [line for line in listed if line[0] == key.instance_id]
    assert [shown[1], *shown[3:]] == ["joined", role, "us-east-1", f"arn:aws:iam::123456789012:user/{user.name}"]
    revoked = run("revoke", key.instance_id, *there, **who)
    assert revoked.stdout == f"instance {key.instance_id} is revoked\n"
    with pytest.raises(machinecalls.Refused):
        machinecalls.fetch(key)


def test_a_key_that_cannot_be_kept_leaves_the_token_good(
    server: RunningServer, wire: Wire, role: str, tmp_path: Path
) -> None:
    token = registered(server, role)
    there = tmp_path / "machine.json"
    there.write_text("somebody's")
    (tmp_path / "file").write_text("")
    for path, why in (
        (there, "already: give --force"),
        (tmp_path / "file" / "machine.json", "cannot be written to"),
        (tmp_path, "is a folder"),
        (Path("/proc/machine.json"), "cannot be written to"),
    ):
        done = run("join", token, "--endpoint-url", server.url, "--key-file", path, HOME=str(tmp_path))
        assert (done.returncode, why in done.stderr, "Traceback" in done.stderr) == (1, True, False)
    assert there.read_text() == "somebody's"
    forced = run("join", token, "--endpoint-url", server.url, "--key-file", there, "--force", HOME=str(tmp_path))
    assert forced.returncode == 0, forced.stderr
    server.secret(machinekey.read(there).secret)
    spent = run("join", token, "--endpoint-url", server.url, "--key-file", there, "--force", HOME=str(tmp_path))
    assert (spent.returncode, "The join token is not good" in spent.stderr) == (1, True)
    assert machinecalls.fetch(machinekey.read(there)).role_name == role
    assert sorted(path.name for path in tmp_path.iterdir()) == ["file", "machine.json"]
    assert join(wire, token).status == 400


@pytest.mark.parametrize("token", ["", "moorage_join_short", "AKIAEXAMPLE", "-"])
def test_what_is_no_token_is_not_sent(tmp_path: Path, token: str) -> None:
    path = tmp_path / "machine.json"
    done = run("join", "--endpoint-url", "http://127.0.0.1:1", "--key-file", path, "--", token, HOME=str(tmp_path))
    assert (done.returncode, "this is no join token" in done.stderr, path.exists()) == (1, True, False)


def test_a_server_that_is_not_there_leaves_nothing(tmp_path: Path) -> None:
    path, token = tmp_path / "machine.json", "moorage_join_" + "A" * 43
    done = run("join", token, "--endpoint-url", "http://127.0.0.1:1", "--key-file", path, HOME=str(tmp_path))
    assert (done.returncode, "does not answer" in done.stderr) == (1, True)
    assert list(tmp_path.iterdir()) == []


def test_wrong_calls_are_told(server: RunningServer, people: People, role: str, tmp_path: Path) -> None:
    user = people.new(everything_but("iam:PassRole", "moorage:ListInstances"))
    there, who = ("--endpoint-url", server.url), {**keys(user), "HOME": str(tmp_path)}
    for args, why in (
        (("register", "--role", role), "iam:PassRole"),
        (("list",), "moorage:ListInstances"),
        (("revoke", "i-00000000000000000"), "ResourceNotFoundException"),
        (("register", "--role", role, "--ttl", "soon"), "is no time"),
        (("register", "--role", role, "--ttl", "25h"), "ttl"),
    ):
        caller = who if "25h" not in args else {**who, **keys(people.new(EVERYTHING))}
        done = run(*args, *there, **caller)
        assert (args, done.returncode, why in done.stderr) == (args, 1, True)


def test_a_list_goes_on_past_a_page(server: RunningServer, wire: Wire, root: Key, role: str, tmp_path: Path) -> None:
    registrar = Registrar(wire, server, root)
    made = {registrar.register(role)[0] for _ in range(101)}
    done = run("list", "--endpoint-url", server.url, **keys(root), HOME=str(tmp_path))
    seen = [line.split("\t")[0] for line in done.stdout.splitlines()]
    assert made <= set(seen)
    assert len(seen) == len(set(seen))
    assert json.loads(registrar.own("ListInstances").body).keys() == {"instances", "nextToken"}


def test_the_root_of_this_machine_calls_no_server_elsewhere(server: RunningServer, tmp_path: Path) -> None:
    here = ("--data", server.data)
    assert run("list", *here, HOME=str(tmp_path)).returncode == 0
    with socket.create_server(("127.0.0.1", 0)) as elsewhere:
        elsewhere.settimeout(0.1)
        url = f"http://127.0.0.1:{elsewhere.getsockname()[1]}"
        done = run("list", *here, "--endpoint-url", url, HOME=str(tmp_path))
        assert (done.returncode, "AWS_ACCESS_KEY_ID" in done.stderr) == (1, True), done.stderr
        with pytest.raises(TimeoutError):  # nobody came
            elsewhere.accept()
