"""`svlaw import auto` and `svlaw import outputs`: files by what they are."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from svlaw.cli.import_commands import Regrade, TimeLimit, report_import
from svlaw.cli.options import Json, NewPool, SkipBad
from svlaw.cli.output import console, print_json, warn

if TYPE_CHECKING:
    from svlaw.data.importers.file_forms import Recognised
    from svlaw.data.pool import Pool

_WITHOUT_SKIP_BAD = ("inspect", "monkeys", "sc-genrm", "success")

Files = Annotated[
    list[Path], typer.Argument(metavar="FILE...", help="Files, or folders, of one form.")
]


def outputs(
    files: Files,
    out: NewPool,
    form: Annotated[
        str | None,
        typer.Option(
            metavar="NAME",
            help="livecodebench, evalplus, human-eval, qwen-math, lighteval, tree-of-thoughts or"
            " inspect-summaries. Default: what the files are.",
        ),
    ] = None,
    regrade: Regrade = False,
    skip_bad: SkipBad = False,
    time_limit: TimeLimit = 5.0,
    as_json: Json = False,
) -> None:
    """Make a pool from the outputs of an evaluation: programs, mathematics, a harness."""
    from svlaw.data.importers.file_forms import recognise
    from svlaw.data.importers.outputs import import_outputs

    if form is None:
        found = recognise(files)
        found.command(str(out))
        form = found.form.name
    pool = import_outputs(
        out, files, form, regrade=regrade, skip_bad=skip_bad, time_limit=time_limit
    )
    report_import(pool, as_json)


def auto(
    files: Files,
    out: Annotated[
        Path | None,
        typer.Option(metavar="POOL", help="Folder of the new pool; not needed with --dry-run."),
    ] = None,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Only say what the files are and what reads them.")
    ] = False,
    skip_bad: SkipBad = False,
    as_json: Json = False,
) -> None:
    """Look at files, say what they are and which command reads them, and import them."""
    from svlaw.data.errors import BadInputError
    from svlaw.data.importers.file_forms import recognise

    found = recognise(files)
    command = found.command(str(out) if out is not None else "POOL")
    if skip_bad and found.form.name not in _WITHOUT_SKIP_BAD:
        command += " --skip-bad"
    said = f"{found.files[0]}: {found.form.title} ({found.reason}); read by '{command}'"
    if dry_run:
        document = {"form": found.form.name, "title": found.form.title, "reason": found.reason}
        if as_json:
            print_json({**document, "command": command})
        else:
            console.print(said, markup=False, highlight=False, soft_wrap=True)
        return
    if out is None:
        raise BadInputError("give the new pool's folder with --out, or --dry-run")
    warn(said)
    report_import(_import(found, out, skip_bad), as_json)


def _import(  # noqa: PLR0911  one for each form
    found: "Recognised", out: Path, skip_bad: bool
) -> "Pool":
    from svlaw.data.errors import BadInputError

    files, tables = list(found.files), found.tables
    match found.form.name:
        case "tables":
            from svlaw.data.importers.flat_tables import import_tables

            return import_tables(out, **tables, skip_bad=skip_bad)  # type: ignore[arg-type]
        case "inspect":
            from svlaw.data.importers.inspect_logs import import_inspect

            return import_inspect(out, files[0] if len(files) == 1 else files)
        case "lm-harness":
            from svlaw.data.importers.lm_harness import import_lm_harness

            return import_lm_harness(out, files, skip_bad=skip_bad)
        case "nemo-skills":
            from svlaw.data.importers.nemo_skills import import_nemo_skills

            return import_nemo_skills(
                out, files[0] if len(files) == 1 else files, skip_bad=skip_bad
            )
        case "openai-batch":
            from svlaw.data.importers.openai_batch import import_openai_batch

            if "problems" not in tables:
                raise BadInputError(
                    f"{files[0]}: OpenAI batch output names no reference answers; give a table with"
                    " problem_id and reference_answer beside it"
                )
            return import_openai_batch(out, files, tables["problems"], skip_bad=skip_bad)
        case "monkeys":
            from svlaw.data.importers.large_language_monkeys import import_monkeys

            return import_monkeys(out, _only(files))
        case "sc-genrm":
            from svlaw.data.importers.sc_genrm import import_sc_genrm

            return import_sc_genrm(out, _only(files))
        case "success":
            from svlaw.data.importers.success_tables import import_success

            return import_success(out, _only(files))
        case form:
            from svlaw.data.importers.outputs import import_outputs

            return import_outputs(out, files, form, skip_bad=skip_bad)


def _only(files: list[Path]) -> Path:
    from svlaw.data.errors import BadInputError

    if len(files) > 1:
        raise BadInputError(f"{files[1]}: one file or folder of this form makes a pool; give one")
    return files[0]
