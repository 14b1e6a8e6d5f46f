"""Options of the cost model, and the model they ask for."""

import re
from typing import TYPE_CHECKING, Annotated, Any

import typer

from svlaw.data.errors import BadInputError

if TYPE_CHECKING:
    from svlaw.analysis.cost import CostChoice, CostModel

Cost = Annotated[
    str,
    typer.Option(
        metavar="MODEL",
        help="Cost model: 'relative', S (1 + lambda V) in solutions, or 'flops', by the sizes of"
        " solver and verifier and the pool's token counts.",
    ),
]
Lambda = Annotated[
    float | None,
    typer.Option(
        "--lambda",
        metavar="X",
        help="Cost of a verification over that of a solution. Default: measured from the pool's"
        " token counts, else its character counts.",
    ),
]
SolverSize = Annotated[
    str | None,
    typer.Option(
        metavar="SIZE", help="With --cost flops: parameters of the solver, such as 8B or 8e9."
    ),
]
VerifierSize = Annotated[
    str | None,
    typer.Option(
        metavar="SIZE", help="With --cost flops: parameters of the verifier. Default: the solver's."
    ),
]

_SIZE = re.compile(r"([0-9.]+(?:e\+?[0-9]+)?)\s*([KMBT]?)", re.IGNORECASE)
_SUFFIXES = {"": 1.0, "K": 1e3, "M": 1e6, "B": 1e9, "T": 1e12}


def read_cost(
    name: str, ratio: float | None, solver_size: str | None, verifier_size: str | None
) -> "CostChoice":
    """Read the options of the cost model.

    Raises:
        BadInputError: There is no such model, or an option does not go with it.
    """
    from svlaw.analysis.cost import CostChoice

    if name == "relative":
        for option, size in (("--solver-size", solver_size), ("--verifier-size", verifier_size)):
            if size is not None:
                raise BadInputError(f"{option} {size}: sizes go with --cost flops")
        return CostChoice(ratio)
    if name != "flops":
        raise BadInputError(
            f"--cost {name}: use 'relative', S (1 + lambda V), or 'flops' with --solver-size"
        )
    if ratio is not None:
        raise BadInputError(f"--lambda {ratio:g}: with --cost flops the sizes give lambda")
    if solver_size is None:
        raise BadInputError("--cost flops: give the solver's parameters, such as --solver-size 8B")
    return CostChoice(
        None,
        _read_size(solver_size, "--solver-size"),
        None if verifier_size is None else _read_size(verifier_size, "--verifier-size"),
    )


def describe_cost(cost: "CostModel") -> dict[str, Any]:
    """What JSON says of a cost model."""
    from svlaw.analysis.cost import FlopsCost

    document = {"model": "relative", "lambda": cost.ratio, "origin": cost.origin}
    if isinstance(cost, FlopsCost):
        document |= {
            "model": "flops",
            "solver_parameters": cost.solver_parameters,
            "verifier_parameters": cost.verifier_parameters,
            "solution_tokens": cost.tokens.solution,
            "verification_tokens": cost.tokens.verification,
            "prompt_tokens": cost.tokens.prompt,
            "prefill": cost.prefill,
            "flops_of_a_solution": cost.unit,
        }
    return document


def cost_in_words(cost: "CostModel") -> str:
    """What headings say of a cost model."""
    return f"lambda {cost.ratio:.3g} ({cost.origin}), cost in {cost.unit_name}"


def _read_size(text: str, option: str) -> float:
    match = _SIZE.fullmatch(text.strip())
    try:
        number = float(match[1]) if match else 0.0
    except ValueError:
        number = 0.0
    if match is None or not number > 0:
        raise BadInputError(f"{option} {text}: write a number of parameters, such as 8B or 8e9")
    return number * _SUFFIXES[match[2].upper()]
