import os
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import psutil
import pytest

from svlaw.data.errors import BadInputError
from svlaw.data.workers import WorkerDiedError, count_workers, map_ordered


def workers_alive() -> bool:
    """Tell whether a worker is left (the resource tracker of Python stays for good)."""
    children = psutil.Process().children(recursive=True)
    return any("resource_tracker" not in " ".join(child.cmdline()) for child in children)


@pytest.mark.parametrize("workers", [0, 2])
def test_results_keep_the_order_of_tasks(workers: int) -> None:
    assert list(map_ordered(str, range(20), workers)) == [str(i) for i in range(20)]
    assert not workers_alive()


def test_an_error_reaches_the_caller() -> None:
    with pytest.raises(ValueError, match="invalid literal"):
        list(map_ordered(int, ["1", "x"], 1))
    assert not workers_alive()


def test_workers_are_gone_when_results_are_not_taken() -> None:
    with closing(map_ordered(str, range(1000), 1)) as results:
        assert next(results) == "0"
        assert workers_alive()
    assert not workers_alive()


def test_a_dead_worker_is_named() -> None:
    with pytest.raises(WorkerDiedError, match="exit code 3"):
        list(map_ordered(os._exit, [3], 1))


def test_an_unguarded_script_is_told_what_to_do(tmp_path: Path) -> None:
    script = tmp_path / "script.py"
    script.write_text(
        "from svlaw.data.workers import map_ordered\nprint(list(map_ordered(str, [1], 1)))\n"
    )
    run = subprocess.run(
        [sys.executable, str(script)], capture_output=True, text=True, timeout=60, check=False
    )
    assert run.returncode == 1
    assert run.stderr.rstrip().endswith("""under 'if __name__ == "__main__":'?""")


def test_workers_are_counted() -> None:
    assert 1 <= count_workers(None) <= 4
    assert count_workers(7) == 7
    with pytest.raises(BadInputError, match="workers 0: use 1 or more"):
        count_workers(0)
