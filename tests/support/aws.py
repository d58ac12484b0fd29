"""The AWS command line, and users made with it."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from support.clients import AWS, Client, Finished, clean_environment
from support.server import RunningServer

PULL_ONLY = {
    "Version": "2012-10-17",
    "Statement": [
        {
            "Effect": "Allow",
            "Action": [
                "ecr:GetAuthorizationToken",
                "ecr:BatchCheckLayerAvailability",
                "ecr:BatchGetImage",
                "ecr:GetDownloadUrlForLayer",
            ],
            "Resource": "*",
        }
    ],
}


@dataclass(frozen=True, slots=True)
class AwsCli:
    """The real AWS CLI with somebody's keys."""

    client: Client

    @classmethod
    def of(cls, home: Path, environment: Mapping[str, str]) -> Self:
        # The files it would otherwise read are the machine's, and must not decide anything.
        files = {
            "AWS_CONFIG_FILE": str(home / "config"),
            "AWS_SHARED_CREDENTIALS_FILE": str(home / "credentials"),
            "AWS_PAGER": "",
            "AWS_MAX_ATTEMPTS": "1",
        }
        return cls(Client(AWS, clean_environment(home, **files, **environment)))

    def run(self, *args: str | Path) -> Finished:
        return self.client.run(*args, "--output", "json")

    def refused(self, *args: str | Path) -> Finished:
        return self.client.refused(*args, "--output", "json")

    def ask(self, query: str, *args: str | Path) -> object:
        """Return the part of the answer that a JMESPath query picks."""
        answer: object = json.loads(self.run(*args, "--query", query).stdout)
        return answer

    def listed(self, query: str, *args: str | Path) -> list[str]:
        """Return what a query picks when that is a list of texts."""
        answer = self.ask(query, *args)
        assert isinstance(answer, list)
        return [str(item) for item in answer]

    def login_password(self) -> str:
        return self.client.run("ecr", "get-login-password").stdout.strip()


@dataclass(frozen=True, slots=True)
class User:
    """A user of the account with keys of its own."""

    name: str
    aws: AwsCli


def create_user(root: AwsCli, server: RunningServer, name: str, policy: Mapping[str, object], home: Path) -> User:
    """Make a user with an inline policy and a key, the way an administrator does it."""
    root.run("iam", "create-user", "--user-name", name)
    root.run(
        *("iam", "put-user-policy", "--user-name", name),
        *("--policy-name", "what-it-may-do", "--policy-document", json.dumps(policy)),
    )
    create_key = ("iam", "create-access-key", "--user-name", name)
    key_id, secret = root.listed("AccessKey.[AccessKeyId, SecretAccessKey]", *create_key)
    own = {"AWS_ACCESS_KEY_ID": key_id, "AWS_SECRET_ACCESS_KEY": server.secret(secret)}
    return User(name, AwsCli.of(home, server.environment() | own))
