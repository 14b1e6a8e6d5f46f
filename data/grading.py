r"""Correctness of answers: what Math-Verify says, within hard limits of time and memory.

Each distinct pair of answer and reference is judged once. Equal spellings are correct and unequal
whole numbers or words wrong without further ado; every other pair goes to Math-Verify in a worker
process that is killed when its time is up, so that an answer such as `10^{10^{10}}` costs the limit
and no more.
"""

import contextlib
import logging
import re
import signal
from collections import deque
from collections.abc import Iterable, Mapping
from functools import lru_cache
from typing import Any, Final, Literal

import polars as pl

from svlaw.data.answers import is_word, normalize_answer
from svlaw.data.classes import number_classes
from svlaw.data.errors import BadInputError
from svlaw.data.progress import Progress, silent
from svlaw.data.workers import Landing, WorkerDiedError, count_workers, worker_pool

Judgement = Literal["correct", "wrong", "timeout"]

TIME_LIMIT: Final = 5.0
"""Seconds of wall clock for one pair; a usual one takes 0.1."""

_MEMORY_LIMIT: Final = 512 << 20
_IN_FLIGHT: Final = 64
_WHOLE: Final = re.compile(r"-?\d+")
_CORRECT_LABEL: Final = "\x00correct"


def judge(
    pairs: Iterable[tuple[str, str]],
    *,
    time_limit: float = TIME_LIMIT,
    workers: int | None = None,
    progress: Progress = silent,
) -> dict[tuple[str, str], Judgement]:
    """Judge pairs of an answer and its reference.

    Pairs whose normalised texts agree count as one, and the first of them is judged. A pair that
    runs out of time or memory is a `timeout`; the others go on meanwhile. The order of arguments
    matters to Math-Verify (an equation `x = 5` is unwrapped to fit the reference); it gets the
    reference as its gold answer.

    Args:
        pairs: (answer, reference) as written; duplicates are welcome.
        time_limit: Seconds for one pair.
        workers: Worker processes; None chooses.
        progress: Called with the number of pairs that needed Math-Verify.

    Returns:
        A judgement for every distinct pair.

    Raises:
        BadInputError: `time_limit` or `workers` is not positive.
        SvlawError: Workers cannot be started.
    """
    if time_limit <= 0:
        raise BadInputError(f"time_limit {time_limit}: use seconds above 0")
    keys = {pair: (normalize_answer(pair[0]), normalize_answer(pair[1])) for pair in pairs}
    judged: dict[tuple[str, str], Judgement] = {}
    hard: dict[tuple[str, str], tuple[str, str]] = {}
    for pair, key in keys.items():
        if key in judged or key in hard:
            continue
        verdict = _judge_spelling(*key)
        if verdict is None:
            hard[key] = pair
        else:
            judged[key] = verdict
    judged.update(_judge_meaning(hard, time_limit, count_workers(workers), progress))
    return {pair: judged[key] for pair, key in keys.items()}


def grade_answers(
    answers: pl.DataFrame,
    *,
    time_limit: float = TIME_LIMIT,
    workers: int | None = None,
    progress: Progress = silent,
) -> pl.DataFrame:
    """Add `is_correct`, `status` and `answer_class` to extracted answers.

    The correct answers of a problem are one class; the others are one class per normalised text. A
    row whose pair ran out of time counts as wrong, with status `timeout`.

    Args:
        answers: Rows with `problem_id`, `answer` and `reference_answer`, in their final order.
        time_limit: Seconds for one pair.
        workers: Worker processes; None chooses.
        progress: As in `judge`.

    Returns:
        The rows with the three columns added or replaced, in the same order.

    Raises:
        BadInputError: A row has no `reference_answer`, or an argument is not positive.
    """
    if answers["reference_answer"].null_count():
        raise BadInputError("reference_answer: some rows have none; answers cannot be graded")
    key = ("answer", "reference_answer")
    pairs = answers.select(key).drop_nulls("answer").unique(maintain_order=True)
    judgements = judge(pairs.iter_rows(), time_limit=time_limit, workers=workers, progress=progress)
    table = pairs.with_columns(
        pl.Series("__judgement", [judgements[pair] for pair in pairs.iter_rows()], pl.String()),
        pl.Series("__text", [normalize_answer(text) for text in pairs["answer"]], pl.String()),
    )
    judgement = pl.col("__judgement")
    graded = answers.join(table, on=key, how="left", maintain_order="left").with_columns(
        (judgement == "correct").fill_null(False).alias("is_correct"),
        pl.when(judgement.is_null())
        .then(pl.lit("no_answer"))
        .when(judgement == "timeout")
        .then(pl.lit("timeout"))
        .otherwise(pl.lit("graded"))
        .alias("status"),
    )
    label = pl.when(pl.col("is_correct")).then(pl.lit(_CORRECT_LABEL)).otherwise(pl.col("__text"))
    return number_classes(graded, label).drop("__judgement", "__text")


def _judge_spelling(answer: str, reference: str) -> Judgement | None:
    """Judge two normalised texts where no algebra is needed; None where it is."""
    if answer == reference:
        return "correct"
    if not answer or not reference:
        return "wrong"
    if _WHOLE.fullmatch(answer) and _WHOLE.fullmatch(reference):
        return "wrong"
    if is_word(answer) and is_word(reference):
        # As products of letters, "east" and "seat" would be equal.
        return "wrong"
    return None


def _judge_meaning(
    hard: Mapping[tuple[str, str], tuple[str, str]],
    time_limit: float,
    workers: int,
    progress: Progress,
) -> dict[tuple[str, str], Judgement]:
    if not hard:
        return {}
    judged: dict[tuple[str, str], Judgement] = {}
    flying: deque[tuple[tuple[str, str], Landing[bool]]] = deque()
    with worker_pool(min(workers, len(hard)), prepare_worker) as pool:

        def land() -> None:
            key, landing = flying.popleft()
            judged[key] = _read(landing)
            progress(len(judged), len(hard))

        for key, pair in hard.items():
            flying.append((key, pool.submit(agree, *pair, time_limit=time_limit)))
            if len(flying) >= _IN_FLIGHT:
                land()
        while flying:
            land()
    return judged


def _read(landing: Landing[bool]) -> Judgement:
    try:
        return "correct" if landing.result() else "wrong"
    except (TimeoutError, MemoryError, WorkerDiedError):
        return "timeout"


def prepare_worker() -> None:
    """Set up a worker: silence, a memory limit, quick death, and Math-Verify fully imported."""
    # A worker stuck in C code would not run a handler written in Python.
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    for name in ("math_verify", "latex2sympy2_extended"):
        logging.getLogger(name).setLevel(logging.CRITICAL + 1)
    with contextlib.suppress(ImportError, ValueError, OSError):
        import resource  # noqa: PLC0415  absent on Windows

        _, most = resource.getrlimit(resource.RLIMIT_DATA)
        resource.setrlimit(resource.RLIMIT_DATA, (_MEMORY_LIMIT, most))
    agree(r"x^2-1", r"(x-1)(x+1)")  # lazy imports must not eat into the first pair's time


def agree(answer: str, reference: str) -> bool:
    """Ask Math-Verify whether an answer means the same as its reference.

    Its own alarm is off: it fires in the middle of imports and swallows the outcome. Call this in a
    process that someone else can kill.

    Raises:
        MemoryError: The pair needs more memory than the process may use.
    """
    from math_verify import verify  # noqa: PLC0415  0.5 s that only workers need

    try:
        return bool(
            verify(_parse(reference), _parse(answer), timeout_seconds=None, raise_on_error=True)
        )
    except MemoryError:
        raise
    except Exception:  # whatever algebra cannot digest is not the same
        return False


@lru_cache(maxsize=256)
def _parse(answer: str) -> list[Any]:
    from math_verify import parse  # noqa: PLC0415

    parsed: list[Any] = parse(rf"\boxed{{{answer}}}", parsing_timeout=None)
    return parsed
