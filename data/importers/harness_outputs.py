"""Outputs of harnesses: details of lighteval, and summaries of an inspect_ai log.

Fields read of lighteval's `details_*.parquet`: full_prompt or example, predictions, gold, metrics;
in newer files doc (query, choices, gold_index, id), model_response (text), metric. Of the summaries
that viewers of inspect_ai show (`summaries.json`): id, epoch, input, target, scores (value,
answer).

Source: huggingface/lighteval at 010dc62 (logging/info_loggers.py, models/model_output.py),
UKGovernmentBEIS/inspect_ai at 499e615 (log/_log.py). Facts about fields and names only.
"""

import math
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from svlaw.data.errors import BadInputError
from svlaw.data.grading.answers import reference_answer
from svlaw.data.importers.inspect_logs import Tally, flag_of_score
from svlaw.data.importers.nested_cells import plain_value
from svlaw.data.importers.output_entries import Attempt, Entry, first_text
from svlaw.data.importers.solution_intake import Problem, blank_to_none, kind_of
from svlaw.data.storage.json_records import Record, read_document, records_of
from svlaw.data.storage.row_files import as_text, read_raw, whole_characters


def lighteval_records(path: Path) -> Iterator[Record]:
    """The samples of a details file."""
    raw = read_raw(path)
    for row, fields in enumerate(raw.frame.iter_rows(named=True), 1):
        yield Record({**fields, "__row": row - 1}, path, row, unit="row")


def lighteval_entry(record: Record) -> Entry:
    """A sample of lighteval: its texts, and its metric where there is one text and one metric."""
    response = record.get("model_response")
    newer = isinstance(response, dict)
    texts = _texts(response.get("text") if newer else record.get("predictions"))
    if not texts:
        raise record.error(
            "lighteval details without texts: log-likelihoods of choices are refused"
        )
    metrics = record.get("metric") if newer else record.get("metrics")
    doc = record.get("doc") if newer else None
    gold = _gold(doc) if isinstance(doc, dict) else _texts(record.get("gold"))
    reference = reference_answer(gold[0]) if gold and gold[0] else None
    name, question = str(record.get("__row")), first_text(record, "example", "full_prompt")
    if isinstance(doc, dict):
        question = as_text(plain_value(doc.get("query"), "user"))
        name = str(doc.get("id") or name)
    kind = "external" if reference is None else kind_of(reference)
    problem = Problem(name, question, reference, kind)
    flag = _metric(metrics) if len(texts) == 1 else None
    return Entry(problem, [Attempt(text, problem.read_answer(text), flag) for text in texts])


def _texts(value: Any) -> list[str]:
    """Texts that are in lists, in lists of lists, or alone."""
    if value is None:
        return []
    if isinstance(value, list):
        return [text for item in value for text in _texts(item)]
    return [whole_characters(str(value))] if isinstance(value, str) else []


def _gold(doc: dict[str, Any]) -> list[str]:
    choices, places = doc.get("choices") or [], doc.get("gold_index")
    places = places if isinstance(places, list) else [places]
    return [str(choices[p]) for p in places if isinstance(p, int) and 0 <= p < len(choices)]


def _metric(metrics: Any) -> bool | None:
    """The only metric, where it says right or wrong."""
    values = [v for v in metrics.values() if v is not None] if isinstance(metrics, dict) else []
    if len(values) == 1 and isinstance(values[0], int | float) and values[0] in (0, 1):
        return bool(values[0])
    return None


def summary_records(path: Path) -> Iterator[Record]:
    """The samples of a log's summaries."""
    document = read_document(path)
    if not isinstance(document, list):
        raise BadInputError(f"{path}: summaries of an inspect_ai log are a list of samples")
    rows = sorted(document, key=lambda row: row.get("epoch") or 0 if isinstance(row, dict) else 0)
    yield from records_of(rows, path)


def summary_entry(record: Record) -> Entry:
    """A sample of a log: its answer and its score; the text is only in the log itself."""
    target = record.get("target")
    target = target[0] if isinstance(target, list) and len(target) == 1 else target
    reference = reference_answer(target) if isinstance(target, str) and target else None
    question = as_text(plain_value(record.get("input"), "user"))
    kind = "external" if reference is None else kind_of(reference)
    problem = Problem(record.need_text("id"), question, reference, kind)
    scores = record.get("scores")
    if not isinstance(scores, dict) or not scores:
        raise record.error(
            "summaries of an inspect_ai log without scores hold no answers; import the .eval log"
        )
    if len(scores) > 1:
        raise record.error(
            f"summaries of an inspect_ai log with several scorers ({', '.join(scores)}); import the"
            " .eval log with --scorer"
        )
    (score,) = scores.values()
    value = score.get("value") if isinstance(score, dict) else score
    if isinstance(value, float) and math.isnan(value):
        value = None
    flag = flag_of_score(SimpleNamespace(value=value), record.where, Tally())
    if flag is None:
        raise record.error("summaries of an inspect_ai log: the sample was not scored")
    answer = score.get("answer") if isinstance(score, dict) else None
    return Entry(problem, [Attempt(None, blank_to_none(as_text(answer)), flag)])
