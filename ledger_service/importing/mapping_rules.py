"""The rules inside a mapping: `{from: 学时, as: quantity, unit: h}` and its kin."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final
from zoneinfo import ZoneInfo

from ledger_service.importing.convert import DATE_FORMS, PLAIN_DATE, converters
from ledger_service.importing.errors import MappingInvalid
from ledger_service.importing.model import Rule

_KINDS: Final = {*converters(ZoneInfo("UTC")), "quantity"}
_KEYS: Final = {"from", "as", "unit", "unit_from", "units", "time_from", "decimals", "written", "values", "optional",
                "prefix", "constant", "object", "list", "item", "each"}  # fmt: skip
_ORIGINS: Final = ("from", "constant", "object", "list", "each")


def parse_rule(value: Any, where: str) -> Rule:
    """A rule from its YAML value. Raises `MappingInvalid`."""
    if not isinstance(value, dict):
        raise MappingInvalid(f"{where}: must say from, constant, object, list or each")
    keys(value, set(), _KEYS, where)
    origins = [key for key in _ORIGINS if key in value]
    if len(origins) != 1:
        raise MappingInvalid(f"{where}: needs exactly one of {', '.join(_ORIGINS)}")
    kind = value.get("as", "text")
    if not isinstance(kind, str) or kind not in _KINDS:
        raise MappingInvalid(f"{where}: as must be one of {', '.join(sorted(_KINDS))}")
    _check_quantity(value, kind, where)
    members = value.get("object", value.get("item", {}))
    if not isinstance(members, dict) or (origins == ["list"]) != ("item" in value):
        raise MappingInvalid(f"{where}: a list needs an item, which maps names to rules")
    return Rule(
        path=str(value.get("from", value.get("list", ""))),
        kind=kind,
        unit=str(value.get("unit", "")),
        unit_path=str(value.get("unit_from", "")),
        units=_words(value.get("units", {}), f"{where}: units"),
        time_path=_time_path(value, kind, where),
        decimals=_decimals(value, kind, where),
        written=_written(value, kind, where),
        values=_words(value.get("values", {}), f"{where}: values"),
        optional=bool(value.get("optional", False)),
        prefix=str(value.get("prefix", "")),
        constant=value.get("constant"),
        members={member: parse_rule(inner, f"{where}.{member}") for member, inner in members.items()},
        is_list=origins == ["list"],
        each=_each(value.get("each", []), where),
    )


def _each(value: Any, where: str) -> tuple[Rule, ...]:
    if not isinstance(value, list) or not all(isinstance(item, dict) for item in value):
        raise MappingInvalid(f"{where}: each must list objects of rules")
    return tuple(parse_rule({"object": item}, f"{where}[{number}]") for number, item in enumerate(value))


def _check_quantity(value: Mapping[str, Any], kind: str, where: str) -> None:
    units = "unit" in value or "unit_from" in value
    if (kind == "quantity") != units or ("units" in value and "unit_from" not in value):
        raise MappingInvalid(f"{where}: a quantity needs unit or unit_from, and nothing else does")


def _words(value: Any, where: str) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise MappingInvalid(f"{where} must map the source's words to ours")
    return {str(word): ours for word, ours in value.items()}


def _time_path(value: Mapping[str, Any], kind: str, where: str) -> str:
    if "time_from" in value and not (kind in ("time", "text") and "from" in value):
        raise MappingInvalid(f"{where}: time_from stands beside from, for a time")
    return str(value.get("time_from", ""))


def _decimals(value: Mapping[str, Any], kind: str, where: str) -> int | None:
    places = value.get("decimals")
    if places is not None and (kind not in ("decimal", "quantity") or type(places) is not int or not 0 <= places <= 9):
        raise MappingInvalid(f"{where}: decimals is a number from 0 to 9, for a decimal or a quantity")
    return places


def _written(value: Mapping[str, Any], kind: str, where: str) -> tuple[str, ...]:
    forms = value.get("written")
    if forms is None:
        return PLAIN_DATE
    forms = [forms] if isinstance(forms, str) else forms
    if not isinstance(forms, list) or not forms or not all(form in DATE_FORMS for form in forms):
        raise MappingInvalid(f"{where}: written must be one or more of {', '.join(DATE_FORMS)}")
    return tuple(forms)


def text_of(value: Any, where: str) -> str:
    """A text that is not empty. Raises `MappingInvalid`."""
    if not isinstance(value, str) or not value:
        raise MappingInvalid(f"{where} must be text")
    return value


def keys(value: Mapping[str, Any], required: set[str], allowed: set[str], where: str) -> None:
    """Refuse what is missing and what nobody knows. Raises `MappingInvalid`."""
    if missing := sorted(required - set(value)):
        raise MappingInvalid(f"{where}: {', '.join(missing)} is missing")
    if unknown := sorted(set(value) - allowed):
        raise MappingInvalid(f"{where}: unknown entry {', '.join(unknown)}; known are {', '.join(sorted(allowed))}")
