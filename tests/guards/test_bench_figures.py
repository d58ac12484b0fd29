"""What the benchmark makes of its samples, by results made by hand."""

from collections.abc import Sequence

import pytest
from bench.figures import BUSY, Results, Row, Single, Spread, ratios
from bench.goals import GOALS, Goal, Limit, judged, passed, unjudged
from bench.lineup import OURS
from bench.resident import REST
from bench.scale import Growth

from guards.samples import large, of_costs, of_rates, sample


def test_a_sample_of_small_operations_tells_operations_a_second_and_microseconds_each() -> None:
    found = sample(rate=1500, cost=80, share=0.25)
    assert (found.rate, found.cost, found.client_share) == pytest.approx((1500, 80, 0.25))


def test_a_sample_of_bytes_tells_megabytes_a_second_and_seconds_each_gigabyte() -> None:
    found = large(500_000_000, seconds=2, server_cpu=0.4)
    assert (found.rate, found.cost) == pytest.approx((250, 0.8))


@pytest.mark.parametrize(
    ("values", "spread"),
    [
        ([3, 1, 2], Spread(2, 1, 3)),
        ([1, 2, 4, 100], Spread(3, 1, 100)),
        ([7], Spread(7, 7, 7)),
    ],
)
def test_a_spread_is_the_median_with_the_least_and_the_most(values: Sequence[float], spread: Spread) -> None:
    assert Spread.of(values) == spread


@pytest.mark.parametrize(
    ("now", "then", "moved"),
    [
        (Spread(10, 9, 11), Spread(13, 12, 14), True),
        (Spread(13, 12, 14), Spread(10, 9, 11), True),
        (Spread(10, 9, 12), Spread(13, 11, 14), True),  # they overlap, but neither median lies in the other
        (Spread(10, 9, 13), Spread(13, 12, 14), False),  # the old median lies in the new spread
        (Spread(10, 9, 11), Spread(13, 10, 14), False),  # the new median lies in the old spread
        (Spread(10, 9, 11), Spread(10, 10, 10), False),
        (Spread(0, 0, 0), Spread(0, 0, 0), False),
    ],
)
def test_a_figure_moved_where_no_median_lies_in_the_others_spread(now: Spread, then: Spread, *, moved: bool) -> None:
    assert now.moved_from(then) is moved
    assert then.moved_from(now) is moved


@pytest.mark.parametrize(
    ("shares", "void"),
    [
        ([0.2, 0.3, 0.4], False),
        ([0.95, 0.96, 0.4], True),
        ([0.99, 0.3, 0.4], False),  # one busy round is no reason
        ([BUSY] * 3, False),
        ([BUSY + 0.01] * 3, True),
    ],
)
def test_a_row_is_void_where_the_client_was_mostly_busy(shares: Sequence[float], *, void: bool) -> None:
    assert Row("blob-head", "nginx", [sample(share=share) for share in shares]).void is void


def test_ratios_are_taken_round_by_round() -> None:
    other, ours = of_rates("blob-head", "nginx", [100, 1000, 300]), of_rates("blob-head", OURS, [100, 500, 600])
    found = ratios(other, ours, lambda each: each.rate)
    assert found is not None
    assert (found.median, found.least, found.most) == pytest.approx((1, 0.5, 2))  # of the medians it would be 0.6


def test_a_round_that_only_one_of_them_has_makes_no_ratio() -> None:
    other, ours = of_rates("blob-head", "nginx", [100, 200, 5000]), of_rates("blob-head", OURS, [100, 100])
    assert ratios(other, ours, lambda each: each.rate) == Spread(1.5, 1, 2)


def test_over_nothing_there_is_no_ratio() -> None:
    other, ours = of_costs("blob-head", "nginx", [10, 20]), of_costs("blob-head", "dd", [0, 10])
    found = ratios(other, ours, lambda each: each.cost)
    assert found is not None
    assert (found.median, found.least, found.most) == pytest.approx((2, 2, 2))
    assert ratios(other, of_costs("blob-head", "dd", [0, 0]), lambda each: each.cost) is None


def grown(*medians: float) -> Growth:
    return Growth({}, (1, 2, 3), {"blob-head": [Spread(median, median, median) for median in medians]})


@pytest.mark.parametrize(
    ("medians", "times", "excessive"),
    [
        ((100, 120, 199), 1.99, False),
        ((100, 120, 200), 2, False),
        ((100, 120, 201), 2.01, True),
        ((100, 250, 150), 2.5, True),  # the dearest, wherever it is
        ((100, 50, 60), 1, False),
        ((0, 50, 60), 0, False),
    ],
)
def test_growth_is_the_dearest_over_the_first_and_excessive_over_twice(
    medians: Sequence[float], times: float, *, excessive: bool
) -> None:
    growth = grown(*medians)
    assert growth.growth("blob-head") == pytest.approx(times)
    assert growth.excessive == (["blob-head"] if excessive else [])


def test_what_asks_for_any_image_is_compared_from_where_not_all_are_remembered() -> None:
    spreads = [Spread(median, median, median) for median in (50, 100, 150)]
    growth = Growth({}, (1_000, 100_000, 1_000_000), {"any-blob-head": spreads, "blob-head": spreads})
    assert growth.growth("any-blob-head") == pytest.approx(1.5)
    assert growth.excessive == ["blob-head"]


def test_growth_comes_back_from_its_json() -> None:
    growth = grown(100, 120, 140)
    growth.started += [0.5, 0.6, 0.7]
    assert Growth.from_json(growth.to_json()) == growth


def over_nginx(cost: float) -> Results:
    """Make results in which a GET by tag takes so many times what nginx takes."""
    rows = [of_costs("manifest-get-tag", OURS, [cost * 20] * 3), of_costs("manifest-get-tag", "nginx", [20] * 3)]
    return Results({}, rows=rows)


@pytest.mark.parametrize(("cost", "holds"), [(2.9, True), (3.1, False)])
def test_what_is_held_at_most_holds_below(cost: float, *, holds: bool) -> None:
    ((goal, found, held),) = judged(over_nginx(cost))
    assert isinstance(goal, Goal)
    assert (goal.at_least, goal.wanted, held) == (False, 3, holds)
    assert found.median == pytest.approx(cost)


@pytest.mark.parametrize(("rate", "holds"), [(0.8, False), (0.86, True)])
def test_what_is_held_at_least_holds_above(rate: float, *, holds: bool) -> None:
    ours = Row("push-500mb", OURS, [large(500_000_000, 2, 0.5)] * 3)
    disk = Row("push-500mb", "dd", [large(500_000_000, 2 * rate, 0)] * 3)
    ((goal, found, held),) = judged(Results({}, rows=[ours, disk]))
    assert (goal.at_least, goal.wanted, held) == (True, 0.85, holds)
    assert found.median == pytest.approx(rate)


def test_what_a_run_did_not_measure_is_not_judged() -> None:
    assert list(judged(Results({}, rows=[of_costs("manifest-get-tag", OURS, [100])]))) == []


def test_a_row_that_is_void_judges_nothing() -> None:
    results = over_nginx(5)
    results.rows[1].samples = [sample(cost=20, share=BUSY + 0.01)] * 3
    assert list(judged(results)) == []


def test_each_goal_is_judged_or_told_as_not_judged() -> None:
    results = over_nginx(5)
    judgement = [goal for goal, _, _ in judged(results)]
    assert len(judgement) == 1
    assert {*judgement, *unjudged(results)} == set(GOALS)
    assert not {*judgement} & {*unjudged(results)}


def singles(value: float, target: str = OURS, *, binding: bool = True) -> Results:
    """Make results in which each figure with a limit is so many times its limit."""
    limits = [goal for goal in GOALS if isinstance(goal, Limit) and goal.binding is binding]
    assert limits
    return Results({}, singles=[Single(each.single, target, each.unit, [each.wanted * value]) for each in limits])


def test_a_run_passes_the_binding_limits_alone() -> None:
    assert list(passed(singles(0.99))) == []
    assert len(list(passed(singles(1.01)))) == len(singles(1.01).singles)
    assert list(passed(singles(1.01, binding=False))) == []
    assert list(passed(over_nginx(5))) == []


def test_limits_are_moorages_own() -> None:
    assert list(passed(singles(2, "zot"))) == []


def test_the_limit_of_memory_at_rest_is_told_in_megabytes() -> None:
    results = Results({}, singles=[Single(REST, OURS, "MB", [99, 101, 102])])
    assert [(goal.text, found, holds) for goal, found, holds in judged(results)] == [
        (f"{REST}, MB", Spread(101, 99, 102), False)
    ]
