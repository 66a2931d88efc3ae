"""From a cell to a payload value: strict, exact, and silent about the cell's content when it does not fit."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, date, datetime
from typing import Any, Final
from zoneinfo import ZoneInfo

from evidence.canonical import Json
from evidence.encoding import format_time
from ledger_service.importing.cells import DateCell, NumberCell, RefusedCell, fold
from ledger_service.importing.errors import CellProblem

MAX_TEXT: Final = 4000
_DECIMAL: Final = re.compile(r"-?(0|[1-9][0-9]{0,14})(\.[0-9]{1,9})?", re.ASCII)
_INTEGER: Final = re.compile(r"-?(0|[1-9][0-9]{0,14})", re.ASCII)
_CODE: Final = re.compile(r"[^\s\x00-\x1f]+")
_CONTROL: Final = re.compile(r"[\x00-\x08\x0b-\x1f]")
_CLOCK: Final = re.compile(r"([0-9]{1,2}):([0-9]{2})(?::([0-9]{2}(?:\.[0-9]{1,6})?))?", re.ASCII)
_TIME: Final = re.compile(
    r"([0-9]{4}-[0-9]{2}-[0-9]{2})[T ]([0-9]{2}:[0-9]{2}(:[0-9]{2}(\.[0-9]{1,6})?)?)(Z|[+-][0-9]{2}:[0-9]{2})?",
    re.ASCII,
)
_FORMULA: Final = ("=", "@", "\t", "\r")

DATE_FORMS: Final[Mapping[str, re.Pattern[str]]] = {
    "YYYY-MM-DD": re.compile(r"([0-9]{4})-([0-9]{2})-([0-9]{2})", re.ASCII),
    "YYYY/M/D": re.compile(r"([0-9]{4})/([0-9]{1,2})/([0-9]{1,2})", re.ASCII),
    "YYYY.M.D": re.compile(r"([0-9]{4})\.([0-9]{1,2})\.([0-9]{1,2})", re.ASCII),
    "YYYYMMDD": re.compile(r"([0-9]{4})([0-9]{2})([0-9]{2})", re.ASCII),
    "YYYY年M月D日": re.compile(r"([0-9]{4})年([0-9]{1,2})月([0-9]{1,2})日", re.ASCII),
}
"""How a source may write dates, once its mapping says so under `written`. Nothing is guessed from the digits."""
PLAIN_DATE: Final = ("YYYY-MM-DD",)


def text(cell: Any) -> str:
    """A text without surrounding blanks. A spreadsheet formula is refused: opening it elsewhere would run it."""
    if type(cell) is not str:
        cell = _as_text(cell)
    value = str(cell.strip())
    if len(value) > MAX_TEXT:
        raise CellProblem(f"longer than {MAX_TEXT} characters", f"超过 {MAX_TEXT} 个字符")
    if value.startswith(_FORMULA) or _CONTROL.search(value):
        raise CellProblem("a formula or control characters are not allowed", "不允许公式或控制字符")
    return value


def _as_text(cell: Any) -> str:
    if type(cell) is int:
        return str(cell)
    if isinstance(cell, NumberCell):
        if cell.padded:
            raise CellProblem(
                f"{cell.at} is a number shown with leading zeros: make the column text",
                f"{cell.at} 是显示前导零的数字: 请将该列设为文本",
            )
        return str(cell.integer())
    if isinstance(cell, RefusedCell):
        raise cell.refuse()
    raise CellProblem("must be text", "应为文本")


def code(cell: Any) -> str:
    """An identifier: full-width characters become half-width, so that one number is not two; no blanks inside."""
    value = fold(text(cell))
    if not _CODE.fullmatch(value):
        raise CellProblem("must be an identifier without blanks", "应为不含空格的编号")
    return value


def integer(cell: Any) -> int:
    """A whole number; JSON integers, plain digits, and number cells without a fraction."""
    if type(cell) is int:
        return cell
    if isinstance(cell, NumberCell):
        return cell.integer()
    value = fold(text(cell))
    if not _INTEGER.fullmatch(value):
        raise CellProblem("must be a whole number in plain digits", "应为整数")
    return int(value)


def boolean(cell: Any) -> bool:
    """A JSON boolean. A table says yes and no in its own words: map them with `values`."""
    if type(cell) is not bool:
        raise CellProblem("must be true or false", "应为是或否")
    return cell


def decimal(cell: Any, places: int | None = None) -> str:
    """A decimal as text, digits untouched: floats would change them.

    A number cell of a spreadsheet is taken only if the shortest decimal that means it fits into `places`.
    """
    value = _number(cell, places) if isinstance(cell, NumberCell) else fold(text(cell))
    if not _DECIMAL.fullmatch(value):
        raise CellProblem("must be a decimal in plain digits, such as 0.40", "应为普通小数, 如 0.40")
    return value


def _number(cell: NumberCell, places: int | None) -> str:
    value = cell.decimal()
    if value == value.to_integral_value():
        return str(cell.integer())
    if places is None:
        raise CellProblem(
            f"{cell.at} is a number cell with a fraction: the mapping must say how many decimals it has",
            f"{cell.at} 是带小数的数字单元格: 映射须声明小数位数",
        )
    exponent = value.as_tuple().exponent
    if not isinstance(exponent, int) or -exponent > places:
        raise CellProblem(
            f"{cell.at} has more than {places} decimals: it would be rounded",
            f"{cell.at} 小数超过 {places} 位: 不会自动舍入",
        )
    return f"{value:f}"


def calendar_date(cell: Any, written: Sequence[str] = PLAIN_DATE) -> str:
    """A date that exists, from one of the forms in `written` or from a date cell at midnight."""
    if isinstance(cell, DateCell):
        return _midnight(cell)
    _no_serial(cell)
    value = fold(text(cell))
    for form in written:
        match = DATE_FORMS[form].fullmatch(value)
        if match:
            try:
                return date(int(match[1]), int(match[2]), int(match[3])).isoformat()
            except ValueError:
                break
    raise CellProblem(
        f"must be a date that exists, written {' or '.join(written)}", f"应为存在的日期, 格式 {' 或 '.join(written)}"
    )


def _no_serial(cell: Any) -> None:
    """Refuse a number where a date is meant: which day it counts from, a workbook says only by the cell's format."""
    if isinstance(cell, NumberCell):
        raise CellProblem(
            f"{cell.at} is a number: format the cell as a date", f"{cell.at} 是数字: 请将单元格格式设为日期"
        )


def _midnight(cell: DateCell) -> str:
    if cell.moment is None or cell.moment.time().isoformat() != "00:00:00":
        raise CellProblem(f"{cell.at} must be a date without a time of day", f"{cell.at} 应为不含时刻的日期")
    return cell.moment.date().isoformat()


def instant(cell: Any, zone: ZoneInfo, written: Sequence[str] = PLAIN_DATE) -> datetime:
    """A moment in UTC. Without an offset it is local time of `zone`; a skipped or doubled local hour is refused."""
    _no_serial(cell)
    moment = cell.moment if isinstance(cell, DateCell) else _moment(fold(text(cell)), written)
    if moment is None:
        raise CellProblem(
            f"must be a time that exists, written {' or '.join(written)} HH:MM[:SS]",
            f"应为存在的时间, 格式 {' 或 '.join(written)} HH:MM[:SS]",
        )
    if moment.tzinfo is not None:
        return moment.astimezone(UTC)
    first, second = (moment.replace(tzinfo=zone, fold=side) for side in (0, 1))
    if first.utcoffset() != second.utcoffset():
        raise CellProblem(
            f"does not exist or exists twice in {zone.key}: write the offset",
            f"在 {zone.key} 不存在或出现两次: 请写明时差",
        )
    return first.astimezone(UTC)


def _moment(value: str, written: Sequence[str]) -> datetime | None:
    match = _TIME.fullmatch(value)
    try:
        if match and PLAIN_DATE[0] in written:
            return datetime.fromisoformat(f"{match[1]}T{match[2]}{match[5] or ''}")
        day, _, clock = value.partition(" ")
        hours = _CLOCK.fullmatch(clock.strip())
        if hours is None:
            return None
        return datetime.fromisoformat(f"{calendar_date(day, written)}T{int(hours[1]):02}:{hours[2]}:{hours[3] or '00'}")
    except (ValueError, CellProblem):
        return None


def json_value(cell: Any) -> Json:
    """A list or object as the source's JSON has it; the record type's schema is the judge of its shape."""
    if not isinstance(cell, list | dict):
        raise CellProblem("must be a list or an object", "应为列表或对象")
    return cell


def words(cell: Any) -> list[Json]:
    """A list of the words of a cell."""
    return list(fold(text(cell)).replace("、", " ").split())


def converters(
    zone: ZoneInfo, decimals: int | None = None, written: Sequence[str] = PLAIN_DATE
) -> Mapping[str, Callable[[Any], Json]]:
    """The conversions that a mapping may name under `as`."""
    return {
        "text": text,
        "code": code,
        "integer": integer,
        "boolean": boolean,
        "decimal": lambda cell: decimal(cell, decimals),
        "date": lambda cell: calendar_date(cell, written),
        "time": lambda cell: format_time(instant(cell, zone, written)),
        "json": json_value,
        "words": words,
    }
