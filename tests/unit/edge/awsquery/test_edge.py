"""IAM and STS over the wire: who is let in, what is refused in which words, and what an answer says."""

import asyncio
from dataclasses import replace

import pytest

from moorage.domain import errors as fact
from moorage.edge.awsquery.edge import HANDLERS, SERVICES, QueryEdge
from moorage.operations.accounts import NewKey
from support.env import HOME, OTHER, FrozenClock, make_account
from support.iamcalls import Scene
from unit.edge.awsquery.wire import Arrived, Client, Refused, policy, refusal

VERSION = {"Version": "2010-05-08"}
BUILT = sorted(key.removeprefix("iam.") for key in HANDLERS if key.startswith("iam."))
SCENE = Scene(HOME, "ada")


def posted(client: Client, service: str, **form: str) -> Refused:
    with pytest.raises(Refused) as refused:
        client.post(service, form)
    return refused.value


# Who somebody is.


def test_the_root_is_told_who_it_is(root: Client) -> None:
    told = root.call("GetCallerIdentity", "sts")
    assert (told["UserId"], told["Account"], told["Arn"]) == (HOME, HOME, f"arn:aws:iam::{HOME}:root")


def test_a_user_without_any_permission_is_told_who_it_is(root: Client) -> None:
    told = root.new_user("ada", path="/team/").call("GetCallerIdentity", "sts")
    assert told["Arn"] == f"arn:aws:iam::{HOME}:user/team/ada"


@pytest.mark.parametrize("service", ["iam", "sts"])
@pytest.mark.parametrize("region", ["us-east-1", "eu-central-1", "eu-west-1"])
def test_a_call_may_be_signed_for_any_region_served_and_for_the_global_one(
    root: Client, service: str, region: str
) -> None:
    operation = {"iam": "GetUser", "sts": "GetCallerIdentity"}[service]
    assert replace(root, region=region).call(operation, service)


def test_a_region_that_is_not_served_is_refused(root: Client) -> None:
    refused = refusal(replace(root, region="ap-south-1"), "GetCallerIdentity", "sts")
    assert (refused.code, refused.status) == ("SignatureDoesNotMatch", 403)


def test_an_unknown_key_is_refused(root: Client) -> None:
    stranger = replace(root, key=NewKey("AKIAAAAAAAAAAAAAAAAA", "secret"))
    refused = refusal(stranger, "GetUser")
    assert (refused.code, refused.status) == ("InvalidClientTokenId", 403)
    assert refused.message == "The security token included in the request is invalid."


def test_a_wrong_secret_is_refused(root: Client) -> None:
    refused = refusal(replace(root, key=NewKey(root.key.access_key_id, "wrong")), "GetUser")
    assert (refused.code, refused.status) == ("SignatureDoesNotMatch", 403)


def test_an_old_signature_is_refused(root: Client, clock: FrozenClock) -> None:
    arrived = root.arrived("iam", VERSION | {"Action": "GetUser"})
    clock.move(seconds=301)
    answer = root.send(arrived)
    assert (answer.code, answer.status) == ("SignatureDoesNotMatch", 403)


def unsigned(client: Client, service: str, **form: str) -> Arrived:
    arrived = client.arrived(service, form)
    arrived.headers.items()[:] = [pair for pair in arrived.headers.items() if pair[0] != "authorization"]
    return arrived


def test_a_request_without_signature_is_refused(root: Client) -> None:
    answer = root.send(unsigned(root, "iam", **VERSION, Action="GetUser"))
    assert (answer.code, answer.status) == ("MissingAuthenticationToken", 403)


def test_a_request_without_signature_may_be_no_longer_than_a_token_needs(root: Client) -> None:
    answer = root.send(unsigned(root, "iam", **VERSION, Action="GetUser", x="y" * 64 * 1024))
    assert (answer.code, answer.status) == ("RequestEntityTooLarge", 413)


def test_a_signature_that_cannot_be_read_is_incomplete(root: Client) -> None:
    arrived = root.arrived("iam", VERSION | {"Action": "GetUser"})
    pairs = arrived.headers.items()
    pairs[:] = [(name, "AWS4-HMAC-SHA256 x" if name == "authorization" else value) for name, value in pairs]
    answer = root.send(arrived)
    assert (answer.code, answer.status) == ("IncompleteSignature", 400)


def test_a_body_that_was_altered_is_refused(root: Client) -> None:
    arrived = root.arrived("iam", VERSION | {"Action": "GetUser"})
    arrived.body = arrived.body.replace(b"GetUser", b"SetUser")
    assert root.send(arrived).code == "SignatureDoesNotMatch"


def test_a_body_above_the_limit_is_refused(root: Client) -> None:
    refused = posted(root, "iam", Action="GetUser", x="y" * 1024 * 1024)
    assert (refused.code, refused.status) == ("RequestEntityTooLarge", 413)


def test_a_form_that_means_two_things_is_refused(root: Client) -> None:
    assert posted(root, "iam", **VERSION, Action="GetUser", UserName="a\0b").code == "MalformedQueryString"


# Which operation.


def test_a_name_that_is_no_operation_is_invalid(root: Client) -> None:
    refused = posted(root, "iam", **VERSION, Action="MakeCoffee")
    assert (refused.code, refused.status) == ("InvalidAction", 400)
    assert refused.message == "The action MakeCoffee is not valid for this web service."


def test_the_operation_of_the_other_service_is_invalid(root: Client) -> None:
    assert posted(root, "sts", Version="2011-06-15", Action="CreateUser").code == "InvalidAction"


@pytest.mark.parametrize("version", [{}, {"Version": "2011-06-15"}])
def test_another_version_is_invalid(root: Client, version: dict[str, str]) -> None:
    assert posted(root, "iam", Action="GetUser", **version).code == "InvalidAction"


def test_a_form_without_operation_is_refused(root: Client) -> None:
    assert posted(root, "iam", **VERSION).code == "MissingAction"


@pytest.mark.parametrize(("service", "operation"), [("iam", "ListVirtualMFADevices"), ("sts", "GetFederationToken")])
def test_what_is_not_built_says_so(root: Client, service: str, operation: str) -> None:
    refused = posted(root, service, Version={"iam": "2010-05-08", "sts": "2011-06-15"}[service], Action=operation)
    assert (refused.code, refused.message) == ("InvalidAction", f"Moorage does not implement {operation} yet")


def test_whoever_may_not_call_what_is_not_built_is_told_that(root: Client) -> None:
    assert refusal(root.new_user("ada"), "ListVirtualMFADevices").code == "AccessDenied"


def test_every_operation_with_a_shape_has_a_handler() -> None:
    shapes = {f"{service.name}.{shape}" for service in SERVICES.values() for shape in service.shapes}
    assert shapes == HANDLERS.keys()


# Who may.


@pytest.mark.parametrize("operation", BUILT)
def test_a_user_without_permission_is_refused_every_operation_and_nothing_changes(root: Client, operation: str) -> None:
    ada = root.new_user("ada", "ecr:*", "sts:*")
    before = everything(root)
    refused = refusal(ada, operation, **SCENE.members(operation))
    assert (refused.code, refused.status, everything(root)) == ("AccessDenied", 403, before)


@pytest.mark.parametrize("operation", ["PutUserPolicy", "CreateAccessKey", "DeleteUser"])
def test_a_permission_on_oneself_does_not_reach_somebody_else(root: Client, operation: str) -> None:
    root.new_user("bob")
    ada = root.new_user("ada", "iam:*", resource=f"arn:aws:iam::{HOME}:user/ada")
    members = {**SCENE.members(operation), "UserName": "bob"}
    assert refusal(ada, operation, **members).code == "AccessDenied"


def test_a_permission_on_a_path_counts_for_users_under_it(root: Client) -> None:
    root.call("CreateUser", UserName="bob", Path="/team/")
    ada = root.new_user("ada", "iam:GetUser", resource=f"arn:aws:iam::{HOME}:user/team/*")
    assert ada.call("GetUser", UserName="bob")["User"]["Path"] == "/team/"


def test_a_permission_on_a_path_lets_users_be_made_under_that_path_alone(root: Client) -> None:
    ada = root.new_user("ada", "iam:CreateUser", resource=f"arn:aws:iam::{HOME}:user/team/*")
    ada.call("CreateUser", UserName="bob", Path="/team/")
    assert refusal(ada, "CreateUser", UserName="eve").code == "AccessDenied"


def test_another_spelling_of_a_name_does_not_pass_a_deny(root: Client) -> None:
    root.call("CreateUser", UserName="Admin")
    ada = root.new_user("ada", "iam:*")
    document = policy("Deny", "iam:CreateAccessKey", resource=f"arn:aws:iam::{HOME}:user/Admin")
    root.call("PutUserPolicy", UserName="ada", PolicyName="q", PolicyDocument=document)
    assert refusal(ada, "CreateAccessKey", UserName="aDMIN").code == "AccessDenied"


def test_a_denial_does_not_tell_whether_the_user_is_there(root: Client) -> None:
    ada = root.new_user("ada")
    root.call("CreateUser", UserName="Bob", Path="/secret/")
    known, unknown = refusal(ada, "GetUser", UserName="bob"), refusal(ada, "GetUser", UserName="bub")
    assert known.message == unknown.message.replace("bub", "bob")


def test_a_denial_is_told_before_a_fault_of_the_input(root: Client) -> None:
    assert refusal(root.new_user("ada"), "GetUser", UserName="no/name").code == "AccessDenied"


def test_a_permission_taken_away_ends_at_once(root: Client) -> None:
    ada = root.new_user("ada", "iam:GetUser")
    ada.call("GetUser")
    root.call("DeleteUserPolicy", UserName="ada", PolicyName="p")
    assert refusal(ada, "GetUser").code == "AccessDenied"


def test_the_root_of_another_account_finds_nobody(root: Client) -> None:
    root.call("CreateUser", UserName="ada")
    stranger = replace(root, key=make_account(root.env, OTHER))
    assert refusal(stranger, "GetUser", UserName="ada").code == "NoSuchEntity"


# How it is told.


def test_an_answer_carries_its_request_id_and_tells_the_log_who_did_what(root: Client) -> None:
    request = root.arrived("iam", VERSION | {"Action": "GetUser"}).request()
    answer = asyncio.run(QueryEdge(root.env).answer(request))
    assert (dict(answer.headers)["x-amzn-requestid"], answer.status) == (request.id, 200)
    assert (request.trace.caller, request.trace.action) == (f"arn:aws:iam::{HOME}:root", "iam:GetUser")


def test_an_error_names_its_service(root: Client) -> None:
    answer = root.send(root.arrived("sts", {"Action": "No"}))
    assert b'<ErrorResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><Error><Type>Sender' in answer.body


def test_a_fault_of_the_server_is_said_to_be_the_servers(root: Client) -> None:
    answer = QueryEdge(root.env).broken(root.arrived("iam", {}).request())
    assert (answer.status, b"<Type>Receiver</Type><Code>ServiceFailure</Code>" in answer.body) == (500, True)


def leaves(kind: type[fact.RegistryError]) -> list[type[fact.RegistryError]]:
    below = [leaf for child in kind.__subclasses__() for leaf in leaves(child)]
    return below or [kind]


def everything(root: Client) -> list[object]:
    """All that the root can see of ``ada`` and of who else there is."""
    users = [user["UserName"] for user in root.call("ListUsers")["Users"]]
    keys = [(key["AccessKeyId"], key["Status"]) for key in listed_keys(root)]
    return [users, keys, root.call("ListUserPolicies", UserName="ada")["PolicyNames"]]


def listed_keys(root: Client) -> list[dict[str, str]]:
    listed: list[dict[str, str]] = root.call("ListAccessKeys", UserName="ada")["AccessKeyMetadata"]
    return listed
