import json
import random
import time
from collections.abc import Callable
from pathlib import Path

import polars as pl
import pytest

from svlaw.data.errors import BadInputError
from svlaw.data.verdicts.readings import (
    SCORE_SOURCES,
    parse_verdict,
    score_expression,
    score_verdicts,
)

ASK = "All steps hold.\nVerification: Is the answer correct (Yes/No)?"


@pytest.mark.parametrize(
    "text",
    [
        f"{ASK} Yes",
        f"{ASK} yes.",
        f"{ASK} **Yes**",
        f"{ASK}** Yes",
        rf"{ASK} $\boxed{{\text{{Yes}}}}$",
        f"{ASK}\nYes\n",
        f"{ASK} X = Yes",
        f"{ASK} Yes, no mistakes.",
        f"{ASK} Yes\n\nSome more words, no verdict.",
        f"{ASK} No\nOn second thought. {ASK} Yes",
        f"{ASK} correct",
        "**Is the solution correct?** yes",
        "Is the answer correct? (Yes/No) Yes",
        "Is the answer correct (Yes or No)? Yes",
        "Solution status: [CORRECT]",
        "Solution status: incorrect\nNo, wait.\n**Solution status:** correct\n",
        "Step 1 assessment: incorrect\nFinal verdict: **Correct**",
        f"{ASK} No\n\nVerdict: correct",
        "Yes",
        "I have checked it.\n**Yes.**",
    ],
)
def test_yes(text: str) -> None:
    assert parse_verdict(text) == "yes"


@pytest.mark.parametrize(
    "text",
    [
        f"{ASK} No",
        f"{ASK} No, yesterday",
        f"{ASK}: No.",
        f"{ASK} Yes\n{ASK} No",
        f"{ASK} Incorrect.",
        "Solution status: (incorrect)",
        "Solution status: not correct",
        f"Solution status: correct\n{ASK} No",
        "Assessment: incorrect",
        "no",
    ],
)
def test_no(text: str) -> None:
    assert parse_verdict(text) == "no"


@pytest.mark.parametrize(
    "text",
    [
        None,
        "",
        ASK,
        f"{ASK}\n\n",
        f"{ASK} Not yes",
        f"{ASK} Unknown",
        f"{ASK} Nope",
        f"{ASK} Yesterday",
        f"{ASK} I would not say yes",
        f"{ASK} Yes/No",
        f"{ASK} Yes or no",
        f"{ASK} No doubt it is",
        f"{ASK} No errors were found.",
        f"{ASK} Yes\nLet me check again. {ASK}",
        f"{ASK} X', where X is either Yes or No.",
        "Assessment: correct so far\nNow step 2",
        "Assessment: correct\nNow step 2",
        "The student says yes",
        "Is the answer correct",
    ],
)
def test_no_verdict(text: str | None) -> None:
    assert parse_verdict(text) is None


def test_every_text_of_the_table_is_read_as_documented(reference: Path) -> None:
    """Readings were written by hand from docs/verdicts.md."""
    table = json.loads((reference / "verdict_texts.json").read_text("utf-8"))
    assert len(table) >= 60
    assert {row["verdict"] for row in table} == {"yes", "no", None}
    wrong = [row for row in table if parse_verdict(row["text"]) != row["verdict"]]
    assert wrong == []


def test_case_and_line_ends_make_no_difference(reference: Path) -> None:
    for row in json.loads((reference / "verdict_texts.json").read_text("utf-8")):
        text = row["text"].replace("\r\n", "\n")
        for variant in (text.upper(), text.replace("\n", "\r\n"), f"{text}  \n\n"):
            assert parse_verdict(variant) == row["verdict"], variant


def test_an_argument_before_it_makes_no_difference(reference: Path) -> None:
    """The verdict is anchored at the end of the text, unless it is the first word."""
    argument = "Let me check.\nStep 1: 2 + 2 = 4, yes.\nStep 2: is 7 prime? Yes.\nNo error.\n\n"
    for row in json.loads((reference / "verdict_texts.json").read_text("utf-8")):
        if row["text"].strip() and not row["why"].startswith("the first word"):
            assert parse_verdict(argument + row["text"]) == row["verdict"], row


ADVERSARIAL = [
    "'", " ", "\n", "\r\n", "(", "[[", "*", "_", "\\", "}\n", "?", "-- ", "1", "so ", "no, ",
    "yes? ", "yes/no ", "not ", "correct", "correct or ", "[correct] or ", "\\boxed{yes ", "<a>",
    "is the ", "is the a b c answer ", "is the answer correct ", f"{ASK} ", "solution status: ",
    "final verdict: correct ", "final verdict: correct\n", "final verdict\n\n\n", "verdict: ",
    '"verdict": ', '"verdict": "correct" ', "the answer is ", "the answer 1 1 ", "\u2705\n",
    "\uff39\uff45\uff53", "\u2265 ", "e\u0301", "\u0301",
]  # fmt: skip


@pytest.mark.parametrize("unit", ADVERSARIAL)
def test_long_texts_take_time_in_proportion(unit: str) -> None:
    """A megabyte takes 0.3 s at the very most; a quadratic rule would take minutes."""
    long = unit * (1_000_000 // len(unit))
    for text in (long, f"{ASK} {long}", f"{long}\n{ASK} ", f"{long}yes"):
        start = time.process_time()
        parse_verdict(text)
        assert time.process_time() - start < 3


@pytest.mark.slow
def test_twenty_thousand_texts(record_property: Callable[[str, object], None]) -> None:
    """About 40,000 texts of 1,000 characters a second of this process; a tenth is enough."""
    rng = random.Random(0)
    words = ["the", "student", "computes", "x = 3y + 2", "so", "sum", "is", "correct", "no", "step"]
    stock = [" ".join(rng.choices(words, k=180)) for _ in range(300)]
    ends = [f"\n{ASK} Yes", f"\n{ASK} No", "\nFinal verdict: **Correct**", "\n\\boxed{No}", ""]
    texts = [rng.choice(stock) + rng.choice(ends) for _ in range(20_000)]
    assert 900 < sum(map(len, texts)) / len(texts) < 1_100
    start = time.process_time()
    read = [parse_verdict(text) for text in texts]
    rate = len(texts) / (time.process_time() - start)
    record_property("texts_per_second", round(rate))
    print(f"{rate:,.0f} texts a second")  # noqa: T201
    assert rate > 4_000
    assert all(0.15 < read.count(v) / len(read) < 0.45 for v in ("yes", "no", None))


def scores(source: str) -> list[float | None]:
    frame = pl.DataFrame(
        {
            "verdict": ["yes", "no", None, "yes", "yes", None, "no", "yes", "yes"],
            "p_yes": [None, None, None, 0.0, 0.6, 0.9, None, 0.0, 0.0],
            "p_no": [None, None, None, None, 0.2, None, 0.7, 0.0, 0.4],
        },
        schema={"verdict": pl.String, "p_yes": pl.Float64, "p_no": pl.Float64},
    )
    return frame.select(score_expression(source).alias("score"))["score"].to_list()  # type: ignore[arg-type]


def test_scores_from_text() -> None:
    assert scores("text") == [1.0, 0.0, None, 1.0, 1.0, None, 0.0, 1.0, 1.0]


def test_scores_from_probabilities() -> None:
    expected = [None, None, None, 0.0, pytest.approx(0.75), 0.9, pytest.approx(0.3), None, 0.0]
    assert scores("p_yes") == expected


def test_text_fills_missing_probabilities() -> None:
    expected = [1.0, 0.0, None, 0.0, pytest.approx(0.75), 0.9, pytest.approx(0.3), 1.0, 0.0]
    assert scores("p_yes_or_text") == expected


def test_unknown_source_is_refused() -> None:
    assert SCORE_SOURCES == ("text", "p_yes", "p_yes_or_text")
    with pytest.raises(BadInputError, match="'logprobs': use one of text, p_yes"):
        score_expression("logprobs")  # type: ignore[arg-type]


def test_verdicts_follow_the_scores() -> None:
    frame = pl.DataFrame(
        {
            "verdict": ["yes", None, None, None, "no", None],
            "p_yes": [0.2, 0.5, 0.4, None, None, float("nan")],
            "p_no": [None] * 6,
            "finish_reason": ["length", "length", None, "length", "stop", "stop"],
        },
        schema=dict.fromkeys(("verdict", "finish_reason"), pl.String)
        | dict.fromkeys(("p_yes", "p_no"), pl.Float64),
    )
    both = score_verdicts(frame, "p_yes_or_text")
    assert both["score"].to_list() == [0.2, 0.5, 0.4, None, 0.0, None]
    assert both["verdict"].to_list() == ["yes", "yes", "no", None, "no", None]
    status = ["graded", "graded", "graded", "truncated", "graded", "unparsed"]
    assert both["status"].to_list() == status
    alone = score_verdicts(frame.drop("finish_reason"), "p_yes")
    assert alone["verdict"].to_list() == ["yes", "yes", "no", None, None, None]
    assert alone["status"].to_list()[3:] == ["unparsed"] * 3
