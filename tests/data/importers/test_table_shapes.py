"""Tables as people have them: common names, lists in cells, no numbers, other encodings."""

import gzip
import json
from pathlib import Path
from typing import Any

import polars as pl
import pyarrow as pa
import pytest

from svlaw.data.errors import BadInputError
from svlaw.data.importers.flat_tables import import_tables, import_verdicts
from svlaw.data.pool import Pool


def write(path: Path, *rows: Any) -> Path:
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return path


def texts(pool: Pool) -> list[tuple[str, int, str]]:
    frame = pool.read("solutions", ("problem_id", "solution_id", "text"))
    return frame.sort("problem_id", "solution_id").rows()


ROWS = [
    {"question_id": "p", "response": "4", "correct": True},
    {"question_id": "p", "response": "5", "correct": False},
    {"question_id": "q", "response": "6", "correct": True},
]


def test_rows_without_numbers_are_numbered_in_order(tmp_path: Path) -> None:
    pool = import_tables(tmp_path / "pool", write(tmp_path / "s.jsonl", *ROWS))
    assert texts(pool) == [("p", 0, "4"), ("p", 1, "5"), ("q", 0, "6")]
    said = " ".join(pool.metadata["remarks"])
    assert "question_id as problem_id" in said
    assert "numbered in order of appearance" in said


@pytest.mark.parametrize("shape", ["array", "columns", "wrapped", "lines"])
def test_json_documents(tmp_path: Path, shape: str) -> None:
    columns = {name: [row[name] for row in ROWS] for name in ROWS[0]}
    document: Any = {"array": ROWS, "columns": columns, "wrapped": {"model": "m", "rows": ROWS}}
    file = tmp_path / "s.json"
    if shape == "lines":
        write(file, *ROWS)
    else:
        file.write_text(json.dumps(document[shape], indent=1))
    pool = import_tables(tmp_path / "pool", file)
    assert texts(pool) == [("p", 0, "4"), ("p", 1, "5"), ("q", 0, "6")]


def encodings(path: Path) -> dict[str, bytes]:
    plain = write(path / "plain.jsonl", *ROWS).read_bytes()
    sink = pa.BufferOutputStream()
    with pa.CompressedOutputStream(sink, "zstd") as stream:
        stream.write(plain)
    text = plain.decode()
    return {
        "s.jsonl.gz": gzip.compress(plain),
        "s.jsonl.zst": sink.getvalue().to_pybytes(),
        "bom.jsonl": b"\xef\xbb\xbf" + plain,
        "u16.jsonl": text.encode("utf-16"),
        "u16le.jsonl": text.encode("utf-16-le"),
        "u16be.jsonl": text.encode("utf-16-be"),
        "u16.csv": "question_id,response,correct\np,4,1\np,5,0\nq,6,1\n".encode("utf-16"),
    }


def test_compressed_and_encoded_files(tmp_path: Path) -> None:
    for place, (name, content) in enumerate(encodings(tmp_path).items()):
        (tmp_path / name).write_bytes(content)
        pool = import_tables(tmp_path / f"pool{place}", tmp_path / name)
        assert texts(pool) == [("p", 0, "4"), ("p", 1, "5"), ("q", 0, "6")], name


@pytest.mark.parametrize("name", ["s.jsonl.gz", "s.jsonl.zst"])
def test_compressed_files_that_were_cut_off(tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_bytes(encodings(tmp_path)[name][:-8])
    with pytest.raises(BadInputError, match=r"damaged (gzip|zstd) file"):
        import_tables(tmp_path / "pool", tmp_path / name)


def test_one_file_for_each_sample(tmp_path: Path) -> None:
    for number in (0, 1, 10, 2):
        rows = [{"problem_id": name, "text": f"{name}{number}", "gold": "1"} for name in "pq"]
        write(tmp_path / f"sample_{number}.jsonl", *rows)
    pool = import_tables(tmp_path / "pool", tmp_path / "sample_*.jsonl")
    assert [text for _, _, text in texts(pool)][:4] == ["p0", "p1", "p2", "p10"]


NESTED = {"question": "6x7?", "responses": ["\\boxed{42}", "41"], "gold": "42"}


@pytest.mark.parametrize("suffix", [".jsonl", ".parquet"])
def test_a_row_for_each_problem(tmp_path: Path, suffix: str) -> None:
    rows = [NESTED | {"scores": [0.9, 0.2]}, NESTED | {"responses": ["42"], "scores": [0.5]}]
    file = tmp_path / f"s{suffix}"
    if suffix == ".parquet":
        pl.DataFrame(rows).write_parquet(file)
    else:
        write(file, *rows)
    pool = import_tables(tmp_path / "pool", file)
    assert texts(pool) == [("0", 0, "\\boxed{42}"), ("0", 1, "41"), ("1", 0, "42")]
    problems = pool.scan("problems").sort("problem_id").collect()
    assert problems["reference_answer"].to_list() == ["42", "42"]
    scores = pool.read("verdicts", ("problem_id", "solution_id", "score"), "verifier")
    assert scores.sort("problem_id", "solution_id")["score"].to_list() == [0.9, 0.2, 0.5]


def test_verdicts_as_lists_of_lists(tmp_path: Path) -> None:
    row = NESTED | {"correct": [True, False], "verdicts": [["yes", "no"], ["no"]]}
    pool = import_tables(tmp_path / "pool", write(tmp_path / "s.jsonl", row))
    key = ("solution_id", "verification_id", "verdict")
    verdicts = pool.read("verdicts", key, "verifier").sort(key[:2])
    assert verdicts.rows() == [(0, 0, "yes"), (0, 1, "no"), (1, 0, "no")]
    other = write(tmp_path / "v.jsonl", {"problem_id": "0", "verdicts": [["no"], ["yes", "no"]]})
    grown = import_verdicts(pool, other, verifier="other")
    assert grown.read("verdicts", key, "other").sort(key[:2]).rows() == [
        (0, 0, "no"),
        (1, 0, "yes"),
        (1, 1, "no"),
    ]


MESSAGES = [{"role": "user", "content": "q"}, {"role": "assistant", "content": "\\boxed{4}"}]


@pytest.mark.parametrize(
    "cell",
    [
        MESSAGES,
        {"role": "assistant", "content": "\\boxed{4}"},
        {"choices": [{"message": MESSAGES[1]}]},
        [{"generated_text": "\\boxed{4}"}],
        [{"role": "assistant", "content": [{"type": "text", "text": "\\boxed{4}"}]}],
    ],
)
def test_texts_in_messages(tmp_path: Path, cell: Any) -> None:
    file = write(tmp_path / "s.jsonl", {"problem_id": "p", "response": cell, "gold": "4"})
    assert texts(import_tables(tmp_path / "pool", file)) == [("p", 0, "\\boxed{4}")]


def test_lists_of_objects_with_several_fields(tmp_path: Path) -> None:
    samples = [{"text": "4", "correct": True}, {"text": "5", "correct": False}]
    file = write(tmp_path / "s.jsonl", {"problem_id": "p", "samples": samples})
    pool = import_tables(tmp_path / "pool", file)
    assert texts(pool) == [("p", 0, "4"), ("p", 1, "5")]
    assert pool.scan("answers").collect()["is_correct"].to_list() == [True, False]


def test_lists_in_csv_are_exploded_where_they_are_named(tmp_path: Path) -> None:
    file = tmp_path / "s.csv"
    file.write_text("problem_id,responses,gold\np,\"['4', '5']\",4\n")
    pool = import_tables(tmp_path / "pool", file, explode=["responses"])
    assert [text for _, _, text in texts(pool)] == ["4", "5"]
    pool = import_tables(tmp_path / "text", file)
    assert [text for _, _, text in texts(pool)] == ["['4', '5']"]


def test_questions_tell_problems_apart_where_nothing_else_does(tmp_path: Path) -> None:
    rows = [{"id": n, "question": q, "response": "4", "gold": "4"} for n, q in enumerate("aab")]
    pool = import_tables(tmp_path / "pool", write(tmp_path / "s.jsonl", *rows))
    assert [row[:2] for row in texts(pool)] == [("0", 0), ("0", 1), ("1", 0)]


@pytest.mark.parametrize(
    ("row", "message"),
    [
        ({"response": "a", "output": "b"}, "response and output may both be the text"),
        ({"text": {"a": 1}}, "row 1: text is an object"),
        ({"solution_id": 0, "text": ["a", "b"]}, "text is a list of 2 entries"),
        ({"responses": [["a"], ["b"]]}, "lists within lists"),
        ({"responses": ["a", "b"], "correct": [True]}, "lists of different lengths"),
        ({"responses": ["a", "b"], "scores": [0, 1]}, "--rename scores=is_correct"),
        ({"text": "a", "gold": ["1", "2"]}, "reference_answer is a list of 2 answers"),
        ({"text": "a", "completion_tokens": "many"}, "output_tokens 'many' is not a whole number"),
        ({"text": "a", "completion_tokens": -1}, "output_tokens '-1' is negative"),
        ({"text": "a", "completion_tokens": 10**18}, "is not a whole number that fits"),
        ({"text": "a", "solution_id": 10**20}, "is not a whole number that fits"),
    ],
)
def test_cells_that_say_too_much_or_too_little(
    tmp_path: Path, row: dict[str, Any], message: str
) -> None:
    file = write(tmp_path / "s.jsonl", {"problem_id": "p", "gold": "1"} | row)
    with pytest.raises(BadInputError, match=message) as caught:
        import_tables(tmp_path / "pool", file)
    assert "\n" not in str(caught.value)
    assert not (tmp_path / "pool").exists()


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("s.csv", b"problem_id,text,text\np,a,b\n", "two columns are called 'text'"),
        ("s.jsonl", b'{"problem_id": "p", "text": "a", "text": "b"}\n', "'text' occurs twice"),
        ("s.json", b'{"a": ' * 100_000, "nested too deeply"),
        ("s.json", b"3\n", "neither a list nor an object"),
        ("s.jsonl", b"version https://git-lfs.github.com/spec/v1\noid sha256:ab\n", "LFS pointer"),
    ],
)
def test_files_that_are_refused(tmp_path: Path, name: str, content: bytes, message: str) -> None:
    (tmp_path / name).write_bytes(content)
    with pytest.raises(BadInputError, match=message):
        import_tables(tmp_path / "pool", tmp_path / name)


def test_ids_of_bytes(tmp_path: Path) -> None:
    rows = {"problem_id": [b"p", b"\xff"], "solution_id": [0, 0], "is_correct": [True, False]}
    pl.DataFrame(rows).write_parquet(tmp_path / "s.parquet")
    with pytest.raises(BadInputError, match=r"row 2: problem_id b'\\xff' is not text"):
        import_tables(tmp_path / "pool", tmp_path / "s.parquet")


def test_a_few_bad_rows_are_left_out_and_counted(tmp_path: Path) -> None:
    rows = [{"problem_id": name, "text": "4", "gold": "4"} for name in "pqr"]
    file = write(tmp_path / "s.jsonl", *rows, {"problem_id": "s", "text": "4"})
    file.write_text(file.read_text() + '{"problem_id": "t", "te\n')
    with pytest.raises(BadInputError, match="line 5: not valid JSON"):
        import_tables(tmp_path / "pool", file)
    pool = import_tables(tmp_path / "pool", file, skip_bad=True)
    assert [name for name, _, _ in texts(pool)] == ["p", "q", "r"]
    said = " ".join(pool.metadata["remarks"])
    assert "1 solution of 1 problem without a reference_answer" in said
    assert "left out: 1 line that cannot be read" in said
    write(file, {"problem_id": "s", "text": "4"})
    file.write_text('{"a\n' * 5 + file.read_text())
    with pytest.raises(BadInputError, match="--skip-bad does not help"):
        import_tables(tmp_path / "other", file, skip_bad=True)
