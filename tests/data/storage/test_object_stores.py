"""Pools in an object store: a real server that speaks S3."""

import importlib.util
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from svlaw.analysis.checks.pool_check import check_pool
from svlaw.analysis.exports.pool_export import export_pool
from svlaw.analysis.success.success_table import success_table
from svlaw.data.errors import BadInputError
from svlaw.data.examples import copy_example
from svlaw.data.grading.pool_grading import grade_pool
from svlaw.data.pool import open_pool, open_pools
from svlaw.data.pool_writer import append, create_pool, replace
from svlaw.data.storage import object_stores
from svlaw.data.storage.files import atomic_path
from svlaw.data.storage.object_stores import StorageError, is_remote, locate, redact, storage_errors

KEY, SECRET = "AKIAIOSFODNN7EXAMPLE", "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"
EXAMS = "exams_gpt35_by_gpt4"


def keys(s3: Any) -> list[str]:
    """Keys of all objects."""
    return [entry["Key"] for entry in s3.list_objects_v2(Bucket="lab").get("Contents", [])]


def solutions(*texts: str) -> pl.DataFrame:
    return pl.DataFrame(
        {
            "problem_id": ["p"] * len(texts),
            "solution_id": pl.Series(range(len(texts)), dtype=pl.Int32),
            "text": list(texts),
        }
    )


@pytest.fixture
def texts(s3: Any, tmp_path: Path) -> Iterator[tuple[Any, Any]]:
    """The same pool of texts to be graded, in the store and in a folder."""
    pools = []
    for path in ("s3://lab/texts", tmp_path / "texts"):
        with create_pool(path, {"source": "test"}) as writer:
            problem = {"problem_id": ["p"], "question": ["1 + 1?"], "reference_answer": ["2"]}
            writer.add("problems", pl.DataFrame(problem))
            writer.add("solutions", solutions(r"\boxed{\sqrt{4}}", r"\boxed{3}", "none"))
        pools.append(open_pool(path))
    return pools[0], pools[1]


def test_a_pool_of_a_store_is_analysed_as_one_of_a_folder(s3: Any, tmp_path: Path) -> None:
    there = copy_example(EXAMS, "s3://lab/studies/exams")
    here = copy_example(EXAMS, tmp_path / "exams")
    assert str(there.path) == "s3://lab/studies/exams"
    assert there.name == here.name == "exams"
    assert not there.is_bundled
    for table in ("problems", "answers"):
        assert there.scan(table).collect().equals(here.scan(table).collect())
    found, expected = success_table(there), success_table(here, reuse=False)
    assert found.success.tobytes() == expected.success.tobytes()
    assert found.points.equals(expected.points)
    assert check_pool(there) == check_pool(here)
    assert [name for name in keys(s3) if "success_tables" in name]
    out = export_pool(there, tmp_path / "tables", form="csv")
    assert (out / "answers.csv").stat().st_size > 1000
    with pytest.raises(BadInputError, match=r"^s3://lab/studies/exams: exists already"):
        copy_example(EXAMS, "s3://lab/studies/exams")
    names = open_pools(["s3://lab/studies/exams", tmp_path / "exams"])
    assert len(names) == 2
    with pytest.raises(BadInputError, match="this pool is given twice"):
        open_pools(["s3://lab/studies/exams", "s3://lab/studies/exams/"])


def test_stored_tables_are_those_of_the_present_content(
    s3: Any, texts: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    pool = grade_pool(texts[0], workers=1).pool
    first = success_table(pool, solutions=[1, 2])
    assert first.success.max() < 1
    held = keys(s3)
    assert success_table(pool, solutions=[1, 2]).success.tobytes() == first.success.tobytes()
    assert keys(s3) == held
    right = pool.scan("answers").collect().with_columns(pl.lit(True).alias("is_correct"))
    pool = replace(pool, "answers", right)  # under the key of the part it replaces
    assert success_table(pool, solutions=[1, 2]).success.max() == 1
    assert len(keys(s3)) == len(held)
    assert not set(keys(s3)) & {name for name in held if "success_tables" in name}


def test_grading_and_appending(s3: Any, texts: Any) -> None:
    graded = [grade_pool(pool, workers=1).pool for pool in texts]
    there, here = (pool.scan("answers").collect() for pool in graded)
    assert there.equals(here)
    more = solutions("", "", "", r"\boxed{2}").tail(1)
    pool = append(graded[0], "solutions", more)
    assert len(pool.parts("solutions")) == 2
    with pytest.raises(BadInputError, match=r"solution_id 3 is in the pool already"):
        append(pool, "solutions", more)
    assert grade_pool(pool, workers=1).graded == 3
    assert any("judgements" in name for name in keys(s3))


def test_a_replaced_table_is_one_object(s3: Any, texts: Any) -> None:
    pool = grade_pool(texts[0], workers=1).pool
    rows = pool.scan("answers").collect()
    append(pool, "answers", rows.with_columns(pl.lit("q").alias("problem_id")))
    before = pool.parts("answers")
    assert len(before) == 2
    replace(pool, "answers", rows)
    assert pool.parts("answers") == before[:1]
    assert pool.scan("answers").collect().equals(rows)


def test_an_import_that_fails_leaves_nothing(
    s3: Any, texts: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail() -> None:
        with create_pool("s3://lab/new", {}) as writer:
            writer.add("solutions", solutions("a"))
            raise RuntimeError

    with pytest.raises(RuntimeError):
        fail()
    assert not any(name.startswith("new") for name in keys(s3))

    upload = object_stores.upload
    seen: list[str] = []

    def interrupted(local: Path, target: Path) -> None:
        seen.append(target.name)
        if target.name == "pool.json":
            with pytest.raises(BadInputError, match=r"^s3://lab/new: not a pool"):
                open_pool("s3://lab/new")
            raise KeyboardInterrupt
        upload(local, target)

    monkeypatch.setattr("svlaw.data.storage.files.upload", interrupted)
    writing = create_pool("s3://lab/new", {})
    writer = writing.__enter__()
    writer.add("solutions", solutions("a"))
    writer.add("solutions", solutions("b").with_columns(pl.lit("q").alias("problem_id")))
    with pytest.raises(KeyboardInterrupt):
        writing.__exit__(None, None, None)
    assert len(seen) == 3
    assert seen[-1] == "pool.json"
    assert not any(name.startswith("new") for name in keys(s3))


BIG = """
import sys
import numpy as np, polars as pl
from svlaw.data.pool import open_pool
from svlaw.data.pool_writer import append

text = pl.Series([np.random.default_rng(0).bytes(125_000_000).hex()])
rows = pl.DataFrame({"problem_id": ["p"], "solution_id": pl.Series([9], dtype=pl.Int32)})
append(open_pool("s3://lab/texts"), "solutions", rows.with_columns(text.alias("text")))
"""


def test_a_part_whose_upload_is_killed_is_not_there(s3: Any, texts: Any) -> None:
    process = subprocess.Popen([sys.executable, "-c", BIG])
    while not s3.list_multipart_uploads(Bucket="lab").get("Uploads"):
        assert process.poll() is None
        time.sleep(0.005)
    process.send_signal(signal.SIGKILL)
    process.wait()
    assert len(open_pool("s3://lab/texts").parts("solutions")) == 1
    assert open_pool("s3://lab/texts").scan("solutions").collect().height == 3
    assert len([key for key in keys(s3) if ".locks" not in key]) == 3


def test_files_are_written_whole(s3: Any) -> None:
    target = locate("s3://lab/notes/a.txt")

    def fail() -> None:
        with atomic_path(target) as temporary:
            temporary.write_text("half")
            raise RuntimeError

    with pytest.raises(RuntimeError):
        fail()
    assert keys(s3) == []
    with atomic_path(target) as temporary:
        temporary.write_text("whole")
    assert target.read_text() == "whole"


def command(*arguments: Any, **environment: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [sys.executable, "-c", "from svlaw.cli import main; main()", *map(str, arguments)],
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, **environment},
    )


def test_what_goes_wrong_is_one_line_without_keys(s3: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    moto = pytest.importorskip("moto.settings")
    copy_example(EXAMS, "s3://lab/exams")
    told = {
        "s3://lab/none": "s3://lab/none: not a pool (no pool.json)",
        f"s3://{KEY}:secret@lab/exams": "s3://...: leave credentials out of the address",
    }
    for address, line in told.items():
        done = command("frontier", address)
        assert (done.returncode, done.stdout) == (2, "")
        assert line in done.stderr
        assert done.stderr.count("\n") == 1
        assert KEY not in done.stderr
    with monkeypatch.context() as patch:
        patch.setattr(moto, "INITIAL_NO_AUTH_ACTION_COUNT", 0)
        done = command("frontier", "s3://lab/exams")
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith("svlaw: s3://lab/exams: the store refuses access (")
    assert done.stderr.count("\n") == 1
    assert KEY not in done.stderr
    assert SECRET not in done.stderr
    for name in keys(s3):
        content = s3.get_object(Bucket="lab", Key=name)["Body"].read()
        assert KEY.encode() not in content
        assert SECRET.encode() not in content


def test_a_store_that_cannot_be_reached(s3: Any, tmp_path: Path) -> None:
    refused = ConnectionRefusedError(f"refused {SECRET}\nby the server")
    with pytest.raises(StorageError) as caught, storage_errors(locate("s3://lab/a")):
        raise refused
    assert str(caught.value) == (
        "s3://lab/a: the store cannot be reached (refused ***); check address and network"
    )
    assert caught.value.__cause__ is None
    with pytest.raises(ConnectionRefusedError), storage_errors(tmp_path):
        raise refused


@pytest.mark.parametrize(
    ("address", "told"),
    [
        ("s3://lab", "s3://lab: name a place in a bucket: s3://BUCKET/NAME"),
        ("s3:///x", "s3:///x: name a place in a bucket: s3://BUCKET/NAME"),
        ("http://lab/x", "http://lab/x: use a folder, s3://BUCKET/NAME or gs://BUCKET/NAME"),
        (Path("s3://lab/x"), "s3:/lab/x: give an address as text; as a Path it loses a slash"),
    ],
)
def test_addresses_that_cannot_be(address: Any, told: str) -> None:
    with pytest.raises(BadInputError) as caught:
        locate(address)
    assert str(caught.value) == told


def test_folders_stay_paths(tmp_path: Path) -> None:
    assert locate(str(tmp_path)) == locate(tmp_path) == tmp_path
    assert not is_remote(locate(tmp_path))


def test_without_its_extra_a_store_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    find = importlib.util.find_spec
    monkeypatch.setattr(
        importlib.util, "find_spec", lambda name: None if name in ("s3fs", "gcsfs") else find(name)
    )
    for scheme in ("s3", "gs"):
        with pytest.raises(BadInputError) as caught:
            open_pool(f"{scheme}://lab/x")
        assert str(caught.value) == (
            f"{scheme}://lab/x: needs what is not installed: pip install 'svlaw[{scheme}]'"
        )


def test_keys_are_cut_out_of_messages(s3: Any) -> None:
    told = redact(
        f"GET https://x/y?X-Amz-Credential={KEY}%2F2026&X-Amz-Signature=abc&z=1 {SECRET}"
        " ASIAZZZZZZZZZZZZZZZZ Bearer ya29.token"
    )
    assert told == (
        "GET https://x/y?X-Amz-Credential=***&X-Amz-Signature=***&z=1 *** *** Bearer ***"
    )
