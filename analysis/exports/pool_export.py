"""Exports a pool as tidy tables with a data card, which `import_tables` reads back.

Layout::

    FOLDER/README.md                      the data card
    FOLDER/{problems,answers,verdicts,verifier_answers}.parquet (or .csv)
    FOLDER/success.parquet (or .csv)      of a pool that holds a published table alone
"""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any, Final, Literal, Protocol, get_args

import polars as pl
import pyarrow.parquet as pq

from svlaw.analysis.exports.data_card import CARD_FILE, Exported, write_card
from svlaw.data.errors import BadInputError
from svlaw.data.pool import Pool, open_pool
from svlaw.data.progress import Progress, silent
from svlaw.data.schema import TABLES
from svlaw.data.storage.files import atomic_folder

Form = Literal["parquet", "csv"]
"""Form of the tables."""

_TABLES: Final = ("problems", "answers", "verdicts", "verifier_answers")
_SOLUTION: Final = TABLES["answers"].key
_VERIFICATION: Final = TABLES["verdicts"].key
_TEXTS: Final = ("text", "prompt_tokens", "finish_reason", "seed")


def export_pool(
    pool: str | Path | Pool,
    out: str | Path,
    *,
    form: Form = "parquet",
    text: bool = False,
    progress: Progress = silent,
) -> Path:
    """Write a pool's tables and a data card into a new folder, whole or not at all.

    The tables are problems, answers, verdicts and verifiers' own answers (of all verifiers, told
    apart by a column `verifier`, and verdicts by one of `calls` where some are shared); with
    `text`, answers and verdicts carry the texts, prompt tokens, finish reasons and seeds as well,
    and verdicts the probabilities. `import_tables` makes an equal pool of them.
    A pool that holds a published table alone gives that table.

    Args:
        pool: The pool.
        out: The new folder.
        form: `parquet`, or `csv`, where text is quoted and an empty field is a null.
        text: True to export the texts.
        progress: Called with the number of tables written, of all.

    Returns:
        The folder.

    Raises:
        BadInputError: `out` exists, the form is unknown, the pool cannot be read, it holds no texts
            to export, or a column cannot be written as CSV.
    """
    if form not in get_args(Form):
        raise BadInputError(f"format {form!r}: use one of {', '.join(get_args(Form))}")
    pool = pool if isinstance(pool, Pool) else open_pool(pool)
    if text and not pool.has("solutions"):
        raise BadInputError(f"{pool.path}: holds no texts; export it without them")
    names = ["success"] if pool.is_published_table else list(_TABLES)
    names = [name for name in names if _is_there(pool, name)]
    with atomic_folder(Path(out)) as folder:
        tables = []
        for done, name in enumerate(names, 1):
            tables.append(_export_table(pool, name, folder, form, text))
            progress(done, len(names))
        write_card(folder / CARD_FILE, pool, tables)
    return Path(out)


def _is_there(pool: Pool, name: str) -> bool:
    if TABLES[name].per_verifier:
        return any(pool.has(name, verifier) for verifier in pool.verifiers)
    return pool.has(name)


def _export_table(pool: Pool, name: str, folder: Path, form: Form, text: bool) -> Exported:
    path = folder / f"{name}.{form}"
    rows = 0
    schema: pl.Schema | None = None
    with _writer(path, form) as write:
        for frame in _frames(pool, name, text):
            write(frame)
            rows += frame.height
            schema = frame.schema
    return Exported(name, path.name, rows, schema or pl.Schema())


def _frames(pool: Pool, name: str, text: bool) -> Iterator[pl.DataFrame]:
    """The rows of an exported table, in frames of bounded size."""
    if name == "answers":
        yield from _with_texts(pool, "answers", "solutions", None, text)
    elif name == "verdicts":
        for verifier in pool.verifiers:
            label = [pl.lit(verifier).alias("verifier")]
            if pool.shared_calls:
                label.append(pl.lit(pool.calls(verifier)).alias("calls"))
            for frame in _with_texts(pool, "verdicts", "verifications", verifier, text):
                yield frame.select(*_VERIFICATION, *label, pl.exclude(*_VERIFICATION))
    elif name == "verifier_answers":
        for verifier in filter(lambda one: pool.has(name, one), pool.verifiers):
            rows = pool.collect(pool.scan(name, verifier), name).sort(TABLES[name].key)
            yield rows.with_columns(pl.lit(verifier).alias("verifier"))
    else:
        yield pool.collect(pool.scan(name), name).sort(TABLES[name].key)


def _with_texts(
    pool: Pool, derived: str, raw: str, verifier: str | None, text: bool
) -> Iterator[pl.DataFrame]:
    """A derived table; with the texts beside it where they are wanted, part by part."""
    if not pool.has(derived, verifier):
        return
    key = TABLES[derived].key
    rows = pool.collect(pool.scan(derived, verifier), derived).sort(key)
    if not text:
        yield rows
        return
    columns = {
        name: dtype
        for name, dtype in TABLES[raw].columns.items()
        if name not in TABLES[derived].columns
    }
    left = rows
    for part in pool.sound_parts(raw, verifier):
        texts = pool.collect(pl.scan_parquet(str(part), glob=False).select(*key, *columns), raw)
        yield rows.join(texts, on=key, how="inner", maintain_order="left")
        left = left.join(texts, on=key, how="anti", maintain_order="left")
    if left.height:
        missing = [pl.lit(None, dtype).alias(name) for name, dtype in columns.items()]
        yield left.with_columns(missing)


class _Write(Protocol):
    def __call__(self, frame: pl.DataFrame) -> None: ...


@contextmanager
def _writer(path: Path, form: Form) -> Iterator[_Write]:
    """Yield a function that appends a frame to a new file."""
    with ExitStack() as stack:
        if form == "csv":
            file = stack.enter_context(path.open("wb"))

            def write_csv(frame: pl.DataFrame) -> None:
                _refuse_nested(frame, path.name)
                header = file.tell() == 0
                frame.write_csv(file, include_header=header, quote_style="non_numeric")

            yield write_csv
            return
        writer: Any = None

        def write_parquet(frame: pl.DataFrame) -> None:
            nonlocal writer
            table = frame.to_arrow()
            if writer is None:
                writer = stack.enter_context(
                    pq.ParquetWriter(path, table.schema, compression="zstd")
                )
            writer.write_table(table)

        yield write_parquet


def _refuse_nested(frame: pl.DataFrame, name: str) -> None:
    for column, dtype in frame.schema.items():
        if dtype.is_nested():
            raise BadInputError(
                f"{name}: column '{column}' holds {dtype}, which CSV cannot; export as parquet"
            )
