"""Problems by difficulty: which strategy wins on easy ones, which on hard ones."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

import plotly.graph_objects as go
import polars as pl
from markupsafe import Markup
from plotly.subplots import make_subplots

from svlaw.analysis.compare.difficulty import (
    DEFAULT_BINS,
    LEAST_PROBLEMS,
    NONE,
    PASS_RATE,
    Bin,
    bins,
)
from svlaw.analysis.compare.frontier import frontier
from svlaw.analysis.cost import CostModel
from svlaw.analysis.figures.axes import decade_axis, layout, sequence, short
from svlaw.analysis.figures.strategy_looks import STRATEGY_NAMES
from svlaw.analysis.success.estimators import Options
from svlaw.analysis.success.success_table import SuccessTable, success_table
from svlaw.data.errors import BadInputError, NotInPoolError
from svlaw.data.pool import Pool
from svlaw.data.progress import Progress
from svlaw.data.schema import VERIFIED
from svlaw.report.number_texts import DASH, amount, percent, points, with_ends
from svlaw.report.page_parts import Cell, Table, plain

COLUMNS: Final = ("level", "subject")
"""Columns of the problems that are looked at besides the pass rate."""
MOST_BINS: Final = 12
"""A column with more values has no table."""
MOST_LINES: Final = 6
"""A column with more values has no figure."""
_LONGEST: Final = 24
"""Characters of a bin's name in a legend."""


@dataclass(frozen=True)
class Difficulty:
    """The frontier in every bin of problems.

    Attributes:
        by: The column, or `pass_rate`.
        bins: The bins, by rising value.
        frontiers: What `frontier` returns for each of them.
        first: Success of one solution in each of them; None without coverage.
    """

    by: str
    bins: tuple[Bin, ...]
    frontiers: tuple[pl.DataFrame, ...]
    first: tuple[float | None, ...]

    @property
    def budgets(self) -> list[float]:
        """Three budgets to compare the bins at: a third and two thirds up the ladder, and its top.

        Bins have the same points, hence the same budgets.
        """
        held = self.frontiers[0]["budget"].unique().sort().to_list()
        last = len(held) - 1
        return [held[i] for i in sorted({last // 3, 2 * last // 3, last})]

    @property
    def frame(self) -> pl.DataFrame:
        """The rows of all bins, led by `bin`, `n_problems` and `bin_status`."""
        return pl.concat(
            rows.select(
                pl.lit(part.name).alias("bin"),
                pl.lit(part.n_problems, pl.Int32).alias("n_problems"),
                pl.lit(part.status).alias("bin_status"),
                pl.all(),
            )
            for part, rows in zip(self.bins, self.frontiers, strict=True)
        )


def examine_difficulty(
    pool: Pool,
    table: SuccessTable,
    cost: CostModel,
    *,
    resamples: int,
    seed: int,
    progress: Progress,
) -> tuple[tuple[Difficulty, ...], str]:
    """The frontier by pass rate, and by each of the columns `level` and `subject` that is of use.

    Args:
        pool: The pool.
        table: The success table of all problems and strategies.
        cost: The cost model.
        resamples: Resamples of problems for the intervals.
        seed: Seed of the resampling.
        progress: Progress of the table of the analysis half.

    Returns:
        What was found, and why there is nothing by pass rate: a sentence, empty where there is.
    """
    if not table.has_problems:
        return (), "A published table has no problems to sort."
    if table.n_problems < 2 * LEAST_PROBLEMS:
        return (), (
            f"Sorting problems by difficulty takes {2 * LEAST_PROBLEMS} of them or more:"
            " intervals from fewer than five say next to nothing."
        )
    parts, why = _by_pass_rate(pool, table, progress)
    found = [_in_bins(PASS_RATE, parts, cost, resamples, seed)] if not why else []
    for column in COLUMNS:
        try:
            parts = bins(pool, table, column)
        except (BadInputError, NotInPoolError):
            # There is no such column, or it is empty, or it hardly repeats a value.
            continue
        if 1 < len(parts) <= MOST_BINS:
            found.append(_in_bins(column, parts, cost, resamples, seed))
    return tuple(found), why


def _by_pass_rate(
    pool: Pool, table: SuccessTable, progress: Progress
) -> tuple[tuple[Bin, ...], str]:
    """Bins by pass rate, or why there are none."""
    too_few = (
        "There are too few solutions to rate problems on one half of them and to judge strategies"
        " on the other."
    )
    try:
        half = success_table(
            pool,
            table.specs,
            verifier=table.verifier,
            options=replace(table.options or Options(), half="analysis"),
            progress=progress,
        )
    except BadInputError:
        return (), too_few
    count = min(DEFAULT_BINS, max(half.n_problems // LEAST_PROBLEMS, 1))
    parts = bins(pool, half, PASS_RATE, count)
    if len(parts) > 1:
        return parts, ""
    return (), too_few if parts[0].name == NONE else "All problems have the same pass rate."


def _in_bins(
    by: str, parts: tuple[Bin, ...], cost: CostModel, resamples: int, seed: int
) -> Difficulty:
    frames = [frontier(part.table, cost, resamples=resamples, seed=seed) for part in parts]
    return Difficulty(by, parts, tuple(frames), tuple(_first(part.table) for part in parts))


def _first(table: SuccessTable) -> float | None:
    """Success of a single solution, that is coverage at S = 1."""
    one = (pl.col("strategy") == "coverage") & (pl.col("solutions") == 1)
    rows = table.points.select(one.arg_true()).to_series()
    return float(table.mean()[rows[0]]) if len(rows) else None


def heading(found: Difficulty) -> str:
    """What the bins are, in words."""
    return "By pass rate" if found.by == PASS_RATE else f"By {found.by}"


def difficulty_table(found: Difficulty, file: str) -> Table:
    """The winner in every bin at three budgets."""
    budgets = found.budgets
    rows: list[tuple[Cell, ...]] = []
    for part, frame, first in zip(found.bins, found.frontiers, found.first, strict=True):
        winners = {row["budget"]: row for row in frame.filter("best").iter_rows(named=True)}
        name = f"{part.name} (few problems)" if part.status != "ok" else part.name
        one = DASH if first is None else percent(first)
        shown = [_winner(winners.get(budget)) for budget in budgets]
        rows.append((name, f"{part.n_problems:,}", one, *shown))
    lead = "Pass rate" if found.by == PASS_RATE else found.by.capitalize()
    head = (lead, "Problems", "One solution", *(f"Best within {amount(b)}" for b in budgets))
    return Table(f"{heading(found)}: what wins", head, tuple(rows), file, found.frame)


def _winner(row: dict[str, Any] | None) -> Cell:
    if row is None:
        return DASH
    point = row["setting"] or f"S = {row['solutions']:,}"
    point += f", V = {row['verifications']:,}" if row["verifications"] else ""
    lines = [point, with_ends(row["success"], row["conf_low"], row["conf_high"], percent)]
    if row["strategy"] in VERIFIED and row["gain"] is not None:
        gain = with_ends(row["gain"], row["gain_low"], row["gain_high"], points)
        lines.append(f"gain {gain}")
    name = STRATEGY_NAMES[row["strategy"]]
    return Markup("{}<small>{}</small>").format(name, Markup("<br>").join(lines))


def in_words(found: Difficulty) -> str:
    """On which problems verification gains most; empty without verifications."""
    gains = [_last_gain(frame) for frame in found.frontiers]
    held = [(part, row) for part, row in zip(found.bins, gains, strict=True) if row is not None]
    if len(held) < 2:
        return ""
    part, row = max(held, key=lambda pair: float(pair[1]["gain"]))
    gain = with_ends(row["gain"], row["gain_low"], row["gain_high"], points)
    least, lowest = min(held, key=lambda pair: float(pair[1]["gain"]))
    loss = with_ends(lowest["gain"], lowest["gain_low"], lowest["gain_high"], points)
    lead = "a pass rate of" if found.by == PASS_RATE else found.by
    return (
        f"At the largest budget, {amount(row['budget'])}, verification gains most on problems with"
        f" {lead} {part.name}: {gain} points over self-consistency; least with {least.name}:"
        f" {loss}."
    )


def _last_gain(frame: pl.DataFrame) -> dict[str, Any] | None:
    """The best row with a verifier at the largest budget."""
    rows = list(_verified_rows(frame))
    return rows[-1] if rows else None


def _verified_rows(frame: pl.DataFrame) -> Iterator[dict[str, Any]]:
    """The better strategy with a verifier within each budget, where there is a gain to tell."""
    held = frame.filter(pl.col("strategy").is_in(VERIFIED) & pl.col("gain").is_not_null())
    best = held.sort("budget", -pl.col("success"), maintain_order=True)
    yield from best.unique("budget", keep="first", maintain_order=True).iter_rows(named=True)


def plot_difficulty(found: Difficulty, cost: CostModel) -> go.Figure | None:
    """Success within a budget in every bin, and what verification gains there.

    None for more bins than can be told apart.
    """
    if len(found.bins) > MOST_LINES:
        return None
    has_gains = any(_last_gain(frame) is not None for frame in found.frontiers)
    rows = 2 if has_gains else 1
    figure = make_subplots(
        rows=rows, cols=1, shared_xaxes=True, vertical_spacing=0.06, figure=go.Figure()
    )
    figure.update_layout(layout(None, 130 + 250 * rows))
    colours = sequence(len(found.bins))
    budgets: list[float] = []
    for part, frame, colour in zip(found.bins, found.frontiers, colours, strict=True):
        name = plain(part.name, _LONGEST)
        best = frame.filter("best")
        voting = frame.filter(pl.col("strategy") == "self_consistency")
        budgets += frame["budget"].to_list()
        figure.add_trace(_line(best.to_dicts(), "success", name, colour), row=1, col=1)
        if has_gains:
            dashed = _line(voting.to_dicts(), "success", name, colour, dash="dash")
            figure.add_trace(dashed.update(showlegend=False), row=1, col=1)
            gains = _line(list(_verified_rows(frame)), "gain", name, colour)
            figure.add_trace(gains.update(showlegend=False), row=2, col=1)
    figure.update_yaxes(title_text="success (%)", row=1, col=1)
    if has_gains:
        figure.update_yaxes(title_text="gain (points)", row=2, col=1)
        figure.add_hline(y=0, line={"width": 1, "color": "#7a7a7a"}, row=2, col=1)
    figure.update_xaxes(**decade_axis(pl.Series(budgets)))
    figure.update_xaxes(title_text=cost.label, row=rows, col=1)
    figure.update_layout(legend={"title": {"text": f"{_lead(found.by)} "}})
    return figure


def _lead(by: str) -> str:
    return "pass rate:" if by == PASS_RATE else f"{by}:"


def _line(
    rows: Sequence[dict[str, Any]], column: str, name: str, colour: str, *, dash: str = "solid"
) -> go.Scatter:
    return go.Scatter(
        x=[row["budget"] for row in rows],
        y=[round(100 * row[column], 4) for row in rows],
        name=name,
        legendgroup=name,
        mode="lines" if dash == "dash" else "lines+markers",
        line={"color": colour, "width": 2, "dash": dash},
        marker={"size": 5},
        text=[_hover(row, column) for row in rows],
        hovertemplate="%{text}<extra>" + name + "</extra>",
    )


def _hover(row: dict[str, Any], column: str) -> str:
    point = row["setting"] or f"S = {row['solutions']}" + (
        f", V = {row['verifications']}" if row["verifications"] else ""
    )
    low, high = ("conf_low", "conf_high") if column == "success" else ("gain_low", "gain_high")
    figure = f"{column} {100 * row[column]:.1f}"
    if row[low] is not None and row[high] is not None:
        figure += f" [{100 * row[low]:.1f}, {100 * row[high]:.1f}]"
    return f"budget {short(row['budget'])}: {STRATEGY_NAMES[row['strategy']]}, {point}<br>{figure}"
