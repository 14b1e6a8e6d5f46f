"""Success of one problem under a rule, at every (S, V) and several settings at once."""

import math
from collections.abc import Sequence
from typing import Final

import numpy as np
import numpy.typing as npt

from svlaw.analysis.kernels.permutation_walks import share_walks
from svlaw.analysis.kernels.problem_sample import ProblemSample
from svlaw.analysis.kernels.random_streams import new_stream
from svlaw.analysis.kernels.verdict_draws import VerdictDraws, draw_scores
from svlaw.analysis.strategies.rules import ballots
from svlaw.analysis.strategies.rules.calibration import Calibration, ScoreCounts, count_scores
from svlaw.analysis.strategies.rules.rule import RuleSetting
from svlaw.analysis.strategies.rules.scores import score_units
from svlaw.analysis.strategies.rules.walks import in_order, mean_over_subsets, rule_walks
from svlaw.analysis.success.estimators import (
    Estimate,
    Options,
    _draws,
    _draws_verdicts,
    _is_mixed,
    _reach,
)
from svlaw.analysis.success.replication import replicate

F64 = npt.NDArray[np.float64]
I64 = npt.NDArray[np.int64]
Mask = npt.NDArray[np.bool_]

_SUBSETS: Final = 256
"""Subsets of S of n solutions that are enumerated instead of drawn."""


def estimate_rule(
    settings: Sequence[RuleSetting],
    sample: ProblemSample,
    solutions: I64,
    verifications: I64,
    options: Options,
    n_problems: int,
    calibrations: Sequence[Calibration | None] = (),
) -> list[Estimate]:
    """Estimate one rule at several settings on one problem.

    All settings read the same draws. Replicates are as many as the least precise point asks for, so
    an estimate depends on the settings beside it within its Monte-Carlo error. Exact, with variance
    0, are S = 1; where all verdicts are in use, S = n and every S with at most 256 subsets.

    Args:
        settings: Settings of one rule.
        sample: The problem.
        solutions: (G,) values of S, ascending.
        verifications: (W,) values of V, ascending.
        options: Policies, tolerance and seed.
        n_problems: Number of problems averaged over.
        calibrations: Calibration of each setting, made at the same values of V, where the rule
            needs one, see `calibration.cross_fit`.

    Returns:
        An estimate for each setting, (W, G).
    """
    rule = settings[0].rule
    if any(setting.rule != rule for setting in settings):
        raise ValueError("settings are of several rules")
    if rule.needs_calibration and len(calibrations) != len(settings):
        raise ValueError(f"{rule.name} needs a calibration for each setting")
    usable, outside = _reach(sample, solutions, verifications)
    draws = _draws(sample, verifications, options, ranked=False)
    values, units, shares = draws.empty_values(), score_units(draws), sample.shares
    parameters = np.array([setting.numbers for setting in settings])
    tables = _tables(settings, sample.n_solutions, verifications.size, calibrations)
    stream = new_stream(options.seed, rule.name, sample.problem_id)
    walks = share_walks(solutions)
    exact, held = _exact_points(settings, sample, draws, solutions, usable)
    drawn = (solutions > 1) & ~exact & ~outside & _is_mixed(sample)
    width = verifications.size

    def add(active: Mask, replicates: int, sums: F64, squares: F64) -> None:
        rule_walks(
            draws,
            values,
            units,
            sample.classes,
            shares,
            rule.kind,
            parameters,
            tables,
            solutions,
            walks.starts,
            active,
            replicates,
            stream,
            sums,
            squares,
        )

    tries = np.stack([walks.subsets(int(n)) for n in usable], axis=1)
    success, variance = replicate(
        add,
        (solutions.size, len(settings) * width),
        walks.starts,
        np.tile(drawn.T, len(settings)),
        np.tile(np.maximum(tries, 1), len(settings)),
        options.target(n_problems),
        options.max_replicates,
    )
    estimates = []
    for p in range(len(settings)):
        columns = slice(p * width, (p + 1) * width)
        found, spread = success[:, columns].T.copy(), variance[:, columns].T.copy()
        for w, g in np.argwhere(exact & (solutions > 1)):
            found[w, g] = mean_over_subsets(
                *held[w],
                solutions[g],
                verifications[w],
                shares,
                rule.kind,
                parameters[p],
                tables[p, w],
            )
        estimates.append(
            Estimate(np.where(outside, np.nan, found), np.where(outside, np.nan, spread))
        )
    return estimates


def count_sample_scores(sample: ProblemSample, verifications: I64, options: Options) -> ScoreCounts:
    """Count a problem's scores at each V, for `calibration.cross_fit`.

    Args:
        sample: The problem.
        verifications: (W,) values of V, ascending.
        options: Policies and seed.
    """
    draws = _draws(sample, verifications, options, ranked=False)
    return count_scores(sample.problem_id, draws, sample.classes, sample.correct, options.seed)


def _exact_points(
    settings: Sequence[RuleSetting],
    sample: ProblemSample,
    draws: VerdictDraws,
    solutions: I64,
    usable: I64,
) -> tuple[Mask, dict[int, tuple[npt.NDArray[np.int32], F64]]]:
    """(W, G) points to enumerate, and classes and scores of the solutions at each such V."""
    exact = np.zeros((usable.size, solutions.size), np.bool_)
    held: dict[int, tuple[npt.NDArray[np.int32], F64]] = {}
    values, units = draws.empty_values(), score_units(draws)
    draws_verdicts = _draws_verdicts(sample, draws.verifications)
    if not draws_verdicts.all():
        draw_scores(draws, usable.size, new_stream(0, "all verdicts"), values)
    for w in np.flatnonzero(~draws_verdicts):
        order = np.arange(sample.n_solutions)
        classes, scores = in_order(order, sample.classes, values, w, units[w])
        voted = scores[classes >= 0]
        if settings[0].rule.draws_ties and np.unique(voted).size < voted.size:
            continue
        n = int(usable[w])
        exact[w] = [s <= n and math.comb(n, int(s)) <= _SUBSETS for s in solutions]
        held[int(w)] = classes, scores
    return exact, held


def _tables(
    settings: Sequence[RuleSetting],
    n_solutions: int,
    width: int,
    calibrations: Sequence[Calibration | None],
) -> F64:
    """(P, W, 3, B) what the kernel looks up."""
    rule = settings[0].rule
    if rule.needs_calibration:
        tables = [c.tables for c in calibrations if c is not None]
        most = max(table.shape[2] for table in tables)
        return np.stack(
            [np.pad(t, ((0, 0), (0, 0), (0, most - t.shape[2])), mode="edge") for t in tables]
        )
    if rule.kind == ballots.RANKED:
        places = np.arange(n_solutions + 1) / max(n_solutions, 1)
        result = np.zeros((len(settings), width, 3, places.size))
        for p, setting in enumerate(settings):
            weights = places ** setting.numbers[0]
            weights[0] = 0.0
            result[p, :, 0] = np.cumsum(weights)
        return result
    return np.zeros((len(settings), width, 3, 1))
