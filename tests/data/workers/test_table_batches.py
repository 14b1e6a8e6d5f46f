"""Parts cut into portions and shares: every row once, in its order."""

from pathlib import Path

import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from svlaw.data.errors import BadInputError
from svlaw.data.pool import Pool, open_pool
from svlaw.data.pool_writer import create_pool
from svlaw.data.workers.table_batches import Portion, cut, map_batches

GROUPS = (5, 1, 12, 3)


@pytest.fixture
def part(tmp_path: Path) -> Path:
    """A part whose row groups have other sizes than its pages and batches."""
    path = tmp_path / "part-000000.parquet"
    schema = pa.schema({"row": pa.int64(), "text": pa.string()})
    with pq.ParquetWriter(path, schema) as writer:
        for group, size in enumerate(GROUPS):
            rows = range(sum(GROUPS[:group]), sum(GROUPS[: group + 1]))
            table = pa.table({"row": rows, "text": [f"text {row}" for row in rows]}, schema)
            writer.write_table(table, row_group_size=size)
    return path


def rows_of(portion: Portion, at_once: int) -> list[int]:
    batches = list(portion.batches(("row",), at_once))
    assert all(0 < batch.num_rows <= at_once for batch in batches)
    assert all(batch.column_names == ["row"] for batch in batches)
    return [row for batch in batches for row in batch.column("row").to_pylist()]


@pytest.mark.parametrize("at_once", [1, 2, 5, 100])
def test_a_portion_gives_its_rows_and_no_others(part: Path, at_once: int) -> None:
    assert rows_of(Portion(part), at_once) == list(range(sum(GROUPS)))
    for first in range(12):
        for count in range(1, 13 - first):
            held = rows_of(Portion(part, 2, first, count), at_once)
            assert held == list(range(6 + first, 6 + first + count))


@pytest.mark.parametrize("rows", range(1, 25))
def test_shares_hold_every_row_once_and_are_about_as_large_as_asked(part: Path, rows: int) -> None:
    groups = [Portion(part, group, rows=size) for group, size in enumerate(GROUPS)]
    shares = list(cut(groups, rows))
    held = [row for share in shares for portion in share for row in rows_of(portion, 4)]
    assert held == list(range(sum(GROUPS)))
    sizes = [sum(portion.rows or 0 for portion in share) for share in shares]
    assert all(rows <= size <= 2.5 * rows for size in sizes[:-1])
    assert 0 < sizes[-1] <= 2.5 * rows
    assert list(cut([], rows)) == []


@pytest.fixture
def pool(tmp_path: Path) -> Pool:
    """Two parts of solutions."""
    solutions = pl.DataFrame(
        {
            "problem_id": ["a", "a", "b"],
            "solution_id": pl.Series([0, 1, 0], dtype=pl.Int32),
            "text": ["one", "two", "three"],
        }
    )
    with create_pool(tmp_path / "pool", {}) as writer:
        writer.add("solutions", solutions.head(2))
        writer.add("solutions", solutions.tail(1))
    return open_pool(tmp_path / "pool")


def test_batches_of_all_parts_are_mapped(pool: Pool) -> None:
    batches = map_batches(
        lambda batch: batch.column("text").to_pylist(), pool, "solutions", columns=("text",), rows=2
    )
    assert list(batches) == [["one", "two"], ["three"]]


def test_a_damaged_part_is_named(pool: Pool) -> None:
    part = pool.parts("solutions")[1]
    part.write_bytes(part.read_bytes()[:-20])
    batches = map_batches(
        lambda batch: batch.num_rows, pool, "solutions", columns=("text",), rows=2
    )
    with pytest.raises(BadInputError) as caught:
        next(batches)
    assert str(caught.value).startswith(f"{part}: damaged: its bytes have the digest")
