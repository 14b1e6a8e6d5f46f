"""Imports `samples_<task>_<date>.jsonl` of lm-evaluation-harness (`--log_samples`), with repeats.

A line is one document under one filter: doc_id, doc, target, arguments, resps (a list per request;
a generation task makes one request, answered once per repeat), filtered_resps (per request: one
text, or one per repeat where the filter keeps all), filter, metrics (their names) and a value for
each metric, which sums up all repeats.

Source: EleutherAI/lm-evaluation-harness at 4e7e0d4 (lm_eval/evaluator.py, result_schema.py,
loggers/evaluation_tracker.py, filters/, tasks/gsm8k, tasks/humaneval). Facts about fields and names
only.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from svlaw.data.errors import BadInputError
from svlaw.data.grading.answers import reference_answer
from svlaw.data.grading.grader import TIME_LIMIT, judge
from svlaw.data.importers.set_aside import SetAside
from svlaw.data.importers.solution_intake import (
    Intake,
    Problem,
    Solution,
    blank_to_none,
    kind_of,
    need_reference,
)
from svlaw.data.pool import Pool, open_pool
from svlaw.data.pool_writer import create_pool
from svlaw.data.progress import Progress, silent
from svlaw.data.storage.files import refuse_existing
from svlaw.data.storage.json_records import Record, read_records
from svlaw.data.storage.object_stores import locate
from svlaw.data.storage.row_files import whole_characters

_NAME: Final = re.compile(r"samples_(.+?)(?:_\d{4}-\d\d-\d\dT[\d.:-]+)?\.jsonl")
_NO_FILTER: Final = "none"
_INVALID: Final = "[invalid]"
_USUAL_METRIC: Final = "exact_match"
_EXECUTED: Final = "pass@"
_FIXED: Final = frozenset(
    (
        *("doc_id", "doc", "target", "arguments", "resps", "filtered_resps", "filter", "metrics"),
        *("doc_hash", "prompt_hash", "target_hash"),
    )
)


@dataclass
class _Reading:
    """How the lines are read, as far as it is decided.

    Attributes:
        filter: The filter whose lines are read; None until the first line when none was named.
        named: Whether it was named.
        metric: The metric that decides; None until the first line when none was named.
        graded: Whether correctness is decided here; None until the first line.
        others: Other filters whose lines are there.
        places: File and line where each document stands, by file.
        starts: The number that each document's next sample gets.
    """

    filter: str | None
    named: bool
    metric: str | None
    graded: bool | None
    others: list[str] = field(default_factory=list)
    places: dict[tuple[Path, str], str] = field(default_factory=dict)
    starts: dict[str, int] = field(default_factory=dict)


def import_lm_harness(
    out: str | Path,
    samples: str | Path | Sequence[str | Path],
    *,
    filter_name: str | None = None,
    metric: str | None = None,
    regrade: bool = False,
    skip_bad: bool = False,
    time_limit: float = TIME_LIMIT,
    workers: int | None = None,
    progress: Progress = silent,
) -> Pool:
    """Make a pool from the sample files of lm-evaluation-harness, of generation tasks.

    Repeats are the solutions of a document. Further files of the task go on where the first ends.
    With one repeat a metric of 1 is correct and 0 is not. With more, metrics speak of all repeats
    at once, so the answers are graded by Math-Verify. An answer is the filter's where it gives one
    for each repeat (`[invalid]`: none), else it is read from the text.

    Args:
        out: Folder or address of the new pool.
        samples: A file, several, or a folder of `samples_*.jsonl`. Files of several tasks are kept
            apart by problem ids `<task>/<doc_id>` and the problems' `subject`.
        filter_name: The filter to read, when lines of several are there.
        metric: The metric to read; by default the only one, or exact_match.
        regrade: Grade even where a metric says what is correct.
        skip_bad: Whether a few lines that cannot be used are left out and counted.
        time_limit: Seconds for grading one answer.
        workers: Worker processes for grading; None chooses.
        progress: Called with the megabytes read, of all.

    Raises:
        BadInputError: `out` exists, a file or a line cannot be used, or there are several filters
            or metrics and none is named. Nothing is written then.
    """
    out = locate(out)
    judge([], time_limit=time_limit, workers=workers)
    refuse_existing(out)
    paths = _find_files(samples)
    tasks = {path: _task(path) for path in paths}
    several = len(set(tasks.values())) > 1
    metadata: dict[str, Any] = {
        "source": "lm_harness",
        "files": [path.name for path in paths],
        "tasks": sorted(set(tasks.values())),
    }
    reading = _Reading(filter_name, filter_name is not None, metric, True if regrade else None)
    aside = SetAside(skip_bad)
    with create_pool(out, metadata) as writer:
        intake = Intake(writer)
        for row in read_records(paths, progress):
            with aside.row():
                if _is_wanted(row, reading):
                    _take_in(intake, row, tasks[row.path] if several else None, reading)
        aside.refuse_many(sum(reading.starts.values()))
        if not reading.places:
            raise BadInputError(
                f"{paths[0]}: holds no lines of filter {filter_name!r}; there are:"
                f" {', '.join(reading.others)}"
            )
        graded = bool(reading.graded)
        answers = intake.finish(
            str(samples if isinstance(samples, str | Path) else paths[0]),
            graded=graded,
            time_limit=time_limit,
            workers=workers,
        )
        metadata["filter"] = reading.filter
        metadata["correctness"] = "graded" if graded else reading.metric
        metadata["counts"] = {"problems": intake.problems, "solutions": answers.height}
        remarks = aside.remarks
        if not graded and not answers["is_correct"].any():
            remarks.append(
                f"{reading.metric} is 0 everywhere, as where a filter finds no answers; --regrade"
                " grades the texts instead"
            )
        if remarks:
            metadata["remarks"] = remarks
    return open_pool(out)


def _find_files(samples: str | Path | Sequence[str | Path]) -> list[Path]:
    if not isinstance(samples, str | Path):
        paths = sorted(Path(path) for path in samples)
    elif Path(samples).is_dir():
        paths = sorted(Path(samples).glob("samples_*.jsonl"))
    else:
        paths = [Path(samples)]
    if not paths:
        raise BadInputError(f"{samples}: holds no samples_*.jsonl; give the folder that does")
    return paths


def _task(path: Path) -> str:
    match = _NAME.fullmatch(path.name)
    return match.group(1) if match else path.stem


def _is_wanted(row: Record, reading: _Reading) -> bool:
    """Tell whether a line is of the filter that is read, which must be named if there are more."""
    name = row.text("filter") or _NO_FILTER
    if reading.filter is None:
        reading.filter = name
    if name == reading.filter:
        return True
    if not reading.named:
        raise row.error(
            f"lines of filter {reading.filter!r} and of filter {name!r} are there; choose one with"
            " --filter"
        )
    if name not in reading.others:
        reading.others.append(name)
    return False


def _take_in(intake: Intake, row: Record, task: str | None, reading: _Reading) -> None:
    problem_id = row.need_text("doc_id")
    if task is not None:
        problem_id = f"{task}/{problem_id}"
    first = reading.places.setdefault((row.path, problem_id), row.where)
    if first != row.where:
        raise row.error(
            f"repeated sample (doc_id {row.get('doc_id')!r}, filter {reading.filter!r}), already in"
            f" {first}; keep one of them"
        )
    texts = _texts(row)
    _decide(row, len(texts), reading)
    flag = None
    if not reading.graded:
        if len(texts) > 1:
            raise row.error(f"{len(texts)} repeats, where lines before have 1; use --regrade")
        flag = row.flag(reading.metric or "")
    problem = _problem(row, problem_id, task, reading)
    intake.add_problem(problem, row.where)
    start = reading.starts.get(problem_id, 0)
    reading.starts[problem_id] = start + len(texts)
    answers = _answers(row, problem, texts)
    for number, (text, answer) in enumerate(zip(texts, answers, strict=True), start):
        intake.add_solution(Solution(problem_id, number, text, answer, flag), row.path, row.line)


def _texts(row: Record) -> list[str]:
    """The generated texts, one per repeat."""
    requests = row.items("resps")
    texts = requests[0] if len(requests) == 1 else None
    if not isinstance(texts, list) or not all(isinstance(text, str) for text in texts):
        raise row.error(
            "resps holds no generated texts of one request; only generation tasks can be imported,"
            " not log-likelihoods of choices"
        )
    if not texts:
        raise row.error("resps holds no texts")
    return [whole_characters(text) for text in texts]


def _answers(row: Record, problem: Problem, texts: list[str]) -> list[str | None]:
    """The filter's answer to each repeat; where it gives none of its own, that of the text."""
    filtered = row.items("filtered_resps")
    kept = filtered[0] if len(filtered) == 1 else filtered
    if isinstance(kept, str) and len(texts) == 1:
        kept = [kept]
    if not isinstance(kept, list) or len(kept) != len(texts):
        return [problem.read_answer(text) for text in texts]
    return [_answer(problem, said, text) for said, text in zip(kept, texts, strict=True)]


def _answer(problem: Problem, said: Any, text: str) -> str | None:
    if not isinstance(said, str) or said.strip() == text.strip():
        return problem.read_answer(text)
    said = blank_to_none(whole_characters(said))
    return None if said == _INVALID else said


def _decide(row: Record, repeats: int, reading: _Reading) -> None:
    """Decide on the first line whether its metric can be taken, and which."""
    if reading.graded is not None:
        return
    metrics = _metrics(row)
    if repeats == 1:
        reading.metric = _choose(row, metrics, reading.metric)
    elif metrics and all(name.startswith(_EXECUTED) for name in metrics):
        raise row.error(
            f"{', '.join(metrics)} sum up {repeats} programs that were run; which of them passed is"
            " not in this file"
        )
    reading.graded = repeats > 1


def _metrics(row: Record) -> list[str]:
    """Names of the line's metrics; older files do not list them."""
    if "metrics" in row.fields:
        return [str(name) for name in row.items("metrics")]
    numbers = (int, float)
    return [
        name
        for name, value in row.fields.items()
        if name not in _FIXED and isinstance(value, numbers) and 0 <= value <= 1
    ]


def _choose(row: Record, metrics: list[str], named: str | None) -> str:
    names = ", ".join(metrics)
    if named is not None and named not in metrics:
        raise row.error(f"no metric {named!r}; there are: {names}")
    if named is None and not metrics:
        raise row.error("no metric says what is correct; use --regrade")
    usual = [name for name in metrics if name == _USUAL_METRIC] or [
        name for name in metrics if name.split(",")[0] == _USUAL_METRIC
    ]
    if named is None and len(metrics) > 1 and len(usual) != 1:
        raise row.error(f"several metrics ({names}); choose one with --metric")
    if named is not None:
        return named
    return metrics[0] if len(metrics) == 1 else usual[0]


def _problem(row: Record, problem_id: str, task: str | None, reading: _Reading) -> Problem:
    target = row.need_text("target")
    executed = (reading.metric or "").startswith(_EXECUTED)
    reference: str | None
    if reading.graded:
        reference = need_reference(target, row.where, "target")
    else:
        reference = None if executed else reference_answer(target)
    kind = "code" if executed else "external"
    document = row.child("doc") if isinstance(row.get("doc"), dict) else row
    return Problem(
        problem_id,
        _first(document, "question", "problem") or _prompt(row),
        reference,
        kind if reference is None else kind_of(reference),
        task if task is not None else _first(document, "subject", "type", "category"),
        _first(document, "level"),
    )


def _prompt(row: Record) -> str | None:
    """The prompt of the only request, which may hold worked examples before the question."""
    prompt = row.get("arguments")
    for name in ("gen_args_0", "arg_0"):
        prompt = prompt.get(name) if isinstance(prompt, dict) else None
    return whole_characters(prompt) if isinstance(prompt, str) else None


def _first(document: Record, *names: str) -> str | None:
    """The first of some fields that holds text or a number."""
    for name in names:
        value = document.get(name)
        if isinstance(value, str | int | float) and not isinstance(value, bool):
            return document.text(name)
    return None
