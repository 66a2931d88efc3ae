"""References from a payload to subjects: what ties the evidence chains of one subject to those of another."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from evidence.canonical import Json

ANY_SUBJECT: Final = "*"
"""As a subject kind: the subject may be of any kind. In `refers_to`: the value is a whole subject, `<kind>/<id>`."""
PERSON: Final = "person"
_SUBJECT: Final = re.compile(r"[a-z][a-z0-9_]{0,39}/[A-Za-z0-9._-]{1,80}")


def is_subject(text: str) -> bool:
    """Whether a text is a whole subject, `<kind>/<id>`."""
    return _SUBJECT.fullmatch(text) is not None


@dataclass(frozen=True, slots=True)
class Reference:
    """A field's value names a subject: `kind`, and the member names that lead to the id inside objects and lists."""

    kind: str
    path: tuple[str, ...] = ()

    def subjects(self, value: Json) -> Iterator[str]:
        """The subjects that a field value names, by id or whole, in order; what is neither is passed over."""
        for found in _reach(value, self.path):
            whole = self.kind == ANY_SUBJECT or found.startswith(f"{self.kind}/")
            subject = found if whole else f"{self.kind}/{found}"
            if is_subject(subject):
                yield subject


@dataclass(frozen=True, slots=True)
class Link:
    """A payload refers to another subject through a field."""

    field: str
    subject: str


def _reach(value: Json, path: tuple[str, ...]) -> Iterator[str]:
    if isinstance(value, list):
        for item in value:
            yield from _reach(item, path)
    elif path:
        if isinstance(value, dict) and path[0] in value:
            yield from _reach(value[path[0]], path[1:])
    elif isinstance(value, str):
        yield value
