import importlib
import os
import subprocess
import sys
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from svlaw.data.errors import BadInputError, SvlawError
from svlaw.data.workers.processes import WorkerDiedError, count_workers, map_ordered, worker_pool


@pytest.mark.parametrize("workers", [0, 2])
def test_results_keep_the_order_of_tasks(workers: int, workers_alive: Callable[[], bool]) -> None:
    assert list(map_ordered(str, range(20), workers)) == [str(i) for i in range(20)]
    assert not workers_alive()


def test_an_error_reaches_the_caller(workers_alive: Callable[[], bool]) -> None:
    with pytest.raises(ValueError, match="invalid literal"):
        list(map_ordered(int, ["1", "x"], 1))
    assert not workers_alive()


def test_workers_are_gone_when_results_are_not_taken(workers_alive: Callable[[], bool]) -> None:
    with closing(map_ordered(str, range(1000), 1)) as results:
        assert next(results) == "0"
        assert workers_alive()
    assert not workers_alive()


def test_a_dead_worker_is_named() -> None:
    with pytest.raises(WorkerDiedError, match="exit code 3"):
        # Pebble needs a moment to hear which task the worker has begun.
        list(map_ordered(exec, ["import os, time; time.sleep(3); os._exit(3)"], 1))


@pytest.mark.parametrize("way", ["script", "standard input"])
def test_an_unguarded_script_is_not_run_again_by_its_workers(tmp_path: Path, way: str) -> None:
    code = (
        "from svlaw.data.workers.processes import map_ordered\n"
        "print(list(map_ordered(str, [1, 2], 2)))\nprint(__name__)\n"
    )
    script = tmp_path / "script.py"
    script.write_text(code)
    run = subprocess.run(
        [sys.executable, str(script) if way == "script" else "-"],
        input=code, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert (run.stdout, run.stderr) == ("['1', '2']\n__main__\n", "")


@pytest.mark.parametrize("first", [(), ("",)], ids=["a command", "a notebook"])
def test_files_of_the_current_folder_are_no_part_of_a_worker(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, first: tuple[str, ...]
) -> None:
    """Under the names of installed modules; a module of the user's own is found there."""
    for name in ("svlaw", "polars", "random", "numbers", "pickle"):
        (tmp_path / f"{name}.py").write_text("raise RuntimeError('imported from here')")
    (tmp_path / "own_module.py").write_text("def double(value):\n    return 2 * value\n")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", [*first, *sys.path, str(tmp_path)])
    before = dict(os.environ), sys.path.copy(), sys.modules["__main__"]
    double = importlib.import_module("own_module").double
    assert list(map_ordered(double, [1, 2], 1)) == [2, 4]
    assert before == (dict(os.environ), sys.path, sys.modules["__main__"])
    del sys.modules["own_module"]


def test_a_worker_that_cannot_start_is_one_clear_line(workers_alive: Callable[[], bool]) -> None:
    with pytest.raises(SvlawError, match="worker processes cannot be started") as caught:
        run_under(start_badly)
    assert "\n" not in str(caught.value)
    assert not workers_alive()


def start_badly() -> None:
    """Fail, as a worker does that lacks memory for its imports."""
    raise ImportError


def run_under(initializer: Callable[[], None]) -> None:
    with worker_pool(1, initializer) as pool:
        pool.submit(str, 1).result()


def test_workers_are_counted() -> None:
    assert 1 <= count_workers(None) <= 4
    assert count_workers(7) == 7
    with pytest.raises(BadInputError, match="workers 0: use 1 or more"):
        count_workers(0)
