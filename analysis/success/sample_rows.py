"""Rows of a pool's small tables cut into problems, and what samples are made of them."""

from collections.abc import Iterator, Sequence
from dataclasses import replace

import numpy as np
import numpy.typing as npt
import polars as pl

from svlaw.analysis.kernels.problem_sample import NO_CLASS, ProblemSample, dense_classes
from svlaw.analysis.kernels.sample_lengths import SampleLengths


def rises(key: Sequence[str]) -> pl.Expr:
    """Whether every row's key is above the one before, as it nearly always is already."""
    above = pl.lit(False)
    for name in reversed(key):
        before = pl.col(name).shift(1)
        above = (pl.col(name) > before) | ((pl.col(name) == before) & above)
    return above.fill_null(True).all()


def spans(answers: pl.DataFrame, ids: Sequence[str]) -> Iterator[tuple[int, int]]:
    """Where each problem's rows lie in sorted answers."""
    sizes = dict(answers.group_by("problem_id").len().iter_rows())
    start = 0
    for name in ids:
        stop = start + sizes.get(name, 0)
        yield start, stop
        start = stop


def with_lengths(
    samples: Iterator[ProblemSample], tokens: SampleLengths
) -> Iterator[ProblemSample]:
    """Samples with their part of the lengths of all of them, in the same order."""
    row = verdict = 0
    for sample in samples:
        rows = slice(row, row + sample.n_solutions)
        verdicts = slice(verdict, verdict + sample.scores.size)
        row, verdict = rows.stop, verdicts.stop
        lengths = SampleLengths(
            tokens.solutions[rows], tokens.prompts[rows], tokens.verdicts[verdicts]
        )
        yield replace(sample, lengths=lengths)


def split_samples(
    answers: pl.DataFrame,
    counts: npt.NDArray[np.int32],
    scores: npt.NDArray[np.int32],
    calls: npt.NDArray[np.int32] | None,
    ids: Sequence[str],
) -> Iterator[ProblemSample]:
    """The samples of a run of problems.

    Args:
        answers: Their answers in order of their key.
        counts: Verdicts of each answer.
        scores: Scores of the verdicts in order, in billionths; see `ProblemSample`.
        calls: The call that gave each verdict, where calls are shared.
        ids: The problems.
    """
    missing = (pl.col("status") != "graded") & pl.col("answer_class").is_null()
    columns = answers.select(
        pl.col("answer_class").fill_null(NO_CLASS).cast(pl.Int32),
        pl.col("is_correct"),
        missing.alias("missing"),
    )
    classes, correct, absent = (columns[name].to_numpy() for name in columns.columns)
    offsets = np.concatenate(([0], np.cumsum(counts, dtype=np.int64)))
    for name, (start, stop) in zip(ids, spans(answers, ids), strict=True):
        first, last = offsets[start], offsets[stop]
        of_problem, n_calls = None, 0
        if calls is not None:
            names, places = np.unique(calls[first:last], return_inverse=True)
            of_problem, n_calls = places.astype(np.int32), names.size
        yield ProblemSample(
            problem_id=name,
            classes=dense_classes(classes[start:stop]),
            correct=correct[start:stop],
            missing=absent[start:stop],
            offsets=offsets[start : stop + 1] - first,
            scores=scores[first:last],
            calls=of_problem,
            n_calls=n_calls,
        )
