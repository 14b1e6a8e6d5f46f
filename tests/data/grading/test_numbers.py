from fractions import Fraction

import pytest

from svlaw.data.grading.numbers import (
    Number,
    is_within,
    last_number,
    only_number,
    read_number,
    same_number,
)


@pytest.mark.parametrize(
    ("answer", "value"),
    [
        ("42", Fraction(42)),
        ("-0042.50", Fraction(-85, 2)),
        ("+7", Fraction(7)),
        (".5", Fraction(1, 2)),
        ("5.", Fraction(5)),
        ("1{,}234.5", Fraction(2469, 2)),
        ("1/2", Fraction(1, 2)),
        (r"-\frac{3}{4}", Fraction(-3, 4)),
        (r"\frac{3}{-4}", Fraction(-3, 4)),
        (r"\dfrac12", Fraction(1, 2)),
        ("1.5/2", Fraction(3, 4)),
        ("1 1/2", Fraction(3, 2)),
        (r"-2\frac{1}{3}", Fraction(-7, 3)),
        (r"1.2\times 10^{3}", Fraction(1200)),
        (r"5 \cdot 10^{-2}", Fraction(1, 20)),
        ("1.2e-3", Fraction(3, 2500)),
        ("2^{10}", Fraction(1024)),
        ("-3^2", Fraction(-9)),
        (r"0.\overline{3}", Fraction(1, 3)),
        (r"1.2\overline{45}", Fraction(137, 110)),
        ("101_2", Fraction(101)),
        (r"\$1,250.75", Fraction(5003, 4)),
        (r"12\text{ cm}^2", Fraction(12)),
        (r"\frac{1}{2}\text{ hour}", Fraction(1, 2)),
        ("$7$", Fraction(7)),
    ],
)
def test_plain_numbers_are_read_exactly(answer: str, value: Fraction) -> None:
    number = read_number(answer)
    assert number is not None
    assert number.value == value


@pytest.mark.parametrize(
    "answer",
    ["", "x", "2x", r"2\pi", r"\sqrt{2}", "1,2", "(1,2)", "1/0", r"\frac{1}{0}", "1 2", "1/2/3",
     "10^{1000}", "10^{10^{10}}", "12345678901^{300}", "102_2", "5_1", "0^{-1}", "1:30", "7" * 5000,
     "1.2.3", "--5", "%", r"0.\overline{}"],
)  # fmt: skip
def test_everything_else_is_left_to_algebra(answer: str) -> None:
    assert read_number(answer) is None


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("0.5", r"\frac{1}{2}", True),
        ("0.333333", r"\frac{1}{3}", True),
        ("0.33333", r"\frac{1}{3}", False),
        ("0.333333", "0.3333334", True),
        ("0.333333", "0.333334", False),
        ("0.0000001", "0.0000002", False),
        ("1.999999", "2", False),
        ("50%", "0.5", True),
        ("50%", "50", True),
        ("50%", "5", False),
        ("50%", "0.5%", False),
        ("12.5%", r"\frac{1}{8}", True),
        ("500 cm", "5 m", True),
        ("5 cm", "5 m", False),
        ("5 cm", "5 kg", False),
        ("5 cm", "5", True),
        (r"1\text{ m}^2", r"10000\text{ cm}^2", True),
        (r"1\text{ m}^2", r"1\text{ m}", False),
        ("3 square feet", r"3\text{ ft}^2", True),
        (r"\$5", "5 dollars", True),
        (r"\$0.50", "50 cents", True),
        (r"\$5", "€5", False),
        ("101_2", "101", True),
        ("101_2", "101_3", False),
        ("101_2", "12_3", True),
    ],
)
def test_two_numbers_are_the_same_or_not_whatever_their_order(
    one: str, other: str, same: bool
) -> None:
    first, second = read_number(one), read_number(other)
    assert first is not None
    assert second is not None
    assert same_number(first, second) is same
    assert same_number(second, first) is same


def test_a_dollar_that_opens_mathematics_is_no_currency() -> None:
    mathematics, money = read_number("$5$"), read_number(r"$\$5$")
    assert mathematics is not None
    assert mathematics.unit is None
    assert money is not None
    assert money.unit is not None


def test_the_tolerance_is_relative_and_reached() -> None:
    reference = Number(Fraction(-200))
    assert is_within(Number(Fraction(-202)), reference, 0.01)
    assert not is_within(Number(Fraction(-2021, 10)), reference, 0.01)
    assert not is_within(Number(Fraction(1, 10**9)), Number(Fraction(0)), 0.01)
    assert is_within(Number(Fraction(1, 2)), Number(Fraction(50), percent=True), 1e-6)


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("First 3, then 4. So we get 42.", "42"),
        ("It costs $1,234.50.", "1,234.50"),
        ("10-12", "12"),
        ("It is -5", "-5"),
        ("x=-5", "-5"),
        ("that is 3/4 of it", "3/4"),
        (r"so \frac{3}{4}.", r"\frac{3}{4}"),
        (r"about 1.5 \times 10^{3} m", r"1.5 \times 10^{3}"),
        ("2e5 times", "2e5"),
        ("H2O only", None),
        ("version 1.2.3", "1.2"),
        ("no number", None),
        ("", None),
    ],
)
def test_the_last_number_of_a_text(text: str, number: str | None) -> None:
    assert last_number(text) == number


@pytest.mark.parametrize(
    ("answer", "value"),
    [
        ("about 42 km/h", None),
        ("about 42", Fraction(42)),
        (r"\approx 3.5 \text{ gallons}", Fraction(7, 2)),
        ("x = 42", Fraction(42)),
        ("42 or 43", None),
        (r"3\pi", None),
        (r"\sqrt{2}", None),
        ("m^2 7", None),
        ("none", None),
    ],
)
def test_the_only_number_among_words(answer: str, value: Fraction | None) -> None:
    number = only_number(answer)
    assert (None if number is None else number.value) == value
