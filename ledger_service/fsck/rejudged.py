"""Judge the whole log again, from scratch, and name where the stored judgements are not what the rules give.

Judgements by rules or tables that this release does not have any more cannot be repeated; they are counted, not blamed.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import groupby

from sqlalchemy import Connection

from evidence.errors import EvidenceError
from evidence.records import Catalogue
from evidence.records.rules.engine import RuleEngine
from evidence.records.rules.rejudge import UNJUDGED, UNKNOWN_TYPE, Recorded, rejudge
from ledger_service.entries.model import read_judgement
from ledger_service.fsck.model import Findings
from ledger_service.judging import repository
from ledger_service.judging.facts import open_fact
from ledger_service.judging.service import roles
from ledger_service.keys.repository import load_history

_OTHER_RULES = frozenset({"rules", "tables"})
_CHUNK = 1000


def check_judgements_again(connection: Connection, ledger: str, catalogue: Catalogue, found: Findings) -> None:
    """Every judgement of the ledger against the one made here. Holds the opened log in memory."""
    differences = rejudge(RuleEngine(catalogue), _records(connection, ledger))
    for index, group in groupby(differences, key=lambda item: item.index):
        points = {item.what: item.certain for item in group}
        where = f"entries[{ledger},{index}].judgement"
        if points.keys() & _OTHER_RULES:
            found.warning("rejudge", where, "was made by rules or tables that are not the ones of today")
        elif points.keys() & {UNJUDGED, UNKNOWN_TYPE}:
            continue  # An entry of version 1, an erased judgement, or a site's type that is no longer there.
        elif all(points.values()):
            found.error("rejudge", where, f"is not what the rules give: {', '.join(sorted(points))}"[:300])
        else:
            found.warning("rejudge", where, f"cannot be repeated, for something before it is erased: {len(points)}")


def _records(connection: Connection, ledger: str) -> Iterator[Recorded]:
    role_of = roles(load_history(connection, ledger))
    size = repository.size(connection, ledger)
    for begin in range(0, size, _CHUNK):
        for entry in repository.opened(connection, ledger, range(begin, min(begin + _CHUNK, size))):
            try:
                fact, judgement = open_fact(entry, role_of), read_judgement(entry.judgement)
            except EvidenceError:
                continue  # Named by the check of the entries; what comes after it can still be looked at.
            complete = all(item.text is not None for item in entry.disclosures)
            yield Recorded(fact, judgement, complete)
