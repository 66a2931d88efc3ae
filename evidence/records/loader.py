"""Read the catalogue's files: the only module that touches PyYAML and the files shipped with the package.

The YAML read here is a small, strict part of the language: no anchors or aliases, no tags, no duplicate keys, no
dates or octal or yes/no surprises, bounded size and depth. A mistake is reported with file, line and what to do.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from importlib import resources
from typing import Any, ClassVar, Final

import yaml

from evidence.canonical import Json
from evidence.records.node import Path, RecordTypeInvalid, place_of

MAX_BYTES: Final = 256 * 1024
MAX_DEPTH: Final = 24
COMMON: Final = "_common.yaml"
FOLDERS: Final = ("types", "tables", "maps")


class _StrictLoader(getattr(yaml, "CSafeLoader", yaml.SafeLoader)):  # type: ignore[misc]
    """Safe loading with YAML 1.1's guessing removed: only true/false, null and plain integers are not text."""

    yaml_implicit_resolvers: ClassVar[dict[str, list[tuple[str, re.Pattern[str]]]]] = {}

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
        seen: set[str] = set()
        for key, _ in node.value:
            if not isinstance(key, yaml.ScalarNode) or key.tag != "tag:yaml.org,2002:str":
                raise RecordTypeInvalid("a key must be text", line=_line(key.start_mark))
            if key.value in seen:
                raise RecordTypeInvalid(f"{key.value!r} is given twice", line=_line(key.start_mark))
            seen.add(key.value)
        return dict(super().construct_mapping(node, deep=deep))


for _tag, _pattern, _first in (
    ("bool", r"true|false", "tf"),
    ("null", r"null|~|", ["n", "~", ""]),
    ("int", r"0|-?[1-9][0-9]{0,15}", "-0123456789"),
):
    _StrictLoader.add_implicit_resolver(f"tag:yaml.org,2002:{_tag}", re.compile(f"(?:{_pattern})$"), list(_first))


@dataclass(frozen=True)
class Document:
    """The mapping in a YAML file, and where in the file its values begin."""

    name: str
    value: dict[str, Json]
    text: str = ""

    @contextmanager
    def errors(self) -> Iterator[None]:
        """Give a `RecordTypeInvalid` raised inside the file's name, the line, and words for the place."""
        try:
            yield
        except RecordTypeInvalid as error:
            if error.file:
                raise
            place = error.place or place_of(error.path, self.value)
            line = self.line_of(error.path) if error.path else None
            raise RecordTypeInvalid(error.problem, path=error.path, place=place, file=self.name, line=line) from None

    def line_of(self, path: Path) -> int | None:
        """The line of the innermost place on the path that the file has; None without text."""
        # Only a file with a mistake needs its lines: they cost as much as all the rest.
        lines = dict(_lines(yaml.compose(self.text, Loader=_StrictLoader), ()))
        return next((lines[path[:end]] for end in range(len(path), 0, -1) if path[:end] in lines), None)


def parse_yaml(text: str, name: str) -> dict[str, Json]:
    """The mapping in a strict YAML document; `name` is used in messages. Raises `RecordTypeInvalid`."""
    return read_document(text, name).value


def read_document(text: str, name: str) -> Document:
    """A strict YAML document with its lines. Raises `RecordTypeInvalid`."""
    if len(text.encode("utf-8", "surrogatepass")) > MAX_BYTES:
        raise RecordTypeInvalid(f"larger than {MAX_BYTES} bytes", file=name)
    try:
        _check_events(text)
        value = yaml.load(text, Loader=_StrictLoader)  # noqa: S506  # a SafeLoader with less, not with more
    except RecordTypeInvalid as error:
        raise RecordTypeInvalid(error.problem, file=name, line=error.line) from None
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        line = _line(getattr(error, "problem_mark", None))
        raise RecordTypeInvalid(getattr(error, "problem", None) or "not readable", file=name, line=line) from error
    if not isinstance(value, dict):
        raise RecordTypeInvalid("must be a mapping of names to values", file=name)
    return Document(name, value, text)


def _lines(node: Any, path: Path) -> Iterator[tuple[Path, int]]:
    if isinstance(node, yaml.MappingNode):
        for key, value in node.value:
            yield (*path, key.value), key.start_mark.line + 1
            yield from _lines(value, (*path, key.value))
    elif isinstance(node, yaml.SequenceNode):
        for position, value in enumerate(node.value):
            yield (*path, position), value.start_mark.line + 1
            yield from _lines(value, (*path, position))


def _check_events(text: str) -> None:
    """Bound nesting and refuse aliases before anything is built: a few lines of aliases can expand to gigabytes."""
    depth = 0
    for event in yaml.parse(text, Loader=_StrictLoader):
        if isinstance(event, yaml.AliasEvent) or getattr(event, "anchor", None):
            line = _line(event.start_mark)
            raise RecordTypeInvalid("anchors and aliases are not allowed; repeat the text", line=line)
        if isinstance(event, yaml.CollectionStartEvent):
            depth += 1
        elif isinstance(event, yaml.CollectionEndEvent):
            depth -= 1
        if depth > MAX_DEPTH:
            raise RecordTypeInvalid(f"nested deeper than {MAX_DEPTH}", line=_line(event.start_mark))


def _line(mark: Any) -> int | None:
    return None if mark is None else mark.line + 1


def shipped(folder: str) -> dict[str, str]:
    """Text by file name of a folder of the catalogue that comes with the package."""
    root = resources.files("evidence.records") / folder
    if not root.is_dir():
        return {}
    return {file.name: file.read_text("utf-8") for file in root.iterdir() if file.name.endswith((".yaml", ".json"))}
