"""Extractors: how the final answer is found in a solution, by kind of problem or by the user."""

from collections.abc import Callable
from importlib import import_module
from typing import Final

from svlaw.data.errors import BadInputError, first_line
from svlaw.data.grading.answer_statements import spoken, stated_in
from svlaw.data.grading.answers import extract_answer
from svlaw.data.grading.choices import choice_letter, extract_choice, extract_number_choice
from svlaw.data.grading.numbers import last_number

Extractor = Callable[[str], str | None]
"""Called with the text of a solution; returns its final answer, or None."""
WHOLE: Final = "whole"
"""Name of the extractor of texts that are answers."""


def built_in_extractor(kind: str, reference: str) -> Extractor:
    """Choose the extractor for a kind of problem.

    - `math`: `answers.extract_answer`.
    - `choice`: `choices.extract_choice`; where the reference is a number from 1 to 9,
      `choices.extract_number_choice`; where it is something else, as `math`.
    - `numeric`: as `math`, and where nothing is stated, the last number in the text.
    """
    if kind == "choice" and choice_letter(reference) is not None:
        return extract_choice
    if kind == "choice" and len(reference) == 1 and reference in "123456789":
        return extract_number_choice
    return extract_number if kind == "numeric" else extract_answer


def extract_number(text: str) -> str | None:
    """Find the stated final answer, else the last number in the text."""
    aloud = spoken(text)
    stated = stated_in(aloud)
    return stated if stated is not None else last_number(aloud)


def whole_text(text: str) -> str:
    """All of the text, for pools whose texts are answers that were extracted before."""
    return text


def load_extractor(name: str) -> Extractor:
    """Find the extractor that a user names.

    Args:
        name: `whole` for `whole_text`, else `module:function`, where Python finds the module.

    Raises:
        BadInputError: The name has another form, or there is no such module or function.
    """
    if name == WHOLE:
        return whole_text
    module, colon, function = name.partition(":")
    if not (module and colon and function):
        raise BadInputError(
            f"extractor {name!r}: write module:function, such as my_module:extract, or '{WHOLE}'"
            " where texts are answers"
        )
    try:
        found = import_module(module)
    except Exception as error:
        raise BadInputError(
            f"extractor {name!r}: module '{module}' cannot be imported"
            f" ({type(error).__name__}: {first_line(error)})"
        ) from error
    extractor = getattr(found, function, None)
    if not callable(extractor):
        raise BadInputError(f"extractor {name!r}: '{module}' has no function '{function}'")
    return extractor  # type: ignore[no-any-return]


def apply_extractor(extractor: Extractor, text: str, source: str) -> str | None:
    """Call a user's extractor, whose mistakes are named with the row.

    Args:
        extractor: The user's function.
        text: The text of a solution.
        source: What to call the row in an error.

    Returns:
        The answer without white space around it; None for none, or a blank one.

    Raises:
        BadInputError: It raised, or returned something other than text and None.
    """
    try:
        answer = extractor(text)
    except Exception as error:
        raise BadInputError(
            f"{source}: the extractor raised {type(error).__name__}: {first_line(error)}"
        ) from error
    if answer is None:
        return None
    if not isinstance(answer, str):
        raise BadInputError(
            f"{source}: the extractor returned {answer!r}; return the answer as text, or None"
        )
    return answer.strip() or None
