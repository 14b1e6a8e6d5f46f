"""What a configuration asks for: samples, prompts, settings."""

import json
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from svlaw.data.errors import BadInputError, NotInPoolError
from svlaw.data.pool import Pool, open_pool
from svlaw.data.pool_writer import append, create_pool
from svlaw.generate import assignments
from svlaw.generate.assignments import assign_solutions, assign_verifications
from svlaw.generate.shards import Shard

WHOLE = Shard()


def begin(study: Any, texts: dict[tuple[str, int], str | None]) -> Pool:
    """A pool of solutions with given texts, in a part for each."""
    with create_pool(study.pool, {}) as writer:
        writer.add("problems", assign_solutions(study.configuration()).problems)
    pool = open_pool(study.pool, unfinished=True)
    for (problem, number), text in texts.items():
        row = {"problem_id": [problem], "solution_id": [number], "text": [text]}
        schema = {"problem_id": pl.String, "solution_id": pl.Int32, "text": pl.String}
        append(pool, "solutions", pl.DataFrame(row, schema))
    return open_pool(study.pool)


def test_solutions_are_of_all_problems_of_the_shard(study: Any) -> None:
    assignment = assign_solutions(study.configuration())
    problems = [f"p{n:03d}" for n in range(6)]
    assert assignment.families(None, WHOLE) == [[(p,) for p in problems]]
    mine = [(p,) for p in problems if Shard(2, 3).holds(p)]
    assert assignment.families(None, Shard(2, 3)) == [mine]
    assert (assignment.table, assignment.verifier) == ("solutions", None)


def test_a_problem_gets_the_prompt_of_its_kind(study: Any) -> None:
    kinds = ["math", "numeric", "choice"]
    lines = [
        {"problem_id": kind, "question": f"A {kind} question?", "kind": kind} for kind in kinds
    ]
    text = "".join(json.dumps(line) + "\n" for line in lines)
    (study.folder / "problems.jsonl").write_text(text)
    study.document["problems"]["columns"] = {"kind": "kind"}
    assignment = assign_solutions(study.configuration())
    prompt_of = assignment.prompts(None)
    math, numeric, choice = (prompt_of((kind,)) for kind in kinds)
    assert "A math question?" in math
    assert "boxed" in math
    assert "plain number" not in math
    assert "plain number" in numeric
    assert "letter" in choice
    assert set(assignment.settings["prompts"]) == set(kinds)


def test_ones_own_prompt_is_for_every_problem(study: Any, tmp_path: Path) -> None:
    template = tmp_path / "mine.jinja"
    template.write_text("Solve: {{ question }}")
    assignment = assign_solutions(study.configuration(f"solutions.prompt={template}"))
    assert assignment.prompts(None)(("p003",)) == "Solve: What is 3 + 3?"
    assert assignment.settings["prompts"] == {"math": "Solve: {{ question }}"}


def test_a_prompt_for_the_other_table_is_refused(study: Any, tmp_path: Path) -> None:
    begin(study, {("p000", 0): "so 0"})
    with pytest.raises(BadInputError, match="prompt verify: uses 'solution', so it is for verific"):
        assign_solutions(study.configuration("solutions.prompt=verify"))
    with pytest.raises(BadInputError, match="prompt boxed: does not use 'solution', so it cannot"):
        assign_verifications(study.configuration("verifications.prompt=boxed"))


def test_sampling_stops_where_the_configuration_and_the_prompt_say(study: Any) -> None:
    assignment = assign_solutions(
        study.configuration("solutions.prompt=few-shot", "solutions.sampling.stop=['##']")
    )
    assert assignment.sampling.stop == ("##", "\nProblem:")
    assert assignment.settings["sampling"]["stop"] == ["##", "\nProblem:"]
    assert assignment.sampling.logprobs == 0
    assert assignment.sampling.temperature == 0.7


def test_verifications_are_of_the_first_solutions(study: Any) -> None:
    pool = begin(
        study,
        {("p001", n): f"text {n}" for n in (5, 0, 2, 1)} | {("p000", 3): "other", ("p000", 4): "x"},
    )
    first = "verifications.solutions_per_problem"
    assignment = assign_verifications(study.configuration(f"{first}=3"))
    assert assignment.families(pool, WHOLE) == [
        [("p000", 3), ("p000", 4)],
        [("p001", 0), ("p001", 1), ("p001", 2)],
    ]
    assignment = assign_verifications(study.configuration())
    assert assignment.families(pool, WHOLE)[1] == [("p001", n) for n in (0, 1, 2, 5)]
    mine = [f for f in assignment.families(pool, WHOLE) if Shard(1, 2).holds(f[0][0])]
    assert assignment.families(pool, Shard(1, 2)) == mine
    assert (assignment.table, assignment.verifier) == ("verifications", "verifier")


def test_a_verification_is_shown_the_problem_and_the_solution(study: Any) -> None:
    pool = begin(study, {("p001", 0): "It is 2.", ("p002", 1): "It is 4."})
    prompt_of = assign_verifications(study.configuration()).prompts(pool)
    one, two = prompt_of(("p001", 0)), prompt_of(("p002", 1))
    assert one is not None
    assert two is not None
    assert ("What is 1 + 1?" in one, "It is 2." in one) == (True, True)
    assert ("What is 2 + 2?" in two, "It is 4." in two) == (True, True)


def test_only_a_block_of_texts_is_in_memory(study: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    texts = {(f"p{p:03d}", n): f"text {p} {n}" for p in range(6) for n in range(3)}
    pool = begin(study, texts)
    monkeypatch.setattr(assignments, "_BLOCK_SOLUTIONS", 7)
    reads: list[str] = []
    collect = Pool.collect

    def counted(self: Pool, query: pl.LazyFrame, table: str) -> pl.DataFrame:
        frame = collect(self, query, table)
        if "text" in frame.columns:
            reads.append(table)
            assert frame.height <= 7
        return frame

    monkeypatch.setattr(Pool, "collect", counted)
    prompt_of = assign_verifications(study.configuration()).prompts(pool)
    for (problem, number), text in texts.items():
        assert text in (prompt_of((problem, number)) or "")
    assert len(reads) == 3


def test_a_problem_with_more_solutions_than_a_block_is_read_alone(
    study: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    pool = begin(study, {("p000", n): f"text {n}" for n in range(5)} | {("p001", 0): "one"})
    monkeypatch.setattr(assignments, "_BLOCK_SOLUTIONS", 2)
    prompt_of = assign_verifications(study.configuration()).prompts(pool)
    assert "text 4" in (prompt_of(("p000", 4)) or "")
    assert "one" in (prompt_of(("p001", 0)) or "")


def test_solutions_without_text_are_not_verified(study: Any) -> None:
    pool = begin(study, {("p000", 0): None, ("p000", 1): "", ("p000", 2): "so"})
    prompt_of = assign_verifications(study.configuration()).prompts(pool)
    assert [prompt_of(("p000", n)) is None for n in range(3)] == [True, True, False]


@pytest.mark.parametrize(
    ("always", "shown"),
    [
        (False, ["so 4", "thought", None, None]),
        (True, ["so 4", None, None, None]),
    ],
)
def test_thinking_is_cut_off(study: Any, always: bool, shown: list[str | None]) -> None:
    texts = [
        "<think>2 and 2</think> so 4",
        "thought",
        "<think>endless",
        "<think>2 and 2</think>",
    ]
    pool = begin(study, {("p002", n): text for n, text in enumerate(texts)})
    assignment = assign_verifications(
        study.configuration(
            "verifications.cut_thinking=</think>", f"verifications.always_thinks={always}"
        )
    )
    prompt_of = assignment.prompts(pool)
    for number, text in enumerate(shown):
        prompt = prompt_of(("p002", number))
        assert (prompt is None) == (text is None)
        if prompt is not None:
            assert text in prompt
            assert "2 and 2" not in prompt
    assert assignment.settings["cut_thinking"] == "</think>"
    assert assignment.settings["always_thinks"] == always


def test_verifications_need_solutions(study: Any) -> None:
    assignment = assign_verifications(study.configuration())
    with pytest.raises(NotInPoolError, match="holds no text of solutions to verify; generate some"):
        assignment.families(None, WHOLE)
    pool = begin(study, {("other", 0): "x"})
    with pytest.raises(NotInPoolError, match="holds no solutions of these problems"):
        assignment.families(pool, WHOLE)


@pytest.mark.parametrize("table", ["solutions", "verifications"])
def test_a_configuration_without_the_section(study: Any, table: str) -> None:
    del study.document[table]
    assign = assign_solutions if table == "solutions" else assign_verifications
    with pytest.raises(BadInputError, match=f"the configuration has no section '{table}'"):
        assign(study.configuration())


def test_problems_may_be_those_of_the_pool(study: Any) -> None:
    begin(study, {("p001", 0): "It is 2."})
    problems = assign_solutions(study.configuration()).problems
    del study.document["problems"]
    assert assign_verifications(study.configuration()).problems.equals(problems)
    assert assign_solutions(study.configuration()).problems.equals(problems)


def test_problems_are_needed_to_begin_a_pool(study: Any) -> None:
    del study.document["problems"]
    with pytest.raises(BadInputError, match="pool: there is no such pool, and the configuration"):
        assign_solutions(study.configuration())


@pytest.mark.parametrize(
    ("problems", "complaint"),
    [
        (None, "holds no problems; give them in the configuration, section 'problems'"),
        (["a", "b"], "problem 'b' has no question; give the problems in the configuration"),
    ],
)
def test_problems_of_a_pool_may_not_do(
    study: Any, problems: list[str] | None, complaint: str
) -> None:
    with create_pool(study.pool, {}) as writer:
        if problems:
            questions = {"problem_id": problems, "question": ["What?", None]}
            writer.add("problems", pl.DataFrame(questions))
        keys = {"problem_id": ["a"], "solution_id": [0], "text": ["so"]}
        writer.add("solutions", pl.DataFrame(keys, schema_overrides={"solution_id": pl.Int32}))
    del study.document["problems"]
    with pytest.raises(BadInputError, match=complaint):
        assign_verifications(study.configuration())


def test_settings_are_all_that_makes_a_sample_what_it_is(study: Any) -> None:
    fields = {
        "model": "M",
        "revision": "r",
        "chat": "true",
        "system": "Be brief.",
        "engine": "transformers",
        "engine_options": "{threads: 1}",
        "samples": "3",
        "parameters": "7e9",
    }
    sampling = {
        "temperature": 0.5,
        "top_p": 0.9,
        "top_k": 50,
        "min_p": 0.1,
        "max_tokens": 99,
        "stop": ["##"],
    }
    overrides = [
        *(f"solutions.{name}={value}" for name, value in fields.items()),
        *(f"solutions.sampling.{name}={json.dumps(value)}" for name, value in sampling.items()),
        "seed=7",
    ]
    assert assign_solutions(study.configuration(*overrides)).settings == {
        "model": "M",
        "revision": "r",
        "chat": True,
        "system": "Be brief.",
        "prompts": {"math": assignments.load_prompt("boxed").template},
        "sampling": sampling,
        "seed": 7,
    }
    settings = assign_verifications(study.configuration("seed=7")).settings
    assert settings == {
        "model": "verifier",
        "revision": None,
        "chat": True,
        "system": None,
        "prompts": {"verify": assignments.load_prompt("verify").template},
        "sampling": {
            "temperature": 0.7,
            "top_p": 1.0,
            "top_k": None,
            "min_p": 0.0,
            "max_tokens": 2048,
            "stop": [],
        },
        "seed": 7,
        "cut_thinking": None,
        "always_thinks": False,
        "logprobs": 10,
    }
