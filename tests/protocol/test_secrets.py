"""Secrets of keys, sessions and tokens: shown once, sealed on the disk, in no list and no log (security: class H)."""

import json
import re
from pathlib import Path

from botocore.client import BaseClient

from protocol.api import OWN
from protocol.machine import Registrar, join, new_role
from protocol.people import EVERYTHING, Key, People
from protocol.registry import Registry
from support.server import RunningServer
from support.wire import Wire


def files_of(data: Path) -> bytes:
    """Read everything that the data folder holds, but the files that are made to hold keys."""
    kept = {"credentials", "keyring.json"}
    return b"\n".join(path.read_bytes() for path in data.rglob("*") if path.is_file() and path.name not in kept)


def test_no_secret_lies_in_the_folder_or_the_log_after_it_was_used(
    people: People, server: RunningServer, wire: Wire, ecr: BaseClient, repository: str
) -> None:
    user = people.new(EVERYTHING)
    session = user.api(wire).query("sts.GetSessionToken", {})
    found = dict(re.findall(r"<(AccessKeyId|SecretAccessKey|SessionToken)>([^<]+)<", session.text))
    key = Key(found["AccessKeyId"], server.secret(found["SecretAccessKey"]), "", server.secret(found["SessionToken"]))
    asked = {"actions": ["pull"], "repositories": [repository]}
    narrow = json.loads(user.api(wire).call("CreateToken", asked, prefix=OWN).body)["password"]
    passwords = [server.secret(narrow), user.password(server), key.password(server)]
    for password in passwords:
        assert Registry(wire, password).ask("GET", "/v2/").status == 200
    user.api(wire).call("ListImages", {"repositoryName": repository})
    user.api(wire).call("ListImages", {"repositoryName": None})
    wrong = Key(user.id, user.secret, "", "no session token")
    wrong.api(wire).call("ListImages", {"repositoryName": repository})
    ecr.list_images(repositoryName=repository)
    secrets = {user.secret, key.secret, key.token or "", server.secret_access_key, *passwords}
    lying = files_of(server.data)
    assert user.id.encode() in lying
    assert key.id.encode() in lying
    assert [secret for secret in secrets if secret.encode() in lying or secret in server.log()] == []


def test_no_secret_of_a_machine_lies_in_the_folder_or_the_log(
    people: People, server: RunningServer, wire: Wire, root: Key, repository: str
) -> None:
    registrar = Registrar(wire, server, root)
    machine_id, token = registrar.register(new_role(people))
    machine = registrar.joined(token)
    key = machine.credentials(wire)
    password = key.password(server)
    assert Registry(wire, password).ask("GET", f"{repository}/tags/list").status == 200
    join(wire, token)
    Key(machine.key.id, "wrong").api(wire).call("GetInstanceCredentials", prefix=OWN)
    lying, log = files_of(server.data), server.log()
    secrets = {token, machine.key.secret, key.secret, key.token or "", password}
    assert [secret for secret in secrets if secret.encode() in lying or secret in log] == []
    assert all(name.encode() in lying for name in (machine_id, machine.key.id, key.id))
    assert not any(secret in registrar.own("ListInstances").text for secret in secrets)


def test_no_answer_shows_a_secret_again(people: People, wire: Wire, root: Key) -> None:
    user = people.new(EVERYTHING)
    made = json.loads(user.api(wire).call("CreateToken", {"actions": ["pull"], "repositories": ["*"]}, prefix=OWN).body)
    answers = [
        root.api(wire).query(f"iam.{name}", members)
        for name, members in (
            ("ListAccessKeys", {"UserName": user.name}),
            ("GetAccessKeyLastUsed", {"AccessKeyId": user.id}),
            ("GetUser", {"UserName": user.name}),
            ("GetAccountAuthorizationDetails", {"MaxItems": "1000"}),
        )
    ]
    answers += [root.api(wire).query("sts.GetAccessKeyInfo", {"AccessKeyId": user.id})]
    answers += [root.api(wire).call("ListTokens", {"all": True}, prefix=OWN)]
    assert {answer.status for answer in answers} == {200}
    assert [answer for answer in answers if user.secret in answer.text or made["password"] in answer.text] == []
