"""What a run is to generate: solutions of problems, or verifications of solutions.

An assignment knows its settings, which samples there are to be, and the prompt of each parent; it
starts nothing and writes nothing.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Protocol

import polars as pl

from svlaw.data.errors import BadInputError, NotInPoolError
from svlaw.data.pool import Pool, open_pool
from svlaw.generate.configuration import Configuration, GenerationSection, VerificationsSection
from svlaw.generate.engines.protocol import Sampling
from svlaw.generate.missing_samples import Parent
from svlaw.generate.problems import load_problems
from svlaw.generate.prompts import Prompt, cut_thinking, default_prompt, load_prompt
from svlaw.generate.shards import Shard

_VERIFY: Final = "verify"
_USUAL_KIND: Final = "math"
_BLOCK_SOLUTIONS: Final = 4096
"""Solutions whose text is held in memory at a time."""

PromptOf = Callable[[Parent], str | None]


class Assignment(Protocol):
    """Samples of one table of a pool.

    Attributes:
        pool: The pool's folder.
        table: `solutions` or `verifications`.
        verifier: The verifier of verifications.
        section: How they are generated.
        settings: What must stay as it is while a pool grows, for its file.
        problems: The problems, as they are to be in the pool.
        sampling: How an engine is to sample.
    """

    @property
    def pool(self) -> Path: ...  # noqa: D102
    @property
    def table(self) -> str: ...  # noqa: D102
    @property
    def verifier(self) -> str | None: ...  # noqa: D102
    @property
    def section(self) -> GenerationSection: ...  # noqa: D102
    @property
    def settings(self) -> Mapping[str, Any]: ...  # noqa: D102
    @property
    def problems(self) -> pl.DataFrame: ...  # noqa: D102
    @property
    def sampling(self) -> Sampling: ...  # noqa: D102

    def families(self, pool: Pool | None, shard: Shard) -> list[list[Parent]]:
        """Parents in order, those in one list to be sampled together; see `work.make_plan`."""
        ...

    def prompts(self, pool: Pool | None) -> PromptOf:
        """What gives a parent's prompt; None where there is nothing to ask."""
        ...


@dataclass(frozen=True)
class SolutionsAssignment:
    """Solutions of problems; see `Assignment`."""

    pool: Path
    section: GenerationSection
    settings: Mapping[str, Any]
    problems: pl.DataFrame
    sampling: Sampling
    templates: Mapping[str, Prompt]
    table: str = "solutions"
    verifier: str | None = None

    def families(self, pool: Pool | None, shard: Shard) -> list[list[Parent]]:
        """All problems of the shard, as one family."""
        return [[(i,) for i in self.problems["problem_id"] if shard.holds(i)]]

    def prompts(self, pool: Pool | None) -> PromptOf:
        """Prompts of problems."""
        rows = {row["problem_id"]: row for row in self.problems.iter_rows(named=True)}

        def prompt_of(parent: Parent) -> str:
            row = rows[parent[0]]
            return self.templates[row["kind"] or _USUAL_KIND].render(row)

        return prompt_of


@dataclass(frozen=True)
class VerificationsAssignment:
    """Verifications of solutions; see `Assignment`."""

    pool: Path
    section: VerificationsSection
    settings: Mapping[str, Any]
    problems: pl.DataFrame
    sampling: Sampling
    template: Prompt
    table: str = "verifications"

    @property
    def verifier(self) -> str:
        """The verifier's name in the pool."""
        return self.section.name

    def families(self, pool: Pool | None, shard: Shard) -> list[list[Parent]]:
        """The first solutions of each problem of the shard, problem by problem."""
        return [
            [(problem, number) for number in numbers]
            for problem, numbers in self._solutions(pool).items()
            if shard.holds(problem)
        ]

    def prompts(self, pool: Pool | None) -> PromptOf:
        """Prompts of solutions; texts are read a block of problems at a time."""
        assert pool is not None  # families() has raised otherwise
        rows = {row["problem_id"]: row for row in self.problems.iter_rows(named=True)}
        texts = _Texts(pool, {p: len(n) for p, n in self._solutions(pool).items()})
        marker = self.section.cut_thinking

        def prompt_of(parent: Parent) -> str | None:
            problem, number = parent  # type: ignore[misc]  # verifications have parents of two
            text = texts.get(problem, number)
            if text is not None and marker is not None:
                text = cut_thinking(text, marker, always=self.section.always_thinks)
            if not text:
                return None
            return self.template.render(rows[problem], solution=text)

        return prompt_of

    def _solutions(self, pool: Pool | None) -> dict[str, list[int]]:
        """Numbers of the solutions to verify, per problem.

        Raises:
            NotInPoolError: The pool holds no solutions, or none of these problems.
        """
        if pool is None or not pool.has("solutions"):
            raise NotInPoolError(
                f"{self.pool}: holds no text of solutions to verify; generate some first"
                " ('svlaw generate solutions')"
            )
        most = self.section.solutions_per_problem
        numbers = pl.col("solution_id").sort()
        query = (
            pool.scan("solutions")
            .group_by("problem_id")
            .agg(numbers if most is None else numbers.head(most))
        )
        held = dict(pool.collect(query, "solutions").iter_rows())
        found = {i: held[i] for i in self.problems["problem_id"] if i in held}
        if not found:
            raise NotInPoolError(f"{self.pool}: holds no solutions of these problems")
        return found


class _Texts:
    """Texts of a pool's solutions, of which only a block of problems is in memory."""

    def __init__(self, pool: Pool, counts: Mapping[str, int]) -> None:
        self._pool = pool
        self._block_of: dict[str, int] = {}
        self._blocks: list[list[str]] = [[]]
        room = _BLOCK_SOLUTIONS
        for problem, count in counts.items():
            if self._blocks[-1] and count > room:
                self._blocks.append([])
                room = _BLOCK_SOLUTIONS
            self._blocks[-1].append(problem)
            self._block_of[problem] = len(self._blocks) - 1
            room -= count
        self._current = -1
        self._texts: dict[tuple[str, int], str | None] = {}

    def get(self, problem: str, number: int) -> str | None:
        block = self._block_of[problem]
        if block != self._current:
            self._texts = {}
            wanted = pl.col("problem_id").is_in(self._blocks[block])
            query = self._pool.scan("solutions").filter(wanted)
            rows = self._pool.collect(
                query.select("problem_id", "solution_id", "text"), "solutions"
            )
            self._texts = {(p, n): text for p, n, text in rows.iter_rows()}
            self._current = block
        return self._texts[problem, number]


def assign_solutions(configuration: Configuration) -> SolutionsAssignment:
    """The solutions a configuration asks for.

    Raises:
        BadInputError: It asks for none, or its problems or prompts cannot be used.
    """
    section = configuration.solutions
    if section is None:
        raise BadInputError("the configuration has no section 'solutions'")
    problems = _problems(configuration)
    kinds = sorted(set(problems["kind"].fill_null(_USUAL_KIND)))
    templates = {kind: load_prompt(section.prompt or default_prompt(kind)) for kind in kinds}
    for prompt in templates.values():
        if prompt.verifies:
            raise BadInputError(
                f"prompt {prompt.name}: uses 'solution', so it is for verifications, not solutions"
            )
    sampling = _sampling(section, templates.values())
    settings = _settings(configuration, section, templates, sampling)
    return SolutionsAssignment(configuration.pool, section, settings, problems, sampling, templates)


def assign_verifications(configuration: Configuration) -> VerificationsAssignment:
    """The verifications a configuration asks for.

    Raises:
        BadInputError: It asks for none, or its problems or prompts cannot be used.
    """
    section = configuration.verifications
    if section is None:
        raise BadInputError("the configuration has no section 'verifications'")
    problems = _problems(configuration)
    template = load_prompt(section.prompt or _VERIFY)
    if not template.verifies:
        raise BadInputError(
            f"prompt {template.name}: does not use 'solution', so it cannot verify one"
        )
    sampling = _sampling(section, [template], section.logprobs)
    settings = _settings(configuration, section, {_VERIFY: template}, sampling)
    settings |= {
        "cut_thinking": section.cut_thinking,
        "always_thinks": section.always_thinks,
        "logprobs": section.logprobs,
    }
    return VerificationsAssignment(
        configuration.pool, section, settings, problems, sampling, template
    )


def _problems(configuration: Configuration) -> pl.DataFrame:
    """The problems of the configuration, or else those of the pool.

    Raises:
        BadInputError: There are none, or they have no question.
    """
    if configuration.problems is not None:
        return load_problems(configuration.problems)
    if not configuration.pool.exists():
        raise BadInputError(
            f"{configuration.pool}: there is no such pool, and the configuration has no section"
            " 'problems' to begin one with"
        )
    pool = open_pool(configuration.pool, unfinished=True)
    if not pool.has("problems"):
        raise BadInputError(
            f"{pool.path}: holds no problems; give them in the configuration, section 'problems'"
        )
    problems = pool.collect(pool.scan("problems"), "problems").sort("problem_id")
    silent = problems.filter(pl.col("question").is_null())
    if silent.height:
        raise BadInputError(
            f"{pool.path}: problem {silent['problem_id'][0]!r} has no question; give the problems"
            " in the configuration"
        )
    return problems


def _settings(
    configuration: Configuration,
    section: GenerationSection,
    prompts: Mapping[str, Prompt],
    sampling: Sampling,
) -> dict[str, Any]:
    """What must stay as it is; prompts are kept by the kind of problem, with their stop texts."""
    return {
        "model": section.model,
        "revision": section.revision,
        "chat": section.chat,
        "system": section.system,
        "prompts": {kind: prompt.template for kind, prompt in prompts.items()},
        "sampling": section.sampling.model_dump(mode="json") | {"stop": list(sampling.stop)},
        "seed": configuration.seed,
    }


def _sampling(section: GenerationSection, prompts: Iterable[Prompt], logprobs: int = 0) -> Sampling:
    """How an engine is to sample: as configured, and never on into a problem of its own."""
    sampling = section.sampling
    stops = [stop for prompt in prompts for stop in prompt.stop]
    stop = tuple(dict.fromkeys([*sampling.stop, *stops]))
    return Sampling(**{**sampling.model_dump(), "stop": stop}, logprobs=logprobs)
