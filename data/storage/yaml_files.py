"""YAML files read without believing them.

Every scalar is read as the text that stands in the file (`0777` stays `0777`), tags are never acted
on, and a file that was cut off is refused wherever that can be seen.
"""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import yaml

from svlaw.data.errors import BadInputError
from svlaw.data.storage.files import refuse_missing

_SAFE_TAGS: Final = frozenset(
    f"tag:yaml.org,2002:{name}"
    for name in ("str", "int", "float", "bool", "null", "timestamp", "seq", "map")
) | {"!"}
_NULLS: Final = frozenset(("", "~", "null", "Null", "NULL"))


_TAGS: Final = {
    yaml.ScalarNode: "tag:yaml.org,2002:str",
    yaml.SequenceNode: "tag:yaml.org,2002:seq",
    yaml.MappingNode: "tag:yaml.org,2002:map",
}
_DEEPEST: Final = 200
"""Lists and mappings within one another; the reader of PyYAML dies of some ten thousands."""
_MANY_OPEN: Final = 10_000
_MOST_GROWTH: Final = 10
_LEAST_SIZE: Final = 1_000_000
_MARKED: Final = re.compile(rb"(?:\A|[\s\[{,:-])[!*]\S|\x00")
"""What may be a tag or an alias, or is text in UTF-16."""
_COMPACT: Final = re.compile(rb"(?:[-?:][ \t]+){200}")


class _TextLoader(getattr(yaml, "CSafeLoader", yaml.SafeLoader)):  # type: ignore[misc]
    """Leaves plain scalars unresolved: `yes`, `1:30` and `0777` are text."""

    yaml_implicit_resolvers: dict[str, Any] = {}  # noqa: RUF012  how PyYAML is told

    def resolve(self, kind: type[yaml.Node], value: Any, implicit: Any) -> str:
        """The tag of a node that has none of its own: its kind alone says it."""
        return _TAGS[kind]


def read_fields(path: Path) -> dict[str, yaml.Node]:
    """Read a file that holds one mapping; its values stay YAML nodes.

    Raises:
        BadInputError: The file is missing, no valid YAML, cut off, no mapping, names a field twice,
            or holds a tag that asks for more than plain data.
    """
    refuse_missing(path)
    try:
        content = path.read_bytes()
        _refuse_depth(content, path)
        root = yaml.compose(content, Loader=_TextLoader)
    except OSError as error:
        raise BadInputError(f"{path}: cannot be read ({error.strerror})") from error
    except (yaml.YAMLError, RecursionError) as error:
        raise BadInputError(_describe(path, error)) from error
    if root is None:
        raise BadInputError(f"{path}: the file holds nothing but white space; write it again")
    if (b"!" in content or b"*" in content or b"\0" in content) and _MARKED.search(content):
        _refuse_tags(root, path)
        _refuse_growth(root, path, len(content))
    if not content.endswith(b"\n") and not _is_closed(root):
        raise BadInputError(
            f"{path}: the last line has no end; was the file cut off? write it again (or, if it is"
            " whole, end it with a line break)"
        )
    return read_mapping(root, str(path))


def read_mapping(node: yaml.Node, where: str) -> dict[str, yaml.Node]:
    """Read a mapping into its fields.

    Raises:
        BadInputError: The node is none, or names a field twice.
    """
    if not isinstance(node, yaml.MappingNode):
        raise BadInputError(f"{where}: holds no fields (name: value); write it again")
    fields: dict[str, yaml.Node] = {}
    for key, value in node.value:
        name = str(key.value)
        if name in fields:
            raise BadInputError(f"{where}: field '{name}' occurs twice; keep one of them")
        fields[name] = value
    return fields


def find_field(fields: dict[str, yaml.Node], name: str, where: str) -> yaml.Node:
    """Look a field up.

    Raises:
        BadInputError: It is missing.
    """
    if name not in fields:
        raise BadInputError(f"{where}: field '{name}' is missing; was the file cut off?")
    return fields[name]


def read_items(fields: dict[str, yaml.Node], name: str, path: Path) -> list[yaml.Node]:
    """Read the items of a list.

    Raises:
        BadInputError: The field is missing or no list.
    """
    node = find_field(fields, name, str(path))
    if not isinstance(node, yaml.SequenceNode):
        raise BadInputError(f"{path}: '{name}' is not a list; write one entry per line with '- '")
    return list(node.value)


def read_text(node: yaml.Node, where: str) -> str | None:
    """Read a scalar as the text it is; None for a null.

    Raises:
        BadInputError: The node is a list or a mapping.
    """
    if not isinstance(node, yaml.ScalarNode):
        raise BadInputError(f"{where}: is a list or a mapping, not text")
    plain = node.style not in ("'", '"', "|", ">")
    return None if plain and node.value in _NULLS else str(node.value)


def read_texts(fields: dict[str, yaml.Node], name: str, path: Path) -> Iterator[str | None]:
    """Read a list of scalars; an error names the row.

    Raises:
        BadInputError: The field is missing or no list, or an item is no scalar.
    """
    for row, item in enumerate(read_items(fields, name, path), 1):
        yield read_text(item, f"{path}: {name}, row {row}")


def _describe(path: Path, error: Exception) -> str:
    mark = getattr(error, "problem_mark", None) or getattr(error, "context_mark", None)
    line = f", line {mark.line + 1}" if mark is not None else ""
    problem = getattr(error, "problem", None) or getattr(error, "reason", None) or "unreadable"
    reason = " ".join(str(problem).split())
    return f"{path}{line}: not valid YAML ({reason}); was the file cut off? write it again"


def _refuse_tags(root: yaml.Node, path: Path) -> None:
    """Refuse tags that ask for anything but text, numbers, lists and mappings."""
    waiting, seen = [root], {id(root)}
    while waiting:
        node = waiting.pop()
        if node.tag not in _SAFE_TAGS:
            line = node.start_mark.line + 1
            raise BadInputError(
                f"{path}, line {line}: tag {node.tag!r} is not plain data; remove it from the file"
            )
        for child in _children(node):
            if id(child) not in seen:
                seen.add(id(child))
                waiting.append(child)


def _refuse_depth(content: bytes, path: Path) -> None:
    """Refuse lists and mappings nested so deeply that reading them would end the process."""
    opened = content.count(b"[") + content.count(b"{")
    listed = content.count(b"- ") + content.count(b"-\t") + content.count(b"? ")
    if opened <= _MANY_OPEN and (listed <= _MANY_OPEN or not _COMPACT.search(content)):
        return
    depth = 0
    for event in yaml.parse(content, Loader=_TextLoader):
        if isinstance(event, yaml.CollectionStartEvent):
            depth += 1
            if depth > _DEEPEST:
                line = event.start_mark.line + 1 if event.start_mark else 0
                raise BadInputError(
                    f"{path}, line {line}: more than {_DEEPEST} lists or mappings within one"
                    " another; write the file flatter"
                )
        elif isinstance(event, yaml.CollectionEndEvent):
            depth -= 1


def _refuse_growth(root: yaml.Node, path: Path, size: int) -> None:
    """Refuse aliases that make much of little, or hold themselves."""
    sizes: dict[int, int] = {}
    waiting, open_ = [root], set[int]()
    while waiting:
        node = waiting[-1]
        children = _children(node)
        unknown = [child for child in children if id(child) not in sizes]
        if not unknown:
            own = len(node.value) if isinstance(node, yaml.ScalarNode) else 1
            sizes[id(node)] = own + sum(sizes[id(child)] for child in children)
            open_.discard(id(waiting.pop()))
            continue
        open_.add(id(node))
        if any(id(child) in open_ for child in unknown):
            raise BadInputError(f"{path}: an alias (*name) stands for what holds it; write it out")
        waiting += unknown[:1]
    if sizes[id(root)] > _MOST_GROWTH * size + _LEAST_SIZE:
        raise BadInputError(
            f"{path}: aliases (*name) stand for more than {_MOST_GROWTH} times the file's own text;"
            " write out what is meant"
        )


def _children(node: yaml.Node) -> list[yaml.Node]:
    if isinstance(node, yaml.MappingNode):
        return [child for pair in node.value for child in pair]
    return list(node.value) if isinstance(node, yaml.SequenceNode) else []


def _is_closed(root: yaml.Node) -> bool:
    """Tell whether the document ends on a closing quote or bracket, so that nothing is cut off."""
    node = root
    while children := _children(node):
        if isinstance(node, yaml.CollectionNode) and node.flow_style:
            return True
        node = children[-1]
    return not isinstance(node, yaml.ScalarNode) or node.style in ("'", '"')
