"""All strategies against a plain Monte-Carlo, on problems larger than enumeration allows."""

from typing import Any

import numpy as np
import pytest

from svlaw.analysis.strategies.self_consistency import is_affordable
from svlaw.analysis.success.estimators import Estimate, Options, estimate
from svlaw.data.schema import VERIFIED

NO_V = np.array([0])
POLICIES = [("ignore", "zero"), ("no", "keep")]


def large(problems: Any, seed: int, count: int, **kwargs: Any) -> list[Any]:
    """Random problems of 12 to 40 solutions with up to 12 verdicts each."""
    rng, found = np.random.default_rng(seed), []
    while len(found) < count:
        problem = problems.random(rng, most_solutions=40, most_verdicts=12, **kwargs)
        if len(problem) >= 12 and any(s.is_correct for s in problem):
            found.append(problem)
    return found


def z_scores(found: Estimate, twin: list[list[Any]]) -> np.ndarray:
    """How far apart the two are at each point that both have, in combined standard errors."""
    has = np.array([[figure is not None for figure in row] for row in twin])
    np.testing.assert_array_equal(np.isfinite(found.success), has)
    mean, error = np.moveaxis(np.array([f for row in twin for f in row if f is not None]), 1, 0)
    return (found.success[has] - mean) / np.sqrt(found.variance[has] + error**2)


def assert_unbiased(z_of_problems: list[np.ndarray]) -> None:
    """Points of one problem share their draws, so problems are the unit.

    The mean z of a problem has a standard deviation of about 0.25; a few problems may show less.
    """
    assert max(np.abs(z).max() for z in z_of_problems) <= 4.5
    means = np.array([z.mean() for z in z_of_problems])
    assert abs(means.mean()) <= 4 * max(means.std(ddof=1), 0.25) / np.sqrt(means.size)
    assert 0.4 < np.sqrt(np.mean(np.concatenate(z_of_problems) ** 2)) < 1.3


def agree_on_verified(
    strategy: str,
    held: list[Any],
    policy: tuple[Any, Any],
    tolerance: float,
    replicates: int,
    problems: Any,
    slow_numpy: Any,
) -> None:
    rng, twin = np.random.default_rng(99), getattr(slow_numpy, strategy)
    options = Options(unparsed=policy[0], missing_answer=policy[1], tolerance=tolerance)
    found = []
    for problem in held:
        verified = sum(bool(s.verdicts) for s in problem)
        S = np.unique([1, 3, verified // 2, verified - 1, verified, verified + 1])
        V = np.array([1, 3, 12])
        figures = [[twin(problem, s, v, policy, replicates, rng) for s in S] for v in V]
        estimated = estimate(strategy, problems.sample(problem), S, V, options, 1)
        found.append(z_scores(estimated, figures))
    assert_unbiased(found)


@pytest.mark.parametrize("strategy", VERIFIED)
@pytest.mark.parametrize("policy", POLICIES)
@pytest.mark.parametrize("binary", [False, True])
def test_verified_strategies(binary, policy, strategy, problems, slow_numpy) -> None:
    held = large(problems, 30 + binary, 6, binary=binary)
    agree_on_verified(strategy, held, policy, 0.01, 1200, problems, slow_numpy)


@pytest.mark.slow
@pytest.mark.parametrize("strategy", VERIFIED)
@pytest.mark.parametrize("policy", [("ignore", "keep"), ("no", "zero")])
@pytest.mark.parametrize("binary", [False, True])
def test_verified_strategies_closely(binary, policy, strategy, problems, slow_numpy) -> None:
    held = large(problems, 40 + binary, 8, binary=binary)
    agree_on_verified(strategy, held, policy, 0.002, 5000, problems, slow_numpy)


def test_self_consistency(problems, slow_numpy) -> None:
    rng, found = np.random.default_rng(50), []
    for problem in large(problems, 51, 15, binary=True):
        n = len(problem)
        S = np.array([1, 2, 3, 6, n // 2, n - 1, n, n + 1])
        figures = [[slow_numpy.self_consistency(problem, s, 3000, rng) for s in S]]
        estimated = estimate("self_consistency", problems.sample(problem), S, NO_V, Options(), 1)
        assert not estimated.variance[np.isfinite(estimated.variance)].any()
        found.append(z_scores(estimated, figures))
    assert_unbiased(found)


def test_self_consistency_along_permutations(problems, brute_force, slow_numpy) -> None:
    rng, found = np.random.default_rng(60), []
    for n in (501, 510, 533, 560):
        chances = rng.dirichlet([3] * 5)
        # The answer right most often is not the most frequent one: success falls with S.
        order = np.argsort(chances)
        right = np.zeros(5)
        right[order[-2:]] = 0.1, 0.9
        drawn = rng.choice(5, n, p=chances)
        problem = [
            brute_force.Solution(None if a == 0 else "ABCDE"[a], bool(rng.random() < right[a]))
            for a in drawn
        ]
        sample = problems.sample(problem)
        assert not is_affordable(np.bincount(sample.classes[sample.classes >= 0]), n, n)
        S = np.array([1, 2, 3, 17, 64, 300, n - 1, n, n + 1])
        figures = [[slow_numpy.self_consistency(problem, s, 1200, rng) for s in S]]
        options = Options(tolerance=0.005)
        found.append(z_scores(estimate("self_consistency", sample, S, NO_V, options, 1), figures))
    assert_unbiased(found)
