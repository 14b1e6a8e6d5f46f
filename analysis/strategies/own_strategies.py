"""Strategies of the user: found by `module:name` or given as Python objects."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

from svlaw.analysis.strategies.own_code import digest_of, load_own
from svlaw.analysis.strategies.own_policy import OwnPolicy
from svlaw.analysis.strategies.own_rule import OwnRule
from svlaw.data.errors import BadInputError

_KNOWN: Final[dict[str, "OwnStrategy"]] = {}
"""Those that were asked for in this process, by name."""


@dataclass(frozen=True)
class OwnStrategy:
    """A strategy of the user's own.

    Attributes:
        name: Its name, `module:name`.
        code: The rule or the policy.
        digest: Digest of its code.
    """

    name: str
    code: OwnRule | OwnPolicy
    digest: str

    @property
    def is_policy(self) -> bool:
        """Whether it decides S and V itself."""
        return isinstance(self.code, OwnPolicy)

    @property
    def needs_verifier(self) -> bool:
        """Whether it uses verdicts; a rule is always given scores."""
        return not isinstance(self.code, OwnPolicy) or self.code.verifications > 0


def is_own(text: str) -> bool:
    """Whether a text is of the form `module:name`, which no strategy of svlaw has."""
    module, colon, name = text.partition(":")
    parts = [part.strip() for part in (*module.split("."), *name.split("."))]
    return bool(colon) and all(part.isidentifier() or part == "<lambda>" for part in parts)


def find_own(own: str | Callable[..., Any] | Any) -> OwnStrategy:
    """The strategy that `module:name` names, or an object of the user.

    Args:
        own: The name; a function (a rule); or an object with `run`, or its class (a policy).

    Raises:
        BadInputError: There is no such module or name, or it is neither a rule nor a policy.
    """
    if isinstance(own, str):
        if own not in _KNOWN:
            _KNOWN[own] = _made(own, load_own(own))
        return _KNOWN[own]
    named = own if hasattr(own, "__qualname__") else type(own)
    found = _made(f"{named.__module__}:{named.__qualname__}".replace("<locals>.", ""), own)
    _KNOWN[found.name] = found
    return found


def _made(name: str, own: Any) -> OwnStrategy:
    if isinstance(own, type):
        try:
            own = own()
        except TypeError as error:
            raise BadInputError(
                f"{name}: a class is made without arguments ({error}); give an object of it"
            ) from error
    if callable(getattr(own, "run", None)):
        return OwnStrategy(name, OwnPolicy.of(name, own), digest_of(own))
    return OwnStrategy(name, OwnRule(name, own), digest_of(own))
