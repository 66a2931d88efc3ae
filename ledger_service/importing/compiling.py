"""Rules made into functions once, so that a row costs its conversions and nothing else."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final
from zoneinfo import ZoneInfo

from ledger_service.importing import convert
from ledger_service.importing.cells import DateCell, fold
from ledger_service.importing.coordinates import to_wgs84
from ledger_service.importing.errors import CellProblem, Problem
from ledger_service.importing.model import PositionRule, Rule
from ledger_service.importing.units import check_unit

Scopes = tuple[dict[str, Any], ...]
"""The row's cells, then each enclosing object outwards."""
Reader = Callable[[Scopes], Any]
MISSING: Final = object()
"""What an optional rule gives for an empty cell."""
_EMPTY: Final = Problem("is empty", "为空")
_PLACES: Final = 6
"""Decimals of a converted position: a ninth of a metre."""


class Misfit(Exception):
    """A cell that does not fit, with the path that it stands at."""

    def __init__(self, path: str, problem: Problem) -> None:
        super().__init__(f"{path}: {problem}")
        self.path, self.problem = path, problem


def compile_rule(rule: Rule, zone: ZoneInfo) -> Reader:
    """A function from a row to the rule's value, or `MISSING`. It raises `Misfit`."""
    if rule.constant is not None:
        return lambda scopes: rule.constant
    if rule.is_list:
        return _list(rule, zone)
    if rule.each:
        return _each([(_own_cells(item), compile_rule(item, zone)) for item in rule.each], rule.optional)
    if rule.members:
        return _object({name: compile_rule(inner, zone) for name, inner in rule.members.items()}, rule.optional)
    return _cell(rule, _conversion(rule, zone))


def lookup(path: str) -> Reader:
    """A function to the value at a dotted path; each leading ^ starts one enclosing object further out."""
    outward = len(path) - len(path.lstrip("^"))
    name = path[outward:]
    parts = name.split(".")

    def look(scopes: Scopes) -> Any:
        if outward >= len(scopes):
            return None
        value: Any = scopes[outward]
        if name in value:  # a table's column may have a dot in its name
            return value[name]
        for part in parts:
            value = value.get(part) if isinstance(value, dict) else None
        return value

    return look


def compile_position(rule: PositionRule, zone: ZoneInfo) -> Callable[[Scopes], Mapping[str, Any]]:
    """A function to the values of a position in WGS-84, by their place in the payload; none where both are empty."""
    latitude, longitude = lookup(rule.latitude), lookup(rule.longitude)
    datum = compile_rule(rule.datum, zone)

    def read(scopes: Scopes) -> Mapping[str, Any]:
        cells = latitude(scopes), longitude(scopes)
        if all(cell is None or cell == "" for cell in cells):
            return {}
        source, values = datum(scopes), {"datum": "WGS84"}
        texts = _degrees(rule.latitude, cells[0], 90), _degrees(rule.longitude, cells[1], 180)
        if source == "gcj02":
            degrees = to_wgs84(float(texts[0]), float(texts[1]))
            texts = f"{degrees[0]:.{_PLACES}f}", f"{degrees[1]:.{_PLACES}f}"
            values["source"] = "GCJ02 → WGS84"
        values["latitude"], values["longitude"] = texts
        return {place: values[part] for part, place in rule.fields.items() if part in values}

    return read


def _degrees(path: str, cell: Any, limit: int) -> str:
    if cell is None or cell == "":
        raise Misfit(path, _EMPTY)
    try:
        value = convert.decimal(cell, 9)
        if abs(float(value)) > limit:
            raise CellProblem(f"must be within ±{limit} degrees", f"应在 ±{limit} 度以内")
    except CellProblem as error:
        raise Misfit(path, error.problem) from None
    return value


def _list(rule: Rule, zone: ZoneInfo) -> Reader:
    look = lookup(rule.path)
    item = _object({name: compile_rule(inner, zone) for name, inner in rule.members.items()})

    def read(scopes: Scopes) -> Any:
        items = look(scopes)
        if not isinstance(items, list) or not all(isinstance(member, dict) for member in items):
            raise Misfit(rule.path, Problem("must be a list of objects", "应为对象列表"))
        return [item((member, *scopes)) for member in items]

    return read


def _own_cells(item: Rule) -> tuple[Reader, ...]:
    """The cells that say whether an object is there; a unit's column may be shared by all of them."""
    return tuple(lookup(member.path) for member in item.members.values() if member.path)


def _each(items: list[tuple[tuple[Reader, ...], Reader]], optional: bool = False) -> Reader:
    def read(scopes: Scopes) -> Any:
        made = [item(scopes) for cells, item in items if any(cell(scopes) not in (None, "") for cell in cells)]
        return MISSING if optional and not made else made

    return read


def _object(members: Mapping[str, Reader], optional: bool = False) -> Reader:
    def read(scopes: Scopes) -> Any:
        values = ((name, member(scopes)) for name, member in members.items())
        made = {name: value for name, value in values if value is not MISSING}
        return MISSING if optional and not made else made

    return read


def _cell(rule: Rule, conversion: Callable[[Any, Scopes], Any]) -> Reader:
    look, path, optional = lookup(rule.path), rule.path, rule.optional

    def read(scopes: Scopes) -> Any:
        cell = look(scopes)
        if cell is None or cell == "" or (type(cell) is str and not cell.strip()):
            if optional:
                return MISSING
            raise Misfit(path, _EMPTY)
        try:
            return conversion(cell, scopes)
        except CellProblem as error:
            raise Misfit(path, error.problem) from None

    return read


def _conversion(rule: Rule, zone: ZoneInfo) -> Callable[[Any, Scopes], Any]:
    if rule.values:
        return _of_words({fold(word): ours for word, ours in rule.values.items()})
    if rule.kind == "quantity":
        return _quantity(rule)
    plain = convert.converters(zone, rule.decimals, rule.written)[rule.kind]
    if rule.time_path:
        # The join writes the date in our own form, whatever form it was read from.
        return _with_clock(convert.converters(zone)[rule.kind], lookup(rule.time_path), rule)
    if rule.prefix:
        return lambda cell, scopes: f"{rule.prefix}{plain(cell)}"
    return lambda cell, scopes: plain(cell)


def _of_words(known: Mapping[str, Any]) -> Callable[[Any, Scopes], Any]:
    def read(cell: Any, scopes: Scopes) -> Any:
        word = fold(convert.text(cell))
        if word not in known:
            raise CellProblem("is not one of the words that the mapping knows", "不在映射所列的取值中")
        return known[word]

    return read


def _quantity(rule: Rule) -> Callable[[Any, Scopes], Any]:
    look = lookup(rule.unit_path) if rule.unit_path else None

    def read(cell: Any, scopes: Scopes) -> Any:
        unit = rule.unit
        if look is not None:
            stated = look(scopes)
            if stated is None or stated == "":
                raise Misfit(rule.unit_path, _EMPTY)
            unit = fold(convert.text(stated))
            unit = rule.units.get(unit, unit)
            if rule.unit:
                check_unit(unit, rule.unit)
        return {"value": convert.decimal(cell, rule.decimals), "unit": unit}

    return read


def clock_beside(look: Reader, rule: Rule) -> Callable[[Any, Scopes], Any]:
    """A function that joins a date with the time of day in a second column."""

    def join(cell: Any, scopes: Scopes) -> Any:
        day = convert.calendar_date(cell, rule.written)
        clock = look(scopes)
        if clock is None or clock == "":
            raise Misfit(rule.time_path, _EMPTY)
        if isinstance(clock, DateCell):
            raise Misfit(rule.time_path, Problem("must be a time of day as text", "应为文本形式的时刻"))
        return f"{day} {fold(convert.text(clock))}"

    return join


def _with_clock(plain: Callable[[Any], Any], look: Reader, rule: Rule) -> Callable[[Any, Scopes], Any]:
    join = clock_beside(look, rule)
    return lambda cell, scopes: plain(join(cell, scopes))
