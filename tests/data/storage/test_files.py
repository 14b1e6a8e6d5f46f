"""What is left, and what is said, when files may not grow: a limit of the system's, for real."""

import os
import resource
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from svlaw.analysis.exports.pool_export import export_pool
from svlaw.data.grading.pool_grading import grade_pool
from svlaw.data.importers.flat_tables import import_tables, import_verdicts
from svlaw.data.pool import Pool, open_pool
from svlaw.data.storage.files import WriteError, atomic_folder, atomic_path, replaced_folder
from svlaw.data.verdicts.pool_parsing import parse_pool

PROBLEMS, SAMPLES = 4, 50


@contextmanager
def files_of_at_most(size: int) -> Iterator[None]:
    """No file of this process grows beyond a size in the block."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    bytecode_before = sys.dont_write_bytecode
    sys.dont_write_bytecode = True  # what is cut off would be read by the next process
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
        sys.dont_write_bytecode = bytecode_before


@pytest.fixture
def tables(tmp_path: Path) -> dict[str, Path]:
    """Raw texts that compress to some kilobytes, and reference answers."""
    keys = [(f"p{i}", j) for i in range(PROBLEMS) for j in range(SAMPLES)]
    ids = {"problem_id": [i for i, _ in keys], "solution_id": [j for _, j in keys]}
    texts = [f"{os.urandom(64).hex()} \\boxed{{{j % 3}}}" for _, j in keys]
    verdicts = [f"{os.urandom(64).hex()} Is the answer correct (Yes/No)? Yes" for _ in keys]
    frames = {
        "problems": pl.DataFrame(
            {"problem_id": [f"p{i}" for i in range(PROBLEMS)], "reference_answer": "1"}
        ),
        "solutions": pl.DataFrame({**ids, "text": texts}),
        "verifications": pl.DataFrame({**ids, "verification_id": 0, "text": verdicts}),
        "graded": pl.DataFrame({**ids, "verification_id": 0, "score": 0.5, "text": verdicts}),
    }
    paths = {name: tmp_path / f"{name}.parquet" for name in frames}
    for name, frame in frames.items():
        frame.write_parquet(paths[name])
    return paths


@pytest.fixture
def pool(tmp_path: Path, tables: dict[str, Path]) -> Pool:
    """A pool of them, graded and parsed."""
    names = ("solutions", "problems", "verifications")
    made = import_tables(tmp_path / "pool", **{name: tables[name] for name in names})
    grade_pool(made, workers=1)
    parse_pool(open_pool(made.path))
    return open_pool(made.path)


def contents(folder: Path) -> dict[str, bytes]:
    """Every file below a folder but the judgements, which only save time."""
    files = [path for path in folder.rglob("*") if path.is_file()]
    kept = [path for path in files if "judgements" not in path.parts]
    return {str(path.relative_to(folder)): path.read_bytes() for path in kept}


def refuse_growth(folder: Path, size: int, what: str, act: Any) -> None:
    """Files may not grow: one line that names what cannot be written, and nothing has changed."""
    before = contents(folder)
    with files_of_at_most(size), pytest.raises(WriteError) as caught:
        act()
    assert str(caught.value) == (
        f"{folder / what}: cannot be written (File too large); make room and run the same command"
        " again"
    )
    assert contents(folder) == before


@pytest.mark.parametrize("size", [100, 16_000])
def test_an_import_that_finds_no_room_leaves_nothing(
    tmp_path: Path, tables: dict[str, Path], size: int
) -> None:
    def act() -> None:
        import_tables(tmp_path / "fresh", tables["solutions"], problems=tables["problems"])

    refuse_growth(tmp_path, size, "fresh", act)


def test_a_pool_that_finds_no_room_keeps_what_it_has(pool: Pool, tables: dict[str, Path]) -> None:
    folder = pool.path
    refuse_growth(folder, 900, "answers", lambda: grade_pool(pool, workers=1))
    refuse_growth(folder, 900, "verdicts/verifier", lambda: parse_pool(pool))


def test_verdicts_are_added_with_their_texts_or_not_at_all(
    pool: Pool, tables: dict[str, Path]
) -> None:
    def act() -> None:
        import_verdicts(pool, tables["graded"], verifier="other")

    refuse_growth(pool.path, 900, "verifications/other", act)
    (pool.path / "verdicts" / "other").write_text("in the way")  # of the second table
    before = contents(pool.path)
    with pytest.raises(OSError, match="verdicts/other"):
        act()
    assert contents(pool.path) == before
    (pool.path / "verdicts" / "other").unlink()
    act()
    assert open_pool(pool.path).verifiers == ("verifier", "other")


@pytest.mark.parametrize("form", ["parquet", "csv"])
def test_an_export_that_finds_no_room_leaves_nothing(tmp_path: Path, pool: Pool, form: Any) -> None:
    out = tmp_path / "out"
    refuse_growth(tmp_path, 900, "out", lambda: export_pool(pool, out, form=form, text=True))


@pytest.mark.parametrize("within", [atomic_folder, replaced_folder])
def test_files_inside_a_folder_go_by_its_name(tmp_path: Path, within: Any) -> None:
    def act() -> None:
        with within(tmp_path / "folder") as folder, atomic_path(folder / "file") as file:
            file.write_bytes(bytes(101))

    refuse_growth(tmp_path, 100, "folder", act)


def test_errors_of_reading_stay_what_they_are(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError), atomic_path(tmp_path / "copy") as copy:
        copy.write_bytes((tmp_path / "missing").read_bytes())


def test_the_command_line_says_it_in_one_line(pool: Pool) -> None:
    code = (
        "import resource, sys; from svlaw.cli import main;"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (900, 900)); sys.argv[0] = 'svlaw'; main()"
    )
    command = [sys.executable, "-B", "-c", code, "parse", str(pool.path)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert done.stdout == ""
    (line,) = done.stderr.splitlines()
    assert line.startswith(f"svlaw: {pool.path}/verdicts/verifier: cannot be written (File too")
