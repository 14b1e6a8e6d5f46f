"""Runs: an assignment carried out on a pool, from where the last one stopped."""

import importlib
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import polars as pl

from svlaw.data.errors import BadInputError, first_line
from svlaw.data.pool import Pool, open_pool
from svlaw.data.pool_file import POOL_FILE
from svlaw.data.pool_writer import append, create_pool, refuse_bundled, update_metadata
from svlaw.data.shown import Shown
from svlaw.data.workers.ray_cluster import Cluster
from svlaw.generate.assignments import Assignment, assign_solutions, assign_verifications
from svlaw.generate.configuration import Configuration
from svlaw.generate.engines.protocol import Engine
from svlaw.generate.engines.ray_engines import open_on
from svlaw.generate.generation_locks import generation_lock, guard, is_alone
from svlaw.generate.missing_samples import Held, Plan, held_samples, make_plan
from svlaw.generate.parts import Part, PartWriter
from svlaw.generate.pool_settings import join_settings, refuse_changes
from svlaw.generate.problems import problem_remarks
from svlaw.generate.sampler import Job, Tally, sample_jobs
from svlaw.generate.shards import Shard

OpenEngine = Callable[[Assignment], Engine]


@dataclass(frozen=True, repr=False)
class Generation(Shown):
    """What a run came to.

    Attributes:
        pool: The pool as it is afterwards.
        table: The table that grew.
        verifier: The verifier of verifications.
        total: Samples the configuration asks for, in this shard.
        generated: Samples this run brought.
        failures: Samples that failed and are tried again by the next run, by reason.
        output_tokens: Tokens this run brought.
        seconds: How long it took, without loading the model.
        remarks: What the user should know.
    """

    pool: Pool
    table: str
    verifier: str | None
    total: int
    generated: int
    failures: Mapping[str, int]
    output_tokens: int
    seconds: float
    remarks: tuple[str, ...] = ()


@dataclass(frozen=True)
class Reporting:
    """Whom a run tells how far it is.

    Attributes:
        advance: Called with the tally after every job.
        on_part: Called with every part that has been written.
    """

    advance: Callable[[Tally], None] = field(default=lambda tally: None)
    on_part: Callable[[Part], None] = field(default=lambda part: None)


def open_engine(assignment: Assignment, cluster: Cluster | None = None) -> Engine:
    """Load the model, or reach the server, that an assignment names; here or on a cluster.

    Raises:
        BadInputError: Its package is missing, or the model, the server or an option is wrong.
    """
    section = assignment.section
    if cluster is not None:
        return open_on(
            *(cluster, section.engine, section.speaker, assignment.sampling),
            section.engine_options,
        )
    module = importlib.import_module(f"svlaw.generate.engines.{section.engine}")
    engine: Engine = module.open_engine(
        section.speaker, assignment.sampling, section.engine_options
    )
    return engine


def generate_solutions(
    configuration: Configuration, *, shard: Shard | None = None, reporting: Reporting | None = None
) -> Generation:
    """Sample the solutions a configuration asks for and its pool lacks; see `run_assignment`."""
    assignment = assign_solutions(configuration)
    return run_assignment(configuration, assignment, shard=shard, reporting=reporting)


def generate_verifications(
    configuration: Configuration, *, shard: Shard | None = None, reporting: Reporting | None = None
) -> Generation:
    """Sample the verifications a configuration asks for and its pool lacks."""
    assignment = assign_verifications(configuration)
    return run_assignment(configuration, assignment, shard=shard, reporting=reporting)


def run_assignment(
    configuration: Configuration,
    assignment: Assignment,
    *,
    shard: Shard | None = None,
    engine: OpenEngine = open_engine,
    reporting: Reporting | None = None,
) -> Generation:
    """Generate what a pool lacks of an assignment.

    Args:
        configuration: Where the assignment comes from.
        assignment: What there is to be.
        shard: Which of its problems; all by default.
        engine: Opens the engine; called only when something is missing.
        reporting: Whom to tell how far it is.

    Raises:
        BadInputError: The pool was generated with other settings, another process is at work on it,
            or the model or server cannot be used.
        SvlawError: The engine cannot go on, or a part cannot be written. What was done is kept.
    """
    shard, reporting = shard or Shard(), reporting or Reporting()
    work = ".".join(filter(None, (assignment.table, assignment.verifier)))
    _begin_pool(assignment)
    with generation_lock(assignment.pool, work, shard):
        with guard(assignment.pool):
            alone = is_alone(assignment.pool, work, shard)
            pool = _prepare_pool(assignment, alone)
            if alone:
                _sweep(pool, assignment)
        plan = plan_assignment(configuration, assignment, pool, shard)
        tally = Tally(plan.missing())
        if not tally.total:
            return _generation(pool, assignment, plan, tally, 0.0, ())
        running = engine(assignment)
        try:
            writer = PartWriter(
                pool,
                assignment.table,
                assignment.verifier,
                f"{running.name} {running.version}",
                configuration.part_rows,
                60 * configuration.part_minutes,
                reporting.on_part,
            )
            prompt_of = assignment.prompts(pool)
            jobs = (Job(s, [prompt_of(span.parent) for span in s]) for s in plan.jobs())
            began = time.monotonic()
            sample_jobs(
                running, jobs, writer, tally, seed=configuration.seed, advance=reporting.advance
            )
        finally:
            running.close()
        seconds = time.monotonic() - began
    remarks = (*_remarks(assignment), *running.remarks)
    return _generation(pool, assignment, plan, tally, seconds, remarks)


def plan_assignment(
    configuration: Configuration, assignment: Assignment, pool: Pool | None, shard: Shard
) -> Plan:
    """What a pool is to have, and has, of an assignment; None is a pool not yet begun."""
    families = assignment.families(pool, shard)
    held = held_samples(pool, assignment.table, assignment.verifier) if pool else Held({}, {})
    samples = assignment.section.samples
    return make_plan(families, samples, held, configuration.batch_rows)


def existing_pool(assignment: Assignment) -> Pool | None:
    """The pool, if it has been begun, once it is clear that its settings are these.

    Raises:
        BadInputError: It was generated with other settings, its problems are others, or it is a
            bundled example.
    """
    if not assignment.pool.exists():
        return None
    pool = open_pool(assignment.pool, unfinished=True)
    refuse_bundled(pool)
    _joined_settings(pool, assignment, alone=True)
    _new_problems(pool, assignment)
    return pool


def _begin_pool(assignment: Assignment) -> None:
    """Make the pool if it is not there, unless there is nothing that could be generated."""
    pool = existing_pool(assignment)
    assignment.families(pool, Shard())  # raises where there are no solutions to verify
    if pool is not None:
        return
    try:
        with create_pool(assignment.pool, {"source": "svlaw generate"}) as writer:
            writer.add("problems", assignment.problems)
    except (BadInputError, OSError) as error:
        if (assignment.pool / POOL_FILE).exists():  # another shard began it a moment ago
            return
        if isinstance(error, OSError):
            raise BadInputError(
                f"{assignment.pool}: cannot be made ({error.strerror or error})"
            ) from error
        raise


def _prepare_pool(assignment: Assignment, alone: bool) -> Pool:
    """Put settings and new problems into a pool that is held by `guard`."""
    pool = open_pool(assignment.pool, unfinished=True)
    if assignment.verifier in pool.shared_calls:
        raise BadInputError(
            f"{pool.path}: calls of '{assignment.verifier}' are shared, while generated ones each"
            " read one solution; give the new verifications another verifier's name"
        )
    metadata = _metadata(pool, assignment, _joined_settings(pool, assignment, alone))
    new = _new_problems(pool, assignment)
    if new.height:
        pool = append(pool, "problems", new)
    if metadata != pool.metadata or assignment.verifier not in (None, *pool.verifiers):
        pool = update_metadata(pool, metadata, assignment.verifier)
    return pool


def _metadata(pool: Pool, assignment: Assignment, settings: Mapping[str, Any]) -> dict[str, Any]:
    generation = {**pool.metadata.get("generation", {})}
    if assignment.verifier is None:
        generation["solutions"] = settings
    else:
        verifiers = generation.get("verifications", {})
        generation["verifications"] = verifiers | {assignment.verifier: settings}
    return {**pool.metadata, "generation": generation}


def _joined_settings(pool: Pool, assignment: Assignment, alone: bool) -> Mapping[str, Any]:
    """The settings the pool is to keep; while it holds no samples yet, they may still change.

    Args:
        pool: The pool.
        assignment: What is to be added.
        alone: Whether nobody else may be about to add the first samples.

    Raises:
        BadInputError: Samples in it were generated with other settings.
    """
    held = pool.metadata.get("generation", {}).get(assignment.table, {})
    what = "its solutions"
    if assignment.verifier is not None:
        held = held.get(assignment.verifier, {})
        what = f"its verifications by {assignment.verifier}"
    has_samples = pool.has(assignment.table, assignment.verifier)
    if has_samples and not held:
        raise BadInputError(
            f"{pool.path}: {what} were not generated by svlaw, so nothing can be added to them;"
            " generate into another pool, or give the verifier another name"
        )
    if not has_samples and (alone or not held):
        return assignment.settings
    refuse_changes(held, assignment.settings, f"{pool.path}: {what}")
    return join_settings(held, assignment.settings)


def _new_problems(pool: Pool, assignment: Assignment) -> pl.DataFrame:
    """Problems to be sampled that the pool does not hold, with the columns of those it does.

    Raises:
        BadInputError: A problem it does hold is another one.
    """
    sampled = {parent[0] for family in assignment.families(pool, Shard()) for parent in family}
    problems = assignment.problems.filter(pl.col("problem_id").is_in(sampled))
    if not pool.has("problems"):
        return problems
    columns = ["problem_id", "question", "reference_answer", "kind"]
    both = problems.select(columns).join(
        pool.read("problems", columns), on="problem_id", how="inner", suffix="_held"
    )
    for name in columns[1:]:
        held = pl.col(f"{name}_held")  # an imported pool may lack what the configuration gives
        other = both.filter(held.is_not_null() & pl.col(name).ne_missing(held))
        if other.height:
            raise BadInputError(
                f"{pool.path}: problem {other['problem_id'][0]!r} has another {name} in the pool;"
                " generate into another pool, or put the problem back"
            )
    return _fitting(problems.join(both, on="problem_id", how="anti"), pool)


def _fitting(problems: pl.DataFrame, pool: Pool) -> pl.DataFrame:
    """Problems with the further columns that the pool's have, and no others.

    Raises:
        BadInputError: A column is of another type than in the pool.
    """
    columns = [
        (pl.col(name) if name in problems.columns else pl.lit(None)).cast(dtype).alias(name)
        for name, dtype in pool.scan("problems").collect_schema().items()
    ]
    try:
        return problems.select(columns)
    except pl.exceptions.PolarsError as error:
        raise BadInputError(
            f"{pool.path}: new problems do not fit those in the pool ({first_line(error)})"
        ) from error


def _remarks(assignment: Assignment) -> Iterator[str]:
    yield from problem_remarks(assignment.problems)
    if assignment.sampling.temperature == 0 and assignment.section.samples > 1:
        yield (
            f"at temperature 0 all {assignment.section.samples} {assignment.table} of a prompt say"
            " the same"
        )


def _sweep(pool: Pool, assignment: Assignment) -> None:
    """Remove what killed runs left half-written."""
    folder = pool.path / assignment.table / (assignment.verifier or "")
    for leftover in folder.glob(".part-*.tmp"):
        leftover.unlink(missing_ok=True)


def _generation(
    pool: Pool,
    assignment: Assignment,
    plan: Plan,
    tally: Tally,
    seconds: float,
    remarks: tuple[str, ...],
) -> Generation:
    return Generation(
        pool=pool,
        table=assignment.table,
        verifier=assignment.verifier,
        total=plan.total,
        generated=tally.done,
        failures=dict(tally.failures),
        output_tokens=tally.output_tokens,
        seconds=seconds,
        remarks=remarks,
    )
