import pytest

from svlaw.data.grading.answer_statements import is_unsaid
from svlaw.data.grading.answers import extract_answer
from svlaw.data.grading.choices import extract_choice
from svlaw.data.grading.extractors import extract_number
from svlaw.data.grading.thoughts import without_thoughts


@pytest.mark.parametrize(
    "text",
    [
        r"<think>\boxed{7}</think>\boxed{12}",
        r"it was \boxed{7}</think>The answer is 12",
        r"<think>a</think> first <think>b \boxed{1}</think> \boxed{12}",
        r"[THINK]\boxed{1}[/THINK]\boxed{12}",
        r"◁think▷\boxed{1}◁/think▷\boxed{12}",
        r"<|begin_of_thought|>\boxed{3}<|end_of_thought|>\boxed{12}",
        r"<|channel|>analysis<|message|>\boxed{3}<|channel|>final<|message|>\boxed{12}",
        "<think>#### 8</think>5 + 7\n#### 12",
        "<reasoning>\\boxed{5}</reasoning>\n<answer>\n12\n</answer>",
        r"<think>70?</think> so <answer>\(\boxed{12}\).</answer>",
        "<answer>The answer is 12</answer>",
        "The answer is 12\n<think>let me check: \\boxed{3}",
    ],
)
def test_what_is_said_aloud_counts(text: str) -> None:
    assert extract_answer(text) == "12"


@pytest.mark.parametrize(
    ("text", "unsaid"),
    [
        (r"<think>try \boxed{12}, hmm, wait", True),
        (r"<think>It is \boxed{12}.</think>I cannot say.", True),
        (r"<think>\boxed{12}</think>", True),
        ("<think>hm", True),
        ("<think>hm</think> no idea", False),
        ("no idea", False),
    ],
)
def test_an_answer_in_thoughts_alone_is_none(text: str, unsaid: bool) -> None:
    assert extract_answer(text) is None
    assert extract_choice(text) is None
    assert extract_number(text) is None
    assert is_unsaid(text) == unsaid


def test_a_text_without_tags_is_said_aloud() -> None:
    speech = without_thoughts("a < b, and [c]")
    assert (speech.aloud, speech.thoughts, speech.unfinished) == ("a < b, and [c]", "", False)


@pytest.mark.parametrize(
    ("text", "answer"),
    [
        ("The answer is 12.\n\nLet me know if you have questions!", "12"),
        ("**Final Answer:** 12\n\nThis means the total is right.", "12"),
        ("The answer is 12, since 3*4=12.", "12"),
        ("The answer is 12 because 3*4 is 12.", "12"),
        ("The answer is $\\frac{1}{2}$, which is 0.5.", "\\frac{1}{2}"),
        ("The answer is 3.5. This follows.", "3.5"),
        ("The answer is 1, 2.", "1, 2"),
        ("### Answer\n\n12", "12"),
        ("#### 12<|eot_id|>", "12"),
        ("Hence, x = 12.", "x = 12"),
        (r"\boxed{3}$ or $\boxed{4}$", "3, 4"),
        (r"x = \boxed{1}, y = \boxed{2}", "1, 2"),
        (r"\boxed{3}. Wait, no. \boxed{4}", "4"),
        (r"a=\boxed{2}, b=\boxed{3}, so a+b=\boxed{5}", "5"),
        ("The answer is 12\n\nProblem: next\n\nThe answer is 13", "12"),
        ("\\boxed{7}\n\nQuestion:\nFind 2+2.\n\n\\boxed{4}", "7"),
        ("Example:\n#### 8\n\nNow the question:\n#### 11", "11"),
    ],
)
def test_statements_with_words_behind_them(text: str, answer: str) -> None:
    assert extract_answer(text) == answer


@pytest.mark.parametrize(
    "text",
    [
        "\\boxed{" * 20_000,
        "\\boxed " * 10_000,
        "{" * 60_000 + "\\boxed{",
        "answer" + " " * 60_000,
        "final answer is " * 6_000 + " hope",
        "#### \n" * 10_000,
        "<think>" * 10_000,
        "(A" * 20_000,
    ],
)
def test_extraction_takes_time_in_proportion_to_the_text(text: str) -> None:
    """In its square, each of these would take minutes."""
    for extract in (extract_answer, extract_choice, extract_number):
        extract(text)
