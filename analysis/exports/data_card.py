"""The data card of an exported pool: what it holds, where it is from, and what to beware of."""

from collections.abc import Sequence
from dataclasses import dataclass
from importlib import resources
from importlib.metadata import version
from pathlib import Path
from typing import Any, Final

import polars as pl
from jinja2 import Environment, StrictUndefined

from svlaw.analysis.checks.pool_check import check_pool
from svlaw.data.errors import NotInPoolError
from svlaw.data.lengths import measure_lambda
from svlaw.data.pool import Pool
from svlaw.data.storage.files import atomic_path

CARD_FILE: Final = "README.md"

_TEMPLATE: Final = "card.md.j2"
_LICENCES: Final = ("licence", "license")
_MODELS: Final = ("model", "models", "solver", "generator")
_SHOWN: Final = frozenset(("title", "source", *_LICENCES, *_MODELS, "remarks", "counts"))
_TYPES: Final = {"String": "text", "Boolean": "true or false", "Float64": "number"}
_MEANINGS: Final = {
    "problem_id": "name of the problem",
    "solution_id": "number of the solution within its problem, from 0",
    "verification_id": "number of the verification within its solution, from 0",
    "question": "the problem as put to the model",
    "reference_answer": "the answer that counts as right",
    "kind": "how answers are compared: math, choice, numeric, code or external",
    "subject": "field of the problem",
    "level": "difficulty of the problem",
    "answer": "final answer as the solution states it; empty: none",
    "answer_class": "group of equal answers within the problem, in which votes are counted",
    "is_correct": "whether the solution is right",
    "status": "graded, or why a row is not: no_answer, unparsed, truncated, timeout",
    "output_tokens": "tokens that the model wrote",
    "output_chars": "characters of the text",
    "verifier": "name of the verifier",
    "calls": "shared: verification_id names a call that judges every solution of the problem;"
    " independent: a verdict on one solution",
    "verdict": "yes: the verification takes the solution for right; empty: it gives no verdict",
    "score": "degree of belief that the solution is right, from 0 to 1; empty: unparsed",
    "text": "what the model wrote",
    "prompt_tokens": "tokens of the prompt",
    "finish_reason": "why the model stopped; length: it was cut off",
    "seed": "seed of the draw",
    "p_yes": "probability of Yes at the verdict",
    "p_no": "probability of No at the verdict",
    "strategy": "coverage, self_consistency, best_of_n or weighted_vote",
    "solutions": "S, solutions per problem",
    "verifications": "V, verifications per solution; 0 without a verifier",
    "success": "share of problems solved",
}
_FURTHER: Final = "from the source, for grouping"


@dataclass(frozen=True)
class Exported:
    """A table that was exported.

    Attributes:
        name: Its name.
        file: Its file.
        rows: Number of rows.
        schema: Its columns and their types.
    """

    name: str
    file: str
    rows: int
    schema: pl.Schema

    @property
    def columns(self) -> list[tuple[str, str, str]]:
        """Name, type and meaning of every column."""
        return [
            (name, _type(dtype), _MEANINGS.get(name, _FURTHER))
            for name, dtype in self.schema.items()
        ]


def write_card(path: Path, pool: Pool, tables: Sequence[Exported]) -> None:
    """Write the data card of exported tables.

    Args:
        path: The file.
        pool: The pool they come from.
        tables: The tables.

    Raises:
        BadInputError: A part of the pool is damaged.
    """
    template = (resources.files("svlaw.analysis.exports") / _TEMPLATE).read_text("utf-8")
    # The card is Markdown, where HTML's escapes would show; cells and lines are kept whole below.
    environment = Environment(
        autoescape=False,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    environment.filters["cell"] = _cell
    environment.filters["plain"] = _plain
    page = environment.from_string(template).render(_facts(pool, tables))
    with atomic_path(path) as temporary:
        temporary.write_text(page, "utf-8")


def _facts(pool: Pool, tables: Sequence[Exported]) -> dict[str, Any]:
    metadata = pool.metadata
    checks = check_pool(pool)
    return {
        "name": pool.name,
        "title": metadata.get("title", pool.name),
        "source": metadata.get("source", "not stated"),
        "licence": _first(metadata, _LICENCES, "not stated; ask the source before passing it on"),
        "models": _first(metadata, _MODELS, None),
        "verifiers": pool.verifiers,
        "lambdas": [(name, _describe_lambda(pool, name)) for name in pool.verifiers],
        "provenance": {
            k: v for k, v in metadata.items() if k not in _SHOWN and v not in (None, [])
        },
        "remarks": metadata.get("remarks", []),
        "tables": tables,
        "form": Path(tables[0].file).suffix.removeprefix("."),
        "published": pool.is_published_table,
        "facts": [check for check in checks if check.level == "ok"],
        "limits": [check for check in checks if check.level != "ok"],
        "version": version("svlaw"),
    }


def _first(metadata: Any, names: Sequence[str], otherwise: str | None) -> Any:
    return next((metadata[name] for name in names if metadata.get(name)), otherwise)


def _describe_lambda(pool: Pool, verifier: str) -> str:
    try:
        measured = measure_lambda(pool, verifier)
    except NotInPoolError:
        return "not measurable, for want of lengths"
    return (
        f"{measured.ratio:.3g} ({measured.verification_length:,.0f} over"
        f" {measured.solution_length:,.0f} {measured.unit})"
    )


def _type(dtype: pl.DataType) -> str:
    if dtype.is_integer():
        return "whole number"
    return _TYPES.get(str(dtype), str(dtype))


def _plain(value: Any) -> str:
    """Text on one line; lists with commas."""
    if isinstance(value, list | tuple):
        value = ", ".join(str(item) for item in value)
    elif isinstance(value, dict):
        value = ", ".join(f"{name} {item}" for name, item in value.items())
    return " ".join(str(value).split())


def _cell(value: Any) -> str:
    """Text that can stand in a cell of a table."""
    return _plain(value).replace("\\", "\\\\").replace("|", "\\|")
