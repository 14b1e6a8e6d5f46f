import json

import polars as pl
import pytest

from svlaw.data.errors import BadInputError
from svlaw.data.importers.flat_tables import import_tables, import_verdicts
from svlaw.data.pool import open_pool

SOLUTIONS = pl.DataFrame(
    {
        "problem_id": ["p", "p", "p", "q", "q"],
        "solution_id": [0, 1, 2, 0, 1],
        "answer": ["0777", "5", None, "0777", "  "],
        "is_correct": [True, False, False, True, False],
    }
)
VERDICTS = pl.DataFrame(
    {
        "problem_id": ["p", "p", "q"],
        "solution_id": [0, 0, 1],
        "verification_id": [0, 1, 0],
        "score": [0.25, None, 1.0],
    }
)


def write(frame, path):
    if path.suffix == ".parquet":
        frame.write_parquet(path)
    elif path.suffix == ".csv":
        frame.write_csv(path)
    else:
        path.write_text("".join(json.dumps(row) + "\n" for row in frame.to_dicts()))
    return path


def run(tmp_path, solutions=SOLUTIONS, verdicts=VERDICTS, suffix=".parquet", **options):
    return import_tables(
        tmp_path / "pool",
        write(solutions, tmp_path / f"solutions{suffix}"),
        verifications=write(verdicts, tmp_path / f"verdicts{suffix}"),
        **options,
    )


@pytest.mark.parametrize("suffix", [".parquet", ".csv", ".jsonl"])
def test_every_kind_of_file_gives_the_same_pool(tmp_path, suffix):
    pool = run(tmp_path, suffix=suffix)
    answers = pool.scan("answers").collect()
    assert answers["answer"].to_list() == ["0777", "5", None, "0777", None]
    assert answers["answer_class"].to_list() == [0, 1, None, 0, None]
    assert answers["is_correct"].to_list() == [True, False, False, True, False]
    assert answers["status"].to_list() == ["graded", "graded", "no_answer", "graded", "no_answer"]
    verdicts = pool.scan("verdicts", "verifier").collect()
    assert verdicts["score"].to_list() == [0.25, None, 1.0]
    assert verdicts["verdict"].to_list() == ["no", None, "yes"]
    assert verdicts["status"].to_list() == ["graded", "unparsed", "graded"]


def test_row_order_does_not_matter(tmp_path):
    (tmp_path / "a").mkdir()
    (tmp_path / "b").mkdir()
    first = run(tmp_path / "a")
    second = run(tmp_path / "b", SOLUTIONS.reverse(), VERDICTS.reverse())
    for table, verifier in (("answers", None), ("verdicts", "verifier")):
        assert first.scan(table, verifier).collect().equals(second.scan(table, verifier).collect())


def test_verdicts_may_be_words_or_flags(tmp_path):
    words = VERDICTS.drop("score").with_columns(verdict=pl.Series(["Yes", "", "no"]))
    verdicts = run(tmp_path, verdicts=words).scan("verdicts", "verifier").collect()
    assert verdicts["score"].to_list() == [1.0, None, 0.0]
    assert verdicts["verdict"].to_list() == ["yes", None, "no"]


def test_a_score_wins_over_a_verdict_which_fills_gaps(tmp_path):
    both = VERDICTS.with_columns(verdict=pl.Series([True, False, None]))
    verdicts = run(tmp_path, verdicts=both).scan("verdicts", "verifier").collect()
    assert verdicts["score"].to_list() == [0.25, 0.0, 1.0]
    assert verdicts["verdict"].to_list() == ["yes", "no", "yes"]


def test_nan_scores_are_unparsed(tmp_path):
    frame = VERDICTS.with_columns(score=pl.Series([float("nan"), 0.0, 1.0]))
    verdicts = run(tmp_path, verdicts=frame).scan("verdicts", "verifier").collect()
    assert verdicts["status"].to_list() == ["unparsed", "graded", "graded"]


def test_unknown_columns_are_ignored_and_named_known_text_is_kept_apart(tmp_path):
    frame = SOLUTIONS.with_columns(
        text=pl.lit("abc"), mood=pl.lit("x"), finish_reason=pl.lit("length"), status=pl.lit("E")
    )
    pool = run(tmp_path, frame)
    assert pool.metadata["ignored_columns"] == ["mood", "status"]
    assert pool.scan("solutions").collect()["text"].to_list() == ["abc"] * 5
    answers = pool.scan("answers").collect()
    assert "text" not in answers.columns
    assert answers["output_chars"].to_list() == [3] * 5
    # Cut off, but those that gave an answer all the same are graded.
    statuses = answers.sort("problem_id", "solution_id")["status"].to_list()
    assert statuses == ["graded", "graded", "truncated", "graded", "truncated"]


def test_further_columns_of_problems_are_kept(tmp_path):
    problems = pl.DataFrame({"problem_id": ["q", "p", "r"], "exam": ["b", "a", "c"]})
    pool = run(tmp_path, problems=write(problems, tmp_path / "problems.csv"))
    kept = pool.scan("problems").select("problem_id", "exam").collect()
    assert kept.rows() == [("p", "a"), ("q", "b"), ("r", "c")]


def test_a_rename_applies_wherever_the_column_occurs(tmp_path):
    pool = run(
        tmp_path,
        SOLUTIONS.rename({"solution_id": "sample", "answer": "said"}),
        VERDICTS.rename({"solution_id": "sample"}),
        renames={"sample": "solution_id", "said": "answer"},
    )
    assert pool.scan("answers").collect()["answer"][0] == "0777"
    assert pool.scan("verdicts", "verifier").collect().height == 3


def test_pools_without_answers_have_no_missing_answers(tmp_path):
    answers = run(tmp_path, SOLUTIONS.drop("answer")).scan("answers").collect()
    assert set(answers["status"]) == {"graded"}
    assert answers["answer_class"].null_count() == 5


@pytest.mark.parametrize(
    ("solutions", "verdicts", "message"),
    [
        (SOLUTIONS.drop("is_correct"), VERDICTS, "solutions.csv: column 'is_correct' is missing"),
        (
            pl.concat([SOLUTIONS, SOLUTIONS.head(1)]),
            VERDICTS,
            r"csv, row 6: duplicate key \(problem_id 'p', solution_id 0\), already in row 1",
        ),
        (
            SOLUTIONS.with_columns(is_correct=pl.Series(["1", "0", "perhaps", "1", "0"])),
            VERDICTS,
            "row 3: is_correct 'perhaps' is neither true nor false",
        ),
        (
            SOLUTIONS.with_columns(solution_id=pl.Series(["0", "one", "2", "0", "1"])),
            VERDICTS,
            "row 2: solution_id 'one' is not a whole number",
        ),
        (
            SOLUTIONS.with_columns(solution_id=pl.Series([0, -1, 2, 0, 1])),
            VERDICTS,
            "row 2: solution_id '-1' is negative",
        ),
        (
            SOLUTIONS.with_columns(problem_id=pl.Series(["p", "p", None, "q", "q"])),
            VERDICTS,
            "row 3: problem_id None is missing",
        ),
        (
            SOLUTIONS,
            VERDICTS.with_columns(solution_id=pl.Series([0, 0, 7])),
            r"verdict for an unknown solution \(problem_id 'q', solution_id 7\)",
        ),
        (
            SOLUTIONS,
            VERDICTS.with_columns(score=pl.Series([0.5, 1.5, 1.0])),
            r"verdicts.csv, row 2: score 1.5 is outside \[0, 1\]",
        ),
        (
            SOLUTIONS,
            VERDICTS.with_columns(score=pl.Series([0.5, -1.0, 1.0])),
            r"row 2: score -1.0 is outside",
        ),
        (SOLUTIONS, VERDICTS.drop("score"), "needs a column 'score' or 'verdict'"),
        (SOLUTIONS.head(0), VERDICTS, "solutions.csv: the file holds no rows"),
    ],
)
def test_bad_input_is_one_clear_line_and_nothing_is_written(tmp_path, solutions, verdicts, message):
    with pytest.raises(BadInputError, match=message) as caught:
        run(tmp_path, solutions, verdicts, suffix=".csv")
    assert "\n" not in str(caught.value)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["solutions.csv", "verdicts.csv"]


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("s.parquet", b"", "the file is empty"),
        ("s.parquet", b"PAR1 not really", "not a readable Parquet file"),
        ("s.csv", b"", "the file is empty"),
        ("s.jsonl", b'{"problem_id": "p"}\n{"problem_id": ', "line 2: not valid JSON"),
        ("s.jsonl", b"[1]\n", "line 1: not a JSON object"),
        ("s.jsonl", b"\xff\xfe\n", "not UTF-16-LE text"),
        ("s.txt", b"x", "unknown kind of file"),
    ],
)
def test_unreadable_files(tmp_path, name, content, message):
    (tmp_path / name).write_bytes(content)
    with pytest.raises(BadInputError, match=message):
        import_tables(tmp_path / "pool", tmp_path / name)
    assert not (tmp_path / "pool").exists()


def test_a_truncated_parquet_is_named(tmp_path):
    path = write(SOLUTIONS, tmp_path / "s.parquet")
    path.write_bytes(path.read_bytes()[:-10])
    with pytest.raises(BadInputError, match=r"s\.parquet: not a readable Parquet"):
        import_tables(tmp_path / "pool", path)


@pytest.mark.parametrize(
    ("renames", "message"),
    [
        ({"nothing": "x"}, "no file has a column 'nothing'"),
        ({"answer": "solution_id"}, "there is such a column already"),
    ],
)
def test_bad_renames(tmp_path, renames, message):
    with pytest.raises(BadInputError, match=message):
        run(tmp_path, renames=renames)


def test_further_verdicts_are_added_but_never_replaced(tmp_path):
    pool = run(tmp_path)
    more = write(VERDICTS, tmp_path / "more.csv")
    grown = import_verdicts(pool, more, verifier="other")
    assert open_pool(pool.path).verifiers == grown.verifiers == ("verifier", "other")
    with pytest.raises(BadInputError, match="in the pool already"):
        import_verdicts(grown, more, verifier="other")
    stranger = write(VERDICTS.with_columns(problem_id=pl.lit("z")), tmp_path / "bad.csv")
    with pytest.raises(BadInputError, match="unknown solution"):
        import_verdicts(grown, stranger, verifier="third")
    assert open_pool(pool.path).verifiers == ("verifier", "other")


def test_a_status_of_svlaws_own_words_is_kept(tmp_path):
    solutions = SOLUTIONS.with_columns(
        status=pl.Series(["graded", "timeout", "no_answer", "truncated", "no_answer"])
    )
    # A text with a verdict but no score (scores of probabilities), and the other way round.
    verdicts = VERDICTS.with_columns(
        verdict=pl.Series([None, "yes", "no"]),
        status=pl.Series(["graded", "unparsed", "graded"]),
    )
    pool = run(tmp_path, solutions, verdicts, suffix=".csv")
    assert pool.metadata["ignored_columns"] == []
    assert pool.scan("answers").collect()["status"].to_list() == solutions["status"].to_list()
    held = pool.scan("verdicts", "verifier").select("verdict", "score", "status").collect()
    assert held.rows() == [(None, 0.25, "graded"), ("yes", None, "unparsed"), ("no", 1.0, "graded")]


def test_a_status_beside_a_score_alone_is_not_svlaws(tmp_path):
    pool = run(tmp_path, verdicts=VERDICTS.with_columns(status=pl.lit("unparsed")))
    assert pool.metadata["ignored_columns"] == ["status"]
    held = pool.scan("verdicts", "verifier").collect()
    assert held["status"].to_list() == ["graded", "unparsed", "graded"]


def test_a_column_names_the_verifiers(tmp_path):
    both = pl.concat(
        [
            VERDICTS.with_columns(score=pl.lit(0.5), verifier=pl.lit("zeta")),
            VERDICTS.with_columns(verifier=pl.lit("alpha")),
        ]
    )
    pool = run(tmp_path, verdicts=both)
    assert pool.verifiers == ("zeta", "alpha")
    assert pool.scan("verdicts", "zeta").collect()["score"].to_list() == [0.5] * 3
    assert pool.scan("verdicts", "alpha").collect()["score"].to_list() == [0.25, None, 1.0]


@pytest.mark.parametrize(
    ("names", "message"),
    [
        (["a", "b", None], "verdicts.csv, row 3: verifier None is missing"),
        (["a", "b", "c/d"], "verifier name 'c/d'"),
    ],
)
def test_bad_names_of_verifiers(tmp_path, names, message):
    with pytest.raises(BadInputError, match=message):
        run(tmp_path, verdicts=VERDICTS.with_columns(verifier=pl.Series(names)), suffix=".csv")
    assert not (tmp_path / "pool").exists()


def test_a_verdict_that_a_verifier_gave_twice(tmp_path):
    twice = pl.concat([VERDICTS, VERDICTS.head(1)]).with_columns(
        verifier=pl.Series(["a", "a", "b", "a"])
    )
    with pytest.raises(BadInputError, match=r"row 4: duplicate key \(verifier 'a'.* in row 1"):
        run(tmp_path, verdicts=twice, suffix=".csv")


def test_further_verdicts_are_of_one_verifier(tmp_path):
    pool = run(tmp_path)
    more = write(VERDICTS.with_columns(verifier=pl.lit("a")), tmp_path / "more.csv")
    with pytest.raises(BadInputError, match="has a column 'verifier', while the verdicts of one"):
        import_verdicts(pool, more, verifier="other")


@pytest.mark.parametrize("suffix", [".parquet", ".csv", ".jsonl"])
def test_an_empty_text_is_not_a_missing_one(tmp_path, suffix):
    texts = ["a", "", None, " ", "b\n"]
    pool = run(tmp_path, SOLUTIONS.with_columns(text=pl.Series(texts)), suffix=suffix)
    held = pool.scan("solutions").collect()["text"].to_list()
    assert held == texts


def test_shared_calls_are_kept_with_the_verifier(tmp_path):
    assert run(tmp_path).calls() == "independent"
    (tmp_path / "more").mkdir()
    pool = run(tmp_path / "more", shared_calls=True, verifier="tests")
    assert pool.calls("tests") == "shared"
    assert pool.shared_calls == {"tests"}
    assert '"calls": "shared"' in (pool.path / "pool.json").read_text()
    assert open_pool(pool.path) == pool


def test_calls_of_an_added_verifier(tmp_path):
    pool = run(tmp_path)
    file = write(VERDICTS, tmp_path / "more.parquet")
    pool = import_verdicts(pool, file, verifier="tests", shared_calls=True)
    assert [pool.calls(name) for name in pool.verifiers] == ["independent", "shared"]
    later = write(VERDICTS.with_columns(pl.col("verification_id") + 5), tmp_path / "later.parquet")
    pool = import_verdicts(pool, later, verifier="tests")
    assert open_pool(pool.path).calls("tests") == "shared"
    before = {part: part.stat() for part in pool.path.rglob("*")}
    with pytest.raises(BadInputError, match="the calls of 'verifier' are independent in"):
        import_verdicts(pool, later, verifier="verifier", shared_calls=True)
    assert {part: part.stat() for part in pool.path.rglob("*")} == before


def test_a_column_says_of_which_kind_calls_are(tmp_path):
    verdicts = VERDICTS.with_columns(
        verifier=pl.Series(["a", "b", "b"]), calls=pl.Series(["independent", "shared", "shared"])
    )
    pool = run(tmp_path, verdicts=verdicts)
    assert pool.shared_calls == {"b"}
    (tmp_path / "mixed").mkdir()
    verdicts = verdicts.with_columns(calls=pl.Series(["shared", "independent", "shared"]))
    with pytest.raises(BadInputError, match="calls of 'b' are both shared and independent"):
        run(tmp_path / "mixed", verdicts=verdicts)
    (tmp_path / "other").mkdir()
    pool = run(tmp_path / "other", verdicts=VERDICTS.with_columns(calls=pl.Series([3, 4, 5])))
    assert pool.shared_calls == set()
    assert pool.metadata["ignored_columns"] == ["calls"]
