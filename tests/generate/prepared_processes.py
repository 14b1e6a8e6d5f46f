"""Processes that are forked from one that has svlaw imported, so that starting them costs little.

Run as a script this file is that one: for each request, one a line, it forks, answers with the
process id, and leaves the exit code in a file.
"""

import json
import os
import resource
import runpy
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any


class PreparedProcess:
    """A process under way, with what tests need of `subprocess.Popen`."""

    def __init__(self, pid: int, folder: Path) -> None:
        self.pid = pid
        self.returncode: int | None = None
        self._folder = folder

    def poll(self) -> int | None:
        """The exit code, negative for a signal; None while it is at work."""
        if self.returncode is None and (self._folder / "code").exists():
            self.returncode = int((self._folder / "code").read_text())
        return self.returncode

    def send_signal(self, number: int) -> None:
        """Send a signal, unless it has ended."""
        if self.poll() is None:
            os.kill(self.pid, number)

    def kill(self) -> None:
        """End it at once."""
        self.send_signal(signal.SIGKILL)

    def wait(self) -> int:
        """Wait for its end: the exit code."""
        while (code := self.poll()) is None:
            time.sleep(0.005)
        return code

    def communicate(self) -> tuple[str, str]:
        """Wait for its end: what it wrote on standard output and standard error."""
        self.wait()
        return (self._folder / "out").read_text("utf-8"), (self._folder / "err").read_text("utf-8")


class Preparation:
    """The process that others are forked from."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._started = 0
        self._process = subprocess.Popen(
            [sys.executable, "-P", __file__],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def start(self, *arguments: Any, file_size: int | None = None) -> PreparedProcess:
        """Run a script of Python, with arguments, in the environment of this moment.

        Args:
            arguments: The script, then what stands after it on the command line.
            file_size: Bytes that no file it writes may exceed.
        """
        self._started += 1
        folder = self._folder / str(self._started)
        folder.mkdir()
        request = {
            "arguments": list(map(str, arguments)),
            "environment": dict(os.environ),
            "file_size": file_size,
            "folder": str(folder),
            "here": str(Path.cwd()),
        }
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(json.dumps(request) + "\n")
        self._process.stdin.flush()
        return PreparedProcess(int(self._process.stdout.readline()), folder)

    def close(self) -> None:
        """End it; what it started goes on."""
        self._process.communicate()


def _serve() -> None:
    import svlaw.cli.app
    import svlaw.cli.generate_commands
    import svlaw.generate.runs  # noqa: F401

    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # nobody waits for the watchers
    for line in sys.stdin:
        request = json.loads(line)
        answer, told = os.pipe()
        if os.fork() == 0:
            _watch(request, told)
        os.close(told)
        with os.fdopen(answer) as reader:
            sys.stdout.write(reader.read())
        sys.stdout.flush()


def _watch(request: dict[str, Any], told: int) -> None:
    """Fork once more, tell the number, and write the exit code down."""
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    child = os.fork()
    if child == 0:
        os.close(told)
        _run(request)
    os.write(told, f"{child}\n".encode())
    os.close(told)
    code = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    folder = Path(request["folder"])
    (folder / "code.part").write_text(str(code))
    (folder / "code.part").replace(folder / "code")
    os._exit(0)


def _run(request: dict[str, Any]) -> None:
    folder = request["folder"]
    for stream, name in ((0, os.devnull), (1, f"{folder}/out"), (2, f"{folder}/err")):
        file = os.open(name, os.O_RDWR | os.O_CREAT, 0o600)
        os.dup2(file, stream)
        os.close(file)
    os.environ.clear()
    os.environ.update(request["environment"])
    os.chdir(request["here"])
    if (most := request["file_size"]) is not None:
        sys.dont_write_bytecode = True  # what is cut off would be read later
        resource.setrlimit(resource.RLIMIT_FSIZE, (most, most))
    sys.argv = request["arguments"]
    code: Any = 1
    try:
        runpy.run_path(sys.argv[0], run_name="__main__")
    except SystemExit as end:
        code = end.code
    finally:
        sys.stdout.flush()
        os._exit(code if isinstance(code, int) else 0)


if __name__ == "__main__":
    _serve()
