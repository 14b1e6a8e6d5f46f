"""Streams a pool's small tables as one sample per problem, a bounded batch at a time."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import compress
from typing import Final

import numpy as np
import numpy.typing as npt
import polars as pl

from svlaw.analysis.kernels.problem_sample import (
    SCORE_UNIT,
    UNPARSED,
    Half,
    ProblemSample,
    in_half,
    subset,
    supported_depths,
)
from svlaw.analysis.success.sample_rows import rises, spans, split_samples, with_lengths
from svlaw.analysis.success.stored_lengths import StoredLengths
from svlaw.data.errors import BadInputError
from svlaw.data.pool import Pool
from svlaw.data.schema import TABLES

BATCH_ROWS: Final = 4_000_000
"""Solutions and verdicts in a batch, unless a single problem holds more; about 0.2 GB."""

_SOLUTION: Final = ("problem_id", "solution_id")
_VERDICT: Final = (*_SOLUTION, "verification_id")
_OWN: Final = ("problem_id", "verification_id")
_STRANGER: Final = "{}: some verdicts belong to no solution{}; see 'svlaw check'"


@dataclass(frozen=True)
class Holding:
    """What a problem holds.

    Attributes:
        n_solutions: N.
        depths: (N,) largest V that each solution supports.
        n_verifier_answers: Number of the verifier's own answers.
    """

    n_solutions: int
    depths: npt.NDArray[np.integer]
    n_verifier_answers: int = 0


@dataclass(frozen=True)
class BatchReader:
    """Reads some problems of a pool at a time.

    Attributes:
        pool: A pool with answers.
        verifier: A verifier of the pool; None leaves the verdicts out.
        only_verified: Leave out solutions without a verdict.
        half: Leave out the solutions of the other half of each problem.
        seed: Seed of the halves.
        is_whole: Whether all problems are read at once.
        lengths: How tokens are read; None leaves them out.
        has_verifier_answers: Whether the verifier's own answers are read.
    """

    pool: Pool
    verifier: str | None
    only_verified: bool
    half: Half
    seed: int
    is_whole: bool = False
    lengths: StoredLengths | None = None
    has_verifier_answers: bool = False

    @property
    def has_shared_calls(self) -> bool:
        """Whether verdicts are read, of a verifier with shared calls."""
        return self.verifier is not None and self.pool.calls(self.verifier) == "shared"

    def _scan(self, table: str) -> pl.LazyFrame:
        return self.pool.scan(table, self.verifier if TABLES[table].per_verifier else None)

    def rows(self, table: str) -> dict[str, int]:
        """Number of rows of each problem, in order of problem."""
        query = self._scan(table).group_by("problem_id").len().sort("problem_id")
        return dict(self.pool.collect(query, table).iter_rows())

    def _rows_of(self, table: str, ids: Sequence[str], columns: Sequence[str]) -> pl.DataFrame:
        """Rows of a run of problems, in any order."""
        scan = self._scan(table).select(columns)
        if not self.is_whole:
            scan = scan.filter(pl.col("problem_id").is_between(pl.lit(ids[0]), pl.lit(ids[-1])))
        return self.pool.collect(scan, table)

    def _sorted_rows(
        self, table: str, ids: Sequence[str], columns: Sequence[str], key: Sequence[str]
    ) -> pl.DataFrame:
        """Rows of a run of problems in order of their key, every key once."""
        frame = self._rows_of(table, ids, columns)
        if frame.select(rises(key)).item():
            return frame
        frame = frame.sort(key)
        twice = frame.filter(pl.all_horizontal(pl.col(k) == pl.col(k).shift(1) for k in key))
        if twice.height:
            first = twice.select(key).row(0, named=True)
            label = ", ".join(f"{name} {value!r}" for name, value in first.items())
            raise BadInputError(
                f"{self.pool.path}: keys repeat in {table} ({label}); see 'svlaw check'"
            )
        return frame

    def count(self, ids: Sequence[str]) -> Iterator[Holding]:
        """What each of a run of problems holds."""
        answers = self._sorted_rows("answers", ids, _SOLUTION, _SOLUTION)
        counts = np.zeros(answers.height, np.int32)
        calls: dict[str, int] = {}
        if self.verifier is not None:
            columns = _VERDICT if self.has_shared_calls else _SOLUTION
            verdicts = self._rows_of("verdicts", ids, columns)
            counts = _verdict_counts(answers, verdicts, self.pool)
            if self.has_shared_calls:
                distinct = pl.col("verification_id").n_unique()
                calls = dict(verdicts.group_by("problem_id").agg(distinct).iter_rows())
        own: dict[str, int] = {}
        if self.has_verifier_answers:
            rows = self._rows_of("verifier_answers", ids, ("problem_id",))
            own = dict(rows.group_by("problem_id").len().iter_rows())
        for name, (start, stop), kept in zip(
            ids, spans(answers, ids), self._kept(answers, counts, ids), strict=True
        ):
            shared = calls.get(name, 0) if self.has_shared_calls else None
            held = supported_depths(counts[start:stop][kept], shared)
            yield Holding(held.size, np.sort(held), own.get(name, 0))

    def read(self, ids: Sequence[str]) -> list[ProblemSample]:
        """The samples of a run of problems.

        Raises:
            BadInputError: A part is damaged, or a verdict belongs to no solution.
        """
        measured = () if self.lengths is None else (self.lengths.column,)
        columns = (*_SOLUTION, "answer_class", "is_correct", "status", *measured)
        answers = self._sorted_rows("answers", ids, columns, _SOLUTION)
        verdicts = None
        counts, scores = np.zeros(answers.height, np.int32), np.empty(0, np.int32)
        calls = None
        if self.verifier is not None:
            columns = (*_VERDICT, "score", *measured)
            verdicts = self._sorted_rows("verdicts", ids, columns, _VERDICT)
            units = (
                (pl.col("score").fill_nan(None) * SCORE_UNIT)
                .round()
                .cast(pl.Int32)
                .fill_null(UNPARSED)
            )
            scores = verdicts.select(units).to_series().to_numpy()
            counts = _verdict_counts(answers, verdicts, self.pool)
            if self.has_shared_calls:
                calls = verdicts["verification_id"].to_numpy()
        samples = split_samples(answers, counts, scores, calls, ids)
        if self.lengths is not None:
            prompts = None
            if self.verifier is not None and self.lengths.has_prompts:
                prompts = self._prompts(answers, ids)
            tokens = self.lengths.read(answers, verdicts, prompts)
            samples = with_lengths(samples, tokens)
        if self.has_verifier_answers:
            pairs = zip(samples, self._read_verifier_answers(ids), strict=True)
            samples = (replace(sample, verifier_answers=own) for sample, own in pairs)
        if self.half == "all" and not self.only_verified:
            return list(samples)
        masks = self._kept(answers, counts, ids)
        return [subset(sample, kept) for sample, kept in zip(samples, masks, strict=True)]

    def _read_verifier_answers(self, ids: Sequence[str]) -> Iterator[ProblemSample]:
        """The verifier's own answers to a run of problems, in place of solutions."""
        measured = () if self.lengths is None else (self.lengths.column,)
        columns = (*_OWN, "answer_class", "is_correct", "status", *measured)
        answers = self._sorted_rows("verifier_answers", ids, columns, _OWN)
        none = np.zeros(answers.height, np.int32)
        samples = split_samples(answers, none, np.empty(0, np.int32), None, ids)
        if self.lengths is None:
            return samples
        return with_lengths(samples, self.lengths.read_verifier_answers(answers))

    def _prompts(self, answers: pl.DataFrame, ids: Sequence[str]) -> pl.Series:
        """Mean tokens of the prompts that verify each solution, null where unknown."""
        scan = self.pool.scan("verifications", self.verifier)
        scan = scan.filter(pl.col("problem_id").is_between(pl.lit(ids[0]), pl.lit(ids[-1])))
        mean = self.pool.collect(
            scan.group_by(_SOLUTION).agg(pl.col("prompt_tokens").mean()), "verifications"
        )
        keys = answers.select(_SOLUTION)
        return keys.join(mean, on=_SOLUTION, how="left", maintain_order="left")["prompt_tokens"]

    def _kept(
        self, answers: pl.DataFrame, counts: npt.NDArray[np.int32], ids: Sequence[str]
    ) -> Iterator[npt.NDArray[np.bool_]]:
        """Which solutions of each problem are read, in the order of sorted answers."""
        solutions = answers["solution_id"].to_numpy()
        for name, (start, stop) in zip(ids, spans(answers, ids), strict=True):
            kept = in_half(self.half, name, solutions[start:stop], self.seed)
            yield kept & (counts[start:stop] > 0) if self.only_verified else kept


class SampleReader:
    """Reads samples in order of problem id, solutions and verdicts in order of theirs.

    What comes out does not depend on the order of rows or on the size of a batch. Parts whose rows
    are sorted by problem, as svlaw writes them, are read once; of others every batch reads all.

    Args:
        pool: A pool with answers.
        verifier: A verifier of the pool; None leaves the verdicts out.
        only_verified: Leave out solutions without a verdict.
        half: Leave out the solutions of the other half of each problem.
        seed: Seed of the halves.
        batch_rows: Solutions and verdicts in a batch.
        lengths: How tokens are read; None leaves them out.
        has_verifier_answers: Whether the verifier's own answers are read.
        least_batches: How many batches to make of all problems, if they are enough.

    Attributes:
        problem_ids: All problems, sorted.
        source: What reads a batch.
    """

    def __init__(
        self,
        pool: Pool,
        verifier: str | None = None,
        *,
        only_verified: bool = False,
        half: Half = "all",
        seed: int = 0,
        batch_rows: int = BATCH_ROWS,
        least_batches: int = 1,
        lengths: StoredLengths | None = None,
        has_verifier_answers: bool = False,
    ) -> None:
        source = BatchReader(
            pool,
            verifier,
            only_verified,
            half,
            seed,
            lengths=lengths,
            has_verifier_answers=has_verifier_answers,
        )
        rows = source.rows("answers")
        ids = rows.keys() | _listed_problems(pool)
        if verifier is not None:
            for name, count in source.rows("verdicts").items():
                if name not in ids:
                    raise BadInputError(_STRANGER.format(pool.path, f" (problem {name!r})"))
                rows[name] = rows.get(name, 0) + count
        self.problem_ids = sorted(ids)
        batch_rows = min(batch_rows, -(-sum(rows.values()) // least_batches))
        self._batches = _plan(self.problem_ids, rows, batch_rows)
        self.source = replace(source, is_whole=len(self._batches) == 1)
        self._whole: list[ProblemSample] | None = None

    def holdings(self) -> list[Holding]:
        """What each problem holds, without its verdicts; a pool of one batch is kept in memory.

        Raises:
            BadInputError: A part is damaged.
        """
        if len(self._batches) == 1:
            self._whole = self.source.read(self._batches[0])
            return [Holding(s.n_solutions, s.depths, s.n_verifier_answers) for s in self._whole]
        return [holding for ids in self._batches for holding in self.source.count(ids)]

    def batches(self, kept: npt.NDArray[np.bool_]) -> Iterator[list[ProblemSample]]:
        """Samples of the problems to keep, batch by batch.

        Args:
            kept: Mask over `problem_ids`.

        Raises:
            BadInputError: A part is damaged, or a verdict belongs to no solution.
        """
        for ids, wanted in self.runs(kept):
            samples = self._whole if self._whole is not None else self.source.read(ids)
            yield [sample for sample in samples if sample.problem_id in wanted]

    def runs(
        self, kept: npt.NDArray[np.bool_] | None = None
    ) -> Iterator[tuple[Sequence[str], frozenset[str]]]:
        """The problems of each batch, and which of them to keep; batches without any are left out.

        Args:
            kept: Mask over `problem_ids`; all when None.
        """
        keep = set(self.problem_ids if kept is None else compress(self.problem_ids, kept))
        for ids in self._batches:
            wanted = frozenset(keep.intersection(ids))
            if wanted:
                yield ids, wanted


def load_samples(pool: Pool, verifier: str | None = None) -> list[ProblemSample]:
    """Read a pool's answers, and a verifier's verdicts, whole, as one sample per problem.

    Problems without any solution have N = 0.

    Args:
        pool: A pool with answers.
        verifier: A verifier of the pool; None leaves the verdicts out.

    Raises:
        NotInPoolError: The pool holds no answers, or nothing of that verifier.
    """
    reader = SampleReader(pool, verifier)
    kept = np.ones(len(reader.problem_ids), np.bool_)
    return [sample for batch in reader.batches(kept) for sample in batch]


def _listed_problems(pool: Pool) -> set[str]:
    """Problems of the table of problems, which may have no solution."""
    if not pool.has("problems"):
        return set()
    return set(pool.read("problems", ("problem_id",))["problem_id"])


def _plan(ids: Sequence[str], rows: dict[str, int], batch_rows: int) -> list[Sequence[str]]:
    """Runs of problems of at most so many rows, or of one problem."""
    batches, start, size = [], 0, 0
    for i, name in enumerate(ids):
        count = rows.get(name, 0)
        if i > start and size + count > batch_rows:
            batches.append(ids[start:i])
            start, size = i, 0
        size += count
    return [*batches, ids[start:]]


def _verdict_counts(
    answers: pl.DataFrame, verdicts: pl.DataFrame, pool: Pool
) -> npt.NDArray[np.int32]:
    """Verdicts of each solution, in the order of answers."""
    counts = verdicts.group_by(_SOLUTION).agg(pl.len().alias("verdicts"))
    joined = answers.select(_SOLUTION).join(counts, on=_SOLUTION, how="left", maintain_order="left")
    found = joined["verdicts"].fill_null(0).cast(pl.Int32).to_numpy()
    if found.sum() != verdicts.height:
        raise BadInputError(_STRANGER.format(pool.path, ""))
    return found
