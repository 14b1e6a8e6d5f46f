"""True success against enumeration, other integrals and large samples; true optima and laws."""

from collections.abc import Iterator
from dataclasses import replace
from itertools import product

import numpy as np
import polars as pl
import pytest
from scipy import stats
from scipy.integrate import quad

from svlaw.analysis.compare.crossover import crossover
from svlaw.analysis.compare.curves import curves
from svlaw.analysis.cost import RelativeCost
from svlaw.analysis.success.estimators import Options
from svlaw.data.errors import BadInputError
from svlaw.data.schema import STRATEGIES, VERIFIED
from svlaw.fit.laws.allocation import fit_allocation
from svlaw.fit.simulation.plurality import self_consistency
from svlaw.fit.simulation.population import SETTINGS, Simulation
from svlaw.fit.simulation.quadrature import rate_quantiles, rate_rule, yes_counts
from svlaw.fit.simulation.simulator import simulate_samples, simulate_table
from svlaw.fit.simulation.truth import true_exponents, true_optima, true_success, true_table
from svlaw.fit.simulation.voting import weighted_vote

FIXED = Simulation(
    pass_rate=0.35,
    pass_rate_spread=0.0,
    unsolvable=0.0,
    wrong_answers=2,
    concentration=1.0,
    no_answer=0.15,
    true_positive_rate=0.7,
    true_positive_spread=0.0,
    false_positive_rate=0.4,
    false_positive_spread=0.0,
    correlation=0.3,
)
"""A population in which all problems are alike."""


def points(*rows: tuple[str, float, int]) -> pl.DataFrame:
    return pl.DataFrame(rows, ("strategy", "solutions", "verifications"), orient="row")


def truth(simulation: Simulation, *rows: tuple[str, float, int], **options) -> np.ndarray:
    return true_success(simulation, points(*rows), **options)["success"].to_numpy()


# What a solution can be: 0 right, 1 .. K the wrong answers, None no answer; with a number of yes.


def outcomes(
    simulation: Simulation, rates: tuple[float, float, float], S: int, V: int
) -> Iterator[tuple[float, tuple[tuple[int | None, int], ...]]]:
    """Every draw of S solutions with V verdicts each, and its chance, by enumeration."""
    p, t, f = rates
    kinds: list[tuple[int | None, float, float]] = [(0, p, t)]
    for label, weight in enumerate(simulation.wrong_weights, 1):
        kinds.append((label, (1 - p) * (1 - simulation.no_answer) * weight, f))
    kinds.append((None, (1 - p) * simulation.no_answer, f))
    spread = simulation.correlation
    single = []
    for label, chance, rate in kinds:
        if 0 < spread < 1 and 0 < rate < 1:
            total = (1 - spread) / spread
            yes = stats.betabinom.pmf(np.arange(V + 1), V, rate * total, (1 - rate) * total)
        else:
            yes = stats.binom.pmf(np.arange(V + 1), V, rate)
        single += [((label, k), chance * c) for k, c in enumerate(yes)]
    for draw in product(single, repeat=S):
        yield float(np.prod([c for _, c in draw])), tuple(kind for kind, _ in draw)


def best_of_n_wins(draw) -> float:
    scores = [0 if label is None else k for label, k in draw]
    best = [label for (label, _), score in zip(draw, scores, strict=True) if score == max(scores)]
    return best.count(0) / len(best)


def vote_wins(draw, weights) -> float:
    tallies: dict[int, int] = {}
    for (label, _), weight in zip(draw, weights, strict=True):
        if label is not None:
            tallies[label] = tallies.get(label, 0) + weight
    if not tallies:
        return 0.0
    best = [label for label, tally in tallies.items() if tally == max(tallies.values())]
    return best.count(0) / len(best)


def enumerated(simulation: Simulation, strategy: str, S: int, V: int, rates=None) -> float:
    rates = rates or (
        simulation.pass_rate,
        simulation.true_positive_rate,
        simulation.false_positive_rate,
    )
    wins = {
        "coverage": lambda draw: float(any(label == 0 for label, _ in draw)),
        "self_consistency": lambda draw: vote_wins(draw, [1] * S),
        "best_of_n": best_of_n_wins,
        "weighted_vote": lambda draw: vote_wins(draw, [k for _, k in draw]),
    }[strategy]
    return sum(chance * wins(draw) for chance, draw in outcomes(simulation, rates, S, V))


@pytest.mark.parametrize("correlation", [0.0, 0.3, 0.9])
@pytest.mark.parametrize(("S", "V"), [(1, 2), (2, 1), (3, 2), (2, 3)])
def test_one_kind_of_problem_against_enumeration(S: int, V: int, correlation: float) -> None:
    simulation = replace(FIXED, correlation=correlation)
    for name, v in (("coverage", 0), ("self_consistency", 0), ("best_of_n", V)):
        expected = enumerated(simulation, name, S, V)
        assert truth(simulation, (name, S, v)) == pytest.approx(expected, abs=1e-12)
    found = true_success(simulation, points(("weighted_vote", S, V)), tolerance=0.001)
    expected = enumerated(simulation, "weighted_vote", S, V)
    error = found["error"][0]
    assert error < 0.0015
    assert abs(found["success"][0] - expected) <= 4.5 * error + 1e-12


def test_votes_without_weight_are_tied() -> None:
    """Where every verdict is no, each answer given has the same chance to win."""
    silent = replace(FIXED, true_positive_rate=0.0, false_positive_rate=0.0)
    for S in (2, 3):
        found = true_success(silent, points(("weighted_vote", S, 1)), tolerance=0.0005)
        expected = enumerated(silent, "weighted_vote", S, 1)
        assert abs(found["success"][0] - expected) <= 4.5 * found["error"][0]


def test_more_votes_against_enumeration() -> None:
    simulation = replace(FIXED, wrong_answers=3, concentration=0.7, no_answer=0.1)
    for S in (4, 5, 6):
        chances = [0.35, *(0.65 * 0.9 * simulation.wrong_weights), 0.65 * 0.1]
        expected = 0.0
        for votes in product(range(S + 1), repeat=5):
            if sum(votes) == S:
                most = max(votes[:4])
                if most and votes[0] == most:
                    tied = votes[:4].count(most)
                    expected += stats.multinomial.pmf(votes, S, chances) / tied
        assert truth(simulation, ("self_consistency", S, 0)) == pytest.approx(expected, abs=1e-12)


def test_problems_that_differ_against_two_kinds_of_them() -> None:
    """A spread of 1 makes a rate 0 or 1: eight kinds of problem."""
    simulation = replace(
        FIXED, pass_rate_spread=1.0, true_positive_spread=1.0, false_positive_spread=1.0
    )
    half = replace(simulation, pass_rate_spread=0.0)
    for name in ("best_of_n", "weighted_vote"):
        for one in (simulation, half):
            rates = [(one.pass_rate, 1.0)]
            if one.pass_rate_spread:
                rates = [(1.0, one.pass_rate), (0.0, 1 - one.pass_rate)]
            expected = sum(
                w
                * (0.7 if t else 0.3)
                * (0.4 if f else 0.6)
                * enumerated(one, name, 3, 2, (p, t, f))
                for (p, w), t, f in product(rates, (0.0, 1.0), (0.0, 1.0))
            )
            found = true_success(one, points((name, 3, 2)), tolerance=0.001)
            assert abs(found["success"][0] - expected) <= 4.5 * found["error"][0] + 1e-12


def test_coverage_is_the_integral_over_difficulty() -> None:
    a, b = 0.45 * 1.5, 0.55 * 1.5  # of Simulation(): a spread of 0.4
    for S in (1, 2.5, 7, 300):
        expected = quad(lambda p, S=S: stats.beta.pdf(p, a, b) * (1 - (1 - p) ** S), 0, 1)[0]
        assert truth(Simulation(unsolvable=0.2), ("coverage", S, 0)) == pytest.approx(
            0.8 * expected, rel=1e-7
        )


@pytest.mark.parametrize("S", [1, 3, 4.7, 20])
def test_best_of_n_is_the_integral_over_difficulty_and_rates(S: float) -> None:
    """By a midpoint rule over quantiles, which knows nothing of Jacobi polynomials."""
    simulation, V, n = SETTINGS["typical"], 3, 150
    middles = (np.arange(n) + 0.5) / n
    p = rate_quantiles(simulation.pass_rate, simulation.pass_rate_spread, middles)
    t = stats.beta.ppf(middles[::5], 0.75 * 9, 0.25 * 9)
    f = stats.beta.ppf(middles[::5], *(np.array([0.3, 0.7]) * 0.85 / 0.15))
    right = np.array([stats.betabinom.pmf(range(V + 1), V, 4 * x, 4 * (1 - x)) for x in t])
    wrong = np.array([stats.betabinom.pmf(range(V + 1), V, 4 * x, 4 * (1 - x)) for x in f])
    wrong = 0.97 * wrong + 0.03 * np.eye(V + 1)[0]
    f1 = p[:, None, None, None] * right[None, :, None]
    g = f1 + (1 - p[:, None, None, None]) * wrong[None, None]
    upper = np.cumsum(g, axis=-1)
    lower = upper - g
    success = ((upper**S - lower.clip(0) ** S) * f1 / g).sum(axis=-1).mean()
    assert truth(simulation, ("best_of_n", S, V)) == pytest.approx(0.95 * success, abs=2e-3)


def test_best_of_n_knows_its_error() -> None:
    for name, simulation in SETTINGS.items():
        found = true_success(
            simulation, points(*(("best_of_n", s, v) for s in (1, 8, 64, 512) for v in (1, 16)))
        )
        assert found["error"].max() < 2e-5, name
    rough = replace(
        Simulation(), pass_rate_spread=0.99, true_positive_spread=0.99, false_positive_spread=0.99
    )
    assert true_success(rough, points(("best_of_n", 900, 64)))["error"][0] > 2e-5


def test_a_single_solution_is_right_as_often_as_solutions_are() -> None:
    simulation = replace(SETTINGS["typical"], always_solved=0.1, no_answer=0.0)
    rows = [("coverage", 1, 0), ("self_consistency", 1, 0)]
    rows += [(name, 1, v) for name in ("best_of_n", "weighted_vote") for v in (1, 7)]
    found = true_success(simulation, points(*rows), tolerance=0.05)
    np.testing.assert_allclose(found["success"], simulation.mean_pass_rate, rtol=1e-10)
    assert found["error"].max() < 1e-10


def test_extremes() -> None:
    grid = [("coverage", 9, 0), ("self_consistency", 9, 0)]
    grid += [("best_of_n", 9, 4), ("weighted_vote", 9, 4)]
    loose = {"tolerance": 0.05}
    np.testing.assert_array_equal(truth(Simulation(unsolvable=1.0), *grid, **loose), 0)
    solved = Simulation(unsolvable=0.0, always_solved=1.0)
    np.testing.assert_array_equal(truth(solved, *grid, **loose), 1)
    np.testing.assert_array_equal(truth(Simulation(pass_rate=0.0), *grid, **loose), 0)
    # Where no wrong solution has an answer, whoever asks for one gets it right if any is.
    only = truth(Simulation(no_answer=1.0), *grid, tolerance=0.002)
    assert only[1] == pytest.approx(only[0], abs=1e-12)
    assert abs(only[3] - only[0]) < 0.008
    # A verifier that is never wrong finds a right solution if there is one.
    perfect = Simulation(true_positive_rate=1.0, false_positive_rate=0.0)
    best = truth(perfect, *grid, tolerance=0.002)
    assert best[2] == pytest.approx(best[0], abs=1e-8)
    assert abs(best[3] - best[0]) < 0.008
    # One that answers at random is worth nothing, one with a single opinion no more than V = 1.
    blind = Simulation(
        true_positive_rate=0.5,
        false_positive_rate=0.5,
        true_positive_spread=0,
        false_positive_spread=0,
        no_answer=0,
    )
    assert truth(blind, grid[2])[0] == pytest.approx(blind.mean_pass_rate, abs=1e-10)
    stubborn = Simulation(correlation=1.0)
    one, many = truth(stubborn, ("best_of_n", 9, 1), ("best_of_n", 9, 8))
    assert one == pytest.approx(many, abs=1e-10)
    # With one wrong answer and two votes, a tie is half a win.
    duel = replace(FIXED, wrong_answers=1, no_answer=0.0)
    p = duel.pass_rate
    assert truth(duel, ("self_consistency", 2, 0))[0] == pytest.approx(p * p + p * (1 - p))


def test_many_votes() -> None:
    """Far more votes than answers: the plurality is the most likely answer."""
    simulation = replace(FIXED, pass_rate=0.45, no_answer=0.0)  # against 0.367 and 0.183
    found = self_consistency(simulation, np.array([999, 1000]))
    assert (found > 0.98).all()
    rare = self_consistency(replace(simulation, pass_rate=0.2), np.array([1000]))
    assert 0 <= rare[0] < 1e-6


@pytest.mark.parametrize("mean", [0.02, 0.4])
@pytest.mark.parametrize("spread", [1e-6, 0.01, 0.35, 1 / 3, 0.9, 0.9999])
def test_the_rule_has_the_moments_of_the_law(mean: float, spread: float) -> None:
    for nodes in (2, 3, 40):
        x, weights = rate_rule(mean, spread, nodes)
        assert ((x >= 0) & (x <= 1)).all()
        assert weights.sum() == pytest.approx(1, abs=1e-12)
        # Moments of the law: the chance that so many draws that share a rate are all yes.
        for power in range(1, min(2 * nodes, 12)):
            expected = yes_counts(np.array([mean]), spread, power)[0, -1]
            assert weights @ x**power == pytest.approx(expected, rel=1e-9)


def test_the_rule_of_a_law_without_density() -> None:
    assert [a.tolist() for a in rate_rule(0.3, 0.0, 9)] == [[0.3], [1.0]]
    assert [a.tolist() for a in rate_rule(1.0, 0.5, 9)] == [[1.0], [1.0]]
    assert [a.tolist() for a in rate_rule(0.3, 1.0, 9)] == [[0.0, 1.0], [0.7, 0.3]]
    assert len(rate_rule(0.3, 0.5, 1)[0]) == 1
    shares = np.array([0.1, 0.69, 0.71])
    assert rate_quantiles(0.3, 1.0, shares).tolist() == [0, 0, 1]
    assert rate_quantiles(0.3, 0.0, shares).tolist() == [0.3] * 3


@pytest.mark.parametrize("draws", [1, 2, 5, 64, 400])
@pytest.mark.parametrize("spread", [0.0, 0.2, 0.97, 1.0])
def test_yes_counts(draws: int, spread: float) -> None:
    means = np.array([0.0, 0.03, 0.6, 1.0])
    found = yes_counts(means, spread, draws)
    np.testing.assert_allclose(found.sum(axis=1), 1, rtol=1e-11)
    assert found[0, 0] == found[3, -1] == pytest.approx(1)
    k = np.arange(draws + 1)
    for mean, row in zip(means[1:3], found[1:3], strict=True):
        if spread == 0:
            expected = stats.binom.pmf(k, draws, mean)
        elif spread == 1:
            expected = np.where(k == 0, 1 - mean, np.where(k == draws, mean, 0))
        else:
            total = (1 - spread) / spread
            expected = stats.betabinom.pmf(k, draws, mean * total, (1 - mean) * total)
        np.testing.assert_allclose(row, expected, rtol=1e-8, atol=1e-13)


GRID = ([1, 2, 5, 16, 32], [1, 3, 8])


@pytest.mark.slow
@pytest.mark.parametrize("name", SETTINGS)
def test_estimators_converge_to_the_truth(name: str) -> None:
    """All strategies on a big simulated pool, within four standard errors at every point.

    Verdicts taken to be independent, or pass rates a fifth more spread, fall outside.
    """
    simulation = replace(SETTINGS[name], always_solved=0.03)
    table = simulate_table(
        simulation,
        problems=3000,
        solutions=32,
        verifications=8,
        seed=1,
        grid_solutions=GRID[0],
        grid_verifications=GRID[1],
        options=Options(tolerance=0.003),
    )
    expected = true_table(simulation, *GRID, tolerance=0.003)
    assert expected.points.equals(table.points)
    own = table.success.var(axis=1, ddof=1) / table.n_problems
    error = np.sqrt(own + expected.variance[:, 0])
    assert error.max() < 0.01
    distance = (table.mean() - expected.mean()) / error
    assert np.abs(distance).max() < 4


def test_single_draws_converge_to_the_truth() -> None:
    """One draw of S solutions and V verdicts from each of many problems, judged one by one."""
    simulation = replace(SETTINGS["typical"], correlation=0.5, no_answer=0.2)
    S, V = 6, 5
    samples = simulate_samples(simulation, problems=8_000, solutions=S, verifications=V, seed=3)
    won: dict[str, list[float]] = {name: [] for name in STRATEGIES}
    for sample in samples:
        yes = (sample.scores.reshape(S, V) > 0).sum(axis=1).tolist()
        labels = np.where(sample.correct, 0, sample.classes + 1).tolist()
        draw = [
            (None if missing else label, k)
            for label, k, missing in zip(labels, yes, sample.missing, strict=True)
        ]
        won["coverage"].append(float(sample.correct.any()))
        won["self_consistency"].append(vote_wins(draw, [1] * S))
        won["best_of_n"].append(best_of_n_wins(draw))
        won["weighted_vote"].append(vote_wins(draw, yes))
    rows = [(name, S, V if name in VERIFIED else 0) for name in STRATEGIES]
    found = true_success(simulation, points(*rows), tolerance=0.002)
    for name, _, _, success, error in found.iter_rows():
        own = np.std(won[name], ddof=1) / np.sqrt(len(won[name]))
        assert own < 0.006
        assert abs(np.mean(won[name]) - success) < 4 * np.hypot(own, error), name


def test_sampling_keeps_its_tolerance_and_its_seed() -> None:
    simulation, S, V = SETTINGS["typical"], np.array([1, 4, 9]), np.array([1, 4])
    calls = []
    means, errors = weighted_vote(
        simulation, S, V, tolerance=0.002, seed=1, progress=lambda *done: calls.append(done)
    )
    assert means.shape == errors.shape == (3, 2)
    assert (errors[0] < 1e-15).all()
    assert ((errors[1:] > 0.0005) & (errors[1:] < 0.003)).all()
    assert calls == [(i + 1, len(calls)) for i in range(len(calls))]
    again, _ = weighted_vote(simulation, S, V, tolerance=0.002, seed=1, threads=1)
    np.testing.assert_array_equal(means, again)
    other, _ = weighted_vote(simulation, S, V, tolerance=0.002, seed=2)
    assert (means[1:] != other[1:]).all()
    np.testing.assert_allclose(means, other, atol=6 * errors.max())


def test_a_true_table_is_a_published_one() -> None:
    table = true_table(
        SETTINGS["typical"], [1, 4, 16, 64], [1, 4], ("self_consistency", "best_of_n")
    )
    assert not table.has_problems
    assert table.points["solutions"].dtype == pl.Int32
    cost = RelativeCost(1.0)
    assert curves(table, cost)["conf_low"].null_count() == table.points.height
    assert crossover(table, cost).crossover_budget.estimate > 8
    expected = truth(SETTINGS["typical"], ("best_of_n", 16, 4))
    chosen = (pl.col("strategy") == "best_of_n") & (pl.col("solutions") == 16)
    row = table.points.with_columns(pl.Series("success", table.mean())).filter(
        chosen & (pl.col("verifications") == 4)
    )
    assert row["success"].to_list() == expected.tolist()
    sampled = true_table(SETTINGS["typical"], [3], [2], ("weighted_vote",), tolerance=0.05)
    found = true_success(SETTINGS["typical"], sampled.points, tolerance=0.05)
    assert sampled.mc_error().tolist() == pytest.approx(found["error"].to_list())
    assert found["error"][0] > 0


COST = RelativeCost(2.0)
BUDGETS = np.geomspace(5, 800, 12)


@pytest.fixture(scope="module")
def optima() -> pl.DataFrame:
    return true_optima(SETTINGS["typical"], COST, BUDGETS[::-1])


def test_optima_spend_the_budget_and_no_whole_number_does_better(optima: pl.DataFrame) -> None:
    np.testing.assert_allclose(optima["budget"], BUDGETS)
    np.testing.assert_allclose(COST(optima["solutions"], optima["verifications"]), BUDGETS)
    for budget, near, best in optima[::2].select("budget", "verifications", "success").iter_rows():
        depths = [v for v in range(1, 20) if COST(1, v) <= budget and abs(v - near) < 3]
        found = truth(
            SETTINGS["typical"], *(("best_of_n", max(budget / COST(1, v), 1), v) for v in depths)
        )
        assert found.max() <= best + 1e-6
        assert best - found.max() < (0.008 if budget < 30 else 0.001)
    v = optima["verifications"].to_numpy()
    near = np.rint(v[-1])
    at_whole = truth(SETTINGS["typical"], ("best_of_n", BUDGETS[-1] / COST(1, near), int(near)))
    assert optima["success"][-1] == pytest.approx(at_whole[0], abs=2e-4)
    assert optima["at_boundary"].to_list() == (v == 1).tolist()
    inner = v[v > 1]
    assert (np.abs(inner - np.rint(inner)) > 1e-6).all()
    assert 1 <= sum(optima["at_boundary"]) <= 4


def test_optima_at_the_largest_verification_are_boundary() -> None:
    found = true_optima(SETTINGS["typical"], COST, [20, 100, 3000], most_verifications=6)
    assert found["at_boundary"].to_list() == [False, False, True]
    assert found["verifications"][2] == pytest.approx(6)
    small = true_optima(SETTINGS["typical"], COST, [1, 3, 4], most_verifications=6)
    assert small["budget"].to_list() == [3, 4]  # one buys no verified solution
    assert small["at_boundary"].all()


def test_exponents_are_the_slope_of_the_interior_optima(optima: pl.DataFrame) -> None:
    laws = true_exponents(SETTINGS["typical"], COST, BUDGETS)
    inner = optima.filter(~pl.col("at_boundary"))
    for law, name in zip(laws, ("solutions", "verifications"), strict=True):
        slope, intercept = np.polyfit(np.log(inner["budget"]), np.log(inner[name]), 1)
        assert law.quantity == name
        assert law.exponent == pytest.approx(slope, abs=1e-9)
        assert law.coefficient == pytest.approx(np.exp(intercept), rel=1e-9)
        assert (law.n_budgets, law.status) == (inner.height, "ok")
        assert law.boundary_fraction == pytest.approx(1 - inner.height / 12)
        assert (law.low_budget, law.high_budget) == (inner["budget"][0], inner["budget"][-1])
        assert law.r_squared > 0.98
    few = true_exponents(SETTINGS["typical"], COST, [3, 30, 60, 90])
    assert [law.status for law in few] == ["too_few_budgets"] * 2
    assert [(law.exponent, law.coefficient, law.n_budgets) for law in few] == [(None, None, 3)] * 2


def test_the_envelope_of_the_true_table_follows_the_true_optima() -> None:
    """On a dense grid the envelope's V is the true one but for its whole numbers."""
    simulation = SETTINGS["typical"]
    table = true_table(simulation, list(range(1, 65)), list(range(1, 17)), ("best_of_n",))
    found = fit_allocation(table, COST, resamples=0).optima
    found = found.filter(pl.col("method") == "envelope", pl.col("budget").is_between(20, 600))
    expected = true_optima(simulation, COST, found["budget"].to_numpy())
    assert found.height >= 30
    distance = found["verifications"].to_numpy() - expected["verifications"].to_numpy()
    assert np.abs(distance).max() < 1
    np.testing.assert_allclose(found["success"], expected["success"], atol=0.003)


@pytest.mark.parametrize(
    ("row", "message"),
    [
        (("magic", 1, 0), "unknown strategy 'magic'; use coverage"),
        (("coverage", 0, 0), "coverage: S = 0: use a number from 1"),
        (("coverage", float("nan"), 0), "coverage: S = nan: use a number from 1"),
        (("self_consistency", 2.5, 0), "self_consistency: S = 2.5: use a whole number from 1"),
        (("self_consistency", 1001, 0), "self_consistency: S = 1001: .* up to 1,000"),
        (("self_consistency", 2, 1), "self_consistency: V = 1: use 0"),
        (("best_of_n", 2, 0), "best_of_n: V = 0: use a whole number from 1"),
    ],
)
def test_points_there_are_not(row, message: str) -> None:
    with pytest.raises(BadInputError, match=message):
        truth(Simulation(), row)


def test_what_else_cannot_be_asked() -> None:
    with pytest.raises(BadInputError, match="tolerance = 0: use a number between 0 and 1"):
        truth(Simulation(), ("coverage", 1, 0), tolerance=0)
    with pytest.raises(BadInputError, match="of 'weighted_vote': only those of best_of_n"):
        true_optima(Simulation(), COST, BUDGETS, "weighted_vote")
    with pytest.raises(BadInputError, match="no budget buys a verified solution, which costs 3"):
        true_optima(Simulation(), COST, [1, 2])
    with pytest.raises(BadInputError, match="S = 0: use whole numbers from 1"):
        true_table(Simulation(), [0], [1])


def test_enumeration_is_complete() -> None:
    total = sum(chance for chance, _ in outcomes(FIXED, (0.3, 0.7, 0.4), 3, 2))
    assert total == pytest.approx(1)
    assert sum(1 for _ in outcomes(FIXED, (0.3, 0.7, 0.4), 2, 2)) == (4 * 3) ** 2
