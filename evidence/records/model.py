"""What a record type is: a data file, read once, that says how a payload looks and how each field is to be treated.

Nothing here reads files. `RecordType.data` is the whole expanded type, including its JSON Schema; its canonical bytes
are what statements commit to, so a verifier with that one document can repeat every check.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from functools import cached_property

from evidence.canonical import Json, dumps
from evidence.encoding import b64url_encode
from evidence.hashing import sha256
from evidence.records.deadline_definition import DeadlineDef
from evidence.records.lifecycle_definition import LifecycleDef
from evidence.records.node import RecordTypeInvalid
from evidence.records.references import ANY_SUBJECT, PERSON, Link, Reference, is_subject
from evidence.records.rule_definition import MeasureDef, RuleDef

__all__ = [
    "ANY_SUBJECT",
    "PERSON",
    "Field",
    "Form",
    "FormStep",
    "Link",
    "PersonalData",
    "RecordType",
    "RecordTypeInvalid",
    "Reference",
]


class PersonalData(StrEnum):
    """How much a field says about a person (PIPL 28, GDPR 9): decides on default disclosure, retention and erasure."""

    NONE = "none"
    PERSONAL = "personal"
    SENSITIVE = "sensitive"


@dataclass(frozen=True)
class Field:
    """One payload field. `labels` and `help` are keyed by language ("zh", "en")."""

    name: str
    labels: Mapping[str, str]
    personal: PersonalData
    required: bool
    clauses: tuple[str, ...]
    """ISO 45001:2018 clauses for which this field alone is evidence; usually empty, then the type's clauses apply."""
    help: Mapping[str, str]
    refers_to: tuple[Reference, ...] = ()
    concerns: str = ""
    """The field that names the person whom this field is about; empty: see `RecordType.concerns`."""
    options: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    """Labels of the values of an enum, by value, where the file gives them."""
    members: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    """Labels of the members of an object or of a list's objects, by name, where the file gives them."""


@dataclass(frozen=True, slots=True)
class FormStep:
    """One page of a form."""

    labels: Mapping[str, str]
    fields: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Form:
    """The layout of a type's form; fields that stand in no step belong to the record's context (site, source, …)."""

    steps: tuple[FormStep, ...]


@dataclass(frozen=True, eq=False)
class RecordType:
    """One version of one record type. Compared by identity; two copies of one type have equal digests."""

    id: str
    version: int
    labels: Mapping[str, str]
    subject_kind: str
    """First part of the subject, `<kind>/<id>` (FORMATS 1): person, equipment, …; `*` where any kind will do."""
    clauses: tuple[str, ...]
    retention_class: str
    fields: Mapping[str, Field]
    schema: Mapping[str, Json]
    """JSON Schema 2020-12 of the payload, self-contained."""
    data: Mapping[str, Json]
    """The whole type; the digest is taken over its canonical form."""
    help: Mapping[str, str]
    legal_basis: str
    unique: tuple[tuple[str, ...], ...]
    """Groups of fields whose values together name one thing only."""
    lifecycle: LifecycleDef | None
    deadlines: tuple[DeadlineDef, ...]
    rules: tuple[RuleDef, ...]
    measures: tuple[MeasureDef, ...]
    form: Form | None

    @cached_property
    def digest(self) -> bytes:
        """SHA-256 of the RFC 8785 form of `data`: 32 bytes."""
        return sha256(dumps(dict(self.data)))

    @cached_property
    def schema_claim(self) -> str:
        """The statement's `schema` claim, `<version>;sha-256=<base64url digest>` (FORMATS 2)."""
        return f"{self.version};sha-256={b64url_encode(self.digest)}"

    @staticmethod
    def from_data(data: Mapping[str, Json]) -> RecordType:
        """A type from its canonical data, of this or an older grammar. Raises `RecordTypeInvalid`."""
        from evidence.records.definition import from_data  # It builds what is defined here.

        return from_data(data)

    def label(self, name: str | None = None, language: str = "en") -> str:
        """The label of a field, or of the type where `name` is None; unknown languages fall back to English.

        Raises `KeyError` for a field that the type does not have.
        """
        labels = self.labels if name is None else self.fields[name].labels
        return labels.get(language, labels["en"])

    def personal_fields(self) -> frozenset[str]:
        """Names of the fields that say something about a person: withheld unless a reader is entitled to them."""
        return frozenset(f.name for f in self.fields.values() if f.personal is not PersonalData.NONE)

    def takes_subject(self, subject: str) -> bool:
        """Whether a record of this type may be about `subject`, by its kind."""
        return self.subject_kind == ANY_SUBJECT or subject.startswith(f"{self.subject_kind}/")

    def links(self, payload: Mapping[str, Json]) -> tuple[Link, ...]:
        """The subjects to which the disclosed fields refer, each once a field, and one for each unique group.

        A unique group is a subject of its own, `unique/<digest of type, fields and values>`: records that mention the
        same one name the same thing. Digests of short values can be guessed: blind the subject before storing it.
        """
        found = [
            Link(item.name, subject)
            for item in self._referring
            if item.name in payload
            for reference in item.refers_to
            for subject in reference.subjects(payload[item.name])
        ]
        found += [Link("+".join(group), subject) for group, subject in self.unique_subjects(payload).items()]
        return tuple(dict.fromkeys(found))

    def unique_subjects(self, payload: Mapping[str, Json]) -> dict[tuple[str, ...], str]:
        """By group of fields that are all disclosed: the subject that stands for their values."""
        return {
            group: f"unique/{b64url_encode(sha256(dumps([self.id, *group, *(payload[name] for name in group)])))}"
            for group in self.unique
            if all(name in payload for name in group)
        }

    def concerns(self, payload: Mapping[str, Json]) -> dict[str, str | None]:
        """Whom each disclosed personal field is about: a subject, usually `person/<id>`.

        The field that `concerns` names decides; else the subject, if it is a person; else the field's own reference to
        a person; else the record's subject. None where that names nobody, or more than one.
        """
        return {name: self._concerned(name, payload) for name in payload if name in self._personal}

    @cached_property
    def _personal(self) -> frozenset[str]:
        return self.personal_fields()

    @cached_property
    def _referring(self) -> tuple[Field, ...]:
        return tuple(item for item in self.fields.values() if item.refers_to)

    def _concerned(self, name: str, payload: Mapping[str, Json]) -> str | None:
        about = self.fields[name].concerns
        subject = payload.get("subject")
        own = subject if isinstance(subject, str) and is_subject(subject) else None
        by = about or name
        refers = any(reference.kind in (PERSON, ANY_SUBJECT) for reference in self.fields[by].refers_to)
        if by == "subject" or (not about and (self.subject_kind == PERSON or not refers)):
            return own
        named = {
            subject
            for reference in self.fields[by].refers_to
            for subject in reference.subjects(payload.get(by))
            if subject.startswith(f"{PERSON}/")
        }
        return named.pop() if len(named) == 1 else None
