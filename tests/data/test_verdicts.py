import polars as pl
import pytest

from svlaw.data.errors import BadInputError
from svlaw.data.verdicts import SCORE_SOURCES, parse_verdict, score_expression

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


def scores(source: str) -> list[float | None]:
    frame = pl.DataFrame(
        {
            "verdict": ["yes", "no", None, "yes", "yes", None, "no", "yes"],
            "p_yes": [None, None, None, 0.0, 0.6, 0.9, None, 0.0],
            "p_no": [None, None, None, None, 0.2, None, 0.7, 0.0],
        },
        schema={"verdict": pl.String, "p_yes": pl.Float64, "p_no": pl.Float64},
    )
    return frame.select(score_expression(source).alias("score"))["score"].to_list()  # type: ignore[arg-type]


def test_scores_from_text() -> None:
    assert scores("text") == [1.0, 0.0, None, 1.0, 1.0, None, 0.0, 1.0]


def test_scores_from_probabilities() -> None:
    expected = [None, None, None, 0.0, pytest.approx(0.75), 0.9, pytest.approx(0.3), None]
    assert scores("p_yes") == expected


def test_text_fills_missing_probabilities() -> None:
    expected = [1.0, 0.0, None, 0.0, pytest.approx(0.75), 0.9, pytest.approx(0.3), 1.0]
    assert scores("p_yes_or_text") == expected


def test_unknown_source_is_refused() -> None:
    assert SCORE_SOURCES == ("text", "p_yes", "p_yes_or_text")
    with pytest.raises(BadInputError, match="'logprobs': use one of text, p_yes"):
        score_expression("logprobs")  # type: ignore[arg-type]
