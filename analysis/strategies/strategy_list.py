"""All strategies, with what they do, their settings and their sources."""

from typing import Any, Final

from svlaw.analysis.strategies.policies.families import DEFAULT_MOST, FAMILIES, Family
from svlaw.analysis.strategies.policies.parameters import write_value
from svlaw.analysis.strategies.specs import needs_verifier, needs_verifier_answers, needs_votes

_PLAIN: Final = {
    "coverage": (
        "Whether any of S solutions is right (pass@S); takes an oracle to pick it.",
        "Chen et al. 2021 (arXiv 2107.03374)",
    ),
    "self_consistency": (
        "The most frequent answer of S solutions.",
        "Wang et al. 2022 (arXiv 2203.11171)",
    ),
    "best_of_n": (
        "The solution of the largest mean score of V verdicts among S.",
        "Cobbe et al. 2021 (arXiv 2110.14168); Singhi et al. 2025 (arXiv 2504.01005)",
    ),
    "weighted_vote": (
        "The answer of the largest sum of scores of S solutions with V verdicts each.",
        "Li et al. 2022 (arXiv 2206.02336)",
    ),
}


def list_strategies() -> list[dict[str, Any]]:
    """One entry for each strategy: `name`, `kind`, `needs`, `summary`, `settings`, `source`.

    `kind` is rule or policy; `needs` says what a pool must have; each of `settings` has `name`,
    `meaning`, `values` and `default`, the last one null for a setting that is left out unless it is
    given.
    """
    plain = [
        {
            "name": name,
            "kind": "rule",
            "needs": _needs(name),
            "summary": summary,
            "settings": [],
            "source": source,
        }
        for name, (summary, source) in _PLAIN.items()
    ]
    return [*plain, *(_policy(family) for family in FAMILIES.values())]


def _policy(family: Family) -> dict[str, Any]:
    settings = [
        {
            "name": p.name,
            "meaning": p.meaning,
            "values": p.allowed,
            "default": _default(family, p.name),
        }
        for p in (*family.parameters, family.limit)
    ]
    return {
        "name": family.name,
        "kind": "policy",
        "needs": _needs(family.name),
        "summary": family.summary,
        "settings": settings,
        "source": family.source,
    }


def _default(family: Family, name: str) -> str | None:
    if name == "most" and name not in family.ladders:
        return f"{DEFAULT_MOST}, or what the pool has"
    if name in family.ladders:
        return ", ".join(write_value(value) for value in family.ladders[name])
    return family.parameter(name).words[0] if family.parameter(name).words else None


def _needs(name: str) -> str:
    needs = ["answers"] if needs_votes(name) else []
    if needs_verifier_answers(name):
        return "the verifier's own answers"
    needs += ["verdicts"] if needs_verifier(name) else []
    return " and ".join(needs) or "solutions"
