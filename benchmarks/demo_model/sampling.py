"""Sampling of many prompts at once while the demonstration model is trained and measured."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from tokenizer import ASSISTANT, END, USER
from transformers import LlamaForCausalLM, PreTrainedTokenizerFast


def sample(
    model: LlamaForCausalLM,
    tokenizer: PreTrainedTokenizerFast,
    prompts: Sequence[str],
    temperature: float,
    max_tokens: int,
    seed: int,
    batch: int = 256,
) -> list[str]:
    """Draw one answer to each prompt, prompts of about one length together."""
    model.eval()
    torch.manual_seed(seed)
    end = tokenizer.convert_tokens_to_ids(END)
    asked = [tokenizer(f"{USER}{prompt}{ASSISTANT}").input_ids for prompt in prompts]
    order = sorted(range(len(prompts)), key=lambda index: len(asked[index]))
    answers = [""] * len(prompts)
    for start in range(0, len(order), batch):
        group = order[start : start + batch]
        width = max(len(asked[index]) for index in group)
        padding = [width - len(asked[index]) for index in group]
        output = model.generate(
            torch.tensor([[end] * p + asked[i] for i, p in zip(group, padding, strict=True)]),
            attention_mask=torch.tensor([[0] * p + [1] * (width - p) for p in padding]),
            do_sample=True,
            temperature=temperature,
            top_k=0,
            max_new_tokens=max_tokens,
            eos_token_id=end,
            pad_token_id=end,
        )
        for index, ids in zip(group, output[:, width:].tolist(), strict=True):
            answers[index] = tokenizer.decode(ids, skip_special_tokens=True)
    return answers
