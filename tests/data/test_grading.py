import time

import polars as pl
import pytest

from svlaw.data.errors import BadInputError
from svlaw.data.grading import agree, grade_answers, judge

ENDLESS = "10^{10^{10}}"


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
    start = time.monotonic()
    judged = judge([(ENDLESS, "5"), *easy, (ENDLESS, "5")], time_limit=1.5, workers=2)
    assert judged == {
        (ENDLESS, "5"): "timeout",
        **dict.fromkeys(easy[:5], "correct"),
        **dict.fromkeys(easy[5:], "wrong"),
    }
    assert time.monotonic() - start < 30


def test_plain_pairs_need_no_worker(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("svlaw.data.grading.worker_pool", None)
    judged = judge([("0777", "777"), ("12", "21"), ("seat", "east"), ("East", r"\text{east}")])
    assert list(judged.values()) == ["correct", "wrong", "wrong", "correct"]


def test_each_meaning_is_judged_once() -> None:
    seen: list[tuple[int, int]] = []
    pairs = [("1/3", "0.7"), (r"\frac13", "0.7"), ("1/3", "0.70")]
    judged = judge(pairs, workers=1, progress=lambda done, total: seen.append((done, total)))
    assert seen == [(1, 1)]
    assert set(judged.values()) == {"wrong"}
    assert set(judged) == set(pairs)


def test_reference_is_the_gold_answer(monkeypatch: pytest.MonkeyPatch) -> None:
    given: list[object] = []

    def verify(gold: list[object], target: list[object], **options: object) -> bool:
        given.extend([gold[-1], target[-1], options["timeout_seconds"]])
        return True

    monkeypatch.setattr("math_verify.verify", verify)
    assert agree("3", "4")
    assert given == ["4", "3", None]


def test_answers_are_classed_by_meaning_when_right_and_by_text_when_wrong() -> None:
    rows = [
        ("a", "1/2", "0.5"),
        ("a", None, "0.5"),
        ("a", "7", "0.5"),
        ("a", r"\frac{1}{2}", "0.5"),
        ("a", "07", "0.5"),
        ("a", "0.50", "0.5"),
        ("b", ENDLESS, "5"),
        ("b", "7", "5"),
        ("b", r"10^{10^{10}} ", "5"),
    ]
    frame = pl.DataFrame(rows, schema=["problem_id", "answer", "reference_answer"], orient="row")
    graded = grade_answers(frame, time_limit=1, workers=1)
    assert graded["is_correct"].to_list() == [True, False, False, True, False, True] + [False] * 3
    assert graded["answer_class"].to_list() == [0, None, 1, 0, 1, 0, 0, 1, 0]
    assert graded["status"].to_list() == [
        "graded", "no_answer", "graded", "graded", "graded", "graded", "timeout", "graded",
        "timeout",
    ]  # fmt: skip


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


def test_bad_arguments_are_refused() -> None:
    with pytest.raises(BadInputError, match="time_limit 0"):
        judge([], time_limit=0)
    with pytest.raises(BadInputError, match="workers 0"):
        judge([("1/3", "0.7")], workers=0)
    frame = pl.DataFrame({"problem_id": ["a"], "answer": ["1"], "reference_answer": [None]})
    with pytest.raises(BadInputError, match="reference_answer"):
        grade_answers(frame)
