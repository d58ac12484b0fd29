"""What Terraform's AWS provider asks, in its order: create, read, a plan without changes, update, import, destroy.

The provider itself cannot be had everywhere, so boto3 makes its calls. A plan has no changes when what is read back is
what was written: policies compared as documents, tags as maps.
"""

import json
from collections.abc import Iterator
from typing import Any
from urllib.parse import unquote

import pytest
from botocore.exceptions import ClientError

from support.server import RunningServer

Boto = Any
ACCOUNT = "123456789012"
PULL = {
    "Version": "2012-10-17",
    "Statement": [
        {
            "Sid": "Pull",
            "Effect": "Allow",
            "Principal": {"AWS": f"arn:aws:iam::{ACCOUNT}:root"},
            "Action": ["ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer"],
        }
    ],
}
EVERYWHERE = {
    "Version": "2012-10-17",
    "Statement": [
        {
            "Sid": "Replicate",
            "Effect": "Allow",
            "Principal": {"AWS": f"arn:aws:iam::{ACCOUNT}:root"},
            "Action": ["ecr:ReplicateImage"],
            "Resource": [f"arn:aws:ecr:us-east-1:{ACCOUNT}:repository/*"],
        }
    ],
}
OWN = {
    "Version": "2012-10-17",
    "Statement": [{"Effect": "Allow", "Action": ["ecr:ListImages"], "Resource": "*"}],
}
TRUST = {
    "Version": "2012-10-17",
    "Statement": [{"Effect": "Allow", "Principal": {"Service": "ec2.amazonaws.com"}, "Action": "sts:AssumeRole"}],
}
OTHER_TRUST = {
    "Version": "2012-10-17",
    "Statement": [
        {"Effect": "Allow", "Principal": {"AWS": f"arn:aws:iam::{ACCOUNT}:root"}, "Action": "sts:AssumeRole"}
    ],
}
TAGS = {"team": "red", "managed by": "terraform"}


@pytest.fixture(scope="module")
def iam(server: RunningServer) -> Iterator[Boto]:
    client = server.boto3("iam")
    yield client
    client.close()


def listed(tags: dict[str, str]) -> list[dict[str, str]]:
    return [{"Key": key, "Value": value} for key, value in tags.items()]


def mapped(tags: list[dict[str, str]]) -> dict[str, str]:
    return {tag["Key"]: tag["Value"] for tag in tags}


def document(text: str | dict[str, Any]) -> Any:  # noqa: ANN401  # any JSON
    """Read a policy as it came: IAM's are escaped, which boto3 undoes, ECR's are not."""
    return json.loads(unquote(text)) if isinstance(text, str) else text


def is_gone(code: str, call: Any, **members: object) -> bool:  # noqa: ANN401  # a client's method
    """See that a read after a deletion tells what the provider waits for."""
    with pytest.raises(ClientError) as told:
        call(**members)
    return bool(told.value.response["Error"]["Code"] == code)


def test_the_caller_is_who_the_provider_says_it_is(server: RunningServer) -> None:
    told = server.boto3("sts").get_caller_identity()
    assert told["Account"] == ACCOUNT
    assert told["Arn"] == f"arn:aws:iam::{ACCOUNT}:root"
    assert told["UserId"]


class TestRepository:
    """aws_ecr_repository, its policy, and what else belongs to a registry."""

    NAME = "terraform/app"

    def read(self, ecr: Boto) -> dict[str, Any]:
        """Do what a refresh does: no call about lifecycle, scanning or replication belongs to it."""
        (found,) = ecr.describe_repositories(repositoryNames=[self.NAME])["repositories"]
        found["tags"] = mapped(ecr.list_tags_for_resource(resourceArn=found["repositoryArn"])["tags"])
        return dict(found)

    def test_a_repository_lives_as_the_resource_does(self, ecr: Boto, registry: str) -> None:
        made = ecr.create_repository(
            repositoryName=self.NAME,
            imageTagMutability="MUTABLE",
            encryptionConfiguration={"encryptionType": "AES256"},
            tags=listed(TAGS),
        )["repository"]
        read = self.read(ecr)
        assert read["tags"] == TAGS
        assert read["imageTagMutability"] == "MUTABLE"
        assert read["encryptionConfiguration"]["encryptionType"] == "AES256"
        assert read["imageScanningConfiguration"]["scanOnPush"] is False
        assert (read["repositoryUri"], read["registryId"]) == (f"{registry}/{self.NAME}", ACCOUNT)
        assert self.read(ecr) == read
        ecr.put_image_tag_mutability(
            registryId=ACCOUNT,
            repositoryName=self.NAME,
            imageTagMutability="IMMUTABLE_WITH_EXCLUSION",
            imageTagMutabilityExclusionFilters=[{"filterType": "WILDCARD", "filter": "latest*"}],
        )
        ecr.untag_resource(resourceArn=made["repositoryArn"], tagKeys=["managed by"])
        ecr.tag_resource(resourceArn=made["repositoryArn"], tags=listed({"team": "blue"}))
        read = self.read(ecr)
        assert read["tags"] == {"team": "blue"}
        assert read["imageTagMutability"] == "IMMUTABLE_WITH_EXCLUSION"
        assert read["imageTagMutabilityExclusionFilters"] == [{"filterType": "WILDCARD", "filter": "latest*"}]
        ecr.delete_repository(registryId=ACCOUNT, repositoryName=self.NAME, force=False)
        missing = {"repositoryNames": [self.NAME]}
        assert is_gone("RepositoryNotFoundException", ecr.describe_repositories, **missing)
        assert is_gone("RepositoryNotFoundException", ecr.delete_repository, repositoryName=self.NAME)

    def test_its_policy_lives_as_the_resource_does(self, ecr: Boto) -> None:
        ecr.create_repository(repositoryName=self.NAME)
        for policy in (PULL, {**PULL, "Statement": [{**PULL["Statement"][0], "Sid": "Other"}]}):  # type: ignore[dict-item]
            ecr.set_repository_policy(repositoryName=self.NAME, policyText=json.dumps(policy))
            told = ecr.get_repository_policy(repositoryName=self.NAME)
            assert (document(told["policyText"]), told["registryId"]) == (policy, ACCOUNT)
        ecr.delete_repository_policy(registryId=ACCOUNT, repositoryName=self.NAME)
        missing = "RepositoryPolicyNotFoundException"
        assert is_gone(missing, ecr.get_repository_policy, repositoryName=self.NAME)
        assert is_gone(missing, ecr.delete_repository_policy, repositoryName=self.NAME)
        ecr.delete_repository(repositoryName=self.NAME)
        assert is_gone("RepositoryNotFoundException", ecr.get_repository_policy, repositoryName=self.NAME)

    def test_the_registrys_policy_lives_as_the_resource_does(self, ecr: Boto) -> None:
        ecr.put_registry_policy(policyText=json.dumps(EVERYWHERE))
        told = ecr.get_registry_policy()
        assert (document(told["policyText"]), told["registryId"]) == (EVERYWHERE, ACCOUNT)
        ecr.delete_registry_policy()
        assert is_gone("RegistryPolicyNotFoundException", ecr.get_registry_policy)
        assert is_gone("RegistryPolicyNotFoundException", ecr.delete_registry_policy)

    @pytest.mark.parametrize(
        ("name", "values"),
        [
            ("BASIC_SCAN_TYPE_VERSION", ["AWS_NATIVE"]),
            ("REGISTRY_POLICY_SCOPE", ["V2"]),
            ("BLOB_MOUNTING", ["ENABLED", "DISABLED"]),
        ],
    )
    def test_an_account_setting_is_read_as_it_was_put(self, ecr: Boto, name: str, values: list[str]) -> None:
        for value in values:
            ecr.put_account_setting(name=name, value=value)
            assert ecr.get_account_setting(name=name)["value"] == value

    def test_the_token_is_what_the_data_source_splits(self, ecr: Boto, registry: str) -> None:
        (told,) = ecr.get_authorization_token()["authorizationData"]
        assert told["proxyEndpoint"] == f"http://{registry}"
        assert told["expiresAt"]


class TestRole:
    """aws_iam_role with an inline policy, an attached one and an instance profile."""

    NAME = "terraform-role"

    def read(self, iam: Boto) -> dict[str, Any]:
        """Do what a refresh of the role does, whose inline and attached policies are listed too."""
        role = iam.get_role(RoleName=self.NAME)["Role"]
        inline = [
            name
            for page in iam.get_paginator("list_role_policies").paginate(RoleName=self.NAME)
            for name in page["PolicyNames"]
        ]
        own = {name: iam.get_role_policy(RoleName=self.NAME, PolicyName=name)["PolicyDocument"] for name in inline}
        attached = [
            one["PolicyArn"]
            for page in iam.get_paginator("list_attached_role_policies").paginate(RoleName=self.NAME)
            for one in page["AttachedPolicies"]
        ]
        return {"role": role, "inline": own, "attached": attached}

    def test_a_role_lives_as_the_resource_does(self, iam: Boto) -> None:
        iam.create_role(
            RoleName=self.NAME,
            Path="/machines/",
            Description="of machines",
            MaxSessionDuration=7200,
            AssumeRolePolicyDocument=json.dumps(TRUST),
            Tags=listed(TAGS),
        )
        role = self.read(iam)["role"]
        assert document(role["AssumeRolePolicyDocument"]) == TRUST
        assert (role["Path"], role["Description"], role["MaxSessionDuration"]) == ("/machines/", "of machines", 7200)
        assert mapped(role["Tags"]) == TAGS
        assert role["Arn"] == f"arn:aws:iam::{ACCOUNT}:role/machines/{self.NAME}"
        managed = "arn:aws:iam::aws:policy/AmazonEC2ContainerRegistryReadOnly"
        iam.put_role_policy(RoleName=self.NAME, PolicyName="own", PolicyDocument=json.dumps(OWN))
        iam.attach_role_policy(RoleName=self.NAME, PolicyArn=managed)
        read = self.read(iam)
        assert (document(read["inline"]["own"]), read["attached"]) == (OWN, [managed])
        assert self.read(iam) == read

        iam.update_assume_role_policy(RoleName=self.NAME, PolicyDocument=json.dumps(OTHER_TRUST))
        iam.update_role_description(RoleName=self.NAME, Description="of people")
        iam.update_role(RoleName=self.NAME, MaxSessionDuration=3600)
        iam.put_role_permissions_boundary(RoleName=self.NAME, PermissionsBoundary=managed)
        iam.untag_role(RoleName=self.NAME, TagKeys=["managed by"])
        iam.tag_role(RoleName=self.NAME, Tags=listed({"team": "blue"}))
        role = self.read(iam)["role"]
        assert document(role["AssumeRolePolicyDocument"]) == OTHER_TRUST
        assert role["PermissionsBoundary"]["PermissionsBoundaryArn"] == managed
        assert (role["MaxSessionDuration"], mapped(role["Tags"])) == (3600, {"team": "blue"})
        self.destroy(iam, managed)

    def destroy(self, iam: Boto, managed: str) -> None:
        iam.detach_role_policy(RoleName=self.NAME, PolicyArn=managed)
        assert is_gone("NoSuchEntity", iam.detach_role_policy, RoleName=self.NAME, PolicyArn=managed)
        iam.delete_role_policy(RoleName=self.NAME, PolicyName="own")
        assert is_gone("NoSuchEntity", iam.get_role_policy, RoleName=self.NAME, PolicyName="own")
        profiles = iam.list_instance_profiles_for_role(RoleName=self.NAME)["InstanceProfiles"]
        assert profiles == []
        iam.delete_role_permissions_boundary(RoleName=self.NAME)
        iam.delete_role(RoleName=self.NAME)
        assert is_gone("NoSuchEntity", iam.get_role, RoleName=self.NAME)

    def test_an_instance_profile_lives_as_the_resource_does(self, iam: Boto) -> None:
        iam.create_role(RoleName=self.NAME, AssumeRolePolicyDocument=json.dumps(TRUST))
        iam.create_instance_profile(InstanceProfileName="terraform-profile", Path="/machines/", Tags=listed(TAGS))
        assert iam.get_instance_profile(InstanceProfileName="terraform-profile")["InstanceProfile"]["Roles"] == []
        iam.add_role_to_instance_profile(InstanceProfileName="terraform-profile", RoleName=self.NAME)
        read = iam.get_instance_profile(InstanceProfileName="terraform-profile")["InstanceProfile"]
        assert [role["RoleName"] for role in read["Roles"]] == [self.NAME]
        assert (read["Path"], mapped(read["Tags"])) == ("/machines/", TAGS)
        iam.remove_role_from_instance_profile(InstanceProfileName="terraform-profile", RoleName=self.NAME)
        iam.delete_instance_profile(InstanceProfileName="terraform-profile")
        assert is_gone("NoSuchEntity", iam.get_instance_profile, InstanceProfileName="terraform-profile")
        iam.delete_role(RoleName=self.NAME)


def test_a_policy_lives_as_the_resource_does(iam: Boto) -> None:
    arn = iam.create_policy(
        PolicyName="terraform-policy",
        Path="/registry/",
        Description="reads",
        PolicyDocument=json.dumps(OWN),
        Tags=listed(TAGS),
    )["Policy"]["Arn"]
    policy = iam.get_policy(PolicyArn=arn)["Policy"]
    assert arn == f"arn:aws:iam::{ACCOUNT}:policy/registry/terraform-policy"
    assert (policy["Path"], policy["Description"], mapped(policy["Tags"])) == ("/registry/", "reads", TAGS)
    for number in range(1, 8):  # an update makes room for its version: five may be kept
        text = {**OWN, "Statement": [{"Effect": "Allow", "Action": f"ecr:Get{number}*", "Resource": "*"}]}
        versions = iam.list_policy_versions(PolicyArn=arn)["Versions"]
        if len(versions) >= 5:
            oldest = min(
                (one for one in versions if not one["IsDefaultVersion"]), key=lambda one: int(one["VersionId"][1:])
            )
            iam.delete_policy_version(PolicyArn=arn, VersionId=oldest["VersionId"])
        iam.create_policy_version(PolicyArn=arn, PolicyDocument=json.dumps(text), SetAsDefault=True)
        current = iam.get_policy(PolicyArn=arn)["Policy"]["DefaultVersionId"]
        read = iam.get_policy_version(PolicyArn=arn, VersionId=current)["PolicyVersion"]
        assert document(read["Document"]) == text
    for version in iam.list_policy_versions(PolicyArn=arn)["Versions"]:
        if not version["IsDefaultVersion"]:
            iam.delete_policy_version(PolicyArn=arn, VersionId=version["VersionId"])
    iam.delete_policy(PolicyArn=arn)
    assert is_gone("NoSuchEntity", iam.get_policy, PolicyArn=arn)


def test_a_user_and_its_key_live_as_the_resources_do(iam: Boto) -> None:
    iam.create_user(UserName="terraform-user", Path="/people/", Tags=listed(TAGS))
    user = iam.get_user(UserName="terraform-user")["User"]
    assert (user["Path"], mapped(user["Tags"])) == ("/people/", TAGS)
    key = iam.create_access_key(UserName="terraform-user")["AccessKey"]["AccessKeyId"]
    iam.update_access_key(UserName="terraform-user", AccessKeyId=key, Status="Inactive")
    (told,) = iam.list_access_keys(UserName="terraform-user")["AccessKeyMetadata"]
    assert (told["AccessKeyId"], told["Status"]) == (key, "Inactive")
    assert iam.get_access_key_last_used(AccessKeyId=key)["UserName"] == "terraform-user"
    iam.update_user(UserName="terraform-user", NewUserName="terraform-renamed", NewPath="/staff/")
    assert iam.get_user(UserName="terraform-renamed")["User"]["Path"] == "/staff/"
    iam.delete_access_key(UserName="terraform-renamed", AccessKeyId=key)
    # What a forced destruction asks about before it deletes a user.
    name = {"UserName": "terraform-renamed"}
    assert iam.list_groups_for_user(**name)["Groups"] == []
    assert iam.list_mfa_devices(**name)["MFADevices"] == []
    assert iam.list_ssh_public_keys(**name)["SSHPublicKeys"] == []
    assert iam.list_signing_certificates(**name)["Certificates"] == []
    assert iam.list_service_specific_credentials(**name)["ServiceSpecificCredentials"] == []
    assert is_gone("NoSuchEntity", iam.delete_login_profile, **name)
    iam.delete_user(**name)
    assert is_gone("NoSuchEntity", iam.get_user, **name)


def test_an_oidc_provider_lives_as_the_resource_does(iam: Boto) -> None:
    arn = iam.create_open_id_connect_provider(
        Url="https://terraform.example.com/id", ClientIDList=["one"], ThumbprintList=["a" * 40], Tags=listed(TAGS)
    )["OpenIDConnectProviderArn"]
    read = iam.get_open_id_connect_provider(OpenIDConnectProviderArn=arn)
    assert (read["Url"], read["ClientIDList"], read["ThumbprintList"]) == (
        "terraform.example.com/id",
        ["one"],
        ["a" * 40],
    )
    assert mapped(read["Tags"]) == TAGS
    iam.add_client_id_to_open_id_connect_provider(OpenIDConnectProviderArn=arn, ClientID="two")
    iam.remove_client_id_from_open_id_connect_provider(OpenIDConnectProviderArn=arn, ClientID="one")
    iam.update_open_id_connect_provider_thumbprint(OpenIDConnectProviderArn=arn, ThumbprintList=["b" * 40])
    read = iam.get_open_id_connect_provider(OpenIDConnectProviderArn=arn)
    assert (read["ClientIDList"], read["ThumbprintList"]) == (["two"], ["b" * 40])
    iam.delete_open_id_connect_provider(OpenIDConnectProviderArn=arn)
    assert is_gone("NoSuchEntity", iam.get_open_id_connect_provider, OpenIDConnectProviderArn=arn)
