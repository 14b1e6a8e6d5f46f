"""Simulated pools: reproducible, sound, and drawn from the population they are said to be."""

from dataclasses import asdict, fields, replace
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from svlaw.analysis.checks.pool_check import check_pool, is_sound
from svlaw.analysis.success.estimators import Options
from svlaw.analysis.success.sample_reader import load_samples
from svlaw.analysis.success.success_table import success_table
from svlaw.data.errors import BadInputError
from svlaw.data.lengths import measure_lambda
from svlaw.data.pool import Pool, open_pool
from svlaw.data.pool_writer import create_pool
from svlaw.fit.simulation import simulator
from svlaw.fit.simulation.simulator import (
    SETTINGS,
    VERIFIER,
    Simulation,
    simulate_pool,
    simulate_samples,
    simulate_table,
    simulation_of,
)

SMALL = {"problems": 5, "solutions": 12, "verifications": 3}
ODD = Simulation(
    pass_rate=0.35,
    pass_rate_spread=0.3,
    unsolvable=0.1,
    always_solved=0.15,
    wrong_answers=6,
    concentration=0.8,
    no_answer=0.2,
    true_positive_rate=0.7,
    true_positive_spread=0.25,
    false_positive_rate=0.4,
    false_positive_spread=0.1,
    correlation=0.35,
    solution_tokens=120.5,
    verification_tokens=40.25,
    token_spread=0.7,
)


def contents(path: Path) -> dict[str, bytes]:
    return {
        str(file.relative_to(path)): file.read_bytes()
        for file in sorted(path.rglob("*"))
        if file.is_file()
    }


def test_the_same_seed_gives_the_same_bytes(tmp_path: Path) -> None:
    for name, seed in (("a", 3), ("b", 3), ("c", 4)):
        simulate_pool(tmp_path / name, ODD, **SMALL, seed=seed)
    first, again, other = (contents(tmp_path / name) for name in "abc")
    assert first == again
    assert len(first) == 4
    assert first.keys().isdisjoint(other.keys() - {"pool.json"})  # parts are named by their bytes


def same(ours, theirs) -> bool:
    names = [field.name for field in fields(ours)]
    return all(
        np.array_equal(getattr(ours, n), getattr(theirs, n))
        and getattr(getattr(ours, n), "dtype", None) == getattr(getattr(theirs, n), "dtype", None)
        for n in names
    )


@pytest.mark.parametrize("part_rows", [1_000_000, 80])
def test_samples_are_those_of_the_pool(part_rows: int, tmp_path: Path, monkeypatch) -> None:
    monkeypatch.setattr(simulator, "_PART_ROWS", part_rows)
    pool = simulate_pool(tmp_path / "pool", ODD, **SMALL, seed=2)
    assert len(pool.parts("answers")) == (1 if part_rows > 80 else 3)
    samples = simulate_samples(ODD, **SMALL, seed=2)
    written = load_samples(pool, VERIFIER)
    assert len(samples) == len(written) == 5
    assert all(map(same, samples, written))
    assert {label for sample in samples for label in sample.missing} == {True, False}


def test_more_problems_leave_the_first_as_they_are() -> None:
    few = simulate_samples(ODD, **SMALL)
    many = simulate_samples(ODD, **(SMALL | {"problems": 9}))
    assert all(map(same, few, many))
    assert len({sample.problem_id for sample in many}) == 9
    assert not np.array_equal(many[0].scores, many[1].scores)


def test_a_table_is_that_of_the_pool(tmp_path: Path) -> None:
    sizes = {"problems": 12, "solutions": 16, "verifications": 4}
    options = Options(tolerance=0.01, seed=5)
    pool = simulate_pool(tmp_path / "pool", ODD, **sizes, seed=1)
    ours = simulate_table(ODD, **sizes, seed=1, options=options, threads=1)
    theirs = success_table(pool, options=options)
    assert ours.points.equals(theirs.points)
    np.testing.assert_array_equal(ours.success, theirs.success)
    np.testing.assert_array_equal(ours.variance, theirs.variance)
    for name in ("problem_ids", "n_set_aside", "options", "verifier"):
        assert getattr(ours, name) == getattr(theirs, name)
    chosen = simulate_table(
        ODD,
        **sizes,
        strategies=["best_of_n"],
        grid_solutions=[3],
        grid_verifications="all",
        options=options,
    )
    assert chosen.points.drop("setting").rows() == [("best_of_n", 3, v) for v in (1, 2, 3, 4)]


@pytest.fixture(scope="module")
def big(tmp_path_factory) -> Pool:
    """Many problems of the odd population."""
    path = tmp_path_factory.mktemp("simulated") / "pool"
    return simulate_pool(path, ODD, problems=3000, solutions=20, verifications=4, seed=11)


def near(values, truth: float, errors: float = 4.5) -> bool:
    """Whether the mean of independent values is within so many standard errors of the truth."""
    values = np.asarray(values, float)
    error = values.std(ddof=1) / np.sqrt(values.size)
    return abs(values.mean() - truth) < errors * error


def test_the_population_of_problems(big: Pool) -> None:
    problems = big.read(
        "problems", ("problem_id", "pass_rate", "true_positive_rate", "false_positive_rate")
    )
    rate = problems["pass_rate"].to_numpy()
    assert near(rate == 0, ODD.unsolvable)
    assert near(rate == 1, ODD.always_solved)
    assert near(rate, ODD.mean_pass_rate)
    varied = rate[(rate > 0) & (rate < 1)]
    for values, mean, spread in (
        (varied, ODD.pass_rate, ODD.pass_rate_spread),
        (problems["true_positive_rate"], ODD.true_positive_rate, ODD.true_positive_spread),
        (problems["false_positive_rate"], ODD.false_positive_rate, ODD.false_positive_spread),
    ):
        assert near(values, mean)
        # Spread is the variance over the largest there can be.
        assert near((np.asarray(values) - mean) ** 2, spread * mean * (1 - mean))


def test_the_population_of_answers(big: Pool) -> None:
    answers = big.read(
        "answers", ("problem_id", "answer", "answer_class", "is_correct", "status", "output_tokens")
    )
    problems = big.read("problems", ("problem_id", "pass_rate"))
    right = answers.group_by("problem_id").agg(pl.col("is_correct").mean()).join(
        problems, on="problem_id"
    )  # fmt: skip
    assert near(right["is_correct"] - right["pass_rate"], 0)
    wrong = answers.filter(~pl.col("is_correct"))
    assert near(wrong["answer_class"].is_null(), ODD.no_answer)
    assert (wrong["answer_class"].is_null() == (wrong["status"] == "no_answer")).all()
    assert answers.filter("is_correct")["answer"].unique().to_list() == ["right"]
    given = wrong.drop_nulls("answer_class")
    assert given.filter(pl.col("answer_class") == 2)["answer"].unique().to_list() == ["wrong 2"]
    weights = np.arange(1, 7) ** -0.8
    for label, share in enumerate(weights / weights.sum(), 1):
        assert near(given["answer_class"] == label, share)
    assert near(answers["output_tokens"], ODD.solution_tokens)
    logs = np.log(answers["output_tokens"].to_numpy() - 0.5)
    assert logs.std() == pytest.approx(ODD.token_spread, rel=0.02)


def test_the_population_of_verdicts(big: Pool) -> None:
    verdicts = big.read(
        "verdicts", ("problem_id", "solution_id", "score", "verdict", "output_tokens"), VERIFIER
    )
    assert near(verdicts["output_tokens"], ODD.verification_tokens)
    assert ((verdicts["verdict"] == "yes") == (verdicts["score"] == 1)).all()
    assert set(verdicts["score"].unique()) == {0, 1}
    problems = big.read("problems", ("problem_id", "true_positive_rate", "false_positive_rate"))
    of_solution = (
        verdicts.group_by("problem_id", "solution_id")
        .agg(pl.col("score").sum().alias("yes"))
        .join(big.read("answers", ("problem_id", "solution_id", "is_correct")),
              on=["problem_id", "solution_id"])
        .join(problems, on="problem_id")
    )  # fmt: skip
    for right, name in ((True, "true_positive_rate"), (False, "false_positive_rate")):
        chosen = of_solution.filter(pl.col("is_correct") == right)
        per_problem = (
            chosen.with_columns(rate=pl.col(name), excess=pl.col("yes") - 4 * pl.col(name))
            .with_columns(
                # Of four verdicts, the products of all pairs: (sum^2 - sum of squares) / 2.
                pairs=(
                    pl.col("excess") ** 2
                    - pl.col("yes") * (1 - 2 * pl.col("rate"))
                    - 4 * pl.col("rate") ** 2
                )
                / 2,
                most=6 * pl.col("rate") * (1 - pl.col("rate")),
            )
            .group_by("problem_id")
            .agg(pl.col("excess").mean(), pl.col("pairs").sum(), pl.col("most").sum())
        )
        assert near(per_problem["excess"], 0)
        assert near(per_problem["pairs"] - ODD.correlation * per_problem["most"], 0)
        assert not near(per_problem["pairs"] - (ODD.correlation - 0.05) * per_problem["most"], 0)


def test_a_simulated_pool_is_sound(big: Pool) -> None:
    checks = check_pool(big)
    assert is_sound(checks)
    assert not [
        check for check in checks if "not stored" in check.message and "mean" in check.subject
    ]
    assert measure_lambda(big).ratio == pytest.approx(ODD.ratio, rel=0.01)


def test_the_pool_says_what_it_was_drawn_from(tmp_path: Path) -> None:
    pool = simulate_pool(tmp_path / "pool", ODD, **SMALL, seed=7)
    held = open_pool(pool.path)
    assert simulation_of(held) == ODD
    assert held.metadata["simulation"] == asdict(ODD)
    assert {name: held.metadata[name] for name in (*SMALL, "seed")} == SMALL | {"seed": 7}
    with create_pool(tmp_path / "other", {"source": "test"}) as writer:
        writer.add("answers", pool.scan("answers").collect())
    with pytest.raises(BadInputError, match="was not written by 'svlaw simulate'"):
        simulation_of(open_pool(tmp_path / "other"))


def test_without_verdicts(tmp_path: Path) -> None:
    sizes = SMALL | {"verifications": 0}
    pool = simulate_pool(tmp_path / "pool", ODD, **sizes)
    assert pool.verifiers == ()
    assert all(map(same, simulate_samples(ODD, **sizes), load_samples(pool)))


@pytest.mark.parametrize(
    "changes",
    [
        {"correlation": 0.0},
        {"correlation": 1.0},
        {"correlation": 0.9999},
        {"unsolvable": 1.0},
        {"unsolvable": 0.0, "always_solved": 1.0},
        {"wrong_answers": 1},
        {"no_answer": 1.0},
        {"pass_rate": 0.0},
        {"pass_rate_spread": 0.0, "true_positive_spread": 0.0, "false_positive_spread": 0.0},
        {"pass_rate_spread": 1.0, "true_positive_spread": 1.0, "false_positive_spread": 1.0},
        {"true_positive_rate": 1.0, "false_positive_rate": 0.0},
        {"solution_tokens": 1, "token_spread": 2.0},
    ],
)
def test_extremes(changes: dict[str, float], tmp_path: Path) -> None:
    simulation = replace(Simulation(), **changes)
    sizes = {"problems": 40, "solutions": 30, "verifications": 8}
    pool = simulate_pool(tmp_path / "pool", simulation, **sizes)
    assert is_sound(check_pool(pool))
    samples = simulate_samples(simulation, **sizes)
    right = np.concatenate([s.correct for s in samples])
    yes = np.concatenate([s.scores.reshape(30, 8) > 0 for s in samples])
    if changes.get("correlation") == 1:
        assert set(yes.sum(axis=1)) == {0, 8}
    if changes.get("correlation") == 0.9999:
        assert np.isin(yes.sum(axis=1), (0, 8)).mean() > 0.99
    if changes.get("unsolvable") or changes.get("pass_rate") == 0:
        assert not right.any()
    if changes.get("always_solved"):
        assert right.all()
    if changes.get("wrong_answers"):
        assert max(s.classes.max() for s in samples) <= 1
    if changes.get("no_answer"):
        assert all((s.missing == ~s.correct).all() for s in samples)
    if changes.get("pass_rate_spread") == 1:
        assert {s.correct.mean() for s in samples} == {0, 1}
    if changes.get("true_positive_rate"):
        np.testing.assert_array_equal(yes, np.broadcast_to(right[:, None], yes.shape))
    if changes.get("solution_tokens"):
        assert pool.read("answers", ("output_tokens",))["output_tokens"].unique().to_list() == [1]


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"pass_rate": 1.5}, "pass_rate = 1.5: use a number from 0 to 1$"),
        ({"pass_rate": float("nan")}, "pass_rate = nan: use a number from 0 to 1$"),
        ({"correlation": -0.1}, "correlation = -0.1: use a number from 0 to 1$"),
        ({"wrong_answers": 0}, "wrong_answers = 0: use a number from 1 to 10,000$"),
        ({"wrong_answers": 2.5}, "wrong_answers = 2.5: use a whole number$"),
        ({"solution_tokens": 0.5}, "solution_tokens = 0.5: use a number from 1 to 100,000$"),
        ({"concentration": 11}, "concentration = 11: use a number from 0 to 10$"),
        ({"token_spread": 3}, "token_spread = 3: use a number from 0 to 2$"),
        ({"unsolvable": 0.6, "always_solved": 0.5}, "are more than all problems together"),
    ],
)
def test_populations_there_are_not(changes: dict[str, float], message: str) -> None:
    with pytest.raises(BadInputError, match=message):
        Simulation(**changes)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"problems": 0}, "problems = 0: use a whole number from 1"),
        ({"solutions": 0}, "solutions = 0: use a whole number from 1"),
        ({"verifications": -1}, "verifications = -1: use a whole number from 0"),
        ({"seed": -1}, "seed = -1: use a whole number from 0"),
    ],
)
def test_sizes_there_are_not(changes: dict[str, int], message: str, tmp_path: Path) -> None:
    with pytest.raises(BadInputError, match=message):
        simulate_pool(tmp_path / "pool", ODD, **(SMALL | changes))
    with pytest.raises(BadInputError, match=message):
        simulate_samples(ODD, **(SMALL | changes))
    assert list(tmp_path.iterdir()) == []


def test_an_interrupt_or_an_existing_folder_leaves_nothing(tmp_path: Path, monkeypatch) -> None:
    monkeypatch.setattr(simulator, "_PART_ROWS", 80)

    def interrupt(done: int, total: int) -> None:
        assert 0 < done < total == 5
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        simulate_pool(tmp_path / "pool", ODD, **SMALL, progress=interrupt)
    assert list(tmp_path.iterdir()) == []
    (tmp_path / "pool").mkdir()
    with pytest.raises(BadInputError, match="exists already"):
        simulate_pool(tmp_path / "pool", ODD, **SMALL)
    assert list((tmp_path / "pool").iterdir()) == []


def test_the_settings_are_different_populations() -> None:
    assert SETTINGS["typical"] == Simulation()
    assert len(set(SETTINGS.values())) == 3
