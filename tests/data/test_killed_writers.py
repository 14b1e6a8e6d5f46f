"""Writers that are killed at any moment, and two that write at once."""

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import polars as pl
import pytest

from svlaw.data.errors import BadInputError
from svlaw.data.pool import open_pool
from svlaw.data.pool_recovery import JOURNAL_FILE, leftovers
from svlaw.data.pool_writer import append, append_together, create_pool, replace
from svlaw.data.storage import locks

POINTS = ("os.replace", "os.rename", "os.unlink", "os.fsync", "shutil.rmtree", "os.mkdir")


def answers(first: int, *, correct: bool = False) -> pl.DataFrame:
    ids = pl.Series([first, first + 1], dtype=pl.Int32)
    return pl.DataFrame(
        {"problem_id": ["p", "p"], "solution_id": ids, "is_correct": [correct] * 2}
    ).with_columns(status=pl.lit("graded"))


def verdicts(verification: int = 0) -> pl.DataFrame:
    return answers(0).select(
        "problem_id",
        "solution_id",
        pl.lit(verification, pl.Int32).alias("verification_id"),
        pl.lit(1.0).alias("score"),
        "status",
    )


def texts() -> pl.DataFrame:
    return verdicts().select(
        "problem_id", "solution_id", "verification_id", pl.lit("Yes").alias("text")
    )


def new_pool(path: Path) -> None:
    with create_pool(path, {"source": "test"}) as writer:
        writer.add("answers", answers(0))


def add_verifier(path: Path) -> None:
    both = {"verifications": texts(), "verdicts": verdicts()}
    append_together(open_pool(path), both, verifier="v")


def add_rows(path: Path) -> None:
    append(open_pool(path), "answers", answers(2))


def grade(path: Path) -> None:
    replace(open_pool(path), "answers", answers(0, correct=True))


def parse(path: Path) -> None:
    replace(open_pool(path), "verdicts", verdicts(), verifier="v")


WRITERS: dict[str, Callable[[Path], None]] = {
    writer.__name__: writer for writer in (new_pool, add_verifier, add_rows, grade, parse)
}


def content(pool: Path) -> dict[str, bytes]:
    """What there is in a pool and beside it, locks aside."""
    files = [path for path in pool.parent.rglob("*") if path.is_file()]
    return {
        str(path.relative_to(pool.parent)): path.read_bytes()
        for path in sorted(files)
        if ".locks" not in path.parts
    }


class KilledError(BaseException):
    """The writer is dead: it changes nothing on the disk any more."""


DEAD_PROCESS = 2**30
"""More than any process has as its number."""

KilledAt = Callable[[int, str, Path], bool]


@pytest.fixture
def killed_at() -> KilledAt:
    """Runs a writer that dies at its n-th change of the disk, and tells whether it did."""

    def run(moment: int, writer: str, pool: Path) -> bool:
        left = moment

        def dying(change: Callable[..., object]) -> Callable[..., object]:
            def changed(*args: object, **options: object) -> object:
                nonlocal left
                left -= 1
                if left < 0:
                    raise KilledError
                return change(*args, **options)

            return changed

        with pytest.MonkeyPatch.context() as patches:
            patches.setattr(os, "getpid", lambda: DEAD_PROCESS)
            for point in POINTS:
                module, name = point.split(".")
                whole = getattr(sys.modules[module], name)
                patches.setattr(sys.modules[module], name, dying(whole))
            try:
                WRITERS[writer](pool)
            except KilledError:
                return True
        return False

    return run


@pytest.mark.parametrize("writer", WRITERS)
def test_a_killed_writer_is_undone_by_the_next(
    writer: str, tmp_path: Path, killed_at: KilledAt
) -> None:
    whole = tmp_path / "whole" / "pool"
    if writer != "new_pool":
        new_pool(whole)
    WRITERS[writer](whole)
    for moment in range(60):
        pool = tmp_path / str(moment) / "pool"
        pool.parent.mkdir()
        if writer != "new_pool":
            new_pool(pool)
        died = killed_at(moment, writer, pool)
        try:
            WRITERS[writer](pool)
        except BadInputError as error:
            # Killed when all was written: a second time is one too many, and says so.
            assert "in the pool already" in str(error) or "exists already" in str(error)  # noqa: PT017
        assert content(pool) == content(whole), moment
        assert not leftovers(pool)
        if not died:
            break
    else:
        pytest.fail("the writer was killed each time")
    assert moment >= 3


def test_a_reader_is_not_held_up_by_what_a_killed_writer_left(
    tmp_path: Path, killed_at: KilledAt
) -> None:
    new_pool(tmp_path / "pool")
    unfinished = set()
    for moment in range(40):
        if not killed_at(moment, "grade", tmp_path / "pool"):
            break
        unfinished.add((tmp_path / "pool" / JOURNAL_FILE).exists())
        assert open_pool(tmp_path / "pool").read("answers", ("is_correct",)).height == 2
        assert not leftovers(tmp_path / "pool").unfinished
    assert unfinished == {True, False}


ADDING = """
import sys, polars as pl
from svlaw.data.pool import open_pool
from svlaw.data.pool_writer import append
path, name, first = sys.argv[1], sys.argv[2], int(sys.argv[3])
pool = open_pool(path)
print("ready", flush=True)
sys.stdin.readline()
frame = pl.DataFrame({
    "problem_id": ["p"], "solution_id": pl.Series([first], dtype=pl.Int32),
    "verification_id": pl.Series([0], dtype=pl.Int32), "score": [1.0], "status": ["graded"]})
append(pool, "verdicts", frame, verifier=name)
"""


@pytest.mark.parametrize("same", [False, True])
def test_two_writers_at_once_lose_nothing(tmp_path: Path, same: bool) -> None:
    new_pool(tmp_path / "pool")
    names = ["a", "a"] if same else ["a", "b"]
    writers = [
        subprocess.Popen(
            [sys.executable, "-P", "-c", ADDING, tmp_path / "pool", name, "0"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        for name in names
    ]
    for writer in writers:
        assert writer.stdout is not None
        assert writer.stdout.readline() == "ready\n"
    complaints = [""] * 2
    for writer in writers:
        assert writer.stdin is not None
        writer.stdin.write("go\n")
        writer.stdin.flush()
    for place, writer in enumerate(writers):
        complaints[place] = writer.communicate()[1]
    codes = [writer.returncode for writer in writers]
    pool = open_pool(tmp_path / "pool")
    assert set(pool.verifiers) == set(names)
    for name in set(names):
        assert pool.read("verdicts", ("solution_id",), name).height == 1
    assert sorted(codes) == ([0, 1] if same else [0, 0])
    assert not same or "is in the pool already" in "".join(complaints)


def test_who_holds_a_pool_is_said(tmp_path: Path) -> None:
    new_pool(tmp_path / "pool")
    with locks.pool_lock(tmp_path / "pool", "guard"):
        command = [sys.executable, "-P", "-c", ADDING, str(tmp_path / "pool"), "v", "0"]
        script = command[3].replace("verifier=name)", "verifier=name, wait=0.1)")
        found = subprocess.run(
            [*command[:3], script, *command[4:]],
            input="go\n",
            text=True,
            capture_output=True,
            check=False,
        )
    assert found.returncode == 1
    assert f"(process {os.getpid()} on " in found.stderr
    assert json.loads((tmp_path / "pool" / "pool.json").read_text())["verifiers"] == []
