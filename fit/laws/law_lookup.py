"""The laws of a fit by name, and in a few lines."""

from dataclasses import replace
from typing import TYPE_CHECKING

import polars as pl

from svlaw.data.errors import BadInputError
from svlaw.fit.laws.advice import advise
from svlaw.fit.laws.allocation_law import QUANTITIES, AllocationLaw
from svlaw.fit.laws.law_tables import law_words

if TYPE_CHECKING:
    from svlaw.fit.laws.allocation import AllocationFit


def laws_named(fit: "AllocationFit", names: tuple[str, ...]) -> "AllocationFit | AllocationLaw":
    """The law or the laws that some names choose; see `AllocationFit.__getitem__`."""
    strategies = list(dict.fromkeys(law.strategy for law in fit.laws))
    methods = list(dict.fromkeys(law.method for law in fit.laws))
    known = (*strategies, *methods, *QUANTITIES)
    for name in names:
        if name not in known:
            raise BadInputError(f"the fit has no '{name}'; it has {', '.join(known)}")
    part = fit
    for column, values in (("strategy", strategies), ("method", methods)):
        wanted = [name for name in names if name in values]
        part = _restricted(part, column, wanted) if wanted else part
    quantity = [name for name in names if name in QUANTITIES]
    if not quantity:
        return part
    if len({law.strategy for law in part.laws}) > 1:
        raise BadInputError(f"'{quantity[0]}' of which strategy? Name one: {', '.join(strategies)}")
    method = advise(part.laws)[0].method or part.laws[0].method
    return next(law for law in part.laws if (law.method, law.quantity) == (method, quantity[0]))


def fit_lines(fit: "AllocationFit") -> list[str]:
    """What was fitted, then for each strategy the laws of the method that `advise` names."""
    evidence = "published table" if fit.n_problems is None else f"{fit.n_problems:,} problems"
    methods = dict.fromkeys(law.method for law in fit.laws)
    lines = [f"AllocationFit by {', '.join(methods)}: {evidence}"]
    for advice in advise(fit.laws):
        chosen = (advice.strategy, advice.method)
        pair = [law for law in fit.laws if (law.strategy, law.method) == chosen]
        words = ", ".join(map(law_words, pair)) or "no law that can be quoted"
        lines.append(f"  {advice.strategy}: {words}{f' ({advice.method})' if pair else ''}")
    return lines


def _restricted(fit: "AllocationFit", column: str, wanted: list[str]) -> "AllocationFit":
    """The fit of some strategies or methods."""

    def kept(frame: pl.DataFrame) -> pl.DataFrame:
        return frame.filter(pl.col(column).is_in(wanted)) if column in frame.columns else frame

    return replace(
        fit,
        laws=tuple(law for law in fit.laws if getattr(law, column) in wanted),
        sums=tuple(total for total in fit.sums if getattr(total, column) in wanted),
        optima=kept(fit.optima),
        distributions=kept(fit.distributions),
        surfaces=kept(fit.surfaces),
    )
