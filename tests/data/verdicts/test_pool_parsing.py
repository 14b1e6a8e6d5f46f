"""Parsing a pool: verdicts made anew from stored text."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import polars as pl
import pytest
import yaml

from svlaw.data.errors import BadInputError, NotInPoolError
from svlaw.data.examples import open_example
from svlaw.data.importers.sc_genrm import import_sc_genrm
from svlaw.data.pool import Pool, open_pool
from svlaw.data.pool_writer import append, create_pool
from svlaw.data.schema import TABLES
from svlaw.data.verdicts import patterns as verdict_pattern
from svlaw.data.verdicts import pool_parsing as parsing
from svlaw.data.verdicts.patterns import compile_pattern, read_by_pattern
from svlaw.data.verdicts.pool_parsing import ParsedVerdicts, parse_pool

KEY = ["problem_id", "solution_id", "verification_id"]
TEXTS = [
    "Fine.\nIs the answer correct (Yes/No)? Yes",
    "Is the answer correct (Yes/No)? No",
    "I cannot tell.",
    "Step 1 holds, step 2",
    None,
    "",
]
REASONS = ["stop", "length", "stop", "length", None, "stop"]
GERMAN = r"Urteil:\s*(?:(?P<yes>richtig)|(?P<no>falsch))"


def verifications(**columns: Any) -> pl.DataFrame:
    n = len(TEXTS)
    return pl.DataFrame(
        {
            "problem_id": ["p"] * n,
            "solution_id": [0] * n,
            "verification_id": list(range(n)),
            "text": TEXTS,
            "p_yes": [None] * n,
            "p_no": [None] * n,
            "finish_reason": REASONS,
            "output_tokens": [10, 20, 30, 40, None, 0],
            **columns,
        },
        schema_overrides={
            name: dtype
            for name, dtype in TABLES["verifications"].columns.items()
            if name not in ("prompt_tokens", "seed")
        },
    )


def make(path: Path, *frames: pl.DataFrame, verdicts: pl.DataFrame | None = None) -> Pool:
    answers = pl.DataFrame(
        {"problem_id": ["p"], "solution_id": [0], "is_correct": [True], "status": ["graded"]}
    )
    with create_pool(path, {"source": "test"}) as writer:
        writer.add("answers", answers)
        for frame in frames:
            writer.add("verifications", frame, verifier="v")
        if verdicts is not None:
            writer.add("verdicts", verdicts, verifier="v")
    return open_pool(path)


def stored(pool: Pool, *columns: str) -> list[tuple[Any, ...]]:
    frame = open_pool(pool.path).read("verdicts", [*KEY, *columns], "v").sort(KEY)
    return frame.select(columns).rows()


def contents(pool: Pool) -> dict[str, bytes]:
    return {str(p): p.read_bytes() for p in sorted(pool.path.rglob("part*"))}


def test_text_becomes_verdicts(tmp_path: Path) -> None:
    pool = make(tmp_path / "pool", verifications())
    before = contents(pool)
    found = parse_pool(pool)
    assert found == ParsedVerdicts("v", "text", None, yes=1, no=1, unparsed=3, truncated=1)
    assert (found.total, found.unparsed_rate) == (6, 4 / 6)
    assert stored(pool, "verdict", "score", "status", "output_tokens", "output_chars") == [
        ("yes", 1.0, "graded", 10, len(TEXTS[0] or "")),
        ("no", 0.0, "graded", 20, len(TEXTS[1] or "")),  # cut off, but read
        (None, None, "unparsed", 30, 14),
        (None, None, "truncated", 40, 20),
        (None, None, "unparsed", None, None),
        (None, None, "unparsed", 0, 0),
    ]
    after = contents(pool)
    assert {k: v for k, v in after.items() if "/verdicts/" not in k} == before


def test_it_can_be_repeated_and_gives_the_same_bytes(tmp_path: Path) -> None:
    pool = make(tmp_path / "pool", verifications())
    parse_pool(pool)
    once = contents(pool)
    parse_pool(pool, score="text", pattern=r"(?P<yes>holds)|(?P<no>tell)")
    assert contents(pool) != once
    parse_pool(open_pool(pool.path))
    assert contents(pool) == once


P_YES = [0.0, None, float("nan"), 0.6, 0.0, None]
P_NO = [None, 0.7, None, 0.2, 0.0, None]


@pytest.mark.parametrize(
    ("score", "scores", "counts"),
    [
        ("text", [1.0, 0.0, None, None, None, None], (1, 1, 3, 1)),
        ("p_yes", [0.0, 0.3, None, 0.75, None, None], (2, 1, 3, 0)),
        ("p_yes_or_text", [0.0, 0.3, None, 0.75, None, None], (2, 1, 3, 0)),
    ],
)
def test_scores_from_probabilities(tmp_path: Path, score: Any, scores: Any, counts: Any) -> None:
    """A p_yes of 0.0 is a value; NaN, and 0 for both, are none."""
    pool = make(tmp_path / "pool", verifications(p_yes=P_YES, p_no=P_NO))
    found = parse_pool(pool, score=score)
    assert [row[0] for row in stored(pool, "score")] == pytest.approx(scores)
    assert (found.yes, found.no, found.unparsed, found.truncated) == counts


def test_verdicts_of_a_probability_alone(tmp_path: Path) -> None:
    texts = ["?", "?", "?", "Yes", "?", "Yes"]
    rates = [0.5, 0.49, 0.0, 0.1, None, None]
    pool = make(tmp_path / "pool", verifications(text=texts, p_yes=rates))
    parse_pool(pool, score="p_yes")
    assert stored(pool, "verdict", "score", "status") == [
        ("yes", 0.5, "graded"),
        ("no", 0.49, "graded"),
        ("no", 0.0, "graded"),
        ("yes", 0.1, "graded"),  # what the text says
        (None, None, "unparsed"),
        (None, None, "unparsed"),  # the text says yes, but is not asked for
    ]
    parse_pool(pool, score="p_yes_or_text")
    assert stored(pool, "verdict", "score")[-1] == ("yes", 1.0)


@pytest.mark.parametrize("value", [-1.0, 1.0001, float("inf")])
@pytest.mark.parametrize("name", ["p_yes", "p_no"])
def test_numbers_that_are_no_probability_are_refused(
    tmp_path: Path, name: str, value: float
) -> None:
    column = [0.5, None, float("nan"), value, 0.0, -2.0]
    pool = make(tmp_path / "pool", verifications(), verifications(problem_id=["q"] * 6))
    parse_pool(pool)
    bad = verifications(problem_id=["r"] * 6, **{name: column})
    pool = append(pool, "verifications", bad, verifier="v")
    verdicts = contents(pool)
    part = pool.parts("verifications", "v")[-1]
    with pytest.raises(BadInputError) as caught:
        parse_pool(pool, score="p_yes_or_text")
    assert str(caught.value).startswith(f"{part}, row 4: {name} {value} is outside [0, 1]; leave")
    assert contents(pool) == verdicts
    assert parse_pool(pool).total == 18  # the text needs none of them


def test_patterns_of_the_user(tmp_path: Path) -> None:
    texts = [
        "Alles gut.\nURTEIL: Richtig",
        "Urteil: richtig\nDoch nicht.\nUrteil:  falsch.",
        "Is the answer correct (Yes/No)? Yes",
        "Urteil: offen",
        None,
        "",
    ]
    pool = make(tmp_path / "pool", verifications(text=texts))
    found = parse_pool(pool, pattern=GERMAN)
    assert [row[0] for row in stored(pool, "verdict")] == ["yes", "no", None, None, None, None]
    assert (found.pattern, found.yes, found.no) == (GERMAN, 1, 1)


@pytest.mark.parametrize(
    ("pattern", "text", "verdict"),
    [
        (r"(?P<yes>ja)|(?P<no>nein)", "nein, ja, nein", "no"),
        (r"^(?:(?P<yes>ja)|(?P<no>nein))\W*\Z", "nein\nja.\n", "yes"),
        (r"^(?:(?P<yes>ja)|(?P<no>nein))\W*\Z", "ja\nund so weiter", None),
        (r"(?-i:(?P<yes>Ja)|(?P<no>Nein))", "NEIN ja", None),
        (r"(?P<yes>a)(?P<no>b)?", "ab", None),
        (r"(?P<yes>)x(?P<no>)?", "y", None),
        (r"(?P<yes>是)|(?P<no>否)", "结论：否", "no"),
        (r"(?P<yes>ja)|(?P<no>nein)", "ja" + "." * 2_000, None),
        (r"(?P<yes>ja)|(?P<no>nein)", "ja" + "." * 1_998, "yes"),
    ],
)
def test_the_last_match_counts(pattern: str, text: str, verdict: str | None) -> None:
    assert read_by_pattern([text, None], pattern) == [verdict, None]


@pytest.mark.parametrize(
    ("pattern", "message"),
    [
        ("(", "not a valid regular expression"),
        ("(?P<yes>a)(?P<yes>b)", "not a valid regular expression"),
        ("(?P<yes>ja)", "has no group 'no'"),
        ("(?P<no>nein)", "has no group 'yes'"),
        ("ja|nein", "has no group 'yes'"),
        ("(a{99999999999999999999})", "not a valid regular expression"),
    ],
)
def test_a_bad_pattern_is_one_line(tmp_path: Path, pattern: str, message: str) -> None:
    pool = make(tmp_path / "pool", verifications())
    before = contents(pool)
    with pytest.raises(BadInputError, match=message) as caught:
        parse_pool(pool, pattern=pattern)
    assert "\n" not in str(caught.value)
    assert contents(pool) == before


def test_remarks_of_the_regex_compiler_reach_nobody() -> None:
    compile_pattern(r"[[a](?P<yes>y)|(?P<no>n)")


def test_a_pattern_that_never_ends_is_ended(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, workers_alive: Callable[[], bool]
) -> None:
    monkeypatch.setattr(verdict_pattern, "TIME_LIMIT", 1.0)
    pool = make(tmp_path / "pool", verifications(text=["a" * 60] * 6))
    before = contents(pool)
    with pytest.raises(BadInputError, match="takes more than 1 s for 1,000 texts; it backtracks"):
        parse_pool(pool, pattern=r"(?P<yes>(?:a+)+b)|(?P<no>x)")
    assert contents(pool) == before
    assert not workers_alive()


def test_rows_are_read_in_batches_across_parts(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = make(tmp_path / "whole", verifications(), verifications(problem_id=["q"] * 6))
    parse_pool(whole)
    monkeypatch.setattr(parsing, "_ROWS", 4)
    pieces = make(tmp_path / "pieces", verifications(), verifications(problem_id=["q"] * 6))
    reported: list[tuple[int, int]] = []
    parse_pool(pieces, progress=lambda done, total: reported.append((done, total)))
    assert reported == [(4, 12), (6, 12), (10, 12), (12, 12)]
    columns = tuple(name for name in TABLES["verdicts"].columns if name not in KEY)
    assert stored(whole, *columns) == stored(pieces, *columns)


def test_an_interrupt_leaves_the_old_verdicts(tmp_path: Path) -> None:
    pool = make(tmp_path / "pool", verifications())
    parse_pool(pool)
    before = contents(pool)

    def interrupt(done: int, total: int) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        parse_pool(pool, pattern=GERMAN, progress=interrupt)
    assert contents(pool) == before


def test_verdicts_without_a_verification_are_not_lost(tmp_path: Path) -> None:
    extra = pl.DataFrame(
        {
            "problem_id": ["p", "q"],
            "solution_id": pl.Series([0, 7], dtype=pl.Int32),
            "verification_id": pl.Series([0, 2], dtype=pl.Int32),
            "score": [1.0, 0.5],
            "status": ["graded", "graded"],
        }
    )
    pool = make(tmp_path / "pool", verifications(), verdicts=extra)
    before = contents(pool)
    with pytest.raises(BadInputError, match=r"1 verdicts of 'v' .*'q', solution_id 7"):
        parse_pool(pool)
    assert contents(pool) == before


def test_what_cannot_be_parsed_is_one_line(tmp_path: Path) -> None:
    with pytest.raises(NotInPoolError, match="holds no verifications of 'gpt4_resolve'"):
        parse_pool(open_example("exams_gpt35_by_gpt4"))
    with pytest.raises(NotInPoolError, match="holds no verifications; import some"):
        parse_pool(open_example("singhi2025_fig1"))
    pool = make(tmp_path / "pool", verifications(text=[None] * 6, p_yes=[0.5] * 6))
    assert parse_pool(pool, score="p_yes").yes == 6
    before = contents(pool)
    with pytest.raises(NotInPoolError, match="holds text, which score 'text' is made of"):
        parse_pool(pool)
    with pytest.raises(BadInputError, match="score 'logprobs': use one of"):
        parse_pool(pool, score="logprobs")  # type: ignore[arg-type]
    with pytest.raises(NotInPoolError, match="no verifier 'w'"):
        parse_pool(pool, verifier="w")
    assert contents(pool) == before
    text = make(tmp_path / "text", verifications())
    with pytest.raises(NotInPoolError, match="holds p_yes or p_no, which score 'p_yes'"):
        parse_pool(text, score="p_yes")


def test_a_repeated_verification_is_one_line(tmp_path: Path) -> None:
    pool = make(tmp_path / "pool", verifications(), verifications())
    with pytest.raises(BadInputError, match="duplicate key"):
        parse_pool(pool)


def test_a_damaged_part_is_named(tmp_path: Path) -> None:
    pool = make(tmp_path / "pool", verifications())
    (part,) = pool.parts("verifications", "v")
    content = bytearray(part.read_bytes())
    content[4:200] = bytes(196)
    part.write_bytes(content)
    with pytest.raises(BadInputError, match=part.name):
        parse_pool(pool)


def test_a_verifier_is_named_when_there_are_several(tmp_path: Path) -> None:
    pool = append(
        make(tmp_path / "pool", verifications()), "verifications", verifications(), verifier="w"
    )
    with pytest.raises(BadInputError, match="name a verifier"):
        parse_pool(pool)
    parse_pool(pool, verifier="w")
    assert open_pool(pool.path).has("verdicts", "w")
    assert not open_pool(pool.path).has("verdicts", "v")


def test_parsing_what_was_imported_changes_nothing(tmp_path: Path) -> None:
    entries = [
        {"verification": text, "p(yes)": p_yes, "p(no)": -1}
        for text, p_yes in zip(TEXTS, [0.9, 0.1, -1, 0.0, -1, 1], strict=True)
    ]
    documents = {
        "samples/0.yaml": {"question": "q", "samples": [r"\boxed{1}"], "gt_answer": "1"},
        "verifications/problem_0/solution_0.yaml": {"verifications": entries},
    }
    for name, document in documents.items():
        (tmp_path / name).parent.mkdir(parents=True)
        (tmp_path / name).write_text(yaml.safe_dump(document), "utf-8")
    folders = (tmp_path / "samples", tmp_path / "verifications")
    pool = import_sc_genrm(tmp_path / "pool", *folders, verifier="v")
    columns = tuple(name for name in TABLES["verdicts"].columns if name not in KEY)
    imported = stored(pool, *columns)
    found = parse_pool(pool)
    assert (found.yes, found.no) == (1, 1)
    assert stored(pool, *columns) == imported
