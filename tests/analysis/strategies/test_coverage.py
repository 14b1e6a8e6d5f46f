"""pass@k against enumeration, its limits, and its behaviour at sizes where binomials overflow."""

from math import comb

import numpy as np
import pytest

from svlaw.analysis.strategies.coverage import coverage


@pytest.mark.parametrize("n", range(1, 9))
def test_equals_enumeration(n: int, brute_force) -> None:
    for c in range(n + 1):
        problem = [brute_force.Solution("A", j < c) for j in range(n)]
        exact = [float(brute_force.coverage(problem, s)) for s in range(1, n + 1)]
        np.testing.assert_allclose(
            coverage(n, c, np.arange(1, n + 1)), exact, rtol=0, atol=1e-12, strict=True
        )


def test_random_problems_equal_enumeration(problems, brute_force) -> None:
    for problem in problems.many(1, 40, most_solutions=8):
        n, c = len(problem), sum(s.is_correct for s in problem)
        for s in range(1, n + 1):
            exact = float(brute_force.coverage(problem, s))
            assert coverage(n, c, s) == pytest.approx(exact, abs=1e-12)


def test_more_solutions_than_held_is_undefined() -> None:
    assert np.isnan(coverage(4, 2, 5))
    assert np.isnan(coverage(4, 0, [5, 10])).all()
    assert np.isnan(coverage(0, 0, 1))
    assert coverage(4, 4, 4) == 1.0


def test_broadcasts() -> None:
    result = coverage(np.array([[10], [20]]), np.array([[1], [5]]), [1, 2, 4])
    assert result.shape == (2, 3)
    assert result[1, 2] == pytest.approx(1 - comb(15, 4) / comb(20, 4), abs=1e-12)


@pytest.mark.parametrize("n", [2048, 20_000])
def test_large_pools_stay_finite_and_monotone(n: int) -> None:
    S = np.unique(np.geomspace(1, n, 200).astype(int))
    for c in (0, 1, 2, n // 3, n - 1, n):
        result = coverage(n, c, S)
        assert np.isfinite(result).all()
        assert ((result >= 0) & (result <= 1)).all()
        assert (np.diff(result) >= -1e-10).all()
        assert result[0] == pytest.approx(c / n, abs=1e-10)
        assert result[-1] == (c > 0)


@pytest.mark.parametrize("s", [1, 2, 10, 1024, 9_999, 19_000])
def test_large_pools_equal_whole_numbers(s: int) -> None:
    n, c = 20_000, 3
    assert coverage(n, c, s) == pytest.approx(1 - comb(n - c, s) / comb(n, s), abs=1e-10)


def test_monotone_in_correct() -> None:
    for s in (1, 3, 17):
        assert (np.diff(coverage(100, np.arange(101), s)) >= -1e-13).all()
