"""Rank weights of best-of-N against binomials; its success is tested in test_verified."""

from math import comb

import numpy as np
import pytest

from svlaw.analysis.strategies.best_of_n import rank_weights, stack_weights


@pytest.mark.parametrize("n", range(9))
def test_rank_weights_equal_binomials(n: int) -> None:
    S = np.arange(1, n + 1)
    weights = rank_weights(n, S)
    assert weights.shape == (n, n)
    for g, s in enumerate(S):
        exact = [(comb(n - h, s) - comb(n - h - 1, s)) / comb(n, s) for h in range(n)]
        np.testing.assert_allclose(weights[:, g], exact, rtol=0, atol=1e-14)


def test_rank_weights_of_a_large_pool() -> None:
    S = np.array([1, 2, 1024, 19_999, 20_000])
    weights = rank_weights(20_000, S)
    assert np.isfinite(weights).all()
    np.testing.assert_allclose(weights.sum(axis=0), 1, atol=1e-12)
    np.testing.assert_allclose(weights[0], S / 20_000, rtol=1e-9)
    assert weights[:, 4].tolist() == [1.0] + [0.0] * 19_999


def test_stacked_weights_leave_out_only_what_is_negligible() -> None:
    usable, S = np.array([3, 40]), np.array([1, 2, 5, 30, 40])
    weights, reach = stack_weights(usable, S)
    assert weights.shape == (2, 40, 5)
    for u, n in enumerate(usable):
        held = S[n >= S]
        np.testing.assert_array_equal(weights[u, :n, : held.size], rank_weights(n, held))
        for h in range(40):
            assert weights[u, h, reach[u, h] :].max(initial=0) <= 1e-18
    assert reach[1, 11] == 3
    assert reach[1, 10] == 4
