"""Files as they lie around: each is read by one command, or refused with a line that names it."""

import json
import sys
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from svlaw.cli import main
from svlaw.data.errors import BadInputError
from svlaw.data.importers.file_forms import recognise
from svlaw.data.importers.outputs import import_outputs
from svlaw.data.pool import Pool, open_pool


@pytest.fixture
def files(reference: Path) -> Path:
    return reference / "files"


def run(*arguments: object, monkeypatch: pytest.MonkeyPatch) -> int:
    """Run a command as a user does."""
    monkeypatch.setattr(sys, "argv", ["svlaw", *map(str, arguments)])
    with pytest.raises(SystemExit) as ended:
        main()
    return int(str(ended.value.code))


def flags(pool: Pool) -> list[bool]:
    answers = pool.read("answers", ("problem_id", "solution_id", "is_correct"))
    return answers.sort("problem_id", "solution_id")["is_correct"].to_list()


READ = {
    "epoch_log_viewer_summaries.json": ("inspect-summaries", [True]),
    "evalplus_eval_results.json": ("evalplus", [False]),
    "humaneval_results.jsonl": ("human-eval", [True, False]),
    "livecodebench_eval_all.json": ("livecodebench", [True, False]),
    "qwen25_math_layout.jsonl": ("qwen-math", [True]),
    "samples_lm_eval_without_filter.jsonl": ("lm-harness", [False]),
    "table_as_array.json": ("tables", [True]),
    "tot_game24_log.json": ("tree-of-thoughts", [True, False]),
}


@pytest.mark.parametrize("name", READ)
def test_files_that_are_read(
    files: Path, tmp_path: Path, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    form, correct = READ[name]
    assert recognise([files / name]).form.name == form
    pool = tmp_path / "pool"
    assert run("import", "auto", files / name, "--out", pool, monkeypatch=monkeypatch) == 0
    assert flags(open_pool(pool)) == correct


def test_the_command_that_auto_names_does_the_same(
    files: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for place, (name, (_, correct)) in enumerate(READ.items()):
        pool = tmp_path / f"pool{place}"
        command = recognise([files / name]).command(str(pool))
        assert run(*command.split()[1:], monkeypatch=monkeypatch) == 0, command
        assert flags(open_pool(pool)) == correct, command


def test_tables_and_batches_of_two_files(
    files: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    batch = [files / "openai_batch_bare_replies.jsonl", files / "openai_batch_problems.csv"]
    arguments = ("import", "auto", *batch, "--out", tmp_path / "b")
    assert run(*arguments, monkeypatch=monkeypatch) == 0
    answers = open_pool(tmp_path / "b").scan("answers").sort("problem_id").collect()
    assert answers["answer"][0] == "1"
    assert answers["is_correct"][0]
    lists = [files / "list_cells_problems.jsonl", files / "list_cells_solutions.jsonl"]
    arguments = ("import", "auto", *lists, "--out", tmp_path / "l")
    assert run(*arguments, monkeypatch=monkeypatch) == 0
    texts = open_pool(tmp_path / "l").scan("solutions").collect()["text"].to_list()
    assert texts == ["It is $\\boxed{\\text{Evelyn}}$."]


@pytest.mark.parametrize(
    ("names", "message"),
    [
        (("bigcode_generations.json",), "bigcode-evaluation-harness: programs alone"),
        (("git_lfs_pointer.parquet",), "Git LFS pointer"),
        (
            ("list_reference_problems.jsonl", "list_reference_solutions.jsonl"),
            "reference_answer is a list of 2 answers",
        ),
        (("openai_batch_bare_replies.jsonl",), "OpenAI batch output names no reference answers"),
        (("tot_game24_log.json", "table_as_array.json"), "import one at a time"),
        (("tot_game24_log.json", "evalplus_eval_results.json"), "one form at a time"),
    ],
)
def test_files_that_are_refused(
    files: Path,
    tmp_path: Path,
    names: tuple[str, ...],
    message: str,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
) -> None:
    pool = tmp_path / "pool"
    paths = [files / name for name in names]
    assert run("import", "auto", *paths, "--out", pool, monkeypatch=monkeypatch) == 2
    said = [line for line in capfd.readouterr().err.splitlines() if line.startswith("svlaw:")]
    assert len(said) == 1
    assert message in said[0]
    assert not pool.exists()


def test_a_dry_run_only_says(
    files: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    log = files / "inspect_unscored.eval"
    assert run("import", "auto", log, "--dry-run", "--json", monkeypatch=monkeypatch) == 0
    said = json.loads(capsys.readouterr().out)
    assert said["form"] == "inspect"
    assert said["command"] == f"svlaw import inspect {log} --out POOL"


@pytest.mark.parametrize(
    ("name", "correct", "remark"),
    [
        ("inspect_short_answers.eval", [False, True, True, True], None),
        ("inspect_unscored.eval", [True, True], "the logs hold no scores"),
    ],
)
def test_logs_whose_reply_is_the_answer(
    files: Path, tmp_path: Path, name: str, correct: list[bool], remark: str | None
) -> None:
    pytest.importorskip("inspect_ai.log", reason="needs the extra inspect")
    from svlaw.data.importers.inspect_logs import import_inspect

    pool = import_inspect(tmp_path / "pool", files / name, workers=1)
    assert flags(pool) == correct
    assert pool.scan("answers").collect()["answer"].null_count() == 0
    assert remark is None or remark in pool.metadata["remarks"][0]


def test_a_metric_that_is_0_everywhere_is_remarked(files: Path, tmp_path: Path) -> None:
    from svlaw.data.importers.lm_harness import import_lm_harness

    pool = import_lm_harness(tmp_path / "pool", files / "samples_lm_eval_without_filter.jsonl")
    assert any("0 everywhere" in remark for remark in pool.metadata["remarks"])


LIGHTEVAL = {
    "full_prompt": ["What is 1/2?", "What is 2/2?"],
    "gold": [["0.5"], ["1"]],
    "predictions": [["so \\boxed{1/2}", "so \\boxed{2}"], ["so \\boxed{1}", "so \\boxed{1}"]],
    "metrics": [{"pass@1": 0.5}, {"pass@1": 1.0}],
}
NEWER = {
    "doc": [{"query": "What is 1/2?", "choices": ["0.5"], "gold_index": [0], "id": "a"}],
    "model_response": [{"text": ["so \\boxed{2}"]}],
    "metric": [{"extractive_match": 1.0}],
}


@pytest.mark.parametrize(
    ("rows", "correct"), [(LIGHTEVAL, [True, False, True, True]), (NEWER, [True])]
)
def test_details_of_lighteval(tmp_path: Path, rows: dict[str, Any], correct: list[bool]) -> None:
    file = tmp_path / "details_math_2026-01-01.parquet"
    pl.DataFrame(rows).write_parquet(file)
    assert recognise([file]).form.name == "lighteval"
    pool = import_outputs(tmp_path / "pool", [file], "lighteval", workers=1)
    assert flags(pool) == correct


def write(path: Path, *rows: Any) -> Path:
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return path


QWEN = {
    "idx": 0,
    "question": "1/2?",
    "gt": "1/2",
    "code": ["\\boxed{0.5}", "no"],
    "pred": ["0.5", ""],
}


def test_outputs_that_were_not_evaluated_are_graded(tmp_path: Path) -> None:
    file = write(tmp_path / "test_qwen.jsonl", QWEN)
    pool = import_outputs(tmp_path / "pool", [file, file], "qwen-math", workers=1)
    assert flags(pool) == [True, False, True, False]


@pytest.mark.parametrize(
    ("form", "row", "message"),
    [
        ("human-eval", {"task_id": "a", "completion": "x"}, "not run .no 'passed'"),
        (
            "livecodebench",
            [{"question_id": "a", "code_list": ["x"]}],
            "not evaluated .no graded_li",
        ),
        (
            "tree-of-thoughts",
            [{"idx": 0, "ys": ["x"], "infos": [{"r": 1}], "steps": []}],
            "a search",
        ),
        ("tree-of-thoughts", [{"idx": 0, "ys": ["x"], "infos": [{"r": 7}]}], "r 7 is neither"),
        ("evalplus", {"eval": {"a": [{"task_id": "a"}]}}, "base_status is missing"),
        ("evalplus", {"date": 1}, "an object 'eval'"),
        ("qwen-math", QWEN | {"score": [True]}, "score has 1 values for 2 attempts"),
        ("qwen-math", QWEN | {"gt": None}, "no reference answer"),
        ("inspect-summaries", [{"id": 1, "epoch": 1, "scores": {}}], "without scores"),
        ("lighteval", {"gold": "A"}, "log-likelihoods of choices"),
        ("other", {}, "use one of livecodebench"),
    ],
)
def test_outputs_that_cannot_be_used(tmp_path: Path, form: str, row: Any, message: str) -> None:
    file = write(tmp_path / "results.json", row)
    with pytest.raises(BadInputError, match=message):
        import_outputs(tmp_path / "pool", [file], form, workers=1)
    assert not (tmp_path / "pool").exists()


def test_a_few_bad_records_are_set_aside(tmp_path: Path) -> None:
    rows = [QWEN | {"idx": number} for number in range(3)]
    file = write(tmp_path / "out.jsonl", *rows, QWEN | {"idx": 3, "gt": None})
    pool = import_outputs(tmp_path / "pool", [file], "qwen-math", skip_bad=True, workers=1)
    assert len(flags(pool)) == 6
    assert "left out: 1 row that cannot be used" in pool.metadata["remarks"][0]
    most = write(tmp_path / "most.jsonl", *[QWEN | {"gt": None}] * 3)
    with pytest.raises(BadInputError, match="--skip-bad does not help"):
        import_outputs(tmp_path / "other", [most], "qwen-math", skip_bad=True, workers=1)


def test_greedy_output_of_nemo_skills(tmp_path: Path) -> None:
    from svlaw.data.importers.nemo_skills import import_nemo_skills

    row = {"problem": "1/2?", "expected_answer": "1/2", "generation": "\\boxed{0.5}"}
    write(tmp_path / "output.jsonl", row)
    assert recognise([tmp_path / "output.jsonl"]).form.name == "nemo-skills"
    assert flags(import_nemo_skills(tmp_path / "pool", tmp_path, workers=1)) == [True]
