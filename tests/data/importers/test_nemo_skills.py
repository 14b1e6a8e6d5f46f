"""Files of the form that NVIDIA NeMo-Skills writes, at 8b18f39."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from svlaw.data.errors import BadInputError
from svlaw.data.grading.pool_grading import grade_pool
from svlaw.data.importers.nemo_skills import import_nemo_skills
from svlaw.data.pool import Pool

PROBLEMS = [
    {
        "problem": "What is 1/2?",
        "expected_answer": "1/2",
        "reference_solution": "Halve it.",
        "subject": "Prealgebra",
        "level": 1,
        "unique_id": "test/prealgebra/1.json",
    },
    {
        "problem": "Which?\n\nA) one\nB) two",
        "expected_answer": "B",
        "options": "A) one\nB) two",
        "subset_for_metrics": "physics",
        "difficulty": "hard",
        "unique_id": "test/physics/2.json",
    },
    {"problem": "How many?", "expected_answer": 18, "unique_id": "test/algebra/3.json"},
]


def generated(problem: int, text: str, **fields: Any) -> dict[str, Any]:
    """A line as `ns generate` writes it; evaluation adds further fields."""
    return {
        "generation": text,
        "num_generated_tokens": 10 + problem,
        "finish_reason": "stop",
        "generation_start_time": 1752883422.5,
        "generation_end_time": 1752883460.1,
        "generation_time": 37.6,
        "serialized_output": [{"role": "assistant", "content": text}],
        **PROBLEMS[problem],
        **fields,
    }


def evaluated(problem: int, text: str, answer: str | None, correct: bool) -> dict[str, Any]:
    return generated(problem, text, predicted_answer=answer, symbolic_correct=correct)


def write(path: Path, lines: list[dict[str, Any]]) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("".join(json.dumps(line) + "\n" for line in lines), "utf-8")
    return path


def rows(pool: Pool, table: str, *columns: str) -> list[tuple[Any, ...]]:
    return pool.read(table, columns).rows()


ANSWERS = ("problem_id", "solution_id", "answer", "answer_class", "is_correct", "status")


@pytest.fixture
def run(tmp_path: Path) -> Path:
    """Three problems, seeds 0 and 2; correctness is not what a grader would say of problem 2."""
    folder = tmp_path / "math"
    write(
        folder / "output-rs0.jsonl",
        [
            evaluated(0, "So \\boxed{0.5}", "0.5", True),
            evaluated(1, "\\boxed{B}", "B", True),
            evaluated(2, "\\boxed{18}", "18", False),
        ],
    )
    write(
        folder / "output-rs2.jsonl",
        [
            evaluated(0, "So \\boxed{\\frac{1}{2}}", "\\frac{1}{2}", True),
            {**evaluated(1, "I wonder", None, False), "finish_reason": "length"},
            evaluated(2, "\\boxed{19}", "19", True),
        ],
    )
    (folder / "output-rs0.jsonl.done").write_text("")
    (folder / "output-rs3.jsonl-async").write_text('{"generation": "unfinished"}\n')
    return folder


def test_everything_arrives(run: Path, tmp_path: Path) -> None:
    done: list[tuple[int, int]] = []
    pool = import_nemo_skills(
        tmp_path / "pool", run, progress=lambda now, all_: done.append((now, all_))
    )
    assert done[-1] == (1, 1)
    assert rows(pool, "answers", *ANSWERS) == [
        ("0", 0, "0.5", 0, True, "graded"),
        ("0", 2, "\\frac{1}{2}", 0, True, "graded"),
        ("1", 0, "B", 0, True, "graded"),
        ("1", 2, None, None, False, "truncated"),
        ("2", 0, "18", 0, False, "graded"),
        ("2", 2, "19", 1, True, "graded"),
    ]
    columns = ("problem_id", "question", "reference_answer", "kind", "subject", "level")
    assert rows(pool, "problems", *columns) == [
        ("0", "What is 1/2?", "1/2", "math", "Prealgebra", "1"),
        ("1", "Which?\n\nA) one\nB) two", "B", "choice", "physics", "hard"),
        ("2", "How many?", "18", "math", None, None),
    ]
    assert rows(pool, "solutions", "text", "output_tokens", "finish_reason", "seed")[:2] == [
        ("So \\boxed{0.5}", 10, "stop", 0),
        ("So \\boxed{\\frac{1}{2}}", 10, "stop", 2),
    ]
    assert rows(pool, "answers", "output_tokens", "output_chars")[3] == (11, len("I wonder"))
    assert pool.metadata == {
        "source": "nemo_skills",
        "folder": "math",
        "seeds": [0, 2],
        "correctness": "symbolic",
        "counts": {"problems": 3, "solutions": 6},
    }


def test_a_pattern_or_files_do_as_well_as_a_folder(run: Path, tmp_path: Path) -> None:
    whole = import_nemo_skills(tmp_path / "a", run)
    pattern = import_nemo_skills(tmp_path / "b", str(run / "output-rs[0-9].jsonl"))
    files = import_nemo_skills(tmp_path / "c", sorted(run.glob("*.jsonl"), reverse=True))
    for pool in (pattern, files):
        for table in ("problems", "solutions", "answers"):
            assert pool.scan(table).collect().equals(whole.scan(table).collect())
    alone = import_nemo_skills(tmp_path / "d", run / "output-rs2.jsonl")
    assert alone.read("answers", ["solution_id"])["solution_id"].unique().to_list() == [2]


def test_files_that_are_not_evaluated_are_graded(tmp_path: Path) -> None:
    folder = tmp_path / "run"
    texts = [["\\boxed{0.50}", "The answer is B.", "\\boxed{18}"], ["\\boxed{1}", "hm", "#### 18"]]
    for seed, three in enumerate(texts):
        lines = [generated(problem, text) for problem, text in enumerate(three)]
        write(folder / f"output-rs{seed}.jsonl", lines)
    pool = import_nemo_skills(tmp_path / "pool", folder)
    assert rows(pool, "answers", "answer", "is_correct", "status") == [
        ("0.50", True, "graded"),
        ("1", False, "graded"),
        ("B", True, "graded"),
        (None, False, "no_answer"),
        ("18", True, "graded"),
        ("18", True, "graded"),
    ]
    assert pool.metadata["correctness"] == "graded"


def test_grading_such_a_pool_again_changes_nothing(tmp_path: Path) -> None:
    texts = ["So \\boxed{\\frac{2}{4}}.", "I pick option (B)", "\\boxed{18.0}", "\\boxed{19"]
    reasons = ["stop", "stop", "stop", "length"]
    for seed, (text, reason) in enumerate(zip(texts, reasons, strict=True)):
        lines = [generated(problem, text, finish_reason=reason) for problem in range(3)]
        write(tmp_path / f"run/output-rs{seed}.jsonl", lines)
    pool = import_nemo_skills(tmp_path / "pool", tmp_path / "run")
    before = pool.scan("answers").collect()
    assert set(before["status"]) == {"graded", "no_answer", "truncated"}
    grade_pool(pool)
    assert pool.scan("answers").collect().equals(before)


def test_correctness_can_be_chosen(run: Path, tmp_path: Path) -> None:
    for path in run.glob("*.jsonl"):
        lines = [json.loads(line) for line in path.read_text().splitlines()]
        says = ["Reasoning: fine.\nJudgement: Yes", "Judgement: No\n\nReasoning: Yes", "no idea"]
        write(path, [{**line, "judgement": say} for line, say in zip(lines, says, strict=True)])
    flags = {}
    for choice in (None, "symbolic", "judge", "graded"):
        pool = import_nemo_skills(tmp_path / f"pool-{choice}", run, correctness=choice)  # type: ignore[arg-type]
        flags[choice] = pool.read("answers", ["is_correct"])["is_correct"].to_list()
    assert flags[None] == flags["symbolic"] == [True, True, True, False, False, True]
    assert flags["judge"] == [True, True, False, False, False, False]
    assert flags["graded"] == [True, True, True, False, True, False]


def test_a_judgement_alone_decides(run: Path, tmp_path: Path) -> None:
    for path in run.glob("*.jsonl"):
        lines = [json.loads(line) for line in path.read_text().splitlines()]
        for line in lines:
            del line["symbolic_correct"]
            line["judgement"] = "Judgement: Yes"
        write(path, lines)
    pool = import_nemo_skills(tmp_path / "pool", run)
    assert pool.metadata["correctness"] == "judge"
    assert pool.read("answers", ["is_correct"])["is_correct"].all()


def test_programs_that_were_run(tmp_path: Path) -> None:
    line = {
        "generation": "def f(): ...",
        "question": "Write f",
        "task_id": "HumanEval/0",
        "num_generated_tokens": 3,
        "is_correct": True,
        "is_correct-plus": False,
    }
    write(tmp_path / "run/output-rs0.jsonl", [line])
    pool = import_nemo_skills(tmp_path / "pool", tmp_path / "run", id_field="task_id")
    assert rows(pool, "answers", *ANSWERS) == [("HumanEval/0", 0, None, None, True, "graded")]
    assert rows(pool, "problems", "question", "kind") == [("Write f", "external")]


def test_thoughts_that_were_cut_out_are_part_of_the_text(tmp_path: Path) -> None:
    line = generated(0, "\\boxed{0.5}", _full_generation="<think>x</think>\\boxed{0.5}")
    write(tmp_path / "run/output-rs0.jsonl", [line])
    pool = import_nemo_skills(tmp_path / "pool", tmp_path / "run")
    assert rows(pool, "solutions", "text") == [("<think>x</think>\\boxed{0.5}",)]


def test_ragged_files_by_a_field_that_names_the_problem(run: Path, tmp_path: Path) -> None:
    path = run / "output-rs2.jsonl"
    lines = path.read_text().splitlines(keepends=True)
    path.write_text("".join(reversed(lines[1:])))
    pool = import_nemo_skills(tmp_path / "pool", run, id_field="unique_id")
    assert rows(pool, "answers", "problem_id", "solution_id") == [
        ("test/algebra/3.json", 0),
        ("test/algebra/3.json", 2),
        ("test/physics/2.json", 0),
        ("test/physics/2.json", 2),
        ("test/prealgebra/1.json", 0),
    ]


def edit(path: Path, line: int, **fields: Any) -> None:
    lines = [json.loads(text) for text in path.read_text().splitlines()]
    lines[line - 1].update(fields)
    lines[line - 1] = {k: v for k, v in lines[line - 1].items() if v != "gone"}
    write(path, lines)


def cut(path: Path) -> None:
    content = path.read_bytes()
    path.write_bytes(content[: len(content) // 2])


LAST = "output-rs2.jsonl"

BREAKS: dict[str, tuple[Callable[[Path], object], str]] = {
    "cut in a line": (lambda r: cut(r / LAST), r"rs2\.jsonl, line 2: not valid JSON.*cut off"),
    "cut between lines": (
        lambda r: (r / LAST).write_text((r / LAST).read_text().split("\n")[0] + "\n"),
        r"rs2\.jsonl: ends after problem 1, while .*rs0\.jsonl has 3; was the file cut off",
    ),
    "empty file": (lambda r: (r / LAST).write_text(""), r"rs2\.jsonl: the file is empty"),
    "blank file": (lambda r: (r / LAST).write_text("\n\n"), r"rs2\.jsonl: the file holds no rows"),
    "not UTF-8": (lambda r: (r / LAST).write_bytes(b'{"a": "\xff"}'), "line 1: not UTF-8"),
    "not an object": (lambda r: (r / LAST).write_text("[1]\n"), "line 1: not a JSON object"),
    "no generation": (
        lambda r: edit(r / LAST, 2, generation="gone"),
        r"rs2\.jsonl, line 2: field 'generation' is missing",
    ),
    "no correctness": (
        lambda r: edit(r / LAST, 2, symbolic_correct="gone"),
        r"rs2\.jsonl, line 2: field 'symbolic_correct' is missing",
    ),
    "correctness of another kind": (
        lambda r: edit(r / LAST, 2, symbolic_correct="maybe"),
        r"rs2\.jsonl, line 2: symbolic_correct 'maybe' is neither true nor false",
    ),
    "unreadable number": (
        lambda r: edit(r / LAST, 3, num_generated_tokens="many"),
        r"rs2\.jsonl, line 3: num_generated_tokens 'many' is not a whole number",
    ),
    "negative number": (
        lambda r: edit(r / LAST, 3, num_generated_tokens=-1),
        r"line 3: num_generated_tokens -1 does not fit",
    ),
    "generation of another kind": (
        lambda r: edit(r / LAST, 1, generation=["a"]),
        r"rs2\.jsonl, line 1: generation is a list, not text",
    ),
    "other problems": (
        lambda r: edit(r / LAST, 2, problem="Another?"),
        r"rs2\.jsonl, line 2: question of problem '1' is not the same as in .*rs0\.jsonl, line 2",
    ),
    "seed twice": (
        lambda r: (r / LAST).rename(r / "output-rs00.jsonl"),
        r"rs00\.jsonl: the same seed as .*rs0\.jsonl|rs0\.jsonl: the same seed as .*rs00\.jsonl",
    ),
    "a chunk": (
        lambda r: (r / LAST).rename(r / "output-rs2_chunk_0.jsonl"),
        r"rs2_chunk_0\.jsonl: the name is not output-rs<seed>\.jsonl",
    ),
    "empty folder": (
        lambda r: [path.unlink() for path in list(r.glob("*.jsonl"))],
        r"math: holds no output-rs\*\.jsonl",
    ),
    "no folder": (lambda r: r.rename(r.with_name("away")), r"math: holds no output-rs\*\.jsonl"),
}


@pytest.mark.parametrize("case", BREAKS)
def test_bad_files_are_one_line_and_nothing_is_written(
    run: Path, tmp_path: Path, case: str
) -> None:
    break_it, message = BREAKS[case]
    break_it(run)
    before = set(tmp_path.iterdir())
    with pytest.raises(BadInputError, match=message) as caught:
        import_nemo_skills(tmp_path / "pool", run)
    assert "\n" not in str(caught.value)
    assert set(tmp_path.iterdir()) == before


def test_a_repeated_sample_is_named_with_both_places(run: Path, tmp_path: Path) -> None:
    edit(run / LAST, 3, **PROBLEMS[0])
    message = (
        r"rs2\.jsonl, line 3: repeated sample .*solution_id 2\), already in .*line 1; keep one"
    )
    with pytest.raises(BadInputError, match=message):
        import_nemo_skills(tmp_path / "pool", run, id_field="unique_id")
    assert not (tmp_path / "pool").exists()


def test_grading_needs_a_reference(tmp_path: Path) -> None:
    line = generated(0, "\\boxed{1}")
    del line["expected_answer"]
    write(tmp_path / "run/output-rs0.jsonl", [line])
    with pytest.raises(BadInputError, match="line 1: field 'expected_answer' is missing"):
        import_nemo_skills(tmp_path / "pool", tmp_path / "run")


def test_an_interrupt_leaves_nothing_behind(run: Path, tmp_path: Path) -> None:
    def interrupt(done: int, total: int) -> None:
        raise KeyboardInterrupt

    before = set(tmp_path.iterdir())
    with pytest.raises(KeyboardInterrupt):
        import_nemo_skills(tmp_path / "pool", run, progress=interrupt)
    assert set(tmp_path.iterdir()) == before


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"correctness": "guess"}, "correctness 'guess': use one of symbolic, judge, graded"),
        ({"workers": 0}, "workers 0"),
        ({"id_field": "nothing"}, "field 'nothing' is missing"),
    ],
)
def test_bad_arguments_are_refused(
    run: Path, tmp_path: Path, options: dict[str, Any], message: str
) -> None:
    with pytest.raises(BadInputError, match=message):
        import_nemo_skills(tmp_path / "pool", run, **options)
    assert not (tmp_path / "pool").exists()
