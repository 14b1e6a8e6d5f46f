"""The success surface as a heat map: what every (S, V) achieves, and where each budget leads."""

import math
from collections.abc import Sequence
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import plotly.graph_objects as go
import polars as pl

from svlaw.analysis.compare.frontier import doubling_budgets
from svlaw.analysis.cost import ROUNDING, CostModel
from svlaw.analysis.figures.axes import (
    binary_axis,
    cell_edges,
    decades,
    layout,
    scale,
    short,
    success_range,
)
from svlaw.analysis.figures.curve_figures import (
    best_so_far,
    held_points,
    hover_texts,
    panel_grid,
    place_of,
)
from svlaw.analysis.figures.strategy_looks import STRATEGY_NAMES
from svlaw.data.errors import BadInputError, NotInPoolError
from svlaw.data.schema import VERIFIED

F64 = npt.NDArray[np.float64]

_INK: Final = "#1a1a1a"
"""Lines and words on the cells, which are light enough for it on any page."""
_PANEL: Final = 300
"""Pixels, the height of a panel."""
_FRAME: Final = 150
"""Pixels above and below the panels."""
_LABEL_MARGIN: Final = 0.08
"""Distance from the edges, over the size of the panel, at which a budget may be written."""
_LABEL_ROOM: Final = 0.07
"""Least distance from the path at which a budget is written."""


def plot_surface(
    curves: pl.DataFrame,
    cost: CostModel,
    strategy: str | None = None,
    *,
    title: str | None = None,
    beside: bool = False,
) -> go.Figure:
    """Success over S and V, both axes logarithmic, a panel for each strategy with a verifier.

    Dashed lines join the (S, V) of equal cost: C(S, V) = budget. The path is the best computed
    (S, V) within each of the doubling budgets of `frontier`. Points without a figure are empty.

    Args:
        curves: What `curves` returns; rows without a figure are left out.
        cost: The cost model behind it.
        strategy: `best_of_n` or `weighted_vote`; all there are when None.
        title: Title of the figure.
        beside: Whether panels stand beside each other instead of one below the other.

    Raises:
        BadInputError: A column is missing, or the strategy uses no verifier.
        NotInPoolError: There are no figures for the strategy, or for none with a verifier.
    """
    frame = held_points(curves, ("cost",))
    panels = _panels(frame, strategy)
    budgets = doubling_budgets(frame["cost"].to_numpy())
    figure = panel_grid(len(panels), beside)
    rows_of_panels = 1 if beside else len(panels)
    figure.update_layout(layout(title, _FRAME + _PANEL * rows_of_panels))
    for number, name in enumerate(panels):
        place = place_of(number, beside)
        rows = frame.filter(pl.col("strategy") == name)
        edges = [cell_edges(sorted(rows[axis].unique())) for axis in ("solutions", "verifications")]
        figure.add_trace(_cells(rows, edges), **place)
        lines = _budget_lines(cost, edges, rows["cost"])
        figure.add_trace(_joined(lines, cost.unit_name).update(showlegend=number == 0), **place)
        under, path = _path(rows, budgets)
        figure.add_trace(under, **place)
        figure.add_trace(path.update(showlegend=number == 0), **place)
        for budget, line in lines.items():
            _write_budget(figure, budget, _roomiest(line, path, edges), place)
        for update, axis, side in (
            (figure.update_xaxes, "solutions", edges[0]),
            (figure.update_yaxes, "verifications", edges[1]),
        ):
            reach = [math.log10(side[0]), math.log10(side[-1])]
            update(**binary_axis(rows[axis]) | {"range": reach, "showgrid": False}, **place)
        heading = f"{STRATEGY_NAMES[name]}: " if len(panels) > 1 else ""
        figure.update_yaxes(title_text=f"{heading}verifications, V", **place)
        if beside or number == len(panels) - 1:
            figure.update_xaxes(title_text="solutions per problem, S", **place)
    figure.update_layout(coloraxis=_colours(frame.filter(pl.col("strategy").is_in(panels))))
    return figure


def _panels(frame: pl.DataFrame, strategy: str | None) -> list[str]:
    if strategy is not None and strategy not in VERIFIED:
        raise BadInputError(f"strategy '{strategy}' has no surface; use {' or '.join(VERIFIED)}")
    present = set(frame["strategy"])
    panels = [name for name in VERIFIED if name in present and strategy in (None, name)]
    if not panels:
        wanted = strategy or f"{' or '.join(VERIFIED)}, and a surface needs verifications"
        raise NotInPoolError(f"there are no figures for {wanted}")
    return panels


def _colours(frame: pl.DataFrame) -> dict[str, Any]:
    low, high = success_range(frame["success"]) or (None, None)
    return {
        "cmin": low,
        "cmax": high,
        "colorscale": scale("Viridis", 0.35, 1.0),
        "colorbar": {
            "title": {"text": "success (%)", "side": "right"},
            "thickness": 12,
            "outlinewidth": 0,
            "ticks": "outside",
            "x": 1.01,
        },
    }


def _cells(rows: pl.DataFrame, edges: Sequence[list[float]]) -> go.Heatmap:
    """The heat map; cells without a figure are null."""
    columns = {s: i for i, s in enumerate(sorted(rows["solutions"].unique()))}
    lines = {v: i for i, v in enumerate(sorted(rows["verifications"].unique()))}
    heights: list[list[float | None]] = [[None] * len(columns) for _ in lines]
    texts = [[""] * len(columns) for _ in lines]
    points = rows.select("solutions", "verifications", "success").iter_rows()
    for (s, v, success), text in zip(points, hover_texts(rows), strict=True):
        heights[lines[v]][columns[s]] = round(100 * success, 4)
        texts[lines[v]][columns[s]] = text
    return go.Heatmap(
        x=edges[0],
        y=edges[1],
        z=heights,
        text=texts,
        hovertemplate="%{text}<extra></extra>",
        hoverongaps=False,
        coloraxis="coloraxis",
    )


def _budget_lines(
    cost: CostModel, edges: Sequence[list[float]], costs: pl.Series
) -> dict[float, F64]:
    """The (S, V) of equal cost within the panel, (n, 2) for each budget, from large V down."""
    depths = np.geomspace(edges[1][-1], edges[1][0], 200)
    lines = {}
    for budget in decades(float(costs.min()), float(costs.max())):  # type: ignore[arg-type]
        line = np.column_stack([cost.solutions_at(budget, depths), depths])
        seen = line[(line[:, 0] >= edges[0][0]) & (line[:, 0] <= edges[0][-1])]
        if len(seen) > 1:
            lines[budget] = seen
    return lines


def _joined(lines: dict[float, F64], unit: str) -> go.Scatter:
    return go.Scatter(
        x=[x for line in lines.values() for x in (*line[:, 0].tolist(), None)],
        y=[y for line in lines.values() for y in (*line[:, 1].tolist(), None)],
        mode="lines",
        line={"color": _INK, "width": 1, "dash": "dash"},
        name=f"equal cost ({unit})",
        legendgroup="equal cost",
        hoverinfo="skip",
    )


def _roomiest(line: F64, path: go.Scatter, edges: Sequence[list[float]]) -> F64 | None:
    """The point of a line, (2,), that is farthest from the path; None where all are near."""
    low = np.log([edges[0][0], edges[1][0]])
    size = np.log([edges[0][-1], edges[1][-1]]) - low
    points, corners = (
        (np.log(places) - low) / size for places in (line, np.column_stack([path.x, path.y]))
    )
    along = np.linspace(0, len(corners) - 1, 20 * len(corners))
    drawn = np.column_stack([np.interp(along, np.arange(len(corners)), c) for c in corners.T])
    away = np.linalg.norm(points[:, None] - drawn, axis=2).min(axis=1)
    away[(np.minimum(points, 1 - points) < _LABEL_MARGIN).any(axis=1)] = 0
    # Farther than twice the room is no better, and lines labelled at one height read well.
    best = int(np.minimum(away, 2 * _LABEL_ROOM).argmax())
    chosen: F64 = line[best]
    return chosen if away[best] >= _LABEL_ROOM else None


def _write_budget(
    figure: go.Figure, budget: float, point: F64 | None, place: dict[str, int]
) -> None:
    if point is None:
        return
    x, y = np.log10(point).tolist()  # annotations on logarithmic axes are placed by the logarithm
    figure.add_annotation(
        x=x,
        y=y,
        text=short(budget),
        showarrow=False,
        font={"size": 12, "color": _INK},
        bgcolor="rgba(255,255,255,0.75)",
        borderpad=1,
        **place,
    )


def _path(rows: pl.DataFrame, budgets: F64) -> tuple[go.Scatter, go.Scatter]:
    """The best (S, V) within each budget, a dark line on a light one."""
    steps = best_so_far(rows.sort("cost", -pl.col("success")))
    counts = np.searchsorted(steps["cost"].to_numpy(), budgets * (1 + ROUNDING), side="right")
    shown = steps[sorted({int(count) - 1 for count in counts if count})]
    shared = {
        "x": shown["solutions"].to_list(),
        "y": shown["verifications"].to_list(),
        "cliponaxis": False,  # the outermost cells of a dense grid are narrower than a marker
    }
    under = go.Scatter(
        **shared,
        mode="lines",
        line={"color": "white", "width": 5},
        showlegend=False,
        legendgroup="path",
        hoverinfo="skip",
    )
    over = go.Scatter(
        **shared,
        mode="lines+markers",
        line={"color": _INK, "width": 2},
        marker={"size": 8, "color": "white", "line": {"color": _INK, "width": 1.5}},
        name="best (S, V) within each budget",
        legendgroup="path",
        text=hover_texts(shown),
        hovertemplate="%{text}<extra>best within its cost</extra>",
    )
    return under, over
