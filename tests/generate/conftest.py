"""Fixtures of the generation tests: an engine that answers at once, and small studies to run."""

import importlib.util
import json
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import ModuleType
from typing import Any

import polars as pl
import pytest
import yaml
from jinja2 import Template

from svlaw.data.pool import Pool, open_pool
from svlaw.data.schema import TABLES
from svlaw.generate.assignments import Assignment, assign_solutions, assign_verifications
from svlaw.generate.configuration import Configuration, read_configuration
from svlaw.generate.runs import Generation, Reporting, run_assignment
from svlaw.generate.shards import read_shard

ENGINE = Path(__file__).parent / "instant_engine.py"
DEMO_MODEL = Path(__file__).parents[2] / "generate" / "demo" / "model"


def _load(path: Path) -> ModuleType:
    """A module beside this file; test folders are no packages, so it has no import path."""
    spec = importlib.util.spec_from_file_location(path.stem, path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[path.stem] = module  # dataclasses look their module up
    spec.loader.exec_module(module)
    return module


Preparation = _load(Path(__file__).with_name("prepared_processes.py")).Preparation
vllm_server = _load(Path(__file__).with_name("vllm_server.py")).vllm_server
demonstrate = _load(Path(__file__).with_name("demonstration.py")).demonstrate


@pytest.fixture(scope="session")
def instant() -> ModuleType:
    """The module of the engine that answers at once."""
    return _load(ENGINE)


class Study:
    """A problem set, a configuration and a pool, in a folder of their own."""

    def __init__(self, folder: Path, instant: ModuleType, prepared: Callable[[], Any]) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self._prepared = prepared
        self.folder = folder
        self.instant = instant
        self.pool = folder / "pool"
        self.record = folder / "record.tsv"
        self.file = folder / "study.yaml"
        self.engine: Any = None
        self.document: dict[str, Any] = {
            "pool": str(self.pool),
            "problems": {"source": str(folder / "problems.jsonl")},
            "solutions": {"model": "solver", "engine": "openai", "samples": 8},
            "verifications": {"model": "verifier", "engine": "openai", "samples": 4},
            "batch_rows": 8,
            "part_rows": 32,
        }
        self.set_problems(6)

    def set_problems(self, count: int, **more: Any) -> None:
        """Write a set of so many problems; the n-th asks for n + n."""
        lines = [
            {
                "problem_id": f"p{n:03d}",
                "question": f"What is {n} + {n}?",
                "reference_answer": str(2 * n),
                **more,
            }
            for n in range(count)
        ]
        text = "".join(json.dumps(line) + "\n" for line in lines)
        (self.folder / "problems.jsonl").write_text(text, "utf-8")

    def write(self, *overrides: str) -> Path:
        """Write the configuration to its file, and check it."""
        self.file.write_text(yaml.safe_dump(self.document), "utf-8")
        read_configuration(self.file, overrides)
        return self.file

    def configuration(self, *overrides: str) -> Configuration:
        """The configuration, with fields overridden."""
        self.write()
        return read_configuration(self.file, overrides)

    def solutions(self, *overrides: str, **options: Any) -> Generation:
        """Generate solutions with the engine that answers at once; see `_run`."""
        configuration = self.configuration(*overrides)
        return self._run(configuration, assign_solutions(configuration), **options)

    def verifications(self, *overrides: str, **options: Any) -> Generation:
        """Generate verifications with the engine that answers at once; see `_run`."""
        configuration = self.configuration(*overrides)
        return self._run(configuration, assign_verifications(configuration), **options)

    def _run(
        self,
        configuration: Configuration,
        assignment: Assignment,
        *,
        shard: str | None = None,
        reporting: Reporting | None = None,
        **options: Any,
    ) -> Generation:
        """Run here; the engine of the last run stays in `engine`."""
        self.engine = None

        def open_engine(assignment: Assignment) -> Any:
            self.engine = self.instant.InstantEngine(
                assignment.section.speaker,
                assignment.sampling,
                record=str(self.record),
                **options,
            )
            return self.engine

        return run_assignment(
            configuration,
            assignment,
            shard=read_shard(shard),
            engine=open_engine,
            reporting=reporting,
        )

    def start(self, table: str, *arguments: str, **options: Any) -> Any:
        """Start the command `svlaw generate` in a prepared process, with the same engine."""
        return self._prepared().start(*self._command(table, *arguments, **options))

    def start_limited(self, file_size: int, table: str, *arguments: str, **options: Any) -> Any:
        """As `start`, where no file may grow beyond so many bytes."""
        command = self._command(table, *arguments, **options)
        return self._prepared().start(*command, file_size=file_size)

    def start_afresh(self, table: str, *arguments: str, **options: Any) -> "subprocess.Popen[str]":
        """As `start`, in a process that begins with nothing, as a user's does."""
        return subprocess.Popen(
            [sys.executable, *self._command(table, *arguments, **options)],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def _command(self, table: str, *arguments: str, **options: Any) -> list[Any]:
        self.write()
        setting = f"{table}.engine_options={json.dumps({'record': str(self.record)} | options)}"
        return [ENGINE, "generate", table, self.file, "--set", setting, *arguments]

    @contextmanager
    def running(self, table: str, *arguments: str, **options: Any) -> Iterator[Any]:
        """A process that is at work on the pool, and does not end, for as long as the block."""
        process = self.start(table, *arguments, **{"stalls_after": 0, **options})
        try:
            self.wait_for(process)
            yield process
        finally:
            process.kill()
            process.communicate()

    def wait_for(self, process: Any, samples: int = 1) -> None:
        """Wait until the engine has been asked for so many more samples than at the call."""
        before = self.count("asked")
        while self.count("asked") < before + samples:
            assert process.poll() is None, process.communicate()[1]
            time.sleep(0.01)

    def count(self, event: str) -> int:
        """Samples that engines were asked for, or have done."""
        return sum(e.samples for e in self.instant.read_record(self.record) if e.event == event)

    def opened(self) -> Pool:
        """The pool."""
        return open_pool(self.pool, unfinished=True)

    def rows(self, table: str = "solutions", verifier: str | None = None) -> pl.DataFrame:
        """All rows of a table, by key, of which each is there once."""
        return table_rows(self.opened(), table, verifier)


def table_rows(pool: Pool, table: str, verifier: str | None = None) -> pl.DataFrame:
    """All rows of a table, by key, of which each is there once."""
    frame = pool.scan(table, verifier).collect().sort(TABLES[table].key)
    assert frame.select(TABLES[table].key).is_duplicated().sum() == 0
    return frame


@pytest.fixture(scope="session")
def as_chat() -> Callable[[str], str]:
    """Puts a question into the only form that the demonstration model knows, that of a chat."""
    template = Template((DEMO_MODEL / "chat_template.jinja").read_text("utf-8"))

    def render(question: str) -> str:
        message = {"role": "user", "content": question}
        return template.render(messages=[message], add_generation_prompt=True)

    return render


@pytest.fixture(scope="session")
def _prepared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[[], Any]]:
    """A process to fork from, started when it is first asked for."""
    made: list[Any] = []

    def prepare() -> Any:
        if not made:
            made.append(Preparation(tmp_path_factory.mktemp("prepared")))
        return made[0]

    yield prepare
    for each in made:
        each.close()


@pytest.fixture(scope="session")
def study_at(instant: ModuleType, _prepared: Callable[[], Any]) -> Callable[[Path], Study]:
    """Makes a study in a folder."""
    return lambda folder: Study(folder, instant, _prepared)


@pytest.fixture
def study(tmp_path: Path, study_at: Callable[[Path], Study]) -> Study:
    """A small study."""
    return study_at(tmp_path / "study")


@pytest.fixture
def make_study(tmp_path: Path, study_at: Callable[[Path], Study]) -> Callable[[str], Study]:
    """Makes further studies, by name."""
    return lambda name: study_at(tmp_path / name)
