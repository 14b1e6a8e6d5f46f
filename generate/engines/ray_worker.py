"""What runs on a node of a cluster: one engine in a process of its own."""

import queue
import socket
import threading
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from importlib import import_module
from typing import Any

from svlaw.data.errors import SvlawError
from svlaw.data.workers.ray_tasks import check_versions, named_errors
from svlaw.generate.engines.protocol import Batch, Engine, Model, Outcome, Sampling


@dataclass(frozen=True)
class Recipe:
    """What an engine is opened with, wherever it runs.

    Attributes:
        engine: Name of the engine's module.
        model: The model.
        sampling: How text is sampled.
        options: The engine's options.
    """

    engine: str
    model: Model
    sampling: Sampling
    options: Mapping[str, Any]

    def open(self) -> Engine:
        """Load the model.

        Raises:
            BadInputError: Its package is missing, or the model or an option is wrong.
        """
        module = import_module(f"svlaw.generate.engines.{self.engine}")
        engine: Engine = module.open_engine(self.model, self.sampling, self.options)
        return engine


@dataclass(frozen=True)
class News:
    """What has happened on a node since the last exchange.

    Attributes:
        begun: Numbers of batches that the engine has taken up.
        done: Numbers of batches that are done, with their outcomes.
    """

    begun: Sequence[int]
    done: Sequence[tuple[int, Sequence[Outcome]]]


class Worker:
    """An engine in a process of its own on a node; the class of Ray actors.

    An engine that wants another batch waits for it, and meanwhile gives nothing back. So it must
    never wait in vain: `exchange` returns when the engine has taken up a batch, and whoever calls
    it hands in the next one, or says that there is none.
    """

    def __init__(self, recipe: Recipe) -> None:
        self._recipe = recipe
        self._coming: queue.SimpleQueue[Batch | None] = queue.SimpleQueue()
        self._changed = threading.Condition()
        self._begun: list[int] = []
        self._done: list[tuple[int, Sequence[Outcome]]] = []
        self._engine: Engine | None = None
        self._end: Exception | None = None

    def start(self, expected: Mapping[str, str]) -> tuple[str, str]:
        """Load the model.

        Args:
            expected: Versions of packages where the run was started.

        Returns:
            Name and version of the engine.

        Raises:
            SvlawError: It cannot be loaded here.
        """
        check_versions(expected)
        with named_errors():
            try:
                self._engine = self._recipe.open()
            except SvlawError as error:
                raise type(error)(f"{error} (node {socket.gethostname()})") from None
        threading.Thread(target=self._run, args=(self._engine,), daemon=True).start()
        return self._engine.name, self._engine.version

    def exchange(self, batches: Sequence[Batch], is_last: bool) -> News:
        """Hand in batches, and wait for news of these or earlier ones.

        Args:
            batches: Batches, numbered so that no number comes twice.
            is_last: Whether there are no more for now, so that the engine need not ask for any.

        Raises:
            SvlawError: What ended the engine.
        """
        for batch in batches:
            self._coming.put(batch)
        if is_last:
            self._coming.put(None)
        with self._changed:
            self._changed.wait_for(lambda: self._begun or self._done or self._end)
            if self._end and not self._done:
                raise self._end
            news = News(self._begun, self._done)
            self._begun, self._done = [], []
            return news

    def remarks(self) -> list[str]:
        """What the user should know about the run so far."""
        return [] if self._engine is None else list(self._engine.remarks)

    def close(self) -> None:
        """Give back memory and processes."""
        if self._engine is not None:
            self._engine.close()

    def _run(self, engine: Engine) -> None:
        try:
            with named_errors():
                while True:
                    for batch, outcomes in engine.run(self._stream()):
                        with self._changed:
                            self._done.append((batch.number, outcomes))
                            self._changed.notify_all()
        except SvlawError as error:
            with self._changed:
                self._end = error
                self._changed.notify_all()

    def _stream(self) -> Iterator[Batch]:
        """Batches up to where there are no more for now."""
        for batch in iter(self._coming.get, None):
            with self._changed:
                self._begun.append(batch.number)
                self._changed.notify_all()
            yield batch
