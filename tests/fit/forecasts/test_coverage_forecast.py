"""Coverage beyond the data: agreement with the unbiased estimate, backtests, intervals."""

import numpy as np
import polars as pl
import pytest

from svlaw.analysis.intervals.resampling import Resamples
from svlaw.analysis.strategies.coverage import coverage
from svlaw.analysis.success.estimators import Options
from svlaw.analysis.success.success_table import success_table
from svlaw.data.errors import BadInputError, NotInPoolError
from svlaw.data.examples import open_example
from svlaw.fit.forecasts.coverage_forecast import (
    Counts,
    correct_counts,
    forecast_coverage,
    pair_coverage,
)
from svlaw.fit.pass_rates.distribution_fits import RateFits, fit_rates
from svlaw.fit.pass_rates.distributions import Pairs


def counts_of(rates: np.ndarray, N, seed: int = 0) -> Counts:
    N = np.broadcast_to(np.asarray(N), rates.shape)
    return Counts(N, np.random.default_rng(seed).binomial(N, rates))


def resamples_of(P: int, B: int = 200, seed: int = 0) -> Resamples:
    rng = np.random.default_rng(seed)
    return Resamples(rng.multinomial(P, np.full(P, 1 / P), B) / P)


def fit(counts: Counts) -> tuple[Pairs, RateFits]:
    pairs = Pairs(counts.n_solutions, counts.n_correct)
    P = pairs.of_problem.size
    return pairs, fit_rates(pairs, pairs.weigh(np.full((1, P), 1 / P)))


def test_agrees_with_the_unbiased_estimate_up_to_n_and_goes_on_from_there() -> None:
    rng = np.random.default_rng(0)
    counts = counts_of(rng.beta(0.3, 1.0, 80), 40)
    pairs, fits = fit(counts)
    k = np.arange(1, 42)
    found = pair_coverage(pairs, fits, k)[0, pairs.of_problem]
    expected = coverage(counts.n_solutions[:, None], counts.n_correct[:, None], k)
    np.testing.assert_allclose(found[:, :40], expected[:, :40])
    mean = found.mean(axis=0)
    # The step to k = N + 1 is like the one before.
    assert mean[40] - mean[39] == pytest.approx(mean[39] - mean[38], rel=0.5)
    assert (mean[1:] > mean[:-1]).all()


def test_formula_on_a_ragged_pool() -> None:
    """A solved problem stays solved; of the others E[(1 - p)^k] / E[(1 - p)^N] remain."""
    counts = Counts(np.array([10, 10, 20, 40, 10]), np.array([3, 0, 0, 0, 1]))
    pairs, fits = fit(counts)
    k = np.array([5, 15, 30, 1000])
    found = pair_coverage(pairs, fits, k)[0, pairs.of_problem]
    missed = {int(n): fits.misses([n])[0, 0] for n in (*k, 10, 20, 40)}
    expected = np.zeros((5, 4))
    for i, (N, c) in enumerate(zip(counts.n_solutions, counts.n_correct, strict=True)):
        for j, n in enumerate(k):
            if n <= N:
                expected[i, j] = coverage(N, c, n)
            elif c:
                expected[i, j] = 1
            else:
                expected[i, j] = 1 - missed[int(n)] / missed[int(N)]
    np.testing.assert_allclose(found, expected, rtol=1e-10)


def test_rises_with_k_to_ten_million() -> None:
    rng = np.random.default_rng(1)
    counts = counts_of(rng.beta(0.2, 2.0, 100) * (rng.random(100) > 0.1), 50)
    k = np.unique(np.geomspace(51, 1e7, 40).astype(int))
    found = forecast_coverage(counts, k[[0, 5, 20, -1]], None)
    assert (np.diff(found.success) > 0).all()
    pairs, fits = fit(counts)
    curve = pair_coverage(pairs, fits, k)[0, pairs.of_problem].mean(axis=0)
    assert (np.diff(curve) >= 0).all()
    assert curve[-1] <= 1


def test_close_to_the_truth_in_a_large_pool() -> None:
    rng = np.random.default_rng(2)
    rates = rng.beta(0.4, 1.5, 30_000) * (rng.random(30_000) > 0.15)
    counts = counts_of(rates, 60)
    k = np.array([240, 960, 6000])
    found = forecast_coverage(counts, k, None)
    truth = [1 - np.mean((1 - rates) ** n) for n in k]
    np.testing.assert_allclose(found.success, truth, atol=0.015)
    assert found.model == "zero_inflated_beta"
    for test in found.backtests[:2]:
        assert abs(test.error) < 0.02
        assert test.held is None


def test_backtest_says_what_it_was_made_from() -> None:
    rng = np.random.default_rng(3)
    counts = counts_of(rng.beta(0.4, 1.5, 60), 80)
    found = forecast_coverage(counts, [320, 1280, 64_000], resamples_of(60, 60))
    assert [test.held_back for test in found.backtests] == [
        "20 to 80 solutions",
        "5 to 80 solutions",
        "2 to 80 solutions",
    ]
    assert [test.reaches for test in found.backtests] == [True, True, False]
    for test in found.backtests:
        assert test.size == abs(test.error) <= test.rms
        assert test.held in {0, 0.2, 0.4, 0.6, 0.8, 1}
    assert (found.conf_low < found.success).all()
    assert (found.success < found.conf_high).all()


def test_backtest_of_a_ragged_pool_thins_those_that_hold_n() -> None:
    """Two problems with fewer than N solutions have no part in it, whatever they say."""
    rates = np.random.default_rng(4).beta(0.4, 1.5, 20)
    N = np.array([40] * 18 + [3, 9])
    ones = counts_of(rates, N)
    assert ones.supported == 40
    changed = Counts(N, np.where(N < 40, N, ones.n_correct))
    first, second = (forecast_coverage(c, [160], None).backtests for c in (ones, changed))
    assert first == second
    assert first[0].held_back == "10 to 40 solutions"


def test_backtest_notices_a_wrong_family() -> None:
    """Rates of a logit-normal law fall off near 0 faster than any power."""
    rng = np.random.default_rng(5)
    rates = 1 / (1 + np.exp(-rng.normal(-3, 2.5, 3000)))
    test = forecast_coverage(counts_of(rates, 96), [384], None).backtests[0]
    assert test.error < -0.03
    right = forecast_coverage(counts_of(rng.beta(0.3, 1.0, 3000), 96), [384], None).backtests[0]
    assert abs(right.error) < 0.01


def test_follows_the_seed() -> None:
    counts = counts_of(np.random.default_rng(6).beta(0.4, 1.5, 40), 40)
    drawn = resamples_of(40, 60)
    one, same, other = (forecast_coverage(counts, [160], drawn, seed=s) for s in (1, 1, 2))
    np.testing.assert_array_equal(one.conf_low, same.conf_low)
    assert one.backtests == same.backtests
    assert one.backtests != other.backtests
    np.testing.assert_array_equal(one.success, other.success)


@pytest.mark.parametrize(
    ("N", "c", "message"),
    [
        ([1] * 9, [1, 0, 0] * 3, "at least 4 solutions per problem.*most problems hold 1"),
        ([3] * 9, [1, 0, 0] * 3, "most problems hold 3"),
        ([50] * 9, [0] * 9, "no solution of any problem is right"),
    ],
)
def test_refusals(N: list[int], c: list[int], message: str) -> None:
    with pytest.raises(NotInPoolError, match=message):
        forecast_coverage(Counts(np.array(N), np.array(c)), [1000])


@pytest.mark.parametrize(
    ("k", "message"),
    [
        (50, "50 were sampled, which needs no forecast"),
        (0, "solutions = 0"),
        (10**10, "at most"),
        (10**20, "at most"),
    ],
)
def test_bad_numbers_of_solutions(k: int, message: str) -> None:
    with pytest.raises(BadInputError, match=message):
        forecast_coverage(Counts(np.array([50] * 9), np.array([3] * 9)), [k])


def test_all_solved_is_not_certain() -> None:
    found = forecast_coverage(Counts(np.full(20, 50), np.full(20, 50)), [200], resamples_of(20, 60))
    assert found.success[0] == 1
    assert found.conf_low[0] < 0.9
    assert found.backtests[0].error == pytest.approx(0, abs=1e-6)


def test_counts_are_the_tables_problems_and_solutions(make_pool) -> None:
    sizes = {"a": (8, 3), "b": (8, 0), "c": (1, 1), "d": (12, 12), "e": (8, 1)}
    rows = [
        (name, j, int(j < c), j < c, "graded") for name, (N, c) in sizes.items() for j in range(N)
    ]
    names = ["problem_id", "solution_id", "answer_class", "is_correct", "status"]
    pool = make_pool(pl.DataFrame(rows, names, orient="row"))
    table = success_table(pool, ["coverage"])
    assert table.problem_ids == ("a", "b", "d", "e")
    counts = correct_counts(pool, table)
    assert counts.n_solutions.tolist() == [8, 8, 12, 8]
    assert counts.n_correct.tolist() == [3, 0, 12, 1]
    assert counts.supported == 8


def test_counts_obey_the_options(make_pool) -> None:
    names = ["problem_id", "solution_id", "answer_class", "is_correct", "status"]
    rows = [(p, j, int(j < 4), j < 4, "graded") for p in "ab" for j in range(10)]
    verdicts = [(p, j, 0, "yes", 1.0, "graded") for p in "ab" for j in range(1, 7)]
    columns = ["problem_id", "solution_id", "verification_id", "verdict", "score", "status"]
    pool = make_pool(
        pl.DataFrame(rows, names, orient="row"),
        judge=pl.DataFrame(verdicts, columns, orient="row"),
    )
    found = {}
    for name, options in (
        ("all", Options()),
        ("verified", Options(population="verified")),
        ("half", Options(half="analysis")),
    ):
        table = success_table(pool, ["coverage", "best_of_n"], [1], [1], options=options)
        counts = correct_counts(pool, table)
        found[name] = (counts.n_solutions.tolist(), counts.n_correct.tolist())
    assert found["all"] == ([10, 10], [4, 4])
    assert found["verified"] == ([6, 6], [3, 3])
    assert found["half"][0] == [5, 5]


def test_a_published_table_has_no_counts(published) -> None:
    with pytest.raises(NotInPoolError, match="published table has no counts"):
        correct_counts(open_example("singhi2025_fig1"), published)


@pytest.mark.parametrize("name", ["exams_gpt35_by_gpt4", "humaneval_codegen16b"])
def test_backtests_on_real_pools(name: str) -> None:
    """Figures of docs/forecasting.md: at a quarter of the solutions within 1.5 points."""
    pool = open_example(name)
    counts = correct_counts(pool, success_table(pool, ["coverage"], [1]))
    N = counts.supported
    near, far = forecast_coverage(counts, [4 * N, 16 * N], None).backtests
    assert abs(near.error) < 0.015
    assert abs(far.error) < 0.06


@pytest.mark.slow
@pytest.mark.parametrize("zero", [0.0, 0.2])
def test_intervals_hold_the_truth(zero: float) -> None:
    """At 10 and 100 times N, with the right family among those fitted."""
    rng = np.random.default_rng(7)
    k = np.array([600, 6000])
    large = rng.beta(0.4, 1.2, 2_000_000) * (rng.random(2_000_000) >= zero)
    truth = np.array([1 - np.mean((1 - large) ** n) for n in k])
    held = []
    for seed in range(40):
        rates = rng.beta(0.4, 1.2, 100) * (rng.random(100) >= zero)
        pairs, fits = fit(counts := counts_of(rates, 60, seed))
        found = _interval(pairs, fits, counts, k, resamples_of(100, 100, seed))
        held.append((found[0] <= truth) & (truth <= found[1]))
    assert (np.mean(held, axis=0) >= 0.87).all()


def _interval(
    pairs: Pairs, fits: RateFits, counts: Counts, k: np.ndarray, resamples: Resamples
) -> tuple[np.ndarray, np.ndarray]:
    from svlaw.fit.forecasts.coverage_forecast import _intervals

    by_problem = pair_coverage(pairs, fits, k)[0, pairs.of_problem]
    return _intervals(pairs, fits, by_problem, k, resamples)
