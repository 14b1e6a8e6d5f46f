"""The error of a measured lambda."""

import numpy as np
import polars as pl
import pytest

from svlaw.analysis.intervals.lambda_interval import lambda_interval
from svlaw.data.lengths import measure_lambda
from svlaw.data.pool import Pool

PROBLEMS = 40


def _pool(make_pool, seed: int, problems: int = PROBLEMS) -> Pool:
    """Solutions of 100 tokens on average, verifications of 50, long and short together."""
    rng = np.random.default_rng(seed)
    length = rng.lognormal(0, 0.4, problems)
    names = [f"{i:02}" for i in range(problems)]
    keys = {"problem_id": names, "solution_id": [0] * problems}
    answers = {
        **keys,
        "is_correct": [True] * problems,
        "answer_class": ["1"] * problems,
        "status": ["graded"] * problems,
        "output_tokens": (100 * length * rng.lognormal(0, 0.3, problems)).astype(int),
    }
    verdicts = {
        **keys,
        "verification_id": [0] * problems,
        "score": [1.0] * problems,
        "verdict": ["yes"] * problems,
        "status": ["graded"] * problems,
        "output_tokens": (50 * length * rng.lognormal(0, 0.3, problems)).astype(int),
    }
    return make_pool(pl.DataFrame(answers), v=pl.DataFrame(verdicts))


def test_holds_the_truth(make_pool) -> None:
    inside = 0
    for seed in range(60):
        pool = _pool(make_pool, seed)
        found = lambda_interval(pool, measure_lambda(pool))
        assert found.conf_low < found.estimate < found.conf_high
        inside += found.conf_low <= 0.5 <= found.conf_high
    assert inside >= 52


def test_same_seed_same_ends(make_pool) -> None:
    pool = _pool(make_pool, 0)
    measured = measure_lambda(pool)
    assert lambda_interval(pool, measured) == lambda_interval(pool, measured)
    assert lambda_interval(pool, measured).estimate == measured.ratio


def test_a_single_problem(make_pool) -> None:
    pool = _pool(make_pool, 0, problems=1)
    found = lambda_interval(pool, measure_lambda(pool))
    assert found.conf_low is None
    assert found.estimate == pytest.approx(measure_lambda(pool).ratio)
