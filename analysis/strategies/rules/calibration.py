"""Calibrations: what a score says about being right, learnt on other problems.

The log-likelihood ratio of a score s is log f1(s) / f0(s), f1 and f0 the densities of the scores of
right and wrong solutions. Their distribution changes with V, so each V has a fit of its own.
Problems are put in folds by a hash of their names; a problem is scored by the fit to the problems
of the other folds. Solutions without an answer never vote and have no part.
"""

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from functools import reduce
from operator import add
from typing import Final

import numpy as np
import numpy.typing as npt
from scipy.optimize import isotonic_regression
from scipy.special import expit, logit

from svlaw.analysis.kernels.random_streams import new_stream
from svlaw.analysis.kernels.verdict_draws import VerdictDraws, draw_scores
from svlaw.analysis.strategies.rules.scores import score_units
from svlaw.data.errors import BadInputError

F64 = npt.NDArray[np.float64]


FITS: Final = ("monotone", "logistic", "kde")
_BINS: Final = 1000
"""Scores are counted to this fraction; means of up to 30 verdicts never share a bin."""
_DRAWS: Final = 8
"""Verdict draws of each solution that are counted."""
_CLIP: Final = 0.01
"""Distance that scores keep from 0 and 1 before their log-odds are taken."""
_PRIOR: Final = 1.0
"""Solutions at the mean rate that smooth each score's rate."""
_RIDGE: Final = 1e-3
"""Penalty of a logistic slope, in solutions: keeps separable scores finite."""
_LEAST_BANDWIDTH: Final = 0.1
"""Smallest bandwidth of a density, in log-odds; scores that are all equal have no spread."""


@dataclass(frozen=True)
class ScoreCounts:
    """How often right and wrong solutions had each score; counts of problems add up.

    Attributes:
        counts: (W, bins, 2) wrong and right solutions by score, at each V.
        totals: (W, bins) sum of the scores counted in each bin.
    """

    counts: F64
    totals: F64

    def __add__(self, other: "ScoreCounts") -> "ScoreCounts":
        return ScoreCounts(self.counts + other.counts, self.totals + other.totals)


@dataclass(frozen=True)
class Calibration:
    """What a score says at each V: linear between the scores given, constant outside.

    Attributes:
        tables: (W, 3, B) scores, ascending; their log-likelihood ratios; their chances to be right.
    """

    tables: F64


def count_scores(
    problem_id: str,
    draws: VerdictDraws,
    classes: npt.NDArray[np.int32],
    correct: npt.NDArray[np.bool_],
    seed: int,
) -> ScoreCounts:
    """Count the scores of one problem's solutions, over a few draws of their verdicts.

    Args:
        problem_id: The problem.
        draws: Its verdicts.
        classes: (N,) answer class of each solution, negative for none.
        correct: (N,) whether it is right.
        seed: Seed of the verdict draws.
    """
    stream = new_stream(seed, "calibration", problem_id)
    values, units = draws.empty_values(), score_units(draws)
    counts, totals = np.zeros((units.size, _BINS + 1, 2)), np.zeros((units.size, _BINS + 1))
    for _ in range(_DRAWS):
        draw_scores(draws, units.size, stream, values)
        for w, unit in enumerate(units):
            voting = (classes >= 0) & (values[:, w] >= 0)
            scores = values[voting, w] / unit
            bins = np.rint(scores * _BINS).astype(np.int64)
            np.add.at(counts[w], (bins, correct[voting].astype(np.int64)), 1 / _DRAWS)
            np.add.at(totals[w], bins, scores / _DRAWS)
    return ScoreCounts(counts, totals)


def fold_of(problem_id: str, folds: int, seed: int) -> int:
    """The fold of a problem: a hash of its name, so that no other problem has a part in it.

    Args:
        problem_id: The problem.
        folds: Number of folds.
        seed: Seed of the split.
    """
    digest = hashlib.blake2b(f"folds\0{seed}\0{problem_id}".encode(), digest_size=8).digest()
    return int.from_bytes(digest, "little") % folds


def cross_fit(
    counted: Iterable[tuple[str, ScoreCounts]], folds: int, fit: str, seed: int
) -> list[Calibration]:
    """The calibration of each fold, learnt on the problems of all others.

    Args:
        counted: Names and counts of all problems.
        folds: Number of folds.
        fit: `monotone`, `logistic` or `kde`, see `fit_calibration`.
        seed: Seed of the split, see `fold_of`.

    Returns:
        (folds,) calibrations; that of a problem is number `fold_of(problem_id, folds, seed)`.

    Raises:
        BadInputError: The problems outside some fold have no right or no wrong solution.
    """
    held: list[ScoreCounts | None] = [None] * folds
    for problem_id, counts in counted:
        k = fold_of(problem_id, folds, seed)
        before = held[k]
        held[k] = counts if before is None else before + counts
    some = [counts for counts in held if counts is not None]
    if len(some) < 2:
        raise BadInputError(
            "calibrated_vote learns from other problems, and all problems are in one fold; "
            "use more problems or more folds"
        )
    everything = reduce(add, some)
    # A fold without problems needs no calibration of its own; that of all problems stands in.
    rest = [
        everything if own is None else reduce(add, [counts for counts in some if counts is not own])
        for own in held
    ]
    return [fit_calibration(counts, fit) for counts in rest]


def fit_calibration(counts: ScoreCounts, fit: str) -> Calibration:
    """Learn ratios and chances at each V from counted scores.

    `monotone`: the share that is right by score, smoothed by one solution of the mean rate and made
    to rise with the score (isotonic regression); the ratio is its log-odds less those of the mean
    rate. `logistic`: the same, with log-odds linear in those of the score. `kde`: Gaussian kernel
    densities of the log-odds of right and of wrong solutions' scores, bandwidths by Scott's rule.
    Scores keep a distance of 0.01 from 0 and 1 where their log-odds are taken.

    Args:
        counts: Scores of right and wrong solutions.
        fit: One of `FITS`.

    Raises:
        BadInputError: There is no right or no wrong solution at some V.

    Source:
        Kuang et al. 2025, section 4.1 (arXiv 2510.13918), for the densities.
    """
    fits = {"monotone": _monotone, "logistic": _logistic, "kde": _densities}
    tables = []
    for found, total in zip(counts.counts, counts.totals, strict=True):
        wrong, right = found.T
        held = wrong + right > 0
        if not (right[held].sum() > 0 and wrong[held].sum() > 0):
            raise BadInputError(
                "calibrated_vote needs right and wrong solutions in the other problems it learns "
                "from; use more problems"
            )
        scores = total[held] / (wrong + right)[held]
        tables.append(np.stack([scores, *fits[fit](scores, wrong[held], right[held])]))
    width = max(table.shape[1] for table in tables)
    padded = [np.pad(t, ((0, 0), (0, width - t.shape[1])), mode="edge") for t in tables]
    return Calibration(np.stack(padded))


def _monotone(scores: F64, wrong: F64, right: F64) -> tuple[F64, F64]:
    rate = right.sum() / (right + wrong).sum()
    weights = right + wrong + _PRIOR
    found = isotonic_regression((right + _PRIOR * rate) / weights, weights=weights)
    chances: F64 = np.asarray(found.x, float)
    return logit(chances) - logit(rate), chances


def _logistic(scores: F64, wrong: F64, right: F64) -> tuple[F64, F64]:
    """Newton's method; the slope's penalty makes the optimum unique and finite."""
    rate = right.sum() / (right + wrong).sum()
    x = np.stack([np.ones_like(scores), _log_odds(scores)], axis=1)
    penalty = np.diag([_RIDGE / 100, _RIDGE])
    coefficients = np.array([logit(rate), 0.0])
    for _ in range(100):
        chances = expit(x @ coefficients)
        gradient = x.T @ (right - (right + wrong) * chances) - penalty @ coefficients
        curvature = (x.T * ((right + wrong) * chances * (1 - chances))) @ x + penalty
        step = np.linalg.solve(curvature, gradient)
        coefficients += step / max(1.0, float(np.abs(step).max()))
        if np.abs(step).max() < 1e-10:
            break
    log_odds = x @ coefficients
    return log_odds - logit(rate), expit(log_odds)


def _densities(scores: F64, wrong: F64, right: F64) -> tuple[F64, F64]:
    rate = right.sum() / (right + wrong).sum()
    ratios = _log_density(scores, right) - _log_density(scores, wrong)
    return ratios, expit(ratios + logit(rate))


def _log_density(scores: F64, weights: F64) -> F64:
    """Log of a Gaussian kernel density of the scores' log-odds, at the scores themselves."""
    x, n = _log_odds(scores), weights.sum()
    mean = weights @ x / n
    deviation = np.sqrt(weights @ (x - mean) ** 2 / max(n - 1, 1))
    bandwidth = max(float(deviation) * n**-0.2, _LEAST_BANDWIDTH)
    exponents = -0.5 * ((x[:, None] - x[None, :]) / bandwidth) ** 2
    exponents[:, weights == 0] = -np.inf
    top = exponents.max(axis=1, keepdims=True)
    density = np.exp(exponents - top) @ weights
    log_density: F64 = np.log(density) + top[:, 0] - np.log(n * bandwidth)
    return log_density


def _log_odds(scores: F64) -> F64:
    result: F64 = logit(np.clip(scores, _CLIP, 1 - _CLIP))
    return result
