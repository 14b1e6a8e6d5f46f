"""An engine that answers at once, with texts that are a pure function of prompt and seed.

It stands for a model where the sampler is tested: it can be slow, hold several batches and give
them back out of order, fail for some prompts, or die; and it keeps a record of what it was asked
that outlives a killed process.

Run as a script it is the command line of svlaw with this engine in place of the engine `openai`:
`python instant_engine.py generate solutions CONFIG`. `engine_options` are those of `InstantEngine`.
"""

import os
import random
import re
import signal
import sys
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from hashlib import blake2b
from pathlib import Path
from types import ModuleType
from typing import Any

from svlaw.data.errors import SvlawError
from svlaw.generate.engines.protocol import (
    PROMPT_TOO_LONG,
    Batch,
    Failure,
    Model,
    Outcome,
    Request,
    Sample,
    Sampling,
    Token,
)

WORDS = ("so", "then", "add", "both", "sides", "carry", "one", "and", "left", "is")
QUESTION = "Is the answer correct (Yes/No)?"
REPLACED = "svlaw.generate.engines.openai"


def text_of(prompt: str, seed: int) -> str:
    """The text of a sample: words, and for most an answer in a box, a verdict, or both."""
    digest = blake2b(f"{seed}\n{prompt}".encode(), digest_size=12).digest()
    words = " ".join([WORDS[byte % len(WORDS)] for byte in digest[:8]])
    kind, value = digest[8] % 8, digest[9]
    if kind < 4:
        words += f" \\boxed{{{value % 4}}}"
    if kind % 4:
        words += f"\n{QUESTION} {'Yes' if value % 2 else 'No'}"
    return words


def finish_of(seed: int) -> str:
    """Every eighth sample is cut off."""
    return "stop" if seed % 8 else "length"


def tokens_of(text: str, seed: int) -> list[Token]:
    """The text's words as tokens, each with the log-probabilities of itself, Yes and No."""
    words = re.findall(r"\s*\S+", text)
    share = (seed % 97 + 1) / 100
    return [(word, {word: -0.7, " Yes": -share, " No": -2 * share}) for word in words]


@dataclass(frozen=True)
class Entry:
    """A request in the record.

    Attributes:
        event: `asked` or `done`.
        batch: Number of its batch.
        prompt: The prompt.
        seed: Seed of the first sample.
        samples: How many.
    """

    event: str
    batch: int
    prompt: str
    seed: int
    samples: int


def read_record(path: Path) -> list[Entry]:
    """What all engines were asked and have done, in order; half a line is left out."""
    text = path.read_text("utf-8") if path.exists() else ""
    entries = []
    for line in text.split("\n")[:-1]:
        event, batch, seed, samples, prompt = line.split("\t")
        entries.append(Entry(event, int(batch), prompt, int(seed), int(samples)))
    return entries


class InstantEngine:
    """See the module.

    Args:
        model: Ignored; texts do not depend on it.
        sampling: Log-probabilities are given when asked for.
        sleep: Seconds that a batch takes.
        stalls_after: Batches after which the next one never comes.
        in_flight: Batches it reads before it gives one back, any of those it has.
        failing: Requests whose prompt this pattern matches fail.
        too_long: Prompts that this pattern matches leave no room.
        short: Texts left out of each answer, as by a server that does not give all it was asked
            for; more than asked for when negative.
        dies_after: Batches after which it cannot go on.
        record: File that gets a line for every request, when asked and when done.
    """

    name = "instant"
    version = "1.0"

    def __init__(
        self,
        model: Model,
        sampling: Sampling,
        *,
        sleep: float = 0.0,
        stalls_after: int | None = None,
        in_flight: int = 1,
        failing: str | None = None,
        too_long: str | None = None,
        short: int = 0,
        dies_after: int | None = None,
        record: str | None = None,
    ) -> None:
        self.remarks: list[str] = []
        self.closed = False
        self._sampling = sampling
        self._sleep = sleep
        self._left = stalls_after
        self._in_flight = in_flight
        self._failing = failing
        self._too_long = too_long
        self._short = short
        self._dies_after = dies_after
        self._record = record

    def run(self, batches: Iterable[Batch]) -> Iterator[tuple[Batch, Sequence[Outcome]]]:
        held: list[Batch] = []
        pick = random.Random(0)
        done = 0
        for batch in batches:
            self._note("asked", batch)
            held.append(batch)
            if len(held) == self._in_flight:
                if done == self._dies_after:
                    raise SvlawError("engine instant: the model is gone")
                yield self._answer(held.pop(pick.randrange(len(held))))
                done += 1
        while held:
            yield self._answer(held.pop(pick.randrange(len(held))))

    def close(self) -> None:
        self.closed = True

    def _answer(self, batch: Batch) -> tuple[Batch, list[Outcome]]:
        if self._left is not None:
            if self._left == 0:
                signal.pause()
            self._left -= 1
        if self._sleep:
            time.sleep(self._sleep)
        outcomes = [self._outcome(request) for request in batch.requests]
        self._note("done", batch)
        return batch, outcomes

    def _outcome(self, request: Request) -> Outcome:
        if self._failing and re.search(self._failing, request.prompt):
            return Failure("server busy")
        too_long = self._too_long is not None and re.search(self._too_long, request.prompt)
        number = request.samples - self._short
        if too_long:
            return [Sample(None, 5_000, 0, PROMPT_TOO_LONG)] * number
        return [self._sample(request.prompt, request.seed + place) for place in range(number)]

    def _sample(self, prompt: str, seed: int) -> Sample:
        text = text_of(prompt, seed)
        tokens = tokens_of(text, seed) if self._sampling.logprobs else None
        return Sample(text, len(prompt), text.count(" ") + 1, finish_of(seed), tokens)

    def _note(self, event: str, batch: Batch) -> None:
        """One write of one string, so that a killed process leaves whole lines or none."""
        if self._record is None:
            return
        lines = "".join(
            f"{event}\t{batch.number}\t{r.seed}\t{r.samples}\t{' '.join(r.prompt.split())}\n"
            for r in batch.requests
        )
        file = os.open(self._record, os.O_WRONLY | os.O_APPEND | os.O_CREAT)
        os.write(file, lines.encode())
        os.close(file)


def engine_module() -> ModuleType:
    """A module that can stand in for one of `svlaw.generate.engines`."""

    def open_engine(model: Model, sampling: Sampling, options: Mapping[str, Any]) -> InstantEngine:
        return InstantEngine(model, sampling, **options)

    module = ModuleType(REPLACED)
    module.__dict__["open_engine"] = open_engine
    return module


if __name__ == "__main__":
    from svlaw.cli import main

    sys.modules[REPLACED] = engine_module()
    main()
