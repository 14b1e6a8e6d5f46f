"""How the lengths that a pool stores are read as tokens."""

from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt
import polars as pl

from svlaw.analysis.kernels.sample_lengths import SampleLengths
from svlaw.data.errors import NotInPoolError
from svlaw.data.lengths import CHARACTERS_PER_TOKEN, LENGTH_COLUMNS, LengthUnit, mean_tokens
from svlaw.data.pool import Pool

F64 = npt.NDArray[np.float64]


@dataclass(frozen=True)
class StoredLengths:
    """How a pool's lengths are read as tokens.

    A missing length is the mean of those of the same problem, or of all problems where it has none.
    Prompts of unknown length count as in `mean_tokens`.

    Attributes:
        unit: What lengths are stored in; characters are divided by `CHARACTERS_PER_TOKEN`.
        solution: Mean tokens of a solution, over problems.
        prompt: Mean tokens of a verifier's prompt.
        verification: Mean tokens of a verification.
        is_prompt_assumed: Whether none of them is stored, so that a prompt counts as long as the
            solution that it holds.
    """

    unit: LengthUnit
    solution: float
    prompt: float
    verification: float
    is_prompt_assumed: bool

    @property
    def has_prompts(self) -> bool:
        """Whether lengths of prompts are stored."""
        return not self.is_prompt_assumed and self.prompt > 0

    @property
    def column(self) -> str:
        """The column of answers and verdicts that holds them."""
        return LENGTH_COLUMNS[self.unit]

    def read(
        self, answers: pl.DataFrame, verdicts: pl.DataFrame | None, prompts: pl.Series | None
    ) -> SampleLengths:
        """The lengths of some problems, one after another.

        Args:
            answers: Their answers, by problem and solution.
            verdicts: Their verdicts, by problem, solution and verification; None without.
            prompts: Tokens of the prompt that verifies each solution; None where unknown.
        """
        scale = CHARACTERS_PER_TOKEN if self.unit == "characters" else 1
        solutions = _filled(answers, self.column, self.solution * scale) / scale
        read = solutions if self.is_prompt_assumed else np.full(solutions.size, self.prompt)
        if prompts is not None:
            held = answers.with_columns(prompts.alias(_PROMPTS))
            read = _filled(held, _PROMPTS, self.prompt)
        judged = np.zeros(0)
        if verdicts is not None:
            judged = _filled(verdicts, self.column, self.verification * scale) / scale
        return SampleLengths(solutions, read, judged)

    def read_verifier_answers(self, answers: pl.DataFrame) -> SampleLengths:
        """The lengths of a verifier's own answers, one problem after another.

        Args:
            answers: The answers, by problem and verification.
        """
        scale = CHARACTERS_PER_TOKEN if self.unit == "characters" else 1
        lengths = _filled(answers, self.column, self.verification * scale) / scale
        return SampleLengths(lengths, np.zeros(lengths.size), np.zeros(0))


_PROMPTS: Final = "tokens of prompts"


def _filled(frame: pl.DataFrame, column: str, mean: float) -> F64:
    """A column of lengths, missing ones replaced by the problem's mean, else by another."""
    lengths = pl.col(column).cast(pl.Float64)
    known = lengths.fill_null(lengths.mean().over("problem_id")).fill_null(mean)
    return frame.select(known).to_series().to_numpy()


def stored_lengths(pool: Pool, verifier: str | None) -> StoredLengths | None:
    """How the lengths of a pool are read; None where it holds none.

    Args:
        pool: The pool.
        verifier: The verifier of the analysis; may be None when the pool has one at most.
    """
    if verifier is None and len(pool.verifiers) > 1:
        verifier = pool.verifiers[0]
    try:
        means = mean_tokens(pool, verifier)
    except NotInPoolError:
        return None
    return StoredLengths(
        "characters" if means.is_estimated else "tokens",
        means.solution,
        means.prompt,
        means.verification,
        means.is_prompt_assumed,
    )
