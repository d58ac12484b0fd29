"""A stand-in for the half of a server that knows machines: it hands out sessions of a role of a real server."""

import json
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from types import TracebackType
from typing import Any, Final, Self

from moorage.cli.machinekey import MachineKey
from support.aws import PULL_ONLY
from support.server import RunningServer

ROLE: Final = "puller"


class Issuer:
    """``revoked`` is whether the machine is told that it is."""

    def __init__(self, server: RunningServer) -> None:
        self.revoked = False
        self._server = server
        self._sts = _maker(server)
        self._http = ThreadingHTTPServer(("127.0.0.1", 0), _handler(self))
        self._thread = Thread(target=self._http.serve_forever, daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.away()

    def away(self) -> None:
        """Take the server off the net."""
        self._http.shutdown()
        self._http.server_close()
        self._thread.join()

    @property
    def key(self) -> MachineKey:
        url = f"http://127.0.0.1:{self._http.server_port}"
        secret = self._server.secret("a-machines-own-secret")
        return MachineKey(url, self._server.account_id, self._server.region, "i-0123456789abcdef0", "MKEXAMPLE", secret)

    def answer(self) -> tuple[int, dict[str, Any]]:
        if self.revoked:
            return 403, {"__type": "AccessDeniedException", "message": "the machine is revoked"}
        role = f"arn:aws:iam::{self._server.account_id}:role/{ROLE}"
        made = self._sts.assume_role(RoleArn=role, RoleSessionName="i-0123456789abcdef0")["Credentials"]
        return 200, {
            "accessKeyId": made["AccessKeyId"],
            "secretAccessKey": self._server.secret(made["SecretAccessKey"]),
            "sessionToken": self._server.secret(made["SessionToken"]),
            "expiration": made["Expiration"].timestamp(),
            "roleName": ROLE,
            "roleArn": role,
            "instanceProfileArn": role.replace(":role/", ":instance-profile/"),
        }


def _maker(server: RunningServer) -> Any:  # noqa: ANN401 - a client of boto3 has no type
    """Make the role, and a user who may become it: the root may not."""
    iam = server.boto3("iam")
    account = {"Effect": "Allow", "Principal": {"AWS": server.account_id}, "Action": "sts:AssumeRole"}
    document = json.dumps({"Version": "2012-10-17", "Statement": [account]})
    iam.create_role(RoleName=ROLE, AssumeRolePolicyDocument=document)
    iam.put_role_policy(RoleName=ROLE, PolicyName="own", PolicyDocument=json.dumps(PULL_ONLY))
    allowed = {"Effect": "Allow", "Action": "sts:AssumeRole", "Resource": "*"}
    iam.create_user(UserName="issuer")
    own = json.dumps({"Version": "2012-10-17", "Statement": [allowed]})
    iam.put_user_policy(UserName="issuer", PolicyName="own", PolicyDocument=own)
    key = iam.create_access_key(UserName="issuer")["AccessKey"]
    secret = server.secret(key["SecretAccessKey"])
    return server.boto3("sts", access_key_id=key["AccessKeyId"], secret_access_key=secret)


def _handler(issuer: Issuer) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            self.rfile.read(int(self.headers["Content-Length"]))
            status, told = issuer.answer()
            body = json.dumps(told).encode()
            self.send_response(status)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the library's name
            del format, args

    return Handler
