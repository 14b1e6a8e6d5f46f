"""The demonstration's problems, solutions and verifications, against arithmetic done elsewhere."""

import random
import re
from itertools import islice

import pytest

from svlaw.data.grading.extractors import built_in_extractor
from svlaw.data.verdicts.readings import parse_verdict
from svlaw.generate.demo.chains import (
    LARGEST,
    Chain,
    draw_chains,
    spoil_solution,
    stated_values,
    write_comparisons,
    write_solution,
    write_verification,
)

CHAIN = Chain(39, (("*", 3), ("+", 221), ("-", 22)))


def some_chains(count: int = 300, *, held_out: bool = False) -> list[Chain]:
    return list(islice(draw_chains(random.Random(3), range(1, 7), held_out), count))


def evaluate(expression: str) -> int:
    """Value of an expression by Python's own rules."""
    assert re.fullmatch(r"[\d*+-]+", expression)
    return int(eval(expression))


def test_a_chain_reads_as_written() -> None:
    assert CHAIN.question == "What is 39*3+221-22?"
    assert CHAIN.values == [117, 338, 316]
    assert write_solution(CHAIN) == (
        "39*3=117\n117+221=338\n338-22=316\nThe final answer is \\boxed{316}."
    )
    assert write_verification(CHAIN, write_solution(CHAIN)) == (
        "39*3: 30*3=90, 9*3=27, 90+27=117; stated 117, right\n"
        "117+221: 117+200=317, 317+20=337, 337+1=338; stated 338, right\n"
        "338-22: 338-20=318, 318-2=316; stated 316, right\n"
        "Is the answer correct (Yes/No)? Yes"
    )


def test_a_verification_stops_at_the_first_mistake() -> None:
    solution = write_solution(CHAIN, [117, 328, 306])
    assert write_verification(CHAIN, solution).splitlines()[1:] == [
        "117+221: 117+200=317, 317+20=337, 337+1=338; stated 328, wrong",
        "Is the answer correct (Yes/No)? No",
    ]


@pytest.mark.parametrize("held_out", [False, True])
def test_references_follow_the_usual_order_of_operations(held_out: bool) -> None:
    for chain in some_chains(held_out=held_out):
        expression = chain.question.removeprefix("What is ").removesuffix("?")
        assert chain.values[-1] == evaluate(expression)
        assert all(1 <= value <= LARGEST for value in chain.values)
        assert chain.held_out == held_out


def test_every_equation_of_a_right_solution_and_its_verification_holds() -> None:
    for chain in some_chains():
        solution = write_solution(chain)
        for text in (solution, write_verification(chain, solution)):
            equations = re.findall(r"(\d+[*+-]\d+)=(\d+)", text)
            assert len(equations) >= len(chain.steps)
            assert all(evaluate(left) == int(right) for left, right in equations)


def test_svlaw_reads_answers_and_verdicts() -> None:
    rng = random.Random(4)
    for chain in some_chains():
        reference = str(chain.values[-1])
        for kind in ("numeric", "math"):
            extract = built_in_extractor(kind, reference)
            assert extract(write_solution(chain)) == reference
            spoiled = spoil_solution(chain, rng)
            assert extract(spoiled) == str(stated_values(spoiled, len(chain.steps))[-1])
        assert parse_verdict(write_verification(chain, write_solution(chain))) == "yes"
        assert parse_verdict(write_verification(chain, spoiled)) == "no"


def test_a_spoiled_solution_has_one_wrong_step() -> None:
    rng = random.Random(5)
    for chain in some_chains():
        lines = spoil_solution(chain, rng).splitlines()[:-1]
        sides = [line.split("=") for line in lines]
        wrong = [evaluate(left) != int(right) for left, right in sides]
        below_one = [evaluate(left) < 1 for left, _ in sides]
        assert sum(wrong) - sum(below_one) <= 1
        assert any(wrong)


@pytest.mark.parametrize(
    ("solution", "values"),
    [
        ("39*3=117\n117+221=338\n338-22=316\nThe final answer is \\boxed{316}.", [117, 338, 316]),
        ("39*3=117\nThe final answer is \\boxed{7}.", [117, None, 7]),
        ("39*3=117\n117+221=338\n338-22=316\n316+1=317\n", [117, 338, None]),
        ("I do not know.", [None, None, None]),
    ],
)
def test_what_a_solution_states_is_read(solution: str, values: list[int | None]) -> None:
    assert stated_values(solution, 3) == values
    assert parse_verdict(write_verification(CHAIN, solution)) == (
        "yes" if values == CHAIN.values else "no"
    )


def test_comparisons_say_whether_two_numbers_agree() -> None:
    text = write_comparisons(random.Random(6), 400)
    rows = re.findall(r"^=(\d+); stated (\d+), (right|wrong)$", text, re.MULTILINE)
    assert len(rows) == len(text.splitlines()) == 400
    assert all((value == claim) == (word == "right") for value, claim, word in rows)
    assert 150 < sum(word == "right" for *_, word in rows) < 250


def test_one_seed_draws_the_same_chains() -> None:
    assert some_chains() == some_chains()
    assert len(set(some_chains())) > 290
