import json
import os
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from svlaw.data.errors import BadInputError
from svlaw.data.pool import open_pool
from svlaw.data.pool_writer import create_pool
from svlaw.data.schema import TABLES, conform
from svlaw.generate.problems import ProblemSource, load_problems, problem_remarks

ROWS = [
    {"problem_id": "b", "question": "What is 2 + 2?", "reference_answer": "4", "topic": "sums"},
    {"problem_id": "a", "question": "What is 2 * 3?", "reference_answer": "6", "topic": "products"},
    {"problem_id": "c", "question": "What is 9 - 2?", "reference_answer": "0777", "topic": None},
]


def write(path: Path, rows: list[dict[str, Any]] = ROWS) -> str:
    path.parent.mkdir(parents=True, exist_ok=True)
    if path.suffix == ".json":
        path.write_text(json.dumps(rows))
    elif path.suffix == ".jsonl":
        path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    elif path.suffix == ".csv":
        pl.DataFrame(rows).write_csv(path)
    else:
        pl.DataFrame(rows).write_parquet(path)
    return str(path)


def load(path: Path, rows: list[dict[str, Any]] = ROWS, **fields: Any) -> pl.DataFrame:
    return load_problems(ProblemSource(source=write(path, rows), **fields))


def refusal(path: Path, rows: list[dict[str, Any]] = ROWS, **fields: Any) -> str:
    with pytest.raises(BadInputError) as error:
        load(path, rows, **fields)
    message = str(error.value)
    assert "\n" not in message
    return message


@pytest.mark.parametrize("name", ["p.parquet", "p.jsonl", "p.json", "p.csv"])
def test_every_kind_of_file_gives_the_same_table(tmp_path: Path, name: str) -> None:
    problems = load(tmp_path / name)
    assert problems.columns == [*TABLES["problems"].columns, "topic"]
    assert problems["problem_id"].to_list() == ["b", "a", "c"]
    assert problems["reference_answer"].to_list() == ["4", "6", "0777"]
    assert problems["kind"].to_list() == ["math"] * 3
    assert problems["topic"].to_list() == ["sums", "products", None]
    assert conform(problems, TABLES["problems"], "again").equals(problems)


def test_problems_can_be_stored_in_a_pool(tmp_path: Path) -> None:
    problems = load(tmp_path / "p.jsonl")
    with create_pool(tmp_path / "pool", {}) as writer:
        writer.add("problems", problems)
        writer.add(
            "answers",
            pl.DataFrame(
                {"problem_id": ["a"], "solution_id": [0], "is_correct": [True], "status": "graded"}
            ),
        )
    stored = open_pool(tmp_path / "pool").read("problems", problems.columns)
    assert stored.sort("problem_id").equals(problems.sort("problem_id"))


@pytest.mark.parametrize("suffix", ["parquet", "jsonl", "json"])
def test_columns_are_picked_by_name_and_by_path(tmp_path: Path, suffix: str) -> None:
    rows = [
        {"id": 7, "text": "Q1", "meta": {"level": 3, "tags": ["x", "y"]}, "a.b": "u"},
        {"id": 9, "text": "Q2", "meta": {"level": None, "tags": ["z"]}, "a.b": "v"},
    ]
    columns = {
        "problem_id": "id",
        "question": "text",
        "level": "meta.level",
        "tag": "meta.tags.0",
        "subject": "a.b",
    }
    problems = load(tmp_path / f"p.{suffix}", rows, columns=columns)
    assert problems["problem_id"].to_list() == ["7", "9"]
    assert problems["level"].to_list() == ["3", None]
    assert problems["tag"].to_list() == ["x", "z"]
    assert problems["subject"].to_list() == ["u", "v"]
    assert "meta" not in problems.columns
    assert "a.b" not in problems.columns


def test_rows_are_numbered_on_request(tmp_path: Path) -> None:
    columns = {"problem_id": "#"}
    assert load(tmp_path / "p.csv", columns=columns)["problem_id"].to_list() == ["0", "1", "2"]


def test_whole_floats_become_whole_numbers(tmp_path: Path) -> None:
    rows = [
        {"problem_id": 1.0, "question": "Q", "reference_answer": 27.0, "level": 2.5},
        {"problem_id": 2.0, "question": "R", "reference_answer": None, "level": 3.0},
    ]
    problems = load(tmp_path / "p.parquet", rows)
    assert problems["problem_id"].to_list() == ["1", "2"]
    assert problems["reference_answer"].to_list() == ["27", None]
    assert problems["level"].to_list() == ["2.5", "3.0"]


def test_kind_is_given_or_the_columns_or_follows_from_all_references(tmp_path: Path) -> None:
    letters = [row | {"reference_answer": letter} for row, letter in zip(ROWS, "ABC", strict=True)]
    mixed = [row | {"kind": kind} for row, kind in zip(ROWS, ["numeric", None, ""], strict=True)]
    assert set(load(tmp_path / "a.jsonl", letters)["kind"]) == {"choice"}
    assert set(load(tmp_path / "b.jsonl", [*letters[:2], ROWS[2]])["kind"]) == {"math"}
    assert load(tmp_path / "c.jsonl", mixed)["kind"].to_list() == ["numeric", "math", "math"]
    assert set(load(tmp_path / "d.jsonl", mixed, kind="code")["kind"]) == {"code"}


def test_choices_of_any_source_are_shuffled(tmp_path: Path) -> None:
    rows = [
        {"problem_id": f"p{i}", "question": "Which?", "yes": f"right {i}", "no": f"wrong {i}"}
        for i in range(40)
    ]
    columns = {"right_choice": "yes", "wrong_choice_1": "no"}
    problems = load(tmp_path / "p.jsonl", rows, columns=columns)
    assert problems.columns == list(TABLES["problems"].columns)
    for i, row in enumerate(problems.iter_rows(named=True)):
        assert f"\n{row['reference_answer']}) right {i}" in row["question"]
    assert set(problems["reference_answer"]) == {"A", "B"}
    assert set(problems["kind"]) == {"choice"}
    assert not load(tmp_path / "p.jsonl", rows, columns=columns, seed=1).equals(problems)
    some = load(tmp_path / "p.jsonl", rows[30:], columns=columns)
    assert some.equals(problems[30:])


def test_the_first_few_or_listed_problems_are_taken(tmp_path: Path) -> None:
    assert load(tmp_path / "p.csv", limit=2)["problem_id"].to_list() == ["b", "a"]
    assert load(tmp_path / "p.csv", limit=9).height == 3
    assert load(tmp_path / "p.csv", ids=["c", "b"])["problem_id"].to_list() == ["b", "c"]
    numbered = load(tmp_path / "p.csv", columns={"problem_id": "#"}, ids=[2])
    assert numbered["question"].to_list() == ["What is 9 - 2?"]


def test_remarks(tmp_path: Path) -> None:
    assert problem_remarks(load(tmp_path / "p.csv")) == []
    rows = [ROWS[0], ROWS[1] | {"question": ROWS[0]["question"], "reference_answer": " "}]
    assert problem_remarks(load(tmp_path / "q.jsonl", rows)) == [
        "1 of 2 problems have no reference answer: they can be sampled, but not graded",
        "1 of 2 questions repeat another one",
    ]


def test_a_folder_is_read_like_a_dataset(tmp_path: Path) -> None:
    write(tmp_path / "set" / "data" / "test-00001-of-00002.parquet", ROWS[2:])
    write(tmp_path / "set" / "data" / "test-00000-of-00002.parquet", ROWS[:2])
    problems = load_problems(
        ProblemSource(source=str(tmp_path / "set"), columns={"problem_id": "#"})
    )
    assert problems["problem_id"].to_list() == ["0", "1", "2"]
    assert problems["question"].to_list() == [row["question"] for row in ROWS]


class TestRefusals:
    def test_no_source(self) -> None:
        with pytest.raises(BadInputError, match=r"give a source .* or a recipe"):
            load_problems(ProblemSource())

    def test_missing_file(self, tmp_path: Path) -> None:
        path = tmp_path / "none.jsonl"
        with pytest.raises(BadInputError, match=r"none.jsonl: no such file"):
            load_problems(ProblemSource(source=str(path)))

    def test_neither_file_nor_dataset(self) -> None:
        with pytest.raises(BadInputError, match="no such file or folder, and not the id"):
            load_problems(ProblemSource(source="some problems"))

    def test_empty_files(self, tmp_path: Path) -> None:
        for name, text in (("a.jsonl", ""), ("b.jsonl", "\n"), ("c.json", "[]"), ("d.csv", "x\n")):
            (tmp_path / name).write_text(text)
            with pytest.raises(BadInputError, match=rf"{name}: the file (is empty|holds no rows)"):
                load_problems(ProblemSource(source=str(tmp_path / name)))

    @pytest.mark.parametrize(
        ("text", "message"),
        [
            ('[{"a": 1},\n {"a": ]', "line 2: not valid JSON"),
            ('{"a": 1}', "not a list of objects"),
            ('[{"a": 1}, 2]', "row 2: not a JSON object"),
            ('[{"a": 1}]\n[{"a": 1}]', "line 2: not valid JSON .*name the file .jsonl"),
        ],
    )
    def test_damaged_json(self, tmp_path: Path, text: str, message: str) -> None:
        (tmp_path / "p.json").write_text(text)
        with pytest.raises(BadInputError, match=message):
            load_problems(ProblemSource(source=str(tmp_path / "p.json")))

    def test_unreadable_files(self, tmp_path: Path) -> None:
        (tmp_path / "p.json").write_bytes(b'[{"a": "\xff"}]')
        (tmp_path / "p.parquet").write_bytes(b"PAR1 no more")
        (tmp_path / "p.txt").write_text("problems")
        (tmp_path / "loop.jsonl").symlink_to(tmp_path / "loop.jsonl")
        for name, message in (
            ("p.json", "not UTF-8"),
            ("p.parquet", "not a readable Parquet file"),
            ("p.txt", "unknown kind of file"),
            ("loop.jsonl", "no such file|cannot be read"),
        ):
            with pytest.raises(BadInputError, match=message):
                load_problems(ProblemSource(source=str(tmp_path / name)))

    @pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
    @pytest.mark.parametrize("name", ["p.jsonl", "p.json", "p.csv", "p.parquet"])
    def test_forbidden_files(self, tmp_path: Path, name: str) -> None:
        path = Path(write(tmp_path / name))
        path.chmod(0)
        with pytest.raises(BadInputError, match=name):
            load_problems(ProblemSource(source=str(path)))

    def test_missing_column(self, tmp_path: Path) -> None:
        rows = [{"id": 1, "text": "Q"}]
        assert refusal(tmp_path / "p.jsonl", rows).endswith(
            "p.jsonl: column 'problem_id' is missing; there are id, text; name the right one under"
            " columns, such as 'problem_id: id'"
        )
        message = refusal(tmp_path / "p.jsonl", rows, columns={"problem_id": "id", "question": "t"})
        assert "column 't' (question) is missing; there are id, text" in message

    @pytest.mark.parametrize("suffix", ["parquet", "jsonl"])
    def test_path_that_leads_nowhere(self, tmp_path: Path, suffix: str) -> None:
        rows = [{"problem_id": 1, "question": "Q", "meta": {"level": 3}}]
        path = tmp_path / f"p.{suffix}"
        assert "'meta.lvl' leads nowhere" in refusal(path, rows, columns={"level": "meta.lvl"})
        assert "'question.x' leads" in refusal(path, rows, columns={"level": "question.x"})
        assert "leads nowhere" in refusal(path, rows, columns={"level": "problem_id.x"})

    @pytest.mark.parametrize(
        ("change", "message"),
        [
            ({"question": None}, "row 2: question None is empty"),
            ({"question": " \n"}, r"row 2: question ' \n' is empty"),
            ({"problem_id": None}, "row 2: problem_id None is empty"),
            ({"problem_id": " "}, "row 2: problem_id None is empty"),
            ({"problem_id": "b"}, "row 2: duplicate key (problem_id 'b'), already in row 1"),
            ({"kind": "essay"}, "row 2: kind 'essay' is not one of math"),
        ],
    )
    def test_bad_rows(self, tmp_path: Path, change: dict[str, Any], message: str) -> None:
        text = refusal(tmp_path / "p.jsonl", [ROWS[0], ROWS[1] | change, ROWS[2]])
        assert "p.jsonl" in text
        assert message in text

    def test_repeated_id_in_another_file(self, tmp_path: Path) -> None:
        write(tmp_path / "set" / "test-00000-of-00002.jsonl", ROWS)
        write(tmp_path / "set" / "test-00001-of-00002.jsonl", ROWS[1:])
        with pytest.raises(BadInputError, match=r"row 4: duplicate key \(problem_id 'a'\)"):
            load_problems(ProblemSource(source=str(tmp_path / "set")))

    def test_bad_choices(self, tmp_path: Path) -> None:
        path = tmp_path / "p.jsonl"
        rows = [ROWS[0] | {"right_choice": "4", "wrong_choice_1": " "}]
        columns = {f"wrong_choice_{i}": "topic" for i in range(10)} | {"right_choice": "topic"}
        one = {"right_choice": "right_choice"}
        two = one | {"wrong_choice_1": "wrong_choice_1"}
        assert "row 1: wrong_choice_1 '' is empty" in refusal(path, rows, columns=two)
        assert "10 wrong choices; map 1 to 9" in refusal(path, columns=columns)
        assert "0 wrong choices" in refusal(path, [ROWS[0] | {"right_choice": "4"}], columns=one)

    def test_arguments(self, tmp_path: Path) -> None:
        path = tmp_path / "p.csv"
        assert "limit 0 takes no problem" in refusal(path, limit=0)
        assert "limit -1 takes no problem" in refusal(path, limit=-1)
        assert "ids is an empty list" in refusal(path, ids=[])
        assert "limit or ids, not both" in refusal(path, limit=1, ids=["a"])
        assert refusal(path, ids=["a", "x", "y", "z", "u"]).endswith(
            "4 of the ids are not there ('u', 'x', 'y', ...); ids look like 'b'"
        )
        assert "revision 'v1' is for datasets, but" in refusal(path, revision="v1")
        assert "split 'test' is for datasets, but" in refusal(path, split="test")
        assert "use one of math-500, math-128" in refusal(path, recipe="math-501")
