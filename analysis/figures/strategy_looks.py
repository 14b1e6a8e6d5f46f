"""How each strategy looks in figures and reports: its name, colour and symbol."""

from typing import Any, Final


class _Looks(dict[str, str]):
    """Looks by strategy; one of the user's own has the look that `__missing__` gives."""

    def __or__(self, other: Any) -> Any:
        return type(self)({**self, **other})


class _Names(_Looks):
    def __missing__(self, strategy: str) -> str:
        return strategy


class _Colours(_Looks):
    def __missing__(self, strategy: str) -> str:
        return _OWN_COLOURS[sum(map(ord, strategy)) % len(_OWN_COLOURS)]


class _Symbols(_Looks):
    def __missing__(self, strategy: str) -> str:
        return "diamond-tall"


_OWN_COLOURS: Final = ("#4B5320", "#8B0000", "#2F4F7F", "#6B3FA0", "#8A6D00")

STRATEGY_NAMES: Final = _Names(
    {
        "coverage": "Coverage",
        "self_consistency": "Self-consistency",
        "best_of_n": "Best-of-N",
        "weighted_vote": "Weighted voting",
        "filtered_vote": "Filtered voting",
        "rank_vote": "Rank voting",
        "softmax_vote": "Softmax voting",
        "logit_vote": "Log-odds voting",
        "best_of_majority": "Best of the majority",
        "majority_of_the_bests": "Majority of the bests",
        "pessimistic": "Pessimistic verification",
        "calibrated_vote": "Calibrated voting",
        "adaptive_vote": "Adaptive voting",
        "early_stopping": "Early stopping",
        "verify_distinct": "Verifying distinct answers",
        "verify_if_split": "Verifying where votes split",
        "accept_first": "Accepting the first good one",
        "halving": "Successive halving",
        "verifier_vote": "The verifier's own vote",
    }
)
"""What each strategy is called in figures and reports."""

STRATEGY_COLOURS: Final = _Colours(
    {
        "coverage": "#8a8a8a",
        "self_consistency": "#0072B2",
        "best_of_n": "#D55E00",
        "weighted_vote": "#009E73",
        "filtered_vote": "#332288",
        "rank_vote": "#88CCEE",
        "softmax_vote": "#44AA99",
        "logit_vote": "#117733",
        "best_of_majority": "#999933",
        "majority_of_the_bests": "#CC6677",
        "pessimistic": "#882255",
        "calibrated_vote": "#AA4499",
        "adaptive_vote": "#CC79A7",
        "early_stopping": "#56B4E9",
        "verify_distinct": "#E69F00",
        "verify_if_split": "#7A4EA3",
        "accept_first": "#8C564B",
        "halving": "#1B1B1B",
        "verifier_vote": "#B03060",
    }
)
"""The colour of each strategy, in every figure."""

STRATEGY_SYMBOLS: Final = _Symbols(
    {
        "coverage": "circle",
        "self_consistency": "circle",
        "best_of_n": "square",
        "weighted_vote": "diamond",
        "filtered_vote": "square-open",
        "rank_vote": "diamond-open",
        "softmax_vote": "circle-open",
        "logit_vote": "triangle-up-open",
        "best_of_majority": "cross-open",
        "majority_of_the_bests": "x-open",
        "pessimistic": "star-open",
        "calibrated_vote": "hexagon-open",
        "adaptive_vote": "triangle-up",
        "early_stopping": "triangle-down",
        "verify_distinct": "cross",
        "verify_if_split": "x",
        "accept_first": "star",
        "halving": "hexagon",
        "verifier_vote": "pentagon",
    }
)
"""The symbol of each strategy."""
