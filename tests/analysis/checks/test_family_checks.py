"""Families of problems that a pool's own columns show."""

import numpy as np
import polars as pl
import pytest

from svlaw.analysis.checks.pool_check import check_pool
from svlaw.data.pool import Pool, open_pool
from svlaw.data.pool_writer import create_pool

FAMILIES, SIZE, SOLUTIONS = 15, 4, 8


@pytest.fixture
def pool_with(tmp_path):
    """A pool of 15 families of 4 problems, alike within a family, with columns of the caller."""

    def make(**columns: list[object]) -> Pool:
        names = [f"{i:02}" for i in range(FAMILIES * SIZE)]
        rates = np.repeat(np.random.default_rng(0).beta(0.5, 0.5, FAMILIES), SIZE)
        right = np.random.default_rng(1).random((rates.size, SOLUTIONS)) < rates[:, None]
        answers = pl.DataFrame(
            {
                "problem_id": np.repeat(names, SOLUTIONS),
                "solution_id": np.tile(np.arange(SOLUTIONS), rates.size),
                "is_correct": right.ravel(),
                "answer_class": ["1"] * right.size,
                "status": ["graded"] * right.size,
            }
        )
        with create_pool(tmp_path / "pool", {"source": "test"}) as writer:
            writer.add("problems", pl.DataFrame({"problem_id": names, **columns}))
            writer.add("answers", answers)
        return open_pool(tmp_path / "pool")

    return make


def _found(pool: Pool) -> list[str]:
    return [c.message for c in check_pool(pool) if c.subject == "families of problems"]


def test_a_column_that_names_families(pool_with) -> None:
    (message,) = _found(pool_with(family=np.repeat(np.arange(FAMILIES), SIZE).tolist()))
    assert "60 of 60 problems share their 'family' with another (15 families)" in message
    assert "--cluster family" in message
    correlation = float(message.split("correlates by ")[1].split(";")[0])
    assert 0.6 < correlation < 1


def test_questions_that_repeat(pool_with) -> None:
    texts = [f"What is  {i // SIZE}?" if i % 2 else f"What is {i // SIZE}?\n" for i in range(60)]
    (message,) = _found(pool_with(question=texts))
    assert "60 of 60 problems share the text of their question" in message
    assert "--cluster question" in message


@pytest.mark.parametrize(
    "columns",
    [
        {"question": [f"What is {i}?" for i in range(60)], "item": list(range(60))},
        {"group": ["easy", "hard"] * 30},  # kinds of problems rather than families
        {"level": [str(i // 4) for i in range(60)]},
        {"item": [None] * 60},
    ],
)
def test_what_is_no_family(pool_with, columns) -> None:
    assert _found(pool_with(**columns)) == []
