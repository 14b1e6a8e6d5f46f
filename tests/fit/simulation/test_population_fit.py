"""Populations fitted to pools: parameters come back, and success where they cannot."""

from dataclasses import replace
from itertools import combinations, permutations
from pathlib import Path

import numpy as np
import pytest

from svlaw.analysis.kernels.problem_sample import NO_CLASS, SCORE_UNIT, UNPARSED, ProblemSample
from svlaw.analysis.success.estimators import Options
from svlaw.analysis.success.sample_reader import load_samples
from svlaw.analysis.success.sample_tables import table_of_samples
from svlaw.analysis.success.success_table import success_table
from svlaw.data.errors import NotInPoolError
from svlaw.data.examples import open_example
from svlaw.fit.simulation import voting
from svlaw.fit.simulation.population import SETTINGS, Simulation
from svlaw.fit.simulation.population_fit import FREE, LARGE_GAP, fit_population, match_population
from svlaw.fit.simulation.population_moments import (
    MOST_ANSWERS,
    concentration_of,
    count_problem,
    fit_pass_rates,
    fit_verifier,
    fit_wrong_answers,
    population_of,
)
from svlaw.fit.simulation.simulator import simulate_pool, simulate_samples
from svlaw.fit.simulation.truth import true_success

QUICK = Options(tolerance=0.01)
INFLATED = Simulation(
    pass_rate=0.5,
    pass_rate_spread=0.1,
    unsolvable=0.15,
    always_solved=0.1,
    wrong_answers=12,
    concentration=0.5,
    no_answer=0.2,
    true_positive_rate=0.85,
    true_positive_spread=0.3,
    false_positive_rate=0.2,
    false_positive_spread=0.3,
    correlation=0.5,
)
WITHIN = {
    "pass_rate": 0.04,
    "pass_rate_spread": 0.06,
    "unsolvable": 0.04,
    "always_solved": 0.04,
    "wrong_answers": 3,
    "concentration": 0.12,
    "no_answer": 0.02,
    "true_positive_rate": 0.04,
    "true_positive_spread": 0.06,
    "false_positive_rate": 0.03,
    "false_positive_spread": 0.06,
    "correlation": 0.03,
}
"""Three standard errors or so at 500 problems."""


def fitted(samples: list[ProblemSample]) -> Simulation:
    return population_of([count_problem(sample) for sample in samples])


def thinned(samples: list[ProblemSample], seed: int) -> list[ProblemSample]:
    """The same problems with different numbers of solutions, and of verdicts on each."""
    rng = np.random.default_rng(seed)
    ragged = []
    for sample in samples:
        n = int(rng.integers(8, sample.n_solutions + 1))
        depths = rng.integers(0, 5, n)
        scores = [
            sample.scores[start : start + depth]
            for start, depth in zip(sample.offsets[:n], depths, strict=True)
        ]
        ragged.append(
            ProblemSample(
                sample.problem_id,
                sample.classes[:n],
                sample.correct[:n],
                sample.missing[:n],
                np.concatenate(([0], np.cumsum(depths))),
                np.concatenate(scores),
            )
        )
    return ragged


@pytest.mark.parametrize("ragged", [False, True])
@pytest.mark.parametrize("simulation", [INFLATED, SETTINGS["correlated"]])
def test_parameters_come_back(simulation: Simulation, ragged: bool) -> None:
    samples = simulate_samples(simulation, problems=500, solutions=40, verifications=4, seed=1)
    found = fitted(thinned(samples, 2) if ragged else samples)
    if simulation is not INFLATED:
        # A few problems of pass rate 0 look like the low end of a wide Beta law.
        assert found.mean_pass_rate == pytest.approx(simulation.mean_pass_rate, abs=0.04)
        simulation = replace(
            simulation,
            **{name: getattr(found, name) for name in list(WITHIN)[:4]},
        )
    for name, error in WITHIN.items():
        assert getattr(found, name) == pytest.approx(getattr(simulation, name), abs=error), name


def test_rates_of_the_verifier_are_unbiased() -> None:
    names = ("true_positive_rate", "true_positive_spread", "false_positive_spread", "correlation")
    found = []
    for seed in range(60):
        samples = simulate_samples(INFLATED, problems=25, solutions=8, verifications=3, seed=seed)
        rates = fit_verifier([count_problem(sample) for sample in samples])
        found.append([getattr(rates, name) for name in names])
    errors = np.mean(found, axis=0) - [getattr(INFLATED, name) for name in names]
    spread = np.std(found, axis=0, ddof=1) / np.sqrt(60)
    assert (np.abs(errors) < 3 * spread).all(), dict(zip(names, errors, strict=True))
    assert (spread < 0.03).all()


def test_rates_of_the_verifier_by_all_pairs_of_problems() -> None:
    samples = simulate_samples(INFLATED, problems=9, solutions=8, verifications=3, seed=7)
    problems = [count_problem(sample) for sample in samples]
    rates = fit_verifier(problems)
    within = between = 0.0
    for mean, spread, name in (
        (rates.true_positive_rate, rates.true_positive_spread, "right_verdicts"),
        (rates.false_positive_rate, rates.false_positive_spread, "wrong_verdicts"),
    ):
        held = [one for p in problems if (one := getattr(p, name)).solutions]
        weight = [one.solutions / (one.solutions + 9) for one in held]
        assert mean == pytest.approx(np.average([one.yes for one in held], weights=weight))
        apart = np.average(
            [a.yes * b.yes for a, b in permutations(held, 2)],
            weights=[a * b for a, b in permutations(weight, 2)],
        )
        several = [(w, one) for w, one in zip(weight, held, strict=True) if one.solutions > 1]
        pairs = np.average([one.pair for _, one in several], weights=[w for w, _ in several])
        assert spread == pytest.approx((pairs - apart) / (mean - apart))
        within += sum(w * (one.twice - one.pair) for w, one in several)
        between += sum(w * (one.yes - one.pair) for w, one in several)
    assert rates.correlation == pytest.approx(within / between)


def test_verdict_figures_by_all_pairs() -> None:
    rng = np.random.default_rng(3)
    depths = np.array([3, 0, 2, 1, 4, 2])
    offsets = np.concatenate(([0], np.cumsum(depths)))
    yes = rng.integers(0, 2, offsets[-1])
    sample = ProblemSample(
        "p",
        np.array([0, 1, 1, 0, NO_CLASS, 0], np.int32),
        np.array([True, False, True, True, True, True]),
        np.zeros(6, np.bool_),
        offsets,
        (yes * SCORE_UNIT).astype(np.int32),
    )
    right = [yes[offsets[j] : offsets[j + 1]] for j in (0, 2, 3, 4, 5)]
    found = count_problem(sample).right_verdicts
    pairs = [np.outer(a, b).mean() for a, b in combinations(right, 2)]
    twice = [np.mean([a * b for a, b in combinations(v, 2)]) for v in right if v.size > 1]
    assert found.solutions == 5
    assert found.yes == pytest.approx(np.mean([v.mean() for v in right]))
    assert found.pair == pytest.approx(np.mean(pairs))
    assert found.twice == pytest.approx(np.mean(twice))
    wrong = count_problem(sample).wrong_verdicts
    assert wrong.solutions == 0


def test_what_counts_as_a_verdict() -> None:
    scores = np.array([0.49, 0.5, 1.0, np.nan, 1.0, 1.0])
    sample = ProblemSample(
        "p",
        np.array([0, 1, NO_CLASS], np.int32),
        np.array([True, False, False]),
        np.array([False, False, True]),
        np.array([0, 2, 4, 6]),
        np.where(np.isnan(scores), UNPARSED, np.nan_to_num(scores) * SCORE_UNIT).astype(np.int32),
    )
    found = count_problem(sample)
    assert (found.right_verdicts.yes, found.wrong_verdicts.yes) == (0.5, 1.0)
    assert found.wrong_verdicts.solutions == 1  # not the one without an answer
    assert np.isnan(found.wrong_verdicts.twice)
    counted = count_problem(sample, count_unparsed=True)
    assert (counted.wrong_verdicts.yes, counted.wrong_verdicts.twice) == (0.5, 0.0)
    assert (found.solutions, found.correct, found.missing) == (3, 1, 1)
    assert found.wrong.tolist() == [1]


@pytest.mark.parametrize(("answers", "exponent"), [(1, 0.0), (7, 0.0), (12, 0.5), (300, 1.4)])
def test_wrong_answers(answers: int, exponent: float) -> None:
    rng = np.random.default_rng(answers)
    weights = np.arange(1.0, answers + 1) ** -exponent
    counts = rng.multinomial(200, weights / weights.sum(), size=400)
    found, concentration = fit_wrong_answers([row[row > 0] for row in counts])
    assert found == pytest.approx(answers, rel=0.06, abs=0.5)
    assert concentration == pytest.approx(exponent, abs=0.06)
    agreement = ((weights / weights.sum()) ** 2).sum()
    assert concentration_of(agreement, answers) == pytest.approx(exponent, abs=1e-9)


def test_wrong_answers_without_two_to_compare() -> None:
    default = (Simulation.wrong_answers, Simulation.concentration)
    assert fit_wrong_answers([]) == default
    assert fit_wrong_answers([np.array([1]), np.array([], np.int64)]) == default
    ever_new = [np.ones(50, np.int64)] * 20
    assert fit_wrong_answers(ever_new) == (MOST_ANSWERS, 0.0)


def test_inflation_is_believed_where_it_is_clear() -> None:
    rng = np.random.default_rng(5)
    rates = rng.beta(8, 8, 300)
    plain = fit_pass_rates([40] * 300, rng.binomial(40, rates))
    assert (plain.unsolvable, plain.always_solved) == (0, 0)
    assert plain.spread == pytest.approx(1 / 17, abs=0.02)
    rates[:60], rates[60:90] = 0.0, 1.0
    both = fit_pass_rates([40] * 300, rng.binomial(40, rates))
    assert both.unsolvable == pytest.approx(0.2, abs=0.01)
    assert both.always_solved == pytest.approx(0.1, abs=0.01)
    assert both.spread == pytest.approx(1 / 17, abs=0.02)


def test_problems_all_alike() -> None:
    alike = fit_pass_rates([10] * 20, [5] * 20)
    assert alike.mean == pytest.approx(0.5, abs=1e-3)
    assert alike.spread < 0.01
    never = fit_pass_rates([10] * 20, [0] * 20)
    assert never.unsolvable + (1 - never.unsolvable) * (1 - never.mean) > 0.97


def test_a_simulated_pool(tmp_path: Path) -> None:
    simulation = replace(
        SETTINGS["typical"], solution_tokens=400, verification_tokens=900, unsolvable=0.0
    )
    sizes = {"problems": 150, "solutions": 24, "verifications": 6}
    pool = simulate_pool(tmp_path / "pool", simulation, **sizes, seed=4)
    found = fit_population(pool, options=Options(tolerance=0.005))
    assert (found.method, found.status, found.words) == ("moments", "ok", "")
    assert found.gap == found.moments_gap < LARGE_GAP
    assert found.simulation == found.moments
    assert found.simulation.ratio == pytest.approx(2.25, rel=0.03)
    assert found.n_problems == 150
    rows = found.comparison
    assert set(rows["strategy"]) == {"coverage", "best_of_n"}
    assert rows.columns == [
        "strategy", "solutions", "verifications", "setting", "pool", "moments", "fitted",
    ]  # fmt: skip
    true = true_success(found.simulation, rows)["success"].to_numpy()
    np.testing.assert_allclose(rows["fitted"].to_numpy(), true, atol=1e-9)
    assert found.gap == np.abs(rows["fitted"] - rows["pool"]).max()


def test_problems_set_aside_do_not_count() -> None:
    """Nine of the 164 have no verdict, and are easier than the others."""
    pool = open_example("humaneval_codegen16b")
    table = success_table(pool, ["coverage", "best_of_n"], [1, 64], [8], options=QUICK)
    assert table.n_set_aside > 0
    found = fit_population(pool, table=table)
    mean = table.select("coverage").mean()[0]
    assert found.moments.mean_pass_rate == pytest.approx(mean, abs=0.006)
    everyone = np.mean([sample.correct.mean() for sample in load_samples(pool)])
    assert abs(everyone - mean) > 0.012
    assert found.n_problems == table.n_problems


@pytest.fixture(scope="module")
def exams() -> list[ProblemSample]:
    """A verifier that errs on the same answer again and again."""
    pool = open_example("exams_gpt35_by_gpt4")
    return load_samples(pool, pool.verifiers[0])


@pytest.mark.parametrize(
    "strategy", ["best_of_n", pytest.param("weighted_vote", marks=pytest.mark.slow)]
)
def test_a_verifier_unlike_any_simulated_one(
    exams: list[ProblemSample], strategy: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(voting, "_PILOT", (32, 7))
    monkeypatch.setattr(voting, "_POINTS", 8)  # a quarter of the draws: the same ones every time
    table = table_of_samples(
        exams, ["coverage", strategy], [1, 4, 32], [1, 8], options=Options(tolerance=0.005)
    )
    found = match_population(fitted(exams), table, strategy)
    assert found.method == "matched"
    assert found.moments_gap > 0.05
    assert found.gap < 0.02
    assert found.status == "ok"
    changed = {
        name for name in vars(found.moments) if getattr(found.simulation, name)
        != getattr(found.moments, name)
    }  # fmt: skip
    assert changed == set(FREE)


def test_a_gap_that_stays_is_said(exams: list[ProblemSample]) -> None:
    """Pass rates are never matched, so that those of another pool cannot be mended."""
    table = table_of_samples(exams, ["coverage", "best_of_n"], [1, 4], [1], options=QUICK)
    other = replace(fitted(exams), pass_rate=0.3)
    found = match_population(other, table)
    assert found.status == "unlike"
    assert found.gap > 0.2
    assert f"up to {100 * found.gap:.1f} points" in found.words


def test_few_problems_may_differ_by_chance(exams: list[ProblemSample]) -> None:
    table = table_of_samples(exams[:12], ["coverage", "best_of_n"], [1, 4], [1], options=QUICK)
    population = fitted(exams[:12])
    assert match_population(population, table).status == "ok"
    shifted = replace(population, pass_rate=population.pass_rate - 0.06)
    found = match_population(shifted, table)
    assert LARGE_GAP < found.gap < 0.0866  # 0.3 / sqrt(12)
    assert (found.status, found.method) == ("ok", "moments")


@pytest.mark.parametrize(
    ("changes", "sizes", "words"),
    [
        ({}, {"verifications": 0}, "holds no verdicts"),
        ({"pass_rate": 0.0}, {}, "too few right solutions"),
        ({"pass_rate": 1.0, "unsolvable": 0.0}, {}, "too few wrong solutions"),
        ({}, {"verifications": 1}, "two of two verdicts each"),
        ({}, {"problems": 1}, "too few right solutions"),
    ],
)
def test_pools_that_say_too_little(
    changes: dict[str, float], sizes: dict[str, int], words: str, tmp_path: Path
) -> None:
    wanted = {"problems": 12, "solutions": 8, "verifications": 2} | sizes
    pool = simulate_pool(tmp_path / "pool", replace(Simulation(), **changes), **wanted)
    with pytest.raises(NotInPoolError, match=words) as caught:
        fit_population(pool)
    assert "\n" not in str(caught.value)


def test_a_published_table_has_no_population() -> None:
    with pytest.raises(NotInPoolError, match="has no problems to fit a population to"):
        fit_population(open_example("singhi2025_fig1"))
