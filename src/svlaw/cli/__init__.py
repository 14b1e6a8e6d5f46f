"""The command line: thin commands over the public functions.

Every command prints tables for people, or one JSON document with `--json`. Exit code 0 is success,
1 a pool that `check` finds unsound or requests that failed in `generate`, 2 bad input, 130 an
interrupt.
"""

import os
import sys
import warnings
from contextlib import suppress
from pathlib import Path
from typing import Final

_INTERRUPTED: Final = 130


def main() -> None:
    """Run the command line; a wrong input ends in one line on standard error."""
    _replace_closed_streams()
    if not sys.warnoptions and not os.environ.get("SVLAW_DEBUG"):
        warnings.simplefilter("ignore")  # remarks of libraries are not the user's concern
    from svlaw.cli.app import app
    from svlaw.data.errors import SvlawError

    import typer.exceptions  # isort: skip

    try:
        code = app(standalone_mode=False)
    except (SvlawError, ValueError, OSError) as error:
        if os.environ.get("SVLAW_DEBUG"):
            raise
        _complain(_one_line(error))
        sys.exit(2)
    except MemoryError as error:
        _complain(f"not enough memory ({_one_line(error) or 'none left'}); ask for less at a time")
        sys.exit(2)
    except typer.exceptions.TyperException as error:
        _complain(error.format_message())
        sys.exit(error.exit_code)
    except (KeyboardInterrupt, typer.exceptions.Abort):
        code = _INTERRUPTED
    if code == _INTERRUPTED:  # Typer may have caught the interrupt itself
        _complain("interrupted; nothing was left half-written")
    sys.exit(code if isinstance(code, int) else 0)


def _replace_closed_streams() -> None:
    """What would go to an output that the caller has closed goes nowhere."""
    for name in ("stdout", "stderr"):
        if getattr(sys, name) is None:
            setattr(sys, name, Path(os.devnull).open("w", encoding="utf-8"))  # noqa: SIM115


def _one_line(error: Exception) -> str:
    from svlaw.data.errors import SvlawError

    if isinstance(error, OSError) and error.strerror and not isinstance(error, SvlawError):
        return f"{error.filename or 'cannot be written'}: {error.strerror}"
    return " ".join(str(error).split())


def _complain(message: str) -> None:
    with suppress(OSError):  # the terminal may be closed
        sys.stderr.write(f"svlaw: {' '.join(message.split())}\n")
