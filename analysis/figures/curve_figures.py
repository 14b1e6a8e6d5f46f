"""Figures: success against cost, and success against S for each V.

Strategies have the colours of Okabe and Ito, which colour-blind readers can tell apart
(and a marker each); V runs along a sequential scale.
"""

import math
from collections.abc import Iterator, Sequence
from typing import Final

import plotly.graph_objects as go
import polars as pl
from plotly.subplots import make_subplots

from svlaw.analysis.compare.crossover import Crossover
from svlaw.analysis.cost import CostModel
from svlaw.analysis.figures.axes import (
    INK,
    binary_axis,
    decade_axis,
    ends,
    faint,
    layout,
    rounded,
    sequence,
    short,
    success_range,
)
from svlaw.data.errors import BadInputError
from svlaw.data.schema import BASELINES, VERIFIED

STRATEGY_NAMES: Final = {
    "coverage": "Coverage",
    "self_consistency": "Self-consistency",
    "best_of_n": "Best-of-N",
    "weighted_vote": "Weighted voting",
    "adaptive_vote": "Adaptive voting",
    "early_stopping": "Early stopping",
    "verify_distinct": "Verifying distinct answers",
    "verify_if_split": "Verifying where votes split",
    "accept_first": "Accepting the first good one",
    "halving": "Successive halving",
    "verifier_vote": "The verifier's own vote",
}
"""What each strategy is called in figures and reports."""

STRATEGY_COLOURS: Final = {
    "coverage": "#8a8a8a",
    "self_consistency": "#0072B2",
    "best_of_n": "#D55E00",
    "weighted_vote": "#009E73",
    "adaptive_vote": "#CC79A7",
    "early_stopping": "#56B4E9",
    "verify_distinct": "#E69F00",
    "verify_if_split": "#7A4EA3",
    "accept_first": "#8C564B",
    "halving": "#1B1B1B",
    "verifier_vote": "#B03060",
}
"""The colour of each strategy, in every figure."""

_SYMBOLS: Final = {
    "coverage": "circle",
    "self_consistency": "circle",
    "best_of_n": "square",
    "weighted_vote": "diamond",
    "adaptive_vote": "triangle-up",
    "early_stopping": "triangle-down",
    "verify_distinct": "cross",
    "verify_if_split": "x",
    "accept_first": "star",
    "halving": "hexagon",
    "verifier_vote": "pentagon",
}
_DEPTH_SYMBOLS: Final = ("circle", "square", "diamond", "triangle-up", "cross", "x")
_POINT_COLUMNS: Final = ("strategy", "solutions", "verifications", "success")


def plot_frontier(
    curves: pl.DataFrame,
    cost: CostModel | str = "cost per problem",
    *,
    crossover: Crossover | None = None,
    title: str | None = None,
) -> go.Figure:
    """Success against cost: what each strategy achieves within a budget.

    Self-consistency is drawn as it is; a strategy with a verifier, or a policy, as a staircase, the
    best computed (S, V) or setting so far; coverage dotted, the bound that only an oracle reaches.
    Bands are the intervals of the points, where there are any.

    Args:
        curves: What `curves` returns; rows without a figure are left out.
        cost: The cost model behind it, or an axis title.
        crossover: Marks where verification draws level with self-consistency.
        title: Title of the figure.

    Raises:
        BadInputError: A column is missing.
    """
    frame = held_points(curves, ("cost",))
    label = cost if isinstance(cost, str) else cost.label
    figure = go.Figure(layout=layout(title, 440))
    for name in _strategies_in(frame):
        rows = frame.filter(pl.col("strategy") == name).sort("cost", -pl.col("success"))
        stairs = name not in BASELINES
        shown = _to_the_end(best_so_far(rows), rows) if stairs else rows
        if name != "coverage":
            _add_band(figure, shown, "cost", name, stairs)
        figure.add_trace(strategy_line(shown, "cost", name, stairs))
    figure.update_xaxes(title_text=label, **decade_axis(frame["cost"]))
    figure.update_yaxes(title_text=success_title(frame), range=success_range(_shares(frame)))
    if crossover is not None and crossover.match_budget.estimate is not None:
        _mark_budget(figure, crossover.match_budget.estimate, frame["cost"])
        figure.update_yaxes(range=_with_a_line_of_text(frame))
    return or_empty(figure, frame)


def plot_solutions(
    curves: pl.DataFrame, *, title: str | None = None, beside: bool = False
) -> go.Figure:
    """Success against the number of solutions S, a line for each V, a panel for each verifier use.

    Self-consistency and coverage stand in every panel; policies, which decide S, in none. Without
    verifications the panel of these two is the only one, with their intervals as bands.

    Args:
        curves: What `curves` returns; rows without a figure are left out.
        title: Title of the figure.
        beside: Whether panels stand beside each other instead of one below the other.

    Raises:
        BadInputError: A column is missing.
    """
    frame = held_points(curves, ()).filter(pl.col("solutions").is_not_null())
    present = _strategies_in(frame)
    panels = [name for name in present if name in VERIFIED] or [""]
    figure = panel_grid(len(panels), beside)
    depths = sorted(frame.filter(pl.col("strategy").is_in(VERIFIED))["verifications"].unique())
    for number, panel in enumerate(panels):
        place, first = place_of(number, beside), number == 0
        for name in (name for name in BASELINES if name in present):
            rows = frame.filter(pl.col("strategy") == name).sort("solutions")
            if not panel:
                _add_band(figure, rows, "solutions", name, stairs=False)
            line = strategy_line(rows, "solutions", name, stairs=False)
            figure.add_trace(line.update(showlegend=first), **place)
        rows = frame.filter(pl.col("strategy") == panel)
        for line in depth_lines(rows, depths, "solutions"):
            figure.add_trace(line.update(showlegend=first), **place)
        what = f"{STRATEGY_NAMES[panel]}: success (%)" if panel else success_title(frame)
        figure.update_yaxes(title_text=what, **place)
    rows_of_panels = 1 if beside else len(panels)
    figure.update_layout(layout(title, 130 + 310 * rows_of_panels))
    shown = frame["success"] if panels[0] else _shares(frame)
    figure.update_yaxes(range=success_range(shown))
    figure.update_xaxes(**binary_axis(frame["solutions"]))
    for number in range(len(panels)):
        if beside or number == len(panels) - 1:
            place = place_of(number, beside)
            figure.update_xaxes(title_text="solutions per problem, S", **place)
    return or_empty(figure, frame)


def panel_grid(count: int, beside: bool, *, gap: float = 0.06) -> go.Figure:
    """An empty figure of panels, beside each other or one below the other with the same S or cost.

    Args:
        count: Number of panels.
        beside: Whether they stand beside each other.
        gap: Share of the height between panels one below the other.
    """
    across, down = (count, 1) if beside else (1, count)
    return make_subplots(
        rows=down,
        cols=across,
        shared_xaxes=True,
        vertical_spacing=gap,
        horizontal_spacing=0.1,
        figure=go.Figure(),
    )


def place_of(number: int, beside: bool) -> dict[str, int]:
    """Where panel `number`, from 0, of a `panel_grid` lies."""
    return {"row": 1, "col": number + 1} if beside else {"row": number + 1, "col": 1}


def or_empty(figure: go.Figure, frame: pl.DataFrame) -> go.Figure:
    """The figure, which says so where the frame holds nothing to draw."""
    if not frame.height:
        figure.add_annotation(
            text="no figures to show", x=0.5, y=0.5, xref="paper", yref="paper", showarrow=False
        )
    return figure


def held_points(curves: pl.DataFrame, further: Sequence[str]) -> pl.DataFrame:
    """The rows with a figure, with intervals and cost, null where there are none.

    Args:
        curves: What `curves` returns.
        further: Columns needed beyond strategy, S, V and success.

    Raises:
        BadInputError: A column is missing.
    """
    for name in (*_POINT_COLUMNS, *further):
        if name not in curves.columns:
            raise BadInputError(f"column '{name}' is missing; give what curves() returns")
    for name in ("conf_low", "conf_high", "cost"):
        if name not in curves.columns:
            curves = curves.with_columns(pl.lit(None, pl.Float64).alias(name))
    return curves.filter(pl.col("success").is_not_null() & pl.col("success").is_not_nan())


def _strategies_in(frame: pl.DataFrame) -> list[str]:
    present = set(frame["strategy"])
    return [name for name in STRATEGY_NAMES if name in present]


def best_so_far(rows: pl.DataFrame) -> pl.DataFrame:
    """Of rows by rising cost those that beat every cheaper one."""
    before = pl.col("success").cum_max().shift(1)
    return rows.filter(before.is_null() | (pl.col("success") > before))


def _to_the_end(steps: pl.DataFrame, rows: pl.DataFrame) -> pl.DataFrame:
    """The steps of a staircase, the last again at the largest cost of all rows."""
    end = steps.tail(1).with_columns(rows["cost"].tail(1).alias("cost"))
    return pl.concat([steps, end]) if end["cost"].item() > steps["cost"][-1] else steps


def strategy_line(rows: pl.DataFrame, x: str, name: str, stairs: bool) -> go.Scatter:
    """Success of one strategy against a column, as a line or as a staircase."""
    bound = name == "coverage"
    last = rows.height - 1
    # The last step of a staircase repeats a point at the largest cost: a line, but no marker.
    repeats = stairs and rows.height > 1 and rows["success"][-1] == rows["success"][-2]
    size = [0 if repeats and i == last else 6 for i in range(rows.height)]
    label = STRATEGY_NAMES[name] + (", upper bound (oracle)" if bound else "")
    return go.Scatter(
        x=rows[x].to_list(),
        y=_percent(rows["success"]),
        name=label,
        legendgroup=name,
        mode="lines" if bound else "lines+markers",
        line={
            "color": STRATEGY_COLOURS[name],
            "width": 2 if bound else 2.5,
            "dash": "dot" if bound else "solid",
            "shape": "hv" if stairs else "linear",
        },
        marker={"symbol": _SYMBOLS[name], "size": size, "opacity": 1, "line": {"width": 0}},
        text=hover_texts(rows),
        hovertemplate="%{text}<extra>" + STRATEGY_NAMES[name] + "</extra>",
    )


def depth_lines(rows: pl.DataFrame, depths: Sequence[int], x: str) -> Iterator[go.Scatter]:
    """Success of one strategy against a column, a line for each V in the colours of all depths.

    Args:
        rows: Rows of the strategy.
        depths: Every V of the figure, rising.
        x: The column, `solutions` or `cost`.
    """
    for turn, (v, colour) in enumerate(zip(depths, sequence(len(depths)), strict=True)):
        line = rows.filter(pl.col("verifications") == v).sort(x)
        yield go.Scatter(
            x=line[x].to_list(),
            y=_percent(line["success"]),
            name=f"V = {v}",
            legendgroup=f"V = {v}",
            mode="lines+markers",
            line={"color": colour, "width": 1.75},
            # Shapes as well as colours, for those who print in grey; one after the other.
            marker={
                "size": 5,
                "symbol": _DEPTH_SYMBOLS[turn % len(_DEPTH_SYMBOLS)],
                "line": {"width": 0},
            },
            text=hover_texts(line),
            hovertemplate="%{text}<extra></extra>",
        )


def success_title(frame: pl.DataFrame) -> str:
    """Title of an axis of success; bands are said to hold at each point, not everywhere at once."""
    has_bands = frame["conf_low"].is_not_null().any()
    return "success (%), bands pointwise" if has_bands else "success (%)"


def _add_band(figure: go.Figure, rows: pl.DataFrame, x: str, name: str, stairs: bool) -> None:
    known = rows.filter(pl.col("conf_low").is_not_null() & pl.col("conf_high").is_not_null())
    for column, fill in (("conf_low", None), ("conf_high", "tonexty")):
        if known.height:
            figure.add_trace(
                go.Scatter(
                    x=known[x].to_list(),
                    y=_percent(known[column]),
                    mode="lines",
                    line={"width": 0, "shape": "hv" if stairs else "linear"},
                    fill=fill,
                    fillcolor=faint(STRATEGY_COLOURS[name]),
                    legendgroup=name,
                    showlegend=False,
                    hoverinfo="skip",
                )
            )


def _with_a_line_of_text(frame: pl.DataFrame) -> list[float]:
    """The range of success, in percent, with room for a line of text below all figures."""
    shares = _shares(frame)
    low, high = success_range(shares) or ends(100 * shares)
    span = max(high - low, 1.0)
    return [low - 0.12 * span, high + 0.05 * span]


def _shares(frame: pl.DataFrame) -> pl.Series:
    """All that is drawn of success: figures and the ends of their intervals."""
    return pl.concat([frame[name].drop_nulls() for name in ("success", "conf_low", "conf_high")])


def _mark_budget(figure: go.Figure, budget: float, costs: pl.Series) -> None:
    figure.add_shape(
        type="line",
        x0=budget,
        x1=budget,
        y0=0,
        y1=1,
        yref="y domain",
        line={"color": INK, "width": 1, "dash": "dash"},
    )
    middle = math.sqrt(float(costs.min()) * float(costs.max()))  # type: ignore[arg-type]
    left = budget > middle
    figure.add_annotation(
        x=math.log10(budget),  # annotations on a logarithmic axis are placed by the logarithm
        y=0,
        yref="y domain",
        text=f"level at about {rounded(budget)}",
        showarrow=False,
        xanchor="right" if left else "left",
        yanchor="bottom",
        xshift=-4 if left else 4,
    )


def hover_texts(rows: pl.DataFrame) -> list[str]:
    """What each point says on hover: S and V, success with its interval, cost."""
    columns = ("solutions", "verifications", "cost", "success", "conf_low", "conf_high")
    texts = []
    settings = rows["setting"] if "setting" in rows.columns else [""] * rows.height
    points = rows.select(columns).iter_rows()
    for (s, v, cost, success, low, high), setting in zip(points, settings, strict=True):
        point = setting if s is None else f"S = {s}" + (f", V = {v}" if v else "")
        text = f"{point}<br>success {100 * success:.1f}%"
        if low is not None and high is not None:
            text += f" [{100 * low:.1f}, {100 * high:.1f}]"
        texts.append(text + (f"<br>cost {short(cost)}" if cost is not None else ""))
    return texts


def _percent(values: pl.Series) -> list[float]:
    return [round(100 * value, 4) for value in values]
