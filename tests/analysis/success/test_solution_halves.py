"""Noise of sampling, from two halves of every problem's solutions."""

import numpy as np
import polars as pl
import pytest

from svlaw.analysis.compare.crossover import crossover
from svlaw.analysis.compare.curves import curves
from svlaw.analysis.compare.frontier import frontier
from svlaw.analysis.cost import RelativeCost
from svlaw.analysis.success.estimators import Options
from svlaw.analysis.success.solution_halves import with_sampling_noise
from svlaw.analysis.success.success_table import SuccessTable, success_table
from svlaw.data.errors import BadInputError, NotInPoolError
from svlaw.data.examples import open_example
from svlaw.data.pool import Pool
from svlaw.fit.laws.allocation import fit_allocation
from svlaw.fit.plans.planner import plan

COST = RelativeCost(1.0)
NAMES = ("self_consistency", "best_of_n")


@pytest.fixture(scope="module")
def pool() -> Pool:
    return open_example("exams_gpt35_by_gpt4")


@pytest.fixture(scope="module")
def noisy(pool: Pool) -> SuccessTable:
    table = success_table(pool, NAMES, [1, 2, 8], [1, 4])
    return with_sampling_noise(pool, table)


def test_deviations_are_half_of_what_the_halves_differ_by(pool, noisy) -> None:
    halves = [
        success_table(pool, ["best_of_n"], [1, 2, 8], [1, 4], options=Options(half=half))
        for half in ("rating", "analysis")
    ]
    rows = (noisy.points["strategy"] == "best_of_n").to_numpy()
    assert halves[0].points.equals(noisy.points.filter(rows))
    places = [halves[0].problem_ids.index(name) for name in noisy.problem_ids]
    wanted = (halves[0].success - halves[1].success)[:, places] / 2
    np.testing.assert_array_equal(noisy.noise.deviations[rows], wanted)
    assert noisy.noise.known.all()


def test_points_beyond_half_of_the_solutions_have_none(pool) -> None:
    table = success_table(pool, NAMES, [1, 32, 64], [1])
    found = with_sampling_noise(pool, table)
    known = (table.points["solutions"] <= 32).to_list()
    assert found.noise.known.tolist() == known
    frame = curves(found, COST)
    assert frame["samples_low"].is_not_null().to_list() == known
    assert crossover(found, COST, resamples=40).gain.samples_low is None
    rows = frontier(found, COST)
    assert rows.filter(pl.col("solutions") > 32)["samples_low"].null_count() > 0
    assert rows.filter(pl.col("solutions") <= 32)["samples_low"].null_count() == 0


def test_every_analysis_answers_both_questions(noisy) -> None:
    frame = curves(noisy, COST)
    widths = [frame[f"{name}_high"] - frame[f"{name}_low"] for name in ("conf", "samples")]
    assert (widths[1] < widths[0]).all()
    row = frontier(noisy, COST).filter(strategy="best_of_n").row(-1, named=True)
    assert row["gain_samples_low"] < row["gain"] < row["gain_samples_high"]
    gain = crossover(noisy, COST, resamples=100).gain
    assert gain.samples_low < gain.estimate < gain.samples_high
    found = plan(noisy, COST, budget=20)
    assert found.samples_low < found.success < found.samples_high
    laws = fit_allocation(noisy, COST, "envelope", resamples=40).laws
    assert {law.samples_low for law in laws} == {None} or laws[0].samples_low is not None


def test_tables_without_solutions_or_with_one_half(pool, published) -> None:
    half = success_table(pool, ["coverage"], [1], options=Options(half="analysis"))
    with pytest.raises(BadInputError, match="both halves"):
        with_sampling_noise(pool, half)
    with pytest.raises(NotInPoolError, match="published"):
        with_sampling_noise(open_example("singhi2025_fig1"), published)


def test_parts_of_a_table_keep_their_noise(noisy) -> None:
    part = noisy.select("best_of_n").restrict(np.arange(noisy.n_problems) < 30)
    assert part.noise.deviations.shape == part.success.shape
