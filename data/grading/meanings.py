"""Meanings: what an answer says, as values that can be compared without algebra."""

import json
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Final, Literal

from svlaw.data.grading.values import Value

Kind = Literal[
    "scalar", "list", "set", "tuple", "interval", "union", "matrix", "equation", "relation", "text"
]


@dataclass(frozen=True)
class Meaning:
    """What an answer, or a part of one, says.

    Attributes:
        kind: `scalar` (a number or an expression), `list` (of no order), `set`, `tuple`,
            `interval` (which may be a pair), `union` (of intervals and points), `matrix`,
            `equation`, `relation` (an inequality), `text` (what is no mathematics).
        values: Of a scalar: its values at the places of `evaluation`. Of an equation or inequality:
            those of the difference of its sides.
        parts: Elements; the ends of an interval; what an equation's right-hand side says; the
            solutions of an inequality, where they are known.
        mark: Brackets of an interval, rows and columns of a matrix, the name on the left-hand side
            of an equation, the sign of a relation, or the text.
    """

    kind: Kind
    values: tuple[Value, ...] = ()
    parts: tuple["Meaning", ...] = ()
    mark: str = ""


@dataclass(frozen=True)
class Alternative:
    """One way to read an answer.

    Attributes:
        meaning: What it says then.
        remark: What is left out: a unit, a percent sign, "for all real x". What one side alone
            states is the question's; what both state has to be the same.
    """

    meaning: Meaning
    remark: str = ""


Reading = tuple[Alternative, ...]
"""What an answer may mean."""

EMPTY: Final = Meaning("set")
"""The empty set."""


def scalar(value: Value) -> Meaning:
    """A constant."""
    return Meaning("scalar", (value,))


def to_json(reading: Reading) -> str:
    """Write a reading down."""
    return json.dumps(
        [[_listed(alternative.meaning), alternative.remark] for alternative in reading],
        separators=(",", ":"),
    )


def from_json(text: str) -> Reading:
    """Read a reading back.

    Raises:
        ValueError: It is none.
    """
    try:
        return tuple(Alternative(_meaning(content), remark) for content, remark in json.loads(text))
    except (TypeError, KeyError, ArithmeticError) as error:
        raise ValueError("no reading") from error


def _listed(meaning: Meaning) -> list[Any]:
    values = [[str(v.re), str(v.im), str(v.slack), v.exact] for v in meaning.values]
    return [meaning.kind, values, [_listed(part) for part in meaning.parts], meaning.mark]


def _meaning(content: list[Any]) -> Meaning:
    kind, values, parts, mark = content
    return Meaning(
        kind,
        tuple(Value(Decimal(re), Decimal(im), Decimal(slack), e) for re, im, slack, e in values),
        tuple(_meaning(part) for part in parts),
        mark,
    )
