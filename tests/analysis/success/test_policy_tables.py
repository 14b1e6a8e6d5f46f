"""Policies in the success table: usage, costs, stored tables, fixed points beside them."""

import numpy as np
import polars as pl
import pytest

from svlaw.analysis.compare.crossover import crossover
from svlaw.analysis.compare.curves import curves
from svlaw.analysis.compare.savings import savings
from svlaw.analysis.cost import RelativeCost, TokenCost, TokenMeans, relative_cost, token_cost
from svlaw.analysis.success.estimators import Options
from svlaw.analysis.success.success_table import success_table
from svlaw.data.errors import BadInputError
from svlaw.data.importers.flat_tables import import_tables

QUICK = Options(tolerance=0.02)
POLICY = "adaptive_vote:lead=2:most=8"


@pytest.fixture
def pool(tmp_path):
    """Thirty problems of twelve solutions with tokens; three verdicts each."""
    rng = np.random.default_rng(5)
    solutions, verifications = [], []
    for p in range(30):
        rate = rng.beta(1, 1)
        for j in range(12):
            right = bool(rng.random() < rate)
            answer = "A" if right else str(rng.choice(list("BCD")))
            tokens = int(100 * (1 + 3 * (1 - rate)) * (0.5 + rng.random()))
            solutions.append((f"p{p:02d}", j, answer, right, tokens))
            for k in range(3):
                yes = rng.random() < (0.8 if right else 0.3)
                verifications.append((f"p{p:02d}", j, k, float(yes), 40 + 10 * k))
    one = tmp_path / "solutions.parquet"
    other = tmp_path / "verifications.parquet"
    pl.DataFrame(
        solutions,
        ["problem_id", "solution_id", "answer", "is_correct", "output_tokens"],
        orient="row",
    ).write_parquet(one)
    pl.DataFrame(
        verifications,
        ["problem_id", "solution_id", "verification_id", "score", "output_tokens"],
        orient="row",
    ).write_parquet(other)
    return import_tables(tmp_path / "pool", solutions=one, verifications=other)


def test_fixed_points_cost_what_they_do_without_policies(pool) -> None:
    alone = success_table(pool, options=QUICK)
    beside = success_table(pool, [*alone.strategies, POLICY], options=QUICK)
    plain = (beside.points["setting"] == "").to_numpy()
    for cost in (relative_cost(pool, 0.5), token_cost(pool)):
        expected = cost(alone.points["solutions"], alone.points["verifications"])
        np.testing.assert_allclose(beside.costs(cost)[plain], expected, rtol=1e-12)
        np.testing.assert_allclose(alone.costs(cost), expected, rtol=0)
        each = beside.problem_costs(cost)
        np.testing.assert_allclose(each.mean(axis=1), beside.costs(cost), rtol=1e-12)
    np.testing.assert_array_equal(beside.success[plain], alone.success)
    assert each[plain].std(axis=1).min() > 0  # tokens differ between problems


def test_a_policy_is_charged_what_it_used(pool) -> None:
    table = success_table(pool, ["self_consistency", POLICY, "accept_first"], options=QUICK)
    usage = table.usage
    assert usage is not None
    assert table.points["solutions"][usage.rows.tolist()].is_null().all()
    relative, tokens = relative_cost(pool, 0.5), token_cost(pool)
    wanted = usage.of("solutions") + 0.5 * usage.of("verifications")
    np.testing.assert_allclose(table.costs(relative)[usage.rows], wanted.mean(axis=1))
    wanted = (
        usage.of("solution_tokens") + usage.of("prompt_tokens") + usage.of("verification_tokens")
    )
    np.testing.assert_allclose(table.problem_costs(tokens)[usage.rows], wanted)
    assert (usage.of("solutions")[0] <= 8).all()
    assert (table.largest_costs(relative)[usage.rows] >= table.costs(relative)[usage.rows]).all()
    # Harder problems have longer solutions, and the vote samples more of them.
    mean = TokenCost(TokenMeans(tokens.tokens.solution, 0.0, 0.0))
    counted = usage.of("solutions")[0].mean() * mean.unit
    assert usage.of("solution_tokens")[0].mean() > counted


def test_stored_tables_are_found_by_their_settings(pool) -> None:
    first = success_table(pool, ["self_consistency", POLICY], options=QUICK)
    folder = pool.path / "success_tables"
    assert len(list(folder.rglob("adaptive_vote-*.parquet"))) == 1
    again = success_table(pool, ["self_consistency", POLICY], options=QUICK)
    assert first.points.equals(again.points)
    np.testing.assert_array_equal(first.success, again.success)
    assert first.usage is not None
    assert again.usage is not None
    for name in ("means", "largest", "tokens", "rows"):
        np.testing.assert_array_equal(getattr(first.usage, name), getattr(again.usage, name))
    success_table(pool, ["self_consistency", "adaptive_vote:lead=1"], options=QUICK)
    assert len(list(folder.rglob("adaptive_vote-*.parquet"))) == 2


def test_parts_of_a_table_keep_their_usage(pool) -> None:
    table = success_table(pool, ["self_consistency", "early_stopping", POLICY], options=QUICK)
    cost = token_cost(pool)
    part = table.select("adaptive_vote")
    assert part.usage is not None
    assert part.points["setting"].to_list() == ["lead=2:most=8"]
    np.testing.assert_array_equal(part.costs(cost), table.costs(cost)[-1:])
    half = np.arange(30) < 15
    few = table.restrict(half)
    np.testing.assert_allclose(few.costs(cost)[-1], table.problem_costs(cost)[-1, half].mean())
    assert table.select("self_consistency").usage is None


def test_nothing_is_stored_for_a_policy_beyond_the_pool(pool) -> None:
    with pytest.raises(BadInputError, match="most = 13 is larger than the pool holds"):
        success_table(pool, ["adaptive_vote:most=13"], options=QUICK)
    assert not (pool.path / "success_tables").exists()


def test_a_ragged_pool_censors(pool) -> None:
    """A problem of few solutions stays, and says how often it was cut."""
    table = success_table(pool, ["adaptive_vote:lead=12:most=12"], options=QUICK)
    assert table.usage is not None
    assert (table.usage.of("censored") == 0).all()
    answers = pool.path / "answers"
    part = next(answers.glob("part-*.parquet"))
    frame = pl.read_parquet(part)
    short = frame.filter((pl.col("problem_id") != "p03") | (pl.col("solution_id") < 2))
    assert short.height < frame.height


def test_curves_have_the_columns_of_usage(pool) -> None:
    table = success_table(pool, ["self_consistency", POLICY], options=QUICK)
    found = curves(table, token_cost(pool)).row(-1, named=True)
    assert found["setting"] == "lead=2:most=8"
    assert found["solutions"] is None
    assert 2 <= found["mean_solutions"] <= 8
    assert found["cost_low"] < found["cost"] < found["cost_high"]
    assert found["censored"] == 0
    plain = curves(table, token_cost(pool)).row(0, named=True)
    assert (plain["setting"], plain["mean_solutions"], plain["cost_low"]) == ("", 1, None)


def test_a_strategy_saves_nothing_against_itself(pool) -> None:
    table = success_table(pool, ["self_consistency", "adaptive_vote"], "fine", options=QUICK)
    cost = token_cost(pool)
    for name in ("adaptive_vote", "self_consistency"):
        found = savings(table, cost, name, name, resamples=100)
        assert [one.ratio.estimate for one in found.levels] == pytest.approx([1] * 11)
        assert [one.ratio.conf_low for one in found.levels] == pytest.approx([1] * 11)
    one = savings(table, cost, "adaptive_vote", resamples=100).levels
    other = savings(table, cost, "self_consistency", "adaptive_vote", resamples=0).levels
    for here, there in zip(one, other, strict=True):
        assert here.ratio.estimate is not None
        assert here.ratio.estimate == pytest.approx(1 / (there.ratio.estimate or 0))
        assert here.success == there.success


def test_crossover_of_any_two(pool) -> None:
    table = success_table(pool, ["self_consistency", "adaptive_vote"], options=QUICK)
    cost = RelativeCost(1.0)
    found = crossover(table, cost, "adaptive_vote", resamples=60)
    assert found.strategy == "adaptive_vote"
    assert found.gain.conf_low is not None
    again = crossover(table, cost, "self_consistency", "adaptive_vote", resamples=0)
    assert again.gain.estimate is not None
    with pytest.raises(BadInputError, match="unknown strategy 'halving'"):
        crossover(table, cost, "halving")
