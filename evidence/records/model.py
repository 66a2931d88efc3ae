"""What a record type is: a data file, read once, that says how a payload looks and how each field is to be treated.

Nothing here reads files. `RecordType.data` is the whole expanded type, including its JSON Schema; its canonical bytes
are what statements commit to, so a verifier with that one document can repeat every check.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from functools import cached_property

from evidence.canonical import Json, dumps
from evidence.encoding import b64url_encode
from evidence.errors import Malformed
from evidence.hashing import sha256


class RecordTypeInvalid(Malformed):
    """A record type file is not usable: correct the file. The message names file, field and defect."""


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


@dataclass(frozen=True, eq=False)
class RecordType:
    """One version of one record type. Compared by identity; two copies of one type have equal digests."""

    id: str
    version: int
    labels: Mapping[str, str]
    subject_kind: str
    """First part of the subject, `<kind>/<id>` (FORMATS 1): person, equipment, loading_operation, violation, …"""
    clauses: tuple[str, ...]
    retention_class: str
    fields: Mapping[str, Field]
    schema: Mapping[str, Json]
    """JSON Schema 2020-12 of the payload, self-contained."""
    data: Mapping[str, Json]
    """The whole type; the digest is taken over its canonical form."""

    @cached_property
    def digest(self) -> bytes:
        """SHA-256 of the RFC 8785 form of `data`: 32 bytes."""
        return sha256(dumps(dict(self.data)))

    @property
    def schema_claim(self) -> str:
        """The statement's `schema` claim, `<version>;sha-256=<base64url digest>` (FORMATS 2)."""
        return f"{self.version};sha-256={b64url_encode(self.digest)}"

    def label(self, name: str | None = None, language: str = "en") -> str:
        """The label of a field, or of the type where `name` is None; unknown languages fall back to English.

        Raises `KeyError` for a field that the type does not have.
        """
        labels = self.labels if name is None else self.fields[name].labels
        return labels.get(language, labels["en"])

    def personal_fields(self) -> frozenset[str]:
        """Names of the fields that say something about a person: withheld unless a reader is entitled to them."""
        return frozenset(f.name for f in self.fields.values() if f.personal is not PersonalData.NONE)
