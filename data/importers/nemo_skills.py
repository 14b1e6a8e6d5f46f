"""Imports generations of NVIDIA NeMo-Skills: `output-rs<seed>.jsonl`, one file per random seed.

Line i of every file is problem i of the benchmark. Fields read: generation (and _full_generation,
where thoughts were cut out of it), problem, expected_answer; predicted_answer, symbolic_correct (or
is_correct, of benchmarks that run programs) and judgement ("Judgement: Yes") once evaluated;
num_generated_tokens, num_input_tokens, finish_reason; subject or subset_for_metrics, and level or
difficulty.

Source: NVIDIA-NeMo/Skills at 8b18f39 (nemo_skills/inference/generate.py and model/base.py,
nemo_skills/evaluation, nemo_skills/pipeline/utils/generation.py, its tests' data). Facts about
fields and names only.
"""

import glob
import itertools
import re
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any, Final, Literal, get_args

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

Correctness = Literal["symbolic", "judge", "graded"]
"""What decides whether a solution is correct; see `import_nemo_skills`."""

_NAME: Final = re.compile(r"output(?:-rs(\d+))?\.jsonl")
_PATTERN: Final = "output-rs*.jsonl"
_GREEDY: Final = "output.jsonl"
_MOST_SEED: Final = 2**31 - 1
_SYMBOLIC: Final = ("symbolic_correct", "is_correct")
_JUDGEMENT: Final = "Judgement:"


def import_nemo_skills(
    out: str | Path,
    outputs: str | Path | Sequence[str | Path],
    *,
    correctness: Correctness | None = None,
    id_field: str | None = None,
    skip_bad: bool = False,
    time_limit: float = TIME_LIMIT,
    workers: int | None = None,
    progress: Progress = silent,
) -> Pool:
    """Make a pool from the files that NeMo-Skills writes, one per random seed.

    The number in a file's name is the solution's number and its seed. Correctness is the files'
    symbolic_correct (or is_correct), else their judgement, else it is decided here by Math-Verify.
    A judgement compares with the reference answer, so it is no verification.

    Args:
        out: Folder or address of the new pool.
        outputs: Folder of `output-rs<seed>.jsonl`, a pattern such as `run/output-rs[0-7].jsonl`, or
            the files themselves. A single `output.jsonl` (greedy decoding) is seed 0.
        correctness: `symbolic`, `judge` or `graded` instead of the first that the files hold.
        id_field: Field that names the problem; by default its line does, counted from 0, and the
            files must hold the same problems in the same order.
        skip_bad: Whether a few lines that cannot be used are left out and counted.
        time_limit: Seconds for grading one answer.
        workers: Worker processes for grading; None chooses.
        progress: Called with the megabytes read, of all.

    Raises:
        BadInputError: `out` exists, a file or a line cannot be used, files hold different problems,
            or an argument is wrong. Nothing is written then.
    """
    out = locate(out)
    if correctness is not None and correctness not in get_args(Correctness):
        known = ", ".join(get_args(Correctness))
        raise BadInputError(f"correctness {correctness!r}: use one of {known}")
    judge([], time_limit=time_limit, workers=workers)
    refuse_existing(out)
    files = _find_files(outputs)
    metadata: dict[str, Any] = {
        "source": "nemo_skills",
        "folder": next(iter(files.values())).resolve().parent.name,
        "seeds": sorted(files),
    }
    aside = SetAside(skip_bad)
    with create_pool(out, metadata) as writer:
        intake = Intake(writer)
        if correctness is None:
            correctness = _choose(next(iter(read_records([files[min(files)]]))))
        numbers = {path: number for number, path in files.items()}
        records = read_records(list(files.values()), progress)
        lines: dict[Path, int] = {}
        for path, rows in itertools.groupby(records, key=lambda record: record.path):
            lines[path] = _take_in(intake, rows, numbers[path], (correctness, id_field), aside)
        aside.refuse_many(sum(lines.values()) - aside.count)
        if id_field is None:
            _refuse_short_files(lines)
        source = str(outputs if isinstance(outputs, str | Path) else next(iter(files.values())))
        answers = intake.finish(
            source, graded=correctness == "graded", time_limit=time_limit, workers=workers
        )
        metadata["correctness"] = correctness
        if aside.remarks:
            metadata["remarks"] = aside.remarks
        metadata["counts"] = {"problems": intake.problems, "solutions": answers.height}
    return open_pool(out)


def _find_files(outputs: str | Path | Sequence[str | Path]) -> dict[int, Path]:
    """Find the files by their seeds, in the order of the seeds."""
    if not isinstance(outputs, str | Path):
        paths = [Path(path) for path in outputs]
    elif Path(outputs).is_file():
        paths = [Path(outputs)]
    else:
        pattern = outputs
        if Path(outputs).is_dir():
            pattern = Path(glob.escape(str(outputs))) / _PATTERN
        paths = [Path(path) for path in glob.glob(str(pattern))]  # noqa: PTH207  may be absolute
        if not paths and (Path(outputs) / _GREEDY).is_file():
            paths = [Path(outputs) / _GREEDY]
    if not paths:
        raise BadInputError(f"{outputs}: holds no {_PATTERN}; give the folder of a finished run")
    files: dict[int, Path] = {}
    for path in sorted(paths):
        match = _NAME.fullmatch(path.name)
        if match is None:
            raise BadInputError(
                f"{path}: the name is not output-rs<seed>.jsonl, so the sample has no number; merge"
                " chunks and rename the file"
            )
        number = int(match.group(1) or 0)
        if number > _MOST_SEED:
            raise BadInputError(f"{path}: seed {number} does not fit; use up to {_MOST_SEED}")
        if number in files:
            raise BadInputError(f"{path}: the same seed as {files[number]}; give one of them")
        files[number] = path
    return dict(sorted(files.items()))


def _choose(first: Record) -> Correctness:
    if any(name in first.fields for name in _SYMBOLIC):
        return "symbolic"
    return "judge" if "judgement" in first.fields else "graded"


def _take_in(
    intake: Intake,
    rows: Iterable[Record],
    number: int,
    how: tuple[Correctness, str | None],
    aside: SetAside,
) -> int:
    """Take one file in; return its number of problems."""
    position = -1
    correctness, id_field = how
    for position, row in enumerate(rows):
        with aside.row():
            problem_id = str(position) if id_field is None else row.need_text(id_field)
            problem = _problem(row, problem_id, correctness)
            solution = _solution(row, problem, number, correctness)
            intake.add_problem(problem, row.where)
            intake.add_solution(solution, row.path, row.line)
    return position + 1


def _problem(row: Record, problem_id: str, correctness: Correctness) -> Problem:
    expected = row.text("expected_answer")
    reference: str | None
    if correctness == "graded":
        row.need("expected_answer")
        reference = need_reference(expected, row.where, "expected_answer")
    else:
        reference = reference_answer(expected) if expected else None
    return Problem(
        problem_id,
        _first(row, "problem", "question"),
        reference,
        "external" if reference is None else kind_of(reference),
        _first(row, "subject", "subset_for_metrics"),
        _first(row, "level", "difficulty"),
    )


def _solution(row: Record, problem: Problem, number: int, correctness: Correctness) -> Solution:
    row.need("generation")
    text = _first(row, "_full_generation", "generation")
    if "predicted_answer" in row.fields:
        answer = blank_to_none(row.text("predicted_answer"))
    else:
        answer = None if row.get("expected_answer") is None else problem.read_answer(text)
    return Solution(
        problem.problem_id,
        number,
        text,
        answer,
        _flag(row, correctness),
        row.count("num_input_tokens"),
        row.count("num_generated_tokens"),
        row.text("finish_reason"),
        number,
    )


def _flag(row: Record, correctness: Correctness) -> bool | None:
    if correctness == "graded":
        return None
    if correctness == "symbolic":
        name = next((name for name in _SYMBOLIC if name in row.fields), _SYMBOLIC[0])
        return row.flag(name)
    # As NeMo-Skills does: the last judgement counts, and one that cannot be read is a no.
    _, found, verdict = row.need_text("judgement").rpartition(_JUDGEMENT)
    return bool(found) and verdict.strip().lower().startswith("yes")


def _first(row: Record, *names: str) -> str | None:
    """The first of some fields that is there."""
    return next((text for name in names if (text := row.text(name)) is not None), None)


def _refuse_short_files(lines: dict[Path, int]) -> None:
    most = max(lines.values())
    longest = next(path for path, count in lines.items() if count == most)
    for path, count in lines.items():
        if count < most:
            raise BadInputError(
                f"{path}: ends after problem {count}, while {longest} has {most}; was the file cut"
                " off? (--id-field takes ragged files, by a field that names the problems)"
            )
