"""From a cell to a payload value: strict, exact, and silent about the cell's content when it does not fit."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime
from typing import Any, Final
from zoneinfo import ZoneInfo

from evidence.canonical import Json
from evidence.encoding import format_time
from ledger_service.importing.errors import CellProblem

MAX_TEXT: Final = 4000
_DECIMAL: Final = re.compile(r"-?(0|[1-9][0-9]{0,14})(\.[0-9]{1,9})?", re.ASCII)
_INTEGER: Final = re.compile(r"-?(0|[1-9][0-9]{0,14})", re.ASCII)
_DATE: Final = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", re.ASCII)
_TIME: Final = re.compile(
    r"([0-9]{4}-[0-9]{2}-[0-9]{2})[T ]([0-9]{2}:[0-9]{2}(:[0-9]{2}(\.[0-9]{1,6})?)?)(Z|[+-][0-9]{2}:[0-9]{2})?",
    re.ASCII,
)
_FORMULA: Final = ("=", "@", "\t", "\r")


def text(cell: Any) -> str:
    """A text without surrounding blanks. A spreadsheet formula is refused: opening it elsewhere would run it."""
    if type(cell) is int:
        cell = str(cell)
    if not isinstance(cell, str):
        raise CellProblem("must be text")
    value = cell.strip()
    if len(value) > MAX_TEXT:
        raise CellProblem(f"longer than {MAX_TEXT} characters")
    if value.startswith(_FORMULA) or any(ord(character) < 32 and character not in "\n\t" for character in value):
        raise CellProblem("a formula or control characters are not allowed")
    return value


def integer(cell: Any) -> int:
    """A whole number; JSON integers and plain digits."""
    if type(cell) is int:
        return cell
    value = text(cell)
    if not _INTEGER.fullmatch(value):
        raise CellProblem("must be a whole number in plain digits")
    return int(value)


def boolean(cell: Any) -> bool:
    """A JSON boolean. A table says yes and no in its own words: map them with `values`."""
    if type(cell) is not bool:
        raise CellProblem("must be true or false")
    return cell


def decimal(cell: Any) -> str:
    """A decimal as text, digits untouched: floats would change them."""
    value = str(cell) if type(cell) is int else text(cell)
    if not _DECIMAL.fullmatch(value):
        raise CellProblem("must be a decimal in plain digits, such as 0.40")
    return value


def calendar_date(cell: Any) -> str:
    """A date, YYYY-MM-DD, that exists."""
    value = text(cell)
    try:
        if _DATE.fullmatch(value):
            return date.fromisoformat(value).isoformat()
    except ValueError:
        pass
    raise CellProblem("must be a date that exists, written YYYY-MM-DD")


def instant(cell: Any, zone: ZoneInfo) -> datetime:
    """A moment in UTC. Without an offset it is local time of `zone`; a skipped or doubled local hour is refused."""
    match = _TIME.fullmatch(text(cell))
    try:
        moment = datetime.fromisoformat(f"{match[1]}T{match[2]}{match[5] or ''}") if match else None
    except ValueError:
        moment = None
    if moment is None:
        raise CellProblem("must be a time that exists, written YYYY-MM-DD HH:MM[:SS]")
    if moment.tzinfo is not None:
        return moment.astimezone(UTC)
    first, second = (moment.replace(tzinfo=zone, fold=fold) for fold in (0, 1))
    if first.utcoffset() != second.utcoffset():
        raise CellProblem(f"does not exist or exists twice in {zone.key}: write the offset")
    return first.astimezone(UTC)


def json_value(cell: Any) -> Json:
    """A list or object as the source's JSON has it; the record type's schema is the judge of its shape."""
    if not isinstance(cell, list | dict):
        raise CellProblem("must be a list or an object")
    return cell


def words(cell: Any) -> list[Json]:
    """A list of the words of a cell."""
    return list(text(cell).split())


def converters(zone: ZoneInfo) -> Mapping[str, Callable[[Any], Json]]:
    """The conversions that a mapping may name under `as`."""
    return {
        "text": text,
        "integer": integer,
        "boolean": boolean,
        "decimal": decimal,
        "date": calendar_date,
        "time": lambda cell: format_time(instant(cell, zone)),
        "json": json_value,
        "words": words,
    }
