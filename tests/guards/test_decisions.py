"""What the benchmark of decisions measures is what requests go through, in an account as it says."""

import asyncio
import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from bench.account import ATTACHED, FURTHER, OF_RESOURCE, STATEMENTS, furnish
from bench.decisions import LOADED, before_aws, before_docker
from bench.figures import Results, Single
from bench.goals import passed
from bench.run import read_options, tell_passed
from sqlalchemy import func, select

from guards.shop import TAG, Posed, Shop, open_shop
from moorage.domain.entities import EntityKind
from moorage.operations import authorise
from moorage.operations.attachments import list_attached
from moorage.operations.listing import Paging
from moorage.operations.repository_policies import get_policy
from moorage.policy.decide import CallerPolicies, Decision, ResourcePolicies, decide
from moorage.policy.request import Request
from moorage.store.managed_policies import managed_policies
from unit.operations.tenant import REPOSITORY, root_of

Asked = tuple[str, str, Decision, CallerPolicies, ResourcePolicies]


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shop]:
    with open_shop(tmp_path_factory.mktemp("shop")) as shop:
        furnish(shop)
        yield shop


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[Asked]:
    """Note each decision: what was asked, what came out, and of which policies."""
    found: list[Asked] = []

    def noted(request: Request, caller: CallerPolicies, resource: ResourcePolicies) -> Decision:
        decision = decide(request, caller, resource)
        found.append((request.action, request.resource, decision, caller, resource))
        return decision

    monkeypatch.setattr(authorise, "decide", noted)
    return found


def test_the_account_holds_what_is_said_of_it(shop: Shop) -> None:
    root, user = root_of(shop.env), shop.tenant.user
    assert user is not None
    (stored,) = asyncio.run(shop.env.store.now.all(select(func.count()).select_from(managed_policies)))
    attached = root.run(list_attached, f"/{user.name}", EntityKind.USER, "/", Paging(None, 100))
    assert (stored[0], len(attached.items)) == (ATTACHED + FURTHER, ATTACHED)
    statements = json.loads(root.run(get_policy, REPOSITORY))["Statement"]
    ours = [one for one in statements if user.name in str(one["Principal"])]
    assert len(statements) == OF_RESOURCE
    assert {one["Effect"] for one in ours} == {"Allow", "Deny"}


def _put(shop: Shop, posed: Posed) -> None:
    assert asyncio.run(shop.put(posed)).status == 200


@pytest.mark.parametrize(
    ("measured", "request_of"),
    [
        (before_docker, lambda shop: shop.docker("GET", f"manifests/{TAG}")),
        (before_aws, lambda shop: shop.aws("BatchGetImage", repositoryName=REPOSITORY, imageIds=[{"imageTag": TAG}])),
    ],
)
def test_requests_and_the_benchmark_make_the_same_decision(
    shop: Shop,
    asked: list[Asked],
    measured: Callable[[Shop], Callable[[], None]],
    request_of: Callable[[Shop], Posed],
) -> None:
    work, posed = measured(shop), request_of(shop)
    _put(shop, posed)
    asked.clear()
    _put(shop, posed)
    work()
    (real, ours) = asked
    assert real == ours
    assert real[3] is ours[3]  # the very policies that are remembered
    assert real[4] is ours[4]


def test_every_statement_is_asked(shop: Shop, asked: list[Asked]) -> None:
    before_docker(shop)()
    decision, caller, resource = asked[-1][2:]
    assert decision.allowed
    assert resource.own is not None
    assert (caller.identity.statements, resource.own.statements) == (ATTACHED * STATEMENTS, OF_RESOURCE)


@pytest.mark.parametrize(("found", "words"), [(30.1, 1), (29.9, 0)])
def test_a_run_that_passes_a_limit_fails(found: float, words: int, tmp_path: Path) -> None:
    results = Results({}, singles=[Single(LOADED, "moorage", "µs", [found] * 3)])
    assert len(list(passed(results))) == words
    quick: list[Any] = ["--quick", "--out", str(tmp_path)]
    assert tell_passed(read_options([]), results) is bool(words)
    assert not tell_passed(read_options(quick), results)
