"""Figures of the laws: what is drawn where, and how doubt shows."""

import numpy as np
import polars as pl
import pytest

import svlaw as sv
from svlaw.analysis.cost import RelativeCost
from svlaw.fit.laws.advice import advise
from svlaw.fit.laws.allocation import AllocationFit
from svlaw.fit.laws.law_figures import MOST_MARKERS
from svlaw.fit.laws.law_pair import LEAST_BUDGETS

COST = RelativeCost(2.0)


@pytest.fixture(scope="module")
def known(published) -> AllocationFit:
    """All methods on the published figure: one strategy, no intervals, the envelope censored."""
    return sv.fit_allocation(published, COST)


@pytest.fixture(scope="module")
def resampled(tables) -> AllocationFit:
    """Two methods, two strategies and intervals."""
    rng, powers = np.random.default_rng(0), 2 ** np.arange(7)
    points = {}
    for name, alpha, beta in (("best_of_n", 0.5, 0.5), ("weighted_vote", 0.4, 0.8)):
        for s in powers.astype(float):
            for v in powers.astype(float):
                success = 0.9 - 0.3 * (s**-alpha + v**-beta)
                points[name, int(s), int(v)] = success + 0.02 * rng.standard_normal(12)
    return sv.fit_allocation(tables.of(points), COST, ["envelope", "isobudget"], resamples=60)


@pytest.fixture(scope="module")
def hopeless(tables) -> AllocationFit:
    """More of anything makes it worse, so there is no law."""
    return sv.fit_allocation(
        tables.of({("best_of_n", s, v): 0.9 - 0.1 * s for s in (1, 2) for v in (1, 2)}), COST
    )


def drawn(figure, mode, row):
    """Traces of one panel with coordinates."""
    axis = "y" if row == 1 else f"y{row}"
    return [t for t in figure.data if t.mode == mode and t.yaxis == axis and t.x[0] is not None]


def entries(figure):
    """Traces that stand in a legend."""
    return [trace for trace in figure.data if trace.name]


def optima_of(fit, law):
    chosen = (pl.col("method") == law.method) & (pl.col("strategy") == law.strategy)
    return fit.optima.filter(chosen & pl.col(law.quantity).is_not_null()).sort("budget")


@pytest.mark.parametrize("row", [1, 2])
def test_lines_are_the_laws_over_the_budgets_fitted_to(row, known, resampled):
    quantity = ("solutions", "verifications")[row - 1]
    for fit in (known, resampled):
        laws = [law for law in fit.laws if law.quantity == quantity]
        lines = {t.legendgroup: t for t in drawn(sv.plot_laws(fit), "lines", row)}
        assert len(lines) == len(laws)
        for law in laws:
            line = lines[f"{law.strategy} {law.method}"]
            used = optima_of(fit, law).filter("used")["budget"]
            assert list(line.x) == [used[0], used[-1]]
            assert list(line.y) == pytest.approx(
                [law.coefficient * used[i] ** law.exponent for i in (0, -1)]
            )


@pytest.mark.parametrize("row", [1, 2])
def test_points_are_some_of_the_optima_hollow_at_the_boundary(row, known):
    quantity = ("solutions", "verifications")[row - 1]
    points = {t.legendgroup: t for t in drawn(sv.plot_laws(known), "markers", row)}
    hollow = 0
    for law in known.laws:
        if law.quantity != quantity:
            continue
        optima = optima_of(known, law)
        trace = points[f"{law.strategy} {law.method}"]
        assert len(trace.x) == min(MOST_MARKERS, len(trace.x)) > MOST_MARKERS / 2
        held = optima.filter(pl.col("budget").is_in(list(trace.x)))
        assert list(trace.y) == held[quantity].to_list()
        assert [s.endswith("-open") for s in trace.marker.symbol] == held["at_boundary"].to_list()
        assert trace.text[-1].startswith("C = ")
        hollow += held["at_boundary"].sum()
    assert hollow


def test_optima_outside_the_fit_are_faint(published):
    fit = sv.fit_allocation(published, COST, "envelope", interior=True)
    (points,) = drawn(sv.plot_laws(fit), "markers", 1)
    used = fit.optima.filter(pl.col("budget").is_in(list(points.x)))["used"].to_list()
    assert not all(used)
    assert max(points.marker.opacity) > 2 * min(points.marker.opacity)
    assert [opacity == max(points.marker.opacity) for opacity in points.marker.opacity] == used


def test_colours_tell_strategies_apart_and_shapes_and_dashes_methods(known, resampled):
    for fit in (known, resampled):
        figure = sv.plot_laws(fit)
        looks = {tuple(t.legendgroup.split()): t for t in entries(figure)}
        assert set(looks) == {(law.strategy, law.method) for law in fit.laws}
        for part, look in (
            (0, lambda t: t.line.color),
            (0, lambda t: t.marker.color),
            (1, lambda t: t.line.dash),
            (1, lambda t: t.marker.symbol),
        ):
            seen = {(pair[part], look(trace)) for pair, trace in looks.items()}
            assert len(seen) == len({pair[part] for pair in looks}) == len({s for _, s in seen})
        for line in drawn(figure, "lines", 1) + drawn(figure, "lines", 2):
            assert line.line == looks[tuple(line.legendgroup.split())].line


def test_each_strategy_has_a_legend_and_an_entry_hides_all_of_a_method(resampled):
    figure = sv.plot_laws(resampled)
    titles = (figure.layout.legend.title.text, figure.layout.legend2.title.text)
    assert titles == ("<b>Best-of-N</b>", "<b>Weighted voting</b>")
    assert figure.layout.legend.x < figure.layout.legend2.x
    assert figure.layout.legend.titleclick == figure.layout.legend2.titleclick == "toggle"
    assert len(entries(figure)) == 4
    for entry in entries(figure):
        group = [t for t in figure.data if t.legendgroup == entry.legendgroup]
        assert len(group) == 5  # the entry, and points and line in either panel
        assert {t.legend for t in group} == {
            "legend" if entry.legendgroup.startswith("best_of_n") else "legend2"
        }
        assert sum(t.showlegend is not False for t in group) == 1


def test_the_advised_method_is_bold_and_doubtful_ones_marked(known):
    (advice,) = advise(known.laws)
    assert advice.method == "isobudget"
    figure = sv.plot_laws(known)
    assert [t.name for t in entries(figure)] == ["Envelope (?)", "<b>Iso-budget</b>", "Surface"]
    (key,) = figure.layout.annotations
    assert key.text == (
        "bold: to believe; (?): doubtful<br>hollow: at the largest S or V, or beyond"
    )


def test_both_axes_are_logarithmic_and_titled(resampled):
    layout = sv.plot_laws(resampled, title="a <b> & c").layout
    axes = (layout.xaxis, layout.xaxis2, layout.yaxis, layout.yaxis2)
    assert {axis.type for axis in axes} == {"log"}
    assert layout.xaxis2.title.text == COST.label
    assert layout.yaxis.title.text == "best S (solutions)"
    assert layout.yaxis2.title.text == "best V (of each solution)"
    assert layout.title.text == "<b>a &lt;b&gt; &amp; c</b>"


def test_panels_stand_beside_each_other_if_wanted(resampled):
    below, beside = (sv.plot_laws(resampled, beside=value) for value in (False, True))
    assert below.layout.yaxis.domain[0] > below.layout.yaxis2.domain[1]
    assert beside.layout.xaxis.domain[1] < beside.layout.xaxis2.domain[0]
    assert beside.layout.xaxis.title.text == beside.layout.xaxis2.title.text == COST.label
    assert beside.layout.height < below.layout.height
    assert [t.y for t in below.data] == [t.y for t in beside.data]


def test_exponents_have_a_row_each_with_their_intervals(resampled):
    figure = sv.plot_exponents(resampled)
    labels = list(figure.layout.yaxis.ticktext)
    for column, quantity in enumerate(("solutions", "verifications")):
        axis = "x2" if column else "x"
        assert "<sup>" in figure.layout[f"{axis[0]}axis{axis[1:]}"].title.text
        laws = [law for law in resampled.laws if law.quantity == quantity]
        seen, bars = {}, {}
        for trace in (t for t in figure.data if t.xaxis == axis):
            if trace.mode == "markers":
                opened = [symbol.endswith("-open") for symbol in trace.marker.symbol]
                seen |= dict(zip(trace.y, zip(trace.x, opened, strict=True), strict=True))
            if trace.mode == "lines+markers":
                y, x = (np.array(c, object).reshape(-1, 3) for c in (trace.y, trace.x))
                for rows, (low, high, after) in zip(y, x, strict=True):
                    assert after is None  # the line breaks between two intervals
                    bars[rows[0]] = (low, high)
        assert len(seen) == len(laws) == 4
        for law in laws:
            # After the strategy's heading.
            row = {"best_of_n": 1, "weighted_vote": 4}[law.strategy] + (law.method == "isobudget")
            assert law.method[:3] in labels[row].lower()
            assert seen[row] == (law.exponent, law.status != "ok")
            assert bars[row] == (law.conf_low, law.conf_high)
            assert figure.layout.xaxis.range[0] < law.exponent < figure.layout.xaxis.range[1]
    bands = {(shape.y0 + shape.y1) / 2 for shape in figure.layout.shapes}
    bold = {i for i, label in enumerate(labels) if label.startswith("<b>") and "span" not in label}
    advised = [advice for advice in advise(resampled.laws) if advice.method]
    assert bands == bold
    assert len(bands) == len(advised) > 0


def test_doubtful_exponents_are_hollow_and_say_why(known):
    figure = sv.plot_exponents(known)
    of_s, of_v = (trace for trace in figure.data if trace.mode == "markers")
    assert not any(trace.x for trace in figure.data if trace.mode == "lines+markers")
    for trace in (of_s, of_v):
        assert [s.endswith("-open") for s in trace.marker.symbol] == [True, False, False]
        assert "censored" in trace.text[0]
        assert "censored" not in trace.text[1]
    assert list(of_s.x) == [law.exponent for law in known.laws[::2]]
    assert figure.layout.annotations[0].text == "shaded: to believe; hollow: doubtful"


def test_where_there_is_no_law_there_is_no_point_but_a_word(hopeless):
    assert max(law.n_budgets for law in hopeless.laws) < LEAST_BUDGETS
    laws = sv.plot_laws(hopeless)
    assert {t.name for t in entries(laws)} == {
        "Envelope (–)",
        "Iso-budget (–)",
        "Surface (–)",
    }
    assert laws.layout.annotations[0].text.startswith("(–): no law")
    assert not drawn(laws, "lines", 1)
    figure = sv.plot_exponents(hopeless)
    assert {trace.mode for trace in figure.data if trace.x} == {"text"}
    words = next(trace for trace in figure.data if trace.mode == "text")
    assert (words.text, list(words.y)) == ("no law", [1, 2, 3])
    assert not figure.layout.shapes
    assert not figure.layout.annotations


def test_far_intervals_do_not_squeeze_the_exponents(resampled):
    far = AllocationFit(**{
        **vars(resampled),
        "laws": tuple(
            type(law)(**{**vars(law), "conf_low": -40.0, "conf_high": 50.0})
            for law in resampled.laws
        ),
    })  # fmt: skip
    low, high = sv.plot_exponents(far).layout.xaxis.range
    exponents = [law.exponent for law in far.laws]
    assert -1 < low < min(exponents)
    assert max(exponents) < high < 2


def test_figures_repeat_exactly(resampled):
    for plot in (sv.plot_laws, sv.plot_exponents):
        text = plot(resampled).to_json()
        assert text == plot(resampled).to_json()
        assert "bdata" not in text
