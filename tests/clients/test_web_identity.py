"""A build without stored keys: a token of an OIDC provider, plain AWS clients, a push, as GitHub Actions does it."""

import json
import time
from collections.abc import Iterator, Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import boto3
import pytest

from clients.certificates import Certificates
from support import clients
from support.aws import AwsCli
from support.clients import clean_environment
from support.images import Samples
from support.oidc import Key, Provider, served
from support.server import RunningServer

ACCOUNT = "123456789012"
SUBJECT = "repo:octo/app:ref:refs/heads/main"
AUDIENCE = "sts.amazonaws.com"
ROLE = f"arn:aws:iam::{ACCOUNT}:role/builder"
PUSH = [
    "ecr:GetAuthorizationToken",
    "ecr:BatchCheckLayerAvailability",
    "ecr:BatchGetImage",
    "ecr:CompleteLayerUpload",
    "ecr:InitiateLayerUpload",
    "ecr:PutImage",
    "ecr:UploadLayerPart",
]


@dataclass(frozen=True, slots=True)
class House:
    """A server of one worker, the provider that it trusts, and the way to take that one off the net."""

    server: RunningServer
    provider: Provider
    away: ExitStack

    def token(self, key: Key | None = None, **claims: object) -> str:
        now = int(time.time())
        told: Mapping[str, object] = {
            "iss": self.provider.issuer,
            "sub": SUBJECT,
            "aud": AUDIENCE,
            "iat": now,
            "exp": now + 300,
        }
        return self.server.secret(self.provider.token({**told, **claims}, key=key))

    def variables(self, folder: Path, token: str) -> dict[str, str]:
        """Give what a build's environment holds: no key at all."""
        file = folder / "token"
        file.write_text(token, encoding="utf-8")
        served_at = self.server.environment()
        kept = {name: served_at[name] for name in served_at if name.startswith("AWS_ENDPOINT") or "REGION" in name}
        return kept | {
            "AWS_WEB_IDENTITY_TOKEN_FILE": str(file),
            "AWS_ROLE_ARN": ROLE,
            "AWS_ROLE_SESSION_NAME": "build-7",
            "AWS_EC2_METADATA_DISABLED": "true",
        }

    def aws(self, folder: Path, token: str) -> AwsCli:
        folder.mkdir(exist_ok=True)
        return AwsCli.of(folder, self.variables(folder, token))

    def refused(self, folder: Path, token: str) -> str:
        return self.aws(folder, token).refused("sts", "get-caller-identity").stderr


def trust(provider: Provider) -> str:
    address = provider.issuer.removeprefix("https://")
    condition = {
        "StringEquals": {f"{address}:aud": AUDIENCE},
        "StringLike": {f"{address}:sub": "repo:octo/app:*"},
    }
    statement = {
        "Effect": "Allow",
        "Principal": {"Federated": f"arn:aws:iam::{ACCOUNT}:oidc-provider/{address}"},
        "Action": "sts:AssumeRoleWithWebIdentity",
        "Condition": condition,
    }
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})


@pytest.fixture(scope="module")
def certificates(tmp_path_factory: pytest.TempPathFactory) -> Certificates:
    folder = tmp_path_factory.mktemp("provider")
    return Certificates.make(folder, clean_environment(folder))


@pytest.fixture
def away(certificates: Certificates) -> Iterator[tuple[Provider, ExitStack]]:
    with ExitStack() as stack:
        provider = Provider("", keys=[Key.rsa("k1"), Key.ec("k2")])
        port = stack.enter_context(served(provider, certificates.chain, certificates.key))
        provider.issuer = f"https://localhost:{port}"
        yield provider, stack


def start(folder: Path, provider: Provider, stack: ExitStack, settings: Mapping[str, str]) -> RunningServer:
    server = stack.enter_context(RunningServer(folder / "data", settings={"MOORAGE_WORKERS": "1", **settings}))
    iam = server.boto3("iam")
    iam.create_open_id_connect_provider(Url=provider.issuer, ClientIDList=[AUDIENCE])
    iam.create_role(RoleName="builder", AssumeRolePolicyDocument=trust(provider))
    allowed = {"Effect": "Allow", "Action": PUSH, "Resource": "*"}
    document = json.dumps({"Version": "2012-10-17", "Statement": [allowed]})
    iam.put_role_policy(RoleName="builder", PolicyName="push", PolicyDocument=document)
    server.boto3("ecr").create_repository(repositoryName="octo/app")
    return server


@pytest.fixture
def house(tmp_path: Path, away: tuple[Provider, ExitStack], certificates: Certificates) -> Iterator[House]:
    provider, gone = away
    settings = {"MOORAGE_OUTSIDE_NETWORKS": "127.0.0.0/8,::1/128", "MOORAGE_OUTSIDE_CA": str(certificates.authority)}
    with ExitStack() as stack:
        yield House(start(tmp_path, provider, stack, settings), provider, gone)


def test_a_build_pushes_with_a_token_alone(house: House, tmp_path: Path, images: Samples) -> None:
    aws = house.aws(tmp_path / "aws", house.token())
    arn = f"arn:aws:sts::{ACCOUNT}:assumed-role/builder/build-7"
    assert aws.ask("Arn", "sts", "get-caller-identity") == arn
    password = house.server.secret(aws.login_password())
    skopeo = clients.skopeo(tmp_path)
    registry = f"localhost:{house.server.port}"
    login = ("login", "--tls-verify=false", "--username", "AWS", "--password-stdin", registry)
    skopeo.run(*login, stdin=password)
    target = f"docker://{registry}/octo/app:v1"
    skopeo.run("copy", "--dest-tls-verify=false", images.scratch.source, target)
    assert "is not authorized" in skopeo.refused("delete", "--tls-verify=false", target).stderr
    house.server.boto3("iam").delete_role_policy(RoleName="builder", PolicyName="push")
    skopeo.refused("copy", "--dest-tls-verify=false", images.scratch.source, target)


def test_boto3_finds_its_way_by_itself(house: House, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN", "AWS_PROFILE"):
        monkeypatch.delenv(name, raising=False)
    for name, value in house.variables(tmp_path, house.token(key=house.provider.keys[1])).items():
        monkeypatch.setenv(name, value)
    token = boto3.session.Session().client("ecr").get_authorization_token()["authorizationData"][0]
    house.server.secret(token["authorizationToken"])
    assert 3500 < token["expiresAt"].timestamp() - time.time() <= 3600  # a role's session lasts an hour


def test_what_the_trust_policy_and_the_provider_do_not_say_is_refused(house: House, tmp_path: Path) -> None:
    assert house.aws(tmp_path / "good", house.token()).run("sts", "get-caller-identity")
    refused = {
        "sub": house.token(sub="repo:octo/other:ref:refs/heads/main"),
        "prefix": house.token(sub="repo:octo/app"),
        "aud": house.token(aud="somebody.else"),
        "exp": house.token(exp=int(time.time()) - 1),
        "key": house.token(key=Key.rsa("k1")),
    }
    told = {name: house.refused(tmp_path / name, token) for name, token in refused.items()}
    codes = {name: words.partition("(")[2].partition(")")[0] for name, words in told.items()}
    assert codes == {
        "sub": "AccessDenied",
        "prefix": "AccessDenied",
        "aud": "InvalidIdentityToken",
        "exp": "ExpiredTokenException",
        "key": "InvalidIdentityToken",
    }


def test_the_keys_are_asked_for_once_and_are_good_while_the_provider_is_away(house: House, tmp_path: Path) -> None:
    for number in range(3):
        house.aws(tmp_path / str(number), house.token()).run("sts", "get-caller-identity")
    assert house.provider.asked == ["/.well-known/openid-configuration", "/keys"]
    house.away.close()
    assert house.aws(tmp_path / "later", house.token()).run("sts", "get-caller-identity")
    house.server.restart()  # and nothing is remembered
    assert "(IDPCommunicationError)" in house.refused(tmp_path / "gone", house.token())


def test_a_provider_is_called_in_its_own_network_only_where_a_setting_says_so(
    tmp_path: Path, away: tuple[Provider, ExitStack], certificates: Certificates
) -> None:
    provider, gone = away
    with ExitStack() as stack:
        server = start(tmp_path, provider, stack, {"MOORAGE_OUTSIDE_CA": str(certificates.authority)})
        house = House(server, provider, gone)
        assert "(IDPCommunicationError)" in house.refused(tmp_path / "refused", house.token())
    assert provider.asked == []


def test_a_provider_that_leads_elsewhere_is_not_followed(house: House, tmp_path: Path) -> None:
    """The discovery document may name any address: loopback is allowed here, the link-local one is not."""
    for number, address in enumerate(("https://169.254.169.254/keys", "http://localhost/keys", "file:///etc/passwd")):
        document = {"issuer": house.provider.issuer, "jwks_uri": address}
        house.provider.documents["/.well-known/openid-configuration"] = json.dumps(document).encode()
        told = house.refused(tmp_path / f"away-{number}", house.token())
        assert "(IDPCommunicationError)" in told
        assert "root:" not in told
        house.server.restart()  # a provider that failed is left alone for a while
