"""Fits of pass rates: recovery from simulated truth, and SciPy's optimiser from many starts."""

import numpy as np
import pytest
from scipy.optimize import minimize

from svlaw.fit.pass_rates.distribution_fits import INFLATION_RATIO, choose, fit_rates
from svlaw.fit.pass_rates.distributions import MODELS, Model, Pairs

BETA, KUMARASWAMY, ZERO_BETA, ZERO_KUMARASWAMY = MODELS


def draw(rng: np.random.Generator, model: Model, P: int, a: float, b: float, zero: float = 0.0):
    rates = rng.beta(a, b, P)
    if model.family == "kumaraswamy":
        rates = (-np.expm1(np.log1p(-rng.random(P)) / b)) ** (1 / a)
    return rates * (rng.random(P) >= zero)


def once(pairs: Pairs) -> np.ndarray:
    """Every problem counts once."""
    P = pairs.of_problem.size
    return pairs.weigh(np.full((1, P), 1 / P))


@pytest.mark.parametrize("model", MODELS, ids=lambda m: m.name)
@pytest.mark.parametrize(("a", "b"), [(0.4, 1.2), (1.5, 4.0), (0.6, 0.4)])
def test_recovers_simulated_truth(model: Model, a: float, b: float) -> None:
    rng = np.random.default_rng(0)
    zero = 0.2 if model.zero_inflated else 0.0
    N = rng.choice([60, 150], 3000)
    pairs = Pairs(N, rng.binomial(N, draw(rng, model, N.size, a, b, zero)))
    fits = fit_rates(pairs, once(pairs))
    found = fits.parameters[model.name][0]
    np.testing.assert_allclose(np.exp(found[:2]), [a, b], rtol=0.12)
    if model.zero_inflated:
        assert found[2] == pytest.approx(zero, abs=0.05)
    # The other family may fit as well, but not better than by chance.
    place = MODELS.index(model)
    assert fits.log_likelihoods[0, place] > fits.log_likelihoods[0].max() - 3
    assert MODELS[fits.chosen[0]].zero_inflated or not model.zero_inflated
    k = np.array([1, 50, 5000])
    expected = model.misses(np.array([[np.log(a), np.log(b), zero][: model.n_parameters]]), k)
    np.testing.assert_allclose(fits.misses(k), expected, rtol=0.15, atol=0.01)


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("model", MODELS, ids=lambda m: m.name)
def test_finds_what_scipy_finds_from_every_start(model: Model, seed: int) -> None:
    rng = np.random.default_rng(seed)
    N = rng.choice([8, 30, 100], 50)
    pairs = Pairs(N, rng.binomial(N, draw(rng, BETA, 50, 0.5, 1.0, 0.15)))
    weights = once(pairs)
    fits = fit_rates(pairs, weights)

    def loss(theta: np.ndarray) -> float:
        return -float((weights[0] * model.log_likelihoods(theta[None], pairs)[0][0]).sum())

    bounds = list(zip(model.low, model.high, strict=True))
    best = min(minimize(loss, start, bounds=bounds).fun for start in model.starts[::4])
    found = float(fits.log_likelihoods[0, MODELS.index(model)])
    assert found == pytest.approx(-loss(fits.parameters[model.name][0]))
    assert found >= -best - 1e-4


def test_all_weightings_at_once_are_each_alone() -> None:
    rng = np.random.default_rng(1)
    pairs = Pairs(np.full(80, 40), rng.binomial(40, draw(rng, BETA, 80, 0.4, 1.0, 0.1)))
    weights = pairs.weigh(rng.multinomial(80, np.full(80, 1 / 80), 12) / 80)
    together = fit_rates(pairs, weights)
    for b in range(12):
        alone = fit_rates(pairs, weights[[b]])
        np.testing.assert_allclose(together.log_likelihoods[b], alone.log_likelihoods[0], atol=1e-6)
        np.testing.assert_allclose(together.misses([40, 4000])[b], alone.misses([40, 4000])[0])
        np.testing.assert_allclose(together.row(b).misses([40]), together.misses([40])[[b]])


def test_resamples_from_the_fit_find_what_all_starts_find() -> None:
    rng = np.random.default_rng(2)
    pairs = Pairs(np.full(60, 50), rng.binomial(50, draw(rng, BETA, 60, 0.3, 1.0)))
    weights = pairs.weigh(rng.multinomial(60, np.full(60, 1 / 60), 40) / 60)
    warm = fit_rates(pairs, weights, fit_rates(pairs, once(pairs)).repeat(40))
    cold = fit_rates(pairs, weights)
    np.testing.assert_allclose(warm.log_likelihoods, cold.log_likelihoods, atol=1e-3)


def test_zero_inflation_is_never_less_likely() -> None:
    rng = np.random.default_rng(3)
    pairs = Pairs(np.full(40, 20), rng.binomial(20, draw(rng, BETA, 40, 2.0, 3.0)))
    likelihoods = fit_rates(pairs, once(pairs)).log_likelihoods[0]
    assert likelihoods[2] >= likelihoods[0] - 1e-4
    assert likelihoods[3] >= likelihoods[1] - 1e-4


def test_choice() -> None:
    """The likelier family; zero inflation from half of 2.71 on."""
    gain = INFLATION_RATIO / 2
    assert choose(np.array([[-10.0, -9, -9.5, -9]]))[0] == 1
    assert choose(np.array([[-10.0, -11, -10 + gain - 0.01, -11]]))[0] == 0
    assert choose(np.array([[-10.0, -11, -10 + gain + 0.01, -11]]))[0] == 2
    assert choose(np.array([[-10.0, -11, -8.6, -8.5]]))[0] == 3


def test_zero_inflation_is_believed_in_one_case_of_twenty() -> None:
    """Where there is none: its share is on the edge, so half of the chi-squared law is at 0."""
    rng = np.random.default_rng(4)
    counts = rng.binomial(60, rng.beta(1.5, 3.0, (400, 100)))
    pairs = Pairs(np.full(counts.size, 60), counts.ravel())
    rows = pairs.of_problem.reshape(counts.shape)
    weights = np.stack([np.bincount(row, minlength=pairs.none.size) for row in rows]).astype(float)
    first = fit_rates(pairs, weights[:1])
    fits = fit_rates(pairs, weights, first.repeat(400))
    gain = 2 * (fits.log_likelihoods[:, 2] - fits.log_likelihoods[:, 0])
    assert 0.02 < np.mean(gain > INFLATION_RATIO) < 0.09
    assert 0.35 < np.mean(gain < 1e-3) < 0.7


@pytest.mark.parametrize(
    "counts",
    [[0] * 12, [30] * 12, [15] * 12, [1] * 12, [0, 30] * 6, [30] + [0] * 11, [0] * 11 + [1]],
)
def test_extreme_counts_have_a_fit(counts: list[int]) -> None:
    pairs = Pairs(np.full(12, 30), counts)
    fits = fit_rates(pairs, once(pairs))
    assert np.isfinite(fits.log_likelihoods).all()
    missed = fits.misses([1, 30, 1e6])[0]
    assert (np.diff(missed) <= 1e-9).all()
    assert missed[0] == pytest.approx(1 - np.mean(counts) / 30, abs=0.02)
