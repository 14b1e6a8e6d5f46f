"""Outputs of programs that were run: LiveCodeBench, evalplus, human-eval.

Fields read: LiveCodeBench's `eval_all.json` (question_id, question_content, output_list, code_list,
graded_list, difficulty, platform); evalplus' `eval_results.json` (eval: task to attempts with
task_id, solution, base_status, plus_status; in older files base and plus, a status and details for
each attempt); human-eval's `..._results.jsonl` (task_id, completion, passed).

Source: LiveCodeBench/LiveCodeBench (lcb_runner/runner/main.py), evalplus/evalplus
(evalplus/evaluate.py), openai/human-eval (human_eval/evaluation.py). Facts about fields and names
only.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

from svlaw.data.errors import BadInputError
from svlaw.data.importers.output_entries import Attempt, Entry, first_text, flags_of, texts_of
from svlaw.data.importers.solution_intake import Problem
from svlaw.data.storage.json_records import Record, read_document, read_records, records_of

_CODE: Final = "code"
_PASS: Final = "pass"


def live_code_bench_records(path: Path) -> Iterator[Record]:
    """The problems of a file of LiveCodeBench."""
    document = read_document(path)
    if not isinstance(document, list):
        raise BadInputError(f"{path}: LiveCodeBench's eval_all.json is a list of problems")
    yield from records_of(document, path)


def live_code_bench_entry(record: Record) -> Entry:
    """A problem of LiveCodeBench; without graded_list it was not evaluated."""
    if "graded_list" not in record.fields:
        raise record.error(
            "LiveCodeBench output that was not evaluated (no graded_list); run it with --evaluate"
            " and import eval_all.json"
        )
    texts = texts_of(record, "output_list" if "output_list" in record.fields else "code_list")
    flags = flags_of(record, "graded_list", len(texts))
    problem = Problem(
        record.need_text("question_id"),
        first_text(record, "question_content", "question_title"),
        kind=_CODE,
        subject=first_text(record, "platform"),
        level=first_text(record, "difficulty"),
    )
    pairs = zip(texts, flags, strict=True)
    return Entry(problem, [Attempt(text, is_correct=flag) for text, flag in pairs])


def evalplus_records(path: Path) -> Iterator[Record]:
    """The tasks of a file of evalplus."""
    document = read_document(path)
    tasks = document.get("eval") if isinstance(document, dict) else None
    if not isinstance(tasks, dict):
        raise BadInputError(f"{path}: evalplus' eval_results.json has an object 'eval' of tasks")
    rows = [{"task_id": name, "attempts": attempts} for name, attempts in tasks.items()]
    yield from records_of(rows, path)


def evalplus_entry(record: Record) -> Entry:
    """A task of evalplus: an attempt is correct that passed its base tests and the further ones."""
    problem = Problem(record.need_text("task_id"), kind=_CODE)
    attempts = record.get("attempts")
    if isinstance(attempts, dict):  # files before version 0.2
        base, plus = (attempts.get(name) or [] for name in ("base", "plus"))
        pairs = [(_status(b), _status(p)) for b, p in zip(base, plus or base, strict=False)]
        return Entry(problem, [Attempt(None, is_correct=_passed(*pair)) for pair in pairs])
    found = []
    for attempt in record.children("attempts"):
        base, plus = attempt.text("base_status"), attempt.text("plus_status")
        if base is None:
            raise attempt.error("base_status is missing; run evalplus.evaluate to its end")
        found.append(Attempt(attempt.text("solution"), is_correct=_passed(base, plus)))
    return Entry(problem, found)


def human_eval_records(path: Path) -> Iterator[Record]:
    """The attempts of a file of human-eval."""
    yield from read_records([path])


def human_eval_entry(record: Record) -> Entry:
    """An attempt of human-eval; without `passed` it was not run."""
    if "passed" not in record.fields:
        raise record.error(
            "human-eval samples that were not run (no 'passed'); run"
            " evaluate_functional_correctness and import the file that ends in _results.jsonl"
        )
    problem = Problem(record.need_text("task_id"), first_text(record, "prompt"), kind=_CODE)
    text = first_text(record, "completion", "solution", "generation")
    return Entry(problem, [Attempt(text, is_correct=record.flag("passed"))])


def _passed(base: str | None, plus: str | None) -> bool:
    return base == _PASS and plus in (None, _PASS)


def _status(result: Any) -> str | None:
    """A status with or without its details."""
    status = result[0] if isinstance(result, list) and result else result
    return "pass" if status in (_PASS, "success") else None if status is None else str(status)
