"""Where estimates are computed: threads of this machine, or the nodes of a cluster."""

import threading
from collections.abc import Iterable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import closing
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from svlaw.analysis.kernels.problem_sample import ProblemSample
from svlaw.analysis.strategies.call_watch import LIMIT_SECONDS, Heartbeat, watched
from svlaw.analysis.strategies.own_code import modules_beside
from svlaw.analysis.strategies.own_policy import OwnPolicy
from svlaw.analysis.strategies.own_strategies import OwnStrategy
from svlaw.analysis.strategies.policies.evaluation import evaluate
from svlaw.analysis.strategies.policies.replays import Replayed
from svlaw.analysis.strategies.policies.usage import SUCCESS
from svlaw.analysis.strategies.rules.calibration import cross_fit, fold_of
from svlaw.analysis.success.estimators import Estimate, estimate
from svlaw.analysis.success.own_policy_estimator import estimate_own_policy
from svlaw.analysis.success.own_rule_estimator import estimate_own_rule
from svlaw.analysis.success.point_usage import USED
from svlaw.analysis.success.rule_estimator import count_sample_scores, estimate_rule
from svlaw.analysis.success.sample_reader import BatchReader, Holding, SampleReader
from svlaw.analysis.success.table_store import Block, BlockEstimate
from svlaw.data.progress import Progress
from svlaw.data.workers.cores import usable_cores
from svlaw.data.workers.ray_cluster import Cluster
from svlaw.data.workers.table_batches import check_seen, for_nodes

F64 = npt.NDArray[np.float64]


def estimate_here(
    batches: Iterable[list[ProblemSample]],
    blocks: Sequence[Block],
    threads: int | None,
    progress: Progress,
) -> list[BlockEstimate]:
    """Estimate blocks of strategies on all problems; a batch is read while another is estimated.

    Args:
        batches: Samples of the blocks' problems, in their order.
        blocks: Blocks of the same problems.
        threads: Threads to use; all cores when None.
        progress: Called with the number of problems done.
    """
    n_problems = len(blocks[0].problem_ids)
    found = [BlockEstimate.empty(block) for block in blocks]

    has_failed = threading.Event()

    def work(place: int, sample: ProblemSample) -> None:
        if has_failed.is_set():
            return
        try:
            fill(place, sample)
        except BaseException:
            has_failed.set()
            raise

    def fill(place: int, sample: ProblemSample) -> None:
        for result, arrays in zip(found, _of_problem(sample, blocks, n_problems), strict=True):
            for room, values in zip(result.arrays, arrays, strict=True):
                room[place] = values

    executor = ThreadPoolExecutor(threads or usable_cores())
    place, done = 0, 0
    running: list[Future[None]] = []

    def drain(futures: list[Future[None]]) -> None:
        nonlocal done
        for future in futures:
            future.result()
            done += 1
            progress(done, n_problems)

    try:
        for samples in batches:
            submitted = [executor.submit(work, place + i, s) for i, s in enumerate(samples)]
            place += len(samples)
            drain(running)
            running = submitted
        drain(running)
    finally:
        executor.shutdown(cancel_futures=True)
    return found


def holdings_on(cluster: Cluster, reader: SampleReader) -> list[Holding]:
    """What each problem of a reader holds, counted on the nodes of a cluster.

    Raises:
        BadInputError: A part is damaged.
    """
    source = _shared(reader)
    runs = ((source, ids) for ids, _ in reader.runs())
    with closing(cluster.map_ordered(_count_part, runs)) as counted:
        return [holding for held in counted for holding in held]


def _count_part(part: tuple[BatchReader, Sequence[str]]) -> list[Holding]:
    source, ids = part
    check_seen(source.pool)
    return list(source.count(ids))


def estimate_on(
    cluster: Cluster,
    reader: SampleReader,
    kept: npt.NDArray[np.bool_],
    blocks: Sequence[Block],
    progress: Progress,
) -> list[BlockEstimate]:
    """The same on the nodes of a cluster, which read the pool themselves.

    Every problem is computed by itself from seeds of its own, so the result is that of
    `estimate_here` to the last byte.

    Args:
        cluster: The cluster.
        reader: Reader of the pool, whose folder every node must see under the same path.
        kept: Mask over the reader's problems: those of the blocks.
        blocks: Blocks of the same problems.
        progress: Called with the number of problems done.
    """
    n_problems = len(blocks[0].problem_ids)
    found = [BlockEstimate.empty(block) for block in blocks]
    for block in blocks:
        if block.own is not None:
            for module in modules_beside(block.own.written):  # which the nodes do not have
                cluster.ray.cloudpickle.register_pickle_by_value(module)
    bare = tuple(replace(block, problem_ids=()) for block in blocks)
    source = _shared(reader)
    parts = (_Part(source, ids, wanted, bare, n_problems) for ids, wanted in reader.runs(kept))
    done = 0
    with closing(cluster.map_ordered(_estimate_part, parts)) as estimated:
        for estimates in estimated:
            count = len(estimates[0][0])
            for result, arrays in zip(found, estimates, strict=True):
                for room, values in zip(result.arrays, arrays, strict=True):
                    room[done : done + count] = values
            done += count
            progress(done, n_problems)
    return found


def _shared(reader: SampleReader) -> BatchReader:
    """What reads a batch, for processes with other working directories."""
    return replace(reader.source, pool=for_nodes(reader.source.pool))


@dataclass(frozen=True)
class _Part:
    """Problems to be estimated on one core of a cluster."""

    source: BatchReader
    ids: Sequence[str]
    kept: frozenset[str]
    blocks: tuple[Block, ...]
    n_problems: int


def _estimate_part(part: _Part) -> list[tuple[F64, ...]]:
    """(problems, ...) arrays of `BlockEstimate` for each block."""
    check_seen(part.source.pool)
    samples = [s for s in part.source.read(part.ids) if s.problem_id in part.kept]
    rows = [_of_problem(sample, part.blocks, part.n_problems) for sample in samples]
    return [
        tuple(np.stack(arrays) for arrays in zip(*(row[i] for row in rows), strict=True))
        for i in range(len(part.blocks))
    ]


def _of_problem(
    sample: ProblemSample, blocks: Sequence[Block], n_problems: int
) -> list[tuple[F64, ...]]:
    """A problem's part of the arrays of `BlockEstimate` for each block."""
    return [
        _of_own(sample, block, block.own, n_problems)
        if block.own is not None
        else _of_policies(sample, block, n_problems)
        if block.is_policy
        else _of_rules(sample, block, n_problems)
        if block.rules
        else _of_points(sample, block, n_problems)
        for block in blocks
    ]


def _of_points(sample: ProblemSample, block: Block, n_problems: int) -> tuple[F64, ...]:
    found = estimate(
        block.strategy,
        sample,
        block.solutions,
        block.verifications,
        block.options,
        n_problems,
    )
    return found.success.ravel(), found.variance.ravel()


def _of_rules(sample: ProblemSample, block: Block, n_problems: int) -> tuple[F64, ...]:
    chosen = [
        folds[fold_of(sample.problem_id, len(folds), block.options.seed)]
        for folds in block.calibrations
    ]
    found = estimate_rule(
        block.rules,
        sample,
        block.solutions,
        block.verifications,
        block.options,
        n_problems,
        chosen,
    )
    success = np.concatenate([one.success.ravel() for one in found])
    return success, np.concatenate([one.variance.ravel() for one in found])


def _of_own(
    sample: ProblemSample, block: Block, own: OwnStrategy, n_problems: int
) -> tuple[F64, ...]:
    code = own.code
    if isinstance(code, OwnPolicy):
        policy = code

        def replayed(beat: Heartbeat) -> Replayed:
            return estimate_own_policy(policy, sample, block.options, n_problems, beat)

        return _used(sample, watched(own.name, replayed, LIMIT_SECONDS))
    rule = code

    def estimated(beat: Heartbeat) -> Estimate:
        axes = (block.solutions, block.verifications)
        return estimate_own_rule(rule, sample, *axes, block.options, n_problems, beat)

    found = watched(own.name, estimated, rule.limit)
    return found.success.ravel(), found.variance.ravel()


def calibrated(block: Block, samples: Iterable[ProblemSample]) -> Block:
    """A block of a rule that is learnt, with what it learns from the problems of the block.

    Args:
        block: The block.
        samples: The problems.

    Raises:
        BadInputError: There are too few problems to learn from.
    """
    counts = [
        (one.problem_id, count_sample_scores(one, block.verifications, block.options))
        for one in samples
    ]
    seed = block.options.seed
    learnt = tuple(
        tuple(cross_fit(counts, int(s.values["folds"]), str(s.values["fit"]), seed))
        for s in block.rules
    )
    return replace(block, calibrations=learnt)


def _of_policies(sample: ProblemSample, block: Block, n_problems: int) -> tuple[F64, ...]:
    options = block.options
    found = evaluate(
        block.strategy,
        sample,
        block.policies,
        count_unparsed=options.unparsed == "no",
        zero_missing=options.missing_answer == "zero",
        target=options.target(n_problems),
        limit=options.max_replicates,
        seed=options.seed,
    )
    return _used(sample, found)


def _used(sample: ProblemSample, found: Replayed) -> tuple[F64, ...]:
    """The arrays of `BlockEstimate` of a policy, from its replays."""
    used, largest = found.mean[:, 1:].T.copy(), found.largest[:, 1:].T.copy()
    tokens = np.full(3, np.nan)
    if sample.lengths is None:
        unknown = [USED.index(name) for name in USED if name.endswith("tokens")]
        used[unknown] = largest[unknown] = np.nan
    else:
        lengths, calls = sample.lengths, sample.calls
        judged = lengths.verdicts if calls is None else lengths.of_calls(calls, sample.n_calls)
        tokens = lengths.means(judged)
    return found.mean[:, SUCCESS], found.variance[:, SUCCESS], used, largest, tokens
