"""Turn the data of a table file into a `Table`: its values must fit the schema that the file itself gives."""

from __future__ import annotations

from collections.abc import Mapping

import jsonschema_rs

from evidence.canonical import Json
from evidence.records.clause_map import ID, validity
from evidence.records.node import RecordTypeInvalid, top_of
from evidence.records.rule_definition import CONFIDENCES
from evidence.records.table import Table


def parse_table(data: Mapping[str, Json]) -> Table:
    """A table from the data of its file. Raises `RecordTypeInvalid` with the path of the defect."""
    node = top_of(data)
    node.keys({"id", "version", "labels", "source", "confidence", "schema", "values"}, {"valid_from", "valid_to"})
    valid_from, valid_to = validity(node)
    values = node["values"].mapping()
    _check_values(node["schema"].mapping(), values)
    return Table(
        id=node["id"].text(ID, "lower-case letters, digits and hyphens"),
        version=node["version"].natural(),
        labels=node["labels"].labels(),
        source=node["source"].text(),
        confidence=node["confidence"].choice(CONFIDENCES),
        valid_from=valid_from,
        valid_to=valid_to,
        values=values,
        data=dict(data),
    )


def _check_values(schema: Mapping[str, Json], values: Mapping[str, Json]) -> None:
    try:
        jsonschema_rs.meta.validate(dict(schema))
        validator = jsonschema_rs.Draft202012Validator(
            dict(schema), validate_formats=True, pattern_options=jsonschema_rs.RegexOptions()
        )
    except (jsonschema_rs.ValidationError, jsonschema_rs.ReferencingError, ValueError) as error:
        line = (str(error).splitlines() or [""])[0][:200]
        raise RecordTypeInvalid(f"not a JSON Schema 2020-12: {line}", path=("schema",)) from error
    for problem in validator.iter_errors(dict(values)):
        # Tables hold no personal values: what is wrong may be said in full.
        raise RecordTypeInvalid(str(problem.message)[:300], path=("values", *problem.instance_path))
