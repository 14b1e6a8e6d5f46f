"""What importers of generations share: problems and solutions on their way into a new pool.

Texts are written in parts as they come, so that memory does not grow with them; of each solution
only its answer, its lengths and its place in the files are kept until all are there. Then repeated
samples are refused, and the answers get their correctness, status and class.
"""

import dataclasses
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import polars as pl

from svlaw.data.answer_classes import number_classes
from svlaw.data.errors import BadInputError
from svlaw.data.grading.answers import normalize_answer, reference_answer
from svlaw.data.grading.choices import is_choice
from svlaw.data.grading.extractors import built_in_extractor
from svlaw.data.grading.grader import TIME_LIMIT, grade_answers
from svlaw.data.importers.bare_replies import bare_reply
from svlaw.data.importers.row_buffers import PLACE, RowBuffer, refuse_repeats
from svlaw.data.pool_writer import PoolWriter
from svlaw.data.schema import TABLES

_CORRECT_LABEL: Final = "\x00correct"
_KEY: Final = ("problem_id", "solution_id")
_ROW: Final = {
    **TABLES["solutions"].columns,
    "answer": pl.String(),
    "is_correct": pl.Boolean(),
}


@dataclass(frozen=True, slots=True)
class Problem:
    """A problem; see the table `problems` for its columns."""

    problem_id: str
    question: str | None = None
    reference_answer: str | None = None
    kind: str | None = None
    subject: str | None = None
    level: str | None = None

    def read_answer(self, text: str | None) -> str | None:
        """Find the final answer in a solution's text, by the problem's kind; programs have none.

        A text that is nothing but an answer is the answer.
        """
        if not text or self.kind == "code":
            return None
        read = built_in_extractor(self.kind or "math", self.reference_answer or "")
        return read(text) or bare_reply(text)


@dataclass(frozen=True, slots=True)
class Solution:
    """A solution, as generated.

    Attributes:
        problem_id: Its problem.
        solution_id: Its number within the problem, from 0.
        text: What the model wrote.
        answer: Its final answer; None when it states none.
        is_correct: Correctness as the source has it; None when it is to be graded.
        prompt_tokens: Tokens of the prompt.
        output_tokens: Tokens the model wrote.
        finish_reason: Why it stopped; `length` when it was cut off.
        seed: Seed of its draw.
    """

    problem_id: str
    solution_id: int
    text: str | None
    answer: str | None
    is_correct: bool | None = None
    prompt_tokens: int | None = None
    output_tokens: int | None = None
    finish_reason: str | None = None
    seed: int | None = None


class Intake:
    """Takes problems and solutions in, in any order, and writes them into a new pool.

    Args:
        writer: Writer of the new pool.
        unit: What the files consist of, for errors: lines, as a rule.
    """

    def __init__(self, writer: PoolWriter, unit: str = "line") -> None:
        self._writer = writer
        self._unit = unit
        self._problems: dict[str, tuple[Problem, str]] = {}
        self._buffer = RowBuffer(_ROW, self._keep)
        self._rows: list[pl.DataFrame] = []

    @property
    def problems(self) -> int:
        """Number of problems so far."""
        return len(self._problems)

    @property
    def has_references(self) -> bool:
        """Whether a problem has a reference answer."""
        return any(problem.reference_answer is not None for problem, _ in self._problems.values())

    def add_problem(self, problem: Problem, where: str) -> None:
        """Take a problem in, which may come again as long as it stays the same.

        Raises:
            BadInputError: A problem of this name is there already and differs.
        """
        held, first = self._problems.setdefault(problem.problem_id, (problem, where))
        if held == problem:
            return
        name = next(
            field.name
            for field in dataclasses.fields(problem)
            if getattr(held, field.name) != getattr(problem, field.name)
        )
        raise BadInputError(
            f"{where}: {name} of problem {problem.problem_id!r} is not the same as in {first};"
            " give files of one problem set, in the same order"
        )

    def add_solution(self, solution: Solution, path: Path, line: int) -> None:
        """Take a solution in; its file and line tell repeated samples apart."""
        values = tuple(getattr(solution, name) for name in _ROW)
        self._buffer.add(values, solution.text, path, line)

    def add_frame(self, solutions: pl.DataFrame) -> None:
        """Take solutions in as a frame with fields of `Solution`, no sample repeated."""
        columns = {**_ROW, **PLACE}
        missing = [
            pl.lit(None, dtype).alias(name)
            for name, dtype in columns.items()
            if name not in solutions.columns
        ]
        self._keep(solutions.with_columns(missing).select(list(columns)))

    def finish(
        self,
        source: str,
        *,
        graded: bool,
        problems: pl.DataFrame | None = None,
        time_limit: float = TIME_LIMIT,
        workers: int | None = None,
    ) -> pl.DataFrame:
        """Write what is left: problems and answers.

        Args:
            source: What to call all the files in an error.
            graded: True to decide correctness with Math-Verify, False to take the source's.
            problems: The table of problems, where it was not taken in problem by problem.
            time_limit: Seconds for grading one answer.
            workers: Worker processes for grading; None chooses.

        Returns:
            The answers.

        Raises:
            BadInputError: There are no solutions, or a sample is repeated.
        """
        self._buffer.flush()
        if not self._rows:
            raise BadInputError(f"{source}: holds no solutions")
        rows = pl.concat(self._rows).sort(_KEY, maintain_order=True)
        refuse_repeats(rows, _KEY, self._buffer.files, self._unit)
        if problems is None:
            problems = self._problem_frame()
        self._writer.add("problems", problems.sort("problem_id"), source=source)
        if graded:
            references = problems.select("problem_id", "reference_answer", "kind")
            rows = rows.join(references, on="problem_id", how="left", maintain_order="left")
            answers = grade_answers(rows, time_limit=time_limit, workers=workers)
            answers = answers.with_columns(_with_truncated(pl.col("status")))
        else:
            answers = flag_answers(rows)
        self._writer.add("answers", answers, source=source)
        return answers

    def _keep(self, frame: pl.DataFrame) -> None:
        """Write the texts as one part and keep the rest.

        A writer refuses repeated keys with no more than their rows in the part; here they are left
        out, to be refused with their places once all are there.
        """
        self._writer.add("solutions", frame.unique(_KEY, keep="first", maintain_order=True))
        chars = pl.col("text").str.len_chars().cast(pl.Int32).alias("output_chars")
        self._rows.append(frame.with_columns(chars).drop("text", "prompt_tokens", "seed"))

    def _problem_frame(self) -> pl.DataFrame:
        columns = list(TABLES["problems"].columns)
        rows = [
            tuple(getattr(problem, name) for name in columns)
            for problem, _ in self._problems.values()
        ]
        return pl.DataFrame(rows, schema=TABLES["problems"].columns, orient="row")


def flag_answers(rows: pl.DataFrame) -> pl.DataFrame:
    """Add `status` and `answer_class` to answers whose correctness the source has decided.

    As where svlaw grades, the correct answers of a problem are one class and the others one class
    per normalised text. A source that gives correctness but no answers at all (programs that were
    run) has no classes, and none of its rows lacks an answer.

    Args:
        rows: Rows with `problem_id`, `answer`, `is_correct` and `finish_reason`, in final order.
    """
    texts = rows["answer"].drop_nulls().unique()
    spelling = pl.DataFrame(
        {"answer": texts, "__text": [normalize_answer(text) for text in texts]},
        schema={"answer": pl.String, "__text": pl.String},
    )
    rows = rows.join(spelling, on="answer", how="left", maintain_order="left")
    answered = pl.col("answer").is_not_null()
    label = (
        pl.when(answered & pl.col("is_correct"))
        .then(pl.lit(_CORRECT_LABEL))
        .otherwise(pl.col("__text"))
    )
    has_answers = texts.len() > 0
    status = pl.when(pl.lit(has_answers) & ~answered).then(pl.lit("no_answer"))
    rows = rows.with_columns(_with_truncated(status.otherwise(pl.lit("graded"))))
    return number_classes(rows, label).drop("__text")


def _with_truncated(status: pl.Expr) -> pl.Expr:
    """The status, or `truncated` where a text was cut off before it stated an answer."""
    cut = (pl.col("finish_reason") == "length").fill_null(False) & pl.col("answer").is_null()
    return pl.when(cut).then(pl.lit("truncated")).otherwise(status).alias("status")


def need_reference(text: str | None, where: str, name: str) -> str:
    """Read a reference answer that grading needs.

    Raises:
        BadInputError: There is none.
    """
    answer = reference_answer(text) if text is not None else None
    if answer is None:
        raise BadInputError(f"{where}: {name} {text!r} holds no answer to grade solutions with")
    return answer


def kind_of(reference: str) -> str:
    """The kind of problem that a reference answer belongs to: a letter is a choice."""
    return "choice" if is_choice(reference) else "math"


def blank_to_none(text: str | None) -> str | None:
    """A text, or None where it is blank."""
    return text if text is not None and text.strip() else None
