"""Grade pairs of answers that differ in one sign, exponent, index, operator, word or digit.

Each pair is made from a template of an answer by one change that alters what it says. None of them
may be graded correct, in either direction. `python benchmarks/grading_differences.py [--pairs
20000] [--seed 0]`; exits with 1 when a pair matches.
"""

import argparse
import random
import re
import sys
import time
from collections import Counter

from svlaw.data.grading.grader import judge

TEMPLATES = (
    r"T_{\text{%w}} - T_{\text{%w}}",
    r"\frac{P_{\text{%w}}}{P_{\text{%w}}}",
    r"v_{\mathrm{%w}} \sqrt{%d}",
    r"\frac{\text{%w}}{\text{%w}}",
    r"\vec{%l} \cdot \vec{%l}",
    r"%d %l^{%e} + %d %l - %d",
    r"\frac{%d %l^{%e}}{%d %l + %d}",
    r"\sqrt{%d} + %d",
    r"%d\pi - %d",
    r"\frac{%d}{1%d!}",
    r"2^{-%d}",
    r"\frac{1}{%d \cdot 2^{%d}}",
    r"e^{-%d %l}",
    r"\log_{%d} %l",
    r"%d \sin(%d %l)",
    r"\cos(%d\theta + %l) + \sin(%d\theta)",
    r"%l_{%i} + %l_{%i}",
    r"%l_{%i}^{%e} - %d",
    r"(%d, %d)",
    r"[%d, %d)",
    r"(-\infty, -%d] \cup (2%d, \infty)",
    r"\{%d, %d, %d\}",
    r"%d, -%d, %d",
    r"\begin{pmatrix} %d & %d \\ %d & -%d \end{pmatrix}",
    r"\begin{pmatrix} v_{\text{%w}} \\ v_{\text{%w}} \end{pmatrix}",
    r"%l = %d %l + %d",
    r"%l^2 + %d %l^2 = %d",
    r"%l > %d",
    r"%d < %l < %d",
    r"%d + %di",
    r"%d \text{ cm}",
    r"%d.%d",
    r"%d.%d \times 10^{%d}",
    r"\frac{%d}{%d}",
    r"\binom{3%d}{%e}",
    r"\int_0^{%e} %l\,dx",
    r"1 - \frac{1}{2^{%d}}",
    r"1 - 10^{-%d}",
    r"\sqrt[%e]{%d %l}",
    r"m g \sin\theta - \mu_{\text{%w}} m g \cos\theta",
    r"\frac{1}{%d} m v_{\text{%w}}^{%e}",
    r"\text{%w} = %d",
    r"\text{%w and %w}",
    r"the %w %w of the %w",
    r"f(%l) = %d %l^{%e} - %d",
    r"|%l - %d| + %d",
    r"\hat{%l} + %d \hat{%l}",
    r"\dot{%l} = -%d %l",
    r"\frac{d%l}{dt} = %d %l^{%e}",
    r"%d:%d",
    r"%d \times %l^{%e}",
    r"\lfloor %d %l \rfloor",
    r"%d\%",
    r"x \equiv %d \pmod{%d}",
    r"\text{Fe}^{%e+} + %d",
    r"L_{\odot}^{%e} / %d",
    r"\frac{10^{%d} L_{\odot}}{%d c^{%e}}",
    r"\lambda_{\text{%w}} / \sqrt{%d}",
    r"%d n + %d",
    r"%l(%l + %d)",
)
WORDS = [
    "hot",
    "cold",
    "in",
    "out",
    "max",
    "min",
    "net",
    "red",
    "blue",
    "left",
    "right",
    "north",
    "south",
    "inner",
    "outer",
    "first",
    "total",
    "mass",
    "rise",
    "run",
]
LETTERS = "abkmnpqruvwxyz"
OPPOSITES = (
    ("+", "-"),
    (r"\cdot", "+"),
    (r"\cup", r"\cap"),
    ("<", ">"),
    (r"\sin", r"\cos"),
    ("[", "("),
    (")", "]"),
    (r"\sqrt", r"2\sqrt"),
    (r"\infty)", "7)"),
    ("=", ">"),
    (r"\theta", r"\phi"),
    (r"\text{ cm}", r"\text{ kg}"),
    (r"\hat", r"\bar"),
    (r"\dot", r"\ddot"),
    (r"\pi", r"\pi^2"),
    (r"\vec{", r"\bar{"),
    (r"\lfloor", r"-\lfloor"),
)


def fill(template: str, rng: random.Random) -> str:
    """An answer made from a template."""
    makers = {
        "w": lambda: rng.choice(WORDS),
        "l": lambda: rng.choice(LETTERS),
        "d": lambda: str(
            rng.choice([rng.randint(2, 9), rng.randint(10, 99), rng.randint(100, 3000)])
        ),
        "e": lambda: str(rng.randint(2, 5)),
        "i": lambda: str(rng.randint(1, 9)),
    }
    return re.sub(r"%([wldei])", lambda match: makers[match.group(1)](), template)


def change(answer: str, rng: random.Random) -> tuple[str, str] | None:  # noqa: PLR0911
    """An answer with one change, and the kind of it; None where there is nothing to change."""
    kind = rng.choice(["digit", "sign", "operator", "word", "letter", "swap", "exponent"])
    if kind in {"digit", "exponent"}:
        pattern = r"\d+" if kind == "digit" else r"(?<=\^\{)-?\d+"
        found = list(re.finditer(pattern, answer))
        if not found:
            return None
        match = rng.choice(found)
        number = str(int(match.group()) + rng.choice([-1, 1, 10]))
        return kind, answer[: match.start()] + number + answer[match.end() :]
    if kind == "sign":
        found = list(re.finditer(r"(?<![\d^{_.])\d+(?!\s*:)", answer))
        if not found:
            return None
        start = rng.choice(found).start()
        return kind, f"{answer[:start]}-{answer[start:]}" if answer[
            start - 1 : start
        ] != "-" else ""
    if kind == "operator":
        options = [(a, b) for pair in OPPOSITES for a, b in (pair, pair[::-1]) if a in answer]
        if not options:
            return None
        old, new = rng.choice(options)
        return kind, answer.replace(old, new, 1)
    if kind in {"word", "letter"}:
        words = [
            w
            for w in (WORDS if kind == "word" else LETTERS)
            if re.search(rf"(?<![A-Za-z\\]){w}(?![A-Za-z])", answer)
        ]
        if not words:
            return None
        old = rng.choice(words)
        new = rng.choice([w for w in (WORDS if kind == "word" else LETTERS) if w not in answer])
        return kind, re.sub(rf"(?<![A-Za-z\\]){old}(?![A-Za-z])", new, answer, count=1)
    found = re.findall(r"(?<=\{)[^{}]+(?=\})", answer)
    if len(set(found)) < 2:
        return None
    one, other = rng.sample(sorted(set(found)), 2)
    return kind, answer.replace(one, "\0").replace(other, one).replace("\0", other)


def is_other(one: str, other: str) -> bool:
    """Tell whether a change altered what is said, and not only how."""
    squeezed = [re.sub(r"\s", "", text) for text in (one, other)]
    if not other or squeezed[0] == squeezed[1] or "--" in other or "+-" in squeezed[1]:
        return False
    return sorted(squeezed[0]) != sorted(squeezed[1]) or not re.search(r"[,+]|\\cdot", one)


def make_pairs(number: int, seed: int) -> list[tuple[str, str, str]]:
    """Pairs that differ, with the kind of change."""
    rng = random.Random(seed)
    pairs: dict[tuple[str, str], str] = {}
    while len(pairs) < number:
        answer = fill(rng.choice(TEMPLATES), rng)
        changed = change(answer, rng)
        if changed and is_other(answer, changed[1]):
            pairs.setdefault((answer, changed[1]), changed[0])
    return [(answer, other, kind) for (answer, other), kind in pairs.items()]


def main() -> int:
    """Run the benchmark; 1 when a pair matches."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--pairs", type=int, default=20_000)
    parser.add_argument("--seed", type=int, default=0)
    arguments = parser.parse_args()
    pairs = make_pairs(arguments.pairs, arguments.seed)
    start = time.process_time()
    both = [pair for a, b, _ in pairs for pair in ((a, b), (b, a))]
    judged = judge(both)
    seconds = time.process_time() - start
    kinds = Counter(kind for _, _, kind in pairs)
    matches = [(a, b, kind) for a, b, kind in pairs if "correct" in (judged[a, b], judged[b, a])]
    print(f"{len(pairs):,} pairs ({', '.join(f'{n:,} {k}' for k, n in sorted(kinds.items()))})")
    print(f"{len(matches)} matches, {seconds:.1f} s of CPU")
    for a, b, kind in matches[:40]:
        print(f"  {kind}: {a}   |   {b}")
    return int(bool(matches))


if __name__ == "__main__":
    sys.exit(main())
