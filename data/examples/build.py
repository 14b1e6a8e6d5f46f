"""Makes the shipped pools from the converted public data: `python -m svlaw.data.examples.build`.

Run once when the data or the pool format change; the pools themselves are in the repository.
"""

import argparse
import json
from pathlib import Path
from typing import Any, Final

import polars as pl

from svlaw.data.importers.flat_tables import import_tables
from svlaw.data.importers.success_tables import import_success
from svlaw.data.pool_file import POOL_FILE

_TITLES: Final[dict[str, dict[str, str]]] = {
    "exams_gpt35_by_gpt4": {
        "title": "99 exam questions, 90 GPT-3.5 solutions each, verified by 90 GPT-4 answers",
        "source": "github.com/matthewrenze/jhu-llm-temperature at b00cfb6",
        "licence": "BSD-2-Clause, Copyright (c) 2023, Matthew Renze",
    },
    "gpqa_diamond": {
        "title": "198 GPQA questions, 80 gpt-oss-20b solutions each, verified by 80 answers of"
        " Qwen3-30B-A3B-Thinking-2507",
        "source": "github.com/jkomiyama/BoInf-code-publish at fbcb097",
        "licence": "MIT, as its README states; cite Best-of-Infinity (ICLR 2026)",
    },
    "humaneval_codegen16b": {
        "title": "164 HumanEval problems, 100 CodeGen-16B programs each, run on generated tests",
        "source": "github.com/microsoft/CodeT at 35f54d6",
        "licence": "MIT, Copyright (c) Microsoft Corporation",
    },
    "singhi2025_fig1": {
        "title": "Figure 1 of When To Solve, When To Verify: success of Llama-3.1-8B on MATH",
        "source": "arXiv 2504.01005, read off the figure in nishadsinghi/sc-genrm-scaling",
        "licence": "figures (facts) from a published paper; cite arXiv 2504.01005",
    },
}
_RENAMES: Final = {
    "sample_idx": "solution_id",
    "verification_idx": "verification_id",
    "n_chars": "output_chars",
    "gold_answer": "reference_answer",
}


def build(pools: Path, published: Path, out: Path, scratch: Path) -> None:
    """Write the example pools below `out`.

    Args:
        pools: Folder with the converted tables `exams_gpt35_by_gpt4`, `humaneval_codegen16b` and
            `reasoning/gpqa_diamond`.
        published: Folder with `singhi2025_fig1.csv`.
        out: Where the pools go.
        scratch: An empty folder for intermediate files.
    """
    exams = pools / "exams_gpt35_by_gpt4"
    # A verdict costs one GPT-4 answer, so it has that answer's length.
    calls = exams / "verifier_calls.parquet"
    lengths = pl.read_parquet(calls).drop("answer")
    verdicts = pl.read_parquet(exams / "verifications.parquet").join(
        lengths, on=["problem_id", "verification_idx"], how="left", maintain_order="left"
    )
    verdicts.write_parquet(scratch / "verifications.parquet")
    _import(exams, scratch / "verifications.parquet", out, "choice", "gpt4_resolve", scratch, calls)
    gpqa = pools / "reasoning" / "gpqa_diamond"
    solver, verifier = "gpt-oss-20b", "Qwen3-30B-A3B-Thinking-2507"
    resolved_pool(gpqa, solver, verifier, out / "gpqa_diamond", scratch, name="qwen3_30b_resolve")
    humaneval = pools / "humaneval_codegen16b"
    tests = humaneval / "verifications.parquet"
    _import(humaneval, tests, out, "code", "generated_tests", scratch)
    import_success(out / "singhi2025_fig1", published / "singhi2025_fig1.csv")
    for name, words in _TITLES.items():
        _describe(out / name / POOL_FILE, words)


def resolved_pool(
    tables: Path, solver: str, verifier: str, out: Path, scratch: Path, *, name: str = "resolve"
) -> None:
    """Make a pool of one model's solutions, judged by whether another's answers equal theirs.

    Args:
        tables: Folder with `MODEL.parquet` of both models and `problems.parquet`.
        solver: The model that solves.
        verifier: The model that verifies by solving; its answers are shared calls.
        out: The new pool.
        scratch: A folder for intermediate files.
        name: Name of the verifier in the pool.
    """
    own = pl.read_parquet(tables / f"{verifier}.parquet")
    calls = own.rename({"solution_id": "verification_id"}).drop("text")
    solutions = pl.read_parquet(tables / f"{solver}.parquet").drop("text")
    pairs = solutions.select("problem_id", "solution_id", "answer").join(
        calls.select("problem_id", "verification_id", "output_tokens", own="answer"),
        on="problem_id",
    )
    is_equal = (pl.col("answer") == pl.col("own")).fill_null(False)
    verdicts = pairs.select(
        "problem_id", "solution_id", "verification_id", "output_tokens", verdict=is_equal
    ).sort("problem_id", "solution_id", "verification_id")
    problems = pl.read_parquet(tables / "problems.parquet").with_columns(kind=pl.lit("choice"))
    frames = {"solutions": solutions, "calls": calls, "verdicts": verdicts, "problems": problems}
    for file, frame in frames.items():
        frame.write_parquet(scratch / f"{file}.parquet")
    import_tables(
        out,
        scratch / "solutions.parquet",
        problems=scratch / "problems.parquet",
        verifications=scratch / "verdicts.parquet",
        verifier=name,
        shared_calls=True,
        verifier_answers=scratch / "calls.parquet",
    )


def _import(
    tables: Path,
    verifications: Path,
    out: Path,
    kind: str,
    verifier: str,
    scratch: Path,
    calls: Path | None = None,
) -> None:
    problems = pl.read_parquet(tables / "problems.parquet").with_columns(kind=pl.lit(kind))
    problems.write_parquet(scratch / "problems.parquet")
    import_tables(
        out / tables.name,
        tables / "solutions.parquet",
        problems=scratch / "problems.parquet",
        verifications=verifications,
        verifier=verifier,
        shared_calls=True,
        verifier_answers=calls,
        renames=_RENAMES,
    )


def _describe(file: Path, words: dict[str, str]) -> None:
    document: dict[str, Any] = json.loads(file.read_text("utf-8"))
    document["metadata"] = {**words, **document["metadata"]}
    document["metadata"]["source"] = words["source"]
    document.pop("digest", None)  # of what it said before
    file.write_text(json.dumps(document, indent=2, ensure_ascii=False) + "\n", "utf-8")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    for option in ("pools", "published", "out", "scratch"):
        parser.add_argument(f"--{option}", type=Path, required=True)
    build(**vars(parser.parse_args()))
