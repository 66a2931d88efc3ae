"""Whom each disclosure is about, and with it the key that seals it. Pure.

* a personal field is sealed under the key of whom it concerns (`RecordType.concerns`); where that names nobody, or
  several, under that of the record's own subject;
* a judgement follows its record where the record is about a person or a person's credential; elsewhere it speaks of the
  subject, in codes and log indices, and is nobody's;
* key events are nobody's: what a key signed could not be verified without them, also what it signed about others.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from evidence.canonical import Json
from evidence.key_events import RECORD_TYPE as KEY_EVENT
from evidence.records import RecordType

NOBODY = ""
"""Sealed under the ledger's own key."""
OF_PERSONS = ("person", "credential")
"""Kinds of subject whose records are about one person as a whole."""
Blind = Callable[[str], str]
"""The stream of a subject."""


def holders(record_type: RecordType | None, payload: Mapping[str, Json], stream: str, blind: Blind) -> dict[str, str]:
    """The holder of each field of a record in `stream`. A record of an unknown type is its subject's as a whole."""
    if record_type is None:
        return dict.fromkeys(payload, stream)
    if record_type.id == KEY_EVENT:
        return dict.fromkeys(payload, NOBODY)
    found = dict.fromkeys(payload, NOBODY)
    for name, subject in record_type.concerns(payload).items():
        found[name] = stream if subject is None or subject == payload.get("subject") else blind(subject)
    return found


def judgement_holder(subject: str, stream: str) -> str:
    """The holder of the judgement on a record."""
    return stream if subject.partition("/")[0] in OF_PERSONS else NOBODY
