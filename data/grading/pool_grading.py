"""Grading a pool: its answers made again from the stored text of its solutions.

Generations are expensive, grading is not. What a solution says and what it is right about is
derived from its text alone, as often as one likes; what was found out about an answer is kept with
the pool (`svlaw.data.grading.judgements`), so that doing it again takes seconds.
"""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Final

import polars as pl

from svlaw.data.errors import BadInputError, NotInPoolError
from svlaw.data.grading.algebra import grader_digest
from svlaw.data.grading.answers import reference_answer
from svlaw.data.grading.choices import is_choice
from svlaw.data.grading.examiner import TIME_LIMIT, Examiner
from svlaw.data.grading.extraction import EXTRACTED, extract_answers
from svlaw.data.grading.extractors import Extractor, built_in_extractor
from svlaw.data.grading.grader import TOLERANCE, Graded, grade_with
from svlaw.data.grading.judgements import load_judgements, save_judgements
from svlaw.data.pool import Pool
from svlaw.data.pool_writer import replace
from svlaw.data.progress import Progress, silent
from svlaw.data.schema import TABLES
from svlaw.data.shown import Shown
from svlaw.data.storage.locks import WAIT_SECONDS
from svlaw.data.workers.ray_cluster import Cluster

_KEY: Final = ("problem_id", "solution_id")
_THE_USERS: Final = ("code", "external")


@dataclass(frozen=True, repr=False)
class PoolGrading(Shown):
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
        changed: Rows whose answer, correctness or status is another than the pool held before.
        flipped: Rows among them whose correctness is another.
        rules: Digest of the rules that graded.
        pairs: Distinct pairs of a problem's answer and its reference.
        classes: Answer classes, summed over problems.
        examined: Answers that were read this time.
    """

    pool: Pool
    rows: int
    graded: int
    no_answer: int
    truncated: int
    timeout: int
    kept: int
    correct: int
    changed: int
    flipped: int
    rules: str
    pairs: int
    classes: int
    examined: int


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
    cluster: Cluster | None = None,
    wait: float = WAIT_SECONDS,
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
        extractor: A function of one's own that finds the final answer in a text, or its name as
            `module:function`; `whole` where texts are answers; None for the built-in ones.
        time_limit: Seconds for working out one sum, integral or limit.
        workers: Worker processes; None chooses, and for a cluster it is None.
        tolerance: Relative tolerance of numeric problems.
        cluster: Where texts are read and answers examined; this machine when None.
        wait: Seconds to wait for another command that writes to the pool.
        progress: Called with solutions read of all, then with answers examined of all.

    Raises:
        NotInPoolError: The pool holds no text, or no problems.
        BadInputError: A problem has no reference answer, a row of the user's own is missing, the
            extractor cannot be imported or fails on a text, an argument is not positive, or a node
            does not see the pool. The pool keeps its answers then.
        SvlawError: Workers cannot be started, or the cluster is gone.
    """
    if not tolerance > 0:
        raise BadInputError(f"tolerance {tolerance}: use a number above 0")
    judgements, replaced = load_judgements(pool), pool.parts("answers")
    with Examiner(
        judgements, time_limit=time_limit, workers=workers, cluster=cluster, progress=progress
    ) as examiner:
        problems, users = _problems(pool)
        found = {name: problem.extract for name, problem in problems.items()}
        extracted = extract_answers(pool, found, extractor, cluster, progress)
        extracted = _with_stored_answers(pool, extracted, problems)
        kept = _kept(pool, users)
        try:
            graded = _grade(examiner, extracted, problems, tolerance)
        finally:
            # An interrupt loses nothing of what was found out.
            save_judgements(pool, judgements)
    columns = list(TABLES["answers"].columns)
    answers = pl.concat([graded.frame.select(columns), kept.select(columns)])
    changed, flipped = _changes(pool, answers)
    rules = rules_digest()
    note = {
        "rules": rules,
        "extractor": _name(extractor),
        "tolerance": tolerance,
        "time_limit": time_limit,
    }
    graded_pool = replace(
        pool, "answers", answers, expected=replaced, wait=wait, metadata={"grading": note}
    )
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
        changed=changed,
        flipped=flipped,
        rules=rules,
        pairs=graded.pairs,
        classes=graded.classes,
        examined=examiner.examined,
    )


@cache
def rules_digest() -> str:
    """Digest of the rules that grade: the code of this package, and the libraries it rests on.

    Pools graded under one digest, extractor and tolerance were graded alike.
    """
    parts = [path.read_bytes() for path in sorted(Path(__file__).parent.glob("*.py"))]
    return hashlib.sha256(grader_digest().encode() + b"".join(parts)).hexdigest()[:16]


def _name(extractor: str | Extractor | None) -> str:
    """What a pool calls the extractor that read its answers."""
    if extractor is None:
        return "built-in"
    if isinstance(extractor, str):
        return extractor
    return f"{extractor.__module__}:{getattr(extractor, '__qualname__', type(extractor).__name__)}"


def _changes(pool: Pool, answers: pl.DataFrame) -> tuple[int, int]:
    """Rows that were in the pool before, and differ now; those whose correctness does."""
    if not pool.has("answers"):
        return 0, 0
    columns = ("answer", "is_correct", "status")
    held = pool.read("answers", (*_KEY, *columns))
    both = answers.select(*_KEY, *columns).join(held, on=_KEY, suffix="_held")
    differ = [pl.col(name).ne_missing(pl.col(f"{name}_held")) for name in columns]
    changed = both.select(pl.any_horizontal(differ).sum().alias("changed"), differ[1].sum())
    return changed.row(0)


def _problems(pool: Pool) -> tuple[dict[str, _Problem], list[str]]:
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
        problems[problem_id] = _Problem(sort, reference, built_in_extractor(sort, reference))
    return problems, users


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
    ).select(*EXTRACTED)


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
    )
