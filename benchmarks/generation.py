"""How busy `svlaw generate` keeps vLLM: its tokens/s beside those of bare `LLM.generate`.

The demonstration model solves arithmetic chains and verifies the solutions, on the CPU; both sides
get the same prompts, seeds and engine arguments, and neither time holds the start of the model.
svlaw's is from the first prompt until the last row is on the disk. Exits with 1 when svlaw reaches
less than 95%. `python benchmarks/generation.py [--problems 192] [--samples 96] [--rounds 2]`, in an
environment with vLLM (`.venv/vllm/bin/python`), on a machine with nothing else to do.
"""

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any, Final

import numpy as np
import yaml

from svlaw.generate.assignments import Assignment, assign_solutions, assign_verifications
from svlaw.generate.configuration import read_configuration
from svlaw.generate.parts import read_log
from svlaw.generate.runs import existing_pool
from svlaw.generate.seeds import first_seed
from svlaw.generate.shards import Shard

DEMO: Final = Path(__file__).resolve().parents[1] / "generate" / "demo"
ENGINE: Final = {"max_num_seqs": 256, "max_model_len": 512, "kv_cache_memory_bytes": 1 << 30}
VERIFIED, VERDICTS = 16, 4
LEAST: Final = 0.95


def configuration(folder: Path, problems: int, samples: int) -> Path:
    """Write problems and a configuration.

    Args:
        folder: Where they go, and the pool.
        problems: How many problems.
        samples: Solutions of each.
    """
    rng = np.random.default_rng(0)
    with (folder / "problems.jsonl").open("w") as file:
        for number in range(problems):
            a, b, c, d = (int(n) for n in rng.integers([20, 3, 20, 20], [80, 9, 99, 60]))
            problem = {"problem_id": f"{number:04}", "question": f"What is {a}*{b}+{c}-{d}?"}
            file.write(json.dumps(problem | {"reference_answer": str(a * b + c - d)}) + "\n")
    common: dict[str, Any] = {"model": str(DEMO / "model"), "engine": "vllm"}
    common["engine_options"] = ENGINE
    document = {
        "pool": str(folder / "pool"),
        "problems": {"source": str(folder / "problems.jsonl")},
        "solutions": common
        | {
            "prompt": str(DEMO / "prompts" / "solve.jinja"),
            "samples": samples,
            "sampling": {"temperature": 0.8, "max_tokens": 160},
        },
        "verifications": common
        | {
            "verifier": "demo",
            "prompt": str(DEMO / "prompts" / "verify.jinja"),
            "samples": VERDICTS,
            "solutions_per_problem": VERIFIED,
            "sampling": {"temperature": 0.8, "max_tokens": 320},
        },
    }
    path = folder / "benchmark.yaml"
    path.write_text(yaml.safe_dump(document))
    return path


def assignment(table: str, config: Path) -> Assignment:
    """What one side or the other is to generate."""
    settings = read_configuration(config)
    return assign_solutions(settings) if table == "solutions" else assign_verifications(settings)


def bare(table: str, config: Path) -> tuple[int, float]:
    """Tokens and seconds of one call of `LLM.generate` with all requests."""
    from vllm import LLM, SamplingParams, TokensPrompt  # noqa: PLC0415  not where it is imported

    work = assignment(table, config)
    prompt_of = work.prompts(pool := existing_pool(work))
    asked = [
        (prompt, first_seed(0, *parent))
        for family in work.families(pool, Shard())
        for parent in family
        if (prompt := prompt_of(parent)) is not None
    ]
    arguments: dict[str, Any] = {"model": str(DEMO / "model"), "enable_chunked_prefill": False}
    llm = LLM(**arguments, enable_prefix_caching=True, **ENGINE)
    tokenizer = llm.get_tokenizer()
    sampling = work.sampling
    began = time.perf_counter()
    prompts = [
        TokensPrompt(
            prompt_token_ids=tokenizer.apply_chat_template(
                [{"role": "user", "content": prompt}],
                add_generation_prompt=True,
                return_dict=False,
            )
        )
        for prompt, _ in asked
    ]
    params = [
        SamplingParams(
            n=work.section.samples,
            seed=seed,
            temperature=sampling.temperature,
            max_tokens=sampling.max_tokens,
            stop=list(sampling.stop),
            logprobs=sampling.logprobs or None,
        )
        for _, seed in asked
    ]
    outputs = llm.generate(prompts, params, use_tqdm=False)
    seconds = time.perf_counter() - began
    return sum(len(one.token_ids) for output in outputs for one in output.outputs), seconds


def run_bare(table: str, config: Path) -> tuple[int, float]:
    """`bare` in a process of its own."""
    result = config.with_name("bare.json")
    command = [sys.executable, __file__, "--bare", table, str(config), str(result)]
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    tokens, seconds = json.loads(result.read_text())
    return tokens, seconds


def run_svlaw(table: str, config: Path) -> tuple[int, float]:
    """Tokens and seconds of the command, by the log of the pool's parts."""
    svlaw = Path(sys.executable).with_name("svlaw")
    subprocess.run([svlaw, "generate", table, config], check=True, stdout=subprocess.DEVNULL)
    work = assignment(table, config)
    parts = [part for part in read_log(work.pool) if part.table == table]
    return sum(part.output_tokens for part in parts), sum(part.seconds for part in parts)


def compare(problems: int, samples: int, rounds: int) -> bool:
    """Measure both in turn and print a table; whether svlaw is fast enough."""
    speeds: dict[tuple[str, str], list[float]] = {}
    for _ in range(rounds):
        with tempfile.TemporaryDirectory() as folder:
            config = configuration(Path(folder), problems, samples)
            for table in ("solutions", "verifications"):
                for side, run in (("svlaw", run_svlaw), ("bare", run_bare)):
                    tokens, seconds = run(table, config)
                    speeds.setdefault((table, side), []).append(tokens / seconds)
                    print(f"{table}, {side}: {tokens:,} tokens in {seconds:.1f} s", flush=True)
    print(
        "\n| | bare LLM.generate, tokens/s | svlaw generate, tokens/s | ratio |\n|---|---|---|---|"
    )
    enough = True
    for table in ("solutions", "verifications"):
        without, with_svlaw = (statistics.median(speeds[table, side]) for side in ("bare", "svlaw"))
        ratio = with_svlaw / without
        enough = enough and ratio >= LEAST
        print(f"| {table} | {without:,.0f} | {with_svlaw:,.0f} | {ratio:.1%} |")
    return enough


def main() -> None:
    """Read the arguments."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--problems", type=int, default=192)
    parser.add_argument("--samples", type=int, default=96)
    parser.add_argument("--rounds", type=int, default=2)
    parser.add_argument("--bare", nargs=3, metavar=("TABLE", "CONFIG", "RESULT"))
    arguments = parser.parse_args()
    os.environ |= {"HF_HUB_OFFLINE": "1", "VLLM_NO_USAGE_STATS": "1"}
    if arguments.bare is not None:
        os.environ["VLLM_LOGGING_LEVEL"] = "ERROR"
        table, config, result = arguments.bare
        Path(result).write_text(json.dumps(bare(table, Path(config))))
    elif not compare(arguments.problems, arguments.samples, arguments.rounds):
        sys.exit(1)


if __name__ == "__main__":
    main()
