"""The frontier against a plain search, and what its columns promise."""

import numpy as np
import polars as pl
import pytest

from svlaw.analysis.cost import RelativeCost
from svlaw.analysis.frontier import doubling_budgets, frontier
from svlaw.analysis.resampling import percentile_interval, resample_means

COLUMNS = [
    "budget",
    "strategy",
    "solutions",
    "verifications",
    "cost",
    "success",
    "conf_low",
    "conf_high",
    "gain",
    "gain_low",
    "gain_high",
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
            key=lambda name: (-means[name, *offers[name]], cost(*offers[name])),
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
    points = _random_points(rng, 50)
    table, cost = tables.of(points), RelativeCost(2.0)
    found = frontier(table, cost, resamples=200, seed=5)
    means = resample_means(table, 200, seed=5)
    rows = list(points)
    low, high = percentile_interval(means)
    plain: dict[float, int] = {
        r["budget"]: rows.index(("self_consistency", r["solutions"], 0))
        for r in found.filter(strategy="self_consistency").iter_rows(named=True)
    }
    for r in found.iter_rows(named=True):
        i = rows.index((r["strategy"], r["solutions"], r["verifications"]))
        assert (r["conf_low"], r["conf_high"]) == (low[i], high[i])
        ends = percentile_interval(means[i] - means[plain[r["budget"]]])
        assert (r["gain_low"], r["gain_high"]) == ends


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
    assert best["strategy"].to_list()[:3] == ["self_consistency"] * 3
    assert best["strategy"].to_list()[-1] == "best_of_n"
    assert found.group_by("budget").agg(pl.col("best").sum())["best"].to_list() == [1] * best.height
    held = found.drop_nulls("gain_low")
    assert (held["gain_low"] <= held["gain"] + 1e-9).all()
    assert (held["gain"] <= held["gain_high"] + 1e-9).all()
