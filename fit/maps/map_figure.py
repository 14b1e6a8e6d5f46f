"""The map as a figure: a colour for who wins, lines for by how much, a dot for each pool."""

from html import escape
from itertools import pairwise
from typing import Any, Final

import plotly.graph_objects as go
import polars as pl

from svlaw.analysis.figures.axes import layout
from svlaw.analysis.figures.strategy_looks import STRATEGY_COLOURS, STRATEGY_NAMES
from svlaw.fit.maps.verification_map import APPROACHES, AXIS_NAMES, VerificationMap

APPROACH_NAMES: Final = {
    "voting": "Voting",
    "stopping": "Voting that stops early",
    "verifying": "Verifying",
}
"""What figures and tables call the approaches."""

_HUES: Final = {
    "voting": STRATEGY_COLOURS["self_consistency"],
    "stopping": STRATEGY_COLOURS["adaptive_vote"],
    "verifying": STRATEGY_COLOURS["best_of_n"],
}
_DEEPEST: Final = 0.2
"""Lead from which on a colour is at its strongest."""
_FAINTEST: Final = 0.25
"""Strength of a colour at a lead of nothing, over its strongest."""
_LEVELS: Final = (1, 2, 5, 10, 20, 40)
"""Points of gain that lines are drawn at."""
_INK: Final = "#1a1a1a"
_HEIGHT: Final = 460


def plot_map(found: VerificationMap, *, title: str | None = None) -> go.Figure:
    """Who wins at each quality of the verifier (across) and accuracy of the solver (upwards).

    The colour of a cell says which approach wins, its strength by how much, up to 20 points. Lines
    join equal gains of verifying over the best without a verifier, in points. Pools are dots:
    filled where their verifier's calls are of the map's kind, else open.

    Args:
        found: The map.
        title: Title of the figure.
    """
    figure = go.Figure(layout=layout(title, _HEIGHT))
    figure.add_trace(_cells(found))
    figure.add_trace(_gains(found))
    for approach in APPROACHES:
        figure.add_trace(_key(found, approach))
    if found.places.height:
        figure.add_trace(_pools(found))
    edges = {axis: _reach(found.rows[axis]) for axis in ("quality", "accuracy")}
    figure.update_xaxes(title_text=AXIS_NAMES[found.axis], range=edges["quality"], showgrid=False)
    figure.update_yaxes(
        title_text="solver's accuracy (%)",
        range=[100 * end for end in edges["accuracy"]],
        showgrid=False,
    )
    return figure


def _grid(found: VerificationMap, column: str) -> list[list[Any]]:
    """A column as rows of equal accuracy."""
    ordered = found.rows.sort("accuracy", "quality")
    return [part[column].to_list() for _, part in ordered.group_by("accuracy", maintain_order=True)]


def _axes(found: VerificationMap) -> dict[str, list[float]]:
    return {
        "x": found.rows["quality"].unique().sort().to_list(),
        "y": [100 * share for share in found.rows["accuracy"].unique().sort()],
    }


def _cells(found: VerificationMap) -> go.Heatmap:
    """The cells: a third of the scale for each approach, from faint to strong."""
    third = 1 / len(APPROACHES)
    scale = []
    for number, name in enumerate(APPROACHES):
        ends = (_mixed(_HUES[name], _FAINTEST), _HUES[name])
        scale += [(number * third, ends[0]), ((number + 1) * third, ends[1])]
    heights = []
    for winners, leads in zip(_grid(found, "winner"), _grid(found, "lead"), strict=True):
        row = []
        for winner, lead in zip(winners, leads, strict=True):
            # Never quite at the ends of a third, which two colours share.
            strength = 0.01 + 0.98 * min(max(lead, 0.0) / _DEEPEST, 1.0)
            row.append(round((APPROACHES.index(winner) + strength) * third, 4))
        heights.append(row)
    return go.Heatmap(
        **_axes(found),
        z=heights,
        zmin=0.0,
        zmax=1.0,
        colorscale=scale,
        showscale=False,
        text=_hover(found),
        hovertemplate="%{text}<extra></extra>",
    )


def _hover(found: VerificationMap) -> list[list[str]]:
    texts = []
    for _, part in found.rows.sort("accuracy", "quality").group_by("accuracy", maintain_order=True):
        texts.append([_words(row) for row in part.iter_rows(named=True)])
    return texts


def _words(row: dict[str, Any]) -> str:
    lines = [
        f"solver {100 * row['accuracy']:.0f}%, TPR {row['true_positive_rate']:.2f},"
        f" FPR {row['false_positive_rate']:.2f}",
        f"voting {100 * row['voting']:.1f}% (S = {row['voting_solutions']})",
        f"stopping early {100 * row['stopping']:.1f}% ({row['stopping_setting']})",
    ]
    if row["verifying"] is not None:
        name = STRATEGY_NAMES[row["verifying_strategy"]].lower()
        lines.append(
            f"{name} {100 * row['verifying']:.1f}% (S = {row['verifying_solutions']},"
            f" V = {row['verifying_verifications']})"
        )
    return "<br>".join(lines)


def _gains(found: VerificationMap) -> go.Contour:
    """Lines of equal gain, labelled in points; none where no cell can verify."""
    gains = [[None if gain is None else 100 * gain for gain in row] for row in _grid(found, "gain")]
    held = [gain for row in gains for gain in row if gain is not None]
    levels = [level for level in _LEVELS if held and min(held) < level < max(held)]
    # Plotly draws lines at equal steps only, so gains are put on a scale where the levels are.
    return go.Contour(
        **_axes(found),
        z=[[None if gain is None else _step(gain) for gain in row] for row in gains],
        visible=bool(levels),
        contours={
            "coloring": "none",
            "type": "levels",
            "start": 1,
            "end": len(_LEVELS),
            "size": 1,
        },
        line={"color": _INK, "width": 1},
        showscale=False,
        showlegend=bool(levels),
        name=f"verifying gains {', '.join(map(str, levels))} points",
        hoverinfo="skip",
    )


def _step(gain: float) -> float:
    """The number of a level, 1 for the first, linear in between."""
    bounds = (0, *_LEVELS)
    if gain <= 0:
        return gain
    for number, (low, high) in enumerate(pairwise(bounds)):
        if gain < high:
            return number + (gain - low) / (high - low)
    return float(len(_LEVELS))


def _key(found: VerificationMap, approach: str) -> go.Scatter:
    share = found.share(approach)  # type: ignore[arg-type]
    return go.Scatter(
        x=[None],
        y=[None],
        mode="markers",
        marker={"symbol": "square", "size": 12, "color": _HUES[approach]},
        name=f"{APPROACH_NAMES[approach]} wins ({100 * share:.0f}%)",
        hoverinfo="skip",
    )


def _pools(found: VerificationMap) -> go.Scatter:
    kind = "shared" if found.simulation.shared_calls else "independent"
    rows = found.places
    same = (rows["calls"] == kind).to_list()
    left, right = _reach(found.rows["quality"])
    return go.Scatter(
        x=rows["quality"].to_list(),
        y=[100 * share for share in rows["accuracy"]],
        mode="markers+text",
        marker={
            "symbol": ["circle" if one else "circle-open" for one in same],
            "size": 11,
            "color": _INK,
            "line": {"color": _INK, "width": 2},
        },
        text=[f" {escape(name)} " for name in rows["pool"]],
        textposition=[
            "middle right" if value < (left + right) / 2 else "middle left"
            for value in rows["quality"]
        ],
        textfont={"color": _INK},
        cliponaxis=False,
        name="Pool",
        showlegend=False,
        customdata=[
            [tpr, fpr, "–" if gain is None else f"{100 * gain:+.1f}"]
            for tpr, fpr, gain in rows.select(
                "true_positive_rate", "false_positive_rate", "measured_gain"
            ).iter_rows()
        ],
        hovertemplate="%{text}<br>solver %{y:.0f}%, TPR %{customdata[0]:.2f}, FPR"
        " %{customdata[1]:.2f}<br>measured gain %{customdata[2]} points<extra></extra>",
    )


def _reach(values: pl.Series) -> list[float]:
    """The range that whole cells take, around their centres."""
    centres = values.unique().sort().to_list()
    half = (centres[1] - centres[0]) / 2
    return [centres[0] - half, centres[-1] + half]


def _mixed(colour: str, strength: float) -> str:
    """A colour #rrggbb mixed with white."""
    parts = (int(colour[i : i + 2], 16) for i in (1, 3, 5))
    return "rgb(" + ",".join(f"{255 - strength * (255 - part):.0f}" for part in parts) + ")"
