"""Parts: when they are written, what is in them, and what is left when they cannot be."""

import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from svlaw.cli import main
from svlaw.data.errors import SvlawError
from svlaw.data.pool import Pool, open_pool
from svlaw.data.pool_writer import create_pool
from svlaw.generate import parts as parts_module
from svlaw.generate.parts import LOG_FILE, Part, PartWriter, read_log

NOBODY = 65534


@pytest.fixture
def pool(tmp_path: Path) -> Pool:
    """A pool that has just been begun."""
    with create_pool(tmp_path / "pool", {}) as writer:
        writer.add("problems", pl.DataFrame({"problem_id": ["a", "b"]}))
    return open_pool(tmp_path / "pool", unfinished=True)


def writer_of(pool: Pool, *, rows: int = 10, seconds: float = 60.0, **more: Any) -> PartWriter:
    return PartWriter(pool, "solutions", None, "instant 1.0", rows, seconds, **more)


def rows_of(problem: str, first: int, count: int) -> list[dict[str, Any]]:
    return [
        {"problem_id": problem, "solution_id": n, "text": f"text {n}", "output_tokens": 2}
        for n in range(first, first + count)
    ]


def sizes(pool: Pool) -> list[int]:
    return [pl.read_parquet(part).height for part in pool.parts("solutions")]


def test_a_part_is_written_once_it_has_enough_rows(pool: Pool) -> None:
    written: list[Part] = []
    writer = writer_of(pool, on_part=written.append)
    for first in range(0, 16, 4):
        writer.add(rows_of("a", first, 4))
    assert sizes(pool) == [12]
    writer.add(rows_of("b", 0, 25))
    assert sizes(pool) == [12, 29]
    writer.flush()
    writer.add(rows_of("b", 25, 1))
    assert sizes(pool) == [12, 29]
    writer.flush()
    writer.flush()
    assert sizes(pool) == [12, 29, 1]
    assert [part.rows for part in written] == [12, 29, 1]
    assert [part.output_tokens for part in written] == [24, 58, 2]
    assert (written[0].table, written[0].verifier) == ("solutions", None)


def test_a_part_is_written_once_it_is_old_enough(
    pool: Pool, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = 100.0
    monkeypatch.setattr(parts_module.time, "monotonic", lambda: now)
    writer = writer_of(pool, seconds=0.2)
    writer.add(rows_of("a", 0, 1))
    assert sizes(pool) == []
    now += 0.25
    writer.add(rows_of("a", 1, 1))
    assert sizes(pool) == [2]
    writer.add(rows_of("a", 2, 1))
    assert sizes(pool) == [2]


def test_rows_that_belong_together_are_in_one_part_in_order_of_their_key(pool: Pool) -> None:
    writer = writer_of(pool)
    writer.add(rows_of("b", 0, 7))
    writer.add(rows_of("a", 3, 7))
    writer.add(rows_of("a", 0, 3))
    writer.flush()
    first, second = (pl.read_parquet(part) for part in pool.parts("solutions"))
    assert list(first["problem_id"]) == ["a"] * 7 + ["b"] * 7
    assert list(first["solution_id"]) == [*range(3, 10), *range(7)]
    assert list(second["solution_id"]) == [0, 1, 2]
    assert list(first["text"]) == [f"text {n}" for n in first["solution_id"]]
    assert first["seed"].null_count() == 14


def test_the_log_has_a_line_for_each_part(pool: Pool) -> None:
    writer = writer_of(pool)
    writer.add(rows_of("a", 0, 12))
    time.sleep(0.05)
    writer.add(rows_of("b", 0, 11))
    documents = [json.loads(line) for line in (pool.path / LOG_FILE).read_text().splitlines()]
    assert [list(d) for d in documents] == 2 * [
        ["time", "table", "verifier", "engine", "rows", "output_tokens", "seconds"]
    ]
    assert [d["engine"] for d in documents] == ["instant 1.0"] * 2
    first, second = read_log(pool.path)
    assert (first.rows, first.output_tokens, second.rows) == (12, 24, 11)
    assert second.seconds >= 0.05
    assert documents[0]["time"].startswith("20")


def test_lines_that_were_cut_off_are_no_parts(pool: Pool) -> None:
    assert read_log(pool.path) == []
    writer = writer_of(pool)
    writer.add(rows_of("a", 0, 12))
    whole = (pool.path / LOG_FILE).read_text()
    (pool.path / LOG_FILE).write_text(f'{whole}{whole[:40]}\n[1]\n"x"\n\n{whole}{{"rows": 3}}')
    assert [part.rows for part in read_log(pool.path)] == [12, 12]


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_an_interrupt_waits_until_a_part_is_written(
    pool: Pool, monkeypatch: pytest.MonkeyPatch, number: int
) -> None:
    append = parts_module.append

    def interrupted(*arguments: Any, **named: Any) -> Pool:
        os.kill(os.getpid(), number)
        time.sleep(0.01)
        return append(*arguments, **named)

    def stop(number: int, frame: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(parts_module, "append", interrupted)
    written: list[Part] = []
    writer = writer_of(pool, on_part=written.append)
    before = signal.signal(number, stop)
    try:
        with pytest.raises(KeyboardInterrupt):
            writer.add(rows_of("a", 0, 12))
        assert signal.getsignal(number) is stop
    finally:
        signal.signal(number, before)
    writer.flush()
    assert (sizes(pool), len(written), len(read_log(pool.path))) == ([12], 1, 1)


def test_a_part_that_cannot_be_written_is_lost_alone(
    pool: Pool, monkeypatch: pytest.MonkeyPatch
) -> None:
    writer = writer_of(pool)
    writer.add(rows_of("a", 0, 12))

    def full(*_: Any, **__: Any) -> Pool:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(parts_module, "append", full)
        with pytest.raises(SvlawError, match=r"pool: a part of 11 rows of solutions cannot be"):
            writer.add(rows_of("b", 0, 11))
    writer.flush()
    assert sizes(pool) == [12]


# Disks that are really full, folders that really cannot be written.


@contextmanager
def small_disk(kib: int) -> Iterator[Path]:
    """A file system of so many KiB, in memory; skipped where none can be mounted."""
    folder = Path(tempfile.mkdtemp())
    options = ["-t", "tmpfs", "-o", f"size={kib}k", "tmpfs", folder]
    mount = shutil.which("mount")
    if mount is None or subprocess.run([mount, *options], check=False).returncode:
        folder.rmdir()
        pytest.skip("no file system can be mounted here")
    try:
        yield folder
    finally:
        subprocess.run(["umount", folder], check=True)
        folder.rmdir()


def finish(process: Any) -> tuple[int, list[str]]:
    """Exit code, and lines on standard error other than those that tell of parts."""
    _, complaints = process.communicate()
    lines = [line for line in complaints.splitlines() if not line.startswith("part of")]
    return process.returncode, lines


def test_a_full_disk(study: Any, make_study: Callable[[str], Any]) -> None:
    wanted = make_study("wanted")
    more = ("--set", "solutions.samples=64")
    wanted.solutions(more[1])
    with small_disk(512) as disk:
        study.pool = disk / "pool"
        study.document["pool"] = str(study.pool)
        study.solutions()
        before = study.rows()
        ballast = disk / "ballast"
        ballast.write_bytes(bytes(shutil.disk_usage(disk).free - 24 * 1024))
        code, lines = finish(study.start("solutions", *more))
        assert code == 2
        assert len(lines) == 1
        assert lines[0].startswith(f"svlaw: {study.pool}: a part of 32 rows of solutions cannot")
        assert "No space left on device" in lines[0]
        after = study.rows()
        assert after.height > before.height
        assert after.height % 32 == 16  # 48 of the first run, then whole parts
        assert after.join(wanted.rows(), on=after.columns, how="anti", nulls_equal=True).height == 0
        assert list(study.pool.rglob("*.tmp")) == []
        ballast.unlink()
        assert finish(study.start("solutions", *more)) == (0, [])
        assert study.rows().equals(wanted.rows())


def test_files_that_may_not_grow(study: Any, make_study: Callable[[str], Any]) -> None:
    wanted = make_study("wanted")
    more = ("--set", "solutions.samples=64", "--set", "part_rows=256")
    wanted.solutions("solutions.samples=64")
    study.solutions()
    before = study.rows()
    largest = max(file.stat().st_size for file in study.pool.rglob("*") if file.is_file())
    code, lines = finish(study.start_limited(largest + 500, "solutions", *more, record=None))
    assert code == 2
    assert len(lines) == 1
    assert lines[0].startswith(f"svlaw: {study.pool}: a part of 256 rows of solutions cannot be")
    assert "File too large" in lines[0]
    assert study.rows().equals(before)
    assert list(study.pool.rglob("*.tmp")) == []
    assert finish(study.start("solutions", *more)) == (0, [])
    assert study.rows().equals(wanted.rows())


@pytest.fixture
def open_folder() -> Iterator[Path]:
    """A folder that everybody can reach, unlike those of pytest."""
    folder = Path(tempfile.mkdtemp())
    folder.chmod(0o755)
    yield folder
    shutil.rmtree(folder)


@contextmanager
def somebody_else(*folders: Path) -> Iterator[None]:
    """Without the right to write into folders: as nobody where this is root, else by their mode."""
    if os.geteuid() == 0:
        os.seteuid(NOBODY)
        try:
            yield
        finally:
            os.seteuid(0)
        return
    for folder in folders:
        folder.chmod(0o555)
    try:
        yield
    finally:
        for folder in folders:
            folder.chmod(0o755)


@pytest.fixture
def run(
    study: Any, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Callable[..., tuple[Any, list[str]]]:
    """Runs the command here: exit code, and lines on standard error."""
    monkeypatch.setitem(sys.modules, study.instant.REPLACED, study.instant.engine_module())

    def run(*arguments: Any) -> tuple[Any, list[str]]:
        monkeypatch.setattr("sys.argv", ["svlaw", "generate", *map(str, arguments)])
        with pytest.raises(SystemExit) as caught:
            main()
        return caught.value.code, capsys.readouterr().err.splitlines()

    return run


def test_a_folder_that_cannot_be_written(
    make_study: Callable[[str], Any], open_folder: Path, run: Callable[..., Any]
) -> None:
    study = make_study(str(open_folder / "study"))
    command = ("solutions", study.write())
    assert run(*command)[0] == 0
    before = study.rows()
    more = ("--set", "solutions.samples=16")
    places = [study.pool, study.pool / ".locks", study.pool / "solutions"]
    with somebody_else(*places):
        assert run(*command, *more) == (
            2,
            [
                f"svlaw: {study.pool}: cannot be written to (Permission denied); this command"
                " adds to it, so make it writable or name another pool"
            ],
        )
        assert run(*command, *more, "--dry-run")[0] == 0
    (study.pool / ".locks").chmod(0o777)
    for lock in (study.pool / ".locks").iterdir():
        lock.chmod(0o666)
    with somebody_else(study.pool, study.pool / "solutions"):
        code, lines = run(*command, *more)
    assert code == 2
    assert len(lines) == 1
    assert "a part of 32 rows of solutions cannot be written (Permission denied)" in lines[0]
    assert study.rows().equals(before)
    assert run(*command, *more)[0] == 0
    assert study.rows().height == 2 * before.height


def test_a_pool_that_cannot_be_made(
    make_study: Callable[[str], Any], open_folder: Path, run: Callable[..., Any]
) -> None:
    study = make_study(str(open_folder / "study"))
    command = ("solutions", study.write())
    with somebody_else(study.folder):
        assert run(*command) == (
            2,
            [f"svlaw: {study.pool}: cannot be made (Permission denied)"],
        )
    assert not study.pool.exists()
