"""The crossover against a plain scan, its published figure, and its ways of not being there."""

import json
from math import inf, log

import numpy as np
import pytest

from svlaw.analysis.compare.crossover import Crossover, advantage, crossover
from svlaw.analysis.compare.crossover_sides import leads_of, named_sides
from svlaw.analysis.cost import RelativeCost
from svlaw.analysis.intervals.difference_intervals import difference_intervals
from svlaw.analysis.intervals.interval import Interval
from svlaw.analysis.intervals.resampling import resample
from svlaw.analysis.token_costs import FlopsCost, TokenMeans
from svlaw.data.errors import BadInputError, NotInPoolError
from svlaw.data.schema import VERIFIED

FIGURES = (
    "saturation_budget",
    "crossover_budget",
    "match_budget",
    "match_ratio",
    "gain",
    "gain_ratio",
    "ahead_budget",
)
UNIT = RelativeCost(1.0)


def sc(*success: float) -> dict[tuple[str, int, int], float]:
    """Self-consistency at S = 1, 2, 4, ..."""
    return {("self_consistency", 2**i, 0): y for i, y in enumerate(success)}


def bon(v: int, *success: float) -> dict[tuple[str, int, int], float]:
    """Best-of-N at one V and S = 1, 2, 4, ..."""
    return {("best_of_n", 2**i, v): y for i, y in enumerate(success)}


def estimates(found: Crossover) -> dict[str, float]:
    values = {name: getattr(found, name).estimate for name in FIGURES}
    return {name: inf if value is None else value for name, value in values.items()}


def assert_within_a_step(found: dict[str, float], scan: dict[str, float]) -> None:
    step = log(scan["step"])
    for name in ("crossover_budget", "match_budget", "match_ratio", "ahead_budget"):
        if scan[name] == inf or found[name] == inf:
            assert found[name] == scan[name], name
        else:
            assert -1e-9 <= log(scan[name] / found[name]) <= step + 1e-9, name
    for name in ("saturation_budget", "gain", "gain_ratio"):
        assert found[name] == pytest.approx(scan[name], abs=1e-9), name


def _random_points(rng: np.random.Generator) -> dict[tuple[str, int, int], float]:
    """Bumpy curves that rise on the whole, so that they cross several times."""

    def success(size: int) -> float:
        return round(0.35 + 0.03 * np.log2(size) + 0.2 * rng.random(), 3)

    points = {
        ("self_consistency", int(s), 0): success(s) for s in 2 ** np.arange(rng.integers(2, 7))
    }
    for name in VERIFIED[: rng.integers(1, 3)]:
        for v in (1, 2, 4)[: rng.integers(1, 4)]:
            for s in 2 ** np.arange(rng.integers(1, 6)):
                points[name, int(s), v] = success(s * v)
    return points


def test_equals_a_plain_scan(tables, slow_scan) -> None:
    rng, never, late = np.random.default_rng(0), 0, 0
    for _ in range(60):
        points, cost = _random_points(rng), RelativeCost(float(rng.choice([0.3, 0.5, 1.0])))
        table = tables.of(points)
        for strategy in (*table.strategies[1:], "best"):
            names = VERIFIED if strategy == "best" else (strategy,)
            scan = slow_scan.crossover(points, lambda s, v, c=cost: float(c(s, v)), names)
            found = estimates(crossover(table, cost, strategy))
            assert_within_a_step(found, scan)
            never += found["crossover_budget"] == inf
            late += found["match_budget"] < found["ahead_budget"] < found["crossover_budget"] < inf
    assert never > 5
    assert late > 5


def test_resamples_are_measured_like_the_estimate(tables, slow_scan) -> None:
    """Each resampled table, scanned plainly, must give that resample's figures."""
    rng = np.random.default_rng(3)
    points = {p: y + 0.15 * rng.standard_normal(20) for p, y in _random_points(rng).items()}
    table = tables.of(points)
    drawn = resample(table, 40, seed=1)
    means = drawn.means(table)
    again = [
        slow_scan.crossover(
            dict(zip(points, means[:, b], strict=True)),
            lambda s, v: float(UNIT(s, v)),
            ("best_of_n",),
        )
        for b in range(40)
    ]
    found = crossover(table, UNIT, "best_of_n", resamples=40, seed=1)
    last = advantage(table, UNIT, "best_of_n").row(-1, named=True)
    assert found.gain.estimate == pytest.approx(last["difference"])
    assert found.gain.conf_low == pytest.approx(last["conf_low"])
    assert found.gain.conf_high == pytest.approx(last["conf_high"])
    for name in ("crossover_budget", "match_budget", "ahead_budget"):
        values = np.array([scan[name] for scan in again])
        figure = getattr(found, name)
        expected = drawn.interval(figure.estimate or inf, values)
        assert figure.never == expected.never == np.mean(np.isinf(values))
        for end in ("conf_low", "conf_high"):
            low, high = getattr(figure, end) or inf, getattr(expected, end) or inf
            assert low == high or abs(log(high / low)) <= 2 * log(again[0]["step"])


def test_leads_are_those_of_the_points_compared(tables) -> None:
    """Averaged over problems, they are the difference of the two sides."""
    rng = np.random.default_rng(8)
    for _ in range(20):
        points = {p: y + 0.15 * rng.standard_normal(6) for p, y in _random_points(rng).items()}
        table = tables.of(points)
        for strategy in (*table.strategies[1:], "best"):
            name, sides = named_sides(table, UNIT, strategy, "self_consistency")
            frame = advantage(table, UNIT, name)
            leads = leads_of(sides, frame["budget"].to_numpy(), table)
            assert leads.mean(axis=1) == pytest.approx(frame["difference"].to_list())


def test_the_advantage_of_one_point_is_its_paired_difference(tables) -> None:
    rng = np.random.default_rng(9)
    own, theirs = rng.random(30), rng.random(30)
    table = tables.of(
        {("self_consistency", 1, 0): np.zeros(30), ("self_consistency", 4, 0): own}
        | {("best_of_n", 2, 1): theirs}
    )
    (row,) = advantage(table, UNIT).rows(named=True)
    low, high = difference_intervals((theirs - own)[None])
    assert (row["conf_low"], row["conf_high"]) == pytest.approx((low[0], high[0]))
    assert row["few_differ"] is False


def test_the_published_figure(published, reference) -> None:
    known = json.loads((reference / "singhi2025_fig1.json").read_text())
    found = crossover(published, RelativeCost(known["lambda"]))
    values = estimates(found)
    for name, value in known["crossover"].items():
        assert values[name] == pytest.approx(value, rel=1e-3), name
    assert 7 <= values["match_ratio"] <= 9
    assert abs(values["match_ratio"] - known["paper"]["match_ratio"]) < 0.5
    assert 0.036 <= values["gain"] <= 0.039
    assert values["gain"] == pytest.approx(known["paper"]["gain"], abs=0.001)
    assert values["gain_ratio"] == known["paper"]["gain_ratio"]
    assert found.status == "ok"
    assert found.strategy == "best_of_n"
    assert (found.n_problems, found.resamples) == (None, 0)
    assert all(getattr(found, name).conf_low is None for name in FIGURES)


def test_the_published_figure_by_scan(published, slow_scan) -> None:
    points = dict(
        zip(published.points.drop("setting").rows(), published.mean().tolist(), strict=True)
    )
    cost = RelativeCost(2.0)
    scan = slow_scan.crossover(points, lambda s, v: float(cost(s, v)), ("best_of_n",))
    assert_within_a_step(estimates(crossover(published, cost)), scan)


def test_a_crossing_between_two_points(tables) -> None:
    """Best-of-N costs 2S: .2 at 2, .6 at 4, against .4 throughout: level half-way in log cost."""
    found = estimates(crossover(tables.of(sc(0.4, 0.4, 0.4) | bon(1, 0.2, 0.6)), UNIT))
    assert found["match_budget"] == pytest.approx(2 * 2**0.5)
    assert found["ahead_budget"] == found["match_budget"]
    assert found["saturation_budget"] == 1
    assert found["match_ratio"] == found["match_budget"]
    assert found["gain"] == pytest.approx(0.2)
    assert found["gain_ratio"] == 4


def test_self_consistency_counts_as_it_is_not_as_its_best(tables) -> None:
    falls = sc(0.3, 0.6, 0.4, 0.4) | bon(1, 0.5, 0.5, 0.5)
    assert estimates(crossover(tables.of(falls), UNIT))["match_budget"] == pytest.approx(2 * 2**0.5)


def test_verification_counts_by_its_best_within_the_budget(tables) -> None:
    """Best-of-N falls from .6 to .3 while self-consistency rises to .5: it stays ahead."""
    found = estimates(crossover(tables.of(sc(0.3, 0.4, 0.45, 0.5) | bon(1, 0.6, 0.5, 0.3)), UNIT))
    assert found["match_budget"] == found["ahead_budget"] == 2
    assert found["gain"] == pytest.approx(0.1)


def test_ahead_from_the_first_budget_both_have(tables) -> None:
    found = estimates(crossover(tables.of(sc(0.1, 0.2, 0.3) | bon(1, 0.5, 0.6)), UNIT))
    assert found["match_budget"] == found["ahead_budget"] == 2


def test_level_is_no_lead(tables) -> None:
    """Level from 2 on, and 0.25 points ahead from where the line has gained as much."""
    found = estimates(crossover(tables.of(sc(0.5, 0.5, 0.5) | bon(1, 0.5, 0.51)), UNIT))
    assert found["match_budget"] == found["ahead_budget"] == 2
    assert found["crossover_budget"] == pytest.approx(2 * 2**0.25)
    found = estimates(crossover(tables.of(sc(0.5, 0.5, 0.5) | bon(1, 0.5, 0.5024)), UNIT))
    assert (found["match_budget"], found["crossover_budget"]) == (2, inf)


def test_a_useless_verifier_has_no_crossover(tables) -> None:
    """S = 1 and S = 2 of voting, and best-of-N at chance, are all one solution at random."""
    for answers in (0.0, 0.001):  # as with a share of missing answers, where voting gains at 2
        curve = sc(0.5, 0.5 + answers, 0.6, 0.65)
        found = estimates(crossover(tables.of(curve | bon(1, 0.5, 0.5, 0.5, 0.5)), UNIT))
        assert found["crossover_budget"] == inf


def test_a_lead_that_is_lost_again(tables) -> None:
    """Ahead at once, overtaken at 2 ** 2.5, level again at 2 ** 3.5."""
    found = estimates(
        crossover(tables.of(sc(0.1, 0.2, 0.3, 0.5, 0.5) | bon(1, 0.4, 0.4, 0.4, 0.6)), UNIT)
    )
    assert found["match_budget"] == 2
    assert found["ahead_budget"] == pytest.approx(2**3.5)


def test_a_lead_lost_and_won_back_between_two_points(tables) -> None:
    """Level or ahead at every computed cost, yet behind in between."""
    points = sc(0.3, 0.4, 0.5, 0.6) | bon(1, 0.4, 0.5, 0.1) | bon(3, 0.2, 0.7)
    table = tables.of(points)
    found = estimates(crossover(table, UNIT))
    assert found["match_budget"] == 2
    # With V = 3: .2 at 4, .7 at 8; self-consistency .5 at 4, .6 at 8: level at 3/4 of the way.
    assert found["ahead_budget"] == pytest.approx(4 * 2**0.75)


def test_a_lead_won_back_by_a_point_that_opens_a_line(tables) -> None:
    """Nothing but a new V = 7 at cost 8 brings verification level with what rose meanwhile."""
    points = sc(0.3, 0.4, 0.5, 0.6) | bon(1, 0.4, 0.5, 0.5) | bon(7, 0.9)
    found = estimates(crossover(tables.of(points), UNIT))
    assert found["match_budget"] == 2
    assert found["ahead_budget"] == pytest.approx(8)


def test_costs_that_differ_by_rounding_alone(tables, slow_scan) -> None:
    """At lambda 0.2 (512, 1) and (256, 7) cost 614.4: the floats differ, their logs do not."""
    cost = RelativeCost(0.2)
    costs = {float(cost(s, v)) for s, v in ((512, 1), (256, 7))}
    assert len(costs) == 2
    assert len({log(c) for c in costs}) == 1
    points = sc(*(0.3 + 0.03 * i for i in range(12)))
    points |= {("best_of_n", s, v): s * (v + 1) / 3000 for v in (1, 7) for s in (128, 256, 512)}
    found = estimates(crossover(tables.of(points), cost))
    scan = slow_scan.crossover(points, lambda s, v: float(cost(s, v)), ("best_of_n",))
    assert_within_a_step(found, scan)


def test_a_better_point_below_the_common_budgets_counts(tables) -> None:
    points = {("self_consistency", s, 0): 0.5 for s in (8, 16)} | bon(1, 0.7, 0.4, 0.4, 0.4)
    found = estimates(crossover(tables.of(points), UNIT))
    assert found["match_budget"] == pytest.approx(8)
    assert found["gain"] == pytest.approx(0.2)


def test_never_within_the_data(tables) -> None:
    found = crossover(tables.of(sc(0.4, 0.5, 0.6) | bon(1, 0.1, 0.2)), UNIT)
    assert found.crossover_budget == found.match_budget == Interval(None)
    assert found.match_ratio == Interval(None)
    assert found.ahead_budget == Interval(None)
    assert found.gain.estimate == pytest.approx(-0.4)


def test_ahead_once_but_not_in_the_end(tables) -> None:
    found = estimates(crossover(tables.of(sc(0.1, 0.2, 0.3, 0.9) | bon(1, 0.4, 0.4, 0.4)), UNIT))
    assert found["match_budget"] == 2
    assert found["ahead_budget"] == found["crossover_budget"] == inf


@pytest.mark.parametrize(
    ("curve", "budget", "status"),
    [
        ((0.5, 0.7, 0.7), 2, "ok"),
        ((0.5, 0.6, 0.7), 4, "unsaturated"),
        ((0.5, 0.698, 0.7), 2, "ok"),  # within a quarter of a point
        ((0.5, 0.697, 0.7), 4, "unsaturated"),
        ((0.7, 0.6, 0.5), 1, "ok"),
    ],
)
def test_saturation(curve, budget: float, status: str, tables) -> None:
    found = crossover(tables.of(sc(*curve) | bon(1, 0.1, 0.2)), UNIT)
    assert found.saturation_budget.estimate == budget
    assert found.status == status


def test_resamples_where_it_never_happens(tables) -> None:
    """Verification is ahead on one problem of four: resamples without it never cross over."""
    plain, verified = np.array([0.5] * 4), np.array([0.4, 0.4, 0.4, 0.9])
    points = {("self_consistency", s, 0): plain for s in (1, 2, 4)}
    points |= {("best_of_n", s, 1): verified for s in (1, 2)}
    found = crossover(tables.of(points), UNIT, resamples=4000)
    # It is level with at least one draw of that problem among the four: 1 - (3/4)^4 of the time.
    assert found.match_budget.estimate == 2
    assert found.match_budget.never == pytest.approx(0.75**4, abs=0.03)
    assert found.match_budget.conf_low == 2
    assert found.crossover_budget.conf_high is found.match_budget.conf_high is None
    assert not found.is_clear
    assert found.ahead_budget.never == found.match_ratio.never == found.match_budget.never
    assert found.gain.never == 0
    assert found.gain.conf_low < -0.1  # four problems do not tell which is better
    assert found.gain.conf_high > 0.3


def test_seeds(tables) -> None:
    rng = np.random.default_rng(0)
    points = {p: rng.random(30) for p in sc(0, 0, 0) | bon(1, 0, 0)}
    table = tables.of(points)
    first, again, other = (crossover(table, UNIT, resamples=100, seed=s) for s in (1, 1, 2))
    assert first == again
    assert first.gain.estimate == other.gain.estimate
    assert first.gain.conf_low == other.gain.conf_low  # comes from no resamples
    assert first.ahead_budget.never != other.ahead_budget.never
    assert (first.n_problems, first.resamples, first.seed) == (30, 100, 1)


def test_cost_moves_the_crossover_but_not_the_gain_at_equal_points(tables) -> None:
    table = tables.of(sc(0.4, 0.4, 0.4, 0.4, 0.4, 0.4, 0.4) | bon(1, 0.2, 0.6))
    for ratio in (0.5, 1.0, 7.0):
        found = estimates(crossover(table, RelativeCost(ratio)))
        assert found["match_budget"] == pytest.approx((1 + ratio) * 2**0.5)


def test_which_strategy(tables) -> None:
    points = sc(0.4, 0.4, 0.4, 0.4) | bon(1, 0.2, 0.3, 0.5)
    with_vote = points | {("weighted_vote", s, 1): y for s, y in ((1, 0.3), (2, 0.5), (4, 0.1))}
    assert crossover(tables.of(points), UNIT).strategy == "best_of_n"
    assert crossover(tables.of(with_vote), UNIT).strategy == "best_of_n"
    vote_only = {p: y for p, y in with_vote.items() if p[0] != "best_of_n"}
    assert crossover(tables.of(vote_only), UNIT).strategy == "weighted_vote"
    table = tables.of(with_vote)
    best, vote, bo = (
        estimates(crossover(table, UNIT, name)) for name in ("best", "weighted_vote", "best_of_n")
    )
    assert best["match_budget"] == vote["match_budget"] < bo["match_budget"]
    assert best["gain"] == pytest.approx(0.1)


def test_what_a_table_lacks(tables) -> None:
    with pytest.raises(NotInPoolError, match="needs verification"):
        crossover(tables.of(sc(0.1, 0.2)), UNIT)
    with pytest.raises(NotInPoolError, match="no figures for self_consistency"):
        crossover(tables.of(bon(1, 0.1, 0.2)), UNIT)
    with pytest.raises(NotInPoolError, match="no figures for weighted_vote"):
        crossover(tables.of(sc(0.1, 0.2) | bon(1, 0.1)), UNIT, "weighted_vote")
    apart = tables.of(sc(0.1, 0.2) | bon(4, 0.1))
    message = (
        r"\(up to 2 solutions\) and verification \(from 5 solutions\) have no budget in common"
    )
    with pytest.raises(NotInPoolError, match=message):
        crossover(apart, UNIT)
    flops = FlopsCost(1e9, 3e12, TokenMeans(400, 100, 430))
    message = r"\(up to 1.6e12 FLOPs\) and verification \(from 4.98e15 FLOPs\)"
    with pytest.raises(NotInPoolError, match=message):
        crossover(apart, flops)
    with pytest.raises(BadInputError, match="unknown strategy 'majority'"):
        crossover(tables.of(sc(0.1, 0.2) | bon(1, 0.1)), UNIT, "majority")
