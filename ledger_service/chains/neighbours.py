"""Subjects that a chain leads to, and subjects that lead to it: across streams, by the fields that refer.

Outward links come from the payloads shown. Inward ones come from the links table, which knows only blinded subjects;
their names are read from the entries that hold them, so an erased one stays nameless.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

from sqlalchemy import Connection

from evidence.records import RecordType
from ledger_service.chains import repository
from ledger_service.chains.model import IN, OUT, Mention, Neighbour
from ledger_service.entries import repository as entry_rows
from ledger_service.entries.model import EntryView, stored_judgement
from ledger_service.judging.repository import CHUNK

MAX_NEIGHBOURS = 40
NEWEST = 20
UNIQUE = "unique/"
"""Subjects that only stand for a group of values: no neighbours of anybody."""
ABOUT_OWN, ABOUT_MENTIONS = 3, 5


@dataclass(frozen=True, slots=True)
class Reader:
    """Reads one ledger in one snapshot. `blind` gives a subject's stream."""

    connection: Connection
    ledger: str
    types: Mapping[str, RecordType]
    blind: Callable[[str], str]

    def outward(self, subject: str, items: Sequence[EntryView]) -> list[Neighbour]:
        """Subjects that the shown records refer to, in the order in which they first come up."""
        found: dict[str, tuple[dict[str, None], list[int]]] = {}
        for view in items:
            for field, target in links_of(self.types, view):
                if target != subject:
                    fields, indices = found.setdefault(target, ({}, []))
                    fields[field] = None
                    indices.append(view.entry.index)
        return [
            Neighbour(target, OUT, tuple(fields), tuple(dict.fromkeys(indices))[-NEWEST:], len(set(indices)))
            for target, (fields, indices) in list(found.items())[:MAX_NEIGHBOURS]
        ]

    def inward(self, stream: str) -> list[Neighbour]:
        """Subjects with records that refer to this one: the newest 20 records of each type, by subject."""
        grouped: dict[str, list[tuple[Mention, str]]] = {}
        nameless = 0
        for record_type in repository.mention_counts(self.connection, self.ledger, stream):
            rows = repository.mentions(self.connection, self.ledger, stream, record_type, NEWEST)
            names = self.mentions([index for index, _ in rows])
            for index, field in rows:
                mention = names[index]
                nameless += not mention.subject
                grouped.setdefault(mention.subject or f"?{nameless}", []).append((mention, field))
        neighbours = [self._inward(found) for found in grouped.values()]
        neighbours.sort(key=lambda item: max(item.entries), reverse=True)
        return neighbours[:MAX_NEIGHBOURS]

    def about(self, neighbour: Neighbour, kind: str) -> Neighbour:
        """The neighbour with its newest own records, and with what mentions it except records of `kind`.

        `kind` is the kind of the subject that the chain is about: an operator's other loadings are no part of it.
        """
        if not neighbour.subject:
            return neighbour
        stream = self.blind(neighbour.subject)
        indices = repository.newest_of(self.connection, self.ledger, stream, ABOUT_OWN)
        for record_type in repository.mention_counts(self.connection, self.ledger, stream):
            known = self.types.get(record_type)
            if known is not None and known.subject_kind != kind:
                rows = repository.mentions(self.connection, self.ledger, stream, record_type, ABOUT_MENTIONS)
                indices += [index for index, _ in rows]
        found = self.mentions(sorted(set(indices)))
        return replace(neighbour, about=tuple(found.values()), state=self.state(stream))

    def state(self, stream: str) -> str:
        """State in the lifecycle, by the newest of the last 20 judgements that moved it; empty where there is none."""
        newest = repository.newest_of(self.connection, self.ledger, stream, NEWEST)
        judged = entry_rows.judgements_of(self.connection, self.ledger, newest)
        for index in sorted(judged, reverse=True):
            judgement = stored_judgement(judged[index])
            if judgement is not None and judgement.step is not None:
                return judgement.step.to
        return ""

    def mentions(self, indices: Sequence[int]) -> dict[int, Mention]:
        """Type, subject and time of these entries."""
        found: dict[int, Mention] = {}
        for begin in range(0, len(indices), CHUNK):
            chunk = indices[begin : begin + CHUNK]
            subjects = entry_rows.subjects_of(self.connection, self.ledger, chunk)
            for index, record_type, occurred_at in repository.headings(self.connection, self.ledger, chunk):
                found[index] = Mention(index, record_type, subjects[index], occurred_at)
        return found

    @staticmethod
    def _inward(found: list[tuple[Mention, str]]) -> Neighbour:
        indices = sorted({mention.index for mention, _ in found})
        fields = tuple(dict.fromkeys(field for _, field in found))
        return Neighbour(found[0][0].subject, IN, fields, tuple(indices[-NEWEST:]), len(indices))


def links_of(types: Mapping[str, RecordType], view: EntryView) -> list[tuple[str, str]]:
    """(field, subject) of what the shown fields of a record refer to."""
    record_type = types.get(view.entry.record_type)
    found = () if record_type is None else record_type.links(view.payload)
    return [(link.field, link.subject) for link in found if not link.subject.startswith(UNIQUE)]
