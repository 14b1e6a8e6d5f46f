"""Imports the YAML of nishadsinghi/sc-genrm-scaling: solutions, and verifications of them.

Layout::

    SAMPLES/<id>.yaml                                question, samples (texts), gt_answer
    VERIFICATIONS/problem_<i>/solution_<j>.yaml      verifications: verification, p(yes), p(no)

Files are read by worker processes in batches of about 8 MB, and every batch becomes one part of
the pool, so that memory does not grow with the data. Batches depend on the files alone and parts
are written in their order: the pool's contents do not depend on the number of workers.
"""

from contextlib import closing
from functools import partial
from pathlib import Path
from typing import Any, Final

import polars as pl

from svlaw.data.errors import BadInputError
from svlaw.data.grading.answers import extract_answer, reference_answer
from svlaw.data.grading.grader import TIME_LIMIT, grade_answers, judge
from svlaw.data.importers.sc_genrm_files import (
    SamplesFile,
    VerificationsFile,
    find_samples,
    find_verifications,
    read_samples,
    read_verifications,
)
from svlaw.data.importers.solution_intake import kind_of
from svlaw.data.importers.verification_intake import make_verdicts
from svlaw.data.pool import Pool, open_pool
from svlaw.data.pool_writer import PoolWriter, create_pool
from svlaw.data.progress import Progress, silent
from svlaw.data.storage.files import refuse_existing
from svlaw.data.storage.object_stores import locate
from svlaw.data.verdicts.readings import ScoreSource, score_expression
from svlaw.data.workers.file_batches import BATCH_BYTES, BatchReader, pack_frame

DEFAULT_VERIFIER: Final = "genrm"

_BATCH_BYTES: Final = BATCH_BYTES
_PROBLEM: Final = {
    name: pl.String() for name in ("problem_id", "question", "reference_answer", "kind")
}
_SAMPLE: Final = {
    "problem_id": pl.String(),
    "solution_id": pl.Int32(),
    "text": pl.String(),
    "answer": pl.String(),
    "reference_answer": pl.String(),
}
_VERIFICATION: Final = {
    "problem_id": pl.String(),
    "solution_id": pl.Int32(),
    "verification_id": pl.Int32(),
    "text": pl.String(),
    "p_yes": pl.Float64(),
    "p_no": pl.Float64(),
}
_VERDICT_ROWS: Final = 500_000


def import_sc_genrm(
    out: str | Path,
    samples: str | Path,
    verifications: str | Path | None = None,
    *,
    verifier: str = DEFAULT_VERIFIER,
    score: ScoreSource = "text",
    time_limit: float = TIME_LIMIT,
    workers: int | None = None,
    progress: Progress = silent,
) -> Pool:
    """Make a pool from the YAML files that nishadsinghi/sc-genrm-scaling writes.

    Problems may differ in their number of solutions, and any of the solutions may lack
    verifications. Both folders may also be published archives that keep their files in `data` or
    `data_cleaned`. Answers are read by `svlaw.data.grading` and graded with Math-Verify. Scores are
    made of the verdicts' texts by default: 1 for yes, 0 for no. That is the published rule for the
    Llama models on MATH, while the configurations for GPQA, Qwen-2.5-7B and QwQ-32B prefer
    probabilities (`score="p_yes_or_text"`).

    Args:
        out: Folder or address of the new pool.
        samples: Folder of `<id>.yaml`.
        verifications: Folder of `problem_<i>/solution_<j>.yaml`.
        verifier: Name of the verifier that wrote them.
        score: What scores are made of; see `svlaw.data.verdicts.readings.score_expression`.
        time_limit: Seconds for grading one answer; see `svlaw.data.grading.grader.judge`.
        workers: Worker processes; None chooses.
        progress: Called with the number of files read, of all files.

    Raises:
        BadInputError: `out` exists, a folder or a file cannot be used, a verification belongs to no
            sample, or an argument is wrong. Nothing is written then.
        SvlawError: A worker process died or cannot be started.
    """
    out = locate(out)
    score_expression(score)  # bad arguments are refused before any work
    judge([], time_limit=time_limit, workers=workers)
    refuse_existing(out)
    sample_files = find_samples(Path(samples))
    verdict_files = find_verifications(Path(verifications)) if verifications is not None else []
    _refuse_strange_problems(sample_files, verdict_files)
    files = BatchReader(
        len(sample_files) + len(verdict_files), workers, progress, batch_bytes=_BATCH_BYTES
    )
    metadata: dict[str, Any] = {
        "source": "sc_genrm",
        "samples_folder": Path(samples).resolve().name,
        "verifications_folder": None,
        "score": score,
        "time_limit": time_limit,
    }
    if verifications is not None:
        metadata["verifications_folder"] = Path(verifications).resolve().name
    with create_pool(out, metadata) as writer:
        answers = _add_solutions(writer, files, sample_files)
        counts = {"problems": len(sample_files), "solutions": answers.height}
        if verifications is not None:
            _refuse_strange_solutions(answers, verdict_files)
            counts["verified_solutions"] = len(verdict_files)
            counts["verifications"] = _add_verdicts(writer, files, verdict_files, verifier, score)
        metadata["counts"] = counts
        graded = grade_answers(answers, time_limit=time_limit, workers=workers)
        writer.add("answers", graded, source=str(samples))
    return open_pool(out)


def _add_solutions(
    writer: PoolWriter, files: BatchReader, sample_files: list[SamplesFile]
) -> pl.DataFrame:
    """Write problems and solutions; return the extracted answers, not yet graded."""
    problems, answers = [], []
    with closing(files.read(pack_samples, sample_files)) as batches:
        for problem, solution, answer in batches:
            writer.add("solutions", solution)
            problems.append(problem)
            answers.append(answer)
    writer.add("problems", pl.concat(problems))
    return pl.concat(answers)


def _add_verdicts(
    writer: PoolWriter,
    files: BatchReader,
    verdict_files: list[VerificationsFile],
    verifier: str,
    score: ScoreSource,
) -> int:
    """Write verifications and verdicts; return their number."""
    pack = partial(pack_verifications, score=score)
    waiting: list[pl.DataFrame] = []
    count = 0

    def write_waiting() -> None:
        writer.add("verdicts", pl.concat(waiting), verifier=verifier)
        waiting.clear()

    with closing(files.read(pack, verdict_files)) as batches:
        for verification, verdict in batches:
            writer.add("verifications", verification, verifier=verifier)
            waiting.append(verdict)
            count += verdict.height
            if sum(frame.height for frame in waiting) >= _VERDICT_ROWS:
                write_waiting()
    if waiting:
        write_waiting()
    return count


def pack_samples(files: tuple[SamplesFile, ...]) -> tuple[bytes, ...]:
    """Read a batch of samples files into problems, solutions and answers, as Arrow bytes.

    Raises:
        BadInputError: A file cannot be used.
    """
    problems: list[tuple[str, str | None, str, str]] = []
    rows: list[tuple[str, int, str | None, str | None, str]] = []
    for file in files:
        read = read_samples(file.path)
        reference = reference_answer(read.gt_answer)
        if reference is None:
            raise BadInputError(f"{file.path}: gt_answer {read.gt_answer!r} holds no answer")
        problems.append((file.problem_id, read.question, reference, kind_of(reference)))
        rows += [
            (file.problem_id, number, text, extract_answer(text), reference)
            for number, text in enumerate(read.texts)
        ]
    # One frame for all files of a batch: hundreds of small ones take longer than what is in them.
    frame = pl.DataFrame(rows, schema=_SAMPLE, orient="row")
    return (
        pack_frame(pl.DataFrame(problems, schema=_PROBLEM, orient="row")),
        pack_frame(frame.select("problem_id", "solution_id", "text")),
        pack_frame(frame.with_columns(_chars()).drop("text")),
    )


def pack_verifications(
    files: tuple[VerificationsFile, ...], score: ScoreSource
) -> tuple[bytes, ...]:
    """Read a batch of verifications files into verifications and verdicts, as Arrow bytes.

    Raises:
        BadInputError: A file cannot be used.
    """
    columns: dict[str, list[Any]] = {name: [] for name in _VERIFICATION}
    for file in files:
        read = read_verifications(file.path)
        count = len(read.texts)
        columns["problem_id"] += [file.problem_id] * count
        columns["solution_id"] += [file.solution_id] * count
        columns["verification_id"] += range(count)
        columns["text"] += read.texts
        columns["p_yes"] += read.p_yes
        columns["p_no"] += read.p_no
    verifications = pl.DataFrame(columns, schema=_VERIFICATION)
    verdicts = make_verdicts(verifications, score).drop("text", "p_yes", "p_no")
    return pack_frame(verifications), pack_frame(verdicts)


def _chars() -> pl.Expr:
    return pl.col("text").str.len_chars().cast(pl.Int32).alias("output_chars")


def _refuse_strange_problems(
    sample_files: list[SamplesFile], verdict_files: list[VerificationsFile]
) -> None:
    known = {file.problem_id for file in sample_files}
    for file in verdict_files:
        if file.problem_id not in known:
            raise BadInputError(
                f"{file.path.parent}: the samples hold no problem {file.problem_id!r}; import the"
                " samples that were verified"
            )


def _refuse_strange_solutions(
    answers: pl.DataFrame, verdict_files: list[VerificationsFile]
) -> None:
    counts = dict(answers.group_by("problem_id").len().iter_rows())
    for file in verdict_files:
        count = counts.get(file.problem_id, 0)
        if file.solution_id >= count:
            raise BadInputError(
                f"{file.path}: problem {file.problem_id!r} has {count} samples, so no solution"
                f" {file.solution_id} (they count from 0); import the samples that were verified"
            )
