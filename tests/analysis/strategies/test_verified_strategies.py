"""Best-of-N and weighted voting against enumeration of all solution and verdict subsets."""

from fractions import Fraction
from typing import Any

import numpy as np
import pytest

from svlaw.analysis.success.estimators import Estimate, Options, estimate

STRATEGIES = ("best_of_n", "weighted_vote")
POLICIES = [(unparsed, missing) for unparsed in ("ignore", "no") for missing in ("zero", "keep")]


def _estimate(
    strategy: str,
    sample: Any,
    S: Any,
    V: Any,
    policy: tuple[str, str] = ("ignore", "zero"),
    **kw: Any,
) -> Estimate:
    options = Options(unparsed=policy[0], missing_answer=policy[1], **kw)
    return estimate(strategy, sample, np.asarray(S, np.int64), np.asarray(V, np.int64), options, 1)


def _twin(
    twin: Any, strategy: str, problem: Any, S: Any, V: Any, policy: tuple[str, str]
) -> np.ndarray:
    success = getattr(twin, strategy)
    exact = [[success(problem, int(s), int(v), twin.Policy(*policy)) for s in S] for v in V]
    return np.array([[np.nan if x is None else float(x) for x in row] for row in exact])


@pytest.mark.parametrize("policy", POLICIES)
@pytest.mark.parametrize("strategy", STRATEGIES)
@pytest.mark.parametrize("binary", [False, True])
def test_equals_enumeration(
    binary: bool, strategy: str, policy: tuple[str, str], problems, brute_force
) -> None:
    """All points of random ragged problems: within 4 standard errors, and unbiased together.

    About 90 drawn points per case: under a right kernel with other draws one of all 16 cases would
    fail in a few percent of the trials; the seeds are fixed. The mean of the z-scores would show a
    bias too small for single points.
    """
    z_scores = []
    sizes = {"most_solutions": 6, "most_verdicts": 4} if binary else {"most_verdicts": 3}
    for problem in problems.many(10 + binary, 40, binary=binary, **sizes):
        S, V = np.arange(1, 7), np.arange(1, 5)
        exact = _twin(brute_force, strategy, problem, S, V, policy)
        found = _estimate(strategy, problems.sample(problem), S, V, policy, tolerance=0.003)
        np.testing.assert_array_equal(np.isnan(found.success), np.isnan(exact))
        np.testing.assert_array_equal(np.isnan(found.variance), np.isnan(exact))
        drawn = found.variance > 0
        known = np.isfinite(exact)
        np.testing.assert_allclose(
            found.success[known & ~drawn], exact[known & ~drawn], rtol=0, atol=1e-12
        )
        z = (found.success - exact)[drawn] / np.sqrt(found.variance[drawn])
        assert (np.abs(z) <= 4).all()
        if z.size:
            z_scores.append(z)
    assert len(z_scores) > 10
    means = np.array([z.mean() for z in z_scores])  # points of one problem share their draws
    assert abs(means.mean()) <= 4 * means.std() / np.sqrt(means.size)
    z = np.concatenate(z_scores)
    varied = z[np.abs(z) > 1e-6]  # where every draw gave the same outcome, it was right
    assert 0.5 < np.sqrt(np.mean(varied**2)) < 1.5


@pytest.mark.parametrize("policy", POLICIES)
def test_exact_where_nothing_is_drawn(policy: tuple[str, str], problems, brute_force) -> None:
    """All verdicts in use: best-of-N at any S, weighted voting over all solutions; and S = 1."""
    checked = 0
    for problem in problems.many(20, 40, most_solutions=7, ragged=False):
        M, N = len(problem[0].verdicts), len(problem)
        sample, S = problems.sample(problem), np.arange(1, N + 1)
        for strategy, exact_at in (("best_of_n", S), ("weighted_vote", [N])):
            exact = _twin(brute_force, strategy, problem, exact_at, [M], policy)
            found = _estimate(strategy, sample, exact_at, [M], policy)
            np.testing.assert_allclose(found.success, exact, rtol=0, atol=1e-12)
            assert (found.variance == 0).all()
            single = _estimate(strategy, sample, [1], np.arange(1, M + 1), policy)
            exact = _twin(brute_force, strategy, problem, [1], np.arange(1, M + 1), policy)
            np.testing.assert_allclose(single.success, exact, rtol=0, atol=1e-12)
            assert (single.variance == 0).all()
            checked += exact.size
    assert checked > 100


def test_one_solution_is_the_mean(problems, brute_force) -> None:
    for problem in problems.many(21, 30):
        verified = [s for s in problem if s.verdicts]
        if not verified:
            continue
        found = _estimate("best_of_n", problems.sample(problem), [1], [1])
        mean = sum(s.is_correct for s in verified) / len(verified)
        assert found.success[0, 0] == pytest.approx(mean, abs=1e-12)


def test_only_solutions_with_enough_verdicts_take_part(problems, brute_force) -> None:
    solution = brute_force.Solution
    problem = [
        solution("A", True, False, (1, 1)),
        solution("B", False, False, (1,)),
        solution("B", False, False, ()),
    ]
    found = _estimate("best_of_n", problems.sample(problem), [1, 2], [1, 2])
    np.testing.assert_allclose(found.success, [[0.5, 0.5], [1.0, np.nan]])
    voted = _estimate("weighted_vote", problems.sample(problem), [1, 2], [1, 2])
    np.testing.assert_allclose(voted.success, [[0.5, 0.5], [1.0, np.nan]])


def test_share_of_a_class_is_over_all_its_solutions(problems, brute_force) -> None:
    solution = brute_force.Solution
    problem = [
        solution("A", True, False, (1,)),
        solution("B", False, False, (0,)),
        solution("A", False),  # unverified, but of the class
    ]
    found = _estimate("weighted_vote", problems.sample(problem), [1, 2], [1])
    np.testing.assert_allclose(found.success, [[0.25, 0.5]])


@pytest.mark.parametrize(
    ("strategy", "policy", "success"),
    [
        # A right solution without an answer has score 0 and ties with the wrong one that failed.
        ("best_of_n", ("ignore", "zero"), 1 / 2),
        ("best_of_n", ("ignore", "keep"), 1.0),
        ("weighted_vote", ("ignore", "zero"), 0.0),
        ("weighted_vote", ("ignore", "keep"), 0.0),
    ],
)
def test_right_without_an_answer(
    strategy: str, policy: tuple[str, str], success: float, problems, brute_force
) -> None:
    solution = brute_force.Solution
    problem = [solution(None, True, True, (1,)), solution("B", False, False, (0,))]
    found = _estimate(strategy, problems.sample(problem), [2], [1], policy)
    assert found.success[0, 0] == pytest.approx(success, abs=1e-12)


@pytest.mark.parametrize(("unparsed", "success"), [("ignore", 0.5), ("no", 0.0)])
def test_unparsed_verdicts(unparsed: str, success: float, problems, brute_force) -> None:
    solution = brute_force.Solution
    problem = [solution("A", True, False, (1, None)), solution("B", False, False, (1, 1))]
    for strategy in STRATEGIES:
        found = _estimate(strategy, problems.sample(problem), [2], [2], (unparsed, "zero"))
        assert found.success[0, 0] == pytest.approx(success, abs=1e-12)


@pytest.mark.parametrize("unparsed", ["ignore", "no"])
def test_none_parsed_scores_zero(unparsed: str, problems, brute_force) -> None:
    solution = brute_force.Solution
    problem = [solution("A", True, False, (None, None)), solution("B", False, False, (0, 0))]
    for strategy in STRATEGIES:
        found = _estimate(strategy, problems.sample(problem), [2], [2], (unparsed, "zero"))
        assert found.success[0, 0] == pytest.approx(0.5, abs=1e-12)


def test_sums_of_thirds_tie(problems, brute_force) -> None:
    """Three means of 1/3 tie with a single 1: no rounding decides a vote."""
    solution = brute_force.Solution
    third = [solution("A", True, False, (1, 0, 0))] * 3
    for rest in (
        [solution("B", False, False, (1, 1, 1))],
        [solution("B", False, False, (1, 0, 0))] * 3,
    ):
        problem = third + rest
        found = _estimate("weighted_vote", problems.sample(problem), [len(problem)], [3])
        assert found.success[0, 0] == pytest.approx(0.5, abs=1e-12)


@pytest.mark.parametrize("unit", [1, Fraction(1, 2)])
@pytest.mark.parametrize("copies", [1, 7])
def test_sums_of_rounded_thirds_tie(copies: int, unit, problems, brute_force) -> None:
    """An unparsed verdict makes scores means, and means of thirds are rounded."""
    solution, none = brute_force.Solution, None
    problem = [solution("A", True, False, (unit, 0, 0))] * 3 * copies
    problem += [solution("B", False, False, (unit, unit, unit))] * copies
    problem += [solution("C", False, False, (none, 0, none))]
    for order in (problem, problem[::-1]):
        sample = problems.sample(order)
        found = _estimate("weighted_vote", sample, [len(order)], [3])
        assert found.success[0, 0] == pytest.approx(0.5, abs=1e-12)


def test_equal_means_of_unequal_verdicts_tie(problems, brute_force) -> None:
    solution = brute_force.Solution
    problem = [
        solution("A", True, False, tuple(brute_force.Fraction(x, 10) for x in (1, 2, 3))),
        solution("B", False, False, tuple(brute_force.Fraction(x, 10) for x in (2, 2, 2))),
    ]
    for strategy in STRATEGIES:
        found = _estimate(strategy, problems.sample(problem), [2], [3])
        assert found.success[0, 0] == pytest.approx(0.5, abs=1e-12)


@pytest.mark.parametrize("strategy", STRATEGIES)
def test_errors_are_as_wide_as_they_say(strategy: str, problems, brute_force) -> None:
    """Over many seeds the spread of the estimate equals the reported error."""
    verdicts = {"A": (1, 1, 0, 1), "B": (0, 1, 0, 0), "C": (1, 0, 0, 1)}
    problem = [brute_force.Solution(a, a == "A", False, verdicts[a]) for a in "AABBBC"]
    sample = problems.sample(problem)
    runs = [_estimate(strategy, sample, [3], [1], tolerance=0.01, seed=s) for s in range(300)]
    assert runs[0].variance[0, 0] > 0
    reported = np.sqrt(np.mean([run.variance[0, 0] for run in runs]))
    spread = np.std([run.success[0, 0] for run in runs])
    assert 0.8 < spread / reported < 1.25


@pytest.mark.parametrize("strategy", STRATEGIES)
def test_relabelled_classes_change_no_bit(strategy: str, problems, brute_force) -> None:
    for problem in problems.many(22, 15):
        names = dict(zip("ABCD", "DBAC", strict=True))
        renamed = [
            brute_force.Solution(names.get(s.answer), s.is_correct, s.gave_none, s.verdicts)
            for s in problem
        ]
        first, second = (
            _estimate(strategy, problems.sample(p), [1, 2, 3], [1, 2], tolerance=0.01)
            for p in (problem, renamed)
        )
        np.testing.assert_array_equal(first.success, second.success)
        np.testing.assert_array_equal(first.variance, second.variance)


@pytest.mark.parametrize("strategy", STRATEGIES)
def test_order_of_solutions_changes_only_the_draws(strategy: str, problems) -> None:
    rng = np.random.default_rng(23)
    for problem in problems.many(23, 15, most_solutions=6):
        shuffled = [problem[j] for j in rng.permutation(len(problem))]
        first, second = (
            _estimate(strategy, problems.sample(p), [1, 2, 3], [1, 2], tolerance=0.01)
            for p in (problem, shuffled)
        )
        error = np.sqrt(first.variance + second.variance)
        held = np.isfinite(first.success)
        assert (held == np.isfinite(second.success)).all()
        difference = np.abs(first.success - second.success)[held]
        assert (difference <= 4 * error[held] + 1e-12).all()
