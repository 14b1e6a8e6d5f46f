"""Policies straight from their definitions: every order of solutions and verdicts is played.

Written for this purpose only: it shares no code, no array layout and no formula with the package.
"""

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from fractions import Fraction
from itertools import permutations, product
from typing import Any

ZERO = Fraction(0)
Play = Callable[["Game"], Fraction]


class Game:
    """One order of a problem's solutions and of the verdicts of each, and what has been used."""

    def __init__(
        self,
        problem: Sequence[Any],
        order: Sequence[int],
        verdicts: Sequence[Sequence[Any]],
        unparsed: str,
        missing_answer: str,
        lengths: Sequence[int],
        is_shared: bool,
    ) -> None:
        self.problem = problem
        self._is_shared = is_shared
        self._order = list(order)
        self._verdicts = [list(v) for v in verdicts]
        self._rules = unparsed, missing_answer
        self._lengths = lengths
        self.drawn: list[int] = []
        self.judged: dict[int, list[Any]] = {}
        self.used: Counter[str] = Counter()

    @property
    def is_empty(self) -> bool:
        return not self._order

    def sample(self) -> int:
        """Draw a solution."""
        j = self._order.pop(0)
        self.drawn.append(j)
        self.used["solutions"] += 1
        self.used["solution_tokens"] += self._lengths[j]
        return j

    def verify(self, j: int, count: int) -> bool:
        """Draw verdicts on a solution; false when there are too few."""
        if self._is_silent(j):
            return True
        for _ in range(count):
            if not self._verdicts[j]:
                return False
            first = j not in self.judged
            self.judged.setdefault(j, []).append(self._verdicts[j].pop(0))
            if not self._is_shared:
                self.used["prompts"] += first
                self.used["verifications"] += 1
            elif max(map(len, self.judged.values())) > self.used["verifications"]:
                self.used["verifications"] += 1
                self.used["prompts"] = 1
        return True

    def score(self, j: int) -> Fraction:
        unparsed, _ = self._rules
        if self._is_silent(j):
            return ZERO
        values = self.judged.get(j, [])
        if unparsed == "no":
            values = [ZERO if v is None else v for v in values]
        values = [v for v in values if v is not None]
        return sum(values, ZERO) / len(values) if values else ZERO

    def _is_silent(self, j: int) -> bool:
        return bool(self.problem[j].gave_none) and self._rules[1] == "zero"

    def worth(self, answer: str) -> Fraction:
        members = [Fraction(s.is_correct) for s in self.problem if s.answer == answer]
        return sum(members, ZERO) / len(members)

    def votes(self) -> Counter[str]:
        return Counter(
            self.problem[j].answer for j in self.drawn if self.problem[j].answer is not None
        )

    def elect(self, totals: dict[str, Fraction]) -> Fraction:
        best = [a for a, total in totals.items() if total == max(totals.values())]
        return sum((self.worth(a) for a in best), ZERO) / len(best) if best else ZERO

    def plurality(self) -> Fraction:
        return self.elect({a: Fraction(n) for a, n in self.votes().items()})


def expect(
    problem: Sequence[Any],
    play: Play,
    *,
    verifications: int = 0,
    unparsed: str = "ignore",
    missing_answer: str = "zero",
    lengths: Sequence[int],
    is_shared: bool = False,
) -> dict[str, Fraction]:
    """Mean of success and usage over all orders; only solutions with enough verdicts are drawn."""
    usable = [j for j, s in enumerate(problem) if len(s.verdicts) >= verifications]
    total: Counter[str] = Counter()
    games = 0
    orders = _call_orders if is_shared else _orders
    for order, verdicts in orders(problem, usable, bool(verifications)):
        game = Game(problem, order, verdicts, unparsed, missing_answer, lengths, is_shared)
        total["success"] += play(game)  # type: ignore[assignment]
        total.update(game.used)
        games += 1
    names = (
        *("success", "solutions", "prompts", "verifications", "solution_tokens", "rounds"),
        "censored",
    )
    return {name: Fraction(total[name]) / games for name in names}


def _orders(
    problem: Sequence[Any], usable: Sequence[int], verified: bool
) -> Iterator[tuple[Sequence[int], Sequence[Sequence[Any]]]]:
    each = [list(permutations(s.verdicts)) if verified else [()] for s in problem]
    for order in permutations(usable):
        for verdicts in product(*each):
            yield order, verdicts


def _call_orders(
    problem: Sequence[Any], usable: Sequence[int], verified: bool
) -> Iterator[tuple[Sequence[int], Sequence[Sequence[Any]]]]:
    """The same order of calls for all solutions."""
    n_calls = max(len(s.verdicts) for s in problem) if verified else 0
    for order in permutations(usable):
        for calls in permutations(range(n_calls)):
            yield order, [[s.verdicts[c] for c in calls] if s.verdicts else [] for s in problem]


def adaptive_vote(is_decided: Callable[[int, int], bool], most: int) -> Play:
    def play(game: Game) -> Fraction:
        while True:
            game.sample()
            game.used["rounds"] += 1
            counts = sorted(game.votes().values(), reverse=True)
            first, second = (*counts, 0, 0)[:2]
            if is_decided(first, second) or len(game.drawn) == most:
                break
            if game.is_empty:
                game.used["censored"] += 1
                break
        return game.plurality()

    return play


def early_stopping(window: int, most: int) -> Play:
    def play(game: Game) -> Fraction:
        while True:
            game.used["rounds"] += 1
            answers = []
            while len(answers) < window and len(game.drawn) < most and not game.is_empty:
                answers.append(game.problem[game.sample()].answer)
            agrees = len(answers) == window and len(set(answers)) == 1 and answers[0] is not None
            if agrees or len(game.drawn) == most:
                break
            if game.is_empty:
                game.used["censored"] += 1
                break
        return game.plurality()

    return play


def _draw(game: Game, solutions: int) -> None:
    game.used["rounds"] += 1
    while len(game.drawn) < solutions and not game.is_empty:
        game.sample()
    game.used["censored"] += len(game.drawn) < solutions


def verify_distinct(solutions: int, verifications: int, by: str) -> Play:
    def play(game: Game) -> Fraction:
        _draw(game, solutions)
        first: dict[str, int] = {}
        for j in game.drawn:
            if game.problem[j].answer is not None:
                first.setdefault(game.problem[j].answer, j)
        for j in first.values():
            game.verify(j, verifications)
        game.used["rounds"] += game.used["verifications"] > 0
        votes = game.votes()
        weigh = {a: Fraction(votes[a] if by == "votes" else 1) for a in first}
        return game.elect({a: weigh[a] * game.score(j) for a, j in first.items()})

    return play


def verify_if_split(solutions: int, verifications: int, agreement: Fraction) -> Play:
    def play(game: Game) -> Fraction:
        _draw(game, solutions)
        votes = game.votes()
        if max(votes.values(), default=0) >= agreement * sum(votes.values()):
            return game.plurality()
        game.used["rounds"] += 1
        totals: dict[str, Fraction] = {}
        for j in game.drawn:
            game.verify(j, verifications)
            answer = game.problem[j].answer
            if answer is not None:
                totals[answer] = totals.get(answer, ZERO) + game.score(j)
        return game.elect(totals)

    return play


def accept_first(threshold: Fraction, verifications: int, most: int) -> Play:
    def play(game: Game) -> Fraction:
        while True:
            j = game.sample()
            game.used["rounds"] += 1
            before = game.used["verifications"]
            game.verify(j, verifications)
            game.used["rounds"] += game.used["verifications"] > before
            if game.score(j) >= threshold:
                return Fraction(game.problem[j].is_correct)
            if len(game.drawn) == most or game.is_empty:
                break
        game.used["censored"] += len(game.drawn) < most
        best = max(game.score(j) for j in game.drawn)
        tied = [Fraction(game.problem[j].is_correct) for j in game.drawn if game.score(j) == best]
        return sum(tied, ZERO) / len(tied)

    return play


def halving(solutions: int, verifications: int) -> Play:
    def play(game: Game) -> Fraction:
        _draw(game, solutions)
        race = list(game.drawn)
        short = game.used["censored"] > 0
        while len(race) > 1:
            game.used["rounds"] += 1
            for j in race:
                short |= not game.verify(j, verifications)
            race = sorted(race, key=game.score, reverse=True)[: (len(race) + 1) // 2]
        game.used["censored"] = int(short)
        return Fraction(game.problem[race[0]].is_correct)

    return play
