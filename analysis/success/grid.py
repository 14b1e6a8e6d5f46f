"""Which (S, V) points an analysis covers, and which problems can support all of them."""

import math
from bisect import bisect_left
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final, Literal, Protocol

import numpy as np
import numpy.typing as npt

from svlaw.analysis.strategies.own_strategies import is_own
from svlaw.analysis.strategies.rules.rule_catalogue import RULES
from svlaw.data.errors import BadInputError, NotInPoolError
from svlaw.data.schema import BASELINES, STRATEGIES

SUPPORT: Final = 0.8
"""Share of the problems that must support the default grid."""

Mask = npt.NDArray[np.bool_]
PER_DOUBLING: Final = 8
"""Values per doubling of a fine grid, where whole numbers allow as many."""
Values = Sequence[int] | Literal["all", "fine"] | None
"""Chosen values of S or V; all of them; eight per doubling; or powers of two."""
Spacing = Literal["powers", "fine", "all"]


class Holder(Protocol):
    """A problem, as far as its size goes."""

    @property
    def n_solutions(self) -> int:
        """N."""
        ...

    @property
    def depths(self) -> npt.NDArray[np.integer]:
        """(N,) largest V that each solution supports."""
        ...

    @property
    def n_verifier_answers(self) -> int:
        """Number of the verifier's own answers."""
        ...


@dataclass(frozen=True)
class Grid:
    """Points of an analysis and the problems it averages over.

    Attributes:
        points: (strategy, S, V) in the order of results; V is 0 without a verifier.
        problems: Mask over the samples: those that support every point which any problem supports.
    """

    points: tuple[tuple[str, int, int], ...]
    problems: Mask

    def axes(self, strategy: str) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
        """Distinct values of S and of V of a strategy, ascending."""
        pairs = [(s, v) for name, s, v in self.points if name == strategy]
        return (
            np.unique(np.array([s for s, _ in pairs], np.int64)),
            np.unique(np.array([v for _, v in pairs], np.int64)),
        )


class _Holdings:
    """What each problem holds: N, and the number of solutions that support V."""

    def __init__(self, problems: Sequence[Holder]) -> None:
        self._depths = [np.sort(p.depths) for p in problems]
        self._verified: dict[int, npt.NDArray[np.int64]] = {}
        self.solutions = np.array([p.n_solutions for p in problems], np.int64)
        self.deepest = max((int(v[-1]) for v in self._depths if v.size), default=0)

    def verified(self, verifications: int) -> npt.NDArray[np.int64]:
        """(P,) number of solutions that support V."""
        if verifications not in self._verified:
            counts = [v.size - np.searchsorted(v, verifications) for v in self._depths]
            self._verified[verifications] = np.array(counts, np.int64)
        return self._verified[verifications]

    def supports(self, strategy: str, solutions: int, verifications: int) -> Mask:
        """(P,) whether each problem can support a point."""
        if strategy in BASELINES:
            return self.solutions >= solutions
        return self.verified(verifications) >= solutions


def choose_grid(
    problems: Sequence[Holder],
    strategies: Sequence[str],
    solutions: Values = None,
    verifications: Values = None,
) -> Grid:
    """Choose points and problems.

    Without explicit values the grid holds the powers of two, with `fine` up to eight values per
    doubling, or with `all` every value, up to the
    largest S and V that at least 80% of the problems support (S first, then V). With explicit
    values, problems that do not support them are set aside; a point that no problem supports stays,
    without a result.

    Args:
        problems: The problems.
        strategies: Strategies to cover, without repetition.
        solutions: Explicit values of S, `fine` or `all`.
        verifications: Explicit values of V, `fine` or `all`.

    Raises:
        BadInputError: A value is below 1 or larger than the pool holds, or no problem supports all.
        NotInPoolError: No problem has a solution, or (for a strategy with a verifier) a verdict.
    """
    known = (*STRATEGIES, *RULES)
    unknown = [name for name in strategies if name not in known and not is_own(name)]
    if unknown or not strategies:
        raise BadInputError(
            f"unknown strategy '{unknown[0] if unknown else ''}'; use {', '.join(STRATEGIES)}"
        )
    holdings = _Holdings(problems)
    spacing_S, solutions = split_values(solutions)
    spacing_V, verifications = split_values(verifications)
    baselines = [name for name in strategies if name in BASELINES]
    verified = [name for name in strategies if name not in BASELINES]
    most = int(holdings.solutions.max(initial=0))
    if most == 0:
        raise NotInPoolError("no problem has a solution")
    if verified and holdings.deepest == 0:
        raise NotInPoolError(f"{verified[0]} needs verdicts; no solution has any")
    reach = most if baselines else int(holdings.verified(1).max())
    _check_values("S", solutions, reach, "solutions per problem")
    _check_values("V", verifications if verified else None, holdings.deepest, "verdicts each")
    default = _Default(
        holdings, bool(baselines), bool(verified), solutions, verifications, spacing_S, spacing_V
    )
    points: list[tuple[str, int, int]] = []
    for name in strategies:
        if name in BASELINES:
            points += [(name, s, 0) for s in sorted(set(solutions or default.baseline))]
        else:
            values = sorted(set(solutions or default.verified))
            depths = sorted(set(verifications or default.depths))
            points += [(name, s, v) for v in depths for s in values]
    return Grid(tuple(points), _common_problems(holdings, points))


def split_values(values: Values) -> tuple[Spacing, Sequence[int] | None]:
    """How values are spaced where none are given, and those that are."""
    if isinstance(values, str):
        if values not in {"all", "fine"}:
            raise BadInputError(f"values {values!r}: use whole numbers, 'fine' or 'all'")
        return values, None
    return "powers", values


def _check_values(symbol: str, values: Sequence[int] | None, most: int, what: str) -> None:
    for value in values or ():
        if value < 1:
            raise BadInputError(f"{symbol} = {value}: use whole numbers from 1")
        if value > most:
            raise BadInputError(
                f"{symbol} = {value} is larger than the pool holds (at most {most} {what})"
            )


def _common_problems(holdings: _Holdings, points: Sequence[tuple[str, int, int]]) -> Mask:
    common = np.ones(holdings.solutions.size, np.bool_)
    for support in {p[1:]: holdings.supports(*p) for p in points}.values():
        if support.any():
            common &= support
    if not common.any():
        raise BadInputError(
            "no problem holds enough for the whole grid; choose smaller values of S or V"
        )
    return common


class _Default:
    """Powers of two, or all, up to what 80% of the problems support, given the explicit values.

    Problems that cannot support the explicit values do not count, once they are too many.
    """

    def __init__(
        self,
        holdings: _Holdings,
        baselines: bool,
        verified: bool,
        solutions: Sequence[int] | None,
        verifications: Sequence[int] | None,
        spacing_S: Spacing,
        spacing_V: Spacing,
    ) -> None:
        able = holdings.solutions >= (max(solutions) if baselines and solutions else 1)
        if verified:
            depth = max(verifications) if verifications else 1
            least = min(max(solutions or (1,)), int(holdings.verified(depth).max()))
            able = able & (holdings.verified(depth) >= least)
        counted = able if able.mean() < SUPPORT else np.ones_like(able)

        def held(mask: Mask) -> bool:
            return float((mask & able)[counted].mean()) >= SUPPORT

        S = 1
        if baselines:
            S = _largest(lambda s: held(holdings.solutions >= s), spacing_S)
        self.baseline = spaced_values(S, spacing_S)
        self.verified: list[int] = []
        self.depths: list[int] = []
        if verified:
            base = holdings.solutions >= S
            S_v = least
            if not solutions:
                S_v = _largest(lambda s: held(base & (holdings.verified(depth) >= s)), spacing_S)
            V = _largest(lambda v: held(base & (holdings.verified(v) >= S_v)), spacing_V)
            self.verified, self.depths = spaced_values(S_v, spacing_S), spaced_values(V, spacing_V)


def _largest(fits: Callable[[int], bool], spacing: Spacing) -> int:
    """The largest power of two, or number, that fits; whatever is smaller fits too."""
    power = 1
    while fits(2 * power):
        power *= 2
    if spacing == "powers":
        return power
    return bisect_left(range(2 * power), True, lo=power, key=lambda value: not fits(value)) - 1


def spaced_values(most: int, spacing: Spacing) -> list[int]:
    """Whole numbers from 1 to `most`, ascending: powers of two, eight per doubling, or all."""
    if spacing == "all":
        return list(range(1, most + 1))
    if spacing == "powers":
        return [2**k for k in range(most.bit_length())]
    steps = np.arange(math.floor(PER_DOUBLING * math.log2(most)) + 1)
    values = np.rint(2.0 ** (steps / PER_DOUBLING)).astype(int)
    return sorted({*values.tolist(), most})
