"""``moorage credential-provider``: the kubelet's exec protocol for credentials of images, version v1.

The kubelet writes a request to standard input and reads a response from standard output. The credentials with which
the password is asked for are the machine's where its key is named, else the service account's token where the request
has one, else those of the environment.
Standard error ends in the kubelet's log: neither a token nor a secret may come to stand there.
"""

import json
import os
import re
import sys
import time
from base64 import b64decode
from binascii import Error as NotBase64
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final
from urllib.parse import urlencode
from xml.sax.saxutils import unescape

import click

from moorage.cli.call import Credentials, Server, call_server, send
from moorage.cli.exchange import Question
from moorage.cli.machinekey import default_path
from moorage.cli.machinepassword import ECR, ask_as_machine
from moorage.cli.plainly import insecure_option, private_server
from moorage.cli.refused import Refused, one_line
from moorage.domain.addresses import read_host, split_port

_VERSION: Final = "credentialprovider.kubelet.k8s.io/v1"
_REQUEST, _RESPONSE = "CredentialProviderRequest", "CredentialProviderResponse"
_LONGEST: Final = 1024 * 1024
_ROLE: Final = "eks.amazonaws.com/role-arn"  # the annotation by which a service account names its role
_SESSION: Final = "kubelet"
_OK: Final = 200
_REASON: Final = 4096
_QUOTES: Final = {"&quot;": '"', "&apos;": "'", "&#39;": "'", "&#34;": '"'}


@dataclass(frozen=True, slots=True)
class Asked:
    """What the kubelet asks for."""

    host: str
    token: str | None = field(repr=False)
    annotations: Mapping[str, str]


@click.command("credential-provider")
@click.option("--endpoint-url", metavar="URL", help="The server's API, in place of the image's own host.")
@click.option("--role-arn", metavar="ARN", help="The role of service accounts that name none.")
@click.option(
    "--machine-key",
    metavar="[FILE]",
    is_flag=False,
    flag_value="",
    help="Ask as this machine, by the key that `instance join` wrote; without FILE, the usual one.",
)
@insecure_option
def credential_provider(
    *, endpoint_url: str | None, role_arn: str | None, machine_key: str | None, allow_insecure: bool
) -> None:
    """Read a CredentialProviderRequest from standard input and write the response for its image."""
    asked = read_request(sys.stdin.buffer.read(_LONGEST + 1))
    if machine_key is None:
        told = _ask(asked, endpoint_url, role_arn, allow_insecure=allow_insecure)
    elif endpoint_url is not None or role_arn is not None:
        raise Refused("the machine's key says which server and which role: leave --endpoint-url and --role-arn out")
    elif asked.token is not None:  # a pod does not pull with the rights of its node
        raise Refused("there is a token of a service account: leave tokenAttributes out, or --machine-key")
    else:
        key_file = Path(machine_key) if machine_key else default_path()
        bundle = os.environ.get("AWS_CA_BUNDLE")
        told = ask_as_machine(asked.host, key_file, bundle, allow_insecure=allow_insecure)
    click.echo(json.dumps(_response(asked.host, told)))


def _ask(asked: Asked, endpoint_url: str | None, role_arn: str | None, *, allow_insecure: bool) -> dict[str, object]:
    """Give what the server answers to the service account, or to whoever the environment says."""
    named = read_host(split_port(asked.host)[0])
    if endpoint_url is None and named.account is None:  # the token and the password go to no host but a registry's
        raise Refused(f"{asked.host} is not named as a registry is, ACCOUNT.dkr.ecr.REGION.…: give --endpoint-url")
    bundle = os.environ.get("AWS_CA_BUNDLE")
    server = private_server(endpoint_url or f"https://{asked.host}", bundle, allow_insecure=allow_insecure)
    region = named.region or os.environ.get("AWS_REGION") or os.environ.get("AWS_DEFAULT_REGION")
    if region is None:
        raise Refused(f"{asked.host} names no region: set AWS_REGION")
    caller = _caller(server, asked, role_arn)
    return call_server(server, caller, region, "GetAuthorizationToken", {}, service=ECR)


def read_request(text: bytes) -> Asked:
    """Read what the kubelet wrote; members that are not known are left alone, as the kubelet may learn new ones.

    Raises:
        Refused

    """
    if len(text) > _LONGEST:
        raise Refused("standard input is no CredentialProviderRequest: it is longer than 1 MiB")
    try:
        request = json.loads(text)
    except (ValueError, RecursionError):
        raise Refused("standard input is no CredentialProviderRequest: it is not JSON") from None
    if not isinstance(request, dict) or request.get("kind") != _REQUEST:
        raise Refused(f"standard input is no {_REQUEST}")
    if request.get("apiVersion") != _VERSION:
        raise Refused(f"only apiVersion {_VERSION} is spoken, not {one_line(str(request.get('apiVersion')))}")
    return Asked(_host_of(request.get("image")), _token_of(request), _annotations_of(request))


def _host_of(image: object) -> str:
    """Give the registry's host, with its port, as the image has it: the kubelet compares it with the image."""
    host = image.partition("/")[0] if isinstance(image, str) and "/" in image else ""
    if re.fullmatch(r"[A-Za-z0-9.-]{1,253}(:[0-9]{1,5})?", host) is None or not ({".", ":"} & set(host)):
        raise Refused(f"the image {one_line(json.dumps(image))} names no registry")
    return host


def _token_of(request: Mapping[str, object]) -> str | None:
    """Give the token; a token in a wrong form must not become a password for the node's own keys."""
    token = request.get("serviceAccountToken")
    if token is not None and not isinstance(token, str):
        raise Refused("serviceAccountToken is no text")
    return token or None


def _annotations_of(request: Mapping[str, object]) -> Mapping[str, str]:
    annotations = request.get("serviceAccountAnnotations")
    if annotations is None:
        return {}
    if not isinstance(annotations, dict) or not all(isinstance(value, str) for value in annotations.values()):
        raise Refused("serviceAccountAnnotations are no texts by their names")
    return annotations


def _caller(server: Server, asked: Asked, role_arn: str | None) -> Credentials:
    if asked.token is not None:
        role = asked.annotations.get(_ROLE) or role_arn or os.environ.get("AWS_ROLE_ARN")
        if not role:
            raise Refused(f"there is no role for the service account: annotate it with {_ROLE}, or give --role-arn")
        return _assume(server, role, asked.token)
    key, secret = _variable("AWS_ACCESS_KEY_ID"), _variable("AWS_SECRET_ACCESS_KEY")
    if not key or not secret:
        raise Refused("there are no credentials: set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or tokenAttributes")
    return Credentials(key, secret, _variable("AWS_SESSION_TOKEN") or None)


def _variable(name: str) -> str:
    """Read a credential; one that no header can carry would be shown by the error that says so."""
    value = os.environ.get(name, "")
    if re.fullmatch(r"[!-~]*", value) is None:
        raise Refused(f"{name} holds characters that no credential has")
    return value


def _assume(server: Server, role: str, token: str) -> Credentials:
    """Become a role by the token of a service account."""
    form = {"Action": "AssumeRoleWithWebIdentity", "Version": "2011-06-15", "RoleArn": role}
    body = urlencode(form | {"RoleSessionName": _SESSION, "WebIdentityToken": token}).encode()
    headers = (("host", str(server)), ("content-type", "application/x-www-form-urlencoded"))
    answer = send(server, Question("POST", "/", headers, body))
    text = answer.body.decode("utf-8", "replace")
    if answer.status != _OK:
        why = _element(text, "Message") or "the server gives no reason"
        raise Refused(one_line(f"{_element(text, 'Code') or f'HTTP {answer.status}'}: {why}", _REASON))
    key, secret = _element(text, "AccessKeyId"), _element(text, "SecretAccessKey")
    if not key or not secret:
        raise Refused("the server's answer holds no credentials of the role")
    return Credentials(key, secret, _element(text, "SessionToken") or None)


def _element(text: str, name: str) -> str:
    found = re.search(f"<{name}>([^<]*)</{name}>", text)
    return "" if found is None else unescape(found[1], _QUOTES)


def _response(host: str, told: Mapping[str, object]) -> dict[str, object]:
    """Write the response; the kubelet keeps a password for half of its life, so that none ends while in use."""
    data = told.get("authorizationData")
    first = data[0] if isinstance(data, list) and data else None
    first = first if isinstance(first, dict) else {}
    try:
        user, _, password = b64decode(str(first.get("authorizationToken"))).decode().partition(":")
        seconds = max(0, int((float(str(first.get("expiresAt"))) - time.time()) / 2))
    except (NotBase64, ValueError, OverflowError):
        user, password, seconds = "", "", 0
    if not user or not password:
        raise Refused("the server's answer holds no password")
    return {
        "apiVersion": _VERSION,
        "kind": _RESPONSE,
        "cacheKeyType": "Registry",
        "cacheDuration": f"{seconds}s",
        "auth": {host: {"username": user, "password": password}},
    }
