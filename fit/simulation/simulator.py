"""The simulator: pools whose true success is known, because the population they come from is.

The population is described in `population`; its true success is computed in `truth`.
"""

from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any, Final, NamedTuple

import numpy as np
import numpy.typing as npt
import polars as pl

from svlaw.analysis.kernels.problem_sample import NO_CLASS, SCORE_UNIT, ProblemSample, dense_classes
from svlaw.analysis.success.estimators import Options
from svlaw.analysis.success.grid import Values
from svlaw.analysis.success.sample_tables import table_of_samples
from svlaw.analysis.success.success_table import SuccessTable
from svlaw.data.errors import BadInputError
from svlaw.data.pool import Pool, open_pool
from svlaw.data.pool_writer import create_pool
from svlaw.data.progress import Progress, silent
from svlaw.data.schema import STRATEGIES
from svlaw.fit.simulation.population import SETTINGS, Simulation, draw_rates

__all__ = [
    "SETTINGS",
    "VERIFIER",
    "Simulation",
    "check_sizes",
    "simulate_pool",
    "simulate_samples",
    "simulate_table",
    "simulation_of",
]

VERIFIER: Final = "simulated"
"""Name of the verifier in a simulated pool."""
_SOURCE: Final = "simulation"
_PART_ROWS: Final = 1_000_000
"""Verdicts written at a time, unless a single problem has more."""


def simulate_samples(
    simulation: Simulation, *, problems: int, solutions: int, verifications: int, seed: int = 0
) -> list[ProblemSample]:
    """Draw a pool's samples in memory, the same as `simulate_pool` writes.

    Args:
        simulation: The population.
        problems: Number of problems.
        solutions: N, solutions of each problem.
        verifications: M, verdicts on each solution; 0 for none.
        seed: Seed of every random draw. Problems have random streams of their own, so more of them
            leaves the first ones as they are.

    Raises:
        BadInputError: A number is out of its range.
    """
    check_sizes(problems, solutions, verifications, seed)
    offsets = np.arange(solutions + 1, dtype=np.int64) * verifications
    calls = None
    if simulation.shared_calls:
        calls = np.tile(np.arange(verifications, dtype=np.int32), solutions)
    samples = []
    for number in range(problems):
        drawn = _draw(simulation, number, solutions, verifications, seed)
        samples.append(
            ProblemSample(
                problem_id=_name(number),
                classes=dense_classes(drawn.answer),
                correct=drawn.answer == 0,
                missing=drawn.answer < 0,
                offsets=offsets,
                scores=drawn.verdicts.ravel() * np.int32(SCORE_UNIT),
                calls=calls,
                n_calls=0 if calls is None else verifications,
            )
        )
    return samples


def simulate_table(
    simulation: Simulation,
    *,
    problems: int,
    solutions: int,
    verifications: int,
    seed: int = 0,
    strategies: Sequence[str] = STRATEGIES,
    grid_solutions: Values = None,
    grid_verifications: Values = None,
    options: Options | None = None,
    threads: int | None = None,
) -> SuccessTable:
    """Estimate a success table from a simulated pool that is never written.

    Args:
        simulation: The population.
        problems: Number of problems.
        solutions: N, solutions of each problem.
        verifications: M, verdicts on each solution.
        seed: Seed of the pool; the estimators have theirs in `options`.
        strategies: Strategies wanted.
        grid_solutions: Values of S, as in `success_table`.
        grid_verifications: Values of V.
        options: Options of the estimators.
        threads: Threads to use; all cores when None.

    Raises:
        BadInputError: A number is out of its range.

    Examples:
        >>> import svlaw as sv
        >>> sizes = {"problems": 50, "solutions": 8, "verifications": 2}
        >>> sv.simulate_table(sv.Simulation(), **sizes, strategies=["self_consistency"])
        SuccessTable: 4 points, 50 problems, verifier simulated
          self_consistency: 4 points, S 1 to 8, success 44.8 to 54.2%
    """
    samples = simulate_samples(
        simulation, problems=problems, solutions=solutions, verifications=verifications, seed=seed
    )
    return table_of_samples(
        samples,
        strategies,
        grid_solutions,
        grid_verifications,
        options=options,
        verifier=VERIFIER if verifications else None,
        threads=threads,
    )


def simulate_pool(
    path: str | Path,
    simulation: Simulation,
    *,
    problems: int,
    solutions: int,
    verifications: int,
    seed: int = 0,
    progress: Progress = silent,
) -> Pool:
    """Write a simulated pool; the same arguments give the same bytes.

    The table of problems holds each one's true `pass_rate`, `true_positive_rate` and
    `false_positive_rate`; `pool.json` holds the population and the seed.

    Args:
        path: Folder of the new pool.
        simulation: The population.
        problems: Number of problems.
        solutions: N, solutions of each problem.
        verifications: M, verdicts on each solution; 0 for none.
        seed: Seed of every random draw.
        progress: Called with the number of problems done.

    Raises:
        BadInputError: `path` exists, or a number is out of its range.
    """
    check_sizes(problems, solutions, verifications, seed)
    sizes = {"problems": problems, "solutions": solutions, "verifications": verifications}
    metadata = {"source": _SOURCE, "simulation": asdict(simulation), **sizes, "seed": seed}
    at_once = max(1, _PART_ROWS // (solutions * max(verifications, 1)))
    with create_pool(path, metadata) as writer:
        if simulation.shared_calls and verifications:
            writer.share_calls(VERIFIER)
        for start in range(0, problems, at_once):
            numbers = range(start, min(start + at_once, problems))
            drawn = [
                _draw(simulation, number, solutions, verifications, seed, lengths=True)
                for number in numbers
            ]
            names = pl.Series("problem_id", map(_name, numbers), pl.String)
            writer.add("problems", _problem_rows(names, drawn))
            writer.add("answers", _answer_rows(names, drawn))
            if verifications:
                writer.add("verdicts", _verdict_rows(names, drawn), verifier=VERIFIER)
            progress(numbers.stop, problems)
    return open_pool(path)


def simulation_of(pool: Pool) -> Simulation:
    """The population that a simulated pool was drawn from.

    Raises:
        BadInputError: The pool was not simulated by svlaw.
    """
    held: Any = pool.metadata.get("simulation")
    if pool.metadata.get("source") != _SOURCE or not isinstance(held, dict):
        raise BadInputError(f"{pool.path}: was not written by 'svlaw simulate'")
    return Simulation(**held)


def check_sizes(problems: int, solutions: int, verifications: int, seed: int) -> None:
    """Raise for a pool that cannot be drawn.

    Raises:
        BadInputError: A number is out of its range.
    """
    limits = {
        "problems": (problems, 1, 1_000_000),
        "solutions": (solutions, 1, 100_000),
        "verifications": (verifications, 0, 10_000),
    }
    for name, (value, low, high) in limits.items():
        if not low <= value <= high:
            raise BadInputError(f"{name} = {value}: use a whole number from {low} to {high:,}")
    if seed < 0:
        raise BadInputError(f"seed = {seed}: use a whole number from 0")


class _Drawn(NamedTuple):
    """One problem: its rates, and N solutions with M verdicts and their lengths."""

    rates: tuple[float, float, float]
    answer: npt.NDArray[np.int32]
    """(N,) 0 the right answer, 1 .. K the wrong ones, `NO_CLASS` for none."""
    verdicts: npt.NDArray[np.bool_]
    """(N, M) whether each verdict is yes."""
    solution_tokens: npt.NDArray[np.int32]
    verification_tokens: npt.NDArray[np.int32]


def _draw(
    simulation: Simulation, number: int, n: int, m: int, seed: int, *, lengths: bool = False
) -> _Drawn:
    """Draw a problem from its own random stream; lengths come last, so they change nothing else."""
    rng = np.random.default_rng([seed, number])
    rates = _draw_rates(simulation, rng)
    answer = _draw_answers(simulation, rng, rates[0], n)
    rate = np.where(answer == 0, rates[1], rates[2])
    # Solutions that are judged alike: each by itself, or those of an answer by shared calls.
    alike = first = np.arange(n)
    if simulation.shared_calls:
        labels = np.where(answer >= 0, answer, -1 - np.arange(n))
        _, first, alike = np.unique(labels, return_index=True, return_inverse=True)
    chance = draw_rates(rng, rate[first], simulation.correlation)
    verdicts = (rng.random((first.size, m), np.float32) < chance[:, None])[alike]
    tokens = (np.zeros(0, np.int32), np.zeros(0, np.int32))
    if lengths:
        means = (simulation.solution_tokens, simulation.verification_tokens)
        shared = simulation.shared_calls
        tokens = (
            _draw_lengths(rng, means[0], simulation.token_spread, n),
            _draw_lengths(rng, means[1], simulation.token_spread, m if shared else n * m),
        )
        if shared:
            tokens = (tokens[0], np.tile(tokens[1], n))
    return _Drawn(rates, answer, verdicts, *tokens)


def _draw_rates(simulation: Simulation, rng: np.random.Generator) -> tuple[float, float, float]:
    """A problem's pass rate, true positive rate and false positive rate."""
    kind = rng.random()
    laws = (
        (simulation.pass_rate, simulation.pass_rate_spread),
        (simulation.true_positive_rate, simulation.true_positive_spread),
        (simulation.false_positive_rate, simulation.false_positive_spread),
    )
    pass_rate, *verifier = (float(draw_rates(rng, np.array([m]), r)[0]) for m, r in laws)
    if kind < simulation.unsolvable:
        pass_rate = 0.0
    elif kind >= 1 - simulation.always_solved:
        pass_rate = 1.0
    return pass_rate, verifier[0], verifier[1]


def _draw_answers(
    simulation: Simulation, rng: np.random.Generator, pass_rate: float, n: int
) -> npt.NDArray[np.int32]:
    weights = np.cumsum(simulation.wrong_weights)
    right = rng.random(n) < pass_rate
    missing = rng.random(n) < simulation.no_answer
    # The last weight is 1 but for rounding.
    wrong = 1 + np.searchsorted(weights[:-1], rng.random(n), side="right")
    answer: npt.NDArray[np.int32] = np.where(right, 0, np.where(missing, NO_CLASS, wrong)).astype(
        np.int32
    )
    return answer


def _draw_lengths(
    rng: np.random.Generator, mean: float, spread: float, n: int
) -> npt.NDArray[np.int32]:
    """Lognormal lengths of at least one token, rounded at random so that the mean is exact."""
    lengths = (mean - 1) * np.exp(spread * rng.standard_normal(n) - spread**2 / 2)
    result: npt.NDArray[np.int32] = (1 + np.floor(lengths + rng.random(n))).astype(np.int32)
    return result


def _name(number: int) -> str:
    """A problem's id; ids are in order of their numbers."""
    return f"p{number:06d}"


def _problem_rows(names: pl.Series, drawn: Sequence[_Drawn]) -> pl.DataFrame:
    pass_rate, true_positive, false_positive = zip(*(d.rates for d in drawn), strict=True)
    return pl.DataFrame(
        {
            "problem_id": names,
            "reference_answer": ["right"] * len(drawn),
            "kind": ["external"] * len(drawn),
            "pass_rate": pass_rate,
            "true_positive_rate": true_positive,
            "false_positive_rate": false_positive,
        }
    )


def _answer_rows(names: pl.Series, drawn: Sequence[_Drawn]) -> pl.DataFrame:
    n = drawn[0].answer.size
    answer = pl.col("answer_class")
    return pl.DataFrame(
        {
            "problem_id": names.gather(np.repeat(np.arange(len(drawn), dtype=np.uint32), n)),
            "solution_id": np.tile(np.arange(n, dtype=np.int32), len(drawn)),
            "answer_class": np.concatenate([d.answer for d in drawn]),
            "output_tokens": np.concatenate([d.solution_tokens for d in drawn]),
        }
    ).with_columns(
        answer=pl.when(answer == 0)
        .then(pl.lit("right"))
        .when(answer > 0)
        .then(pl.format("wrong {}", answer)),
        answer_class=pl.when(answer >= 0).then(answer),
        is_correct=answer == 0,
        status=pl.when(answer >= 0).then(pl.lit("graded")).otherwise(pl.lit("no_answer")),
    )


def _verdict_rows(names: pl.Series, drawn: Sequence[_Drawn]) -> pl.DataFrame:
    n, m = drawn[0].verdicts.shape
    yes = np.concatenate([d.verdicts.ravel() for d in drawn])
    return pl.DataFrame(
        {
            "problem_id": names.gather(np.repeat(np.arange(len(drawn), dtype=np.uint32), n * m)),
            "solution_id": np.tile(np.repeat(np.arange(n, dtype=np.int32), m), len(drawn)),
            "verification_id": np.tile(np.arange(m, dtype=np.int32), n * len(drawn)),
            "score": yes.astype(float),
            "output_tokens": np.concatenate([d.verification_tokens for d in drawn]),
        }
    ).with_columns(
        verdict=pl.when(pl.col("score") == 1).then(pl.lit("yes")).otherwise(pl.lit("no")),
        status=pl.lit("graded"),
    )
