from pathlib import Path

import polars as pl
import pytest

from svlaw.data.grading import judgements as module
from svlaw.data.grading.answer_readings import read
from svlaw.data.grading.judgements import FOLDER, Judgements, load_judgements, save_judgements
from svlaw.data.grading.meanings import Alternative, Meaning
from svlaw.data.pool import Pool, open_pool
from svlaw.data.pool_writer import create_pool


@pytest.fixture
def pool(tmp_path: Path) -> Pool:
    with create_pool(tmp_path / "pool", {}) as writer:
        answers = {
            "problem_id": ["p"],
            "solution_id": [0],
            "is_correct": [True],
            "status": ["graded"],
        }
        writer.add("answers", pl.DataFrame(answers))
    return open_pool(tmp_path / "pool")


def some() -> Judgements:
    return Judgements(
        {
            "a": (read(r"\sqrt{2}"), 5.0),
            "b": (None, 5.0),
            "c": (read("2x+y=3"), 5.0),
            "d": (read(r"[1, \infty)"), 5.0),
            "\u2603 \\x": ((Alternative(Meaning("text", mark="\u2603")),), 1.0),
        },
        changed=True,
    )


def test_judgements_come_back_as_they_were(pool: Pool) -> None:
    save_judgements(pool, some())
    loaded = load_judgements(pool)
    assert {answer: loaded.reading(answer) for answer in loaded.stored} == {
        answer: reading for answer, (reading, _) in some().readings.items()
    }
    assert not loaded.changed


def test_only_what_ran_out_of_time_is_tried_again_and_only_with_more() -> None:
    judgements = some()
    assert judgements.unread(["a", "b", "new", "a", "new"], 5.0) == ["new"]
    assert judgements.unread(["a", "b"], 5.5) == ["b"]


def test_what_another_grader_found_is_not_used_and_removed(
    pool: Pool, monkeypatch: pytest.MonkeyPatch
) -> None:
    save_judgements(pool, some())
    monkeypatch.setattr(module, "grader_digest", lambda: "another")
    assert load_judgements(pool).stored == {}
    save_judgements(pool, some())
    names = sorted(path.name for path in (pool.path / FOLDER).iterdir())
    assert names == ["readings-another.parquet"]


@pytest.mark.parametrize("damage", ["cut", "other columns", "nothing"])
def test_a_damaged_store_is_an_empty_one(pool: Pool, damage: str) -> None:
    save_judgements(pool, some())
    path = next((pool.path / FOLDER).glob("readings-*.parquet"))
    if damage == "cut":
        path.write_bytes(path.read_bytes()[:-9])
    elif damage == "nothing":
        path.write_bytes(b"")
    else:
        pl.DataFrame({"answer": ["a"]}).write_parquet(path)
    assert load_judgements(pool).stored == {}
    save_judgements(pool, some())
    assert set(load_judgements(pool).stored) == set(some().readings)


def test_nothing_new_writes_nothing(pool: Pool) -> None:
    save_judgements(pool, Judgements())
    assert not (pool.path / FOLDER).exists()


def test_a_pool_that_cannot_be_written_to_is_left_as_it_is(pool: Pool) -> None:
    (pool.path / FOLDER).write_text("in the way")
    save_judgements(pool, some())
    assert (pool.path / FOLDER).read_text() == "in the way"
    assert load_judgements(pool).stored == {}
