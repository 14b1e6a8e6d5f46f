"""What a replay of a policy uses: the columns that every kernel of a policy fills."""

from typing import Final

import numpy as np
import numpy.typing as npt

F64 = npt.NDArray[np.float64]

QUANTITIES: Final = (
    "success",
    "solutions",
    "prompts",
    "verifications",
    "solution_tokens",
    "prompt_tokens",
    "verification_tokens",
    "rounds",
    "censored",
)
"""Columns of a replay: its outcome, what it used, steps that waited for one another, and whether it
wanted more than the problem has."""

SUCCESS: Final = 0
SOLUTIONS: Final = 1
PROMPTS: Final = 2
VERIFICATIONS: Final = 3
SOLUTION_TOKENS: Final = 4
PROMPT_TOKENS: Final = 5
VERIFICATION_TOKENS: Final = 6
ROUNDS: Final = 7
CENSORED: Final = 8
