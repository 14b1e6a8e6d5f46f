"""Several pools in one figure."""

from collections.abc import Sequence
from typing import Any, Final

import plotly.graph_objects as go
import polars as pl

from svlaw.analysis.figures.axes import decade_axis, layout, short, success_range
from svlaw.analysis.figures.strategy_looks import STRATEGY_NAMES
from svlaw.report.page_parts import plain
from svlaw.report.pool_results import Findings

_COLOURS: Final = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#7a7a7a")
"""Those of Okabe and Ito that can be seen on light and on dark pages."""
_SYMBOLS: Final = ("circle", "square", "diamond", "triangle-up", "cross", "x", "star")
_LONGEST: Final = 28
"""Characters of a pool's name in the legend."""


def plot_pools(found: Sequence[Findings]) -> go.Figure:
    """The best strategy within each budget, a line per pool, and self-consistency dashed.

    Args:
        found: The findings of two pools or more.
    """
    figure = go.Figure(layout=layout(None, 440))
    costs = pl.concat([each.best["budget"] for each in found])
    shares = [rows["success"] for each in found for rows in (each.best, each.voting)]
    for place, each in enumerate(found):
        colour = _COLOURS[place % len(_COLOURS)]
        name = plain(each.name, _LONGEST)
        voting = each.voting.to_dicts()
        if each.verified and voting:
            figure.add_trace(
                go.Scatter(
                    x=[row["cost"] for row in voting],
                    y=[round(100 * row["success"], 4) for row in voting],
                    mode="lines",
                    line={"color": colour, "width": 1.75, "dash": "dash"},
                    legendgroup=f"{place}",
                    showlegend=False,
                    hovertemplate=f"%{{x:.3g}}: %{{y:.1f}}%<extra>{name}, self-consistency</extra>",
                )
            )
        rows = each.best.to_dicts()
        figure.add_trace(
            go.Scatter(
                x=[row["budget"] for row in rows],
                y=[round(100 * row["success"], 4) for row in rows],
                name=name,
                legendgroup=f"{place}",
                mode="lines+markers",
                line={"color": colour, "width": 2.5},
                marker={
                    "symbol": _SYMBOLS[(place + place // len(_COLOURS)) % len(_SYMBOLS)],
                    "size": 6,
                },
                text=[_hover(row) for row in rows],
                hovertemplate="%{text}<extra>" + name + "</extra>",
            )
        )
    figure.update_xaxes(title_text=found[0].cost.label, **decade_axis(costs))
    figure.update_yaxes(title_text="success (%)", range=success_range(pl.concat(shares)))
    return figure


def _hover(row: dict[str, Any]) -> str:
    point = row["setting"] or f"S = {row['solutions']}"
    point += f", V = {row['verifications']}" if row["verifications"] else ""
    text = f"{short(row['budget'])}: {STRATEGY_NAMES[row['strategy']]}, {point}"
    text += f"<br>success {100 * row['success']:.1f}%"
    if row["conf_low"] is not None and row["conf_high"] is not None:
        text += f" [{100 * row['conf_low']:.1f}, {100 * row['conf_high']:.1f}]"
    return text
