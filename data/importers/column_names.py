"""Names of columns: those svlaw uses, and those that other people give the same thing."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Final

from svlaw.data.errors import BadInputError

_TEXT: Final = (
    ("response", "responses"),
    ("completion", "completions"),
    ("output", "outputs"),
    ("generation", "generations"),
    ("generated_text", "generated_texts"),
    ("model_output", "model_outputs"),
    ("model_response", "model_responses"),
    ("texts", "samples"),
    ("rollout", "rollouts"),
    ("candidate", "candidates"),
    ("messages", "conversation"),
)
_WEAK_TEXT: Final = (("solution", "solutions"), ("prediction", "predictions"), ("content", "reply"))
_REFERENCE: Final = (
    ("reference", "references"),
    ("gold", "gold_answer"),
    ("golden_answer", "golden_answers"),
    ("ground_truth", "ground_truths"),
    ("gt", "gt_answer"),
    ("expected_answer", "expected"),
    ("correct_answer", "answer_key"),
    ("target", "ref_answer"),
)
_COUNTED: Final = {
    "output_tokens": (
        ("completion_tokens", "num_generated_tokens", "output_token_count", "generated_tokens"),
    ),
    "prompt_tokens": (("input_tokens", "num_input_tokens"),),
    "finish_reason": (("stop_reason", "finish_reasons"),),
}

_PROBLEM: Final[Mapping[str, tuple[tuple[str, ...], ...]]] = {
    "problem_id": (
        ("question_id", "task_id", "doc_id", "prompt_id", "unique_id", "example_id", "instance_id"),
        ("id", "idx", "index"),
    ),
    "question": (("problem", "prompt", "query"), ("input", "instruction")),
    "reference_answer": (tuple(name for pair in _REFERENCE for name in pair), ("answer",)),
}
_SOLUTION: Final[Mapping[str, tuple[tuple[str, ...], ...]]] = {
    "problem_id": _PROBLEM["problem_id"],
    "question": _PROBLEM["question"],
    "reference_answer": _PROBLEM["reference_answer"][:1],
    "solution_id": (
        ("sample_id", "sample_idx", "sample_index", "response_id", "response_idx", "completion_id"),
        ("generation_id", "generation_idx", "rollout_id", "solution_idx", "solution_index"),
    ),
    "text": (
        tuple(name for pair in _TEXT for name in pair),
        tuple(name for pair in _WEAK_TEXT for name in pair),
    ),
    "is_correct": (
        ("correct", "is_corrects", "corrects", "acc", "passed", "correctness", "graded_list"),
        ("exact_match", "accuracy"),
    ),
    "answer": (("answers", "extracted_answer", "extracted_answers", "predicted_answer"), ("pred",)),
    **_COUNTED,
}
_VERDICT: Final[Mapping[str, tuple[tuple[str, ...], ...]]] = {
    "score": (("scores", "verifier_score", "verifier_scores"), ("reward", "rewards", "rm_scores")),
    "verdict": (("verdicts", "judgement", "judgment", "judgements", "judgments"),),
}
_VERIFICATION: Final[Mapping[str, tuple[tuple[str, ...], ...]]] = {
    "problem_id": _PROBLEM["problem_id"],
    "solution_id": _SOLUTION["solution_id"],
    "verification_id": (("verdict_id", "verification_idx", "judgement_id", "critique_id"),),
    "text": (("verification", "verifications", "critique", "critiques"), _SOLUTION["text"][0]),
    **_VERDICT,
    **_COUNTED,
}
_VERIFIER_ANSWER: Final[Mapping[str, tuple[tuple[str, ...], ...]]] = {
    "problem_id": _PROBLEM["problem_id"],
    "verification_id": (_VERIFICATION["verification_id"][0], *_SOLUTION["solution_id"]),
    "is_correct": _SOLUTION["is_correct"],
    "answer": _SOLUTION["answer"],
    "output_tokens": _COUNTED["output_tokens"],
}

NAMES: Final[Mapping[str, Mapping[str, tuple[tuple[str, ...], ...]]]] = {
    "problems": _PROBLEM,
    "solutions": _SOLUTION,
    "verifications": _VERIFICATION,
    "verdicts": _VERDICT,
    "verifier_answers": _VERIFIER_ANSWER,
}
"""Other names of each column, by table; those of a later group count where no earlier one is."""


@dataclass(frozen=True)
class Naming:
    """How the columns of a file are called.

    Attributes:
        names: Column of the file to svlaw's name.
        recognised: Of those, the ones that svlaw recognised itself.
    """

    names: dict[str, str]
    recognised: dict[str, str]


def recognise_names(
    columns: Collection[str], table: str, renames: Mapping[str, str], source: str
) -> Naming:
    """Find the columns of a table by svlaw's names, the user's renames, and names in common use.

    Args:
        columns: The file's columns.
        table: `problems`, `solutions`, `verifications`, `verdicts` (those that stand in a table
            of solutions), or `verifier_answers`.
        renames: The user's, old name to new.
        source: What to call the file in an error.

    Raises:
        BadInputError: Two columns may be the one that is wanted.
    """
    names = {name: renames.get(name, name) for name in columns}
    recognised: dict[str, str] = {}
    for wanted, groups in NAMES[table].items():
        if wanted in names.values():
            continue
        for group in groups:
            found = [n for n in columns if n.lower() in group and names[n] == n]
            if len(found) > 1:
                raise BadInputError(
                    f"{source}: {' and '.join(found)} may both be the {wanted}; choose one with"
                    f" --rename {found[0]}={wanted}"
                )
            if found:
                recognised[found[0]] = names[found[0]] = wanted
                break
    return Naming(names, recognised)


def words_of(recognised: Mapping[str, str], source: str) -> str:
    """Recognised columns in words, for a remark."""
    pairs = ", ".join(f"{old} as {new}" for old, new in recognised.items())
    return f"{source}: read {pairs} (--rename OLD=NEW reads otherwise)"
