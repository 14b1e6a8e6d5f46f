"""`svlaw parse` and `svlaw check` on text: what they print, and how they fail."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import polars as pl
import pytest
import typer

from svlaw.cli.parse_command import parse
from svlaw.cli.pool_commands import check
from svlaw.data.errors import SvlawError
from svlaw.data.pool_writer import create_pool

Run = Callable[..., tuple[int, str]]

TYPES = {"solution_id": pl.Int32, "verification_id": pl.Int32, "seed": pl.Int64}


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str]) -> Run:
    """Runs one of the commands: (exit code, standard output)."""
    app = typer.Typer()
    app.command()(parse)
    app.command()(check)

    def run(*arguments: Any) -> tuple[int, str]:
        code = app(list(map(str, arguments)), standalone_mode=False)
        return code if isinstance(code, int) else 0, capsys.readouterr().out

    return run


@pytest.fixture
def pool(tmp_path: Path) -> Path:
    """One problem, one solution, four verifications."""
    answers = pl.DataFrame(
        {"problem_id": ["p"], "solution_id": [0], "is_correct": [True], "status": ["graded"]},
        schema_overrides=TYPES,
    )
    verifications = pl.DataFrame(
        {
            "problem_id": ["p"] * 4,
            "solution_id": [0] * 4,
            "verification_id": range(4),
            "text": ["Yes", "Urteil: falsch", "and then", "No"],
            "p_yes": [0.0, 0.25, None, None],
            "finish_reason": ["stop", "stop", "length", "stop"],
            "seed": [1, 2, 3, 4],
        },
        schema_overrides=TYPES,
    )
    with create_pool(tmp_path / "pool", {}) as writer:
        writer.add("answers", answers)
        writer.add("verifications", verifications, verifier="v")
    return tmp_path / "pool"


def test_parse_says_what_it_read(run: Run, pool: Path) -> None:
    code, out = run("parse", pool)
    assert code == 0
    rows = [line.split() for line in out.splitlines()]
    assert ["yes", "1", "25.0"] in rows
    assert ["no", "1", "25.0"] in rows
    assert ["unparsed", "1", "25.0"] in rows
    assert ["truncated", "1", "25.0"] in rows
    assert "50.0% of the verifications gave no verdict" in out


def test_parse_speaks_json(run: Run, pool: Path) -> None:
    _, out = run("parse", pool, "--json", "--score", "p_yes_or_text", "--verifier", "v")
    assert json.loads(out) == {
        "pool": str(pool),
        "verifier": "v",
        "score": "p_yes_or_text",
        "pattern": None,
        "yes": 1,
        "no": 2,
        "unparsed": 0,
        "truncated": 1,
        "total": 4,
        "unparsed_rate": 0.25,
    }


def test_parse_takes_a_pattern(run: Run, pool: Path) -> None:
    pattern = r"(?P<yes>yes)\Z|(?:urteil: )?(?P<no>falsch|no)\Z|(?P<cut>then)"
    _, out = run("parse", pool, "--json", "--pattern", pattern)
    found = json.loads(out)
    assert (found["yes"], found["no"], found["truncated"]) == (1, 2, 1)
    pattern = r"(?P<yes>yes)|(?P<no>no|falsch)|(?P<other>and)"
    _, out = run("parse", pool, "--pattern", pattern)
    assert "25.0% of the verifications gave no verdict" in out


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (("--pattern", "("), "not a valid regular expression"),
        (("--pattern", "ja"), "has no group 'yes'"),
        (("--score", "logits"), "use one of text, p_yes, p_yes_or_text"),
        (("--verifier", "w"), "no verifier 'w'"),
    ],
)
def test_parse_refuses_in_one_line(run: Run, pool: Path, options: Any, message: str) -> None:
    with pytest.raises(SvlawError, match=message) as caught:
        run("parse", pool, *options)
    assert "\n" not in str(caught.value)
    assert not (pool / "verdicts").exists()


def test_check_of_text_before_and_after_parsing(run: Run, pool: Path) -> None:
    code, out = run("check", pool)
    assert code == 0
    assert "4 stored, 0 verdicts; run 'svlaw parse'" in out
    run("parse", pool)
    code, out = run("check", pool, "--json")
    (document,) = json.loads(out)["pools"]
    checks = {check["subject"]: check["message"] for check in document["checks"]}
    assert code == 0
    assert checks["unparsed verdicts (v)"] == "2 of 4 (50.0%)"
    assert checks["verification seeds (v)"] == "4, none twice within a solution"


def test_check_exits_with_1_when_a_draw_was_taken_twice(run: Run, pool: Path) -> None:
    run("parse", pool)
    (part,) = (pool / "verifications" / "v").iterdir()
    twice = pl.read_parquet(part).with_columns(seed=pl.lit(7, pl.Int64), text=pl.lit("Yes"))
    twice.write_parquet(part.rename(part.with_name("part-000000.parquet")))
    code, out = run("check", pool)
    assert code == 1
    assert "the same draws again" in out
