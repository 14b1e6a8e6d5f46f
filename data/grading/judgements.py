"""Judgements: what has been found out about answers, kept with the pool, so that it is found once.

Layout: POOL/judgements/readings-<grader>.parquet and agreements-<grader>.parquet. `<grader>` is a
digest of the code and the libraries that decide, so that what another release found is never used;
it is removed when new judgements are stored. The folder can be deleted at any time.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, get_args

import polars as pl

from svlaw.data.grading.algebra import Reading, Shape, grader_digest
from svlaw.data.pool import Pool
from svlaw.data.storage.files import atomic_path
from svlaw.data.storage.object_stores import storage_errors

FOLDER: Final = "judgements"

Pair = tuple[str, str]
"""An answer and what it is compared with, as written."""

_READINGS: Final = {
    "answer": pl.String(),
    "shape": pl.Enum(get_args(Shape)),
    "size": pl.Int32(),
    "real": pl.Float64(),
    "imag": pl.Float64(),
    "roots": pl.Int32(),
    "root_sum": pl.Float64(),
    "constant": pl.Boolean(),
    "time_limit": pl.Float64(),
}
_AGREEMENTS: Final = {
    "answer": pl.String(),
    "reference": pl.String(),
    "agree": pl.Boolean(),
    "time_limit": pl.Float64(),
}


@dataclass
class Judgements:
    """Readings of answers and agreements of pairs, each with the time limit it was made under.

    None in place of an outcome: time or memory ran out.

    Attributes:
        readings: By answer.
        agreements: By answer and reference.
        changed: Whether there is anything that is not stored.
    """

    readings: dict[str, tuple[Reading | None, float]] = field(default_factory=dict)
    agreements: dict[Pair, tuple[bool | None, float]] = field(default_factory=dict)
    changed: bool = False

    def unread(self, answers: Iterable[str], time_limit: float) -> list[str]:
        """The answers, each once, that need reading under a time limit."""
        known = self.readings
        return [a for a in dict.fromkeys(answers) if not _is_settled(known.get(a), time_limit)]

    def undecided(self, pairs: Iterable[Pair], time_limit: float) -> list[Pair]:
        """The pairs, each once, that need comparing under a time limit."""
        known = self.agreements
        return [p for p in dict.fromkeys(pairs) if not _is_settled(known.get(p), time_limit)]

    def reading(self, answer: str) -> Reading | None:
        """The reading of an answer; None when time ran out."""
        return self.readings[answer][0]

    def agreement(self, answer: str, reference: str) -> bool | None:
        """Whether an answer agrees with a reference; None when time ran out."""
        return self.agreements[answer, reference][0]


def load_judgements(pool: Pool) -> Judgements:
    """Load a pool's stored judgements; none when there are none, or they cannot be read."""
    try:
        readings = _load(_path(pool, "readings"), _READINGS)
        agreements = _load(_path(pool, "agreements"), _AGREEMENTS)
    except (pl.exceptions.PolarsError, OSError, ValueError):
        return Judgements()
    judgements = Judgements()
    for answer, shape, size, real, imag, *roots, limit in readings.iter_rows():
        reading = None if shape is None else Reading(shape, size, complex(real, imag), *roots)
        judgements.readings[answer] = (reading, limit)
    for answer, reference, agree, limit in agreements.iter_rows():
        judgements.agreements[answer, reference] = (agree, limit)
    return judgements


def save_judgements(pool: Pool, judgements: Judgements) -> None:
    """Store judgements, and remove those of other releases.

    A pool that cannot be written to is left as it is: storing only saves time.
    """
    if not judgements.changed:
        return
    readings = [
        (answer, *_columns(reading), limit)
        for answer, (reading, limit) in sorted(judgements.readings.items())
    ]
    agreements = [
        (*pair, agree, limit) for pair, (agree, limit) in sorted(judgements.agreements.items())
    ]
    try:
        _store(_path(pool, "readings"), pl.DataFrame(readings, _READINGS, orient="row"))
        _store(_path(pool, "agreements"), pl.DataFrame(agreements, _AGREEMENTS, orient="row"))
        with storage_errors(pool.path):
            for other in (pool.path / FOLDER).glob("*.parquet"):
                if grader_digest() not in other.stem:
                    other.unlink(missing_ok=True)
    except OSError:
        return
    judgements.changed = False


def _is_settled(outcome: tuple[object, float] | None, time_limit: float) -> bool:
    """Tell whether an outcome stands: time that ran out is tried again only when there is more."""
    return outcome is not None and (outcome[0] is not None or outcome[1] >= time_limit)


def _columns(reading: Reading | None) -> tuple[str | int | float | None, ...]:
    if reading is None:
        return (None, None, 0.0, 0.0, None, 0.0, False)
    value = reading.value
    return (
        reading.shape,
        reading.size,
        value.real,
        value.imag,
        reading.roots,
        reading.root_sum,
        reading.constant,
    )


def _path(pool: Pool, what: str) -> Path:
    return pool.path / FOLDER / f"{what}-{grader_digest()}.parquet"


def _load(path: Path, columns: dict[str, pl.DataType]) -> pl.DataFrame:
    with storage_errors(path):
        if not path.is_file():
            return pl.DataFrame(schema=columns)
        frame = pl.read_parquet(str(path), glob=False)
    if dict(frame.schema) != columns:
        raise ValueError(f"{path}: other columns")
    return frame


def _store(path: Path, frame: pl.DataFrame) -> None:
    with atomic_path(path) as temporary:
        frame.write_parquet(temporary, compression="zstd")
