"""Chains of arithmetic: problems, worked solutions and step-by-step verifications of solutions.

A chain is a two-digit number times a digit, then sums and differences, so that its value is the
same read from left to right and by the usual order of operations: "What is 39*3+21-22?". A solution
states the result of every step at once. A verification recomputes each step in parts (hundreds,
tens, ones), compares, and stops at the first mistake.
"""

import random
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from zlib import crc32

LARGEST = 999
"""No value on the way exceeds it, and none is below 1."""

HELD_OUT = 16
"""One chain in so many is kept from training, by a checksum of its question."""

BOXED = re.compile(r"\\boxed\{(\d+)\}")
RESULT = re.compile(r"=(\d+)$", re.MULTILINE)


@dataclass(frozen=True)
class Chain:
    """A problem.

    Attributes:
        first: The number it begins with.
        steps: Operators (`*`, `+`, `-`) and what they apply, in order.
    """

    first: int
    steps: tuple[tuple[str, int], ...]

    @property
    def question(self) -> str:
        """The problem as it is asked."""
        return f"What is {self.first}{''.join(f'{sign}{term}' for sign, term in self.steps)}?"

    @property
    def values(self) -> list[int]:
        """The results of the steps; the last one is the answer."""
        values = [self.first]
        for sign, term in self.steps:
            values.append(apply(values[-1], sign, term))
        return values[1:]

    @property
    def held_out(self) -> bool:
        """Whether it is kept from training."""
        return crc32(self.question.encode()) % HELD_OUT == 0


def apply(value: int, sign: str, term: int) -> int:
    """Do one step."""
    if sign == "*":
        return value * term
    return value + term if sign == "+" else value - term


def draw_chain(rng: random.Random, length: int, large: float = 0.5) -> Chain:
    """Draw a chain.

    Args:
        rng: Source of randomness.
        length: Steps.
        large: Share of sums and differences whose term may have three digits.
    """
    first, term = rng.randint(12, 99), rng.randint(3, 9)
    steps, value = [("*", term)], first * term
    while len(steps) < length:
        sign = rng.choice("+-")
        room = min(499, LARGEST - value if sign == "+" else value - 1)
        if room < 11:
            continue
        term = rng.randint(11, room if rng.random() < large else min(99, room))
        steps.append((sign, term))
        value = apply(value, sign, term)
    return Chain(first, tuple(steps))


def draw_chains(
    rng: random.Random, lengths: Sequence[int], held_out: bool, large: float = 0.5
) -> Iterator[Chain]:
    """Draw chains without end, of lengths drawn from `lengths`, on one side of the split."""
    while True:
        chain = draw_chain(rng, rng.choice(lengths), large)
        if chain.held_out == held_out:
            yield chain


def write_solution(chain: Chain, values: Sequence[int] | None = None) -> str:
    """Write a solution.

    Args:
        chain: The problem.
        values: What it states for each step; by default what is right.
    """
    stated = chain.values if values is None else values
    befores = [chain.first, *stated]
    lines = [
        f"{before}{sign}{term}={after}\n"
        for before, (sign, term), after in zip(befores, chain.steps, stated, strict=False)
    ]
    return f"{''.join(lines)}The final answer is \\boxed{{{stated[-1]}}}."


def spoil_solution(chain: Chain, rng: random.Random) -> str:
    """Write a solution with one step done wrong, and the steps after it done right from there."""
    spoiled = rng.randrange(len(chain.steps))
    values: list[int] = []
    for index, (sign, term) in enumerate(chain.steps):
        value = apply(values[-1] if values else chain.first, sign, term)
        values.append(_misstate(value, rng) if index == spoiled else max(value, 1))
    return write_solution(chain, values)


def _misstate(value: int, rng: random.Random) -> int:
    digits = list(str(value))
    place = rng.randrange(len(digits))
    shift = rng.choice((-2, -1, -1, -1, 1, 1, 1, 2)) if rng.random() < 0.8 else rng.randint(3, 7)
    digits[place] = str((int(digits[place]) + shift) % 10)
    wrong = int("".join(digits))
    return wrong if wrong >= 1 else value + 1


def stated_values(solution: str, length: int) -> list[int | None]:
    """Read what a solution states for each of `length` steps: the answer for the last one."""
    boxed = BOXED.search(solution)
    results: list[int | None] = [int(result) for result in RESULT.findall(solution)]
    results = (results + [None] * length)[: length - 1]
    return [*results, int(boxed.group(1)) if boxed else None]


def write_verification(chain: Chain, solution: str) -> str:
    """Write the verification of a solution, its verdict in the last line."""
    lines, before = [], chain.first
    stated = stated_values(solution, len(chain.steps))
    for (sign, term), after, claim in zip(chain.steps, chain.values, stated, strict=True):
        word = "right" if claim == after else "wrong"
        claimed = "nothing" if claim is None else claim
        parts = ", ".join(_parts(before, sign, term))
        lines.append(f"{before}{sign}{term}: {parts}; stated {claimed}, {word}\n")
        if claim != after:
            break
        before = after
    verdict = "Yes" if before == chain.values[-1] and claim == before else "No"
    return f"{''.join(lines)}Is the answer correct (Yes/No)? {verdict}"


def write_comparisons(rng: random.Random, count: int) -> str:
    """Write ends of steps as verifications have them: two numbers, and whether they agree."""
    lines = []
    for _ in range(count):
        value = rng.randrange(1, 10 ** rng.randint(1, 3))
        claim = value if rng.random() < 0.5 else _misstate(value, rng)
        lines.append(f"={value}; stated {claim}, {'right' if claim == value else 'wrong'}\n")
    return "".join(lines)


def _parts(before: int, sign: str, term: int) -> Iterator[str]:
    """Do one step in parts."""
    if sign == "*":
        tens, ones = before // 10 * 10, before % 10
        yield f"{tens}*{term}={tens * term}"
        if ones:
            yield f"{ones}*{term}={ones * term}"
            yield f"{tens * term}+{ones * term}={before * term}"
        return
    for scale in (100, 10, 1):
        part = term // scale % 10 * scale
        if part:
            after = apply(before, sign, part)
            yield f"{before}{sign}{part}={after}"
            before = after
