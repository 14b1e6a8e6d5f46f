"""What importers of verifications share: the way into a new pool, and the making of verdicts."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

import polars as pl

from svlaw.data.importers.row_buffers import PLACE, RowBuffer, refuse_repeats
from svlaw.data.pool_writer import PoolWriter
from svlaw.data.schema import TABLES
from svlaw.data.verdicts.readings import ScoreSource, parse_verdict, score_verdicts

_KEY: Final = TABLES["verifications"].key
_ROW: Final = TABLES["verifications"].columns


class VerificationIntake:
    """Takes verifications in, in any order, and writes them into a new pool.

    Texts are written in parts as they come; of each verification only its verdict, its lengths and
    its place in the files are kept until all are there.

    Args:
        writer: Writer of the new pool.
        verifier: Name of the verifier.
        score: What scores are made of; see `svlaw.data.verdicts.readings.score_expression`.
    """

    def __init__(self, writer: PoolWriter, verifier: str, score: ScoreSource) -> None:
        self._writer = writer
        self._verifier = verifier
        self._score = score
        self._buffer = RowBuffer(_ROW, self._keep)
        self._rows: list[pl.DataFrame] = []

    def add(self, values: Mapping[str, Any], path: Path, line: int) -> None:
        """Take a verification in: columns of the table, and its place."""
        self._buffer.add(tuple(values.get(name) for name in _ROW), values["text"], path, line)

    def finish(self) -> int:
        """Write the verdicts; return their number.

        Raises:
            BadInputError: A verification is repeated.
        """
        self._buffer.flush()
        rows = pl.concat(self._rows)
        refuse_repeats(rows, _KEY, self._buffer.files)
        self._writer.add("verdicts", rows, verifier=self._verifier)
        return rows.height

    def _keep(self, frame: pl.DataFrame) -> None:
        """Write the texts as one part and keep the rest; see `Intake` about repeated keys."""
        texts = frame.unique(_KEY, keep="first", maintain_order=True)
        self._writer.add("verifications", texts, verifier=self._verifier)
        columns = (*TABLES["verdicts"].columns, *PLACE)
        self._rows.append(make_verdicts(frame, self._score).select(columns))


def make_verdicts(verifications: pl.DataFrame, score: ScoreSource) -> pl.DataFrame:
    """Read the verdict of each verification's text and score it.

    Args:
        verifications: Rows with text, p_yes and p_no, and finish_reason where it is known; further
            columns are kept.
        score: What scores are made of; see `svlaw.data.verdicts.readings.score_expression`.

    Returns:
        The rows with verdict, score, status and output_chars.
    """
    verdicts = pl.Series("verdict", map(parse_verdict, verifications["text"]), pl.String)
    chars = pl.col("text").str.len_chars().cast(pl.Int32).alias("output_chars")
    return score_verdicts(verifications.with_columns(verdicts, chars), score)
