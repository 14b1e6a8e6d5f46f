"""Problem sets: from a file, a folder, a dataset of the hub or a recipe to a table of problems."""

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Final, Literal

import polars as pl
from pydantic import BaseModel, ConfigDict

from svlaw.data.column_types import to_types
from svlaw.data.errors import BadInputError
from svlaw.data.grading.answers import reference_answer
from svlaw.data.grading.choices import is_choice
from svlaw.data.schema import TABLES, conform, refuse_duplicates, refuse_rows
from svlaw.generate.hub import DATASET_ID, fetch_dataset, find_files
from svlaw.generate.problem_files import SUFFIXES, pick_columns, read_problem_file
from svlaw.generate.recipes import RIGHT_CHOICE, WRONG_CHOICE, Recipe, find_recipe
from svlaw.generate.shuffled_choices import LETTERS, add_choices, shuffle_choices

Kind = Literal["math", "choice", "numeric", "code", "external"]

_PROBLEMS: Final = TABLES["problems"]
_WRONG: Final = re.compile(rf"{WRONG_CHOICE}(\d+)")


class ProblemSource(BaseModel):
    """Where problems come from, and which of them are taken: the section `problems` of a run.

    Attributes:
        source: A file (`.parquet`, `.jsonl`, `.json`, `.csv`), a folder with a dataset's files, or
            the id of a dataset on the hub. Beside `recipe`, where the recipe's data are instead.
        recipe: Name of a recipe.
        revision: Commit, tag or branch of a dataset; the recipe's own, or `main`.
        subset: Subset of a dataset or folder that has several.
        split: Split of a dataset or folder that has several.
        columns: Column of the table `problems` to the source's column, to a dotted path into it
            (`meta.level`), or to `#` for the number of the row from 0. `right_choice` and
            `wrong_choice_1`, `wrong_choice_2`, ... make a multiple-choice question of the problem.
        kind: Kind of every problem.
        limit: Take the first so many.
        ids: Take these, in the source's order.
        seed: Seed of the order of choices.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", coerce_numbers_to_str=True)

    source: str | None = None
    recipe: str | None = None
    revision: str | None = None
    subset: str | None = None
    split: str | None = None
    columns: dict[str, str] = {}
    kind: Kind | None = None
    limit: int | None = None
    ids: tuple[str, ...] | None = None
    seed: int = 0


def load_problems(source: ProblemSource) -> pl.DataFrame:
    """Read a problem set.

    Returns:
        The table `problems` of a pool, in the source's order, with the source's further columns
        (of a recipe, the recipe's). Every problem has an id, a question and a kind: the one that is
        given, else the column's, else the recipe's, else `choice` where the reference answer of
        every problem is a letter from A to J, else `math`. References may be missing; see
        `problem_remarks`.

    Raises:
        BadInputError: The source cannot be read, a column is missing, a question or id is empty or
            an id repeated, nothing is left, or an argument does not fit.
    """
    _check(source)
    recipe = find_recipe(source.recipe) if source.recipe is not None else None
    files, label = _locate(source, recipe)
    columns = {**(recipe.columns if recipe else {}), **source.columns}
    parts: list[pl.DataFrame] = []
    for path in files:
        rows = sum(part.height for part in parts)
        parts.append(_read(path, columns, recipe, source.seed, rows))
    problems = pl.concat(parts, how="diagonal_relaxed")
    problems = _with_kind(problems, source.kind or (recipe.kind if recipe else None))
    return _take(conform(problems, _PROBLEMS, label), source, label)


def problem_remarks(problems: pl.DataFrame) -> list[str]:
    """Say in a line each what a user should know before problems are sampled."""
    remarks = []
    missing = problems["reference_answer"].null_count()
    if missing:
        remarks.append(
            f"{missing} of {problems.height} problems have no reference answer: they can be"
            " sampled, but not graded"
        )
    repeated = problems.height - problems["question"].n_unique()
    if repeated:
        remarks.append(f"{repeated} of {problems.height} questions repeat another one")
    return remarks


def _check(source: ProblemSource) -> None:
    if source.limit is not None and source.limit < 1:
        raise BadInputError(f"problems: limit {source.limit} takes no problem; use 1 or more")
    if source.ids is not None and not source.ids:
        raise BadInputError("problems: ids is an empty list; leave it out to take every problem")
    if source.limit is not None and source.ids is not None:
        raise BadInputError("problems: give limit or ids, not both")


def _locate(source: ProblemSource, recipe: Recipe | None) -> tuple[list[Path], str]:
    """Find the files, downloading them if they are on the hub, and what to call all of them."""
    name = source.source or (recipe.dataset if recipe else None)
    if name is None:
        raise BadInputError("problems: give a source (a file or a dataset) or a recipe")
    split = source.split or (recipe.split if recipe else None)
    if recipe is not None and name == recipe.dataset:
        revision = source.revision or recipe.revision
        files = fetch_dataset(
            name, revision, subset=source.subset, split=split, pattern=recipe.file
        )
        return files, name
    path = Path(name).expanduser()
    if path.is_dir():
        _refuse(source, ("revision",), f"{name} is a folder on this machine")
        known = recipe is not None and recipe.file is not None and any(path.glob(recipe.file))
        pattern = recipe.file if recipe is not None and known else None
        return find_files(path, subset=source.subset, split=split, pattern=pattern), name
    if path.exists() or path.suffix.lower() in SUFFIXES:
        _refuse(source, ("revision", "subset", "split"), f"{name} is a file")
        return [path], name
    if not DATASET_ID.fullmatch(name):
        raise BadInputError(
            f"{name}: no such file or folder, and not the id of a dataset (owner/name)"
        )
    files = fetch_dataset(name, source.revision or "main", subset=source.subset, split=source.split)
    return files, name


def _refuse(source: ProblemSource, names: tuple[str, ...], why: str) -> None:
    for name in names:
        value = getattr(source, name)
        if value is not None:
            raise BadInputError(f"problems: {name} {value!r} is for datasets, but {why}")


def _read(
    path: Path, columns: Mapping[str, str], recipe: Recipe | None, seed: int, first_row: int
) -> pl.DataFrame:
    """Read a file into columns of `problems`, with kinds still to be settled."""
    source = str(path)
    rows = read_problem_file(path)
    wanted = {name: name for name in ("problem_id", "question")} | dict(columns)
    optional = recipe.optional if recipe else frozenset()
    picked = pick_columns(rows, wanted, source, optional=optional, first_row=first_row)
    if recipe is None:
        used = {*wanted, *wanted.values(), *(old.partition(".")[0] for old in wanted.values())}
        further = [name for name in rows.columns if name not in used]
        picked = picked.hstack(rows.select(further))
    picked = to_types(_whole_numbers(picked), _PROBLEMS.columns, source)
    refuse_rows(picked, pl.col("problem_id").is_null(), "problem_id", source, "is empty")
    blank = pl.col("question").is_null() | (pl.col("question").str.strip_chars() == "")
    refuse_rows(picked, blank, "question", source, "is empty; give every problem a question")
    refuse_duplicates(picked, _PROBLEMS.key, source)
    if RIGHT_CHOICE in picked.columns:
        picked = _with_choices(picked, source, seed)
    if recipe is not None:
        picked = _tidy(picked, recipe)
    return picked


def _whole_numbers(frame: pl.DataFrame) -> pl.DataFrame:
    """Make whole numbers of floats in columns that become text, so that 27.0 reads `27`."""
    for name in _PROBLEMS.columns:
        if name in frame.columns and frame.schema[name].is_float():
            values = frame[name].fill_nan(None)
            whole = values.cast(pl.Int64, strict=False)
            if (whole == values).all():
                frame = frame.with_columns(whole.alias(name))
    return frame


def _with_choices(problems: pl.DataFrame, source: str, seed: int) -> pl.DataFrame:
    """Write the choices below the question, in an order of its own, and their letter beside it."""
    numbered = sorted(
        (int(match.group(1)), name)
        for name in problems.columns
        if (match := _WRONG.fullmatch(name)) is not None
    )
    names = [RIGHT_CHOICE, *(name for _, name in numbered)]
    if not 2 <= len(names) <= len(LETTERS):
        raise BadInputError(
            f"{source}: {len(names) - 1} wrong choices; map 1 to {len(LETTERS) - 1} columns to"
            f" {WRONG_CHOICE}1, {WRONG_CHOICE}2, ..."
        )
    for name in names:
        problems = problems.with_columns(pl.col(name).cast(pl.String).str.strip_chars())
        empty = pl.col(name).is_null() | (pl.col(name) == "")
        refuse_rows(problems, empty, name, source, "is empty; every choice needs a text")
    questions, letters = [], []
    for problem_id, question, right, *wrong in problems.select(
        "problem_id", "question", *names
    ).iter_rows():
        choices = shuffle_choices(problem_id, right, wrong, seed)
        questions.append(add_choices(question, choices.texts))
        letters.append(choices.letter)
    return problems.drop(names).with_columns(
        pl.Series("question", questions),
        pl.Series("reference_answer", letters),
        pl.lit("choice").alias("kind"),
    )


def _tidy(problems: pl.DataFrame, recipe: Recipe) -> pl.DataFrame:
    """Take answers out of solutions that hold them, and words off levels."""
    answers = [
        None if text is None else reference_answer(text) for text in problems["reference_answer"]
    ]
    problems = problems.with_columns(pl.Series("reference_answer", answers, pl.String))
    if "level" in problems.columns and recipe.level_prefix:
        level = pl.col("level").str.strip_prefix(recipe.level_prefix)
        problems = problems.with_columns(level)
    return problems


def _with_kind(problems: pl.DataFrame, kind: str | None) -> pl.DataFrame:
    if kind is not None:
        return problems.with_columns(pl.lit(kind).alias("kind"))
    likely = "math"
    if "reference_answer" in problems.columns:
        known = problems["reference_answer"].drop_nulls()
        if len(known) and all(is_choice(text) for text in known):
            likely = "choice"
    held = pl.col("kind") if "kind" in problems.columns else pl.lit(None, pl.String)
    return problems.with_columns(held.fill_null(likely).alias("kind"))


def _take(problems: pl.DataFrame, source: ProblemSource, label: str) -> pl.DataFrame:
    if source.ids is not None:
        unknown = sorted(set(source.ids) - set(problems["problem_id"]))
        if unknown:
            some = ", ".join(map(repr, unknown[:3])) + (", ..." if len(unknown) > 3 else "")
            first = problems["problem_id"][0]
            raise BadInputError(
                f"{label}: {len(unknown)} of the ids are not there ({some}); ids look like"
                f" {first!r}"
            )
        return problems.filter(pl.col("problem_id").is_in(source.ids))
    return problems if source.limit is None else problems.head(source.limit)
