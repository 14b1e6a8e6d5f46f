"""The heat map: cells where the points are, lines of equal cost, and the path of the frontier."""

import numpy as np
import polars as pl
import pytest

import svlaw as sv
from svlaw.analysis.cost import RelativeCost
from svlaw.data.errors import BadInputError, NotInPoolError

COST = RelativeCost(2.0)


@pytest.fixture(scope="module")
def ragged(tables):
    """Both uses of a verifier, best-of-N without its point at S = 4, V = 2."""
    points = {("self_consistency", s, 0): 0.4 + 0.01 * s for s in (1, 2, 4)}
    for s in (1, 2, 4):
        for v in (1, 2):
            points["weighted_vote", s, v] = 0.35 + 0.04 * s + 0.01 * v
            if (s, v) != (4, 2):
                points["best_of_n", s, v] = 0.3 + 0.05 * s + 0.02 * v
    return sv.curves(tables.of(points), COST)


def cells(figure):
    return [trace for trace in figure.data if trace.type == "heatmap"]


def named(figure, word):
    return [trace for trace in figure.data if trace.name and word in trace.name]


def test_every_point_has_its_cell_and_missing_ones_are_empty(ragged):
    best, weighted = cells(sv.plot_surface(ragged, COST))
    assert np.asarray(best.z).tolist() == [
        pytest.approx([37, 42, 52]),
        [pytest.approx(39), pytest.approx(44), None],
    ]
    assert np.asarray(weighted.z, float)[1, 2] == pytest.approx(53)
    assert best.text[0][1].startswith("S = 2, V = 1<br>success 42.0%")
    # Edges halfway between the values on the logarithmic axis.
    assert list(best.x) == pytest.approx([2**-0.5, 2**0.5, 2**1.5, 2**2.5])
    assert list(best.y) == pytest.approx([2**-0.5, 2**0.5, 2**1.5])
    assert best.coloraxis == weighted.coloraxis == "coloraxis"


def test_lines_join_points_of_equal_cost(published):
    figure = sv.plot_surface(sv.curves(published, COST), COST)
    (lines,) = named(figure, "equal cost (solutions)")
    parts, part = [], []
    for x, y in zip(lines.x, lines.y, strict=True):
        if x is None:
            parts.append(part)
            part = []
        else:
            part.append(float(COST(x, y)))
    assert [round(one[0]) for one in parts] == [10, 100, 1000, 10000]
    for one in parts:
        assert len(one) > 20
        assert one == pytest.approx([one[0]] * len(one))
    assert {"100", "1,000", "10k"} <= {note.text for note in figure.layout.annotations}


def test_the_path_is_that_of_the_frontier(published, exams):
    for table in (published, exams):
        figure = sv.plot_surface(sv.curves(table, COST), COST)
        frontier = sv.frontier(table, COST, resamples=0)
        paths = named(figure, "best (S, V)")
        for name, path in zip(("best_of_n", "weighted_vote"), paths, strict=False):
            rows = frontier.filter(pl.col("strategy") == name).unique(
                ["solutions", "verifications"], keep="first", maintain_order=True
            )
            assert len(rows) > 5
            assert list(path.x) == rows["solutions"].to_list()
            assert list(path.y) == rows["verifications"].to_list()


def test_budgets_are_not_written_on_the_path(exams, humaneval):
    for table in (exams, humaneval):
        figure = sv.plot_surface(sv.curves(table, COST), COST, beside=True)
        paths = named(figure, "best (S, V)")
        heat = {cell.xaxis: cell for cell in cells(figure)}
        assert figure.layout.annotations
        for note in figure.layout.annotations:
            (path,) = (p for p in paths if p.xaxis == note.xref)
            cell = heat[note.xref]
            size = [np.log10(side[-1] / side[0]) for side in (cell.x, cell.y)]
            corners = np.log10(np.column_stack([path.x, path.y]).astype(float))
            gaps = (corners - [note.x, note.y]) / size
            assert np.hypot(*gaps.T).min() > 0.06


def test_one_strategy_beside_or_below(ragged):
    assert len(cells(sv.plot_surface(ragged, COST, "weighted_vote"))) == 1
    below, beside = (sv.plot_surface(ragged, COST, beside=value) for value in (False, True))
    assert below.layout.yaxis.domain[0] > below.layout.yaxis2.domain[1]
    assert beside.layout.xaxis.domain[1] < beside.layout.xaxis2.domain[0]
    assert beside.layout.height < below.layout.height
    for figure in (below, beside):
        assert figure.layout.yaxis.title.text == "Best-of-N: verifications, V"
        assert figure.layout.xaxis2.title.text == "solutions per problem, S"
        assert figure.layout.coloraxis.colorbar.title.text == "success (%)"
        assert (
            sum(trace.showlegend is not False for trace in figure.data) == 2 + 2
        )  # cells have none


def test_a_single_point_is_a_cell(tables):
    figure = sv.plot_surface(sv.curves(tables.of({("best_of_n", 4, 2): 0.5}), COST), COST)
    (cell,) = cells(figure)
    assert np.asarray(cell.z).tolist() == [[50.0]]
    assert (cell.x[0], cell.x[1]) == pytest.approx((4 / 2**0.5, 4 * 2**0.5))


def test_no_verifier_no_surface(ragged, tables):
    with pytest.raises(BadInputError, match="'coverage' has no surface"):
        sv.plot_surface(ragged, COST, "coverage")
    voting = sv.curves(tables.of({("self_consistency", 1, 0): 0.4}), COST)
    with pytest.raises(NotInPoolError, match="a surface needs verifications"):
        sv.plot_surface(voting, COST)
    with pytest.raises(BadInputError, match="'cost' is missing"):
        sv.plot_surface(ragged.drop("cost"), COST)
