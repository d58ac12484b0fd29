"""Layer links: good for an hour without credentials, for one blob, unaltered (GetDownloadUrlForLayer).

They are followed in the name of whoever asked for them, and end with what that one may.
"""

import json
import re
from dataclasses import dataclass, replace
from pathlib import Path

import pytest
from botocore.client import BaseClient

from moorage.operations.layers import LayerLink, LinkCaller
from protocol.api import Api
from protocol.machine import Registrar, new_role
from protocol.people import EVERYTHING, OTHER_ACCOUNT, Key, People, everything_but
from protocol.registry import Registry, code_of
from protocol.sealed import SECOND, now, sign_link
from protocol.test_sessions import read_session
from support.layers import digest_of
from support.server import RunningServer
from support.wire import Wire

LAYER = bytes(range(250)) * 4
LINK = re.compile(
    r"/layers/([0-9]{12})/([a-z0-9-]+)/([0-9a-f]+)/(sha256:[0-9a-f]{64})"
    r"\?expires=([0-9]+)&caller=([0-9]{12})\.([A-Z0-9]+)\.([0-9a-f]{24})&signature=(.+)"
)


def linked(registry: Registry, ecr: BaseClient, repository: str) -> str:
    """Push an image; give the path of a link to its layer."""
    registry.push(repository, "v1", LAYER)
    url = ecr.get_download_url_for_layer(repositoryName=repository, layerDigest=digest_of(LAYER))["downloadUrl"]
    assert str(url).startswith(f"http://localhost:{registry.wire.host.rpartition(':')[2]}/layers/")
    return "/" + str(url).split("/", 3)[3]


@pytest.fixture
def link(registry: Registry, ecr: BaseClient, repository: str) -> str:
    return linked(registry, ecr, repository)


def parts_of(link: str) -> LayerLink:
    found = LINK.fullmatch(link)
    assert found is not None
    return LayerLink(found[1], found[2], found[3], found[4], int(found[5]), LinkCaller(found[6], found[7], found[8]))


def test_a_link_needs_no_credentials(wire: Wire, link: str) -> None:
    answer = wire.ask("GET", link)
    assert (answer.status, answer.body) == (200, LAYER)


@pytest.mark.parametrize("key_id", ["an_administrators_own_key", "A1" * 64])
def test_a_key_of_any_name_makes_links(tmp_path: Path, key_id: str) -> None:
    """The first administrator's may be called as they like, within what the setting takes."""
    settings = {"MOORAGE_ACCESS_KEY_ID": key_id, "MOORAGE_SECRET_ACCESS_KEY": "s3cret-of-an-administrator-0123456789"}
    with RunningServer(tmp_path / "data", settings=settings) as server, Wire(server.host) as wire:
        ecr = server.boto3("ecr")
        ecr.create_repository(repositoryName="team/app")
        answer = wire.ask("GET", linked(Registry(wire, server.password()), ecr, "team/app"))
    assert (answer.status, answer.body) == (200, LAYER)


def test_a_link_can_be_looked_at(wire: Wire, link: str) -> None:
    answer = wire.ask("HEAD", link)
    assert (answer.status, answer.header("content-length")) == (200, "1000")


def test_a_link_knows_ranges(wire: Wire, link: str) -> None:
    answer = wire.ask("GET", link, {"Range": "bytes=-10"})
    assert (answer.status, answer.body, answer.header("content-range")) == (206, LAYER[-10:], "bytes 990-999/1000")


def test_a_link_is_good_for_an_hour(link: str) -> None:
    left = parts_of(link).expires_at - now()
    assert 0 < left <= 3600 * SECOND


@pytest.mark.parametrize("method", ["PUT", "POST", "DELETE", "PATCH"])
def test_a_link_is_for_reading(wire: Wire, link: str, method: str) -> None:
    assert wire.ask(method, link).status == 405


@pytest.mark.parametrize(
    ("pattern", "instead"),
    [
        ("/123456789012/", "/210987654321/"),
        ("/us-east-1/", "/us-east-2/"),
        (r"/([0-9a-f]{24})/", "/000000000000000000000000/"),
        (r"sha256:[0-9a-f]{64}", digest_of(b"{}")),
        (r"expires=[0-9]", "expires=9"),
        (r"expires=[0-9]*", "expires="),
        (r"expires=[0-9]*", "expires=-1"),
        (r"expires=([0-9]*)", r"expires=0\1"),
        (r"expires=[0-9]*&", ""),
        (r"&caller=[^&]*", ""),
        (r"caller=[^&]*", "caller="),
        (r"caller=[0-9]{12}", "caller=210987654321"),
        (r"(caller=[0-9]{12}\.)[A-Z0-9]*", r"\1AKIAIOSFODNN7EXAMPLE"),
        (r"(caller=[^&]{20})", r"\1|"),
        (r"signature=.", "signature="),
        (r"signature=.*", "signature="),
        (r"&signature=.*", ""),
        (r"signature=[^.]*", "signature=other"),
        (r".$", "x"),
        (r"$", "0"),
        (r"$", "%00"),
        (r"$", "%C3%A9"),
    ],
)
def test_an_altered_link_is_denied(wire: Wire, link: str, pattern: str, instead: str) -> None:
    altered = re.sub(pattern, instead, link, count=1)
    answer = wire.ask("GET", altered)
    assert altered == link or (answer.status, code_of(answer)) == (403, "DENIED")


@pytest.mark.parametrize(
    "path", ["/layers/", "/layers/x", "/layers/../healthz", "/layers/123456789012/us-east-1/ab/sha256:0"]
)
def test_what_is_no_link_is_denied(wire: Wire, path: str) -> None:
    assert wire.ask("GET", path).status == 403


def test_a_parameter_that_stands_twice_is_refused(wire: Wire, link: str) -> None:
    assert wire.ask("GET", f"{link}&expires=9999999999999999").status == 400


def test_an_expired_link_is_denied(wire: Wire, link: str, server: RunningServer) -> None:
    answer = wire.ask("GET", sign_link(server, replace(parts_of(link), expires_at=now() - SECOND)))
    assert (answer.status, code_of(answer)) == (403, "DENIED")


def test_a_link_that_was_signed_for_later_is_good(wire: Wire, link: str, server: RunningServer) -> None:
    later = replace(parts_of(link), expires_at=now() + 60 * SECOND)
    assert wire.ask("GET", sign_link(server, later)).status == 200


def test_when_the_repository_is_deleted_its_links_lead_nowhere(
    wire: Wire, link: str, ecr: BaseClient, repository: str
) -> None:
    ecr.delete_repository(repositoryName=repository, force=True)
    assert wire.ask("GET", link).status == 404


def test_when_the_image_is_deleted_its_links_lead_nowhere(registry: Registry, link: str, repository: str) -> None:
    registry.ask("DELETE", f"{repository}/manifests/v1")
    assert registry.wire.ask("GET", link).status == 404


def test_there_is_no_link_to_what_no_image_refers_to(registry: Registry, ecr: BaseClient, repository: str) -> None:
    digest = registry.put_blob(repository, LAYER)
    with pytest.raises(ecr.exceptions.LayerInaccessibleException):
        ecr.get_download_url_for_layer(repositoryName=repository, layerDigest=digest)


def test_there_is_no_link_to_what_is_not_there(ecr: BaseClient, repository: str) -> None:
    with pytest.raises(ecr.exceptions.LayersNotFoundException):
        ecr.get_download_url_for_layer(repositoryName=repository, layerDigest=digest_of(LAYER))


# Whose a link is.


@dataclass(frozen=True, slots=True)
class Held:
    """A link that somebody asked for and anybody holds, and connections to every worker, each of which followed it."""

    key: Key
    link: str
    wires: list[Wire]

    def seen(self) -> set[tuple[int, bytes]]:
        """Follow the link on each connection."""
        answers = [wire.ask("GET", self.link) for wire in self.wires]
        return {(answer.status, answer.body if answer.status == 200 else b"") for answer in answers}


def ask_for_link(api: Api, repository: str, registry: str = "123456789012") -> str:
    asked = {"registryId": registry, "repositoryName": repository, "layerDigest": digest_of(LAYER)}
    url = str(json.loads(api.call("GetDownloadUrlForLayer", asked).body)["downloadUrl"])
    return "/" + url.split("/", 3)[3]


@pytest.fixture
def held(registry: Registry, people: People, repository: str, wires: list[Wire]) -> Held:
    registry.push(repository, "v1", LAYER)
    key = people.new(EVERYTHING)
    held = Held(key, ask_for_link(key.api(wires[0]), repository), wires)
    assert held.seen() == {(200, LAYER)}
    return held


def test_a_link_ends_with_the_key_that_asked_for_it(held: Held, people: People) -> None:
    people.iam.update_access_key(UserName=held.key.name, AccessKeyId=held.key.id, Status="Inactive")
    assert held.seen() == {(403, b"")}
    people.iam.update_access_key(UserName=held.key.name, AccessKeyId=held.key.id, Status="Active")
    assert held.seen() == {(200, LAYER)}


def test_a_link_ends_with_its_user(held: Held, people: People) -> None:
    people.remove(held.key)
    assert held.seen() == {(403, b"")}


def test_a_link_ends_when_its_user_may_not_have_the_layer_any_more(held: Held, people: People) -> None:
    people.give(held.key.name, everything_but("ecr:GetDownloadUrlForLayer"))
    assert held.seen() == {(403, b"")}
    people.give(held.key.name, EVERYTHING)
    assert held.seen() == {(200, LAYER)}


def test_a_link_ends_when_the_repository_denies_the_layer(held: Held, ecr: BaseClient, repository: str) -> None:
    deny = {"Effect": "Deny", "Principal": "*", "Action": "ecr:GetDownloadUrlForLayer"}
    ecr.set_repository_policy(
        repositoryName=repository, policyText=json.dumps({"Version": "2012-10-17", "Statement": [deny]})
    )
    assert held.seen() == {(403, b"")}


def test_who_follows_a_link_in_vain_is_not_told_whose_it_is(held: Held, people: People) -> None:
    people.give(held.key.name, everything_but("ecr:GetDownloadUrlForLayer"))
    assert held.key.name not in held.wires[0].ask("GET", held.link).text


def test_a_link_ends_with_the_machine_whose_session_asked_for_it(
    registry: Registry, registrar: Registrar, people: People, repository: str, wires: list[Wire]
) -> None:
    registry.push(repository, "v1", LAYER)
    machine = registrar.machine(new_role(people, EVERYTHING))
    key = machine.credentials(wires[0])
    held = Held(key, ask_for_link(key.api(wires[0]), repository), wires)
    assert held.seen() == {(200, LAYER)}
    registrar.own("RevokeInstance", instanceId=machine.id)
    assert held.seen() == {(403, b"")}


def test_a_link_ends_with_its_session(
    registry: Registry, people: People, server: RunningServer, repository: str, wire: Wire
) -> None:
    registry.push(repository, "v1", LAYER)
    answer = people.new(EVERYTHING).api(wire).query("sts.GetSessionToken", {"DurationSeconds": "900"})
    link = ask_for_link(read_session(answer, server).api(wire), repository)
    assert wire.ask("GET", link).status == 200
    assert parts_of(link).expires_at - now() <= 900 * SECOND


def test_a_link_of_another_account_ends_with_the_grant(
    registry: Registry, stranger: Key, ecr: BaseClient, repository: str, wires: list[Wire]
) -> None:
    registry.push(repository, "v1", LAYER)
    allow = {"Effect": "Allow", "Principal": {"AWS": OTHER_ACCOUNT}, "Action": "ecr:GetDownloadUrlForLayer"}
    ecr.set_repository_policy(
        repositoryName=repository, policyText=json.dumps({"Version": "2012-10-17", "Statement": [allow]})
    )
    held = Held(stranger, ask_for_link(stranger.api(wires[0]), repository), wires)
    assert held.seen() == {(200, LAYER)}
    ecr.delete_repository_policy(repositoryName=repository)
    assert held.seen() == {(403, b"")}


def test_the_mark_of_another_secret_is_refused(wire: Wire, link: str, server: RunningServer) -> None:
    """So ends a link whose key id was kept when its secret was replaced."""
    known = parts_of(link)
    other = replace(known, caller=replace(known.caller, key_mark="0" * 24))
    assert wire.ask("GET", sign_link(server, other)).status == 403
