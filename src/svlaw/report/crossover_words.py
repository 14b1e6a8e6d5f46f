"""The crossover in words: from which budget on verification pays, and how sure that is."""

from svlaw.analysis.compare.crossover import LEAD, Crossover
from svlaw.analysis.figures.strategy_looks import STRATEGY_NAMES
from svlaw.report.number_texts import amount, often, points, reached, times, with_ends

NAMES = STRATEGY_NAMES | {"best": "The better of best-of-N and weighted voting"}

_OF_PAPER = ("best_of_n", "weighted_vote", "best")


def crossover_sentences(
    found: Crossover, unit: str, against: str = "self_consistency"
) -> list[str]:
    """What to know of a crossover: the answer, the gain, and the paper's ratio beside them.

    Args:
        found: The crossover.
        unit: What budgets are counted in.
        against: What the strategy is compared with; the paper's ratio is that to self-consistency.
    """
    other = "self-consistency" if against == "self_consistency" else _named(against)
    sentences = [_answer(found, unit, other), _gain(found, unit)]
    is_as_in_paper = against == "self_consistency" and found.strategy in _OF_PAPER
    return [*sentences, _paper(found, unit)] if is_as_in_paper else sentences


def _named(strategy: str) -> str:
    """A strategy's name in words, with its settings as they were given."""
    name, _, settings = strategy.partition(":")
    return f"{NAMES[name]} ({settings})" if settings else NAMES[name]


def _answer(found: Crossover, unit: str, other: str) -> str:
    name, budget = _named(found.strategy), found.crossover_budget
    least = f"{100 * LEAD:.2f} points or more"
    if budget.estimate is None:
        text = f"{name} has no lasting lead over {other} at the budgets both have"
        if budget.never is not None and budget.never < 1:
            text += f" (in {often(1 - budget.never)} it has one)"
        return f"{text}."
    text = f"{name} leads {other} by {least} from a budget of {reached(budget, amount)} {unit} on"
    if budget.never and not found.is_clear:
        text += f", but this may be chance: in {often(budget.never)} there is no lasting lead"
    return f"{text}."


def _gain(found: Crossover, unit: str) -> str:
    """The difference at the largest budget that both strategies have."""
    gain, ratio = found.gain, found.gain_ratio.estimate
    start = found.saturation_budget.estimate
    if gain.estimate is None or ratio is None or start is None:
        return ""
    difference = with_ends(gain.estimate, gain.conf_low, gain.conf_high, points)
    low, high = gain.conf_low, gain.conf_high
    doubt = low is not None and high is not None and low <= 0 <= high
    return (
        f"At {amount(ratio * start)} {unit}, the largest budget both have, the difference is"
        f" {difference} points{', which may be chance' if doubt else ''}."
    )


def _paper(found: Crossover, unit: str) -> str:
    """The match ratio as the paper defines it."""
    if found.match_budget.estimate is None or found.match_ratio.estimate is None:
        return ""
    saturation = reached(found.saturation_budget, amount)
    text = (
        f"The paper's match ratio: at {amount(found.match_budget.estimate)} {unit} verification"
        f" first matches self-consistency, {reached(found.match_ratio, times)} the budget"
        f" ({saturation}) at which self-consistency saturates."
    )
    if found.status == "unsaturated":
        return f"{text} Self-consistency may still rise, so this ratio is provisional."
    if found.saturation_probability is not None and found.saturation_probability < 0.95:
        share = f"{found.saturation_probability:.0%}"
        return f"{text} It is saturated in only {share} of the resamples: the ratio is provisional."
    return text
