"""The recipes, on small files of the datasets' form; the problems are made up."""

import json
import re
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from svlaw.data.errors import BadInputError
from svlaw.data.grading.grader import grade_answers
from svlaw.data.schema import TABLES
from svlaw.generate.hub import find_files
from svlaw.generate.problems import ProblemSource, load_problems
from svlaw.generate.recipes import RECIPES, find_recipe

MATH_500 = [
    {
        "problem": "Write $\\frac{1}{2}+\\frac{1}{4}$ as a fraction.",
        "solution": "It is $\\boxed{\\frac{3}{4}}$.",
        "answer": "\\frac{3}{4}",
        "subject": "Prealgebra",
        "level": 2,
        "unique_id": "test/prealgebra/1.json",
    },
    {
        "problem": "Solve $x+1=3$.",
        "solution": "So $x=\\boxed{2}$.",
        "answer": "2",
        "subject": "Algebra",
        "level": 1,
        "unique_id": "test/algebra/9.json",
    },
]
MATH_128 = [
    {
        "problem": row["problem"],
        "level": f"Level {row['level']}",
        "type": row["subject"],
        "solution": row["solution"],
    }
    for row in MATH_500
]
AIME_2024 = [
    {
        "id": number,
        "problem": f"Find the remainder {number}.",
        "solution": "Long.",
        "answer": answer,
        "url": "https://example.org",
        "year": "2024",
    }
    for number, answer in ((60, "025"), (61, "000"), (62, "999"))
]
AIME_2025 = [
    {"id": row["id"], "problem": row["problem"], "answer": row["answer"], "solution": "Long."}
    for row in AIME_2024
]
AMC_2023 = [
    {"id": 0, "question": "How many?", "answer": 27.0, "url": "https://example.org/1"},
    {"id": 1, "question": "How much?", "answer": -1.0, "url": "https://example.org/2"},
]
GPQA = [
    {
        "Pre-Revision Question": "Old.",
        "Question": f"Which of these is number {i}?\n",
        "Correct Answer": f"right {i}\n",
        "Incorrect Answer 1": f"first {i}",
        "Incorrect Answer 2": f" second {i}",
        "Incorrect Answer 3": f"third {i}, or\nso",
        "Explanation": "Because.",
        "Subdomain": "Arithmetic (general)",
        "High-level domain": "Mathematics",
        "Record ID": f"rec{i}",
        "Canary String": "Keep out.",
    }
    for i in range(20)
]
ROWS: dict[str, list[dict[str, Any]]] = {
    "math-500": MATH_500,
    "math-128": MATH_128,
    "aime-2024": AIME_2024,
    "aime-2025": AIME_2025,
    "amc-2023": AMC_2023,
    "gpqa-diamond": GPQA,
}
FILES = {
    "math-500": "test.jsonl",
    "math-128": "data/test-00000-of-00001.parquet",
    "aime-2024": "data/train-00000-of-00001.parquet",
    "aime-2025": "data/train-00000-of-00001-243207c6c994e1bd.parquet",
    "amc-2023": "data/test-00000-of-00001.parquet",
    "gpqa-diamond": "gpqa_diamond.csv",
}
NAMES = list(RECIPES)


def snapshot(folder: Path, name: str) -> Path:
    """A dataset's folder as a download leaves it; returns its data file."""
    path = folder / FILES[name]
    path.parent.mkdir(parents=True, exist_ok=True)
    (folder / "README.md").write_text("---\nlicense: mit\n---\n# A dataset\n")
    frame = pl.DataFrame(ROWS[name])
    if path.suffix == ".jsonl":
        path.write_text("".join(json.dumps(row) + "\n" for row in ROWS[name]))
    elif path.suffix == ".csv":
        frame.write_csv(path)
        frame.write_csv(path.with_name("gpqa_main.csv"))
    else:
        frame.write_parquet(path)
    return path


def load(folder: Path, name: str, **fields: Any) -> pl.DataFrame:
    return load_problems(ProblemSource(recipe=name, source=str(snapshot(folder, name)), **fields))


@pytest.mark.parametrize("name", NAMES)
def test_every_recipe_reads_a_local_file_or_folder(tmp_path: Path, name: str) -> None:
    problems = load(tmp_path, name)
    assert problems.columns[:6] == list(TABLES["problems"].columns)
    assert problems.height == len(ROWS[name])
    assert problems.null_count().select("problem_id", "question", "reference_answer").row(0) == (
        0,
        0,
        0,
    )
    assert set(problems["kind"]) == {find_recipe(name).kind}
    folder = load_problems(ProblemSource(recipe=name, source=str(tmp_path)))
    assert folder.equals(problems)


@pytest.mark.parametrize("name", NAMES)
def test_a_recipe_keeps_no_column_that_holds_the_answer(tmp_path: Path, name: str) -> None:
    problems = load(tmp_path, name)
    further = problems.columns[6:]
    assert set(further) <= {"url", "subdomain"}
    for row in problems.select(further).iter_rows():
        assert not {"Long.", "Because.", "Keep out."} & set(row)


@pytest.mark.parametrize("name", NAMES)
def test_references_are_graded_as_correct(tmp_path: Path, name: str) -> None:
    problems = load(tmp_path, name)
    rows = problems.select(
        "problem_id",
        "kind",
        "reference_answer",
        pl.lit(0, pl.Int32).alias("solution_id"),
        pl.col("reference_answer").alias("answer"),
    )
    assert grade_answers(rows, workers=1)["is_correct"].all()


def test_math_500(tmp_path: Path) -> None:
    problems = load(tmp_path, "math-500")
    assert problems.row(0, named=True) == {
        "problem_id": "test/prealgebra/1.json",
        "question": MATH_500[0]["problem"],
        "reference_answer": "\\frac{3}{4}",
        "kind": "math",
        "subject": "Prealgebra",
        "level": "2",
    }


def test_math_128_takes_the_answer_out_of_the_solution(tmp_path: Path) -> None:
    problems = load(tmp_path, "math-128")
    assert problems["problem_id"].to_list() == ["0", "1"]
    assert problems["reference_answer"].to_list() == ["\\frac{3}{4}", "2"]
    assert problems["level"].to_list() == ["2", "1"]
    assert problems["subject"].to_list() == ["Prealgebra", "Algebra"]


def test_columns_that_may_be_missing(tmp_path: Path) -> None:
    path = tmp_path / "m.parquet"
    pl.DataFrame(MATH_128).drop("level", "type").write_parquet(path)
    problems = load_problems(ProblemSource(recipe="math-128", source=str(path)))
    assert problems["level"].to_list() == [None, None]
    pl.DataFrame(MATH_128).drop("solution").write_parquet(path)
    with pytest.raises(BadInputError, match=r"'solution' \(reference_answer\) is missing"):
        load_problems(ProblemSource(recipe="math-128", source=str(path)))


@pytest.mark.parametrize("name", ["aime-2024", "aime-2025"])
def test_leading_zeros_stay_and_mean_nothing(tmp_path: Path, name: str) -> None:
    problems = load(tmp_path, name)
    assert problems["problem_id"].to_list() == ["60", "61", "62"]
    assert problems["reference_answer"].to_list() == ["025", "000", "999"]
    rows = problems.select(
        "problem_id",
        "kind",
        "reference_answer",
        pl.lit(0, pl.Int32).alias("solution_id"),
        pl.Series("answer", ["25", "0", "099"]),
    )
    assert grade_answers(rows, workers=1)["is_correct"].to_list() == [True, True, False]


@pytest.mark.parametrize("suffix", ["parquet", "jsonl", "csv"])
def test_amc_answers_are_whole_numbers(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"amc.{suffix}"
    frame = pl.DataFrame(AMC_2023)
    if suffix == "parquet":
        frame.write_parquet(path)
    elif suffix == "csv":
        frame.write_csv(path)
    else:
        frame.write_ndjson(path)
    problems = load_problems(ProblemSource(recipe="amc-2023", source=str(path)))
    assert problems["reference_answer"].to_list() == ["27", "-1"]


def test_gpqa_choices(tmp_path: Path) -> None:
    problems = load(tmp_path, "gpqa-diamond")
    for i, row in enumerate(problems.iter_rows(named=True)):
        question = row["question"]
        assert question.startswith(f"Which of these is number {i}?\n\nA) ")
        assert re.findall(r"^([A-D])\) ", question, re.MULTILINE) == list("ABCD")
        assert f"\n{row['reference_answer']}) right {i}\n" in f"{question}\n"
        assert row["subject"] == "Mathematics"
        assert row["subdomain"] == "Arithmetic (general)"
    assert set(problems["reference_answer"]) == set("ABCD")


def test_gpqa_letters_do_not_depend_on_other_problems(tmp_path: Path) -> None:
    problems = load(tmp_path, "gpqa-diamond")
    some = load(tmp_path, "gpqa-diamond", ids=["rec17", "rec3"])
    assert some.equals(problems.filter(pl.col("problem_id").is_in(["rec3", "rec17"])))
    reverse = tmp_path / "reverse.csv"
    pl.DataFrame(GPQA[::-1]).write_csv(reverse)
    turned = load_problems(ProblemSource(recipe="gpqa-diamond", source=str(reverse)))
    assert turned.reverse().equals(problems)
    assert not load(tmp_path, "gpqa-diamond", seed=1).equals(problems)


def test_columns_of_a_recipe_can_be_renamed(tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl"
    path.write_text('{"id": 1, "prompt": "Q", "answer": 5}\n')
    problems = load_problems(
        ProblemSource(
            recipe="aime-2025", source=str(path), columns={"question": "prompt"}, kind="math"
        )
    )
    assert problems.row(0)[:4] == ("1", "Q", "5", "math")


def test_recipes_are_pinned_and_find_their_files(tmp_path: Path) -> None:
    for name, recipe in RECIPES.items():
        folder = tmp_path / name
        path = snapshot(folder, name)
        assert find_files(folder, split=recipe.split, pattern=recipe.file) == [path]
        assert re.fullmatch(r"[0-9a-f]{40}", recipe.revision) or name == "math-128"
        assert (recipe.file is None) != (recipe.split is None)


def test_unknown_recipe() -> None:
    with pytest.raises(BadInputError, match=r"recipe 'aime': use one of math-500, .*gpqa-diamond"):
        find_recipe("aime")


def test_recipes_are_documented() -> None:
    text = (Path(__file__).parents[2] / "docs" / "problem-sets.md").read_text("utf-8")
    for name, recipe in RECIPES.items():
        file = f"`{recipe.file}`" if recipe.file else f"split `{recipe.split}`"
        assert f"| `{name}` | {recipe.dataset} | `{recipe.revision}` | {file} |" in text
