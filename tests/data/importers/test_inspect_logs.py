"""Logs written by inspect_ai's own writer; without the extra `inspect` these tests are skipped."""

import sys
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from svlaw.data.errors import BadInputError
from svlaw.data.importers.inspect_logs import import_inspect
from svlaw.data.pool import Pool

WHY = "needs inspect_ai: pip install -e '.[inspect]' in an environment without the pinned versions"


@pytest.fixture(scope="session")
def api() -> SimpleNamespace:
    """What inspect_ai offers to write a log with."""
    log = pytest.importorskip("inspect_ai.log", reason=WHY)
    model = pytest.importorskip("inspect_ai.model", reason=WHY)
    scorer = pytest.importorskip("inspect_ai.scorer", reason=WHY)
    return SimpleNamespace(log=log, model=model, scorer=scorer)


class Logs:
    """Writes logs."""

    def __init__(self, api: SimpleNamespace, folder: Path) -> None:
        self.api, self.folder = api, folder

    def sample(
        self,
        name: str | int,
        epoch: int,
        text: str,
        value: Any = "C",
        *,
        answer: str | None = None,
        stop: str = "stop",
        scores: dict[str, Any] | None = None,
        **fields: Any,
    ) -> Any:
        model, scorer = self.api.model, self.api.scorer
        output = model.ModelOutput.from_content("m", text, stop_reason=stop)
        output.usage = model.ModelUsage(
            input_tokens=20, output_tokens=30, total_tokens=50, input_tokens_cache_read=5
        )
        if scores is None:
            scores = {"match": scorer.Score(value=value, answer=answer)}
        known = {"input": f"question {name}", "target": "1/2", **fields}
        return self.api.log.EvalSample(
            id=name,
            epoch=epoch,
            output=output,
            scores=scores,
            messages=[model.ChatMessageUser(content="question " * 50)],
            store={"big": "x" * 1000},
            **known,
        )

    def write(self, name: str, samples: list[Any], **spec: Any) -> Path:
        log = self.api.log
        self.folder.mkdir(parents=True, exist_ok=True)
        path = self.folder / name
        fields = {"task": "math", "model": "openai/gpt", **spec}
        eval_spec = log.EvalSpec(
            created="2026-08-22T12:00:00+00:00",
            dataset=log.EvalDataset(name="d", samples=2),
            config=log.EvalConfig(epochs=2),
            **fields,
        )
        document = log.EvalLog(version=2, status="success", eval=eval_spec, samples=samples)
        log.write_eval_log(document, str(path))
        return path


@pytest.fixture
def logs(api: SimpleNamespace, tmp_path: Path) -> Logs:
    return Logs(api, tmp_path / "logs")


def rows(pool: Pool, table: str, *columns: str) -> list[tuple[Any, ...]]:
    return pool.read(table, columns).rows()


ANSWERS = ("problem_id", "solution_id", "answer", "answer_class", "is_correct", "status")


def test_everything_arrives(logs: Logs, tmp_path: Path) -> None:
    path = logs.write(
        "a.eval",
        [
            logs.sample("p1", 1, "So \\boxed{0.5}", "C", answer="0.5", metadata={"level": 3}),
            logs.sample("p1", 2, "ANSWER: 7", "I", answer="7", metadata={"level": 3}),
            logs.sample(2, 1, "I wonder", "N", stop="max_tokens", target="x"),
            logs.sample(2, 2, "\\boxed{x}", 1.0, target="x"),
        ],
    )
    done: list[tuple[int, int]] = []
    pool = import_inspect(
        tmp_path / "pool", path, progress=lambda now, all_: done.append((now, all_))
    )
    assert done == [(4, 4)]
    assert rows(pool, "answers", *ANSWERS) == [
        ("2", 0, None, None, False, "truncated"),
        ("2", 1, "x", 0, True, "graded"),
        ("p1", 0, "0.5", 0, True, "graded"),
        ("p1", 1, "7", 1, False, "graded"),
    ]
    columns = ("problem_id", "question", "reference_answer", "kind", "subject", "level")
    assert rows(pool, "problems", *columns) == [
        ("2", "question 2", "x", "math", None, None),
        ("p1", "question p1", "1/2", "math", None, "3"),
    ]
    held = ("text", "prompt_tokens", "output_tokens", "finish_reason")
    assert rows(pool, "solutions", *held) == [
        ("I wonder", 25, 30, "length"),
        ("\\boxed{x}", 25, 30, "stop"),
        ("So \\boxed{0.5}", 25, 30, "stop"),
        ("ANSWER: 7", 25, 30, "stop"),
    ]
    assert pool.metadata == {
        "source": "inspect_ai",
        "files": ["a.eval"],
        "task": "math",
        "model": "openai/gpt",
        "correctness": "score of match",
        "counts": {"problems": 2, "solutions": 4},
        "remarks": [],
    }


@pytest.mark.parametrize(
    ("value", "correct"),
    [
        *((value, True) for value in ("C", 1, 1.0, True, "1", "yes", "True")),
        *((value, False) for value in ("I", "N", "P", 0, 0.0, False, 0.5, "0", "no")),
    ],
)
def test_values_of_scores(logs: Logs, tmp_path: Path, value: Any, correct: bool) -> None:
    path = logs.write("a.eval", [logs.sample("p", 1, "\\boxed{1}", value)])
    pool = import_inspect(tmp_path / "pool", path)
    assert rows(pool, "answers", "is_correct") == [(correct,)]
    partial = value in {"P", 0.5}
    note = ["1 of 1 scores are partial and count as wrong"] if partial else []
    assert pool.metadata["remarks"] == note


@pytest.mark.parametrize("value", ["maybe", 7, -1, {"a": 1}, [1, 2]])
def test_values_that_are_no_scores(logs: Logs, tmp_path: Path, value: Any) -> None:
    path = logs.write("a.eval", [logs.sample("p", 1, "\\boxed{1}", value)])
    with pytest.raises(BadInputError, match=r"a\.eval, sample 'p', epoch 1: score .* is neither"):
        import_inspect(tmp_path / "pool", path)
    assert not (tmp_path / "pool").exists()


def test_samples_without_a_score_are_left_out_and_counted(logs: Logs, tmp_path: Path) -> None:
    error = logs.api.log.EvalError(message="boom", traceback="", traceback_ansi="")
    path = logs.write(
        "a.eval",
        [
            logs.sample("p", 1, "\\boxed{1}", "C"),
            logs.sample("p", 2, "", "C", error=error),
            logs.sample("q", 1, "\\boxed{1}", float("nan")),
            logs.sample("q", 2, "\\boxed{1}", scores={}),
        ],
    )
    pool = import_inspect(tmp_path / "pool", path)
    assert rows(pool, "answers", "problem_id", "solution_id") == [("p", 0)]
    assert rows(pool, "problems", "problem_id") == [("p",), ("q",)]
    assert pool.metadata["remarks"] == [
        "left out: 1 of 4 samples ended in an error",
        "left out: 2 of 4 samples were not scored",
    ]


def test_texts_can_be_graded_instead(logs: Logs, tmp_path: Path) -> None:
    path = logs.write("a.eval", [logs.sample("p", epoch, "\\boxed{0.5}", "I") for epoch in (1, 2)])
    pool = import_inspect(tmp_path / "pool", path, regrade=True)
    assert rows(pool, "answers", "is_correct") == [(True,), (True,)]
    assert pool.metadata["correctness"] == "graded"


def test_one_of_several_scorers(logs: Logs, tmp_path: Path) -> None:
    score = logs.api.scorer.Score
    scores = {"match": score(value="I"), "judge": score(value="C", answer="\\boxed{1}")}
    path = logs.write("a.eval", [logs.sample("p", 1, "\\boxed{1}", scores=scores)])
    with pytest.raises(BadInputError, match=r"name a scorer \(--scorer\), one of: match, judge"):
        import_inspect(tmp_path / "pool", path)
    with pytest.raises(BadInputError, match="no scorer 'x'; there are: match, judge"):
        import_inspect(tmp_path / "pool", path, scorer="x")
    pool = import_inspect(tmp_path / "pool", path, scorer="judge")
    # The judge's answer is the whole text, so it is read from the text.
    assert rows(pool, "answers", "answer", "is_correct") == [("1", True)]


def test_choices_and_conversations(logs: Logs, tmp_path: Path) -> None:
    model = logs.api.model
    talk = [model.ChatMessageSystem(content="be brief"), model.ChatMessageUser(content="why?")]
    path = logs.write(
        "a.eval",
        [
            logs.sample("c", 1, "ANSWER: B", answer="B", target="B", choices=["one", "two"]),
            logs.sample("t", 1, "since", input=talk, target=["a", "b"]),
        ],
    )
    pool = import_inspect(tmp_path / "pool", path)
    assert rows(pool, "problems", "problem_id", "question", "reference_answer", "kind") == [
        ("c", "question c\nA) one\nB) two", "B", "choice"),
        ("t", "why?", None, "external"),
    ]


def test_epochs_of_a_second_log_go_on(logs: Logs, tmp_path: Path) -> None:
    for name in ("1.eval", "2.eval"):
        logs.write(name, [logs.sample("p", epoch, f"\\boxed{{{name[0]}}}") for epoch in (2, 1)])
    pool = import_inspect(tmp_path / "pool", logs.folder)
    assert rows(pool, "answers", "solution_id", "answer") == [
        *((0, "1"), (1, "1")),
        *((2, "2"), (3, "2")),
    ]
    turned = import_inspect(tmp_path / "turned", [logs.folder / "2.eval", logs.folder / "1.eval"])
    assert rows(turned, "answers", "answer")[0] == ("2",)


def test_a_log_and_its_retry_repeat_samples(logs: Logs, tmp_path: Path) -> None:
    sample = logs.sample("p", 1, "\\boxed{1}", uuid="u1")
    for name in ("1.eval", "2.eval"):
        logs.write(name, [sample])
    message = r"2\.eval: repeated sample \(id 'p', epoch 1\), already in .*1\.eval; of a run and"
    with pytest.raises(BadInputError, match=message):
        import_inspect(tmp_path / "pool", logs.folder)


def test_a_copy_of_a_log_is_refused(logs: Logs, tmp_path: Path) -> None:
    path = logs.write("1.eval", [logs.sample("p", 1, "\\boxed{1}")])
    (logs.folder / "2.eval").write_bytes(path.read_bytes())
    with pytest.raises(BadInputError, match=r"2\.eval: repeated log, the same run as .*1\.eval"):
        import_inspect(tmp_path / "pool", logs.folder)


def cut(path: Path) -> None:
    content = path.read_bytes()
    path.write_bytes(content[: len(content) // 2])


BREAKS: dict[str, tuple[Callable[[Path], object], str]] = {
    "cut file": (cut, r"a\.eval: not a readable log of inspect_ai .*cut off"),
    "another kind": (
        lambda p: p.write_text("{}"),
        r"a\.eval: not a readable log of inspect_ai .*cut off",
    ),
    "empty file": (lambda p: p.write_text(""), r"a\.eval: the file is empty"),
    "no file": (lambda p: p.unlink(), r"a\.eval: no such file"),
}


@pytest.mark.parametrize("case", BREAKS)
def test_bad_logs_are_one_line_and_nothing_is_written(
    logs: Logs, tmp_path: Path, case: str
) -> None:
    path = logs.write("a.eval", [logs.sample("p", 1, "\\boxed{1}")])
    break_it, message = BREAKS[case]
    break_it(path)
    before = set(tmp_path.iterdir())
    with pytest.raises(BadInputError, match=message) as caught:
        import_inspect(tmp_path / "pool", path)
    assert "\n" not in str(caught.value)
    assert set(tmp_path.iterdir()) == before


@pytest.mark.parametrize(
    ("spec", "message"),
    [
        ({"task": "gsm8k"}, r"2\.eval: task 'gsm8k' is not 'math', the task of .*1\.eval"),
        ({"model": "openai/o3"}, r"2\.eval: model 'openai/o3' is not 'openai/gpt'"),
    ],
)
def test_logs_that_do_not_belong_together(
    logs: Logs, tmp_path: Path, spec: dict[str, str], message: str
) -> None:
    logs.write("1.eval", [logs.sample("p", 1, "a")])
    logs.write("2.eval", [logs.sample("p", 1, "a")], **spec)
    with pytest.raises(BadInputError, match=message):
        import_inspect(tmp_path / "pool", logs.folder)


def test_logs_of_different_samples(logs: Logs, tmp_path: Path) -> None:
    logs.write("1.eval", [logs.sample("p", 1, "a")])
    logs.write("2.eval", [logs.sample("p", 1, "a", target="3")])
    message = "reference_answer of problem 'p' is not the same as in"
    with pytest.raises(BadInputError, match=message):
        import_inspect(tmp_path / "pool", logs.folder)


def test_folders_and_files_of_another_kind(api: SimpleNamespace, tmp_path: Path) -> None:
    (tmp_path / "logs").mkdir()
    with pytest.raises(BadInputError, match=r"logs: holds no \.eval logs"):
        import_inspect(tmp_path / "pool", tmp_path / "logs")
    (tmp_path / "a.jsonl").write_text("{}")
    with pytest.raises(BadInputError, match=r"a\.jsonl: not a log of inspect_ai"):
        import_inspect(tmp_path / "pool", tmp_path / "a.jsonl")


def test_an_interrupt_leaves_nothing_behind(logs: Logs, tmp_path: Path) -> None:
    path = logs.write("a.eval", [logs.sample("p", 1, "a")])

    def interrupt(done: int, total: int) -> None:
        raise KeyboardInterrupt

    before = set(tmp_path.iterdir())
    with pytest.raises(KeyboardInterrupt):
        import_inspect(tmp_path / "pool", path, progress=interrupt)
    assert set(tmp_path.iterdir()) == before


def test_without_the_extra_one_line_says_what_to_install(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "inspect_ai.log", None)
    (tmp_path / "a.eval").write_text("x")
    with pytest.raises(BadInputError, match=r"needs inspect_ai .* pip install 'svlaw\[inspect\]'"):
        import_inspect(tmp_path / "pool", tmp_path / "a.eval")
