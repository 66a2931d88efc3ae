"""Two versions of a record type beside each other, and whether data of the old one fit the new one."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from evidence.canonical import Json, dumps
from evidence.records.model import RecordType
from evidence.records.schema import fits

_LOWER: Final = ("minLength", "minItems", "minimum")
_UPPER: Final = ("maxLength", "maxItems", "maximum")


@dataclass(frozen=True, slots=True)
class Difference:
    """One difference. `change` is added, removed or changed; `what` says of which part."""

    part: str
    name: str
    change: str
    what: str = ""


@dataclass(frozen=True, slots=True)
class Comparison:
    """All differences. `misfits` says why old data may not fit the new version; empty: they all do."""

    differences: tuple[Difference, ...]
    misfits: tuple[str, ...]

    @property
    def old_data_fit(self) -> bool:
        """Every payload that fits the old version fits the new one."""
        return not self.misfits


def compare(old: RecordType, new: RecordType) -> Comparison:
    """What changed from `old` to `new`."""
    differences = [
        *_whole(old, new),
        *_parts("field", _fields(old), _fields(new)),
        *_parts("state", _lifecycle(old, "states"), _lifecycle(new, "states")),
        *_parts("event", _lifecycle(old, "events"), _lifecycle(new, "events")),
        *_parts("deadline", _by_id(old, "deadlines"), _by_id(new, "deadlines")),
        *_parts("rule", _by_id(old, "rules"), _by_id(new, "rules")),
        *_parts("measure", _by_id(old, "measures"), _by_id(new, "measures")),
    ]
    return Comparison(tuple(differences), tuple(_misfits(old, new)))


def _whole(old: RecordType, new: RecordType) -> Iterator[Difference]:
    for key in ("labels", "help", "subject_kind", "clauses", "retention", "legal_basis", "unique", "form"):
        if old.data.get(key) != new.data.get(key):
            yield Difference("type", key, "changed")


def _parts(part: str, old: Mapping[str, Any], new: Mapping[str, Any]) -> Iterator[Difference]:
    for name in [*old, *(name for name in new if name not in old)]:
        if name not in new:
            yield Difference(part, name, "removed")
        elif name not in old:
            yield Difference(part, name, "added")
        elif old[name] != new[name]:
            keys = {*old[name], *new[name]}
            what = sorted(key for key in keys if old[name].get(key) != new[name].get(key))
            yield Difference(part, name, "changed", ", ".join(what))


def _fields(record_type: RecordType) -> dict[str, dict[str, Json]]:
    data: Any = record_type.data["fields"]
    return {
        name: {**data[name], "schema": resolved(record_type, name), "required": field.required}
        for name, field in record_type.fields.items()
    }


def _lifecycle(record_type: RecordType, part: str) -> dict[str, Any]:
    lifecycle: Any = record_type.data.get("lifecycle", {})
    return dict(lifecycle.get(part, {}))


def _by_id(record_type: RecordType, part: str) -> dict[str, Any]:
    items: Any = record_type.data.get(part, [])
    return {item["id"]: item for item in items}


def _misfits(old: RecordType, new: RecordType) -> Iterator[str]:
    if new.subject_kind not in (old.subject_kind, "*"):
        yield f"the subject is of kind {new.subject_kind}, not {old.subject_kind}"
    for name, field in old.fields.items():
        if name not in new.fields:
            yield f"field {name} is gone"
        elif name != "subject" and not _takes(resolved(old, name), resolved(new, name)):
            yield f"field {name} may not take every old value"
        elif new.fields[name].required and not field.required:
            yield f"field {name} has become required"
    for name, field in new.fields.items():
        if name not in old.fields and field.required:
            yield f"field {name} is new and required"
    yield from _event_needs(old, new)


def _event_needs(old: RecordType, new: RecordType) -> Iterator[str]:
    before = old.lifecycle.events if old.lifecycle else {}
    for name, event in new.lifecycle.events.items() if new.lifecycle else ():
        # A payload of a type that had no events means the first one.
        if name not in before and (old.lifecycle or new.lifecycle is None or name != new.lifecycle.default_event):
            continue
        had = {*(before[name].requires if name in before else ()), *(f.name for f in old.fields.values() if f.required)}
        for needed in event.requires:
            if needed not in had:
                yield f"event {name} has come to need field {needed}"


def _takes(old: Any, new: Any) -> bool:
    """Whether everything that `old` allows `new` certainly allows; keywords not known here must be equal."""
    if dumps(old) == dumps(new) or new == {}:
        return True
    if not isinstance(old, dict) or not isinstance(new, dict):
        return False
    if "enum" in old:
        return all(fits(new, value) for value in old["enum"])
    known = {*_LOWER, *_UPPER, "properties", "required", "items"}
    if any(old.get(key) != new.get(key) for key in {*old, *new} - known):
        return False
    return _bounds_widened(old, new) and _members_taken(old, new) and _takes(old.get("items"), new.get("items", {}))


def _bounds_widened(old: dict[str, Any], new: dict[str, Any]) -> bool:
    lower = all(key not in new or new[key] <= old.get(key, 0) for key in _LOWER if key != "minimum")
    upper = all(key not in new or (key in old and new[key] >= old[key]) for key in _UPPER)
    return lower and upper and ("minimum" not in new or ("minimum" in old and new["minimum"] <= old["minimum"]))


def _members_taken(old: dict[str, Any], new: dict[str, Any]) -> bool:
    if not set(new.get("required", ())) <= set(old.get("required", ())):
        return False
    members = new.get("properties", {})
    return all(name in members and _takes(part, members[name]) for name, part in old.get("properties", {}).items())


def resolved(record_type: RecordType, name: str) -> Json:
    """A field's schema with the definitions that it refers to put in their places."""
    schema: Any = record_type.schema
    return _inline(schema["properties"][name], schema["$defs"], 0)


def _inline(part: Any, definitions: Any, depth: int) -> Json:
    if depth > 32:
        return {"$ref": "…"}
    if isinstance(part, list):
        return [_inline(item, definitions, depth + 1) for item in part]
    if not isinstance(part, dict):
        return part  # type: ignore[no-any-return]
    whole: dict[str, Json] = {k: _inline(v, definitions, depth + 1) for k, v in part.items() if k != "$ref"}
    if "$ref" not in part:
        return whole
    base: Any = _inline(definitions[part["$ref"].rsplit("/", 1)[-1]], definitions, depth + 1)
    return _merge(base, whole)


def _merge(base: dict[str, Any], over: dict[str, Any]) -> dict[str, Json]:
    """`base` with what stands beside its $ref: both hold, so members of objects are put together."""
    merged = dict(base)
    for key, value in over.items():
        both = isinstance(value, dict) and isinstance(merged.get(key), dict)
        merged[key] = _merge(merged[key], value) if both else value
    return merged
