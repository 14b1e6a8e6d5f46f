"""Parsing: the verdicts of a pool, made anew from the stored text of its verifications."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Final

import polars as pl
import pyarrow as pa

from svlaw.data.errors import BadInputError, NotInPoolError
from svlaw.data.pool import Pool
from svlaw.data.pool_writer import replace
from svlaw.data.progress import Progress, silent
from svlaw.data.schema import TABLES, refuse_rows
from svlaw.data.shown import Shown
from svlaw.data.storage.locks import WAIT_SECONDS
from svlaw.data.verdicts.patterns import compile_pattern, read_in_workers
from svlaw.data.verdicts.readings import (
    ScoreSource,
    Verdict,
    parse_verdict,
    score_expression,
    score_verdicts,
)
from svlaw.data.workers.processes import count_workers, standing_worker, worker_pool
from svlaw.data.workers.ray_cluster import Cluster
from svlaw.data.workers.table_batches import map_batches

_KEY: Final = TABLES["verdicts"].key
_PROBABILITIES: Final = ("p_yes", "p_no")
_SMALL: Final = (*_KEY, *_PROBABILITIES, "finish_reason", "output_tokens")
_ROWS: Final = 10_000
"""Verifications read at a time."""

_Reader = Callable[[Sequence[str | None]], list[Verdict | None]]


@dataclass(frozen=True, repr=False)
class ParsedVerdicts(Shown):
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
    cluster: Cluster | None = None,
    wait: float = WAIT_SECONDS,
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
        cluster: Where texts are read; this machine when None.
        wait: Seconds to wait for another command that writes to the pool.
        progress: Called with the number of verifications read, of all.

    Raises:
        NotInPoolError: The pool holds no such verifier, or nothing of it that the score needs.
        BadInputError: An argument is wrong, a probability lies outside [0, 1], a key repeats, a
            verdict has no verification, a part is damaged, the pool is a bundled example, or a node
            does not see it.
        SvlawError: A worker process, for a pattern, cannot be started, or the cluster is gone.
    """
    score_expression(score)  # bad arguments are refused before any work
    if pattern is not None:
        compile_pattern(pattern)
    verifier = pool.resolve_verifier(verifier)
    parts = pool.sound_parts("verifications", verifier)
    if not parts:
        raise NotInPoolError(
            f"{pool.path}: holds no verifications of '{verifier}', only verdicts, so there is"
            " nothing to parse; import the text too"
        )
    _refuse_lost_verdicts(pool, verifier)
    if score != "text":
        _refuse_probabilities(parts)
    replaced = pool.parts("verdicts", verifier)
    verdicts, held = _parse_parts(pool, verifier, score, pattern, cluster, progress)
    _refuse_nothing(pool, verifier, score, held)
    replace(
        pool,
        "verdicts",
        verdicts,
        verifier=verifier,
        source=f"verifications of '{verifier}'",
        expected=replaced,
        wait=wait,
    )
    return _summarise(verdicts, verifier, score, pattern)


@dataclass(frozen=True)
class _Held:
    """How many verifications hold a text, and how many a probability."""

    texts: int = 0
    probabilities: int = 0

    def __add__(self, other: "_Held") -> "_Held":
        return _Held(self.texts + other.texts, self.probabilities + other.probabilities)


def _parse_parts(
    pool: Pool,
    verifier: str,
    score: ScoreSource,
    pattern: str | None,
    cluster: Cluster | None,
    progress: Progress,
) -> tuple[pl.DataFrame, _Held]:
    query = pool.scan("verifications", verifier).select(pl.len())
    total = pool.collect(query, "verifications").item()
    parsed = [pl.DataFrame(schema=TABLES["verdicts"].columns)]
    held, done = _Held(), 0
    with _reader(pattern, total, cluster) as read:
        batches = map_batches(
            partial(_parse_batch, read, score),
            *(pool, "verifications", verifier),
            columns=(*_SMALL, "text"),
            rows=_ROWS,
            cluster=cluster,
        )
        with closing(batches):
            for verdicts, more in batches:
                parsed.append(verdicts)
                held += more
                done += verdicts.height
                progress(done, total)
    return pl.concat(parsed), held


def _parse_batch(
    read: _Reader, score: ScoreSource, batch: pa.RecordBatch
) -> tuple[pl.DataFrame, _Held]:
    # A column of a frame that is made of a batch keeps all columns of the batch alive.
    rows, texts = pl.DataFrame(batch.select(_SMALL)), batch.column("text").to_pylist()
    known = pl.any_horizontal(pl.col(_PROBABILITIES).fill_nan(None).is_not_null())
    held = _Held(len(texts) - texts.count(None), rows.select(known.sum()).item())
    read_rows = rows.with_columns(
        pl.Series("verdict", read(texts), pl.String),
        pl.Series("output_chars", [_length(text) for text in texts], pl.Int32),
    )
    return score_verdicts(read_rows, score).select(*TABLES["verdicts"].columns), held


@contextmanager
def _reader(pattern: str | None, total: int, cluster: Cluster | None) -> Iterator[_Reader]:
    """Yield what reads the verdicts of some texts, here or on a node."""
    if pattern is None:
        yield _read_by_rules
    elif cluster is not None:
        yield partial(_read_on_node, pattern)
    else:
        with worker_pool(min(count_workers(None), max(total // 1000, 1))) as workers:
            yield lambda texts: list(read_in_workers(texts, pattern, workers))


def _read_by_rules(texts: Sequence[str | None]) -> list[Verdict | None]:
    return [parse_verdict(text) for text in texts]


def _read_on_node(pattern: str, texts: Sequence[str | None]) -> list[Verdict | None]:
    return list(read_in_workers(texts, pattern, standing_worker()))


def _length(text: str | None) -> int | None:
    return None if text is None else len(text)


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
