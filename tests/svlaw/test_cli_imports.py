"""The commands that import what other tools have written, and the export, as a user meets them."""

import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

Run = Callable[..., tuple[int, str, str]]


def write(path: Path, *lines: dict[str, Any]) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("".join(json.dumps(line) + "\n" for line in lines), "utf-8")
    return path


@pytest.fixture
def monkeys(tmp_path: Path) -> Path:
    folder = tmp_path / "samples"
    folder.mkdir()
    (folder / "0.yaml").write_text(
        'gt_answer: "#### 18"\nis_corrects: [false, true]\nquestion: q\n'
        'samples: ["#### 18", "#### 19"]\n'
    )
    return folder


def batch(custom_id: str, text: str) -> dict[str, Any]:
    choices = [{"index": 0, "message": {"content": text}, "finish_reason": "stop"}]
    response = {"status_code": 200, "body": {"choices": choices}}
    return {"custom_id": custom_id, "response": response, "error": None}


def test_monkeys(svlaw: Run, monkeys: Path, tmp_path: Path) -> None:
    code, out, err = svlaw("import", "monkeys", "--out", tmp_path / "a", "--samples", monkeys)
    assert (code, err) == (0, "")
    assert out == f"{tmp_path / 'a'}: 1 problems, 2 solutions, 2 answers\n"
    again = ("--out", tmp_path / "b", "--samples", monkeys, "--regrade", "--time-limit", 2)
    code, out, _ = svlaw("import", "monkeys", *again, "--json")
    assert code == 0
    assert json.loads(out) == {
        "pool": str(tmp_path / "b"),
        "rows": {"problems": 1, "solutions": 2, "answers": 2},
        "ignored_columns": [],
        "shared_calls": [],
        "remarks": [],
    }


def test_nemo_skills(svlaw: Run, tmp_path: Path) -> None:
    for seed in (0, 1):
        line = {"generation": "\\boxed{1}", "problem": "q", "expected_answer": "1", "id": "a"}
        write(tmp_path / f"run/output-rs{seed}.jsonl", {**line, "symbolic_correct": False})
    folder = tmp_path / "run"
    code, out, err = svlaw("import", "nemo-skills", folder, "--out", tmp_path / "a")
    assert (code, err) == (0, "")
    assert out.endswith("1 problems, 2 solutions, 2 answers\n")
    options = ("--correctness", "graded", "--id-field", "id")
    code, _, err = svlaw(
        "import", "nemo-skills", f"{folder}/*.jsonl", "--out", tmp_path / "b", *options
    )
    assert (code, err) == (0, "")
    files = sorted(folder.iterdir())
    code, _, err = svlaw("import", "nemo-skills", *files, "--out", tmp_path / "c")
    assert (code, err) == (0, "")
    code, _, err = svlaw(
        "import", "nemo-skills", folder, "--out", tmp_path / "d", *options[:1], "x"
    )
    assert (code, err) == (2, "svlaw: correctness 'x': use one of symbolic, judge, graded\n")


def test_lm_harness(svlaw: Run, tmp_path: Path) -> None:
    line = {
        "doc_id": 0,
        "doc": {},
        "target": "1",
        "arguments": {},
        "resps": [["\\boxed{1}"]],
        "filtered_resps": ["1"],
        "metrics": ["exact_match"],
        "exact_match": 1.0,
    }
    path = write(
        tmp_path / "samples_t_2024-01-01T00-00-00.0.jsonl",
        *({**line, "filter": name} for name in ("strict", "loose")),
    )
    command = ("import", "lm-harness", path, "--out", tmp_path / "a")
    code, _, err = svlaw(*command)
    assert code == 2
    assert err.endswith(
        "lines of filter 'strict' and of filter 'loose' are there; choose one with --filter\n"
    )
    code, out, err = svlaw(*command, "--filter", "loose", "--metric", "exact_match")
    assert (code, err) == (0, "")
    assert out.endswith("1 problems, 1 solutions, 1 answers\n")


def test_openai_batch_says_how_many_requests_failed(svlaw: Run, tmp_path: Path) -> None:
    problems = tmp_path / "problems.csv"
    problems.write_text("problem_id,reference_answer\np,1\n")
    output = write(tmp_path / "output.jsonl", batch("p-0", "\\boxed{1}"), batch("p-1", "hm"))
    failed = {"custom_id": "p-2", "response": None, "error": {"code": "batch_expired"}}
    errors = write(tmp_path / "errors.jsonl", failed)
    judged = write(tmp_path / "judged.jsonl", batch("p-0-0", "Yes"), batch("p-1-0", "No"))
    command = ("import", "openai-batch", "--problems", problems, "--solutions", output)
    more = ("--solutions", errors, "--verifications", judged, "--verifier", "gpt")
    code, out, err = svlaw(*command, *more, "--out", tmp_path / "a", "--score", "p_yes_or_text")
    assert code == 0
    assert err == "note: 1 of 3 requests for solutions failed (batch_expired: 1)\n"
    assert out.endswith("1 problems, 2 solutions, 2 verifications/gpt, 2 answers, 2 verdicts/gpt\n")
    code, _, err = svlaw(*command, "--out", tmp_path / "b", "--id-pattern", "(?P<problem>.)-.")
    assert (code, err) == (
        2,
        f"svlaw: {output}, line 2: repeated sample (problem_id 'p', solution_id 0), already in"
        f" {output}, line 1; keep one of them\n",
    )
    assert not (tmp_path / "b").exists()


def test_inspect_without_the_extra(
    svlaw: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "inspect_ai.log", None)
    (tmp_path / "a.eval").write_text("x")
    code, out, err = svlaw("import", "inspect", tmp_path / "a.eval", "--out", tmp_path / "a")
    assert (code, out, err.count("\n")) == (2, "", 1)
    assert "pip install 'svlaw[inspect]'" in err


def test_export_and_back(svlaw: Run, monkeys: Path, tmp_path: Path) -> None:
    svlaw("import", "monkeys", "--out", tmp_path / "pool", "--samples", monkeys)
    folder = tmp_path / "out"
    command = ("export", tmp_path / "pool", "--out", folder, "--format", "csv", "--text")
    code, out, err = svlaw(*command)
    assert (code, err) == (0, "")
    assert out == f"{folder}: README.md, answers.csv, problems.csv\n"
    files = ("--solutions", folder / "answers.csv", "--problems", folder / "problems.csv")
    code, out, err = svlaw("import", "tables", "--out", tmp_path / "back", *files)
    assert (code, err) == (0, "")
    assert out.endswith("1 problems, 2 solutions, 2 answers\n")
    code, out, err = svlaw(*command, "--json")
    assert (code, out, err.count("\n")) == (2, "", 1)
    assert err.startswith(f"svlaw: {folder}: exists already")
    code, out, _ = svlaw("export", tmp_path / "pool", "--out", tmp_path / "more", "--json")
    assert json.loads(out)["files"] == ["README.md", "answers.parquet", "problems.parquet"]
    code, _, err = svlaw("export", tmp_path / "pool", "--out", tmp_path / "x", "--format", "xls")
    assert (code, err) == (2, "svlaw: format 'xls': use one of parquet, csv\n")
