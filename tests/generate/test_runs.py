"""Runs on a pool, one after another: what grows, what is refused, what is tried again."""

import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from svlaw.data.errors import BadInputError, NotInPoolError, SvlawError
from svlaw.data.examples import open_example
from svlaw.data.pool import open_pool
from svlaw.data.pool_writer import append, create_pool
from svlaw.generate import runs
from svlaw.generate.parts import LOG_FILE, read_log
from svlaw.generate.runs import Reporting, generate_solutions, generate_verifications
from svlaw.generate.seeds import first_seed
from svlaw.generate.shards import Shard

Study = Any


def counts(frame: pl.DataFrame, *keys: str) -> dict[Any, int]:
    """Rows by key."""
    found = frame.group_by(keys).len().sort(keys).iter_rows()
    return {key[0] if len(key) == 1 else tuple(key): n for *key, n in found}


def test_a_pool_grows_from_solutions_to_verifications(study: Study) -> None:
    first = study.solutions()
    assert (first.total, first.generated, first.failures) == (48, 48, {})
    assert first.output_tokens == study.rows()["output_tokens"].sum()
    assert study.engine.closed
    before = study.rows()

    more = study.solutions("solutions.samples=12")
    assert (more.total, more.generated) == (72, 24)
    study.set_problems(8)
    wider = study.solutions("solutions.samples=12")
    assert (wider.total, wider.generated) == (96, 24)
    rows = study.rows()
    assert counts(rows, "problem_id") == {f"p{n:03d}": 12 for n in range(8)}
    assert rows.join(before, on=before.columns, how="semi", nulls_equal=True).equals(before)
    seeds = rows.select(
        wanted=pl.col("problem_id").map_elements(lambda p: first_seed(0, p), pl.Int64)
        + pl.col("solution_id"),
        seed="seed",
    )
    assert seeds["wanted"].equals(seeds["seed"], check_names=False)

    assert study.verifications("verifications.solutions_per_problem=3").generated == 8 * 3 * 4
    some = study.rows("verifications", "verifier")
    assert study.verifications("verifications.solutions_per_problem=3").generated == 0
    assert study.engine is None
    wide = ("verifications.solutions_per_problem=5", "verifications.samples=6")
    assert study.verifications(*wide).generated == 8 * (3 * 2 + 2 * 6)
    assert study.verifications("verifications.samples=6").generated == 8 * 7 * 6
    verified = study.rows("verifications", "verifier")
    assert counts(verified, "problem_id") == {f"p{n:03d}": 12 * 6 for n in range(8)}
    assert verified.join(some, on=some.columns, how="semi", nulls_equal=True).equals(some)
    assert study.rows().equals(rows)


def test_what_is_generated_at_once_is_what_is_generated_bit_by_bit(
    study: Study, make_study: Callable[[str], Study]
) -> None:
    pieces = make_study("pieces")
    pieces.set_problems(3)
    pieces.solutions("solutions.samples=3", in_flight=3)
    pieces.set_problems(6)
    pieces.solutions("solutions.samples=5", "batch_rows=2", "part_rows=1", failing=r"4 \+ 4")
    pieces.verifications("verifications.samples=1", in_flight=2)
    pieces.solutions("batch_rows=64")
    pieces.verifications("verifications.solutions_per_problem=2")
    pieces.verifications("batch_rows=3", in_flight=4)
    study.solutions()
    study.verifications()
    assert pieces.rows().equals(study.rows())
    table = ("verifications", "verifier")
    assert pieces.rows(*table).equals(study.rows(*table))
    assert pieces.rows("problems").equals(study.rows("problems"))
    assert pieces.opened().metadata == study.opened().metadata


def test_verifications_have_texts_seeds_and_verdict_probabilities(study: Study) -> None:
    study.solutions()
    generation = study.verifications()
    rows = study.rows("verifications", "verifier")
    assert (generation.table, generation.verifier) == ("verifications", "verifier")
    for row in rows.iter_rows(named=True):
        start = first_seed(0, row["problem_id"], row["solution_id"])
        assert row["seed"] == start + row["verification_id"]
    stated = rows["text"].str.contains("(Yes/No)?", literal=True)
    assert 0 < stated.sum() < rows.height
    assert rows["p_yes"].is_not_null().equals(stated, check_names=False)
    assert rows["p_no"].is_not_null().equals(stated, check_names=False)
    assert rows["p_yes"].is_between(0, 1).all()


def test_two_verifiers_in_one_pool(study: Study) -> None:
    study.solutions()
    study.verifications()
    other = ("verifications.verifier=other", "verifications.model=another", "seed=5")
    assert study.verifications(*other, "verifications.samples=2").generated == 48 * 2
    pool = study.opened()
    assert pool.verifiers == ("verifier", "other")
    assert study.rows("verifications", "verifier").height == 48 * 4
    assert study.rows("verifications", "other").height == 48 * 2
    held = pool.metadata["generation"]
    assert held["verifications"]["verifier"]["model"] == "verifier"
    assert held["verifications"]["other"]["model"] == "another"
    assert held["solutions"]["model"] == "solver"
    assert study.verifications().generated == 0


def test_a_problem_that_has_changed_is_refused(study: Study) -> None:
    study.solutions()
    for change in ({"question": "What is it?"}, {"reference_answer": "7"}, {"kind": "numeric"}):
        study.set_problems(6, **change)
        name = next(iter(change))
        mapping = {"kind": "kind"} if name == "kind" else {}
        study.document["problems"]["columns"] = mapping
        with pytest.raises(BadInputError) as caught:
            study.solutions("solutions.samples=9", "solutions.prompt=boxed")
        assert str(caught.value) == (
            f"{study.pool}: problem 'p000' has another {name} in the pool; generate into another"
            " pool, or put the problem back"
        )
    assert study.rows().height == 48


def test_problems_of_another_kind_bring_their_own_prompt(study: Study) -> None:
    study.set_problems(2)
    study.solutions()
    study.set_problems(3)
    file = study.folder / "problems.jsonl"
    first, second, third = file.read_text().splitlines()
    third = third.replace('"reference_answer"', '"kind": "choice", "reference_answer"')
    file.write_text(f"{first}\n{second}\n{third}\n")
    study.document["problems"]["columns"] = {"kind": "kind"}
    assert study.solutions().generated == 8
    held = study.opened().metadata["generation"]["solutions"]
    assert sorted(held["prompts"]) == ["choice", "math"]
    file.write_text(f"{first}\n{second}\n")
    del study.document["problems"]["columns"]
    assert study.solutions("solutions.samples=9").generated == 2
    assert study.opened().metadata["generation"]["solutions"] == held
    with pytest.raises(BadInputError, match=r"prompts\.math was"):
        study.solutions("solutions.prompt=choice")


def test_new_problems_fit_the_columns_of_those_in_the_pool(study: Study) -> None:
    study.set_problems(3, year=2024, source="a")
    study.solutions()
    study.set_problems(5, source="b", other="c")
    study.solutions()
    problems = study.rows("problems")
    known = ["problem_id", "question", "reference_answer", "kind", "subject", "level"]
    assert problems.columns == [*known, "year", "source"]
    assert list(problems["source"]) == ["a", "a", "a", "b", "b"]
    assert list(problems["year"]) == ["2024", "2024", "2024", None, None]


def test_new_problems_that_do_not_fit(study: Study) -> None:
    file = study.folder / "problems.parquet"
    study.document["problems"]["source"] = str(file)
    frame = pl.DataFrame({"problem_id": ["a"], "question": ["What?"], "year": [2024]})
    frame.write_parquet(file)
    study.solutions()
    more = pl.DataFrame({"problem_id": ["b"], "question": ["Why?"], "year": ["long ago"]})
    more.write_parquet(file)
    with pytest.raises(BadInputError, match="pool: new problems do not fit those in the pool") as e:
        study.solutions()
    assert "\n" not in str(e.value)
    assert "long ago" in str(e.value)
    assert study.rows("problems").height == 1


def test_verifications_need_solutions_and_leave_no_pool(study: Study) -> None:
    with pytest.raises(NotInPoolError, match="holds no text of solutions to verify"):
        study.verifications()
    assert not study.pool.exists()


def test_problems_without_solutions_are_not_added_by_verifications(study: Study) -> None:
    study.set_problems(3)
    study.solutions()
    study.set_problems(6)
    assert study.verifications().total == 3 * 8 * 4
    assert study.rows("problems").height == 3


def imported(study: Study, **problems: Any) -> None:
    """A pool of solutions that svlaw did not generate."""
    ids = [f"p{n:03d}" for n in range(6)]
    with create_pool(study.pool, {"source": "elsewhere"}) as writer:
        if problems:
            writer.add("problems", pl.DataFrame({"problem_id": ids, **problems}))
        keys = {"problem_id": ids, "solution_id": [0] * 6, "text": [f"It is {i}." for i in ids]}
        writer.add("solutions", pl.DataFrame(keys, schema_overrides={"solution_id": pl.Int32}))


def test_imported_solutions_can_be_verified_but_not_extended(study: Study) -> None:
    imported(study, question=[f"What is {n} + {n}?" for n in range(6)])
    del study.document["problems"]
    assert study.verifications().generated == 6 * 4
    pool = study.opened()
    assert pool.metadata["source"] == "elsewhere"
    assert list(pool.metadata["generation"]) == ["verifications"]
    with pytest.raises(BadInputError) as caught:
        study.solutions()
    assert str(caught.value) == (
        f"{study.pool}: its solutions were not generated by svlaw, so nothing can be added to them;"
        " generate into another pool, or give the verifier another name"
    )
    append(
        pool,
        "verifications",
        pl.DataFrame(
            {"problem_id": ["p000"], "solution_id": [0], "verification_id": [0], "text": ["Yes"]},
            schema_overrides={"solution_id": pl.Int32, "verification_id": pl.Int32},
        ),
        verifier="theirs",
    )
    with pytest.raises(BadInputError, match="its verifications by theirs were not generated by"):
        study.verifications("verifications.verifier=theirs")


@pytest.mark.parametrize("problems", [{}, {"question": [None] * 6}])
def test_imported_solutions_may_lack_their_problems(study: Study, problems: Any) -> None:
    imported(study, **problems)
    assert study.verifications().generated == 6 * 4
    assert study.rows("problems").height == 6


def test_failures_are_tried_again(study: Study) -> None:
    failed = study.solutions(failing=r"What is [24] \+")
    assert failed.failures == {"server busy": 16}
    assert (failed.total, failed.generated) == (48, 32)
    assert set(study.rows()["problem_id"]) == {"p000", "p001", "p003", "p005"}
    again = study.solutions()
    assert (again.generated, again.failures) == (16, {})
    assert study.rows().height == 48


def test_a_prompt_that_is_too_long_is_a_row_and_is_not_tried_again(study: Study) -> None:
    study.solutions(too_long=r"What is 2 \+")
    long = study.rows().filter(pl.col("finish_reason") == "prompt_too_long")
    assert set(long["problem_id"]) == {"p002"}
    assert long.height == 8
    assert long["text"].null_count() == 8
    assert set(long["prompt_tokens"]) == {5_000}
    assert study.solutions().generated == 0


def test_solutions_without_text_are_not_asked_about(study: Study) -> None:
    study.solutions(too_long=r"What is 2 \+")
    asked = study.count("asked")
    assert study.verifications().generated == 48 * 4
    assert study.count("asked") - asked == 40 * 4
    rows = study.rows("verifications", "verifier").filter(pl.col("problem_id") == "p002")
    assert set(rows["finish_reason"]) == {"nothing_to_verify"}
    assert rows["text"].null_count() == rows["seed"].null_count() == 8 * 4
    assert study.verifications().generated == 0
    assert study.count("asked") - asked == 40 * 4


def test_thinking_is_not_shown_to_the_verifier(study: Study) -> None:
    study.solutions()
    # The engine's texts hold no thinking; with a marker that they do hold, what precedes it goes.
    cut = "verifications.cut_thinking=left"
    study.verifications(cut, "verifications.always_thinks=true", "verifications.samples=1")
    rows = study.rows("verifications", "verifier")
    texts = dict(
        zip(
            study.rows().select("problem_id", "solution_id").iter_rows(),
            study.rows()["text"],
            strict=True,
        )
    )
    behind = {key: text.rpartition("left")[2].strip() for key, text in texts.items()}
    silent = {key for key, text in texts.items() if "left" not in text or not behind[key]}
    assert 0 < len(silent) < len(texts)
    nothing = rows.filter(pl.col("finish_reason") == "nothing_to_verify")
    assert set(nothing.select("problem_id", "solution_id").iter_rows()) == silent
    prompts = [e.prompt for e in study.instant.read_record(study.record)][-2 * (48 - len(silent)) :]
    assert prompts
    assert not any("left" in prompt for prompt in prompts if "Proposed solution" in prompt)


def test_a_run_tells_how_far_it_is(study: Study) -> None:
    far: list[tuple[int, int]] = []
    parts: list[int] = []
    reporting = Reporting(
        lambda tally: far.append((tally.done, tally.total)), lambda part: parts.append(part.rows)
    )
    study.solutions(reporting=reporting)
    assert far == [(8 * n, 48) for n in range(1, 7)]
    assert parts == [32, 16]
    assert [part.rows for part in read_log(study.pool)] == parts
    assert {part.engine for part in read_log(study.pool)} == {"instant 1.0"}
    study.solutions(reporting=reporting)
    assert len(far) == 6


def test_an_engine_is_closed_whatever_happens(study: Study) -> None:
    with pytest.raises(SvlawError, match="the model is gone"):
        study.solutions(dies_after=2)
    assert study.engine.closed
    assert study.rows().height == 16
    assert study.solutions().generated == 32


def test_what_the_user_should_know(study: Study) -> None:
    study.set_problems(6, reference_answer=None)
    generation = study.solutions()
    assert generation.remarks == (
        "6 of 6 problems have no reference answer: they can be sampled, but not graded",
    )


def test_greedy_samples_are_all_the_same(study: Study) -> None:
    greedy = "solutions.sampling.temperature=0"
    assert study.solutions(greedy).remarks == (
        "at temperature 0 all 8 solutions of a prompt say the same",
    )
    study.document["pool"] += " of one"
    assert study.solutions(greedy, "solutions.samples=1").remarks == ()


def test_a_pool_that_another_shard_begins_at_the_same_moment(
    study: Study, make_study: Callable[[str], Study], monkeypatch: pytest.MonkeyPatch
) -> None:
    def begun_meanwhile(path: Path, metadata: Any) -> Any:
        with monkeypatch.context() as patch:
            patch.setattr(runs, "create_pool", create_pool)
            study.solutions(shard="1/2")
        return create_pool(path, metadata)

    monkeypatch.setattr(runs, "create_pool", begun_meanwhile)
    study.solutions(shard="2/2")
    monkeypatch.undo()
    wanted = make_study("wanted")
    wanted.solutions()
    assert study.rows().equals(wanted.rows())


def test_a_folder_that_is_no_pool(study: Study) -> None:
    study.pool.mkdir()
    with pytest.raises(BadInputError, match="pool: not a pool"):
        study.solutions()
    assert list(study.pool.iterdir()) == []


def test_a_bundled_example_is_not_written_to(study: Study) -> None:
    example = open_example("exams_gpt35_by_gpt4").path
    before = sorted(example.rglob("*"))
    with pytest.raises(BadInputError, match="comes with svlaw and is not written to; copy it out"):
        study.solutions(f"pool={example}")
    assert sorted(example.rglob("*")) == before


def test_a_verifiers_name_that_cannot_be_a_folder(study: Study) -> None:
    study.solutions()
    with pytest.raises(BadInputError, match="verifier name 'a/b': use letters, digits"):
        study.verifications("verifications.verifier=a/b")
    assert study.opened().verifiers == ()


def test_the_log_grows_with_the_pool(study: Study) -> None:
    study.solutions()
    study.verifications("verifications.samples=1")
    assert (study.pool / LOG_FILE).read_text().count("\n") == len(read_log(study.pool)) == 2 + 2
    assert sum(part.rows for part in read_log(study.pool)) == 48 + 48


def test_the_functions_open_the_engine_that_the_configuration_names(
    study: Study, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, study.instant.REPLACED, study.instant.engine_module())
    configuration = study.configuration()
    assert generate_solutions(configuration, shard=Shard(1, 2)).generated > 0
    assert generate_solutions(configuration).generated > 0
    assert generate_verifications(configuration).generated == 48 * 4
    assert open_pool(study.pool).verifiers == ("verifier",)
