"""How many problems an interval takes to hold the truth in 90% of pools or more."""

from typing import Final

LEAST_FOR: Final = {"success": 5, "exponent": 30, "budget": 100}
"""Fewest problems, or families of them, by the kind of figure: from the tables of
docs/intervals.md."""
_NAMES: Final = {
    "success": "success and gains",
    "exponent": "exponents",
    "budget": "crossover and saturation budgets and their ratios",
}


def few_problems(n_units: int, kind: str) -> bool:
    """Whether there are too few problems for the interval of a kind of figure.

    Args:
        n_units: Number of problems, or of families where those are the units; 0 for a published
            table, which has no intervals.
        kind: `success`, `exponent` or `budget`.
    """
    return 0 < n_units < LEAST_FOR[kind]


def few_problems_remarks(n_units: int, kind: str) -> list[str]:
    """What to say beside figures of too few problems; nothing where there are enough."""
    if not few_problems(n_units, kind):
        return []
    return [
        f"few_problems: with fewer than {LEAST_FOR[kind]} problems (here {n_units}) 95% intervals"
        f" of {_NAMES[kind]} may hold the truth in less than 90% of all pools"
        " (see docs/intervals.md)"
    ]
