"""No figure that is zero by mathematics is anything else, nor do equal figures differ."""

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import svlaw as sv
from svlaw.analysis.dust import DUST, settled, settled_success

Run = Callable[..., tuple[int, str, str]]
STRATEGIES = ["coverage", "self_consistency", "best_of_n", "weighted_vote"]


@st.composite
def tables(draw: st.DrawFn) -> sv.SuccessTable:
    """Tables of random pools, of numbers whose shares are no finite binary fractions."""
    shared = draw(st.booleans())
    simulation = sv.Simulation(
        pass_rate=draw(st.sampled_from([0.2, 1 / 3, 0.7])),
        true_positive_rate=draw(st.sampled_from([0.6, 0.9])),
        shared_calls=shared,
    )
    return sv.simulate_table(
        simulation,
        problems=draw(st.integers(11, 40)),
        solutions=draw(st.integers(3, 23)),
        verifications=draw(st.integers(1, 5)),
        seed=draw(st.integers(0, 1000)),
        strategies=STRATEGIES,
        threads=1,
    )


def zero_within(row: dict[str, Any], of: str) -> bool:
    return row[f"{of}_low"] is None or row[f"{of}_low"] <= 0 <= row[f"{of}_high"]


@settings(max_examples=12)
@given(tables(), st.sampled_from([0.1, 1.0, 3.0]))
def test_one_solution_is_one_success(table: sv.SuccessTable, ratio: float) -> None:
    single = (table.points["solutions"] == 1).to_numpy()
    assert (table.success[single] == table.success[single][0]).all()
    curves = sv.curves(table, ratio).filter(solutions=1)
    for name in ("success", "conf_low", "conf_high"):
        assert curves[name].n_unique() == 1
    frontier = sv.frontier(table, ratio, resamples=40).filter(solutions=1)
    voting = sv.frontier(table, ratio, resamples=0).filter(strategy="self_consistency")
    of_one = voting.filter(solutions=1)["budget"]
    for row in frontier.filter(pl.col("budget").is_in(of_one.implode())).iter_rows(named=True):
        assert row["gain"] == 0.0
        assert zero_within(row, "gain")
        assert not row["few_differ"] or row["strategy"] != "self_consistency"


@settings(max_examples=12)
@given(tables(), st.sampled_from(STRATEGIES[1:]))
def test_a_strategy_is_not_ahead_of_itself(table: sv.SuccessTable, name: str) -> None:
    found = sv.crossover(table, 1.0, name, name, resamples=40)
    assert found.gain.estimate is None or found.gain.estimate >= 0
    assert all(abs(d) == 0 or abs(d) >= DUST for d in differences(table))
    frontier = sv.frontier(table, 1.0, resamples=40).filter(strategy="self_consistency")
    for column in ("gain", "gain_low", "gain_high"):
        assert set(frontier[column]) == {0.0}


def differences(table: sv.SuccessTable) -> Iterator[float]:
    """Every difference of success that is stored or printed."""
    frontier = sv.frontier(table, 1.0, resamples=40)
    yield from frontier["gain"].drop_nulls()
    yield from frontier["optimism"].drop_nulls()
    yield from sv.advantage(table, sv.RelativeCost(1.0), resamples=40)["difference"]
    plan = sv.plan(table, 1.0, budget=8, resamples=40)
    for point in (plan.baseline, plan.runner_up, plan.cheaper):
        if point is not None:
            yield point.difference


@settings(max_examples=12)
@given(tables())
def test_no_difference_is_dust(table: sv.SuccessTable) -> None:
    assert all(found == 0 or abs(found) >= DUST for found in differences(table))
    frontier = sv.frontier(table, 1.0, resamples=40)
    for row in frontier.filter(gain=0.0).iter_rows(named=True):
        assert zero_within(row, "gain")


def test_dust_is_settled() -> None:
    assert settled([4e-14, -4e-14, 2e-9, 0.5]).tolist() == [0.0, 0.0, 2e-9, 0.5]
    assert np.isnan(settled([np.nan])).all()
    sizes = np.array([1, 2, 4])
    success = np.array([[1 / 3 + 1e-13, 1 - 1e-13, 1e-13], [2 / 7 - 1e-13, 0.5, 1 / 3 + 1e-13]])
    clean = settled_success(success, sizes, 6)
    assert clean.tolist() == [[1 / 3, 1.0, 0.0], [2 / 7, 0.5, 1 / 3 + 1e-13]]
    assert settled_success(clean, sizes, 6).tolist() == clean.tolist()
    unclear = np.array([[0.123456789012], [np.nan]])
    np.testing.assert_array_equal(settled_success(unclear, sizes[:1], 6), unclear)


@pytest.mark.parametrize("suffix", ["json", "csv", "parquet"])
def test_files_and_tables_say_so_too(svlaw: Run, tmp_path: Path, suffix: str) -> None:
    """The pool in which coverage of one solution gained 4e-14, and S = 1 printed two figures."""
    sv.copy_example("exams_gpt35_by_gpt4", tmp_path / "pool")
    file = tmp_path / f"rows.{suffix}"
    sizes = ("--solutions", "1,2", "--verifications", "1", "--lambda", 2)
    svlaw("frontier", tmp_path / "pool", *sizes, "-o", file)
    read: dict[str, Any] = {"csv": pl.read_csv, "parquet": pl.read_parquet}
    frame = read[suffix](file) if suffix in read else pl.DataFrame(json.loads(file.read_text()))
    first = frame.filter(pl.col("budget") == 1)
    assert first["gain"].to_list() == [0.0, 0.0]
    assert (first["gain_low"] <= 0).all()
    assert first["success"].n_unique() == 1
    _, out, _ = svlaw("curves", tmp_path / "pool", *sizes)
    ones = [line.split() for line in out.splitlines() if line.split()[1:2] == ["1"]]
    assert len({words[4] for words in ones}) == 1
