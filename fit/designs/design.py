"""Design of a study: problems, solutions and verdicts that pin an exponent to a wanted width."""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final, Literal

from svlaw.analysis.cost import CostModel, relative_cost
from svlaw.analysis.success.estimators import Options
from svlaw.analysis.success.success_table import SuccessTable
from svlaw.data.errors import BadInputError, NotInPoolError
from svlaw.data.pool import Pool
from svlaw.data.progress import Progress, silent
from svlaw.data.schema import VERIFIED
from svlaw.fit.designs.search import LEAST_PROBLEMS, Candidate, Choice, Search
from svlaw.fit.designs.target_exponents import Size, targets
from svlaw.fit.designs.trials import Laboratory, half_width_of
from svlaw.fit.laws.advice import TRUST
from svlaw.fit.laws.allocation import QUANTITIES, AllocationLaw, Quantity, fit_allocation
from svlaw.fit.laws.methods import METHODS
from svlaw.fit.simulation.population_fit import PopulationFit, fit_population, pool_table

__all__ = ["Candidate", "Design", "design"]

DEFAULT_METHODS: Final = ("isobudget", "envelope")
MOST_PROBLEMS: Final = 100_000
LEAST_SOLUTIONS: Final = 8
"""Fewest solutions a problem of a pilot needs."""
LEAST_VERIFICATIONS: Final = 2
"""Fewest verdicts a solution of a pilot needs, and of a size considered."""
_START: Final = Size(64, 16)
"""Where the sizes considered begin at most."""
_LARGEST: Final = 10_000
"""Largest number of solutions or verdicts that can be asked for."""
_RATIO: Final = 2.0
"""Pilot's half-width over that of simulated pools, or the inverse, that is worth a warning."""
_MOST_VERDICTS: Final = 200_000
"""Most verdicts on a problem of a size considered."""
_PILOT_RESAMPLES: Final = 1000

Status = Literal["ok", "reached", "unlike", "biased", "extrapolated", "too_many", "no_law"]


@dataclass(frozen=True)
class Pilot:
    """The pilot by the method of the design, or the most trusted that gives a law.

    Attributes:
        problems: Problems averaged over.
        solutions: N that 80% of the problems hold.
        verifications: M, likewise.
        exponent: Its exponent; None without.
        half_width: Half of its interval; None without.
        expected_half_width: Of simulated pools of its size; None where there is none.
        method: Method of that law.
        status: Of that law.
    """

    problems: int
    solutions: int
    verifications: int
    exponent: float | None
    half_width: float | None
    expected_half_width: float | None
    method: str
    status: str


@dataclass(frozen=True)
class Design:
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
    held = _held(pilot, table, strategy)
    sizes = _sizes(held, solutions, verifications)
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
    chosen = choice.method if choice else _sound(own, methods)
    law = next(law for law in own if law.method == (chosen or methods[0]))
    found = _pilot(law, table.n_problems, held, search)
    status, notes = _judge(width, choice, search, population, found)
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


def check_pilot(pool: Pool, verifier: str | None) -> str:
    """The pilot's verifier.

    Raises:
        NotInPoolError: The pool cannot be a pilot.
    """
    if pool.is_published_table:
        raise NotInPoolError(
            f"{pool.path}: a published table has no problems to learn from; a pilot is a pool with"
            " solutions and verdicts"
        )
    if not pool.verifiers:
        raise NotInPoolError(
            f"{pool.path}: holds no verdicts; a pilot needs at least {LEAST_VERIFICATIONS} on each"
            " solution"
        )
    return pool.resolve_verifier(verifier)


def _held(pool: Pool, table: SuccessTable, strategy: str) -> Size:
    """Solutions and verdicts that most problems hold.

    Raises:
        NotInPoolError: They are too few, or the problems are.
    """
    points = table.select(strategy).points
    held = Size(*(int(points[name].to_numpy().max()) for name in Size._fields))
    needs = (
        (table.n_problems, LEAST_PROBLEMS, "problems"),
        (held.solutions, LEAST_SOLUTIONS, "verified solutions in most problems"),
        (held.verifications, LEAST_VERIFICATIONS, "verdicts on most solutions"),
    )
    for count, least, what in needs:
        if count < least:
            raise NotInPoolError(
                f"{pool.path}: a pilot needs at least {least} {what}; this one has {count}:"
                " generate more"
            )
    return held


def _sizes(
    held: Size, solutions: Sequence[int] | None, verifications: Sequence[int] | None
) -> list[Size]:
    """Sizes to consider: powers of two from about the pilot's, or from _START, to four times that.

    Less is often cheaper still, but makes a law over fewer budgets than the pilot's.

    Raises:
        BadInputError: A value that is given cannot be used.
    """
    axes: list[list[int]] = []
    for name, given, own, start, least in (
        ("solutions", solutions, held.solutions, _START.solutions, LEAST_SOLUTIONS),
        ("verifications", verifications, held.verifications, _START.verifications, 2),
    ):
        first = min(2 ** round(math.log2(own)), start)
        values = sorted(set(given or [first, 2 * first, 4 * first]))
        wrong = [value for value in values if not least <= value <= _LARGEST]
        if wrong:
            raise BadInputError(
                f"{name} = {wrong[0]}: use whole numbers from {least} to {_LARGEST:,}"
            )
        axes.append(values)
    most = max(axes[0]) * max(axes[1])
    if most > _MOST_VERDICTS:
        raise BadInputError(
            f"{max(axes[0]):,} solutions with {max(axes[1]):,} verifications are {most:,} verdicts"
            f" on a problem: at most {_MOST_VERDICTS:,} are simulated; ask for fewer"
        )
    return [Size(N, M) for N in axes[0] for M in axes[1]]


def _sound(laws: Iterable[AllocationLaw], methods: Sequence[str]) -> str | None:
    """The most trusted method whose law of the pilot is in order."""
    sound = {law.method for law in laws if law.status == "ok"}
    return next((name for name in TRUST if name in methods and name in sound), None)


def _pilot(law: AllocationLaw, problems: int, held: Size, search: Search) -> Pilot:
    expected = search.expected(held, problems, law.method)
    return Pilot(
        problems, *held, law.exponent, half_width_of(law), expected, law.method, law.status
    )


def _judge(
    width: float,
    choice: Choice | None,
    search: Search,
    population: PopulationFit,
    pilot: Pilot,
) -> tuple[Status, tuple[str, ...]]:
    """Status, the gravest first, and everything doubtful in words."""
    found: list[tuple[Status, str]] = []
    if reached := _reached(pilot, width):
        found.append(("reached", reached))
    if choice is None:
        found.append(search.trouble())
    elif choice.candidate.bias is not None and abs(choice.candidate.bias) > width:
        found.append(("biased", _bias_words(choice.candidate)))
    if population.status == "unlike":
        found.append(("unlike", population.words))
    if choice and choice.extrapolated:
        found.append(
            (
                "extrapolated",
                f"so many problems were not simulated: the half-width continues that of"
                f" {choice.simulated:,}",
            )
        )
    notes = [words for _, words in found]
    if words := _pilot_words(pilot):
        notes.append(words)
    return (found[0][0] if found else "ok"), tuple(notes)


def _reached(pilot: Pilot, width: float) -> str:
    if pilot.status != "ok" or pilot.half_width is None or pilot.half_width > width:
        return ""
    usual = pilot.expected_half_width
    return (
        f"the pilot is enough: its {pilot.method} exponent is {pilot.exponent:.3f} to within"
        f" {pilot.half_width:.3f}"
        + (f" ({usual:.3f} in simulated pools of its size)" if usual is not None else "")
    )


def _bias_words(candidate: Candidate) -> str:
    return (
        f"{candidate.method} converges to {candidate.grid_exponent:.2f} on this grid, while the"
        f" optimum itself grows with an exponent of {candidate.true_exponent:.2f}: more problems"
        " never remove the difference; another method, or more solutions and verifications, may"
    )


def _pilot_words(pilot: Pilot) -> str:
    own, expected = pilot.half_width, pilot.expected_half_width
    if pilot.status != "ok" or own is None or not expected:
        return ""
    if 1 / _RATIO < own / expected < _RATIO:
        return ""
    return (
        f"the pilot's own half-width is {own:.3f}, that of simulated pools of its size"
        f" {expected:.3f}: problems may have to be {(own / expected) ** 2:.2g} times as many"
    )
