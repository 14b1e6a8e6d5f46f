"""The grader against answers of public bug reports, and against answers that differ."""

import importlib.util
import json
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from svlaw.data.grading.answers import reference_answer
from svlaw.data.grading.extractors import built_in_extractor
from svlaw.data.grading.grader import grade_answers, judge

ROOT = Path(__file__).parents[3]
REFERENCE = ROOT / "tests" / "reference"
DOCS = ROOT / "docs" / "grading.md"


def misses(name: str) -> tuple[int, list[dict[str, Any]]]:
    """How many cases a file holds, and those that are graded otherwise."""
    lines = (REFERENCE / f"{name}.jsonl").read_text("utf-8").splitlines()
    cases = [json.loads(line) for line in lines]
    rows = []
    for place, case in enumerate(cases):
        reference = reference_answer(case["reference"]) or ""
        extract = built_in_extractor(case["kind"], reference)
        answer = case["text"] if case["mode"] == "answer" else extract(case["text"])
        rows.append((f"p{place:03d}", answer, reference, case["kind"]))
    names = ["problem_id", "answer", "reference_answer", "kind"]
    frame = pl.DataFrame(rows, dict.fromkeys(names, pl.String()), orient="row")
    correct = grade_answers(frame, workers=1)["is_correct"]
    wrong = [c for c, found in zip(cases, correct, strict=True) if found != c["expected_correct"]]
    return len(cases), wrong


def test_what_was_right_stays_right() -> None:
    number, wrong = misses("answers_passing")
    assert number == 281
    assert not wrong


def test_what_was_wrong_is_right_or_explained() -> None:
    number, wrong = misses("answers_failing")
    assert number == 106
    assert len(wrong) <= 0.05 * number
    docs = DOCS.read_text("utf-8")
    for case in wrong:
        assert case["text"] in docs, case


def pairs_that_differ(number: int) -> list[tuple[str, str, str]]:
    path = ROOT / "benchmarks" / "grading_differences.py"
    spec = importlib.util.spec_from_file_location("grading_differences", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return list(module.make_pairs(number, seed=7))


def test_answers_that_differ_are_never_the_same() -> None:
    pairs = pairs_that_differ(400)
    assert len({kind for *_, kind in pairs}) == 7
    both = [pair for one, other, _ in pairs for pair in ((one, other), (other, one))]
    judged = judge(both, workers=1)
    assert [pair for pair, judgement in judged.items() if judgement == "correct"] == []


SAME = r"""
x_{\text{max}} ; x_{max}
Ca^{2+} ; \text{Ca}^{2+}
3x²+2x−1 ; 3x^2+2x-1
2½ ; 2.5
√(x+1) ; \sqrt{x+1}
(−∞, 2) ∪ (3, ∞) ; (-\infty,2)\cup(3,\infty)
21^{\text{st}} ; 21
6.67 \times 10^{-11} \, \text{N} \cdot \text{m}^2 / \text{kg}^2 ; 6.67e-11
20 m/s ; 72 km/h
6 feet and 6 inches ; 6.5 feet
\frac{1}{\mathrm{e}} ; e^{-1}
x = \frac{1 \pm i\sqrt{3}}{2} ; \frac{1}{2} \pm \frac{i\sqrt{3}}{2}
**\frac{1}{2}** ; 0.5
x=1, y=2, z=3 ; (1,2,3)
⟨1, 2⟩ ; (1,2)
[1,2,3]^{T} ; \begin{bmatrix}1\\2\\3\end{bmatrix}
[[1,2],[3,4]] ; \begin{pmatrix}1&2\\3&4\end{pmatrix}
2\mathbf{i}+3\mathbf{j} ; (2,3)
22.4499 ; \sqrt{504}
(1.41421, 2) ; (\sqrt{2}, 2)
\frac{3}{4}L ; \frac{3L}{4}
\sqrt{2gh} ; \sqrt{2 h g}
\frac{\text{run}}{\text{rise}} ; \text{run}/\text{rise}
y'' = -y ; \frac{d^2y}{dx^2} = -y
\cosh x ; \frac{e^x+e^{-x}}{2}
\sqrt{\frac{1}{n}} ; \frac{1}{\sqrt{n}}
twenty-one ; 21
no real solutions ; \varnothing
f(x) = 2x \text{ for all } x \in \mathbb{R} ; f(x)=2x
x>1 and x<3 ; (1,3)
\mathbb{R}\setminus\{0\} ; (-\infty,0)\cup(0,\infty)
\{x \mid x > 3\} ; (3,\infty)
y=\frac1x ; xy=1
{}^{5}C_{2} ; 10
30° ; \pi/6
\{-1,0,1\} ; \{0,\pm 1\}
\sum_{k=1}^{10} k ; 55
\lim_{n\to\infty} (1+1/n)^n ; e
3:4:5 ; 6:8:10
x = 2y = 10 ; 10
36\pi \text{ cm}^2 ; 36\pi
0 < x < 3 ; 0 < x < 3.0
"""
OTHER = r"""
\vec{a}\cdot\vec{b} ; \vec{a}\times\vec{b}
\frac{\text{mass}}{\text{volume}} ; \frac{\text{volume}}{\text{mass}}
\text{speed} ; \text{speed} / \text{time}
\frac{1}{2004!} ; \frac{1}{2006!}
1+10^{-20} ; 1
1-\frac{1}{2006!} ; 1-\frac{1}{2004!}
e^{-100} ; e^{-101}
AB^2 = 25 ; 25
V ; v
2, 2 ; 2
F = mg ; F = m
x = 5 m ; x = 5 cm
3.1417 ; \pi
\frac{dy}{dx}=2x ; \frac{dy}{dt}=2x
p \land q ; p \lor q
x>1 and x<3 ; x>1 or x<3
f(x) = x for all x>0 ; f(x) = x for all x<0
x \equiv 1 \pmod 3 ; x \equiv 2 \pmod 3
P(A|B) ; P(B|A)
12:30 am ; 12:30 pm
5 m/s ; 5 m/s^2
|x| ; x
x=1, y=2 ; x=2, y=1
1, 2, \ldots, n ; 1, 2, \ldots, m
\frac{F}{2} m ; \frac{F}{2}
101_2 + x ; 101_3 + x
"""


def parted(block: str) -> list[tuple[str, str]]:
    lines = [line.partition(" ; ") for line in block.strip().splitlines()]
    return [(answer, reference) for answer, _, reference in lines]


@pytest.mark.parametrize(("block", "verdict"), [(SAME, "correct"), (OTHER, "wrong")])
def test_spellings_and_differences_of_every_kind(block: str, verdict: str) -> None:
    pairs = parted(block)
    judged = judge([*pairs, *(pair[::-1] for pair in pairs)], workers=1)
    assert {pair: found for pair, found in judged.items() if found != verdict} == {}
