"""Relative cost, and lambda measured from stored lengths."""

import numpy as np
import polars as pl
import pytest

from svlaw.analysis.cost import (
    CostChoice,
    FlopsCost,
    RelativeCost,
    TokenMeans,
    flops_cost,
    mean_tokens,
    measure_lambda,
    relative_cost,
)
from svlaw.data.errors import BadInputError, NotInPoolError
from svlaw.data.examples import open_example
from svlaw.data.pool import append


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
    assert (unverified.ratio, unverified.origin) == (1.0, "unused (no verifications)")


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


def test_no_token_counts_no_flops(make_pool) -> None:
    for pool, what in (
        (make_pool(answers(output_chars=[9] * 4)), "solutions"),
        (make_pool(answers(output_tokens=[9] * 4), v=verdicts(output_chars=[9] * 3)), "verifi"),
    ):
        with pytest.raises(NotInPoolError, match=f"no token counts of {what}"):
            flops_cost(pool, 1e9)
    with pytest.raises(NotInPoolError, match="published table has no token counts"):
        flops_cost(open_example("singhi2025_fig1"), 1e9)
    with pytest.raises(BadInputError, match="solver parameters = 0: use a number above 0"):
        flops_cost(make_pool(answers(output_tokens=[9] * 4)), 0.0)


def test_a_choice_becomes_the_model_asked_for(make_pool) -> None:
    pool = make_pool(answers(output_tokens=[100] * 4), v=verdicts(output_tokens=[50] * 3))
    assert CostChoice().model(pool) == relative_cost(pool, None)
    assert CostChoice(3.0).model(pool) == RelativeCost(3.0)
    assert CostChoice(None, 8e9, 1e9).model(pool) == flops_cost(pool, 8e9, 1e9)
    with pytest.raises(BadInputError, match="without solver parameters"):
        CostChoice(None, None, 1e9)
    with pytest.raises(BadInputError, match="the sizes give lambda"):
        CostChoice(2.0, 1e9)
