"""The look of figures: layout, logarithmic axes, colours and short numbers.

On the screen backgrounds are transparent and text is a neutral grey, so that a figure reads on
light and dark pages alike; printed figures are black on white (`print_template`).
"""

import math
from collections.abc import Iterable, Sequence
from html import escape
from itertools import pairwise
from typing import Any, Final

import plotly.graph_objects as go
import polars as pl
from plotly.colors import sample_colorscale

from svlaw.data.numerals import significant

INK: Final = "#7a7a7a"
TITLE_HEIGHT: Final = 28
FONT_SIZE: Final = 13
"""Pixels, of all text on the screen."""
_LEVEL: Final = 0.2
"""Percentage points within which figures are level."""
_MOST_CHARACTERS: Final = 22
"""Characters of all labels of an axis that fit under a narrow figure."""
_STEPS: Final = ((300, (1,)), (10, (1, 2, 5)), (0, (1, 2, 3, 5, 7)))
"""Ticks within a decade, by the ratio of the ends that an axis must exceed to have no more."""
_GRID: Final = "rgba(128,128,128,0.22)"
_FONT: Final = "system-ui, -apple-system, 'Segoe UI', Roboto, 'DejaVu Sans', sans-serif"
_PRINT_FONT: Final = "Arial, Helvetica, 'Liberation Sans', sans-serif"


def layout(title: str | None, height: int) -> dict[str, Any]:
    """Layout shared by all figures; the legend lies above the plot, under the title."""
    result: dict[str, Any] = {
        "template": _template(INK, _GRID, "rgba(0,0,0,0)", _FONT),
        "height": height + (TITLE_HEIGHT if title else 0),
        "margin": {"l": 56, "r": 16, "t": 16, "b": 56},
        "hovermode": "closest",
    }
    if title:
        # As the legend's heading it can never lie across the legend, however that wraps.
        result["legend"] = {"title": {"text": heading(title), "side": "top"}}
    return result


def print_template() -> go.layout.Template:
    """Black on white, in a face that journals take, in place of the template of `layout`."""
    return _template("#1a1a1a", "#e3e3e3", "white", _PRINT_FONT)


def _template(ink: str, grid: str, background: str, face: str) -> go.layout.Template:
    axis = {
        "gridcolor": grid,
        "linecolor": ink,
        "showline": True,
        "zeroline": False,
        "ticks": "outside",
        "tickcolor": ink,
        "automargin": True,
        "title": {"standoff": 10},
    }
    return go.layout.Template(
        layout={
            "font": {"family": face, "size": FONT_SIZE, "color": ink},
            "paper_bgcolor": background,
            "plot_bgcolor": background,
            "xaxis": axis,
            "yaxis": axis,
            "legend": {
                "orientation": "h",
                "x": 0,
                "y": 1.02,
                "yanchor": "bottom",
                "tracegroupgap": 0,
            },
            "hoverlabel": {"font": {"family": face, "size": FONT_SIZE}, "align": "left"},
            "modebar": {"bgcolor": "rgba(0,0,0,0)"},
        }
    )


def heading(title: str) -> str:
    """A title as legends show it, safe for Plotly's markup."""
    return f"<b>{escape(title)}</b>"


def decade_axis(values: pl.Series) -> dict[str, Any]:
    """A logarithmic axis over positive values, ticks at powers of ten, on short ones at more."""
    low, high = ends(values)
    steps = next(steps for reach, steps in _STEPS if high / low > reach)
    return _log_axis(low, high, _round_values(low, high, steps))


def decades(low: float, high: float) -> list[float]:
    """Round values between two positive ones: 10, 100, 1,000, or if those are few 10, 30, 100."""
    values = _round_values(low, high, (1,) if high / low > 1000 else (1, 3))
    return [value for value in values if low <= value <= high]


def _round_values(low: float, high: float, steps: Sequence[int]) -> list[float]:
    exponents = range(math.floor(math.log10(low)), math.ceil(math.log10(high)) + 1)
    return [m * 10.0**k for k in exponents for m in steps]


def binary_axis(values: pl.Series) -> dict[str, Any]:
    """A logarithmic axis over positive values, ticks at powers of two."""
    low, high = ends(values)
    powers = range(math.floor(math.log2(low)), math.ceil(math.log2(high)) + 1)
    every, axis = 0, {"ticktext": [" " * (_MOST_CHARACTERS + 1)]}
    while sum(map(len, axis["ticktext"])) > _MOST_CHARACTERS:
        every += 1
        axis = _log_axis(low, high, [2.0**k for k in powers if k % every == 0])
        axis["ticktext"] = [f"{tick:,g}" for tick in axis["tickvals"]]
    return axis


def _log_axis(low: float, high: float, ticks: Iterable[float]) -> dict[str, Any]:
    margin, outermost = max((high / low) ** 0.03, 1.1), dict.fromkeys((low, high))
    low, high = low / margin, high * margin
    shown = [tick for tick in ticks if low <= tick <= high]
    if len(shown) < 2:
        shown = list(outermost)
    return {
        "type": "log",
        "range": [math.log10(low), math.log10(high)],
        "tickvals": shown,
        "ticktext": [short(tick) for tick in shown],
    }


def success_range(shares: pl.Series) -> list[float] | None:
    """The range of an axis of success in percent where all is level, within 0 to 100; else None.

    Plotly leaves a unit on both sides then, which would show less than nothing or more than all.
    """
    low, high = ends(100 * shares)
    if high - low > _LEVEL:
        return None
    return [max(low - 5, -_LEVEL), min(high + 5, 100 + _LEVEL)]


def cell_edges(values: Sequence[float]) -> list[float]:
    """Edges of cells around rising positive values, halfway between them on a logarithmic axis.

    Args:
        values: (n,) values.

    Returns:
        (n + 1,) edges; the outer ones lie as far out as the next ones lie in.
    """
    logs = [math.log(value) for value in values]
    inner = [(a + b) / 2 for a, b in pairwise(logs)]
    half = math.log(2) / 2
    first = inner[0] - logs[0] if inner else half
    last = logs[-1] - inner[-1] if inner else half
    return [math.exp(edge) for edge in (logs[0] - first, *inner, logs[-1] + last)]


def ends(values: pl.Series) -> tuple[float, float]:
    """Smallest and largest value; 1 and 10 when there is none."""
    held = values.drop_nulls()
    return (float(held.min()), float(held.max())) if len(held) else (1.0, 10.0)  # type: ignore[arg-type]


def sequence(count: int) -> list[str]:
    """Colours from dark to light, leaving out the ends that vanish on dark or on light pages."""
    if not count:
        return []
    return _part_of("Plasma", 0.32, 0.8, count)


def scale(name: str, low: float, high: float) -> list[tuple[float, str]]:
    """A part, from `low` to `high` of 1, of one of Plotly's continuous colour scales."""
    colours = _part_of(name, low, high, 11)
    return [(i / 10, colour) for i, colour in enumerate(colours)]


def _part_of(name: str, low: float, high: float, count: int) -> list[str]:
    step = (high - low) / max(count - 1, 1)
    colours: list[str] = sample_colorscale(name, [low + step * i for i in range(count)])
    return colours


def faint(colour: str) -> str:
    """A colour #rrggbb as the fill of a band."""
    red, green, blue = (int(colour[i : i + 2], 16) for i in (1, 3, 5))
    return f"rgba({red},{green},{blue},0.13)"


def short(value: float) -> str:
    """A number as a tick or a hover text wants it: 0.00005, 0.5, 3.3, 1,014, 20k, 1M, 2P."""
    units = ((1e18, "E"), (1e15, "P"), (1e12, "T"), (1e9, "G"), (1e6, "M"), (1e4, "k"))
    for size, unit in units:
        if value >= size:
            return f"{value / (1e3 if unit == 'k' else size):.3g}{unit}"
    return f"{value:,.0f}" if value >= 10 else significant(value, 2)


def rounded(value: float) -> str:
    """A figure read off a curve: 0.000086, 8.6, 86, 1,010, 10.1M."""
    if value >= 1e6:
        return short(value)
    if value < 1:
        return significant(value, 2)
    return f"{float(f'{value:.{2 if value < 100 else 3}g}'):,g}"
