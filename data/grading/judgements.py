"""Judgements: what has been found out about answers, kept with the pool, so that it is found once.

Layout: POOL/judgements/readings-<grader>.parquet. `<grader>` is a digest of the code and the
libraries that decide, so that what another release found is never used; it is removed when new
judgements are stored. The folder can be deleted at any time.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import polars as pl

from svlaw.data.grading.algebra import grader_digest
from svlaw.data.grading.meanings import Reading, from_json, to_json
from svlaw.data.pool import Pool
from svlaw.data.storage.files import atomic_path
from svlaw.data.storage.object_stores import storage_errors

FOLDER: Final = "judgements"

_READINGS: Final = {
    "answer": pl.String(),
    "reading": pl.String(),
    "time_limit": pl.Float64(),
}


@dataclass
class Judgements:
    """Readings of answers, each with the time limit it was made under.

    None in place of a reading: time or memory ran out.

    Attributes:
        readings: By answer.
        stored: Readings as they were loaded, in JSON, which is read when it is needed.
        changed: Whether there is anything that is not stored.
    """

    readings: dict[str, tuple[Reading | None, float]] = field(default_factory=dict)
    stored: dict[str, tuple[str | None, float]] = field(default_factory=dict)
    changed: bool = False

    def unread(self, answers: Iterable[str], time_limit: float) -> list[str]:
        """The answers, each once, that need reading under a time limit."""
        return [a for a in dict.fromkeys(answers) if not _is_settled(self._known(a), time_limit)]

    def reading(self, answer: str) -> Reading | None:
        """The reading of an answer; None when time ran out.

        Raises:
            KeyError: It has not been read.
        """
        if answer not in self.readings:
            text, limit = self.stored[answer]
            self.readings[answer] = (None if text is None else from_json(text), limit)
        return self.readings[answer][0]

    def _known(self, answer: str) -> tuple[object, float] | None:
        return self.readings.get(answer) or self.stored.get(answer)


def load_judgements(pool: Pool) -> Judgements:
    """Load a pool's stored judgements; none when there are none, or they cannot be read."""
    try:
        readings = _load(_path(pool), _READINGS)
        judgements = Judgements()
        for answer, text, limit in readings.iter_rows():
            judgements.stored[answer] = (text, limit)
        for text in readings["reading"].drop_nulls().head(1):
            from_json(text)
    except (pl.exceptions.PolarsError, OSError, ValueError):
        return Judgements()
    return judgements


def save_judgements(pool: Pool, judgements: Judgements) -> None:
    """Store judgements, and remove those of other releases.

    A pool that cannot be written to is left as it is: storing only saves time.
    """
    if not judgements.changed:
        return
    known = dict(judgements.stored)
    for answer, (reading, limit) in judgements.readings.items():
        known[answer] = (None if reading is None else to_json(reading), limit)
    rows = [(answer, text, limit) for answer, (text, limit) in sorted(known.items())]
    try:
        _store(_path(pool), pl.DataFrame(rows, _READINGS, orient="row"))
        with storage_errors(pool.path):
            for other in (pool.path / FOLDER).glob("*.parquet"):
                if grader_digest() not in other.stem or not other.stem.startswith("readings"):
                    other.unlink(missing_ok=True)
    except OSError:
        return
    judgements.changed = False


def _is_settled(outcome: tuple[object, float] | None, time_limit: float) -> bool:
    """Tell whether an outcome stands: time that ran out is tried again only when there is more."""
    return outcome is not None and (outcome[0] is not None or outcome[1] >= time_limit)


def _path(pool: Pool) -> Path:
    return pool.path / FOLDER / f"readings-{grader_digest()}.parquet"


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
