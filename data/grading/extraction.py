"""Extraction: the final answers of a pool's solutions, found in their text."""

import socket
from collections.abc import Mapping
from contextlib import closing
from functools import partial
from typing import Final

import polars as pl
import pyarrow as pa

from svlaw.data.errors import BadInputError
from svlaw.data.grading.answer_statements import is_unsaid
from svlaw.data.grading.extractors import Extractor, apply_extractor, load_extractor
from svlaw.data.pool import Pool
from svlaw.data.progress import Progress
from svlaw.data.workers.ray_cluster import Cluster
from svlaw.data.workers.table_batches import map_batches

_BATCH_ROWS: Final = 8_192
_READ: Final = ("problem_id", "solution_id", "text", "output_tokens", "finish_reason")
EXTRACTED: Final = {
    "problem_id": pl.String(),
    "solution_id": pl.Int32(),
    "has_text": pl.Boolean(),
    "answer": pl.String(),
    "cut_off": pl.Boolean(),
    "output_tokens": pl.Int32(),
    "output_chars": pl.Int32(),
}
"""Columns of what extraction gives."""


def extract_answers(
    pool: Pool,
    extractors: Mapping[str, Extractor],
    own: Extractor | str | None,
    cluster: Cluster | None,
    progress: Progress,
) -> pl.DataFrame:
    """Extract the final answers of all solutions to some problems, batch by batch.

    Args:
        pool: The pool.
        extractors: By problem, how an answer to it is found.
        own: A user's extractor that takes their place, or its name as `module:function`.
        cluster: Where texts are read; here when None.
        progress: Called with solutions read of all.

    Returns:
        The columns `EXTRACTED` for each solution.

    Raises:
        BadInputError: A part is damaged, a user's extractor cannot be imported or fails on a text,
            or a node does not see the pool.
        SvlawError: The cluster is gone.
    """
    if isinstance(own, str):
        loaded = load_extractor(own)  # a wrong name is told before anything is read
        own = loaded if cluster is None else own
    total = pool.collect(pool.scan("solutions").select(pl.len()), "solutions").item()
    frames = [pl.DataFrame(schema=EXTRACTED)]
    done = 0
    batches = map_batches(
        partial(_extract_batch, extractors, own),
        *(pool, "solutions"),
        columns=_READ,
        rows=_BATCH_ROWS,
        cluster=cluster,
    )
    with closing(batches):
        for rows, frame in batches:
            frames.append(frame)
            done += rows
            progress(done, total)
    return pl.concat(frames)


def _extract_batch(
    extractors: Mapping[str, Extractor], own: Extractor | str | None, batch: pa.RecordBatch
) -> tuple[int, pl.DataFrame]:
    """The number of rows read, and what is extracted from those of the problems."""
    users = _load_on_node(own) if isinstance(own, str) else own
    rows = pl.DataFrame(batch.drop_columns(["text"]))
    texts = batch.column("text").to_pylist()
    answers: list[str | None] = []
    chars: list[int | None] = []
    unsaid: list[bool] = []
    for problem_id, solution_id, text in zip(
        rows["problem_id"], rows["solution_id"], texts, strict=True
    ):
        extract = extractors.get(problem_id)
        chars.append(None if text is None else len(text))
        if extract is None or not text:
            answers.append(None)
        elif users is None:
            answers.append(extract(text))
        else:
            source = f"problem {problem_id!r}, solution {solution_id}"
            answers.append(apply_extractor(users, text, source))
        unsaid.append(bool(text) and answers[-1] is None and users is None and is_unsaid(text))
    frame = rows.with_columns(
        pl.Series("answer", answers, pl.String),
        pl.Series("output_chars", chars, pl.Int32),
        pl.Series("has_text", [text is not None for text in texts], pl.Boolean),
        (pl.col("finish_reason") == "length")
        .fill_null(False)
        .or_(pl.Series(unsaid))
        .alias("cut_off"),
    )
    wanted = pl.col("problem_id").is_in(list(extractors))
    return batch.num_rows, frame.filter(wanted).select(*EXTRACTED)


def _load_on_node(name: str) -> Extractor:
    """Import a user's extractor on a node of a cluster.

    Raises:
        BadInputError: This node does not have it.
    """
    try:
        return load_extractor(name)
    except BadInputError as error:
        raise BadInputError(
            f"{error} on node {socket.gethostname()}; every node needs the module"
        ) from None
