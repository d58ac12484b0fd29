"""AWS JSON calls signed by hand, so that each part of one can be wrong."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import urlencode

from moorage.sigv4.head import Head
from moorage.sigv4.sign import Signer, sign
from support.wire import Answer, Headers, Wire

ECR = "AmazonEC2ContainerRegistry_V20150921"
OWN = "Moorage_20261123"
FORM = "application/x-www-form-urlencoded; charset=utf-8"
VERSIONS = {"iam": "2010-05-08", "sts": "2011-06-15"}
CONTENT_TYPE = "application/x-amz-json-1.1"


@dataclass(frozen=True, slots=True)
class Api:
    """ECR's API as the holder of a key calls it, on one connection."""

    wire: Wire
    access_key_id: str
    secret: str = field(repr=False)
    region: str = "us-east-1"
    service: str = "ecr"
    session_token: str | None = field(default=None, repr=False)

    def call(self, operation: str, members: Mapping[str, object] | None = None, *, prefix: str = ECR) -> Answer:
        return self.send(operation, json.dumps(members or {}).encode(), prefix=prefix)

    def list(self, operation: str, members: Mapping[str, object], member: str) -> Sequence[Any]:
        """Read a list page by page, as its tokens lead."""
        found: list[Any] = []
        token: object = None
        while True:
            answer = self.call(operation, members if token is None else {**members, "nextToken": token})
            page = answer.read(member)
            assert isinstance(page, list), answer.text
            found += page
            token = answer.read("nextToken")
            if token is None:
                return found

    def send(self, operation: str, body: bytes, *, prefix: str = ECR) -> Answer:
        """Send any bytes as an operation's input."""
        caller = replace(self, service="moorage") if prefix == OWN else self
        return self.deliver(caller.signed(f"{prefix}.{operation}", body), body)

    def signed(
        self,
        target: str,
        body: bytes,
        *,
        late: timedelta = timedelta(),
        more: Headers = (),
    ) -> Headers:
        """Give the headers of a signed call; ``late`` shifts the time at which it says it was signed."""
        signer = Signer(self.access_key_id, self.secret, self.region, self.service, self.session_token)
        host = next((value for name, value in more if name == "host"), self.wire.host)
        rest = tuple(one for one in more if one[0] != "host")
        head = Head("POST", "/", "", (("host", host), ("content-type", CONTENT_TYPE), ("x-amz-target", target), *rest))
        return (*head.headers, *sign(head, signer, at=datetime.now(UTC) + late, body=body))

    def query(self, action: str, parameters: Mapping[str, str]) -> Answer:
        """Call IAM or STS; ``action`` is ``iam.CreateUser``."""
        service, _, name = action.partition(".")
        form = {"Action": name, "Version": VERSIONS[service]} | dict(parameters)
        body = urlencode(form).encode()
        head = Head("POST", "/", "", (("host", self.wire.host), ("content-type", FORM)))
        signer = Signer(self.access_key_id, self.secret, self.region, service, self.session_token)
        return self.deliver((*head.headers, *sign(head, signer, at=datetime.now(UTC), body=body)), body)

    def deliver(self, headers: Headers, body: bytes, *, target: str = "/") -> Answer:
        """Send a call with exactly these headers."""
        lines = [f"POST {target} HTTP/1.1", *(f"{name}: {value}" for name, value in headers)]
        lines += [f"content-length: {len(body)}", "", ""]
        self.wire.send("\r\n".join(lines).encode("latin-1") + body)
        return self.wire.receive("POST")


def code_of(answer: Answer) -> str:
    return str(answer.read("__type"))


def message_of(answer: Answer) -> str:
    return str(answer.read("message"))
