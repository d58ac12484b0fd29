"""What one simulation may cost: how much is compared, how much is told, and that others have their turn meanwhile."""

import asyncio
import json
from collections.abc import Mapping, Sequence

import pytest

from moorage.domain.identityfacts import InvalidInput
from moorage.operations import simulate as simulation
from moorage.operations.access import Access, check_access
from moorage.operations.listing import Page, Paging
from moorage.operations.simulate import Result, Simulation, simulate
from moorage.operations.simulated import Asked, of_documents
from moorage.policy import contextkeys
from moorage.policy.contextkeys import context_keys
from moorage.policy.decide import Outcome
from moorage.policy.elements import Attached, Source
from moorage.policy.request import LONGEST_FACT, MOST_VALUES, Requester, RequesterType, Value
from support.env import HOME
from unit.operations.tenant import Tenant, allow

ADA = Requester(HOME, f"arn:aws:iam::{HOME}:user/ada", "AIDAADA", RequesterType.USER)
APP = f"arn:aws:ecr:us-east-1:{HOME}:repository/app"
BROKEN = ("", "{", "{}", "[]", "3", "null", '"x"', '{"Statement":"x"}', '{"Statement":[3]}', "[" * 100_000)
BROKEN_CONDITION = '{"Statement":{"Effect":"Allow","Action":"*","Resource":"*","Condition":%s}}'


def asking(
    *texts: str, actions: Sequence[str] = ("ecr:ListImages",), resources: Sequence[str] = (APP,), **context: Value
) -> Simulation:
    identity = [(Attached(Source.INLINE, str(number)), text) for number, text in enumerate(texts)]
    return Simulation(ADA, identity, None, [], HOME, context, actions, resources)


def run(tenant: Tenant, asked: Simulation, count: int | None = None) -> Page[Result]:
    return tenant.run(simulate, "", asked, "SimulateCustomPolicy", Paging(count=count))


def statements(number: int, **more: object) -> str:
    one = {"Effect": "Allow", "Action": "*", "Resource": "*", **more}
    return json.dumps({"Version": "2012-10-17", "Statement": [one] * number}, separators=(",", ":"))


def named(number: int) -> list[str]:
    return [f"ecr:Action{each}" for each in range(number)]


@pytest.mark.parametrize("text", [*BROKEN, *(BROKEN_CONDITION % one for one in ("3", '"aws:x"', "[1]", '{"Bool":3}'))])
def test_a_stored_policy_that_cannot_be_read_denies_and_asks_for_no_keys(tenant: Tenant, text: str) -> None:
    (found,) = run(tenant, asking(allow("*"), text)).items
    assert (found.whole.outcome, found.whole.missing) == (Outcome.EXPLICIT_DENY, ())
    assert [match.policy.name for match in found.whole.matched] == ["1"]
    assert context_keys([text]) == ()


def test_others_have_their_turn_after_each_question(tenant: Tenant) -> None:
    async def both() -> int:
        turns = 0
        granted = await asyncio.to_thread(tenant.granted)
        asked = asking(allow("*"), actions=named(5), resources=[APP] * 20)
        task = asyncio.create_task(simulate(tenant.env, granted, asked, "SimulateCustomPolicy", Paging()))
        while not task.done():
            await asyncio.sleep(0)
            turns += 1
        return turns

    assert asyncio.run(both()) >= 100


def test_documents_are_read_once_for_all_questions(tenant: Tenant, monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[str] = []

    def reading(text: str) -> object:
        seen.append(text)
        return json.loads(text)

    monkeypatch.setattr(contextkeys, "read_json", reading)
    run(tenant, asking(allow("*"), allow("ecr:*"), actions=named(3), resources=[APP] * 3))
    assert seen == [allow("*"), allow("ecr:*")]


@pytest.mark.parametrize(
    ("more", "context"),
    [
        ({}, {}),
        ({"resources": [f"{APP}{'x' * 300}"]}, {}),
        ({}, {"aws:x": "x" * 300}),
        ({}, {"aws:x": ("x",) * 4}),
    ],
)
def test_more_than_one_call_may_hold_up_others_with_is_refused(
    tenant: Tenant, more: Mapping[str, Sequence[str]], context: Mapping[str, Value], monkeypatch: pytest.MonkeyPatch
) -> None:
    text = allow("ecr:ListImages")
    longer = 1 + bool(more or context)
    asked = asking(text, actions=named(10), **more, **context)  # type: ignore[arg-type]  # keys of both kinds
    monkeypatch.setattr(simulation, "_MOST_WORK", len(text) * 10 * longer)
    assert len(run(tenant, asked).items) == 10
    monkeypatch.setattr(simulation, "_MOST_WORK", len(text) * 10 * longer - 1)
    with pytest.raises(InvalidInput, match="too much for one simulation"):
        run(tenant, asked)
    assert len(run(tenant, asked, 9).items) == 9


def test_documents_that_are_many_and_long_are_not_asked_about_everything(tenant: Tenant) -> None:
    asked = asking(statements(2_000), statements(2_000), actions=named(100), resources=[APP] * 10)
    with pytest.raises(InvalidInput, match="with a smaller MaxItems"):
        run(tenant, asked)


@pytest.mark.parametrize("more", [{}, {"Condition": {"StringEqualsIfExists": {"aws:x": "x"}}, "Effect": "Deny"}])
def test_more_statements_and_keys_than_an_answer_holds_are_refused(
    tenant: Tenant, more: Mapping[str, object], monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = asking(statements(10, **more), actions=named(3), resources=[APP] * 2)
    each = 10 + ("Condition" in more)
    monkeypatch.setattr(simulation, "_MOST_TOLD", 6 * each)
    assert len(run(tenant, asked).items) == 3
    monkeypatch.setattr(simulation, "_MOST_TOLD", 6 * each - 1)
    with pytest.raises(InvalidInput, match="too much for one simulation"):
        run(tenant, asked)


LONG: Sequence[Mapping[str, Value]] = (
    {"aws:x": "x" * (LONGEST_FACT + 1)},
    {"aws:x": ("x",) * (MOST_VALUES + 1)},
    {f"aws:{number}": "x" for number in range(257)},
)


@pytest.mark.parametrize("context", LONG)
def test_context_that_no_call_could_have_is_refused(tenant: Tenant, context: Mapping[str, Value]) -> None:
    asked = Asked(["ecr:ListImages"], [], [allow("*")], [], None, None, None, context)
    with pytest.raises(InvalidInput, match="at most"):
        of_documents(tenant.granted(), asked)
    with pytest.raises(InvalidInput, match="at most"):
        tenant.run(check_access, "", Access(f"arn:aws:iam::{HOME}:root", "ecr:ListImages", APP, context))


@pytest.mark.parametrize(
    ("principal", "action", "resource"),
    [
        ("ada", f"ecr:{'x' * 125}", APP),
        ("ada", "ecr:ListImages", APP + "x" * 2_048),
        ("a" * 2_049, "ecr:ListImages", APP),
        (f"{ADA.arn}{'a' * 2_048}", "ecr:ListImages", APP),
    ],
)
def test_names_that_nothing_could_have_are_refused(tenant: Tenant, principal: str, action: str, resource: str) -> None:
    tenant.new_user("ada")
    assert tenant.run(check_access, "", Access("ada", "ecr:ListImages", APP, {})).principal == ADA.arn
    with pytest.raises(InvalidInput):
        tenant.run(check_access, "", Access(principal, action, resource, {}))
