"""The file that a strategy of the user's own begins with: one rule and one policy that run."""

from pathlib import Path
from typing import Final

from svlaw.data.errors import BadInputError
from svlaw.data.storage.files import atomic_path

TEMPLATE: Final = '''"""Strategies of my own; in this folder svlaw finds them:

svlaw curves POOL --strategies self_consistency,{module}:best_two,{module}:AcceptFirst
"""


def best_two(answers, scores):
    """A rule: the two best-scored solutions vote with their scores.

    `answers` are whole numbers, equal for equal answers and -1 for none; `scores` are the mean
    verdicts, from 0 to 1. Return the position of one solution, or a weight for each.
    """
    weights = 0 * scores
    best = scores.argsort()[-2:]
    weights[best] = scores[best]
    return weights


class AcceptFirst:
    """A policy: sample until two verdicts in a row say yes, and answer by that solution."""

    most = 8  # most solutions that it samples
    verifications = 2  # most verdicts that it asks for on a solution

    def run(self, problem):
        """Return the position of one of the solutions sampled, or a weight for each."""
        for _ in range(self.most):
            solution = problem.sample()
            first = problem.verify(solution)  # a score, or None where it was not parsed
            if first and problem.verify(solution):
                return solution
        return problem.scores.index(max(problem.scores))
'''
"""A module with `best_two` and `AcceptFirst`; {module} stands for its name."""


def write_template(path: Path) -> None:
    """Write a module with a rule and a policy to begin with.

    Args:
        path: The new file; its name must be that of a Python module.

    Raises:
        BadInputError: The file exists, its folder does not, or its name is no module's.
    """
    if path.suffix != ".py" or not path.stem.isidentifier():
        raise BadInputError(
            f"{path}: a module's file is named by letters, digits and '_', and ends in .py"
        )
    if path.exists():
        raise BadInputError(f"{path}: exists already; choose another name")
    if not path.parent.is_dir():
        raise BadInputError(f"{path}: there is no folder {path.parent}")
    with atomic_path(path) as temporary:
        temporary.write_text(TEMPLATE.replace("{module}", path.stem), encoding="utf-8")
