"""What a cost is counted in scales budgets and changes nothing else."""

from dataclasses import replace

import pytest

from svlaw.analysis.compare.crossover import crossover
from svlaw.analysis.compare.frontier import frontier
from svlaw.analysis.cost import RelativeCost
from svlaw.analysis.token_costs import FlopsCost, TokenMeans
from svlaw.fit.laws.allocation import fit_allocation
from svlaw.fit.plans.planner import plan


def test_the_unit_of_the_cost_changes_no_finding(exams) -> None:
    """Without a prompt, FLOPs are relative cost times the FLOPs of a solution."""
    relative, flops = RelativeCost(2.0), FlopsCost(8e9, 4e9, TokenMeans(100.0, 400.0, 0.0))
    unit = 2 * 8e9 * 100
    one, other = (crossover(exams, cost, resamples=50) for cost in (relative, flops))
    for name in ("saturation_budget", "crossover_budget", "ahead_budget"):
        figures = [getattr(found, name) for found in (one, other)]
        assert figures[1].estimate == pytest.approx(figures[0].estimate * unit)
        assert figures[1].conf_high == pytest.approx(figures[0].conf_high * unit)
    assert other.match_ratio.estimate == pytest.approx(one.match_ratio.estimate)
    rows, same = (frontier(exams, cost, resamples=0) for cost in (relative, flops))
    assert rows.drop("budget", "cost").equals(same.drop("budget", "cost"))
    laws, again = (fit_allocation(exams, cost, resamples=0).laws for cost in (relative, flops))
    for law, twin in zip(laws, again, strict=True):
        assert (twin.exponent is None) == (law.exponent is None), law
        if law.exponent is not None:
            assert twin.exponent == pytest.approx(law.exponent, rel=1e-6), law
    budget = 64.0
    plans = [plan(exams, cost, budget=b) for cost, b in ((relative, budget), (flops, 64 * unit))]
    bare = [replace(found.recommended, cost=0.0, limit=0.0) for found in plans]
    assert bare[0] == bare[1]
