"""The pilot of a design: the pool at hand, what it holds, and what its own law gives."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from svlaw.analysis.success.success_table import SuccessTable
from svlaw.data.errors import NotInPoolError
from svlaw.data.pool import Pool
from svlaw.data.shown import Shown
from svlaw.fit.designs.search import LEAST_PROBLEMS, Search
from svlaw.fit.designs.sizes import LEAST_SOLUTIONS, LEAST_VERIFICATIONS
from svlaw.fit.designs.target_exponents import Size
from svlaw.fit.designs.trials import half_width_of
from svlaw.fit.laws.advice import TRUST
from svlaw.fit.laws.allocation_law import AllocationLaw


@dataclass(frozen=True, repr=False)
class Pilot(Shown):
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


def held_size(pool: Pool, table: SuccessTable, strategy: str) -> Size:
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


def soundest(laws: Iterable[AllocationLaw], methods: Sequence[str]) -> str | None:
    """The most trusted method whose law of the pilot is in order."""
    sound = {law.method for law in laws if law.status == "ok"}
    return next((name for name in TRUST if name in methods and name in sound), None)


def pilot_of(law: AllocationLaw, problems: int, held: Size, search: Search) -> Pilot:
    """A pilot by one of its laws, beside simulated pools of its size."""
    expected = search.expected(held, problems, law.method)
    return Pilot(
        problems, *held, law.exponent, half_width_of(law), expected, law.method, law.status
    )
