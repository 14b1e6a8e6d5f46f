"""Imports the output of OpenAI's batch API, which other servers write too (vLLM's `run-batch`).

A line is one request: custom_id, response (status_code, body) and error. A body holds choices
(index, message.content of chat completions or text of completions, finish_reason, logprobs) and
usage (prompt_tokens, and completion_tokens of all choices together). Requests that failed have an
error (code, message) or a status_code other than 200; they stand in a file of their own, as a rule.

Source: OpenAI's API reference (version 2.3.0 of its OpenAPI description: BatchRequestOutput) and
its guide to batches (the codes of errors); vllm-project/vllm at 0056ae7 (run_batch.py). Facts about
fields and names only.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

import polars as pl

from svlaw.data.errors import BadInputError
from svlaw.data.grading.grader import TIME_LIMIT, judge
from svlaw.data.importers.batch_ids import SolutionIds, VerificationIds, compile_pattern
from svlaw.data.importers.batch_requests import Requests, choice_tokens
from svlaw.data.importers.flat_tables import read_problems
from svlaw.data.importers.set_aside import SetAside
from svlaw.data.importers.solution_intake import Intake, Problem, Solution, kind_of, need_reference
from svlaw.data.importers.verification_intake import VerificationIntake
from svlaw.data.pool import Pool, open_pool
from svlaw.data.pool_writer import create_pool
from svlaw.data.progress import Progress, silent
from svlaw.data.schema import refuse_rows
from svlaw.data.storage.files import refuse_existing
from svlaw.data.storage.json_records import Record, read_records
from svlaw.data.storage.object_stores import locate
from svlaw.data.verdicts.probabilities import verdict_probabilities
from svlaw.data.verdicts.readings import ScoreSource, parse_verdict, score_expression

DEFAULT_VERIFIER: Final = "verifier"


def import_openai_batch(
    out: str | Path,
    solutions: str | Path | Sequence[str | Path],
    problems: str | Path,
    *,
    verifications: str | Path | Sequence[str | Path] | None = None,
    verifier: str = DEFAULT_VERIFIER,
    score: ScoreSource = "text",
    id_pattern: str | None = None,
    verification_pattern: str | None = None,
    skip_bad: bool = False,
    time_limit: float = TIME_LIMIT,
    workers: int | None = None,
    progress: Progress = silent,
) -> Pool:
    """Make a pool from the output files of batches; answers are graded by Math-Verify.

    With n choices per request, a solution's number is its request's sample number times n, plus the
    choice's index; likewise a verification's. A request's completion tokens are shared out evenly
    over its choices. Failed requests bring no rows; they are counted under `remarks` in the pool's
    metadata.

    Args:
        out: Folder or address of the new pool.
        solutions: Output (and error) files of the requests for solutions.
        problems: Table with problem_id and reference_answer, and question, kind and any further
            columns if there are; read as by `import_tables`.
        verifications: Output (and error) files of the requests for verifications.
        verifier: Name of the verifier that wrote them.
        score: What scores are made of; see `score_expression`. Probabilities
            are those of the verdict's token, where log-probabilities were asked for.
        id_pattern: How to read the custom_id of a solution; see
            `svlaw.data.importers.batch_ids.SolutionIds`.
        verification_pattern: How to read that of a verification; see `VerificationIds` there.
        skip_bad: Whether a few lines that cannot be used are left out and counted.
        time_limit: Seconds for grading one answer.
        workers: Worker processes for grading; None chooses.
        progress: Called with the megabytes read, of all.

    Raises:
        BadInputError: `out` exists, a file or a line cannot be used, an id cannot be read, a sample
            is repeated, every request failed, or an argument is wrong. Nothing is written then.
    """
    out = locate(out)
    score_expression(score)  # bad arguments are refused before any work
    judge([], time_limit=time_limit, workers=workers)
    sample_pattern = compile_pattern(id_pattern, ("problem",), "--id-pattern")
    verdict_pattern = compile_pattern(
        verification_pattern, ("problem", "solution"), "--verification-pattern"
    )
    refuse_existing(out)
    solution_files = _as_paths(solutions)
    verification_files = _as_paths(verifications) if verifications is not None else []
    table = _problem_table(Path(problems))
    metadata: dict[str, Any] = {
        "source": "openai_batch",
        "files": [path.name for path in (*solution_files, *verification_files)],
        "correctness": "graded",
    }
    aside = SetAside(skip_bad)
    with create_pool(out, metadata) as writer:
        intake, requests = Intake(writer), Requests("solutions")
        known_problems = _problems_of(table)
        samples = SolutionIds(known_problems, sample_pattern)
        for row in read_records(solution_files, progress):
            with aside.row():
                _take_solutions(intake, row, samples, requests, known_problems)
        aside.refuse_many(requests.total)
        _refuse_failure(requests, solution_files)
        answers = intake.finish(
            str(solution_files[0]),
            graded=True,
            problems=table,
            time_limit=time_limit,
            workers=workers,
        )
        counts = {"problems": table.height, "solutions": answers.height}
        metadata["counts"], metadata["remarks"] = counts, requests.remarks
        if verification_files:
            verdicts = VerificationIntake(writer, verifier, score)
            requests = Requests("verifications")
            known = frozenset(answers.select("problem_id", "solution_id").iter_rows())
            ids = VerificationIds(known, verdict_pattern)
            for row in read_records(verification_files, progress):
                with aside.row():
                    _take_verifications(verdicts, row, ids, requests)
            _refuse_failure(requests, verification_files)
            counts["verifications"] = verdicts.finish()
            metadata["score"] = score
            metadata["remarks"] += requests.remarks
        metadata["remarks"] += aside.remarks
    return open_pool(out)


def _as_paths(files: str | Path | Sequence[str | Path]) -> list[Path]:
    paths = [Path(files)] if isinstance(files, str | Path) else [Path(file) for file in files]
    if not paths:
        raise BadInputError("no files are given; give the output files of a batch")
    return paths


def _problem_table(path: Path) -> pl.DataFrame:
    """Read the problems; reference answers may stand in worked solutions, kinds are guessed."""
    frame = read_problems(path, {}).frame
    if frame["reference_answer"].is_null().all():
        raise BadInputError(
            f"{path}: column 'reference_answer' is missing or empty; answers cannot be graded"
            " without it"
        )
    run = pl.col("kind").is_in(["code", "external"])
    why = "cannot be graded by its answers; use 'svlaw import tables' with is_correct"
    refuse_rows(frame, run, "kind", str(path), why)
    references = [
        need_reference(text, f"{path}, row {row}", "reference_answer")
        for row, text in enumerate(frame["reference_answer"], 1)
    ]
    guesses = pl.Series("__kind", [kind_of(reference) for reference in references], pl.String)
    return frame.with_columns(
        pl.Series("reference_answer", references, pl.String),
        pl.coalesce("kind", guesses).alias("kind"),
    )


def _problems_of(table: pl.DataFrame) -> dict[str, Problem]:
    rows = table.select("problem_id", "reference_answer", "kind").iter_rows()
    return {name: Problem(name, reference_answer=text, kind=kind) for name, text, kind in rows}


def _take_solutions(
    intake: Intake,
    row: Record,
    ids: SolutionIds,
    requests: Requests,
    problems: Mapping[str, Problem],
) -> None:
    problem_id, sample = ids.read(row.need_text("custom_id"), row.where)
    choices = requests.read(row)
    for choice in choices:
        solution = Solution(
            problem_id,
            sample * len(choices) + choice.number,
            choice.text,
            problems[problem_id].read_answer(choice.text),
            prompt_tokens=choice.prompt_tokens,
            output_tokens=choice.output_tokens,
            finish_reason=choice.finish_reason,
        )
        intake.add_solution(solution, row.path, row.line)


def _take_verifications(
    intake: VerificationIntake, row: Record, ids: VerificationIds, requests: Requests
) -> None:
    problem_id, solution, verification = ids.read(row.need_text("custom_id"), row.where)
    choices = requests.read(row)
    for choice in choices:
        tokens = choice_tokens(choice.record)
        verdict = parse_verdict(choice.text) if tokens else None
        p_yes, p_no = verdict_probabilities(tokens, verdict)
        values = {
            "problem_id": problem_id,
            "solution_id": solution,
            "verification_id": verification * len(choices) + choice.number,
            "text": choice.text,
            "prompt_tokens": choice.prompt_tokens,
            "output_tokens": choice.output_tokens,
            "finish_reason": choice.finish_reason,
            "p_yes": p_yes,
            "p_no": p_no,
        }
        intake.add(values, row.path, row.line)


def _refuse_failure(requests: Requests, files: Sequence[Path]) -> None:
    if requests.failures.total() == requests.total:
        raise BadInputError(f"{files[0]}: {requests.remarks[0]}; nothing is left to import")
