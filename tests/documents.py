"""The documentation as data: pages, links, blocks, the command line's options.

`python tests/documents.py` renews what in it is generated: the tables of options in
`docs/commands.md` (between comments) and the output below each `$` line of console blocks.
"""

import functools
import os
import re
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[1]
DOCS = ROOT / "docs"
PAGES = sorted(DOCS.rglob("*.md"))
COMMANDS_PAGE = DOCS / "commands.md"
CONSOLE_PAGES = (DOCS / "tutorial.md",)

_TITLE = re.compile(r'title="([^"]+)"')
_FENCE = re.compile(
    r"^(?P<fence>`{3,})(?P<language>[^\n`]*)\n(?P<text>.*?)^(?P=fence)$", re.M | re.S
)
_INLINE = re.compile(r"(`+)(?!`)(.+?)(?<!`)\1(?!`)", re.S)
_LINK = re.compile(r"!?\[(?:[^\[\]]|\[[^\]]*\])*\]\(([^)\s]+)\)")
_HEADING = re.compile(r"^(#+) (.+)$", re.M)
_TABLE = re.compile(
    r"(?P<open><!-- options of (?P<name>[^>]+) -->\n).*?(?P<end><!-- end -->)", re.S
)
_SHARED_BY = 4


@dataclass(frozen=True)
class Option:
    """One option of a command."""

    names: tuple[str, ...]
    value: str
    default: str
    help: str

    @property
    def name(self) -> str:
        """The long name."""
        return self.names[0]

    @property
    def row(self) -> str:
        """Its row of a table."""
        names = ", ".join(f"`{name}`" for name in self.names)
        value = f" `{self.value}`" if self.value else ""
        default = f" ({self.default})" if self.default else ""
        return f"| {names}{value} | {self.help}{default} |"


@functools.cache
def commands() -> dict[str, tuple[Option, ...]]:
    """Every command of the application with its options, by its words: `import tables`."""
    import typer.main

    from svlaw.cli.app import app

    return dict(_walk(typer.main.get_command(app), ()))


def _walk(command: Any, words: tuple[str, ...]) -> Iterator[tuple[str, tuple[Option, ...]]]:
    inner = getattr(command, "commands", None)
    if inner is None:
        shown = (p for p in command.params if p.param_type_name == "option" and not p.hidden)
        yield " ".join(words), tuple(map(_option, shown))
        return
    for name, child in inner.items():
        yield from _walk(child, (*words, name))


def _option(parameter: Any) -> Option:
    """One of Typer's parameters as it is documented."""
    default = ""
    if parameter.required:
        default = "required"
    elif parameter.default is not None and not isinstance(parameter.default, bool):
        number = isinstance(parameter.default, float)
        default = f"`{parameter.default:g}`" if number else f"`{parameter.default}`"
        default = f"default {default}"
    value = "" if parameter.is_flag else (parameter.metavar or "").replace("|", "\\|")
    more = "; may be repeated" if parameter.multiple else ""
    text = " ".join((parameter.help or "").split()).replace("|", "\\|")
    text = re.sub(r"(<\w+>|--[a-z]+(?:-[a-z]+)*)", r"`\1`", text)  # else tags and dashes
    return Option(
        (*parameter.opts, *parameter.secondary_opts), value, default, text.rstrip(".") + more
    )


@functools.cache
def shared_options() -> tuple[Option, ...]:
    """Options that mean the same, with the same default, in several commands."""
    every = [option for options in commands().values() for option in options]
    return tuple(o for o in dict.fromkeys(every) if every.count(o) >= _SHARED_BY)


def option_table(name: str) -> str:
    """The generated part of a command's section; of `several commands` what they share."""
    shared = shared_options()
    if name == "several commands":
        return _rows(shared)
    options = commands().get(name, ())
    own = [option for option in options if option not in shared]
    also = [f"`{option.name}`" for option in options if option in shared]
    parts = []
    if own:
        parts.append(_rows(own))
    if also:
        words = "And" if own else "Options"
        parts.append(f"{words} [as elsewhere](#options-of-several-commands): {', '.join(also)}.\n")
    return "\n".join(parts)


def _rows(options: Any) -> str:
    header = "| option | meaning |\n|---|---|\n"
    return header + "".join(f"{option.row}\n" for option in options)


def with_option_tables(text: str) -> str:
    """The page of commands with its tables as the application is now."""
    return _TABLE.sub(lambda m: m["open"] + option_table(m["name"]) + m["end"], text)


def sections(text: str) -> dict[str, str]:
    """Each heading with what follows it, up to the next one; fenced lines are no headings."""
    quiet = _FENCE.sub(lambda m: re.sub(r"[^\n]", " ", m[0]), text)
    found = list(_HEADING.finditer(quiet))
    ends = [match.start() for match in found[1:]] + [len(text)]
    return {m[2].strip(): text[m.end() : end] for m, end in zip(found, ends, strict=True)}


def anchors(text: str) -> set[str]:
    """The anchors of a page's headings."""
    found: set[str] = set()
    for title in sections(text):
        plain = re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", title.replace("`", "")).lower()
        slug = re.sub(r"[^\w\- ]", "", plain).strip()
        found.add(re.sub(r"[ ]", "-", slug))
    return found


def links(text: str) -> list[str]:
    """The targets of links and pictures outside code."""
    return [match[1] for match in _LINK.finditer(_INLINE.sub("", _FENCE.sub("", text)))]


def blocks(text: str, language: str | None = None) -> list[str]:
    """The fenced blocks, of one language."""
    fences = _FENCE.finditer(text)
    return [m["text"] for m in fences if language is None or m["language"].strip() == language]


def titled_blocks(text: str) -> dict[str, str]:
    """The fenced blocks that show a file, by its name."""
    found = [(_TITLE.search(m["language"]), m["text"]) for m in _FENCE.finditer(text)]
    return {title[1]: content for title, content in found if title is not None}


def invocations(text: str) -> list[list[str]]:
    """The words of every `svlaw ...` in fenced blocks and in inline code."""
    lines: list[str] = []
    for m in _FENCE.finditer(text):
        if m["language"].strip() in {"", "console", "bash"}:
            lines += m["text"].replace("\\\n", " ").splitlines()
    lines += inline_code(text)
    found = []
    for line in lines:
        words = line.removeprefix("$ ").split("#")[0].split()
        if words[:1] == ["svlaw"]:
            found.append(words[1:])
    return found


def inline_code(text: str) -> list[str]:
    """What stands in backticks outside fenced blocks."""
    return [" ".join(m[2].split()) for m in _INLINE.finditer(_FENCE.sub("", text))]


def command_of(words: list[str]) -> str | None:
    """The command that words after `svlaw` call; None when there is no such command."""
    for length in (2, 1):
        name = " ".join(words[:length])
        if name in commands():
            return name
    return None


def run_console(block: str, folder: Path) -> str:
    """A console block with the output of its commands, run in a folder."""
    lines = [line for line in block.splitlines() if line.startswith("$ ")]
    environment = {"COLUMNS": "100", "TERM": "dumb", "NO_COLOR": "1", "PYTHONUTF8": "1"}
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    parts = []
    for line in lines:
        done = subprocess.run(
            line.removeprefix("$ ").split("  #")[0],
            shell=True,
            cwd=folder,
            env=os.environ | environment | {"PATH": path},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            encoding="utf-8",
            check=False,
        )
        if done.returncode:
            raise RuntimeError(f"{line}: exit code {done.returncode}\n{done.stdout}")
        output = "\n".join(each.rstrip() for each in done.stdout.splitlines()).strip("\n")
        parts.append(f"{line}\n{output}\n" if output else f"{line}\n")
    return "".join(parts)


def with_outputs(text: str, folder: Path) -> str:
    """A page with the output of its console blocks as it is now."""

    def run(match: re.Match[str]) -> str:
        if match["language"].strip() != "console":
            return match[0]
        return f"```console\n{run_console(match['text'], folder)}```"

    return _FENCE.sub(run, text)


def main() -> None:
    """Renew what is generated."""
    COMMANDS_PAGE.write_text(with_option_tables(COMMANDS_PAGE.read_text("utf-8")), "utf-8")
    for page in CONSOLE_PAGES:
        with tempfile.TemporaryDirectory() as folder:
            page.write_text(with_outputs(page.read_text("utf-8"), Path(folder)), "utf-8")


if __name__ == "__main__":
    main()
