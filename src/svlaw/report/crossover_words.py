"""The crossover in words: from which budget on verification pays, and how sure that is."""

from svlaw.analysis.compare.crossover import LEAD, Crossover
from svlaw.analysis.figures.curve_figures import STRATEGY_NAMES
from svlaw.report.number_texts import amount, often, points, reached, times, with_ends

NAMES = {**STRATEGY_NAMES, "best": "The better of best-of-N and weighted voting"}


def crossover_sentences(found: Crossover, unit: str) -> list[str]:
    """What to know of a crossover: the answer, the gain, and the paper's ratio beside them.

    Args:
        found: The crossover.
        unit: What budgets are counted in.
    """
    return [_answer(found, unit), _gain(found, unit), _paper(found, unit)]


def _answer(found: Crossover, unit: str) -> str:
    name, budget = NAMES[found.strategy], found.crossover_budget
    least = f"{100 * LEAD:.2f} points or more"
    if budget.estimate is None:
        text = f"{name} has no lasting lead over self-consistency at the budgets both have"
        if budget.never is not None and budget.never < 1:
            text += f" (in {often(1 - budget.never)} it has one)"
        return f"{text}."
    text = (
        f"{name} leads self-consistency by {least} from a budget of {reached(budget, amount)}"
        f" {unit} on"
    )
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
