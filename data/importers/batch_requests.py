"""Requests of a batch: the texts they brought, what they cost, and which of them failed."""

import math
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, Final

from svlaw.data.lengths import share_out
from svlaw.data.storage.json_records import Record
from svlaw.data.verdicts.probabilities import Token

_OK: Final = 200


@dataclass(frozen=True, slots=True)
class Choice:
    """One text that a request brought.

    Attributes:
        number: Its number among the request's texts, from 0.
        text: The text; None when the model refused or called a tool.
        prompt_tokens: Tokens of the prompt.
        output_tokens: Its share of the tokens that the request's texts have together.
        finish_reason: Why it ended.
        record: The choice as it stands in the file.
    """

    number: int
    text: str | None
    prompt_tokens: int | None
    output_tokens: int | None
    finish_reason: str | None
    record: Record


@dataclass
class Requests:
    """The requests of some files, as they are read.

    Attributes:
        what: What they asked for, in words.
        choices: Texts per request, the same for all; None before the first.
        total: Requests so far.
        failures: How many failed, by the error.
    """

    what: str
    choices: int | None = None
    total: int = 0
    failures: Counter[str] = field(default_factory=Counter)

    def read(self, row: Record) -> list[Choice]:
        """The texts of a request; none when it failed, which is counted.

        Raises:
            BadInputError: A field is missing or cannot be used, or the number of texts differs.
        """
        self.total += 1
        failure = _failure(row)
        if failure is not None:
            self.failures[failure] += 1
            return []
        body = row.child("response").child("body")
        choices = sorted(body.children("choices"), key=_index)
        if self.choices is None and choices:
            self.choices = len(choices)
        if len(choices) != self.choices:
            raise row.error(
                f"{len(choices)} choices, where requests before brought {self.choices}; ask for the"
                " same n in every request"
            )
        usage = body.child("usage") if body.get("usage") is not None else None
        prompt = usage.count("prompt_tokens") if usage is not None else None
        tokens = usage.count("completion_tokens") if usage is not None else None
        shares = share_out(tokens, len(choices))
        return [
            Choice(place, _text(choice), prompt, share, choice.text("finish_reason"), choice)
            for place, (choice, share) in enumerate(zip(choices, shares, strict=True))
        ]

    @property
    def remarks(self) -> list[str]:
        """The failed requests in words; nothing when none failed."""
        if not self.failures:
            return []
        kinds = ", ".join(f"{kind}: {count:,}" for kind, count in self.failures.most_common())
        count = self.failures.total()
        return [f"{count:,} of {self.total:,} requests for {self.what} failed ({kinds})"]


def choice_tokens(choice: Record) -> list[Token]:
    """The tokens of a choice with log-probabilities; none when the choice has none.

    Raises:
        BadInputError: The log-probabilities cannot be used.
    """
    if choice.get("logprobs") is None:
        return []
    return [
        (token, {text: _logprob(choice, v) for text, v in considered.items() if v is not None})
        for token, considered in _tokens(choice.child("logprobs"))
    ]


def _failure(row: Record) -> str | None:
    """What went wrong with a request, in a word; None when nothing did."""
    error = row.get("error")
    if error is not None:
        code = error.get("code") if isinstance(error, dict) else None
        return str(code or "error")
    response = row.child("response") if row.need("response") is not None else None
    if response is None:
        return "no response"
    status = response.count("status_code")
    if status is None:
        raise row.error("field 'response.status_code' is missing")
    return None if status == _OK else f"status {status}"


def _index(choice: Record) -> int:
    return choice.count("index") or 0


def _text(choice: Record) -> str | None:
    """The text of a chat completion, or of a completion."""
    if "message" in choice.fields:
        message = choice.child("message")
        message.need("content")
        return message.text("content")
    choice.need("text")
    return choice.text("text")


def _tokens(logprobs: Record) -> Iterator[tuple[str, dict[str, Any]]]:
    """The tokens in the form of chat completions, or in that of completions."""
    if logprobs.get("content") is not None:
        for token in logprobs.children("content"):
            considered = {token.need_text("token"): token.need("logprob")}
            if token.get("top_logprobs") is not None:
                for other in token.children("top_logprobs"):
                    considered[other.need_text("token")] = other.need("logprob")
            yield token.need_text("token"), considered
    elif logprobs.get("tokens") is not None:
        texts, values = logprobs.items("tokens"), logprobs.items("token_logprobs")
        tops = logprobs.get("top_logprobs") or [None] * len(texts)
        if not len(texts) == len(values) == len(tops):
            raise logprobs.error("tokens, token_logprobs and top_logprobs differ in length")
        for text, value, top in zip(texts, values, tops, strict=True):
            yield str(text), {str(text): value, **(top or {})}


def _logprob(choice: Record, value: Any) -> float:
    number = isinstance(value, int | float) and not isinstance(value, bool)
    if not number or math.isnan(value):
        raise choice.error(f"log-probability {value!r} is not a number")
    return float(value)
