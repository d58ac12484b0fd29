"""IAM and STS as a client sees them, without a network: botocore writes, signs and reads, the edge answers."""

import asyncio
import itertools
import json
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any, Self
from unittest.mock import patch
from urllib.parse import urlencode, urlsplit

import pytest
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials
from botocore.parsers import create_parser
from botocore.serialize import create_serializer
from botocore.session import Session

from moorage.domain.names import AccountId
from moorage.edge.awsquery.edge import QueryEdge
from moorage.edge.http.body import Bodies
from moorage.edge.http.request import Origin, Request
from moorage.edge.http.response import Response
from moorage.operations.accounts import NewKey
from moorage.operations.denials import Denied
from moorage.operations.env import Env
from moorage.operations.explain import Told, explain_denial
from unit.operations.tenant import Tenant

HOST = "localhost:5000"
FORM = "application/x-www-form-urlencoded; charset=utf-8"
GLOBAL = "us-east-1"
_SESSION = Session()
_NUMBERS = itertools.count(1)
_MODELS = {service: _SESSION.get_service_model(service) for service in ("iam", "sts")}
_SERIALIZER, _PARSER = create_serializer("query"), create_parser("query")


class Headers:
    """Headers as the server hands them over."""

    def __init__(self, pairs: list[tuple[str, str]]) -> None:
        self._pairs = pairs

    def __contains__(self, key: str) -> bool:
        return any(name == key for name, _ in self._pairs)

    def __len__(self) -> int:
        return len({name for name, _ in self._pairs})

    def get(self, key: str, default: str | None = None) -> str | None:
        return next(iter(self.get_all(key)), default)

    def get_all(self, key: str) -> list[str]:
        return [value for name, value in self._pairs if name == key]

    def items(self) -> list[tuple[str, str]]:
        return self._pairs


@dataclass
class Arrived:
    """A request as the server hands it over: scope and transport in one."""

    headers: Headers
    body: bytes
    query_string: str = ""
    path: str = "/"
    method: str = "POST"
    scheme: str = "http"
    client: str = "127.0.0.1:40000"
    authority: str | None = None
    read: int = 0
    sent: list[object] = field(default_factory=list)

    async def __aiter__(self) -> AsyncIterator[bytes]:
        self.read += 1
        yield self.body
        yield b""

    def response_empty(self, *answer: object) -> None:
        self.sent.append(answer)

    response_bytes = response_file = response_file_range = response_empty

    def request(self) -> Request:
        origin = Origin("localhost", 5000, secure=False, client="127.0.0.1", trusted=True)
        return Request(self, self, origin, f"request-{next(_NUMBERS)}", Bodies())


class Refused(Exception):
    """The edge answered with an error."""

    def __init__(self, code: str, status: int, message: str) -> None:
        super().__init__(f"{code} ({status}): {message}")
        self.code, self.status, self.message = code, status, message


@dataclass(frozen=True)
class Client:
    """Somebody with a key who calls the edge."""

    env: Env
    key: NewKey
    region: str = GLOBAL
    token: str | None = None

    def as_key(self, access_key: Mapping[str, Any]) -> Self:
        """Go on with what CreateAccessKey has answered."""
        return replace(self, token=None, key=NewKey(access_key["AccessKeyId"], access_key["SecretAccessKey"]))

    def arrived(self, service: str, form: Mapping[str, str]) -> Arrived:
        """Write and sign any form."""
        body = urlencode(form).encode()
        aws = AWSRequest("POST", f"http://{HOST}/", data=body, headers={"content-type": FORM})
        now = datetime.fromtimestamp(self.env.clock() // 1_000_000, UTC)
        with patch("botocore.auth.get_current_datetime", return_value=now):
            held = Credentials(self.key.access_key_id, self.key.secret, self.token)
            SigV4Auth(held, service, self.region).add_auth(aws)
        pairs = [("host", HOST), *((name.lower(), value) for name, value in aws.headers.items())]
        return Arrived(Headers([*pairs, ("content-length", str(len(body)))]), body, urlsplit(aws.url).query)

    def send(self, arrived: Arrived) -> Response:
        return asyncio.run(QueryEdge(self.env).answer(arrived.request()))

    def post(self, service: str, form: Mapping[str, str]) -> dict[str, Any]:
        return read(self.send(self.arrived(service, form)))

    def call(self, operation: str, service: str = "iam", **members: object) -> dict[str, Any]:
        """Call an operation as botocore does; an error is raised."""
        model = _MODELS[service].operation_model(operation)
        form: Mapping[str, str] = _SERIALIZER.serialize_to_request(members, model)["body"]
        return read(self.send(self.arrived(service, form)), operation, service)

    def new_user(self, name: str, *actions: str, path: str = "/", resource: str = "*") -> Self:
        """Make a user who may do ``actions`` and no more, and go on as that user."""
        self.call("CreateUser", UserName=name, Path=path)
        if actions:
            document = policy("Allow", *actions, resource=resource)
            self.call("PutUserPolicy", UserName=name, PolicyName="p", PolicyDocument=document)
        return self.as_key(self.call("CreateAccessKey", UserName=name)["AccessKey"])


def explained(root: Client) -> Told:
    """Tell what is kept of the one refusal since the last time, to the root of its account."""
    tenant = Tenant(root.env, AccountId(root.call("GetCallerIdentity", "sts")["Account"]), root.key.access_key_id)
    (noted,) = root.env.denials.take()
    root.env.denials.note(Denied(noted.sentence, noted.question))
    return tenant.run(explain_denial, "", noted.question.request_id).told


def refusal(client: Client, operation: str, service: str = "iam", **members: object) -> Refused:
    """Call an operation that must be refused."""
    with pytest.raises(Refused) as refused:
        client.call(operation, service, **members)
    return refused.value


def policy(effect: str, *actions: str, resource: str = "*") -> str:
    statement = {"Effect": effect, "Action": list(actions), "Resource": resource}
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})


def read(answer: Response, operation: str = "GetUser", service: str = "iam") -> dict[str, Any]:
    """Read an answer as botocore does; of an error it does not matter to which operation."""
    wire = {"status_code": answer.status, "headers": dict(answer.headers), "body": answer.body}
    shape = _MODELS[service].operation_model(operation).output_shape
    parsed: dict[str, Any] = _PARSER.parse(wire, shape)
    if "Error" in parsed:
        raise Refused(parsed["Error"]["Code"], answer.status, parsed["Error"]["Message"])
    return parsed
