import pytest

from svlaw.data.grading.answers import extract_answer, normalize_answer, reference_answer


@pytest.mark.parametrize(
    ("text", "answer"),
    [
        (r"so it is \boxed{\frac{1}{2}}.", r"\frac{1}{2}"),
        (r"\boxed{1}, no: \boxed{2}", "2"),
        (r"\fbox{7}", "7"),
        (r"\boxed{\{1, 2\}}", r"\{1, 2\}"),
        (r"\boxed{\left\{ x \right.}", r"\left\{ x \right."),
        (r"it is \boxed 5$", "5"),
        (r"first \boxed{3}, then \boxed{4", "3"),
        (r"first \boxed{3}, then \boxed{}", "3"),
        (r"\boxed{$5$}", "5"),
        (r"Final Answer: The final answer is $2\pi$. I hope it is correct.", r"2\pi"),
        ("The final answer is 3i. I hope it is correct.", "3i"),
        ("The final answer is 3.5. I hope it is correct", "3.5"),
        ("The final answer is correct. I hope it is correct.", "correct"),
        (r"The final answer is: $\boxed{5}$. I hope it is correct.", "5"),
        ("The final answer is\n$(1,\n2)$. I hope it is correct.", "(1,\n2)"),
        (r"\boxed{5}. The final answer is 6. I hope it is correct.", "6"),
        (r"The final answer is 6. I hope it is correct. Wait: \boxed{7}", "7"),
        (r"\boxed{5}. The final answer is . I hope it is correct.", "5"),
        ("Therefore, the answer is 42.", "42"),
        ("Hence the answer is not 4.\nThe answer is $4$.", "4"),
        ("**Answer:** 42", "42"),
        ("The final answer is $x = 5$\n", "x = 5"),
    ],
)
def test_the_last_statement_of_an_answer_counts(text: str, answer: str) -> None:
    assert extract_answer(text) == answer


@pytest.mark.parametrize(
    "text",
    [
        None,
        "",
        "no answer here",
        r"cut off in \boxed{12",
        r"\boxed{}",
        r"\boxes{3}",
        "The answer is hard to see.\nLet us try again",
        "The final answer is . I hope it is correct.",
    ],
)
def test_no_statement_gives_none(text: str | None) -> None:
    assert extract_answer(text) is None


@pytest.mark.parametrize(
    ("gt_answer", "answer"),
    [
        ("0777", "0777"),
        ("1:30", "1:30"),
        ("yes", "yes"),
        ("27.0", "27"),
        ("-3.0", "-3"),
        ("2.50", "2.50"),
        (r"We get $x = \boxed{3.0}$.", "3"),
        (r"\boxed{1}\boxed{\sqrt{2}}", r"\sqrt{2}"),
        (r"$\frac{1}{2}$", r"\frac{1}{2}"),
        (" ", None),
        ("$$", None),
    ],
)
def test_reference_is_bare_or_boxed(gt_answer: str, answer: str | None) -> None:
    assert reference_answer(gt_answer) == answer


@pytest.mark.parametrize(
    "spellings",
    [
        (r"\frac{1}{2}", r"\dfrac{1}{2}", r"\tfrac12", r"$\frac 1 2$", "1/2", r" 1 / 2 ."),
        ("10000", "10,000", "10{,}000", r"10\,000", r"10\!000", r"\$10,000", "10000.00", "10000."),
        ("777", "0777", "+777"),
        ("0.5", ".5", "0.50"),
        ("0", "-0", "0.0"),
        (r"\left( 3, \frac{\pi}{2} \right)", r"(3,\frac{\pi}{2})", r"\big(3, \frac{\pi}{2}\big)"),
        ("C", "(C)", r"\text{C}", r"\text{(C)}", r"\textbf{(C)}"),
        ("east", "East", r"\text{east}", r"\mbox{east} "),
        ("30", r"30^\circ", r"30^{\circ}", "30°"),
        (r"x\le5", r"x \leq 5"),
        ("-3", "\u22123"),
        (r"\sqrt2", r"\sqrt{2}"),
        ("50%", r"50\%"),
        ("5cm", r"5\text{ cm}"),
        (r"\frac{x}{2}", "frac{x}{2}", r"\frac{x}{2} \\"),
        (r"\emptyset", r"\varnothing", "∅"),
    ],
)
def test_spellings_of_one_answer_agree(spellings: tuple[str, ...]) -> None:
    assert len({normalize_answer(spelling) for spelling in spellings}) == 1


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("1,2", "12"),
        ("(1,234)", "(1234)"),
        ("3 1/2", "31/2"),
        (r"1\frac{1}{2}", "11/2"),
        (r"x^2\frac{1}{2}", "x^21/2"),
        ("1 2", "12"),
        ("2\\pi", "2"),
        ("-5", "5"),
        ("A", "B"),
        ("x", "X"),
        ("", "0"),
        ("%", ""),
    ],
)
def test_different_answers_stay_different(one: str, other: str) -> None:
    assert normalize_answer(one) != normalize_answer(other)


@pytest.mark.parametrize("text", [r"\dfrac12", "10,000", "(C)", "East", "0.50", r"1\,\frac{1}{2}"])
def test_normalising_twice_changes_nothing(text: str) -> None:
    once = normalize_answer(text)
    assert normalize_answer(once) == once


@pytest.mark.parametrize(
    ("text", "answer"),
    [
        ("9 * 2 = 18\n#### 18", "18"),
        ("#### $1,000.\n\nQuestion: and then?\n#### 7", "$1,000"),  # the next question is not ours
        ("#### 18\nThe answer is 19", "19"),
        (r"\boxed{5} #### 6", "5"),
        ("so it is\n####", None),
    ],
)
def test_answers_in_the_form_of_gsm8k(text: str, answer: str | None) -> None:
    assert extract_answer(text) == answer


def test_reference_in_the_form_of_gsm8k() -> None:
    assert reference_answer("He has 3 + 4 = 7.\n#### 7") == "7"
    assert reference_answer("#### 3\n#### 1,234.0") == "1,234.0"
