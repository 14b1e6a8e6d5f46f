"""Simulated pools with shared calls, and their truth."""

from pathlib import Path

import numpy as np
import pytest

from svlaw.analysis.cost import RelativeCost
from svlaw.analysis.success.estimators import Options
from svlaw.analysis.success.sample_reader import load_samples
from svlaw.data.errors import BadInputError
from svlaw.fit.simulation.population import Simulation
from svlaw.fit.simulation.simulator import (
    VERIFIER,
    simulate_pool,
    simulate_samples,
    simulate_table,
)
from svlaw.fit.simulation.truth import true_optima, true_table

SHARED = Simulation(wrong_answers=6, no_answer=0.1, correlation=0.3, shared_calls=True)


def test_a_call_judges_all_solutions_of_an_answer_alike(tmp_path: Path) -> None:
    sizes = {"problems": 6, "solutions": 20, "verifications": 5}
    pool = simulate_pool(tmp_path / "pool", SHARED, **sizes, seed=3)
    assert pool.shared_calls == {VERIFIER}
    samples = simulate_samples(SHARED, **sizes, seed=3)
    for ours, written in zip(samples, load_samples(pool, VERIFIER), strict=True):
        assert (ours.n_calls, written.n_calls) == (5, 5)
        np.testing.assert_array_equal(ours.calls, written.calls)
        np.testing.assert_array_equal(ours.scores, written.scores)
        verdicts = ours.scores.reshape(20, 5)
        for label in np.unique(ours.classes[ours.classes >= 0]):
            assert (np.ptp(verdicts[ours.classes == label], axis=0) == 0).all()
    lengths = pool.scan("verdicts", VERIFIER).collect()
    assert lengths.group_by("problem_id", "verification_id").n_unique()["output_tokens"].max() == 1


@pytest.mark.parametrize("strategy", ["best_of_n", "weighted_vote"])
def test_estimates_from_many_problems_reach_the_truth(strategy: str) -> None:
    """What joint draws estimate is what fresh calls and solutions give; separate draws are not."""
    S, V = [1, 2, 5, 12], [1, 3]
    truth = true_table(SHARED, S, V, [strategy], tolerance=0.003, threads=1)
    sizes = {"problems": 600, "solutions": 16, "verifications": 5}
    grid = {"grid_solutions": S, "grid_verifications": V, "options": Options(tolerance=0.004)}
    found = simulate_table(SHARED, **sizes, seed=1, strategies=[strategy], **grid, threads=1)
    assert found.points.equals(truth.points)
    error = np.sqrt(found.success.var(axis=1) / 600 + truth.variance[:, 0])
    z = (found.mean() - truth.mean()) / error
    assert np.abs(z).max() < 4


def test_what_is_not_known_is_said() -> None:
    with pytest.raises(BadInputError, match="true optima by shared calls are not known"):
        true_optima(SHARED, RelativeCost(1.0, calls="shared"), [8.0, 16.0])
