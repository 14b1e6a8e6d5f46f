r"""Statements of a verdict: the forms in which a verification says whether a solution is correct.

The rules, with examples, are in `docs/verdicts.md`. Everything here reads lower-case text. All
patterns are bounded or anchored, so that time grows with the length of the text and no faster.
"""

import re
from collections.abc import Sequence
from typing import Final, Literal

Verdict = Literal["yes", "no"]

_SPAN: Final = 500
"""Characters looked at on the last line, and behind the question."""
_MARK_LINES: Final = 20
"""Lines without a letter or digit that may follow the last line."""

_YES: Final = frozenset(("yes", "correct", "right", "true"))
VALUE: Final = r"not\s{1,5}(?:correct|right)|incorrect|correct|yes|no|right|wrong|true|false"
_BARE: Final = frozenset(("yes", "no", "correct", "incorrect", "right", "wrong", "true", "false"))
BARE_VALUE: Final = r"not\s{1,5}(?:correct|right)|incorrect|correct|yes|no|right|wrong|true|false"
NAMES: Final = r"verdict|judge?ment|assessment|evaluation|decision|conclusion|grade|status"
_STEMS: Final = ("status", "verdict", "judg", "assess", "evaluat", "decision", "conclu", "grade")
_LEADS: Final = ("final", "overall", "status")
_QUOTES: Final = ('"', "'", "“", "”")
_QUOTE: Final = "[\"'“”]"


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


_TURNING: Final = _words(
    "so thus therefore hence overall finally final then well ok okay hmm hm oh wait actually sorry"
    " no yes and rather indeed in conclusion summary consequently correction i mean"
)
_CONCLUDING: Final = _TURNING | _words(
    "i we conclude that as a result verdict judgement judgment assessment evaluation decision"
    " however nevertheless still"
)
_HEDGES: Final = _words("not never cannot neither nor whether if unless")
_GOES_ON: Final = _words(
    "the it it's its this that that's these there there's they he she i i'm we you because since as"
    " but and so wait actually not in for due after my their his her given although though while"
    " according"
)
_STEPS: Final = _words("step steps line lines part parts stage stages")
_OWN_ANSWER: Final = _words("the my final so thus therefore hence")
_WIDE: Final = re.compile("[\uff01-\uff5e]")
PLAIN: Final = {
    **{0xFF01 + i: 0x21 + i for i in range(94)},
    **dict.fromkeys(map(ord, "\u3000\u00a0\u202f"), " "),
    **dict.fromkeys(map(ord, "‘’‚′"), "'"),
    **dict.fromkeys(map(ord, "“”„«»"), '"'),
    **dict.fromkeys(map(ord, "–—―"), "—"),
    ord("【"): "[",
    ord("】"): "]",
    ord("…"): "...",
}
MARKUP: Final = re.compile(r"\\[a-z]+|\\[()\[\]]|</?\|?[a-z_]{1,30}\|?>|[{}$*_`#]")
_MARKS: Final = " \t\r\n\f\v\u3000\u00a0`*_$#~|{}()[]<>.,;:!?\"'\\/=+-–—“”‘’"

_SOLID: Final = re.compile(r"[^\W_]")
_BREAK: Final = re.compile(r"[\r\n]")
_WORD: Final = re.compile(r"[^\W\d_]+(?:'[^\W\d_]+)?")
_HEAD: Final = re.compile(r"\A[\W_]+")
_DIGIT: Final = re.compile(r"\d")
_ENDS_IN_VALUE: Final = re.compile(rf"(?P<value>{VALUE})(?:[^\w?]|_)*\Z")
_SENTENCE_END: Final = re.compile(r"[.!?;]\s+")

_QUESTION: Final = re.compile(
    r"is\s{1,5}(?:the|this|that|your)\s{1,5}(?:[^\W\d_][\w'’-]{0,20}\s{1,5}){0,3}"
    r"(?:answer|solution|response)\s{1,5}correct\b(?:\s{1,5}or\s{1,5}(?:incorrect|wrong|not)\b)?"
    r"[\s*_]{0,10}\??[\s*_]{0,10}(?:[(\[]?\s{0,3}yes\s{0,3}(?:/|or)\s{0,3}no\s{0,3}[)\]]?)?"
    r"[\s*_]{0,10}[?:]{0,5}"
)
_FINAL: Final = re.compile(
    rf"(?:solution\s{{1,5}}status|(?:final|overall)\s{{1,5}}(?:{NAMES}))\b"
    rf"(?:\\[a-z]{{1,10}}|[\W_]){{0,20}}(?:is\b[\W_]{{1,10}})?"
    rf"(?P<value>{VALUE})(?:[^\w\n?]|_)*$",
    re.MULTILINE,
)
_FIELD: Final = re.compile(
    rf"{_QUOTE}(?:(?:final|overall)[_ ]?)?(?:{NAMES}|(?:is_|answer_)?correct(?:ness)?|result)"
    rf"{_QUOTE}\s{{0,5}}:"
    rf"\s{{0,5}}{_QUOTE}?(?P<value>{VALUE}){_QUOTE}?\s{{0,5}}(?=[,}}\r\n]|\Z)"
)
_BRACKET: Final = re.compile(rf"\[\s*(?P<value>{BARE_VALUE})\s*\][^\w?]*\Z")
_LISTED: Final = re.compile(rf"\b(?:{BARE_VALUE})\s*\]+[\s,;/|]*(?:or|and)?\s*\[*\Z")
_BOXED: Final = re.compile(rf"\W*(?P<value>{BARE_VALUE})[^\w?]*")
_BEHIND_ANSWER: Final = re.compile(r"\banswer(?:\s+(?:is|was))?\W*\Z")
_BEHIND_NOT: Final = re.compile(r"\bnot\W*\Z")
_LABEL: Final = re.compile(
    r"\W{0,10}(?P<lead>(?:[^\W\d_]+(?:'[^\W\d_]+)?\W{1,3}){0,4}?)"
    rf"(?P<name>{NAMES}|verification|result|answer)"
    rf"(?P<joint>\W{{0,10}}(?:\bis\b\W{{0,10}})?)(?P<value>{VALUE})"
)
_SENTENCE: Final = re.compile(
    r"(?:\b(?:the|this|that|your)\s+|\A[\W_]*)"
    r"(?:(?:student's|proposed|given|provided|submitted|candidate|model's|final|overall|whole)\s+)"
    r"{0,3}(?:answer|solution|response|proof)"
    r"(?:\s+(?:of\s+)?(?>[^\s\d]*\d\S*)(?:\s+(?>[^\s\d]*\d\S*)){0,3})?"
    r"(?:\s+(?:given|provided|above|proposed|obtained|submitted|presented|reached|found))?"
    r"\s+(?:is|was)(?P<not>n't|\s+not)?\s+"
    r"(?:(?:therefore|thus|hence|indeed|also|clearly|completely|entirely|fully|definitely)\s+){0,2}"
    r"(?P<value>correct|incorrect|right|wrong)\Z"
)
_WORK: Final = (
    r"(?:the|this|that|your|its|their|his|her)\s+(?:[^\W\d_]+(?:'s)?\s+){0,2}?"
    r"(?:reasoning|approach|methods?|steps?|logic|work|working|derivation|calculations?|process"
    r"|computations?|setup|idea|argument|explanation)\s+(?:is|are|was|were|looks?|seems?)\s+"
    r"(?:[^\W\d_]+\s+){0,2}(?:correct|right|sound|fine|good|valid|okay|ok)"
)
_CONCEDED: Final = re.compile(
    rf"[\W_]*(?:(?:although|though|while|even\s+though)\s+)?{_WORK}"
    r"[\s,;]+(?:(?:but|yet|however|still|nevertheless)[\s,;]*)?"
)
_DESPITE: Final = re.compile(
    rf"[\s,;]+(?:although|though|but|while|even\s+though|however)[\s,]+{_WORK}\Z"
)
_ASIDE: Final = re.compile(r"\(\s*(?P<value>yes|no|correct|incorrect|true|false)\s*\)[^\w?]*\Z")
_ALTERNATIVES: Final = re.compile(
    rf"\b(?:{VALUE})\b[\s\"')\]]{{0,4}}(?:/|\||\bor\b|\band\b)[\s\"'(\[]{{0,4}}(?:{VALUE})\b"
    r"[\s)\]\"']{0,4}[?:]{0,3}"
)
_DASH: Final = re.compile(r"\s-+\s|—+|\.{2,}")
_ONE_WORD: Final = re.compile(r"[\s*_]*(yes|no)[\s*_.!]*")
_FIRST_WORDS: Final = re.compile(r"(not\s+correct|incorrect|correct)(?=\s*(?:[.,;:!)\]\"']|\Z))")
_YES_NO: Final = re.compile(r"(?<![\w'-])(?:yes|no)(?!\w|['-]\w)")
_CLAUSE: Final = re.compile(r"[.,;:!?=>]")


def normalize_text(text: str) -> str:
    """Lower-case a text; full-width letters and marks become plain ones."""
    text = text.lower()
    return text.translate(PLAIN) if not text.isascii() and _WIDE.search(text) else text


def closing_verdict(text: str) -> Verdict | None:
    """Read the verdict on the last line that holds a letter or a digit."""
    line, whole = _last_line(text)
    if not line.isascii():
        line = line.translate(PLAIN)
    text = MARKUP.sub(" ", line)
    if not _ENDS_IN_VALUE.search(text):
        return None
    if whole:
        bare = _read_bare(text)
        if bare is not None:
            return bare
    return _read_marked(line, text) or _read_sentence(text, whole) or _read_aside(text, whole)


def is_asked(text: str) -> bool:
    """Tell whether a text holds the question of the verification prompt."""
    return "correct" in text and _QUESTION.search(text) is not None


def explicit_verdict(text: str) -> Verdict | None:
    """Read the last question with its answer, final label or field anywhere in a text."""
    question = status = field = None
    # Most texts hold none of a form's words, and looking for those is much faster.
    if "correct" in text:
        question = _last(_QUESTION, text)
    if any(word in text for word in _LEADS) and any(stem in text for stem in _STEMS):
        status = _last(_FINAL, text)
    if any(mark in text for mark in _QUOTES):
        field = _last(_FIELD, text)
    statements = [match for match in (question, status, field) if match is not None]
    if not statements:
        return None
    found = max(statements, key=lambda match: match.start())
    if found is question:
        return _read_answer(_first_line(text, found.end()))
    return as_verdict(found["value"])


def _last(pattern: re.Pattern[str], text: str) -> re.Match[str] | None:
    found = None
    for found in pattern.finditer(text):  # noqa: B007  the last one is wanted
        pass
    return found


def as_verdict(value: str) -> Verdict:
    """The verdict that a word of it stands for."""
    return "yes" if value in _YES else "no"


def _last_line(text: str) -> tuple[str, bool]:
    """Find the last line that holds a letter or a digit, and whether it is given whole."""
    stop = len(text)
    for _ in range(_MARK_LINES):
        solid = len(text[:stop].rstrip(_MARKS))
        if not solid:
            break
        start = max(text.rfind("\n", 0, solid), text.rfind("\r", 0, solid)) + 1
        end = _BREAK.search(text, solid)
        first = max(start, solid - _SPAN)
        line = text[first : min(end.start() if end else len(text), solid + 50)]
        if _SOLID.search(MARKUP.sub(" ", line)):
            return line, first == start
        stop = start
    return "", True


def _first_line(text: str, start: int) -> str:
    """Find the first line from a place on that holds a letter or a digit."""
    solid = _SOLID.search(text, start)
    if solid is None:
        return ""
    place = solid.start()
    begin = max(text.rfind("\n", start, place), text.rfind("\r", start, place)) + 1
    begin = max(begin, start, place - 50)
    end = _BREAK.search(text, place)
    return text[begin : min(end.start() if end else len(text), begin + _SPAN)]


def _read_bare(text: str) -> Verdict | None:
    """Read a line that is nothing but the verdict, words of turning aside."""
    words = _WORD.findall(text)
    if not words or words[-1] not in _BARE or "?" in text or _DIGIT.search(text):
        return None
    if _ALTERNATIVES.search(text):
        return None
    lead = words[:-1]
    if words[-1] in ("correct", "right") and lead[-1:] == ["not"]:
        return "no" if _TURNING.issuperset(lead[:-1]) else None
    return as_verdict(words[-1]) if _TURNING.issuperset(lead) else None


def _read_marked(line: str, text: str) -> Verdict | None:
    """Read a box or square brackets at the end of a line, given with and without its markup."""
    box = max(line.rfind(r"\boxed"), line.rfind(r"\fbox"))
    if box >= 0:
        content = _BOXED.fullmatch(MARKUP.sub(" ", line[box:]))
        before = MARKUP.sub(" ", line[:box])
        if content and not _BEHIND_ANSWER.search(before) and not _BEHIND_NOT.search(before):
            return as_verdict(content["value"])
        return None
    bracket = _BRACKET.search(text) if "[" in text else None
    if bracket is None:
        return None
    before = text[: bracket.start()]
    if _LISTED.search(before) or _BEHIND_NOT.search(before):
        return None
    return as_verdict(bracket["value"])


def _read_sentence(text: str, whole: bool) -> Verdict | None:
    """Read the last sentence of a line: a label with its value, or "The answer is incorrect."."""
    last = _ENDS_IN_VALUE.search(text)
    if last is None:
        return None
    text = text[: last.end("value")]
    ends = [end.end() for end in _SENTENCE_END.finditer(text)]
    if not ends and not whole:
        return None
    sentence = text[ends[-1] :] if ends else text
    label = _LABEL.fullmatch(sentence)
    if label is not None and _is_sound(label):
        return as_verdict(label["value"])
    return _read_clauses(sentence)


def _read_clauses(sentence: str) -> Verdict | None:
    """Read "The answer is incorrect.", also where the sentence concedes that the work is right."""
    stated, despite = _DESPITE.subn("", sentence)
    found = _SENTENCE.search(stated)
    if found is None:
        return None
    verdict = as_verdict(found["value"])
    if found["not"] and verdict == "no":
        return None
    if found["not"]:
        verdict = "no"
    lead = stated[: found.start()]
    conceded = _CONCEDED.fullmatch(lead) is not None
    if not conceded and not _is_unhedged(lead):
        return None
    return None if verdict == "yes" and (despite or conceded) else verdict


def _read_aside(text: str, whole: bool) -> Verdict | None:
    """Read a sentence with its verdict once more in brackets: "The answer is correct (yes)."."""
    aside = _ASIDE.search(text)
    if aside is None:
        return None
    verdict = _read_sentence(text[: aside.start()], whole)
    return verdict if verdict == as_verdict(aside["value"]) else None


def _is_sound(label: re.Match[str]) -> bool:
    """Tell whether a label speaks of the whole solution."""
    lead = {word.removesuffix("'s") for word in _WORD.findall(label["lead"])}
    marked = ":" in label["joint"] or "=" in label["joint"]
    if label["name"] == "answer":
        return marked and lead <= _OWN_ANSWER
    return (marked or "is" in label["joint"]) and not lead & _STEPS


def _is_unhedged(lead: str) -> bool:
    return not _DIGIT.search(lead) and _CONCLUDING.issuperset(_WORD.findall(lead))


def _read_answer(line: str) -> Verdict | None:
    """Read the answer to the question on one line."""
    plain = _ONE_WORD.fullmatch(line)
    if plain is not None:
        return as_verdict(plain.group(1))
    text = MARKUP.sub(" ", line.translate(PLAIN))
    text = _ALTERNATIVES.sub(": ", text)
    text = _HEAD.sub("", _DASH.sub(", ", text))
    stated: Verdict | None = None
    first = _FIRST_WORDS.match(text)
    if first is not None:
        stated = as_verdict(first.group(1))
    for word in _YES_NO.finditer(text):
        if _opens_clause(text[: word.start()]) and _stands(word, text):
            stated = as_verdict(word.group())
    if stated is not None or len(line) >= _SPAN:
        return stated
    return _read_line_end(text) or _read_sentence(text, True)


def _opens_clause(before: str) -> bool:
    """Tell whether a word with this text before it opens a clause, words of turning aside."""
    before = before.rstrip(" \t\"'([<")
    if before.endswith("?"):
        return False
    parts = _CLAUSE.split(before)
    clause = parts[-1]
    ahead = before[: len(before) - len(clause)]
    if clause.strip() and ahead.endswith("?"):
        return False
    return not _DIGIT.search(clause) and _TURNING.issuperset(_WORD.findall(clause))


def _stands(word: re.Match[str], text: str) -> bool:
    """Tell whether a yes or no stands for itself: "no" before a noun does not."""
    after = text[word.end() :].lstrip(" \t\"')]>")
    if after.startswith("?"):
        return False
    if not after or not after[0].isalpha() or (word.group() == "yes" and word.start() == 0):
        return True
    following = _WORD.match(after)
    return following is not None and following.group() in _GOES_ON


def _read_line_end(text: str) -> Verdict | None:
    """Read a yes or no that ends a line which neither hedges nor holds the other word."""
    words: Sequence[str] = _WORD.findall(text)
    if not words or words[-1] not in ("yes", "no"):
        return None
    *rest, last = words
    place = text.rfind(last)
    after, before = text[place + len(last) :], text[:place].rstrip(" \t\"'([<")
    if "?" in after or _SOLID.search(after) or before.endswith("?"):
        return None
    rival = "no" if last == "yes" else "yes"
    if rival in rest or any(word in _HEDGES or word.endswith("n't") for word in rest):
        return None
    return as_verdict(last)
