"""Synthetic pools of any size, written problem by problem, so that memory stays small.

A problem has a right answer with a chance drawn from a Beta law, wrong answers with Zipf weights,
and a few solutions without an answer. A solution's verdicts are yes with a chance of its own, drawn
from a Beta law around the verifier's true or false positive rate.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np
import polars as pl

from svlaw.data.pool import Pool, open_pool
from svlaw.data.pool_writer import create_pool

VERIFIER = "synthetic"
_PART = 2_000_000
"""Verdicts per part."""


@dataclass(frozen=True)
class Shape:
    """Size and kind of a pool.

    Attributes:
        problems: Number of problems.
        solutions: Solutions per problem.
        verdicts: Verdicts per solution; 0 for none.
        scores: `binary` verdicts, `unparsed` (binary, one in twenty unparsed) or `continuous`.
        wrong_answers: Different wrong answers per problem.
    """

    problems: int
    solutions: int
    verdicts: int = 0
    scores: Literal["binary", "unparsed", "continuous"] = "binary"
    wrong_answers: int = 40


def write_pool(path: Path, shape: Shape, seed: int = 0) -> Pool:
    """Write a pool; the same shape and seed give the same pool."""
    per_part = max(1, _PART // (shape.solutions * max(shape.verdicts, 1)))
    with create_pool(path, {"source": "synthetic"}) as writer:
        for start in range(0, shape.problems, per_part):
            numbers = range(start, min(start + per_part, shape.problems))
            parts = [_problem(shape, number, seed) for number in numbers]
            writer.add("answers", pl.concat([answers for answers, _ in parts]))
            if shape.verdicts:
                writer.add("verdicts", pl.concat([v for _, v in parts]), verifier=VERIFIER)
    return open_pool(path)


def _problem(shape: Shape, number: int, seed: int) -> tuple[pl.DataFrame, pl.DataFrame]:
    rng = np.random.default_rng([seed, number])
    name, n, m = f"p{number:06d}", shape.solutions, shape.verdicts
    weights = 1 / np.arange(1, shape.wrong_answers + 1) ** rng.uniform(0.6, 2.0)
    chance = rng.beta(0.8, 1.0)
    is_correct = rng.random(n) < chance
    wrong = rng.choice(shape.wrong_answers, n, p=weights / weights.sum()) + 1
    answer = np.where(is_correct, 0, wrong)
    missing = ~is_correct & (rng.random(n) < 0.03)
    answers = pl.DataFrame(
        {
            "problem_id": [name] * n,
            "solution_id": np.arange(n, dtype=np.int32),
            "answer_class": pl.Series(answer.astype(np.int32)).set(pl.Series(missing), None),
            "is_correct": is_correct,
            "status": np.where(missing, "no_answer", "graded"),
        }
    )
    rate = np.where(is_correct, rng.beta(9, 3), rng.beta(3, 7))
    chances = rng.beta(4 * rate, 4 * (1 - rate))[:, None]
    drawn = rng.random((n, m), dtype=np.float32)
    if shape.scores == "continuous":
        scores = np.clip(chances + 0.25 * (drawn - 0.5), 0, 1).astype(np.float64)
    else:
        scores = (drawn < chances).astype(np.float64)
    score = pl.Series("score", scores.ravel())
    if shape.scores == "unparsed":
        score = score.set(pl.Series(rng.random(n * m) < 0.05), None)
    verdicts = pl.DataFrame(
        {
            "solution_id": np.repeat(np.arange(n, dtype=np.int32), m),
            "verification_id": np.tile(np.arange(m, dtype=np.int32), n),
            "score": score,
        }
    ).with_columns(
        pl.lit(name).alias("problem_id"),
        pl.when(pl.col("score").is_null())
        .then(pl.lit("unparsed"))
        .otherwise(pl.lit("graded"))
        .alias("status"),
    )
    return answers, verdicts


def arrays(shape: Shape, seed: int = 0) -> Iterator[tuple[pl.DataFrame, pl.DataFrame]]:
    """The tables of each problem, without writing them."""
    for number in range(shape.problems):
        yield _problem(shape, number, seed)
