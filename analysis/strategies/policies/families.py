"""The families of policies: their settings, the defaults of these, and where they come from."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from svlaw.analysis.strategies.policies.parameters import Parameter, Value, write_value
from svlaw.data.errors import BadInputError

DEFAULT_MOST: Final = 64
"""Most solutions of a policy, unless it is given or the pool has fewer."""

_SOLUTIONS_LADDER: Final = (2, 4, 8, 16, 32, 64)
_VERDICTS_LADDER: Final = (1, 2, 4, 8, 16, 32)

_MOST = Parameter("most", "whole", "most solutions for a problem")
_SOLUTIONS = Parameter("solutions", "whole", "solutions drawn at once")
_VERIFICATIONS = Parameter("verifications", "whole", "verdicts on each solution verified")
_LEAD = Parameter("lead", "whole", "votes by which the leader is ahead of the runner-up")
_CHANCE = Parameter(
    "threshold",
    "share",
    "chance that the leader is ahead of the runner-up",
    *(0.5, 1.0),
    open_low=True,
    open_high=True,
)
_WINDOW = Parameter("window", "whole", "solutions in a window that must agree")
_AGREEMENT = Parameter(
    "agreement", "share", "share of the votes at which the leader needs no verification",
    *(0.0, 1.0), open_low=True,
)  # fmt: skip
_SCORE = Parameter(
    "threshold", "share", "mean score at which a solution is accepted",
    *(0.0, 1.0), open_low=True,
)  # fmt: skip
_BY = Parameter(
    "by", "word", "an answer counts by votes x score, or by its score alone",
    words=("votes", "score"),
)  # fmt: skip

_UP_TO_MOST: Final = ("solutions", "lead", "window", "most")
"""Settings that are never above the most solutions."""

Settings = Mapping[str, Value]
"""Values of a policy's settings, by name; all of them."""


@dataclass(frozen=True)
class Family:
    """A family of policies that differ in their settings.

    Attributes:
        name: Its name.
        summary: What it does, in one sentence.
        source: The paper, or what it is otherwise.
        parameters: Its settings, in the order of the canonical text; `most` aside.
        ladders: Values that stand for a setting that is not given; a setting without any is left
            out unless it is given.
        alternatives: Settings of which exactly one is in force; the first is the default.
        rung: The setting along which a curve of the family runs, others being equal.
        has_most: Whether `most` is in the canonical text; else it limits `solutions`.
        is_verified: Whether it uses a verifier.
        is_own_vote: Whether it draws the verifier's own answers in place of solutions.
    """

    name: str
    summary: str
    source: str
    parameters: tuple[Parameter, ...]
    ladders: Mapping[str, tuple[Value, ...]]
    rung: tuple[str, ...]
    alternatives: tuple[str, ...] = ()
    has_most: bool = True
    is_verified: bool = False
    is_own_vote: bool = False

    @property
    def names(self) -> tuple[str, ...]:
        """Names of all settings."""
        return (*(p.name for p in self.parameters), "most")

    @property
    def limit(self) -> Parameter:
        """The setting that all policies have."""
        return _MOST

    def parameter(self, name: str) -> Parameter:
        """A setting by name."""
        return next(p for p in (*self.parameters, _MOST) if p.name == name)

    def read(self, texts: Mapping[str, str]) -> dict[str, Value]:
        """The values of settings given as text.

        Raises:
            BadInputError: There is no such setting, its value is out of range, or two settings
                exclude each other.
        """
        known = {p.name: p for p in (*self.parameters, _MOST)}
        for name in texts:
            if name not in known:
                raise BadInputError(
                    f"{self.name}: there is no setting '{name}'; use {', '.join(known)}"
                )
        given = [name for name in self.alternatives if name in texts]
        if len(given) > 1:
            raise BadInputError(f"{self.name}: give {' or '.join(given)}, not both")
        return {name: known[name].read(text, self.name) for name, text in texts.items()}

    def expand(
        self, given: Settings, n_solutions: int, n_verdicts: int, usual: int
    ) -> list[dict[str, Value]]:
        """All settings that those given stand for, on a pool of some size.

        Args:
            given: Settings that are given.
            n_solutions: Solutions of the largest problem, or the verifier's own answers to it.
            n_verdicts: Most verdicts on a solution.
            usual: Verdicts of which settings that are not given make no more use.

        Raises:
            BadInputError: A setting asks for more than the pool has.
        """
        self._check(given, n_solutions, n_verdicts)
        most = int(given.get("most", min(DEFAULT_MOST, n_solutions)))
        mosts: Sequence[Value] = (most,)
        if "most" in self.ladders and not given:
            mosts = self._rungs("most", n_solutions, usual)
        if "lead" in given and int(given["lead"]) > most:
            raise BadInputError(
                f"{self.name}:lead={given['lead']}: a lead above most = {most} is never reached"
            )
        if "window" in given and int(given["window"]) > most:
            raise BadInputError(
                f"{self.name}:window={given['window']}: a window above most = {most} is never full"
            )
        if "solutions" in given and int(given["solutions"]) > most:
            raise BadInputError(
                f"{self.name}:solutions={given['solutions']}: more than most = {most}"
            )
        wanted = [p.name for p in self.parameters if p.name in given or p.name in self.ladders]
        if any(name in given for name in self.alternatives):
            wanted = [n for n in wanted if n in given or n not in self.alternatives]
        combinations: list[dict[str, Value]] = [{}]
        for name in wanted:
            values = (given[name],) if name in given else self._rungs(name, most, usual)
            combinations = [{**one, name: value} for one in combinations for value in values]
        if self.has_most:
            combinations = [{**one, "most": value} for one in combinations for value in mosts]
        return combinations

    def _check(self, given: Settings, n_solutions: int, n_verdicts: int) -> None:
        for name, held, what in (
            ("most", n_solutions, "answers" if self.is_own_vote else "solutions per problem"),
            ("solutions", n_solutions, "solutions per problem"),
            ("verifications", n_verdicts, "verdicts each"),
        ):
            if int(given.get(name, 0)) > held:
                raise BadInputError(
                    f"{self.name}: {name} = {given[name]} is larger than the pool holds"
                    f" (at most {held} {what})"
                )

    def _rungs(self, name: str, most: int, usual: int) -> Sequence[Value]:
        """The default values of a setting that the pool has enough for."""
        limit = {"verifications": usual} | dict.fromkeys(_UP_TO_MOST, most)
        values = self.ladders[name]
        if name not in limit:
            return values
        return [v for v in values if int(v) <= max(limit[name], 1)] or [1]

    def parse(self, text: str) -> dict[str, Value]:
        """The settings that `text` wrote.

        Raises:
            BadInputError: As in `read`, or a part is not of the form NAME=VALUE.
        """
        texts: dict[str, str] = {}
        for part in text.split(":") if text else ():
            name, equals, value = (piece.strip() for piece in part.partition("="))
            if not (name and equals and value):
                raise BadInputError(f"{self.name}:{text}: write settings as NAME=VALUE")
            if name in texts:
                raise BadInputError(f"{self.name}:{text}: {name} is given twice")
            texts[name] = value
        return self.read(texts)

    def group(self, text: str) -> str:
        """The settings of a text, without the one along which a curve runs."""
        settings = self.parse(text)
        rung = next(name for name in self.rung if name in settings)
        return ":".join((rung, self.text({n: v for n, v in settings.items() if n != rung})))

    def text(self, settings: Settings) -> str:
        """Settings as canonical text, in the order of the family's."""
        return ":".join(
            f"{name}={write_value(settings[name])}" for name in self.names if name in settings
        )


FAMILIES: Final = {
    family.name: family
    for family in (
        Family(
            "adaptive_vote",
            "Samples until the leading answer is far enough ahead, then answers by plurality.",
            "Adaptive-Consistency, Aggarwal et al. 2023 (arXiv 2305.11860), for threshold;"
            " for lead the fixed margin of sequential voting",
            (_LEAD, _CHANCE),
            {"lead": tuple(range(1, 9))},
            ("lead", "threshold"),
            alternatives=("lead", "threshold"),
        ),
        Family(
            "early_stopping",
            "Samples windows until one agrees on its answer, then votes over all drawn.",
            "Early-stopping self-consistency, Li et al. 2024 (arXiv 2401.10480)",
            (_WINDOW,),
            {"window": tuple(range(2, 9))},
            ("window",),
        ),
        Family(
            "verify_distinct",
            "Verifies one solution of each distinct answer and takes the largest votes x score.",
            "svlaw",
            (_SOLUTIONS, _VERIFICATIONS, _BY),
            {"solutions": _SOLUTIONS_LADDER, "verifications": _VERDICTS_LADDER},
            ("solutions",),
            has_most=False,
            is_verified=True,
        ),
        Family(
            "verify_if_split",
            "Votes where enough of the votes agree, and verifies every solution where they do not.",
            "svlaw",
            (_AGREEMENT, _SOLUTIONS, _VERIFICATIONS),
            {
                "agreement": (0.6, 0.8, 1.0),
                "solutions": (4, 8, 16, 32),
                "verifications": (1, 4, 16),
            },
            ("solutions",),
            has_most=False,
            is_verified=True,
        ),
        Family(
            "accept_first",
            "Samples and verifies one solution after another and answers by the first good enough.",
            "rejection sampling with a verifier",
            (_SCORE, _VERIFICATIONS),
            {"threshold": (0.5, 0.75, 1.0), "verifications": (1, 2, 4, 8, 16)},
            ("threshold", "most"),
            is_verified=True,
        ),
        Family(
            "halving",
            "Verifies round by round; the better half of the solutions goes on.",
            "successive halving, Karnin et al. 2013; here with V verdicts a round for each"
            " solution in the race",
            (_SOLUTIONS, _VERIFICATIONS),
            {"solutions": (2, 4, 8, 16, 32, 64), "verifications": (1, 2, 4, 8)},
            ("solutions",),
            has_most=False,
            is_verified=True,
        ),
        Family(
            "verifier_vote",
            "Lets the verifier solve the problem itself and takes its most frequent answer.",
            "svlaw: the baseline of a verifier that judges by solving",
            (_LEAD,),
            {"most": (1, 2, 4, 8, 16, 32, 64)},
            ("lead", "most"),
            is_verified=True,
            is_own_vote=True,
        ),
    )
}
"""All families of policies, by name."""
