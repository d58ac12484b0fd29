"""Permissions as people ask about them: AWS's simulator by the AWS CLI, and ``moorage can`` and ``explain``."""

import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from support.aws import AwsCli, User
from support.clients import FORKY, Client, CommandFailed, Finished, clean_environment, run
from support.images import Samples
from support.repository import Repository
from support.server import MOORAGE, RunningServer
from support.wording import ACCOUNT, REGION

PUSH = "ecr:PutImage"


@pytest.fixture
def app(repository: Repository) -> str:
    return f"arn:aws:ecr:{REGION}:{ACCOUNT}:repository/{repository.name}"


def moorage(server: RunningServer, command: str, *args: str) -> Finished:
    line: tuple[str | Path, ...] = (MOORAGE, command, "--data", str(server.data), *args)
    try:
        return run(line, env=clean_environment(server.data.parent))
    except CommandFailed as failed:
        return failed.finished


def simulated(aws: AwsCli, *args: str) -> Mapping[str, Any]:
    found: Any = aws.ask("EvaluationResults[0]", "iam", *args)
    result: Mapping[str, Any] = found
    return result


def test_the_cli_simulates_a_user(aws: AwsCli, reader: User, app: str) -> None:
    source = ("simulate-principal-policy", "--policy-source-arn", f"arn:aws:iam::{ACCOUNT}:user/{reader.name}")
    allowed = simulated(aws, *source, "--action-names", "ecr:BatchGetImage", "--resource-arns", app)
    (matched,) = allowed["MatchedStatements"]
    assert (allowed["EvalDecision"], matched["SourcePolicyType"]) == ("allowed", "IAM Policy")
    assert matched["SourcePolicyId"].startswith(f"user_{reader.name}_")
    assert matched["StartPosition"]["Line"] == 1
    refused = simulated(aws, *source, "--action-names", PUSH, "--resource-arns", app)
    assert (refused["EvalDecision"], refused["MatchedStatements"]) == ("implicitDeny", [])


def test_the_cli_simulates_a_document(aws: AwsCli) -> None:
    condition = {"DateGreaterThan": {"aws:CurrentTime": "2018-08-16T12:00:00Z"}}
    statement = {"Effect": "Allow", "Action": "dynamodb:*", "Resource": "*", "Condition": condition}
    document = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
    asked = ("simulate-custom-policy", "--policy-input-list", document, "--action-names", "dynamodb:CreateBackup")
    time = "ContextKeyName=aws:CurrentTime,ContextKeyValues=2019-04-25T11:00:00Z,ContextKeyType=date"
    found = simulated(aws, *asked, "--context-entries", time)
    assert (found["EvalDecision"], found["MissingContextValues"]) == ("allowed", [])
    (matched,) = found["MatchedStatements"]
    assert matched["SourcePolicyId"] == "PolicyInputList.1"
    assert (matched["StartPosition"], matched["EndPosition"]) == (
        {"Line": 1, "Column": 41},
        {"Line": 1, "Column": len(document) - 1},
    )
    missing = simulated(aws, *asked)
    assert (missing["EvalDecision"], missing["MissingContextValues"]) == ("implicitDeny", ["aws:CurrentTime"])
    keys = aws.ask("ContextKeyNames", "iam", "get-context-keys-for-custom-policy", "--policy-input-list", document)
    assert keys == ["aws:CurrentTime"]


def test_the_cli_follows_the_simulator_s_pages_and_what_comes_with_a_request(
    aws: AwsCli, reader: User, app: str
) -> None:
    actions = ("ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer", PUSH, "ecr:DeleteRepository")
    source = ("simulate-principal-policy", "--policy-source-arn", f"arn:aws:iam::{ACCOUNT}:user/{reader.name}")
    asked = ("iam", *source, "--action-names", *actions, "--resource-arns", app)
    query = "EvaluationResults[].[EvalActionName,EvalDecision]"
    whole = aws.ask(query, *asked)
    assert whole == [[name, "allowed" if name in actions[:2] else "implicitDeny"] for name in actions]
    assert aws.ask(query, *asked, "--page-size", "1") == whole
    boundary = json.dumps(
        {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": actions[0], "Resource": "*"}]}
    )
    bounded = "EvaluationResults[].PermissionsBoundaryDecisionDetail.AllowedByPermissionsBoundary"
    found = aws.ask(bounded, *asked, "--permissions-boundary-policy-input-list", boundary)
    assert found == [name == actions[0] for name in actions]
    shared = boundary.replace('"Action"', '"Principal": {"AWS": "' + ACCOUNT + '"}, "Action"')
    given = ("--resource-policy", shared, "--resource-owner", f"arn:aws:iam::{ACCOUNT}:root")
    caller = ("--caller-arn", f"arn:aws:iam::{ACCOUNT}:user/{reader.name}")
    assert aws.ask(query, *asked, *given, *caller) == whole
    keys = ("get-context-keys-for-principal-policy", *source[1:])
    assert aws.ask("ContextKeyNames", "iam", *keys) == []


def test_can_answers_in_words_and_by_its_exit_code(server: RunningServer, reader: User, app: str) -> None:
    yes = moorage(server, "can", reader.name, "ecr:BatchGetImage", app)
    assert (yes.code, yes.stdout.splitlines()[0].split(":")[0]) == (0, "allowed")
    assert f"of user {reader.name} allows it" in yes.stdout
    no = moorage(server, "can", reader.name, PUSH, app, "--context", "aws:SourceIp=10.0.0.1")
    assert no.code == 1
    assert f"to allow it: add a statement with Effect Allow, Action {PUSH}, Resource {app}" in no.stdout


@pytest.mark.parametrize("asked", [("nobody-there", PUSH, "*"), ("reader", "PutImage", "*"), ("reader", PUSH, "app")])
@pytest.mark.usefixtures("reader")
def test_can_tells_a_question_that_cannot_be_judged(server: RunningServer, asked: tuple[str, str, str]) -> None:
    done = moorage(server, "can", *asked)
    assert (done.code, done.stdout) == (2, "")
    assert done.stderr.startswith("Error: ")


def test_explain_tells_why_a_push_was_refused(  # noqa: PLR0913, PLR0917 - who pushes what, where
    server: RunningServer, reader: User, repository: Repository, images: Samples, tmp_path: Path, app: str
) -> None:
    """What crane shows of the refusal holds the id, and the id the reasons."""
    crane = Client(FORKY / "bin" / "crane", clean_environment(tmp_path, DOCKER_CONFIG=str(tmp_path / "docker")))
    password = server.secret(reader.aws.login_password())
    crane.run("auth", "login", repository.registry, "--username", "AWS", "--password-stdin", stdin=password)
    shown = crane.refused("push", images.scratch.folder, repository.at("v1")).said
    found = re.search(r"requestId:([0-9a-f-]+)", shown)
    assert found is not None, shown
    told = moorage(server, "explain", found[1])
    assert told.code == 0, told
    assert f"who: arn:aws:iam::{ACCOUNT}:user/{reader.name}" in told.stdout
    assert f"on: {app}" in told.stdout
    assert "why: no policy of" in told.stdout
    assert "to allow it: add a statement with Effect Allow, Action ecr:InitiateLayerUpload" in told.stdout
    listed = moorage(server, "explain")
    assert found[1] in listed.stdout.split()


def test_explain_says_that_it_knows_no_such_denial(server: RunningServer) -> None:
    done = moorage(server, "explain", "11111111-2222-4333-a444-555555555555")
    assert (done.code, "no denial with the id" in done.stderr) == (1, True)
