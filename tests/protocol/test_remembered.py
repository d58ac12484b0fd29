"""What is remembered of one answer is given to nobody whose question was another (security: class I)."""

import random
from collections.abc import Iterator
from dataclasses import dataclass

import pytest
from botocore.client import BaseClient

from protocol.api import OWN, Api
from protocol.people import OTHER_ACCOUNT, Key, People, policy, statement
from protocol.registry import DOCKER_MANIFEST, Registry
from support.images import OCI
from support.layers import digest_of
from support.server import RunningServer
from support.wire import Answer, Wire

NAME, SIBLING = "team/app", "team/other"
HOME, AWAY = "123456789012.dkr.ecr.us-east-1.localhost", f"{OTHER_ACCOUNT}.dkr.ecr.us-east-1.localhost"
FAR = "123456789012.dkr.ecr.eu-west-1.localhost"
LAYERS = {HOME: b"at home", AWAY: b"of the other account", FAR: b"of the other region", SIBLING: b"of the sibling"}
SETTINGS = {
    "MOORAGE_WORKERS": "1",  # so that one memory answers all
    "MOORAGE_REGIONS": "us-east-1,eu-west-1",
    "MOORAGE_HOSTS": "oci.localhost=oci",
}


@dataclass(frozen=True, slots=True)
class Question:
    """A request by somebody, under a host's name, and what it is answered with."""

    who: str
    method: str
    path: str
    headers: tuple[tuple[str, str], ...]
    status: int
    told: str | None  # the digest, or the type of the content


@dataclass(frozen=True, slots=True)
class Ground:
    """One repository's name in two accounts and two regions, with an image ``v1`` of its own in each."""

    passwords: dict[str, str]
    wire: Wire
    manifests: dict[str, bytes]

    def ask(self, question: Question) -> Answer:
        registry = Registry(self.wire, self.passwords[question.who])
        return registry.ask(question.method, question.path, dict(question.headers))


@pytest.fixture(scope="module")
def ground(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Ground]:
    with (
        RunningServer(tmp_path_factory.mktemp("memory") / "data", settings=SETTINGS) as server,
        Wire(server.host) as wire,
    ):
        root = Key(server.access_key_id, server.secret_access_key)
        made = Api(wire, root.id, root.secret).call("CreateAccount", {"accountId": OTHER_ACCOUNT}, prefix=OWN)
        away = Key(str(made.read("accessKeyId")), server.secret(str(made.read("secretAccessKey"))))
        may = statement("Allow", "ecr:*", f"arn:aws:ecr:us-east-1:123456789012:repository/{NAME}")
        user = People(server.boto3("iam"), server).new(policy(may, statement("Allow", "ecr:GetAuthorizationToken")))
        passwords = {
            "root": root.password(server),
            "user": user.password(server),
            "away": away.password(server),
            "far": root.password(server, "eu-west-1"),
        }
        manifests = {}
        for host, (who, key, region) in {
            HOME: ("root", root, "us-east-1"),
            AWAY: ("away", away, "us-east-1"),
            FAR: ("far", root, "eu-west-1"),
        }.items():
            with Wire(server.host) as own:
                own.host = host
                _create(server, key, region, NAME)
                manifests[host] = Registry(own, passwords[who]).push(NAME, "v1", LAYERS[host])
        _create(server, root, "us-east-1", SIBLING)
        manifests[SIBLING] = Registry(wire, passwords["root"]).push(SIBLING, "v1", LAYERS[SIBLING])
        yield Ground(passwords, wire, manifests)


def _create(server: RunningServer, key: Key, region: str, name: str) -> None:
    ecr: BaseClient = server.boto3("ecr", access_key_id=key.id, secret_access_key=key.secret, region=region)
    ecr.create_repository(repositoryName=name)
    ecr.close()


def questions(ground: Ground) -> Iterator[Question]:
    """Ask for the same names and digests in every way that has an answer of its own."""
    owners = {HOME: "root", AWAY: "away", FAR: "far"}
    for host, who in owners.items():
        at = (("Host", host),)
        stored = digest_of(ground.manifests[host])
        for method in ("GET", "HEAD"):
            yield Question(who, method, f"{NAME}/manifests/v1", at, 200, stored)
            accepts = (*at, ("Accept", OCI.manifest))
            yield Question(who, method, f"{NAME}/manifests/v1", accepts, 200, stored)
            docker = (*at, ("Accept", DOCKER_MANIFEST))
            yield Question(who, method, f"{NAME}/manifests/v1", docker, 200, DOCKER_MANIFEST)
            yield Question(who, method, f"{NAME}/manifests/{stored}", docker, 200, stored)
            for other, layer in LAYERS.items():
                mine = other == host
                path, digest = f"{NAME}/blobs/{digest_of(layer)}", digest_of(layer)
                yield Question(who, method, path, at, 200 if mine else 404, digest if mine else None)
                theirs = digest_of(ground.manifests[other])
                path = f"{NAME}/manifests/{theirs}"
                yield Question(who, method, path, at, 200 if mine else 404, theirs if mine else None)
        known = (*at, ("If-None-Match", f'"{stored}"'))
        yield Question(who, "GET", f"{NAME}/manifests/v1", known, 304, None)
        for stranger in {"root", "away", "far", "user"} - {who} - ({"user"} if host == HOME else set()):
            yield Question(stranger, "GET", f"{NAME}/manifests/v1", at, 403, None)
    at = (("Host", HOME),)
    home = digest_of(ground.manifests[HOME])
    yield Question("user", "GET", f"{NAME}/manifests/v1", at, 200, home)
    yield Question("user", "GET", f"{SIBLING}/manifests/v1", at, 403, None)
    yield Question("root", "GET", f"{SIBLING}/manifests/v1", at, 200, digest_of(ground.manifests[SIBLING]))
    # The profile of a host's name decides what a list without room is answered with.
    yield Question("root", "GET", f"{NAME}/tags/list?n=0", at, 405, None)
    yield Question("root", "GET", f"{NAME}/tags/list?n=0", (("Host", "oci.localhost"),), 200, None)


def test_every_question_has_its_own_answer_in_whatever_order_it_comes(ground: Ground) -> None:
    asked = list(questions(ground))
    first: dict[Question, bytes] = {}
    for round_ in range(6):
        random.Random(round_).shuffle(asked)  # noqa: S311 - an order that can be had again
        for question in asked * (1 + round_ % 2):
            answer = ground.ask(question)
            assert answer.status == question.status, (question, answer)
            if question.told is not None:
                told = {answer.get("docker-content-digest"), answer.get("content-type")}
                assert question.told in told, (question, answer.headers)
            if question.method == "GET" and question.told is not None:
                assert digest_of(answer.body) == answer.header("docker-content-digest")
            if question.status != 403:  # a refusal has an identifier of its own
                assert first.setdefault(question, answer.body) == answer.body


def test_after_a_tag_moved_nobody_gets_what_was_there(ground: Ground) -> None:
    registry = Registry(ground.wire, ground.passwords["root"])
    at = {"Host": HOME}
    before = digest_of(ground.manifests[HOME])
    for number in range(5):
        body = ground.manifests[HOME] + b" " * (number + 1)
        path = f"{NAME}/manifests/v1"
        assert registry.ask("PUT", path, at | {"Content-Type": OCI.manifest}, body).status == 201
        for who in ("root", "user"):
            for accept in (OCI.manifest, "*/*"):
                told = Registry(ground.wire, ground.passwords[who]).ask("GET", path, at | {"Accept": accept})
                assert (told.body, told.header("docker-content-digest") == before) == (body, False)
        far = Registry(ground.wire, ground.passwords["far"]).ask("GET", path, {"Host": FAR})
        assert far.body == ground.manifests[FAR]
