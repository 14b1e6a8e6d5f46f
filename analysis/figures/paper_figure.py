"""Figure 1 of the paper, from any success table: equal solutions beside equal compute."""

import math
from typing import Any, Final

import numpy as np
import plotly.graph_objects as go
import polars as pl

from svlaw.analysis.compare.crossover import Crossover, crossover
from svlaw.analysis.compare.curves import curves
from svlaw.analysis.cost import CostModel
from svlaw.analysis.figures.axes import (
    INK,
    binary_axis,
    decade_axis,
    ends,
    layout,
    rounded,
    success_range,
)
from svlaw.analysis.figures.curve_figures import (
    depth_lines,
    held_points,
    panel_grid,
    place_of,
    strategy_line,
)
from svlaw.analysis.figures.strategy_looks import STRATEGY_NAMES
from svlaw.analysis.success.success_table import SuccessTable

_PANEL: Final = 290
"""Pixels, the height of a panel."""
_FRAME: Final = 150
"""Pixels above and below the panels."""
_GAP: Final = 0.14
"""Share of the height between panels one below the other, for the title of an axis."""
_ROOM_OF_WORDS: Final = 0.35
"""Share of the width that words take up."""
_ROOM: Final = 0.17
"""Share of the height of the figures that stays free above them for the marks."""


def plot_paper_figure(
    table: SuccessTable,
    cost: CostModel,
    strategy: str | None = None,
    *,
    title: str | None = None,
    beside: bool = True,
) -> go.Figure:
    """Success at equal numbers of solutions, and at equal compute, as in Figure 1 of the paper.

    The first panel has self-consistency and verification at the largest V against S, and how many
    fewer solutions verification needs for the best success of self-consistency; the second, every V
    against cost, with the crossover's match ratio, gain and gain ratio.

    Args:
        table: A success table with self-consistency and a strategy with a verifier.
        cost: The cost model.
        strategy: `best_of_n` (the default, as in the paper) or `weighted_vote`.
        title: Title of the figure.
        beside: Whether the panels stand beside each other instead of one below the other.

    Raises:
        BadInputError: There is no such strategy.
        NotInPoolError: The table lacks one of the strategies, or their budgets do not overlap.

    Source:
        arXiv 2504.01005, Figure 1.
    """
    found = crossover(table, cost, strategy, resamples=0)
    frame = held_points(curves(table, cost), ("cost",))
    voting = frame.filter(pl.col("strategy") == "self_consistency").sort("solutions")
    verified = frame.filter(pl.col("strategy") == found.strategy)
    depths = sorted(verified["verifications"].unique())
    fewer = voting.filter(pl.col("solutions") <= verified["solutions"].max())
    shares = pl.concat([voting["success"], verified["success"]])
    low, high = success_range(shares) or ends(100 * shares)
    span = max(high - low, 1.0)
    figure = panel_grid(2, beside, gap=_GAP)
    figure.update_layout(layout(title, _FRAME + _PANEL * (1 if beside else 2)))
    figure.update_xaxes(matches=None, showticklabels=True)
    first, second = place_of(0, beside), place_of(1, beside)
    solved = strategy_line(fewer, "solutions", "self_consistency", stairs=False)
    figure.add_trace(solved.update(showlegend=False), **first)
    *_, deepest = depth_lines(verified, depths, "solutions")
    figure.add_trace(deepest.update(showlegend=False), **first)
    figure.add_trace(strategy_line(voting, "cost", "self_consistency", stairs=False), **second)
    for number, line in enumerate(depth_lines(verified, depths, "cost")):
        prefix = f"{STRATEGY_NAMES[found.strategy]}, " if not number else ""
        figure.add_trace(line.update(name=prefix + line.name), **second)
    _mark_fewer(figure, fewer, verified.filter(pl.col("verifications") == depths[-1]), span, first)
    _mark_crossover(figure, voting, found, cost.quantity, (high, span), second)
    figure.update_yaxes(title_text="success (%)", range=[low - 0.05 * span, high + _ROOM * span])
    both = pl.concat([fewer["solutions"], verified["solutions"]])
    figure.update_xaxes(title_text="solutions per problem, S", **binary_axis(both), **first)
    budgets = pl.concat([voting["cost"], verified["cost"]])
    axis = decade_axis(budgets)
    axis["range"][1] += 0.12 * (axis["range"][1] - axis["range"][0])  # room for the gain
    figure.update_xaxes(title_text=cost.label, **axis, **second)
    return figure


def _mark_fewer(
    figure: go.Figure,
    voting: pl.DataFrame,
    deepest: pl.DataFrame,
    span: float,
    place: dict[str, int],
) -> None:
    """With how many fewer solutions verification has the best success of self-consistency."""
    best = voting.sort(-pl.col("success"), "solutions").row(0, named=True)
    needed = _first_reaching(deepest.sort("solutions"), best["success"])
    if needed is None or needed >= best["solutions"]:
        return
    level = 100 * best["success"]
    figure.add_shape(
        type="line",
        x0=voting["solutions"].min(),
        x1=best["solutions"],
        y0=level,
        y1=level,
        line={"color": INK, "width": 1, "dash": "dash"},
        **place,
    )
    height = level + 0.035 * span
    _arrow(figure, (best["solutions"], height), (needed, height), place)
    words = f"{rounded(best['solutions'] / needed)}× fewer solutions"
    # On the side with room; to the right of the tip the curve rises, so further off.
    roomy = needed**2 > best["solutions"]
    anchors = {"xanchor": "right", "xshift": -6} if roomy else {"xanchor": "left", "xshift": 24}
    _words(figure, words, (needed, height), place, yanchor="bottom", **anchors)


def _mark_crossover(
    figure: go.Figure,
    voting: pl.DataFrame,
    found: Crossover,
    quantity: str,
    reach: tuple[float, float],
    place: dict[str, int],
) -> None:
    """At which multiple of the saturation budget verification is level, and what it gains."""
    high, span = reach
    start, ratio = found.saturation_budget.estimate, found.gain_ratio.estimate
    gain, level = found.gain.estimate, found.match_budget.estimate
    # Without saturation there is nothing to be a multiple of.
    if found.status != "ok" or start is None or ratio is None or gain is None:
        return
    saturated, top, end = _success_at(voting, start), high + 0.06 * span, start * ratio
    figure.add_shape(
        type="line",
        x0=start,
        x1=start,
        y0=saturated - 0.03 * span,
        y1=top,
        line={"color": INK, "width": 1, "dash": "dash"},
        **place,
    )
    _arrow(figure, (start, top), (end, top), place)
    words = f"{rounded(ratio)}× {quantity}"
    _words(figure, words, (end, top), place, xanchor="right", yanchor="bottom")
    if level is not None and level > start:
        height = saturated + 0.035 * span
        _arrow(figure, (start, height), (level, height), place)
        words = f"{rounded(level / start)}× {quantity}"
        least, most = ends(voting["cost"])
        if math.log(start / least) < _ROOM_OF_WORDS * math.log(most / least):
            _words(figure, words, (level, height), place, xanchor="left", xshift=5)
        else:
            _words(figure, words, (start, height), place, xanchor="right", xshift=-5)
    below = _success_at(voting, end)
    _arrow(figure, (end, below), (end, below + 100 * gain), place)
    words = f"{100 * gain:+.1f}<br>points".replace("-", "−")
    middle = (end, below + 50 * gain)
    _words(figure, words, middle, place, xanchor="left", xshift=5, align="left")


def _success_at(voting: pl.DataFrame, budget: float) -> float:
    """Success in percent, linear in log cost between the points."""
    costs, heights = voting["cost"].to_numpy(), voting["success"].to_numpy()
    return 100 * float(np.interp(math.log(budget), np.log(costs), heights))


def _first_reaching(rows: pl.DataFrame, success: float) -> float | None:
    """The smallest S with a success, by rows of rising S that are linear in log S between."""
    logs, heights = np.log(rows["solutions"].to_numpy()), rows["success"].to_numpy()
    above = np.flatnonzero(heights >= success)
    if not above.size:
        return None
    i = int(above[0])
    if i == 0:
        return float(np.exp(logs[0]))
    part = (success - heights[i - 1]) / (heights[i] - heights[i - 1])
    return float(np.exp(logs[i - 1] + part * (logs[i] - logs[i - 1])))


def _arrow(
    figure: go.Figure, tail: tuple[float, float], head: tuple[float, float], place: dict[str, int]
) -> None:
    number = place["row"] * place["col"]
    axes = {"axref": "x" if number == 1 else "x2", "ayref": "y" if number == 1 else "y2"}
    figure.add_annotation(
        x=math.log10(head[0]),  # annotations on a logarithmic axis are placed by the logarithm
        y=head[1],
        ax=math.log10(tail[0]),
        ay=tail[1],
        text="",
        showarrow=True,
        arrowhead=2,
        arrowwidth=1.25,
        arrowcolor=INK,
        **axes,
        **place,
    )


def _words(
    figure: go.Figure,
    text: str,
    point: tuple[float, float],
    place: dict[str, int],
    **anchors: Any,
) -> None:
    figure.add_annotation(
        x=math.log10(point[0]),
        y=point[1],
        text=text,
        showarrow=False,
        **anchors,
        **place,
    )
