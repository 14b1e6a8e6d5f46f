"""The rules that come with svlaw.

All of them treat alike what the papers leave open. Only solutions with an answer take part: n of
the S drawn. A solution's score is the mean of its V verdicts under the options of the analysis: by
default unparsed verdicts are left out, and a solution of which none was parsed scores 0. The answer
with the largest value wins; answers whose values are equal but for rounding count as their mean
success, and a draw without any answer counts as wrong. An answer's success is the share of its
solutions that are right. At V = 1 many scores are equal, so how a rule treats equal scores matters:
each says so below.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from svlaw.analysis.strategies.rules import ballots
from svlaw.analysis.strategies.rules.calibration import FITS
from svlaw.analysis.strategies.rules.rule import Numbers, Rule, RuleSetting
from svlaw.analysis.strategies.rules.settings import (
    ChoiceSetting,
    CountSetting,
    NumberSetting,
    PortionSetting,
    Value,
)
from svlaw.data.errors import BadInputError


def _filtered_numbers(values: Mapping[str, Value]) -> Numbers:
    keep = values["keep"]
    return float(keep), float(isinstance(keep, float)), float(values["weighted"] == "yes")


@dataclass(frozen=True)
class _Reader:
    """Reads numeric settings by name; a word counts as 0. A class, so that rules can be pickled."""

    names: tuple[str, ...]

    def __call__(self, values: Mapping[str, Value]) -> Numbers:
        found = [0.0 if isinstance(values[n], str) else float(values[n]) for n in self.names]
        first, second, third, *_ = [*found, 0.0, 0.0, 0.0]
        return first, second, third


FILTERED_VOTE: Final = Rule(
    name="filtered_vote",
    description="majority vote of the solutions with the best scores",
    formula="number of its solutions among the k with the highest scores, k = keep or ceil(keep n)",
    source="Cobbe et al. 2021, section 5 (arXiv 2110.14168); Fu et al. 2025 (arXiv 2508.15260)",
    settings=(
        PortionSetting("keep", 0.5, "share or number of solutions that vote"),
        ChoiceSetting("weighted", "no", "whether they vote with their scores", ("no", "yes")),
    ),
    kind=ballots.FILTERED,
    numbers=_filtered_numbers,
    draws_ties=True,
)
"""Filtered voting: at keep=1 it is best-of-N among the answers, at keep=1.0 the majority vote.

Equal scores at the cut: a uniformly random choice of them is kept, as its expected value.
"""

RANK_VOTE: Final = Rule(
    name="rank_vote",
    description="vote weighted by the rank of the score (Borda)",
    formula="sum of (n - r + 1)^p over its solutions, r the rank of the score from 1 for the best",
    source="Kang, Zhao and Song 2025 (arXiv 2502.18581)",
    settings=(
        NumberSetting(
            "power", 1.0, "exponent p of the weights", (0, 100), "a number from 0 to 100"
        ),
    ),
    kind=ballots.RANKED,
    numbers=_Reader(("power",)),
)
"""Rank voting: at power=0 it is the majority vote; it only reads the order of the scores.

Equal scores: each has the mean of the weights of the ranks they take together.
"""

SOFTMAX_VOTE: Final = Rule(
    name="softmax_vote",
    description="vote weighted by the exponential of the score",
    formula="sum of exp(score / T) over its solutions",
    source="Taubenfeld et al. 2025, definition 3.1 (arXiv 2502.06233)",
    settings=(
        NumberSetting(
            "temperature",
            1.0,
            "T; the lower it is, the more the best scores decide",
            (0, math.inf),
            "a number above 0, or inf",
            open_at=(0,),
        ),
    ),
    kind=ballots.SOFTMAX,
    numbers=_Reader(("temperature",)),
)
"""Softmax voting (confidence-informed self-consistency): the majority vote at T = inf.

Equal scores have equal weights. As T falls to 0 the vote goes to the best score; of equal best ones
to the answer that has most of them.
"""

LOGIT_VOTE: Final = Rule(
    name="logit_vote",
    description="vote weighted by the log-odds of the score; low scores vote against",
    formula="sum of logit(score) - logit(b) over its solutions",
    source="Kuang et al. 2025, theorem 3.2 and its parametric form (arXiv 2510.13918)",
    settings=(
        NumberSetting(
            "threshold",
            0.5,
            "score b of no weight; lower ones count against their answer",
            (0, 1),
            "a number between 0 and 1",
            open_at=(0, 1),
        ),
        NumberSetting(
            "clip",
            0.01,
            "distance from 0 and 1 that scores keep, for finite log-odds",
            (0, 0.5),
            "a number between 0 and 0.5",
            open_at=(0, 0.5),
        ),
    ),
    kind=ballots.LOGIT,
    numbers=_Reader(("threshold", "clip")),
    needs_unit_scores=True,
)
"""Log-odds voting. Scores of verdicts are often exactly 0 or 1, hence the clip.

Equal scores have equal weights. Only drawn answers can win, be their values negative.
"""

BEST_OF_MAJORITY: Final = Rule(
    name="best_of_majority",
    description="answer with the best mean score among the frequent ones",
    formula="mean score of its solutions, where its share of the n solutions is at least alpha",
    source="Di et al. 2025, algorithm 3 at k = 1 (arXiv 2510.03199)",
    settings=(
        NumberSetting(
            "alpha", 0.25, "least share of the solutions", (0, 1), "a number from 0 to 1"
        ),
    ),
    kind=ballots.GATED,
    numbers=_Reader(("alpha",)),
)
"""Best-of-majority. Where no answer is as frequent as alpha, all of them are in the race.

Equal scores do not matter beyond their means.
"""

MAJORITY_OF_THE_BESTS: Final = Rule(
    name="majority_of_the_bests",
    description="answer that best-of-N picks most often in resamples of the solutions",
    formula="chance that the best of m solutions, drawn with replacement, gives it; m = sqrt(n) "
    "rounded down",
    source="Rakhsha et al. 2025 (arXiv 2511.18630)",
    settings=(CountSetting("resample", "sqrt", "m, at most n", word="sqrt"),),
    kind=ballots.BESTS,
    numbers=_Reader(("resample",)),
)
"""Majority of the bests, with its chances in closed form: no resampling.

The best score of a resample is that of rank t with chance ((n - t + 1) / n)^m - ((n - t) / n)^m.
Equal scores: each is the best with the same chance, as in a resample that breaks ties at random.
"""

PESSIMISTIC: Final = Rule(
    name="pessimistic",
    description="answer with the best mean score, less a penalty for little evidence",
    formula="mean score of its solutions - alpha ln(n V) / (c V + 1), c the number of them",
    source="Shi and Jin 2025, pessimistic verification (arXiv 2504.10337)",
    settings=(
        NumberSetting(
            "alpha",
            0.1,
            "weight of the penalty",
            (0, math.inf),
            "a number from 0",
            open_at=(math.inf,),
        ),
    ),
    kind=ballots.PESSIMISTIC,
    numbers=_Reader(("alpha",)),
)
"""Pessimistic verification: a lower bound of the score; at alpha=0 the best mean score.

V counts the verdicts of a solution, unparsed ones included. Equal scores do not matter beyond their
means.
"""

CALIBRATED_VOTE: Final = Rule(
    name="calibrated_vote",
    description="vote weighted by the log-likelihood ratio of the score, learnt on other problems",
    formula="sum of log f1(score) / f0(score) + log q / (1 - q) + log(m - 1) over its solutions, "
    "f1 and f0 the densities of right and wrong solutions' scores, q the mean chance to be right "
    "of the n solutions, m the number of different answers",
    source="Kuang et al. 2025, theorem 3.2 and section 4.1 (arXiv 2510.13918)",
    settings=(
        ChoiceSetting("fit", "monotone", "form of the ratio", FITS),
        CountSetting(
            "folds", 5, "groups of problems; each is scored by the fit to the others", 2, 100
        ),
    ),
    kind=ballots.CALIBRATED,
    numbers=_Reader(()),
    needs_unit_scores=True,
    needs_calibration=True,
)
"""Calibrated voting. The ratio and the chance to be right are learnt at each V on the problems of
the other folds, see `calibration`, so no problem is scored by what was learnt on it.

Equal scores have equal weights.
"""

RULES: Final[Mapping[str, Rule]] = {
    rule.name: rule
    for rule in (
        FILTERED_VOTE,
        RANK_VOTE,
        SOFTMAX_VOTE,
        LOGIT_VOTE,
        BEST_OF_MAJORITY,
        MAJORITY_OF_THE_BESTS,
        PESSIMISTIC,
        CALIBRATED_VOTE,
    )
}


def parse_rule(text: str) -> RuleSetting:
    """The rule and settings of a text such as `filtered_vote:keep=0.5`.

    Raises:
        BadInputError: The rule or a setting is unknown, or a value cannot be used.
    """
    name, _, settings = text.partition(":")
    if name.strip() not in RULES:
        raise BadInputError(f"unknown rule '{name.strip()}'; use {', '.join(RULES)}")
    return RULES[name.strip()].parse(settings)
