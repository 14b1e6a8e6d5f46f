"""Published tables whose figures contradict one another, and tables that are sound."""

from pathlib import Path

import polars as pl
import pytest

from svlaw.analysis.checks.pool_check import check_pool, is_sound
from svlaw.analysis.checks.published_checks import check_published
from svlaw.data.errors import BadInputError
from svlaw.data.examples import open_example
from svlaw.data.importers.success_tables import import_success
from svlaw.fit.simulation.population import SETTINGS
from svlaw.fit.simulation.truth import true_table

Row = tuple[str, int, int, float]

SOUND: list[Row] = [
    ("coverage", 1, 0, 0.512),
    ("coverage", 2, 0, 0.648),
    ("self_consistency", 1, 0, 0.512),
    ("self_consistency", 2, 0, 0.512),
    ("best_of_n", 2, 4, 0.640),
]


def table(rows: list[Row]) -> pl.DataFrame:
    return pl.DataFrame(rows, ("strategy", "solutions", "verifications", "success"), orient="row")


def changed(place: int, success: float) -> list[Row]:
    rows = list(SOUND)
    rows[place] = (*rows[place][:3], success)
    return rows


def test_sound_tables() -> None:
    assert check_published(table(SOUND)) == []
    assert check_published(table(changed(4, 0.649))) == []  # a unit of the last decimal
    assert check_published(table(SOUND[2:])) == []
    assert is_sound(check_pool(open_example("singhi2025_fig1")))
    truth = true_table(SETTINGS["typical"], [1, 2, 4, 8], [1, 2], tolerance=0.01)
    points = truth.points.with_columns(success=pl.Series(truth.mean()))
    assert check_published(points) == []


@pytest.mark.parametrize(
    ("rows", "level", "words"),
    [
        (
            changed(4, 0.7),
            "error",
            "best_of_n at S = 2, V = 4 (70.0%) is above coverage at that S, 64.8%, which no"
            " strategy exceeds; check the table",
        ),
        (
            changed(1, 0.5),
            "error",
            "falls from 51.2% at S = 1 to 50.0% at S = 2, but more solutions never lower it; check"
            " the table",
        ),
        (
            changed(2, 0.49),
            "note",
            "coverage at S = 1 (51.2%) and self_consistency at S = 1 (49.0%) should be equal: both"
            " are one solution at random",
        ),
    ],
)
def test_contradictions(rows: list[Row], level: str, words: str, tmp_path: Path) -> None:
    found = {check.message: check.level for check in check_published(table(rows))}
    assert found[words] == level
    file = tmp_path / "table.csv"
    table(rows).write_csv(file)
    pool = import_success(tmp_path / "pool", file)
    assert words in [check.message for check in check_pool(pool)]
    assert is_sound(check_pool(pool)) is (level == "note")


def test_several_points_are_one_line() -> None:
    rows = [*changed(4, 0.7), ("best_of_n", 2, 8, 0.72)]
    (found,) = check_published(table(rows))
    assert found.message.startswith("best_of_n at S = 2, V = 8 (72.0%) is above coverage")
    assert "(2 such points)" in found.message


def test_points_given_twice_are_refused(tmp_path: Path) -> None:
    file = tmp_path / "table.csv"
    table([*SOUND, SOUND[0]]).write_csv(file)
    with pytest.raises(BadInputError, match=r"row 6: duplicate key .*already in row 1"):
        import_success(tmp_path / "pool", file)
