"""The command line: thin commands over the public functions.

Every command prints tables for people, or one JSON document with `--json`. Exit code 0 is success,
1 a pool that `check` finds unsound or requests that failed in `generate`, 2 bad input, 130 an
interrupt.
"""

import os
import sys
from typing import Final

_INTERRUPTED: Final = 130


def main() -> None:
    """Run the command line; a wrong input ends in one line on standard error."""
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
    except typer.exceptions.TyperException as error:
        _complain(error.format_message())
        sys.exit(error.exit_code)
    except (KeyboardInterrupt, typer.exceptions.Abort):
        code = _INTERRUPTED
    if code == _INTERRUPTED:  # Typer may have caught the interrupt itself
        _complain("interrupted; nothing was left half-written")
    sys.exit(code if isinstance(code, int) else 0)


def _one_line(error: Exception) -> str:
    if isinstance(error, OSError) and error.strerror:
        return f"{error.filename or 'file'}: {error.strerror}"
    return " ".join(str(error).split())


def _complain(message: str) -> None:
    sys.stderr.write(f"svlaw: {' '.join(message.split())}\n")
