"""Outputs of mathematics: Qwen2.5-Math and ToRA; and logs of Tree of Thoughts.

Fields read of Qwen2.5-Math and ToRA (JSONL): idx, question, gt (or answer), code (texts), pred
(final answers), score (truth values, once evaluated), level, type, finish_reason. Of a log of Tree
of Thoughts (JSON): idx, ys (texts), infos (r: 1 or 0); `steps` where a search made them.

Source: QwenLM/Qwen2.5-Math (evaluation/math_eval.py), microsoft/ToRA (src/infer, src/eval),
princeton-nlp/tree-of-thought-llm (run.py, src/tot/tasks). Facts about fields and names only.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from svlaw.data.errors import BadInputError
from svlaw.data.grading.answers import reference_answer
from svlaw.data.importers.output_entries import Attempt, Entry, first_text, flags_of, texts_of
from svlaw.data.importers.solution_intake import Problem, blank_to_none, kind_of
from svlaw.data.storage.json_records import Record, read_document, read_records, records_of
from svlaw.data.storage.row_files import as_text


def math_records(path: Path) -> Iterator[Record]:
    """The problems of a file of Qwen2.5-Math or ToRA."""
    if path.suffix.lower() == ".json":
        document = read_document(path)
        yield from records_of(document if isinstance(document, list) else [document], path)
    else:
        yield from read_records([path])


def math_entry(record: Record) -> Entry:
    """A problem of Qwen2.5-Math or ToRA."""
    texts = texts_of(record, "code")
    gt = first_text(record, "gt", "answer")
    reference = reference_answer(gt) if gt else None
    problem = Problem(
        record.need_text("idx"),
        first_text(record, "question", "problem"),
        reference,
        "external" if reference is None else kind_of(reference),
        first_text(record, "subject", "type"),
        first_text(record, "level"),
    )
    flags: list[bool | None] = [None] * len(texts)
    if isinstance(record.get("score"), list | bool):
        flags = flags_of(record, "score", len(texts))
    answers = _answers(record, problem, texts)
    ends = record.get("finish_reason")
    reasons = ends if isinstance(ends, list) and len(ends) == len(texts) else [None] * len(texts)
    return Entry(
        problem,
        [
            Attempt(text, answer, flag, finish_reason=None if end is None else str(end))
            for text, answer, flag, end in zip(texts, answers, flags, reasons, strict=True)
        ],
    )


def _answers(record: Record, problem: Problem, texts: list[str | None]) -> list[str | None]:
    """Final answers as the file has them, else as the texts state them."""
    said: Any = record.get("pred")
    if isinstance(said, str):
        said = [said]
    if not isinstance(said, list) or len(said) != len(texts):
        return [problem.read_answer(text) for text in texts]
    return [blank_to_none(as_text(answer)) for answer in said]


def thought_records(path: Path) -> Iterator[Record]:
    """The problems of a log of Tree of Thoughts."""
    document = read_document(path)
    if not isinstance(document, list):
        raise BadInputError(f"{path}: a log of Tree of Thoughts is a list of problems")
    yield from records_of(document, path)


def thought_entry(record: Record) -> Entry:
    """A problem of Tree of Thoughts whose texts were sampled on their own."""
    if record.get("steps") is not None:
        raise record.error(
            "Tree of Thoughts log of a search (it has steps): its texts were chosen, not drawn, so"
            " no scaling can be read off them; import a log of --naive_run"
        )
    texts = texts_of(record, "ys")
    infos = record.children("infos")
    if len(infos) != len(texts):
        raise record.error(f"Tree of Thoughts log: {len(infos)} infos for {len(texts)} texts")
    problem = Problem(record.need_text("idx"), kind="external")
    pairs = zip(texts, infos, strict=True)
    return Entry(problem, [Attempt(text, is_correct=info.flag("r")) for text, info in pairs])
