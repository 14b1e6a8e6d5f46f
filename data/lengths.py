"""Lengths of solutions and verifications as stored, and lambda, the ratio of the two."""

from dataclasses import dataclass
from typing import Final, Literal

import polars as pl

from svlaw.data.errors import NotInPoolError
from svlaw.data.pool import Pool
from svlaw.data.shown import Shown

LengthUnit = Literal["tokens", "characters"]

CHARACTERS_PER_TOKEN: Final = 4
"""Of English text, by OpenAI's rule of thumb ("What are tokens and how to count them?")."""
LENGTH_COLUMNS: Final[dict[LengthUnit, str]] = {
    "tokens": "output_tokens",
    "characters": "output_chars",
}


@dataclass(frozen=True, repr=False)
class MeasuredLambda(Shown):
    """The mean length of a verification over that of a solution.

    Attributes:
        ratio: lambda.
        unit: What the lengths were counted in.
        solution_length: Mean length of a solution.
        verification_length: Mean length of a verification.
    """

    ratio: float
    unit: LengthUnit
    solution_length: float
    verification_length: float


@dataclass(frozen=True, repr=False)
class TokenMeans(Shown):
    """Mean tokens, over problems of each problem's mean.

    Attributes:
        solution: Tokens of a solution.
        verification: Tokens of a verification; 0 where nothing is verified.
        prompt: Tokens of a verifier's prompt, which holds the solution, or the problem alone where
            calls are shared; 0 where nothing is verified.
        is_prompt_assumed: Whether none of the prompts' lengths is known, so that they count as
            long as a solution.
        is_estimated: Whether they are characters over `CHARACTERS_PER_TOKEN`.
    """

    solution: float
    verification: float
    prompt: float
    is_prompt_assumed: bool = False
    is_estimated: bool = False


def measure_lambda(pool: Pool, verifier: str | None = None) -> MeasuredLambda:
    """Measure lambda from the lengths stored in a pool: tokens, else characters.

    The mean is over problems of each problem's mean length, so that no problem counts for more
    because it has more rows; of shared calls each counts once, however many solutions it judged.
    Only generated text counts; the verifier's prompt does not.

    Args:
        pool: The pool.
        verifier: The verifier; may be None when the pool has one.

    Raises:
        NotInPoolError: Lengths of solutions or verifications are missing.

    Examples:
        >>> import svlaw as sv
        >>> sv.measure_lambda(sv.open_example("exams_gpt35_by_gpt4"))
        MeasuredLambda: ratio 0.962, unit characters, solution_length 719, verification_length 691
    """
    if pool.is_published_table:
        raise NotInPoolError(f"{pool.path}: a published table has no lengths; give --lambda")
    verifier = pool.resolve_verifier(verifier)
    for unit in LENGTH_COLUMNS:
        solution, verification = _mean_lengths(pool, unit, verifier)
        if solution and verification:
            return MeasuredLambda(verification / solution, unit, solution, verification)
    raise NotInPoolError(
        f"{pool.path}: holds no lengths of solutions and verifications to measure lambda from;"
        " give --lambda"
    )


def mean_tokens(pool: Pool, verifier: str | None = None) -> TokenMeans:
    """Mean tokens of solutions, verifications and verifiers' prompts, over problems.

    Where token counts of solutions or of verifications are missing and characters of both are
    stored, tokens are estimated at `CHARACTERS_PER_TOKEN` characters each: never are tokens of the
    one set beside characters of the other. A prompt of unknown length counts as long as a solution,
    or as nothing where calls are shared, since it holds no solution then.

    Args:
        pool: The pool.
        verifier: The verifier; may be None when the pool has one at most.

    Raises:
        NotInPoolError: The pool holds neither tokens nor characters of all that is generated.
    """
    if pool.is_published_table:
        raise NotInPoolError(f"{pool.path}: a published table has no token counts; use --lambda")
    if pool.verifiers:
        verifier = pool.resolve_verifier(verifier)
    for unit in LENGTH_COLUMNS:
        solution, verification = _mean_lengths(pool, unit, verifier)
        if solution and (verification or not pool.verifiers):
            break
    else:
        what = "solutions and verifications" if pool.verifiers else "solutions"
        raise NotInPoolError(
            f"{pool.path}: holds no token counts of {what} nor characters to estimate them from,"
            " which this cost takes; use --cost relative --lambda X"
        )
    is_estimated = unit == "characters"
    scale = CHARACTERS_PER_TOKEN if is_estimated else 1
    if not verification:
        return TokenMeans(solution / scale, 0.0, 0.0, is_estimated=is_estimated)
    prompt = None
    if not is_estimated and pool.has("verifications", verifier):
        prompt = mean_length(pool, "verifications", "prompt_tokens", verifier)
    # A shared call reads the problem, as the solver does, and no solution.
    holds_solution = pool.calls(verifier) == "independent"
    return TokenMeans(
        solution=solution / scale,
        verification=verification / scale,
        prompt=prompt or (solution / scale if holds_solution else 0.0),
        is_prompt_assumed=holds_solution and not prompt,
        is_estimated=is_estimated,
    )


def _mean_lengths(
    pool: Pool, unit: LengthUnit, verifier: str | None
) -> tuple[float | None, float | None]:
    """Mean lengths of solutions and of verifications in a unit; None where none is stored."""
    solution = mean_length(pool, "answers", LENGTH_COLUMNS[unit])
    if not pool.verifiers:
        return solution, None
    return solution, mean_length(pool, "verdicts", LENGTH_COLUMNS[unit], verifier)


def share_out(total: int | None, parts: int) -> list[int | None]:
    """A number of tokens in whole parts as equal as can be, the larger ones first."""
    if total is None:
        return [None] * parts
    each, more = divmod(total, parts)
    return [each + (place < more) for place in range(parts)]


def mean_length(pool: Pool, table: str, column: str, verifier: str | None = None) -> float | None:
    """Mean over problems of the mean of a column of lengths; None where none is stored.

    Of a verifier with shared calls the mean of a problem is over its calls.

    Raises:
        NotInPoolError: The pool does not hold the table.
        BadInputError: A part is damaged.
    """
    rows = pool.scan(table, verifier)
    if verifier in pool.shared_calls:
        # Sorted for the same reason as below.
        call = ["problem_id", "verification_id"]
        rows = rows.group_by(call).agg(pl.col(column).mean()).sort(call)
    per_problem = rows.group_by("problem_id").agg(pl.col(column).mean())
    # Sorted, because a mean over groups in no fixed order would differ in its last digits.
    mean = pool.collect(per_problem.sort("problem_id"), table)[column].mean()
    return float(mean) if isinstance(mean, float) else None
