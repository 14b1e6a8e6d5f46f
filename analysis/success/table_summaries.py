"""A success table in a few lines: its strategies with the range of S, of V and of success."""

from typing import TYPE_CHECKING

from svlaw.data.numerals import counted
from svlaw.data.table_texts import UNKNOWN, TextTable, percent

if TYPE_CHECKING:
    import polars as pl

    from svlaw.analysis.success.success_table import SuccessTable


def table_lines(table: "SuccessTable") -> list[str]:
    """The size of a table, then a line for each strategy."""
    lines = [f"SuccessTable: {_size(table)}"]
    for name, points, solutions, verifications, success in table_summary(table).rows:
        depth = "" if verifications in {"0", UNKNOWN} else f", V {verifications}"
        lines.append(f"  {name}: {points} points, S {solutions}{depth}, success {success}%")
    return lines


def table_summary(table: "SuccessTable") -> TextTable:
    """One row for each strategy."""
    rows = []
    for name in table.strategies:
        part = table.frame().filter(strategy=name)
        rows.append(
            (
                name,
                f"{part.height:,}",
                _range(part["solutions"]),
                _range(part["verifications"]),
                _share_range(part["success"]),
            )
        )
    return TextTable(f"success table: {_size(table)}", ("strategy", "points", "S", "V", "%"), rows)


def _size(table: "SuccessTable") -> str:
    problems = counted(table.n_problems, "problem") if table.has_problems else "a published table"
    aside = f" ({table.n_set_aside:,} set aside)" if table.n_set_aside else ""
    shared = ", shared calls" if table.calls == "shared" else ""
    verifier = f", verifier {table.verifier}{shared}" if table.verifier else ""
    return f"{table.points.height:,} points, {problems}{aside}{verifier}"


def _range(values: "pl.Series") -> str:
    """The smallest and the largest; unknown where a policy decides."""
    known = sorted(set(values.drop_nulls().to_list()))
    if not known:
        return UNKNOWN
    return str(known[0]) if len(known) == 1 else f"{known[0]} to {known[-1]}"


def _share_range(values: "pl.Series") -> str:
    low, high = percent(values.min()), percent(values.max())  # type: ignore[arg-type]
    return low if low == high else f"{low} to {high}"
