"""Cross-fitting against plain loops, and that it is free of the winner's curse."""

from fractions import Fraction

import numpy as np
import pytest

from svlaw.analysis.compare.crossfit import (
    FOLDS,
    LEAST_PROBLEMS,
    PARTITIONS,
    best_within,
    cross_fit,
)


def _slow_best_within(values: np.ndarray, counts: np.ndarray) -> list[list[int]]:
    """Row of the largest of the first n values, the first of equals; -1 for none."""
    return [
        [max(range(n), key=lambda row: (column[row], -row)) if n else -1 for column in values.T]
        for n in counts
    ]


def _slow_cross_fit(success: list[list[Fraction]], n: int, seed: int) -> list[Fraction]:
    """Each problem scored at the point that the problems of other folds choose, in fractions."""
    P = len(success[0])
    rng = np.random.default_rng([seed, 0xF01D])
    scored = [Fraction(0)] * P
    for _ in range(PARTITIONS):
        folds = rng.permutation(P) % FOLDS
        for fold in range(FOLDS):
            others = [i for i in range(P) if folds[i] != fold]
            means = [sum((row[i] for i in others), Fraction(0)) / len(others) for row in success]
            chosen = max(range(n), key=lambda row: (means[row], -row))
            for i in range(P):
                if folds[i] == fold:
                    scored[i] += success[chosen][i] / PARTITIONS
    return scored


@pytest.mark.parametrize("seed", range(20))
def test_best_within_equals_a_plain_scan(seed: int) -> None:
    rng = np.random.default_rng(seed)
    values = rng.integers(0, 5, (rng.integers(1, 30), 4)) / 4  # many ties
    counts = rng.integers(0, len(values) + 1, 12)
    assert best_within(values, counts).tolist() == _slow_best_within(values, counts)


@pytest.mark.parametrize(("seed", "P"), [(0, 10), (1, 11), (2, 23), (3, 30)])
def test_equals_plain_loops(seed: int, P: int) -> None:
    """Success in tenths, so that points tie on the folds; of equals the cheapest is taken."""
    rng = np.random.default_rng(seed)
    tenths = rng.integers(3, 7, (6, P))
    found = cross_fit(tenths / 10, np.array([0, 1, 4, 6]), seed)
    assert found is not None
    assert found.shape == (4, P)
    assert np.isnan(found[0]).all()
    exact = [[Fraction(int(x), 10) for x in row] for row in tenths]
    for k, n in ((1, 1), (2, 4), (3, 6)):
        slow = [float(x) for x in _slow_cross_fit(exact, n, seed)]
        np.testing.assert_allclose(found[k], slow, atol=1e-12)
    np.testing.assert_allclose(found[1], tenths[0] / 10, atol=1e-12)  # nothing to choose


def test_a_problem_has_no_say_in_where_it_is_scored() -> None:
    """What one problem achieves at a point names the point; turned round, the same are chosen."""
    rng = np.random.default_rng(4)
    success = rng.random((15, 20))
    counts = np.array([15])
    for i in (0, 7):
        success[:, i] = np.arange(15.0)
        forth = cross_fit(success, counts, 0)
        success[:, i] = -np.arange(15.0)
        back = cross_fit(success, counts, 0)
        assert forth is not None
        assert back is not None
        assert forth[0, i] == pytest.approx(-back[0, i])


def test_needs_ten_problems() -> None:
    assert cross_fit(np.ones((2, LEAST_PROBLEMS - 1)), np.array([2]), 0) is None
    assert cross_fit(np.ones((2, LEAST_PROBLEMS)), np.array([2]), 0) is not None


def test_depends_on_the_seed_alone() -> None:
    success = np.random.default_rng(0).random((40, 25))
    counts = np.array([3, 40])
    first, again, other = (cross_fit(success, counts, seed) for seed in (1, 1, 2))
    assert first is not None
    assert again is not None
    assert first.tobytes() == again.tobytes()
    assert (first != other).any()


def test_is_unbiased_where_the_best_of_level_points_looks_good() -> None:
    """200 points of equal true success 0.57, 40 problems that differ in which points suit them.

    The best of them has in-sample a mean some 7 points too high, cross-fitted the right one.
    """
    rng = np.random.default_rng(5)
    nodes, weights = np.polynomial.hermite_e.hermegauss(61)
    truth = np.average(1 / (1 + np.exp(-0.5 - np.hypot(2, 1) * nodes)), weights=weights)
    gaps, curses = [], []
    for seed in range(150):
        logits = 0.5 + rng.normal(0, 2, 40) + rng.normal(0, 1, (200, 40))
        success = 1 / (1 + np.exp(-logits))
        scored = cross_fit(success, np.array([200]), seed)
        assert scored is not None
        gaps.append(scored.mean() - truth)
        curses.append(success.mean(axis=1).max() - truth)
    error = np.std(gaps) / np.sqrt(len(gaps))
    assert error < 0.006
    assert abs(np.mean(gaps)) < 3 * error
    assert np.mean(curses) > 0.05
