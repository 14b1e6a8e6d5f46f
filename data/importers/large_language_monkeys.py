"""Imports the samples of Large Language Monkeys: one YAML file per problem, or its published JSON.

Layout::

    SAMPLES/<id>.yaml     question, samples (texts), gt_answer where answers are compared (GSM8K,
                          MATH), test_cases where programs are run, theorem_name where proofs are;
                          once evaluated also is_corrects, one truth value per sample
    SAMPLES.json          a list of the same, with orig_dset_idx instead of the file's name

Source: ScalingIntelligence/large_language_monkeys at ed2bdb0 (llmonk/generate, llmonk/evaluate, its
README, which calls the list `is_correct`), and the card and files of the data set
ScalingIntelligence/monkey_business at a9f8f73. Facts about fields and names only.
"""

import mmap
import re
from collections.abc import Generator, Iterable, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, Final

import polars as pl

from svlaw.data.errors import BadInputError
from svlaw.data.grading.answers import reference_answer
from svlaw.data.grading.grader import TIME_LIMIT, judge
from svlaw.data.importers.sc_genrm_files import SamplesFile, find_samples
from svlaw.data.importers.solution_intake import (
    Intake,
    Problem,
    kind_of,
    need_reference,
)
from svlaw.data.pool import Pool, open_pool
from svlaw.data.pool_writer import create_pool
from svlaw.data.progress import Progress, silent
from svlaw.data.schema import TABLES
from svlaw.data.storage.files import refuse_existing, refuse_missing
from svlaw.data.storage.json_records import Record
from svlaw.data.storage.json_values import parse_json
from svlaw.data.storage.object_stores import locate
from svlaw.data.storage.row_files import whole_characters
from svlaw.data.storage.yaml_files import find_field, read_fields, read_text, read_texts
from svlaw.data.workers.file_batches import BatchReader, pack_frame

_PROBLEM: Final = TABLES["problems"].columns
_FLAGS: Final = ("is_corrects", "is_correct")
_TRUTHS: Final = {"true": True, "false": False}
_JSON_TOKEN: Final = re.compile(rb'"[^"\\]*(?:\\.[^"\\]*)*"|[{}\[\]]', re.DOTALL)


@dataclass(frozen=True)
class _Sampled:
    """A problem with its samples, whatever file it stood in."""

    problem_id: str
    where: str
    question: str | None
    gt_answer: str | None
    has_tests: bool
    texts: Sequence[str | None]
    flags: Sequence[bool] | None


def import_monkeys(
    out: str | Path,
    samples: str | Path,
    *,
    regrade: bool = False,
    time_limit: float = TIME_LIMIT,
    workers: int | None = None,
    progress: Progress = silent,
) -> Pool:
    """Make a pool from the samples of ScalingIntelligence/large_language_monkeys.

    Evaluated files carry a truth value per sample, which is taken as it is. Files that are not
    evaluated are graded with Math-Verify. Votes are counted among final answers read from the
    texts; problems without a `gt_answer` (programs, proofs) have no answers to vote with.

    Args:
        out: Folder or address of the new pool.
        samples: Folder of `<id>.yaml`, or one published `.json` file.
        regrade: Grade the texts even where the files say what is correct.
        time_limit: Seconds for grading one answer.
        workers: Worker processes; None chooses.
        progress: Called with the number of files (of a `.json` file: of megabytes) read, of all.

    Raises:
        BadInputError: `out` exists, a file cannot be used, or some files are evaluated and others
            are not. Nothing is written then.
        SvlawError: A worker process died or cannot be started.
    """
    out, source = locate(out), Path(samples)
    judge([], time_limit=time_limit, workers=workers)  # bad arguments are refused before any work
    refuse_existing(out)
    metadata: dict[str, Any] = {"source": "large_language_monkeys", "samples": source.name}
    batches: Generator[tuple[pl.DataFrame, ...], None, None]
    if source.is_file():
        batches = _json_batches(source, regrade, progress)
    else:
        files = find_samples(source)
        reader = BatchReader(len(files), workers, progress)
        batches = reader.read(partial(pack_samples, regrade=regrade), files)
    with create_pool(out, metadata) as writer, closing(batches):
        intake = Intake(writer)
        flagged = _take_in(intake, batches)
        answers = intake.finish(
            str(source), graded=not flagged, time_limit=time_limit, workers=workers
        )
        metadata["correctness"] = "is_corrects" if flagged else "graded"
        metadata["counts"] = {"problems": intake.problems, "solutions": answers.height}
    return open_pool(out)


def _take_in(intake: Intake, batches: Iterable[tuple[pl.DataFrame, ...]]) -> bool:
    """Take batches in; tell whether they are evaluated, which all must be or none."""
    first: tuple[bool, str] | None = None
    seen: dict[str, str] = {}
    for problems, solutions in batches:
        for row in problems.iter_rows(named=True):
            where, flagged = row.pop("where"), row.pop("flagged")
            first = first or (flagged, where)
            if flagged is not first[0]:
                lacking, having = (where, first[1]) if first[0] else (first[1], where)
                raise BadInputError(
                    f"{lacking}: field 'is_corrects' is missing, which {having} has; evaluate all"
                    " files or none"
                )
            if row["problem_id"] in seen:
                raise BadInputError(
                    f"{where}: problem {row['problem_id']!r} is repeated, already in"
                    f" {seen[row['problem_id']]}; keep one of them"
                )
            seen[row["problem_id"]] = where
            intake.add_problem(Problem(**row), where)
        intake.add_frame(solutions)
    return first is not None and first[0]


def pack_samples(files: tuple[SamplesFile, ...], regrade: bool) -> tuple[bytes, ...]:
    """Read a batch of YAML files into problems and solutions, as Arrow bytes.

    Raises:
        BadInputError: A file cannot be used.
    """
    frames = [_frames(_read_yaml(file), regrade) for file in files]
    return tuple(pack_frame(pl.concat(parts)) for parts in zip(*frames, strict=True))


def _read_yaml(file: SamplesFile) -> _Sampled:
    where = str(file.path)
    fields = read_fields(file.path)
    name = next((name for name in _FLAGS if name in fields), None)
    flags = None
    if name is not None:
        flags = [
            _truth(text, f"{where}: {name}, row {row}")
            for row, text in enumerate(read_texts(fields, name, file.path), 1)
        ]
    answer = None
    if "gt_answer" in fields:
        answer = read_text(fields["gt_answer"], f"{where}: gt_answer")
    return _Sampled(
        file.problem_id,
        where,
        read_text(find_field(fields, "question", where), f"{where}: question"),
        answer,
        "test_cases" in fields,
        list(read_texts(fields, "samples", file.path)),
        flags,
    )


def _truth(text: str | None, where: str) -> bool:
    truth = _TRUTHS.get((text or "").lower())
    if truth is None:
        raise BadInputError(f"{where}: {text!r} is neither true nor false")
    return truth


def _frames(sampled: _Sampled, regrade: bool) -> tuple[pl.DataFrame, pl.DataFrame]:
    flags = None if regrade else sampled.flags
    if flags is not None and len(flags) != len(sampled.texts):
        raise BadInputError(
            f"{sampled.where}: {len(flags)} truth values for {len(sampled.texts)} samples; evaluate"
            " the file again"
        )
    if flags is None and sampled.gt_answer is None:
        raise BadInputError(
            f"{sampled.where}: field 'gt_answer' is missing, so answers cannot be graded; evaluate"
            " the samples with large_language_monkeys and import its 'is_corrects'"
        )
    reference = None
    kind = "code" if sampled.has_tests else "external"
    if sampled.gt_answer is not None:
        if flags is None:
            reference = need_reference(sampled.gt_answer, sampled.where, "gt_answer")
        else:
            reference = reference_answer(sampled.gt_answer)
        kind = kind_of(reference or "")
    problem = Problem(sampled.problem_id, sampled.question, reference, kind)
    problems = pl.DataFrame(
        [(*(getattr(problem, name) for name in _PROBLEM), sampled.where, flags is not None)],
        schema={**_PROBLEM, "where": pl.String(), "flagged": pl.Boolean()},
        orient="row",
    )
    has_answers = sampled.gt_answer is not None
    answers = [problem.read_answer(text) if has_answers else None for text in sampled.texts]
    solutions = pl.DataFrame(
        {
            "solution_id": pl.Series(range(len(sampled.texts)), dtype=pl.Int32),
            "text": pl.Series(sampled.texts, dtype=pl.String),
            "answer": pl.Series(answers, dtype=pl.String),
            "is_correct": pl.Series(flags or [None] * len(sampled.texts), dtype=pl.Boolean),
        }
    ).select(pl.lit(sampled.problem_id).alias("problem_id"), pl.all())
    return problems, solutions


def _json_batches(
    path: Path, regrade: bool, progress: Progress
) -> Generator[tuple[pl.DataFrame, ...], None, None]:
    """Read the published JSON: one problem at a time."""
    for record in _read_list(path, progress):
        yield _frames(_read_record(record), regrade)


def _read_record(record: Record) -> _Sampled:
    name = next((name for name in _FLAGS if record.get(name) is not None), None)
    flags = None
    if name is not None:
        flags = []
        for row, value in enumerate(record.items(name), 1):
            if not isinstance(value, bool):
                raise record.error(f"{name}, row {row}: {value!r} is neither true nor false")
            flags.append(value)
    texts: list[str | None] = []
    for row, value in enumerate(record.items("samples"), 1):
        if value is not None and not isinstance(value, str):
            raise record.error(f"samples, row {row}: {value!r} is not text")
        texts.append(value if value is None else whole_characters(value))
    return _Sampled(
        record.need_text("orig_dset_idx"),
        record.where,
        record.need_text("question"),
        record.text("gt_answer"),
        "test_cases" in record.fields,
        texts,
        flags,
    )


def _read_list(path: Path, progress: Progress) -> Iterator[Record]:
    """Read the objects of a JSON list, one in memory at a time."""
    refuse_missing(path)
    with path.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as content:
        if not content[:1024].lstrip().startswith(b"["):
            raise BadInputError(f"{path}: not a JSON list of problems")
        total = -(-len(content) >> 20)
        depth = start = number = 0
        for token in _JSON_TOKEN.finditer(content):
            sign = content[token.start()]
            if sign in b"{[":
                depth += 1
                if depth == 2:
                    start = token.start()
            elif sign in b"}]":
                depth -= 1
                if depth == 1:
                    number += 1
                    yield _parse(path, number, content[start : token.end()])
                    progress(token.end() >> 20, total)
        if depth != 0:
            raise BadInputError(
                f"{path}: the list has no end after record {number}; was the file cut off?"
            )
        if not number:
            raise BadInputError(f"{path}: the list holds no problems")


def _parse(path: Path, number: int, content: bytes) -> Record:
    value = parse_json(content, f"{path}, record {number}")
    if not isinstance(value, dict):
        raise BadInputError(f"{path}, record {number}: not a JSON object")
    return Record(value, path, number, unit="record")
