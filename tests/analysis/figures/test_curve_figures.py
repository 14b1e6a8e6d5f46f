import json

import polars as pl
import pytest

import svlaw as sv
from svlaw.analysis.cost import RelativeCost
from svlaw.data.errors import BadInputError

COST = RelativeCost(2.0)


@pytest.fixture(scope="module")
def small(tables):
    """Four problems; voting up to S = 4, both uses of a verifier up to S = 4 and V = 2."""
    spread = [-0.1, 0.0, 0.1, 0.2]
    points = {}
    for s in (1, 2, 4):
        points["coverage", s, 0] = [0.5 + 0.05 * s + d for d in spread]
        points["self_consistency", s, 0] = [0.4 + 0.01 * s + d for d in spread]
        for v in (1, 2):
            points["best_of_n", s, v] = [0.3 + 0.05 * s + 0.02 * v + d for d in spread]
            points["weighted_vote", s, v] = [0.35 + 0.04 * s + 0.01 * v + d for d in spread]
    return tables.of(points)


def traces(figure, name):
    return [trace for trace in figure.data if (trace.name or "").startswith(name)]


def test_frontier_shows_voting_as_it_is_and_the_best_so_far_of_verification(published):
    frame = sv.curves(published, COST)
    figure = sv.plot_frontier(frame, COST)
    (voting,) = traces(figure, "Self-consistency")
    expected = frame.filter(pl.col("strategy") == "self_consistency").sort("cost")
    assert list(voting.x) == expected["cost"].to_list()
    assert list(voting.y) == pytest.approx([100 * y for y in expected["success"]])
    assert min(voting.y[i + 1] - voting.y[i] for i in range(len(voting.y) - 1)) < 0
    (verified,) = traces(figure, "Best-of-N")
    assert verified.line.shape == "hv"
    assert list(verified.y) == sorted(verified.y)
    assert verified.x[-1] == 16640
    assert figure.layout.xaxis.type == "log"
    assert figure.layout.xaxis.title.text == COST.label
    assert "%" in figure.layout.yaxis.title.text
    assert not [trace for trace in figure.data if trace.fill]


def test_frontier_has_bands_hover_and_an_oracle_line(small):
    figure = sv.plot_frontier(sv.curves(small, COST), "tokens")
    assert figure.layout.xaxis.title.text == "tokens"
    assert len([trace for trace in figure.data if trace.fill]) == 3
    (bound,) = traces(figure, "Coverage")
    assert bound.line.dash == "dot"
    assert "oracle" in bound.name
    (verified,) = traces(figure, "Best-of-N")
    assert verified.text[0].startswith("S = 1, V = 1<br>success 42.0% [")


def test_staircase_runs_on_to_the_largest_cost_without_a_marker(tables):
    table = tables.of(
        {("best_of_n", 1, 1): 0.3, ("best_of_n", 2, 1): 0.6, ("best_of_n", 4, 1): 0.5}
    )
    (line,) = sv.plot_frontier(sv.curves(table, COST), COST).data
    assert list(line.x) == [3, 6, 12]
    assert list(line.y) == [30, 60, 60]
    assert list(line.marker.size) == [6, 6, 0]


def test_frontier_marks_the_crossover(published):
    found = sv.crossover(published, COST)
    figure = sv.plot_frontier(sv.curves(published, COST), COST, crossover=found)
    (line,) = figure.layout.shapes
    assert line.x0 == pytest.approx(found.match_budget.estimate)
    assert figure.layout.annotations[0].text == "level at about 1,010"


def test_solutions_have_a_panel_per_strategy_and_a_line_per_v(small):
    figure = sv.plot_solutions(sv.curves(small, COST), title="a <b> & c")
    assert len(traces(figure, "V = 1")) == len(traces(figure, "V = 2")) == 2
    assert sum(bool(trace.showlegend) for trace in traces(figure, "V = 1")) == 1
    assert figure.layout.yaxis.title.text.startswith("Best-of-N")
    assert figure.layout.yaxis2.title.text.startswith("Weighted voting")
    assert figure.layout.legend.title.text == "<b>a &lt;b&gt; &amp; c</b>"
    assert list(figure.layout.xaxis2.ticktext) == ["1", "2", "4"]


def test_panels_stand_beside_each_other_if_wanted(small):
    below, beside = (sv.plot_solutions(sv.curves(small, COST), beside=v) for v in (False, True))
    assert below.layout.yaxis.domain[0] > below.layout.yaxis2.domain[1]
    assert beside.layout.xaxis.domain[1] < beside.layout.xaxis2.domain[0]
    assert beside.layout.height < below.layout.height
    assert beside.layout.xaxis.title.text == beside.layout.xaxis2.title.text
    assert [t.y for t in below.data] == [t.y for t in beside.data]


def test_lines_of_neighbouring_v_differ_in_marker_too(published):
    lines = traces(sv.plot_solutions(sv.curves(published, COST)), "V = ")
    assert len({line.marker.symbol for line in lines}) == len({line.line.color for line in lines})
    assert len(lines) == 6


def test_labels_of_an_axis_leave_room(published):
    axis = sv.plot_solutions(sv.curves(published, COST)).layout.xaxis
    assert list(axis.ticktext) == ["1", "8", "64", "512", "4,096"]
    assert list(axis.tickvals) == [1, 8, 64, 512, 4096]


def test_a_marked_frontier_has_room_for_the_words(exams):
    frame = sv.curves(exams, COST)
    figure = sv.plot_frontier(frame, COST, crossover=sv.crossover(exams, COST, resamples=0))
    lowest = 100 * frame["conf_low"].min()
    low, high = figure.layout.yaxis.range
    assert lowest - low > 0.1 * (100 * frame["success"].max() - lowest)
    assert high > 100 * frame["conf_high"].max()


def test_without_verification_voting_and_coverage_have_one_panel(tables):
    table = tables.of(
        {
            (name, s, 0): [0.1 * s, 0.2 * s]
            for name in ("coverage", "self_consistency")
            for s in (1, 2)
        }
    )
    frame = sv.curves(table, COST)
    names = {trace.name for trace in sv.plot_solutions(frame).data if trace.name}
    assert names == {"Coverage, upper bound (oracle)", "Self-consistency"}
    assert {t.name for t in sv.plot_frontier(frame, COST).data if t.name} == names


def test_null_rows_are_left_out_and_nothing_at_all_is_said(small):
    frame = sv.curves(small, COST)
    largest = pl.col("solutions") == 4
    held = frame.with_columns(
        pl.when(largest).then(None).otherwise(pl.col("success")).alias("success")
    )
    (voting,) = traces(sv.plot_frontier(held, COST), "Self-consistency")
    assert list(voting.x) == [1, 2]
    nothing = frame.with_columns(pl.lit(None, pl.Float64).alias("success"))
    for figure in (sv.plot_frontier(nothing, COST), sv.plot_solutions(nothing)):
        assert figure.layout.annotations[-1].text == "no figures to show"


def test_a_missing_column_is_named():
    with pytest.raises(BadInputError, match="'cost' is missing"):
        sv.plot_frontier(
            pl.DataFrame(
                {"strategy": ["coverage"], "solutions": [1], "verifications": [0], "success": [0.5]}
            )
        )


def test_figures_are_plain_json_and_repeat_exactly(small):
    frame = sv.curves(small, COST)
    first, second = (sv.plot_frontier(frame, COST).to_json() for _ in range(2))
    assert first == second
    assert "bdata" not in first
    assert json.loads(first)["data"]
