"""Roles for tests, and whom they trust."""

import json
from collections.abc import Mapping

from unit.edge.awsquery.wire import Client, policy


def trust(principal: object, *actions: str, **conditions: Mapping[str, str]) -> str:
    statement: dict[str, object] = {"Effect": "Allow", "Principal": principal}
    statement["Action"] = list(actions) or "sts:AssumeRole"
    if conditions:
        statement["Condition"] = conditions
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})


def make_role(root: Client, document: str, *actions: str, **members: object) -> None:
    root.call("CreateRole", "iam", RoleName="builder", AssumeRolePolicyDocument=document, **members)
    if actions:
        root.call("PutRolePolicy", RoleName="builder", PolicyName="p", PolicyDocument=policy("Allow", *actions))
