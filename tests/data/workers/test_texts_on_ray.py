"""Grading and parsing on a Ray cluster of two nodes: the tables of this machine, to the byte."""

import socket
import threading
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import polars as pl
import psutil
import pytest

from svlaw.data.errors import BadInputError
from svlaw.data.grading.judgements import FOLDER
from svlaw.data.grading.pool_grading import grade_pool
from svlaw.data.pool import Pool, open_pool
from svlaw.data.pool_writer import create_pool
from svlaw.data.verdicts.pool_parsing import parse_pool
from svlaw.data.workers import table_batches
from svlaw.data.workers.ray_cluster import Cluster

PROBLEMS = [
    ("formula", r"\frac{\sqrt{2}}{2}", "math"),
    ("letter", "B", None),
    ("number", "12.5", "numeric"),
    ("program", None, "code"),
]
ENDLESS = r"\boxed{\int_0^1 1^{10^{10^{10}}} dx}"
SOLUTIONS = [
    *(("formula", n, rf"So \boxed{{\frac{{\sqrt{{{n}}}}}{{{n}}}}}.", "stop") for n in range(2, 18)),
    ("formula", 18, r"\boxed{\sin\frac{\pi}{4}}", "stop"),
    ("formula", 19, ENDLESS, "stop"),
    ("formula", 20, "So it is", "length"),
    ("formula", 21, "", "stop"),
    ("formula", 22, None, "stop"),
    ("letter", 0, "The answer is (B).", "stop"),
    ("letter", 1, "I take (A)", "stop"),
    ("number", 0, r"\boxed{\frac{25}{2}}", "stop"),
    ("number", 1, r"\boxed{5\sqrt{6}}", None),
    ("program", 0, "def f(): ...", "stop"),
]
TIME_LIMIT = 1.5
VERIFICATIONS = [
    *("Is the answer correct (Yes/No)? Yes", "Verdict: wrong", "URTEIL: falsch", None, "", "Yes")
    * 4,
    "So\nno",
]
PATTERN = r"(?P<yes>ye)s|(?P<no>falsch)"
EXTRACTORS = """
def letter(text):
    return "B" if "answer" in text else None

def fussy(text):
    return text.index("answer")
"""

MakePool = Callable[..., Pool]


@pytest.fixture(scope="module", autouse=True)
def _folder_of_the_user(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """The current folder, before anything connects: it holds a module that nodes find there."""
    folder = tmp_path_factory.mktemp("user")
    (folder / "extractors_of_nodes.py").write_text(EXTRACTORS)
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        patch.syspath_prepend(folder)
        yield


@pytest.fixture
def make(tmp_path: Path) -> MakePool:
    """Writes a pool of several parts, and opens it."""
    solutions = pl.DataFrame(
        SOLUTIONS,
        {
            "problem_id": pl.String,
            "solution_id": pl.Int32,
            "text": pl.String,
            "finish_reason": pl.String,
        },
        orient="row",
    )
    columns = dict.fromkeys(("problem_id", "reference_answer", "kind"), pl.String())
    answers = pl.DataFrame(
        {
            "problem_id": ["program", "formula"],
            "solution_id": pl.Series([0, 22], dtype=pl.Int32),
            "answer": ["f", r"\sqrt{1/2}"],
            "is_correct": True,
            "status": "graded",
        }
    )
    verifications = pl.DataFrame(
        {
            "problem_id": "formula",
            "solution_id": pl.Series([2] * len(VERIFICATIONS), dtype=pl.Int32),
            "verification_id": pl.Series(range(len(VERIFICATIONS)), dtype=pl.Int32),
            "text": VERIFICATIONS,
            "p_yes": [None, 0.25, 0.5, None, 0.75] * 5,
            "finish_reason": ["stop", "length"] * 12 + [None],
        }
    )

    def write(name: str, without: str = "no such text") -> Pool:
        with create_pool(tmp_path / name, {"source": "test"}) as writer:
            writer.add("problems", pl.DataFrame(PROBLEMS, columns, orient="row"))
            writer.add("answers", answers)
            texts = solutions.filter(pl.col("text").ne_missing(pl.lit(without)))
            for part in texts.iter_slices(7):
                writer.add("solutions", part)
            for part in verifications.iter_slices(7):
                writer.add("verifications", part, verifier="v")
        return open_pool(tmp_path / name)

    return write


@pytest.fixture
def unread(monkeypatch: pytest.MonkeyPatch) -> Callable[[], None]:
    """Sees to it that this process reads no text from now on; the nodes go on."""

    def refuse(*arguments: Any) -> Any:
        raise AssertionError("a text is read here")

    return lambda: monkeypatch.setattr(table_batches.Portion, "batches", refuse)


def assert_equal(found: Pool, expected: Pool, folder: str) -> None:
    """Every byte of a folder is the same."""
    contents = [
        {path.name: path.read_bytes() for path in (pool.path / folder).rglob("*.parquet")}
        for pool in (found, expected)
    ]
    assert contents[0]
    assert contents[0] == contents[1]


def is_at_work(process: psutil.Process) -> bool:
    """Whether a process has not ended."""
    return process.is_running() and process.status() != psutil.STATUS_ZOMBIE


def test_grading_is_that_of_this_machine_though_a_worker_is_lost(
    make: MakePool,
    two_nodes: Any,
    cluster: Cluster,
    unread: Callable[[], None],
    workers_of: Callable[[Any], list[psutil.Process]],
) -> None:
    here, there = make("here"), make("there")
    expected = grade_pool(here, time_limit=TIME_LIMIT, workers=1)
    assert expected.timeout == 1
    unread()
    read: list[int] = []
    lost: list[list[psutil.Process]] = []

    def note(done: int, total: int) -> None:
        if total == len(SOLUTIONS):
            read.append(done)

    def lose() -> None:
        while not lost:
            for worker in workers_of(two_nodes)[:1]:
                lost.append(worker.children(recursive=True))
                worker.kill()

    watching = threading.Thread(target=lose, daemon=True)
    watching.start()
    found = grade_pool(there, time_limit=TIME_LIMIT, cluster=cluster, progress=note)
    assert read == [7, 14, 21, 26]
    (helpers,) = lost
    assert not any(map(is_at_work, helpers))
    assert replace(found, pool=expected.pool) == expected
    assert_equal(there, here, "answers")
    assert_equal(there, here, FOLDER)


def test_an_interrupt_keeps_what_the_nodes_found_out(make: MakePool, cluster: Cluster) -> None:
    pool = make("pool", without=ENDLESS)
    before = pool.parts("answers")
    told: list[tuple[int, int]] = []

    def interrupt(done: int, total: int) -> None:
        told.append((done, total))
        if total != len(SOLUTIONS) - 1 and done == 4:  # answers are asked about
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        grade_pool(pool, cluster=cluster, progress=interrupt)
    assert pool.parts("answers") == before
    _, asked = told[-1]
    told.clear()
    grade_pool(pool, cluster=cluster, progress=lambda *counts: told.append(counts))
    assert {(1, asked - 3), (1, asked - 4)} & set(told)  # what had come back by then
    assert (1, asked) not in told


def test_a_users_extractor_is_found_by_the_nodes_or_named(
    make: MakePool,
    cluster: Cluster,
    unread: Callable[[], None],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    here, there = make("here"), make("there")
    assert grade_pool(here, extractor="extractors_of_nodes:letter").correct == 3
    with pytest.raises(BadInputError) as told_here:
        grade_pool(there, extractor="extractors_of_nodes:fussy")
    (tmp_path / "apart").mkdir()
    (tmp_path / "apart" / "extractors_of_mine.py").write_text(EXTRACTORS)
    monkeypatch.syspath_prepend(tmp_path / "apart")
    before = sorted(there.path.rglob("*"))
    unread()
    errors = []
    for name in ("extractors_of_nodes:fussy", "extractors_of_mine:letter"):
        with pytest.raises(BadInputError) as told:
            grade_pool(there, extractor=name, cluster=cluster)
        errors.append(str(told.value))
    where = f"node {socket.gethostname()}"
    assert errors[0] == str(told_here.value)
    assert errors[1] == (
        "extractor 'extractors_of_mine:letter': module 'extractors_of_mine' cannot be imported"
        f" (ModuleNotFoundError: No module named 'extractors_of_mine') on {where}; every node needs"
        " the module"
    )
    assert sorted(there.path.rglob("*")) == before
    grade_pool(there, extractor="extractors_of_nodes:letter", cluster=cluster)
    assert_equal(there, here, "answers")
    with pytest.raises(BadInputError, match="workers 2: a cluster has one on each of its cores"):
        grade_pool(there, workers=2, cluster=cluster)
    (there.path / "pool.json").unlink()
    with pytest.raises(BadInputError) as told:
        grade_pool(there, cluster=cluster)
    assert str(told.value).startswith(f"{there.path}: not seen by {where}; every node needs")


@pytest.mark.parametrize("pattern", [None, PATTERN])
def test_verdicts_are_those_of_this_machine(
    pattern: str | None, make: MakePool, cluster: Cluster, unread: Callable[[], None]
) -> None:
    here, there = make("here"), make("there")
    expected = parse_pool(here, pattern=pattern, score="p_yes_or_text")
    assert expected.yes
    assert expected.no
    assert expected.truncated
    unread()
    read: list[int] = []
    found = parse_pool(
        *(there,),
        pattern=pattern,
        score="p_yes_or_text",
        cluster=cluster,
        progress=lambda done, total: read.append(done),
    )
    assert read == [7, 14, 21, 25]
    assert found == expected
    assert_equal(there, here, "verdicts")


@pytest.mark.parametrize(
    "arguments", [["grade", "--extractor", "extractors_of_nodes:letter"], ["parse"]]
)
def test_commands_print_the_same(
    arguments: list[str],
    make: MakePool,
    cluster: Cluster,
    svlaw: Callable[..., tuple[Any, str, str]],
    unread: Callable[[], None],
) -> None:
    name, *options = arguments
    printed = []
    for place in ([], ["--on", "ray"]):
        pool = make(f"pool{len(place)}")
        code, out, complaints = svlaw(name, pool.path, *options, *place, "--json")
        assert (code, complaints) == (0, "")
        printed.append(out.replace(str(pool.path), "pool"))
        unread()
    assert printed[0] == printed[1]
