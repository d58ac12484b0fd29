"""cdk-assets builds an image, asks STS and ECR where it belongs, logs docker in and pushes, told the endpoint alone."""

import json
from pathlib import Path

import pytest

from support.aws import AwsCli
from support.clients import TOOLS, Client
from support.docker import DOCKER_26, Dockerd, build_context
from support.images import GREETING
from support.repository import Repository
from support.server import RunningServer

_PROGRAM = TOOLS / "cdk" / "node_modules" / ".bin" / "cdk-assets"


@pytest.fixture
def cdk_assets(server: RunningServer, dockerd26: Dockerd, tmp_path: Path) -> Client:
    docker = dockerd26.client("cdk").environment
    programs = f"{DOCKER_26.client.parent}:{docker['PATH']}"
    own = {"HOME": str(tmp_path), "PATH": programs, "AWS_CONFIG_FILE": str(tmp_path / "config")}
    return Client(_PROGRAM, {**docker, **server.environment(), **own})


def write_assets(folder: Path, repository: Repository, account: str) -> Path:
    """Write a cloud assembly's manifest with one image in it, as ``cdk synth`` does."""
    build_context(folder / "asset.one", word=GREETING.strip(), run=False)
    destination = {"repositoryName": repository.name, "imageTag": "one", "region": "us-east-1"}
    image = {"source": {"directory": "asset.one"}, "destinations": {f"{account}-us-east-1": destination}}
    document = {"version": "36.0.0", "files": {}, "dockerImages": {"one": image}}
    told = folder / "assets.json"
    told.write_text(json.dumps(document), encoding="utf-8")
    return told


def test_an_image_asset_is_published(
    cdk_assets: Client, aws: AwsCli, server: RunningServer, repository: Repository, tmp_path: Path
) -> None:
    told = write_assets(tmp_path, repository, server.account_id)
    cdk_assets.run("publish", "--path", told)
    tags = aws.ask("imageDetails[].imageTags[]", "ecr", "describe-images", "--repository-name", repository.name)
    assert tags == ["one"]
    again = cdk_assets.run("publish", "--path", told, "--verbose").said
    assert "Found" in again  # what is published already is not built again


def test_a_missing_repository_is_told(cdk_assets: Client, registry: str, server: RunningServer, tmp_path: Path) -> None:
    told = write_assets(tmp_path, Repository(registry, "cdk/nowhere"), server.account_id)
    assert "cdk/nowhere" in cdk_assets.refused("publish", "--path", told).said
