"""Simulated pools of a size, the half-widths of their intervals, and what P those call for."""

import math
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final

import numpy as np
import numpy.typing as npt

from svlaw.analysis.cost import CostModel
from svlaw.analysis.success.estimators import Options
from svlaw.data.progress import Progress
from svlaw.fit.designs.target_exponents import Size
from svlaw.fit.laws.allocation import fit_allocation
from svlaw.fit.laws.allocation_law import AllocationLaw, Quantity
from svlaw.fit.simulation.population import Simulation
from svlaw.fit.simulation.simulator import simulate_table

F64 = npt.NDArray[np.float64]

RATE: Final = 0.45
"""Half-width falls as P to the power of minus this, until trials say otherwise.

By theory it is 1/2 for a smooth figure, and 1/3 where a maximum is found by comparing values.
"""
_RATES: Final = (0.3, 0.6)
_TRUST: Final = 9.0
"""Weight of that guess: squared noise of log half-width (0.15) over that of the rate (0.05)."""
_LEAST: Final = 1e-6
"""Least half-width: an exponent that is the same in every resample has none."""
_NEAR: Final = 1.5
"""Factor within which a half-width is near the one wanted."""
_TOLERANCE: Final = 0.002
"""Monte-Carlo error of simulated success; at 0.0005 half-widths are the same to within 5%."""


@dataclass(frozen=True)
class Trial:
    """Pools of one size and so many problems, analysed by one method.

    Attributes:
        problems: P.
        half_widths: Of the pools whose exponent has an interval.
        exponents: Of the pools that have one.
        statuses: Of the laws, one per pool.
        words: What the law of each status says.
    """

    problems: int
    half_widths: tuple[float, ...]
    exponents: tuple[float, ...]
    statuses: tuple[str, ...]
    words: dict[str, str]

    @property
    def pools(self) -> int:
        """Number of pools."""
        return len(self.statuses)

    @property
    def half_width(self) -> float | None:
        """Median half-width; None without one."""
        return float(np.median(self.half_widths)) if self.half_widths else None

    @property
    def exponent(self) -> float | None:
        """Mean exponent; None without one."""
        return float(np.mean(self.exponents)) if self.exponents else None

    @property
    def status(self) -> str:
        """`ok` where at least half of the pools' laws are; else the commonest trouble."""
        if 2 * self.statuses.count("ok") >= self.pools:
            return "ok"
        return Counter(status for status in self.statuses if status != "ok").most_common(1)[0][0]


def pooled(trials: Sequence[Trial]) -> Trial:
    """Trials of the same number of problems as one."""
    return Trial(
        trials[0].problems,
        tuple(value for trial in trials for value in trial.half_widths),
        tuple(value for trial in trials for value in trial.exponents),
        tuple(value for trial in trials for value in trial.statuses),
        {status: words for trial in trials for status, words in trial.words.items()},
    )


@dataclass
class Record:
    """All trials of one size by one method.

    Attributes:
        trials: The trials.
    """

    trials: list[Trial] = field(default_factory=list)

    @property
    def largest(self) -> Trial:
        """The trial of most problems."""
        return max(self.trials, key=lambda trial: trial.problems)

    @property
    def has_width(self) -> bool:
        """Whether any pool gave an interval."""
        return any(trial.half_widths for trial in self.trials)

    def at(self, problems: int) -> Trial | None:
        """All pools of so many problems as one trial; None without any."""
        trials = [trial for trial in self.trials if trial.problems == problems]
        return pooled(trials) if trials else None

    def near(self, problems: int, factor: float, pools: int) -> Trial | None:
        """A trial of about so many problems and at least so many pools; None without any."""
        for trial in self.trials:
            apart = abs(math.log(trial.problems / problems))
            if trial.pools >= pools and apart <= math.log(factor):
                return trial
        return None

    def rate(self) -> float:
        """How half-width falls with problems: the exponent of its power law, without its sign.

        Least squares in log space over the trials, weighted by pools and drawn towards RATE.
        """
        x, y, weights = self._widths()
        centre, level = weights @ x / weights.sum(), weights @ y / weights.sum()
        spread, fall = weights @ (x - centre) ** 2, -weights @ ((x - centre) * (y - level))
        return float(np.clip((fall + _TRUST * RATE) / (spread + _TRUST), *_RATES))

    def problems(self, width: float) -> float:
        """Problems at which a half-width is expected.

        From the trials whose half-width is near it, where there are any: the power law bends.
        """
        x, y, weights = self._widths()
        missed = y - math.log(width)
        near = np.abs(missed) <= math.log(_NEAR)
        weights = np.where(near, weights, 0.0) if near.any() else weights
        return math.exp(weights @ (x + missed / self.rate()) / weights.sum())

    def _widths(self) -> tuple[F64, F64, F64]:
        """Log problems, log half-width and pools with an interval of each trial that has one."""
        known = [trial for trial in self.trials if trial.half_widths]
        return (
            np.log([trial.problems for trial in known]),
            np.log([max(trial.half_width or 0.0, _LEAST) for trial in known]),
            np.array([len(trial.half_widths) for trial in known], float),
        )


class Laboratory:
    """Draws pools from a population and fits their laws; keeps a record of everything.

    Args:
        simulation: The population.
        cost: The cost model.
        strategy: Strategy with a verifier.
        quantity: Whose exponent.
        methods: Methods that find the optima.
        resamples: Resamples behind each interval.
        seed: Seed of every random draw.
        threads: Threads to use; all cores when None.
        progress: Called with pools done, of a number that is a guess.
    """

    def __init__(
        self,
        simulation: Simulation,
        cost: CostModel,
        strategy: str,
        quantity: Quantity,
        methods: Sequence[str],
        *,
        resamples: int,
        seed: int,
        threads: int | None,
        progress: Progress,
    ) -> None:
        self._simulation, self._cost = simulation, cost
        self._strategy, self._quantity, self._methods = strategy, quantity, tuple(methods)
        self._resamples, self._seed, self._threads = resamples, seed, threads
        self._progress, self._expected, self._done = progress, 0, 0
        self._drawn: Counter[tuple[Size, int]] = Counter()
        self.records: dict[tuple[Size, str], Record] = {}

    def expect(self, pools: int) -> None:
        """Say how many pools will be drawn, about."""
        self._expected = pools

    def run(self, size: Size, problems: int, pools: int) -> None:
        """Add pools that were not drawn before to the records of every method.

        Pools of different sizes share the seeds, and so their problems' rates: what differs between
        sizes is less a matter of luck.
        """
        laws: dict[str, list[AllocationLaw]] = {method: [] for method in self._methods}
        for _ in range(pools):
            place = self._drawn[size, problems]
            self._drawn[size, problems] += 1
            for law in self._laws(size, problems, place):
                laws[law.method].append(law)
            self._done += 1
            self._progress(self._done, max(self._expected, self._done))
        for method, found in laws.items():
            record = self.records.setdefault((size, method), Record())
            record.trials.append(_trial(problems, found))

    def _laws(self, size: Size, problems: int, place: int) -> list[AllocationLaw]:
        seed = np.random.SeedSequence([self._seed, problems, place])
        table = simulate_table(
            self._simulation,
            problems=problems,
            solutions=size.solutions,
            verifications=size.verifications,
            seed=int(seed.generate_state(1)[0]),
            strategies=[self._strategy],
            grid_solutions="fine",
            grid_verifications="fine",
            options=Options(tolerance=_TOLERANCE, seed=self._seed),
            threads=self._threads,
        )
        fit = fit_allocation(
            table,
            self._cost,
            self._methods,
            needs_gain=False,
            resamples=self._resamples,
            seed=self._seed,
        )
        return [law for law in fit.laws if law.quantity == self._quantity]


def _trial(problems: int, laws: Sequence[AllocationLaw]) -> Trial:
    return Trial(
        problems,
        tuple(half_width for law in laws if (half_width := half_width_of(law)) is not None),
        tuple(law.exponent for law in laws if law.exponent is not None),
        tuple(law.status for law in laws),
        {law.status: law.words for law in laws},
    )


def half_width_of(law: AllocationLaw) -> float | None:
    """Half the length of an exponent's interval; None without one."""
    if law.conf_low is None or law.conf_high is None:
        return None
    return (law.conf_high - law.conf_low) / 2
