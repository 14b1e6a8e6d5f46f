"""Cross-fitting: points chosen on some problems and scored on others, free of winner's curse."""

from typing import Final

import numpy as np
import numpy.typing as npt

from svlaw.analysis.dust import DUST

F64 = npt.NDArray[np.float64]
I64 = npt.NDArray[np.int64]

FOLDS: Final = 10
"""Parts the problems are divided into; each is scored by what the others choose."""
PARTITIONS: Final = 40
"""Random divisions averaged over, so that a figure depends little on how problems fell."""
LEAST_PROBLEMS: Final = 10
"""Fewest problems that can be divided."""


def best_within(values: F64, counts: I64) -> I64:
    """The best of the first n rows, for several n; a row that is better by dust is not better.

    Args:
        values: (G, K) values, by rising cost.
        counts: (n_budgets,) number of rows each budget affords.

    Returns:
        (n_budgets, K) row of the largest affordable value in each column, the cheapest of equals;
        -1 where no row is affordable.
    """
    rows = np.zeros(values.shape, np.int64)
    leading = np.maximum.accumulate(values, axis=0)
    np.multiply(values[1:] > leading[:-1] + DUST, np.arange(1, len(values))[:, None], out=rows[1:])
    np.maximum.accumulate(rows, axis=0, out=rows)
    return np.where(counts[:, None] > 0, rows[np.maximum(counts, 1) - 1], -1)


def divisions(P: int, seed: int, clusters: I64 | None = None) -> I64:
    """(PARTITIONS, P) fold of each problem in each of the random divisions, from 0 on.

    Args:
        P: Number of problems.
        seed: Seed of the divisions.
        clusters: (P,) family of each problem, from 0 on; a family is never parted.
    """
    rng = np.random.default_rng([seed, 0xF01D])
    units = P if clusters is None else int(clusters.max(initial=-1)) + 1
    folds = np.stack([rng.permutation(units) % FOLDS for _ in range(PARTITIONS)])
    return folds if clusters is None else folds[:, clusters]


def cross_fit(success: F64, counts: I64, seed: int, clusters: I64 | None = None) -> F64 | None:
    """Success of the rule "take the best point within the budget", on problems it did not see.

    Problems are divided at random into ten folds. For each fold the best point within the budget is
    found on the other nine and scored on the fold's own problems. This is done for 40 divisions;
    what is returned is the mean for each problem.

    The mean over problems estimates without bias the expected success of a point chosen on nine
    tenths of the problems, while the mean success of the point chosen on all of them is too high:
    it was chosen for being high.

    Args:
        success: (G, P) success of each problem at the points of a strategy, by rising cost.
        counts: (n_budgets,) number of points each budget affords.
        seed: Seed of the divisions; the same problems are divided alike whatever the points.
        clusters: (P,) family of each problem, from 0 on; families are divided then.

    Returns:
        (n_budgets, P) success of each problem, nan where no point is affordable; None for fewer
        than ten problems, or families.

    Source:
        Stone 1974, cross-validatory choice and assessment.
    """
    P = success.shape[1]
    units = P if clusters is None else int(clusters.max(initial=-1)) + 1
    if units < LEAST_PROBLEMS:
        return None
    total = success.sum(axis=1, keepdims=True)
    scored = np.zeros((counts.size, P))
    for folds in divisions(P, seed, clusters):
        members = np.eye(FOLDS)[folds]
        others = (total - success @ members) / (P - members.sum(axis=0))
        chosen = best_within(others, counts)
        scored += success[chosen[:, folds], np.arange(P)]
    return np.where(counts[:, None] > 0, scored / PARTITIONS, np.nan)
