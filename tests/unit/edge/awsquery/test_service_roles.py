"""Service-linked roles are protected: nobody changes them, and they leave nothing behind."""

import asyncio
from collections.abc import Mapping
from typing import Any

import pytest
from sqlalchemy import select

from moorage.store import attachments, entity_tags, inline_policies, members
from moorage.store.transaction import Transaction
from support.env import HOME
from support.iamcalls import DOCUMENT, OTHERS, trust_in
from unit.edge.awsquery.wire import Client, refusal

SERVICE = "replication.ecr.amazonaws.com"
LINKED = "AWSServiceRoleForECRReplication"
ITS_OWN = "arn:aws:iam::aws:policy/aws-service-role/ECRReplicationServiceRolePolicy"
PROTECTED: Mapping[str, dict[str, Any]] = {
    "AttachRolePolicy": {"PolicyArn": "arn:aws:iam::aws:policy/AmazonEC2ContainerRegistryFullAccess"},
    "DetachRolePolicy": {"PolicyArn": ITS_OWN},
    "PutRolePolicy": {"PolicyName": "p", "PolicyDocument": DOCUMENT},
    "DeleteRolePolicy": {"PolicyName": "p"},
    "PutRolePermissionsBoundary": {"PermissionsBoundary": OTHERS},
    "DeleteRolePermissionsBoundary": {},
    "UpdateRole": {"Description": "mine"},
    "UpdateRoleDescription": {"Description": "mine"},
    "UpdateAssumeRolePolicy": {"PolicyDocument": trust_in(HOME)},
    "AddRoleToInstanceProfile": {"InstanceProfileName": "machine"},
    "RemoveRoleFromInstanceProfile": {"InstanceProfileName": "machine"},
    "DeleteRole": {},
}


@pytest.mark.parametrize("operation", PROTECTED)
def test_a_service_s_role_is_changed_by_nobody(root: Client, operation: str) -> None:
    root.call("CreateInstanceProfile", InstanceProfileName="machine")
    root.call("CreateServiceLinkedRole", AWSServiceName=SERVICE)
    before = root.call("GetAccountAuthorizationDetails")["RoleDetailList"]
    refused = refusal(root, operation, RoleName=LINKED, **PROTECTED[operation])
    assert (refused.code, LINKED in refused.message) == ("UnmodifiableEntity", True)
    assert root.call("GetAccountAuthorizationDetails")["RoleDetailList"] == before


def test_a_service_s_role_goes_with_all_that_hangs_on_it(root: Client) -> None:
    root.call("CreateInstanceProfile", InstanceProfileName="machine")
    made = root.call("CreateServiceLinkedRole", AWSServiceName=SERVICE)["Role"]["RoleId"]
    root.call("TagRole", RoleName=LINKED, Tags=[{"Key": "team", "Value": "red"}])
    profile = root.call("GetInstanceProfile", InstanceProfileName="machine")["InstanceProfile"]["InstanceProfileId"]

    async def unit(tx: Transaction) -> None:  # what versions before let happen
        await attachments.attach(tx, HOME, made, "arn:aws:iam::aws:policy/AmazonEC2ContainerRegistryFullAccess")
        await inline_policies.put(tx, HOME, made, "p", DOCUMENT)
        await members.add(tx, HOME, profile, made)

    asyncio.run(root.env.store.write(unit))
    root.call("DeleteServiceLinkedRole", RoleName=LINKED)
    kept = {
        table.name: asyncio.run(root.env.store.now.all(select(*table.c)))
        for table in (
            attachments.attachments,
            inline_policies.inline_policies,
            members.members,
            entity_tags.entity_tags,
        )
    }
    assert kept == {"attachments": [], "inline_policies": [], "members": [], "entity_tags": []}
