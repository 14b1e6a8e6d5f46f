"""Classes of equivalent answers against a twin that compares every pair directly."""

import itertools
import random

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from svlaw.data.grading.answer_readings import read
from svlaw.data.grading.equivalence import number_links, number_reading, tolerance_links
from svlaw.data.grading.grader import grade_answers, judge
from svlaw.data.grading.meanings import Reading
from svlaw.data.grading.numbers import is_within, read_number, same_number
from svlaw.data.grading.sameness import agree, weights
from svlaw.data.grading.spellings import judge_spelling, spell

Partition = frozenset[frozenset[str]]

MIXED = [
    r"\frac{1}{2}", "0.5", r"\dfrac12", r"\sin\frac{\pi}{6}", "50%", "2", r"\sqrt{4}", "x=2",
    r"\{2\}", r"2\sqrt{2}", r"\sqrt{8}", "2.828427", r"\frac{4}{\sqrt{2}}", "8^{1/2}",
    "[1,2)", r"\left[1, \sqrt{4}\right)", "[1,2]", r"1\le x<2", r"x\in[1,2)", "(1,2)",
    "(x+1)^2", "x^2+2x+1", "x^2+2x", "y=2x+1", "y-2x=1", "2y=4x+2", "y=2x-1", "2x+1",
    "east", "seat", r"\text{East}", "no solution", r"\pi", "3.141593", "3.14",
    r"\begin{pmatrix}1\\2\end{pmatrix}", r"\begin{bmatrix}1\\ \frac{4}{2}\end{bmatrix}", "1,2",
    r"\{2,1\}", r"\frac{1}{2", "%", "5 cm", r"0.05\text{ m}", r"\infty", "infinity", "x>3", "3<x",
    r"(3,\infty)",
]  # fmt: skip
"""Wrong answers to one problem: in several classes, and not one of them 977."""


def meant(answer: str) -> Reading:
    """All that an answer may mean."""
    number = spell(answer).number
    return (*(number_reading(number) if number else ()), *read(answer))


def directly(answers: list[str]) -> Partition:
    """Compare all pairs in both directions, and unite those that agree."""
    groups = [{answer} for answer in answers]

    def group_of(answer: str) -> set[str]:
        return next(group for group in groups if answer in group)

    for one, other in itertools.combinations(answers, 2):
        verdict = judge_spelling(spell(one), spell(other))
        same = verdict == "correct"
        if verdict is None:
            same = agree(meant(one), meant(other))
        if same and group_of(one) is not group_of(other):
            merged = group_of(one) | group_of(other)
            groups[:] = [group for group in groups if not group & merged] + [merged]
    return frozenset(frozenset(group) for group in groups)


def graded(answers: list[str], reference: str = "977", problem: str = "p") -> Partition:
    """The classes that grading finds."""
    frame = pl.DataFrame(
        {"problem_id": problem, "answer": answers, "reference_answer": reference, "kind": "math"}
    )
    result = grade_answers(frame, workers=2)
    assert not result["is_correct"].any()
    classes = result.group_by("answer_class").agg("answer")["answer"]
    return frozenset(frozenset(group) for group in classes)


@pytest.mark.slow
def test_classes_are_those_of_comparing_every_pair() -> None:
    assert graded(MIXED) == directly(MIXED)


def test_some_classes_are_as_mathematics_says() -> None:
    classes = graded(MIXED)
    together = [
        {r"\frac{1}{2}", "0.5", r"\dfrac12", r"\sin\frac{\pi}{6}", "50%"},
        {r"2\sqrt{2}", r"\sqrt{8}", r"\frac{4}{\sqrt{2}}", "8^{1/2}"},
        {"(x+1)^2", "x^2+2x+1"},
        {"y=2x+1", "y-2x=1", "2y=4x+2"},
        {"east", r"\text{East}"},
        {"5 cm", r"0.05\text{ m}"},
        {"[1,2)", r"\left[1, \sqrt{4}\right)", r"1\le x<2", r"x\in[1,2)"},
        {"x>3", "3<x", r"(3,\infty)"},
    ]
    for group in together:
        assert any(group <= found for found in classes), group
    apart = ["2", r"2\sqrt{2}", "[1,2]", "x^2+2x", "y=2x-1", "east", "seat", "3.14", "%", r"\pi"]
    for one, other in itertools.combinations(apart, 2):
        assert not any({one, other} <= found for found in classes), (one, other)


def test_classes_do_not_depend_on_row_order_or_names() -> None:
    answers = MIXED[3:15]
    shuffled = random.Random(5).sample(answers, len(answers))
    assert graded(answers) == graded(shuffled, problem="another name")


def test_weights_are_close_wherever_readings_agree() -> None:
    agreed = 0
    for one, other in itertools.permutations(MIXED, 2):
        if not agree(meant(one), meant(other)):
            continue
        agreed += 1
        assert any(
            kind == other_kind and abs(a - b) <= 3e-5 * min(a, b)
            for kind, a in weights(meant(one))
            for other_kind, b in weights(meant(other))
        ), (one, other)
    assert agreed > 20


NUMBERS = st.lists(
    st.one_of(
        st.integers(-3, 3).map(str),
        st.sampled_from(["50%", "0.5", "1/2", "5000%", "0.333333", r"\frac13", "0.3333333", "0.33",
                         "3 m", "300 cm", "3", "11_2", "10_3",
                         "1.000000", "0.999999", "0.9999999"]),
        st.fractions(-2, 2, max_denominator=4).map(lambda f: f"{f.numerator}/{f.denominator}"),
    ),
    max_size=12,
    unique_by=lambda answer: spell(answer).key,
)  # fmt: skip


@given(NUMBERS)
def test_links_of_numbers_group_them_as_all_pairs_do(answers: list[str]) -> None:
    spellings = [spell(answer) for answer in answers]
    all_pairs = [
        (one, other)
        for one, other in itertools.combinations(spellings, 2)
        if one.number and other.number and same_number(one.number, other.number)
    ]
    assert connected(answers, number_links(spellings)) == connected(answers, all_pairs)


@settings(max_examples=200)
@given(st.lists(st.integers(-60, 60), unique=True, max_size=25), st.sampled_from([0.01, 0.1, 0.5]))
def test_linking_neighbours_groups_as_linking_all_within_the_tolerance(
    values: list[int], tolerance: float
) -> None:
    numbers = [(str(value), read_number(str(value))) for value in values]
    close = [
        (one, other)
        for (one, a), (other, b) in itertools.combinations(numbers, 2)
        if a and b and (is_within(a, b, tolerance) or is_within(b, a, tolerance))
    ]
    found = tolerance_links([(name, number) for name, number in numbers if number], tolerance)
    names = [name for name, _ in numbers]
    assert connected(names, found) == connected(names, close)


def connected(names: list[str], links: object) -> Partition:
    """The groups that links leave, by spreading the smallest name."""
    label = {name: name for name in names}
    pairs = [tuple(getattr(end, "text", end) for end in link) for link in links]  # type: ignore[attr-defined]
    for _ in names:
        for one, other in pairs:
            label[one] = label[other] = min(label[one], label[other])
    return frozenset(
        frozenset(name for name in names if label[name] == least) for least in set(label.values())
    )


def test_correct_answers_are_one_class_whatever_they_say_of_each_other() -> None:
    frame = pl.DataFrame(
        {
            "problem_id": "p",
            "answer": ["x=5", "5", "y=5", "5.0", "6", r"\sqrt{36}"],
            "reference_answer": "5",
        }
    )
    result = grade_answers(frame, workers=1)
    assert result["is_correct"].to_list() == [True, True, True, True, False, False]
    assert result["answer_class"].to_list() == [0, 0, 0, 0, 1, 1]
    assert judge([("x=5", "y=5")], workers=1) == {("x=5", "y=5"): "wrong"}
