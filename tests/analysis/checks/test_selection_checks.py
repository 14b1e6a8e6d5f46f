"""Verdicts and problems that are not missing at random: found, and others not accused."""

import numpy as np
import polars as pl
import pytest

from svlaw.analysis.checks.selection_checks import (
    Selection,
    kept_selection,
    selection_remarks,
    verified_selection,
)
from svlaw.analysis.success.success_table import success_table
from svlaw.data.examples import open_example

PROBLEMS, SOLUTIONS = 50, 16


def _answers(rng: np.random.Generator) -> pl.DataFrame:
    p = np.repeat(rng.beta(1.2, 0.8, PROBLEMS), SOLUTIONS)
    return pl.DataFrame(
        {
            "problem_id": np.repeat([f"{i:03}" for i in range(PROBLEMS)], SOLUTIONS),
            "is_correct": rng.random(p.size) < p,
        }
    )


def _with_verdict(answers: pl.DataFrame, lost_right: float, lost_wrong: float, seed: int):
    lost = np.where(answers["is_correct"].to_numpy(), lost_right, lost_wrong)
    kept = np.random.default_rng([seed, 1]).random(answers.height) >= lost
    return answers.filter(pl.Series(kept))


def test_verdicts_missing_at_random_are_not_accused() -> None:
    accused = 0
    for seed in range(200):
        answers = _answers(np.random.default_rng(seed))
        found = verified_selection(_with_verdict(answers, 0.3, 0.3, seed), answers)
        accused += found.is_clear
    assert accused <= 6  # 1% is expected


def test_verdicts_missing_from_wrong_solutions_are_found() -> None:
    for seed in range(20):
        answers = _answers(np.random.default_rng(seed))
        found = verified_selection(_with_verdict(answers, 0.0, 0.3, seed), answers)
        assert found.is_clear
        assert found.rate > found.other


def test_rates_are_means_over_problems() -> None:
    answers = pl.DataFrame(
        {"problem_id": list("aaaabb"), "is_correct": [True, True, False, False, False, False]}
    )
    found = verified_selection(answers[[0, 1, 2, 4]], answers)
    assert (found.rate, found.other) == (pytest.approx(1 / 3), 0.25)
    assert (found.p_value, found.tested) == (None, "too few differ to test")
    assert verified_selection(answers, answers) is None
    assert verified_selection(answers[:0], answers) is None


def test_problems_set_aside() -> None:
    rng = np.random.default_rng(0)
    answers = _answers(rng)
    ids = answers["problem_id"].unique().sort().to_list()
    rates = answers.group_by("problem_id").agg(pl.col("is_correct").mean()).sort("problem_id")
    easy = rates.filter(pl.col("is_correct") > 0.5)["problem_id"].to_list()
    found = kept_selection(answers, easy)
    assert found.is_clear
    assert (found.count, found.other_count) == (len(easy), PROBLEMS - len(easy))
    accused = [kept_selection(answers, rng.permutation(ids)[:35]).is_clear for _ in range(200)]
    assert sum(accused) <= 6
    assert kept_selection(answers, ids) is None
    assert kept_selection(answers, ids[1:]).p_value is None


def test_the_p_value_is_that_of_scipy() -> None:
    from scipy import stats

    answers = _answers(np.random.default_rng(5))
    rates = answers.group_by("problem_id").agg(pl.col("is_correct").mean()).sort("problem_id")
    ids, values = rates["problem_id"].to_list(), rates["is_correct"].to_numpy()
    found = kept_selection(answers, ids[:30])
    expected = stats.ttest_ind(values[:30], values[30:], equal_var=False).pvalue
    assert found.p_value == pytest.approx(expected)
    assert Selection(0.5, 0.5, 1e-7, 9, 9).tested == "p < 0.0001"


def test_sound_examples_get_no_remark() -> None:
    for name in ("exams_gpt35_by_gpt4", "humaneval_codegen16b"):
        pool = open_example(name)
        table = success_table(pool, ["coverage", "best_of_n"], [1], [1])
        assert selection_remarks(pool, table) == []
    published = open_example("singhi2025_fig1")
    assert selection_remarks(published, success_table(published)) == []
