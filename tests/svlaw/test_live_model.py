"""The figures of the live panel against those of Python, over random small tables."""

import json
import re
from dataclasses import asdict
from importlib import resources

import numpy as np
import pytest

from svlaw.analysis.compare.crossover import crossover
from svlaw.analysis.compare.frontier import frontier
from svlaw.analysis.cost import RelativeCost
from svlaw.analysis.token_costs import FlopsCost, PriceCost, TokenCost, TokenMeans
from svlaw.data.errors import BadInputError, NotInPoolError
from svlaw.data.schema import VERIFIED
from svlaw.fit.plans.planner import plan
from svlaw.report.live import coarse_data, fine_data

COSTS = (
    *map(RelativeCost, (0.03, 0.5, 1.0, 2.0, 7.0)),
    FlopsCost(8e9, 70e9, TokenMeans(900.0, 500.0, 1200.0)),
    FlopsCost(70e9, 1e9, TokenMeans(900.0, 500.0, 1200.0)),
    TokenCost(TokenMeans(900.0, 500.0, 1200.0)),
    PriceCost(0.1, 3.0, 15.0, TokenMeans(900.0, 500.0, 1200.0)),
    RelativeCost(2.0, calls="shared"),
    TokenCost(TokenMeans(900.0, 500.0, 1200.0), calls="shared"),
)


@pytest.fixture(scope="module")
def compute(open_page):
    """Calls a function of the live panel's model."""
    folder = resources.files("svlaw.report")
    with open_page() as page:
        # A const of a script is no property of the window, yet seen by what is evaluated.
        page.add_script_tag(content=(folder / "live_model.js").read_text("utf-8"))

        def call(name, table, cost, *arguments):
            text = json.dumps([table, cost_data(cost), *arguments], allow_nan=False)
            words = "(text) => { const a = JSON.parse(text); liveModel.unpack(a[0]);"
            return page.evaluate(f"{words} return liveModel.{name}(...a); }}", text)

        yield call


def cost_data(cost):
    return {"unit": cost.unit, "prefill": cost.prefill, "ratio": cost.ratio, "calls": cost.calls}


@pytest.fixture
def random_table(tables):
    """Small tables, many of whose figures are level."""

    def make(seed):
        rng = np.random.default_rng(seed)
        problems = [None, 1, 7, 10, 13, 40][seed % 6]
        low, high, unit = [(0, 3, 2), (0, 9, 8), (488, 513, 1000)][seed % 3]
        names = ["coverage", "self_consistency", "best_of_n", "weighted_vote"]
        held = [name for name in names if rng.random() < 0.8] or names
        S = np.unique(rng.integers(1, 40, 6))
        V = np.unique(rng.integers(1, 9, 3))
        points = {}
        for name in held:
            for v in V if name in VERIFIED else [0]:
                for s in S if rng.random() < 0.7 else 2 ** np.arange(5):
                    scores = rng.integers(low, high, problems or 1) / unit
                    points[name, int(s), int(v)] = scores if problems else float(scores[0])
        return tables.of(points)

    return make


SEEDS = range(60)


@pytest.mark.parametrize("seed", SEEDS)
def test_the_frontier_is_the_same(seed, compute, random_table, assert_same):
    table, cost = random_table(seed), COSTS[seed % len(COSTS)]
    rows = frontier(table, cost, resamples=0).to_dicts()
    found = compute("frontier", coarse_data(table), cost)
    assert len(found) == len(rows)
    for row, one in zip(rows, found, strict=True):
        assert_same(one, row)


@pytest.mark.parametrize("seed", SEEDS)
def test_the_crossover_is_the_same(seed, compute, random_table, assert_same):
    table, cost = random_table(seed), COSTS[seed % len(COSTS)]
    present = [name for name in VERIFIED if name in table.strategies]
    for name in (*present, "best") if present else ():
        found = compute(
            "crossover", coarse_data(table), cost, present if name == "best" else [name]
        )
        try:
            expected = crossover(table, cost, name, resamples=0)
        except NotInPoolError:
            assert found is None
            continue
        assert found.pop("status") == expected.status
        assert_same(found, {key: getattr(expected, key).estimate for key in found})


@pytest.mark.parametrize("seed", SEEDS)
def test_the_plan_is_the_same(seed, compute, random_table, assert_same):
    table, cost = random_table(seed), COSTS[seed % len(COSTS)]
    costs = np.unique(cost(table.points["solutions"], table.points["verifications"]))
    data = fine_data(table, seed, whole=True)
    budgets = [*costs[:: max(len(costs) // 4, 1)], costs[0] / 2, 1.3 * costs[-1]]
    if not data["strategy"]:
        return
    for budget in map(float, budgets):
        found = compute("plan", data, cost, budget)
        if "least" in found:
            with pytest.raises(BadInputError, match="the cheapest computed point costs") as caught:
                plan(table, cost, budget=budget, resamples=40, seed=seed)
            told = float(re.search(r"costs ([^;]*)", str(caught.value))[1].replace(",", ""))
            assert found["least"] * (1 - 1e-9) <= told <= 1.01 * found["least"]
            assert plan(table, cost, budget=told, resamples=40, seed=seed).recommended
            continue
        expected = plan(table, cost, budget=budget, resamples=40, seed=seed)
        check_plan(found, expected, assert_same)


def check_plan(found, expected, assert_same):
    beside = found.pop("runner_up")
    noted = " ".join(expected.notes)
    is_beyond = found.pop("is_beyond")
    assert is_beyond == ("exceeds the largest cost computed" in noted)
    assert [found.pop("edges")] == (re.findall(r"[Tt]he data end at (.*?):", noted) or [""])
    assert_same(found, asdict(expected))
    if beside is None:
        assert expected.runner_up is None
        return
    edges = beside.pop("edges")
    assert is_beyond or [edges] == (re.findall(r"its data end at (.*?):", noted) or [""])
    assert_same(beside, asdict(expected.runner_up))


def test_without_problems_one_by_one_a_plan_is_in_sample(compute, tables):
    rng = np.random.default_rng(0)
    points = {("self_consistency", s, 0): rng.random(30) for s in (1, 2, 4)}
    points |= {("best_of_n", s, 2): rng.random(30) for s in (1, 2, 4)}
    table, cost = tables.of(points), RelativeCost(1.0)
    found = compute("plan", fine_data(table, 0, whole=False), cost, 6.0)
    whole = compute("plan", fine_data(table, 0, whole=True), cost, 6.0)
    assert (found["method"], whole["method"]) == ("in_sample", "crossfit")
    for name in ("strategy", "solutions", "verifications", "cost", "in_sample"):
        assert found[name] == whole[name]
    assert found["success"] == found["in_sample"]
    assert found["conf_low"] < found["success"] < found["conf_high"]
