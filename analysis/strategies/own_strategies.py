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
        is_loaded: Whether it was found by its name, so that its file may be another by now.
    """

    name: str
    code: OwnRule | OwnPolicy
    digest: str
    is_loaded: bool = False

    @property
    def written(self) -> Any:
        """What the user wrote: the function, or the object with `run`."""
        return self.code.policy if isinstance(self.code, OwnPolicy) else self.code.function

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
        held = _KNOWN.get(own)
        if held is None or held.is_loaded:
            found = _made(own, load_own(own), is_loaded=True)
            if held is None or held.digest != found.digest:
                _KNOWN[own] = found
        return _KNOWN[own]
    named = own if hasattr(own, "__qualname__") else type(own)
    found = _made(f"{named.__module__}:{named.__qualname__}".replace("<locals>.", ""), own)
    _KNOWN[found.name] = found
    return found


def known_own(name: str) -> OwnStrategy:
    """The strategy of a name that was asked for before, as it was then."""
    return _KNOWN[name] if name in _KNOWN else find_own(name)


def _made(name: str, own: Any, *, is_loaded: bool = False) -> OwnStrategy:
    if isinstance(own, type):
        try:
            own = own()
        except TypeError as error:
            raise BadInputError(
                f"{name}: a class is made without arguments ({error}); give an object of it"
            ) from error
    if callable(getattr(own, "run", None)):
        return OwnStrategy(name, OwnPolicy.of(name, own), digest_of(own), is_loaded)
    return OwnStrategy(name, OwnRule(name, own), digest_of(own), is_loaded)
