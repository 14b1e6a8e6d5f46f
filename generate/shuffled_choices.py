"""Multiple choice: choices in an order of their own for each problem, lettered below the question.

Letters follow from the problem's id and a seed alone, so a problem keeps its letters whatever other
problems are loaded with it, on every machine and under every version of Python and NumPy.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import blake2b
from typing import Final

LETTERS: Final = "ABCDEFGHIJ"
"""Letters of choices, in order; `svlaw.data.grading.choices` reads these."""


@dataclass(frozen=True)
class Choices:
    """Choices in the order they are shown.

    Attributes:
        texts: The choices, the first of them under A.
        letter: Letter of the right one.
    """

    texts: tuple[str, ...]
    letter: str


def shuffle_choices(problem_id: str, right: str, wrong: Sequence[str], seed: int = 0) -> Choices:
    """Put a problem's choices in an order that depends on its id and the seed alone.

    Choice i is sorted by blake2b("seed:i:problem_id"), which makes all orders equally likely.

    Args:
        problem_id: The problem.
        right: The right choice.
        wrong: The others, in a fixed order; at most nine.
        seed: Another seed gives other orders.

    Raises:
        ValueError: There is no wrong choice, or too many for the letters.
    """
    choices = (right, *wrong)
    if not 2 <= len(choices) <= len(LETTERS):
        raise ValueError(f"{len(choices)} choices: between 2 and {len(LETTERS)} are possible")
    order = sorted(range(len(choices)), key=lambda index: _rank(problem_id, index, seed))
    return Choices(tuple(choices[index] for index in order), LETTERS[order.index(0)])


def _rank(problem_id: str, index: int, seed: int) -> bytes:
    return blake2b(f"{seed}:{index}:{problem_id}".encode(), digest_size=16).digest()


def add_choices(question: str, texts: Sequence[str]) -> str:
    """Write lettered choices below a question, one `A) text` a line.

    A letter in both brackets would read as an answer when a model repeats the list and says no
    more; this form does not.
    """
    lines = [f"{letter}) {text}" for letter, text in zip(LETTERS, texts, strict=False)]
    return "\n".join([question.strip(), "", *lines])
