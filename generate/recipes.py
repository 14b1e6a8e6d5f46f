"""Recipes of problem sets that are used often: where they are and what their columns mean.

Sources of the facts are in `docs/problem-sets.md`.
"""

from dataclasses import dataclass, field
from typing import Final

from svlaw.data.errors import BadInputError

ROW_NUMBER: Final = "#"
"""In place of a column: the number of the row, from 0."""

RIGHT_CHOICE: Final = "right_choice"
WRONG_CHOICE: Final = "wrong_choice_"
"""With a number behind it; columns of a problem set whose choices are to be shuffled."""


@dataclass(frozen=True)
class Recipe:
    """A problem set by name.

    Attributes:
        name: Its name.
        dataset: Id of the dataset on the Hugging Face hub.
        revision: Its commit; `main` where none is known.
        kind: Kind of its problems.
        columns: Column of the table `problems` to column of the dataset. These alone are kept,
            since others hold the answer in other words.
        optional: Those of `columns` that may be missing.
        file: The file, or a pattern for its parts, inside the dataset; None to go by the split.
        split: The split, where no file is known.
        level_prefix: Words before the level that are taken off.
    """

    name: str
    dataset: str
    revision: str
    kind: str
    columns: dict[str, str]
    optional: frozenset[str] = field(default=frozenset())
    file: str | None = None
    split: str | None = None
    level_prefix: str = ""


RECIPES: Final[dict[str, Recipe]] = {
    recipe.name: recipe
    for recipe in (
        Recipe(
            name="math-500",
            dataset="HuggingFaceH4/MATH-500",
            revision="6e4ed1a2a79af7d8630a6b768ec859cb5af4d3be",
            file="test.jsonl",
            kind="math",
            columns={
                "problem_id": "unique_id",
                "question": "problem",
                "reference_answer": "answer",
                "subject": "subject",
                "level": "level",
            },
        ),
        Recipe(
            name="math-128",
            dataset="nishadsinghi/MATH128",
            revision="main",
            split="test",
            kind="math",
            columns={
                "problem_id": ROW_NUMBER,
                "question": "problem",
                "reference_answer": "solution",
                "subject": "type",
                "level": "level",
            },
            optional=frozenset(("subject", "level")),
            level_prefix="Level ",
        ),
        Recipe(
            name="aime-2024",
            dataset="HuggingFaceH4/aime_2024",
            revision="2fe88a2f1091d5048c0f36abc874fb997b3dd99a",
            file="data/train-*.parquet",
            kind="numeric",
            columns={
                "problem_id": "id",
                "question": "problem",
                "reference_answer": "answer",
                "url": "url",
            },
            optional=frozenset(("url",)),
        ),
        Recipe(
            name="aime-2025",
            dataset="yentinglin/aime_2025",
            revision="6f71d77b0b89b9dabe07ab466c51df33f514df7f",
            file="data/train-*.parquet",
            kind="numeric",
            columns={"problem_id": "id", "question": "problem", "reference_answer": "answer"},
        ),
        Recipe(
            name="amc-2023",
            dataset="zwhe99/amc23",
            revision="f9810c0439cd3c670ec885d328a2f06a87f3694a",
            split="test",
            kind="numeric",
            columns={
                "problem_id": "id",
                "question": "question",
                "reference_answer": "answer",
                "url": "url",
            },
            optional=frozenset(("url",)),
        ),
        Recipe(
            name="gpqa-diamond",
            dataset="Idavidrein/gpqa",
            revision="633f5ee89ab8ad4522a9f850766b73f62147ffdd",
            file="gpqa_diamond.csv",
            kind="choice",
            columns={
                "problem_id": "Record ID",
                "question": "Question",
                RIGHT_CHOICE: "Correct Answer",
                f"{WRONG_CHOICE}1": "Incorrect Answer 1",
                f"{WRONG_CHOICE}2": "Incorrect Answer 2",
                f"{WRONG_CHOICE}3": "Incorrect Answer 3",
                "subject": "High-level domain",
                "subdomain": "Subdomain",
            },
            optional=frozenset(("subject", "subdomain")),
        ),
    )
}


def find_recipe(name: str) -> Recipe:
    """Find a recipe by name.

    Raises:
        BadInputError: There is none; the message lists those there are.
    """
    recipe = RECIPES.get(name)
    if recipe is None:
        raise BadInputError(f"recipe {name!r}: use one of {', '.join(RECIPES)}")
    return recipe
