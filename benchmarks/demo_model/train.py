"""Train the demonstration model from scratch: `python benchmarks/demo_model/train.py`.

First the model learns to solve, and to verify solutions in which one step was spoiled. Then it
solves problems itself, and learns on to verify what it wrote.
"""

from __future__ import annotations

import random
import time
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Annotated

import torch
import typer
from tokenizer import train_tokenizer
from training import Schedule, make_batches, train
from training_examples import (
    TEMPERATURE,
    is_right,
    judging_tokens,
    make_examples,
    own_solutions,
    solve,
    spoiled_solutions,
    tokenizer_texts,
    verify,
)
from transformers import GenerationConfig, LlamaConfig, LlamaForCausalLM, PreTrainedTokenizerFast

from svlaw.data.storage.files import atomic_folder
from svlaw.generate.demo.chains import draw_chains

VOCABULARY = 400


@dataclass(frozen=True)
class Stage:
    """A stage of training.

    Attributes:
        schedule: How long and how fast.
        solving: Share of examples that solve; the others verify.
        own: Verify solutions the model has written, not spoiled ones.
        drill: Examples of comparing numbers to each of the others, below 1.
    """

    schedule: Schedule
    solving: float
    own: bool
    drill: float


STAGES = (
    Stage(Schedule(9_000_000, last=0.6, judging=3), solving=0.5, own=False, drill=0.3),
    Stage(Schedule(12_000_000, 0.012, 1.8e-3, judging=3), solving=0.35, own=True, drill=0.3),
    Stage(Schedule(10_000_000, 0.012, 1.8e-3, judging=3), solving=0.2, own=True, drill=0.6),
)


def make_model(vocabulary: int) -> LlamaForCausalLM:
    """Make the model, untrained."""
    torch.manual_seed(0)
    return LlamaForCausalLM(
        LlamaConfig(
            vocab_size=vocabulary,
            hidden_size=128,
            intermediate_size=384,
            num_hidden_layers=4,
            num_attention_heads=4,
            num_key_value_heads=4,
            max_position_embeddings=512,
            tie_word_embeddings=True,
            bos_token_id=None,
            eos_token_id=0,
            pad_token_id=0,
        )
    )


class Progress:
    """Prints the learning curve: loss, and success on problems kept from training.

    Args:
        model: The model in training.
        tokenizer: Its tokenizer.
        every: Measure success at every so many reports.
    """

    def __init__(
        self, model: LlamaForCausalLM, tokenizer: PreTrainedTokenizerFast, every: int = 4
    ) -> None:
        self.model, self.tokenizer, self.every = model, tokenizer, every
        self.reports, self.begun = 0, time.perf_counter()
        drawn = draw_chains(random.Random(5), range(1, 7), held_out=True)
        self.chains = list(islice(drawn, 200))

    def __call__(self, seen: int, loss: float, speed: float) -> None:
        """Print a line."""
        self.reports += 1
        line = (
            f"{time.perf_counter() - self.begun:6.0f} s {seen / 1e6:6.2f} M tokens"
            f"  loss {loss:.4f}  {speed:,.0f} tokens/s"
        )
        if self.reports % self.every == 0:
            line += self._success()
        typer.echo(line)

    def _success(self) -> str:
        solved = solve(self.model, self.tokenizer, self.chains, seed=0)
        verdicts = verify(self.model, self.tokenizer, solved, seed=0)
        right = [is_right(*pair) for pair in solved]
        accepted = [verdict for verdict, good in zip(verdicts, right, strict=True) if good]
        refused = [not verdict for verdict, good in zip(verdicts, right, strict=True) if not good]
        return (
            f"  pass@1 {_share(right)}  right accepted {_share(accepted)}"
            f"  wrong refused {_share(refused)}"
        )


def _share(hits: list[bool]) -> str:
    return f"{sum(hits) / len(hits):.2f}" if hits else "-"


def main(
    out: Annotated[Path, typer.Option(help="Folder of the model.")],
    work: Annotated[Path, typer.Option(help="Folder of the model after each stage.")],
    threads: Annotated[int, typer.Option(help="Threads of torch.")] = 2,
) -> None:
    """Train the demonstration model; go on after the last stage that is in WORK."""
    torch.set_num_threads(threads)
    tokenizer = train_tokenizer(tokenizer_texts(), VOCABULARY)
    model = make_model(len(tokenizer))
    for number, stage in enumerate(STAGES, 1):
        folder = work / f"stage-{number}"
        if folder.exists():
            model = LlamaForCausalLM.from_pretrained(folder)
        else:
            typer.echo(f"stage {number} of {len(STAGES)}")
            learn(model, tokenizer, stage, seed=number)
            with atomic_folder(folder) as part:
                model.save_pretrained(part)
    save(model, tokenizer, out)


def learn(
    model: LlamaForCausalLM, tokenizer: PreTrainedTokenizerFast, stage: Stage, seed: int
) -> None:
    """Train for one stage."""
    solutions = own_solutions(model, tokenizer, seed) if stage.own else spoiled_solutions(seed)
    examples = make_examples(tokenizer, solutions, stage.solving, stage.drill, seed + 100)
    batches = make_batches(examples, stage.schedule.batch_tokens, 0, random.Random(seed))
    judging = judging_tokens(tokenizer)
    train(model, batches, stage.schedule, judging, Progress(model, tokenizer), 500_000)


def save(model: LlamaForCausalLM, tokenizer: PreTrainedTokenizerFast, out: Path) -> None:
    """Write the model in bfloat16, and its tokenizer."""
    model.generation_config = GenerationConfig(
        do_sample=True, temperature=TEMPERATURE, top_k=0, eos_token_id=0, pad_token_id=0
    )
    model.to(torch.bfloat16).save_pretrained(out)
    tokenizer.save_pretrained(out)
    (out / "model.safetensors").chmod(0o644)


if __name__ == "__main__":
    typer.run(main)
