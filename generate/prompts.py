"""Prompts: Jinja2 templates of the package or of the user, filled with a problem.

A template sees the columns of its problem, and a template for verifications also the solution that
is to be verified. It never sees the answer: a prompt that gave it away would make every figure
worthless, so names that hold answers are refused when the template is read.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from hashlib import blake2b
from importlib.resources import files
from pathlib import Path
from typing import Final

from jinja2 import (
    StrictUndefined,
    Template,
    TemplateSyntaxError,
    Undefined,
    UndefinedError,
    meta,
)
from jinja2.exceptions import TemplateError
from jinja2.sandbox import ImmutableSandboxedEnvironment

from svlaw.data.errors import BadInputError, first_line
from svlaw.data.storage.files import refuse_missing

SOLUTION: Final = "solution"
"""The variable of a verification prompt that holds the solution to be verified."""

ANSWER_NAMES: Final = frozenset(
    (
        "answer",
        "answers",
        "correct_answer",
        "expected_answer",
        "final_answer",
        "gold",
        "gold_answer",
        "ground_truth",
        "gt_answer",
        "reference",
        "reference_answer",
        "reference_solution",
        "right_choice",
        "target",
    )
)
"""Variables that no template may use, in any case of letters: they hold the answer, or may."""

PROMPTS: Final = {
    "boxed": "solve, with the answer in a box; for chat models",
    "few-shot": "solve, after four worked examples; for base models, without a chat template",
    "choice": "solve a multiple-choice question, with the letter in a box",
    "verify": "verify a solution step by step; for chat models",
    "verify-finetuned": "verify a solution; for verifiers trained like the paper's GenRM-FT",
}
"""Prompts of the package, and what each is for."""

_STOPS: Final = {"few-shot": ("\nProblem:",)}
_DEFAULTS: Final = {"math": "boxed", "numeric": "boxed", "choice": "choice"}
_SUFFIX: Final = ".jinja"


class _Empty(Undefined):
    """A value that is null: false in a condition, unequal to everything, an error in the text."""

    __str__ = Undefined._fail_with_undefined_error


_ENVIRONMENT: Final = ImmutableSandboxedEnvironment(
    undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True, autoescape=False
)


@dataclass(frozen=True)
class Prompt:
    """A prompt's template.

    Attributes:
        name: Name in the package, or the file's path.
        template: Text of the template, in Jinja2.
        stop: Texts at which sampling should stop, since a model that goes on after its solution
            would invent the next problem.
    """

    name: str
    template: str
    stop: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        variables = sorted(self.variables)
        if not variables:
            raise BadInputError(
                f"prompt {self.name}: uses no variable, so that every problem would get the same"
                " text; write {{ question }} where the question belongs"
            )
        for name in variables:
            if name.lower() in ANSWER_NAMES:
                raise BadInputError(
                    f"prompt {self.name}: uses '{name}', which may hold the answer to the problem;"
                    " a prompt never sees that"
                )

    @property
    def digest(self) -> str:
        """Digest of the template's text, for the pool's metadata."""
        return blake2b(self.template.encode(), digest_size=16).hexdigest()

    @property
    def variables(self) -> frozenset[str]:
        """Names of the variables that the template uses.

        Raises:
            BadInputError: It is no valid template.
        """
        return _variables(self.name, self.template)

    @property
    def verifies(self) -> bool:
        """Whether it is for verifications, which it is if it uses `solution`."""
        return SOLUTION in self.variables

    def render(self, row: Mapping[str, object], **more: object) -> str:
        """Fill the template.

        Args:
            row: The problem, by column. A column `solution`, which holds the reference solution in
                many problem sets, is not passed on; neither are those of `ANSWER_NAMES`.
            more: Further variables, such as `solution`: the one to be verified.

        Raises:
            BadInputError: The template uses a variable that is not there, or whose value is null,
                or fails.
        """
        hidden = ANSWER_NAMES | {SOLUTION}
        values = {name: value for name, value in row.items() if name.lower() not in hidden}
        values |= {name: value for name, value in more.items() if name.lower() not in ANSWER_NAMES}
        filled = {
            name: _Empty(f"'{name}' is empty", name=name) if value is None else value
            for name, value in values.items()
        }
        try:
            return _compile(self.name, self.template).render(filled)
        except UndefinedError as error:
            raise BadInputError(
                f"prompt {self.name}, problem {row.get('problem_id')!r}: {first_line(error)};"
                f" there are {', '.join(sorted(values))}"
            ) from error
        except (TemplateError, ArithmeticError, LookupError, TypeError, ValueError) as error:
            raise BadInputError(
                f"prompt {self.name}, problem {row.get('problem_id')!r}: {first_line(error)}"
            ) from error


def load_prompt(name: str) -> Prompt:
    """Load a prompt of the package by its name, or the user's own by its path.

    Raises:
        BadInputError: There is no such prompt or file, it is not UTF-8, or no valid template, or it
            uses a variable that holds the answer.
    """
    if name in PROMPTS:
        text = files("svlaw.generate").joinpath("templates", name + _SUFFIX).read_text("utf-8")
        return Prompt(name, text, _STOPS.get(name, ()))
    path = Path(name).expanduser()
    if not path.exists() and path.name == name and not path.suffix:
        raise BadInputError(
            f"prompt {name!r}: use one of {', '.join(PROMPTS)}, or the path of a template"
        )
    refuse_missing(path)
    try:
        return Prompt(name, path.read_text("utf-8"))
    except UnicodeDecodeError as error:
        raise BadInputError(f"{path}: not UTF-8 text ({error.reason})") from error
    except OSError as error:
        raise BadInputError(f"{path}: cannot be read ({error.strerror or error})") from error


def default_prompt(kind: str) -> str:
    """Name of the prompt that solves problems of a kind.

    Raises:
        BadInputError: The package has none for that kind.
    """
    name = _DEFAULTS.get(kind)
    if name is None:
        raise BadInputError(
            f"kind {kind!r}: has no prompt of its own ({', '.join(_DEFAULTS)} have); give a"
            " template"
        )
    return name


def cut_thinking(text: str | None, marker: str = "</think>", *, always: bool = False) -> str | None:
    """Cut a reasoning model's thinking off: what stands behind the last end of thinking.

    Args:
        text: What the model wrote.
        marker: What ends thinking; the same without its `/` begins it.
        always: The model always thinks, and its chat template has already begun the thinking, so
            that a text without `marker` is thinking that was cut off.

    Returns:
        The solution without white space around it, which is empty when the text ends with the
        thinking; the text as it is when it holds no thinking; None when thinking was begun and
        never ended (there is no solution then), and for None.
    """
    if text is None:
        return None
    opening = marker.replace("/", "", 1)
    _, ended, solution = text.rpartition(marker)
    if opening != marker and opening in solution:
        return None
    if ended:
        return solution.strip()
    return None if always else text


@lru_cache(maxsize=32)
def _compile(name: str, text: str) -> Template:
    try:
        return _ENVIRONMENT.from_string(text)
    except TemplateSyntaxError as error:
        raise BadInputError(f"prompt {name}, line {error.lineno}: {first_line(error)}") from error


@lru_cache(maxsize=32)
def _variables(name: str, text: str) -> frozenset[str]:
    _compile(name, text)
    return frozenset(meta.find_undeclared_variables(_ENVIRONMENT.parse(text)))
