"""Files of rows as other programs leave them: what is read, and what is one clear line."""

import datetime
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from svlaw.data.errors import BadInputError
from svlaw.data.importers.flat_tables import import_tables

ROWS = {"problem_id": ["p", "q"], "solution_id": [0, 1], "is_correct": [True, False]}
LINE = '{"problem_id": "p", "solution_id": 0, "is_correct": true, "answer": %s}\n'


def run(tmp_path: Path, name: str, content: Any) -> pl.DataFrame:
    """Import a file of solutions: its answers."""
    file = tmp_path / name
    if isinstance(content, dict):
        pl.DataFrame(content).write_parquet(file)
    else:
        file.write_text(content, "utf-8")
    return import_tables(tmp_path / "pool", file).scan("answers").collect()


@pytest.mark.parametrize(
    ("written", "read"), [("NaN", None), ("1.5", "1.5"), ('"\\ud800x"', "\ufffdx")]
)
def test_json_values_as_answers(tmp_path: Path, written: str, read: str | None) -> None:
    assert run(tmp_path, "s.jsonl", LINE % written)["answer"].to_list() == [read]


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("s.csv", "problem_id;solution_id;is_correct\np;0;1\n", "';' between its columns"),
        ("s.csv", "problem_id,solution_id,is_correct\n", "holds no rows"),
        ("s.csv", "name,sample\np,0\n", "column 'problem_id' is missing"),
        ("s.jsonl", '{"name": "p"}\n', "column 'problem_id' is missing"),
        ("s.jsonl", LINE % ("[" * 100_000 + "]" * 100_000), "line 1: not readable .*too deeply"),
        ("s.jsonl", LINE % ("1" * 5000), "line 1: not readable .*digits"),
        ("s.parquet", ROWS | {"is_correct": [[1, 1], [0, 0]]}, "is_correct is a list of 2 entries"),
        ("s.jsonl", LINE % "[1, 2]", "answer is a list of 2 entries"),
        ("s.parquet", ROWS | {"solution_id": [datetime.date(2026, 1, 1)] * 2}, "holds Date, not n"),
        ("s.parquet", {"name": ["p"]}, "column 'problem_id' is missing"),
    ],
)
def test_what_cannot_be_read_is_one_line(
    tmp_path: Path, name: str, content: Any, message: str
) -> None:
    with pytest.raises(BadInputError, match=message) as caught:
        run(tmp_path, name, content)
    assert "\n" not in str(caught.value)
    assert not (tmp_path / "pool").exists()
