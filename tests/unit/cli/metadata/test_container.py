"""The container credentials endpoint: nothing without the authorization token."""

import asyncio
import json

import pytest

from moorage.cli.metadata.container import PATH, ContainerCredentials
from moorage.cli.metadata.message import Response
from unit.cli.metadata.given import AWAY, KEY, REFUSED, Answer, Given, credentials, request

TOKEN = "the-authorization-token"  # noqa: S105 - an example


def ask(
    *answers: Answer, path: str = PATH, method: str = "GET", token: str | None = TOKEN
) -> tuple[Response, dict[str, str]]:
    given = Given(list(answers or (credentials(),)))
    headers = {} if token is None else {"authorization": token}
    told = asyncio.run(
        ContainerCredentials(given.rotation, lambda: KEY, TOKEN).answer(request(path, method, **headers))
    )
    return told, json.loads(told.body)


def test_credentials_are_as_ecs_writes_them() -> None:
    told, document = ask()
    assert (told.status, told.content_type, document) == (
        200,
        "application/json",
        {
            "AccessKeyId": "ASIAFIRST",
            "SecretAccessKey": "session-secret",
            "Token": "session-token",
            "Expiration": "2026-11-24T13:00:00Z",
            "RoleArn": "arn:aws:iam::123456789012:role/builder",
            "AccountId": "123456789012",
        },
    )


@pytest.mark.parametrize("token", [None, "", TOKEN[:-1], f"{TOKEN}x", f"Bearer {TOKEN}", TOKEN.upper(), "\xe9"])
@pytest.mark.parametrize("path", [PATH, "/elsewhere"])
def test_without_the_token_nothing_is_told(token: str | None, path: str) -> None:
    told, document = ask(path=path, token=token)
    assert (told.status, document["code"]) == (401, "Unauthorized")


@pytest.mark.parametrize(("path", "method", "status"), [("/v1/other", "GET", 404), (PATH, "POST", 405)])
def test_one_path_is_got(path: str, method: str, status: int) -> None:
    assert ask(path=path, method=method)[0].status == status


def test_a_refusal_is_told_in_the_servers_words() -> None:
    told, document = ask(REFUSED)
    expected = {"code": "AccessDeniedException", "message": "the machine is revoked"}
    assert (told.status, document) == (404, expected)


def test_a_server_that_is_away_is_one_to_ask_again() -> None:
    assert ask(AWAY)[0].status == 503
