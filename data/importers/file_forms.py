"""Forms of files: what a file is, by its content, and which command reads it.

Every form looks at the beginning of a file (a `Glimpse`) and gives a reason, or None. The
first that gives one is the file's form, so particular forms stand before general ones.
"""

import shlex
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from svlaw.data.errors import BadInputError
from svlaw.data.importers.column_names import NAMES
from svlaw.data.importers.glimpses import Glimpse, glimpse

Recognise = Callable[[Glimpse], str | None]


@dataclass(frozen=True)
class Form:
    """A form of files.

    Attributes:
        name: Its name: that of the command, or of `--form` of `svlaw import outputs`.
        title: What it is, in words.
        command: The command that reads it, with `{files}` and `{out}`; None where it is refused.
        recognise: Gives the reason why a file is of this form, or None.
        refusal: Why files of this form cannot be read, and what to do.
    """

    name: str
    title: str
    command: str | None
    recognise: Recognise
    refusal: str = ""


@dataclass(frozen=True)
class Recognised:
    """What some files are.

    Attributes:
        form: Their form.
        files: The files.
        reason: Why, in words.
        tables: Of tables, which file is which (`solutions`, `problems`, `verifications`).
    """

    form: Form
    files: tuple[Path, ...]
    reason: str
    tables: dict[str, Path]

    def command(self, out: str) -> str:
        """The command that reads the files."""
        if self.form.command is None:
            raise BadInputError(f"{self.files[0]}: {self.form.title}: {self.form.refusal}")
        options = " ".join(f"--{name} {shlex.quote(str(p))}" for name, p in self.tables.items())
        others = [p for p in self.files if p not in self.tables.values()]
        options += " " * bool(options)
        names = {
            "files": " ".join(shlex.quote(str(path)) for path in others or self.files),
            "tables": options,
            "out": shlex.quote(out),
        }
        return self.form.command.format(**names)


def recognise(files: Sequence[Path]) -> Recognised:
    """Say what files are.

    Raises:
        BadInputError: A file cannot be read, is of no known form, or files are of several forms.
    """
    found: list[tuple[Path, Glimpse, Form, str]] = []
    for path in files:
        seen = glimpse(path)
        match = next(((f, why) for f in FORMS if (why := f.recognise(seen))), None)
        if match is None:
            raise BadInputError(
                f"{path}: of no form svlaw knows ({seen.words}); rename its columns for 'svlaw"
                " import tables' (problem_id, solution_id, is_correct or text)"
            )
        found.append((path, seen, *match))
    tables = {path: seen for path, seen, form, _ in found if form.name == "tables"}
    others = [(path, form, why) for path, _, form, why in found if form.name != "tables"]
    if not others:
        path, _, form, why = found[0]
        return Recognised(form, tuple(files), why, _sort_tables(tables))
    path, form, why = others[0]
    for other, its, _ in others[1:]:
        if its is not form:
            raise BadInputError(
                f"{other}: {its.title}, while {path} is {form.title}; import one form at a time"
            )
    beside = dict(zip(("problems",), tables, strict=False))
    if tables and form.name != "openai-batch":
        table = next(iter(tables))
        raise BadInputError(f"{table}: a table, while {path} is {form.title}; import one at a time")
    return Recognised(form, tuple(path for path, _, _ in others), why, beside)


def _sort_tables(tables: dict[Path, Glimpse]) -> dict[str, Path]:
    """Which table is which, by its columns.

    Raises:
        BadInputError: Two are the same.
    """
    sorted_: dict[str, Path] = {}
    for path, seen in tables.items():
        role = "solutions" if len(tables) == 1 else _role(seen)
        if role in sorted_:
            raise BadInputError(
                f"{path}: a table of {role}, as {sorted_[role]} is; name each with 'svlaw import"
                " tables' (--solutions takes a pattern of several files)"
            )
        sorted_[role] = path
    if "solutions" not in sorted_:
        path = next(iter(tables))
        raise BadInputError(
            f"{path}: no table of solutions (text or is_correct) is among the files"
        )
    order = ("problems", "solutions", "verifications")
    return {role: sorted_[role] for role in order if role in sorted_}


def _role(seen: Glimpse) -> str:
    columns = {name.lower() for name in seen.columns}
    if "verification_id" in columns or _has(columns, "verifications", "score", "verdict"):
        return "verifications"
    if _has(columns, "solutions", "text", "is_correct", "solution_id"):
        return "solutions"
    return "problems"


def _has(columns: set[str], table: str, *names: str) -> bool:
    return any(
        name in columns or any(columns.intersection(group) for group in NAMES[table].get(name, ()))
        for name in names
    )


def _fields(*names: str, unless: tuple[str, ...] = (), kinds: tuple[str, ...] = ()) -> Recognise:
    """Recognises rows by their fields."""

    def look(seen: Glimpse) -> str | None:
        if not set(names) <= set(seen.columns) or set(unless) & set(seen.columns):
            return None
        return f"rows with {', '.join(names)}" if not kinds or seen.kind in kinds else None

    return look


def _evalplus(seen: Glimpse) -> str | None:
    held = isinstance(seen.document, dict) and isinstance(seen.document.get("eval"), dict)
    if not held or "samples" in seen.document:
        return None
    return "an object 'eval' of tasks with their attempts" if "eval" in seen.document else None


def _bigcode(seen: Glimpse) -> str | None:
    lists = seen.document
    if not isinstance(lists, list) or not lists or not all(isinstance(row, list) for row in lists):
        return None
    texts = all(isinstance(text, str) for row in lists[:5] for text in row)
    return "a list of lists of programs" if texts else None


def _inspect(seen: Glimpse) -> str | None:
    if seen.kind == ".eval" or (seen.is_folder and seen.holds("*.eval")):
        return "logs that end in .eval"
    if isinstance(seen.document, dict) and {"eval", "status", "samples"} <= set(seen.document):
        return "a log in JSON"
    return None


def _lighteval(seen: Glimpse) -> str | None:
    columns = set(seen.columns)
    older = {"predictions", "gold", "metrics"} <= columns
    newer = {"doc", "model_response", "metric"} <= columns
    return "columns of a details file" if older or newer else None


def _nemo(seen: Glimpse) -> str | None:
    if seen.is_folder:
        held = seen.holds("output-rs*.jsonl") or seen.holds("output.jsonl")
        return "a folder with output-rs<seed>.jsonl" if held else None
    named = seen.path.name.startswith("output") and seen.kind == ".jsonl"
    return (
        "rows with generation, under the name of a run"
        if named and ("generation" in seen.columns)
        else None
    )


def _yaml_folder(flags: bool) -> Recognise:
    def look(seen: Glimpse) -> str | None:
        if not seen.is_folder or not {"question", "samples"} <= set(seen.columns):
            return None
        has = bool({"is_corrects", "is_correct", "test_cases"} & set(seen.columns))
        why = "with is_corrects" if flags else "without is_corrects"
        return f"a folder of <id>.yaml with samples, {why}" if has is flags else None

    return look


def _table(seen: Glimpse) -> str | None:
    columns = {name.lower() for name in seen.columns}
    known = {name for table in NAMES.values() for name in table}
    known |= {n for table in NAMES.values() for groups in table.values() for g in groups for n in g}
    held = sorted(columns & known)
    return f"rows with {', '.join(held[:6])}" if len(held) >= 2 else None


_OUTPUTS: Final = "svlaw import outputs {{files}} --out {{out}} --form {}"

FORMS: Final[tuple[Form, ...]] = (
    Form(
        "svlaw-pool",
        "a pool of svlaw",
        None,
        lambda seen: (
            "a folder with pool.json" if seen.is_folder and seen.holds("pool.json") else None
        ),
        "nothing to import; use it as it is",
    ),
    Form("inspect", "logs of inspect_ai", "svlaw import inspect {files} --out {out}", _inspect),
    Form(
        "inspect-summaries",
        "summaries of an inspect_ai log",
        _OUTPUTS.format("inspect-summaries"),
        _fields("id", "epoch", "input", "target"),
    ),
    Form(
        "livecodebench",
        "LiveCodeBench output",
        _OUTPUTS.format("livecodebench"),
        _fields("question_id", "code_list"),
    ),
    Form("evalplus", "evalplus results", _OUTPUTS.format("evalplus"), _evalplus),
    Form(
        "human-eval",
        "human-eval results",
        _OUTPUTS.format("human-eval"),
        _fields("task_id", "completion", "passed", unless=("problem_id",)),
    ),
    Form(
        "human-eval-samples",
        "human-eval samples that were not run",
        None,
        lambda seen: (
            "task_id and completion alone"
            if set(seen.columns) in ({"task_id", "completion"}, {"task_id", "solution"})
            else None
        ),
        "nothing says which programs passed; run evaluate_functional_correctness (or"
        " evalplus.evaluate) and import its results",
    ),
    Form(
        "bigcode",
        "generations of bigcode-evaluation-harness",
        None,
        _bigcode,
        "programs alone, and nothing says which passed; run them and import a table with is_correct"
        " ('svlaw import tables')",
    ),
    Form(
        "qwen-math",
        "Qwen2.5-Math or ToRA output",
        _OUTPUTS.format("qwen-math"),
        _fields("idx", "code", "pred"),
    ),
    Form(
        "tree-of-thoughts",
        "a Tree of Thoughts log",
        _OUTPUTS.format("tree-of-thoughts"),
        _fields("idx", "ys", "infos"),
    ),
    Form("lighteval", "lighteval details", _OUTPUTS.format("lighteval"), _lighteval),
    Form(
        "lm-harness",
        "samples of lm-evaluation-harness",
        "svlaw import lm-harness {files} --out {out}",
        _fields("doc_id", "resps"),
    ),
    Form(
        "openai-batch",
        "OpenAI batch output",
        "svlaw import openai-batch --solutions {files} {tables}--out {out}",
        _fields("custom_id", "response"),
    ),
    Form(
        "nemo-skills",
        "NeMo-Skills output",
        "svlaw import nemo-skills {files} --out {out}",
        _nemo,
    ),
    Form(
        "monkeys",
        "samples of Large Language Monkeys",
        "svlaw import monkeys --samples {files} --out {out}",
        _fields("orig_dset_idx", "samples"),
    ),
    Form(
        "monkeys",
        "samples of Large Language Monkeys",
        "svlaw import monkeys --samples {files} --out {out}",
        _yaml_folder(True),
    ),
    Form(
        "sc-genrm",
        "YAML of sc-genrm-scaling",
        "svlaw import sc-genrm --samples {files} --out {out}",
        _yaml_folder(False),
    ),
    Form(
        "success",
        "a published success table",
        "svlaw import success {files} --out {out}",
        _fields("strategy", "solutions", "verifications", "success"),
    ),
    Form("tables", "tables", "svlaw import tables {tables}--out {out}", _table),
)
"""All forms, particular ones first."""
