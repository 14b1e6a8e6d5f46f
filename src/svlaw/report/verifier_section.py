"""The quality of a verifier in words, as a table and as figures."""

import plotly.graph_objects as go
import polars as pl

from svlaw.analysis.figures.axes import layout
from svlaw.analysis.figures.strategy_looks import STRATEGY_COLOURS
from svlaw.analysis.intervals.interval import Interval
from svlaw.report.number_texts import percent, with_ends
from svlaw.report.page_parts import Cell, Table
from svlaw.report.verifier_quality import ALL, Quality


def quality_table(quality: Quality, file: str) -> Table:
    """The rates of every group of problems."""
    rows: list[tuple[Cell, ...]] = [
        (
            each.group if each.group == ALL else f"pass rate {each.group}",
            f"{each.n_problems:,}",
            *(
                _shown(rate)
                for rate in (
                    each.right_accepted,
                    each.wrong_accepted,
                    each.balanced_accuracy,
                    each.ranking,
                )
            ),
        )
        for each in quality.rates
    ]
    head = (
        "Problems with",
        "Problems",
        "Right accepted",
        "Wrong accepted",
        "Balanced accuracy",
        "Right ranked above wrong",
    )
    rows[0] = (ALL.capitalize(), *rows[0][1:])
    return Table(
        "Verdicts of right and of wrong solutions", head, tuple(rows), file, _frame(quality)
    )


def _frame(quality: Quality) -> pl.DataFrame:
    names = ("right_accepted", "wrong_accepted", "balanced_accuracy", "ranking")
    rows = []
    for each in quality.rates:
        row: dict[str, str | int | float | None] = {
            "verifier": quality.verifier,
            "group": each.group,
            "n_problems": each.n_problems,
        }
        for name in names:
            rate: Interval = getattr(each, name)
            row |= {
                name: rate.estimate,
                f"{name}_low": rate.conf_low,
                f"{name}_high": rate.conf_high,
            }
        rows.append(row | {"n_ranked": each.n_ranked})
    return pl.DataFrame(rows, infer_schema_length=None)


def in_words(quality: Quality) -> list[str]:
    """What the rates say."""
    whole, parts = quality.rates[0], quality.rates[1:]
    right, wrong, balanced = whole.right_accepted, whole.wrong_accepted, whole.balanced_accuracy
    if right.estimate is None or wrong.estimate is None:
        return ["Its quality cannot be told: no right solution has a verdict, or no wrong one."]
    text = (
        f"A verdict accepts a right solution {percent(right.estimate)} of the time and a wrong one"
        f" {percent(wrong.estimate)}: balanced accuracy {_shown(balanced)}"
    )
    if balanced.conf_low is not None and balanced.conf_low <= 0.5:
        text += ", not clear of chance (50%)"
    sentences = [f"{text}."]
    if whole.ranking.estimate is not None:
        sentences.append(
            "What best-of-N needs is ranking within a problem: by the mean of all its verdicts a"
            f" right solution stands above a wrong one of the same problem in"
            f" {_shown(whole.ranking)} of the pairs (chance: 50%), over {whole.n_ranked:,} problems"
            " that have both."
        )
    ranked = [each for each in parts if each.ranking.estimate is not None]
    if len(ranked) > 1:
        first, last = ranked[0], ranked[-1]
        sentences.append(
            f"On the hardest of these problems (pass rate {first.group}) it is"
            f" {_shown(first.ranking)}, on the easiest ({last.group}) {_shown(last.ranking)}."
        )
    return sentences


def _shown(rate: Interval) -> str:
    return with_ends(rate.estimate, rate.conf_low, rate.conf_high, percent)


def plot_characteristic(quality: Quality) -> go.Figure | None:
    """Right against wrong solutions accepted as the threshold falls; None without both."""
    if not quality.curves.height:
        return None
    figure = go.Figure(layout=layout(None, 380))
    names = {"one": "one verdict", "mean": "mean of all"}
    # A single verdict of each solution is its own mean.
    drawn = ["one"] if quality.depth == 1 else ["one", "mean"]
    for name, dash in zip(drawn, ("dot", "solid"), strict=False):
        rows = quality.curves.filter(pl.col("verdict") == name)
        if not rows.height:
            continue
        figure.add_trace(
            go.Scatter(
                x=_percents(rows["wrong_accepted"]),
                y=_percents(rows["right_accepted"]),
                name=f"{names[name]} (area {rows['area'][0]:.2f})",
                mode="lines+markers" if rows.height < 15 else "lines",
                line={"color": STRATEGY_COLOURS["best_of_n"], "width": 2, "dash": dash},
                hovertemplate="%{y:.1f}% of right, %{x:.1f}% of wrong accepted<extra></extra>",
            )
        )
    _diagonal(figure)
    figure.update_xaxes(title_text="wrong solutions accepted (%)", range=[-2, 102])
    figure.update_yaxes(title_text="right solutions accepted (%)", range=[-2, 102])
    return figure


def plot_calibration(quality: Quality) -> go.Figure | None:
    """Share of right solutions against mean score; None where scores lie in one tenth."""
    rows = quality.calibration
    if rows.height < 2:
        return None
    figure = go.Figure(layout=layout(None, 380))
    value = rows["right"]
    low, high = (rows[name].fill_null(value) for name in ("conf_low", "conf_high"))
    figure.add_trace(
        go.Scatter(
            x=rows["score"].round(4).to_list(),
            y=_percents(value),
            error_y={
                "type": "data",
                "symmetric": False,
                "array": _percents((high - value).clip(0)),
                "arrayminus": _percents((value - low).clip(0)),
                "thickness": 1.5,
                "width": 4,
            },
            name="solutions in a tenth of the scores",
            mode="markers",
            marker={"color": STRATEGY_COLOURS["best_of_n"], "size": 8},
            text=[f"{count:,} solutions" for count in rows["n_solutions"]],
            hovertemplate="mean score %{x:.2f}: %{y:.1f}% right, %{text}<extra></extra>",
        )
    )
    _diagonal(figure, 1.0)
    figure.update_xaxes(title_text="mean score of a solution's verdicts", range=[-0.03, 1.03])
    figure.update_yaxes(title_text="right solutions (%)", range=[-2, 102])
    figure.update_layout(showlegend=True)
    return figure


def _diagonal(figure: go.Figure, end: float = 100.0) -> None:
    figure.add_shape(
        type="line",
        x0=0,
        y0=0,
        x1=end,
        y1=100,
        line={"color": "#7a7a7a", "width": 1, "dash": "dash"},
        layer="below",
    )


def _percents(values: pl.Series) -> list[float]:
    return [round(100 * value, 3) for value in values]
