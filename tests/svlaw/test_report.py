import json
import re
import subprocess
import sys
from html.parser import HTMLParser
from math import log2

import numpy as np
import polars as pl
import pytest

import svlaw as sv
from svlaw.analysis.intervals.interval import Interval
from svlaw.data.errors import BadInputError, NotInPoolError
from svlaw.data.examples import open_example
from svlaw.data.pool import open_pool
from svlaw.data.pool_writer import create_pool
from svlaw.report.number_texts import amount, exponent, percent, points, reached, times, with_ends

NASTY = "<script>alert(1)</script>"


class Page(HTMLParser):
    """What matters of a page: its scripts, resources, ids, visible text and tables."""

    def __init__(self, html):
        super().__init__()
        self.scripts, self.resources, self.ids, self.text = [], [], [], ""
        self._inside = None
        self.feed(html)
        self.close()

    def handle_starttag(self, tag, attrs):
        held = dict(attrs)
        self._inside = tag if tag in ("script", "style") else self._inside
        if tag == "script":
            self.scripts.append([held, ""])
        self.ids += [held["id"]] if "id" in held else []
        self.resources += [held[name] for name in ("src", "href", "data", "action") if name in held]

    def handle_endtag(self, tag):
        if tag == self._inside:
            self._inside = None

    def handle_data(self, data):
        if self._inside == "script":
            self.scripts[-1][1] += data
        elif self._inside is None:
            self.text += data

    @property
    def figures(self):
        return {
            held["data-figure"]: json.loads(text)
            for held, text in self.scripts
            if "data-figure" in held
        }


def answers(n_problems, n_solutions, *, votes=True):
    rows = [
        (f"p{i} {NASTY}", j, (i + j) % 3 if votes else None, (i + j) % 3 == 0, "graded", 100)
        for i in range(n_problems)
        for j in range(n_solutions)
    ]
    return pl.DataFrame(
        rows,
        {
            "problem_id": pl.String,
            "solution_id": pl.Int32,
            "answer_class": pl.Int32,
            "is_correct": pl.Boolean,
            "status": pl.String,
            "output_tokens": pl.Int32,
        },
        orient="row",
    )


def verdicts(frame, n_verifications):
    rows = [
        (problem, solution, k, float(right == (k % 4 > 0)), "graded", 50)
        for problem, solution, right in frame.select(
            "problem_id", "solution_id", "is_correct"
        ).iter_rows()
        for k in range(n_verifications)
    ]
    return pl.DataFrame(
        rows,
        {
            "problem_id": pl.String,
            "solution_id": pl.Int32,
            "verification_id": pl.Int32,
            "score": pl.Float64,
            "status": pl.String,
            "output_tokens": pl.Int32,
        },
        orient="row",
    )


@pytest.fixture
def pool(make_pool):
    """Too few verifications for a surface, so that its report is quick."""
    frame = answers(8, 8)
    return make_pool(frame, judge=verdicts(frame, 2))


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    """A pool with all there is to report on, and its report."""
    folder = tmp_path_factory.mktemp("whole")
    rng = np.random.default_rng(1)
    frame = answers(12, 6)
    right = rng.random(72) < np.repeat(np.linspace(0.2, 0.9, 12), 6)
    frame = frame.with_columns(
        pl.Series("is_correct", right),
        pl.Series("answer_class", np.where(right, 0, rng.integers(1, 4, 72)), pl.Int32),
    )
    judged = verdicts(frame, 4)
    agrees = (rng.random(72 * 4) < 0.75) == np.repeat(right, 4)
    with create_pool(folder / "pool", {}) as writer:
        writer.add("answers", frame)
        writer.add("verdicts", judged.with_columns(score=agrees.astype(float)), verifier="judge")
    page = sv.write_report([folder / "pool"], folder / "report.html", resamples=40)
    return open_pool(folder / "pool"), page.read_text("utf-8")


@pytest.fixture
def report(tmp_path):
    def write(*pools, **settings):
        settings = {"resamples": 40, **settings}
        return sv.write_report(pools, tmp_path / "out" / "report.html", **settings).read_text(
            "utf-8"
        )

    return write


def test_a_pool_with_verifications_has_every_part(whole):
    page = Page(whole[1])
    assert list(page.figures) == [
        "pool-1-frontier",
        "pool-1-solutions",
        "pool-1-surface",
        "pool-1-crossing",
        "pool-1-laws",
        "pool-1-exponents",
        "pool-1-by-pass_rate",
        "pool-1-characteristic",
        "pool-1-calibration",
    ]
    assert set(page.figures) <= set(page.ids)
    for words in (
        "λ = 0.5 solutions (measured in tokens)",
        "12 averaged over",
        "Crossover budget",
        "With only 12 problems",
        "over 40 resamples of the problems (seed 0)",
        "percentiles over 40 resamples",
        "up to eight values of S and of V per doubling, to S = 6 and V = 4",
        "(of 6 forms, by cross-validation)",
        "chosen on 9 of 10 parts of the problems",
        "without any parsed verdict scores 0",
        "a solution without an answer scores 0",
        f"svlaw {sv.__version__}",
        "judge",
    ):
        assert words in page.text, words
    assert re.search(r"\d\.\d% \[\d+\.\d, \d+\.\d\]", page.text)


def test_the_page_stands_alone(pool, report):
    html = report(pool, open_example("singhi2025_fig1"), ratio=2.0)
    page = Page(html)
    assert all(resource.startswith("#") for resource in page.resources)
    assert "src" not in {name for held, _ in page.scripts for name in held}
    assert sum("plotly.js v" in text for _, text in page.scripts) == 1
    assert html.count("plotly.js v") == 1
    assert "default-src 'none'" in html
    assert "@import" not in html
    assert len(page.ids) == len(set(page.ids))


def test_the_same_call_gives_the_same_bytes(pool, report):
    html = report(pool)
    assert report(pool) == report(pool.path) == html
    assert report(pool, seed=1) != html


def test_nothing_in_a_pool_becomes_markup(tmp_path, report):
    path = tmp_path / "<script>alert(2)<"
    frame = answers(4, 4)
    with create_pool(path, {"files": [NASTY, "</dd>"]}) as writer:
        writer.add("answers", frame)
        writer.add("verdicts", verdicts(frame, 2), verifier="judge")
    html = report(open_pool(path))
    page = Page(html)
    assert "alert(" not in "".join(text for held, text in page.scripts if "data-figure" in held)
    kinds = {held.get("type") for held, text in page.scripts if "alert(" in text}
    assert kinds <= {"application/json"}
    assert "<script>alert" not in html
    assert "<script>alert(2)<" in page.text
    assert NASTY in page.text
    assert sum("type" not in held for held, _ in page.scripts) == 2


def test_the_title_of_the_page(report):
    pool = open_example("singhi2025_fig1")
    plain = report(pool, ratio=2.0)
    assert "<title>When to solve, when to verify: " in plain
    assert "<h1>When to solve, when to verify</h1>" in plain
    own = report(pool, ratio=2.0, title=f" Exams & {NASTY}\nof 2026 ")
    shown = "Exams &amp; &lt;script&gt;alert(1)&lt;/script&gt; of 2026"
    assert f"<title>{shown}</title>" in own
    assert f"<h1>{shown}</h1>" in own
    assert NASTY not in own
    for blank in ("", " \n"):
        with pytest.raises(BadInputError, match="title of the page is blank"):
            report(pool, title=blank)


def test_without_verifications_there_is_no_crossover_and_no_law(make_pool, report):
    page = Page(report(make_pool(answers(5, 8))))
    assert list(page.figures) == ["pool-1-frontier", "pool-1-solutions"]
    for words in (
        "Without verifications only self-consistency can be judged",
        "This pool has no verifications.",
        "No law can be fitted",
        "λ plays no part",
    ):
        assert words in page.text, words
    assert "None" not in page.text


def test_without_answers_to_vote_on(make_pool, report):
    frame = answers(5, 8, votes=False)
    text = Page(report(make_pool(frame, judge=verdicts(frame, 2)))).text
    assert "there is no self-consistency to compare with" in text
    assert "There is no crossover to look for" in text
    only_coverage = Page(report(make_pool(frame)))
    assert "No strategy of this pool can be run without an oracle" in only_coverage.text
    assert len(only_coverage.figures) == 2


def section(html, title, after):
    """A part of the page, from one heading to another."""
    return html[html.index(f"<h3>{title}</h3>") : html.index(f"<h3>{after}</h3>")]


def cells(html):
    """Rows of a table as text."""
    rows = re.findall("<tr>(.*?)</tr>", html)
    return [[Page(cell).text for cell in re.findall("<t[dh][^>]*>(.*?)</t[dh]>", r)] for r in rows]


def test_all_methods_stand_side_by_side_and_the_advice_above_them(whole):
    pool, html = whole
    table = sv.success_table(pool, solutions="fine", verifications="fine")
    fit = sv.fit_allocation(
        table, sv.relative_cost(pool, None), ["envelope", "isobudget"], resamples=40
    )
    laws = section(html, "How to spend a growing budget", "Easy and hard problems")
    head, *rows = cells(laws[laws.index("<table") :])
    assert " ".join(head) == "Strategy Method a (S) b (V) a + b Budgets At boundary Status"
    assert [row[:2] for row in rows] == [
        [strategy, method]
        for strategy in ("Best-of-N", "Weighted voting")
        for method in ("Envelope", "Iso-budget", "Surface")
    ]
    shown = {(row[0], row[1]): row[2:] for row in rows}
    names = {"best_of_n": "Best-of-N", "weighted_vote": "Weighted voting"}
    methods = {"envelope": "Envelope", "isobudget": "Iso-budget", "surface": "Surface"}
    for of_s, of_v, total in zip(fit.laws[::2], fit.laws[1::2], fit.sums, strict=True):
        status = dict.fromkeys((of_s.status, of_v.status))
        assert len(status) == 1
        assert shown[names[of_s.strategy], methods[of_s.method]] == [
            with_ends(of_s.exponent, of_s.conf_low, of_s.conf_high, exponent),
            with_ends(of_v.exponent, of_v.conf_low, of_v.conf_high, exponent),
            with_ends(total.total, total.conf_low, total.conf_high, exponent),
            f"{of_s.n_budgets}",
            f"{100 * of_s.boundary_fraction:.0f}%",
            of_s.status.replace("_", " "),
        ]
    answer = html[: html.index("<h3>Success within a budget</h3>")]
    advised = re.findall(r'<th scope="row">([^<]*)</th><td><strong>([^<]*)</strong></td>', laws)
    assert advised
    assert laws.count("<strong>") == len(advised)
    for name, method in advised:
        (words,) = re.findall(rf"<li>{name}: ([^<]*)</li>", laws)
        row = shown[name, method]
        assert f"a = {row[0]}, and" in answer
        assert f"b = {row[1]} (by the {method.lower()}" in answer
        assert f"Advice: {words}</li>" in answer
    assert ("censored" in laws) == any(row[-1] == "boundary" for row in rows)


def test_frontier_tables_are_cross_fitted(make_pool, report):
    rng = np.random.default_rng(0)
    frame = answers(12, 8)
    judged = verdicts(frame, 2)  # of no worth, so that what is best is so by luck
    pool = make_pool(frame, judge=judged.with_columns(score=rng.random(judged.height)))
    table, cost = sv.success_table(pool), sv.relative_cost(pool, None)
    frame = sv.frontier(table, cost, resamples=40).sort("budget", maintain_order=True)
    html = report(pool)
    part = section(html, "Success within a budget", "Success against the number of solutions")
    head, *rows = cells(part[part.index("Every strategy") :])
    place = head.index("Cross-fitted")
    assert [row[place] for row in rows] == [percent(x) for x in frame["crossfit"]]
    assert [row[place] for row in rows] != [percent(x) for x in frame["success"]]
    assert "Cross-fitted success is what points chosen in the same way achieve" in part
    flattery = frame.filter("best")["optimism"].max()
    assert f"here by up to {100 * flattery:.1f} points" in part


def test_without_cross_fitting_there_is_no_column_for_it(report):
    html = report(open_example("singhi2025_fig1"), ratio=2.0)
    part = section(html, "Success within a budget", "Success against the number of solutions")
    assert "Cross-fitted" not in part
    assert {len(row) for row in cells(part)} == {7}
    assert "telling by how much takes per-problem data" in part


def test_no_exponent_is_quoted_where_none_can_be(pool, report):
    html = report(pool)
    answer = Page(html[html.index("<main>") : html.index("<h3>Success within a budget</h3>")]).text
    for words in (
        "With best-of-N there is no law, since a larger budget buys no gain that is clear of noise",
    ):
        assert words in answer, words
    assert " a = " not in answer
    assert "<strong>" not in html


def test_a_censored_law_says_so_beside_its_exponent(tmp_path, report):
    rows = [
        ("best_of_n", s, v, 0.2 + 0.1 * log2(v) + 0.01 * log2(s))
        for s in (1, 2, 4, 8, 16, 32, 64)
        for v in (1, 2, 4, 8)
    ]
    names = ("strategy", "solutions", "verifications", "success")
    pl.DataFrame(rows, names, orient="row").write_csv(tmp_path / "t.csv")
    text = Page(report(sv.import_success(tmp_path / "p", tmp_path / "t.csv"), ratio=2.0)).text
    assert "(by the envelope; doubtful: many optima lie at or beyond the largest S or V" in text
    assert "Laws with best-of-N: many optima lie at or beyond the largest S or V" in text


def test_the_laws_have_a_grid_and_problems_of_their_own(make_pool, report):
    frame = answers(10, 7).filter(
        (pl.col("solution_id") < 5) | ~pl.col("problem_id").str.contains("p[01] ")
    )
    pool = make_pool(frame, judge=verdicts(frame, 2))
    text = Page(report(pool, resamples=1200)).text
    assert "10 averaged over, the same for all strategies; none set aside" in text
    assert "to S = 7 and V = 2, averaged over 8 problems; 2 set aside" in text
    assert "over 1,200 resamples of the problems" in text
    assert "Exponents: percentiles over 1,000 resamples" in text
    stored = {path: path.stat().st_mtime_ns for path in pool.path.rglob("success_tables/**/*.*")}
    assert len(stored) == 4 * 3  # powers of two, the fine grid, and one half of the solutions
    report(pool)
    assert {path: path.stat().st_mtime_ns for path in stored} == stored


def test_a_published_table_has_no_intervals_and_the_published_answer(report):
    page = Page(report(open_example("singhi2025_fig1"), ratio=2.0))
    for words in (
        "leads self-consistency by 0.25 points or more from a budget of 1,230 solutions on",
        "Self-consistency saturates at 128",
        "no figure has an interval",
        "generate more, or take the exponent as censored",
        "unknown (published table)",
        "0.56",
        "0.49",
    ):
        assert words in page.text, words
    assert "[" not in page.text
    assert not re.search(r"\b(nan|None|inf)\b", page.text)


def test_never_is_an_answer(tmp_path, report):
    rows = [("self_consistency", s, 0, 0.5 + 0.01 * s) for s in (1, 2, 4, 8)]
    rows += [("best_of_n", s, 1, 0.2) for s in (1, 2, 4)]
    names = ("strategy", "solutions", "verifications", "success")
    pl.DataFrame(rows, names, orient="row").write_csv(tmp_path / "t.csv")
    text = Page(report(sv.import_success(tmp_path / "p", tmp_path / "t.csv"), ratio=1.0)).text
    assert "has no lasting lead over self-consistency at the budgets both have" in text
    assert "never within the data" in text
    assert (
        "Self-consistency is the better choice at every budget computed, up to 8 solutions." in text
    )
    assert "Unsaturated" in text


def test_a_lead_without_a_rival_is_cautioned(tmp_path, report):
    rows = [("self_consistency", s, 0, 0.5 + 0.01 * s) for s in (1, 2, 4)]
    rows += [("best_of_n", s, 1, 0.4 + 0.02 * s) for s in (1, 2, 4, 8)]
    names = ("strategy", "solutions", "verifications", "success")
    pl.DataFrame(rows, names, orient="row").write_csv(tmp_path / "t.csv")
    text = Page(report(sv.import_success(tmp_path / "p", tmp_path / "t.csv"), ratio=1.0)).text
    assert "up to 8 solutions self-consistency is best, at 16 verification is." in text
    assert "But self-consistency, still improving, was computed only up to 4." in text


def test_several_pools_have_an_overview_and_a_section_each(pool, make_pool, report):
    steps = []
    html = report(pool, make_pool(answers(3, 4)), progress=lambda *step: steps.append(step))
    page = Page(html)
    assert "All pools" in page.text
    assert {"pool-1", "pool-2"} <= set(page.ids)
    assert {target.removeprefix("#") for target in page.resources} <= set(page.ids)
    assert [t for t in page.resources if re.fullmatch(r"#pool-\d", t)][:2] == ["#pool-1", "#pool-2"]
    assert steps == sorted(steps)
    assert steps[-1] == (2000, 2000)


def test_without_resamples_there_are_no_intervals(pool, report):
    html = report(pool, resamples=0)
    assert "Intervals were not asked for" in html
    # Those of the verifier's rates and of the pool's health need no resamples.
    before = Page(html[: html.index("<h3>How good the verifier is</h3>")])
    assert not re.search(r"\d\.\d% \[", before.text)


def test_bad_calls_leave_nothing_behind(tmp_path, make_pool, report):
    with pytest.raises(BadInputError, match="at least one pool"):
        report()
    with pytest.raises(NotInPoolError, match="give --lambda"):
        report(open_example("singhi2025_fig1"))
    with pytest.raises(BadInputError, match="not a pool"):
        report(tmp_path / "none")
    assert not (tmp_path / "out" / "report.html").exists()


def test_importing_the_package_is_cheap():
    code = "import sys, svlaw.report; print('numpy' in sys.modules, 'plotly' in sys.modules)"
    result = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, cwd="/", check=True
    )
    assert result.stdout.split() == ["False", "False"]


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (8256.0, "8,256"),
        (1014.17, "1,010"),
        (46.37, "46"),
        (4.87, "4.9"),
        (4.03, "4.0"),
        (0.0761, "0.076"),
        (9.97, "10"),
        (123456.7, "123,000"),
    ],
)
def test_amounts(value, text):
    assert amount(value) == text


def test_other_numbers():
    assert percent(0.7849) == "78.5%"
    assert points(0.0969) == "+9.7"
    assert points(-0.0167) == "−1.7"
    assert points(-1e-14) == "0.0"
    assert times(7.92) == "7.9×"
    assert reached(Interval(64.0, 4.0, 64.0, 0.0), times) == "64× [4, 64]"
    assert reached(Interval(46.4, 20.0, None, 0.27), amount) == "46 [20, never]"
    assert reached(Interval(None, 32.1, None, 0.9), amount) == "never within the data [32, never]"
    assert reached(Interval(None, None, None, 1.0), amount) == "never within the data"
    assert reached(Interval(None), amount) == "never within the data"
