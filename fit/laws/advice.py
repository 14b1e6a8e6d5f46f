"""Which method's law to believe, and how far the methods agree."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from svlaw.data.shown import Shown
from svlaw.fit.laws.allocation_law import QUANTITIES, AllocationLaw, Quantity

TRUST: Final = ("isobudget", "envelope", "surface")
"""Methods by how near simulated truth they come where their status is ok (docs/laws.md)."""
METHODS_IN_WORDS: Final = {
    "envelope": "the envelope",
    "isobudget": "the iso-budget parabolas",
    "surface": "the surface",
}
_SOUND: Final = ("ok", "boundary")
"""Statuses with which a law can still be quoted, the better first."""
_SYMBOLS: Final[dict[Quantity, str]] = {"solutions": "a", "verifications": "b"}


@dataclass(frozen=True, repr=False)
class Advice(Shown):
    """Which method to believe for one strategy.

    Attributes:
        strategy: The strategy.
        method: The method; None when no law can be quoted.
        agree: Whether the exponents of every other method that can be quoted lie within its
            intervals; None where there is nothing to compare, or no interval.
        words: The advice in words.
    """

    strategy: str
    method: str | None
    agree: bool | None
    words: str


def advise(laws: Sequence[AllocationLaw]) -> tuple[Advice, ...]:
    """Advice for each strategy.

    The most trusted method whose laws of S and of V are both `ok`; failing that, the most trusted
    one whose laws are at worst censored by the largest S or V.

    Args:
        laws: The laws of one fit.

    Examples:
        >>> import svlaw as sv
        >>> fit = sv.fit_allocation(sv.open_example("singhi2025_fig1"), 2.0)
        >>> sv.advise(fit.laws)[0].method
        'isobudget'
    """
    strategies = dict.fromkeys(law.strategy for law in laws)
    return tuple(
        _advise(name, [law for law in laws if law.strategy == name]) for name in strategies
    )


def _advise(strategy: str, laws: list[AllocationLaw]) -> Advice:
    by_method = {
        method: {law.quantity: law for law in laws if law.method == method}
        for method in TRUST
        if any(law.method == method for law in laws)
    }
    method = next(
        (
            name
            for worst in (1, 2)
            for name, pair in by_method.items()
            if all(law.status in _SOUND[:worst] for law in pair.values())
        ),
        None,
    )
    if method is None:
        if all(law.status == "no_gain" for law in laws):
            no_law = "there is no law, since a larger budget buys no gain that is clear of noise"
            return Advice(strategy, None, None, no_law)
        return Advice(strategy, None, None, "no method gives a law that can be quoted")
    chosen = by_method[method]
    name = METHODS_IN_WORDS[method]
    words = [f"believe {name}" if len(by_method) > 1 else f"{name} alone was asked for"]
    if any(law.status == "boundary" for law in chosen.values()):
        words.append("its optima are censored by the largest S or V")
    sound = [law for law in laws if law.status in _SOUND]
    agree = _agreement(chosen, [law for law in sound if law.method != method])
    for quantity in QUANTITIES:
        known = sorted(
            law.exponent for law in sound if law.quantity == quantity and law.exponent is not None
        )
        if agree is False and len(known) > 1:
            words.append(
                f"{_SYMBOLS[quantity]} runs from {known[0]:.2f} to {known[-1]:.2f} over the methods"
            )
    if agree is False:
        words.append("wider than its interval: quote the range")
    if agree is True:
        words.append("the others lie within its intervals")
    return Advice(strategy, method, agree, "; ".join(words))


def _agreement(
    chosen: dict[Quantity, AllocationLaw], others: Sequence[AllocationLaw]
) -> bool | None:
    """Whether all other exponents lie within the chosen laws' intervals."""
    within = []
    for law in others:
        low, high = chosen[law.quantity].conf_low, chosen[law.quantity].conf_high
        if law.exponent is not None and low is not None and high is not None:
            within.append(low <= law.exponent <= high)
    return all(within) if within else None
