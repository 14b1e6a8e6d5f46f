"""Options of an engine: known names, checked values, one clear line where they are wrong."""

from collections.abc import Mapping
from typing import TypeVar

from pydantic import BaseModel, ConfigDict, ValidationError

from svlaw.data.errors import BadInputError


class EngineOptions(BaseModel):
    """Base of an engine's options: fields are the known names, with their defaults."""

    model_config = ConfigDict(extra="forbid", frozen=True)


O = TypeVar("O", bound=EngineOptions)  # noqa: E741  the type of options that is read


def read_options(kind: type[O], options: Mapping[str, object], engine: str) -> O:
    """Check the configuration's `engine_options`.

    Args:
        kind: The engine's options.
        options: Names and values from the configuration.
        engine: Name of the engine, for the message.

    Raises:
        BadInputError: A name is not known, or a value is not of its kind.
    """
    try:
        return kind.model_validate(dict(options))
    except ValidationError as error:
        problems = error.errors(include_url=False)
    unknown = [str(at["loc"][0]) for at in problems if at["type"] == "extra_forbidden"]
    if unknown:
        raise BadInputError(
            f"engine_options: the {engine} engine knows no {', '.join(unknown)}; it knows"
            f" {', '.join(kind.model_fields)}"
        )
    name = ".".join(map(str, problems[0]["loc"]))
    message = problems[0]["msg"][:1].lower() + problems[0]["msg"][1:]
    raise BadInputError(f"engine_options.{name}: {message}, not {problems[0]['input']!r}")
