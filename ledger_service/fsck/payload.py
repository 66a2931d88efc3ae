"""Check of a payload against the record type that was signed: what a vanished disclosure leaves behind."""

from __future__ import annotations

from collections.abc import Mapping

from evidence.canonical import Json
from evidence.records import Catalogue, validate
from evidence.statement import Claims


def check_payload(catalogue: Catalogue, claims: Claims, payload: Mapping[str, Json]) -> None:
    """Require every field that the record type requires. Raises SchemaMismatch.

    Which digests of a statement are decoys is not known, so a row of `disclosures` that is gone shows only here, and
    only where the field was a required one. A version that this catalogue does not have is passed over.
    """
    record_type = catalogue.by_claim(claims.type, claims.schema)
    if record_type is not None:
        validate(record_type, payload)
