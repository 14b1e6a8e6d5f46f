"""Design of a study: problems, solutions and verdicts that pin an exponent to a wanted width."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import polars as pl

from svlaw.analysis.cost import CostModel, relative_cost
from svlaw.analysis.success.estimators import Options
from svlaw.data.errors import BadInputError
from svlaw.data.pool import Pool
from svlaw.data.progress import Progress, silent
from svlaw.data.schema import VERIFIED
from svlaw.data.shown import Shown, rows_of
from svlaw.data.table_texts import TextTable
from svlaw.fit.designs.design_status import Status, doubts
from svlaw.fit.designs.design_table import design_table
from svlaw.fit.designs.pilot import Pilot, check_pilot, held_size, pilot_of, soundest
from svlaw.fit.designs.search import LEAST_PROBLEMS, Candidate, Search
from svlaw.fit.designs.sizes import sizes_around
from svlaw.fit.designs.target_exponents import targets
from svlaw.fit.designs.trials import Laboratory
from svlaw.fit.laws.advice import TRUST
from svlaw.fit.laws.allocation import fit_allocation
from svlaw.fit.laws.allocation_law import QUANTITIES, Quantity
from svlaw.fit.laws.methods import METHODS
from svlaw.fit.simulation.population_fit import PopulationFit, fit_population, pool_table

__all__ = ["Candidate", "Design", "design"]

DEFAULT_METHODS: Final = ("isobudget", "envelope")
MOST_PROBLEMS: Final = 100_000
_PILOT_RESAMPLES: Final = 1000


@dataclass(frozen=True, repr=False)
class Design(Shown):
    """What to generate.

    Attributes:
        problems: Problems; None where no size does.
        solutions: Solutions of each; None likewise.
        verifications: Verdicts on each solution; None likewise.
        generations: Cost of all, in units of the cost; None likewise.
        half_width: Half of the exponent's 95% interval, median of simulated pools of this size.
        exponent: Mean exponent of those pools.
        grid_exponent: What the method makes of infinitely many problems on the size's grid.
        true_exponent: Exponent of the fitted population's true optimum over the budgets of the
            size; None for weighted voting.
        bias: `grid_exponent` less `true_exponent`: what more problems never remove.
        method: Method the exponent is fitted by.
        strategy: The strategy.
        quantity: `solutions` (exponent a) or `verifications` (exponent b).
        width: Half-width that was wanted.
        candidates: All sizes by all methods considered, cheapest first, those that do not do last.
        population: The population the pools were drawn from.
        pilot: What the pilot itself gives.
        n_problems: Problems of the pilot.
        cost: Label of the cost.
        seed: Seed of every random draw.
        status: `ok`; `reached`, the pilot is enough; `unlike`, the population is unlike the pilot;
            `biased`, the method misses the true exponent by more than the width; `extrapolated`,
            so many problems were not simulated; `too_many`, no size does with the problems allowed;
            `no_law`, no size gives a law.
        notes: What is doubtful, in words.
    """

    problems: int | None
    solutions: int | None
    verifications: int | None
    generations: float | None
    half_width: float | None
    exponent: float | None
    grid_exponent: float | None
    true_exponent: float | None
    bias: float | None
    method: str | None
    strategy: str
    quantity: Quantity
    width: float
    candidates: tuple[Candidate, ...]
    population: PopulationFit
    pilot: Pilot
    n_problems: int
    cost: str
    seed: int
    status: Status
    notes: tuple[str, ...]

    @property
    def gap(self) -> float:
        """Largest difference in success between the fitted population and the pilot."""
        return self.population.gap

    @property
    def words(self) -> str:
        """The notes as one text."""
        return "; ".join(self.notes)

    def frame(self) -> pl.DataFrame:
        """One row per size considered, with the fields of `Candidate`."""
        return rows_of(self.candidates)

    def _lines(self) -> list[str]:
        law = "S ~ C^a" if self.quantity == "solutions" else "V ~ C^b"
        wanted = f"{law} of {self.strategy} to within {self.width:g}"
        lines = [f"Design for {wanted}: status {self.status}"]
        return [*lines, *(f"  {note}" for note in design_table(self).notes)]

    def _tables(self) -> list[TextTable]:
        return [design_table(self)]


def design(
    pilot: Pool,
    *,
    width: float,
    strategy: str = "best_of_n",
    quantity: Quantity = "solutions",
    method: str | None = None,
    cost: CostModel | None = None,
    solutions: Sequence[int] | None = None,
    verifications: Sequence[int] | None = None,
    problems_at_most: int = MOST_PROBLEMS,
    verifier: str | None = None,
    options: Options | None = None,
    resamples: int = 200,
    seed: int = 0,
    threads: int | None = None,
    progress: Progress = silent,
) -> Design:
    """Find the cheapest pool that pins an exponent to a wanted width.

    A population is fitted to the pilot. For each size (N solutions, M verdicts) pools are drawn
    from it, the law is fitted, and the half-width of its interval says how many problems it takes.
    The cheapest size is then drawn with that many problems until the half-width is as wanted.

    Args:
        pilot: A pool with verdicts.
        width: Half-width of the exponent's 95% interval to reach.
        strategy: `best_of_n` or `weighted_vote`.
        quantity: `solutions` (exponent a) or `verifications` (exponent b).
        method: Method of the law; the most trusted with which a size does when None.
        cost: The cost model; relative with lambda measured from the pilot when None.
        solutions: Values of N to consider; powers of two around the pilot's when None.
        verifications: Values of M to consider, likewise.
        problems_at_most: Most problems there can be.
        verifier: Verifier of the pilot; may be None when it has one.
        options: Options of the estimators, for the pilot's success.
        resamples: Resamples behind each simulated interval.
        seed: Seed of every random draw.
        threads: Threads to use; all cores when None.
        progress: Called with the number of the pilot's problems done, then of simulated pools.

    Raises:
        BadInputError: A number or name makes no sense.
        NotInPoolError: The pilot is too small, or lacks what the population is fitted to.
    """
    check_request(width, strategy, quantity, method, problems_at_most)
    if resamples < 40:
        raise BadInputError(f"resamples = {resamples}: use at least 40")
    methods = DEFAULT_METHODS if method is None else (method,)
    options = options or Options(seed=seed)
    verifier = check_pilot(pilot, verifier)
    cost = cost or relative_cost(pilot, None, verifier)
    table = pool_table(pilot, verifier, strategy, options, progress)
    held = held_size(pilot, table, strategy)
    sizes = sizes_around(held, solutions, verifications)
    population = fit_population(pilot, verifier, strategy=strategy, table=table, options=options)
    search = Search(
        Laboratory(
            population.simulation,
            cost,
            strategy,
            quantity,
            methods,
            resamples=resamples,
            seed=seed,
            threads=threads,
            progress=progress,
        ),
        targets(population.simulation, cost, sizes, strategy, quantity, methods),
        cost,
        width,
        problems_at_most,
    )
    laws = fit_allocation(
        table.select(strategy), cost, methods, resamples=_PILOT_RESAMPLES, seed=seed
    ).laws
    own = [law for law in laws if law.quantity == quantity]
    search.draw(held, table.n_problems)
    choice = search.choose([name for name in TRUST if name in methods])
    chosen = choice.method if choice else soundest(own, methods)
    law = next(law for law in own if law.method == (chosen or methods[0]))
    found = pilot_of(law, table.n_problems, held, search)
    status, notes = doubts(width, choice, search, population, found)
    best = choice.candidate if choice else None
    return Design(
        problems=best.problems if best else None,
        solutions=best.solutions if best else None,
        verifications=best.verifications if best else None,
        generations=best.generations if best else None,
        half_width=choice.half_width if choice else None,
        exponent=choice.exponent if choice else None,
        grid_exponent=best.grid_exponent if best else None,
        true_exponent=best.true_exponent if best else None,
        bias=best.bias if best else None,
        method=choice.method if choice else None,
        strategy=strategy,
        quantity=quantity,
        width=width,
        candidates=search.candidates(),
        population=population,
        pilot=found,
        n_problems=table.n_problems,
        cost=cost.label,
        seed=seed,
        status=status,
        notes=notes,
    )


def check_request(
    width: float, strategy: str, quantity: str, method: str | None, problems_at_most: int
) -> None:
    """Raise for a wish that makes no sense, before any work.

    Raises:
        BadInputError: A number or name makes no sense.
    """
    if not 0 < width < 1:
        raise BadInputError(f"width = {width:g}: use a number between 0 and 1")
    for name, value, known in (
        ("strategy", strategy, VERIFIED),
        ("quantity", quantity, QUANTITIES),
        ("method", method or METHODS[0], METHODS),
    ):
        if value not in known:
            raise BadInputError(f"unknown {name} '{value}'; use {' or '.join(known)}")
    if problems_at_most < LEAST_PROBLEMS:
        raise BadInputError(
            f"problems_at_most = {problems_at_most}: use a whole number from {LEAST_PROBLEMS}"
        )
