from collections import Counter

import pytest

from svlaw.data.grading.choices import LETTERS as READ
from svlaw.data.grading.choices import extract_choice
from svlaw.generate.shuffled_choices import LETTERS, add_choices, shuffle_choices

WRONG = ("wrong 1", "wrong 2", "wrong 3")


def letters(number: int, seed: int = 0) -> list[str]:
    return [shuffle_choices(f"rec{i}", "right", WRONG, seed).letter for i in range(number)]


def test_the_letter_is_that_of_the_right_choice() -> None:
    for i in range(100):
        choices = shuffle_choices(f"problem {i}", "right", WRONG)
        assert sorted(choices.texts) == ["right", *WRONG]
        assert choices.texts[LETTERS.index(choices.letter)] == "right"


def test_letters_and_orders_are_uniform() -> None:
    number = 4_000
    counts = Counter(letters(number))
    assert set(counts) == set("ABCD")
    # chi-square with 3 degrees of freedom is below 16.3 with probability 0.999
    assert sum((n - number / 4) ** 2 / (number / 4) for n in counts.values()) < 16.3
    orders = Counter(shuffle_choices(f"rec{i}", "right", WRONG).texts for i in range(number))
    assert len(orders) == 24
    # and with 23 degrees of freedom below 49.7
    assert sum((n - number / 24) ** 2 / (number / 24) for n in orders.values()) < 49.7


def test_letters_are_the_same_for_ever() -> None:
    assert "".join(letters(16)) == "CADBBACCCBCADDDA"
    assert "".join(letters(16, seed=1)) == "CDDBBABCBBBBADAD"


def test_another_seed_gives_other_letters() -> None:
    same = sum(one == other for one, other in zip(letters(2_000), letters(2_000, 1), strict=True))
    assert 400 < same < 600


def test_equal_texts_keep_the_letter_of_the_right_one() -> None:
    drawn = {shuffle_choices(f"p{i}", "12", ("12", "13")).letter for i in range(50)}
    assert drawn == set("ABC")


@pytest.mark.parametrize("wrong", [(), tuple("abcdefghij")])
def test_too_few_and_too_many_choices(wrong: tuple[str, ...]) -> None:
    with pytest.raises(ValueError, match=f"{len(wrong) + 1} choices: between 2 and 10"):
        shuffle_choices("p", "right", wrong)


def test_letters_are_those_the_grader_reads() -> None:
    assert frozenset(LETTERS) == READ


def test_choices_stand_below_the_question_and_are_no_answer_themselves() -> None:
    text = add_choices("Which gas?\n", ("neon", "argon", "xenon", "radon"))
    assert text == "Which gas?\n\nA) neon\nB) argon\nC) xenon\nD) radon"
    assert extract_choice(text) is None
    assert extract_choice(f"{text}\n\nArgon it is: \\boxed{{B}}") == "B"
    assert extract_choice(f"{text}\n\nThe answer is B) argon") == "B"
