"""The look of figures: layout, logarithmic axes, colours and short numbers.

Backgrounds are transparent and text is a neutral grey, so that a figure reads on light and dark
pages alike.
"""

import math
from collections.abc import Iterable
from html import escape
from typing import Any, Final

import plotly.graph_objects as go
import polars as pl
from plotly.colors import sample_colorscale

INK: Final = "#7a7a7a"
TITLE_HEIGHT: Final = 28
_GRID: Final = "rgba(128,128,128,0.22)"
_FONT: Final = "system-ui, -apple-system, 'Segoe UI', Roboto, 'DejaVu Sans', sans-serif"


def layout(title: str | None, height: int) -> dict[str, Any]:
    """Layout shared by all figures; the legend lies above the plot, under the title."""
    axis = {
        "gridcolor": _GRID,
        "linecolor": INK,
        "showline": True,
        "zeroline": False,
        "ticks": "outside",
        "tickcolor": INK,
        "automargin": True,
    }
    template = go.layout.Template(
        layout={
            "font": {"family": _FONT, "size": 13, "color": INK},
            "paper_bgcolor": "rgba(0,0,0,0)",
            "plot_bgcolor": "rgba(0,0,0,0)",
            "xaxis": axis,
            "yaxis": axis,
            "legend": {"orientation": "h", "x": 0, "y": 1.02, "yanchor": "bottom"},
            "hoverlabel": {"font": {"family": _FONT, "size": 13}, "align": "left"},
            "modebar": {"bgcolor": "rgba(0,0,0,0)"},
        }
    )
    result: dict[str, Any] = {
        "template": template,
        "height": height + (TITLE_HEIGHT if title else 0),
        "margin": {"l": 56, "r": 16, "t": 16, "b": 56},
        "hovermode": "closest",
    }
    if title:
        # As the legend's heading it can never lie across the legend, however that wraps.
        result["legend"] = {"title": {"text": heading(title), "side": "top"}}
    return result


def heading(title: str) -> str:
    """A title as legends show it, safe for Plotly's markup."""
    return f"<b>{escape(title)}</b>"


def decade_axis(values: pl.Series) -> dict[str, Any]:
    """A logarithmic axis over positive values, ticks at powers of ten."""
    low, high = ends(values)
    steps = (1,) if high / low > 300 else (1, 2, 5)
    exponents = range(math.floor(math.log10(low)), math.ceil(math.log10(high)) + 1)
    return _log_axis(low, high, [m * 10.0**k for k in exponents for m in steps])


def binary_axis(values: pl.Series) -> dict[str, Any]:
    """A logarithmic axis over positive values, ticks at powers of two."""
    low, high = ends(values)
    powers = range(math.floor(math.log2(low)), math.ceil(math.log2(high)) + 1)
    every = -(-len(powers) // 9)
    axis = _log_axis(low, high, [2.0**k for k in powers if k % every == 0])
    axis["ticktext"] = [f"{tick:,g}" for tick in axis["tickvals"]]
    return axis


def _log_axis(low: float, high: float, ticks: Iterable[float]) -> dict[str, Any]:
    margin = max((high / low) ** 0.03, 1.1)
    low, high = low / margin, high * margin
    shown = [tick for tick in ticks if low <= tick <= high]
    return {
        "type": "log",
        "range": [math.log10(low), math.log10(high)],
        "tickvals": shown,
        "ticktext": [short(tick) for tick in shown],
    }


def ends(values: pl.Series) -> tuple[float, float]:
    """Smallest and largest value; 1 and 10 when there is none."""
    held = values.drop_nulls()
    return (float(held.min()), float(held.max())) if len(held) else (1.0, 10.0)  # type: ignore[arg-type]


def sequence(count: int) -> list[str]:
    """Colours from dark to light, leaving out the ends that vanish on dark or on light pages."""
    if not count:
        return []
    low, high = 0.32, 0.8
    step = (high - low) / max(count - 1, 1)
    colours: list[str] = sample_colorscale("Plasma", [low + step * i for i in range(count)])
    return colours


def faint(colour: str) -> str:
    """A colour #rrggbb as the fill of a band."""
    red, green, blue = (int(colour[i : i + 2], 16) for i in (1, 3, 5))
    return f"rgba({red},{green},{blue},0.13)"


def short(value: float) -> str:
    """A number as a tick or a hover text wants it: 0.5, 3.3, 1,014, 20k, 1M."""
    for size, unit in ((1e9, "G"), (1e6, "M"), (1e4, "k")):
        if value >= size:
            return f"{value / (1e3 if unit == 'k' else size):.3g}{unit}"
    return f"{value:,.0f}" if value >= 10 else f"{value:.2g}"
