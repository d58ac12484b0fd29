"""Hosts as machines: registered, joined, and with their role's credentials, all by hand."""

import itertools
import json
from collections.abc import Mapping
from dataclasses import dataclass, field

from moorage.cli import machinecalls
from moorage.cli.machinekey import MachineKey
from protocol.api import CONTENT_TYPE, OWN, Api
from protocol.people import Key, People, Policy, policy, statement
from support.server import RunningServer
from support.wire import Answer, Wire

EC2 = {"Service": "ec2.amazonaws.com"}
PULL = policy(statement("Allow", ["ecr:GetAuthorizationToken", "ecr:BatchGetImage", "ecr:ListImages"]))
DENIED, UNKNOWN = "AccessDeniedException", "UnrecognizedClientException"
_NUMBERS = itertools.count(1)


def trust(principal: object = EC2, **more: object) -> str:
    entry = {"Effect": "Allow", "Principal": principal, "Action": "sts:AssumeRole"} | more
    return json.dumps({"Version": "2012-10-17", "Statement": [entry]})


def new_role(people: People, what: Policy = PULL, document: str | None = None, path: str = "/") -> str:
    name = f"machine-role-{next(_NUMBERS)}"
    people.iam.create_role(RoleName=name, Path=path, AssumeRolePolicyDocument=document or trust())
    people.iam.put_role_policy(RoleName=name, PolicyName="own", PolicyDocument=json.dumps(what))
    return name


def delete_role(people: People, name: str) -> None:
    people.iam.delete_role_policy(RoleName=name, PolicyName="own")
    people.iam.delete_role(RoleName=name)


def unsigned(wire: Wire, operation: str, members: object) -> Answer:
    headers = (("host", wire.host), ("content-type", CONTENT_TYPE), ("x-amz-target", f"{OWN}.{operation}"))
    return Api(wire, "", "").deliver(headers, json.dumps(members).encode())


def join(wire: Wire, token: str) -> Answer:
    return unsigned(wire, "JoinInstance", {"joinToken": token})


@dataclass(frozen=True, slots=True)
class Machine:
    """A host that joined."""

    id: str
    key: Key
    server: RunningServer

    def api(self, wire: Wire) -> Api:
        return self.key.api(wire)

    def ask(self, wire: Wire) -> Answer:
        return self.api(wire).call("GetInstanceCredentials", prefix=OWN)

    def credentials(self, wire: Wire) -> Key:
        told = json.loads(self.ask(wire).body)
        secret, token = self.server.secret(told["secretAccessKey"]), self.server.secret(told["sessionToken"])
        return Key(told["accessKeyId"], secret, told["roleName"], token)

    def fetch(self) -> machinecalls.InstanceCredentials:
        """Ask as the command line on the host does."""
        key = MachineKey(self.server.url, self.server.account_id, "us-east-1", self.id, self.key.id, self.key.secret)
        return machinecalls.fetch(key)


@dataclass(frozen=True, slots=True)
class Registrar:
    """Who registers machines; the root unless told."""

    wire: Wire
    server: RunningServer
    key: Key = field(repr=False)

    def own(self, operation: str, **members: object) -> Answer:
        return self.key.api(self.wire).call(operation, members, prefix=OWN)

    def register(self, role: str, **members: object) -> tuple[str, str]:
        """Give a machine's id and its join token."""
        answer = self.own("RegisterInstance", roleName=role, **members)
        assert answer.status == 200, answer.text
        told = json.loads(answer.body)
        return told["instance"]["instanceId"], self.server.secret(told["joinToken"])

    def machine(self, role: str) -> Machine:
        return self.joined(self.register(role)[1])

    def joined(self, token: str) -> Machine:
        return read_machine(join(self.wire, token), self.server)

    def instances(self) -> list[Mapping[str, object]]:
        found: list[Mapping[str, object]] = []
        asked: dict[str, object] = {}
        while True:
            told = json.loads(self.own("ListInstances", **asked).body)
            found += told["instances"]
            if "nextToken" not in told:
                return found
            asked["nextToken"] = told["nextToken"]

    def state_of(self, machine_id: str) -> object:
        (state,) = {one["state"] for one in self.instances() if one["instanceId"] == machine_id}
        return state


def read_machine(answer: Answer, server: RunningServer) -> Machine:
    assert answer.status == 200, answer.text
    told = json.loads(answer.body)
    return Machine(told["instanceId"], Key(told["keyId"], server.secret(told["secret"])), server)
