from pathlib import Path

import polars as pl
import pytest

from svlaw.data.grading import judgements as module
from svlaw.data.grading.algebra import Reading
from svlaw.data.grading.judgements import FOLDER, Judgements, load_judgements, save_judgements
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
            "a": (Reading("scalar", 1, 0.5 + 2j), 5.0),
            "b": (None, 5.0),
            "c": (Reading("equation", None, 0j, 2, 1.25, constant=True), 5.0),
            "\u2603 \\x": (Reading("text", 1, 7 + 0j), 1.0),
        },
        {("a", "b"): (True, 5.0), ("b", "a"): (False, 5.0), ("a", "c"): (None, 2.0)},
        changed=True,
    )


def test_judgements_come_back_as_they_were(pool: Pool) -> None:
    save_judgements(pool, some())
    loaded = load_judgements(pool)
    assert loaded.readings == some().readings
    assert loaded.agreements == some().agreements
    assert not loaded.changed


def test_only_what_ran_out_of_time_is_tried_again_and_only_with_more() -> None:
    judgements = some()
    assert judgements.unread(["a", "b", "new", "a", "new"], 5.0) == ["new"]
    assert judgements.unread(["a", "b"], 5.5) == ["b"]
    pairs = [("a", "b"), ("a", "c"), ("c", "a")]
    assert judgements.undecided(pairs, 1.0) == [("c", "a")]
    assert judgements.undecided(pairs, 3.0) == [("a", "c"), ("c", "a")]
    assert judgements.agreement("a", "c") is None
    assert judgements.agreement("b", "a") is False


def test_what_another_grader_found_is_not_used_and_removed(
    pool: Pool, monkeypatch: pytest.MonkeyPatch
) -> None:
    save_judgements(pool, some())
    monkeypatch.setattr(module, "grader_digest", lambda: "another")
    assert load_judgements(pool).readings == {}
    save_judgements(pool, some())
    names = sorted(path.name for path in (pool.path / FOLDER).iterdir())
    assert names == ["agreements-another.parquet", "readings-another.parquet"]


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
    assert load_judgements(pool).readings == {}
    save_judgements(pool, some())
    assert load_judgements(pool).readings == some().readings


def test_nothing_new_writes_nothing(pool: Pool) -> None:
    save_judgements(pool, Judgements())
    assert not (pool.path / FOLDER).exists()


def test_a_pool_that_cannot_be_written_to_is_left_as_it_is(pool: Pool) -> None:
    (pool.path / FOLDER).write_text("in the way")
    save_judgements(pool, some())
    assert (pool.path / FOLDER).read_text() == "in the way"
    assert load_judgements(pool).readings == {}
