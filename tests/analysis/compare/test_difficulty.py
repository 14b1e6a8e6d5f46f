"""Bins of problems: who is in which, on which solutions, and that this biases nothing."""

import datetime
import re
from dataclasses import replace

import numpy as np
import polars as pl
import pytest

from svlaw.analysis.compare.difficulty import (
    NONE,
    PASS_RATE,
    bins,
    check_by,
    pass_rates,
    quantile_starts,
)
from svlaw.analysis.kernels.problem_sample import ProblemSample, in_half
from svlaw.analysis.success.estimators import Options
from svlaw.analysis.success.sample_reader import SampleReader
from svlaw.analysis.success.success_table import SuccessTable, success_table
from svlaw.data.errors import BadInputError, NotInPoolError
from svlaw.data.examples import open_example
from svlaw.data.pool import Pool
from svlaw.data.pool_writer import append
from svlaw.data.schema import STRATEGIES

HALF = Options(tolerance=0.02, half="analysis")
GRID = {"solutions": [1, 2], "verifications": [1], "options": HALF}


@pytest.fixture(scope="module")
def frames(problems) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Twenty problems of four to twelve solutions with two verdicts each."""
    rng, held = np.random.default_rng(2), []
    while len(held) < 20:
        problem = problems.random(rng, most_solutions=12, most_verdicts=2, ragged=False)
        if len(problem) >= 4 and len(problem[0].verdicts) == 2:
            held.append(problem)
    return problems.frames(held)


@pytest.fixture
def pool(frames, make_pool) -> Pool:
    return make_pool(frames[0], v=frames[1])


def half_of(frame: pl.DataFrame, half: str, seed: int = 0) -> pl.Series:
    """Which rows are of solutions in a half."""
    masks = {}
    for (name,), rows in frame.group_by("problem_id"):
        ids = rows["solution_id"].unique().sort().to_numpy()
        kept = ids[in_half(half, name, ids, seed)]
        masks |= {(name, int(i)): bool(i in kept) for i in ids}
    keys = frame.select("problem_id", "solution_id").iter_rows()
    return pl.Series([masks[key] for key in keys])


def assert_same_bytes(first: SuccessTable, second: SuccessTable) -> None:
    assert first.points.equals(second.points)
    assert first.problem_ids == second.problem_ids
    assert first.success.tobytes() == second.success.tobytes()
    assert first.variance.tobytes() == second.variance.tobytes()


def read(pool: Pool, half: str, seed: int = 0, **how) -> list[ProblemSample]:
    reader = SampleReader(pool, "v", half=half, seed=seed, **how)
    kept = np.ones(len(reader.problem_ids), np.bool_)
    return [sample for batch in reader.batches(kept) for sample in batch]


# The halves: never the same solutions.


@pytest.mark.parametrize("seed", [0, 5])
def test_the_analysis_half_is_a_pool_of_those_solutions_alone(
    pool, frames, make_pool, seed: int
) -> None:
    answers, verdicts = (f.filter(half_of(f, "analysis", seed)) for f in frames)
    options = replace(HALF, seed=seed)
    table = success_table(pool, **GRID | {"options": options}, reuse=False)
    alone = make_pool(answers, v=verdicts)
    plain = success_table(alone, **GRID | {"options": replace(options, half="all")}, reuse=False)
    assert table.strategies == STRATEGIES
    assert_same_bytes(table, plain)


@pytest.mark.parametrize("batch_rows", [1, 30, 10**9])
@pytest.mark.parametrize("only_verified", [False, True])
def test_halves_are_disjoint_and_all(frames, make_pool, batch_rows, only_verified) -> None:
    """Every solution is in one half, with its verdicts; scores tell the solutions apart."""
    answers, verdicts = frames
    score = pl.int_range(pl.len()).cast(pl.Float64) / 10**6
    verdicts = verdicts.with_columns(score.alias("score"))
    if only_verified:
        verdicts = verdicts.filter(pl.col("solution_id") != 1)
    pool = make_pool(answers, v=verdicts)
    how = {"batch_rows": batch_rows, "only_verified": only_verified}
    whole, rating, analysis = (read(pool, half, **how) for half in ("all", "rating", "analysis"))
    for one, first, second in zip(whole, rating, analysis, strict=True):
        assert not set(first.scores.tolist()) & set(second.scores.tolist())
        assert sorted([*first.scores, *second.scores]) == one.scores.tolist()
        assert first.n_solutions + second.n_solutions == one.n_solutions
        assert first.correct.sum() + second.correct.sum() == one.correct.sum()
        assert only_verified or 0 <= second.n_solutions - first.n_solutions <= 1
    for half, samples in (("rating", rating), ("analysis", analysis)):
        holdings = SampleReader(pool, "v", half=half, **how).holdings()
        for holding, sample in zip(holdings, samples, strict=True):
            assert holding.n_solutions == sample.n_solutions
            assert sorted(holding.depths) == sorted(sample.n_verdicts)


@pytest.mark.parametrize("seed", [0, 5])
def test_rates_and_success_know_nothing_of_each_other(pool, frames, make_pool, seed: int) -> None:
    """What is changed in one half does not show in the other, whatever the strategy."""
    answers, verdicts = frames
    grid = {**GRID, "options": replace(HALF, seed=seed), "reuse": False}
    table = success_table(pool, **grid)
    found = {b.name: b.table.problem_ids for b in bins(pool, table, PASS_RATE)}
    for half in ("rating", "analysis"):
        rows = half_of(answers, half, seed)
        right = pl.when(rows).then(~pl.col("is_correct")).otherwise(pl.col("is_correct"))
        class_ = pl.when(rows).then(9).otherwise(pl.col("answer_class")).cast(pl.Int32)
        rows = half_of(verdicts, half, seed)
        score = pl.when(rows).then(1 - pl.col("score")).otherwise(pl.col("score"))
        other = make_pool(
            answers.with_columns(right.alias("is_correct"), class_.alias("answer_class")),
            v=verdicts.with_columns(score.alias("score")),
        )
        changed = success_table(other, **grid)
        again = {b.name: b.table.problem_ids for b in bins(other, changed, PASS_RATE)}
        if half == "rating":
            assert_same_bytes(table, changed)
            assert again != found
        else:
            assert again == found
            assert pass_rates(other, seed).equals(pass_rates(pool, seed))
            for name in STRATEGIES:
                assert (changed.select(name).success != table.select(name).success).any()


def test_rates_are_those_of_the_rating_half(pool, frames) -> None:
    answers = frames[0].filter(half_of(frames[0], "rating", 3))
    wanted = answers.group_by("problem_id").agg(
        pl.col("is_correct").mean().alias(PASS_RATE), pl.len().cast(pl.Int32).alias("n_solutions")
    )
    assert pass_rates(pool, 3).equals(wanted.sort("problem_id"))
    assert not pass_rates(pool, 4).equals(pass_rates(pool, 3))


def test_order_of_rows_and_other_problems_do_not_matter(
    pool, frames, make_pool, shuffle_parts
) -> None:
    answers, verdicts = frames
    shuffled = make_pool(answers, v=verdicts)
    shuffle_parts(shuffled, 1)
    assert pass_rates(shuffled).equals(pass_rates(pool))
    table = success_table(pool, **GRID, reuse=False)
    assert_same_bytes(table, success_table(shuffled, **GRID, reuse=False))
    few = pl.col("problem_id").is_in(["p03", "p07", "p19"])
    some = make_pool(answers.filter(few), v=verdicts.filter(few))
    assert pass_rates(some).equals(pass_rates(pool).filter(few))
    found, wanted = (read(p, "analysis") for p in (some, pool))
    wanted = [s for s in wanted if s.problem_id in {"p03", "p07", "p19"}]
    for one, other in zip(found, wanted, strict=True):
        assert one.correct.tolist() == other.correct.tolist()
        assert one.scores.tolist() == other.scores.tolist()


def test_a_table_of_the_rated_solutions_is_refused(pool) -> None:
    for half in ("all", "rating"):
        table = success_table(pool, ["coverage"], [1], options=Options(half=half))
        with pytest.raises(BadInputError, match="from the other half of the solutions"):
            bins(pool, table, PASS_RATE)


def test_one_solution_is_analysed_and_rates_nothing(make_pool) -> None:
    answers = pl.DataFrame(
        {
            "problem_id": ["a", "b", "b"],
            "solution_id": [0, 0, 1],
            "is_correct": [True, True, True],
            "status": ["graded"] * 3,
        }
    )
    pool = make_pool(answers)
    assert pass_rates(pool).rows() == [("a", None, 0), ("b", 1.0, 1)]
    table = success_table(pool, ["coverage"], [1], options=HALF)
    assert [(b.name, b.table.problem_ids) for b in bins(pool, table, PASS_RATE)] == [
        ("1", ("b",)),
        (NONE, ("a",)),
    ]


# Regression to the mean.


def _simulated(make_pool, seed: int, n_problems: int, n_solutions: int) -> tuple[Pool, np.ndarray]:
    """Problems of uniform success probability; right and wrong answers; a verdict each.

    A right solution is called right with probability 0.8, a wrong one with 0.3.
    """
    rng = np.random.default_rng(seed)
    p = rng.random(n_problems)
    right = rng.random((n_problems, n_solutions)) < p[:, None]
    yes = rng.random(right.shape) < np.where(right, 0.8, 0.3)
    key = {
        "problem_id": np.repeat([f"p{i:04d}" for i in range(n_problems)], n_solutions),
        "solution_id": np.tile(np.arange(n_solutions, dtype=np.int32), n_problems),
    }
    status = ["graded"] * right.size
    answers = pl.DataFrame(
        {
            **key,
            "answer_class": right.ravel().astype(np.int32),
            "is_correct": right.ravel(),
            "status": status,
        }
    )
    verdicts = pl.DataFrame(
        {
            **key,
            "verification_id": np.zeros(right.size, np.int32),
            "score": yes.ravel().astype(float),
            "status": status,
        }
    )
    return make_pool(answers, v=verdicts), p


def _truth(strategy: str, solutions: int, p: np.ndarray) -> np.ndarray:
    """Success of three solutions, or one, at one verdict each."""
    if solutions == 1:
        return p
    if strategy == "coverage":
        return 1 - (1 - p) ** 3
    if strategy == "self_consistency":
        return 3 * p**2 - 2 * p**3
    said = 0.8 * p + 0.3 * (1 - p)
    return (1 - (1 - said) ** 3) * 0.8 * p / said + (1 - said) ** 3 * 0.2 * p / (1 - said)


def test_bins_on_the_same_solutions_are_biased_and_ours_are_not(make_pool) -> None:
    pool, p = _simulated(make_pool, 0, 1200, 16)
    names = ["coverage", "self_consistency", "best_of_n"]
    grid = {"solutions": [1, 3], "verifications": [1], "reuse": False}
    options = Options(tolerance=0.002)
    whole = success_table(pool, names, **grid, options=options)
    half = success_table(pool, names, **grid, options=replace(options, half="analysis"))
    # The mistake: rates, and success, from all solutions.
    all_rates = whole.select("coverage").success[0]
    place = np.searchsorted(quantile_starts(all_rates, 4), all_rates, side="right")
    naive = [whole.restrict(place == k) for k in range(4)]
    ours = [found.table for found in bins(pool, half, PASS_RATE)]
    assert len(ours) == 4

    def errors(parts: list[SuccessTable]) -> np.ndarray:
        """(bins, points) errors of the mean, in standard errors of it."""
        rows = []
        for part in parts:
            own = p[[int(name[1:]) for name in part.problem_ids]]
            gaps = [
                part.success[i] - _truth(name, s, own)
                for i, (name, s, _) in enumerate(part.points.drop("setting").rows())
            ]
            rows.append([g.mean() / (g.std() / np.sqrt(g.size)) for g in gaps])
        return np.array(rows)

    assert half.points.height == 6
    biased, fair = errors(naive), errors(ours)
    assert np.abs(fair).max() < 3.5
    assert biased[0].max() < -5
    assert biased[-1].min() > 5


def test_a_bin_of_equal_problems_shows_their_success(make_pool) -> None:
    """All problems alike: rates differ by chance alone, and success does not follow them."""
    pool, _ = _simulated(make_pool, 1, 400, 12)
    answers = pl.read_parquet(pool.parts("answers")[0])
    rng = np.random.default_rng(5)
    same = answers.with_columns(pl.Series("is_correct", rng.random(answers.height) < 0.5))
    pool = make_pool(same)
    table = success_table(pool, ["coverage"], [1], options=HALF)
    found = bins(pool, table, PASS_RATE)
    means = [b.table.mean()[0] for b in found]
    errors = [0.5 / np.sqrt(6 * b.n_problems) for b in found]
    assert len(found) > 2
    assert all(abs(m - 0.5) < 3.5 * e for m, e in zip(means, errors, strict=True))
    rates = pass_rates(pool)[PASS_RATE]
    assert rates.max() - rates.min() > 0.6


# Bins by a column.


@pytest.fixture
def table(tables) -> SuccessTable:
    """Twenty problems p000, ..., p019 of success 0, 1/19, ..., 1 at S = 1."""
    x = np.linspace(0, 1, 20)
    return tables.of({("coverage", 1, 0): x, ("coverage", 2, 0): np.sqrt(x)})


@pytest.fixture
def with_column(make_pool):
    """A pool of twenty problems with a column of them, in a random order of rows."""
    answers = pl.DataFrame(
        {
            "problem_id": [f"p{i:03d}" for i in range(20)],
            "solution_id": [0] * 20,
            "is_correct": [True] * 20,
            "status": ["graded"] * 20,
        }
    )

    def make(values, name: str = "mood") -> Pool:
        column = values if isinstance(values, pl.Series) else pl.Series(values)
        held = pl.DataFrame({"problem_id": [f"p{i:03d}" for i in range(len(column))], name: column})
        return append(make_pool(answers), "problems", held.sample(fraction=1, shuffle=True, seed=4))

    return make


def names_of(pool: Pool, table: SuccessTable, by: str = "mood", cuts=None) -> list[tuple[str, int]]:
    return [(b.name, b.n_problems) for b in bins(pool, table, by, cuts)]


def test_bins_part_the_problems_and_share_the_grid(with_column, table) -> None:
    found = bins(with_column(["x", "y"] * 10), table, "mood")
    assert [b.by for b in found] == ["mood", "mood"]
    ids = [b.table.problem_ids for b in found]
    assert ids == [table.problem_ids[::2], table.problem_ids[1::2]]
    for place, part in enumerate(found):
        assert part.table.points.equals(table.points)
        assert part.table.success.tolist() == table.success[:, place::2].tolist()
        assert part.table.n_set_aside == table.n_set_aside
    means = np.mean([b.table.mean() for b in found], axis=0)
    np.testing.assert_allclose(means, table.mean())


def test_the_order_of_the_problems_rows_does_not_matter(with_column, table) -> None:
    pool = with_column(pl.Series([i * 37 % 20 for i in range(20)]))
    wanted = bins(pool, table, "mood")
    assert [b.n_problems for b in wanted] == [5, 5, 5, 5]
    (part,) = pool.parts("problems")
    held = pl.read_parquet(part)
    for seed in range(3):
        part = part.rename(part.with_name("part-000000.parquet"))  # as others name it
        held.sample(fraction=1, shuffle=True, seed=seed).write_parquet(part)
        found = bins(pool, table, "mood")
        assert [b.name for b in found] == [b.name for b in wanted]
        for one, other in zip(found, wanted, strict=True):
            assert_same_bytes(one.table, other.table)


@pytest.mark.parametrize(
    ("values", "wanted"),
    [
        (["Level 10", "Level 2"] * 10, [("Level 2", 10), ("Level 10", 10)]),
        (["b", "A", "a", "B"] * 5, [("A", 5), ("a", 5), ("B", 5), ("b", 5)]),
        (["10", "9"] * 10, [("9", 10), ("10", 10)]),
        (["1.0", "2.0", "NaN", ""] * 5, [("1", 5), ("2", 5), (NONE, 10)]),
        (["5", "05"] * 10, [("5", 20)]),
        ([0.5, 10, -1, None] * 5, [("-1", 5), ("0.5", 5), ("10", 5), (NONE, 5)]),
        ([0.0, -0.0] * 10, [("0", 20)]),
        ([0.0, 1e-9] * 10, [("0", 10), ("0.000000001", 10)]),
        ([1e300, 1.0] * 10, [("1", 10), ("1e+300", 10)]),
        ([float("inf"), float("nan")] * 10, [("inf", 10), (NONE, 10)]),
        ([True, False, None, True] * 5, [("false", 5), ("true", 10), (NONE, 5)]),
        ([" ", "x", None, "(none)"] * 5, [("x", 5), (NONE, 15)]),
        ([datetime.date(2024, 5, 1)] * 20, [("2024-05-01", 20)]),
        (pl.Series(["u", "v"] * 10, dtype=pl.Categorical), [("u", 10), ("v", 10)]),
        (pl.Series(["z", "a"] * 10, dtype=pl.Enum(["z", "a"])), [("a", 10), ("z", 10)]),
        (pl.Series([1, 2] * 10, dtype=pl.UInt8), [("1", 10), ("2", 10)]),
        (list(range(12)) + [11] * 8, [*((str(i), 1) for i in range(11)), ("11", 9)]),
        (list(range(20)), [("0 to 4", 5), ("5 to 9", 5), ("10 to 14", 5), ("15 to 19", 5)]),
        ([0] * 8 + list(range(1, 13)), [("0", 8), ("1 to 2", 2), ("3 to 7", 5), ("8 to 12", 5)]),
        (
            [i / 1000 for i in range(20)],
            [
                ("0 to 0.004", 5),
                ("0.005 to 0.009", 5),
                ("0.01 to 0.014", 5),
                ("0.015 to 0.019", 5),
            ],
        ),
    ],
)
def test_names_and_sizes_of_bins(values, wanted, with_column, table) -> None:
    assert names_of(with_column(values), table) == wanted


def test_the_number_of_bins_and_edges(with_column, table) -> None:
    pool = with_column([i / 2 for i in range(20)])
    assert names_of(pool, table, cuts=1) == [("0 to 9.5", 20)]
    assert names_of(pool, table, cuts=2) == [("0 to 4.5", 10), ("5 to 9.5", 10)]
    assert [n for _, n in names_of(pool, table, cuts=99)] == [1] * 20
    assert names_of(pool, table, cuts=[2, 5.5]) == [
        ("below 2", 4),
        ("2 to below 5.5", 7),
        ("5.5 and more", 9),
    ]
    assert names_of(pool, table, cuts=[-1, 50]) == [("-1 to below 50", 20)]
    few = with_column([1, 2, 3, 4] * 5)
    assert [n for _, n in names_of(few, table)] == [5] * 4
    assert names_of(few, table, cuts=2) == [("1 to 2", 10), ("3 to 4", 10)]
    assert names_of(with_column([1.5] * 19 + [None]), table, cuts=3) == [("1.5", 19), (NONE, 1)]


def test_boundaries_are_the_nearest_to_the_quantiles() -> None:
    rng = np.random.default_rng(0)
    for _ in range(500):
        values = rng.integers(0, rng.integers(1, 9), rng.integers(1, 40)).astype(float)
        n_bins = int(rng.integers(1, 9))
        starts = np.unique(values)[1:]
        below = [(values < s).sum() for s in starts]
        targets = [values.size * k / n_bins for k in range(1, min(n_bins, values.size))]
        if n_bins > values.size:
            targets = list(range(1, values.size))
        nearest = {int(np.argmin([abs(b - t) for b in below])) for t in targets if below}
        assert quantile_starts(values, n_bins).tolist() == [starts[k] for k in sorted(nearest)]


def test_small_bins_say_so(with_column, table) -> None:
    found = bins(with_column(["x"] * 5 + ["y"] * 4 + ["z"] * 11), table, "mood")
    assert [b.status for b in found] == ["ok", "few_problems", "ok"]


def test_problems_that_no_row_describes_have_no_value(with_column, table) -> None:
    assert names_of(with_column(["x"] * 7), table) == [("x", 7), (NONE, 13)]


def test_problems_beyond_the_table_do_not_count(with_column, tables) -> None:
    pool = with_column(list(range(20)))
    part = tables.of({("coverage", 1, 0): np.zeros(4)})
    assert names_of(pool, part) == [("0", 1), ("1", 1), ("2", 1), ("3", 1)]


def test_columns_of_parts_that_differ(with_column, table) -> None:
    pool = with_column([1, 2] * 5)
    more = pl.DataFrame({"problem_id": [f"p{i:03d}" for i in range(10, 15)], "mood": ["2"] * 5})
    pool = append(pool, "problems", more)
    pool = append(pool, "problems", pl.DataFrame({"problem_id": ["p015"]}))
    assert names_of(pool, table) == [("1", 5), ("2", 10), (NONE, 5)]


def test_restrict(table) -> None:
    mask = np.arange(20) % 3 == 0
    part = table.restrict(mask)
    assert part.problem_ids == table.problem_ids[::3]
    assert part.success.tolist() == table.success[:, ::3].tolist()
    assert part.variance.shape == (2, 7)
    assert part.points is table.points


# What cannot be asked.


def refusal(error: type[Exception], pool: Pool, table: SuccessTable, by: str, cuts=None) -> str:
    """The words of an error that both the early check and the bins raise."""
    with pytest.raises(error) as caught:
        bins(pool, table, by, cuts)
    words = str(caught.value)
    assert "\n" not in words
    with pytest.raises(error, match=re.escape(words)):
        check_by(pool, by, cuts)
    return words


def test_an_unknown_or_empty_column_names_those_there_are(with_column, table) -> None:
    pool = with_column(["x"] * 20)
    for by in ("level2", "problem_id", ""):
        words = refusal(NotInPoolError, pool, table, by)
        assert words == (
            f"{pool.path}: problems have no column '{by}'; there are: mood; or take pass_rate"
        )
    words = refusal(NotInPoolError, pool, table, "level")
    assert words.endswith("column 'level' of problems is empty; there are: mood; or take pass_rate")
    words = refusal(NotInPoolError, with_column([None] * 20), table, "mood")
    assert "none of their columns holds a value" in words


def test_a_pool_without_problems(pool, table) -> None:
    assert "by pass_rate only" in refusal(NotInPoolError, pool, table, "level")


def test_a_published_table(published) -> None:
    pool = open_example("singhi2025_fig1")
    for by in ("level", PASS_RATE):
        assert "no problems to sort" in refusal(NotInPoolError, pool, published, by)


def test_columns_of_no_use(with_column, table) -> None:
    words = refusal(BadInputError, with_column([[1], [2]] * 10), table, "mood")
    assert "holds neither text nor numbers (List(Int64))" in words
    words = refusal(BadInputError, with_column([f"x{i}" for i in range(20)]), table, "mood")
    assert "'mood' has 20 different texts for 20 problems" in words
    pool = with_column(["x"] * 20)
    (part,) = pool.parts("problems")
    part.with_name("part-000001-copy.parquet").write_bytes(part.read_bytes())
    assert "keys repeat in problems" in refusal(BadInputError, pool, table, "mood")


def test_cuts_of_no_use(with_column, pool, table) -> None:
    text, numbers = with_column(["x"] * 20), with_column(range(20))
    assert "holds text and has one bin" in refusal(BadInputError, text, table, "mood", 3)
    assert "bins = 0: use a number from 1" in refusal(BadInputError, numbers, table, "mood", 0)
    for cuts in ([], [2, 1], [1, 1], [float("nan")], [1, float("inf")]):
        assert "use rising numbers" in refusal(BadInputError, numbers, table, "mood", cuts)
    half = success_table(pool, ["coverage"], [1], options=HALF)
    for cuts in ([0, 0.5], [0.5, 1.5]):
        words = refusal(BadInputError, pool, half, PASS_RATE, cuts)
        assert "pass rates lie between 0 and 1" in words


# Real pools.


def test_humaneval_by_pass_rate() -> None:
    """The figures of docs/difficulty.md; on easy programs votes help, on hard ones they harm."""
    pool = open_example("humaneval_codegen16b")
    names = ["self_consistency", "best_of_n"]
    table = success_table(pool, names, [1, 32], [8], options=Options(half="analysis"))
    found = bins(pool, table, PASS_RATE)
    assert [(b.name, b.n_problems) for b in found] == [
        ("0", 46),
        ("0.02 to 0.06", 27),
        ("0.08 to 0.36", 35),
        ("0.4 to 0.98", 35),
    ]
    gain = [b.table.mean()[1] - b.table.mean()[0] for b in found]
    assert gain[0] < 0 < gain[2]
    assert [round(100 * float(b.table.mean()[0]), 1) for b in found] == [0.7, 3.6, 16.9, 63.7]
