"""Fixtures of the analysis tests: the brute-force twins and random problems for them."""

import importlib.util
import sys
from collections.abc import Callable
from dataclasses import replace
from fractions import Fraction
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import polars as pl
import pytest

from svlaw.analysis.kernels.problem_sample import NO_CLASS, SCORE_UNIT, UNPARSED, ProblemSample
from svlaw.data.pool import Pool


def _load(name: str) -> ModuleType:
    """A module beside this file; test folders are no packages, so it has no import path."""
    spec = importlib.util.spec_from_file_location(name, Path(__file__).parent / f"{name}.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module  # dataclasses look their module up
    spec.loader.exec_module(module)
    return module


class Problems:
    """Random small problems, as the twins read them, and their translations for the package."""

    def __init__(self, twin: ModuleType) -> None:
        self._twin = twin

    def random(
        self,
        rng: np.random.Generator,
        *,
        most_solutions: int = 5,
        most_verdicts: int = 4,
        binary: bool = False,
        ragged: bool = True,
    ) -> list[Any]:
        """One problem: few answers (hence ties), missing ones, mixed classes, unparsed verdicts.

        Scores are 0 or 1 when binary, else thousandths of a coarse set, so that means can tie.
        """
        n = int(rng.integers(1, most_solutions + 1))
        answers = "ABCD"[: rng.integers(1, 5)]
        right_answer = rng.choice(list(answers))
        depth = int(rng.integers(1, most_verdicts + 1))
        unparsed = rng.choice([0.0, 0.2, 0.5])
        solutions = []
        for _ in range(n):
            silent = bool(rng.random() < 0.2)
            answer = None if silent else str(rng.choice(list(answers)))
            # A right solution without an answer and classes that mix right and wrong both happen.
            is_correct = bool((answer == right_answer) ^ (rng.random() < 0.15))
            held = int(rng.integers(0, most_verdicts + 1)) if ragged else depth
            verdicts = tuple(
                None
                if rng.random() < unparsed
                else Fraction(int(rng.integers(0, 2)))
                if binary
                else Fraction(int(rng.choice([0, 100, 125, 250, 333, 500, 750, 1000])), 1000)
                for _ in range(held)
            )
            gave_none = silent and bool(rng.random() < 0.8)
            solutions.append(self._twin.Solution(answer, is_correct, gave_none, verdicts))
        return solutions

    def many(self, seed: int, count: int, **kwargs: Any) -> list[Any]:
        """Several random problems."""
        rng = np.random.default_rng(seed)
        return [self.random(rng, **kwargs) for _ in range(count)]

    @staticmethod
    def sample(problem: list[Any], problem_id: str = "p") -> ProblemSample:
        """The problem as the arrays estimators work on."""
        names = sorted({s.answer for s in problem if s.answer is not None})
        classes = [NO_CLASS if s.answer is None else names.index(s.answer) for s in problem]
        scores = [
            UNPARSED if v is None else int(v * SCORE_UNIT) for s in problem for v in s.verdicts
        ]
        return ProblemSample(
            problem_id,
            np.array(classes, np.int32),
            np.array([s.is_correct for s in problem], np.bool_),
            np.array([s.gave_none for s in problem], np.bool_),
            np.cumsum([0] + [len(s.verdicts) for s in problem]),
            np.array(scores, np.int32),
        )

    def random_calls(
        self, rng: np.random.Generator, *, most_solutions: int = 6, most_calls: int = 4, **kind: Any
    ) -> list[Any]:
        """A random problem of shared calls: verdict k of each verified solution is call k's."""
        problem = self.random(
            rng, most_solutions=most_solutions, most_verdicts=most_calls, ragged=False, **kind
        )
        unverified = rng.random(len(problem)) < 0.15
        return [
            replace(s, verdicts=()) if skip else s
            for s, skip in zip(problem, unverified, strict=True)
        ]

    @classmethod
    def sample_calls(cls, problem: list[Any], problem_id: str = "p") -> ProblemSample:
        """A problem of shared calls as arrays; of unparsed verdicts every other one is missing.

        A row of each call and of each verified solution stays, so that all are known of.
        """
        whole = cls.sample(problem, problem_id)
        calls = np.concatenate([np.arange(n) for n in whole.n_verdicts] or [[]]).astype(np.int32)
        owners = np.repeat(np.arange(whole.n_solutions), whole.n_verdicts)
        droppable = (whole.scores == UNPARSED) & (np.arange(owners.size) % 2 == 1)
        kept = ~droppable
        for axis in (calls, owners):
            for value in np.unique(axis):
                if not kept[axis == value].any():
                    kept[np.flatnonzero(axis == value)[0]] = True
        counts = np.bincount(owners[kept], minlength=whole.n_solutions)
        return replace(
            whole,
            offsets=np.concatenate(([0], np.cumsum(counts))),
            scores=whole.scores[kept],
            calls=calls[kept],
            n_calls=np.unique(calls).size,
        )

    @staticmethod
    def frames(problems: list[list[Any]]) -> tuple[pl.DataFrame, pl.DataFrame]:
        """Problems p00, p01, ... as tables of answers and verdicts."""
        answers, verdicts = [], []
        for i, problem in enumerate(problems):
            names = sorted({s.answer for s in problem if s.answer is not None})
            for j, s in enumerate(problem):
                label = None if s.answer is None else names.index(s.answer)
                status = "no_answer" if s.gave_none else "graded"
                answers.append((f"p{i:02d}", j, s.answer, label, s.is_correct, status))
                for k, v in enumerate(s.verdicts):
                    status = "unparsed" if v is None else "graded"
                    verdicts.append((f"p{i:02d}", j, k, None if v is None else float(v), status))
        return (
            pl.DataFrame(answers, _ANSWERS, orient="row"),
            pl.DataFrame(verdicts, _VERDICTS, orient="row"),
        )


_ANSWERS = {
    "problem_id": pl.String,
    "solution_id": pl.Int32,
    "answer": pl.String,
    "answer_class": pl.Int32,
    "is_correct": pl.Boolean,
    "status": pl.String,
}
_VERDICTS = {
    "problem_id": pl.String,
    "solution_id": pl.Int32,
    "verification_id": pl.Int32,
    "score": pl.Float64,
    "status": pl.String,
}


@pytest.fixture(scope="session")
def shuffle_parts() -> Callable[[Pool, int], None]:
    """Shuffles the rows of a pool's parts, as other software may write them."""

    def shuffle(pool: Pool, seed: int) -> None:
        for number, part in enumerate([*pool.parts("answers"), *pool.parts("verdicts", "v")]):
            frame = pl.read_parquet(part).sample(fraction=1, shuffle=True, seed=seed)
            other = part.rename(part.with_name(f"part-{number:06d}.parquet"))
            frame.write_parquet(other, row_group_size=9)

    return shuffle


@pytest.fixture(scope="session")
def brute_force() -> ModuleType:
    """The twins."""
    return _load("brute_force")


@pytest.fixture(scope="session")
def slow_numpy() -> ModuleType:
    """The twins for larger problems, by Monte-Carlo."""
    return _load("slow_numpy")


@pytest.fixture(scope="session")
def slow_scan() -> ModuleType:
    """Frontier and crossover by plain scans."""
    return _load("slow_scan")


@pytest.fixture(scope="session")
def slow_policies() -> ModuleType:
    return _load("slow_policies")


@pytest.fixture(scope="session")
def problems(brute_force: ModuleType) -> Problems:
    """Maker of random problems."""
    return Problems(brute_force)


@pytest.fixture(scope="session")
def rule_twins() -> ModuleType:
    """The rules' definitions in plain Python."""
    return _load("rule_twins")
