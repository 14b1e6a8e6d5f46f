"""Grading a pool: its answers made again from the stored text of its solutions.

Generations are expensive, grading is not. What a solution says and what it is right about is
derived from its text alone, as often as one likes; what was found out about an answer is kept with
the pool (`svlaw.data.grading.judgements`), so that doing it again takes seconds.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final

import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq

from svlaw.data.errors import BadInputError, NotInPoolError, first_line
from svlaw.data.grading.answers import reference_answer
from svlaw.data.grading.choices import is_choice
from svlaw.data.grading.examiner import TIME_LIMIT, Examiner
from svlaw.data.grading.extractors import (
    Extractor,
    apply_extractor,
    built_in_extractor,
    load_extractor,
)
from svlaw.data.grading.grader import TOLERANCE, Graded, grade_with
from svlaw.data.grading.judgements import load_judgements, save_judgements
from svlaw.data.pool import Pool, replace
from svlaw.data.progress import Progress, silent
from svlaw.data.schema import TABLES

_BATCH_ROWS: Final = 8_192
_KEY: Final = ("problem_id", "solution_id")
_THE_USERS: Final = ("code", "external")
_WANTED: Final = (*_KEY, "text", "output_tokens", "finish_reason")
_EXTRACTED: Final = {
    "problem_id": pl.String(),
    "solution_id": pl.Int32(),
    "has_text": pl.Boolean(),
    "answer": pl.String(),
    "cut_off": pl.Boolean(),
    "output_tokens": pl.Int32(),
    "output_chars": pl.Int32(),
}


@dataclass(frozen=True)
class PoolGrading:
    """What grading a pool came to.

    Attributes:
        pool: The pool as it is afterwards.
        rows: Rows of `answers`.
        graded: Rows with an answer that was graded.
        no_answer: Rows whose text states no answer.
        truncated: Rows cut off before they stated one.
        timeout: Rows whose answer ran out of time or memory; they count as wrong.
        kept: Rows of problems of kind code and external, left as they were.
        correct: Rows that are correct, those kept included.
        pairs: Distinct pairs of a problem's answer and its reference.
        classes: Answer classes, summed over problems.
        examined: Answers and pairs that Math-Verify was asked about this time.
        uncompared: Pairs of wrong answers left apart because a problem had too many.
    """

    pool: Pool
    rows: int
    graded: int
    no_answer: int
    truncated: int
    timeout: int
    kept: int
    correct: int
    pairs: int
    classes: int
    examined: int
    uncompared: int


@dataclass(frozen=True)
class _Problem:
    kind: str
    reference: str
    extract: Extractor


def grade_pool(
    pool: Pool,
    *,
    extractor: str | Extractor | None = None,
    time_limit: float = TIME_LIMIT,
    workers: int | None = None,
    tolerance: float = TOLERANCE,
    progress: Progress = silent,
) -> PoolGrading:
    """Make the answers of a pool again from the text of its solutions.

    Final answers are extracted by the kind of the problem, graded, and grouped into classes; see
    `extractors.built_in_extractor` and `grader.grade_with`. A solution that
    was cut off (`finish_reason` is `length`) is `truncated` when no answer can be read in it; one
    that can be read is graded. Problems of kind code and external keep the answers they have. A
    solution without stored text is graded by the answer stored for it.

    Args:
        pool: The pool; its table `answers` is replaced when everything is graded.
        extractor: A function of one's own, or its name as `module:function`, that finds the final
            answer in a text; None for the built-in ones.
        time_limit: Seconds for reading one answer, and for comparing one pair.
        workers: Worker processes; None chooses.
        tolerance: Relative tolerance of numeric problems.
        progress: Called with solutions read of all, then with answers and pairs examined of all.

    Raises:
        NotInPoolError: The pool holds no text, or no problems.
        BadInputError: A problem has no reference answer, a row of the user's own is missing, the
            extractor cannot be imported or fails on a text, or an argument is not positive. The
            pool keeps its answers then.
        SvlawError: Workers cannot be started.
    """
    if not tolerance > 0:
        raise BadInputError(f"tolerance {tolerance}: use a number above 0")
    judgements = load_judgements(pool)
    with Examiner(
        judgements, time_limit=time_limit, workers=workers, progress=progress
    ) as examiner:
        own = load_extractor(extractor) if isinstance(extractor, str) else extractor
        problems, users = _problems(pool, own)
        extracted = _with_stored_answers(pool, _extract(pool, problems, own, progress), problems)
        kept = _kept(pool, users)
        try:
            graded = _grade(examiner, extracted, problems, tolerance)
        finally:
            # An interrupt loses nothing of what was found out.
            save_judgements(pool, judgements)
    columns = list(TABLES["answers"].columns)
    answers = pl.concat([graded.frame.select(columns), kept.select(columns)])
    graded_pool = replace(pool, "answers", answers)
    status = dict(graded.frame["status"].value_counts().iter_rows())
    return PoolGrading(
        pool=graded_pool,
        rows=answers.height,
        graded=status.get("graded", 0),
        no_answer=status.get("no_answer", 0),
        truncated=status.get("truncated", 0),
        timeout=status.get("timeout", 0),
        kept=kept.height,
        correct=int(answers["is_correct"].sum()),
        pairs=graded.pairs,
        classes=graded.classes,
        examined=examiner.examined,
        uncompared=graded.uncompared,
    )


def _problems(pool: Pool, own: Extractor | None) -> tuple[dict[str, _Problem], list[str]]:
    """The problems to grade, and the ids of those whose correctness is the user's.

    Raises:
        NotInPoolError: There is no text to grade, or there are no problems.
        BadInputError: A problem with solutions is unknown, or has no reference answer.
    """
    if not pool.has("solutions"):
        raise _no_text(pool)
    tables = [table for table in ("solutions", "answers") if pool.has(table)]
    ids = [pool.collect(pool.scan(t).select("problem_id").unique(), t) for t in tables]
    with_answers = pl.concat(ids).unique()
    columns = ("problem_id", "reference_answer", "kind")
    known = pool.read("problems", columns) if pool.has("problems") else None
    if known is None:
        raise NotInPoolError(f"{pool.path}: holds no problems, hence no reference answers")
    rows = with_answers.join(known, on="problem_id", how="left").sort("problem_id")
    problems: dict[str, _Problem] = {}
    users: list[str] = []
    for problem_id, written, kind in rows.iter_rows():
        if kind in _THE_USERS:
            users.append(problem_id)
            continue
        reference = reference_answer(written) if written else None
        if reference is None:
            raise BadInputError(
                f"{pool.path}: problem {problem_id!r} has no reference_answer; give it one, or"
                " kind 'external' and correctness of your own"
            )
        sort = kind or ("choice" if is_choice(reference) else "math")
        problems[problem_id] = _Problem(sort, reference, own or built_in_extractor(sort, reference))
    return problems, users


def _extract(
    pool: Pool, problems: Mapping[str, _Problem], own: Extractor | None, progress: Progress
) -> pl.DataFrame:
    """Extract the final answers of all problems to grade, batch by batch."""
    frames = [pl.DataFrame(schema=_EXTRACTED)]
    total = pool.collect(pool.scan("solutions").select(pl.len()), "solutions").item()
    done = 0
    for batch in _batches(pool):
        rows = pl.DataFrame(batch.drop_columns(["text"]))
        texts = batch.column("text").to_pylist()
        answers: list[str | None] = []
        chars: list[int | None] = []
        for problem_id, solution_id, text in zip(
            rows["problem_id"], rows["solution_id"], texts, strict=True
        ):
            problem = problems.get(problem_id)
            chars.append(None if text is None else len(text))
            if problem is None or not text:
                answers.append(None)
            elif own is None:
                answers.append(problem.extract(text))
            else:
                source = f"problem {problem_id!r}, solution {solution_id}"
                answers.append(apply_extractor(own, text, source))
        frame = rows.with_columns(
            pl.Series("answer", answers, pl.String),
            pl.Series("output_chars", chars, pl.Int32),
            pl.Series("has_text", [text is not None for text in texts], pl.Boolean),
            (pl.col("finish_reason") == "length").fill_null(False).alias("cut_off"),
        )
        frames.append(frame.filter(pl.col("problem_id").is_in(list(problems))).select(*_EXTRACTED))
        done += batch.num_rows
        progress(done, total)
    return pl.concat(frames)


def _batches(pool: Pool) -> Iterator[pa.RecordBatch]:
    """Solutions with their text, a bounded number of rows at a time.

    Raises:
        BadInputError: A part is damaged.
    """
    for part in pool.parts("solutions"):
        try:
            yield from pq.ParquetFile(part).iter_batches(_BATCH_ROWS, columns=list(_WANTED))
        except (pa.ArrowException, OSError) as error:
            raise BadInputError(
                f"{part}: damaged ({first_line(error)}); import the pool again"
            ) from error


def _with_stored_answers(
    pool: Pool, extracted: pl.DataFrame, problems: Mapping[str, _Problem]
) -> pl.DataFrame:
    """Give rows without text the answer that is stored for them.

    Raises:
        NotInPoolError: No row has text.
        BadInputError: A row counts as correct, and there is neither text nor an answer to tell why.
    """
    if problems and not extracted["has_text"].any():
        raise _no_text(pool)
    if not pool.has("answers"):
        return extracted
    columns = (*_KEY, "answer", "is_correct", "output_tokens", "output_chars")
    held = pool.read("answers", columns).filter(pl.col("problem_id").is_in(list(problems)))
    rows = extracted.join(
        held, on=_KEY, how="full", coalesce=True, suffix="_held", maintain_order="left_right"
    ).with_columns(pl.col("has_text", "cut_off").fill_null(False))
    without = ~pl.col("has_text")
    lost = rows.filter(without & pl.col("answer_held").is_null() & pl.col("is_correct"))
    if lost.height:
        problem_id, solution_id = lost.select(_KEY).sort(_KEY).row(0)
        raise BadInputError(
            f"{pool.path}: problem {problem_id!r}, solution {solution_id} has neither text nor an"
            " answer, so that its correctness would be lost; give the problem kind 'external'"
        )
    return rows.with_columns(
        pl.coalesce("answer", pl.when(without).then("answer_held")).alias("answer"),
        pl.coalesce("output_tokens", "output_tokens_held").alias("output_tokens"),
        pl.coalesce("output_chars", "output_chars_held").alias("output_chars"),
    ).select(*_EXTRACTED)


def _no_text(pool: Pool) -> NotInPoolError:
    return NotInPoolError(
        f"{pool.path}: holds no text of solutions, which grading reads; import it with a 'text'"
        " column"
    )


def _kept(pool: Pool, users: list[str]) -> pl.DataFrame:
    """The answers of problems whose correctness is the user's.

    Raises:
        BadInputError: One of their solutions has none.
    """
    schema = TABLES["answers"].columns
    held = pl.DataFrame(schema=schema)
    if not users:
        return held
    if pool.has("answers"):
        theirs = pool.scan("answers").filter(pl.col("problem_id").is_in(users))
        held = pool.collect(theirs.select(*schema), "answers")
    wanted = pool.scan("solutions").select(_KEY).filter(pl.col("problem_id").is_in(users))
    missing = pool.collect(wanted, "solutions").join(held, on=_KEY, how="anti").sort(_KEY)
    if missing.height:
        problem_id, solution_id = missing.row(0)
        raise BadInputError(
            f"{pool.path}: problem {problem_id!r} is of kind code or external, but its solution"
            f" {solution_id} has no correctness; import it with is_correct"
        )
    return held


def _grade(
    examiner: Examiner,
    extracted: pl.DataFrame,
    problems: Mapping[str, _Problem],
    tolerance: float,
) -> Graded:
    rows = extracted.sort(_KEY).with_columns(
        pl.col("problem_id")
        .replace_strict({i: p.reference for i, p in problems.items()}, return_dtype=pl.String)
        .alias("reference_answer"),
        pl.col("problem_id")
        .replace_strict({i: p.kind for i, p in problems.items()}, return_dtype=pl.String)
        .alias("kind"),
    )
    graded = grade_with(examiner, rows, tolerance=tolerance)
    cut_off = pl.col("cut_off") & (pl.col("status") == "no_answer")
    status = pl.when(cut_off).then(pl.lit("truncated")).otherwise("status")
    return Graded(
        graded.frame.with_columns(status.alias("status")),
        graded.pairs,
        graded.classes,
        graded.uncompared,
    )
