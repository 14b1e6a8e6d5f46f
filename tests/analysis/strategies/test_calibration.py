"""Calibrations: fits, folds, and that no problem has a part in its own."""

from typing import Any

import numpy as np
import pytest
from scorio import aggregate

from svlaw.analysis.strategies.rules.calibration import (
    FITS,
    ScoreCounts,
    cross_fit,
    fit_calibration,
    fold_of,
)
from svlaw.analysis.success.estimators import Options
from svlaw.analysis.success.rule_estimator import count_sample_scores
from svlaw.data.errors import BadInputError


def _counts(scores: np.ndarray, correct: np.ndarray) -> ScoreCounts:
    counts, totals = np.zeros((1, 1001, 2)), np.zeros((1, 1001))
    bins = np.rint(scores * 1000).astype(int)
    np.add.at(counts[0], (bins, correct.astype(int)), 1)
    np.add.at(totals[0], bins, scores)
    return ScoreCounts(counts, totals)


def _scores(seed: int, n: int) -> tuple[np.ndarray, np.ndarray]:
    """Whole thousandths, so that each bin has one score."""
    rng = np.random.default_rng(seed)
    correct = rng.random(n) < 0.4
    scores = np.where(correct, rng.beta(4, 2, n), rng.beta(2, 3, n))
    return np.clip(np.round(scores, 3), 0.011, 0.989), correct


def test_densities_equal_scorio() -> None:
    scores, correct = _scores(1, 500)
    tables = fit_calibration(_counts(scores, correct), "kde").tables
    expected = aggregate.fit_kde_vote_calibration(scores, correct).log_density_ratio(tables[0, 0])
    np.testing.assert_allclose(tables[0, 1], expected, rtol=0, atol=1e-9)


def test_logistic_finds_the_truth() -> None:
    rng = np.random.default_rng(2)
    scores = np.round(rng.uniform(0.02, 0.98, 200_000), 3)
    odds = -0.5 + 1.5 * np.log(scores / (1 - scores))
    correct = rng.random(scores.size) < 1 / (1 + np.exp(-odds))
    found, _, chances = fit_calibration(_counts(scores, correct), "logistic").tables[0]
    truth = 1 / (1 + np.exp(0.5 - 1.5 * np.log(found / (1 - found))))
    np.testing.assert_allclose(chances, truth, atol=0.01)


def test_monotone_rises_and_is_smoothed() -> None:
    scores, correct = _scores(3, 300)
    found, ratios, chances = fit_calibration(_counts(scores, correct), "monotone").tables[0]
    assert (np.diff(found) > 0).all()
    assert (np.diff(chances) >= -1e-12).all()
    assert (np.diff(ratios) >= -1e-9).all()
    assert ((chances > 0) & (chances < 1)).all()
    # A verdict at V = 1: one solution of the mean rate joins each of the two scores.
    counts = _counts(np.array([0.0] * 6 + [1.0] * 4), np.array([0, 0, 0, 0, 0, 1, 1, 1, 1, 0]))
    _, _, chances = fit_calibration(counts, "monotone").tables[0]
    np.testing.assert_allclose(chances, [(1 + 0.4) / 7, (3 + 0.4) / 5])


@pytest.mark.parametrize("fit", FITS)
def test_separable_and_constant_scores_stay_finite(fit: str) -> None:
    for scores, correct in (
        (np.array([0.0, 0.0, 1.0, 1.0]), np.array([0, 0, 1, 1])),
        (np.array([0.5, 0.5, 0.5]), np.array([0, 1, 1])),
    ):
        assert np.isfinite(fit_calibration(_counts(scores, correct), fit).tables).all()


@pytest.mark.parametrize("fit", FITS)
def test_one_sort_of_solution_is_not_enough(fit: str) -> None:
    with pytest.raises(BadInputError, match="needs right and wrong solutions"):
        fit_calibration(_counts(np.array([0.2, 0.8]), np.array([1, 1])), fit)


def _counted(problems: Any, seed: int, count: int) -> list[tuple[str, ScoreCounts]]:
    return [
        (
            f"p{i}",
            count_sample_scores(
                problems.sample(problem, f"p{i}"), np.array([1, 2]), Options(seed=4)
            ),
        )
        for i, problem in enumerate(problems.many(seed, count, most_solutions=6, ragged=False))
    ]


def test_a_problem_has_no_part_in_its_own_calibration(problems) -> None:
    counted = _counted(problems, 40, 40)
    before = cross_fit(counted, 5, "monotone", 4)
    other = _counted(problems, 41, 1)[0][1]
    after = cross_fit(
        [(name, other if name == "p7" else c) for name, c in counted], 5, "monotone", 4
    )
    k = fold_of("p7", 5, 4)
    np.testing.assert_array_equal(before[k].tables, after[k].tables)
    assert any(
        a.tables.shape != b.tables.shape or (a.tables != b.tables).any()
        for i, (a, b) in enumerate(zip(before, after, strict=True))
        if i != k
    )


def test_folds_depend_on_the_problem_alone_and_are_balanced() -> None:
    folds = np.array([fold_of(f"problem {i}", 5, 0) for i in range(1000)])
    assert set(folds) == set(range(5))
    assert (np.bincount(folds) > 150).all()
    assert fold_of("problem 3", 5, 0) == folds[3]
    assert [fold_of(f"problem {i}", 5, 1) for i in range(20)] != folds[:20].tolist()


def test_problems_of_one_fold_have_no_others(problems) -> None:
    with pytest.raises(BadInputError, match="all problems are in one fold"):
        cross_fit(_counted(problems, 42, 1), 5, "monotone", 4)


def test_counts_are_of_solutions_with_an_answer(problems, brute_force) -> None:
    solution = brute_force.Solution
    problem = [
        solution("A", True, False, (1, 0)),
        solution("B", False, False, (0, 0)),
        solution(None, False, True, (1, 1)),
    ]
    counts = count_sample_scores(problems.sample(problem), np.array([1, 2]), Options())
    assert counts.counts.sum(axis=(1, 2)) == pytest.approx([2, 2])
    assert counts.counts[1, 500].tolist() == [0, 1]  # the right one: one yes of two
    assert counts.counts[1, 0].tolist() == [1, 0]
