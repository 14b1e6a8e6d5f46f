"""What the demonstration model learns from: solving, verifying, and comparing numbers."""

from __future__ import annotations

import random
from collections.abc import Iterator
from itertools import islice
from pathlib import Path

from sampling import sample
from training import IGNORED, Example, encode
from transformers import LlamaForCausalLM, PreTrainedTokenizerFast

from svlaw.generate.demo.chains import (
    Chain,
    draw_chains,
    spoil_solution,
    stated_values,
    write_comparisons,
    write_solution,
    write_verification,
)
from svlaw.generate.prompts import load_prompt

LENGTHS = (1, 1, 2, 2, 3, 3, 4, 5, 6)
"""Steps of training problems, as often as they are listed."""

OWN_PROBLEMS, OWN_SAMPLES = 8000, 2
TEMPERATURE = 1.0
MAX_SOLUTION, MAX_VERIFICATION = 120, 260
COMPARISONS = 8

JUDGEMENTS = (",Ġright", ",Ġwrong", "ĠYes", "ĠNo")
"""How tokens begin that judge a step or a solution; Ġ stands for a space."""

Solved = tuple[Chain, str]
"""A problem with a solution, right or wrong."""


_PROMPTS = Path(__file__).resolve().parents[2] / "generate" / "demo" / "prompts"
SOLVE, VERIFY = (load_prompt(str(_PROMPTS / f"{name}.jinja")) for name in ("solve", "verify"))


def judging_tokens(tokenizer: PreTrainedTokenizerFast) -> set[int]:
    """Tokens that judge a step or a solution."""
    vocabulary = tokenizer.get_vocab()
    return {number for token, number in vocabulary.items() if token.startswith(JUDGEMENTS)}


def tokenizer_texts() -> Iterator[str]:
    """Problems, solutions and verifications to take the tokenizer's phrases from."""
    for chain, solution in islice(spoiled_solutions(0), 4000):
        yield SOLVE.render({"question": chain.question})
        yield solution
        yield VERIFY.render({"question": chain.question}, solution=solution)
        yield write_verification(chain, solution)


def make_examples(
    tokenizer: PreTrainedTokenizerFast,
    solutions: Iterator[Solved],
    solving: float,
    drill: float,
    seed: int,
) -> Iterator[Example]:
    """Problems to solve and solutions to verify, without end.

    Args:
        tokenizer: The tokenizer.
        solutions: Problems with solutions to verify.
        solving: Share of examples that solve; the others verify.
        drill: Examples of comparing numbers to each of them, below 1.
        seed: Seed of the problems.
    """
    rng = random.Random(seed)
    judging = judging_tokens(tokenizer)
    for chain in draw_chains(rng, LENGTHS, held_out=False):
        if rng.random() < solving:
            yield _solving(tokenizer, chain)
        else:
            yield _verifying(tokenizer, *next(solutions))
        if rng.random() < drill:
            yield _comparing(tokenizer, judging, rng)


def _solving(tokenizer: PreTrainedTokenizerFast, chain: Chain) -> Example:
    return encode(tokenizer, SOLVE.render({"question": chain.question}), write_solution(chain))


def _verifying(tokenizer: PreTrainedTokenizerFast, chain: Chain, solution: str) -> Example:
    asked = VERIFY.render({"question": chain.question}, solution=solution)
    return encode(tokenizer, asked, write_verification(chain, solution))


def _comparing(
    tokenizer: PreTrainedTokenizerFast, judging: set[int], rng: random.Random
) -> Example:
    text = write_comparisons(rng, COMPARISONS)
    ids, targets = encode(tokenizer, "Check each step.", text)
    return ids, [number if number in judging else IGNORED for number in targets]


def spoiled_solutions(seed: int) -> Iterator[Solved]:
    """Problems with solutions, half of them right and half with a spoiled step, without end."""
    rng = random.Random(seed)
    for chain in draw_chains(rng, LENGTHS, held_out=False):
        yield chain, write_solution(chain) if rng.random() < 0.5 else spoil_solution(chain, rng)


def own_solutions(
    model: LlamaForCausalLM, tokenizer: PreTrainedTokenizerFast, seed: int
) -> Iterator[Solved]:
    """Training problems with the model's own solutions, half of them right, without end."""
    rng = random.Random(seed)
    drawn = islice(draw_chains(rng, LENGTHS, held_out=False), OWN_PROBLEMS)
    chains = [chain for chain in drawn for _ in range(OWN_SAMPLES)]
    solved = list(dict.fromkeys(solve(model, tokenizer, chains, seed)))
    right = [pair for pair in solved if is_right(*pair)]
    wrong = [pair for pair in solved if not is_right(*pair)]
    while True:
        yield rng.choice(right if rng.random() < 0.5 else wrong)


def solve(
    model: LlamaForCausalLM, tokenizer: PreTrainedTokenizerFast, chains: list[Chain], seed: int
) -> list[Solved]:
    """Let the model solve each problem once."""
    asked = [SOLVE.render({"question": chain.question}) for chain in chains]
    texts = sample(model, tokenizer, asked, TEMPERATURE, MAX_SOLUTION, seed)
    return list(zip(chains, texts, strict=True))


def verify(
    model: LlamaForCausalLM, tokenizer: PreTrainedTokenizerFast, solved: list[Solved], seed: int
) -> list[bool]:
    """Let the model verify each solution once."""
    asked = [VERIFY.render({"question": chain.question}, solution=text) for chain, text in solved]
    texts = sample(model, tokenizer, asked, TEMPERATURE, MAX_VERIFICATION, seed)
    return [text.endswith("Yes") for text in texts]


def is_right(chain: Chain, solution: str) -> bool:
    """Whether a solution's answer is right."""
    return stated_values(solution, len(chain.steps))[-1] == chain.values[-1]
