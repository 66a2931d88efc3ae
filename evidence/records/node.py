"""A value of a catalogue file together with its place in it, so that every mistake is reported where it stands."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from typing import Final, NoReturn

from evidence.canonical import Json, dumps
from evidence.errors import Malformed
from evidence.records.hints import hint

LANGUAGES: Final = ("zh", "en")
Path = tuple[str | int, ...]
"""Keys and list positions from the top of a file down to a value."""

_COLLECTIONS: Final = {
    "fields": "field",
    "states": "state",
    "events": "event",
    "rules": "rule",
    "deadlines": "deadline",
    "measures": "measure",
    "steps": "step",
    "timed": "timed",
    "follow": "follow",
    "escalate": "escalation",
    "records": "record",
    "clauses": "clause",
}


class RecordTypeInvalid(Malformed):
    """A file of the catalogue is not usable: correct the file. The message names file, line, place and defect."""

    def __init__(self, problem: str, *, path: Path = (), place: str = "", file: str = "", line: int | None = None):
        where = ", ".join(part for part in (file, f"line {line}" if line else "", place) if part)
        super().__init__(f"{where}: {problem}" if where else problem)
        self.problem, self.path, self.place, self.file, self.line = problem, path, place, file, line


@dataclass(frozen=True, slots=True)
class Node:
    """A JSON value and the path that leads to it."""

    value: Json
    path: Path = ()

    def fail(self, problem: str) -> NoReturn:
        """Raise `RecordTypeInvalid` for this place."""
        raise RecordTypeInvalid(problem, path=self.path)

    def __getitem__(self, key: str) -> Node:
        return Node(self.mapping()[key], (*self.path, key))

    def __contains__(self, key: str) -> bool:
        return key in self.mapping()

    def get(self, key: str, default: Json) -> Node:
        """The member `key`, or the default in its place."""
        return Node(self.mapping().get(key, default), (*self.path, key))

    def mapping(self) -> dict[str, Json]:
        """The value, which must be a mapping."""
        if not isinstance(self.value, dict):
            self.fail(f"must be a mapping of names to values{self._hint()}")
        return self.value

    def members(self) -> Iterator[tuple[str, Node]]:
        """Name and node of each member of a mapping, in the order of the file."""
        for key, value in self.mapping().items():
            yield key, Node(value, (*self.path, key))

    def each(self) -> Iterator[Node]:
        """The items of a list."""
        if not isinstance(self.value, list):
            self.fail(f"must be a list{self._hint()}")
        for position, value in enumerate(self.value):
            yield Node(value, (*self.path, position))

    def keys(self, required: Collection[str], optional: Collection[str] = ()) -> None:
        """Require a mapping with all of `required`, and of others only `optional`."""
        given = set(self.mapping())
        known = {*required, *optional}
        if unknown := sorted(given - known):
            place = Node(None, (*self.path, unknown[0]))
            found = ", ".join(unknown)
            place.fail(f"unknown entry {found}; known are {', '.join(sorted(known))}{hint(found)}")
        if missing := [key for key in required if key not in given]:
            self.fail(f"{', '.join(missing)} is missing")

    def text(self, pattern: re.Pattern[str] | None = None, meaning: str = "text", limit: int = 2000) -> str:
        """A text that is not blank; `meaning` is said where it is none, or where it does not fit the pattern."""
        value = self.value
        if not isinstance(value, str) or not value.strip() or len(value) > limit:
            self.fail(f"must be {meaning}" + (f" of at most {limit} characters" if pattern is None else ""))
        if pattern is not None and not pattern.fullmatch(value):
            self.fail(f"must be {meaning}")
        return value

    def choice(self, allowed: Collection[str]) -> str:
        """One of a few words."""
        if not isinstance(self.value, str) or self.value not in allowed:
            self.fail(f"must be one of {', '.join(allowed)}")
        return self.value

    def flag(self) -> bool:
        """True or false."""
        if not isinstance(self.value, bool):
            self.fail("must be true or false")
        return self.value

    def natural(self) -> int:
        """A whole number from 1."""
        if type(self.value) is not int or self.value < 1:
            self.fail("must be a whole number from 1")
        return self.value

    def texts(self) -> tuple[str, ...]:
        """A list of different texts."""
        value = self.value
        if not isinstance(value, list) or not all(isinstance(item, str) for item in value):
            self.fail(f"must be a list of texts (put numbers such as '7.2' in quotes){self._hint()}")
        texts = tuple(str(item) for item in value)
        if len(set(texts)) != len(texts):
            self.fail("lists something twice")
        return texts

    def _hint(self) -> str:
        return hint(self.value) if isinstance(self.value, str) else ""

    def labels(self) -> dict[str, str]:
        """Text in every language."""
        if isinstance(self.value, str):
            self.fail("must be text in every language: {zh: …, en: …}")
        self.keys(LANGUAGES)
        if not all(isinstance(text, str) and text.strip() for text in self.mapping().values()):
            self.fail(f"must have text in every language ({', '.join(LANGUAGES)})")
        return {language: str(self.mapping()[language]) for language in LANGUAGES}


def top_of(data: Mapping[str, Json]) -> Node:
    """The top of a file's data, which must be what canonical JSON can carry: its digest is committed to."""
    try:
        dumps(dict(data))
    except Malformed as error:
        raise RecordTypeInvalid("holds a value that JSON cannot carry exactly") from error
    return Node(dict(data))


def place_of(path: Path, document: Json = None) -> str:
    """Words for a path: `("fields", "hours", "schema")` is "field hours, schema". A rule is named by its id."""
    words: list[str] = []
    at: Json = document
    for position, part in enumerate(path):
        at = _step(at, part)
        kind = _COLLECTIONS.get(str(path[position - 1])) if position else None
        name = str(at["id"]) if isinstance(part, int) and isinstance(at, Mapping) and "id" in at else _ordinal(part)
        if kind is not None and words and words[-1] == path[position - 1]:
            words[-1] = f"{kind} {name}"
        else:
            words.append(name)
    return ", ".join(words)


def _step(at: Json, part: str | int) -> Json:
    if isinstance(at, dict) and isinstance(part, str):
        return at.get(part)
    if isinstance(at, list) and isinstance(part, int) and part < len(at):
        return at[part]
    return None


def _ordinal(part: str | int) -> str:
    return str(part + 1) if isinstance(part, int) else part
