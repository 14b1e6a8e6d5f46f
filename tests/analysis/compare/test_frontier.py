"""The frontier against a plain search, and what its columns promise."""

import numpy as np
import polars as pl
import pytest

from svlaw.analysis.compare.crossfit import LEAST_PROBLEMS, cross_fit
from svlaw.analysis.compare.frontier import doubling_budgets, frontier
from svlaw.analysis.cost import RelativeCost
from svlaw.analysis.intervals.difference_intervals import difference_intervals, too_few_differ
from svlaw.analysis.intervals.success_intervals import success_intervals

COLUMNS = [
    "budget",
    "strategy",
    "solutions",
    "verifications",
    "setting",
    "cost",
    "success",
    "conf_low",
    "conf_high",
    "crossfit",
    "optimism",
    "gain",
    "gain_low",
    "gain_high",
    "few_differ",
    "best",
]


def _random_points(rng: np.random.Generator, n: int) -> dict[tuple[str, int, int], np.ndarray]:
    """Success in tenths, so that points tie."""
    points = {}
    for name, depths in (
        ("coverage", [0]),
        ("self_consistency", [0]),
        ("best_of_n", [1, 2, 4]),
        ("weighted_vote", [1, 3]),
    ):
        for v in depths:
            for s in 2 ** np.arange(rng.integers(1, 6)):
                points[name, int(s), v] = rng.integers(0, 11, n) / 10
    return points


@pytest.mark.parametrize("seed", range(25))
def test_equals_a_plain_search(seed: int, tables, slow_scan) -> None:
    rng = np.random.default_rng(seed)
    points = _random_points(rng, 1 if seed % 2 else 4)
    table, cost = tables.of(points), RelativeCost(float(rng.choice([0.1, 0.5, 1.0, 2.0])))
    means = {point: float(y) for point, y in zip(points, table.mean(), strict=True)}
    found = frontier(table, cost, resamples=0)
    assert found.columns == COLUMNS
    wanted = []
    costs = cost(table.points["solutions"], table.points["verifications"])
    budgets = found["budget"].unique().sort()
    assert budgets.to_list() == doubling_budgets(costs).tolist()
    for budget in budgets:
        offers = {}
        for name in table.strategies:
            best = slow_scan.affordable_best(means, lambda s, v: float(cost(s, v)), name, budget)
            if best is not None:
                offers[name] = best
        chosen = min(
            (name for name in offers if name != "coverage"),
            key=lambda name: (-round(means[name, *offers[name]], 9), cost(*offers[name])),
            default=None,
        )
        for name, (s, v) in offers.items():
            gain = means[name, s, v] - means["self_consistency", *offers["self_consistency"]]
            wanted.append((budget, name, s, v, means[name, s, v], gain, name == chosen))
    rows = found.select(*COLUMNS[:4], "success", "gain", "best").rows()
    assert [(*row[:4], row[6]) for row in rows] == [(*row[:4], row[6]) for row in wanted]
    np.testing.assert_allclose([r[4:6] for r in rows], [r[4:6] for r in wanted], atol=1e-12)
    assert (found["cost"] <= found["budget"] * (1 + 1e-9)).all()


def test_budgets_double() -> None:
    assert doubling_budgets(np.array([1.0, 3, 8])).tolist() == [1, 2, 4, 8]
    assert doubling_budgets(np.array([1.0, 16640])).tolist() == [2.0**k for k in range(14)] + [
        16640
    ]
    assert doubling_budgets(np.array([3.0])).tolist() == [3]
    assert doubling_budgets(np.array([3.0, 7.0])).tolist() == [3, 7]  # 6 would only repeat 7


def test_rounding_does_not_make_a_point_too_dear(tables) -> None:
    """In floats 1 + 0.2 * 7 is a little more than twice 1 + 0.2 * 1."""
    cost = RelativeCost(0.2)
    assert cost(1, 7) > 2 * cost(1, 1)
    table = tables.of(
        {("best_of_n", s, v): y for s, v, y in ((1, 1, 0.1), (1, 7, 0.5), (4, 7, 0.6))}
    )
    assert frontier(table, cost)["success"].to_list() == [0.1, 0.5, 0.5, 0.6]


def test_intervals_are_those_of_the_chosen_points(tables) -> None:
    rng = np.random.default_rng(0)
    points = {point: rng.random(50) for point in _random_points(rng, 50)}
    table, cost = tables.of(points), RelativeCost(2.0)
    found = frontier(table, cost, resamples=200, seed=5)
    rows = list(points)
    low, high = success_intervals(table.success)
    plain: dict[float, int] = {
        r["budget"]: rows.index(("self_consistency", r["solutions"], 0))
        for r in found.filter(strategy="self_consistency").iter_rows(named=True)
    }
    for r in found.iter_rows(named=True):
        i = rows.index((r["strategy"], r["solutions"], r["verifications"]))
        assert (r["conf_low"], r["conf_high"]) == (low[i], high[i])
        if r["strategy"] == "self_consistency":
            assert (r["gain_low"], r["gain_high"], r["few_differ"]) == (0, 0, False)
            continue
        difference = table.success[i] - table.success[plain[r["budget"]]]
        ends = difference_intervals(difference[None])
        assert (r["gain_low"], r["gain_high"]) == pytest.approx(tuple(float(e[0]) for e in ends))
        assert r["few_differ"] == bool(too_few_differ(difference[None])[0])


def test_a_gain_on_three_problems_has_no_sign(tables) -> None:
    plain = np.full(40, 0.5)
    better = plain + 0.5 * (np.arange(40) < 3)
    table = tables.of({("self_consistency", 2, 0): plain, ("best_of_n", 1, 1): better})
    found = frontier(table, RelativeCost(1.0)).filter(strategy="best_of_n")
    assert found["few_differ"].to_list() == [True]
    assert found["gain_low"][0] < 0 < found["gain"][0]


def test_crossfit_is_the_same_search_on_other_problems(tables) -> None:
    rng = np.random.default_rng(3)
    points = _random_points(rng, 30)
    table, cost = tables.of(points), RelativeCost(2.0)
    found = frontier(table, cost, resamples=0, seed=7)
    costs = [float(cost(s, v)) for _, s, v in points]
    for r in found.iter_rows(named=True):
        within = sorted(
            (c, i)
            for i, (c, point) in enumerate(zip(costs, points, strict=True))
            if point[0] == r["strategy"] and c <= r["budget"]
        )
        success = table.success[[i for _, i in within]]
        scored = cross_fit(success, np.array([len(within)]), 7)
        assert r["crossfit"] == pytest.approx(scored.mean(), abs=1e-12)
        assert r["optimism"] == pytest.approx(r["success"] - r["crossfit"], abs=1e-12)
    assert found["optimism"].max() > 0.01


def test_few_problems_or_none_are_not_cross_fitted(tables, published) -> None:
    rng = np.random.default_rng(4)
    few = tables.of(_random_points(rng, LEAST_PROBLEMS - 1))
    for table in (few, published):
        found = frontier(table, RelativeCost(2.0), resamples=0)
        for name in ("crossfit", "optimism"):
            assert found[name].null_count() == found.height
            assert found[name].dtype == pl.Float64
    enough = frontier(tables.of(_random_points(rng, LEAST_PROBLEMS)), RelativeCost(2.0))
    assert enough["crossfit"].null_count() == 0


def test_without_self_consistency_there_is_no_gain(tables) -> None:
    rng = np.random.default_rng(1)
    table = tables.of({("coverage", 1, 0): rng.random(30), ("best_of_n", 2, 1): rng.random(30)})
    found = frontier(table, RelativeCost(1.0), resamples=50)
    for name in ("gain", "gain_low", "gain_high"):
        assert found[name].null_count() == found.height
    assert found["success"].null_count() == 0
    assert found.filter("best")["strategy"].unique().to_list() == ["best_of_n"]


def test_coverage_is_never_the_choice(tables) -> None:
    table = tables.of({("coverage", 1, 0): 0.9, ("self_consistency", 1, 0): 0.5})
    assert frontier(table, RelativeCost(1.0)).filter("best")["strategy"].to_list() == [
        "self_consistency"
    ]
    alone = frontier(tables.of({("coverage", 1, 0): 0.9}), RelativeCost(1.0))
    assert alone["best"].to_list() == [False]


def test_points_without_a_result_are_left_out(tables) -> None:
    table = tables.of(
        {
            ("self_consistency", 1, 0): [0.1, 0.3],
            ("best_of_n", 1, 1): [0.5, 0.6],
            ("best_of_n", 64, 1): [np.nan, np.nan],
        }
    )
    found = frontier(table, RelativeCost(1.0), resamples=40)
    assert found["budget"].max() == 2
    assert found["success"].is_finite().all()


@pytest.mark.slow
def test_example(exams) -> None:
    found = frontier(exams, RelativeCost(2.0), resamples=200)
    best = found.filter("best")
    assert best["success"].is_sorted()
    assert best["strategy"].to_list()[:2] == ["self_consistency"] * 2
    assert best["strategy"].to_list()[-1] == "best_of_n"
    assert found.group_by("budget").agg(pl.col("best").sum())["best"].to_list() == [1] * best.height
    chosen = found.filter(pl.col("strategy") != "coverage")
    assert chosen["optimism"].max() > 0.002
    assert chosen["optimism"].min() > -0.002
    held = found.drop_nulls("gain_low")
    assert (held["gain_low"] <= held["gain"] + 1e-9).all()
    assert (held["gain"] <= held["gain_high"] + 1e-9).all()
