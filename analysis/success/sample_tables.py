"""Success tables of samples that are in memory, such as simulated ones."""

from collections.abc import Sequence
from dataclasses import replace
from itertools import compress

from svlaw.analysis.kernels.problem_sample import ProblemSample
from svlaw.analysis.strategies.specs import parse_specs
from svlaw.analysis.success.estimators import Options
from svlaw.analysis.success.execution import calibrated, estimate_here
from svlaw.analysis.success.grid import Values
from svlaw.analysis.success.success_table import SuccessTable, assemble
from svlaw.analysis.success.table_blocks import Asked, plan_blocks
from svlaw.data.progress import Progress, silent


def table_of_samples(
    samples: Sequence[ProblemSample],
    strategies: Sequence[str],
    solutions: Values = None,
    verifications: Values = None,
    *,
    options: Options | None = None,
    verifier: str | None = None,
    threads: int | None = None,
    progress: Progress = silent,
) -> SuccessTable:
    """Estimate success from samples in memory, as `success_table` does from a pool.

    Args:
        samples: The problems.
        strategies: Strategies wanted.
        solutions: Values of S; `all`; `fine`; powers of two when None.
        verifications: Values of V; `all`; `fine`; powers of two when None.
        options: Policies, tolerance and seed; the samples are used as they are, whatever
            population and half they name.
        verifier: What to call the verifier.
        threads: Threads to use; all cores when None.
        progress: Called with the number of problems done.

    Raises:
        BadInputError: A value cannot be used, or no problem holds that much.
        NotInPoolError: The samples lack what a strategy needs.
    """
    shared = any(sample.calls is not None for sample in samples)
    asked = Asked(
        parse_specs(strategies),
        solutions,
        verifications,
        options or Options(),
        verifier,
        "shared" if shared else "independent",
        None,
    )
    blocks, kept = plan_blocks([sample.problem_id for sample in samples], samples, asked)
    used = list(compress(samples, kept))
    blocks = [
        calibrated(block, used) if block.rules and block.rules[0].rule.needs_calibration else block
        for block in blocks
    ]
    estimates = estimate_here([used], blocks, threads, progress)
    table = assemble(blocks, estimates, int((~kept).sum()))
    return replace(table, calls=asked.calls)
