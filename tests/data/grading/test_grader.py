import asyncio
import subprocess
import sys
import threading
from pathlib import Path

import polars as pl
import pytest

from svlaw.data.errors import BadInputError
from svlaw.data.grading import examiner as examiner_module
from svlaw.data.grading.examiner import Examiner
from svlaw.data.grading.grader import grade_answers, grade_with, judge
from svlaw.data.grading.judgements import Judgements

ENDLESS = r"\int_0^1 1^{10^{10^{10}}} dx"
SCRIPT = r"""
from svlaw.data.grading.grader import judge
pairs = [("\\sqrt{16}", "4"), ("\\int_0^1 1^{10^{10^{10}}} dx", "5"), ("\\sqrt{8}", "2\\sqrt{2}")]
print(list(judge(pairs, time_limit=3.0, workers=2).values()))
"""
PRINTED = "['correct', 'timeout', 'correct']\n"


def test_meaning_decides_and_endless_pairs_time_out_alone() -> None:
    easy = [
        ("0.5", r"\frac{1}{2}"),
        ("x = 5", "5"),
        ("5", "x = 5"),
        (r"(x-1)(x+1)", "x^2-1"),
        (r"2\sqrt{2}", r"\sqrt{8}"),
        ("1,3", "1,-2"),
        (r"2\pi", "2"),
        ("3i", "3"),
    ]
    judged = judge([(ENDLESS, "5"), *easy, (ENDLESS, "5")], time_limit=5, workers=2)
    assert judged == {
        (ENDLESS, "5"): "timeout",
        **dict.fromkeys(easy[:5], "correct"),
        **dict.fromkeys(easy[5:], "wrong"),
    }


def test_plain_pairs_need_no_reading() -> None:
    pairs = [
        ("0777", "777"),
        ("12", "21"),
        ("seat", "east"),
        ("East", r"\text{east}"),
        ("five", "6"),
        ("0.50", r"\frac{1}{2}"),
        ("500 cm", "5 m"),
    ]
    with Examiner(workers=1) as examiner:
        frame = pl.DataFrame(
            {
                "problem_id": [str(place) for place in range(len(pairs))],
                "answer": [answer for answer, _ in pairs],
                "reference_answer": [reference for _, reference in pairs],
            }
        )
        graded = grade_with(examiner, frame).frame
        assert examiner.examined == 0
    assert graded["is_correct"].to_list() == [True, False, False, True, False, True, True]


@pytest.mark.usefixtures("shared_worker")
def test_what_is_known_is_not_asked_again() -> None:
    seen: list[tuple[int, int]] = []
    judgements = Judgements()
    frame = pl.DataFrame(
        {
            "problem_id": ["a", "a", "a", "b"],
            "answer": [r"\sqrt{9}", r"$\sqrt{9}$", r"\sqrt{5}", r"\sqrt{9}"],
            "reference_answer": ["3", "3", "3", "3"],
        }
    )
    for questions in (2, 0):
        with Examiner(
            judgements, workers=1, progress=lambda done, total: seen.append((done, total))
        ) as examiner:
            graded = grade_with(examiner, frame)
            assert examiner.examined == questions
        assert graded.frame["is_correct"].to_list() == [True, True, False, True]
        assert graded.pairs == 3
    assert seen[-1] == (2, 2)
    assert set(judgements.readings) == {r"\sqrt{9}", r"\sqrt{5}"}


@pytest.mark.usefixtures("shared_worker")
def test_time_that_ran_out_is_tried_again_only_with_more_of_it() -> None:
    judgements = Judgements({ENDLESS: (None, 1.0)})
    frame = pl.DataFrame({"problem_id": ["a"], "answer": [ENDLESS], "reference_answer": ["5"]})
    for limit, questions in ((0.5, 0), (1.0, 0), (1.1, 1), (1.1, 0)):
        with Examiner(judgements, time_limit=limit, workers=1) as examiner:
            assert grade_with(examiner, frame).frame["status"].to_list() == ["timeout"]
            assert examiner.examined == questions


@pytest.mark.usefixtures("shared_worker")
def test_answers_are_classed_by_meaning() -> None:
    rows = [
        ("a", "1/2", "0.5"),
        ("a", None, "0.5"),
        ("a", "7", "0.5"),
        ("a", r"\frac{1}{2}", "0.5"),
        ("a", r"\sqrt{49}", "0.5"),
        ("a", "0.50", "0.5"),
        ("b", ENDLESS, "5"),
        ("b", "7", "5"),
        ("b", ENDLESS + " ", "5"),
    ]
    frame = pl.DataFrame(rows, schema=["problem_id", "answer", "reference_answer"], orient="row")
    graded = grade_answers(frame, time_limit=4, workers=1)
    assert graded["is_correct"].to_list() == [True, False, False, True, False, True] + [False] * 3
    assert graded["answer_class"].to_list() == [0, None, 1, 0, 1, 0, 0, 1, 0]
    assert graded["status"].to_list() == [
        "graded", "no_answer", "graded", "graded", "graded", "graded", "timeout", "graded",
        "timeout",
    ]  # fmt: skip
    assert graded.columns == [*frame.columns, "is_correct", "status", "answer_class"]


def test_nothing_but_algebra_needs_a_worker(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*arguments: object) -> object:
        raise AssertionError("a worker is started")

    monkeypatch.setattr(examiner_module, "worker_pool", refuse)
    tower, higher = "10^{10^{10}}", "10^{10^{11}}"
    pairs = [(tower, "5"), (tower, higher), (r"\sqrt{9}", "3"), (r"1^{10^{10^{10}}}", "1")]
    assert list(judge(pairs).values()) == ["wrong", "wrong", "correct", "correct"]


@pytest.mark.slow
@pytest.mark.usefixtures("shared_worker")
def test_a_hanging_reference_times_out_for_all_but_its_own_spelling() -> None:
    frame = pl.DataFrame(
        {"problem_id": "a", "answer": [ENDLESS, "5", r"\sqrt{2}"], "reference_answer": ENDLESS}
    )
    graded = grade_answers(frame, time_limit=0.7, workers=2)
    assert graded["is_correct"].to_list() == [True, False, False]
    assert set(graded["status"][1:]) == {"timeout"}


@pytest.mark.usefixtures("shared_worker")
def test_kinds_are_graded_each_in_its_way() -> None:
    rows = [
        ("c", "choice", "(b)", "B", True),
        ("c", "choice", "C", "B", False),
        ("c", "choice", r"\text{C}", "B", False),
        ("t", "choice", "paris", "Paris", True),
        ("n", "numeric", "3.1416", r"\pi", False),
        ("n", "numeric", "3.14159266", r"\pi", True),
        ("n", "numeric", "about 3.14159265", r"\pi", True),
        ("n", "numeric", r"\frac{355}{113}", r"\pi", True),
        ("n", "numeric", r"22/7", r"\pi", False),
        ("n", "numeric", "3.1428571428", r"\pi", False),
        ("n", "numeric", r"2\sqrt{3}", r"\pi", False),
        ("n", "numeric", "no idea", r"\pi", False),
        ("l", None, "(D)", "D", True),
        ("l", None, "d", "D", True),
        ("m", None, "d", "D^2", False),
    ]
    names = ["problem_id", "kind", "answer", "reference_answer", "right"]
    frame = pl.DataFrame(rows, schema=names, orient="row")
    graded = grade_answers(frame, workers=1)
    assert graded["is_correct"].to_list() == graded["right"].to_list()
    classes = dict(graded.group_by("problem_id").agg("answer_class").iter_rows())
    assert classes["c"] == [0, 1, 1]
    assert classes["n"] == [0, 1, 1, 1, 2, 2, 3, 4]
    assert graded["kind"].null_count() == 3


@pytest.mark.usefixtures("shared_worker")
def test_the_tolerance_is_the_users() -> None:
    frame = pl.DataFrame(
        {"problem_id": "n", "kind": "numeric", "answer": ["3.14", "3.2", "3.21", "4"],
         "reference_answer": "3.1416"}
    )  # fmt: skip
    with Examiner() as examiner:
        graded = grade_with(examiner, frame, tolerance=0.01).frame
    assert graded["is_correct"].to_list() == [True, False, False, False]
    assert graded["answer_class"].to_list() == [0, 1, 1, 2]


@pytest.mark.usefixtures("shared_worker")
def test_rows_without_answers_are_graded_too() -> None:
    frame = pl.DataFrame(
        {"problem_id": ["a"], "answer": [None], "reference_answer": ["1"]},
        schema_overrides={"answer": pl.String},
    )
    graded = grade_answers(frame)
    assert graded.select("is_correct", "answer_class", "status").row(0) == (
        False,
        None,
        "no_answer",
    )


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"reference_answer": None}, "reference_answer"),
        ({"kind": "code"}, "kind 'code'"),
        (
            {"kind": "numeric", "reference_answer": "east"},
            "problem 'a': reference_answer 'east' is no",
        ),
    ],
)
def test_bad_rows_are_refused(change: dict[str, str | None], message: str) -> None:
    row = {"problem_id": "a", "answer": "1", "reference_answer": "1", "kind": "math", **change}
    with pytest.raises(BadInputError, match=message):
        grade_answers(pl.DataFrame([row]), workers=1)


def test_bad_arguments_are_refused() -> None:
    for limit in (0, -1, float("nan")):
        with pytest.raises(BadInputError, match="time_limit"):
            judge([], time_limit=limit)
    with pytest.raises(BadInputError, match="workers 0"):
        judge([], workers=0)
    frame = pl.DataFrame({"problem_id": ["a"], "answer": ["1"], "reference_answer": ["1"]})
    for tolerance in (0, -1, float("nan")):
        with Examiner() as examiner, pytest.raises(BadInputError, match="tolerance"):
            grade_with(examiner, frame, tolerance=tolerance)


@pytest.mark.slow
def test_memory_is_limited_too() -> None:
    huge = r"\sum_{k=1}^{2} 2^{2^{40}}"
    assert judge([(huge, "5"), (r"\sqrt{9}", "3")], time_limit=3, workers=1)[r"\sqrt{9}", "3"] == (
        "correct"
    )


@pytest.mark.usefixtures("shared_worker")
def test_long_answers_are_not_put_to_algebra() -> None:
    judged = judge([("(" * 2000, "5"), ("{" * 2000, "5"), ("x+" * 3_000 + "1", "5")], workers=1)
    assert set(judged.values()) == {"wrong"}


def test_grading_works_in_a_thread() -> None:
    judged: list[str] = []
    thread = threading.Thread(
        target=lambda: judged.extend(judge([(r"\sqrt{16}", "4"), ("2x", "3x")], workers=1).values())
    )
    thread.start()
    thread.join()
    assert judged == ["correct", "wrong"]


def test_grading_works_inside_a_running_event_loop() -> None:
    """As in a notebook, whose kernel runs one."""

    async def grade() -> list[str]:
        return list(judge([(r"\sqrt{16}", "4")], workers=1).values())

    assert asyncio.run(grade()) == ["correct"]


@pytest.mark.slow
@pytest.mark.parametrize("way", ["script", "standard input", "command"])
def test_no_script_needs_a_guard(tmp_path: Path, way: str) -> None:
    script = tmp_path / "script.py"
    script.write_text(SCRIPT)
    arguments = {"script": [str(script)], "standard input": ["-"], "command": ["-c", SCRIPT]}[way]
    run = subprocess.run(
        [sys.executable, *arguments], input=SCRIPT if way == "standard input" else None,
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert (run.stdout, run.stderr, run.returncode) == (PRINTED, "", 0)


@pytest.mark.slow
def test_grading_works_in_a_notebook(tmp_path: Path) -> None:
    nbclient = pytest.importorskip("nbclient")
    nbformat = pytest.importorskip("nbformat")
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(SCRIPT)])
    nbclient.NotebookClient(notebook, resources={"metadata": {"path": str(tmp_path)}}).execute()
    assert notebook.cells[0].outputs[0]["text"] == PRINTED
