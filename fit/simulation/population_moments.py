"""Parameters of a population from a pool's own counts: pass rates, wrong answers, verdicts."""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import product
from typing import Final, NamedTuple

import numpy as np
import numpy.typing as npt

from svlaw.analysis.kernels.problem_sample import SCORE_UNIT, UNPARSED, ProblemSample
from svlaw.data.errors import NotInPoolError
from svlaw.fit.pass_rates.distribution_fits import INFLATION_RATIO
from svlaw.fit.pass_rates.distributions import Model, Pairs
from svlaw.fit.simulation.population import Simulation

F64 = npt.NDArray[np.float64]
I64 = npt.NDArray[np.int64]

MOST_ANSWERS: Final = 1_000
"""Most different wrong answers of a problem; rarer ones never win a vote."""
MOST_CONCENTRATION: Final = 10.0
"""Largest Zipf exponent tried."""
_HALF_WEIGHT: Final = 9.0
"""Solutions at which a problem has half the weight it can have in the rates of a verifier.

The weight of least variance is n / (n + (1 - r) / r), r being the rate's spread; this is the one
for a spread of 0.1. Any weights give unbiased rates.
"""
_SMALLEST_SPREAD: Final = 1e-4
_MOST_SHARE: Final = 0.999


class Verified(NamedTuple):
    """Verdicts on a problem's right, or on its wrong solutions, by how often two of them agree.

    Attributes:
        solutions: n, solutions with a verdict that says something.
        yes: Mean over solutions of the share of yes.
        pair: Mean over pairs of solutions of the chance that one verdict of each is yes; nan with
            fewer than two.
        twice: Mean over solutions of the chance that two verdicts are yes; nan where none has two.
    """

    solutions: int
    yes: float
    pair: float
    twice: float


class ProblemCounts(NamedTuple):
    """What the parameters are taken from, of one problem.

    Attributes:
        solutions: N.
        correct: Right ones.
        missing: Wrong ones without an answer.
        wrong: (classes,) solutions of each wrong answer.
        right_verdicts: Verdicts on right solutions.
        wrong_verdicts: Verdicts on wrong solutions that have an answer.
    """

    solutions: int
    correct: int
    missing: int
    wrong: I64
    right_verdicts: Verified
    wrong_verdicts: Verified


@dataclass(frozen=True)
class PassRates:
    """A Beta law of pass rates, with shares of problems that are never and always solved."""

    mean: float
    spread: float
    unsolvable: float
    always_solved: float


@dataclass(frozen=True)
class VerifierRates:
    """How a verifier errs; the fields are those of `Simulation`."""

    true_positive_rate: float
    true_positive_spread: float
    false_positive_rate: float
    false_positive_spread: float
    correlation: float


def count_problem(sample: ProblemSample, *, count_unparsed: bool = False) -> ProblemCounts:
    """Count what the parameters are taken from.

    A score of at least 0.5 is a yes. Solutions without an answer have no part in the verifier's
    rates, since whatever it says of them they score 0.

    Args:
        sample: The problem.
        count_unparsed: Whether an unparsed verdict is a no; else it does not count.
    """
    wrong = ~sample.correct
    votes = np.bincount(sample.classes[wrong & (sample.classes >= 0)])
    said = (sample.scores != UNPARSED) | count_unparsed
    yes = sample.scores >= SCORE_UNIT // 2
    ends = [np.concatenate(([0], np.cumsum(mask)))[sample.offsets] for mask in (said, yes)]
    n, y = (np.diff(end).astype(float) for end in ends)
    answered = wrong & ~sample.missing
    return ProblemCounts(
        sample.n_solutions,
        int(sample.correct.sum()),
        int((wrong & sample.missing).sum()),
        votes[votes > 0].astype(np.int64),
        _verified(n[sample.correct], y[sample.correct]),
        _verified(n[answered], y[answered]),
    )


def _verified(n: F64, y: F64) -> Verified:
    """Sum up n verdicts and y yes of each solution."""
    n, y = n[n > 0], y[n > 0]
    if not n.size:
        return Verified(0, np.nan, np.nan, np.nan)
    share = y / n
    pair, twice = np.nan, np.nan
    if n.size > 1:
        pair = (share.sum() ** 2 - (share**2).sum()) / (n.size * (n.size - 1))
    if (several := n > 1).any():
        n, y = n[several], y[several]
        twice = float(np.mean(y * (y - 1) / (n * (n - 1))))
    return Verified(share.size, float(share.mean()), float(pair), float(twice))


def population_of(
    problems: Sequence[ProblemCounts],
    *,
    solution_tokens: float | None = None,
    verification_tokens: float | None = None,
) -> Simulation:
    """The population whose parameters come nearest to a pool's counts.

    Args:
        problems: The problems.
        solution_tokens: Mean length of a solution; the default of `Simulation` when None. A length
            beyond its range is brought to the end of it.
        verification_tokens: Mean length of a verification, likewise.

    Raises:
        NotInPoolError: The pool lacks what a parameter is taken from.
    """
    held = [problem for problem in problems if problem.solutions]
    rates = fit_pass_rates([p.solutions for p in held], [p.correct for p in held])
    answers, concentration = fit_wrong_answers([p.wrong for p in held])
    verifier = fit_verifier(held)
    n_wrong = sum(p.solutions - p.correct for p in held)
    default = Simulation()
    lengths = (solution_tokens, verification_tokens)
    solution, verification = (
        float(np.clip(default.solution_tokens if value is None else value, 1, 100_000))
        for value in lengths
    )
    return Simulation(
        pass_rate=rates.mean,
        pass_rate_spread=rates.spread,
        unsolvable=rates.unsolvable,
        always_solved=rates.always_solved,
        wrong_answers=answers,
        concentration=concentration,
        no_answer=sum(p.missing for p in held) / max(n_wrong, 1),
        true_positive_rate=verifier.true_positive_rate,
        true_positive_spread=verifier.true_positive_spread,
        false_positive_rate=verifier.false_positive_rate,
        false_positive_spread=verifier.false_positive_spread,
        correlation=verifier.correlation,
        solution_tokens=solution,
        verification_tokens=verification,
    )


def fit_pass_rates(n_solutions: Sequence[int], n_correct: Sequence[int]) -> PassRates:
    """Fit a Beta law of pass rates by maximum likelihood, inflated where the counts say so.

    The number of right solutions is beta-binomial, but for shares of the problems that are never or
    always solved. A share has to raise twice the log-likelihood by INFLATION_RATIO to be believed.

    Args:
        n_solutions: (P,) N, at least 1.
        n_correct: (P,) right ones.
    """
    from scipy.optimize import minimize  # noqa: PLC0415

    pairs = Pairs(n_solutions, n_correct)
    weights = np.bincount(pairs.of_problem, minlength=pairs.none.size).astype(float)
    beta = Model("beta", zero_inflated=False)

    def loss(theta: F64) -> float:
        varied = np.exp(beta.log_likelihoods(theta[None, :2], pairs)[0][0])
        never, always = theta[2], (1 - theta[2]) * theta[3]
        mass = never * pairs.none + always * pairs.every + (1 - never - always) * varied
        return -float(weights @ np.log(np.maximum(mass, 1e-300)))

    start = (0.0, 0.0, 0.1, 0.1)
    best, chosen = math.inf, np.zeros(4)
    for inflated in product((False, True), repeat=2):
        bounds = [(-7.0, 9.0)] * 2 + [(0.0, _MOST_SHARE if free else 0.0) for free in inflated]
        first = [min(value, high) for value, (_, high) in zip(start, bounds, strict=True)]
        found = minimize(loss, first, bounds=bounds, method="L-BFGS-B")
        penalised = found.fun + sum(inflated) * INFLATION_RATIO / 2
        if penalised < best:
            best, chosen = penalised, found.x
    a, b = np.exp(chosen[:2])
    never, always = chosen[2], (1 - chosen[2]) * chosen[3]
    return PassRates(float(a / (a + b)), float(1 / (1 + a + b)), float(never), float(always))


def fit_wrong_answers(counts: Sequence[I64]) -> tuple[int, float]:
    """Number of wrong answers and their Zipf exponent, by two figures.

    One is the chance that two wrong solutions of a problem agree, weighted by its wrong solutions;
    the other the number of different wrong answers seen. For each number of answers one exponent
    gives the first; of those the one is taken that expects the second.

    Args:
        counts: For each problem the solutions of each of its wrong answers.

    Returns:
        The defaults of `Simulation` where no problem has two wrong answers.
    """
    n = np.array([int(votes.sum()) for votes in counts], np.int64)
    weights = np.where(n > 1, n, 0)
    if not weights.any():
        return Simulation.wrong_answers, Simulation.concentration
    agreeing = [(v * (v - 1)).sum() / max(k * (k - 1), 1) for v, k in zip(counts, n, strict=True)]
    agreement = float(weights @ np.array(agreeing) / weights.sum())
    seen = sum(votes.size for votes in counts)
    sizes, problems = np.unique(n[n > 0], return_counts=True)

    def expected(answers: int) -> float:
        """Different answers among as many wrong solutions."""
        chances = _zipf(answers, concentration_of(agreement, answers))
        return float(problems @ (1 - (1 - chances) ** sizes[:, None]).sum(axis=1))

    low, high = 1, MOST_ANSWERS
    while low < high:
        middle = (low + high) // 2
        low, high = (middle + 1, high) if expected(middle) < seen else (low, middle)
    if low > 1 and seen - expected(low - 1) < expected(low) - seen:
        low -= 1
    return low, concentration_of(agreement, low)


def concentration_of(agreement: float, answers: int) -> float:
    """Zipf exponent at which two of so many answers agree with a chance; the nearest there is."""
    from scipy.optimize import brentq  # noqa: PLC0415

    def excess(exponent: float) -> float:
        return float((_zipf(answers, exponent) ** 2).sum()) - agreement

    if answers == 1 or excess(0.0) >= 0:
        return 0.0
    if excess(MOST_CONCENTRATION) <= 0:
        return MOST_CONCENTRATION
    return float(brentq(excess, 0.0, MOST_CONCENTRATION))


def _zipf(answers: int, exponent: float) -> F64:
    weights = np.arange(1.0, answers + 1) ** -exponent
    chances: F64 = weights / weights.sum()
    return chances


def fit_verifier(problems: Iterable[ProblemCounts]) -> VerifierRates:
    r"""Rates of a verifier, their spreads and the correlation of verdicts, by moments.

    With t a problem's rate, of mean m and spread r, two verdicts are both yes with chance m^2 on
    two problems, E[t^2] = m^2 + r m (1 - m) on two solutions of one problem and, with correlation
    rho, E[t^2] + rho E[t (1 - t)] on one solution. Each chance is estimated without bias over the
    pairs there are, of ragged pools as well; rho from right and wrong solutions together.

    Raises:
        NotInPoolError: There are too few verdicts for one of the chances.
    """
    held = list(problems)
    groups = {
        "right": [p.right_verdicts for p in held if p.right_verdicts.solutions],
        "wrong": [p.wrong_verdicts for p in held if p.wrong_verdicts.solutions],
    }
    rates, within, between = [], 0.0, 0.0
    for name, group in groups.items():
        n, yes, pair, twice = np.array(group, float).reshape(-1, 4).T
        weights = n / (n + _HALF_WEIGHT)
        paired, both = n > 1, np.isfinite(twice) & (n > 1)
        if n.size < 2 or not both.any():
            raise NotInPoolError(
                f"too few {name} solutions have verdicts to say how the verifier judges them: two"
                " problems with one, and one problem with two of two verdicts each, are the least;"
                " generate more"
            )
        mean = float(weights @ yes / weights.sum())
        apart = ((weights @ yes) ** 2 - weights**2 @ yes**2) / (
            weights.sum() ** 2 - (weights**2).sum()
        )
        together = weights[paired] @ pair[paired] / weights[paired].sum()
        spread = (together - apart) / (mean - apart) if mean > apart else 0.0
        rates.append((mean, float(np.clip(spread, 0, 1))))
        within += float(weights[both] @ (twice - pair)[both])
        between += float(weights[both] @ (yes - pair)[both])
    correlation = within / between if between > 0 else 0.0
    (right, right_spread), (wrong, wrong_spread) = rates
    return VerifierRates(
        right, right_spread, wrong, wrong_spread, float(np.clip(correlation, 0, 1))
    )
