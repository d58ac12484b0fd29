"""What operations and routes need, where it is not simply the action of their own name."""

import pytest

from moorage.domain.actions import OPERATIONS, ROUTES, Kind, RouteKey, Scope, not_built

LOOK = ("ecr:BatchCheckLayerAvailability", "ecr:GetDownloadUrlForLayer")


@pytest.mark.parametrize(
    ("operation", "scope", "names"),
    [
        ("ecr.PutImage", Scope.REPOSITORY, ("ecr:PutImage",)),
        ("ecr.ListImageReferrers", Scope.REPOSITORY, ("ecr:BatchGetImage",)),
        ("ecr.DescribeRepositories of all", Scope.REPOSITORIES, ("ecr:DescribeRepositories",)),
        ("ecr.CreateRepository with tags", Scope.REPOSITORY, ("ecr:CreateRepository", "ecr:TagResource")),
        ("ecr.GetAuthorizationToken", Scope.EVERYTHING, ("ecr:GetAuthorizationToken",)),
        ("iam.CreateUser", Scope.USER, ("iam:CreateUser",)),
        ("iam.ListUsers", Scope.USERS, ("iam:ListUsers",)),
        ("sts.GetCallerIdentity", Scope.NOBODY, ()),
    ],
)
def test_an_operation_needs(operation: str, scope: Scope, names: tuple[str, ...]) -> None:
    needs = OPERATIONS[operation]
    assert (needs.scope, needs.names) == (scope, names)


@pytest.mark.parametrize(
    ("route", "actions"),
    [
        (RouteKey("end-1", "GET"), ()),
        (RouteKey("end-2", "GET", Kind.DIGEST), (("ecr:GetDownloadUrlForLayer",),)),
        (RouteKey("end-2", "HEAD", Kind.DIGEST), (LOOK,)),
        (RouteKey("end-3", "HEAD", Kind.TAG), (("ecr:BatchGetImage",),)),
        (RouteKey("end-4a", "POST"), (("ecr:InitiateLayerUpload",),)),
        (RouteKey("end-6", "PUT", Kind.UPLOAD), (("ecr:CompleteLayerUpload",),)),
        (RouteKey("end-6 with body", "PUT", Kind.UPLOAD), (("ecr:CompleteLayerUpload",), ("ecr:UploadLayerPart",))),
        (RouteKey("end-7", "PUT", Kind.TAG), (("ecr:PutImage",),)),
        (RouteKey("end-8", "GET"), (("ecr:ListImages",),)),
        (RouteKey("end-9", "DELETE", Kind.DIGEST), (("ecr:BatchDeleteImage",),)),
        (RouteKey("catalog", "GET"), (("ecr:DescribeRepositories",),)),
    ],
)
def test_a_route_needs(route: RouteKey, actions: tuple[tuple[str, ...], ...]) -> None:
    assert ROUTES[route].actions == actions


def test_an_upload_in_one_request_needs_all_that_its_three_steps_need() -> None:
    steps = [ROUTES[key].names for key in (RouteKey("end-4a", "POST"), RouteKey("end-6 with body", "PUT", Kind.UPLOAD))]
    assert set(ROUTES[RouteKey("end-4b", "POST", Kind.DIGEST)].names) == {name for names in steps for name in names}


def test_what_is_not_built_needs_the_action_of_its_name() -> None:
    assert not_built("iam", "CreateRole").names == ("iam:CreateRole",)
