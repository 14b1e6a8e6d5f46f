"""Correctness and classes of answers, each distinct answer and pair examined once.

Equal spellings are correct, unequal plain numbers and words wrong without further ado. Every other
answer is read once (`svlaw.data.grading.structure`), and what it may mean is compared with what the
reference may mean (`svlaw.data.grading.sameness`).
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from fractions import Fraction
from typing import Final

import polars as pl
from scipy.cluster.hierarchy import DisjointSet

from svlaw.data.answer_classes import number_classes
from svlaw.data.errors import BadInputError
from svlaw.data.grading.choices import choice_letter, is_choice
from svlaw.data.grading.equivalence import (
    Link,
    group,
    needs_reading,
    readings_of,
    to_read,
    tolerance_links,
)
from svlaw.data.grading.examiner import TIME_LIMIT, Examiner
from svlaw.data.grading.numbers import Number, is_within, only_number
from svlaw.data.grading.sameness import agree
from svlaw.data.grading.spellings import Judgement, Spelling, judge_spelling, spell
from svlaw.data.progress import Progress, silent

__all__ = ["TIME_LIMIT", "TOLERANCE", "Graded", "Judgement", "grade_answers", "grade_with", "judge"]

TOLERANCE: Final = 1e-6
"""Relative tolerance of answers to numeric problems."""

_CORRECT_LABEL: Final = "\x00correct"
_UNIT: Final = ("problem_id", "reference_answer", "__kind")
_KINDS: Final = ("math", "choice", "numeric")
_TINY: Final = Decimal("1e-12")
_LARGEST_EXPONENT: Final = 2_000


@dataclass(frozen=True)
class Graded:
    """Graded answers and what it took.

    Attributes:
        frame: The rows with `is_correct`, `status` and `answer_class`.
        pairs: Distinct pairs of a problem's answer and its reference.
        classes: Answer classes over all problems.
    """

    frame: pl.DataFrame
    pairs: int
    classes: int


@dataclass
class _Sheet:
    """The distinct answers to one problem, by key, and what is found out about them."""

    unit: tuple[str, str, str]
    answers: dict[str, Spelling] = field(default_factory=dict)
    votes: dict[str, int] = field(default_factory=dict)
    judgements: dict[str, Judgement] = field(default_factory=dict)
    labels: dict[str, str] = field(default_factory=dict)

    @property
    def reference(self) -> Spelling:
        return spell(self.unit[1])

    def add(self, text: str, votes: int) -> None:
        """Count an answer; of its spellings the shortest, or first in the alphabet, stands."""
        answer = spell(text)
        held = self.answers.setdefault(answer.key, answer)
        if (len(text), text) < (len(held.text), held.text):
            self.answers[answer.key] = answer
        self.votes[answer.key] = self.votes.get(answer.key, 0) + votes

    def wrong(self) -> list[Spelling]:
        """Answers that were compared and found wrong, in order of their keys."""
        return [
            answer
            for key, answer in sorted(self.answers.items())
            if self.judgements[key] == "wrong"
        ]


def judge(
    pairs: Iterable[tuple[str, str]],
    *,
    time_limit: float = TIME_LIMIT,
    workers: int | None = None,
    progress: Progress = silent,
) -> dict[tuple[str, str], Judgement]:
    """Judge pairs of a mathematical answer and its reference.

    Args:
        pairs: (answer, reference) as written; duplicates are welcome.
        time_limit: Seconds for working out one sum, integral or limit. A pair that runs out of
            time or memory is a `timeout`; the others go on meanwhile.
        workers: Worker processes; None chooses.
        progress: Called with the number of answers read, of those that needed reading.

    Returns:
        A judgement for every distinct pair.

    Raises:
        BadInputError: `time_limit` or `workers` is not positive.
        SvlawError: Workers cannot be started.
    """
    distinct = list(dict.fromkeys(pairs))
    with Examiner(time_limit=time_limit, workers=workers, progress=progress) as examiner:
        judged = _judge([(spell(a), spell(r)) for a, r in distinct], examiner)
    return dict(zip(distinct, judged, strict=True))


def grade_answers(
    answers: pl.DataFrame,
    *,
    time_limit: float = TIME_LIMIT,
    workers: int | None = None,
    progress: Progress = silent,
) -> pl.DataFrame:
    """Add `is_correct`, `status` and `answer_class` to extracted answers; see `grade_with`.

    Args:
        answers: Rows with `problem_id`, `answer`, `reference_answer` and, if there is one, `kind`,
            in their final order.
        time_limit: As in `judge`.
        workers: Worker processes; None chooses.
        progress: As in `judge`.

    Returns:
        The rows with the three columns added or replaced, in the same order.

    Raises:
        BadInputError: A row has no `reference_answer`, or an argument is not positive.
        SvlawError: Workers cannot be started.
    """
    with Examiner(time_limit=time_limit, workers=workers, progress=progress) as examiner:
        return grade_with(examiner, answers).frame


def grade_with(
    examiner: Examiner, answers: pl.DataFrame, *, tolerance: float = TOLERANCE
) -> Graded:
    """Grade extracted answers: correctness, status and classes.

    - `kind` math (and null): what the answer and the reference may mean (`sameness.agree`).
    - `choice` (and null, where the reference is a letter from A to J): the letter, or where the
      reference is none, the normalised text.
    - `numeric`: the values, within the tolerance.

    The correct answers of a problem are one class; wrong ones are in one class when they are
    equivalent (see `equivalence`; for numeric problems: within the tolerance). A row that
    ran out of time counts as wrong, with status `timeout`, in a class with equal spellings only.

    Args:
        examiner: What reads and compares answers.
        answers: As in `grade_answers`.
        tolerance: Relative tolerance of numeric problems.

    Raises:
        BadInputError: A row has no `reference_answer`, a numeric problem's is no number, a kind is
            another, or the tolerance is not positive.
        SvlawError: Workers cannot be started.
    """
    if not tolerance > 0:
        raise BadInputError(f"tolerance {tolerance}: use a number above 0")
    if answers["reference_answer"].null_count():
        raise BadInputError("reference_answer: some rows have none; answers cannot be graded")
    rows = _with_kind(answers)
    strange = rows.filter(~pl.col("__kind").is_in(_KINDS))["__kind"]
    if strange.len():
        raise BadInputError(
            f"kind '{strange[0]}': answers of this kind cannot be graded by their text"
        )
    sheets = _sheets(rows)
    _judge_choices([sheet for sheet in sheets if sheet.unit[2] == "choice"])
    _judge_numbers([sheet for sheet in sheets if sheet.unit[2] == "numeric"], examiner, tolerance)
    _judge_mathematics([sheet for sheet in sheets if sheet.unit[2] == "math"], examiner)
    frame = _labelled(rows, sheets)
    return Graded(
        frame.select(*answers.columns, *(n for n in _ADDED if n not in answers.columns)),
        sum(len(sheet.answers) for sheet in sheets),
        frame.select("problem_id", "answer_class").drop_nulls().n_unique(),
    )


_ADDED: Final = ("is_correct", "status", "answer_class")


def _with_kind(answers: pl.DataFrame) -> pl.DataFrame:
    """Decide the kind of problems that have none."""
    kind = pl.col("kind") if "kind" in answers.columns else pl.lit(None, pl.String)
    references = answers["reference_answer"].unique()
    letters = [reference for reference in references if is_choice(reference)]
    otherwise = (
        pl.when(pl.col("reference_answer").is_in(letters))
        .then(pl.lit("choice"))
        .otherwise(pl.lit("math"))
    )
    return answers.with_columns(pl.coalesce(kind, otherwise).alias("__kind"))


def _sheets(rows: pl.DataFrame) -> list[_Sheet]:
    counts = rows.drop_nulls("answer").group_by(*_UNIT, "answer").len().sort(*_UNIT, "answer")
    sheets: dict[tuple[str, str, str], _Sheet] = {}
    for *unit, answer, votes in counts.iter_rows():
        key = (unit[0], unit[1], unit[2])
        sheets.setdefault(key, _Sheet(key)).add(answer, votes)
    return list(sheets.values())


def _labelled(rows: pl.DataFrame, sheets: Sequence[_Sheet]) -> pl.DataFrame:
    """Bring judgements and classes from the sheets to the rows."""
    keys = {text: spell(text).key for text in rows["answer"].drop_nulls().unique()}
    entries = [
        (*sheet.unit, key, sheet.judgements[key], sheet.labels.get(key, key))
        for sheet in sheets
        for key in sheet.answers
    ]
    names = (*_UNIT, "__key", "__judgement", "__label")
    table = pl.DataFrame(entries, dict.fromkeys(names, pl.String()), orient="row")
    key = pl.col("answer").replace_strict(keys, return_dtype=pl.String, default=None)
    judgement = pl.col("__judgement")
    joined = (
        rows.with_columns(key.alias("__key"))
        .join(table, on=[*_UNIT, "__key"], how="left", maintain_order="left")
        .with_columns(
            (judgement == "correct").fill_null(False).alias("is_correct"),
            pl.when(judgement.is_null())
            .then(pl.lit("no_answer"))
            .when(judgement == "timeout")
            .then(pl.lit("timeout"))
            .otherwise(pl.lit("graded"))
            .alias("status"),
        )
    )
    correct = pl.when(pl.col("is_correct")).then(pl.lit(_CORRECT_LABEL))
    return number_classes(joined, correct.otherwise(pl.col("__label")))


def _judge_choices(sheets: Iterable[_Sheet]) -> None:
    for sheet in sheets:
        right = _choice_label(sheet.reference)
        for key, answer in sheet.answers.items():
            sheet.labels[key] = _choice_label(answer)
            sheet.judgements[key] = "correct" if sheet.labels[key] == right else "wrong"


def _choice_label(answer: Spelling) -> str:
    return choice_letter(answer.text) or answer.key.casefold()


def _judge_numbers(sheets: Sequence[_Sheet], examiner: Examiner, tolerance: float) -> None:
    plain = {
        answer.text: answer.number or only_number(answer.text)
        for sheet in sheets
        for answer in (sheet.reference, *sheet.answers.values())
    }
    examiner.read(text for text, number in plain.items() if number is None)
    for sheet in sheets:
        reference = plain[sheet.reference.text] or _value(examiner, sheet.reference.text)
        if reference is None:
            raise BadInputError(
                f"problem {sheet.unit[0]!r}: reference_answer {sheet.unit[1]!r} is no number, but"
                " its kind is numeric; correct one of them"
            )
        values: list[tuple[str, Number]] = []
        for key, answer in sheet.answers.items():
            number = plain[answer.text] or _value(examiner, answer.text)
            if number is not None and is_within(number, reference, tolerance):
                sheet.judgements[key] = "correct"
                continue
            late = number is None and examiner.judgements.reading(answer.text) is None
            sheet.judgements[key] = "timeout" if late else "wrong"
            if number is not None:
                values.append((key, number))
        groups = DisjointSet(sheet.answers)
        for one, other in tolerance_links(values, tolerance):
            groups.merge(one, other)
        sheet.labels = {key: groups[key] for key in sheet.answers}


def _value(examiner: Examiner, text: str) -> Number | None:
    """The number that a formula stands for; None when it is none, or time ran out."""
    for alternative in examiner.judgements.reading(text) or ():
        meaning = alternative.meaning
        if meaning.kind == "equation" and meaning.mark:
            meaning = meaning.parts[0]
        if meaning.kind == "scalar" and len(meaning.values) == 1:
            value = meaning.values[0]
            moderate = value.re.is_finite() and abs(value.re.adjusted()) <= _LARGEST_EXPONENT
            if moderate and abs(value.im) <= _TINY * abs(value.re):
                return Number(Fraction(value.re))
    return None


def _judge_mathematics(sheets: Sequence[_Sheet], examiner: Examiner) -> None:
    pairs = [(answer, sheet.reference) for sheet in sheets for answer in sheet.answers.values()]
    judged = iter(_judge(pairs, examiner))
    for sheet in sheets:
        sheet.judgements = {key: next(judged) for key in sheet.answers}
    groupings = [(sheet, sheet.wrong()) for sheet in sheets]
    examiner.read(text for _, wrong in groupings if needs_reading(wrong) for text in to_read(wrong))
    for sheet, wrong in groupings:
        groups = group(wrong, examiner.judgements)
        sheet.labels = {answer.key: groups[answer.key] for answer in wrong}


def _judge(pairs: Sequence[Link], examiner: Examiner) -> list[Judgement]:
    """Judge pairs of an answer and a reference."""
    spelled = [judge_spelling(*pair) for pair in pairs]
    hard = [pair for pair, verdict in zip(pairs, spelled, strict=True) if verdict is None]
    examiner.read(to_read(part for pair in hard for part in pair))
    return [
        verdict or _compare(pair, examiner) for pair, verdict in zip(pairs, spelled, strict=True)
    ]


def _compare(pair: Link, examiner: Examiner) -> Judgement:
    answer, reference = (readings_of(part, examiner.judgements) for part in pair)
    if not answer or not reference:
        return "timeout"
    return "correct" if agree(answer, reference) else "wrong"
