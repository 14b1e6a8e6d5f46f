"""`svlaw view`: its figures, its pages, and what it refuses."""

import os
import re
import signal
import subprocess
import sys
import urllib.request
from collections.abc import Callable
from html import unescape
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest
from starlette.testclient import TestClient

from svlaw.analysis.success.success_table import success_table
from svlaw.data.errors import NotInPoolError
from svlaw.data.examples import open_example
from svlaw.data.pool import Pool, open_pool
from svlaw.data.pool_writer import create_pool
from svlaw.viewer.loopback_guard import SECURITY_HEADERS
from svlaw.viewer.problem_detail import read_problem, read_solution
from svlaw.viewer.problem_table import ROWS, Selection, page_of, problem_table
from svlaw.viewer.site import PoolSite
from svlaw.viewer.viewed_pool import open_viewed

MakePool = Callable[..., Pool]
Svlaw = Callable[..., tuple[Any, str, str]]

PORT = 8123
HOSTILE = "../../<script>alert(1)</script>&\"'?id=x#\u202e"


def client(pool: Pool, verifier: str | None = None, port: int = PORT) -> TestClient:
    site = PoolSite(open_viewed(pool.path), verifier)
    return TestClient(site.application(port), base_url=f"http://127.0.0.1:{port}")


def answers_of(*rows: tuple[str, int, str | None, int | None, bool]) -> pl.DataFrame:
    names = ["problem_id", "solution_id", "answer", "answer_class", "is_correct"]
    frame = pl.DataFrame(rows, names, orient="row")
    missing = pl.col("answer_class").is_null()
    status = pl.when(missing).then(pl.lit("no_answer")).otherwise(pl.lit("graded"))
    return frame.with_columns(status.alias("status"))


def verdicts_of(*rows: tuple[str, int, int, float | None]) -> pl.DataFrame:
    names = ["problem_id", "solution_id", "verification_id", "score"]
    frame = pl.DataFrame(rows, names, orient="row")
    return frame.with_columns(
        pl.when(pl.col("score").is_null())
        .then(pl.lit("unparsed"))
        .otherwise(pl.lit("graded"))
        .alias("status")
    )


@pytest.fixture
def written(tmp_path: Path) -> Pool:
    """A pool with texts, all of them hostile, and a verifier."""
    answers = answers_of(
        (HOSTILE, 0, HOSTILE, 0, True),
        (HOSTILE, 1, "12", 1, False),
        (HOSTILE, 2, "12", 1, False),
        (HOSTILE, 3, None, None, False),
        ("plain", 0, "7", 0, True),
    )
    texts = answers.select(
        "problem_id",
        "solution_id",
        pl.format("<b>solution</b> {}\x1b[31m", "solution_id").alias("text"),
    )
    verdicts = verdicts_of(
        (HOSTILE, 0, 0, 1.0), (HOSTILE, 0, 1, 1.0), (HOSTILE, 1, 0, 0.0), (HOSTILE, 1, 1, None),
        (HOSTILE, 2, 0, 0.0), (HOSTILE, 2, 1, 1.0), (HOSTILE, 3, 0, 1.0), (HOSTILE, 3, 1, 1.0),
    )  # fmt: skip
    checks = verdicts.select(
        "problem_id", "solution_id", "verification_id", pl.lit("<i>check</i>").alias("text")
    )
    problems = pl.DataFrame(
        {
            "problem_id": [HOSTILE, "plain"],
            "question": ["<img src=x onerror=alert(1)>", "Seven?"],
            "reference_answer": ["<u>12</u>", "7"],
            "own<column>": ["<hr>", None],
        }
    )
    path = tmp_path / "pool"
    with create_pool(path, {"source": "test"}) as writer:
        writer.add("problems", problems)
        writer.add("solutions", texts)
        writer.add("answers", answers)
        writer.add("verifications", checks, verifier="judge")
        writer.add("verdicts", verdicts, verifier="judge")
    return open_pool(path)


def test_figures_are_those_of_the_answers(written: Pool) -> None:
    row = problem_table(open_viewed(written.path), "judge").row(0, named=True)
    assert row["problem_id"] == HOSTILE
    assert row["solutions"] == 4
    assert row["accuracy"] == 0.25
    assert row["answers"] == 2
    assert row["agreement"] == pytest.approx(2 / 3)
    assert row["vote"] == 0.0
    assert row["best_of_n"] == 1.0  # a solution without an answer scores 0 whatever its verdicts
    assert row["yes_right"] == 1.0
    assert row["yes_wrong"] == pytest.approx(3 / 5)
    assert (row["voting"], row["verification"]) == ("breaks", "fixes")


def test_votes_and_verdicts_agree_with_a_plain_count(make_pool: MakePool) -> None:
    random = np.random.default_rng(7)
    rows, verdicts = [], []
    for problem in "abcdef":
        right = int(random.integers(0, 3))
        for solution in range(9):
            label = int(random.integers(0, 3))
            rows.append((problem, solution, str(label), label, label == right))
            verdicts += [
                (problem, solution, call, float(random.integers(0, 2))) for call in range(3)
            ]
    pool = make_pool(answers_of(*rows), judge=verdicts_of(*verdicts))
    table = problem_table(open_viewed(pool.path), "judge")
    for row in table.iter_rows(named=True):
        own = [r for r in rows if r[0] == row["problem_id"]]
        counts = {label: sum(r[3] == label for r in own) for label in {r[3] for r in own}}
        leading = [label for label, n in counts.items() if n == max(counts.values())]
        outcomes = [next(r[4] for r in own if r[3] == label) for label in leading]
        assert row["vote"] == pytest.approx(sum(outcomes) / len(outcomes))
        assert row["agreement"] == pytest.approx(max(counts.values()) / len(own))
        sums = {r[1]: sum(v[3] for v in verdicts if v[:2] == r[:2]) for r in own}
        best = [r[4] for r in own if sums[r[1]] == max(sums.values())]
        assert row["best_of_n"] == pytest.approx(sum(best) / len(best))
    whole = success_table(pool, solutions=[9], verifications=[3], verifier="judge")
    for column, strategy in (("vote", "self_consistency"), ("best_of_n", "best_of_n")):
        assert table[column].mean() == pytest.approx(whole[strategy].mean()[0], abs=1e-9)


def test_rows_are_sorted_searched_and_paged(make_pool: MakePool) -> None:
    names = [f"Q{number:03}" for number in range(2 * ROWS + 1)]
    rows = [
        (name, solution, "1", int(solution > k % 3), solution <= k % 3)
        for k, name in enumerate(names)
        for solution in range(3)
    ]
    table = problem_table(open_viewed(make_pool(answers_of(*rows)).path))
    assert page_of(table, Selection()).rows["problem_id"].to_list() == names[:ROWS]
    last = page_of(table, Selection(page=99))
    assert (last.page, last.pages, last.rows["problem_id"].to_list()) == (3, 3, names[-1:])
    falling = page_of(table, Selection(sort="accuracy", is_falling=True)).rows
    assert falling["accuracy"].is_sorted(descending=True)
    assert falling["problem_id"][0] == "Q002"
    assert page_of(table, Selection(search="q00")).found == 10
    assert page_of(table, Selection(search=".*")).found == 0
    fixed = page_of(table, Selection(change="voting-fixes")).rows
    assert set(fixed["voting"]) == {"fixes"}


def test_pages_show_everything_and_run_nothing(written: Pool) -> None:
    web = client(written)
    front = web.get("/")
    links = [unescape(link) for link in re.findall(r'href="(/problem[^"]*)"', front.text)]
    problem = web.get(links[0])
    inner = [unescape(link) for link in re.findall(r'href="(/solution[^"]*)"', problem.text)]
    solution = web.get(inner[0])
    for page in (front, problem, solution):
        assert page.status_code == 200
        assert "&lt;script&gt;alert(1)&lt;/script&gt;" in page.text
        for tag in ("<script", "<img", "<b>", "<i>check", "<u>", "<hr>", "\x1b", "http"):
            assert tag not in page.text, tag
        outside = re.findall(r'(?:href|src|action)="([^"]*)"', page.text)
        assert all(link.startswith(("/", "data:,")) for link in outside)
        assert not any(link.startswith("//") for link in outside)
    assert "&lt;img src=x onerror=alert(1)&gt;" in problem.text
    assert "&lt;u&gt;12&lt;/u&gt;" in problem.text
    assert "&lt;b&gt;solution&lt;/b&gt; 0" in problem.text
    assert "own&lt;column&gt;" in problem.text
    assert "&lt;i&gt;check&lt;/i&gt;" in solution.text
    assert "&lt;b&gt;solution&lt;/b&gt; 0" in solution.text


def test_a_hostile_search_stays_text(written: Pool) -> None:
    page = client(written).get("/", params={"search": HOSTILE})
    assert page.status_code == 200
    assert "<script" not in page.text
    assert "1 found" in page.text


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "PATCH", "OPTIONS", "HEAD", "TRACE"])
def test_only_get_is_answered(written: Pool, method: str) -> None:
    answer = client(written).request(method, "/")
    assert (answer.status_code, answer.headers["Allow"]) == (405, "GET")


@pytest.mark.parametrize(
    "host",
    ["evil.example", f"evil.example:{PORT}", "127.0.0.1", f"127.0.0.1:{PORT + 1}", "", "0.0.0.0",
     f"127.0.0.1:{PORT}.evil.example", f"evil@127.0.0.1:{PORT}", f"[::1]:{PORT}"],
)  # fmt: skip
def test_other_hosts_are_refused(written: Pool, host: str) -> None:
    answer = client(written).get("/", headers={"Host": host})
    assert answer.status_code == 403
    assert "plain" not in answer.text


@pytest.mark.parametrize("host", [f"127.0.0.1:{PORT}", f"localhost:{PORT}", f"LOCALHOST:{PORT}"])
def test_this_machine_is_let_in(written: Pool, host: str) -> None:
    assert client(written).get("/", headers={"Host": host}).status_code == 200


def test_the_port_that_browsers_leave_out(written: Pool) -> None:
    web = client(written, port=80)
    assert web.get("/", headers={"Host": "localhost"}).status_code == 200
    assert web.get("/", headers={"Host": "localhost:81"}).status_code == 403


def test_every_answer_is_guarded(written: Pool) -> None:
    web = client(written)
    answers = [
        *(web.get(place) for place in ("/", "/nowhere", "/viewer.css", "/problem?id=x")),
        web.post("/"),
        web.get("/", headers={"Host": "evil.example"}),
    ]
    for answer in answers:
        for name, value in SECURITY_HEADERS.items():
            assert answer.headers[name] == value
    assert "'unsafe" not in SECURITY_HEADERS["Content-Security-Policy"]


@pytest.mark.parametrize(
    ("place", "status"),
    [
        ("/problem?id=unknown", 404),
        ("/problem?id=../pool.json", 404),
        ("/problem?id=plain&verifier=nobody", 404),
        ("/problem?id=plain&verifier=../judge", 404),
        ("/?verifier=nobody", 404),
        ("/solution?id=plain&solution=9", 404),
        ("/solution?id=unknown&solution=0", 404),
        ("/pool.json", 404),
        ("/..%2fpool.json", 404),
        ("/problem", 400),
        ("/solution?id=plain", 400),
        ("/solution?id=plain&solution=-1", 400),
        ("/solution?id=plain&solution=99999999999999999999", 400),
        ("/problem?id=plain&page=x", 400),
        ("/?sort=question", 400),
        ("/?change=<script>", 400),
    ],
)
def test_what_is_not_there_is_said(written: Pool, place: str, status: int) -> None:
    answer = client(written).get(place)
    assert answer.status_code == status
    assert "<script" not in answer.text
    assert "Traceback" not in answer.text


def test_nothing_is_written(written: Pool, monkeypatch: pytest.MonkeyPatch) -> None:
    def state() -> dict[Path, int]:
        return {path: path.stat().st_mtime_ns for path in written.path.rglob("*")}

    monkeypatch.setattr("svlaw.data.storage.part_digests.SMALL_BYTES", 0)
    before = state()
    web = client(written)
    for place in ("/", "/problem?id=plain", "/solution?id=plain&solution=0"):
        assert web.get(place).status_code == 200
    assert state() == before


def test_a_pool_without_texts_or_verifier(make_pool: MakePool) -> None:
    pool = make_pool(answers_of(("a", 0, "1", 0, True), ("a", 1, None, None, False)))
    web = client(pool)
    front = web.get("/").text
    assert "no verdicts" in front
    assert "The pool stores no question." in web.get("/problem?id=a").text
    solution = web.get("/solution?id=a&solution=1").text
    assert "The pool stores no text of it." in solution
    assert "0 verdicts" in solution
    row = problem_table(open_viewed(pool.path)).row(0, named=True)
    assert (row["vote"], row["best_of_n"], row["verification"]) == (1.0, None, None)


def test_a_pool_without_votes(make_pool: MakePool) -> None:
    answers = answers_of(("a", 0, None, 0, True), ("a", 1, None, 0, False), ("b", 0, None, 0, True))
    none = pl.lit(None, pl.Int32).alias("answer_class")
    pool = make_pool(answers.with_columns(none), judge=verdicts_of(("a", 0, 0, 1.0)))
    row = problem_table(open_viewed(pool.path), "judge").row(0, named=True)
    assert (row["vote"], row["agreement"], row["voting"]) == (None, None, None)
    assert row["verification"] == "fixes"  # against one solution
    detail = read_problem(open_viewed(pool.path), "a", "judge")
    assert detail is not None
    assert sorted(detail.answers["right"].to_list()) == [0.0, 1.0]
    assert client(pool).get("/problem?id=a").status_code == 200


def test_a_problem_without_solutions(make_pool: MakePool) -> None:
    pool = make_pool(
        answers_of(("a", 0, "1", 0, True)), problems=["a", "b"], judge=verdicts_of(("a", 0, 0, 1.0))
    )
    page = client(pool).get("/problem?id=b")
    assert page.status_code == 200
    assert "0 solutions" in page.text


def test_several_verifiers(make_pool: MakePool) -> None:
    answers = answers_of(("a", 0, "1", 0, True), ("a", 1, "2", 1, False))
    good = verdicts_of(("a", 0, 0, 1.0), ("a", 1, 0, 0.0))
    bad = verdicts_of(("a", 0, 0, 0.0), ("a", 1, 0, 1.0))
    pool = make_pool(answers, good=good, bad=bad)
    assert ">right (fixes)<" in client(pool).get("/problem?id=a&verifier=good").text
    assert ">wrong (breaks)<" in client(pool, "bad").get("/problem?id=a").text
    with pytest.raises(NotInPoolError, match="no verifier 'nobody'"):
        PoolSite(open_viewed(pool.path), "nobody")


def test_solutions_and_verdicts_are_paged(make_pool: MakePool) -> None:
    answers = answers_of(*(("a", n, str(n), n, n == 3) for n in range(23)))
    verdicts = verdicts_of(*(("a", 3, call, 1.0) for call in range(11)))
    pool = open_viewed(make_pool(answers, judge=verdicts).path)
    detail = read_problem(pool, "a", "judge", 3)
    assert detail is not None
    assert detail.shown["solution_id"].to_list() == [20, 21, 22]
    solution = read_solution(pool, "a", 3, "judge", 2)
    assert solution is not None
    assert (solution.n_verdicts, solution.pages) == (11, 2)
    assert solution.verdicts["verification_id"].to_list() == [10]


def test_a_damaged_part_is_one_line(written: Pool, svlaw: Svlaw) -> None:
    part = written.parts("answers")[0]
    part.write_bytes(part.read_bytes()[:-9])
    code, out, err = svlaw("view", written.path, "--no-open")
    assert (code, out, err.count("\n")) == (2, "", 1)
    assert part.name in err


def test_a_published_table_has_no_problems(svlaw: Svlaw) -> None:
    code, out, err = svlaw("view", open_example("singhi2025_fig1").path, "--no-open")
    assert (code, out, err.count("\n")) == (2, "", 1)
    assert "holds no problems to look at" in err


@pytest.mark.parametrize("name", ["starlette", "uvicorn"])
def test_without_the_extra(
    written: Pool, svlaw: Svlaw, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    for module in [m for m in sys.modules if m.startswith("svlaw.viewer.")]:
        monkeypatch.delitem(sys.modules, module)
    for module in [m for m in sys.modules if m.partition(".")[0] == name]:
        monkeypatch.delitem(sys.modules, module)
    monkeypatch.setitem(sys.modules, name, None)
    code, out, err = svlaw("view", written.path, "--no-open")
    assert (code, out, err.count("\n")) == (2, "", 1)
    assert "pip install 'svlaw[view]'" in err


def start(pool: Pool, *options: str) -> tuple[subprocess.Popen[str], str]:
    process = subprocess.Popen(
        [sys.executable, "-c", "from svlaw.cli import main; main()", "view", str(pool.path),
         "--no-open", *options],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )  # fmt: skip
    assert process.stdout is not None
    line = process.stdout.readline()
    found = re.match(r"http://127\.0\.0\.1:\d+/", line)
    assert found is not None, line
    return process, found[0]


@pytest.mark.slow
def test_the_server_ends_with_an_interrupt(written: Pool, svlaw: Svlaw) -> None:
    process, address = start(written)
    try:
        with urllib.request.urlopen(address) as answer:
            assert b"plain" in answer.read()
        port = address.rstrip("/").rpartition(":")[2]
        code, out, err = svlaw("view", written.path, "--no-open", "--port", port)
        assert (code, out, err.count("\n")) == (2, "", 1)
        assert f"--port {port}" in err
    finally:
        os.kill(process.pid, signal.SIGINT)
        out, err = process.communicate(timeout=60)
    assert process.returncode == 130
    assert "Traceback" not in err


@pytest.mark.slow
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_pages_in_a_browser(written: Pool, browser: Any, scheme: str) -> None:
    """No rule of axe is broken, and the browser has nothing to say about the hostile texts."""
    axe = pytest.importorskip("axe_playwright_python.sync_playwright").Axe()
    process, address = start(written)
    said: list[str] = []
    context = browser.new_context(color_scheme=scheme)
    try:
        page = context.new_page()
        page.on("console", lambda message: said.append(message.text))
        page.on("dialog", lambda dialog: said.append(dialog.message))
        page.goto(address)
        for link in ("tbody th a", "section h3 a", None):
            broken = axe.run(page).response["violations"]
            assert [(rule["id"], rule["nodes"][0]["html"]) for rule in broken] == []
            if link is not None:
                page.locator(link).first.click()
        assert "/solution?" in page.url
    finally:
        context.close()
        os.kill(process.pid, signal.SIGINT)
        process.communicate(timeout=60)
    assert said == []
