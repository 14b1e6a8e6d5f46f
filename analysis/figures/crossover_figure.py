"""The crossover as a figure: how far verification is ahead at each budget, and from where on."""

import math
from collections.abc import Iterator
from typing import Final

import plotly.graph_objects as go
import polars as pl

from svlaw.analysis.compare.crossover import Crossover, advantage
from svlaw.analysis.cost import CostModel
from svlaw.analysis.figures.axes import INK, decade_axis, ends, faint, layout, rounded
from svlaw.analysis.figures.strategy_looks import STRATEGY_COLOURS, STRATEGY_NAMES
from svlaw.analysis.success.success_table import SuccessTable

_NAMES: Final = STRATEGY_NAMES | {"best": "Better of both"}
_COLOURS: Final = STRATEGY_COLOURS | {"best": "#CC79A7"}
_HEIGHT: Final = 420
_NOWHERE: Final = [None]


def plot_crossover(
    table: SuccessTable, crossover: Crossover, cost: CostModel, *, title: str | None = None
) -> go.Figure:
    """Verification less self-consistency at equal budget, in points of success.

    The band is the paired 95% interval at each budget (pointwise: the truth leaves it somewhere
    more often than in 5% of all pools). Marked are the budget at which verification
    draws level, with its interval, that at which self-consistency is saturated, and the gain at
    the largest budget both have. Strategy, resamples and seed are those of the crossover.

    Args:
        table: The success table.
        crossover: What `crossover` returns for it.
        cost: The cost model.
        title: Title of the figure.

    Raises:
        NotInPoolError: The table lacks one of the strategies, or their budgets do not overlap.
    """
    frame = advantage(table, cost, crossover.strategy, resamples=crossover.resamples)
    low, high = _reach(frame)
    figure = go.Figure(layout=layout(title, _HEIGHT))
    colour = _COLOURS[crossover.strategy]
    figure.add_traces(list(_band(frame, colour)))
    figure.add_trace(_difference(frame, crossover.strategy, colour))
    figure.add_trace(_saturation(crossover, low, high))
    figure.add_traces(list(_level(crossover, low, high, float(frame["budget"][-1]))))
    figure.add_trace(_gain(frame, crossover, colour))
    # A list, since the entries are long and of unequal length.
    figure.update_layout(legend={"orientation": "v"})
    figure.add_shape(
        type="line", x0=0, x1=1, xref="x domain", y0=0, y1=0, line={"color": INK, "width": 1}
    )
    marked = [crossover.saturation_budget.estimate or frame["budget"][0]]
    budgets = pl.concat([frame["budget"], pl.Series(marked, dtype=pl.Float64)])
    figure.update_xaxes(title_text=cost.label, **decade_axis(budgets))
    figure.update_yaxes(title_text="gain (points of success)", range=[low, high])
    return figure


def _reach(frame: pl.DataFrame) -> tuple[float, float]:
    """The range of points, 0 in it."""
    columns = [frame[name].drop_nulls() for name in ("difference", "conf_low", "conf_high")]
    low, high = ends(100 * pl.concat(columns))
    low, high = min(low, 0.0), max(high, 0.0)
    margin = 0.06 * max(high - low, 1.0)
    return low - margin, high + margin


def _band(frame: pl.DataFrame, colour: str) -> Iterator[go.Scatter]:
    known = frame.drop_nulls("conf_low")
    if not known.height:
        return
    shared = {
        "x": known["budget"].to_list(),
        "mode": "lines",
        "line": {"width": 0},
        "legendgroup": "band",
        "hoverinfo": "skip",
    }
    yield go.Scatter(y=_points(known["conf_low"]), showlegend=False, **shared)
    yield go.Scatter(
        y=_points(known["conf_high"]),
        fill="tonexty",
        fillcolor=faint(colour),
        name="95% interval (pointwise)",
        legendrank=2,
        **shared,
    )


def _difference(frame: pl.DataFrame, strategy: str, colour: str) -> go.Scatter:
    columns = ("budget", "difference", "verified", "self_consistency")
    return go.Scatter(
        x=frame["budget"].to_list(),
        y=_points(frame["difference"]),
        mode="lines",
        line={"color": colour, "width": 2.5},
        name=f"{_NAMES[strategy]} less self-consistency",
        legendrank=1,
        text=[
            f"budget {rounded(budget)}: {_signed(difference)} points<br>"
            f"{100 * verified:.1f}% against {100 * voting:.1f}%"
            for budget, difference, verified, voting in frame.select(columns).iter_rows()
        ],
        hovertemplate="%{text}<extra></extra>",
    )


def _saturation(crossover: Crossover, low: float, high: float) -> go.Scatter:
    budget = crossover.saturation_budget.estimate
    assert budget is not None  # some budget is always within a quarter of a point of the best
    words = "saturated at" if crossover.status == "ok" else "best at its largest S,"
    return go.Scatter(
        x=[budget, budget],
        y=[low, high],
        mode="lines",
        line={"color": STRATEGY_COLOURS["self_consistency"], "width": 1.5, "dash": "dot"},
        name=f"self-consistency {words} {rounded(budget)}",
        hoverinfo="skip",
    )


def _level(crossover: Crossover, low: float, high: float, last: float) -> Iterator[go.Scatter]:
    """From where on verification leads, a line and on zero its interval; or that it never does."""
    found = crossover.crossover_budget
    line = {"color": INK, "width": 1.5, "dash": "dash"}
    if found.estimate is None:
        yield go.Scatter(
            x=_NOWHERE,
            y=_NOWHERE,
            mode="lines",
            line=line,
            name="no lasting lead within the data",
            hoverinfo="skip",
        )
        return
    name = f"leads from {rounded(found.estimate)} on"
    yield go.Scatter(
        x=[found.estimate, found.estimate],
        y=[low, high],
        mode="lines",
        line=line,
        name=name,
        legendgroup="level",
        hoverinfo="skip",
    )
    if found.conf_low is not None:
        yield go.Scatter(
            x=[found.conf_low, found.conf_high or last],
            y=[0, 0],
            mode="lines+markers",
            line={"color": INK, "width": 3},
            marker={
                # Where resamples have no lasting lead the interval is open.
                "symbol": ["line-ns", "line-ns" if found.conf_high else "triangle-right"],
                "size": 9,
                "color": INK,
                "line": {"color": INK, "width": 2},
            },
            showlegend=False,
            legendgroup="level",
            hoverinfo="skip",
        )


def _gain(frame: pl.DataFrame, crossover: Crossover, colour: str) -> go.Scatter:
    gain, ratio = crossover.gain.estimate, crossover.gain_ratio.estimate
    assert gain is not None
    assert ratio is not None
    budget = float(frame["budget"][-1])
    name = f"{_signed(gain)} points at {rounded(budget)}"
    if crossover.status == "ok":
        name += f", {rounded(ratio)}× saturation"
    return go.Scatter(
        x=[budget],
        y=[100 * gain],
        mode="markers",
        marker={"symbol": "diamond", "size": 10, "color": colour, "line": {"width": 0}},
        name=name,
        hoverinfo="skip",
    )


def _signed(share: float) -> str:
    """A difference in points with its sign, a true minus."""
    points = 100 * share
    text = f"{abs(points):.1f}"
    sign = "" if math.isclose(float(text), 0) else "+" if points > 0 else "−"
    return sign + text


def _points(values: pl.Series) -> list[float]:
    return [round(100 * value, 4) for value in values]
