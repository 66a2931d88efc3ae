"""Record types: data files that say what a payload of each kind looks like.

types = load_record_types()
validate(types["training_record"], payload)  # raises SchemaMismatch: paths and keywords, never values
claims_schema = types["training_record"].schema_claim
"""

from __future__ import annotations

from evidence.records.catalogue import Catalogue, load_catalogue, load_record_types, parse_record_types, parse_type
from evidence.records.loader import parse_yaml
from evidence.records.model import Field, Link, PersonalData, RecordType
from evidence.records.node import RecordTypeInvalid
from evidence.records.schema import PayloadMismatch, validate, validate_shown

__all__ = [
    "Catalogue",
    "Field",
    "Link",
    "PayloadMismatch",
    "PersonalData",
    "RecordType",
    "RecordTypeInvalid",
    "load_catalogue",
    "load_record_types",
    "parse_record_types",
    "parse_type",
    "parse_yaml",
    "validate",
    "validate_shown",
]
