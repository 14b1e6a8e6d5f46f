"""A user's clone with a plain installation: its own folders are in nobody's way."""

import os
import re
import shlex
import shutil
import subprocess
import sys
import sysconfig
from collections.abc import Callable
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text("utf-8")
FENCE = re.compile(r"^```(\w*)\n(.*?)^```$", re.M | re.S)
FEWER = {"crossover": ["--resamples", "40"], "report": ["--resamples", "40"]}
"""Options that make a command quick; where it finds its modules is the same."""

Run = Callable[..., str]


@pytest.fixture(scope="module")
def clone(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The root of a clone."""

    def left_out(folder: str, names: list[str]) -> list[str]:
        made = {"build", "site", "__pycache__", "demo-pool", "demo-generated", "svlaw.egg-info"}
        return [name for name in names if name in made or name.startswith(".")]

    path = tmp_path_factory.mktemp("clone") / "svlaw"
    shutil.copytree(ROOT, path, symlinks=True, ignore=left_out)
    return path


@pytest.fixture(scope="module")
def run(clone: Path, tmp_path_factory: pytest.TempPathFactory) -> Run:
    """Runs a program in the clone's root, in an environment with a plain installation of it.

    Other packages are those of this environment.
    """
    folder = tmp_path_factory.mktemp("environment")
    programs = folder / "bin"
    python = programs / "python"
    unset = ("PYTHONPATH", "PYTHONSAFEPATH", "PYTHONHOME", "NUMBA_CACHE_DIR")
    environment = {name: value for name, value in os.environ.items() if name not in unset}
    environment["PATH"] = f"{programs}{os.pathsep}{environment['PATH']}"

    def run_here(*words: object) -> str:
        done = subprocess.run(
            list(map(str, words)), cwd=clone, env=environment, capture_output=True, text=True,
            check=False,
        )  # fmt: skip
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    run_here(sys.executable, "-m", "venv", "--without-pip", folder)
    site = run_here(python, "-c", "import sysconfig; print(sysconfig.get_path('purelib'))").strip()
    Path(site, "others.pth").write_text(sysconfig.get_path("purelib") + "\n", "utf-8")
    run_here(
        *(sys.executable, "-m", "pip", "--quiet", "--python", python, "install", "--no-deps"),
        *("--no-index", "--no-build-isolation", "--ignore-installed", "."),
    )
    return run_here


@pytest.mark.slow
def test_what_the_readme_shows_works_in_a_clone(run: Run, clone: Path) -> None:
    home = run("python", "-c", "import svlaw.data.pool; print(svlaw.data.pool.__file__)")
    assert not Path(home).is_relative_to(clone)
    blocks = FENCE.findall(README)
    commands = [
        shlex.split(line, comments=True)
        for language, text in blocks
        for line in text.splitlines()
        if not language and line.startswith("svlaw ")
    ]
    assert {"examples", "check", "report"} <= {command[1] for command in commands}
    for command in commands:
        run(*command, *FEWER.get(command[1], []))
    assert (clone / "report.html").exists()
    (snippet,) = [text for language, text in blocks if language == "python"]
    run("python", "-c", snippet)


@pytest.mark.slow
def test_grading_works_in_a_clone(run: Run, clone: Path) -> None:
    (clone / "problems.csv").write_text("problem_id,reference_answer\np,3\n")
    (clone / "answers.csv").write_text("problem_id,solution_id,text\np,0,\\boxed{\\sqrt{9}}\n")
    files = ("--solutions", "answers.csv", "--problems", "problems.csv")
    run("svlaw", "import", "tables", "--out", "graded", *files)
    assert '"correct": 1' in run("svlaw", "grade", "graded", "--json")
