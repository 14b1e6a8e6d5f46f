"""What the sections of the report say, against what they are made from."""

import re

import numpy as np
import polars as pl
import pytest

import svlaw as sv
from svlaw.analysis.checks.findings import Check
from svlaw.analysis.compare.difficulty import bins
from svlaw.analysis.intervals.difference_intervals import difference_intervals
from svlaw.analysis.intervals.interval import Interval
from svlaw.analysis.success.estimators import Options
from svlaw.data.examples import open_example
from svlaw.data.pool import open_pool
from svlaw.data.pool_writer import create_pool
from svlaw.report.citation import bibtex, provenance
from svlaw.report.difficulty_section import (
    difficulty_table,
    examine_difficulty,
    in_words,
    plot_difficulty,
)
from svlaw.report.growth import tenfold
from svlaw.report.health import health_table, soundness_table
from svlaw.report.health import in_words as health_in_words
from svlaw.report.page_parts import file_name, plain, rows_json
from svlaw.report.verifier_quality import ALL, examine_quality
from svlaw.report.verifier_section import in_words as quality_in_words
from svlaw.report.verifier_section import plot_calibration, plot_characteristic, quality_table

NASTY = "<b>=1+1</b>%{x}"


def write_pool(path, *, n_problems=24, n_solutions=8, n_verdicts=2, agree=0.8, columns=None):
    """Problems from hard to easy, and a verifier that is right so often."""
    rng = np.random.default_rng(2)
    n = n_problems * n_solutions
    ids = [f"p{i:02d}" for i in range(n_problems)]
    right = rng.random(n) < np.repeat(np.linspace(0.1, 0.95, n_problems), n_solutions)
    answers = pl.DataFrame(
        {
            "problem_id": np.repeat(ids, n_solutions),
            "solution_id": pl.Series(np.tile(np.arange(n_solutions), n_problems), dtype=pl.Int32),
            "answer_class": pl.Series(np.where(right, 0, rng.integers(1, 5, n)), dtype=pl.Int32),
            "is_correct": right,
            "status": "graded",
        }
    )
    verdicts = answers.select("problem_id", "solution_id", "is_correct").join(
        pl.DataFrame({"verification_id": pl.Series(range(n_verdicts), dtype=pl.Int32)}), how="cross"
    )
    says = (rng.random(verdicts.height) < agree) == verdicts["is_correct"].to_numpy()
    verdicts = verdicts.with_columns(
        score=pl.Series(says).cast(pl.Float64), status=pl.lit("graded")
    )
    with create_pool(path, {"title": "A test", "licence": f"ours {NASTY}"}) as writer:
        writer.add("answers", answers)
        writer.add("verdicts", verdicts.drop("is_correct"), verifier="judge")
        if columns:
            writer.add("problems", pl.DataFrame({"problem_id": ids, **columns}))
    return open_pool(path)


def difficulty_of(pool, cost, **settings):
    table = sv.success_table(pool)
    settings = {"resamples": 40, "seed": 0, "progress": lambda *_: None, **settings}
    return examine_difficulty(pool, table, cost, **settings)


@pytest.fixture(scope="module")
def cost(tmp_path_factory):
    return sv.relative_cost(open_example("singhi2025_fig1"), 1.0)


@pytest.fixture(scope="module")
def pool(tmp_path_factory):
    return write_pool(tmp_path_factory.mktemp("sections") / "pool")


def test_bins_by_pass_rate_are_those_of_the_other_half(pool, cost):
    (found,), why = difficulty_of(pool, cost)
    assert why == ""
    half = sv.success_table(pool, options=Options(half="analysis"))
    parts = bins(pool, half, "pass_rate", 4)
    assert [part.name for part in found.bins] == [part.name for part in parts]
    expected = [sv.frontier(part.table, cost, resamples=40) for part in parts]
    assert all(a.equals(b) for a, b in zip(found.frontiers, expected, strict=True))
    assert found.first == tuple(
        pytest.approx(part.table.success[0].mean()) for part in parts
    )  # coverage at S = 1 is the first point
    table = difficulty_table(found, "f")
    assert table.frame.height == sum(frame.height for frame in expected)
    budget = found.budgets[-1]
    winner = expected[0].filter("best", pl.col("budget") == budget).to_dicts()[0]
    assert f"S = {winner['solutions']}" in table.rows[0][-1]
    assert f"{100 * winner['success']:.1f}%" in table.rows[0][-1]
    assert "verification gains most on problems with a pass rate of" in in_words(found)


def test_the_words_name_the_bins_of_most_and_of_least_gain(pool, cost):
    (found,), _ = difficulty_of(pool, cost)
    gains = {
        part.name: frame.filter(
            pl.col("strategy").is_in(["best_of_n", "weighted_vote"])
            & (pl.col("budget") == frame["budget"].max())
        ).sort("success", descending=True)["gain"][0]
        for part, frame in zip(found.bins, found.frontiers, strict=True)
    }
    most, least = max(gains, key=gains.get), min(gains, key=gains.get)
    assert f"a pass rate of {most}: " in in_words(found)
    assert f"least with {least}: " in in_words(found)


def test_columns_have_bins_where_they_can(tmp_path, cost):
    columns = {
        "level": [i % 3 + 1 for i in range(24)],
        "subject": [f"subject {i}" for i in range(12)] * 2,
    }
    pool = write_pool(tmp_path / "p", columns=columns)
    found, _ = difficulty_of(pool, cost)
    assert [each.by for each in found] == ["pass_rate", "level", "subject"]
    assert [part.name for part in found[1].bins] == ["1", "2", "3"]
    assert plot_difficulty(found[1], cost) is not None
    assert plot_difficulty(found[2], cost) is None  # twelve lines cannot be told apart
    assert "(few problems)" in difficulty_table(found[2], "f").rows[0][0]
    assert {each.by for each in difficulty_of(write_pool(tmp_path / "q"), cost)[0]} == {"pass_rate"}


def test_text_of_a_bin_stays_text_in_a_figure(tmp_path, cost):
    columns = {"level": [NASTY, "other"] * 12}
    found = difficulty_of(write_pool(tmp_path / "p", columns=columns), cost)[0][1]
    text = plot_difficulty(found, cost).to_json()
    assert "<b>" not in text
    assert "%{x}" not in text
    assert "&lt;b&gt;" in text.replace("\\u0026", "&").replace("\\u003c", "<")


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"n_problems": 9}, "takes 10 of them or more"),
        ({"n_solutions": 1}, "too few solutions to rate problems"),
    ],
)
def test_why_there_are_no_bins(tmp_path, cost, settings, words):
    found, why = difficulty_of(write_pool(tmp_path / "p", **settings), cost)
    assert found == ()
    assert words in why


def test_a_published_table_has_no_bins(cost):
    found, why = difficulty_of(open_example("singhi2025_fig1"), cost)
    assert found == ()
    assert "no problems" in why


def test_rates_and_rankings_of_a_verifier_by_hand(tmp_path):
    rows = [  # problem, solution, right, scores
        ("a", 0, True, (1.0, 1.0)),
        ("a", 1, True, (1.0, 0.0)),
        ("a", 2, False, (0.0, 1.0)),
        ("b", 0, True, (1.0, 1.0)),
        ("b", 1, False, (0.0, 0.0)),
        ("c", 0, True, (0.0, 0.0)),
    ]
    answers = pl.DataFrame(
        {
            "problem_id": [row[0] for row in rows],
            "solution_id": pl.Series([row[1] for row in rows], dtype=pl.Int32),
            "answer_class": pl.Series([int(not row[2]) for row in rows], dtype=pl.Int32),
            "is_correct": [row[2] for row in rows],
            "status": "graded",
        }
    )
    verdicts = pl.DataFrame(
        [(p, s, k, x, "graded") for p, s, _, scores in rows for k, x in enumerate(scores)],
        {
            "problem_id": pl.String,
            "solution_id": pl.Int32,
            "verification_id": pl.Int32,
            "score": pl.Float64,
            "status": pl.String,
        },
        orient="row",
    )
    with create_pool(tmp_path / "p", {}) as writer:
        writer.add("answers", answers)
        writer.add("verdicts", verdicts, verifier="judge")
    found = examine_quality(open_pool(tmp_path / "p"), "judge", {"hard": ["c"]}, "ignore")
    whole, hard = found.rates
    assert whole.group == ALL
    assert whole.right_accepted.estimate == pytest.approx(5 / 8)
    assert whole.wrong_accepted.estimate == pytest.approx(1 / 4)
    assert whole.balanced_accuracy.estimate == pytest.approx((5 / 8 + 3 / 4) / 2)
    # In a: 1 > 0.5 and 0.5 = 0.5; in b: 1 > 0; in c there is no pair.
    assert whole.ranking.estimate == pytest.approx((0.75 + 1) / 2)
    assert whole.n_ranked == 2
    assert hard.wrong_accepted == Interval(None)
    assert hard.balanced_accuracy == Interval(None)
    assert hard.ranking == Interval(None)
    assert hard.right_accepted.estimate == 0
    areas = dict(found.curves.select("verdict", "area").unique().iter_rows())
    assert areas["one"] == pytest.approx(5 / 8 * 3 / 4 + (5 / 8 * 1 / 4 + 3 / 8 * 3 / 4) / 2)
    # Means of right ones: 1, 0.5, 1, 0; of wrong ones: 0.5, 0.
    assert areas["mean"] == pytest.approx((1 + 1 + 0.5 + 1 + 1 + 1 + 0 + 0.5) / 8)
    assert found.calibration["score"].to_list() == [0.0, 0.5, 1.0]
    assert found.calibration["right"].to_list() == [0.5, 0.5, 1.0]
    assert found.calibration["n_solutions"].to_list() == [2, 2, 2]


def test_rates_are_those_of_check(pool):
    found = examine_quality(pool, "judge", {}, "ignore")
    said = {check.subject: check.message for check in sv.check_pool(pool)}
    rate = found.rates[0].right_accepted
    assert said["true positive rate (judge)"] == (
        f"{rate.estimate:.3f} [{rate.conf_low:.3f}, {rate.conf_high:.3f}]"
    )
    table = quality_table(found, "f")
    ends = f"[{100 * rate.conf_low:.1f}, {100 * rate.conf_high:.1f}]"
    assert f"{100 * rate.estimate:.1f}% {ends}" in table.rows[0]
    assert f"{100 * rate.estimate:.1f}% of the time" in quality_in_words(found)[0]
    assert table.frame["right_accepted"][0] == rate.estimate


def test_a_verifier_of_no_worth_is_called_so(tmp_path):
    found = examine_quality(write_pool(tmp_path / "p", agree=0.5), "judge", {}, "ignore")
    assert "not clear of chance" in quality_in_words(found)[0]
    good = examine_quality(write_pool(tmp_path / "q", agree=0.9), "judge", {}, "ignore")
    assert "not clear of chance" not in quality_in_words(good)[0]
    assert plot_characteristic(good).layout.xaxis.title.text == "wrong solutions accepted (%)"
    assert plot_calibration(good) is not None


def test_scores_of_missing_verdicts_follow_the_policy(tmp_path):
    pool = write_pool(tmp_path / "p", agree=1.0)
    path = next(pool.path.glob("verdicts/judge/*.parquet"))
    frame = pl.read_parquet(path)
    unread = pl.when(pl.col("verification_id") > 0).then(pl.col("score"))
    other = path.rename(path.with_name("part-000000.parquet"))
    frame.with_columns(score=unread).write_parquet(other)
    ends = [
        examine_quality(pool, "judge", {}, policy).calibration["score"].max()
        for policy in ("ignore", "no")
    ]
    assert ends == [1.0, 0.5]


def test_ten_times_the_budget(pool, cost):
    table = sv.success_table(pool)
    steps = tenfold(table, cost, 40, 0)
    costs = cost(table.points["solutions"], table.points["verifications"])
    runnable = (table.points["strategy"] != "coverage").to_numpy()

    def best(budget):
        held = np.flatnonzero(runnable & (costs <= budget * (1 + 1e-9)))
        return held[np.argmax(table.mean()[held])]

    low, high = costs[runnable].min(), costs[runnable].max()
    assert [step.budget for step in steps] == [high / 10]  # the budgets span 1 to 24
    for step in steps:
        before, after = best(step.budget), best(10 * step.budget)
        assert step.before == pytest.approx(table.mean()[before], abs=1e-12)
        assert step.after == pytest.approx(table.mean()[after], abs=1e-12)
        difference = table.success[after] - table.success[before]
        assert step.gain.estimate == pytest.approx(difference.mean())
        ends = difference_intervals(difference[None])
        found = (step.gain.conf_low, step.gain.conf_high)
        assert found == pytest.approx((ends[0][0], ends[1][0]), abs=1e-12)
    assert low == 1


def test_ten_times_the_budget_of_a_published_table(cost):
    table = sv.success_table(open_example("singhi2025_fig1"))
    first, last = tenfold(table, cost, 2000, 0)
    assert first.budget == 1
    assert last.budget == pytest.approx(256 * 33 / 10 if 256 * 33 > 16384 else 1638.4)
    assert first.gain.conf_low is None
    assert tenfold(table.restrict(np.array([True])), sv.RelativeCost(1e-3), 0, 0)


def test_what_is_notable_stands_first():
    checks = [Check("ok", "a", "fine"), Check("note", "b", "hm"), Check("error", "c", "bad")]
    assert [row[0] for row in health_table(checks, "f").rows] == ["c", "b"]
    assert [row[0] for row in soundness_table(checks, "f").rows] == ["a"]
    assert health_table(checks, "f").frame["subject"].to_list() == ["a", "b", "c"]
    assert "unsound" in health_in_words(checks)
    assert health_table(checks[:1], "f") is None
    assert health_in_words(checks[:1]).startswith("Nothing makes the analysis unsound.")


def test_what_to_cite(tmp_path):
    entries = bibtex(sv.__version__)
    assert f"version = {{{sv.__version__}}}" in entries
    assert "eprint = {2504.01005}" in entries
    assert entries.count("{") == entries.count("}")
    example = provenance(open_example("exams_gpt35_by_gpt4"))
    assert dict(example.terms)["Licence"].startswith("BSD-2-Clause")
    assert "Matthew Renze" in example.notice
    assert provenance(write_pool(tmp_path / "p")).notice == ""


def test_names_and_text_of_a_pool_are_made_safe():
    assert plain(NASTY, 40) == "&lt;b&gt;=1+1&lt;/b&gt;&#37;{x}"
    assert plain("a\nb " + "c" * 50, 10) == "a b cccccc…"[:9] + "…"
    assert file_name("../../a b", "laws") == "a-b-laws"
    assert file_name("<>", "laws") == "pool-laws"
    json = rows_json("f", pl.DataFrame({"</script>": ["<!--", "\u2028"], "x": [float("nan"), 0.1]}))
    assert not re.search(r"[<>\u2028]", json)
    assert '[null],"' not in json
    assert json.endswith('"rows":[["\\u003c!--",null],["\\u2028",0.1]]}')
