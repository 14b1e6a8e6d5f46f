"""The crossover as a figure, and the advantage that it draws."""

from dataclasses import replace

import numpy as np
import pytest

import svlaw as sv
from svlaw.analysis.cost import RelativeCost
from svlaw.analysis.intervals.interval import Interval

COST = RelativeCost(2.0)


def named(figure, word):
    return [trace for trace in figure.data if trace.name and word in trace.name]


def whiskers(figure):
    """Ends and their marks of what is drawn on zero."""
    return [
        (list(t.x), list(t.marker.symbol))
        for t in figure.data
        if t.mode == "lines+markers" and list(t.y) == [0, 0]
    ]


def test_the_advantage_is_what_the_crossover_says(published, exams, humaneval):
    for table in (published, exams, humaneval):
        for strategy in ("best_of_n", "best"):
            if strategy == "best" and "weighted_vote" not in table.strategies:
                continue
            found = sv.crossover(table, COST, strategy, resamples=0)
            frame = sv.advantage(table, COST, strategy, resamples=0)
            budgets, ahead = frame["budget"].to_numpy(), frame["difference"].to_numpy()
            assert (np.diff(budgets) > 0).all()
            assert ahead[-1] == pytest.approx(found.gain.estimate, abs=1e-12)
            first = found.match_budget.estimate or np.inf
            assert (ahead[budgets < first * (1 - 1e-9)] < 0).all()
            leads = found.crossover_budget.estimate or np.inf
            assert (ahead[budgets > leads * (1 + 1e-9)] >= 0.0025 - 1e-12).all()
            stays = found.ahead_budget.estimate or np.inf
            assert (ahead[budgets > stays * (1 + 1e-9)] >= -1e-12).all()


def test_the_advantage_against_a_plain_calculation(tables):
    table = tables.of(
        {
            ("self_consistency", 1, 0): 0.5,
            ("self_consistency", 16, 0): 0.7,
            ("best_of_n", 1, 1): 0.4,
            ("best_of_n", 2, 1): 0.6,
            ("best_of_n", 4, 1): 0.3,
        }
    )
    frame = sv.advantage(table, RelativeCost(1.0))
    assert frame["budget"][0] == 2
    assert frame["budget"][-1] == 8
    # Rising to S = 2, then the best so far, though success falls on the way to S = 4.
    doublings = np.log2(frame["budget"].to_numpy() / 2)
    assert frame["verified"].to_list() == pytest.approx(0.4 + 0.2 * np.minimum(doublings, 1))
    expected = 0.5 + 0.2 * np.log(frame["budget"].to_numpy()) / np.log(16)
    assert frame["self_consistency"].to_list() == pytest.approx(expected)
    assert frame["conf_low"].null_count() == len(frame)


def test_intervals_are_paired_and_repeat(exams):
    one, two = (sv.advantage(exams, COST) for _ in range(2))
    assert one.equals(two)
    assert (one["conf_low"] <= one["difference"]).all()
    assert (one["difference"] <= one["conf_high"]).all()
    # Far narrower than the intervals of success itself, which are 15 points wide.
    assert (one["conf_high"] - one["conf_low"]).head(5).max() < 0.05


def test_marks_of_the_published_figure(published):
    figure = sv.plot_crossover(published, sv.crossover(published, COST), COST)
    (line,) = named(figure, "Best-of-N less self-consistency")
    assert line.y[-1] == pytest.approx(3.7475, abs=1e-3)
    (saturated,) = named(figure, "self-consistency saturated at 128")
    assert list(saturated.x) == [128, 128]
    (leads,) = named(figure, "leads from 1,230 on")
    assert leads.x[0] == pytest.approx(1231.28, abs=0.01)
    (gain,) = named(figure, "+3.7 points at 16,400, 128× saturation")
    assert (gain.x[0], gain.y[0]) == (16384, pytest.approx(3.7475, abs=1e-3))
    assert figure.layout.xaxis.title.text == COST.label
    assert figure.layout.yaxis.title.text == "gain (points of success)"
    assert not [trace for trace in figure.data if trace.fill]


def test_intervals_and_doubt_show(exams):
    found = sv.crossover(exams, COST, resamples=100, seed=1)
    figure = sv.plot_crossover(exams, found, COST, title="a <b>")
    assert named(figure, "95% interval (pointwise)")
    interval = found.crossover_budget
    ((ends, symbols),) = whiskers(figure)
    assert ends == [interval.conf_low, interval.conf_high]
    assert symbols == ["line-ns", "line-ns"]
    assert named(figure, "self-consistency best at its largest S, 64")
    assert figure.layout.legend.title.text == "<b>a &lt;b&gt;</b>"
    low, high = figure.layout.yaxis.range
    for trace in figure.data:
        assert low <= min(y for y in trace.y)
        assert max(y for y in trace.y) <= high


def test_an_open_interval_has_an_arrow(exams):
    found = sv.crossover(exams, COST, resamples=0)
    opened = replace(found, crossover_budget=Interval(4.9, 4.0, None, 0.1))
    ((ends, symbols),) = whiskers(sv.plot_crossover(exams, opened, COST))
    assert ends == [4.0, 64]
    assert symbols == ["line-ns", "triangle-right"]


def test_no_lasting_lead_is_an_answer(humaneval):
    found = sv.crossover(humaneval, COST, resamples=0)
    assert found.crossover_budget.estimate is None
    figure = sv.plot_crossover(humaneval, found, COST)
    (never,) = named(figure, "no lasting lead within the data")
    assert list(never.x) == [None]
    assert named(figure, "−2.6 points at 64")
