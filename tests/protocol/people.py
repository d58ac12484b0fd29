"""Who calls: roots of accounts, and users with a policy, made as an administrator makes them."""

import base64
import itertools
import json
from collections.abc import Mapping
from dataclasses import dataclass, field

from botocore.client import BaseClient

from protocol.api import Api
from support.server import RunningServer
from support.wire import Wire

ACCOUNT = "123456789012"
OTHER_ACCOUNT = "210987654321"
_NUMBERS = itertools.count(1)

Policy = Mapping[str, object]


@dataclass(frozen=True, slots=True)
class Key:
    """Somebody's access key."""

    id: str
    secret: str = field(repr=False)
    name: str = "root"
    token: str | None = field(default=None, repr=False)  # of a session

    def api(self, wire: Wire, region: str = "us-east-1") -> Api:
        return Api(wire, self.id, self.secret, region, session_token=self.token)

    def password(self, server: RunningServer, region: str = "us-east-1") -> str:
        """Ask for a password by hand: making a boto3 client takes longer than most tests."""
        with Wire(server.host) as wire:
            token = self.api(wire, region).call("GetAuthorizationToken")
        text = str(token.read("authorizationData.0.authorizationToken"))
        server.secret(text)
        return server.secret(base64.b64decode(text).decode().removeprefix("AWS:"))


def root_of(server: RunningServer) -> Key:
    return Key(server.access_key_id, server.secret_access_key)


def statement(effect: str, actions: str | list[str], resources: str | list[str] = "*") -> dict[str, object]:
    return {"Effect": effect, "Action": actions, "Resource": resources}


def policy(*statements: Mapping[str, object]) -> Policy:
    return {"Version": "2012-10-17", "Statement": list(statements)}


def everything_but(*actions: str) -> Policy:
    return policy(statement("Allow", "*"), statement("Deny", list(actions)))


EVERYTHING = policy(statement("Allow", "*"))


@dataclass(frozen=True, slots=True)
class People:
    """The users of one account, named anew for each test."""

    iam: BaseClient
    server: RunningServer

    def new(self, what: Policy) -> Key:
        name = f"user-{next(_NUMBERS)}"
        self.iam.create_user(UserName=name)
        self.give(name, what)
        made = self.iam.create_access_key(UserName=name)["AccessKey"]
        return Key(made["AccessKeyId"], self.server.secret(made["SecretAccessKey"]), name)

    def give(self, name: str, what: Policy) -> None:
        """Replace what a user may do."""
        self.iam.put_user_policy(UserName=name, PolicyName="own", PolicyDocument=json.dumps(what))

    def remove(self, key: Key) -> None:
        """Delete a user with everything it has."""
        self.iam.delete_access_key(UserName=key.name, AccessKeyId=key.id)
        self.iam.delete_user_policy(UserName=key.name, PolicyName="own")
        self.iam.delete_user(UserName=key.name)
