"""Check of a payload against the record type that was signed: what a vanished disclosure leaves behind."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache

from evidence.canonical import Json
from evidence.records import RecordType, load_record_types, validate
from evidence.statement import Claims


def check_payload(claims: Claims, payload: Mapping[str, Json]) -> None:
    """Require every field that the record type requires. Raises SchemaMismatch.

    Which digests of a statement are decoys is not known, so a row of `disclosures` that is gone shows only here, and
    only where the field was a required one. Record types in another version than the signed one are passed over.
    """
    record_type = _types().get(claims.type)
    if record_type is not None and record_type.schema_claim == claims.schema:
        validate(record_type, payload)


@lru_cache(maxsize=1)
def _types() -> Mapping[str, RecordType]:
    return load_record_types()
