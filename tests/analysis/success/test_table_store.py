"""Stored success tables: found again when nothing changed, never served when something did."""

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import fields, replace
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from svlaw.analysis.success import execution, table_store
from svlaw.analysis.success.estimators import Options
from svlaw.analysis.success.success_table import SuccessTable, success_table
from svlaw.analysis.success.table_store import FOLDER, Block
from svlaw.data.errors import BadInputError
from svlaw.data.examples import copy_example, list_examples, open_example
from svlaw.data.pool import Pool, open_pool
from svlaw.data.pool_writer import append
from svlaw.data.schema import BASELINES, STRATEGIES, VERIFIED

QUICK = Options(tolerance=0.02)
FLIPPED = (1 - pl.col("score")).alias("score")
GRID = {"solutions": [1, 2, 3], "verifications": [1, 2], "options": QUICK}

OTHER = {
    "unparsed": "no",
    "missing_answer": "keep",
    "population": "verified",
    "half": "analysis",
    "tolerance": 0.03,
    "max_replicates": 999,
    "seed": 1,
}
"""Another value of every option."""


@pytest.fixture
def frames(problems) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Ten problems of at least three solutions with at least two verdicts each, and more."""
    rng, held = np.random.default_rng(0), []
    while len(held) < 10:
        problem = problems.random(rng, most_solutions=8)
        if sum(len(s.verdicts) >= 2 for s in problem) >= 3:
            held.append(problem)
    return problems.frames(held)


@pytest.fixture
def pool(frames, make_pool) -> Pool:
    return make_pool(frames[0], v=frames[1])


def stored(pool: Pool) -> dict[str, bytes]:
    """Every file in the folder of stored tables."""
    folder = pool.path / FOLDER
    files = [path for path in folder.rglob("*") if path.is_file()]
    return {str(path.relative_to(folder)): path.read_bytes() for path in files}


def named(pool: Pool, *strategies: str) -> list[Path]:
    """The stored tables of some strategies."""
    return [p for name in strategies for p in (pool.path / FOLDER).rglob(f"{name}-*.parquet")]


def assert_same_bytes(first: SuccessTable, second: SuccessTable) -> None:
    assert first.points.equals(second.points)
    assert first.problem_ids == second.problem_ids
    assert first.n_set_aside == second.n_set_aside
    assert (first.options, first.verifier) == (second.options, second.verifier)
    assert first.success.tobytes() == second.success.tobytes()
    assert first.variance.tobytes() == second.variance.tobytes()


@pytest.fixture
def computed(monkeypatch) -> list[str]:
    """Strategies estimated since the list was last cleared, once per problem."""
    calls: list[str] = []
    estimate = execution.estimate

    def counting(strategy, *arguments):
        calls.append(strategy)
        return estimate(strategy, *arguments)

    monkeypatch.setattr(execution, "estimate", counting)
    return calls


def test_a_second_call_computes_nothing(pool, computed) -> None:
    progress: list[tuple[int, int]] = []
    first = success_table(pool, **GRID)
    files = stored(pool)
    assert len(files) == 4
    assert sorted(set(computed)) == sorted(STRATEGIES)
    computed.clear()
    again = success_table(
        open_pool(pool.path), **GRID, progress=lambda *call: progress.append(call)
    )
    assert computed == progress == []
    assert_same_bytes(first, again)
    assert_same_bytes(first, success_table(pool, **GRID, reuse=False))
    assert stored(pool) == files


def test_threads_and_batches_are_no_part_of_the_key(pool, computed) -> None:
    success_table(pool, **GRID)
    computed.clear()
    success_table(pool, **GRID, threads=1, batch_rows=1)
    assert computed == []


def test_other_strategies_reuse_what_is_there(pool, computed) -> None:
    together = success_table(pool, **GRID)
    computed.clear()
    table = success_table(pool, ["self_consistency", "best_of_n"], **GRID)
    assert computed == []
    for name in table.strategies:
        assert_same_bytes(table.select(name), together.select(name))


def test_only_what_is_missing_is_computed(pool, computed) -> None:
    success_table(pool, ["best_of_n", "coverage"], **GRID)
    files = stored(pool)
    computed.clear()
    table = success_table(pool, **GRID)
    assert set(computed) == {"self_consistency", "weighted_vote"}
    assert table.strategies == STRATEGIES
    assert_same_bytes(table, success_table(pool, **GRID, reuse=False))
    assert stored(pool).items() > files.items()


def test_points_without_a_figure_are_stored_too(problems, brute_force, make_pool, computed) -> None:
    solution = brute_force.Solution
    problem = [solution("A", True, False, (1, 0)), solution("B", False, False, (1, 1))]
    problem += [solution("A", True)] * 2
    answers, verdicts = problems.frames([problem] * 3)
    pool = make_pool(answers, v=verdicts)
    first = success_table(pool, solutions=[2, 4], verifications=[1])
    assert np.isnan(first.mean()).any()
    computed.clear()
    assert_same_bytes(first, success_table(pool, solutions=[2, 4], verifications=[1]))
    assert computed == []


def test_without_reuse_nothing_is_read_or_written(pool, computed) -> None:
    success_table(pool, **GRID, reuse=False)
    assert not (pool.path / FOLDER).exists()
    success_table(pool, **GRID)
    files = stored(pool)
    computed.clear()
    success_table(pool, **GRID, reuse=False)
    assert len(computed) == 40
    assert stored(pool) == files


def test_a_moved_pool_keeps_its_tables(pool, tmp_path, computed) -> None:
    first = success_table(pool, **GRID)
    shutil.move(pool.path, tmp_path / "elsewhere")
    computed.clear()
    assert_same_bytes(first, success_table(open_pool(tmp_path / "elsewhere"), **GRID))
    assert computed == []


def rewrite(part: Path, change: pl.Expr) -> None:
    """Change a column of a part, keeping its name and its time."""
    times = part.stat()
    part = part.rename(part.with_name("part-000000.parquet"))  # as others name it
    pl.read_parquet(part).with_columns(change).write_parquet(part)
    os.utime(part, ns=(times.st_atime_ns, times.st_mtime_ns))


@pytest.mark.parametrize(
    ("table", "verifier", "change", "computed_again"),
    [
        ("verdicts", "v", FLIPPED, VERIFIED),
        ("answers", None, ~pl.col("is_correct"), STRATEGIES),
        ("answers", None, pl.col("answer_class").reverse(), STRATEGIES),
    ],
)
def test_a_part_changed_in_place_is_never_served(
    table, verifier, change, computed_again, pool, make_pool, computed
) -> None:
    before = success_table(pool, **GRID)
    (part,) = pool.parts(table, verifier)
    rewrite(part, change)
    computed.clear()
    after = success_table(pool, **GRID)
    assert set(computed) == set(computed_again)
    assert_same_bytes(after, success_table(pool, **GRID, reuse=False))
    assert (before.success != after.success).any()


@pytest.mark.parametrize("table", ["answers", "verdicts"])
def test_appended_rows_are_never_left_out(table: str, frames, make_pool, computed) -> None:
    answers, verdicts = frames
    solution = pl.col("solution_id") < 4
    if table == "answers":
        pool = make_pool(answers.filter(solution), v=verdicts.filter(solution))
        added, verifier = answers.filter(~solution), None
    else:
        pool = make_pool(answers, v=verdicts.filter(pl.col("verification_id") < 3))
        added, verifier = verdicts.filter(pl.col("verification_id") >= 3), "v"
    grid = {"solutions": [1], "verifications": [1], "options": QUICK}
    before = success_table(pool, **grid)
    pool = append(pool, table, added, verifier=verifier)
    computed.clear()
    after = success_table(pool, **grid)
    assert set(computed) == set(STRATEGIES if table == "answers" else VERIFIED)
    assert_same_bytes(after, success_table(pool, **grid, reuse=False))
    assert (before.success != after.success).any() or table == "verdicts"


def test_baselines_do_not_depend_on_verdicts(pool, computed) -> None:
    success_table(pool, **GRID)
    kept = {path: path.stat().st_mtime_ns for path in named(pool, *BASELINES)}
    rewrite(pool.parts("verdicts", "v")[0], FLIPPED)
    computed.clear()
    success_table(pool, **GRID)
    assert not set(computed) & set(BASELINES)
    assert {path: path.stat().st_mtime_ns for path in named(pool, *BASELINES)} == kept
    assert all(path.parent == pool.path / FOLDER for path in kept)


def test_baselines_of_the_verified_depend_on_verdicts(frames, make_pool, computed) -> None:
    """Their solutions are those with a verdict."""
    answers, verdicts = frames
    few = verdicts.filter(pl.col("solution_id") > 0)
    pool = make_pool(answers, v=verdicts, w=few)
    grid = {
        "solutions": [1],
        "verifications": [1],
        "options": replace(QUICK, population="verified"),
    }
    for verifier, frame in (("v", verdicts), ("w", few)):
        table = success_table(pool, **grid, verifier=verifier)
        alone = success_table(make_pool(answers, v=frame), **grid, reuse=False)
        assert table.success.tobytes() == alone.success.tobytes()
    assert all(path.parent.name in {"v", "w"} for path in named(pool, *STRATEGIES))
    (part,) = pool.parts("verdicts", "v")
    part = part.rename(part.with_name("part-000000.parquet"))  # as others name it
    pl.read_parquet(part).filter(pl.col("solution_id") > 0).write_parquet(part)
    computed.clear()
    table = success_table(pool, **grid, verifier="v")
    assert set(computed) == set(STRATEGIES)
    assert_same_bytes(table, success_table(pool, **grid, verifier="v", reuse=False))


@pytest.mark.parametrize("name", [field.name for field in fields(Options)])
def test_every_option_is_part_of_the_key(name: str, pool, computed) -> None:
    success_table(pool, **GRID)
    files = stored(pool)
    computed.clear()
    grid = {**GRID, "options": replace(QUICK, **{name: OTHER[name]})}
    table = success_table(pool, **grid)
    assert set(computed) == set(STRATEGIES)
    assert table.options == grid["options"]
    assert_same_bytes(table, success_table(pool, **grid, reuse=False))
    assert stored(pool).items() > files.items()  # both stay


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ({}, {"solutions": [1, 3]}),
        ({"solutions": [1, 2]}, {"solutions": [1, 3]}),
        ({"verifications": [1]}, {"verifications": [2]}),
        ({"solutions": [1, 2], "verifications": [1]}, {"solutions": [1], "verifications": [1, 2]}),
    ],
)
def test_the_grid_is_part_of_the_key(first: dict, second: dict, pool, computed) -> None:
    success_table(pool, **GRID | first)
    computed.clear()
    table = success_table(pool, **GRID | second)
    assert set(computed) >= set(VERIFIED)
    assert_same_bytes(table, success_table(pool, **GRID | second, reuse=False))


def test_the_problems_are_part_of_the_key(pool, computed) -> None:
    """Alone, coverage needs fewer verdicts of a problem, so more problems take part."""
    deep = {"solutions": [3], "verifications": [3], "options": QUICK}
    together = success_table(pool, **deep)
    assert together.n_set_aside > 0
    computed.clear()
    alone = success_table(pool, ["coverage"], **deep)
    assert set(computed) == {"coverage"}
    assert alone.n_problems > together.n_problems
    assert_same_bytes(alone, success_table(pool, ["coverage"], **deep, reuse=False))


def test_verifiers_keep_their_own_tables(frames, make_pool, computed) -> None:
    answers, verdicts = frames
    flipped = verdicts.with_columns(FLIPPED)
    pool = make_pool(answers, v=verdicts, w=flipped)
    v = success_table(pool, **GRID, verifier="v")
    computed.clear()
    w = success_table(pool, **GRID, verifier="w")
    assert set(computed) == set(VERIFIED)
    assert_same_bytes(w, success_table(pool, **GRID, verifier="w", reuse=False))
    assert (v.success != w.success).any()
    computed.clear()
    assert_same_bytes(v, success_table(pool, **GRID, verifier="v"))
    assert computed == []


def _block(**changes) -> Block:
    made = Block("best_of_n", np.array([1, 2]), np.array([1]), ("a", "b"), Options(), "v")
    return replace(made, **changes)


@pytest.mark.parametrize(
    "changes",
    [
        {"strategy": "weighted_vote"},
        {"solutions": np.array([1, 3])},
        {"verifications": np.array([2])},
        {"solutions": np.array([1]), "verifications": np.array([1, 2])},
        {"problem_ids": ("a", "c")},
        {"problem_ids": ("a",)},
        {"problem_ids": ("ab",)},
        *({"options": replace(Options(), **{name: value})} for name, value in OTHER.items()),
    ],
)
def test_key_of_a_block(changes: dict) -> None:
    assert _block().key() == _block().key()
    assert _block(**changes).key() != _block().key()


def test_the_code_is_part_of_the_key(pool, computed, monkeypatch) -> None:
    first = success_table(pool, **GRID)
    monkeypatch.setattr(table_store, "code_digest", lambda: "another release")
    computed.clear()
    assert_same_bytes(first, success_table(pool, **GRID))
    assert set(computed) == set(STRATEGIES)


def damages(whole: bytes) -> Iterator[bytes]:
    yield b""
    yield b"not a table"
    yield whole[: len(whole) // 2]
    yield whole[:-1]
    yield whole[:4] + bytes(len(whole) - 8) + whole[-4:]


@pytest.mark.parametrize("which", range(5))
def test_a_damaged_table_is_replaced(which: int, pool, computed) -> None:
    first = success_table(pool, **GRID)
    files = stored(pool)
    (path,) = named(pool, "best_of_n")
    path.write_bytes(list(damages(path.read_bytes()))[which])
    computed.clear()
    assert_same_bytes(first, success_table(pool, **GRID))
    assert set(computed) == {"best_of_n"}
    assert stored(pool) == files


@pytest.mark.parametrize(
    "change",
    [
        lambda frame: frame[:-1],
        lambda frame: frame.drop("variance"),
        lambda frame: frame[:0],
    ],
)
def test_a_table_of_another_shape_is_replaced(change, pool, computed) -> None:
    first = success_table(pool, **GRID)
    files = stored(pool)
    (path,) = named(pool, "weighted_vote")
    change(pl.read_parquet(path)).write_parquet(path)
    computed.clear()
    assert_same_bytes(first, success_table(pool, **GRID))
    assert set(computed) == {"weighted_vote"}
    assert stored(pool) == files


def test_a_flipped_byte_is_noticed(pool) -> None:
    first = success_table(pool, **GRID)
    (path,) = named(pool, "best_of_n")
    whole = path.read_bytes()
    for place in range(100, len(whole), 97):
        path.write_bytes(whole[:place] + bytes([whole[place] ^ 0x40]) + whole[place + 1 :])
        assert_same_bytes(first, success_table(pool, **GRID))


def test_tables_of_earlier_content_are_removed(frames, make_pool) -> None:
    answers, verdicts = frames
    pool = make_pool(answers, v=verdicts, w=verdicts)
    for verifier in ("v", "w"):
        success_table(pool, **GRID, verifier=verifier)
        success_table(
            pool, **{**GRID, "options": replace(QUICK, seed=1)}, verifier=verifier
        )  # other options of the same content stay
    before = stored(pool)
    assert len(before) == 2 * (2 + 2 * 2)
    rewrite(pool.parts("verdicts", "v")[0], FLIPPED)
    success_table(pool, ["best_of_n"], **GRID, verifier="v")
    after = stored(pool)
    gone = {name for name in before if name.startswith("v/best_of_n")}
    assert len(gone) == 2
    assert before.keys() - after.keys() == gone
    assert len(after.keys() - before.keys()) == 1
    assert all(after[name] == before[name] for name in before.keys() - gone)
    rewrite(pool.parts("answers")[0], ~pl.col("is_correct"))
    success_table(pool, **GRID, verifier="v")
    left = stored(pool)
    assert sum(name.startswith("v/") for name in left) == 2
    assert sum("/" not in name for name in left) == 2
    assert {name for name in left if name.startswith("w/")} == {
        name for name in before if name.startswith("w/")
    }


def test_no_half_written_table_stays(pool, monkeypatch) -> None:
    def fail(*_arguments, **_options):
        raise OSError("disk is full")

    monkeypatch.setattr(Path, "write_bytes", fail)
    table = success_table(pool, **GRID)
    assert np.isfinite(table.success).all()
    assert stored(pool) == {}


def test_a_pool_that_cannot_be_written_to_still_works(pool, monkeypatch) -> None:
    @contextmanager
    def refuse(target: Path) -> Iterator[Path]:
        raise PermissionError(f"{target}: not allowed")
        yield target

    monkeypatch.setattr(table_store, "atomic_path", refuse)
    table = success_table(pool, **GRID)
    assert_same_bytes(table, success_table(pool, **GRID, reuse=False))
    assert not (pool.path / FOLDER).exists()


def test_old_tables_that_cannot_be_removed_do_no_harm(pool, monkeypatch) -> None:
    success_table(pool, **GRID)
    rewrite(pool.parts("answers")[0], ~pl.col("is_correct"))

    def refuse(*_arguments, **_options):
        raise PermissionError("not allowed")

    with monkeypatch.context() as patch:
        patch.setattr(Path, "unlink", refuse)
        with pytest.raises(PermissionError):
            pool.parts("answers")[0].unlink()
        table = success_table(pool, **GRID)
    assert_same_bytes(table, success_table(pool, **GRID, reuse=False))


@pytest.mark.parametrize("example", [example.name for example in list_examples()])
def test_bundled_examples_are_never_written_to(example: str, frames) -> None:
    pool = open_example(example)
    assert pool.is_bundled
    before = {path: path.stat().st_mtime_ns for path in pool.path.rglob("*")}
    success_table(pool, ["self_consistency"], [1], options=QUICK)
    with pytest.raises(BadInputError, match="is not written to; copy it out first"):
        append(pool, "answers", frames[0])
    assert {path: path.stat().st_mtime_ns for path in pool.path.rglob("*")} == before
    assert not (pool.path / FOLDER).exists()


def test_a_link_to_an_example_is_bundled_and_a_copy_is_not(tmp_path, frames, pool) -> None:
    (tmp_path / "link").symlink_to(open_example("exams_gpt35_by_gpt4").path)
    assert open_pool(tmp_path / "link").is_bundled
    assert not pool.is_bundled
    copy = copy_example("exams_gpt35_by_gpt4", tmp_path / "copy")
    assert not copy.is_bundled
    success_table(copy, ["self_consistency"], [1], options=QUICK)
    assert len(stored(copy)) == 1
    append(copy, "answers", frames[0])


def test_what_is_stored_is_tidy(pool) -> None:
    table = success_table(pool, **GRID)
    for name in STRATEGIES:
        (path,) = named(pool, name)
        assert path.parent == pool.path / FOLDER / ("v" if name in VERIFIED else "")
        frame = pl.read_parquet(path)
        assert frame.columns == [
            "problem_id",
            "strategy",
            "solutions",
            "verifications",
            "success",
            "variance",
        ]
        chosen = table.select(name)
        wanted = {
            (problem, *point): (success, variance)
            for point, successes, variances in zip(
                chosen.points.drop("setting").rows(), chosen.success, chosen.variance, strict=True
            )
            for problem, success, variance in zip(
                table.problem_ids, successes, variances, strict=True
            )
        }
        rows = frame.with_columns(pl.col("problem_id", "strategy").cast(pl.String)).rows()
        assert len(rows) == len(wanted) == 10 * 3 * (2 if name in VERIFIED else 1)
        assert {row[:4]: row[4:] for row in rows} == wanted
