"""No law without a gain: verifiers at chance, flat tables, published tables of noise."""

from pathlib import Path

import numpy as np
import pytest

from svlaw.analysis.cost import RelativeCost
from svlaw.analysis.success.estimators import Options
from svlaw.analysis.success.success_table import SuccessTable, success_table
from svlaw.fit.laws.advice import advise
from svlaw.fit.laws.allocation import fit_allocation
from svlaw.fit.laws.frontier_gain import frontier_gain
from svlaw.fit.simulation.population import Simulation
from svlaw.fit.simulation.simulator import simulate_pool

COST = RelativeCost(1.0)
GRID = ([1, 2, 4, 8], [1, 2, 4])


def simulated(path: Path, true_positive: float, false_positive: float, seed: int) -> SuccessTable:
    simulation = Simulation(true_positive_rate=true_positive, false_positive_rate=false_positive)
    pool = simulate_pool(path, simulation, problems=60, solutions=12, verifications=6, seed=seed)
    return success_table(pool, None, *GRID, options=Options(tolerance=0.004), reuse=False)


@pytest.mark.parametrize("seed", range(3))
def test_a_useless_verifier_has_no_law(seed: int, tmp_path: Path) -> None:
    table = simulated(tmp_path / "pool", 0.5, 0.5, seed)
    found = fit_allocation(table, COST, ["envelope", "isobudget"], resamples=0)
    assert {law.status for law in found.laws} == {"no_gain"}
    for law in found.laws:
        assert law.exponent is law.coefficient is None
        assert "no gain that is clear of noise" in law.words
    for advice in advise(found.laws):
        assert advice.method is None
        assert "no law" in advice.words


def test_a_good_verifier_has_a_gain(tmp_path: Path) -> None:
    table = simulated(tmp_path / "pool", 0.9, 0.1, 0)
    for strategy in ("best_of_n", "weighted_vote"):
        gain = frontier_gain(table, strategy, COST)
        assert gain.is_clear
        assert gain.conf_low is not None
        assert 0 < gain.conf_low < gain.gain


def test_a_flat_table_has_no_law(tables) -> None:
    """Success is .6 everywhere but at S = 2, by a tenth of a point, and problems are noise."""
    rng = np.random.default_rng(1)
    points = {
        ("best_of_n", s, v): 0.6 + 0.001 * (s == 2) + 0.02 * rng.standard_normal(50)
        for s in (1, 2, 4, 8)
        for v in (1, 2, 4)
    }
    laws = fit_allocation(tables.of(points), COST, "envelope", resamples=0).laws
    assert {law.status for law in laws} == {"no_gain"}


def test_a_published_table_of_noise_has_no_law(tables, published) -> None:
    rng = np.random.default_rng(2)
    for _ in range(10):
        points = {
            ("best_of_n", 2**s, 2**v): 0.6 + 0.01 * rng.standard_normal()
            for s in range(7)
            for v in range(5)
        }
        assert not frontier_gain(tables.of(points), "best_of_n", COST).is_clear
    assert frontier_gain(published, "best_of_n", COST).is_clear


def test_weighted_voting_has_to_beat_the_vote(tables) -> None:
    """It rises with S as the vote does, and is never ahead of it."""
    votes = {("self_consistency", s, 0): np.full(40, 0.4 + 0.05 * s) for s in (1, 2, 4, 8)}
    weighted = {
        ("weighted_vote", s, v): np.full(40, 0.39 + 0.05 * s) for s in (1, 2, 4, 8) for v in (1, 2)
    }
    assert not frontier_gain(tables.of(votes | weighted), "weighted_vote", COST).is_clear
    assert frontier_gain(tables.of(weighted), "weighted_vote", COST).is_clear
