"""A design as the table that people read."""

from typing import TYPE_CHECKING

from svlaw.data.table_texts import UNKNOWN, TextTable, decimals, number

if TYPE_CHECKING:
    from svlaw.fit.designs.design import Design

HEADER = (
    "solutions x verdicts",
    "method",
    "problems",
    "cost",
    "up to",
    "converges to",
    "bias",
    "",
)


def design_table(found: "Design", title: str = "design") -> TextTable:
    """The sizes considered, then what to generate.

    Args:
        found: The design.
        title: What to print above it.
    """
    shown = [one for one in found.candidates if one.method == (found.method or one.method)]
    rows = [
        (
            f"{one.solutions} x {one.verifications}",
            one.method,
            UNKNOWN if one.problems is None else f"{one.problems:,}",
            number(one.generations),
            number(one.budget),
            decimals(one.grid_exponent, 3),
            UNKNOWN if one.bias is None else f"{one.bias:+.3f}",
            one.status,
        )
        for one in shown
    ]
    return TextTable(
        title, HEADER, rows, (*_answer(found), _population(found), f"status: {found.status}")
    )


def _answer(found: "Design") -> tuple[str, ...]:
    if found.problems is None:
        return ()
    lead = "a new study would be" if found.status == "reached" else "generate"
    return (
        f"{lead} {found.problems:,} problems, {found.solutions} solutions of each and"
        f" {found.verifications} verdicts on each: cost {number(found.generations)}; simulated"
        f" pools of this size give {decimals(found.exponent, 3)} to within"
        f" {decimals(found.half_width, 3)}",
    )


def _population(found: "Design") -> str:
    by = "its success" if found.population.method == "matched" else "its counts"
    gap = 100 * found.population.gap
    return f"population: fitted to {by}; success at most {gap:.1f} points off"
