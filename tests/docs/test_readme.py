"""The README's commands, run as a newcomer types them: the real AWS CLI, the real docker, a real server."""

import re
import shlex
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Final

import pytest

from support.clients import AWS, Finished, clean_environment, run
from support.docker import DOCKER_20, Dockerd, load, running
from support.images import layered_image
from support.server import RunningServer

ROOT: Final = Path(__file__).resolve().parents[2]
_SECTION: Final = re.compile(r"^## (?P<title>.+)\n(?P<text>(?:(?!^## ).*\n?)*)", re.MULTILINE)
_BLOCK: Final = re.compile(r"^```sh\n(.*?)^```$", re.MULTILINE | re.DOTALL)


def script_of(title: str) -> str:
    """Return the shell blocks of a section of the README, one after the other."""
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    sections = {found["title"]: found["text"] for found in _SECTION.finditer(text)}
    blocks: list[str] = _BLOCK.findall(sections[title])
    assert blocks, f"the section {title!r} holds no shell block"
    return "".join(blocks)


@pytest.fixture(scope="module")
def dockerd() -> Iterator[Dockerd]:
    with running(DOCKER_20) as daemon:
        yield daemon


@pytest.fixture(scope="module")
def terminal(server: RunningServer, dockerd: Dockerd, tmp_path_factory: pytest.TempPathFactory) -> Mapping[str, str]:
    """Return the environment of a newcomer's terminal: docker has an image, and nothing is said about any registry."""
    folder = tmp_path_factory.mktemp("newcomer")
    docker = dockerd.client("newcomer")
    load(docker, layered_image(folder / "image"), "busybox:latest")
    reached = {name: docker.environment[name] for name in ("DOCKER_HOST", "DOCKER_CONFIG")}
    environment = clean_environment(folder / "home", MOORAGE_DATA=str(server.data), **reached)
    return environment | {"PATH": f"{AWS.parent}:{environment['PATH']}", "AWS_MAX_ATTEMPTS": "1"}


def typed(script: str, terminal: Mapping[str, str]) -> Finished:
    """Run a script in the project's folder; it ends at the first command that fails, at whichever end of a pipe."""
    # Fed as standard input it would be read by the commands in it, so it is an argument.
    moved = f"cd {shlex.quote(str(ROOT))}\nset -eo pipefail\n{script}"
    return run(("/bin/bash", "-c", moved), env=terminal)


@pytest.fixture(scope="module")
def first_steps(terminal: Mapping[str, str]) -> Finished:
    return typed(script_of("First steps"), terminal)


def test_the_first_steps_log_docker_in(first_steps: Finished) -> None:
    assert "Login Succeeded" in first_steps.stdout


def test_the_first_steps_push_and_pull_the_same_image(first_steps: Finished) -> None:
    pushed, pulled = re.findall(r"(?:v1: d|^D)igest: (sha256:[0-9a-f]{64})", first_steps.stdout, re.MULTILINE)
    assert pushed == pulled


def test_the_first_steps_clear_everything_away(first_steps: Finished, server: RunningServer) -> None:
    assert first_steps.code == 0
    names = [one["repositoryName"] for one in server.boto3("ecr").describe_repositories()["repositories"]]
    assert "team/app" not in names


@pytest.fixture(scope="module")
def second_user(first_steps: Finished, server: RunningServer, terminal: Mapping[str, str]) -> Iterator[Finished]:
    """Follow the second section in the terminal of the first; what the user is called is free again afterwards."""
    assert first_steps.code == 0
    yield typed(f". .venv/bin/activate\n{script_of('A second user')}", terminal)
    iam = server.boto3("iam")
    for key in iam.list_access_keys(UserName="ada")["AccessKeyMetadata"]:
        iam.delete_access_key(UserName="ada", AccessKeyId=key["AccessKeyId"])
    iam.delete_user_policy(UserName="ada", PolicyName="pull")
    iam.delete_user(UserName="ada")


def test_a_second_user_is_somebody_else(second_user: Finished, server: RunningServer) -> None:
    assert f'"Arn": "arn:aws:iam::{server.account_id}:user/ada"' in second_user.stdout


def test_a_second_user_is_logged_in(second_user: Finished) -> None:
    assert "Login Succeeded" in second_user.stdout


def test_a_second_user_may_not_push(second_user: Finished, dockerd: Dockerd, server: RunningServer) -> None:
    assert second_user.code == 0
    docker = dockerd.client("newcomer")
    target = f"localhost:{server.port}/team/tools:v1"
    docker.run("tag", "busybox", target)
    assert "not authorized to perform" in docker.refused("push", target).said
