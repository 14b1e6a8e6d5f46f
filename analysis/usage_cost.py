"""What usage costs: cost models as prices on what was used, problem by problem."""

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from svlaw.analysis.cost import CostModel
from svlaw.analysis.token_costs import WeightedTokens

F64 = npt.NDArray[np.float64]


class Amounts(NamedTuple):
    """What was used on a problem; arrays of one shape.

    Attributes:
        solutions: Number of solutions.
        prompts: Number of prompts that the verifier read.
        verifications: Number of verifications.
        solution_tokens: Tokens of the solutions; nan where their lengths are unknown.
        prompt_tokens: Tokens of the prompts; nan likewise.
        verification_tokens: Tokens of the verifications; nan likewise.
    """

    solutions: F64
    prompts: F64
    verifications: F64
    solution_tokens: F64
    prompt_tokens: F64
    verification_tokens: F64


def usage_cost(cost: CostModel, amounts: Amounts) -> F64:
    """Cost of what was used, elementwise.

    The relative cost charges solutions + lambda x verifications. The others charge the tokens of
    the very samples that were used; where these are unknown, counts times mean tokens.
    """
    counts = amounts.solutions + cost.prefill * amounts.prompts + cost.ratio * amounts.verifications
    counted: F64 = cost.unit * counts
    if not isinstance(cost, WeightedTokens):
        return counted
    weights = cost.weights
    known: F64 = (
        weights.solution * amounts.solution_tokens
        + weights.prompt * amounts.prompt_tokens
        + weights.verification * amounts.verification_tokens
    )
    return np.where(np.isnan(known), counted, known)


def cost_of_problems(
    cost: CostModel, solutions: F64, verifications: F64, tokens: F64
) -> F64 | None:
    """C(S, V) of problems whose tokens differ: (points, P).

    Args:
        cost: The cost model.
        solutions: (points,) S.
        verifications: (points,) V.
        tokens: (3, P) mean tokens of a solution, a prompt and a verification.

    Returns:
        None where the cost does not depend on tokens, or they are unknown.
    """
    if not isinstance(cost, WeightedTokens) or np.isnan(tokens).any():
        return None
    weights, (solution, prompt, verification) = cost.weights, tokens
    S, V = solutions[:, None], verifications[:, None]
    judged = weights.prompt * prompt * (V > 0) + weights.verification * verification * V
    solved: F64 = weights.solution * solution * S
    costs: F64 = np.add(solved, judged if cost.calls == "shared" else S * judged)
    return costs
