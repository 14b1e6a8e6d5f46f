"""Distributions of pass rates against SciPy's beta-binomial and plain quadrature."""

from itertools import pairwise

import numpy as np
import pytest
from scipy.integrate import quad
from scipy.special import comb
from scipy.stats import betabinom

from svlaw.fit.pass_rates.distributions import MODELS, Model, Pairs

BETA, KUMARASWAMY, ZERO_BETA, ZERO_KUMARASWAMY = MODELS
SHAPES = [(0.3, 1.0), (0.5, 0.3), (2.0, 5.0), (0.02, 1.5), (12.0, 3.0), (0.01, 0.02)]


def theta(*values: float) -> np.ndarray:
    """One row of parameters from a, b and, where given, the share of zeros."""
    return np.array([[*np.log(values[:2]), *values[2:]]])


def kumaraswamy_mean(function, a: float, b: float) -> float:
    """The mean of a function of log p and log(1 - p), by quadrature over the quantiles.

    p = (1 - (1 - u)^(1/b))^(1/a), in v = log u - log(1 - u) where both ends of p are far away.
    """

    def integrand(v: float) -> float:
        above = -np.logaddexp(0, v) / b  # log(1 - p^a)
        log_p = np.log(-np.expm1(above)) / a if above > -30 else -np.exp(above) / a
        log_q = np.log(-np.expm1(log_p)) if above > -30 else above - np.log(a)
        return function(log_p, log_q) * np.exp(-abs(v)) / (1 + np.exp(-abs(v))) ** 2

    ends = np.linspace(-40, 40, 161)
    return sum(
        quad(integrand, low, high, epsabs=1e-13, epsrel=1e-10)[0] for low, high in pairwise(ends)
    )


@pytest.mark.parametrize(("a", "b"), SHAPES)
def test_beta_binomial_is_scipys(a: float, b: float) -> None:
    pairs = Pairs([7] * 8 + [300] * 3, [*range(8), 0, 120, 300])
    found, _ = BETA.log_likelihoods(theta(a, b), pairs)
    expected = betabinom.logpmf(pairs.n_correct, pairs.n_solutions, a, b)
    np.testing.assert_allclose(found[0], expected, rtol=1e-9, atol=1e-9)


@pytest.mark.parametrize(("a", "b"), SHAPES)
def test_kumaraswamy_binomial_is_plain_quadrature(a: float, b: float) -> None:
    pairs = Pairs([12] * 4 + [150] * 4, [0, 1, 6, 12, 0, 3, 90, 150])
    found = np.exp(KUMARASWAMY.log_likelihoods(theta(a, b), pairs)[0][0])
    for N, c, chance in zip(pairs.n_solutions, pairs.n_correct, found, strict=True):
        choose = comb(N, c)
        expected = choose * kumaraswamy_mean(
            lambda log_p, log_q, N=N, c=c: np.exp(c * log_p + (N - c) * log_q), a, b
        )
        assert chance == pytest.approx(expected, rel=1e-6, abs=1e-12)


@pytest.mark.parametrize("model", MODELS, ids=lambda m: m.name)
@pytest.mark.parametrize("N", [1, 2, 30, 2000])
def test_chances_of_all_counts_add_up_to_one(model: Model, N: int) -> None:
    pairs = Pairs(np.full(N + 1, N), np.arange(N + 1))
    row = theta(0.4, 0.7, 0.2)[:, : model.n_parameters]
    assert np.exp(model.log_likelihoods(row, pairs)[0]).sum() == pytest.approx(1, abs=1e-7)


def test_where_both_families_agree() -> None:
    """Beta(1, b) is Kumaraswamy(1, b), and Beta(a, 1) Kumaraswamy(a, 1)."""
    pairs = Pairs([20000] * 4, [0, 1, 9000, 20000])
    k = np.array([1, 30, 1e4, 1e7])
    for a, b in ((1, 0.3), (1, 4.0), (0.2, 1), (5.0, 1)):
        row = theta(a, b)
        np.testing.assert_allclose(
            KUMARASWAMY.log_likelihoods(row, pairs)[0],
            BETA.log_likelihoods(row, pairs)[0],
            rtol=1e-7,
            atol=1e-7,
        )
        np.testing.assert_allclose(
            KUMARASWAMY.misses(row, k), BETA.misses(row, k), rtol=1e-5, atol=1e-12
        )


@pytest.mark.parametrize("base", [BETA, KUMARASWAMY], ids=lambda m: m.name)
def test_zero_inflation_mixes_in_problems_never_solved(base: Model) -> None:
    inflated = ZERO_BETA if base is BETA else ZERO_KUMARASWAMY
    pairs = Pairs([9, 9, 9], [0, 4, 9])
    plain = np.exp(base.log_likelihoods(theta(0.6, 2.0), pairs)[0][0])
    mixed = np.exp(inflated.log_likelihoods(theta(0.6, 2.0, 0.3), pairs)[0][0])
    np.testing.assert_allclose(mixed, 0.7 * plain + 0.3 * np.array([1, 0, 0]), rtol=1e-12)
    missed = inflated.misses(theta(0.6, 2.0, 0.3), [1, 5, 1e6])[0]
    np.testing.assert_allclose(missed, 0.3 + 0.7 * base.misses(theta(0.6, 2.0), [1, 5, 1e6])[0])
    none = inflated.log_likelihoods(theta(0.6, 2.0, 0.0), pairs)[0][0]
    np.testing.assert_allclose(none, np.log(plain), rtol=1e-12)


@pytest.mark.parametrize("model", MODELS, ids=lambda m: m.name)
@pytest.mark.parametrize(("a", "b"), [*SHAPES, (25.0, 0.4)])
def test_gradients_are_differences(model: Model, a: float, b: float) -> None:
    pairs = Pairs([40] * 5, [0, 1, 20, 39, 40])
    row = theta(a, b, 0.1)[:, : model.n_parameters]
    _, gradient = model.log_likelihoods(row, pairs)
    for place in range(model.n_parameters):
        step = 1e-5 * np.eye(model.n_parameters)[place]
        above, below = (model.log_likelihoods(row + s, pairs)[0] for s in (step, -step))
        expected = (above - below) / 2e-5
        np.testing.assert_allclose(gradient[..., place], expected, rtol=2e-4, atol=2e-4)


@pytest.mark.parametrize(("a", "b"), [(0.3, 1.0), (0.5, 0.3), (2.0, 5.0), (0.02, 1.5)])
def test_kumaraswamys_misses_are_plain_quadrature(a: float, b: float) -> None:
    k = np.array([1, 7, 100, 1e4, 1e7])
    found = KUMARASWAMY.misses(theta(a, b), k)[0]
    expected = [kumaraswamy_mean(lambda _, log_q, k=each: np.exp(k * log_q), a, b) for each in k]
    np.testing.assert_allclose(found, expected, rtol=1e-5, atol=1e-11)


@pytest.mark.parametrize(("a", "b"), SHAPES)
def test_betas_misses_are_the_chance_of_none(a: float, b: float) -> None:
    k = np.array([1, 5, 1000, 10**6])
    np.testing.assert_allclose(
        BETA.misses(theta(a, b), k)[0], betabinom.pmf(0, k, a, b), rtol=1e-7, atol=1e-300
    )
    assert BETA.misses(theta(a, b), 1)[0, 0] == pytest.approx(b / (a + b), rel=1e-10)


@pytest.mark.parametrize("model", MODELS, ids=lambda m: m.name)
def test_more_solutions_miss_less(model: Model) -> None:
    rows = np.array([[*np.log(shape), 0.25][: model.n_parameters] for shape in SHAPES])
    missed = model.misses(rows, np.unique(np.geomspace(1, 1e7, 60).round()))
    assert (np.diff(missed, axis=1) <= 1e-12).all()
    assert (missed >= (0.25 - 1e-12 if model.zero_inflated else 0)).all()


def test_the_tail_is_a_power_of_k() -> None:
    """A density like p^(a - 1) near 0 makes misses fall as k^-a."""
    for model in (BETA, KUMARASWAMY):
        near, far = model.misses(theta(0.35, 2.0), [1e7, 1e8])[0]
        assert np.log10(far / near) == pytest.approx(-0.35, abs=1e-3)


def test_pairs_are_the_distinct_counts() -> None:
    pairs = Pairs([5, 3, 5, 5], [0, 3, 0, 5])
    assert pairs.n_solutions.tolist() == [3, 5, 5]
    assert pairs.n_correct.tolist() == [3, 0, 5]
    assert pairs.of_problem.tolist() == [1, 0, 1, 2]
    assert pairs.none.tolist() == [False, True, False]
    assert pairs.every.tolist() == [True, False, True]
    shares = np.array([[0.25, 0.25, 0.25, 0.25], [0.5, 0.5, 0, 0]])
    np.testing.assert_allclose(pairs.weigh(shares), [[1, 2, 1], [2, 2, 0]])


@pytest.mark.parametrize(("N", "c"), [([], []), ([0], [0]), ([4], [5]), ([4], [-1])])
def test_counts_that_cannot_be(N: list[int], c: list[int]) -> None:
    with pytest.raises(ValueError, match="N >= 1 solutions of which 0 to N are right"):
        Pairs(N, c)
