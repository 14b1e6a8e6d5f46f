"""The planner against a plain scan of all points, what it promises, and what it says in doubt."""

from dataclasses import asdict, replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from svlaw.analysis.compare.crossfit import cross_fit
from svlaw.analysis.compare.frontier import frontier
from svlaw.analysis.cost import RelativeCost
from svlaw.analysis.intervals.difference_intervals import difference_intervals
from svlaw.analysis.intervals.success_intervals import success_intervals
from svlaw.analysis.success.success_table import SuccessTable, success_table
from svlaw.data.errors import BadInputError, NotInPoolError
from svlaw.data.examples import open_example
from svlaw.fit.plans.ladder import PlannedPoint
from svlaw.fit.plans.planner import Plan, plan

Point = tuple[str, int, int]

SLACK = 1 + 1e-9


def _random_points(rng: np.random.Generator, n: int, tenths: bool = False) -> dict[Point, Any]:
    """Problems of unequal difficulty; success in tenths, so that points tie, or any number."""
    easy = rng.random(n)
    points: dict[Point, Any] = {}
    for name, depths in (
        ("coverage", [0]),
        ("self_consistency", [0]),
        ("best_of_n", [1, 2, 4]),
        ("weighted_vote", [1, 3]),
    ):
        for v in depths:
            for s in 2 ** np.arange(rng.integers(1, 6)):
                success = np.clip(easy + rng.normal(0.02 * v, 0.2, n), 0, 1)
                points[name, int(s), v] = np.round(success, 1) if tenths else success
    return points


def _mean(points: dict[Point, Any], point: Point) -> float:
    return float(np.mean(points[point]))


def _affordable(
    points: dict[Point, Any], cost: RelativeCost, budget: float, without: tuple[str, ...] = ()
) -> list[Point]:
    """Points within a budget, by rising cost, of strategies that need no oracle."""
    held = [p for p in points if p[0] not in {"coverage", *without}]
    return sorted((p for p in held if cost(*p[1:]) <= budget * SLACK), key=lambda p: cost(*p[1:]))


def _best(points: dict[Point, Any], within: list[Point]) -> Point:
    return max(within, key=lambda p: (_mean(points, p), -within.index(p)))


def _scored(points: dict[Point, Any], within: list[Point], seed: int) -> np.ndarray:
    scored = cross_fit(np.array([points[p] for p in within]), np.array([len(within)]), seed)
    assert scored is not None
    result: np.ndarray = scored[0]
    return result


def _promised(
    points: dict[Point, Any], cost: RelativeCost, within: list[Point], seed: int
) -> float:
    """The largest cross-fitted success at any cost that buys a better point."""
    best, promised = -1.0, -1.0
    for price in sorted({float(cost(*p[1:])) for p in within}):
        bought = _affordable({p: points[p] for p in within}, cost, price)
        mean = max(_mean(points, p) for p in bought)
        if mean > best:
            best = mean
            promised = max(promised, float(_scored(points, bought, seed).mean()))
    return promised


def _of(found: PlannedPoint | Plan | None) -> Point:
    assert found is not None
    assert found.strategy is not None
    assert found.solutions is not None
    assert found.verifications is not None
    return found.strategy, found.solutions, found.verifications


@pytest.mark.parametrize("seed", range(12))
def test_equals_a_plain_scan(seed: int, tables: Any) -> None:
    rng = np.random.default_rng(seed)
    points = _random_points(rng, 30, tenths=seed % 2 == 0)
    table, cost = tables.of(points), RelativeCost(float(rng.choice([0.1, 0.5, 1.0, 2.0])))
    for budget in (1.0, 3.0, 7.7, 20.0, 300.0):
        found = plan(table, cost, budget=budget, resamples=100, seed=seed)
        within = _affordable(points, cost, budget)
        best = _best(points, within)
        assert _of(found) == best
        assert found.cost == pytest.approx(float(cost(*best[1:])))
        assert found.in_sample == pytest.approx(_mean(points, best), abs=1e-12)
        assert found.success == pytest.approx(_promised(points, cost, within, seed), abs=1e-12)
        own = _scored(points, [p for p in within if p[0] == best[0]], seed)
        low, high = success_intervals(own[None])
        assert found.success is not None
        assert found.conf_low == pytest.approx(min(low[0], found.success))
        assert found.conf_high == pytest.approx(max(high[0], found.success))
        others = _affordable(points, cost, budget, without=(best[0],))
        if not others:
            assert found.runner_up is None
            continue
        second = _best(points, others)
        assert _of(found.runner_up) == second
        assert found.runner_up is not None
        lead = points[_of(found)] - points[second]
        assert found.runner_up.difference == pytest.approx(lead.mean(), abs=1e-12)
        assert found.runner_up.success == pytest.approx(found.success - lead.mean(), abs=1e-9)
        if seed % 2:
            ends = difference_intervals(lead[None])
            low, high = found.runner_up.difference_low, found.runner_up.difference_high
            assert (low, high) == pytest.approx((ends[0][0], ends[1][0]))
            assert found.difference_matters == (ends[0][0] > 0 and lead.mean() >= 0.0025)


def _steps(points: dict[Point, Any], cost: RelativeCost) -> list[float]:
    """Budgets that buy a better point than any smaller one."""
    steps, best = [], -1.0
    for budget in sorted({float(cost(*p[1:])) for p in points if p[0] != "coverage"}):
        within = _affordable(points, cost, budget)
        mean = _mean(points, _best(points, within))
        if mean > best:
            steps.append(budget)
        best = max(best, mean)
    return steps


@pytest.mark.parametrize("seed", range(8))
def test_the_cheaper_plan_is_the_first_good_enough(seed: int, tables: Any) -> None:
    points = _random_points(np.random.default_rng(seed), 40)
    table, cost = tables.of(points), RelativeCost(0.5)
    found = plan(table, cost, budget=60, resamples=100)
    top = _promised(points, cost, _affordable(points, cost, 60), 0)
    for budget in [b for b in _steps(points, cost) if b < 60]:
        within = _affordable(points, cost, budget)
        lost = points[_of(found)] - points[_best(points, within)]
        low = difference_intervals(lost[None])[0][0]
        if lost.mean() < (0.01 if low <= 0 else 0.0025):
            break
    else:
        assert found.cheaper is None
        return
    best = _best(points, within)
    if best == _of(found):
        assert found.cheaper is None
        return
    assert found.cheaper is not None
    assert _of(found.cheaper) == best
    assert found.cheaper.difference == pytest.approx(lost.mean(), abs=1e-12)
    assert found.cheaper.difference_low == pytest.approx(low)
    assert found.cheaper.success == pytest.approx(top - lost.mean(), abs=1e-12)


@pytest.mark.parametrize("seed", range(6))
def test_a_target_is_reached_at_the_least_budget(seed: int, tables: Any) -> None:
    points = _random_points(np.random.default_rng(seed), 30)
    table, cost = tables.of(points), RelativeCost(2.0)
    plans = [plan(table, cost, budget=b, resamples=40) for b in _steps(points, cost)]
    expected = [float(p.success or 0) for p in plans]
    lows = [float(p.conf_low or 0) for p in plans]
    for target in [*expected, *np.linspace(min(lows), max(expected) + 0.1, 8)]:
        found = plan(table, cost, target=float(target), resamples=40)
        reaching = [p for p, x in zip(plans, expected, strict=True) if x >= target - 1e-12]
        if not reaching:
            assert (found.status, found.recommended) == ("not_reached", None)
            assert found.reachable is not None
            assert found.reachable.success == pytest.approx(max(expected))
            assert "enerate more" in found.notes[-1]
            continue
        assert found.recommended == reaching[0].recommended
        assert found.runner_up == reaching[0].runner_up
        sure = [p.recommended for p, x in zip(plans, lows, strict=True) if x >= target]
        assert found.assured == (sure[0] if sure else None)
        assert ("generate for more problems" in " ".join(found.notes)) or sure


@settings(max_examples=60)
@given(
    seed=st.integers(0, 1000),
    ratio=st.floats(0.05, 10),
    budgets=st.lists(st.floats(1, 2000), min_size=2, max_size=4, unique=True),
)
def test_more_budget_never_brings_a_worse_point(
    seed: int, ratio: float, budgets: list[float], tables: Any
) -> None:
    points = _random_points(np.random.default_rng(seed), 12, tenths=True)
    table, cost = tables.of(points), RelativeCost(ratio)
    before = -1.0
    for budget in sorted(budgets):
        found = plan(table, cost, budget=budget, resamples=0)
        point = _of(found)
        assert isinstance(found.solutions, int)
        assert isinstance(found.verifications, int)
        assert point[0] != "coverage"
        assert found.cost is not None
        assert found.cost <= budget
        assert found.cost == pytest.approx(float(cost(*point[1:])))
        assert found.in_sample is not None
        assert found.in_sample >= before
        before = found.in_sample


def test_a_cost_equal_to_the_budget_but_for_rounding_counts(tables: Any) -> None:
    """In floats 1 + 0.2 * 7 is a little more than 2.4."""
    cost = RelativeCost(0.2)
    assert float(cost(1, 7)) > 2.4
    found = plan(tables.of({("best_of_n", 1, 1): 0.1, ("best_of_n", 1, 7): 0.5}), cost, budget=2.4)
    assert (found.verifications, found.cost) == (7, 2.4)


def test_is_what_the_frontier_calls_best(exams: SuccessTable) -> None:
    cost = RelativeCost(2.0)
    rows = frontier(exams, cost, resamples=0).filter("best")
    for row in rows.iter_rows(named=True):
        found = plan(exams, cost, budget=row["budget"], resamples=0)
        assert _of(found) == (row["strategy"], row["solutions"], row["verifications"])
        assert found.in_sample == pytest.approx(row["success"])


def _past_the_turning_point(table: SuccessTable, recommended: set[Point]) -> list[Point]:
    """Those of some points whose S is beyond the best S at their V."""
    turning: dict[tuple[str, int], tuple[float, int]] = {}
    for (name, s, v), mean in zip(table.points.drop("setting").rows(), table.mean(), strict=True):
        top = turning.get((name, v), (-1.0, 0))
        turning[name, v] = max(top, (float(mean), s), key=lambda x: (x[0], -x[1]))
    return [(name, s, v) for name, s, v in recommended if s > turning[name, v][1]]


def _recommended(table: SuccessTable, ratio: float, n_budgets: int) -> set[Point]:
    """Every point that plans and frontiers name, at many budgets."""
    cost = RelativeCost(ratio)
    rows = frontier(table, cost, resamples=0)
    points = set(rows.select("strategy", "solutions", "verifications").rows())
    costs = cost(table.points["solutions"], table.points["verifications"])
    for budget in np.geomspace(costs.min(), 2 * costs.max(), n_budgets):
        found = plan(table, cost, budget=float(budget), resamples=40)
        offers = [found.recommended, found.runner_up, found.cheaper]
        points |= {_of(offer) for offer in offers if offer is not None}
    for target in (0.25, 0.3, 0.35):
        found = plan(table, cost, target=target, resamples=40)
        offers = [found.recommended, found.runner_up, found.assured, found.reachable]
        points |= {_of(offer) for offer in offers if offer is not None}
    return points


def _deepest(table: SuccessTable) -> SuccessTable:
    """Best-of-N at the largest V alone, where it is better at some S than at the largest."""
    verified = table.select("best_of_n")
    depth = verified.points["verifications"]
    held = (depth == depth.max()).to_numpy()
    line = replace(
        verified,
        points=verified.points.filter(held),
        success=verified.success[held],
        variance=verified.variance[held],
    )
    assert line.mean().max() > line.mean()[-1] + 0.001
    return line


@pytest.mark.parametrize("ratio", [0.05, 0.3, 1.0, 2.0, 10.0])
def test_never_past_the_turning_point(ratio: float, humaneval: SuccessTable) -> None:
    """Best-of-N on this pool rises with S, then falls as the verifier's mistakes are found."""
    for table in (humaneval, humaneval.select("best_of_n"), _deepest(humaneval)):
        points = _recommended(table, ratio, 12)
        assert any(name == "best_of_n" for name, _, _ in points)
        assert _past_the_turning_point(table, points) == []


@pytest.mark.slow
@pytest.mark.parametrize(("spacing", "ratio"), [("fine", 2.0), ("all", 0.05)])
def test_never_past_the_turning_point_on_dense_grids(spacing: Any, ratio: float) -> None:
    pool = open_example("humaneval_codegen16b")
    table = success_table(pool, solutions=spacing, verifications=spacing)
    for part in (table, table.select("best_of_n"), _deepest(table)):
        points = _recommended(part, ratio, 4)
        assert _past_the_turning_point(part, points) == []


def test_the_interval_holds_the_expectation(tables: Any) -> None:
    """Two strategies so alike that each problem left out turns the choice against itself."""
    swing = np.array([0.2, -0.2] * 5) + 0.001
    points = {("self_consistency", 3, 0): 0.5 + swing, ("best_of_n", 1, 1): 0.5 - swing}
    found = plan(tables.of(points), RelativeCost(2.0), budget=3, resamples=40)
    assert found.strategy == "self_consistency"
    assert found.success == pytest.approx(0.3, abs=0.002)
    assert found.conf_low == found.success
    assert found.conf_high is not None
    assert found.conf_high > 0.55


def test_a_lead_that_does_not_matter_is_a_tie(tables: Any) -> None:
    rng = np.random.default_rng(0)
    plain = rng.random(2000) * 0.9
    noisy = np.clip(plain + rng.normal(0.0, 0.3, 2000), 0, 1)
    some = np.arange(2000) < 5
    cases = {
        "not clear of chance": (noisy, "tie", False),
        "too few problems differ": (plain + 0.09 * some, "tie", False),
        "less than 0.25 points": (plain + 0.002 + 0.0001 * rng.random(2000), "tie", False),
        "": (plain + 0.05 + 0.01 * rng.random(2000), "ok", True),
    }
    for words, (verified, status, matters) in cases.items():
        table = tables.of({("self_consistency", 3, 0): plain, ("best_of_n", 1, 1): verified})
        found = plan(table, RelativeCost(2.0), budget=3, resamples=200)
        assert (found.status, found.difference_matters) == (status, matters)
        assert words in " ".join(found.notes)
        assert bool(found.notes) == bool(words)


def test_beyond_the_data(tables: Any) -> None:
    rng = np.random.default_rng(1)
    rising = {("self_consistency", s, 0): rng.random(20) * 0.1 + y for s, y in ((1, 0.3), (8, 0.6))}
    found = plan(tables.of(rising), RelativeCost(1.0), budget=100, resamples=40)
    assert (found.status, found.solutions, found.largest_cost) == ("beyond_data", 8, 8)
    assert "end at S = 8: generate more, or see svlaw forecast" in found.notes[0]
    assert plan(tables.of(rising), RelativeCost(1.0), budget=8, resamples=40).status == "ok"
    falling = {
        ("self_consistency", s, 0): rng.random(20) * 0.1 + y for s, y in ((1, 0.6), (8, 0.3))
    }
    found = plan(tables.of(falling), RelativeCost(1.0), budget=100, resamples=40)
    assert (found.status, found.solutions) == ("beyond_data", 1)
    assert "more compute may not help" in found.notes[0]


def test_says_when_a_strategy_was_not_computed_far_enough(tables: Any) -> None:
    rng = np.random.default_rng(2)
    points = {
        ("self_consistency", 4, 0): rng.random(20) * 0.1 + 0.3,
        ("best_of_n", 2, 1): rng.random(20) * 0.1 + 0.6,
        ("best_of_n", 50, 1): rng.random(20) * 0.1 + 0.5,
        ("best_of_n", 2, 2): rng.random(20) * 0.1 + 0.4,
    }
    found = plan(tables.of(points), RelativeCost(1.0), budget=20, resamples=40)
    assert found.status == "ok"
    assert len(found.notes) == 1
    assert "self_consistency, but its data end at S = 4" in found.notes[0]
    found = plan(tables.of(points), RelativeCost(1.0), budget=4, resamples=40)
    assert found.notes == ()


def test_few_problems_are_in_sample(tables: Any) -> None:
    rng = np.random.default_rng(3)
    found = plan(tables.of(_random_points(rng, 9)), RelativeCost(1.0), budget=50)
    assert found.method == "in_sample"
    assert found.success == found.in_sample
    assert found.conf_low is not None
    assert "Too few problems to cross-fit (9; it takes 10)" in found.notes[0]


def test_a_published_table_has_no_intervals(published: SuccessTable) -> None:
    found = plan(published, RelativeCost(2.0), budget=1000)
    assert _of(found) == ("self_consistency", 128, 0)
    assert (found.method, found.n_problems, found.conf_low) == ("in_sample", None, None)
    assert found.runner_up is not None
    assert (found.runner_up.difference_low, found.difference_matters) == (None, None)
    assert "published table" in found.notes[0]
    assert found.success == found.in_sample
    reached = plan(published, RelativeCost(2.0), target=0.55)
    assert (reached.strategy, reached.assured) == ("self_consistency", None)
    assert plan(published, RelativeCost(2.0), target=0.7).status == "not_reached"


def test_the_same_seed_gives_the_same_plan(tables: Any) -> None:
    table = tables.of(_random_points(np.random.default_rng(5), 30))
    first, again, other = (
        asdict(plan(table, RelativeCost(1.0), budget=20, resamples=100, seed=seed))
        for seed in (1, 1, 2)
    )
    assert first == again
    assert first != other
    assert [first[k] for k in ("strategy", "solutions")] == [
        other[k] for k in ("strategy", "solutions")
    ]


@pytest.mark.parametrize(
    ("request_", "words"),
    [
        ({}, "neither given"),
        ({"budget": 4, "target": 0.5}, "both given"),
        ({"budget": 0}, "budget = 0:"),
        ({"budget": -1}, "budget = -1"),
        ({"budget": float("nan")}, "budget = nan"),
        ({"budget": float("inf")}, "budget = inf"),
        ({"budget": 0.9}, "cheapest computed point costs 1"),
        ({"target": 0}, "target = 0:"),
        ({"target": 1.01}, "target = 1.01"),
        ({"target": float("nan")}, "target = nan"),
        ({"budget": 4, "resamples": 5}, "resamples = 5"),
    ],
)
def test_bad_requests(request_: dict[str, Any], words: str, tables: Any) -> None:
    table = tables.of({("self_consistency", 1, 0): [0.2, 0.4]})
    with pytest.raises(BadInputError, match=words):
        plan(table, RelativeCost(1.0), **request_)


def test_coverage_alone_cannot_be_planned(tables: Any) -> None:
    with pytest.raises(NotInPoolError, match="self_consistency"):
        plan(tables.of({("coverage", 1, 0): [0.2, 0.4]}), RelativeCost(1.0), budget=2)


@pytest.mark.parametrize("seed", range(6))
def test_a_larger_budget_never_promises_less(seed: int, tables: Any) -> None:
    points = _random_points(np.random.default_rng(seed), 20)
    table, cost = tables.of(points), RelativeCost(0.5)
    budgets = np.geomspace(1, 80, 25)
    promised = [plan(table, cost, budget=b, resamples=0).success for b in budgets.tolist()]
    assert np.all(np.diff(np.array(promised, float)) >= 0)
    plain = [_scored(points, _affordable(points, cost, b), 0).mean() for b in budgets.tolist()]
    assert seed or np.any(np.diff(plain) < 0), "cross-fitting alone would sometimes promise less"


def test_the_default_vote_is_a_row(tables: Any) -> None:
    points = _random_points(np.random.default_rng(5), 20)
    points["self_consistency", 16, 0] = np.full(20, 0.6)
    for budget in (2.0, 40.0):
        found = plan(tables.of(points), RelativeCost(0.5), budget=budget, resamples=40)
        vote = found.default_vote
        assert vote is not None
        assert _of(vote) == ("self_consistency", 16, 0)
        assert vote.cost == 16
        assert vote.difference == pytest.approx(_mean(points, _of(found)) - 0.6, abs=1e-12)
    without = {p: v for p, v in points.items() if p[1] != 16}
    assert plan(tables.of(without), RelativeCost(0.5), budget=4).default_vote is None
