"""`--by` and `--bins`, one analysis for each bin of problems; and `crossover --strategy all`."""

import json

import polars as pl
import pytest

from svlaw.data.examples import copy_example, open_example
from svlaw.data.pool import open_pool
from svlaw.data.pool_writer import append, create_pool

SMALL = (
    "--solutions",
    "1,4",
    "--verifications",
    "1,2",
    "--tolerance",
    "0.01",
    "--lambda",
    2,
)
COMMANDS = ("curves", "frontier", "crossover")
ANSWERS = [("A", 28), ("B", 21), ("C", 17), ("D", 25), ("E", 8)]
"""Questions of the exam by the letter of the right answer."""


@pytest.fixture
def bad(svlaw):
    """Runs a command that must fail with one line and exit code 2; returns the line."""

    def run(*arguments):
        code, out, err = svlaw(*arguments)
        assert code == 2, err
        assert out == ""
        assert err.count("\n") == 1
        return err

    return run


@pytest.fixture(scope="module")
def exams(tmp_path_factory):
    """A copy, which keeps its success tables."""
    folder = tmp_path_factory.mktemp("by") / "exams_gpt35_by_gpt4"
    copy_example("exams_gpt35_by_gpt4", folder)
    return folder


@pytest.fixture
def figure():
    return open_example("singhi2025_fig1").path


@pytest.fixture
def small(tmp_path):
    """Eleven problems of six solutions with two verdicts each; nine are easy, two hard."""
    key = [(f"p{p:02d}", s) for p in range(11) for s in range(6)]
    answers = pl.DataFrame(
        {
            "problem_id": [p for p, _ in key],
            "solution_id": pl.Series([s for _, s in key], dtype=pl.Int32),
            "answer_class": pl.Series([(s + int(p[1:])) % 3 for p, s in key], dtype=pl.Int32),
            "is_correct": [(s + int(p[1:])) % 3 == 0 for p, s in key],
            "status": ["graded"] * len(key),
        }
    )
    one = answers.select("problem_id", "solution_id", score=pl.col("is_correct").cast(pl.Float64))
    verdicts = pl.concat(
        one.with_columns(verification_id=pl.lit(v, pl.Int32), status=pl.lit("graded"))
        for v in range(2)
    )
    level = ["easy"] * 9 + ["hard"] * 2
    with create_pool(tmp_path / "small", {"source": "test"}) as writer:
        writer.add(
            "problems",
            pl.DataFrame({"problem_id": sorted({p for p, _ in key})}).with_columns(
                level=pl.Series(level), source=pl.lit("one")
            ),
        )
        writer.add("answers", answers)
        writer.add("verdicts", verdicts, verifier="v")
    return tmp_path / "small"


def document(svlaw, *arguments):
    code, out, err = svlaw(*arguments, "--json")
    assert code == 0, err
    return json.loads(out)


@pytest.mark.parametrize("command", COMMANDS)
def test_without_by_nothing_is_said_of_bins(svlaw, exams, command):
    content = {
        "curves": ["curves"],
        "frontier": ["frontier"],
        "crossover": [
            "strategy",
            "status",
            "saturation_probability",
            "saturation_budget",
            "crossover_budget",
            "match_budget",
            "match_ratio",
            "gain",
            "gain_ratio",
            "ahead_budget",
        ],
    }[command]
    assert list(document(svlaw, command, exams, *SMALL)) == [
        "pool",
        "verifier",
        "cost",
        "n_problems",
        "n_set_aside",
        "seed",
        "unparsed",
        "unparsed_rate",
        "missing_answer",
        "population",
        "notes",
        *content,
    ]
    _, out, _ = svlaw(command, exams, *SMALL)
    assert out.startswith(
        "exams_gpt35_by_gpt4: 99 problems, lambda 2 (given), cost in solutions, V calls judge all S"
    )
    assert "bin" not in out


@pytest.mark.parametrize("command", COMMANDS)
def test_a_bin_of_all_problems_is_the_analysis_without_bins(svlaw, exams, command):
    """The exam of every question is the same, so there is one bin, and every figure is as ever."""
    plain = document(svlaw, command, exams, *SMALL)
    binned = document(svlaw, command, exams, *SMALL, "--by", "exam")
    (one,) = binned.pop("bins")
    assert (one.pop("bin"), one.pop("n_problems"), one.pop("bin_status")) == (
        "comprehensive-100",
        99,
        "ok",
    )
    assert (binned.pop("by"), binned.pop("half")) == ("exam", "all")
    assert binned | one == plain
    (title, *plain_lines), (other, *lines) = (
        svlaw(command, exams, *SMALL, *by)[1].splitlines() for by in ((), ("--by", "exam"))
    )
    assert other == title
    assert lines[:2] == ["", "exam comprehensive-100: 99 problems"]
    assert lines[2:] == plain_lines


@pytest.mark.parametrize("command", COMMANDS)
def test_a_document_for_each_bin(svlaw, exams, command):
    found = document(svlaw, command, exams, *SMALL, "--by", "reference_answer")
    assert [(b["bin"], b["n_problems"]) for b in found["bins"]] == ANSWERS
    assert {b["bin_status"] for b in found["bins"]} == {"ok"}
    plain = document(svlaw, command, exams, *SMALL)
    content = [key for key in plain if key not in found]
    for part in found["bins"]:
        assert list(part) == ["bin", "n_problems", "bin_status", *content]
    _, out, _ = svlaw(command, exams, *SMALL, "--by", "reference_answer")
    for name, count in ANSWERS:
        assert f"\nreference_answer {name}: {count} problems\n" in out
    assert out.count("lambda 2 (given)") == 1


@pytest.mark.parametrize("command", ["curves", "frontier"])
def test_rows_are_led_by_their_bin(svlaw, exams, tmp_path, command):
    file, plain_file = tmp_path / "rows.parquet", tmp_path / "plain.parquet"
    by = ("--by", "reference_answer")
    assert svlaw(command, exams, *SMALL, *by, "-o", file)[:2] == (0, "")
    svlaw(command, exams, *SMALL, "-o", plain_file)
    frame, plain = pl.read_parquet(file), pl.read_parquet(plain_file)
    rest = [name for name in plain.columns if name != "n_problems"]
    assert frame.columns == ["bin", "n_problems", "bin_status", *rest]
    assert frame["n_problems"].dtype == pl.Int32
    assert frame.height == 5 * plain.height
    assert frame.select("bin", "n_problems").unique(maintain_order=True).rows() == ANSWERS
    found = document(svlaw, command, exams, *SMALL, *by)
    for part in found["bins"]:
        rows = frame.filter(pl.col("bin") == part["bin"]).select(
            plain.columns if command == "curves" else rest
        )
        assert rows.to_dicts() == part[command]
    if command == "curves":
        points = ["strategy", "solutions", "verifications"]
        mean = frame.group_by(points).agg(
            (pl.col("success") * pl.col("n_problems")).sum() / pl.col("n_problems").sum()
        )
        both = plain.join(mean, on=points, suffix="_of_bins")
        assert (both["success"] - both["success_of_bins"]).abs().max() < 1e-12


def test_by_pass_rate_on_the_other_half(svlaw, exams):
    found = document(svlaw, "curves", exams, *SMALL, "--by", "pass_rate", "--bins", 3)
    assert (found["by"], found["half"], found["n_problems"]) == ("pass_rate", "analysis", 99)
    assert sum(b["n_problems"] for b in found["bins"]) == 99
    means = [b["curves"][0]["success"] for b in found["bins"]]
    assert means == sorted(means)
    assert means[0] < 0.3
    assert means[-1] > 0.9
    _, out, _ = svlaw("curves", exams, *SMALL, "--by", "pass_rate", "--bins", "0.1,0.5")
    assert "99 problems, one half of their solutions, lambda 2" in out
    for name in ("below 0.1", "0.1 to below 0.5", "0.5 and more"):
        assert f"\npass_rate {name}: " in out


def test_a_half_holds_half_as_many(svlaw, bad, exams):
    options = ("--strategies", "coverage", "--lambda", 2, "--by", "pass_rate", "--solutions")
    assert svlaw("curves", exams, *options, 45)[0] == 0
    words = bad("curves", exams, *options, 46)
    assert "S = 46 is larger than the pool holds (at most 45 solutions per problem)" in words


def test_the_same_seed_gives_the_same_bytes_and_another_another_half(svlaw, exams):
    once, again = (svlaw("frontier", exams, *SMALL, "--by", "pass_rate")[1] for _ in range(2))
    assert once == again
    assert svlaw("frontier", exams, *SMALL, "--by", "pass_rate", "--seed", 1)[1] != once


def test_half_tables_are_stored_beside_the_others(svlaw, small):
    def stored():
        return {p.name: p.stat().st_mtime_ns for p in (small / "success_tables").rglob("*.parquet")}

    options = ("--lambda", 1, "--solutions", "1,2", "--verifications", 1)
    svlaw("curves", small, *options)
    plain = stored()
    svlaw("curves", small, *options, "--by", "level")
    assert stored() == plain
    svlaw("curves", small, *options, "--by", "pass_rate")
    both = stored()
    assert len(both) == 2 * len(plain) == 8
    for command in COMMANDS:
        svlaw(command, small, *options, "--by", "pass_rate", "--bins", 2)
        svlaw(command, small, *options)
    assert stored() == both


@pytest.mark.parametrize("command", COMMANDS)
def test_a_small_bin_appears_with_a_remark(svlaw, small, command):
    options = ("--lambda", 1, "--solutions", "1,2", "--verifications", 1, "--by", "level")
    found = document(svlaw, command, small, *options)
    assert [(b["bin"], b["n_problems"], b["bin_status"]) for b in found["bins"]] == [
        ("easy", 9, "ok"),
        ("hard", 2, "few_problems"),
    ]
    _, out, err = svlaw(command, small, *options)
    assert "level hard: 2 problems\n" in out
    assert "note: 'hard': fewer than 5 problems: intervals are not worth much" in err
    assert "'easy'" not in err or command == "crossover"


def test_problems_added_without_a_level_have_a_bin(svlaw, small):
    pool = open_pool(small)
    answers = pool.scan("answers").collect().filter(pl.col("problem_id") == "p00")
    append(pool, "answers", answers.with_columns(problem_id=pl.lit("q")))
    options = ("--lambda", 1, "--solutions", "1,2", "--strategies", "coverage")
    found = document(svlaw, "curves", small, *options, "--by", "level")
    assert [(b["bin"], b["n_problems"]) for b in found["bins"]] == [
        ("easy", 9),
        ("hard", 2),
        ("(none)", 1),
    ]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("--by", "levl"), "problems have no column 'levl'; there are: reference_answer, kind,"),
        (("--by", "level"), "column 'level' of problems is empty; there are: reference_answer"),
        (("--by", "item"), "'item' has 99 different texts for 99 problems"),
        (("--by", "kind", "--bins", "2"), "holds text and has one bin for each value"),
        (("--by", "pass_rate", "--bins", "0"), "bins = 0: use a number from 1"),
        (("--by", "pass_rate", "--bins", "0.5,0.1"), "use rising numbers"),
        (("--by", "pass_rate", "--bins", "1,2"), "pass rates lie between 0 and 1"),
        (("--by", "pass_rate", "--bins", "few"), "--bins few: 'few' is not a number"),
        (("--bins", "3"), "--bins 3: say by what with --by COLUMN"),
    ],
)
@pytest.mark.parametrize("command", COMMANDS)
def test_bad_bins_are_one_line(bad, exams, command, arguments, message):
    assert message in bad(command, exams, "--lambda", 2, *arguments)


def test_bins_of_a_published_table_are_one_line(bad, figure):
    for command in COMMANDS:
        words = bad(command, figure, "--lambda", 2, "--by", "pass_rate")
        assert "a published table has no problems to sort into bins" in words


def test_bad_bins_are_found_before_anything_is_computed(bad, small):
    bad("curves", small, "--lambda", 1, "--by", "nothing")
    assert not (small / "success_tables").exists()


# Every strategy's crossover.


def test_crossovers_of_all_strategies(svlaw, exams):
    found = document(svlaw, "crossover", exams, *SMALL, "--strategy", "all")
    names = ["best_of_n", "weighted_vote", "best"]
    assert [one["strategy"] for one in found["crossovers"]] == names
    for name, one in zip(names, found["crossovers"], strict=True):
        alone = document(svlaw, "crossover", exams, *SMALL, "--strategy", name)
        assert one == {key: alone[key] for key in one}
        assert set(alone) - set(one) == set(found) - {"crossovers"}
        for figure in ("saturation_budget", "crossover_budget", "gain", "ahead_budget"):
            assert set(one[figure]) == {"estimate", "conf_low", "conf_high", "never"}
            assert 0 <= one[figure]["never"] <= 1
    _, out, _ = svlaw("crossover", exams, *SMALL, "--strategy", "all")
    places = [out.index(f"  {words} ") for words in ("Best-of-N", "Weighted voting", "The better")]
    assert places == sorted(places)


def test_crossovers_of_all_strategies_in_bins(svlaw, exams):
    arguments = (*SMALL, "--strategy", "all", "--by", "reference_answer")
    found = document(svlaw, "crossover", exams, *arguments)
    assert [b["bin"] for b in found["bins"]] == [name for name, _ in ANSWERS]
    assert all(len(b["crossovers"]) == 3 for b in found["bins"])
    _, out, _ = svlaw("crossover", exams, *arguments)
    assert out.count("  Weighted voting ") == 5


def test_crossovers_of_what_the_pool_has(svlaw, bad, figure, tmp_path):
    found = document(svlaw, "crossover", figure, "--lambda", 2, "--strategy", "all")
    assert [one["strategy"] for one in found["crossovers"]] == ["best_of_n"]
    assert found["crossovers"][0]["crossover_budget"]["never"] is None
    words = bad("crossover", figure, "--lambda", 2, "--strategy", "most")
    assert "unknown strategy 'most'" in words
    (tmp_path / "s.csv").write_text("problem_id,solution_id,is_correct\np,0,1\np,1,0\n")
    svlaw("import", "tables", "--out", tmp_path / "p", "--solutions", tmp_path / "s.csv")
    words = bad("crossover", tmp_path / "p", "--strategy", "all")
    assert "holds nothing for best_of_n" in words


def test_a_crossover_that_never_happens_is_so_in_both_forms(svlaw, tmp_path):
    """Two thirds of the solutions are right, and the verifier prefers the others."""
    key = [(p, s, s < 4) for p in range(6) for s in range(6)]
    rows = "".join(f"p{p},{s},{'r' if right else 'w'},{right:d}\n" for p, s, right in key)
    (tmp_path / "s.csv").write_text(f"problem_id,solution_id,answer,is_correct\n{rows}")
    rows = "".join(f"p{p},{s},0,{1 - right:d}\n" for p, s, right in key)
    (tmp_path / "v.csv").write_text(f"problem_id,solution_id,verification_id,score\n{rows}")
    files = ("--solutions", tmp_path / "s.csv", "--verifications", tmp_path / "v.csv")
    assert svlaw("import", "tables", "--out", tmp_path / "pool", *files)[0] == 0
    options = ("--lambda", 2, "--solutions", "1,2,3", "--strategy", "all")
    found = document(svlaw, "crossover", tmp_path / "pool", *options)
    for one in found["crossovers"]:
        assert one["crossover_budget"] == {
            "estimate": None,
            "conf_low": None,
            "conf_high": None,
            "never": 1.0,
        }
    _, out, _ = svlaw("crossover", tmp_path / "pool", *options)
    words = " has no lasting lead over self-consistency at the budgets both have.\n"
    assert out.count(words) == 3
