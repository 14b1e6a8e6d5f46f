"""`svlaw parse`: verdicts made anew from stored text."""

from typing import Annotated

import typer

from svlaw.cli.options import Json, On, PoolPath, Verifier, Wait
from svlaw.cli.output import console, print_json, print_rows, progress_bar, suggest
from svlaw.data.table_texts import percent

Score = Annotated[
    str,
    typer.Option(
        metavar="SOURCE",
        help="What scores are made of: 'text', 'p_yes', or 'p_yes_or_text' (the text where no"
        " probability is known).",
    ),
]
Pattern = Annotated[
    str | None,
    typer.Option(
        metavar="REGEX",
        help="Regular expression with the groups (?P<yes>...) and (?P<no>...), in place of the"
        " rules of svlaw; its last match counts.",
    ),
]

Values = Annotated[
    list[str] | None,
    typer.Option(
        "--map",
        metavar="VALUE=VERDICT",
        help="What a value means where verdicts are letters or words of their own, such as A=yes;"
        " repeatable, in place of the rules of svlaw.",
    ),
]


def parse(
    pool: PoolPath,
    verifier: Verifier = None,
    score: Score = "text",
    pattern: Pattern = None,
    values: Values = None,
    on: On = None,
    wait: Wait = 10.0,
    as_json: Json = False,
) -> None:
    """Parse verdicts from stored verification texts; can be rerun."""
    from dataclasses import asdict

    from svlaw.data.pool import open_pool
    from svlaw.data.verdicts.pool_parsing import parse_pool
    from svlaw.data.workers.ray_addresses import check_place
    from svlaw.data.workers.ray_connection import connect

    check_place(on)
    if values:
        pattern = _pattern(values, pattern)
    opened = open_pool(pool)
    with connect(on) as cluster, progress_bar("reading verdicts") as progress:
        found = parse_pool(
            opened,
            verifier=verifier,
            score=score,  # type: ignore[arg-type]  # refused when unknown
            pattern=pattern,
            cluster=cluster,
            wait=wait,
            progress=progress,
        )
    if as_json:
        counts = {**asdict(found), "total": found.total, "unparsed_rate": found.unparsed_rate}
        print_json({"pool": str(opened.path), **counts})
        return
    rows = [
        (name, f"{count:,}", percent(count / max(found.total, 1)))
        for name, count in (
            ("yes", found.yes),
            ("no", found.no),
            ("unparsed", found.unparsed),
            ("truncated", found.truncated),
        )
    ]
    title = f"{opened.path}: verdicts of '{found.verifier}' from {found.score}"
    print_rows(title, ("verdict", "verifications", "%"), rows)
    if found.unparsed + found.truncated:
        words = (
            f"{percent(found.unparsed_rate)}% of the verifications gave no verdict; they are"
            " flagged, not dropped, and count as --unparsed says."
        )
    else:
        words = "Every verification gave a verdict."
    console.print(words, markup=False, highlight=False, soft_wrap=True)
    suggest(f"svlaw check {opened.path}")


def _pattern(values: list[str], pattern: str | None) -> str:
    from svlaw.data.errors import BadInputError
    from svlaw.data.verdicts.patterns import value_pattern

    if pattern is not None:
        raise BadInputError("--map and --pattern both say how to read verdicts; give one of them")
    pairs = [value.rpartition("=") for value in values]
    return value_pattern({value: meaning.strip().lower() for value, _, meaning in pairs})
