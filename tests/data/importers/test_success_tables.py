import polars as pl
import pytest

from svlaw.data.errors import BadInputError
from svlaw.data.importers.success_tables import import_success

TABLE = pl.DataFrame(
    {
        "strategy": ["best_of_n", "self_consistency"],
        "solutions": [4, 4],
        "verifications": [2, 0],
        "success": [0.5, 0.25],
        "marker": ["clear", "clear"],
    }
)


def test_a_published_table_becomes_a_pool(tmp_path):
    TABLE.write_csv(tmp_path / "t.csv")
    pool = import_success(tmp_path / "pool", tmp_path / "t.csv")
    assert pool.is_published_table
    assert pool.metadata["ignored_columns"] == ["marker"]
    assert pool.scan("success").collect().rows() == [
        ("best_of_n", 4, 2, 0.5),
        ("self_consistency", 4, 0, 0.25),
    ]


@pytest.mark.parametrize(
    ("column", "values", "message"),
    [
        ("strategy", ["best_of_n", "magic"], "row 2: strategy 'magic' is not one of coverage"),
        ("success", [50, 25], "row 1: success 50.0 is outside .* not a percentage"),
        ("solutions", [0, 4], "row 1: solutions 0 must be at least 1"),
        ("verifications", [0, 0], "row 1: verifications 0 must be at least 1"),
        ("verifications", [2, 2], "row 2: verifications 2 must be 0"),
        ("success", [0.5, None], "row 2: success None is missing"),
    ],
)
def test_rows_that_make_no_sense(tmp_path, column, values, message):
    TABLE.with_columns(pl.Series(column, values)).write_parquet(tmp_path / "t.parquet")
    with pytest.raises(BadInputError, match=message):
        import_success(tmp_path / "pool", tmp_path / "t.parquet")
    assert not (tmp_path / "pool").exists()


def test_duplicate_points(tmp_path):
    pl.concat([TABLE, TABLE]).write_csv(tmp_path / "t.csv")
    with pytest.raises(BadInputError, match="row 3: duplicate key"):
        import_success(tmp_path / "pool", tmp_path / "t.csv")
