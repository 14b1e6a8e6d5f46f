"""The sampler: keeps an engine busy with jobs, and puts what comes back into the pool."""

from collections import Counter, deque
from collections.abc import Callable, Generator, Iterable, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from typing import Any, Final

from svlaw.data.verdicts.probabilities import verdict_probabilities
from svlaw.data.verdicts.readings import parse_verdict
from svlaw.generate.engines.protocol import Batch, Engine, Failure, Outcome, Request, Sample
from svlaw.generate.missing_samples import Span
from svlaw.generate.parts import PartWriter
from svlaw.generate.seeds import first_seed

NOTHING_TO_VERIFY: Final = "nothing_to_verify"
"""Finish reason of verifications of a solution without text, which are never asked for."""

Row = dict[str, Any]


@dataclass(frozen=True)
class Job:
    """Spans to be sampled together, each with its prompt.

    Attributes:
        spans: What to sample.
        prompts: The prompt of each; None where there is nothing to ask.
    """

    spans: Sequence[Span]
    prompts: Sequence[str | None]


@dataclass
class Tally:
    """How far a run is.

    Attributes:
        total: Samples to generate in this run.
        done: Samples generated, failures not among them.
        output_tokens: Tokens of these.
        failures: Samples that failed for now, by reason.
    """

    total: int
    done: int = 0
    output_tokens: int = 0
    failures: Counter[str] = field(default_factory=Counter)


def sample_jobs(
    engine: Engine,
    jobs: Iterable[Job],
    writer: PartWriter,
    tally: Tally,
    *,
    seed: int,
    advance: Callable[[Tally], None] = lambda tally: None,
) -> None:
    """Sample jobs and write their rows; whatever ends this, what is done is in the pool.

    Args:
        engine: The engine.
        jobs: What to sample, read as far as the engine keeps busy with.
        writer: Where rows go.
        tally: Counted up on the way.
        seed: The run's seed.
        advance: Called with the tally after every job.

    Raises:
        SvlawError: The engine cannot go on, or a part cannot be written.
    """
    flying: dict[int, Job] = {}
    unasked: deque[Job] = deque()  # the engine may read batches in a thread of its own

    def settle(job: Job, outcomes: Sequence[Outcome]) -> None:
        rows, failures = _rows(job, outcomes, seed, writer.table == "verifications")
        tally.failures.update(failures)
        tally.done += len(rows)
        tally.output_tokens += sum(row["output_tokens"] or 0 for row in rows)
        writer.add(rows)
        advance(tally)

    def batches() -> Iterator[Batch]:
        for number, job in enumerate(jobs):
            requests = tuple(_requests(job, seed))
            if requests:
                flying[number] = job
                yield Batch(number, requests)
            else:
                unasked.append(job)

    try:
        with closing(_closable(engine.run(batches()))) as results:
            for batch, outcomes in results:
                settle(flying.pop(batch.number), outcomes)
                while unasked:
                    settle(unasked.popleft(), ())
        while unasked:
            settle(unasked.popleft(), ())
    finally:
        writer.flush()


def _closable(
    results: Iterator[tuple[Batch, Sequence[Outcome]]],
) -> Generator[tuple[Batch, Sequence[Outcome]], None, None]:
    yield from results


def _requests(job: Job, seed: int) -> Iterator[Request]:
    for span, prompt in zip(job.spans, job.prompts, strict=True):
        if prompt is not None:
            start = first_seed(seed, *span.parent) + span.first
            yield Request(prompt, start, span.samples)


def _rows(
    job: Job, outcomes: Sequence[Outcome], seed: int, verdicts: bool
) -> tuple[list[Row], Counter[str]]:
    """Rows of what came back, and the failures, which leave no row so that they are tried again."""
    rows: list[Row] = []
    failures: Counter[str] = Counter()
    answers = iter(outcomes)
    for span, prompt in zip(job.spans, job.prompts, strict=True):
        outcome = _NOTHING * span.samples if prompt is None else next(answers)
        if isinstance(outcome, Failure):
            failures[outcome.reason] += span.samples
            continue
        samples = outcome[: span.samples]  # more than were asked for have keys of other samples
        if len(samples) < span.samples:
            failures[_TOO_FEW] += span.samples - len(samples)
        first = None if prompt is None else first_seed(seed, *span.parent) + span.first
        rows.extend(_span_rows(span, samples, first, verdicts))
    return rows, failures


_NOTHING: Final = (Sample(None, None, None, NOTHING_TO_VERIFY),)
_TOO_FEW: Final = "fewer texts than asked for"
_KEY: Final = ("problem_id", "solution_id", "verification_id")


def _span_rows(
    span: Span, samples: Sequence[Sample], first: int | None, verdicts: bool
) -> Iterator[Row]:
    parent = dict(zip(_KEY, span.parent, strict=False))
    number = _KEY[len(parent)]
    for place, sample in enumerate(samples):
        row: Row = {
            **parent,
            number: span.first + place,
            "text": sample.text,
            "prompt_tokens": sample.prompt_tokens,
            "output_tokens": sample.output_tokens,
            "finish_reason": sample.finish_reason,
            "seed": None if first is None else first + place,
        }
        if verdicts and sample.tokens:
            verdict = parse_verdict(sample.text)
            row["p_yes"], row["p_no"] = verdict_probabilities(sample.tokens, verdict)
        yield row
