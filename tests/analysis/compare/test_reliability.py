"""Reliability against enumeration, scorio and populations whose limit is known."""

from itertools import combinations
from pathlib import Path

import numpy as np
import polars as pl
import pytest
import scorio.eval

from svlaw.analysis.compare.reliability import reliability
from svlaw.analysis.intervals.success_intervals import success_intervals
from svlaw.analysis.kernels.problem_sample import NO_CLASS, ProblemSample
from svlaw.analysis.strategies.coverage import all_right, coverage, enough_right
from svlaw.analysis.strategies.vote_limit import most_likely, vote_limit
from svlaw.data.errors import BadInputError
from svlaw.data.pool import Pool, open_pool
from svlaw.fit.simulation.population import Simulation
from svlaw.fit.simulation.simulator import simulate_pool

TAUS = (0.25, 0.5, 0.6, 0.75, 1.0)


@pytest.mark.parametrize("N", [1, 2, 5, 8])
def test_against_enumeration(N: int) -> None:
    for c in range(N + 1):
        right = np.arange(N) < c
        for k in range(1, N + 1):
            counts = np.array([right[list(part)].sum() for part in combinations(range(N), k)])
            assert abs(all_right(N, c, k) - (counts == k).mean()) < 1e-12
            for tau in TAUS:
                # With whole numbers: a share of 3 / 5 is 0.6, whatever floats make of it.
                hundredths = round(100 * tau)
                enough = (100 * counts >= hundredths * k) & (counts >= 1)
                assert abs(enough_right(N, c, k, tau) - enough.mean()) < 1e-12


def test_ends_and_large_pools() -> None:
    N, c, k = np.array([5000]), np.array([4000]), np.array([1, 10, 500])
    assert np.allclose(enough_right(N, c, k, 1.0), all_right(N, c, k), atol=1e-11)
    assert np.allclose(enough_right(N, c, k, 0.0), coverage(N, c, k), atol=1e-11)
    assert all_right(5000, 4000, 1) == pytest.approx(0.8)
    assert np.isnan(all_right(4, 2, 5))
    assert np.isnan(enough_right(4, 2, 5, 0.5))


def test_against_scorio() -> None:
    rng = np.random.default_rng(3)
    outcomes = (rng.random((40, 16)) < rng.random((40, 1))).astype(int)
    right = outcomes.sum(axis=1)
    for k in (1, 3, 8, 16):
        assert all_right(16, right, k).mean() == pytest.approx(
            scorio.eval.pass_hat_k(outcomes, k), abs=1e-12
        )
        for tau in TAUS:
            ours = enough_right(16, right, k, tau).mean()
            assert ours == pytest.approx(
                scorio.eval.g_pass_at_k_tau(outcomes, k, tau), abs=1e-12
            ), (k, tau)


def test_the_most_likely_answer_against_draws() -> None:
    rng = np.random.default_rng(0)
    for votes in ([3, 2], [5, 5, 1], [0, 1, 1, 1, 4], [40, 30, 30], [1]):
        counts = np.array(votes, float)
        drawn = rng.dirichlet(counts + 0.5, 100_000).argmax(axis=1)
        shares = np.bincount(drawn, minlength=counts.size) / drawn.size
        every = np.ones(counts.size, np.bool_)
        assert most_likely(counts, every) == pytest.approx(shares, abs=0.006)
        assert most_likely(counts, every).sum() == pytest.approx(1.0, abs=1e-4)
        first = most_likely(counts, np.arange(counts.size) == 0)
        assert first[0] == most_likely(counts, every)[0]
        assert not first[1:].any()


def sample_of(classes: list[int], right: int | None) -> ProblemSample:
    numbers = np.array(classes, np.int32)
    none = numbers == NO_CLASS
    offsets = np.zeros(numbers.size + 1, np.int64)
    return ProblemSample("p", numbers, numbers == right, none, offsets, np.zeros(0, np.int32))


def test_limits_of_a_problem() -> None:
    assert vote_limit(sample_of([0] * 30 + [1] * 5, 0)) > 0.999
    assert vote_limit(sample_of([0] * 30 + [1] * 5, 1)) < 0.001
    assert vote_limit(sample_of([0, 1], 1)) == pytest.approx(0.5)
    # Nobody found the right answer: it may still be the most likely one, but hardly.
    assert 0 < vote_limit(sample_of([0] * 3, None)) < 0.1
    assert vote_limit(sample_of([0] * 3, None)) > vote_limit(sample_of([0] * 9, None))
    assert vote_limit(sample_of([NO_CLASS] * 4, None)) == 0.0
    without = vote_limit(sample_of([0, 0, 1], 0))
    assert vote_limit(sample_of([0, 0, 1, NO_CLASS], 0)) == without


def test_the_limit_of_a_population(tmp_path: Path) -> None:
    """The interval holds the true share of problems whose most likely answer is right."""
    simulation = Simulation(pass_rate_spread=0.3, wrong_answers=5)
    pool = simulate_pool(
        tmp_path / "pool", simulation, problems=400, solutions=32, verifications=0, seed=2
    )
    p = pool.read("problems", ("pass_rate",))["pass_rate"].to_numpy()
    rival = (1 - p) * (1 - simulation.no_answer) * simulation.wrong_weights[0]
    found = reliability(pool, [1, 32])
    limit = found.rows.filter(measure="maj@infinity").row(0, named=True)
    assert limit["conf_low"] < (p > rival).mean() < limit["conf_high"]
    assert abs(limit["estimate"] - (p > rival).mean()) < 0.04
    known = found.limits["limit"].to_numpy()
    decided = (known > 0.95) | (known < 0.05)
    assert decided.mean() > 0.6
    assert ((known > 0.5) == (p > rival))[decided].mean() > 0.98
    right, wrong, left = found.decided
    assert right + wrong == decided.sum()
    assert right + wrong + left == 400


@pytest.fixture
def pool(tmp_path: Path) -> Pool:
    return simulate_pool(
        tmp_path / "few", Simulation(), problems=12, solutions=9, verifications=0, seed=1
    )


def test_rows(pool: Pool) -> None:
    found = reliability(pool, "all", [0.75, 0.5])
    rows = found.rows
    assert rows["measure"].unique(maintain_order=True).to_list() == [
        "pass@k", "maj@k", "g_pass@k", "pass^k", "maj@infinity"
    ]  # fmt: skip
    assert rows.filter(measure="maj@k")["k"].to_list() == list(range(1, 10))
    assert rows.filter(measure="g_pass@k")["tau"].unique().sort().to_list() == [0.5, 0.75]
    assert np.ptp(rows.filter(k=1)["estimate"].to_numpy()) < 1e-12
    for k in range(1, 10):
        part = rows.filter(k=k)
        value = {(r["measure"], r["tau"]): r["estimate"] for r in part.to_dicts()}
        ordered = [
            value["pass^k", None],
            value["g_pass@k", 0.75],
            value["g_pass@k", 0.5],
            value["pass@k", None],
        ]
        assert np.all(np.diff(ordered) > -1e-12)
    counts = found.limits["correct"].to_numpy()
    low, high = success_intervals(all_right(9, counts, 4)[None, :])
    row = rows.filter(pl.col("measure") == "pass^k", k=4).row(0, named=True)
    assert (row["conf_low"], row["conf_high"]) == (low[0], high[0])
    assert row["n_problems"] == 12


def test_errors(pool: Pool) -> None:
    for tau in (0.0, 1.0, 1.5):
        with pytest.raises(BadInputError, match="use a share between 0 and 1"):
            reliability(pool, None, [tau])
    with pytest.raises(BadInputError, match="larger than the pool holds"):
        reliability(open_pool(pool.path), [10])
