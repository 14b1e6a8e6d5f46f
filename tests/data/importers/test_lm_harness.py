"""Files of the form that lm-evaluation-harness writes with --log_samples, at 4e7e0d4."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from svlaw.data.errors import BadInputError
from svlaw.data.importers.lm_harness import import_lm_harness
from svlaw.data.pool import Pool

TARGETS = ["She sold 16 - 3 - 4 = <<16-3-4=9>>9 eggs.\n#### 18", "2 + 1 = 3\n#### 3"]
DATE = "2024-09-25T14-28-38.123456"


def line(
    doc: int, texts: list[str], filtered: Any, filter_name: str, **metrics: float
) -> dict[str, Any]:
    return {
        "doc_id": doc,
        "doc": {"question": f"question {doc}", "answer": TARGETS[doc]},
        "target": TARGETS[doc],
        "arguments": {
            "gen_args_0": {"arg_0": f"Q: question {doc}\nA:", "arg_1": {"until": ["Q:"]}}
        },
        "resps": [texts],
        "filtered_resps": [filtered],
        "filter": filter_name,
        "metrics": list(metrics),
        "doc_hash": f"{doc}d",
        "prompt_hash": f"{doc}p",
        "target_hash": f"{doc}t",
        **metrics,
    }


def write(path: Path, lines: list[dict[str, Any]]) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("".join(json.dumps(row, ensure_ascii=False) + "\n" for row in lines), "utf-8")
    return path


def rows(pool: Pool, table: str, *columns: str) -> list[tuple[Any, ...]]:
    return pool.read(table, columns).rows()


ANSWERS = ("problem_id", "solution_id", "answer", "answer_class", "is_correct", "status")
REPEATS = [
    ["So 9 * 2 = 18. The answer is 18.", "The answer is 17.", "I do not know"],
    ["The answer is 3.", "The answer is 3.0.", "The answer is 4."],
]


@pytest.fixture
def repeated(tmp_path: Path) -> Path:
    """A self-consistency task: every filter sums the repeats up to one value."""
    lines = [
        line(doc, REPEATS[doc], said, name, exact_match=value)
        for name, answers in (("score-first", ["18", "3"]), ("maj@3", ["18", "3"]))
        for doc, (said, value) in enumerate(zip(answers, [1.0, 0.0], strict=True))
    ]
    return write(tmp_path / "out" / f"samples_gsm8k_cot_self_consistency_{DATE}.jsonl", lines)


@pytest.fixture
def single(tmp_path: Path) -> Path:
    """One repeat under two filters; the metric says what a grader would not."""
    texts = [["It is 18 dollars.\nThe answer is 18."], ["Then 5, no, wait"]]
    lines = [
        line(0, texts[0], "18", "strict-match", exact_match=0.0),
        line(1, texts[1], "[invalid]", "strict-match", exact_match=0.0),
        line(0, texts[0], "18", "flexible-extract", exact_match=1.0),
        line(1, texts[1], "5", "flexible-extract", exact_match=0.0),
    ]
    return write(tmp_path / "out" / f"samples_gsm8k_cot_{DATE}.jsonl", lines)


def test_repeats_are_graded(repeated: Path, tmp_path: Path) -> None:
    done: list[tuple[int, int]] = []
    pool = import_lm_harness(
        tmp_path / "pool",
        repeated,
        filter_name="score-first",
        progress=lambda now, all_: done.append((now, all_)),
    )
    assert done[-1] == (1, 1)
    assert rows(pool, "answers", *ANSWERS) == [
        ("0", 0, "18", 0, True, "graded"),
        ("0", 1, "17", 1, False, "graded"),
        ("0", 2, None, None, False, "no_answer"),
        ("1", 0, "3", 0, True, "graded"),
        ("1", 1, "3.0", 0, True, "graded"),
        ("1", 2, "4", 1, False, "graded"),
    ]
    assert rows(pool, "problems", "problem_id", "question", "reference_answer", "kind") == [
        ("0", "question 0", "18", "math"),
        ("1", "question 1", "3", "math"),
    ]
    assert [text for (text,) in rows(pool, "solutions", "text")] == REPEATS[0] + REPEATS[1]
    assert pool.metadata == {
        "source": "lm_harness",
        "files": [repeated.name],
        "tasks": ["gsm8k_cot_self_consistency"],
        "filter": "score-first",
        "correctness": "graded",
        "counts": {"problems": 2, "solutions": 6},
    }


def test_a_filter_that_keeps_all_repeats_gives_the_answers(tmp_path: Path) -> None:
    lines = [
        line(0, REPEATS[0], ["0018", "[invalid]", "7"], "keep", exact_match=0.0),
        line(1, REPEATS[1], ["3", " ", "The answer is 4."], "keep", exact_match=0.0),
    ]
    path = write(tmp_path / "samples_gsm8k.jsonl", lines)
    pool = import_lm_harness(tmp_path / "pool", path)
    # The last is the text unchanged, so the answer is read from it.
    assert [answer for (answer,) in rows(pool, "answers", "answer")] == [
        *("0018", None, "7"),
        *("3", None, "4"),
    ]


def test_one_repeat_takes_the_metric(single: Path, tmp_path: Path) -> None:
    strict = import_lm_harness(tmp_path / "a", single, filter_name="strict-match")
    assert rows(strict, "answers", *ANSWERS) == [
        ("0", 0, "18", 0, False, "graded"),
        ("1", 0, None, None, False, "no_answer"),
    ]
    flexible = import_lm_harness(tmp_path / "b", single, filter_name="flexible-extract")
    assert rows(flexible, "answers", "answer", "is_correct") == [("18", True), ("5", False)]
    assert flexible.metadata["correctness"] == "exact_match"
    again = import_lm_harness(tmp_path / "c", single, filter_name="strict-match", regrade=True)
    assert rows(again, "answers", "is_correct") == [(True,), (False,)]


def test_metrics_are_chosen_by_name(tmp_path: Path) -> None:
    path = write(
        tmp_path / "samples_minerva.jsonl",
        [line(0, ["\\boxed{18}"], "\\boxed{18}", "none", exact_match=0.0, math_verify=1.0)],
    )
    usual = import_lm_harness(tmp_path / "a", path)
    assert rows(usual, "answers", "answer", "is_correct") == [("18", False)]
    named = import_lm_harness(tmp_path / "b", path, metric="math_verify")
    assert rows(named, "answers", "is_correct") == [(True,)]


def test_older_files_do_not_list_their_metrics(single: Path, tmp_path: Path) -> None:
    lines = [json.loads(text) for text in single.read_text().splitlines()]
    for row in lines:
        del row["metrics"]
    write(single, lines)
    pool = import_lm_harness(tmp_path / "pool", single, filter_name="flexible-extract")
    assert pool.metadata["correctness"] == "exact_match"


def test_programs_that_were_run(tmp_path: Path) -> None:
    code = {
        **line(0, ["    return x"], ["def f(x):\n    return x"], "create_test"),
        "target": "assert f(1) == 1",
        "metrics": ["pass@1"],
        "pass@1": 1.0,
    }
    path = write(tmp_path / f"samples_humaneval_{DATE}.jsonl", [code])
    pool = import_lm_harness(tmp_path / "pool", path)
    assert rows(pool, "answers", "is_correct", "status") == [(True, "graded")]
    assert rows(pool, "problems", "kind", "reference_answer") == [("code", None)]
    many = {**code, "resps": [["a", "b"]], "filtered_resps": [["a", "b"]]}
    write(path, [many])
    with pytest.raises(BadInputError, match="line 1: pass@1 sum up 2 programs that were run"):
        import_lm_harness(tmp_path / "more", path)


def test_further_files_of_a_task_go_on_where_the_first_ends(single: Path, tmp_path: Path) -> None:
    later = single.with_name(single.name.replace("2024", "2025"))
    lines = [json.loads(text) for text in single.read_text().splitlines()]
    for row in lines:
        row["exact_match"] = 1.0
    write(later, lines)
    pool = import_lm_harness(tmp_path / "pool", single.parent, filter_name="strict-match")
    assert rows(pool, "answers", "problem_id", "solution_id", "is_correct") == [
        ("0", 0, False),
        ("0", 1, True),
        ("1", 0, False),
        ("1", 1, True),
    ]


def test_tasks_are_kept_apart(single: Path, tmp_path: Path) -> None:
    write(
        single.with_name(f"samples_other_task_{DATE}.jsonl"),
        [line(0, ["The answer is 1."], "1", "strict-match", exact_match=1.0)],
    )
    pool = import_lm_harness(tmp_path / "pool", single.parent, filter_name="strict-match")
    assert rows(pool, "problems", "problem_id", "subject") == [
        ("gsm8k_cot/0", "gsm8k_cot"),
        ("gsm8k_cot/1", "gsm8k_cot"),
        ("other_task/0", "other_task"),
    ]
    assert pool.metadata["tasks"] == ["gsm8k_cot", "other_task"]


def edit(path: Path, number: int, **fields: Any) -> None:
    lines = [json.loads(text) for text in path.read_text().splitlines()]
    lines[number - 1].update(fields)
    lines[number - 1] = {k: v for k, v in lines[number - 1].items() if v != "gone"}
    write(path, lines)


def cut(path: Path) -> None:
    content = path.read_bytes()
    path.write_bytes(content[: len(content) // 3])


def repeat(path: Path) -> None:
    path.write_text(path.read_text() + path.read_text().split("\n")[1] + "\n")


BREAKS: dict[str, tuple[Callable[[Path], object], str]] = {
    "cut file": (cut, r"\.jsonl, line 2: not valid JSON .*cut off"),
    "empty file": (lambda p: p.write_text(""), "the file is empty"),
    "not an object": (lambda p: p.write_text("3\n"), "line 1: not a JSON object"),
    **{
        f"no {name}": (
            lambda p, name=name: edit(p, 2, **{name: "gone"}),
            f"line 2: field '{name}' is missing",
        )
        for name in ("doc_id", "target", "resps", "filtered_resps", "exact_match")
    },
    "repeated sample": (
        repeat,
        r"line 5: repeated sample \(doc_id 1, filter 'strict-match'\), already in .*, line 2; keep",
    ),
    "choices": (
        lambda p: edit(p, 1, resps=[[["-1.5", "True"]], [["-2.5", "False"]]]),
        "line 1: resps holds no generated texts of one request; only generation tasks",
    ),
    "no repeats": (lambda p: edit(p, 1, resps=[[]]), "line 1: resps holds no texts"),
    "metric of another kind": (
        lambda p: edit(p, 2, exact_match=0.5),
        r"line 2: exact_match 0\.5 is neither true nor false",
    ),
    "metric in words": (lambda p: edit(p, 2, exact_match="good"), "line 2: exact_match 'good' is"),
    "more repeats than before": (
        lambda p: edit(p, 2, resps=[["a", "b"]]),
        "line 2: 2 repeats, where lines before have 1; use --regrade",
    ),
    "target of another kind": (lambda p: edit(p, 1, target=["18"]), "line 1: target is a list"),
}


@pytest.mark.parametrize("case", BREAKS)
def test_bad_files_are_one_line_and_nothing_is_written(
    single: Path, tmp_path: Path, case: str
) -> None:
    break_it, message = BREAKS[case]
    break_it(single)
    before = set(tmp_path.iterdir())
    with pytest.raises(BadInputError, match=message) as caught:
        import_lm_harness(tmp_path / "pool", single, filter_name="strict-match")
    assert "\n" not in str(caught.value)
    assert str(single) in str(caught.value)
    assert set(tmp_path.iterdir()) == before


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({}, "line 3: lines of filter 'strict-match' and of filter 'flexible-extract' are there"),
        ({"filter_name": "best"}, "no lines of filter 'best'; there are: strict-match, flexible"),
        ({"filter_name": "strict-match", "metric": "f1"}, "no metric 'f1'; there are: exact_match"),
        ({"workers": 0}, "workers 0"),
    ],
)
def test_bad_choices_are_refused(
    single: Path, tmp_path: Path, options: dict[str, Any], message: str
) -> None:
    with pytest.raises(BadInputError, match=message):
        import_lm_harness(tmp_path / "pool", single, **options)
    assert not (tmp_path / "pool").exists()


def test_several_metrics_without_the_usual_one(tmp_path: Path) -> None:
    path = write(tmp_path / "samples_x.jsonl", [line(0, ["a"], "a", "none", acc=1.0, f1=0.5)])
    with pytest.raises(BadInputError, match=r"several metrics \(acc, f1\); choose one"):
        import_lm_harness(tmp_path / "pool", path)


def test_runs_of_different_documents_are_refused(single: Path, tmp_path: Path) -> None:
    later = single.with_name(single.name.replace("2024", "2025"))
    later.write_text(single.read_text())
    edit(later, 1, doc={"question": "another"})
    with pytest.raises(BadInputError, match="question of problem '0' is not the same as in"):
        import_lm_harness(tmp_path / "pool", single.parent, filter_name="strict-match")


def test_an_empty_folder(tmp_path: Path) -> None:
    (tmp_path / "out").mkdir()
    with pytest.raises(BadInputError, match=r"out: holds no samples_\*\.jsonl"):
        import_lm_harness(tmp_path / "pool", tmp_path / "out")


def test_an_interrupt_leaves_nothing_behind(repeated: Path, tmp_path: Path) -> None:
    def interrupt(done: int, total: int) -> None:
        raise KeyboardInterrupt

    before = set(tmp_path.iterdir())
    with pytest.raises(KeyboardInterrupt):
        import_lm_harness(
            tmp_path / "pool", repeated, filter_name="score-first", progress=interrupt
        )
    assert set(tmp_path.iterdir()) == before
