"""What an export says of erasures: which of its entries order one, on what ground, and how much each took."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Connection, func, select

from evidence.erasures import RECORD_TYPE
from evidence.statement import parse_disclosure
from ledger_service.entries.repository import disclosures_of
from ledger_service.models import disclosures, entries


def erasure_indices(connection: Connection, ledger: str, size: int) -> list[int]:
    """Indices of the erasure entries below `size`, in log order."""
    here = (entries.c.ledger == ledger, entries.c.record_type == RECORD_TYPE, entries.c.idx < size)
    return [int(index) for index in connection.execute(select(entries.c.idx).where(*here).order_by("idx")).scalars()]


def erased_in(connection: Connection, ledger: str, size: int) -> list[dict[str, Any]]:
    """Each erasure below `size` with its ground and the number of disclosures it took from entries below `size`."""
    indices = erasure_indices(connection, ledger, size)
    by = disclosures.c.erased_by_idx
    query = select(by, func.count()).where(disclosures.c.ledger == ledger, by < size).group_by(by)
    counts: dict[int, int] = {row[0]: row[1] for row in connection.execute(query)}
    stated = disclosures_of(connection, ledger, indices)
    return [
        {"entry": index, "legal_basis": _basis(stated[index]), "disclosures": counts.get(index, 0)} for index in indices
    ]


def _basis(items: Any) -> str:
    fields = dict(parse_disclosure(item.text) for item in items if item.text is not None)
    return str(fields.get("legal_basis", ""))
