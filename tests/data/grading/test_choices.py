import pytest

from svlaw.data.grading.choices import choice_letter, extract_choice, is_choice


@pytest.mark.parametrize(
    "answer",
    ["B", "b", "(B)", "(b)", "[B]", "B.", "B)", "B:", r"\text{B}", r"\textbf{(B)}", r"\mathrm{B}",
     "**B**", "$B$", "option B", "Choice (B)", "B) 12", "(B) 12 apples", "B. Paris",
     "The answer is B", r"\boxed{B}", "the correct option is B."],
)  # fmt: skip
def test_many_ways_to_name_one_letter(answer: str) -> None:
    assert choice_letter(answer) == "B"


@pytest.mark.parametrize(
    "answer",
    ["", "12", "Bob", "A and B", "A, B", "A or B", "(A), (B)", "(A) and (B)", "A) or B)", "AB",
     "x = 3", "Paris", "option 3", "a bit"],
)  # fmt: skip
def test_no_letter_or_several_are_none(answer: str) -> None:
    assert choice_letter(answer) is None


@pytest.mark.parametrize(
    ("text", "letter"),
    [
        ("The answer is B", "B"),
        ("So the answer is (C).", "C"),
        ("Answer: **D**", "D"),
        ("**Answer: C**", "C"),
        ("We choose option (b).", "B"),
        (r"The correct option is \text{A}.", "A"),
        (r"Thus, choice $\mathbf{D}$.", "D"),
        (r"The answer is $\boxed{\text{(E)}}$", "E"),
        ("Final answer: E) 5", "E"),
        (r"\boxed{A}, no: \boxed{B}", "B"),
        ("(A) 3\n(B) 4\n\nHence it is 4.\n\nB", "B"),
        ("Either (A) or (B); I take (B)", "B"),
        ("Option B is wrong. Option C it is", "C"),
        ("The answer is B. Option C would need x.", "B"),
        (r"It is \boxed{12}, so option (B)", "B"),
        ("The answer is D because f(A) > 3", "D"),
    ],
)
def test_the_letter_that_a_text_settles_on(text: str, letter: str) -> None:
    assert extract_choice(text) == letter


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("", None),
        ("I think so", None),
        ("A train leaves", None),
        ("f(A) grows", None),
        (r"It is \boxed{12 apples}", "12 apples"),
        (r"Both: \boxed{A, B}. See (C)", "A, B"),
    ],
)
def test_what_names_no_letter_is_left_as_it_is(text: str, found: str | None) -> None:
    assert extract_choice(text) == found


def test_a_reference_of_one_letter_is_a_choice() -> None:
    assert is_choice("(C)")
    assert is_choice("J")
    assert not is_choice("K")
    assert not is_choice("c")
    assert not is_choice("27")
