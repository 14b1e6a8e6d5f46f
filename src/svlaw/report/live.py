"""Data of the live panel, which recomputes frontier, crossover and plan in the page.

The page holds what does not depend on costs: the success table on powers of two, and the fine one
that `svlaw plan` chooses from, with the success of every problem and the divisions of
cross-fitting. `live_model.js` makes the rest of it.
"""

import base64
import json
import shlex
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass
from typing import Any, Final

import numpy as np
import numpy.typing as npt
from markupsafe import Markup

from svlaw.analysis.compare.crossfit import LEAST_PROBLEMS, divisions
from svlaw.analysis.cost import CostModel, RelativeCost, axis_title, measure_lambda
from svlaw.analysis.figures.curve_figures import STRATEGY_NAMES, plot_frontier
from svlaw.analysis.intervals.interval import LEVEL
from svlaw.analysis.intervals.success_intervals import success_intervals
from svlaw.analysis.success.estimators import Options
from svlaw.analysis.success.pool_strategies import contenders, default_strategies
from svlaw.analysis.success.success_table import SuccessTable, success_table
from svlaw.analysis.token_costs import FlopsCost, PriceCost, TokenCost, WeightedTokens, token_cost
from svlaw.data.errors import NotInPoolError
from svlaw.report.embedding import in_script
from svlaw.report.pool_results import Findings

F64 = npt.NDArray[np.float64]

_COSTS: Final[dict[str, type[RelativeCost | WeightedTokens]]] = {
    "relative": RelativeCost,
    "tokens": TokenCost,
    "flops": FlopsCost,
    "price": PriceCost,
}
"""Cost models of the panel, by their names in `live_costs.js`."""
LARGEST: Final = 3_000_000
"""Most bytes of per-problem success in a page; base64 makes a third more of them."""
SCRIPTS: Final = (
    "live_numbers.js",
    "live_costs.js",
    "live_words.js",
    "live_model.js",
    "live_figure.js",
    "live.js",
)
"""The panel's script, in the order in which its parts build on each other; after `report.js`."""
DEFAULT_SIZE: Final = 8.0
"""Billions of parameters that the sizes start at where the report has none."""
DEFAULT_PRICES: Final = {"solverprice": 0.60, "inputprice": 0.15, "outputprice": 0.60}
"""US dollars per million tokens that the prices start at where the report has none.

Source:
    OpenAI's list price of GPT-4o mini when it appeared (July 2024): 0.15 of input, 0.60 of output.
"""


@dataclass(frozen=True)
class LivePanel:
    """The panel, for the template.

    Attributes:
        names: Names of its pools: those with a strategy that can be run without an oracle.
        data: All that it computes from, as JSON.
    """

    names: list[str]
    data: Markup


def live_panel(found: Sequence[Findings]) -> LivePanel | None:
    """The panel for the pools of a report; None when there is none that it could show.

    Per-problem success is left out of pools where it would take the page over `LARGEST` bytes:
    their success is then in-sample.
    """
    shown = [each for each in found if _runnable(each.table).any()]
    pools, left = [], LARGEST
    for each in shown:
        fine = _fine_table(each)
        size = fine.success[_runnable(fine)].nbytes if fine.has_problems else 0
        pools.append(_pool(each, fine, whole=size <= left))
        left -= size if size <= left else 0
    costs = {
        name: {"unit": kind.unit_name, "label": axis_title(kind.quantity, kind.unit_name)}
        for name, kind in _COSTS.items()
    }
    document = {"names": STRATEGY_NAMES, "costs": costs, "pools": pools}
    data = json.dumps(document, allow_nan=False)
    return LivePanel([each.name for each in shown], in_script(data)) if shown else None


def _fine_table(found: Findings) -> SuccessTable:
    """The table that `svlaw plan` chooses from."""
    if found.law_table is not None:
        return found.law_table
    if found.pool.is_published_table:
        return found.table
    return success_table(
        found.pool,
        default_strategies(found.pool),
        solutions="fine",
        verifications="fine",
        verifier=found.table.verifier,
        options=found.table.options,
    )


def _runnable(table: SuccessTable) -> npt.NDArray[np.bool_]:
    """(points,) which points have a result and need no oracle."""
    strategy = table.points["strategy"].to_numpy()
    result: npt.NDArray[np.bool_] = np.isfinite(table.mean()) & (strategy != "coverage")
    return result & _is_plain(table)


def _is_plain(table: SuccessTable) -> npt.NDArray[np.bool_]:
    """(points,) which points have an S and a V, by which the panel charges them: not policies."""
    plain: npt.NDArray[np.bool_] = table.points["solutions"].is_not_null().to_numpy()
    return plain


def _pool(found: Findings, fine: SuccessTable, *, whole: bool) -> dict[str, Any]:
    measured = _measured_ratio(found)
    return {
        "name": found.name,
        "shell_name": _shell_name(found.name),
        "options": _options(found),
        "strategies": _strategies(found),
        "crossfits": fine.n_problems >= LEAST_PROBLEMS,
        "verified": list(found.verified),
        "coarse": coarse_data(found.table),
        "fine": fine_data(fine, found.seed, whole=whole),
        "start": _start(found.cost, measured),
        "measured_ratio": measured,
        "calls": found.cost.calls,
        "tokens": _tokens(found),
        "figure": _figure(found),
    }


def _strategies(found: Findings) -> str:
    """The option that names what the panel compares, where the commands compare more."""
    plain = default_strategies(found.pool)
    return "" if contenders(found.pool) == plain else f" --strategies {','.join(plain)}"


def _start(cost: CostModel, measured: float | None) -> dict[str, Any]:
    """The model and the figures of all models that the panel starts with."""
    figures = {"solver": DEFAULT_SIZE, "verifier": DEFAULT_SIZE, **DEFAULT_PRICES}
    if isinstance(cost, RelativeCost):
        return {"model": "relative", "ratio": cost.ratio, **figures}
    figures["ratio"] = measured or 1.0
    if isinstance(cost, FlopsCost):
        figures["solver"] = cost.solver_parameters / 1e9
        figures["verifier"] = cost.verifier_parameters / 1e9
        return {"model": "flops", **figures}
    if isinstance(cost, PriceCost):
        figures["solverprice"] = cost.solver_price
        if cost.verifier_input_price is not None and cost.verifier_output_price is not None:
            figures["inputprice"] = cost.verifier_input_price
            figures["outputprice"] = cost.verifier_output_price
        return {"model": "price", **figures}
    return {"model": "tokens", **figures}


def coarse_data(table: SuccessTable) -> dict[str, Any]:
    """The points that frontier and crossover rest on, with their intervals."""
    held = np.isfinite(table.mean()) & _is_plain(table)
    low = high = None
    if table.has_problems:
        low, high = (end.tolist() for end in success_intervals(table.success[held]))
    return {**_points(table, held), "low": low, "high": high}


def fine_data(table: SuccessTable, seed: int, *, whole: bool) -> dict[str, Any]:
    """The points that a plan chooses from.

    `problems` holds the success of every problem, `folds` the divisions of cross-fitting and
    `t_squared` the squared quantile of `success_intervals`; where success is not given problem by
    problem, `low` and `high` hold the ends of in-sample intervals.
    """
    held = _runnable(table)
    result = {**_points(table, held), "n_problems": table.n_problems}
    if not table.has_problems:
        return result
    if not whole:
        low, high = success_intervals(table.success[held])
        return {**result, "low": low.tolist(), "high": high.tolist()}
    result["problems"] = _encoded(table.success[held].astype("<f8"))
    result["t_squared"] = _t_squared(table.n_problems)
    if table.n_problems >= LEAST_PROBLEMS:
        result["folds"] = _encoded(divisions(table.n_problems, seed).astype(np.uint8))
    return result


def _points(table: SuccessTable, held: npt.NDArray[np.bool_]) -> dict[str, Any]:
    points = table.points.filter(held)
    return {
        "strategies": list(dict.fromkeys(points["strategy"])),
        "strategy": points["strategy"].to_list(),
        "solutions": points["solutions"].to_list(),
        "verifications": points["verifications"].to_list(),
        "success": table.mean()[held].tolist(),
    }


def _encoded(array: npt.NDArray[Any]) -> str:
    return base64.b64encode(array.tobytes()).decode("ascii")


def _t_squared(P: int) -> float:
    from scipy.special import stdtrit  # noqa: PLC0415  # as in analysis.resampling

    return float(stdtrit(P - 1, (1 + LEVEL) / 2)) ** 2 if P > 1 else 0.0


def _measured_ratio(found: Findings) -> float | None:
    """The lambda that commands measure when none is given."""
    with suppress(NotInPoolError):
        return measure_lambda(found.pool, found.table.verifier).ratio
    return None


def _tokens(found: Findings) -> dict[str, Any] | None:
    """Mean tokens, and where they come from; None where the pool holds no lengths."""
    with suppress(NotInPoolError):
        cost = token_cost(found.pool, found.table.verifier)
        return {**asdict(cost.tokens), "origin": cost.origin}
    return None


def _figure(found: Findings) -> dict[str, Any]:
    """Layout and looks of the static figure; the page fills in the points."""
    figure: dict[str, Any] = json.loads(plot_frontier(found.curves, found.cost).to_json())
    kept = ["name", "legendgroup", "showlegend", "mode", "line", "marker", "fill", "fillcolor"]
    kept += ["hoverinfo", "hovertemplate", "type"]
    return {
        "data": [{key: trace[key] for key in kept if key in trace} for trace in figure["data"]],
        "layout": figure["layout"],
    }


def _shell_name(name: str) -> str:
    """A pool's name as the argument of a command."""
    return shlex.quote(f"./{name}" if name.startswith("-") else name)


def _options(found: Findings) -> str:
    """Options, other than those of the cost, that the report was made with."""
    table, usual = found.table, Options()
    options = table.options or usual
    given = []
    if table.verifier is not None and len(found.pool.verifiers) > 1:
        given.append(("verifier", table.verifier))
    policies = ("unparsed", "missing_answer", "population", "tolerance")
    given += [
        (name.replace("_", "-"), str(getattr(options, name)))
        for name in policies
        if getattr(options, name) != getattr(usual, name)
    ]
    if found.seed:
        given.append(("seed", str(found.seed)))
    return "".join(f" --{name} {shlex.quote(value)}" for name, value in given)
