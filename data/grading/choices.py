r"""Multiple choice: the letter an answer names, and the letter a text settles on."""

import re
from collections.abc import Iterable
from functools import lru_cache
from typing import Final

from svlaw.data.grading.answer_statements import last_box, spoken, stated_in
from svlaw.data.grading.answers import normalize_answer
from svlaw.data.grading.choice_words import (
    ALPHABETS,
    ANSWERS,
    BETWEEN,
    CHOSEN,
    CORRECT,
    OPTIONS,
    OTHER_OPTIONS,
    WRONG,
)
from svlaw.data.grading.thoughts import answer_tag

LETTERS: Final = frozenset("ABCDEFGHIJ")
"""A problem whose reference is one of these alone is multiple choice, unless its kind says else."""

_MARKUP: Final = re.compile(
    r"\\(?:text[a-z]*|math[a-z]+|mbox|f?box(?:ed)?|[dlr]|left|right)\b|[{}$*_`~\\]"
)
_ALONE: Final = re.compile(r"[(\[]?\s*([A-Za-z])\s*[)\].:,;]*")
_WITH_ITS_TEXT: Final = re.compile(
    r"(?:[(\[]\s*([A-Za-z])\s*[)\]]|([A-Z])\s*[).:])\s*(\S.*)", re.DOTALL
)
_NEXT_CHOICE: Final = re.compile(r"[,/&]|(?:and|or)\b|.*[(\[][A-Z][)\]]", re.DOTALL)
_FULL_WIDTH: Final = str.maketrans(
    {
        **{chr(0xFF21 + n): chr(0x41 + n) for n in range(26)},
        **{chr(0xFF41 + n): chr(0x61 + n) for n in range(26)},
        **{chr(0xFF10 + n): chr(0x30 + n) for n in range(10)},
        **dict(zip("（）：．，；【】［］", "():.,;[][]", strict=True)),
        **dict.fromkeys("「」『』“”《》", '"'),
        **{chr(0x24B6 + n): f"({chr(0x41 + n)})" for n in range(10)},
        **{chr(0x2460 + n): f"({n + 1})" for n in range(9)},
        "\u200b": "", "\u200f": "", "\u200e": "", "\u00a0": " ",
    }
)  # fmt: skip
_CYRILLIC_TWINS: Final = dict(zip("АВСЕ", "ABCE", strict=True))
_SPACE: Final = r"[\s:=*_$\"'«»\-—–>#\])]"
_MARKS: Final = r"(?:\\[a-z]+\s?)?[({\[\s*\"$_]{0,12}"
_MORE: Final = (
    r"(?!['\"*)\].}]{0,6}\s{0,3}(?:,|/|&|、|and\b|or\b|und\b|et\b|y\b|e\b|и\b|和|或|と)\s{0,3}"
    r"(?:or\s+|and\s+)?[(\[*]{0,4}%s(?![\w'’]))"
)
_CAPITAL: Final = r"(?:[A-HJ]|I(?!['’]|\s+[a-z]))(?![A-Za-z0-9'’])"
_SMALL: Final = r"(?<=[(\[])[a-j](?=[)\]])|[a-j](?=[)\].*\"]{0,4}\s*$)"
_DIGIT: Final = r"[1-9](?![\d.,:]?\d|\s*[%°/^+*=]|\s+[a-z])"
_FOREIGN: Final = "|".join(f"[{letters}](?![{span}])" for letters, span in ALPHABETS.values())
_BEFORE: Final = r"(?<![A-Za-z0-9\\'’])"


class _Patterns:
    """The patterns for one kind of label: letters, or numbers."""

    def __init__(self, label: str, more: str) -> None:
        named = rf"(?P<label>{label}){_MORE % more}"
        between = "|".join(
            re.escape(word) if not word.isascii() else rf"{re.escape(word)}(?!\w)"
            for word in sorted(set(BETWEEN), key=len, reverse=True)
        )
        gap = rf"(?:(?>{_SPACE}{{1,20}})|(?:{between})){{0,10}}"
        wrong = rf"(?!\W{{0,6}}(?:{'|'.join(WRONG)}))"
        self.stated = self._any((*ANSWERS, *CHOSEN), rf"(?:{_LONGER})?{gap}{_MARKS}{named}{wrong}")
        self.option = self._any(OPTIONS, rf"{_SPACE}{{0,20}}{_MARKS}{named}{wrong}")
        self.chosen = self._any(OTHER_OPTIONS, rf"{gap}{_MARKS}{named}{wrong}")
        self.correct = re.compile(
            rf"{_BEFORE}(?P<label>{label})[)\].*\"]{{0,4}}\s{{0,3}}(?:{'|'.join(CORRECT)})",
            re.IGNORECASE | re.MULTILINE,
        )
        self.line = re.compile(
            rf"^[\s*_#>$(\[-]{{0,8}}(?P<label>{label})[*_]{{0,3}}"
            r"(?:[).:\]][*_]{0,3}\s{0,4}|\s[-–—]\s)(?P<text>\S.*)?$",
            re.MULTILINE,
        )
        self.sentence = re.compile(
            rf"\b(?:is|are|be|ist|est|es|é|so|hence|thus|therefore),?\s{{0,3}}:?\s{{0,3}}[*(]{{0,3}}"
            rf"(?P<label>{label})[*]{{0,3}}(?:[.):]|\s*$)",
            re.MULTILINE,
        )
        self.bare = re.compile(
            rf"^[\s*_#>$({{\[\\]{{0,12}}(?P<line>{label})[\s*_$.)}}\]\\]{{0,12}}$"
            rf"|(?<![\w\\])[(\[]\s?(?P<bracket>{label})\s?[)\]]",
            re.MULTILINE,
        )

    @staticmethod
    def _any(nouns: Iterable[str], rest: str) -> re.Pattern[str]:
        return re.compile(
            rf"(?i:(?<!not\s)(?:{'|'.join(nouns)}))(?i:{_NOT})(?:{rest})", re.MULTILINE
        )


_NOT: Final = r"(?!\s+(?:is|was)\s+not)"
_LONGER: Final = r"(?i:\s+(?:to|for)\s+(?:this|the)\s+(?:question|problem))"


@lru_cache(maxsize=2)
def _patterns(numbered: bool) -> _Patterns:
    if numbered:
        return _Patterns(_DIGIT, r"[1-9]")
    return _Patterns(f"{_CAPITAL}|{_SMALL}|{_FOREIGN}", r"[A-J]")


def choice_letter(answer: str) -> str | None:
    r"""Read the one letter that an answer names; None when it names none, or several.

    `B`, `(b)`, `\text{B}`, `B)`, `option B`, `B. Paris` and `(B) 12` name B.
    """
    text = " ".join(_MARKUP.sub(" ", answer.translate(_FULL_WIDTH)).split())
    alone = _ALONE.fullmatch(text)
    if alone:
        return alone.group(1).upper()
    if len(text) == 1:
        return _latin(text, text) if not text.isascii() else None
    if len(text) < _LONGEST_STATEMENT:
        opening = _OPENING.match(text)
        start = opening.end() if opening else 0
        patterns = _patterns(False)
        stated = patterns.stated.match(text, start) or patterns.option.match(text, start)
        if stated and not _NEXT_CHOICE.match(text[stated.end() :].lstrip(" )].:")):
            return _latin(stated.group("label"), text)
    listed = _WITH_ITS_TEXT.fullmatch(text)
    if listed and not _NEXT_CHOICE.match(listed.group(3)):
        letter: str = listed.group(1) or listed.group(2)
        return letter.upper()
    return None


_OPENING: Final = re.compile(r"(?i:(?:the|my)\s+(?:(?:correct|final|right|best)\s+)?)?")
_LONGEST_STATEMENT: Final = 400


def is_choice(reference: str) -> bool:
    """Tell whether a reference of no stated kind is a letter from A to J."""
    return normalize_answer(reference) in LETTERS


def extract_choice(text: str) -> str | None:
    """Find the letter that a solution settles on; None when it settles on nothing.

    In this order, and each time the last of its kind: a final answer that names a letter (a box, an
    `<answer>` tag); "the answer is B" in any of the languages of `choice_words`; "B is correct";
    "option B". A text that states no answer at all falls back to a line that holds one option ("B.
    Paris"), then to its last letter on a line of its own or in brackets. A final answer that names
    no letter, and has none stated beside it, is returned as it is. Letters above J are no choices.
    """
    return _settled(spoken(text).translate(_FULL_WIDTH), numbered=False)


def extract_number_choice(text: str) -> str | None:
    """Find the number of the option that a solution settles on; see `extract_choice`."""
    aloud = spoken(text).translate(_FULL_WIDTH)
    found = _settled(aloud, numbered=True)
    alone = re.fullmatch(r"\W*(\d+)\W*", found) if found else None
    if alone:
        return alone.group(1)
    letter = choice_letter(found) if found else None
    return str(ord(letter) - ord("A") + 1) if letter in LETTERS and letter else found


def _settled(text: str, *, numbered: bool) -> str | None:
    box, tag = last_box(text), answer_tag(text)
    boxed = box is not None or tag is not None
    stated = stated_in(text)
    if boxed and stated is not None:
        label = _label_of(stated, numbered)
        if label is not None:
            return label
    patterns = _patterns(numbered)
    for found in (
        _last(patterns.stated, text),
        None if boxed else _label_of(stated, numbered) if stated else None,
        _last(patterns.correct, text),
        _last(patterns.chosen, text),
        _last(patterns.option, text),
        None if numbered or boxed else _by_number(text),
    ):
        if found is not None:
            return found
    if boxed:
        return stated
    sentence = _last(patterns.sentence, stated) if stated else None
    for found in (sentence, _option_line(patterns, text), _sentence_at_end(patterns, text)):
        if found is not None:
            return found
    return _bare(patterns, text) or stated


def _label_of(stated: str, numbered: bool) -> str | None:
    if not numbered:
        letter = choice_letter(stated)
        return letter if letter is None or letter in LETTERS or len(stated) <= 3 else None
    plain = re.fullmatch(
        r"\W*(?:option|choice)?\W*([1-9])\W*", _MARKUP.sub(" ", stated), re.IGNORECASE
    )
    return plain.group(1) if plain else None


def _last(pattern: re.Pattern[str], text: str) -> str | None:
    last = None
    for match in pattern.finditer(text):
        last = match
    return None if last is None else _latin(last.group("label"), text)


_SMALL_OPTION: Final = re.compile(r"\s*([a-j])[.)]\s+\S[^\n]*\s*")


def _option_line(patterns: _Patterns, text: str) -> str | None:
    """The option that a text repeats as its answer; None where it goes through several.

    An option behind a colon ("the correct statement is:") counts before others.
    """
    lines = [(match.group("label"), match.start()) for match in patterns.line.finditer(text)]
    if not lines:
        small = _SMALL_OPTION.fullmatch(text)
        return small.group(1).upper() if small else None
    behind = [
        label for label, start in lines if text[:start].rstrip(" *\n\t").endswith(":") and start
    ]
    labels = {label.upper() for label, _ in lines}
    if len(labels) == 1:
        return _latin(lines[-1][0], text)
    if behind and len({label.upper() for label in behind}) == 1 and len(lines) == len(behind):
        return _latin(behind[-1], text)
    # options that were listed first, and one of them named again at the end
    last = lines[-1][0]
    again = sum(label.upper() == last.upper() for label, _ in lines) > 1
    return _latin(last, text) if again or (behind and last == behind[-1]) else None


def _sentence_at_end(patterns: _Patterns, text: str) -> str | None:
    lines = [line for line in text.splitlines() if line.strip()]
    return _last(patterns.sentence, lines[-1]) if lines else None


def _bare(patterns: _Patterns, text: str) -> str | None:
    """The last letter on a line of its own, else the last in brackets."""
    line = bracket = None
    for match in patterns.bare.finditer(text):
        if match.group("line"):
            line = match.group("line")
        else:
            bracket = match.group("bracket")
    found = line or bracket
    return None if found is None else _latin(found, text)


_NUMBERED: Final = re.compile(
    r"(?i:\b(?:option|choice|opción|opção|вариант)|选项|選択肢|선택지|विकल्प)"
    r"\s{0,3}(?:number\s+|no\.?\s*|#)?[(*]{0,3}([1-9])(?![\d.,]?\d|\s*%)"
    r"|(?i:\banswer)\s{0,3}(?:is|:)\s{0,3}\(([1-9])\)|([1-9])\s?번"
)


def _by_number(text: str) -> str | None:
    """The letter of an option that is named by its number: option 2 is B."""
    last = None
    for match in _NUMBERED.finditer(text):
        last = match
    if last is None:
        return None
    number = next(int(group) for group in last.groups() if group)
    return chr(ord("A") + number - 1)


def _latin(label: str, text: str) -> str:
    """A label as a capital letter of the Latin alphabet, or a digit."""
    if label.isascii():
        return label.upper()
    if label in _CYRILLIC_TWINS and not re.search(r"(?<![а-яА-ЯёЁ])[БГД](?![а-яА-ЯёЁ])", text):
        return _CYRILLIC_TWINS[label]
    for letters, _ in ALPHABETS.values():
        if label in letters:
            return chr(ord("A") + letters.index(label))
    return label
