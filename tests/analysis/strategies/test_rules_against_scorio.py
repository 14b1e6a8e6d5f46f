"""Over all solutions a rule gives the answer that the package scorio gives, ties aside.

The shares handed to a rule are 1 for scorio's answer and 0 for the others, so that the outcome is 1
where both agree, and 1 / t where scorio's answer is one of t that tie.
"""

from collections.abc import Callable
from functools import cache
from typing import Any

import numpy as np
import pytest
from scorio import aggregate

from svlaw.analysis.strategies.rules.ballots import CALIBRATED, RANKED
from svlaw.analysis.strategies.rules.rule_catalogue import parse_rule
from svlaw.analysis.strategies.rules.walks import mean_over_subsets

N_PROBLEMS = 2000
CASES: dict[str, Callable[[Any, Any], Any]] = {
    "filtered_vote:keep=0.5": lambda a, s: aggregate.filtered_vote(a, s, keep=0.5, weighted=False),
    "filtered_vote:keep=0.3:weighted=yes": lambda a, s: aggregate.filtered_vote(a, s, keep=0.3),
    "filtered_vote:keep=1": aggregate.best_of_n,
    "filtered_vote:keep=7": lambda a, s: aggregate.filtered_vote(a, s, keep=7, weighted=False),
    "filtered_vote:keep=1.0:weighted=yes": aggregate.weighted_majority_vote,
    "rank_vote": aggregate.rank_weighted_vote,
    "rank_vote:power=2.5": lambda a, s: aggregate.rank_weighted_vote(a, s, p=2.5),
    "softmax_vote": aggregate.softmax_weighted_vote,
    "softmax_vote:temperature=0.05": lambda a, s: aggregate.softmax_weighted_vote(
        a, s, temperature=0.05
    ),
    "logit_vote": aggregate.logit_weighted_vote,
    "logit_vote:threshold=0.7": lambda a, s: aggregate.logit_weighted_vote(a, s, threshold=0.7),
    "best_of_majority:alpha=0": aggregate.best_of_majority,
    "best_of_majority:alpha=0.3": lambda a, s: aggregate.best_of_majority(a, s, alpha=0.3),
    "majority_of_the_bests": aggregate.majority_of_the_bests,
    "majority_of_the_bests:resample=5": lambda a, s: aggregate.majority_of_the_bests(a, s, m=5),
}


@cache
def _problems() -> list[tuple[np.ndarray, np.ndarray]]:
    """Classes, some of them missing, and continuous scores that lean to one answer."""
    rng, problems = np.random.default_rng(5), []
    for _ in range(N_PROBLEMS):
        n = int(rng.integers(1, 41))
        classes = np.minimum(rng.geometric(rng.uniform(0.2, 0.8), n) - 1, 7).astype(np.int32)
        scores = np.clip(rng.beta(2, 2, n) * 0.97 + 0.015 + 0.01 * (classes == 0), 0.015, 0.985)
        classes[rng.random(n) < 0.1] = -1
        problems.append((classes, scores))
    return problems


def _outcome(text: str, classes: Any, scores: Any, expected: Any, table: Any = None) -> float:
    setting = parse_rule(text)
    shares = np.zeros(8)
    if expected is None:
        shares[:] = 1.0  # no solution has an answer: the rule must not elect one
    else:
        shares[expected] = 1.0
    if table is None:
        table = np.zeros((3, 1))
        if setting.rule.kind == RANKED:
            weights = np.arange(classes.size + 1.0) ** setting.numbers[0]
            weights[0] = 0.0
            table = np.tile(np.cumsum(weights), (3, 1))
    return float(
        mean_over_subsets(
            classes,
            scores,
            classes.size,
            1,
            shares,
            setting.rule.kind,
            np.array(setting.numbers),
            table,
        )
    )


def _answers(classes: np.ndarray) -> list[Any]:
    return [int(a) if a >= 0 else None for a in classes]


@pytest.mark.parametrize("text", CASES)
def test_same_answer(text: str) -> None:
    agreed = 0
    for classes, scores in _problems():
        expected = CASES[text](_answers(classes), scores)
        found = _outcome(text, classes, scores, expected)
        if expected is None:
            assert found == 0.0
            continue
        assert found > 0
        assert (1 / found) == pytest.approx(round(1 / found))
        agreed += found == 1.0
    assert agreed > 0.8 * N_PROBLEMS  # votes that count whole votes tie now and then


@pytest.mark.slow
def test_same_calibrated_answer() -> None:
    """With scorio's own fit handed to the rule at the scores of the problem."""
    rng = np.random.default_rng(6)
    correct = rng.random(400) < 0.4
    learnt = np.where(correct, rng.beta(4, 2, 400), rng.beta(2, 3, 400))
    learnt = np.clip(learnt, 0.01, 0.99)
    calibration = aggregate.fit_kde_vote_calibration(learnt, correct)
    agreed = 0
    for classes, scores in _problems():
        expected = aggregate.kde_weighted_vote(_answers(classes), scores, calibration)
        knots = np.unique(scores)
        table = np.stack(
            [
                knots,
                calibration.log_density_ratio(knots),
                calibration.calibrated_probability(knots),
            ]
        )
        found = _outcome("calibrated_vote", classes, scores, expected, table)
        assert found == (0.0 if expected is None else 1.0)
        agreed += expected is not None
    assert parse_rule("calibrated_vote").rule.kind == CALIBRATED
    assert agreed > 1900
