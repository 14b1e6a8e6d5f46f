"""Sizes that a design considers: N solutions of each problem, M verdicts on each solution."""

import math
from collections.abc import Sequence
from typing import Final

from svlaw.data.errors import BadInputError
from svlaw.fit.designs.target_exponents import Size

LEAST_SOLUTIONS: Final = 8
"""Fewest solutions a problem of a pilot needs."""
LEAST_VERIFICATIONS: Final = 2
"""Fewest verdicts a solution of a pilot needs, and of a size considered."""
_START: Final = Size(64, 16)
"""Where the sizes considered begin at most."""
_LARGEST: Final = 10_000
"""Largest number of solutions or verdicts that can be asked for."""
_MOST_VERDICTS: Final = 200_000
"""Most verdicts on a problem of a size considered."""


def sizes_around(
    held: Size, solutions: Sequence[int] | None, verifications: Sequence[int] | None
) -> list[Size]:
    """Sizes to consider: powers of two from the pilot's, at most 64 and 16, to four times that.

    Less is often cheaper still, but makes a law over fewer budgets than the pilot's.

    Raises:
        BadInputError: A value that is given cannot be used.
    """
    axes: list[list[int]] = []
    asked = ((solutions, LEAST_SOLUTIONS), (verifications, LEAST_VERIFICATIONS))
    for name, own, start, (given, least) in zip(Size._fields, held, _START, asked, strict=True):
        first = min(2 ** round(math.log2(own)), start)
        values = sorted(set(given or [first, 2 * first, 4 * first]))
        wrong = [value for value in values if not least <= value <= _LARGEST]
        if wrong:
            raise BadInputError(
                f"{name} = {wrong[0]}: use whole numbers from {least} to {_LARGEST:,}"
            )
        axes.append(values)
    most = max(axes[0]) * max(axes[1])
    if most > _MOST_VERDICTS:
        raise BadInputError(
            f"{max(axes[0]):,} solutions with {max(axes[1]):,} verifications are {most:,} verdicts"
            f" on a problem: at most {_MOST_VERDICTS:,} are simulated; ask for fewer"
        )
    return [Size(N, M) for N in axes[0] for M in axes[1]]
