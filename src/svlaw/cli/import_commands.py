"""`svlaw import ...`: pools from what other tools have written."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from svlaw.cli.options import Explode, Json, NewPool, PoolPath, Renames, SkipBad, Wait, read_renames
from svlaw.cli.output import console, print_json, progress_bar, suggest, warn

if TYPE_CHECKING:
    from svlaw.data.pool import Pool

app = typer.Typer(no_args_is_help=True, help="Make a pool from existing generations.")

NewVerifier = Annotated[
    str, typer.Option(metavar="NAME", help="Name to give the verifier of these verdicts.")
]
SharedCalls = Annotated[
    bool,
    typer.Option(
        "--shared-calls",
        help="verification_id names a call (a test, an answer of the verifier's own) that judges"
        " every solution of its problem.",
    ),
]
VerifierAnswers = Annotated[
    Path | None,
    typer.Option(metavar="FILE", help="Answers of a verifier that judges by solving."),
]
Regrade = Annotated[
    bool,
    typer.Option("--regrade", help="Grade the texts even where the files say what is correct."),
]
TimeLimit = Annotated[
    float, typer.Option(metavar="SECONDS", help="Limit for grading one answer.", min=0.0)
]


@app.command()
def tables(
    out: NewPool,
    solutions: Annotated[
        Path,
        typer.Option(
            metavar="FILE",
            help="Solutions, graded or not: .parquet, .csv, .json or .jsonl (also .gz, .zst), or a"
            " pattern of several.",
        ),
    ],
    problems: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Problems; further columns are kept.")
    ] = None,
    verifications: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Verdicts with a score or a verdict.")
    ] = None,
    verifier: NewVerifier = "verifier",
    shared_calls: SharedCalls = False,
    verifier_answers: VerifierAnswers = None,
    rename: Renames = None,
    explode: Explode = None,
    skip_bad: SkipBad = False,
    as_json: Json = False,
) -> None:
    """Make a pool from flat tables.

    Solutions need problem_id, solution_id and is_correct, and answer for voting; verifications need
    problem_id, solution_id, verification_id and score (in [0, 1]) or verdict (yes or no). Raw texts
    do as well: 'svlaw grade' and 'svlaw parse' make the rest of them.
    """
    from svlaw.data.importers.flat_tables import import_tables

    pool = import_tables(
        out,
        solutions,
        problems=problems,
        verifications=verifications,
        verifier=verifier,
        shared_calls=shared_calls,
        verifier_answers=verifier_answers,
        renames=read_renames(rename),
        explode=_columns(explode),
        skip_bad=skip_bad,
    )
    report_import(pool, as_json)


@app.command()
def verdicts(
    pool: PoolPath,
    verifier: NewVerifier,
    verifications: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Verdicts with a score or a verdict.")
    ] = None,
    shared_calls: SharedCalls = False,
    verifier_answers: VerifierAnswers = None,
    rename: Renames = None,
    explode: Explode = None,
    wait: Wait = 10.0,
    as_json: Json = False,
) -> None:
    """Add the verdicts of another verifier, more of one, or its own answers, to a pool."""
    from svlaw.data.importers.flat_tables import import_verdicts
    from svlaw.data.pool import open_pool

    grown = import_verdicts(
        open_pool(pool),
        verifications,
        verifier=verifier,
        shared_calls=shared_calls,
        verifier_answers=verifier_answers,
        renames=read_renames(rename),
        explode=_columns(explode),
        wait=wait,
    )
    report_import(grown, as_json)


@app.command("sc-genrm")
def sc_genrm(
    out: NewPool,
    samples: Annotated[
        Path, typer.Option(metavar="DIR", help="Folder with one <id>.yaml per problem.")
    ],
    verifications: Annotated[
        Path | None,
        typer.Option(metavar="DIR", help="Folder with problem_<i>/solution_<j>.yaml."),
    ] = None,
    verifier: NewVerifier = "genrm",
    as_json: Json = False,
) -> None:
    """Make a pool from the YAML files of nishadsinghi/sc-genrm-scaling, graded by Math-Verify."""
    from svlaw.data.importers.sc_genrm import import_sc_genrm

    with progress_bar("reading YAML") as progress:
        pool = import_sc_genrm(out, samples, verifications, verifier=verifier, progress=progress)
    report_import(pool, as_json)


@app.command()
def monkeys(
    out: NewPool,
    samples: Annotated[
        Path,
        typer.Option(
            metavar="PATH", help="Folder with one <id>.yaml per problem, or a published .json file."
        ),
    ],
    regrade: Regrade = False,
    time_limit: TimeLimit = 5.0,
    as_json: Json = False,
) -> None:
    """Make a pool from the samples of Large Language Monkeys.

    Evaluated files say what is correct (is_corrects); others are graded by Math-Verify.
    """
    from svlaw.data.importers.large_language_monkeys import import_monkeys

    with progress_bar("reading") as progress:
        pool = import_monkeys(
            out, samples, regrade=regrade, time_limit=time_limit, progress=progress
        )
    report_import(pool, as_json)


@app.command("nemo-skills")
def nemo_skills(
    outputs: Annotated[
        list[Path],
        typer.Argument(metavar="PATH...", help="Folder or files of output-rs<seed>.jsonl."),
    ],
    out: NewPool,
    correctness: Annotated[
        str | None,
        typer.Option(
            metavar="WHAT",
            help="symbolic, judge or graded. Default: the first of them that the files hold.",
        ),
    ] = None,
    id_field: Annotated[
        str | None,
        typer.Option(metavar="FIELD", help="Field that names the problem. Default: its line."),
    ] = None,
    skip_bad: SkipBad = False,
    time_limit: TimeLimit = 5.0,
    as_json: Json = False,
) -> None:
    """Make a pool from the generations of NVIDIA NeMo-Skills, one file per random seed."""
    from svlaw.data.importers.nemo_skills import import_nemo_skills

    with progress_bar("reading, MB") as progress:
        pool = import_nemo_skills(
            out,
            outputs[0] if len(outputs) == 1 else outputs,
            correctness=correctness,  # type: ignore[arg-type]  # checked there
            id_field=id_field,
            skip_bad=skip_bad,
            time_limit=time_limit,
            progress=progress,
        )
    report_import(pool, as_json)


@app.command("inspect")
def inspect_logs(
    logs: Annotated[
        list[Path], typer.Argument(metavar="LOG...", help="Logs of one task, or their folder.")
    ],
    out: NewPool,
    scorer: Annotated[
        str | None, typer.Option(metavar="NAME", help="Scorer to believe, when there are several.")
    ] = None,
    regrade: Regrade = False,
    time_limit: TimeLimit = 5.0,
    as_json: Json = False,
) -> None:
    """Make a pool from .eval logs of inspect_ai, epochs as samples (needs the extra 'inspect')."""
    from svlaw.data.importers.inspect_logs import import_inspect

    with progress_bar("reading samples") as progress:
        pool = import_inspect(
            out,
            logs[0] if len(logs) == 1 else logs,
            scorer=scorer,
            regrade=regrade,
            time_limit=time_limit,
            progress=progress,
        )
    report_import(pool, as_json)


@app.command("lm-harness")
def lm_harness(
    samples: Annotated[
        list[Path],
        typer.Argument(metavar="PATH...", help="Files samples_*.jsonl, or their folder."),
    ],
    out: NewPool,
    filter_name: Annotated[
        str | None,
        typer.Option("--filter", metavar="NAME", help="Filter to read, when there are several."),
    ] = None,
    metric: Annotated[
        str | None,
        typer.Option(
            metavar="NAME", help="Metric to believe. Default: the only one, or exact_match."
        ),
    ] = None,
    regrade: Regrade = False,
    skip_bad: SkipBad = False,
    time_limit: TimeLimit = 5.0,
    as_json: Json = False,
) -> None:
    """Make a pool from the logged samples of lm-evaluation-harness, repeats as samples."""
    from svlaw.data.importers.lm_harness import import_lm_harness

    with progress_bar("reading, MB") as progress:
        pool = import_lm_harness(
            out,
            samples[0] if len(samples) == 1 else samples,
            filter_name=filter_name,
            metric=metric,
            regrade=regrade,
            skip_bad=skip_bad,
            time_limit=time_limit,
            progress=progress,
        )
    report_import(pool, as_json)


@app.command("openai-batch")
def openai_batch(
    out: NewPool,
    solutions: Annotated[
        list[Path],
        typer.Option(metavar="FILE", help="Output (or error) file of requests for solutions."),
    ],
    problems: Annotated[
        Path,
        typer.Option(metavar="FILE", help="Problems: problem_id, reference_answer, question, ..."),
    ],
    verifications: Annotated[
        list[Path] | None,
        typer.Option(metavar="FILE", help="The same of requests for verifications."),
    ] = None,
    verifier: NewVerifier = "verifier",
    score: Annotated[
        str,
        typer.Option(metavar="SOURCE", help="Scores from: text, p_yes or p_yes_or_text."),
    ] = "text",
    id_pattern: Annotated[
        str | None,
        typer.Option(
            metavar="REGEX",
            help="How to read a solution's custom_id: groups problem and sample."
            " Default: PROBLEM, or PROBLEM-SAMPLE.",
        ),
    ] = None,
    verification_pattern: Annotated[
        str | None,
        typer.Option(
            metavar="REGEX",
            help="How to read a verification's: groups problem, solution and verification."
            " Default: PROBLEM-SOLUTION, or PROBLEM-SOLUTION-VERIFICATION.",
        ),
    ] = None,
    skip_bad: SkipBad = False,
    time_limit: TimeLimit = 5.0,
    as_json: Json = False,
) -> None:
    """Make a pool from the output of OpenAI's batch API, or of a server that writes the same.

    Give --solutions and --verifications once for each file.
    """
    from svlaw.data.importers.openai_batch import import_openai_batch

    with progress_bar("reading, MB") as progress:
        pool = import_openai_batch(
            out,
            solutions,
            problems,
            verifications=verifications,
            verifier=verifier,
            score=score,  # type: ignore[arg-type]  # checked there
            id_pattern=id_pattern,
            verification_pattern=verification_pattern,
            skip_bad=skip_bad,
            time_limit=time_limit,
            progress=progress,
        )
    report_import(pool, as_json)


@app.command()
def success(
    table: Annotated[
        Path,
        typer.Argument(metavar="FILE", help="Columns strategy, solutions, verifications, success."),
    ],
    out: NewPool,
    rename: Renames = None,
    as_json: Json = False,
) -> None:
    """Make a pool that holds only a published success table."""
    from svlaw.analysis.checks.published_checks import check_published
    from svlaw.data.importers.success_tables import import_success

    pool = import_success(out, table, renames=read_renames(rename))
    columns = ("strategy", "solutions", "verifications", "success")
    for found in check_published(pool.read("success", columns)):
        warn(f"{found.subject}: {found.message}")
    report_import(pool, as_json)


def _columns(names: str | None) -> tuple[str, ...]:
    return tuple(name.strip() for name in (names or "").split(",") if name.strip())


def report_import(pool: "Pool", as_json: bool) -> None:
    """Print what an import made, and what is to be said about it."""
    import polars as pl

    from svlaw.data.schema import TABLES

    rows: dict[str, int] = {}
    for name, table in TABLES.items():
        for verifier in pool.verifiers if table.per_verifier else (None,):
            if pool.has(name, verifier):
                label = name if verifier is None else f"{name}/{verifier}"
                rows[label] = pool.scan(name, verifier).select(pl.len()).collect().item()
    for command in _still_to_run(pool):
        warn(f"these are raw texts so far; next run '{command}'")
    ignored = list(pool.metadata.get("ignored_columns", []))
    if ignored:
        warn(f"ignored columns svlaw does not know: {', '.join(ignored)}")
    remarks = list(pool.metadata.get("remarks", []))
    for remark in remarks:
        warn(remark)
    if as_json:
        document = {"pool": str(pool.path), "rows": rows, "ignored_columns": ignored}
        document["shared_calls"] = sorted(pool.shared_calls)
        print_json({**document, "remarks": remarks})
        return
    held = ", ".join(f"{count:,} {label}" for label, count in rows.items())
    console.print(f"{pool.path}: {held}", markup=False, highlight=False, soft_wrap=True)
    suggest((*_still_to_run(pool), f"svlaw check {pool.path}")[0])


def _still_to_run(pool: "Pool") -> list[str]:
    """Commands that make answers and verdicts of the texts which have none yet."""
    ungraded = pool.has("solutions") and not pool.has("answers")
    grade = [f"svlaw grade {pool.path}"] if ungraded else []
    parse = [
        f"svlaw parse {pool.path} --verifier {name}"
        for name in pool.verifiers
        if not pool.has("verdicts", name)
    ]
    return grade + parse
