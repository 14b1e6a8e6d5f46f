"""Figure 1 of the paper, redrawn."""

import numpy as np
import pytest

import svlaw as sv
from svlaw.analysis.cost import RelativeCost
from svlaw.data.errors import BadInputError

COST = RelativeCost(2.0)


def words(figure):
    return [note.text for note in figure.layout.annotations if note.text]


def panel(figure, axis):
    return {trace.name: trace for trace in figure.data if trace.xaxis == axis}


def test_both_panels_have_the_published_points(published):
    figure = sv.plot_paper_figure(published, COST)
    left, right = panel(figure, "x"), panel(figure, "x2")
    assert set(left) == {"Self-consistency", "V = 32"}
    assert list(left["Self-consistency"].x) == [2**k for k in range(9)]
    assert set(right) == {"Self-consistency", "Best-of-N, V = 1"} | {
        f"V = {2**k}" for k in range(1, 6)
    }
    frame = sv.curves(published, COST)
    assert sum(len(trace.x) for trace in right.values()) == frame.height
    success = {(row["cost"], round(100 * row["success"], 4)) for row in frame.to_dicts()}
    assert {p for t in right.values() for p in zip(t.x, t.y, strict=True)} == success


def test_marks_are_those_of_the_paper(published):
    figure = sv.plot_paper_figure(published, COST)
    # The paper: 4x (counting to the next computed S), 8x, 128x, +3.8.
    assert words(figure) == [
        "5.5× fewer solutions",
        "128× compute",
        "7.9× compute",
        "+3.7<br>points",
    ]
    arrows = [note for note in figure.layout.annotations if note.showarrow]
    tips = [(10**note.ax, 10**note.x) for note in arrows]
    assert tips[0] == pytest.approx((128, 23.43), abs=0.01)
    assert tips[1] == pytest.approx((128, 16384))
    assert tips[2] == pytest.approx((128, 1014.17), abs=0.01)
    assert arrows[3].y - arrows[3].ay == pytest.approx(3.7475, abs=1e-3)
    assert [note.axref for note in arrows] == ["x", "x2", "x2", "x2"]


def test_the_tip_lies_on_the_line_of_the_largest_v(published):
    figure = sv.plot_paper_figure(published, COST, beside=False)
    line = panel(figure, "x")["V = 32"]
    arrow = next(note for note in figure.layout.annotations if note.showarrow)
    level = figure.layout.shapes[0].y0
    assert np.interp(arrow.x, np.log10(line.x), line.y) == pytest.approx(level)
    assert [note.axref for note in figure.layout.annotations if note.showarrow][1] == "x2"


def test_without_saturation_or_a_match_there_are_no_such_marks(exams, humaneval):
    assert words(sv.plot_paper_figure(exams, COST)) == ["35× fewer solutions"]
    assert words(sv.plot_paper_figure(humaneval, COST)) == []
    assert words(sv.plot_paper_figure(exams, COST, "weighted_vote"))
    with pytest.raises(BadInputError, match="unknown strategy"):
        sv.plot_paper_figure(exams, COST, "guessing")
