"""Figures of the allocation laws: optima with fitted lines, and exponents with their intervals.

Colour tells strategies apart; the shape of a marker and the dash of a line tell methods apart.
"""

import textwrap
from collections.abc import Iterable, Iterator, Sequence
from typing import Any, Final

import plotly.graph_objects as go
import polars as pl
from plotly.subplots import make_subplots

from svlaw.analysis.figures.axes import (
    TITLE_HEIGHT,
    binary_axis,
    decade_axis,
    ends,
    faint,
    heading,
    layout,
    short,
)
from svlaw.analysis.figures.curve_figures import or_empty, panel_grid, place_of
from svlaw.analysis.figures.strategy_looks import STRATEGY_COLOURS, STRATEGY_NAMES
from svlaw.fit.laws.advice import Advice, advise
from svlaw.fit.laws.allocation import AllocationFit
from svlaw.fit.laws.allocation_law import QUANTITIES, AllocationLaw, Quantity

METHOD_NAMES: Final = {"envelope": "Envelope", "isobudget": "Iso-budget", "surface": "Surface"}
"""What each method is called in figures and reports."""
MOST_MARKERS: Final = 24
"""Most optima drawn of one method and strategy; there are eight per doubling of the budget."""

_SYMBOLS: Final = {"envelope": "circle", "isobudget": "triangle-up", "surface": "diamond"}
_DASHES: Final = {"envelope": "solid", "isobudget": "dash", "surface": "dot"}
_EXPONENTS: Final[dict[Quantity, str]] = {"solutions": "a", "verifications": "b"}
_AXES: Final[dict[Quantity, str]] = {
    "solutions": "best S (solutions)",
    "verifications": "best V (of each solution)",
}
_NOWHERE: Final = [None]
"""Coordinates of a trace that only stands in the legend."""
_PANEL, _GAP, _LINE, _ROW = 270, 22, 20, 25
"""Pixels: a panel of `plot_laws`, between its panels, a line of text, a row of exponents."""
_FOOT: Final = 60
"""Pixels below the plots."""
_REACH: Final = 0.5
"""How far beyond the exponents an axis follows their intervals."""


def plot_laws(fit: AllocationFit, *, title: str | None = None, beside: bool = False) -> go.Figure:
    """The best S and the best V against cost, both axes logarithmic, with the fitted laws.

    All methods and strategies in one figure. Each strategy has a legend, its advised method in
    bold; a click hides a method, or on the legend's title the strategy. Hollow points are optima at
    the largest S or V computed, where the true ones may lie beyond; faint ones take no part in the
    fit. Of many budgets an even selection is drawn.

    Args:
        fit: What `fit_allocation` returns.
        title: Title of the figure.
        beside: Whether the panels stand beside each other instead of one below the other.
    """
    advices = advise(fit.laws)
    key = _key_of_laws(fit, advices)
    methods = len({law.method for law in fit.laws})
    plotted = _PANEL if beside else 2 * _PANEL + _GAP
    lines = key.count("<br>") + bool(key)
    head = _LINE * (1 + methods + lines) + 14
    figure = panel_grid(2, beside, gap=_GAP / plotted)
    _arrange(figure, title, plotted, head, key)
    for place, advice in enumerate(advices):
        legend = f"legend{place + 1}" if place else "legend"
        figure.update_layout({legend: _legend(advice, place / 2, lines * _LINE / plotted)})
        for law in _laws_of(fit, advice.strategy):
            points = _optima_of(fit.optima, law)
            traces = [_optima(points, law), _line(points, law)]
            if law.quantity == "solutions":
                traces.append(_legend_entry(law, advice))
            panel = place_of(QUANTITIES.index(law.quantity), beside)
            group = f"{law.strategy} {law.method}"
            for trace in traces:
                figure.add_trace(trace.update(legend=legend, legendgroup=group), **panel)
    figure.update_xaxes(**decade_axis(fit.optima["budget"]))
    for number, (quantity, name) in enumerate(_AXES.items()):
        panel = place_of(number, beside)
        axis = binary_axis(_with_lines(fit, quantity))
        figure.update_yaxes(title_text=name, **axis, **panel)
        if beside or number:
            figure.update_xaxes(title_text=fit.cost, **panel)
    return or_empty(figure, fit.optima)


def plot_exponents(fit: AllocationFit, *, title: str | None = None) -> go.Figure:
    """The exponents a and b of every strategy and method, with their intervals.

    Hollow ones are doubtful (their status is not `ok`); the advised method of each strategy is
    shaded. Intervals that reach far beyond all exponents are cut off.

    Args:
        fit: What `fit_allocation` returns.
        title: Title of the figure.
    """
    advices = advise(fit.laws)
    rows = [row for advice in advices for row in (None, *_methods_of(fit, advice.strategy))]
    plotted = _ROW * max(len(rows), 1)
    key = _key_of_exponents(fit, advices)
    figure = make_subplots(
        rows=1, cols=2, shared_yaxes=True, horizontal_spacing=0.05, figure=go.Figure()
    )
    _arrange(figure, title, plotted, _LINE * bool(key) + 14, key)
    labels: list[str] = []
    for advice in advices:
        colour = STRATEGY_COLOURS[advice.strategy]
        name = STRATEGY_NAMES[advice.strategy]
        labels.append(f"<b><span style='color:{colour}'>{name}</span></b>")
        first = len(labels)
        for place, method in enumerate(_methods_of(fit, advice.strategy), first):
            labels.append(_name_of(method, advice))
            if method == advice.method:
                figure.add_shape(**_band(place, colour))
        for quantity in QUANTITIES:
            laws = [law for law in _laws_of(fit, advice.strategy) if law.quantity == quantity]
            for trace in _exponents(laws, first):
                figure.add_trace(trace, row=1, col=1 + QUANTITIES.index(quantity))
    figure.update_xaxes(range=_reach(fit.laws), nticks=6)
    figure.update_xaxes(title_text="a, of S ∝ C<sup>a</sup>", row=1, col=1)
    figure.update_xaxes(title_text="b, of V ∝ C<sup>b</sup>", row=1, col=2)
    figure.update_yaxes(range=[len(rows) - 0.5, -0.5], showgrid=False, ticks="")
    figure.update_yaxes(tickvals=list(range(len(labels))), ticktext=labels, row=1, col=1)
    return or_empty(figure, pl.DataFrame({"row": labels}))


def _arrange(figure: go.Figure, title: str | None, plotted: int, head: int, key: str) -> None:
    """Sizes that hold whatever the width, the title on top and the key just above the plots."""
    figure.update_layout(layout(None, plotted))
    above = head + (TITLE_HEIGHT if title else 0)
    figure.update_layout(height=above + plotted + _FOOT, margin={"t": above, "b": _FOOT})
    if title:
        figure.update_layout(
            title={
                "text": heading(title),
                "font": {"size": 13},
                "x": 0,
                "xref": "paper",
                "y": 1,
                "yref": "container",
                "yanchor": "top",
                "pad": {"t": 8},
            }
        )
    if key:
        figure.add_annotation(
            text=key,
            showarrow=False,
            x=0,
            xref="paper",
            xanchor="left",
            align="left",
            y=1,
            yref="paper",
            yanchor="bottom",
            yshift=2,
        )


def _legend(advice: Advice, x: float, above: float) -> dict[str, Any]:
    """The legend of one strategy, beside that of the other and above the key."""
    name, colour = STRATEGY_NAMES[advice.strategy], STRATEGY_COLOURS[advice.strategy]
    return {
        "orientation": "v",
        "x": x,
        "y": 1 + above,
        "yanchor": "bottom",
        "tracegroupgap": 0,
        "title": {"text": f"<b>{name}</b>", "font": {"color": colour}},
        "titleclick": "toggle",
    }


def _legend_entry(law: AllocationLaw, advice: Advice) -> go.Scatter:
    name = _name_of(law.method, advice)
    if law.exponent is None:
        name += " (–)"  # words would run into the legend beside it
    elif law.status != "ok":
        name += " (?)"
    return go.Scatter(
        x=_NOWHERE,
        y=_NOWHERE,
        mode="lines+markers",
        name=name,
        line=_stroke(law),
        marker={"color": STRATEGY_COLOURS[law.strategy], "size": 7, "symbol": _SYMBOLS[law.method]},
        hoverinfo="skip",
    )


def _optima(points: pl.DataFrame, law: AllocationLaw) -> go.Scatter:
    shown = points.drop_nulls(law.quantity)
    shown = shown.gather_every(max(-(-shown.height // MOST_MARKERS), 1))
    symbol, who = _SYMBOLS[law.method], f"{STRATEGY_NAMES[law.strategy]}, {law.method}"
    columns = ("budget", "solutions", "verifications", "success")
    return go.Scatter(
        x=shown["budget"].to_list(),
        y=shown[law.quantity].to_list(),
        mode="markers",
        marker={
            "color": STRATEGY_COLOURS[law.strategy],
            "size": 7,
            "symbol": [symbol + "-open" * edge for edge in shown["at_boundary"]],
            "opacity": [0.8 if used else 0.25 for used in shown["used"]],
        },
        showlegend=False,
        text=[
            f"C = {short(c)}: S = {s:,.1f}, V = {v:,.1f}<br>success {100 * p:.1f}%"
            for c, s, v, p in shown.select(columns).iter_rows()
        ],
        hovertemplate=f"%{{text}}<extra>{who}</extra>",
    )


def _line(points: pl.DataFrame, law: AllocationLaw) -> go.Scatter:
    budgets = ends(points.filter("used")["budget"])
    heights = _fitted(law, budgets)
    return go.Scatter(
        x=budgets if heights else _NOWHERE,
        y=heights or _NOWHERE,
        mode="lines",
        line=_stroke(law),
        showlegend=False,
        hoverinfo="skip",
    )


def _stroke(law: AllocationLaw) -> dict[str, Any]:
    return {"color": STRATEGY_COLOURS[law.strategy], "width": 2, "dash": _DASHES[law.method]}


def _exponents(laws: Sequence[AllocationLaw], first: int) -> Iterator[go.Scatter]:
    """The exponents of one quantity and strategy, from a row on, and a word where there is none."""
    rows = dict(enumerate(laws, first))
    known = {row: law for row, law in rows.items() if law.exponent is not None}
    colour = STRATEGY_COLOURS[laws[0].strategy]
    yield _whiskers(known, colour)
    yield go.Scatter(
        x=[law.exponent for law in known.values()],
        y=list(known),
        mode="markers",
        marker={
            "color": colour,
            "size": 9,
            "symbol": [
                _SYMBOLS[law.method] + "-open" * (law.status != "ok") for law in known.values()
            ],
            "opacity": 1,
        },
        showlegend=False,
        text=[_hover(law) for law in known.values()],
        hovertemplate="%{text}<extra></extra>",
    )
    missing = [row for row in rows if row not in known]
    yield go.Scatter(
        x=[0.5] * len(missing),
        y=missing,
        mode="text",
        text="no law",
        showlegend=False,
        hoverinfo="skip",
    )


def _whiskers(known: dict[int, AllocationLaw], colour: str) -> go.Scatter:
    """The intervals as lines of their own, since an interval need not hold its exponent."""
    held = [(row, law) for row, law in known.items() if law.conf_low is not None]
    return go.Scatter(
        x=[x for _, law in held for x in (law.conf_low, law.conf_high, None)],
        y=[y for row, _ in held for y in (row, row, None)],
        mode="lines+markers",
        line={"color": colour, "width": 1.5},
        marker={"symbol": "line-ns", "size": 8, "line": {"color": colour, "width": 1.5}},
        showlegend=False,
        hoverinfo="skip",
    )


def _hover(law: AllocationLaw) -> str:
    text = f"{STRATEGY_NAMES[law.strategy]}, {law.method}<br>"
    text += f"{_EXPONENTS[law.quantity]} = {law.exponent:.2f}"
    if law.conf_low is not None and law.conf_high is not None:
        text += f" [{law.conf_low:.2f}, {law.conf_high:.2f}]"
    text += f"<br>{law.n_budgets} budgets"
    return "<br>".join([text, *textwrap.wrap(law.words, 48)])


def _band(row: int, colour: str) -> dict[str, Any]:
    return {
        "type": "rect",
        "x0": 0,
        "x1": 1,
        "xref": "paper",
        "y0": row - 0.5,
        "y1": row + 0.5,
        "fillcolor": faint(colour),
        "line_width": 0,
        "layer": "below",
    }


def _reach(laws: Iterable[AllocationLaw]) -> list[float]:
    """The range of exponents, 0 and 1 in it."""
    known = [law for law in laws if law.exponent is not None]
    exponents = [law.exponent for law in known if law.exponent is not None]
    low, high = min([0.0, *exponents]), max([1.0, *exponents])
    lows = [law.conf_low for law in known if law.conf_low is not None]
    highs = [law.conf_high for law in known if law.conf_high is not None]
    low = max(min([low, *lows]), low - _REACH)
    high = min(max([high, *highs]), high + _REACH)
    margin = 0.08 * (high - low)
    return [low - margin, high + margin]


def _laws_of(fit: AllocationFit, strategy: str) -> list[AllocationLaw]:
    return [law for law in fit.laws if law.strategy == strategy]


def _methods_of(fit: AllocationFit, strategy: str) -> list[str]:
    return list(dict.fromkeys(law.method for law in _laws_of(fit, strategy)))


def _name_of(method: str, advice: Advice) -> str:
    """A method's name, that of the advised one in bold."""
    name = METHOD_NAMES[method]
    return f"<b>{name}</b>" if method == advice.method else name


def _optima_of(optima: pl.DataFrame, law: AllocationLaw) -> pl.DataFrame:
    chosen = (pl.col("strategy") == law.strategy) & (pl.col("method") == law.method)
    return optima.filter(chosen).sort("budget")


def _fitted(law: AllocationLaw, budgets: Iterable[float]) -> list[float]:
    if law.exponent is None or law.coefficient is None:
        return []
    return [law.coefficient * c**law.exponent for c in budgets]


def _with_lines(fit: AllocationFit, quantity: Quantity) -> pl.Series:
    """The optima, and the lines' ends as far as they lie within a factor of two of those."""
    values = fit.optima[quantity].drop_nulls()
    if not len(values):
        return values
    low, high = ends(values)
    reached: list[float] = []
    for law in fit.laws:
        if law.quantity == quantity:
            reached += _fitted(law, ends(_optima_of(fit.optima, law).filter("used")["budget"]))
    held = [min(max(end, low / 2), high * 2) for end in reached]
    return pl.concat([values, pl.Series(held, dtype=pl.Float64)])


def _key_of_laws(fit: AllocationFit, advices: Iterable[Advice]) -> str:
    """What the marks mean, those that there are; two short lines fit a narrow page."""
    names = _believed(advices, "bold") + (["(?): doubtful"] if _has_doubtful(fit) else [])
    names += ["(–): no law"] if any(law.exponent is None for law in fit.laws) else []
    edges = bool(fit.optima.drop_nulls("solutions")["at_boundary"].any())
    lines = ["; ".join(names), "hollow: at the largest S or V, or beyond" * edges]
    return "<br>".join(line for line in lines if line)


def _key_of_exponents(fit: AllocationFit, advices: Iterable[Advice]) -> str:
    parts = _believed(advices, "shaded") + (["hollow: doubtful"] if _has_doubtful(fit) else [])
    return "; ".join(parts)


def _believed(advices: Iterable[Advice], mark: str) -> list[str]:
    return [f"{mark}: to believe"] if any(advice.method for advice in advices) else []


def _has_doubtful(fit: AllocationFit) -> bool:
    return any(law.status != "ok" and law.exponent is not None for law in fit.laws)
