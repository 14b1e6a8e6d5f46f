"""Which settings of policies an analysis covers, and which problems can support them."""

from collections.abc import Mapping, Sequence

import numpy as np
import numpy.typing as npt

from svlaw.analysis.strategies.policies.families import FAMILIES
from svlaw.analysis.strategies.specs import Spec
from svlaw.analysis.success.grid import SUPPORT, Holder
from svlaw.data.errors import NotInPoolError

Mask = npt.NDArray[np.bool_]


def choose_policies(
    problems: Sequence[Holder], wanted: Mapping[str, Sequence[Spec]]
) -> tuple[dict[str, tuple[str, ...]], Mask]:
    """Settings of each family, and the problems that they can be replayed on.

    A problem that has fewer solutions than a policy may draw is no obstacle: the policy is cut
    there, which the usage tells. A problem without a solution is set aside; for a policy that
    verifies also one without a solution that has V verdicts, and for a vote of the verifier one
    without an answer of its own. Settings that are not given make use of no more verdicts than 80%
    of the problems have on some solution.

    Args:
        problems: The problems.
        wanted: What was asked for of each family.

    Returns:
        Settings of each family as canonical text, each once; and a mask over the problems.

    Raises:
        BadInputError: A setting asks for more than the pool has.
        NotInPoolError: No problem has a solution, or a verdict for a policy that verifies.
    """
    sizes = np.array([p.n_solutions for p in problems], np.int64)
    deepest = np.array([p.depths.max(initial=0) for p in problems], np.int64)
    if not sizes.any():
        raise NotInPoolError("no problem has a solution")
    common = sizes >= 1
    found: dict[str, tuple[str, ...]] = {}
    for name, specs in wanted.items():
        family = FAMILIES[name]
        held, usual = int(deepest.max(initial=0)), 0
        most = int(sizes.max())
        if family.is_own_vote:
            own = np.array([p.n_verifier_answers for p in problems], np.int64)
            common &= own >= 1
            most = int(own.max(initial=0))
        elif family.is_verified:
            if not held:
                raise NotInPoolError(f"{name} needs verdicts; no solution has any")
            usual = max(int(np.quantile(deepest[common], 1 - SUPPORT, method="lower")), 1)
            most = max(int((p.depths > 0).sum()) for p in problems)
        settings = [one for spec in specs for one in family.expand(spec.given, most, held, usual)]
        depth = max((int(one.get("verifications", 0)) for one in settings), default=0)
        common &= deepest >= depth
        found[name] = tuple(dict.fromkeys(family.text(one) for one in settings))
    return found, common
