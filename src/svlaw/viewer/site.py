"""The pages of `svlaw view`."""

from functools import lru_cache
from importlib import resources
from typing import Any, Final
from urllib.parse import urlencode

import polars as pl
from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp

from svlaw.data.errors import BadInputError, SvlawError
from svlaw.data.table_texts import UNKNOWN, decimals, harmless, percent
from svlaw.viewer.loopback_guard import LoopbackGuard
from svlaw.viewer.problem_detail import ANSWERS, read_problem, read_solution
from svlaw.viewer.problem_table import CHANGES, Selection, page_of, problem_table
from svlaw.viewer.viewed_pool import ViewedPool

HEADINGS: Final = {
    "problem_id": "problem",
    "solutions": "solutions",
    "accuracy": "accuracy, %",
    "answers": "answers",
    "agreement": "agreement, %",
    "vote": "vote",
    "best_of_n": "best-of-N",
    "yes_right": "yes to right, %",
    "yes_wrong": "yes to wrong, %",
    "voting": "voting",
    "verification": "verification",
}
"""Headings of the table of problems."""

_LONGEST: Final = 200
"""Characters of an answer or a question in a table."""
_LARGEST: Final = 2**31
"""Above every number of a solution or a page."""
_OK: Final = 200


class PoolSite:
    """Pages about one pool.

    Args:
        pool: The pool.
        verifier: The verifier that pages show unless another is asked for; None for the first one.

    Raises:
        NotInPoolError: The pool has no such verifier, or none of its verdicts.
        BadInputError: A part is damaged.
    """

    def __init__(self, pool: ViewedPool, verifier: str | None = None) -> None:
        if verifier is not None:
            pool.scan("verdicts", pool.resolve_verifier(verifier))
        self._pool = pool
        self._verifier = verifier or next(iter(pool.judges), None)
        self._table = lru_cache(maxsize=4)(lambda name: problem_table(pool, name))
        self._table(self._verifier)  # what is wrong with the pool is said before pages are
        self._templates = Environment(
            loader=PackageLoader("svlaw.viewer", ""),
            autoescape=True,
            undefined=StrictUndefined,
            finalize=_shown,
            trim_blocks=True,
            lstrip_blocks=True,
        )
        self._templates.filters.update(
            percent=percent, decimals=decimals, outcome=_outcome, cut=_cut, query=urlencode
        )

    def application(self, port: int) -> ASGIApp:
        """The site as served at a port of this machine."""
        routes = [
            Route("/", self._problems, methods=["GET"]),
            Route("/problem", self._problem, methods=["GET"]),
            Route("/solution", self._solution, methods=["GET"]),
            Route("/viewer.css", _style, methods=["GET"]),
        ]
        handlers = {HTTPException: self._refused, SvlawError: self._failed}
        return LoopbackGuard(Starlette(routes=routes, exception_handlers=handlers), port)

    def _problems(self, request: Request) -> Response:
        query = request.query_params
        selection = Selection(
            search=query.get("search", ""),
            change=query.get("change", ""),
            sort=query.get("sort", "problem_id"),
            is_falling=query.get("order") == "falling",
            page=_number(request, "page", 1),
        )
        verifier = self._asked_verifier(request)
        table = self._table(verifier)
        kept = {
            "search": selection.search,
            "change": selection.change,
            "sort": selection.sort,
            "order": "falling" if selection.is_falling else "rising",
            "verifier": verifier or "",
        }
        return self._page(
            "problems.html.j2",
            title="problems",
            verifier=verifier,
            verifiers=self._pool.judges,
            headings=HEADINGS,
            changes=CHANGES,
            counts=_counts(table),
            n_problems=table.height,
            selection=selection,
            kept=kept,
            found=page_of(table, selection),
        )

    def _problem(self, request: Request) -> Response:
        problem, verifier = _problem_id(request), self._asked_verifier(request)
        detail = read_problem(self._pool, problem, verifier, _number(request, "page", 1))
        if detail is None:
            raise HTTPException(404, f"the pool has no problem {problem!r}")
        figures = self._table(verifier).filter(pl.col("problem_id") == problem)
        return self._page(
            "problem.html.j2",
            title=problem,
            verifier=verifier,
            headings=HEADINGS,
            figures=figures,
            detail=detail,
            most=ANSWERS,
        )

    def _solution(self, request: Request) -> Response:
        problem, verifier = _problem_id(request), self._asked_verifier(request)
        solution = _number(request, "solution", None)
        detail = read_solution(self._pool, problem, solution, verifier, _number(request, "page", 1))
        if detail is None:
            raise HTTPException(404, f"the pool has no solution {solution} of {problem!r}")
        return self._page(
            "solution.html.j2",
            title=f"{problem}, solution {solution}",
            verifier=verifier,
            problem=problem,
            detail=detail,
        )

    def _asked_verifier(self, request: Request) -> str | None:
        name = request.query_params.get("verifier") or self._verifier
        if name is not None and name not in self._pool.judges:
            raise HTTPException(404, f"the pool has no verdicts of a verifier {name!r}")
        return name

    def _refused(self, request: Request, error: Exception) -> Response:
        status = error.status_code if isinstance(error, HTTPException) else 500
        words = error.detail if isinstance(error, HTTPException) else str(error)
        return self._page("message.html.j2", status, title="not found", message=words)

    def _failed(self, request: Request, error: Exception) -> Response:
        status = 400 if isinstance(error, BadInputError) else 500
        message = " ".join(str(error).split())
        return self._page("message.html.j2", status, title="cannot be shown", message=message)

    def _page(self, template: str, status: int = _OK, **values: Any) -> Response:
        text = self._templates.get_template(template).render(pool=self._pool.name, **values)
        return HTMLResponse(text, status)


def _style(request: Request) -> Response:
    style = resources.files("svlaw.viewer").joinpath("viewer.css").read_text("utf-8")
    return Response(style, media_type="text/css")


def _problem_id(request: Request) -> str:
    problem = request.query_params.get("id")
    if problem is None:
        raise BadInputError("name a problem: ?id=...")
    return problem


def _number(request: Request, name: str, default: int | None) -> int:
    """A whole number of the query.

    Raises:
        BadInputError: It is none, or too large, or missing without a default.
    """
    text = request.query_params.get(name, "")
    if not text and default is not None:
        return default
    if not text.isascii() or not text.isdigit() or len(text) > 10 or int(text) >= _LARGEST:
        raise BadInputError(f"{name} is {text[:40]!r}; use a whole number")
    return int(text)


def _counts(table: pl.DataFrame) -> dict[str, int]:
    """How many problems each change holds for."""
    return {name: int((table[column] == word).sum()) for name, (column, word) in CHANGES.items()}


def _shown(value: Any) -> Any:
    """What a template shows of a value: texts without characters that no page may contain."""
    if value is None:
        return UNKNOWN
    return harmless(value) if isinstance(value, str) and not isinstance(value, Markup) else value


def _outcome(success: float | None) -> str:
    """Right, wrong, or the chance of being right where a tie decides."""
    if success is None:
        return UNKNOWN
    words = {0.0: "wrong", 1.0: "right"}
    return words.get(success, f"{percent(success)}% right")


def _cut(text: str | None) -> str | None:
    """The beginning of a long text, on one line."""
    if text is None:
        return None
    line = " ".join(text[: 4 * _LONGEST].split())
    return line if len(line) <= _LONGEST and len(text) <= 4 * _LONGEST else f"{line[:_LONGEST]}…"
