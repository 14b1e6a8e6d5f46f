"""Options of the cost model, and the model they ask for."""

import math
import re
from typing import TYPE_CHECKING, Annotated, Any, Final

import typer

from svlaw.cli.options import COST
from svlaw.data.errors import BadInputError

if TYPE_CHECKING:
    from svlaw.analysis.cost import CostModel
    from svlaw.analysis.cost_choice import CostChoice

Cost = Annotated[
    str,
    typer.Option(
        rich_help_panel=COST,
        metavar="MODEL",
        help="Cost model: 'relative', S (1 + lambda V) in solutions, or S + lambda V where the"
        " verifier's calls are shared; 'tokens'; 'flops', by the"
        " sizes of solver and verifier; or 'price', in US dollars. All except 'relative' use"
        " the pool's token counts; if there are none, 4 characters count as one token.",
    ),
]
Lambda = Annotated[
    float | None,
    typer.Option(
        "--lambda",
        metavar="RATIO",
        rich_help_panel=COST,
        help="Cost of one verification relative to one solution. Default: measured from the pool's"
        " token counts, else its character counts.",
    ),
]
SolverSize = Annotated[
    str | None,
    typer.Option(
        rich_help_panel=COST,
        metavar="SIZE",
        help="With --cost flops: parameters of the solver, such as 8B or 8e9.",
    ),
]
VerifierSize = Annotated[
    str | None,
    typer.Option(
        rich_help_panel=COST,
        metavar="SIZE",
        help="With --cost flops: parameters of the verifier. Default: the solver's.",
    ),
]
SolverPrice = Annotated[
    float | None,
    typer.Option(
        rich_help_panel=COST,
        metavar="DOLLARS",
        help="With --cost price: US dollars per million tokens of solver output.",
    ),
]
VerifierPrice = Annotated[
    str | None,
    typer.Option(
        rich_help_panel=COST,
        metavar="IN/OUT",
        help="With --cost price: US dollars per million tokens of verifier input and output, such"
        " as 0.15/0.60.",
    ),
]

_SIZE = re.compile(r"([0-9.]+(?:e\+?[0-9]+)?)\s*([KMBT]?)", re.IGNORECASE)
_SUFFIXES = {"": 1.0, "K": 1e3, "M": 1e6, "B": 1e9, "T": 1e12}
_GIVES_LAMBDA: Final = {"tokens": "lengths give", "flops": "sizes give", "price": "prices give"}


def read_cost(
    cost: Cost = "relative",
    ratio: Lambda = None,
    solver_size: SolverSize = None,
    verifier_size: VerifierSize = None,
    solver_price: SolverPrice = None,
    verifier_price: VerifierPrice = None,
) -> "CostChoice":
    """Read the options of the cost model.

    Raises:
        BadInputError: There is no such model, or an option does not go with it.
    """
    from svlaw.analysis.cost_choice import CostChoice

    if cost not in ("relative", *_GIVES_LAMBDA):
        raise BadInputError(
            f"--cost {cost}: use 'relative', S (1 + lambda V), 'tokens', 'flops' with --solver-size"
            " or 'price' with --solver-price"
        )
    if ratio is not None and cost != "relative":
        raise BadInputError(
            f"--lambda {ratio:g}: with --cost {cost} the {_GIVES_LAMBDA[cost]} lambda"
        )
    for option, value, what, model in (
        ("--solver-size", solver_size, "sizes", "flops"),
        ("--verifier-size", verifier_size, "sizes", "flops"),
        ("--solver-price", solver_price, "prices", "price"),
        ("--verifier-price", verifier_price, "prices", "price"),
    ):
        if value is not None and cost != model:
            raise BadInputError(f"{option} {value}: {what} go with --cost {model}")
    if cost == "flops":
        return _read_flops(solver_size, verifier_size)
    if cost == "price":
        return _read_prices(solver_price, verifier_price)
    return CostChoice("tokens") if cost == "tokens" else CostChoice(ratio=ratio)


def _read_flops(solver_size: str | None, verifier_size: str | None) -> "CostChoice":
    from svlaw.analysis.cost_choice import CostChoice

    if solver_size is None:
        raise BadInputError("--cost flops: give the solver's parameters, such as --solver-size 8B")
    return CostChoice(
        "flops",
        solver_parameters=_read_size(solver_size, "--solver-size"),
        verifier_parameters=(
            None if verifier_size is None else _read_size(verifier_size, "--verifier-size")
        ),
    )


def _read_prices(solver_price: float | None, verifier_price: str | None) -> "CostChoice":
    from svlaw.analysis.cost_choice import CostChoice

    if solver_price is None:
        raise BadInputError(
            "--cost price: give US dollars per million tokens of the solver's output, such as"
            " --solver-price 0.60"
        )
    if not 0 < solver_price < math.inf:
        raise BadInputError(f"--solver-price {solver_price:g}: use a number above 0")
    reading, writing = (None, None) if verifier_price is None else _read_pair(verifier_price)
    return CostChoice(
        "price",
        solver_price=solver_price,
        verifier_input_price=reading,
        verifier_output_price=writing,
    )


def _read_pair(text: str) -> tuple[float, float]:
    """Read the verifier's prices, of input and of output."""
    try:
        reading, writing = map(float, text.split("/"))
    except ValueError:
        reading = writing = math.nan
    if not (0 <= reading < math.inf and 0 < writing < math.inf):
        raise BadInputError(
            f"--verifier-price {text}: write US dollars per million tokens of input and of output,"
            " such as 0.15/0.60"
        )
    return reading, writing


def describe_cost(cost: "CostModel") -> dict[str, Any]:
    """What JSON says of a cost model."""
    from svlaw.analysis.token_costs import FlopsCost, PriceCost, WeightedTokens

    document = {"model": "relative", "lambda": cost.ratio, "origin": cost.origin}
    if cost.calls == "shared":
        document["calls"] = "shared"
    if isinstance(cost, WeightedTokens):
        document |= {
            "model": "tokens",
            "solution_tokens": cost.tokens.solution,
            "verification_tokens": cost.tokens.verification,
            "prompt_tokens": cost.tokens.prompt,
            "tokens_are_estimated": cost.tokens.is_estimated,
            "prefill": cost.prefill,
        }
    if isinstance(cost, FlopsCost):
        document |= {
            "model": "flops",
            "solver_parameters": cost.solver_parameters,
            "verifier_parameters": cost.verifier_parameters,
            "flops_of_a_solution": cost.unit,
        }
    if isinstance(cost, PriceCost):
        document |= {
            "model": "price",
            "solver_price": cost.solver_price,
            "verifier_input_price": cost.verifier_input_price,
            "verifier_output_price": cost.verifier_output_price,
            "dollars_of_a_solution": cost.unit,
        }
    return document


def as_options(choice: "CostChoice") -> str:
    """The options that ask for a cost model, led by a blank; empty for the default.

    Prices and sizes are left to the reader, who has them on the line above.
    """
    if choice.name != "relative":
        return f" --cost {choice.name}{'' if choice.name == 'tokens' else ' ...'}"
    return "" if choice.ratio is None else f" --lambda {choice.ratio:g}"


def cost_in_words(cost: "CostModel") -> str:
    """What headings say of a cost model."""
    words = f"lambda {cost.ratio:.3g} ({cost.origin}), cost in {cost.unit_name}"
    return f"{words}, V calls judge all S solutions" if cost.calls == "shared" else words


def _read_size(text: str, option: str) -> float:
    match = _SIZE.fullmatch(text.strip())
    try:
        number = float(match[1]) if match else 0.0
    except ValueError:
        number = 0.0
    if match is None or not number > 0:
        raise BadInputError(f"{option} {text}: write a number of parameters, such as 8B or 8e9")
    return number * _SUFFIXES[match[2].upper()]
