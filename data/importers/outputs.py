"""Imports outputs of evaluations: one record for each problem, with all its attempts in lists.

Each form has a module that turns its records into entries; see `FORMS`.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from svlaw.data.errors import BadInputError
from svlaw.data.grading.grader import TIME_LIMIT, judge
from svlaw.data.importers import harness_outputs, math_outputs, program_outputs
from svlaw.data.importers.output_entries import Entry
from svlaw.data.importers.set_aside import SetAside
from svlaw.data.importers.solution_intake import Intake, Solution
from svlaw.data.numerals import counted
from svlaw.data.pool import Pool, open_pool
from svlaw.data.pool_writer import create_pool
from svlaw.data.storage.files import refuse_existing
from svlaw.data.storage.json_records import Record
from svlaw.data.storage.object_stores import locate


@dataclass(frozen=True)
class OutputForm:
    """A form of outputs.

    Attributes:
        title: What the form is called.
        records: The records of a file.
        entry: What a record says of a problem.
    """

    title: str
    records: Callable[[Path], Iterator[Record]]
    entry: Callable[[Record], Entry]


FORMS: Final[dict[str, OutputForm]] = {
    "livecodebench": OutputForm(
        "LiveCodeBench (eval_all.json)",
        program_outputs.live_code_bench_records,
        program_outputs.live_code_bench_entry,
    ),
    "evalplus": OutputForm(
        "evalplus (eval_results.json)",
        program_outputs.evalplus_records,
        program_outputs.evalplus_entry,
    ),
    "human-eval": OutputForm(
        "human-eval (..._results.jsonl)",
        program_outputs.human_eval_records,
        program_outputs.human_eval_entry,
    ),
    "qwen-math": OutputForm(
        "Qwen2.5-Math or ToRA", math_outputs.math_records, math_outputs.math_entry
    ),
    "tree-of-thoughts": OutputForm(
        "Tree of Thoughts (a log of naive sampling)",
        math_outputs.thought_records,
        math_outputs.thought_entry,
    ),
    "lighteval": OutputForm(
        "lighteval (details_*.parquet)",
        harness_outputs.lighteval_records,
        harness_outputs.lighteval_entry,
    ),
    "inspect-summaries": OutputForm(
        "summaries of an inspect_ai log",
        harness_outputs.summary_records,
        harness_outputs.summary_entry,
    ),
}
"""Forms by name."""


def import_outputs(
    out: str | Path,
    files: Sequence[str | Path],
    form: str,
    *,
    regrade: bool = False,
    skip_bad: bool = False,
    time_limit: float = TIME_LIMIT,
    workers: int | None = None,
) -> Pool:
    """Make a pool from outputs of an evaluation; attempts are numbered in order of appearance.

    Correctness is what the records say, else it is decided by Math-Verify.

    Args:
        out: Folder or address of the new pool.
        files: The files; a problem's attempts in a second file go on where those of the first end.
        form: One of `FORMS`.
        regrade: Grade the texts even where the records say what is correct.
        skip_bad: Whether a few records that cannot be read are left out and counted.
        time_limit: Seconds for grading one answer.
        workers: Worker processes for grading; None chooses.

    Raises:
        BadInputError: `out` exists, a file or a record cannot be used, or some attempts say what is
            correct and others do not. Nothing is written then.
    """
    out = locate(out)
    if form not in FORMS:
        raise BadInputError(f"form {form!r}: use one of {', '.join(FORMS)}")
    judge([], time_limit=time_limit, workers=workers)
    refuse_existing(out)
    paths = [Path(file) for file in files]
    metadata: dict[str, Any] = {"source": form, "files": [path.name for path in paths]}
    aside = SetAside(skip_bad)
    with create_pool(out, metadata) as writer:
        intake = Intake(writer, unit="record")
        graded = _take_in(intake, paths, FORMS[form], aside, True if regrade else None)
        answers = intake.finish(
            str(paths[0]), graded=graded, time_limit=time_limit, workers=workers
        )
        metadata["correctness"] = "graded" if graded else "as in the files"
        metadata["counts"] = {"problems": intake.problems, "solutions": answers.height}
        remarks = aside.remarks
        if not graded and intake.has_references and not answers["is_correct"].any():
            remarks.append("none of the solutions is correct by these files; --regrade grades them")
        metadata["remarks"] = remarks
    return open_pool(out)


def _take_in(
    intake: Intake, paths: Sequence[Path], form: OutputForm, aside: SetAside, graded: bool | None
) -> bool:
    """Take all records in; tell whether their solutions are yet to be graded."""
    decided, starts = graded, {}  # type: bool | None, dict[str, int]
    for path in paths:
        for record in form.records(path):
            with aside.row():
                entry = form.entry(record)
                ungraded = any(attempt.is_correct is None for attempt in entry.attempts)
                if decided is None and entry.attempts:
                    decided = ungraded
                if ungraded and not decided:
                    raise record.error(
                        "does not say what is correct, while records before do; evaluate all, or"
                        " use --regrade"
                    )
                if decided and entry.problem.reference_answer is None:
                    raise record.error(f"has no reference answer to grade by ({form.title})")
                intake.add_problem(entry.problem, record.where)
                _add(intake, entry, record, starts, flagged=not decided)
    aside.refuse_many(sum(starts.values()))
    return bool(decided)


def _add(
    intake: Intake, entry: Entry, record: Record, starts: dict[str, int], *, flagged: bool
) -> None:
    name = entry.problem.problem_id
    start = starts.get(name, 0)
    for number, attempt in enumerate(entry.attempts, start):
        solution = Solution(
            name,
            number,
            attempt.text,
            attempt.answer,
            attempt.is_correct if flagged else None,
            output_tokens=attempt.output_tokens,
            finish_reason=attempt.finish_reason,
        )
        intake.add_solution(solution, record.path, record.line)
    starts[name] = start + len(entry.attempts)


def described(form: str, count: int) -> str:
    """A form and its files in words."""
    return f"{FORMS[form].title}, {counted(count, 'file')}"
