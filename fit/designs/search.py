"""The search for the cheapest size that reaches a wanted width."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final, Literal

from svlaw.analysis.cost import CostModel
from svlaw.data.shown import Shown
from svlaw.fit.designs.target_exponents import Size, Target
from svlaw.fit.designs.trials import Laboratory, Record, Trial

LEAST_PROBLEMS: Final = 10
"""Fewest problems of a pilot or a design: fewer say nothing of how problems differ."""

_SCREENED: Final = 100
_SCREENED_VERDICTS: Final = 1_000_000
"""Problems, and at most so many verdicts, of the first pools of a size."""
_SCREEN_POOLS: Final = 3
_POOLS: Final = (4, 16)
"""Fewest and most pools of a trial near the problems needed; more where pools are small."""
_PROBLEMS: Final = 1600
"""Problems of a trial's pools together, as far as those allow."""
_ROUNDS: Final = 8
"""Most trials before the search takes what it has."""
_CHECKS: Final = 3
"""Most checks; one that changes the number of problems needed is followed by another."""
_STILL: Final = 1.15
"""Factor within which that number has come to rest."""
_NEAR: Final = 1.25
"""Factor within which a trial's number of problems is near the one needed."""
_MOST_VERDICTS: Final = 2_000_000
_MOST_SIMULATED: Final = 4_000
"""Most verdicts, and problems, of a simulated pool; beyond, half-width is extrapolated."""


@dataclass(frozen=True, repr=False)
class Candidate(Shown):
    """A size by one method, and how many problems it takes.

    Attributes:
        solutions: N, solutions of each problem.
        verifications: M, verdicts on each solution.
        method: Method of the law.
        problems: Problems at which the width is expected; None where there is no interval.
        generations: Their cost, problems times C(N, M); None likewise.
        budget: C(N, M), the largest budget the law covers.
        half_width: Median of the largest pools simulated; None without an interval.
        simulated: Problems of those; None when none were.
        rate: Half-width falls as problems to the power of minus this; None likewise.
        grid_exponent: What the exponent converges to; None where there is none.
        true_exponent: That of the true optimum over these budgets; None where it is not known.
        status: `ok`; `biased`, when the two differ by more than the width; `too_many`, when it
            takes more problems than allowed; else the status of the law.
        words: What to do about it; empty when ok.
    """

    solutions: int
    verifications: int
    method: str
    problems: int | None
    generations: float | None
    budget: float
    half_width: float | None
    simulated: int | None
    rate: float | None
    grid_exponent: float | None
    true_exponent: float | None
    status: str
    words: str

    @property
    def bias(self) -> float | None:
        """What more problems never remove; None where it is not known."""
        if self.grid_exponent is None or self.true_exponent is None:
            return None
        return self.grid_exponent - self.true_exponent


@dataclass(frozen=True)
class Choice:
    """The size chosen.

    Attributes:
        candidate: The size.
        half_width: Median of the pools of its size.
        exponent: Mean exponent of those pools.
        simulated: Their number of problems.
        extrapolated: Whether it takes more problems than were simulated.
    """

    candidate: Candidate
    half_width: float | None
    exponent: float | None
    simulated: int
    extrapolated: bool

    @property
    def method(self) -> str:
        """Method of the law."""
        return self.candidate.method


class Search:
    """Best first: the size that looks cheapest is tried with the problems it seems to take.

    Args:
        laboratory: Where pools are drawn.
        targets: What each size converges to.
        cost: The cost model.
        width: Half-width wanted.
        problems_at_most: Most problems there can be.
    """

    def __init__(
        self,
        laboratory: Laboratory,
        targets: Mapping[Size, Target],
        cost: CostModel,
        width: float,
        problems_at_most: int,
    ) -> None:
        self._laboratory, self._targets, self._cost = laboratory, targets, cost
        self._width, self._most = width, problems_at_most
        self._troubles: dict[tuple[Size, str], tuple[str, str]] = {}
        self._chosen: dict[tuple[Size, str], int] = {}
        screened = [
            size
            for size, target in targets.items()
            if any(law.status == "ok" for law in target.laws.values())
        ]
        laboratory.expect(len(screened) * _SCREEN_POOLS + 5 * _POOLS[0])
        for size, target in targets.items():
            for method, law in target.laws.items():
                if law.status != "ok":
                    self._troubles[size, method] = (law.status, law.words)
        for size in screened:
            problems = min(_SCREENED, _SCREENED_VERDICTS // math.prod(size))
            laboratory.run(size, max(LEAST_PROBLEMS, problems), _SCREEN_POOLS)

    def choose(self, methods: Sequence[str]) -> Choice | None:
        """The cheapest size by the first method with which one does; None without any.

        Sizes whose bias exceeds the width are considered only when no other does by any method.

        Args:
            methods: Methods, the most trusted first.
        """
        for biased in (False, True):
            for method in methods:
                choice = self._search(method, biased)
                if choice is not None:
                    return choice
        return None

    def candidates(self) -> tuple[Candidate, ...]:
        """Every size by every method, the cheapest that do first."""
        found = [
            self._candidate(size, method)
            for size, target in self._targets.items()
            for method in target.laws
        ]
        return tuple(
            sorted(found, key=lambda one: (one.status != "ok", one.generations or math.inf))
        )

    def draw(self, size: Size, problems: int) -> None:
        """Draw pools as large as the pilot, unless that is too much."""
        if problems <= _affordable(size):
            self._laboratory.run(size, problems, _SCREEN_POOLS)

    def expected(self, size: Size, problems: int, method: str) -> float | None:
        """Median half-width of the pools drawn of a size; None without any."""
        trial = self._record(size, method).at(problems)
        return None if trial is None else trial.half_width

    def trouble(self) -> tuple[Literal["too_many", "no_law"], str]:
        """Why no size does."""
        known = [one for one in self.candidates() if one.problems is not None]
        reachable = [one for one in known if one.status in {"too_many", "ok", "biased"}]
        if reachable:
            best = min(reachable, key=lambda one: one.problems or math.inf)
            return "too_many", (
                f"no size considered pins the exponent to {self._width:g} with at most"
                f" {self._most:,} problems: {best.solutions} solutions and {best.verifications}"
                f" verifications would take about {best.problems:,} ({best.method})"
            )
        words = [one.words for one in self.candidates() if one.words]
        most = max(words, key=words.count) if words else ""
        return "no_law", f"no size considered gives a law: {most}"

    def _search(self, method: str, biased: bool) -> Choice | None:
        for _ in range(_ROUNDS):
            size = self._cheapest(method, biased)
            if size is None:
                return None
            needed = self._needed(size, method)
            tried = min(needed, _affordable(size))
            if self._record(size, method).near(tried, _NEAR, _POOLS[0]) is None:
                self._try(size, method, tried)
            elif (choice := self._check(size, method)) is not None:
                return choice
        return None if size is None else self._check(size, method)

    def _check(self, size: Size, method: str) -> Choice | None:
        """Draw fresh pools of the size and number of problems found; None where they fail."""
        for last in (*[False] * (_CHECKS - 1), True):
            needed = self._needed(size, method)
            if needed > self._most:
                self._troubles[size, method] = ("too_many", self._too_many())
                return None
            drawn = min(needed, _affordable(size))
            if self._try(size, method, drawn).status != "ok":
                return None
            trial = self._record(size, method).at(drawn)
            if trial is None or trial.half_width is None:
                return None
            found = self._needed(size, method)
            if found <= self._most and (last or abs(math.log(found / needed)) <= math.log(_STILL)):
                rate = self._record(size, method).rate()
                self._chosen[size, method] = found
                return Choice(
                    self._candidate(size, method),
                    trial.half_width * (drawn / found) ** rate,
                    trial.exponent,
                    drawn,
                    found > _affordable(size),
                )
        return None

    def _try(self, size: Size, method: str, problems: int) -> Trial:
        """Draw pools; a size whose laws are then not in order is out."""
        fewest, most = _POOLS
        self._laboratory.run(size, problems, min(most, max(fewest, _PROBLEMS // problems)))
        trial = self._record(size, method).trials[-1]
        if trial.status != "ok":
            self._troubles[size, method] = (trial.status, trial.words[trial.status])
        return trial

    def _cheapest(self, method: str, biased: bool) -> Size | None:
        """The size that does at the least cost, by what is known so far."""
        able = [
            size
            for size in self._targets
            if (size, method) not in self._troubles
            and self._record(size, method).has_width
            and self._needed(size, method) <= self._most
            and (biased or not self._is_biased(size, method))
        ]
        return min(able, key=lambda size: self._generations(size, method), default=None)

    def _is_biased(self, size: Size, method: str) -> bool:
        bias = self._candidate(size, method).bias
        return bias is not None and abs(bias) > self._width

    def _needed(self, size: Size, method: str) -> int:
        if chosen := self._chosen.get((size, method)):
            return chosen
        needed = self._record(size, method).problems(self._width)
        return max(LEAST_PROBLEMS, rounded_up(needed))

    def _generations(self, size: Size, method: str) -> float:
        return self._needed(size, method) * float(self._cost(*size))

    def _record(self, size: Size, method: str) -> Record:
        return self._laboratory.records.get((size, method), Record())

    def _too_many(self) -> str:
        return f"takes more than {self._most:,} problems"

    def _candidate(self, size: Size, method: str) -> Candidate:
        record, target = self._record(size, method), self._targets[size]
        needed = self._needed(size, method) if record.has_width else None
        unit = float(self._cost(*size))
        grid, true = target.laws[method].exponent, target.exponent
        status, words = self._troubles.get((size, method), ("ok", ""))
        if status == "ok" and needed is None:
            trial = record.largest
            status, words = trial.status, trial.words.get(trial.status, "")
        elif status == "ok" and needed is not None and needed > self._most:
            status, words = "too_many", self._too_many()
        elif status == "ok" and None not in {grid, true}:
            difference = (grid or 0.0) - (true or 0.0)
            if abs(difference) > self._width:
                status = "biased"
                words = f"converges to {difference:+.2f} from the true exponent"
        largest = record.largest if record.trials else None
        return Candidate(
            solutions=size.solutions,
            verifications=size.verifications,
            method=method,
            problems=needed,
            generations=None if needed is None else needed * unit,
            budget=unit,
            half_width=largest.half_width if largest else None,
            simulated=largest.problems if largest else None,
            rate=record.rate() if record.has_width else None,
            grid_exponent=grid,
            true_exponent=true,
            status=status,
            words=words,
        )


def rounded_up(value: float) -> int:
    """A number of problems, rounded up to two digits."""
    if value < 100:
        return math.ceil(value)
    unit = int(10 ** (math.floor(math.log10(value)) - 1))
    return math.ceil(value / unit) * unit


def _affordable(size: Size) -> int:
    """Most problems that are simulated."""
    return max(LEAST_PROBLEMS, min(_MOST_SIMULATED, _MOST_VERDICTS // math.prod(size)))
