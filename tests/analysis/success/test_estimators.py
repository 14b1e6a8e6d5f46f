"""How estimates are made: options, stopping, seeds and independence of problems."""

import numpy as np
import pytest

from svlaw.analysis.success.estimators import Options, estimate
from svlaw.data.schema import STRATEGIES, VERIFIED

S, V = np.array([1, 2, 3]), np.array([1, 2])


@pytest.fixture(scope="module")
def sample(problems, brute_force):
    """A problem on which every draw matters."""
    verdicts = {"A": (1, 1, 0, 1), "B": (0, 1, 0, 0), "C": (1, 0, 0, 1)}
    return problems.sample(
        [brute_force.Solution(a, a == "A", False, verdicts[a]) for a in "AABBBC"]
    )


@pytest.mark.parametrize(
    ("option", "value"),
    [
        ("unparsed", "maybe"),
        ("missing_answer", "drop"),
        ("tolerance", 0.0),
        ("tolerance", 1.0),
        ("tolerance", float("nan")),
        ("max_replicates", 0),
        ("seed", -1),
    ],
)
def test_bad_options_name_the_value(option: str, value) -> None:
    with pytest.raises(ValueError, match=f"{option} is .*{value}"):
        Options(**{option: value})


@pytest.mark.parametrize("strategy", STRATEGIES)
def test_same_seed_same_bytes(strategy: str, sample) -> None:
    first, second = (estimate(strategy, sample, S, V, Options(seed=4), 50) for _ in range(2))
    assert first.success.tobytes() == second.success.tobytes()
    assert first.variance.tobytes() == second.variance.tobytes()


@pytest.mark.parametrize("strategy", VERIFIED)
def test_another_seed_gives_other_numbers_within_the_error(strategy: str, sample) -> None:
    first, second = (estimate(strategy, sample, S, V, Options(seed=s), 1) for s in (1, 2))
    drawn = first.variance > 0
    assert drawn[:, 1:].all()
    assert (first.success != second.success)[drawn].all()
    error = np.sqrt(first.variance + second.variance)
    assert (np.abs(first.success - second.success) <= 4 * error + 1e-12).all()


def test_the_input_is_left_alone(sample) -> None:
    before = sample.scores.copy()
    for strategy in STRATEGIES:
        estimate(strategy, sample, S, V, Options(), 50)
    np.testing.assert_array_equal(sample.scores, before)


@pytest.mark.parametrize("strategy", VERIFIED)
@pytest.mark.parametrize(("tolerance", "n_problems"), [(0.002, 1), (0.001, 30), (0.02, 1)])
def test_stops_within_the_tolerance(strategy, tolerance, n_problems, sample) -> None:
    found = estimate(strategy, sample, S, V, Options(tolerance=tolerance), n_problems)
    # The pilot that chose the replicates and the variance are both estimates.
    assert 0.1 < found.variance.max() / (tolerance**2 * n_problems) < 1.2


@pytest.mark.parametrize("strategy", VERIFIED)
def test_the_limit_on_replicates_holds(strategy: str, sample) -> None:
    options = Options(tolerance=1e-6, max_replicates=64)
    found = estimate(strategy, sample, S, V, options, 1)
    assert np.isfinite(found.success).all()
    assert found.variance.max() > 1e-6
    # So few are imprecise, but unbiased.
    runs = [
        estimate(strategy, sample, S, V, Options(tolerance=1e-6, max_replicates=64, seed=s), 1)
        for s in range(200)
    ]
    precise = estimate(strategy, sample, S, V, Options(tolerance=0.0005), 1).success
    spread = np.std([run.success for run in runs], axis=0) / np.sqrt(200)
    bias = np.mean([run.success for run in runs], axis=0) - precise
    assert (np.abs(bias) <= 4 * np.hypot(spread, 0.0005) + 1e-12).all()


@pytest.mark.parametrize("strategy", VERIFIED)
def test_rare_outcomes_not_seen_are_still_in_the_error(strategy, problems, brute_force) -> None:
    """One verdict in 4,000 decides: few replicates never draw it, and the error says so."""
    solution = brute_force.Solution
    problem = [
        solution("A", True, False, (1,) + (0,) * 3999),
        solution("B", False, False, (1,) * 4000),
    ]
    options = Options(tolerance=0.05, max_replicates=100)
    found = estimate(strategy, problems.sample(problem), np.array([2]), np.array([1]), options, 1)
    assert found.variance[0, 0] > 0
    assert abs(found.success[0, 0] - 1 / 8000) <= 4 * np.sqrt(found.variance[0, 0])


def test_a_permutation_of_few_verified_solutions_is_one_try(problems, brute_force) -> None:
    """The same two solutions beside 48 unverified ones: these give no further tries."""
    solution = brute_force.Solution
    problem = [
        solution("A", True, False, (1,) + (0,) * 3999),
        solution("B", False, False, (1,) * 4000),
        *[solution("B", False)] * 48,
    ]
    options = Options(tolerance=0.05)
    sample = problems.sample(problem)
    found = estimate("weighted_vote", sample, np.array([2]), np.array([1]), options, 1)
    assert found.success[0, 0] == 0
    replicates = int(np.ceil(1.05 / 0.05))
    assert found.variance[0, 0] == pytest.approx(1 / replicates**2)


def test_nothing_right_is_zero_without_error(problems, brute_force) -> None:
    problem = [brute_force.Solution(a, False, False, (0, 1, 1)) for a in "AABC"]
    for strategy in STRATEGIES:
        found = estimate(strategy, problems.sample(problem), S, V, Options(), 1)
        assert not found.success.any()
        assert not found.variance.any()


def test_problems_do_not_share_their_draws(problems, brute_force) -> None:
    verdicts = {"A": (1, 1, 0, 1), "B": (0, 1, 0, 0), "C": (1, 0, 0, 1)}
    problem = [brute_force.Solution(a, a == "A", False, verdicts[a]) for a in "AABBBC"]
    for strategy in VERIFIED:
        first, second = (
            estimate(strategy, problems.sample(problem, name), S, V, Options(), 9).success
            for name in ("p1", "p2")
        )
        assert (first != second).any()
