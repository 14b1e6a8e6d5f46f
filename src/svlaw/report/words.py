"""The report's answer in words: what to do, when verification pays, and what is doubtful."""

from collections.abc import Iterator, Sequence
from itertools import groupby
from typing import Any

from markupsafe import Markup

from svlaw.analysis.checks.selection_checks import selection_remarks
from svlaw.analysis.cost import ROUNDING
from svlaw.analysis.figures.strategy_looks import STRATEGY_NAMES
from svlaw.analysis.intervals.interval import Interval
from svlaw.data.numerals import counted
from svlaw.data.schema import VERIFIED
from svlaw.data.verdicts.unparsed import MANY_UNPARSED, unparsed_words
from svlaw.fit.laws.advice import METHODS_IN_WORDS, Advice
from svlaw.fit.laws.allocation_law import AllocationLaw
from svlaw.fit.laws.law_figures import METHOD_NAMES
from svlaw.report.crossover_words import crossover_sentences
from svlaw.report.growth import FACTOR
from svlaw.report.number_texts import (
    amount,
    ends,
    exponent,
    listed,
    percent,
    points,
    times,
    with_ends,
)
from svlaw.report.pool_results import Findings

FEW_PROBLEMS = 30
"""Below this many problems the intervals are called rough."""
_MOST_RUNS = 4

Sentence = str | Markup
Row = dict[str, Any]


def lead(found: Findings) -> str:
    """The answer in a sentence or two."""
    rows = found.best.to_dicts()
    if not rows:
        return (
            "No strategy of this pool can be run without an oracle: it has neither answers to"
            " vote on nor verifications."
        )
    unit = found.cost.unit_name
    largest = _spent(rows[-1], unit)
    if any(row["setting"] for row in rows):
        runs = [list(group) for _, group in groupby(rows, lambda row: row["strategy"])]
        last = runs[-1]
        return (
            f"{STRATEGY_NAMES[last[-1]['strategy']]} is best {_range(last)} {unit}: it solves"
            f" {_success(last[-1])} of the problems at the largest budget, {largest}."
        )
    if not found.verified:
        return (
            "Without verifications only self-consistency can be judged: it solves"
            f" {_success(rows[-1])} of the problems at the largest budget, {largest}."
        )
    if not found.has_voting:
        return (
            "Without answers to vote on there is no self-consistency to compare with:"
            f" verification solves {_success(rows[-1])} at the largest budget, {largest}."
        )
    phases = [list(group) for _, group in groupby(rows, _is_verified)]
    return f"{_phases_in_words(phases, unit)}{_unrivalled(found, phases[-1])}{_certainty(rows[-1])}"


def answers(found: Findings) -> list[Sentence]:
    """What the pool says, sentence by sentence: choices, crossovers, saturation, laws."""
    sentences: list[Sentence] = [*_choices(found.best.to_dicts(), found.has_voting)]
    unit = found.cost.unit_name
    for result in found.crossovers:
        if result.strategy != "best":
            answer, gain, _ = crossover_sentences(result, unit)
            sentences.append(f"{answer} {gain}".rstrip())
    sentences += [*_saturation(found), *_tenfold(found)]
    sentences += [_growth(found, each) for each in found.advice]
    return sentences


def advice(found: Findings) -> list[str]:
    """Which method's laws to believe, a sentence for each strategy."""
    return [f"{STRATEGY_NAMES[each.strategy]}: {each.words}." for each in found.advice]


def law_troubles(found: Findings) -> list[str]:
    """What every doubtful status of a law means, and which laws have it."""
    held: dict[tuple[str, str], list[str]] = {}
    for law in found.fit.laws if found.fit is not None else ():
        if law.words:
            who = f"{METHOD_NAMES[law.method].lower()} with {_name(law.strategy)}"
            names = held.setdefault((law.status, law.words), [])
            names += [] if who in names else [who]
    return [
        f"{status.replace('_', ' ').capitalize()} ({listed(names)}): {words}."
        for (status, words), names in held.items()
    ]


def optimism(found: Findings) -> str:
    """What choosing and scoring a point on the same problems does to its success."""
    text = "A point is chosen for its success on these problems, which is on average too high"
    if found.optimism is None:
        return f"{text}; telling by how much takes per-problem data of ten problems or more."
    size = points(found.optimism).lstrip("+")
    by = "here by less than 0.1" if size == "0.0" else f"here by up to {size}"
    return (
        f"{text}, {by} points. Cross-fitted success is what points chosen in the same way achieve"
        " on problems they were not chosen on."
    )


def doubts(found: Findings) -> list[str]:
    """What a reader should not rely on, and what would help."""
    table = found.table
    sentences: list[str] = []
    if not table.has_problems:
        sentences.append(
            "This is a published table without per-problem data: no figure has an interval, and"
            " small differences may be chance."
        )
    elif not found.resamples:
        sentences.append("Intervals were not asked for (0 resamples).")
    if 0 < table.n_problems < FEW_PROBLEMS:
        words = "the intervals are rough" if table.n_problems > 1 else "no figure has an interval"
        sentences.append(f"With only {counted(table.n_problems, 'problem')} {words}.")
    if table.n_set_aside:
        total = table.n_problems + table.n_set_aside
        sentences.append(
            f"{table.n_set_aside:,} of {total:,} problems are set aside for all strategies: they"
            " hold too few solutions or verifications for the grid."
        )
    remarks = selection_remarks(found.pool, table)
    sentences += [f"{remark[0].upper()}{remark[1:]}." for remark in remarks]
    if found.quality is not None and found.quality.unparsed >= MANY_UNPARSED:
        sentences.append(f"{unparsed_words(percent(found.quality.unparsed))}: see svlaw parse.")
    sentences += _doubts_on_voting(found)
    sentences += _doubts_on_laws(found)
    sentences += _doubts_on_draws(found)
    return sentences


def _phases_in_words(phases: list[list[Row]], unit: str) -> str:
    first, last = phases[0], phases[-1]
    verifying = _is_verified(last[0])
    if len(phases) == 1:
        who = "Verification" if verifying else "Self-consistency"
        return (
            f"{who} is the better choice at every budget computed, up to {_spent(last[-1], unit)}."
        )
    if len(phases) == 2 and verifying:
        return (
            "Vote on small budgets, verify on larger ones: up to"
            f" {_spent(first[-1], unit)} self-consistency is best, {_range(last)} verification is."
        )
    who = "verification" if verifying else "self-consistency"
    return f"The lead changes hands; {_range(last)} {unit}, the largest budget, {who} is best."


def _spent(row: Row, unit: str) -> str:
    """The budget of a row: 8 solutions."""
    text = amount(row["budget"])
    return f"{text} {'solution' if (text, unit) == ('1', 'solutions') else unit}"


def _range(phase: list[Row]) -> str:
    first, last = amount(phase[0]["budget"]), amount(phase[-1]["budget"])
    return f"at {last}" if len(phase) == 1 else f"from {first} to {last}"


def _unrivalled(found: Findings, phase: list[Row]) -> str:
    """A caution where verification leads only because voting was not sampled that far."""
    most = float(found.voting["cost"][-1])
    outside = _is_verified(phase[0]) and phase[0]["budget"] > most * (1 + ROUNDING)
    if not outside or found.saturation != most:
        return ""
    return f" But self-consistency, still improving, was computed only up to {amount(most)}."


def _certainty(row: Row) -> str:
    low, high = row["gain_low"], row["gain_high"]
    if not _is_verified(row) or low is None or not low <= 0 <= high:
        return ""
    return (
        " Its lead at the largest budget is not clear of chance"
        f" ({points(row['gain'])} points {ends(low, high, points)})."
    )


def _choices(rows: list[Row], compared: bool) -> Iterator[str]:
    runs = [list(group) for _, group in groupby(rows, lambda row: row["strategy"])]
    if len(runs) > _MOST_RUNS:
        runs = [list(group) for _, group in groupby(rows, _is_verified)]
    for run in runs:
        last, names = run[-1], list(dict.fromkeys(row["strategy"] for row in run))
        span = amount(run[0]["budget"])
        if len(run) > 1:
            span += f" to {amount(last['budget'])}"
        who = " or ".join(_name(name) for name in names)
        text = f"Budget {span}: {who}. At {amount(last['budget'])}"
        text += f" that is {_point(last)}, success {_success(last)}"
        if compared and _is_verified(last):
            gain = with_ends(last["gain"], last["gain_low"], last["gain_high"], points)
            text += f", {gain} points over self-consistency within that budget"
        yield f"{text}."


def _saturation(found: Findings) -> list[str]:
    if found.saturation is None:
        return []
    rows, budget = found.voting, amount(found.saturation)
    if rows.height == 1:
        return [f"Self-consistency was computed at {budget} alone: it cannot be told to saturate."]
    if found.saturation == rows["cost"][-1]:
        return [f"Self-consistency still improves at {budget}, the largest budget it has."]
    return [
        f"Self-consistency saturates at {budget}: from there on it is within 0.25 points of its"
        f" best, {percent(float(rows['success'].max()))}."  # type: ignore[arg-type]
    ]


def _tenfold(found: Findings) -> Iterator[str]:
    """What ten times the budget buys, at the low end and at the high one."""
    bought: list[str] = []
    for step in found.growth:
        gain = step.gain
        assert gain.estimate is not None
        text = with_ends(gain.estimate, gain.conf_low, gain.conf_high, points)
        text += " points" if not bought else ""
        text += ", not clear of chance," if _covers_zero(gain) else ""
        text += f" from {amount(step.budget)} to {amount(FACTOR * step.budget)}"
        bought.append(f"{text} ({percent(step.before)} to {percent(step.after)})")
    if bought:
        yield f"Ten times the budget buys {' and '.join(bought)}."


def _covers_zero(figure: Interval) -> bool:
    low, high = figure.conf_low, figure.conf_high
    return low is not None and high is not None and low <= 0 <= high


def _growth(found: Findings, held: Advice) -> Sentence:
    """The advised laws of one strategy, and how far to trust them."""
    name = _name(held.strategy)
    if held.method is None:
        return f"With {name} {held.words}: see what is doubtful."
    pair = _laws(found, held.strategy, held.method)
    growth = Markup(
        "With {}, the best S grows as C<sup>a</sup>, a = {}, and the best V as C<sup>b</sup>,"
        " b = {}"
    ).format(name, *(with_ends(x.exponent, x.conf_low, x.conf_high, exponent) for x in pair))
    words = _trouble(pair)
    solutions, verifications = (times(10**x.exponent) for x in pair if x.exponent is not None)
    return growth + (
        f" (by {METHODS_IN_WORDS[held.method]}{'; doubtful: ' + words if words else ''}): ten"
        f" times the budget calls for {solutions} the solutions and {verifications} the"
        f" verifications of each. Advice: {held.words}."
    )


def _laws(found: Findings, strategy: str, method: str) -> list[AllocationLaw]:
    """The law of S and that of V."""
    laws = found.fit.laws if found.fit is not None else ()
    return [law for law in laws if (law.strategy, law.method) == (strategy, method)]


def _trouble(laws: Sequence[AllocationLaw]) -> str:
    """Why laws are doubtful, each reason once; empty where they are not."""
    return "; ".join(dict.fromkeys(law.words for law in laws if law.words))


def _doubts_on_voting(found: Findings) -> Iterator[str]:
    if found.voting.height < 2:
        return
    most = float(found.voting["cost"][-1])
    if found.saturation == most and (found.crossovers or not found.verified):
        yield (
            f"Unsaturated: self-consistency still improves at its largest budget ({amount(most)}),"
            " so saturation and all that rests on it (match ratio, gain ratio) are lower bounds"
            " or provisional: generate more solutions."
        )
    beyond = found.best.filter(found.best["budget"] > most * 1.001)
    if found.verified and beyond.height:
        yield (
            f"Self-consistency is known only up to {amount(most)}; beyond, verification is compared"
            " with the best self-consistency reached by then."
        )


def _doubts_on_laws(found: Findings) -> Iterator[str]:
    """What is amiss with the advised laws; of every method where none can be quoted."""
    for held in found.advice:
        name = _name(held.strategy)
        if held.method is not None:
            if words := _trouble(_laws(found, held.strategy, held.method)):
                yield f"Laws with {name}: {words}."
            continue
        troubles: dict[str, list[str]] = {}
        for method, label in METHOD_NAMES.items():
            if words := _trouble(_laws(found, held.strategy, method)):
                troubles.setdefault(words, []).append(label.lower())
        reasons = "; ".join(f"{listed(labels)}: {words}" for words, labels in troubles.items())
        yield f"No law can be quoted with {name}. {reasons[:1].upper()}{reasons[1:]}."


def _doubts_on_draws(found: Findings) -> Iterator[str]:
    options = found.table.options
    # The tolerance is met problem by problem, up to the noise of the variance itself.
    if options is not None and found.mc_error > 1.1 * options.tolerance:
        yield (
            f"The Monte-Carlo error reaches {100 * found.mc_error:.2f} points, more than the"
            f" {100 * options.tolerance:.2f} wanted: allow more replicates."
        )


def _is_verified(row: Row) -> bool:
    return row["strategy"] in VERIFIED


def _name(strategy: str) -> str:
    name = STRATEGY_NAMES[strategy]
    return name[0].lower() + name[1:]


def _point(row: Row) -> str:
    if row["solutions"] is None:
        return str(row["setting"])
    point = f"S = {row['solutions']:,}"
    return point + (f", V = {row['verifications']:,}" if row["verifications"] else "")


def _success(row: Row) -> str:
    return with_ends(row["success"], row["conf_low"], row["conf_high"], percent)
