r"""Notation: an answer as people type it, brought to the plain LaTeX that the parser reads.

Unicode mathematics (`x²`, `½`, `√2`, `∞`), Markdown and quotation marks around an answer, spacing
and sizing commands, and names of functions without a backslash are only ways to write: `tidy` takes
off what stands around an answer, `to_latex` spells its mathematics one way.
"""

import re
from typing import Final

_WRAPPED: Final = re.compile(
    r"\*\*(?!\*)(.+?)\*\*|__(.+?)__|\*([^*]+)\*|`+([^`]+)`+|\"([^\"]+)\"|“([^”]+)”|'([^']+)'"
    r"|\\\((.+?)\\\)|\\\[(.+?)\\\]|(?<!\\)\$\$?((?:[^$\\]|\\.)+)\$\$?",
    re.DOTALL,
)
_SUPERSCRIPTS: Final = dict(zip("⁰¹²³⁴⁵⁶⁷⁸⁹⁺⁻⁼⁽⁾ⁿⁱˣ", "0123456789+-=()nix", strict=True))
_SUBSCRIPTS: Final = dict(zip("₀₁₂₃₄₅₆₇₈₉₊₋₌₍₎ₐₑₙᵢⱼₓ", "0123456789+-=()aenijx", strict=True))
_FRACTIONS: Final = dict(
    pair.split("=")
    for pair in [
        "½=1/2",
        "⅓=1/3",
        "⅔=2/3",
        "¼=1/4",
        "¾=3/4",
        "⅕=1/5",
        "⅖=2/5",
        "⅗=3/5",
        "⅘=4/5",
        "⅙=1/6",
        "⅚=5/6",
        "⅐=1/7",
        "⅛=1/8",
        "⅜=3/8",
        "⅝=5/8",
        "⅞=7/8",
        "⅑=1/9",
        "⅒=1/10",
    ]
)
_GREEK: Final = dict(
    zip(
        "αβγδεϵζηθϑικλμνξπρστυφϕχψωΓΔΘΛΞΠΣΦΨΩµ",
        [
            "alpha",
            "beta",
            "gamma",
            "delta",
            "epsilon",
            "epsilon",
            "zeta",
            "eta",
            "theta",
            "vartheta",
            "iota",
            "kappa",
            "lambda",
            "mu",
            "nu",
            "xi",
            "pi",
            "rho",
            "sigma",
            "tau",
            "upsilon",
            "phi",
            "phi",
            "chi",
            "psi",
            "omega",
            "Gamma",
            "Delta",
            "Theta",
            "Lambda",
            "Xi",
            "Pi",
            "Sigma",
            "Phi",
            "Psi",
            "Omega",
            "mu",
        ],
        strict=True,
    )
)
_SIGNS: Final = {
    "−": "-", "–": "-", "‐": "-", "‑": "-", "﹣": "-", "－": "-", "＋": "+", "×": r"\times ",
    "⋅": r"\cdot ", "·": r"\cdot ", "∙": r"\cdot ", "•": r"\cdot ", "÷": r"\div ", "∞": r"\infty ",
    "≤": r"\le ", "≥": r"\ge ", "⩽": r"\le ", "⩾": r"\ge ", "≠": r"\ne ", "≈": r"\approx ",
    "±": r"\pm ", "∓": r"\mp ", "∪": r"\cup ", "∩": r"\cap ", "∈": r"\in ", "∉": r"\notin ",
    "∖": r"\setminus ", "∅": r"\emptyset ", "ℝ": r"\mathbb{R}", "ℤ": r"\mathbb{Z}",
    "ℕ": r"\mathbb{N}", "ℚ": r"\mathbb{Q}", "ℂ": r"\mathbb{C}", "⟨": r"\langle ",
    "⟩": r"\rangle ", "〈": r"\langle ", "〉": r"\rangle ", "°": r"^{\circ}", "º": r"^{\circ}",
    "′": "'", "’": "'", "∠": r"\angle ", "△": r"\triangle ", "∂": r"\partial ", "∑": r"\sum ",
    "∏": r"\prod ", "∫": r"\int ", "⌊": r"\lfloor ", "⌋": r"\rfloor ", "⌈": r"\lceil ",
    "⌉": r"\rceil ", "℃": r"^{\circ}\text{C}", "∘": r"\circ ", "→": r"\to ", "…": r"\ldots ",
    "⋯": r"\cdots ", "，": ",", "；": ";", "：": ":", "（": "(", "）": ")", "％": "%", "＝": "=",
    "．": ".", "\u2044": "/", "∕": "/", "\u00a0": " ", "\u2009": " ", "\u202f": " ",
    "\u200b": "", "\u2062": "", "ℏ": r"\hbar ", "ℓ": r"\ell ", "⊙": r"\odot ",
}  # fmt: skip
_ONE: Final = {
    **_SIGNS,
    **{sign: rf"\{name} " for sign, name in _GREEK.items()},
    **{sign: r"\frac{{{}}}{{{}}}".format(*text.split("/")) for sign, text in _FRACTIONS.items()},
    **dict(zip("０１２３４５６７８９", "0123456789", strict=True)),
}
_RAISED: Final = re.compile(f"[{re.escape(''.join(_SUPERSCRIPTS))}]+")
_LOWERED: Final = re.compile(f"[{re.escape(''.join(_SUBSCRIPTS))}]+")
_ROOT: Final = re.compile(
    r"([√∛∜])\s*(\((?:[^()]|\([^()]*\))*\)|\{[^{}]*\}|\d+(?:\.\d+)?|\\[a-z]+|\w)"
)
_ROOTS: Final = {"√": "", "∛": "[3]", "∜": "[4]"}

FUNCTIONS: Final = frozenset(
    [
        "sin",
        "cos",
        "tan",
        "cot",
        "sec",
        "csc",
        "sinh",
        "cosh",
        "tanh",
        "coth",
        "sech",
        "csch",
        "arcsin",
        "arccos",
        "arctan",
        "arccot",
        "arcsec",
        "arccsc",
        "arcsinh",
        "arccosh",
        "arctanh",
        "arsinh",
        "arcosh",
        "artanh",
        "ln",
        "log",
        "lg",
        "exp",
        "sqrt",
        "det",
        "gcd",
        "lcm",
        "max",
        "min",
        "floor",
        "ceil",
        "sgn",
        "Re",
        "Im",
        "arg",
        "cbrt",
    ]
)
_BARE: Final = sorted(FUNCTIONS | {"pi", "infty"}, key=len, reverse=True)
_BARE_NAMES: Final = re.compile(
    rf"(?<![\\A-Za-z{{_])({'|'.join(_BARE)})"
    r"(?=\s*[(\d{^_\\]|[\s*/+\-,)]|$)"
)
_AXIS: Final = re.compile(
    r"\\(?:mathbf|hat|boldsymbol|bm|vec|mathbf\{\\hat)\{\s*\\?([ijk])(?:math)?\s*\}"
)
_AXES: Final = re.compile(r"\\(?:mathbf|hat|boldsymbol|bm)\{\s*\\?[jk](?:math)?\s*\}")
_DOUBLED: Final = re.compile(r"\\\\(?=[a-zA-Z])|(?:\\\\\s*)+$")
_LATEX: Final = tuple(
    (re.compile(pattern), replacement)
    for pattern, replacement in (
        (r"\\(?:left|right|middle)(?![a-zA-Z])\s*\.", ""),
        (r"\\(?:left|right|middle)(?![a-zA-Z])", ""),
        (r"\\(?:big|Big|bigg|Bigg)[lrm]?(?![a-zA-Z])", ""),
        (
            r"\\(?:displaystyle|textstyle|scriptstyle|limits|nolimits|boxed|fbox|ensuremath"
            r"|hfill|rm|bf|it)(?![a-zA-Z])",
            "",
        ),
        (r"\\(?:[hv]space|[hv]?phantom)\*?\{[^{}]*\}", " "),
        (r"\{\s*([,:])\s*\}", r"\1"),
        (r"(?<!\\)\\[!]", ""),
        (r"(?<=\d)\\,(?=\d{3})", ""),
        (r"(?<!\\)\\(?:[,;:> ]|q?quad(?![a-zA-Z])|thinspace|enspace|nobreakspace)|~", " "),
        (r"\\[dtc]frac(?![a-zA-Z])", r"\\frac"),
        (r"(?<![a-zA-Z\\])frac(?=\{)", r"\\frac"),
        (r"\\[dt]binom(?![a-zA-Z])", r"\\binom"),
        (r"\\(?:varnothing|O)(?![a-zA-Z])", r"\\emptyset "),
        (r"\\leq(?:slant|q)?(?![a-zA-Z])", r"\\le "),
        (r"\\geq(?:slant|q)?(?![a-zA-Z])", r"\\ge "),
        (r"\\(?:neq|not\s*=)(?![a-zA-Z])", r"\\ne "),
        (r"\\lt(?![a-zA-Z])", "<"),
        (r"\\gt(?![a-zA-Z])", ">"),
        (r"<=|=<", r"\\le "),
        (r">=|=>", r"\\ge "),
        (r"!=(?!=)", r"\\ne "),
        (r"\\varepsilon(?![a-zA-Z])", r"\\epsilon "),
        (r"\\varphi(?![a-zA-Z])", r"\\phi "),
        (r"\\(?:lbrace)(?![a-zA-Z])", r"\\{"),
        (r"\\(?:rbrace)(?![a-zA-Z])", r"\\}"),
        (r"\\(?:lbrack)(?![a-zA-Z])", "["),
        (r"\\(?:rbrack)(?![a-zA-Z])", "]"),
        (r"\\(?:lparen)(?![a-zA-Z])", "("),
        (r"\\(?:rparen)(?![a-zA-Z])", ")"),
        (r"\\(?:[lr]?vert)(?![a-zA-Z])", "|"),
        (r"\\mathrm\{\s*T\s*\}", "T"),
        (r"\\(?:mathrm|text|operatorname)\{\s*([ied])\s*\}", r"\1"),
        (r"\{\\rm\s+([ied])\}", r"\1"),
        (r"\\operatorname\*?\s*\{([a-zA-Z]+)\}(?=\s*[\\({^_\d])", r"\\\1 "),
        (r"(?<=\d)\s*[xX]\s*(?=10\s*\^)", r"\\times "),
        (r"(?<=\d)\\?(?:text|mathrm)\s*\{\s*[eE]\s*\}(?=[+-]?\d)", "E"),
        (r"(?<![a-zA-Z\\])(?:infinity|inf)(?![a-zA-Z])", r"\\infty "),
        (
            r"\\(?:text|mathrm)\s*\{\s*(?:percent(?:age)?|pct)\s*\}|\b(?:percent(?:age)?|pct)\b",
            r"\\%",
        ),
        (r"\*\*", "^"),
        (r"(?<![A-Za-z\\])C\((\d+),\s*(\d+)\)", r"\\binom{\1}{\2}"),
        (r"(?:\{\}\s*)?(?<![\w\\])[_^]?\{?(\d+)\}?\s*C_\{?(\d+)\}?(?!\w)", r"\\binom{\1}{\2}"),
    )
)


def tidy(answer: str) -> str:
    """Take off what stands around a whole answer: Markdown, quotation marks, dollars, a full stop.

    What stands inside is left alone.
    """
    while True:
        before = answer
        answer = answer.strip().strip("\u200b")
        if len(answer) > 1 and answer.endswith(".") and not answer.endswith(r"\right."):
            answer = answer[:-1].rstrip()
        wrapped = _WRAPPED.fullmatch(answer)
        if wrapped:
            answer = next(inside for inside in wrapped.groups() if inside is not None)
        if answer == before:
            return answer


def plain_signs(answer: str) -> str:
    r"""Spell Unicode mathematics in LaTeX: `x²` as `x^{2}`, `√2` as `\sqrt{2}`."""
    if answer.isascii():
        return answer
    text = _RAISED.sub(lambda m: "^{" + "".join(_SUPERSCRIPTS[c] for c in m.group()) + "}", answer)
    text = _LOWERED.sub(lambda m: "_{" + "".join(_SUBSCRIPTS[c] for c in m.group()) + "}", text)
    text = _ROOT.sub(_root, text)
    return "".join(_ONE.get(character, character) for character in text)


def to_latex(answer: str) -> str:
    """Spell the mathematics of an answer in plain LaTeX, without layout."""
    text = plain_signs(tidy(answer))
    if r"\begin" not in text:
        text = _DOUBLED.sub(r"\\", text)
    for pattern, replacement in _LATEX:
        text = pattern.sub(replacement, text)
    if _AXES.search(text):
        text = _AXIS.sub(r"\\hat{\1}", text)
    return _BARE_NAMES.sub(lambda match: f"\\{match.group(1)} ", text).strip()


def _root(match: re.Match[str]) -> str:
    degree, inside = _ROOTS[match.group(1)], match.group(2)
    if inside[0] in "({":
        inside = inside[1:-1]
    return rf"\sqrt{degree}{{{inside}}}"
