"""Narrow tokens as people use them: made and ended by the command line, used by docker and skopeo."""

from pathlib import Path

import pytest

from support import clients
from support.aws import AwsCli, User, create_user
from support.clients import Client, Finished, clean_environment, refused, run
from support.docker import Dockerd, load
from support.images import Samples
from support.repository import Repository
from support.server import MOORAGE, RunningServer

PUSHER = {"Version": "2012-10-17", "Statement": {"Effect": "Allow", "Action": "ecr:*", "Resource": "*"}}


@pytest.fixture(scope="module")
def pusher(aws: AwsCli, server: RunningServer, tmp_path_factory: pytest.TempPathFactory) -> User:
    return create_user(aws, server, "token-maker", PUSHER, tmp_path_factory.mktemp("token-maker"))


class Tokens:
    """``moorage token`` as somebody with keys in the environment runs it, on the server's machine or elsewhere."""

    def __init__(self, server: RunningServer, aws: AwsCli | None) -> None:
        home = server.data.parent
        given = (
            {}
            if aws is None
            else {name: aws.client.environment[name] for name in aws.client.environment if name.startswith("AWS_")}
        )
        self._server, self._env = server, clean_environment(home) | given

    def _command(self, *args: str, near: bool = True) -> tuple[str | Path, ...]:
        where = ("--data", str(self._server.data)) if near else ("--endpoint-url", self._server.url)
        return (MOORAGE, "token", args[0], *where, *args[1:])

    def run(self, *args: str, near: bool = True) -> str:
        told = run(self._command(*args, near=near), env=self._env).stdout.strip()
        if args[0] == "create":
            self._server.secret(next((line[9:] for line in told.splitlines() if line.startswith("password ")), told))
        return told

    def refused(self, *args: str) -> Finished:
        return refused(self._command(*args), env=self._env)


@pytest.fixture
def pushed(skopeo: Client, images: Samples, repository: Repository) -> Repository:
    """Give a repository with an image."""
    skopeo.run("copy", "--dest-tls-verify=false", images.scratch.source, f"docker://{repository.at('v1')}")
    return repository


def login(client: Client, registry: str, password: str, *more: str) -> None:
    client.run("login", *more, "--username", "AWS", "--password-stdin", registry, stdin=password)


def test_skopeo_pulls_with_a_token_and_may_not_push(
    server: RunningServer, pusher: User, images: Samples, pushed: Repository, tmp_path: Path
) -> None:
    repository = pushed
    tokens = Tokens(server, pusher.aws)
    password = tokens.run("create", "-q", "--ttl", "15m", "--repository", repository.name, "--actions", "pull")
    narrow = clients.skopeo(tmp_path)
    login(narrow, repository.registry, password, "--tls-verify=false")
    source = f"docker://{repository.at('v1')}"
    narrow.run("copy", "--src-tls-verify=false", source, f"dir:{tmp_path / 'pulled'}")
    push = narrow.refused("copy", "--dest-tls-verify=false", images.scratch.source, f"docker://{repository.at('v2')}")
    assert "is not authorized to perform" in push.stderr
    token_id, _, maker, actions, names = tokens.run("list").split("\t")
    assert (maker.endswith(":user/token-maker"), "ecr:BatchGetImage" in actions) == (True, True)
    assert names.endswith(f":repository/{repository.name}")
    assert tokens.run("revoke", token_id) == f"token {token_id} is revoked"
    gone = narrow.refused("copy", "--src-tls-verify=false", source, f"dir:{tmp_path / 'again'}")
    assert "unauthorized" in gone.stderr.lower() or "authentication required" in gone.stderr.lower()
    assert tokens.run("list") == ""


def test_docker_pushes_and_pulls_with_a_token_for_a_folder_of_repositories(
    server: RunningServer, pusher: User, dockerd26: Dockerd, images: Samples, repository: Repository
) -> None:
    pattern = f"{repository.name.rpartition('/')[0]}/*"
    told = Tokens(server, pusher.aws).run("create", "--repository", pattern, "--actions", "pull,push", near=False)
    lines = dict(line.split(" ", 1) for line in told.splitlines())
    assert (lines["user"], lines["registry"]) == ("AWS", repository.registry)
    docker = dockerd26.client("narrow")
    login(docker, repository.registry, lines["password"])
    load(docker, images.scratch, repository.at("v1"))
    docker.run("push", repository.at("v1"))
    docker.run("rmi", repository.at("v1"))
    docker.run("pull", repository.at("v1"))


@pytest.mark.parametrize(
    ("args", "words"),
    [
        (("create", "--repository", "team/app", "--actions", "all"), "enum value set"),
        (("create", "--repository", "Team", "--actions", "pull"), "a repository's name"),
        (("create", "--repository", "team/app", "--actions", "pull", "--ttl", "13h"), "between 60 and 43200"),
        (("create", "--repository", "team/app", "--actions", "pull", "--ttl", "soon"), "is no time"),
        (("revoke", "MTKNAAAAAAAAAAAAAAAA"), "cannot be found"),
    ],
)
def test_wrong_use_is_told_in_one_sentence(server: RunningServer, args: tuple[str, ...], words: str) -> None:
    done = Tokens(server, None).refused(*args)
    assert (done.code, done.stdout, done.stderr.count("\n")) == (1, "", 1)
    assert words in done.stderr


def test_a_reader_makes_tokens_and_does_not_see_those_of_others(server: RunningServer, reader: User) -> None:
    tokens = Tokens(server, reader.aws)
    assert tokens.run("create", "-q", "--repository", "*", "--actions", "pull,push")
    assert "moorage:ListTokens" in tokens.refused("list", "--all").stderr
    assert ":user/reader\t" in Tokens(server, None).run("list", "--all")
