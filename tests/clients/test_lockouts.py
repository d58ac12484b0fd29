"""Out of every lock-out by policy there is a way: the root, whose keys ``moorage account reset-root`` gives anew."""

import json
from collections.abc import Mapping

import pytest
from botocore.exceptions import ClientError

from support.clients import refused, run
from support.fixtures import StartServer
from support.server import MOORAGE, RunningServer

NAME = "team/app"
OTHER = "210987654321"
NOBODY = {"Effect": "Deny", "Principal": "*", "Action": "ecr:*"}


def written(statement: Mapping[str, object]) -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})


def new_root_keys(server: RunningServer, *options: str) -> dict[str, str]:
    """Stop the server, replace the root's keys, and start it again; return what was printed of another account's."""
    server.stop()
    told = run((MOORAGE, "account", "reset-root", *options), env=server.clean_environment()).stdout
    server.restart()
    return keys_in(told) if options else {}


def keys_in(told: str) -> dict[str, str]:
    lines = dict(line.rsplit(" ", 1) for line in told.splitlines())
    return {"access_key_id": lines["access key id"], "secret_access_key": lines["secret access key"]}


@pytest.fixture(params=["the first", "another"])
def locked_out(request: pytest.FixtureRequest, start_server: StartServer) -> tuple[RunningServer, str]:
    """Make an account that has locked everybody out of its repository and its registry, and lost its root keys."""
    server = start_server()
    keys: dict[str, str] = {}
    if request.param == "another":
        keys = keys_in(run((MOORAGE, "account", "create", OTHER), env=server.clean_environment()).stdout)
    ecr = server.boto3("ecr", **keys)
    ecr.create_repository(repositoryName=NAME)
    ecr.set_repository_policy(repositoryName=NAME, policyText=written(NOBODY), force=True)
    ecr.put_registry_policy(policyText=written({**NOBODY, "Resource": "*"}))
    for call in (ecr.list_images, ecr.delete_repository):
        with pytest.raises(ClientError, match="with an explicit deny in a resource-based policy"):
            call(repositoryName=NAME)
    return server, OTHER if keys else ""


def test_new_root_keys_lead_out(locked_out: tuple[RunningServer, str]) -> None:
    server, account = locked_out
    before = server.boto3("ecr")
    keys = new_root_keys(server, *(("--account", account) if account else ()))
    if not account:
        with pytest.raises(ClientError, match="UnrecognizedClientException"):
            before.list_images(repositoryName=NAME)
    ecr = server.boto3("ecr", **keys)
    with pytest.raises(ClientError, match="with an explicit deny in a resource-based policy"):
        ecr.list_images(repositoryName=NAME)
    ecr.delete_registry_policy()
    with pytest.raises(ClientError, match="with an explicit deny in a resource-based policy"):
        ecr.list_images(repositoryName=NAME)
    ecr.delete_repository_policy(repositoryName=NAME)
    assert ecr.list_images(repositoryName=NAME)["imageIds"] == []
    ecr.delete_repository(repositoryName=NAME)


def test_keys_are_not_replaced_under_a_running_server(start_server: StartServer) -> None:
    server = start_server()
    said = refused((MOORAGE, "account", "reset-root"), env=server.clean_environment()).stderr
    assert str(server.pid) in said
    assert server.boto3("sts").get_caller_identity()["Account"] == server.account_id
