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
from typing import Any, Final, NoReturn

import yaml

from evidence.canonical import Json
from evidence.records.hints import explain
from evidence.records.node import Path, RecordTypeInvalid, place_of

MAX_BYTES: Final = 256 * 1024
MAX_DEPTH: Final = 24
COMMON: Final = "_common.yaml"
FOLDERS: Final = ("types", "tables", "maps")


_PARSER: Final[Any] = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_INTEGER: Final = re.compile(r"0|-?[1-9][0-9]{0,15}")
_WORDS: Final[dict[str, Json]] = {"true": True, "false": False, "null": None, "~": None, "": None}


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
        # Only a file with a mistake needs its lines.
        lines: dict[Path, int] = {}
        if self.text:
            _Reader(self.text, lines).document()
        return next((lines[path[:end]] for end in range(len(path), 0, -1) if path[:end] in lines), None)


def parse_yaml(text: str, name: str) -> dict[str, Json]:
    """The mapping in a strict YAML document; `name` is used in messages. Raises `RecordTypeInvalid`."""
    return read_document(text, name).value


def read_document(text: str, name: str) -> Document:
    """A strict YAML document with its lines. Raises `RecordTypeInvalid`."""
    if len(text.encode("utf-8", "surrogatepass")) > MAX_BYTES:
        raise RecordTypeInvalid(f"larger than {MAX_BYTES} bytes", file=name)
    try:
        value = _Reader(text).document()
    except RecordTypeInvalid as error:
        raise RecordTypeInvalid(error.problem, file=name, line=error.line) from None
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        line, problem = explain(text, error)
        raise RecordTypeInvalid(problem, file=name, line=line) from error
    if value is None:
        raise RecordTypeInvalid("is empty: must be a mapping of names to values", file=name)
    if not isinstance(value, dict):
        raise RecordTypeInvalid("must be a mapping of names to values, such as version: 1", file=name)
    return Document(name, value, text)


class _Reader:
    """Builds the value from the parser's events in one pass, so that nothing is built before it was looked at.

    A few lines of aliases could expand to gigabytes; a tag could ask for any object; YAML 1.1 takes `no` for false.
    """

    def __init__(self, text: str, lines: dict[Path, int] | None = None) -> None:
        self._events: Iterator[Any] = yaml.parse(text, Loader=_PARSER)
        self._lines = lines

    def document(self) -> Json:
        """The value of the only document; None where there is none."""
        next(self._events)
        value: Json = None
        event = next(self._events)
        if isinstance(event, yaml.DocumentStartEvent):
            value = self._value(next(self._events), (), 0)
            next(self._events)
            event = next(self._events)
        if not isinstance(event, yaml.StreamEndEvent):
            raise RecordTypeInvalid("a file holds one document: take out the line ---", line=_line(event.start_mark))
        return value

    def _value(self, event: Any, path: Path, depth: int) -> Json:
        if isinstance(event, yaml.AliasEvent) or event.anchor is not None:
            _refuse(event, "anchors and aliases are not allowed; repeat the text")
        if event.tag is not None:
            _refuse(event, "tags such as !!str are not allowed")
        if isinstance(event, yaml.ScalarEvent):
            return _scalar(event.value) if event.implicit[0] else str(event.value)
        if depth >= MAX_DEPTH:
            _refuse(event, f"nested deeper than {MAX_DEPTH}")
        return self._mapping(path, depth) if isinstance(event, yaml.MappingStartEvent) else self._list(path, depth)

    def _mapping(self, path: Path, depth: int) -> Json:
        found: dict[str, Json] = {}
        while not isinstance(event := next(self._events), yaml.MappingEndEvent):
            key = self._value(event, path, depth + 1)
            if not isinstance(key, str):
                _refuse(event, "a key must be text")
            if key in found:
                _refuse(event, f"{key!r} is given twice")
            self._note((*path, key), event)
            found[key] = self._value(next(self._events), (*path, key), depth + 1)
        return found

    def _list(self, path: Path, depth: int) -> Json:
        found: list[Json] = []
        while not isinstance(event := next(self._events), yaml.SequenceEndEvent):
            self._note((*path, len(found)), event)
            found.append(self._value(event, (*path, len(found)), depth + 1))
        return found

    def _note(self, path: Path, event: Any) -> None:
        if self._lines is not None:
            self._lines[path] = event.start_mark.line + 1


def _scalar(text: str) -> Json:
    """An unquoted word: true, false, null and plain integers are not text, and nothing else."""
    if text in _WORDS:
        return _WORDS[text]
    return int(text) if _INTEGER.fullmatch(text) else text


def _refuse(event: Any, problem: str) -> NoReturn:
    raise RecordTypeInvalid(problem, line=_line(event.start_mark))


def _line(mark: Any) -> int | None:
    return None if mark is None else mark.line + 1


def shipped(folder: str) -> dict[str, str]:
    """Text by file name of a folder of the catalogue that comes with the package."""
    root = resources.files("evidence.records") / folder
    if not root.is_dir():
        return {}
    return {file.name: file.read_text("utf-8") for file in root.iterdir() if file.name.endswith((".yaml", ".json"))}
