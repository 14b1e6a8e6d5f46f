from pathlib import Path
from typing import Any

import polars as pl
import pytest
from polars.testing import assert_frame_equal

from svlaw.analysis.exports.pool_export import export_pool
from svlaw.analysis.success.success_table import success_table
from svlaw.data.errors import BadInputError
from svlaw.data.examples import open_example
from svlaw.data.importers.flat_tables import import_tables
from svlaw.data.importers.success_tables import import_success
from svlaw.data.pool import Pool, open_pool
from svlaw.data.pool_writer import create_pool

FORMS = ["parquet", "csv"]

PROBLEMS = pl.DataFrame(
    {
        "problem_id": ["0777", 'a "quoted", id', "line\nbreak", "empty"],
        "question": ["1:30", 'say "hi", now\r\nand\n\nthen', "", None],
        "reference_answer": ["007", "1:30", "null", None],
        "kind": ["math", "external", None, None],
        "exam": ["ünï €", "NA", " ", None],
    }
)
SOLUTIONS = pl.DataFrame(
    {
        "problem_id": ["0777", "0777", "0777", 'a "quoted", id', "line\nbreak"],
        "solution_id": pl.Series([0, 1, 3, 0, 0], dtype=pl.Int32),
        "text": ['So\n\n$x$, "y" is 007.', "", None, " ", "cut off in the mid"],
        "prompt_tokens": pl.Series([5, None, 5, 5, 5], dtype=pl.Int32),
        "output_tokens": pl.Series([9, None, 0, 5, 5], dtype=pl.Int32),
        "finish_reason": ["stop", None, "stop", "stop", "length"],
        "seed": [7, None, 2**62, 0, 0],
    }
)
ANSWERS = SOLUTIONS.select("problem_id", "solution_id", "output_tokens").with_columns(
    answer=pl.Series(["007", "1:30", None, '"x", y', "null"]),
    answer_class=pl.Series([0, 1, None, 0, 0], dtype=pl.Int32),
    is_correct=pl.Series([True, False, False, True, False]),
    status=pl.Series(["graded", "timeout", "no_answer", "graded", "truncated"]),
    output_chars=pl.Series([20, 0, None, 1, 18], dtype=pl.Int32),
)
VERIFICATIONS = pl.DataFrame(
    {
        "problem_id": ["0777", "0777", "line\nbreak"],
        "solution_id": pl.Series([0, 0, 0], dtype=pl.Int32),
        "verification_id": pl.Series([0, 1, 0], dtype=pl.Int32),
        "text": ["Yes", "hm", ""],
        "p_yes": [1 / 3, None, 0.0],
        "p_no": [2 / 3, 1e-300, None],
    }
)
# Rows that filling one column from the other would change.
VERDICTS = VERIFICATIONS.select("problem_id", "solution_id", "verification_id").with_columns(
    verdict=pl.Series(["yes", "yes", None]),
    score=pl.Series([1 / 3, None, 0.9]),
    status=pl.Series(["graded", "unparsed", "graded"]),
    output_chars=pl.Series([3, 2, 0], dtype=pl.Int32),
)


@pytest.fixture
def pool(tmp_path: Path) -> Pool:
    """Everything that spreadsheets and readers like to spoil, and two verifiers."""
    metadata = {"title": "A | pool\nof trouble", "source": "a test", "remarks": ["2 failed"]}
    with create_pool(tmp_path / "pool", metadata) as writer:
        writer.add("problems", PROBLEMS)
        writer.add("solutions", SOLUTIONS.head(2))
        writer.add("solutions", SOLUTIONS.tail(3))
        writer.add("answers", ANSWERS)
        for verifier in ("zeta", "alpha"):
            writer.add("verifications", VERIFICATIONS, verifier=verifier)
            writer.add("verdicts", VERDICTS, verifier=verifier)
    return open_pool(tmp_path / "pool")


def import_again(folder: Path, out: Path) -> Pool:
    files = {path.stem: path for path in folder.iterdir() if path.suffix != ".md"}
    if "success" in files:
        return import_success(out, files["success"])
    return import_tables(
        out,
        files["answers"],
        problems=files.get("problems"),
        verifications=files.get("verdicts"),
    )


def contents(pool: Pool, table: str, verifier: str | None = None) -> pl.DataFrame:
    keys = ["problem_id", "solution_id", "verification_id", "strategy", "solutions"]
    frame = pool.scan(table, verifier).collect()
    return frame.sort([key for key in keys if key in frame.columns])


def assert_equal_pools(one: Pool, other: Pool, *, text: bool) -> None:
    assert one.verifiers == other.verifiers
    assert one.shared_calls == other.shared_calls
    for table in ("problems", "answers", "success", *(["solutions"] if text else [])):
        assert one.has(table) == other.has(table), table
        if one.has(table):
            assert_frame_equal(contents(one, table), contents(other, table), check_exact=True)
    for verifier in one.verifiers:
        for table in ("verdicts", *(["verifications"] if text else [])):
            assert_frame_equal(
                contents(one, table, verifier), contents(other, table, verifier), check_exact=True
            )


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("text", [False, True])
def test_what_is_exported_can_be_imported_again(
    pool: Pool, tmp_path: Path, form: Any, text: bool
) -> None:
    folder = export_pool(pool, tmp_path / "out", form=form, text=text)
    names = [f"{name}.{form}" for name in ("answers", "problems", "verdicts")]
    assert sorted(path.name for path in folder.iterdir()) == sorted(["README.md", *names])
    again = import_again(folder, tmp_path / "again")
    assert_equal_pools(pool, again, text=text)
    assert again.has("solutions") is text


@pytest.mark.parametrize("form", FORMS)
def test_texts_are_there_when_they_are_asked_for(pool: Pool, tmp_path: Path, form: Any) -> None:
    read = {"parquet": pl.read_parquet, "csv": pl.read_csv}[form]
    held = set(SOLUTIONS["text"].drop_nulls()) | set(VERIFICATIONS["text"])
    for text in (False, True):
        folder = export_pool(pool, tmp_path / f"out-{text}", form=form, text=text)
        for name in ("answers", "verdicts"):
            frame = read(folder / f"{name}.{form}")
            assert ("text" in frame.columns) is text
        found = {word for word in held if len(word) > 3 and word in _raw(folder)}
        assert bool(found) is text


def _raw(folder: Path) -> str:
    frames = [
        pl.read_parquet(path) if path.suffix == ".parquet" else pl.read_csv(path)
        for path in folder.iterdir()
        if path.suffix != ".md"
    ]
    return "\n".join(str(row) for frame in frames for row in frame.rows())


def test_csv_keeps_text_as_text_and_nulls_as_nulls(pool: Pool, tmp_path: Path) -> None:
    folder = export_pool(pool, tmp_path / "out", form="csv", text=True)
    problems = pl.read_csv(folder / "problems.csv", infer_schema=False)
    assert sorted(problems["problem_id"]) == sorted(PROBLEMS["problem_id"])
    kept = problems.sort("problem_id").select("question", "exam")
    assert_frame_equal(kept, PROBLEMS.sort("problem_id").select("question", "exam"))
    lines = (folder / "answers.csv").read_text().split("\n")
    assert lines[0].startswith('"problem_id","solution_id","answer"')
    assert '"0777",0,"007",0,"true","graded",9,20' in "\n".join(lines)


@pytest.fixture
def exams(tmp_path: Path) -> Pool:
    """A corner of the example with exam questions."""
    example = open_example("exams_gpt35_by_gpt4")
    few = pl.col("problem_id").is_in(example.read("problems", ["problem_id"])["problem_id"][:12])
    with create_pool(tmp_path / "exams", {"source": "a corner of an example"}) as writer:
        for table in ("problems", "answers", "verdicts"):
            verifier = "gpt4_resolve" if table == "verdicts" else None
            rows = example.scan(table, verifier).filter(few)
            for name in ("solution_id", "verification_id"):
                if name in rows.collect_schema():
                    rows = rows.filter(pl.col(name) < 16)
            writer.add(table, rows.collect(), verifier=verifier)
    return open_pool(tmp_path / "exams")


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("published", [False, True])
def test_estimates_are_the_same_to_the_byte(
    exams: Pool, tmp_path: Path, form: Any, published: bool
) -> None:
    pool = open_example("singhi2025_fig1") if published else exams
    again = import_again(export_pool(pool, tmp_path / "out", form=form), tmp_path / "again")
    assert_equal_pools(pool, again, text=False)
    one, other = (success_table(pool, reuse=False) for pool in (pool, again))
    assert one.points.equals(other.points)
    assert one.success.tobytes() == other.success.tobytes()
    assert one.variance.tobytes() == other.variance.tobytes()


def test_the_card_says_what_is_there(pool: Pool, tmp_path: Path) -> None:
    folder = export_pool(pool, tmp_path / "out")
    card = (folder / "README.md").read_text("utf-8")
    assert "# A | pool of trouble\n" in card
    assert "- Source: a test\n" in card
    assert "- Licence: not stated" in card
    assert "- Verifiers: zeta, alpha\n" in card
    assert "lambda, the length of a verification over that of a solution (zeta): " in card
    assert "### answers: `answers.parquet`, 5 rows" in card
    assert "| answer_class | whole number | group of equal answers" in card
    assert "| exam | text | from the source, for grouping |" in card
    assert "- 2 failed\n" in card
    assert 'verdicts = pl.read_parquet("verdicts.parquet")' in card
    command = (
        "svlaw import tables --out pool --problems problems.parquet --solutions answers.parquet"
        " --verifications verdicts.parquet\n"
    )
    assert command in card
    columns = [line for line in card.split("\n") if line.startswith("| ")]
    assert all(line.replace("\\|", "").count("|") in (3, 4) for line in columns)
    assert "`nan`" not in card
    assert "None" not in card


def test_cards_name_the_licence(tmp_path: Path) -> None:
    folder = export_pool(open_example("exams_gpt35_by_gpt4"), tmp_path / "out")
    card = (folder / "README.md").read_text("utf-8")
    assert "- Licence: BSD-2-Clause" in card
    assert "(gpt4_resolve): 0.962 (691 over 719 characters)" in card


def test_every_column_of_a_pool_is_explained(pool: Pool, tmp_path: Path) -> None:
    folder = export_pool(pool, tmp_path / "out", text=True)
    card = (folder / "README.md").read_text("utf-8")
    further = [
        line for line in card.split("\n") if line.endswith("| from the source, for grouping |")
    ]
    assert further == ["| exam | text | from the source, for grouping |"]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"form": "xlsx"}, "format 'xlsx': use one of parquet, csv"),
        ({"text": True}, "holds no texts; export it without them"),
    ],
)
def test_bad_arguments_are_refused(tmp_path: Path, options: dict[str, Any], message: str) -> None:
    with pytest.raises(BadInputError, match=message):
        export_pool(open_example("exams_gpt35_by_gpt4"), tmp_path / "out", **options)
    assert not (tmp_path / "out").exists()


def test_an_existing_folder_is_left_alone(pool: Pool, tmp_path: Path) -> None:
    (tmp_path / "out").mkdir()
    with pytest.raises(BadInputError, match="out: exists already"):
        export_pool(pool, tmp_path / "out")
    assert list((tmp_path / "out").iterdir()) == []


def test_lists_do_not_fit_into_csv(tmp_path: Path) -> None:
    with create_pool(tmp_path / "pool", {}) as writer:
        writer.add("problems", pl.DataFrame({"problem_id": ["p"], "tags": [["a", "b"]]}))
        writer.add("answers", ANSWERS.head(1).with_columns(problem_id=pl.lit("p")))
    export_pool(tmp_path / "pool", tmp_path / "fine")
    with pytest.raises(BadInputError, match=r"problems\.csv: column 'tags' holds List"):
        export_pool(tmp_path / "pool", tmp_path / "out", form="csv")
    assert not (tmp_path / "out").exists()


def test_a_damaged_pool_gives_one_line_and_no_folder(pool: Pool, tmp_path: Path) -> None:
    (part,) = pool.parts("answers")
    content = bytearray(part.read_bytes())
    content[20:120] = bytes(100)
    part.write_bytes(content)
    with pytest.raises(BadInputError, match=rf"{part.name}: damaged"):
        export_pool(pool, tmp_path / "out")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["pool"]


def test_an_interrupt_leaves_nothing_behind(pool: Pool, tmp_path: Path) -> None:
    def interrupt(done: int, total: int) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        export_pool(pool, tmp_path / "out", progress=interrupt)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["pool"]


@pytest.mark.parametrize("form", FORMS)
def test_shared_calls_are_exported(tmp_path: Path, form: Any) -> None:
    with create_pool(tmp_path / "pool", {}) as writer:
        writer.add("problems", PROBLEMS)
        writer.add("answers", ANSWERS)
        writer.share_calls("zeta")
        for verifier in ("zeta", "alpha"):
            writer.add("verdicts", VERDICTS, verifier=verifier)
    pool = open_pool(tmp_path / "pool")
    folder = export_pool(pool, tmp_path / "tables", form=form)
    again = import_again(folder, tmp_path / "again")
    assert_equal_pools(pool, again, text=False)
    assert again.shared_calls == {"zeta"}
    assert "| calls | text | shared: verification_id names a call" in (
        folder / "README.md"
    ).read_text("utf-8")
