"""The outlook: what a run would ask for and cost, without starting it."""

from collections.abc import Sequence
from dataclasses import dataclass

import polars as pl

from svlaw.data.pool import Pool
from svlaw.generate.assignments import Assignment, PromptOf
from svlaw.generate.configuration import Configuration
from svlaw.generate.engines.checkpoints import count_parameters, count_tokens
from svlaw.generate.missing_samples import Span
from svlaw.generate.parts import read_log
from svlaw.generate.runs import existing_pool, plan_assignment
from svlaw.generate.shards import Shard

_PROBE = 64
"""Prompts whose tokens are counted; the others are taken to be like them."""


@dataclass(frozen=True)
class Outlook:
    """What a run would take.

    Attributes:
        table: The table it would add to.
        verifier: The verifier of verifications.
        parents: Problems, or solutions, to be sampled.
        total: Samples there are to be.
        held: Samples there are.
        missing: Samples to generate.
        prompts: Prompts to be read, each once for the samples that share it.
        prompt_tokens: Tokens of all prompts, from a number of them.
        counted: Whether tokens were counted by the model's tokenizer, or guessed from characters.
        output_tokens: Tokens to generate: the mean of those there are, else the most.
        measured: Whether that is a mean, or the most there can be.
        parameters: Parameters of the model; None where they are not known.
        flops: 2 x parameters x (prompt tokens + output tokens); None where they are not known.
        seconds: From the speed of the pool's last parts; None for a first run.
        first_prompt: The first prompt, as it would be sent.
    """

    table: str
    verifier: str | None
    parents: int
    total: int
    held: int
    missing: int
    prompts: int
    prompt_tokens: int
    counted: bool
    output_tokens: int
    measured: bool
    parameters: float | None
    flops: float | None
    seconds: float | None
    first_prompt: str | None


def look_ahead(
    configuration: Configuration, assignment: Assignment, shard: Shard | None = None
) -> Outlook:
    """Work out what a run would take; nothing is written and no model is loaded.

    Raises:
        BadInputError: As `runs.run_assignment`.
        NotInPoolError: There are no solutions to verify.
    """
    pool = existing_pool(assignment)
    plan = plan_assignment(configuration, assignment, pool, shard or Shard())
    spans = [span for job in plan.jobs() for span in job]
    missing, prompts = sum(span.samples for span in spans), len(spans)
    probe = _probe(spans, assignment.prompts(pool))
    model, section = assignment.section.speaker, assignment.section
    tokens, counted = count_tokens(model, probe)
    prompt_tokens = round(tokens / len(probe) * prompts) if probe else 0
    mean = _mean_output(pool, assignment)
    output_tokens = round((section.sampling.max_tokens if mean is None else mean) * missing)
    parameters = section.parameters or count_parameters(model)
    return Outlook(
        table=assignment.table,
        verifier=assignment.verifier,
        parents=sum(map(len, plan.groups)),
        total=plan.total,
        held=plan.total - missing,
        missing=missing,
        prompts=prompts,
        prompt_tokens=prompt_tokens,
        counted=counted,
        output_tokens=output_tokens,
        measured=mean is not None,
        parameters=parameters,
        flops=2 * parameters * (prompt_tokens + output_tokens) if parameters else None,
        seconds=_seconds(pool, assignment, output_tokens),
        first_prompt=probe[0] if probe else None,
    )


def _probe(spans: Sequence[Span], prompt_of: PromptOf) -> list[str]:
    """Some prompts of what is missing, spread over all of it."""
    step = max(1, len(spans) // _PROBE)
    prompts = (prompt_of(span.parent) for span in spans[::step][:_PROBE])
    return [prompt for prompt in prompts if prompt is not None]


def _mean_output(pool: Pool | None, assignment: Assignment) -> float | None:
    if pool is None or not pool.has(assignment.table, assignment.verifier):
        return None
    query = pool.scan(assignment.table, assignment.verifier).select(pl.col("output_tokens").mean())
    mean: float | None = pool.collect(query, assignment.table).item()
    return mean


def _seconds(pool: Pool | None, assignment: Assignment, output_tokens: int) -> float | None:
    if pool is None:
        return None
    wanted = (assignment.table, assignment.verifier)
    parts = [part for part in read_log(pool.path) if (part.table, part.verifier) == wanted][-10:]
    tokens = sum(part.output_tokens for part in parts)
    seconds = sum(part.seconds for part in parts)
    return output_tokens * seconds / tokens if tokens else None
