"""Parsing: the verdicts of a pool, made anew from the stored text of its verifications."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq

from svlaw.data.errors import BadInputError, NotInPoolError, first_line
from svlaw.data.pool import Pool, replace
from svlaw.data.progress import Progress, silent
from svlaw.data.schema import TABLES, refuse_rows
from svlaw.data.verdicts.patterns import compile_pattern, read_in_workers
from svlaw.data.verdicts.readings import (
    ScoreSource,
    Verdict,
    parse_verdict,
    score_expression,
    score_verdicts,
)
from svlaw.data.workers import count_workers, worker_pool

_KEY: Final = TABLES["verdicts"].key
_PROBABILITIES: Final = ("p_yes", "p_no")
_SMALL: Final = (*_KEY, *_PROBABILITIES, "finish_reason", "output_tokens")
_ROWS: Final = 10_000
"""Verifications read at a time."""

_Reader = Callable[[Sequence[str | None]], list[Verdict | None]]


@dataclass(frozen=True)
class ParsedVerdicts:
    """What parsing found, in numbers of verifications.

    Attributes:
        verifier: The verifier.
        score: What scores are made of.
        pattern: The pattern verdicts were read by; None for the rules of svlaw.
        yes: Graded, and the verdict is yes.
        no: Graded, and the verdict is no.
        unparsed: Without a score.
        truncated: Without a score, and cut off at the length limit.
    """

    verifier: str
    score: ScoreSource
    pattern: str | None
    yes: int
    no: int
    unparsed: int
    truncated: int

    @property
    def total(self) -> int:
        """All verifications."""
        return self.yes + self.no + self.unparsed + self.truncated

    @property
    def unparsed_rate(self) -> float:
        """Share of the verifications without a score, cut off or not."""
        return (self.unparsed + self.truncated) / max(self.total, 1)


def parse_pool(
    pool: Pool,
    *,
    verifier: str | None = None,
    score: ScoreSource = "text",
    pattern: str | None = None,
    progress: Progress = silent,
) -> ParsedVerdicts:
    """Read the verdicts of a verifier from its stored verifications and write them anew.

    Text is read some thousand rows at a time. The new verdicts take the place of the old ones once
    all are there; an error or an interrupt leaves the old ones.

    Args:
        pool: A pool that holds the text of its verifications.
        verifier: The verifier; may be None when the pool has one.
        score: What scores are made of; see `svlaw.data.verdicts.readings.score_expression`.
        pattern: A regular expression with the groups `yes` and `no`, in place of `parse_verdict`;
            see `svlaw.data.verdicts.patterns`.
        progress: Called with the number of verifications read, of all.

    Raises:
        NotInPoolError: The pool holds no such verifier, or nothing of it that the score needs.
        BadInputError: An argument is wrong, a probability lies outside [0, 1], a key repeats, a
            verdict has no verification, a part is damaged, or the pool is a bundled example.
        SvlawError: A worker process, for a pattern, cannot be started.
    """
    score_expression(score)  # bad arguments are refused before any work
    if pattern is not None:
        compile_pattern(pattern)
    verifier = pool.resolve_verifier(verifier)
    parts = pool.parts("verifications", verifier)
    if not parts:
        raise NotInPoolError(
            f"{pool.path}: holds no verifications of '{verifier}', only verdicts, so there is"
            " nothing to parse; import the text too"
        )
    _refuse_lost_verdicts(pool, verifier)
    if score != "text":
        _refuse_probabilities(parts)
    verdicts, count = _parse_parts(pool, verifier, score, pattern, progress)
    _refuse_nothing(pool, verifier, score, count)
    replace(pool, "verdicts", verdicts, verifier=verifier, source=f"verifications of '{verifier}'")
    return _summarise(verdicts, verifier, score, pattern)


@dataclass
class _Held:
    """How many verifications hold a text, and how many a probability."""

    texts: int = 0
    probabilities: int = 0


def _parse_parts(
    pool: Pool, verifier: str, score: ScoreSource, pattern: str | None, progress: Progress
) -> tuple[pl.DataFrame, _Held]:
    query = pool.scan("verifications", verifier).select(pl.len())
    total = pool.collect(query, "verifications").item()
    parsed: list[pl.DataFrame] = []
    held, done = _Held(), 0
    with _reader(pattern, total) as read:
        for rows, texts in _stream(pool.parts("verifications", verifier)):
            held.texts += len(texts) - texts.count(None)
            known = pl.any_horizontal(pl.col(_PROBABILITIES).fill_nan(None).is_not_null())
            held.probabilities += rows.select(known.sum()).item()
            read_rows = rows.with_columns(
                pl.Series("verdict", read(texts), pl.String),
                pl.Series("output_chars", [_length(text) for text in texts], pl.Int32),
            )
            parsed.append(score_verdicts(read_rows, score).select(*TABLES["verdicts"].columns))
            done += rows.height
            progress(done, total)
    empty = pl.DataFrame(schema=TABLES["verdicts"].columns)
    return pl.concat([empty, *parsed]), held


@contextmanager
def _reader(pattern: str | None, total: int) -> Iterator[_Reader]:
    """Yield what reads the verdicts of some texts."""
    if pattern is None:
        yield lambda texts: [parse_verdict(text) for text in texts]
        return
    with worker_pool(min(count_workers(None), max(total // 1000, 1))) as workers:
        yield lambda texts: list(read_in_workers(texts, pattern, workers))


def _length(text: str | None) -> int | None:
    return None if text is None else len(text)


def _stream(parts: Sequence[Path]) -> Iterator[tuple[pl.DataFrame, list[str | None]]]:
    """Yield verifications a bounded number of rows at a time, the texts beside the other columns.

    (A column of a frame that is made of a batch keeps all columns of the batch alive.)
    """
    for part in parts:
        try:
            with pq.ParquetFile(part) as file:
                for batch in file.iter_batches(_ROWS, columns=[*_SMALL, "text"]):
                    yield pl.DataFrame(batch.select(_SMALL)), batch.column("text").to_pylist()
        except (pa.ArrowException, pl.exceptions.PolarsError, OSError) as error:
            raise BadInputError(
                f"{part}: cannot be read ({first_line(error)}); import the pool again"
            ) from error


def _refuse_lost_verdicts(pool: Pool, verifier: str) -> None:
    """Raise when a stored verdict has no verification it could be made from again."""
    if not pool.has("verdicts", verifier):
        return
    held = pool.read("verdicts", _KEY, verifier)
    lost = held.join(pool.read("verifications", _KEY, verifier), on=_KEY, how="anti").sort(_KEY)
    if lost.height:
        label = ", ".join(f"{k} {v!r}" for k, v in lost.row(0, named=True).items())
        raise BadInputError(
            f"{pool.path}: {lost.height:,} verdicts of '{verifier}' have no stored verification"
            f" (first: {label}) and would be lost; import them under another verifier's name"
        )


def _refuse_probabilities(parts: Sequence[Path]) -> None:
    """Raise for the first probability outside [0, 1], naming part and row."""
    for part in parts:
        frame = pl.read_parquet(part, columns=list(_PROBABILITIES), glob=False)
        for name in _PROBABILITIES:
            outside = ~pl.col(name).fill_nan(None).is_between(0, 1)
            why = "is outside [0, 1]; leave it empty where it is missing, or score by text"
            refuse_rows(frame, outside, name, str(part), why)


def _refuse_nothing(pool: Pool, verifier: str, score: ScoreSource, held: _Held) -> None:
    """Raise when no score can be made, rather than write nothing but unparsed verdicts."""
    needed = {
        "text": held.texts,
        "p_yes": held.probabilities,
        "p_yes_or_text": held.texts + held.probabilities,
    }
    if not needed[score]:
        what = {"text": "text", "p_yes": "p_yes or p_no"}.get(score, "text, p_yes or p_no")
        raise NotInPoolError(
            f"{pool.path}: no verification of '{verifier}' holds {what}, which score '{score}' is"
            " made of; choose another score"
        )


def _summarise(
    verdicts: pl.DataFrame, verifier: str, score: ScoreSource, pattern: str | None
) -> ParsedVerdicts:
    graded = pl.col("status") == "graded"
    counts = verdicts.select(
        (graded & (pl.col("verdict") == "yes")).sum().alias("yes"),
        (graded & (pl.col("verdict") == "no")).sum().alias("no"),
        (pl.col("status") == "unparsed").sum().alias("unparsed"),
        (pl.col("status") == "truncated").sum().alias("truncated"),
    ).row(0, named=True)
    return ParsedVerdicts(verifier, score, pattern, **counts)
