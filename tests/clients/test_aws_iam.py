"""What an administrator does with ``aws iam``, from the first user to the last rotated key, as one would type it."""

import json
from pathlib import Path

import pytest

from support.aws import AwsCli
from support.server import RunningServer
from support.wording import ACCOUNT

READ_ONLY = "arn:aws:iam::aws:policy/AmazonEC2ContainerRegistryReadOnly"
POWER_USER = "arn:aws:iam::aws:policy/AmazonEC2ContainerRegistryPowerUser"
ISSUER = "token.actions.githubusercontent.com"


def document(*actions: str) -> str:
    statement = {"Effect": "Allow", "Action": list(actions), "Resource": "*"}
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})


def trust(principal: object, action: str = "sts:AssumeRole") -> str:
    return json.dumps(
        {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Principal": principal, "Action": action}]}
    )


def as_user(server: RunningServer, home: Path, key: tuple[str, str], token: str | None = None) -> AwsCli:
    own = {"AWS_ACCESS_KEY_ID": key[0], "AWS_SECRET_ACCESS_KEY": server.secret(key[1])}
    return AwsCli.of(home, server.environment() | own | ({} if token is None else {"AWS_SESSION_TOKEN": token}))


def new_key(aws: AwsCli, name: str) -> tuple[str, str]:
    key_id, secret = aws.listed(
        "AccessKey.[AccessKeyId, SecretAccessKey]", "iam", "create-access-key", "--user-name", name
    )
    return key_id, secret


def test_a_user_in_a_group_within_a_boundary(aws: AwsCli, server: RunningServer, tmp_path: Path) -> None:
    named = ("--user-name", "cli-ada")
    aws.run("iam", "create-user", *named, "--path", "/team/", "--tags", "Key=team,Value=red")
    aws.run("iam", "create-group", "--group-name", "cli-pushers")
    aws.run("iam", "attach-group-policy", "--group-name", "cli-pushers", "--policy-arn", POWER_USER)
    aws.run("iam", "add-user-to-group", "--group-name", "cli-pushers", *named)
    ada = as_user(server, tmp_path, new_key(aws, "cli-ada"))
    assert ada.ask("Arn", "sts", "get-caller-identity") == f"arn:aws:iam::{ACCOUNT}:user/team/cli-ada"
    assert ada.ask("repositories", "ecr", "describe-repositories", "--max-items", "1") is not None
    assert "is not authorized to perform: ecr:CreateRepository" in str(
        ada.refused("ecr", "create-repository", "--repository-name", "cli-nothing").said
    )
    bound = aws.ask(
        "Policy.Arn",
        *("iam", "create-policy", "--policy-name", "cli-bound"),
        *("--policy-document", document("ecr:GetAuthorizationToken")),
    )
    aws.run("iam", "put-user-permissions-boundary", *named, "--permissions-boundary", str(bound))
    refused = ada.refused("ecr", "describe-repositories").said
    assert "because no permissions boundary allows the ecr:DescribeRepositories action" in refused
    assert aws.ask("User.[Path, PermissionsBoundary.PermissionsBoundaryArn]", "iam", "get-user", *named) == [
        "/team/",
        bound,
    ]
    assert aws.ask("Groups[].GroupName", "iam", "list-groups-for-user", *named) == ["cli-pushers"]
    assert aws.ask("Tags", "iam", "list-user-tags", *named) == [{"Key": "team", "Value": "red"}]
    aws.run("iam", "delete-user-permissions-boundary", *named)
    assert ada.ask("repositories", "ecr", "describe-repositories", "--max-items", "1") is not None
    aws.run("iam", "remove-user-from-group", "--group-name", "cli-pushers", *named)
    assert "ecr:DescribeRepositories" in ada.refused("ecr", "describe-repositories").said


def test_a_key_is_rotated(aws: AwsCli, server: RunningServer, tmp_path: Path) -> None:
    named = ("--user-name", "cli-rotates")
    aws.run("iam", "create-user", *named)
    old, new = (new_key(aws, "cli-rotates") for _ in range(2))
    assert "LimitExceeded" in aws.refused("iam", "create-access-key", *named).said
    before, after = as_user(server, tmp_path, old), as_user(server, tmp_path, new)
    assert before.ask("Account", "sts", "get-caller-identity") == ACCOUNT
    aws.run("iam", "update-access-key", *named, "--access-key-id", old[0], "--status", "Inactive")
    assert "InvalidClientTokenId" in before.refused("sts", "get-caller-identity").said
    assert after.ask("Account", "sts", "get-caller-identity") == ACCOUNT
    aws.run("iam", "delete-access-key", *named, "--access-key-id", old[0])
    listed = aws.ask("AccessKeyMetadata[].[AccessKeyId, Status]", "iam", "list-access-keys", *named)
    assert listed == [[new[0], "Active"]]
    assert "DeleteConflict" in aws.refused("iam", "delete-user", *named).said
    aws.run("iam", "delete-access-key", *named, "--access-key-id", new[0])
    aws.run("iam", "delete-user", *named)
    assert "NoSuchEntity" in aws.refused("iam", "get-user", *named).said


def test_a_managed_policy_in_versions(aws: AwsCli) -> None:
    make = ("iam", "create-policy", "--policy-name", "cli-versions", "--policy-document")
    arn = str(aws.ask("Policy.Arn", *make, document("ecr:ListImages")))
    named = ("--policy-arn", arn)
    create = ("iam", "create-policy-version", *named, "--set-as-default", "--policy-document")
    for number in range(2, 6):
        made = aws.ask("PolicyVersion.VersionId", *create, document(f"ecr:Action{number}"))
        assert made == f"v{number}"
    assert "LimitExceeded" in aws.refused(*create, document("ecr:*")).said
    aws.run("iam", "set-default-policy-version", *named, "--version-id", "v1")
    assert aws.ask("Policy.[DefaultVersionId, AttachmentCount]", "iam", "get-policy", *named) == ["v1", 0]
    shown = aws.ask("PolicyVersion.Document", "iam", "get-policy-version", *named, "--version-id", "v1")
    assert shown == json.loads(document("ecr:ListImages"))
    for version in ("v2", "v3", "v4", "v5"):
        aws.run("iam", "delete-policy-version", *named, "--version-id", version)
    aws.run("iam", "delete-policy", *named)
    bad = aws.refused(*make, '{"Version": "2012-10-17", "Statement": [{"Effect": "Perhaps"}]}').said
    assert "MalformedPolicyDocument" in bad


def test_a_role_for_machines_and_people(aws: AwsCli, server: RunningServer, tmp_path: Path) -> None:
    aws.run("iam", "create-user", "--user-name", "cli-builder")
    builder = as_user(server, tmp_path, new_key(aws, "cli-builder"))
    user_arn = f"arn:aws:iam::{ACCOUNT}:user/cli-builder"
    role = ("--role-name", "cli-build")
    arn = str(
        aws.ask("Role.Arn", "iam", "create-role", *role, "--assume-role-policy-document", trust({"AWS": user_arn}))
    )
    aws.run("iam", "attach-role-policy", *role, "--policy-arn", READ_ONLY)
    assume = ("sts", "assume-role", "--role-arn", arn, "--role-session-name", "night")
    picked = "Credentials.[AccessKeyId, SecretAccessKey, SessionToken]"
    key_id, secret, token = builder.listed(picked, *assume)
    session = as_user(server, tmp_path, (key_id, secret), server.secret(token))
    assert session.ask("Arn", "sts", "get-caller-identity") == f"arn:aws:sts::{ACCOUNT}:assumed-role/cli-build/night"
    assert session.login_password()
    other = trust({"Service": "ec2.amazonaws.com"})
    aws.run("iam", "update-assume-role-policy", *role, "--policy-document", other)
    assert "is not authorized to perform: sts:AssumeRole" in builder.refused(*assume).said
    profile = ("--instance-profile-name", "cli-machines")
    aws.run("iam", "create-instance-profile", *profile)
    aws.run("iam", "add-role-to-instance-profile", *profile, *role)
    assert aws.ask("InstanceProfile.Roles[].Arn", "iam", "get-instance-profile", *profile) == [arn]
    assert "DeleteConflict" in aws.refused("iam", "delete-role", *role).said
    aws.run("iam", "remove-role-from-instance-profile", *profile, *role)
    aws.run("iam", "delete-instance-profile", *profile)
    aws.run("iam", "detach-role-policy", *role, "--policy-arn", READ_ONLY)
    aws.run("iam", "delete-role", *role)
    assert "InvalidClientTokenId" in session.refused("sts", "get-caller-identity").said


def test_a_provider_for_builds(aws: AwsCli) -> None:
    made = ("iam", "create-open-id-connect-provider", "--url", f"https://{ISSUER}", "--client-id-list")
    arn = str(aws.ask("OpenIDConnectProviderArn", *made, "sts.amazonaws.com", "--tags", "Key=team,Value=red"))
    assert arn == f"arn:aws:iam::{ACCOUNT}:oidc-provider/{ISSUER}"
    named = ("--open-id-connect-provider-arn", arn)
    aws.run("iam", "add-client-id-to-open-id-connect-provider", *named, "--client-id", "moorage")
    asked = ("iam", "get-open-id-connect-provider", *named)
    assert aws.ask("[Url, ClientIDList, Tags[].Value]", *asked) == [ISSUER, ["sts.amazonaws.com", "moorage"], ["red"]]
    assert "EntityAlreadyExists" in aws.refused(*made, "x").said
    aws.run("iam", "delete-open-id-connect-provider", *named)
    assert "NoSuchEntity" in aws.refused(*asked).said


def test_the_whole_account_is_told_at_once_and_in_pages(aws: AwsCli) -> None:
    aws.run("iam", "create-user", "--user-name", "cli-told")
    inline = ("--policy-name", "own", "--policy-document", document("ecr:ListImages"))
    aws.run("iam", "put-user-policy", "--user-name", "cli-told", *inline)
    aws.run("iam", "attach-user-policy", "--user-name", "cli-told", "--policy-arn", READ_ONLY)
    asked = ("iam", "get-account-authorization-details")
    picked = "UserDetailList[?UserName=='cli-told'].[UserPolicyList[].PolicyName, AttachedManagedPolicies[].PolicyArn]"
    told = [["own"], [READ_ONLY]]
    assert aws.ask(picked, *asked) == [told]
    assert aws.ask(picked, *asked, "--page-size", "2") == [told]
    assert aws.ask("keys(@)", *asked, "--filter", "Role") is not None
    summary = aws.ask("SummaryMap", "iam", "get-account-summary")
    assert isinstance(summary, dict)
    assert summary["Users"] >= 1
    assert summary["AccessKeysPerUserQuota"] == 2


@pytest.mark.parametrize(
    "command",
    [
        ("create-login-profile", "--user-name", "cli-nobody", "--password", "Secret-12345"),
        ("generate-credential-report",),
    ],
)
def test_what_is_not_built_says_so(aws: AwsCli, command: tuple[str, ...]) -> None:
    said = aws.refused("iam", *command).said
    assert "Moorage does not implement" in said
