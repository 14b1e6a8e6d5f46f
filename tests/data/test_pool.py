import json
from pathlib import Path

import polars as pl
import pytest

from svlaw.data.errors import BadInputError, NotInPoolError
from svlaw.data.pool import Pool, open_pool, open_pools
from svlaw.data.pool_file import POOL_FILE
from svlaw.data.pool_writer import append, create_pool, replace, update_metadata

ANSWERS = pl.DataFrame(
    {
        "problem_id": ["p", "p", "q"],
        "solution_id": [0, 1, 0],
        "answer_class": [0, None, 0],
        "is_correct": [True, False, False],
        "status": ["graded", "no_answer", "graded"],
    }
)
NEWEST = {"format": "svlaw-pool", "schema_version": 1}
VERDICTS = pl.DataFrame(
    {
        "problem_id": ["p", "p", "p"],
        "solution_id": [0, 0, 1],
        "verification_id": [0, 1, 0],
        "verdict": ["yes", None, "no"],
        "score": [1.0, None, 0.0],
        "status": ["graded", "unparsed", "graded"],
    }
)


def make(path: Path) -> Pool:
    with create_pool(path, {"source": "test"}) as writer:
        writer.add("answers", ANSWERS)
        writer.add("verdicts", VERDICTS, verifier="a")
        writer.add("verdicts", VERDICTS.head(1), verifier="b")
    return open_pool(path)


def hidden(folder: Path) -> list[Path]:
    """What a reader does not see, the locks of writers aside."""
    return [path for path in folder.rglob(".*") if path.name != ".locks"]


def test_a_pool_is_opened_without_reading_rows(tmp_path):
    pool = make(tmp_path / "pool")
    assert pool.verifiers == ("a", "b")
    assert pool.metadata == {"source": "test"}
    assert pool.has("answers")
    assert not pool.has("solutions")
    assert pool.read("answers", ("solution_id",))["solution_id"].to_list() == [0, 1, 0]
    assert pool.read("verdicts", ("score",), "b").height == 1


def test_scans_read_only_the_columns_a_query_names(tmp_path):
    pool = make(tmp_path / "pool")
    plan = pool.scan("answers").select("solution_id").explain()
    assert "1/8 COLUMNS" in plan.upper().replace("PROJECT ", "")


def test_a_verifier_must_be_named_when_there_are_several(tmp_path):
    pool = make(tmp_path / "pool")
    with pytest.raises(BadInputError, match="one of: a, b"):
        pool.resolve_verifier()
    with pytest.raises(NotInPoolError, match="no verifier 'c'"):
        pool.resolve_verifier("c")
    assert pool.resolve_verifier("b") == "b"


def test_an_existing_folder_is_refused_and_untouched(tmp_path):
    target = tmp_path / "pool"
    target.mkdir()
    (target / "mine").write_text("keep")
    with pytest.raises(BadInputError, match="exists already"):
        make(target)
    assert [path.name for path in target.iterdir()] == ["mine"]


def test_a_failed_import_leaves_nothing_behind(tmp_path):
    def fail() -> None:
        with create_pool(tmp_path / "pool", {}) as writer:
            writer.add("answers", ANSWERS)
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        fail()
    assert list(tmp_path.iterdir()) == []


def test_append_adds_one_part_and_never_replaces(tmp_path):
    pool = make(tmp_path / "pool")
    more = ANSWERS.with_columns(solution_id=pl.col("solution_id") + 5)
    grown = append(pool, "answers", more)
    assert grown.read("answers", ("solution_id",)).height == 6
    assert len(grown.parts("answers")) == 2
    with pytest.raises(BadInputError, match="solution_id 5 is in the pool already"):
        append(grown, "answers", more.head(1))
    assert open_pool(pool.path).read("answers", ("solution_id",)).height == 6
    assert hidden(pool.path) == []


def test_append_of_a_new_verifier_is_recorded(tmp_path):
    pool = append(make(tmp_path / "pool"), "verdicts", VERDICTS, verifier="c")
    assert pool.verifiers == open_pool(pool.path).verifiers == ("a", "b", "c")


@pytest.mark.parametrize("name", ["../x", "a/b", "", ".hidden"])
def test_a_verifier_name_cannot_leave_the_pool(tmp_path, name):
    pool = make(tmp_path / "pool")
    with pytest.raises(BadInputError, match="verifier name"):
        append(pool, "verdicts", VERDICTS, verifier=name)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"is_correct": None}, "row 1: is_correct None is missing"),
        ({"status": "fine"}, "row 1: status 'fine' is not one of graded"),
        ({"solution_id": 0, "problem_id": "p"}, "row 2: duplicate key"),
    ],
)
def test_rows_that_do_not_fit_are_refused(tmp_path, change, message):
    frame = ANSWERS.with_columns(**{k: pl.lit(v) for k, v in change.items()})
    with (
        pytest.raises(BadInputError, match=message),
        create_pool(tmp_path / "pool", {}) as writer,
    ):
        writer.add("answers", frame)
    assert not (tmp_path / "pool").exists()


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("{", "not valid JSON"),
        ("[]", "not a pool file"),
        (json.dumps({"format": "svlaw-pool", "schema_version": 99}), "99 is newer than 1"),
        (json.dumps({"format": "svlaw-pool", "schema_version": "x"}), "'x' is not a positive"),
        ("[" * 100_000, "not valid JSON"),
        (json.dumps({**NEWEST, "verifiers": [1]}), r"verifiers \[1\] is not a list of names"),
        (json.dumps({**NEWEST, "metadata": "mine"}), "metadata is not an object"),
    ],
)
def test_a_broken_pool_file_is_one_clear_line(tmp_path, text, message):
    pool = make(tmp_path / "pool")
    (pool.path / POOL_FILE).write_text(text)
    with pytest.raises(BadInputError, match=message) as caught:
        open_pool(pool.path)
    assert "\n" not in str(caught.value)


def test_a_pool_that_generation_has_just_begun(tmp_path):
    with create_pool(tmp_path / "pool", {}) as writer:
        writer.add("problems", pl.DataFrame({"problem_id": ["p"]}))
    with pytest.raises(BadInputError, match="no solutions yet; if they are being generated, wait"):
        open_pool(tmp_path / "pool")
    assert open_pool(tmp_path / "pool", unfinished=True).has("problems")


def test_a_truncated_part_is_named(tmp_path):
    pool = make(tmp_path / "pool")
    (part,) = pool.parts("answers")
    part.write_bytes(part.read_bytes()[:-20])
    with pytest.raises(BadInputError, match=part.name):
        open_pool(pool.path)


def test_damaged_pages_are_named_when_read(tmp_path):
    pool = make(tmp_path / "pool")
    (part,) = pool.parts("answers")
    content = bytearray(part.read_bytes())
    content[4:60] = bytes(56)
    part.write_bytes(content)
    named = part.rename(part.with_name("part-000000.parquet"))
    with pytest.raises(BadInputError, match="'answers' is damaged"):
        open_pool(pool.path).read("answers", ("problem_id", "solution_id"))
    named.rename(part)
    with pytest.raises(BadInputError, match=rf"{part.name}: damaged: its bytes"):
        open_pool(pool.path).read("answers", ("problem_id", "solution_id"))


def test_a_part_with_other_columns_is_refused(tmp_path):
    pool = make(tmp_path / "pool")
    (part,) = pool.parts("answers")
    pl.DataFrame({"problem_id": ["p"]}).write_parquet(part)
    with pytest.raises(BadInputError, match="column 'solution_id' is missing"):
        open_pool(pool.path)


def test_a_folder_that_is_no_pool(tmp_path):
    with pytest.raises(BadInputError, match="not a pool"):
        open_pool(tmp_path)


def test_pools_beside_each_other_get_unique_names(tmp_path):
    first, second = make(tmp_path / "x" / "pool"), make(tmp_path / "y" / "pool")
    pools = open_pools([first.path, second.path])
    assert list(pools) == ["x/pool", "y/pool"]
    with pytest.raises(BadInputError, match="given twice"):
        open_pools([first.path, first.path])


def test_a_hidden_unfinished_part_is_not_read(tmp_path):
    pool = make(tmp_path / "pool")
    (part,) = pool.parts("answers")
    part.with_name(f".{part.name}.tmp").write_bytes(b"half")
    assert open_pool(pool.path).read("answers", ("problem_id",)).height == 3


def test_rows_of_a_part_are_in_order_of_their_key(tmp_path) -> None:
    rows = pl.DataFrame(
        {
            "problem_id": ["b", "a", "b", "a"],
            "solution_id": pl.Series([1, 1, 0, 0], dtype=pl.Int32),
            "is_correct": [True, False, True, False],
            "status": ["graded"] * 4,
        }
    )
    parts = []
    for name, frame in (("one", rows), ("two", rows[::-1])):
        with create_pool(tmp_path / name, {}) as writer:
            writer.add("answers", frame)
        (part,) = open_pool(tmp_path / name).parts("answers")
        parts.append(part)
    assert pl.read_parquet(parts[0])["problem_id"].to_list() == ["a", "a", "b", "b"]
    assert parts[0].name == parts[1].name  # named by content, so the order of arrival is gone
    assert parts[0].read_bytes() == parts[1].read_bytes()


def _answers(correct: bool, n: int = 3) -> pl.DataFrame:
    return pl.DataFrame(
        {
            "problem_id": ["p"] * n,
            "solution_id": pl.Series(range(n), dtype=pl.Int32),
            "is_correct": [correct] * n,
            "status": ["graded"] * n,
        }
    )


def test_a_derived_table_is_replaced_whole_or_not_at_all(tmp_path) -> None:
    with create_pool(tmp_path / "p", {}) as writer:
        writer.add("answers", _answers(False))
    pool = append(open_pool(tmp_path / "p"), "answers", _answers(False, 5)[3:])
    before = sorted(pool.path.rglob("part*"))
    with pytest.raises(BadInputError, match="status"):
        replace(pool, "answers", _answers(True).with_columns(pl.lit("odd").alias("status")))
    assert sorted(pool.path.rglob("part*")) == before
    pool = replace(pool, "answers", _answers(True))
    assert pool.read("answers", ("is_correct",))["is_correct"].to_list() == [True] * 3
    assert [p.name for p in (pool.path / "answers").iterdir()] == [pool.parts("answers")[0].name]
    assert hidden(pool.path) == []


def test_only_derived_tables_are_replaced(tmp_path) -> None:
    with create_pool(tmp_path / "p", {}) as writer:
        writer.add("answers", _answers(False))
    with pytest.raises(ValueError, match="'solutions'"):
        replace(open_pool(tmp_path / "p"), "solutions", _answers(False))


def test_a_new_verifier_is_noted_when_its_verdicts_are_put_in_place(tmp_path) -> None:
    with create_pool(tmp_path / "p", {}) as writer:
        writer.add("answers", _answers(False))
    verdicts = _answers(True).select(
        "problem_id",
        "solution_id",
        pl.lit(0, pl.Int32).alias("verification_id"),
        pl.lit(1.0).alias("score"),
        "status",
    )
    pool = replace(open_pool(tmp_path / "p"), "verdicts", verdicts, verifier="v")
    assert pool.verifiers == open_pool(tmp_path / "p").verifiers == ("v",)


def test_a_pool_with_nothing_but_text_opens_and_says_what_to_do(tmp_path) -> None:
    texts = pl.DataFrame(
        {
            "problem_id": ["p"],
            "solution_id": pl.Series([0], dtype=pl.Int32),
            "text": ["So \\boxed{5}."],
        }
    )
    with create_pool(tmp_path / "p", {}) as writer:
        writer.add("solutions", texts)
    with pytest.raises(NotInPoolError, match="grade its solutions first"):
        open_pool(tmp_path / "p").scan("answers")


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ([], "is not an object of objects"),
        ({"v": "shared"}, "is not an object of objects"),
        ({"w": {"calls": "shared"}}, "'w' is none of the verifiers"),
        ({"v": {"calls": "common"}}, "calls of 'v' are 'common'; use independent or shared"),
    ],
)
def test_settings_of_verifiers_that_cannot_be(tmp_path, settings, message) -> None:
    document = {"format": "svlaw-pool", "schema_version": 1, "verifiers": ["v"]}
    (tmp_path / "pool.json").write_text(json.dumps({**document, "verifier_settings": settings}))
    with pytest.raises(BadInputError, match=message):
        open_pool(tmp_path)


def test_shared_calls_survive_other_changes_of_the_pool(tmp_path) -> None:
    with create_pool(tmp_path / "pool", {}) as writer:
        writer.add("answers", _answers(True))
        writer.share_calls("tests")
        verdicts = {"problem_id": ["p"], "solution_id": [0], "verification_id": [0], "score": [1.0]}
        rows = pl.DataFrame(verdicts).with_columns(status=pl.lit("graded"))
        writer.add("verdicts", rows, verifier="tests")
    pool = update_metadata(open_pool(tmp_path / "pool"), {"source": "elsewhere"})
    pool = replace(pool, "verdicts", rows, verifier="other")
    assert pool.shared_calls == {"tests"}
    assert open_pool(pool.path) == pool
