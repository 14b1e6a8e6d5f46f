"""Checks a pool: is it sound, how large is it, how good is its verifier.

What each line means, and which can be errors, is in `docs/checking.md`.
"""

import polars as pl

from svlaw.analysis.checks.call_checks import check_calls, measure_calls
from svlaw.analysis.checks.family_checks import check_families
from svlaw.analysis.checks.file_checks import check_files
from svlaw.analysis.checks.findings import Check, Level, is_sound, subject_of
from svlaw.analysis.checks.published_checks import check_published
from svlaw.analysis.checks.solution_checks import check_answers, read_answers, read_problem_ids
from svlaw.analysis.checks.table_checks import check_tables
from svlaw.analysis.checks.text_checks import check_generations, check_truncation
from svlaw.analysis.checks.verifier_checks import check_verdicts, read_verdicts
from svlaw.analysis.intervals.lambda_interval import lambda_interval
from svlaw.data.errors import NotInPoolError
from svlaw.data.lengths import mean_length, measure_lambda
from svlaw.data.pool import Pool
from svlaw.data.progress import Progress, silent

__all__ = ["Check", "Level", "check_pool", "is_sound"]


def check_pool(pool: Pool, *, progress: Progress = silent) -> list[Check]:
    """Report what a pool holds and what is wrong with it.

    Tables are read in streams; memory grows with the number of rows, not with their text.

    Args:
        pool: The pool.
        progress: Called with the number of steps done, of all: one for the tables, one for the
            solutions, one for each verifier.

    Raises:
        BadInputError: A part is damaged.

    Examples:
        >>> import svlaw as sv
        >>> checks = sv.check_pool(sv.open_example("exams_gpt35_by_gpt4"))
        >>> checks[4]
        Check: problems: ok
          99 in all
        >>> [check.subject for check in checks if check.level == "error"]
        []
    """
    steps = 2 + len(pool.verifiers)
    checks = check_files(pool) + check_tables(pool)
    progress(1, steps)
    if not pool.has("answers"):
        checks += _published(pool)
        progress(steps, steps)
        return checks
    answers = read_answers(pool)
    problem_ids = read_problem_ids(pool, answers)
    checks += _solutions(pool, answers, problem_ids)
    checks += check_families(pool, answers)
    progress(2, steps)
    for done, verifier in enumerate(pool.verifiers, 3):
        checks += _verifier(pool, verifier, answers, problem_ids)
        progress(done, steps)
    return checks


def _published(pool: Pool) -> list[Check]:
    if not pool.has("success"):
        return [Check("error", "answers", "none; grade the solutions first (svlaw grade)")]
    frame = pool.read("success", ("strategy", "solutions", "verifications", "success"))
    grouped = frame.group_by("strategy", maintain_order=True).agg(
        pl.len(), pl.col("solutions").max(), pl.col("verifications").max()
    )
    return [
        Check("ok", strategy, f"{points} points, S up to {most}, V up to {deepest}")
        for strategy, points, most, deepest in grouped.iter_rows()
    ] + [
        *check_published(frame),
        Check("note", "per-problem data", "none: figures will have no intervals"),
    ]


def _solutions(pool: Pool, answers: pl.DataFrame, problem_ids: pl.Series) -> list[Check]:
    checks = check_answers(answers, problem_ids)
    texts, found = check_generations(pool, "solutions")
    flagged = int((answers["status"] == "truncated").sum())
    checks.append(
        check_truncation("truncated solutions", found, flagged, answers.height, "flagged")
    )
    if found is not None and found.rows != answers.height:
        words = f"{found.rows:,} stored, {answers.height:,} answers"
        hint = "; run 'svlaw grade'" if found.rows > answers.height else ""
        texts.insert(0, Check("note", "solution texts", words + hint))
    return [*checks, *texts, _lengths(pool, None)]


def _verifier(
    pool: Pool, verifier: str, answers: pl.DataFrame, problem_ids: pl.Series
) -> list[Check]:
    checks: list[Check] = []
    texts, found = check_generations(pool, "verifications", verifier)
    rows = 0
    if pool.has("verdicts", verifier):
        totals = read_verdicts(pool, verifier, answers)
        rows = totals.rows
        checks += check_verdicts(verifier, totals, answers, problem_ids)
        calls = measure_calls(pool, verifier, answers)
        checks.append(check_calls(verifier, pool.calls(verifier), *calls))
        subject = subject_of("truncated verifications", verifier)
        checks.append(
            check_truncation(subject, found, totals.truncated, rows, "of them without a verdict")
        )
    if found is not None and found.rows != rows:
        words = f"{found.rows:,} stored, {rows:,} verdicts"
        hint = "; run 'svlaw parse'" if found.rows > rows else ""
        texts.insert(0, Check("note", subject_of("verification texts", verifier), words + hint))
    if not rows:
        return [*checks, *texts]
    return [*checks, *texts, _lengths(pool, verifier), _lambda(pool, verifier)]


def _lengths(pool: Pool, verifier: str | None) -> Check:
    """Report mean lengths, over problems, of what is generated and of the prompts."""
    derived, raw = ("answers", "solutions") if verifier is None else ("verdicts", "verifications")
    columns = [
        (derived, "output_tokens", "tokens"),
        (derived, "output_chars", "characters"),
        (raw, "prompt_tokens", "tokens of prompt"),
    ]
    means = [
        (mean_length(pool, table, column, verifier), unit)
        for table, column, unit in columns
        if pool.has(table, verifier)
    ]
    subject = subject_of(f"mean length of {raw}", verifier)
    words = ", ".join(f"{mean:,.1f} {unit}" for mean, unit in means if mean is not None)
    return Check("ok", subject, words) if words else Check("note", subject, "not stored")


def _lambda(pool: Pool, verifier: str) -> Check:
    subject = subject_of("lambda", verifier)
    try:
        measured = measure_lambda(pool, verifier)
    except NotInPoolError:
        return Check("note", subject, "cannot be measured, lengths are missing; give --lambda")
    found = lambda_interval(pool, measured, verifier)
    ends = ""
    if found.conf_low is not None and found.conf_high is not None:
        ends = f" [{found.conf_low:.3g}, {found.conf_high:.3g}]"
    return Check("ok", subject, f"{measured.ratio:.3g}{ends}, measured in {measured.unit}")
