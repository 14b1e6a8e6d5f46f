"""Imports `.eval` logs of inspect_ai, through its own reader: epochs are samples.

Read of a log: eval.task, eval.model, status; of its samples: id, epoch, uuid, input, choices,
target, metadata, output (completion, usage, the first choice's stop_reason), scores, error.

Source: UKGovernmentBEIS/inspect_ai at 499e615 (log/_log.py, log/_file.py, scorer/_metric.py,
model/_model_output.py). Facts about fields and names only.
"""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from importlib import import_module
from pathlib import Path
from typing import Any, Final

from svlaw.data.errors import BadInputError, first_line
from svlaw.data.grading.answers import reference_answer
from svlaw.data.grading.grader import TIME_LIMIT, judge
from svlaw.data.importers.bare_replies import short_reply
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
from svlaw.data.storage.files import refuse_existing, refuse_missing
from svlaw.data.storage.object_stores import locate
from svlaw.data.storage.row_files import whole_characters

_SUFFIXES: Final = (".eval", ".json")
_CHUNK: Final = 256
_UNREAD: Final = frozenset(
    ("messages", "events", "events_data", "store", "attachments", "timelines", "error_retries")
)
_CORRECT: Final = frozenset(("c", "yes", "true"))
_WRONG: Final = frozenset(("i", "n", "no", "false"))
_PARTIAL: Final = "p"
_CUT: Final = frozenset(("max_tokens", "model_length"))
_TO_INSTALL: Final = (
    "reading .eval logs needs inspect_ai 0.3.252 or newer: pip install 'svlaw[inspect]'"
)


@dataclass
class Tally:
    """What was left out or rounded, to be reported."""

    failed: int = 0
    unscored: int = 0
    partial: int = 0
    names: set[str] = field(default_factory=set)


def import_inspect(
    out: str | Path,
    logs: str | Path | Sequence[str | Path],
    *,
    scorer: str | None = None,
    regrade: bool = False,
    time_limit: float = TIME_LIMIT,
    workers: int | None = None,
    progress: Progress = silent,
) -> Pool:
    """Make a pool from `.eval` logs of one task and one model.

    A sample's epoch, counted from 0, is the solution's number; the epochs of a second log go on
    where those of the first end. A score of C, true or 1 is correct; I, N, false, 0 and everything
    in between (P, 0.5) is not. Samples that ended in an error or were not scored are left out and
    counted in the pool's metadata.

    Args:
        out: Folder or address of the new pool.
        logs: A log, several, or a folder of them.
        scorer: The scorer whose scores count, when there are several.
        regrade: Grade the texts against the targets instead, with Math-Verify.
        time_limit: Seconds for grading one answer.
        workers: Worker processes for grading; None chooses.
        progress: Called with the number of samples read, of all.

    Raises:
        BadInputError: inspect_ai is not installed, `out` exists, a log cannot be read, logs are of
            different tasks or models, a sample is repeated, or a score is none. Nothing is written
            then.
    """
    out = locate(out)
    judge([], time_limit=time_limit, workers=workers)
    refuse_existing(out)
    reader = _load_reader()
    paths = _find_logs(logs)
    headers = {path: _header(reader, path) for path in paths}
    task, model = _agree(headers)
    keys = {path: _keys(reader, path) for path in paths}
    unscored = not regrade and not any(_is_scored(header) for header in headers.values())
    regrade = regrade or unscored
    total, done = sum(len(samples) for samples in keys.values()), 0
    metadata: dict[str, Any] = {
        "source": "inspect_ai",
        "files": [path.name for path in paths],
        "task": task,
        "model": model,
    }
    tally = Tally()
    uuids: dict[str, Path] = {}
    with create_pool(out, metadata) as writer:
        intake = Intake(writer, unit="sample")
        offset = 0
        for path in paths:
            for place, sample in enumerate(_samples(reader, path, keys[path]), 1):
                _refuse_copy(sample, path, uuids)
                _take_in(intake, sample, (path, place, offset), scorer, regrade, tally)
                done += 1
                if done % _CHUNK == 0 or done == total:
                    progress(done, total)
            offset += max((epoch for _, epoch in keys[path]), default=0)
        answers = intake.finish(
            str(logs if isinstance(logs, str | Path) else paths[0]),
            graded=regrade,
            time_limit=time_limit,
            workers=workers,
        )
        metadata["correctness"] = "graded" if regrade else f"score of {', '.join(tally.names)}"
        metadata["counts"] = {"problems": intake.problems, "solutions": answers.height}
        metadata["remarks"] = _remarks(tally, total)
        if unscored:
            metadata["remarks"] += ["the logs hold no scores, so texts were graded by the targets"]
    return open_pool(out)


def _load_reader() -> Any:
    try:
        reader = import_module("inspect_ai.log")
    except ImportError as error:
        raise BadInputError(_TO_INSTALL) from error
    if not hasattr(reader, "read_eval_log_samples_by_id"):
        raise BadInputError(_TO_INSTALL)
    return reader


def _find_logs(logs: str | Path | Sequence[str | Path]) -> list[Path]:
    if not isinstance(logs, str | Path):
        paths = [Path(path) for path in logs]
    elif Path(logs).is_dir():
        paths = sorted(path for path in Path(logs).glob("*.eval") if path.name[0] != ".")
    else:
        paths = [Path(logs)]
    if not paths:
        raise BadInputError(f"{logs}: holds no .eval logs; give the folder that does")
    for path in paths:
        refuse_missing(path)
        if path.suffix not in _SUFFIXES:
            raise BadInputError(f"{path}: not a log of inspect_ai; give an .eval file")
    return paths


def _header(reader: Any, path: Path) -> Any:
    return _call(path, reader.read_eval_log, str(path), header_only=True)


def _is_scored(header: Any) -> bool:
    """Tell whether a log has scores; a log that was broken off has no results to tell by."""
    return header.results is None or bool(header.results.scores)


def _keys(reader: Any, path: Path) -> list[tuple[int | str, int]]:
    """Name and epoch of every sample, problem by problem."""
    summaries = _call(path, reader.read_eval_log_sample_summaries, str(path))
    if not summaries:
        raise BadInputError(f"{path}: the log holds no samples")
    return [(summary.id, summary.epoch) for summary in summaries]


def _samples(reader: Any, path: Path, keys: list[tuple[int | str, int]]) -> Iterator[Any]:
    """Read samples a few at a time, without their transcripts."""
    for start in range(0, len(keys), _CHUNK):
        chunk = keys[start : start + _CHUNK]
        yield from _call(
            path,
            reader.read_eval_log_samples_by_id,
            str(path),
            chunk,
            exclude_fields=set(_UNREAD),
        )


def _call(path: Path, function: Any, *args: Any, **options: Any) -> Any:
    """Call inspect_ai's reader; whatever it stumbles over is one line about the log."""
    try:
        return function(*args, **options)
    except Exception as error:
        raise BadInputError(
            f"{path}: not a readable log of inspect_ai ({first_line(error)}); was the file cut off?"
        ) from error


def _agree(headers: dict[Path, Any]) -> tuple[str, str]:
    """Task and model, which all logs must share; each must be a run of its own."""
    first, header = next(iter(headers.items()))
    runs: dict[str, Path] = {}
    for path, other in headers.items():
        run = getattr(other.eval, "eval_id", "") or str(path)
        if runs.setdefault(run, path) != path:
            raise BadInputError(f"{path}: repeated log, the same run as {runs[run]}; give one")
        for name in ("task", "model"):
            here, there = getattr(other.eval, name), getattr(header.eval, name)
            if here != there:
                raise BadInputError(
                    f"{path}: {name} {here!r} is not {there!r}, the {name} of {first}; make a pool"
                    " of each"
                )
    return str(header.eval.task), str(header.eval.model)


def _refuse_copy(sample: Any, path: Path, uuids: dict[str, Path]) -> None:
    """Refuse a sample that another log holds too, as the log of a retried run does."""
    uuid = getattr(sample, "uuid", None)
    if uuid is not None and uuids.setdefault(uuid, path) != path:
        raise BadInputError(
            f"{path}: repeated sample (id {sample.id!r}, epoch {sample.epoch}), already in"
            f" {uuids[uuid]}; of a run and its retry give the retry alone"
        )


def _take_in(
    intake: Intake,
    sample: Any,
    place: tuple[Path, int, int],
    scorer: str | None,
    regrade: bool,
    tally: Tally,
) -> None:
    path, line, offset = place
    where = f"{path}, sample {sample.id!r}, epoch {sample.epoch}"
    problem = _problem(sample, where, regrade)
    intake.add_problem(problem, where)
    if sample.error is not None:
        tally.failed += 1
        return
    score = None if regrade else _score(sample, where, scorer, tally)
    flag = None if regrade else flag_of_score(score, where, tally)
    if flag is None and not regrade:
        tally.unscored += 1
        return
    text = whole_characters(sample.output.completion)
    usage, choices = sample.output.usage, sample.output.choices
    stop = choices[0].stop_reason if choices else None
    solution = Solution(
        problem.problem_id,
        offset + sample.epoch - 1,
        text,
        _answer(problem, text, score),
        flag,
        _prompt_tokens(usage),
        usage.output_tokens if usage is not None else None,
        "length" if stop in _CUT else stop,
    )
    intake.add_solution(solution, path, line)


def _problem(sample: Any, where: str, regrade: bool) -> Problem:
    targets = [sample.target] if isinstance(sample.target, str) else list(sample.target)
    target = targets[0] if len(targets) == 1 else None
    if regrade:
        reference: str | None = need_reference(target, where, "target")
    else:
        reference = reference_answer(target) if target else None
    kind = "external"
    if sample.choices:
        kind = "choice"
    elif reference is not None:
        kind = kind_of(reference)
    known = {name: sample.metadata.get(name) for name in ("subject", "level")}
    return Problem(
        str(sample.id),
        _question(sample),
        reference,
        kind,
        **{name: None if value is None else str(value) for name, value in known.items()},
    )


def _question(sample: Any) -> str:
    """The input's text (of a conversation: what the user says), and the choices below it."""
    question = sample.input
    if not isinstance(question, str):
        question = "\n\n".join(message.text for message in question if message.role == "user")
    choices = [
        f"{chr(ord('A') + place)}) {choice}" for place, choice in enumerate(sample.choices or ())
    ]
    return whole_characters("\n".join([question, *choices]))


def _score(sample: Any, where: str, scorer: str | None, tally: Tally) -> Any:
    scores = sample.scores or {}
    if scorer is not None and scores and scorer not in scores:
        raise BadInputError(f"{where}: no scorer {scorer!r}; there are: {', '.join(scores)}")
    if scorer is None and len(scores) > 1:
        raise BadInputError(f"{where}: name a scorer (--scorer), one of: {', '.join(scores)}")
    name = scorer or next(iter(scores), None)
    if name is None or name not in scores:
        return None
    tally.names.add(name)
    return scores[name]


def flag_of_score(score: Any, where: str, tally: Tally) -> bool | None:
    """Correctness from a score's value; None when it was not scored."""
    value = None if score is None else score.value
    if value is None or (isinstance(value, float) and math.isnan(value)):
        return None
    if isinstance(value, str):
        word = value.strip().lower()
        if word in _CORRECT:
            return True
        if word in _WRONG:
            return False
        if word == _PARTIAL:
            tally.partial += 1
            return False
        value = _as_number(word)
    if isinstance(value, bool | int | float) and 0 <= value <= 1:
        tally.partial += 0 < value < 1
        return value == 1
    raise BadInputError(
        f"{where}: score {score.value!r} is neither C, I, P, N, true, false nor a number in [0, 1];"
        " choose another --scorer, or --regrade"
    )


def _as_number(word: str) -> float | None:
    try:
        return float(word)
    except ValueError:
        return None


def _answer(problem: Problem, text: str, score: Any) -> str | None:
    """The scorer's answer, unless that is the whole text, as of scorers that read none."""
    said = blank_to_none(getattr(score, "answer", None))
    if said is None:
        return problem.read_answer(text)
    if said.strip() != text.strip():
        return whole_characters(said)
    # A reply of one short line that the scorer took whole is the answer, whatever it says.
    return problem.read_answer(text) or short_reply(text)


def _prompt_tokens(usage: Any) -> int | None:
    """Tokens of the prompt, those from the cache included."""
    if usage is None:
        return None
    cached = (usage.input_tokens_cache_read or 0) + (usage.input_tokens_cache_write or 0)
    return int(usage.input_tokens + cached)


def _remarks(tally: Tally, total: int) -> list[str]:
    """What was left out or rounded, in words."""
    remarks = []
    if tally.failed:
        remarks.append(f"left out: {tally.failed:,} of {total:,} samples ended in an error")
    if tally.unscored:
        remarks.append(f"left out: {tally.unscored:,} of {total:,} samples were not scored")
    if tally.partial:
        remarks.append(f"{tally.partial:,} of {total:,} scores are partial and count as wrong")
    return remarks
