"""A role that trusts an identity provider, and who brings its tokens."""

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import pytest

from support.env import HOME, START, FrozenClock, close_env, configure_account, make_env
from support.oidc import Key, Provider
from unit.edge.awsquery.wire import FORM, HOST, Arrived, Client, Headers, Refused, policy, read

ISSUER = "https://oidc.example.com/cluster"
ADDRESS = ISSUER.removeprefix("https://")
ROLE = f"arn:aws:iam::{HOME}:role/pusher"
NOW = START // 1_000_000
SUBJECT = "system:serviceaccount:build:pusher"
GOOD: Mapping[str, object] = {
    "iss": ISSUER,
    "sub": SUBJECT,
    "aud": "sts.example.com",
    "iat": NOW,
    "nbf": NOW,
    "exp": NOW + 600,
}
KEYS = (Key.rsa(), Key.rsa("k2"), Key.ec())


@contextmanager
def trusting(folder: Path, clock: FrozenClock, provider: Provider) -> Iterator[Client]:
    """Have a server whose role ``pusher`` trusts the provider."""
    env = make_env(folder, clock, provider)
    root = Client(env, configure_account(env, HOME))
    root.call("CreateOpenIDConnectProvider", Url=ISSUER, ClientIDList=["sts.example.com"])
    root.call("CreateRole", RoleName="pusher", AssumeRolePolicyDocument=trust())
    root.call("PutRolePolicy", RoleName="pusher", PolicyName="p", PolicyDocument=policy("Allow", "iam:ListUsers"))
    yield root
    close_env(env)


def trust(subject: str = "system:serviceaccount:build:*", *actions: str) -> str:
    return json.dumps(
        {
            "Version": "2012-10-17",
            "Statement": {
                "Effect": "Allow",
                "Principal": {"Federated": f"arn:aws:iam::{HOME}:oidc-provider/{ADDRESS}"},
                "Action": list(actions) or "sts:AssumeRoleWithWebIdentity",
                "Condition": {
                    "StringEquals": {f"{ADDRESS}:aud": "sts.example.com"},
                    "StringLike": {f"{ADDRESS}:sub": subject},
                },
            },
        }
    )


def bring(root: Client, token: str, **members: str) -> dict[str, Any]:
    """Call as somebody without any key."""
    form = {
        "Action": "AssumeRoleWithWebIdentity",
        "Version": "2011-06-15",
        "RoleArn": ROLE,
        "RoleSessionName": "job-7",
        "WebIdentityToken": token,
        **members,
    }
    body = urlencode(form).encode()
    headers = Headers([("host", HOST), ("content-type", FORM), ("content-length", str(len(body)))])
    return read(root.send(Arrived(headers, body)), "AssumeRoleWithWebIdentity", "sts")


def refused(root: Client, token: str, **members: str) -> Refused:
    with pytest.raises(Refused) as found:
        bring(root, token, **members)
    return found.value
