"""Roles that are refused to somebody over the wire, and keys that somebody else uses badly."""

import json

import pytest
from botocore.client import BaseClient
from botocore.exceptions import ClientError

from protocol.api import Api
from protocol.people import ACCOUNT, EVERYTHING, Key, People, policy, statement
from protocol.test_denials import explained, own, user_arn
from support.server import RunningServer, wait_until
from support.wire import Wire


def make_role(iam: BaseClient, name: str, principal: str) -> str:
    trust = policy({"Effect": "Allow", "Principal": {"AWS": principal}, "Action": "sts:AssumeRole"})
    return str(iam.create_role(RoleName=name, AssumeRolePolicyDocument=json.dumps(trust))["Role"]["Arn"])


def test_a_refused_role_is_explained_by_the_request_s_id(server: RunningServer, people: People, api: Api) -> None:
    caller, other = people.new(EVERYTHING), people.new(policy(statement("Allow", "ecr:None")))
    role = make_role(people.iam, f"role-of-{other.name}", user_arn(other))
    sts = server.boto3("sts", access_key_id=caller.id, secret_access_key=caller.secret)
    with pytest.raises(ClientError) as refused:
        sts.assume_role(RoleArn=role, RoleSessionName="night")
    told = explained(api, refused.value.response["ResponseMetadata"]["RequestId"])
    assert (told["caller"], told["action"], told["resource"]) == (user_arn(caller), "sts:AssumeRole", role)
    assert told["message"] == refused.value.response["Error"]["Message"]
    assert told["why"][0] == f"the policies of {role} do not allow {user_arn(caller)} sts:AssumeRole"


def test_who_becomes_a_role_is_told_as_it_is_decided(server: RunningServer, people: People, api: Api) -> None:
    keys = {"all": people.new(EVERYTHING), "none": people.new(policy(statement("Allow", "ecr:None")))}
    for named in (ACCOUNT, user_arn(keys["none"])):
        role = make_role(people.iam, f"role-{named.rpartition('/')[2]}-{keys['all'].name}", named)
        for key in keys.values():
            sts = server.boto3("sts", access_key_id=key.id, secret_access_key=key.secret)
            try:
                made = sts.assume_role(RoleArn=role, RoleSessionName="night")["Credentials"]
                server.secret(made["SecretAccessKey"])
                real = True
            except ClientError:
                real = False
            answer = own(api, "CheckAccess", principal=key.name, action="sts:AssumeRole", resource=role)
            assert json.loads(answer.body)["allowed"] is real, (named, key.name)


def test_a_forged_request_is_no_use_of_a_key(people: People, wire: Wire) -> None:
    def last(of: Key) -> dict[str, object]:
        found: dict[str, object] = people.iam.get_access_key_last_used(AccessKeyId=of.id)["AccessKeyLastUsed"]
        return found

    def let_uses_be_written() -> None:
        marker = people.new(EVERYTHING)  # what it does is written behind what came before
        marker.api(wire).call("DescribeRepositories")
        wait_until(lambda: "LastUsedDate" in last(marker))

    key = people.new(EVERYTHING)
    forged = Key(key.id, "x" * 40, key.name)
    for _ in range(3):
        assert forged.api(wire).call("DescribeRepositories").status >= 400
        assert forged.api(wire).query("sts.GetCallerIdentity", {}).status == 403
    let_uses_be_written()
    assert last(key) == {"ServiceName": "N/A", "Region": "N/A"}
    key.api(wire).query("sts.GetCallerIdentity", {})
    wait_until(lambda: "LastUsedDate" in last(key))
    used = last(key)
    assert used["ServiceName"] == "sts"
    forged.api(wire).call("DescribeRepositories")
    let_uses_be_written()
    assert last(key) == used


def test_of_a_service_it_is_told_where_to_look(people: People, api: Api) -> None:
    caller = people.new(EVERYTHING)
    role = make_role(people.iam, f"role-by-{caller.name}", user_arn(caller))
    for service in ("ec2.amazonaws.com", "lambda.amazonaws.com"):
        answer = own(api, "CheckAccess", principal=service, action="sts:AssumeRole", resource=role)
        assert answer.status == 400
        assert f"{service} is a service" in answer.body.decode()
        assert "trust policy" in answer.body.decode()
