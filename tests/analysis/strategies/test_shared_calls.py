from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from svlaw.analysis.kernels.call_subsets import can_enumerate, can_enumerate_votes
from svlaw.analysis.kernels.problem_sample import SCORE_UNIT, ProblemSample, subset
from svlaw.analysis.success.estimators import Options, estimate

STRATEGIES = ("best_of_n", "weighted_vote")
POLICIES = [("ignore", "zero"), ("no", "zero"), ("ignore", "keep"), ("no", "keep")]


def run(strategy: str, sample: ProblemSample, options: Options, n_problems: int = 1) -> Any:
    S = np.arange(1, sample.n_solutions + 1)
    V = np.arange(1, max(sample.n_calls, 1) + 1)
    return estimate(strategy, sample, S, V, options, n_problems)


@pytest.mark.parametrize("policy", POLICIES)
@pytest.mark.parametrize("binary", [True, False])
@pytest.mark.parametrize("strategy", STRATEGIES)
def test_joint_draws_equal_all_subsets_of_solutions_and_calls(
    strategy: str, binary: bool, policy: tuple[str, str], problems: Any, brute_force: Any
) -> None:
    rng = np.random.default_rng(7)
    twin = getattr(brute_force, f"{strategy}_by_calls")
    words = dict(zip(("unparsed", "missing_answer"), policy, strict=True))
    for _ in range(25):
        problem = problems.random_calls(rng, binary=binary)
        sample = problems.sample_calls(problem)
        found = run(strategy, sample, Options(**words))
        for (w, g), success in np.ndenumerate(found.success):
            true = twin(problem, g + 1, w + 1, brute_force.Policy(**words))
            if true is None:
                assert np.isnan(success)
            else:
                assert success == pytest.approx(float(true), abs=1e-12)
                assert found.variance[w, g] == 0.0


def population(seed: int, n_solutions: int, n_calls: int) -> ProblemSample:
    """A problem whose calls differ in what they say yes to."""
    rng = np.random.default_rng(seed)
    classes = rng.integers(0, 4, n_solutions).astype(np.int32)
    answers = rng.integers(0, 4, n_calls)
    agrees = (classes[:, None] == answers) ^ (rng.random((n_solutions, n_calls)) < 0.1)
    return ProblemSample(
        "p",
        classes,
        classes == 0,
        np.zeros(n_solutions, np.bool_),
        np.arange(n_solutions + 1) * n_calls,
        (agrees * SCORE_UNIT).astype(np.int32).ravel(),
        np.tile(np.arange(n_calls, dtype=np.int32), n_solutions),
        n_calls,
    )


@pytest.mark.parametrize("strategy", STRATEGIES)
def test_random_draws_are_unbiased_and_know_their_error(
    strategy: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The same small problem with enumeration forbidden."""
    sample = population(1, 8, 6)
    exact = run(strategy, sample, Options())
    inner = exact.variance[1:-1, 1:-1]
    assert (inner == 0).all()
    for limit in ("MOST_SCORES", "MOST_STEPS"):
        monkeypatch.setattr(f"svlaw.analysis.kernels.call_subsets.{limit}", 0)
    deviations = []
    for seed in range(40):
        found = run(strategy, sample, Options(tolerance=0.02, seed=seed))
        drawn = found.variance > 0
        deviations.append((found.success - exact.success)[drawn] / np.sqrt(found.variance[drawn]))
        assert found.success[~drawn] == pytest.approx(exact.success[~drawn], abs=1e-12)
    z = np.array(deviations)
    assert abs(z.mean(axis=0)).max() < 4 / np.sqrt(len(z))
    assert np.sqrt((z**2).mean()) == pytest.approx(1.0, abs=0.15)


@pytest.mark.parametrize("strategy", STRATEGIES)
def test_a_call_that_is_wrong_misleads_all_solutions(strategy: str) -> None:
    """Three calls know the right answer and one takes the wrong one for right."""
    classes = np.array([0, 1] * 4, np.int32)
    right = np.array([True, True, True, False])
    sample = ProblemSample(
        "p",
        classes,
        classes == 0,
        np.zeros(8, np.bool_),
        np.arange(9) * 4,
        ((classes == 0)[:, None] == right).astype(np.int32).ravel() * SCORE_UNIT,
        np.tile(np.arange(4, dtype=np.int32), 8),
        4,
    )
    everything = np.array([8]), np.array([1])
    together = estimate(strategy, sample, *everything, Options(), 1)
    apart = estimate(strategy, replace(sample, calls=None), *everything, Options(), 1)
    assert together.success[0, 0] == pytest.approx(0.75, abs=1e-12)
    assert apart.success[0, 0] > 0.8 or strategy == "best_of_n"
    assert apart.success[0, 0] != pytest.approx(0.75, abs=1e-6)


def test_what_a_problem_supports_is_the_number_of_its_calls(problems: Any) -> None:
    sample = population(3, 5, 4)
    kept = np.ones(20, np.bool_)
    kept[[1, 2, 3, 4, 5, 6, 7]] = False  # one verdict of the first solution, none of the second
    counts = np.bincount(np.repeat(np.arange(5), 4)[kept], minlength=5)
    assert sample.calls is not None
    ragged = replace(
        sample,
        offsets=np.concatenate(([0], np.cumsum(counts))),
        scores=sample.scores[kept],
        calls=sample.calls[kept],
    )
    assert ragged.depths.tolist() == [4, 0, 4, 4, 4]
    assert ragged.n_verified(4) == 4
    half = subset(ragged, np.array([True, True, False, False, False]))
    assert half.depths.tolist() == [4, 0]
    assert half.calls is not None
    assert half.calls.tolist() == [0]


def test_which_subsets_are_affordable() -> None:
    sample = population(4, 10, 40)
    assert can_enumerate(sample, 1)
    assert can_enumerate(sample, 3)
    assert not can_enumerate(sample, 20)
    assert can_enumerate(sample, 40)
    assert not can_enumerate(sample, 41)
    assert not can_enumerate(replace(sample, calls=None), 1)
    assert can_enumerate_votes(sample, 10, 2)
    assert not can_enumerate_votes(sample, 5, 20)
    assert not can_enumerate_votes(sample, 11, 1)
