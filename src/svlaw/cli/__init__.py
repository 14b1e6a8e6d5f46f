"""The command line: thin commands over the public functions.

Every command prints tables for people, or one JSON document with `--json`. Exit code 0 is success,
1 a pool that `check` finds unsound, requests that failed in `generate` or a reader of the output
that is gone, 2 bad input or an output that is full, 130 an interrupt.
"""

import os
import sys
import warnings
from contextlib import suppress
from pathlib import Path
from typing import Final

_UNREAD: Final = 1
_BAD_INPUT: Final = 2
_INTERRUPTED: Final = 130


def main() -> None:
    """Run the command line; a wrong input ends in one line on standard error."""
    _replace_closed_streams()
    if not sys.warnoptions and not os.environ.get("SVLAW_DEBUG"):
        warnings.simplefilter("ignore")  # remarks of libraries are not the user's concern
    try:
        code = _run()
    except SystemExit as error:  # Typer's, where the reader of the output is gone
        code = error.code if isinstance(error.code, int) else _UNREAD
    sys.exit(_flush(code))


def _run() -> int:
    from svlaw.cli.app import app
    from svlaw.data.errors import SvlawError

    import typer.exceptions  # isort: skip

    try:
        code = app(prog_name="svlaw", standalone_mode=False)
    except (SvlawError, ValueError, OSError) as error:
        if os.environ.get("SVLAW_DEBUG"):
            raise
        _complain(_one_line(error))
        _show_notes(error)
        return _BAD_INPUT
    except MemoryError as error:
        _complain(f"not enough memory ({_one_line(error) or 'none left'}); ask for less at a time")
        return _BAD_INPUT
    except typer.exceptions.TyperException as error:
        _complain(error.format_message())
        return int(error.exit_code)
    except (KeyboardInterrupt, typer.exceptions.Abort):
        code = _INTERRUPTED
    if code == _INTERRUPTED:  # Typer may have caught the interrupt itself
        _complain("interrupted; nothing was left half-written")
    return code if isinstance(code, int) else 0


def _show_notes(error: BaseException) -> None:
    """Write what goes with an error in code of the user's own: its traceback."""
    with suppress(OSError):
        for note in getattr(error, "__notes__", ()):
            sys.stderr.write(f"{note}\n")


def _flush(code: int) -> int:
    """Write what is still buffered; the exit code, which tells of an output that is full.

    Left to Python's own end, what cannot be written would come to exit code 120.
    """
    for stream in (sys.stdout, sys.stderr):
        try:
            stream.flush()
        except OSError as error:
            with Path(os.devnull).open("w", encoding="utf-8") as nowhere:
                os.dup2(nowhere.fileno(), stream.fileno())  # for the rest
            if isinstance(error, BrokenPipeError):
                code = code or _UNREAD
            elif code not in (_BAD_INPUT, _INTERRUPTED):  # else one line was written
                _complain(_one_line(error))
                code = _BAD_INPUT
    return code


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
