"""Real reasoning models: the figures of an independent replay, and the vote of the verifier."""

import polars as pl
import pytest

from svlaw.analysis.compare.curves import curves
from svlaw.analysis.success.pool_strategies import contenders, default_strategies
from svlaw.analysis.success.success_table import success_table
from svlaw.analysis.token_costs import token_cost
from svlaw.data.errors import NotInPoolError
from svlaw.data.examples import copy_example, open_example
from svlaw.data.pool_writer import append

# Success and tokens of 1,000 random orders, at most 64 samples.
REPLAYED = {
    ("self_consistency", "", 16, 0): (0.716, 72_643),
    ("self_consistency", "", 32, 0): (0.722, 145_265),
    ("adaptive_vote", "lead=3:most=64", None, None): (0.718, 39_888),
    ("adaptive_vote", "lead=4:most=64", None, None): (0.721, 60_583),
    ("adaptive_vote", "threshold=0.95:most=64", None, None): (0.720, 112_715),
    ("early_stopping", "window=4:most=64", None, None): (0.721, 126_455),
    ("best_of_n", "", 4, 1): (0.721, 26_154),
    ("best_of_n", "", 8, 1): (0.728, 44_298),
    ("best_of_n", "", 8, 2): (0.730, 52_350),
    ("best_of_n", "", 8, 4): (0.732, 68_350),
    ("best_of_n", "", 16, 8): (0.734, 136_729),
    ("weighted_vote", "", 4, 1): (0.719, 26_154),
    ("weighted_vote", "", 8, 1): (0.725, 44_298),
    ("weighted_vote", "", 8, 2): (0.730, 52_350),
    ("weighted_vote", "", 8, 4): (0.734, 68_350),
    ("weighted_vote", "", 16, 8): (0.739, 136_729),
    ("verifier_vote", "lead=2:most=64", None, None): (0.729, 23_360),
    ("verifier_vote", "lead=3:most=64", None, None): (0.732, 40_815),
    ("verifier_vote", "most=16", None, None): (0.731, 128_291),
}


def test_an_independent_replay_gives_the_same_figures() -> None:
    pool = open_example("gpqa_diamond")
    asked = [f"{name}:{setting}" if setting else name for name, setting, _, _ in REPLAYED]
    table = success_table(pool, list(dict.fromkeys(asked)), [4, 8, 16, 32], [1, 2, 4, 8])
    rows = {
        (row["strategy"], row["setting"], row["solutions"], row["verifications"]): row
        for row in curves(table, token_cost(pool)).iter_rows(named=True)
    }
    for key, (success, tokens) in REPLAYED.items():
        assert rows[key]["success"] == pytest.approx(success, abs=0.003), key
        assert rows[key]["cost"] == pytest.approx(tokens, rel=0.01), key


def test_frontier_and_plan_compare_it(svlaw) -> None:
    pool = open_example("gpqa_diamond")
    quick = ("--solutions", "1,4", "--verifications", "1", "--json")
    found = {
        name: svlaw(name, pool.path, *options, *quick)[1]
        for name, options in (
            ("curves", ()),
            ("frontier", ()),
            ("plan", ("--budget", "8")),
        )
    }
    has_it = {name: "verifier_vote" in text for name, text in found.items()}
    assert has_it == {"curves": False, "frontier": True, "plan": True}


def test_the_vote_of_the_verifier_is_known_where_its_answers_are_known() -> None:
    pool = open_example("gpqa_diamond")
    assert contenders(pool) == (*default_strategies(pool), "verifier_vote")
    without = open_example("humaneval_codegen16b")
    assert contenders(without) == default_strategies(without)
    with pytest.raises(NotInPoolError, match="holds nothing for verifier_vote"):
        success_table(without, ["verifier_vote"])


def test_asked_once_the_verifier_is_as_right_as_its_answers_are() -> None:
    pool = open_example("exams_gpt35_by_gpt4")
    answers = pool.scan("verifier_answers", "gpt4_resolve").collect()
    by_problem = answers.group_by("problem_id").agg(pl.col("is_correct").mean())
    table = success_table(pool, ["verifier_vote:most=1"])
    assert table.mean()[0] == pytest.approx(by_problem["is_correct"].mean(), abs=0.002)


def test_a_stored_vote_of_the_verifier_goes_with_its_answers(tmp_path) -> None:
    pool = copy_example("exams_gpt35_by_gpt4", tmp_path / "pool")
    before = success_table(pool, ["verifier_vote:most=1", "self_consistency"], [1])
    answers = pool.scan("verifier_answers", "gpt4_resolve").collect()
    (part,) = pool.parts("verifier_answers", "gpt4_resolve")
    part.unlink()
    answers = answers.with_columns(is_correct=pl.lit(True))
    pool = append(pool, "verifier_answers", answers, verifier="gpt4_resolve")
    after = success_table(pool, ["verifier_vote:most=1", "self_consistency"], [1])
    assert before.mean()[0] < 0.8
    assert after.mean()[0] > 0.99  # an answer that is missing is right nowhere
    assert before.mean()[1] == after.mean()[1]
