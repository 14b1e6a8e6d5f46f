"""Self-consistency against enumeration, exact and along permutations."""

import numpy as np
import pytest
from scipy.stats import chisquare

from svlaw.analysis.kernels.permutation_walks import share_walks
from svlaw.analysis.kernels.problem_sample import ProblemSample
from svlaw.analysis.kernels.random_streams import new_stream
from svlaw.analysis.strategies.self_consistency import exact_vote, is_affordable, permuted_vote
from svlaw.analysis.success.estimators import Options, estimate

NO_V = np.array([0], np.int64)


def vote(sample: ProblemSample, S, tolerance: float = 0.001):
    return estimate(
        "self_consistency", sample, np.asarray(S, np.int64), NO_V, Options(tolerance=tolerance), 1
    )


@pytest.mark.parametrize("seed", range(6))
def test_exact_equals_enumeration(seed: int, problems, brute_force) -> None:
    for problem in problems.many(seed, 25, most_solutions=8, most_verdicts=1):
        sample = problems.sample(problem)
        S = np.arange(1, len(problem) + 1)
        exact = [[float(brute_force.self_consistency(problem, s)) for s in S]]
        found = vote(sample, S)
        np.testing.assert_allclose(found.success, exact, rtol=0, atol=1e-12)
        assert (found.variance == 0).all()


# One letter per solution, capitals right; a dot casts no vote.
@pytest.mark.parametrize(
    ("solutions", "full_vote"),
    [
        ("Ab", 1 / 2),  # a tie
        ("AAbbcc", 1 / 3),  # a three-way tie
        ("AAb.", 1.0),
        ("....", 0.0),  # nobody votes
        ("A...", 1.0),
        ("AaBb", 1 / 2),  # a tie of two mixed classes
        ("AAab", 2 / 3),  # a mixed class wins
        ("aAbBb", 1 / 3),  # the mixed class of three beats that of two
        ("ABCDEFGH", 1.0),
        ("abcdefgh", 0.0),
    ],
)
def test_full_vote(solutions: str, full_vote: float, problems, brute_force) -> None:
    problem = [
        brute_force.Solution(None if x == "." else x.lower(), x.isupper(), x == ".")
        for x in solutions
    ]
    sample = problems.sample(problem)
    S = np.arange(1, len(problem) + 1)
    found = vote(sample, S).success[0]
    assert found[-1] == pytest.approx(full_vote, abs=1e-12)
    assert found == pytest.approx(
        [float(brute_force.self_consistency(problem, s)) for s in S], abs=1e-12
    )


def test_one_vote_is_the_mean_of_the_shares() -> None:
    rng = np.random.default_rng(2)
    for n in (5, 90, 400, 700):
        classes = rng.integers(-1, 6, n).astype(np.int32)
        sample = _sample(classes, rng.random(n) < 0.4)
        shares = np.append(sample.shares, 0.0)  # -1, no vote, reads the last
        mean = shares[sample.classes].mean()
        assert vote(sample, [1]).success[0, 0] == pytest.approx(mean, abs=1e-12)


def test_more_solutions_than_held_is_null() -> None:
    found = vote(_sample(np.array([0, 0, 1], np.int32), np.array([True, True, False])), [2, 3, 4])
    assert np.isfinite(found.success[0]).tolist() == [True, True, False]
    assert np.isfinite(found.variance[0]).tolist() == [True, True, False]


def test_exact_in_a_large_pool_equals_closed_forms() -> None:
    rng = np.random.default_rng(3)
    n = 500
    classes = rng.choice(np.arange(-1, 5), n, p=[0.1, 0.4, 0.3, 0.1, 0.05, 0.05]).astype(np.int32)
    sample = _sample(classes, rng.random(n) < np.where(classes == 0, 0.9, 0.1))
    votes = np.bincount(classes[classes >= 0])
    assert is_affordable(votes, 16, n)
    found = vote(sample, [1, 2, 16]).success[0]
    assert found[1] == pytest.approx(_pairs(sample), abs=1e-12)
    assert (found >= 0).all()
    assert (found <= 1).all()


def test_permutations_where_exact_is_out_of_reach() -> None:
    rng = np.random.default_rng(4)
    n = 600
    classes = rng.choice(np.arange(-1, 5), n, p=[0.1, 0.4, 0.3, 0.1, 0.05, 0.05]).astype(np.int32)
    sample = _sample(classes, rng.random(n) < np.where(classes == 0, 0.9, 0.1))
    assert not is_affordable(np.bincount(classes[classes >= 0]), n, n)
    found = vote(sample, [1, 2, 5, n], tolerance=0.002)
    assert found.variance[0, [0, 3]].tolist() == [0, 0]
    assert found.success[0, 3] == pytest.approx(sample.shares[0], abs=1e-12)  # the largest class
    error = np.sqrt(found.variance[0])
    assert 0 < error[1] <= 0.002
    assert abs(found.success[0, 1] - _pairs(sample)) <= 4 * error[1]


def test_permutations_equal_the_exact_formula() -> None:
    rng = np.random.default_rng(5)
    scores = []
    for trial in range(12):
        n = int(rng.integers(2, 60))
        classes = rng.integers(-1, 5, n).astype(np.int32)
        sample = _sample(classes, rng.random(n) < 0.4)
        S = np.arange(1, n + 1)
        exact = exact_vote(sample.classes, sample.shares, S)
        sums, squares, R = np.zeros((n, 1)), np.zeros((n, 1)), 3000
        stream = new_stream(trial, "test")
        walks = share_walks(S)
        active = np.ones(walks.starts.size - 1, np.bool_)
        permuted_vote(
            sample.classes, sample.shares, S, walks.starts, active, R, stream, sums, squares
        )
        mean = sums[:, 0] / R
        error = np.sqrt(np.maximum(squares[:, 0] / R - mean**2, 0) / (R - 1)) + 1e-9
        assert (np.abs(mean - exact) <= 4 * error).all()
        scores.append(np.mean((mean - exact) / error))
    assert abs(np.mean(scores)) < 1  # strongly correlated within a trial, independent between them


def test_drawn_subsets_are_uniform() -> None:
    classes = np.arange(4, dtype=np.int32)
    shares = np.array([0.0, 0.3, 0.7, 1.0])
    outcomes = {round((2.0 - left) / 3, 9): j for j, left in enumerate(shares)}
    stream, counts = new_stream(11), np.zeros(4, int)
    starts, active = np.array([0, 1]), np.ones(1, np.bool_)
    for _ in range(8000):
        sums, squares = np.zeros((1, 1)), np.zeros((1, 1))
        permuted_vote(classes, shares, np.array([3]), starts, active, 1, stream, sums, squares)
        counts[outcomes[round(float(sums[0, 0]), 9)]] += 1
    assert chisquare(counts).pvalue > 0.001


def test_relabelled_classes_and_shuffled_solutions_change_nothing() -> None:
    rng = np.random.default_rng(6)
    for _ in range(30):
        n = int(rng.integers(2, 30))
        classes = rng.integers(-1, 4, n).astype(np.int32)
        correct = rng.random(n) < 0.5
        S = np.arange(1, n + 1)
        before = vote(_sample(classes, correct), S).success
        order = rng.permutation(n)
        relabelled = np.append(rng.permutation(4), -1).astype(np.int32)[classes]
        after = vote(_sample(relabelled[order], correct[order]), S).success
        np.testing.assert_allclose(after, before, rtol=0, atol=1e-13)


def _sample(classes: np.ndarray, correct: np.ndarray) -> ProblemSample:
    held = np.unique(classes[classes >= 0])
    dense = np.where(classes >= 0, np.searchsorted(held, classes), -1).astype(np.int32)
    nothing = np.zeros(dense.size + 1, np.int64)
    return ProblemSample("p", dense, correct, dense < 0, nothing, np.empty(0, np.int32))


def _pairs(sample: ProblemSample) -> float:
    """Success at S = 2: two votes count by the mean of their shares, a single one by its own."""
    share = sample.shares[sample.classes[sample.classes >= 0]]
    n, voting = sample.n_solutions, share.size
    both, one = voting * (voting - 1) / 2, voting * (n - voting)
    return (both + one) * share.mean() / (n * (n - 1) / 2)
