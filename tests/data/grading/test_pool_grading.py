"""Grading a pool from its stored text, again and again."""

import json
import random
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import polars as pl
import pytest
import typer
from typer.testing import CliRunner

from svlaw.cli.grade_command import grade
from svlaw.data.errors import BadInputError, NotInPoolError, SvlawError
from svlaw.data.grading.judgements import FOLDER
from svlaw.data.grading.pool_grading import grade_pool
from svlaw.data.pool import Pool, open_pool
from svlaw.data.pool_writer import append, create_pool

PROBLEMS = [
    ("frac", r"\frac{1}{2}", "math"),
    ("letter", "B", None),
    ("number", "12.5", "numeric"),
    ("program", None, "code"),
]
SOLUTIONS: list[tuple[str, int, str | None, str | None]] = [
    ("frac", 0, r"So \boxed{0.5}.", "stop"),
    ("frac", 1, r"So \boxed{\frac{2}{4}}.", "stop"),
    ("frac", 2, "The final answer is $2$. I hope it is correct.", "stop"),
    ("frac", 3, r"So \boxed{\sqrt{4}}.", "length"),
    ("frac", 4, "So it is", "length"),
    ("frac", 5, "I give up.", "stop"),
    ("letter", 0, "The answer is (B).", None),
    ("letter", 1, "(A) 1 (B) 2. I take (A)", None),
    ("number", 0, "which makes 12.50 in all", None),
    ("number", 1, r"\boxed{13}", None),
    ("program", 0, "def f(): ...", "stop"),
    ("program", 1, "def g(): ...", "stop"),
]
STATUS = [
    "graded", "graded", "graded", "graded", "truncated", "no_answer", "graded", "graded", "graded",
    "graded", "graded", "timeout",
]  # fmt: skip
CORRECT = [True, True, False, False, False, False, True, False, True, False, True, False]
CLASSES = [0, 0, 1, 1, None, None, 0, 1, 0, 1, 4, None]

MakePool = Callable[..., Pool]


def own_answers() -> pl.DataFrame:
    """Answers of the program's solutions, as an importer may have written them."""
    return pl.DataFrame(
        {
            "problem_id": "program",
            "solution_id": pl.Series([0, 1], dtype=pl.Int32),
            "answer": ["f", None],
            "answer_class": pl.Series([4, None], dtype=pl.Int32),
            "is_correct": [True, False],
            "status": ["graded", "timeout"],
            "output_tokens": pl.Series([5, 6], dtype=pl.Int32),
            "output_chars": pl.Series([50, 60], dtype=pl.Int32),
        }
    )


@pytest.fixture
def make(tmp_path: Path) -> MakePool:
    """Writes a pool of problems and solutions, and opens it."""

    def write(
        solutions: list[Any] = SOLUTIONS,
        problems: list[Any] | None = PROBLEMS,
        answers: pl.DataFrame | None = None,
        name: str = "pool",
    ) -> Pool:
        frame = pl.DataFrame(
            solutions,
            {
                "problem_id": pl.String,
                "solution_id": pl.Int32,
                "text": pl.String,
                "finish_reason": pl.String,
            },
            orient="row",
        ).with_columns(pl.lit(7, pl.Int32).alias("output_tokens"))
        with create_pool(tmp_path / name, {"source": "test"}) as writer:
            if problems is not None:
                columns = dict.fromkeys(("problem_id", "reference_answer", "kind"), pl.String())
                writer.add("problems", pl.DataFrame(problems, columns, orient="row"))
            half = frame.height // 2
            writer.add("solutions", frame.head(half))
            writer.add("solutions", frame.tail(frame.height - half))
            writer.add("answers", own_answers() if answers is None else answers)
        return open_pool(tmp_path / name)

    return write


def rows(pool: Pool, *columns: str) -> list[tuple[Any, ...]]:
    return (
        pool.read("answers", ("problem_id", "solution_id", *columns))
        .sort("problem_id", "solution_id")
        .select(columns)
        .rows()
    )


def test_a_pool_is_graded_from_its_text(make: MakePool) -> None:
    pool = make()
    before = {path: path.read_bytes() for path in pool.parts("solutions")}
    grading = grade_pool(pool, workers=2)
    found = rows(grading.pool, "status", "is_correct", "answer_class")
    assert found == list(zip(STATUS, CORRECT, CLASSES, strict=True))
    counts = (grading.rows, grading.graded, grading.no_answer, grading.truncated, grading.timeout)
    assert counts == (12, 8, 1, 1, 0)
    assert (grading.kept, grading.correct, grading.pairs) == (2, 5, 8)
    lengths = rows(open_pool(pool.path), "output_tokens", "output_chars")
    assert lengths[0] == (7, len(r"So \boxed{0.5}."))
    assert lengths[-2:] == [(5, 50), (6, 60)]
    assert {path: path.read_bytes() for path in pool.parts("solutions")} == before


@pytest.mark.usefixtures("shared_worker")
def test_grading_again_asks_nothing_and_changes_nothing(make: MakePool) -> None:
    pool = make()
    first = grade_pool(pool, workers=1)
    assert first.examined > 0
    part = pool.parts("answers")
    noted = (pool.path / "pool.json").read_bytes()
    again = grade_pool(open_pool(pool.path), workers=1)
    assert (again.examined, again.changed, again.flipped) == (0, 0, 0)
    assert (pool.path / "pool.json").read_bytes() == noted
    assert pool.parts("answers") == part  # named by a digest of the bytes
    names = {path.name.split("-")[0] for path in (pool.path / FOLDER).iterdir()}
    assert names == {"readings"}


def test_a_graded_pool_names_its_rules_and_what_changed(make: MakePool) -> None:
    pool = make()
    first = grade_pool(pool)
    assert (first.changed, first.flipped) == (0, 0)  # the program's rows are kept as they are
    noted = open_pool(pool.path).metadata
    assert noted["source"] == "test"
    assert noted["grading"] == {
        "rules": first.rules,
        "extractor": "built-in",
        "tolerance": 1e-6,
        "time_limit": 5.0,
    }
    again = grade_pool(open_pool(pool.path), extractor=lambda text: "B" if "B" in text else None)
    assert (again.changed, again.flipped) == (7, 4)
    assert again.rules == first.rules
    assert again.pool.metadata["grading"]["extractor"].endswith("<lambda>")


def test_an_answer_in_thoughts_alone_is_truncated(make: MakePool) -> None:
    texts = [
        r"<think>It is \boxed{\frac12}.",
        r"<think>It is \boxed{\frac12}.</think> I cannot say.",
        r"<think>It is \boxed{7}.</think> \boxed{\frac12}",
        "<think>hm</think> I cannot say.",
    ]
    solutions = [("frac", place, text, "stop") for place, text in enumerate(texts)]
    pool = make(solutions, PROBLEMS[:1], own_answers().head(0))
    assert grade_pool(pool).truncated == 2
    assert rows(pool, "status", "is_correct") == [
        ("truncated", False), ("truncated", False), ("graded", True), ("no_answer", False),
    ]  # fmt: skip


@pytest.mark.usefixtures("shared_worker")
def test_only_new_answers_are_examined(make: MakePool) -> None:
    pool = make()
    grade_pool(pool, workers=1)
    more = pl.DataFrame(
        {
            "problem_id": "frac",
            "solution_id": pl.Series([6, 7], dtype=pl.Int32),
            "text": [r"\boxed{\frac{\sqrt{4}}{4}}", r"\boxed{\sqrt{4}}"],
        }
    )
    grading = grade_pool(append(pool, "solutions", more), workers=1)
    assert grading.examined == 1  # the other is known
    assert (grading.rows, grading.correct) == (14, 6)
    assert rows(pool, "answer_class")[:8] == [(c,) for c in [*CLASSES[:6], 0, 1]]


@pytest.mark.usefixtures("shared_worker")
def test_judgements_can_be_deleted_at_any_time(make: MakePool) -> None:
    pool = make()
    first = grade_pool(pool, workers=1)
    part = pool.parts("answers")
    for path in (pool.path / FOLDER).iterdir():
        path.unlink()
    assert grade_pool(pool, workers=1).examined == first.examined
    assert pool.parts("answers") == part


@pytest.mark.usefixtures("shared_worker")
def test_classes_and_correctness_do_not_depend_on_row_order_or_names(make: MakePool) -> None:
    shuffled = random.Random(3).sample(SOLUTIONS, len(SOLUTIONS))
    renamed = [(f"z {name}", *rest) for name, *rest in SOLUTIONS]
    plain = rows(grade_pool(make(), workers=1).pool, "is_correct", "answer_class", "status")
    mixed = grade_pool(make(shuffled, PROBLEMS[::-1], name="mixed"), workers=1).pool
    assert rows(mixed, "is_correct", "answer_class", "status") == plain
    answers = own_answers().with_columns(problem_id=pl.lit("z program"))
    problems = [(f"z {name}", *rest) for name, *rest in PROBLEMS]
    other = grade_pool(make(renamed, problems, answers, name="renamed"), workers=1).pool
    assert rows(other, "is_correct", "answer_class", "status") == plain


@pytest.mark.slow
def test_a_hanging_answer_is_flagged_and_the_others_graded(make: MakePool) -> None:
    hanging = [
        ("frac", place, rf"\boxed{{\int_0^{place} 1^{{10^{{10^{{10}}}}}} dx}}", None)
        for place in (8, 9)
    ]
    pool = make([*SOLUTIONS[:6], *hanging, *SOLUTIONS[-2:]])
    grading = grade_pool(pool, workers=2, time_limit=3.0)
    assert (grading.timeout, grading.graded) == (2, 4)
    assert rows(pool, "status", "is_correct")[6:8] == [("timeout", False)] * 2
    assert grade_pool(pool, time_limit=0.5).examined == 0
    assert grade_pool(pool, time_limit=3.5, workers=2).examined == 2


@pytest.mark.usefixtures("shared_worker")
def test_a_users_extractor_is_used_for_all_that_is_graded(make: MakePool) -> None:
    seen: list[str] = []

    def extract(text: str) -> str | None:
        seen.append(text)
        return "B" if "B" in text else None

    grading = grade_pool(make(), extractor=extract)
    assert len(seen) == 10
    assert (grading.graded, grading.kept, grading.correct) == (2, 2, 3)


def test_a_mistake_of_the_extractor_names_the_row_and_changes_nothing(make: MakePool) -> None:
    def extract(text: str) -> str:
        if text == "So it is":
            raise IndexError("nothing there\nat all")
        return text

    pool = make()
    part = pool.parts("answers")
    message = "problem 'frac', solution 4: the extractor raised IndexError: nothing there$"
    with pytest.raises(BadInputError, match=message):
        grade_pool(pool, extractor=extract)
    assert pool.parts("answers") == part


@pytest.mark.usefixtures("shared_worker")
def test_solutions_without_text_are_graded_by_their_stored_answer(make: MakePool) -> None:
    stored = pl.DataFrame(
        {
            "problem_id": "frac",
            "solution_id": pl.Series([1, 2, 3, 9], dtype=pl.Int32),
            "answer": ["1/2", None, "9", "0.50"],
            "is_correct": [False, False, False, False],
            "status": ["graded", "no_answer", "graded", "graded"],
            "output_tokens": pl.Series([1, 2, 3, 4], dtype=pl.Int32),
        }
    )
    solutions = [
        ("frac", 0, r"\boxed{3}", None), ("frac", 1, None, None), ("frac", 2, None, None),
        ("frac", 3, "nothing", None),
    ]  # fmt: skip
    pool = make(solutions, PROBLEMS[:1], stored)
    grade_pool(pool)
    found = rows(pool, "answer", "is_correct", "status", "output_tokens")
    assert found == [
        ("3", False, "graded", 7), ("1/2", True, "graded", 7), (None, False, "no_answer", 7),
        (None, False, "no_answer", 7), ("0.50", True, "graded", 4),
    ]  # fmt: skip


@pytest.mark.usefixtures("shared_worker")
def test_progress_is_told(make: MakePool) -> None:
    seen: list[tuple[int, int]] = []
    grade_pool(make(), workers=1, progress=lambda done, total: seen.append((done, total)))
    assert seen[:2] == [(6, 12), (12, 12)]
    assert seen[-1][0] == seen[-1][1]


BAD: dict[str, tuple[dict[str, Any], dict[str, Any], type[SvlawError], str]] = {
    "no text": (
        {"solutions": [(name, number, None, None) for name, number, *_ in SOLUTIONS[:6]]},
        {}, NotInPoolError, "holds no text of solutions",
    ),
    "no problems": ({"problems": None}, {}, NotInPoolError, "no problems, hence no reference"),
    "no reference": (
        {"problems": [("frac", " ", None), *PROBLEMS[1:]]}, {}, BadInputError,
        "problem 'frac' has no reference_answer",
    ),
    "unknown problem": (
        {"problems": PROBLEMS[1:]}, {}, BadInputError, "problem 'frac' has no reference_answer",
    ),
    "own correctness missing": (
        {"answers": own_answers().head(1)}, {}, BadInputError,
        "problem 'program' is of kind code or external, but its solution 1 has no correctness",
    ),
    "correctness that would be lost": (
        {
            "solutions": [*SOLUTIONS, ("frac", 11, None, None)],
            "answers": pl.concat(
                [own_answers(), own_answers().head(1).with_columns(
                    pl.lit("frac").alias("problem_id"), pl.lit(11, pl.Int32).alias("solution_id"),
                    pl.lit(None, pl.String).alias("answer"),
                )]
            ),
        },
        {}, BadInputError, "problem 'frac', solution 11 has neither text nor an answer",
    ),
    "extractor": ({}, {"extractor": "no_such_module:f"}, BadInputError, "cannot be imported"),
    "tolerance": ({}, {"tolerance": 0.0}, BadInputError, "tolerance 0.0: use a number above 0"),
    "time limit": ({}, {"time_limit": -1.0}, BadInputError, "time_limit -1.0: use seconds above 0"),
    "workers": ({}, {"workers": 0}, BadInputError, "workers 0: use 1 or more"),
}  # fmt: skip


@pytest.mark.parametrize("case", BAD)
def test_bad_input_is_one_line_and_changes_nothing(make: MakePool, case: str) -> None:
    changes, options, kind, message = BAD[case]
    pool = make(**changes)
    before = sorted(pool.path.rglob("*"))
    with pytest.raises(kind, match=message) as caught:
        grade_pool(pool, **options)
    assert "\n" not in str(caught.value)
    assert sorted(pool.path.rglob("*")) == before


def test_a_damaged_part_is_named(make: MakePool) -> None:
    pool = make()
    part = pool.parts("solutions")[1]
    content = bytearray(part.read_bytes())
    content[4:200] = bytes(196)
    part.write_bytes(content)
    with pytest.raises(BadInputError, match="damaged"):
        grade_pool(pool)


def test_bundled_examples_cannot_be_graded() -> None:
    from svlaw.data.examples import open_example

    with pytest.raises(NotInPoolError, match="holds no text of solutions"):
        grade_pool(open_example("exams_gpt35_by_gpt4"))


@pytest.mark.usefixtures("shared_worker")
def test_an_interrupt_keeps_what_was_found_and_changes_no_answer(
    make: MakePool, workers_alive: Callable[[], bool]
) -> None:
    roots = [("frac", place, rf"\boxed{{\sqrt{{{place}}}}}", None) for place in range(2, 8)]
    pool = make([*roots, *SOLUTIONS[-2:]])
    part = pool.parts("answers")

    def interrupt(done: int, total: int) -> None:
        if (done, total) == (2, 6):  # in the middle of what is read
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        grade_pool(pool, workers=1, progress=interrupt)
    assert pool.parts("answers") == part
    assert not workers_alive()
    seen: list[tuple[int, int]] = []
    grade_pool(pool, workers=1, progress=lambda done, total: seen.append((done, total)))
    assert (1, 4) in seen
    assert (1, 6) not in seen


@pytest.fixture
def command() -> Callable[..., Any]:
    """Runs `svlaw grade` alone."""
    app = typer.Typer(pretty_exceptions_enable=False)
    app.command()(grade)

    def run(*arguments: object) -> Any:
        return CliRunner().invoke(app, [str(argument) for argument in arguments])

    return run


@pytest.mark.usefixtures("shared_worker")
def test_the_command_prints_what_came_of_it(make: MakePool, command: Callable[..., Any]) -> None:
    pool = make()
    shown = command(pool.path, "--workers", 1)
    assert shown.exit_code == 0, shown.output
    for words in ("12 solutions", "truncated", "no answer", "timeout", "kept"):
        assert words in shown.output
    document = command(pool.path, "--json", "--workers", 1)
    printed = json.loads(document.output)
    assert printed["pool"] == str(pool.path)
    assert (printed["rows"], printed["correct"], printed["examined"]) == (12, 5, 0)


@pytest.mark.usefixtures("shared_worker")
def test_the_command_finds_an_extractor_in_the_current_folder(
    make: MakePool, command: Callable[..., Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "extractors_of_mine.py").write_text("def b(text):\n    return 'B'\n")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", list(sys.path))
    pool = make(SOLUTIONS[6:8], PROBLEMS[1:2], own_answers().head(0))
    result = command(pool.path, "--extractor", "extractors_of_mine:b", "--json")
    assert result.exit_code == 0, result.output
    assert '"correct": 2' in result.output
    sys.modules.pop("extractors_of_mine")


def test_mistakes_of_the_command_are_named_errors(
    make: MakePool, command: Callable[..., Any]
) -> None:
    pool = make()
    for option, value in (("--tolerance", 0), ("--time-limit", 0), ("--extractor", "nonsense")):
        result = command(pool.path, option, value)
        assert isinstance(result.exception, BadInputError), result.output
