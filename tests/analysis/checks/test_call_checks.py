"""Whether verdicts depend on the call, and whether pools say so."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from svlaw.analysis.checks.call_checks import call_effect
from svlaw.analysis.checks.findings import Check
from svlaw.analysis.checks.pool_check import check_pool
from svlaw.data.pool import Pool, open_pool
from svlaw.data.pool_writer import create_pool
from svlaw.fit.simulation.population import Simulation
from svlaw.fit.simulation.simulator import VERIFIER, simulate_pool

SIZES = {"problems": 50, "solutions": 16, "verifications": 8}


def finding(pool: Pool) -> Check:
    return next(check for check in check_pool(pool) if check.subject == f"calls ({VERIFIER})")


def undeclared(pool: Pool) -> Pool:
    return replace(pool, shared_calls=frozenset())


@pytest.mark.parametrize("seed", range(3))
def test_shared_calls_that_nobody_declared_are_found(seed: int, tmp_path: Path) -> None:
    pool = simulate_pool(tmp_path / "pool", Simulation(shared_calls=True), **SIZES, seed=seed)
    found = finding(undeclared(pool))
    assert found.level == "note"
    assert "import the pool again with --shared-calls" in found.message
    declared = finding(pool)
    assert declared.level == "ok"
    assert declared.message.startswith("shared; 100.0% of the pairs")


@pytest.mark.parametrize("seed", range(3))
def test_independent_calls_are_not_accused(seed: int, tmp_path: Path) -> None:
    found = finding(simulate_pool(tmp_path / "pool", Simulation(), **SIZES, seed=seed))
    assert found.level == "ok"
    assert found.message.startswith("independent, as the verdicts are")


def test_ids_that_name_no_common_calls(tmp_path: Path) -> None:
    pool = simulate_pool(tmp_path / "pool", Simulation(), **(SIZES | {"problems": 5}))
    apart = pl.col("solution_id") * 8 + pl.col("verification_id")
    verdicts = pool.scan("verdicts", VERIFIER).with_columns(verification_id=apart).collect()
    with create_pool(tmp_path / "apart", {}) as writer:
        writer.add("answers", pool.scan("answers").collect())
        writer.add("verdicts", verdicts, verifier=VERIFIER)
        writer.share_calls(VERIFIER)
    found = finding(open_pool(tmp_path / "apart"))
    assert found.level == "note"
    assert found.message.startswith("shared by the pool, but only 6.2% of the pairs")
    assert "no two solutions alike" in finding(undeclared(open_pool(tmp_path / "apart"))).message


def test_mean_and_variance_of_the_sum_over_all_orders() -> None:
    """Ragged rows of real scores, put into random orders of their own verdicts."""
    rng = np.random.default_rng(0)
    scores = rng.random((5, 6))
    scores[1, 4:], scores[3, :2], scores[4, 1:] = np.nan, np.nan, np.nan
    groups = np.array([0, 0, 1, 0, 0])
    _, variance, _ = call_effect(scores, groups)
    sums = []
    for _ in range(20_000):
        shuffled = scores.copy()
        for row in shuffled:
            held = np.isfinite(row)
            row[held] = rng.permutation(row[held])
        sums.append(call_effect(shuffled, groups)[0])
    assert np.mean(sums) == pytest.approx(0, abs=4 * np.sqrt(variance / 20_000))
    assert np.var(sums) == pytest.approx(variance, rel=0.04)


def test_rows_that_are_alike_have_a_correlation_of_one() -> None:
    row = np.array([1.0, 0.0, 0.0, 1.0, 1.0])
    total, _, most = call_effect(np.tile(row, (4, 1)), np.zeros(4, np.int64))
    assert total == pytest.approx(most)
