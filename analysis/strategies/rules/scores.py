"""Scores as rules read them: in [0, 1], from the whole numbers of verdict draws."""

import numpy as np
import numpy.typing as npt

from svlaw.analysis.kernels.problem_sample import SCORE_UNIT
from svlaw.analysis.kernels.verdict_draws import MEAN_UNIT, VerdictDraws


def score_units(draws: VerdictDraws) -> npt.NDArray[np.float64]:
    """(W,) what a mean score of 1 is in the values that `draw_scores` writes, at each V.

    Equal values are equal scores and ordered alike, whatever the unit.
    """
    if draws.is_averaged:
        return np.full(draws.verifications.size, float(MEAN_UNIT))
    unit = 1.0 if draws.is_binary else float(SCORE_UNIT)
    units: npt.NDArray[np.float64] = draws.verifications.astype(np.float64) * unit
    return units
