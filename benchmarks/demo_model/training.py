"""Training of the demonstration model: examples, batches of one length, the loop."""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass

import torch
from muon import Muon
from tokenizer import ASSISTANT, END, USER
from torch.nn.functional import cross_entropy
from transformers import LlamaForCausalLM, PreTrainedTokenizerFast

Example = tuple[list[int], list[int]]
"""Token ids, and the same where the model is to learn them, else `IGNORED`."""

IGNORED = -100


@dataclass(frozen=True)
class Schedule:
    """One stage of training.

    Attributes:
        tokens: Tokens to train on, prompts included.
        muon_rate: Highest learning rate of the matrices.
        adam_rate: Highest learning rate of the embedding and the norms.
        batch_tokens: Tokens of a batch.
        warmup: Share of the tokens over which the rates rise from zero; then they fall.
        last: Learning rates at the end, as a share of the highest.
        judging: Weight of tokens that judge a step or a solution; others have 1.
    """

    tokens: int
    muon_rate: float = 0.02
    adam_rate: float = 3e-3
    batch_tokens: int = 4096
    warmup: float = 0.02
    last: float = 0.0
    judging: float = 1.0

    def rate(self, seen: int) -> float:
        """Learning rate, as a share of the highest, after `seen` tokens."""
        done = seen / self.tokens
        return min(done / self.warmup, 1 - done * (1 - self.last))


def encode(tokenizer: PreTrainedTokenizerFast, prompt: str, answer: str) -> Example:
    """Encode a prompt and its answer as the chat template would."""
    asked = tokenizer(f"{USER}{prompt}{ASSISTANT}").input_ids
    answered = tokenizer(f"{answer}{END}").input_ids
    return asked + answered, [IGNORED] * len(asked) + answered


def make_batches(
    examples: Iterator[Example], batch_tokens: int, padding: int, rng: random.Random
) -> Iterator[tuple[torch.Tensor, torch.Tensor]]:
    """Group examples of about one length into batches (tokens, targets), in random order."""
    while True:
        pool = sorted((next(examples) for _ in range(4096)), key=lambda example: len(example[0]))
        groups: list[list[Example]] = [[]]
        for example in pool:
            if (len(groups[-1]) + 1) * len(example[0]) > batch_tokens:
                groups.append([])
            groups[-1].append(example)
        rng.shuffle(groups)
        for group in groups:
            yield _stack(group, padding)


def _stack(group: Sequence[Example], padding: int) -> tuple[torch.Tensor, torch.Tensor]:
    width = max(len(ids) for ids, _ in group)
    tokens = [ids + [padding] * (width - len(ids)) for ids, _ in group]
    targets = [ids + [IGNORED] * (width - len(ids)) for _, ids in group]
    return torch.tensor(tokens), torch.tensor(targets)


def train(
    model: LlamaForCausalLM,
    batches: Iterator[tuple[torch.Tensor, torch.Tensor]],
    schedule: Schedule,
    judging: Iterable[int],
    report: Callable[[int, float, float], None],
    report_every: int,
) -> None:
    """Train a model on answers, given their prompts: Muon on matrices, AdamW on the rest.

    Args:
        model: The model, changed in place.
        batches: Tokens and targets, without end.
        schedule: How long and how fast.
        judging: Tokens that judge a step or a solution.
        report: Called with tokens seen, mean loss since the last call, and tokens per second.
        report_every: Tokens between calls.
    """
    inner = [p for n, p in model.named_parameters() if p.ndim == 2 and "embed" not in n]
    outer = [p for n, p in model.named_parameters() if p.ndim != 2 or "embed" in n]
    muon = Muon(inner, schedule.muon_rate)
    adam = torch.optim.AdamW(
        outer, lr=schedule.adam_rate, betas=(0.9, 0.95), weight_decay=0.0, fused=True
    )
    weights = torch.ones(model.config.vocab_size)
    weights[list(judging)] = schedule.judging
    model.train()
    seen, since, losses, begun = 0, 0, [], time.perf_counter()
    while seen < schedule.tokens:
        tokens, targets = next(batches)
        muon.rate = schedule.muon_rate * schedule.rate(seen)
        adam.param_groups[0]["lr"] = schedule.adam_rate * schedule.rate(seen)
        logits = model(input_ids=tokens, use_cache=False).logits
        loss = cross_entropy(
            logits[:, :-1].flatten(0, 1),
            targets[:, 1:].flatten(),
            weight=weights,
            ignore_index=IGNORED,
        )
        loss.backward()
        muon.step()
        adam.step()
        model.zero_grad(set_to_none=True)
        seen += tokens.numel()
        since += tokens.numel()
        losses.append(loss.item())
        if since >= report_every or seen >= schedule.tokens:
            speed = since / (time.perf_counter() - begun)
            report(seen, sum(losses) / len(losses), speed)
            model.train()
            since, losses, begun = 0, [], time.perf_counter()
