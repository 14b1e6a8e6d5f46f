"""Answer classes: the groups of equal answers that votes are counted in."""

import polars as pl


def number_classes(frame: pl.DataFrame, label: pl.Expr) -> pl.DataFrame:
    """Add `answer_class`: the distinct labels of each problem numbered 0, 1, 2, ...

    Numbers follow the order of first appearance, so they do not depend on how answers are spelt.

    Args:
        frame: Rows with a `problem_id`, in their final order.
        label: Text that is equal exactly for answers of one class; null stays null.

    Returns:
        The frame with `answer_class` (Int32) added or replaced, rows in the same order.
    """
    rows = frame.select("problem_id", label.alias("__label")).with_row_index("__row")
    first = pl.col("__row").min().over("problem_id", "__label")
    labelled = rows.filter(pl.col("__label").is_not_null()).with_columns(first.alias("__first"))
    numbered = labelled.select(
        "__row", (pl.col("__first").rank("dense").over("problem_id") - 1).cast(pl.Int32)
    ).rename({"__first": "answer_class"})
    numbers = rows.select("__row").join(numbered, on="__row", how="left", maintain_order="left")[
        "answer_class"
    ]
    return frame.with_columns(numbers)
