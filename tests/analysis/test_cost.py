"""Costs in solutions, tokens, FLOPs and dollars, at lengths stored in pools."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from svlaw.analysis.cost import CostModel, RelativeCost, measure_lambda, relative_cost
from svlaw.analysis.cost_choice import CostChoice
from svlaw.analysis.token_costs import (
    FlopsCost,
    PriceCost,
    TokenCost,
    TokenMeans,
    flops_cost,
    mean_tokens,
    price_cost,
    token_cost,
)
from svlaw.data.errors import BadInputError, NotInPoolError
from svlaw.data.examples import open_example
from svlaw.data.pool import Pool, open_pool
from svlaw.data.pool_writer import append, create_pool


def answers(**columns) -> pl.DataFrame:
    """Two problems, of three solutions and of one."""
    return pl.DataFrame(
        {
            "problem_id": ["a", "a", "a", "b"],
            "solution_id": [0, 1, 2, 0],
            "is_correct": [True, False, True, False],
            "status": ["graded"] * 4,
            **columns,
        }
    )


def verdicts(**columns) -> pl.DataFrame:
    """Two verdicts on the first solution of a, one on that of b."""
    return pl.DataFrame(
        {
            "problem_id": ["a", "a", "b"],
            "solution_id": [0, 0, 0],
            "verification_id": [0, 1, 0],
            "score": [1.0, 0.0, 1.0],
            "status": ["graded"] * 3,
            **columns,
        }
    )


def test_relative_cost() -> None:
    cost = RelativeCost(2.0)
    assert cost(256, 32) == 256 * 65
    np.testing.assert_array_equal(cost([1, 4, 4], [0, 0, 8]), [1, 4, 68])
    np.testing.assert_array_equal(cost([[1], [2]], [0, 1]), [[1, 3], [2, 6]])
    assert RelativeCost(0.25)(8, 4) == 16


@pytest.mark.parametrize("ratio", [0.0, -1.0, float("nan"), float("inf"), -float("inf")])
def test_lambda_must_be_a_number_above_zero(ratio: float, make_pool) -> None:
    with pytest.raises(BadInputError, match=f"lambda = {ratio:g}"):
        RelativeCost(ratio)
    with pytest.raises(ValueError, match="use a number above 0"):
        relative_cost(make_pool(answers()), ratio)


def test_lambda_is_a_ratio_of_means_over_problems(make_pool) -> None:
    """Means of a: 200 and 60, of b: 400 and 120; all rows alike would give 225 and 80."""
    pool = make_pool(
        answers(output_tokens=[100, 200, 300, 400]), v=verdicts(output_tokens=[20, 100, 120])
    )
    measured = measure_lambda(pool)
    assert (measured.unit, measured.solution_length, measured.verification_length) == (
        "tokens",
        300.0,
        90.0,
    )
    assert measured.ratio == pytest.approx(0.3)
    cost = relative_cost(pool, None)
    assert cost.ratio == measured.ratio
    assert cost.origin == "measured in tokens"


def test_tokens_come_before_characters(make_pool) -> None:
    both = make_pool(
        answers(output_tokens=[100] * 4, output_chars=[400] * 4),
        v=verdicts(output_tokens=[200] * 3, output_chars=[400] * 3),
    )
    assert (measure_lambda(both).unit, measure_lambda(both).ratio) == ("tokens", 2.0)
    # Tokens of one side alone tell nothing.
    half = make_pool(
        answers(output_tokens=[100] * 4, output_chars=[400] * 4),
        v=verdicts(output_chars=[600] * 3),
    )
    assert (measure_lambda(half).unit, measure_lambda(half).ratio) == ("characters", 1.5)
    assert relative_cost(half, None).origin == "measured in characters"


def test_missing_lengths_are_left_out_of_the_means(make_pool) -> None:
    pool = make_pool(
        answers(output_tokens=[100, None, 300, None]), v=verdicts(output_tokens=[50, None, 150])
    )
    measured = measure_lambda(pool)
    assert (measured.solution_length, measured.verification_length) == (200.0, 100.0)


def test_each_verifier_has_its_own_lambda(make_pool) -> None:
    pool = make_pool(
        answers(output_tokens=[100] * 4),
        short=verdicts(output_tokens=[50] * 3),
        long=verdicts(output_tokens=[300] * 3),
    )
    assert measure_lambda(pool, "short").ratio == 0.5
    assert relative_cost(pool, None, "long").ratio == 3.0
    with pytest.raises(BadInputError, match="name a verifier"):
        measure_lambda(pool)


def test_no_lengths_no_lambda(make_pool) -> None:
    with pytest.raises(NotInPoolError, match="give --lambda"):
        measure_lambda(make_pool(answers(), v=verdicts()))
    with pytest.raises(NotInPoolError, match="give --lambda"):
        relative_cost(make_pool(answers(output_tokens=[9] * 4), v=verdicts()), None)
    with pytest.raises(NotInPoolError, match="published table has no lengths"):
        relative_cost(open_example("singhi2025_fig1"), None)
    with pytest.raises(NotInPoolError, match="no verifications"):
        measure_lambda(make_pool(answers(output_tokens=[9] * 4)))


def test_lambda_given_or_not_needed(make_pool) -> None:
    pool = make_pool(answers(output_tokens=[100] * 4), v=verdicts(output_tokens=[50] * 3))
    assert relative_cost(pool, 2.0) == RelativeCost(2.0, "given")
    assert relative_cost(open_example("singhi2025_fig1"), 2.0).ratio == 2.0
    unverified = relative_cost(make_pool(answers()), None)
    assert (unverified.ratio, unverified.origin) == (1.0, "no verifications, so unused")


def verifications(**columns) -> pl.DataFrame:
    """The texts of `verdicts`."""
    return verdicts().select(
        "problem_id",
        "solution_id",
        "verification_id",
        pl.lit("Yes").alias("text"),
        **{name: pl.Series(values, dtype=pl.Int32) for name, values in columns.items()},
    )


def test_flops_are_two_for_each_parameter_and_token() -> None:
    cost = FlopsCost(8e9, 70e9, TokenMeans(300.0, 500.0, 400.0))
    assert cost(4, 0) == pytest.approx(2 * 8e9 * 300 * 4)
    # A solution's prompt is read once, whatever V.
    for V in (1, 2, 32):
        whole = 4 * (2 * 8e9 * 300 + 2 * 70e9 * (400 + 500 * V))
        assert cost(4, V) == pytest.approx(whole)
    assert cost.ratio == pytest.approx(70 * 500 / (8 * 300))
    assert cost.label == "compute per problem (FLOPs)"


def test_tokens_count_alike() -> None:
    cost = TokenCost(TokenMeans(300.0, 500.0, 400.0))
    assert cost(4, 0) == pytest.approx(4 * 300)
    for V in (1, 2, 32):
        assert cost(4, V) == pytest.approx(4 * (300 + 400 + 500 * V))
    assert (cost.unit, cost.label) == (300.0, "compute per problem (tokens)")
    twin = FlopsCost(0.5, 0.5, cost.tokens)  # two halves of a FLOP for each token
    assert (twin.unit, twin.prefill, twin.ratio) == (cost.unit, cost.prefill, cost.ratio)


def test_dollars_are_prices_of_a_million_tokens() -> None:
    """S = 10, V = 4 by hand: 3,000 tokens at 2, 4,000 at 0.5 and 20,000 at 8 dollars a million."""
    cost = PriceCost(2.0, 0.5, 8.0, TokenMeans(300.0, 500.0, 400.0))
    assert cost(10, 4) == pytest.approx(0.006 + 0.002 + 0.16)
    assert cost(10, 0) == pytest.approx(0.006)
    assert cost(1, 1) == pytest.approx((2 * 300 + 0.5 * 400 + 8 * 500) / 1e6)
    assert cost.ratio == pytest.approx(8 * 500 / (2 * 300))
    assert (cost.unit_name, cost.label) == ("US$", "cost per problem (US$)")
    # At a dollar a million for everything, a cost in millions of tokens.
    tokens = TokenCost(cost.tokens)
    same = PriceCost(1.0, 1.0, 1.0, cost.tokens)
    S, V = np.meshgrid([1, 7, 64], [0, 1, 16])
    np.testing.assert_allclose(1e6 * same(S, V), tokens(S, V), rtol=1e-12)


def test_a_request_for_every_verification_as_the_docs_say() -> None:
    """Input free and its price on the output: S [p_s T_s + V (p_in T_p + p_out T_v)]."""
    tokens = TokenMeans(300.0, 500.0, 400.0)
    cost = PriceCost(2.0, 0.0, 8.0 + 0.5 * 400 / 500, tokens)
    for V in (0, 1, 5):
        assert cost(10, V) == pytest.approx(10 * (600 + V * (0.5 * 400 + 8 * 500)) / 1e6)


@pytest.mark.parametrize(
    ("prices", "message"),
    [
        ((0.0, 1.0, 1.0), "solver price = 0: use a number above 0"),
        ((1.0, -1.0, 1.0), "verifier input price = -1: use 0 or more"),
        ((1.0, float("nan"), 1.0), "verifier input price = nan"),
        ((1.0, 1.0, 0.0), "verifier output price = 0: use a number above 0"),
        ((1.0, None, 1.0), "give that of its input and that of its output"),
        ((1.0, None, None), "give that of its input and that of its output"),
    ],
)
def test_bad_prices(prices, message: str) -> None:
    with pytest.raises(BadInputError, match=message):
        PriceCost(*prices, TokenMeans(300.0, 500.0, 400.0))


def test_token_means_of_a_pool(make_pool) -> None:
    pool = make_pool(
        answers(output_tokens=[100, 200, 300, 400]), v=verdicts(output_tokens=[20, 100, 120])
    )
    assert mean_tokens(pool) == TokenMeans(300.0, 90.0, 300.0, is_prompt_assumed=True)
    assert "counts as long as a solution" in flops_cost(pool, 1e9).origin
    pool = append(pool, "verifications", verifications(prompt_tokens=[10, 30, 60]), verifier="v")
    assert mean_tokens(pool) == TokenMeans(300.0, 90.0, 40.0)
    cost = flops_cost(pool, 1e9)
    assert cost.origin == "mean tokens measured"
    assert cost(1, 1) == pytest.approx(2e9 * (300 + 40 + 90))
    assert flops_cost(pool, 1e9, 2e9)(1, 1) == pytest.approx(2e9 * (300 + 2 * (40 + 90)))
    alone = flops_cost(make_pool(answers(output_tokens=[7] * 4)), 1e9)
    assert (alone(3, 0), alone.ratio) == (2e9 * 7 * 3, 0.0)


def test_tokens_are_estimated_from_characters(make_pool) -> None:
    """Means over problems of 300 and 90 characters."""
    pool = make_pool(
        answers(output_chars=[100, 200, 300, 400]), v=verdicts(output_chars=[20, 100, 120])
    )
    assert mean_tokens(pool) == TokenMeans(75.0, 22.5, 75.0, True, True)
    cost = token_cost(pool)
    assert cost(2, 3) == pytest.approx(2 * (75 + 75 + 3 * 22.5))
    assert cost.origin.startswith("tokens estimated at 4 characters each; the verifier's prompt")
    assert flops_cost(pool, 8e9, 70e9).ratio == pytest.approx(70 * 22.5 / (8 * 75))
    assert price_cost(pool, 1.0, 2.0, 3.0)(1, 1) == pytest.approx((75 + 150 + 67.5) / 1e6)
    # lambda is what was measured, in characters.
    assert relative_cost(pool, None).origin == "measured in characters"
    assert token_cost(pool).ratio == relative_cost(pool, None).ratio


def test_tokens_of_one_never_stand_beside_characters_of_the_other(make_pool) -> None:
    half = make_pool(
        answers(output_tokens=[1000] * 4, output_chars=[400] * 4),
        v=verdicts(output_chars=[600] * 3),
    )
    half = append(half, "verifications", verifications(prompt_tokens=[9, 9, 9]), verifier="v")
    assert mean_tokens(half) == TokenMeans(100.0, 150.0, 100.0, True, True)
    whole = make_pool(
        answers(output_tokens=[1000] * 4, output_chars=[400] * 4),
        v=verdicts(output_tokens=[200] * 3, output_chars=[600] * 3),
    )
    assert mean_tokens(whole) == TokenMeans(1000.0, 200.0, 1000.0, True)


def test_without_a_verifier_solutions_are_enough(make_pool) -> None:
    pool = make_pool(answers(output_chars=[40] * 4))
    assert mean_tokens(pool) == TokenMeans(10.0, 0.0, 0.0, is_estimated=True)
    for cost, unit in (
        (token_cost(pool), 10.0),
        (flops_cost(pool, 1e9), 2e10),
        (price_cost(pool, 0.5), 5e-6),
    ):
        assert cost.origin == "tokens estimated at 4 characters each"
        assert (cost.ratio, cost.prefill) == (0.0, 0.0)
        assert cost(3, 0) == pytest.approx(3 * unit)


def test_a_bundled_pool_holds_characters_only() -> None:
    cost = price_cost(open_example("exams_gpt35_by_gpt4"), 0.60, 0.15, 0.60)
    characters = measure_lambda(open_example("exams_gpt35_by_gpt4"))
    assert characters.unit == "characters"
    assert cost.unit == pytest.approx(0.60 * characters.solution_length / 4 / 1e6)
    assert cost.ratio == pytest.approx(characters.ratio)
    assert cost.prefill == 0  # a shared call reads no solution


def test_no_lengths_no_cost_of_tokens(make_pool) -> None:
    for pool, what in (
        (make_pool(answers()), "solutions nor"),
        (make_pool(answers(output_tokens=[9] * 4), v=verdicts(output_chars=[9] * 3)), "solutions"),
        (make_pool(answers(output_chars=[9] * 4), v=verdicts()), "solutions and verifications"),
    ):
        for build in (token_cost, lambda pool: flops_cost(pool, 1e9)):
            with pytest.raises(NotInPoolError, match=f"no token counts of {what}"):
                build(pool)
    with pytest.raises(NotInPoolError, match="published table has no token counts"):
        token_cost(open_example("singhi2025_fig1"))
    with pytest.raises(NotInPoolError, match="published table has no token counts"):
        price_cost(open_example("singhi2025_fig1"), 1.0, 1.0, 1.0)
    with pytest.raises(BadInputError, match="solver parameters = 0: use a number above 0"):
        flops_cost(make_pool(answers(output_tokens=[9] * 4)), 0.0)
    with pytest.raises(BadInputError, match="holds verifications; give the verifier's prices"):
        price_cost(make_pool(answers(output_tokens=[9] * 4), v=verdicts()), 1.0)


def test_a_choice_becomes_the_model_asked_for(make_pool) -> None:
    pool = make_pool(answers(output_tokens=[100] * 4), v=verdicts(output_tokens=[50] * 3))
    assert CostChoice().model(pool) == relative_cost(pool, None)
    assert CostChoice(ratio=3.0).model(pool) == RelativeCost(3.0)
    assert CostChoice("tokens").model(pool) == token_cost(pool)
    flops = CostChoice("flops", solver_parameters=8e9, verifier_parameters=1e9)
    assert flops.model(pool) == flops_cost(pool, 8e9, 1e9)
    prices = {"solver_price": 1.0, "verifier_input_price": 2.0, "verifier_output_price": 3.0}
    assert CostChoice("price", **prices).model(pool) == price_cost(pool, 1.0, 2.0, 3.0)


@pytest.mark.parametrize(
    ("name", "figures", "message"),
    [
        ("money", {}, "cost 'money': use one of relative, tokens, flops, price"),
        ("flops", {}, "cost 'flops': give solver_parameters"),
        ("flops", {"verifier_parameters": 1e9}, "cost 'flops': give solver_parameters"),
        ("price", {"verifier_input_price": 1.0}, "cost 'price': give solver_price"),
        ("flops", {"solver_parameters": 1e9, "ratio": 2.0}, "ratio = 2: the cost 'flops' takes no"),
        ("relative", {"solver_price": 2.0}, "solver_price = 2: the cost 'relative' takes none"),
        ("tokens", {"ratio": 2.0}, "ratio = 2: the cost 'tokens' takes none"),
    ],
)
def test_figures_of_another_model_are_refused(name, figures, message: str) -> None:
    with pytest.raises(BadInputError, match=message):
        CostChoice(name, **figures)


SHARED = (
    RelativeCost(2.0, calls="shared"),
    TokenCost(TokenMeans(900.0, 500.0, 120.0), calls="shared"),
    FlopsCost(8e9, 70e9, TokenMeans(900.0, 500.0, 120.0), calls="shared"),
    PriceCost(0.1, 3.0, 15.0, TokenMeans(900.0, 500.0, 120.0), calls="shared"),
)


def test_shared_calls_are_paid_once_for_all_solutions() -> None:
    S, V = np.array([1, 8, 59]), np.array([0, 1, 8])
    relative, tokens, flops, price = (cost(S, V) for cost in SHARED)
    assert relative.tolist() == [1, 10, 75]
    assert tokens == pytest.approx([900, 8 * 900 + 120 + 500, 59 * 900 + 120 + 8 * 500])
    assert flops == pytest.approx(2 * (8e9 * 900 * S + 70e9 * (120 * (V > 0) + 500 * V)))
    assert price == pytest.approx((0.1 * 900 * S + 3 * 120 * (V > 0) + 15 * 500 * V) / 1e6)


@pytest.mark.parametrize(
    "cost", [*SHARED, RelativeCost(2.0), replace(SHARED[2], calls="independent")]
)
def test_budgets_are_inverted(cost: CostModel) -> None:
    S, V = np.array([3.5, 1.0, 40.0]), np.array([1.0, 8.0, 3.0])
    budgets = cost(S, V)
    assert cost.solutions_at(budgets, V) == pytest.approx(S)
    assert cost.verifications_at(budgets, S, 10.0) == pytest.approx(V)
    assert cost.solutions_at(cost(7, 0), 0.0) == pytest.approx(7.0)


def shared_pool(path: Path) -> Pool:
    """Two problems; call 1 of the first judged one of its two solutions only."""
    answers = pl.DataFrame(
        {
            "problem_id": ["p", "p", "q"],
            "solution_id": pl.Series([0, 1, 0], dtype=pl.Int32),
            "is_correct": [True, False, True],
            "status": ["graded"] * 3,
            "output_tokens": pl.Series([10, 10, 30], dtype=pl.Int32),
        }
    )
    verdicts = pl.DataFrame(
        {
            "problem_id": ["p", "p", "p", "q"],
            "solution_id": pl.Series([0, 1, 0, 0], dtype=pl.Int32),
            "verification_id": pl.Series([0, 0, 1, 0], dtype=pl.Int32),
            "score": [1.0, 0.0, 1.0, 1.0],
            "status": ["graded"] * 4,
            "output_tokens": pl.Series([40, 40, 80, 20], dtype=pl.Int32),
        }
    )
    with create_pool(path, {}) as writer:
        writer.add("answers", answers)
        for name in ("tests", "judge"):
            writer.add("verdicts", verdicts, verifier=name)
        writer.share_calls("tests")
    return open_pool(path)


def test_each_shared_call_counts_once_for_lambda(tmp_path: Path) -> None:
    pool = shared_pool(tmp_path / "pool")
    assert measure_lambda(pool, "tests").ratio == pytest.approx((60 + 20) / 2 / 20)
    assert measure_lambda(pool, "judge").ratio == pytest.approx((160 / 3 + 20) / 2 / 20)
    assert relative_cost(pool, None, "tests").calls == "shared"
    assert relative_cost(pool, 2.0, "judge").calls == "independent"
    with pytest.raises(BadInputError, match="name a verifier"):
        relative_cost(pool, 2.0)


def test_a_shared_call_reads_no_solution(tmp_path: Path) -> None:
    pool = shared_pool(tmp_path / "pool")
    tokens = token_cost(pool, "tests").tokens
    assert (tokens.solution, tokens.verification, tokens.prompt) == (20, 40, 0)
    assert not tokens.is_prompt_assumed
    assert token_cost(pool, "judge").tokens.is_prompt_assumed
    assert price_cost(pool, 1.0, 2.0, 3.0, "tests")(8, 2) == pytest.approx(
        (8 * 20 + 2 * 40 * 3) / 1e6
    )
    assert flops_cost(pool, 1e9, 1e10, "tests")(8, 2) == pytest.approx(2e9 * 160 + 2e10 * 80)
