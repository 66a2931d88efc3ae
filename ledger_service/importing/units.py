"""Which units of a column may stand beside a number: those that measure the same thing as the mapping's unit.

Nothing is converted: a record keeps value and unit as its source states them. But a weight in a column of pressures is
a mistake that no schema sees.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from ledger_service.importing.errors import CellProblem

_ALIKE: Final = (
    ("t", "kg", "g", "mg"),
    ("m3", "L", "mL"),
    ("Pa", "kPa", "MPa", "bar", "mbar"),
    ("Ohm", "kOhm", "MOhm", "mOhm"),
    ("ms", "s", "min", "h", "d"),
    ("m", "cm", "mm", "um", "km"),
    ("Cel", "K"),
    ("m3/h", "L/min", "m3/s", "L/h"),
    ("m/s", "km/h"),
    ("%", "[ppm]", "1"),
    ("V", "mV", "kV"),
    ("A", "mA"),
)
_DIMENSION: Final[Mapping[str, int]] = {unit: number for number, units in enumerate(_ALIKE) for unit in units}


def check_unit(stated: str, expected: str) -> str:
    """`stated`, if it measures what `expected` does; an unknown unit equals only itself. Raises `CellProblem`."""
    if stated != expected and _DIMENSION.get(stated, stated) != _DIMENSION.get(expected, expected):
        raise CellProblem(f"has a unit that does not convert to {expected}", f"单位无法换算为 {expected}")
    return stated
