"""Quantities of goods and readings in one unit each, exactly.

A quantity is `{"value": "12.5", "unit": "t"}` with a UCUM unit. Mass and volume are not exchanged for each other
without the goods' density.
"""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal, InvalidOperation
from typing import Any, Final

_UNITS: Final[dict[str, tuple[str, Decimal]]] = {
    "g": ("mass", Decimal("0.001")), "kg": ("mass", Decimal(1)), "t": ("mass", Decimal(1000)),
    "L": ("volume", Decimal("0.001")), "m3": ("volume", Decimal(1)),
    "L/min": ("flow", Decimal("0.06")), "m3/h": ("flow", Decimal(1)),
    "Pa": ("pressure", Decimal("0.001")), "kPa": ("pressure", Decimal(1)), "MPa": ("pressure", Decimal(1000)),
    "bar": ("pressure", Decimal(100)),
    "Ohm": ("resistance", Decimal(1)), "kOhm": ("resistance", Decimal(1000)), "MOhm": ("resistance", Decimal(10**6)),
    "s": ("time", Decimal(1)), "min": ("time", Decimal(60)), "h": ("time", Decimal(3600)),
    "mm": ("length", Decimal("0.001")), "m": ("length", Decimal(1)), "km": ("length", Decimal(1000)),
    "%": ("ratio", Decimal(1)), "[ppm]": ("ratio", Decimal("0.0001")), "Cel": ("temperature", Decimal(1)),
}  # fmt: skip


class WrongUnit(Exception):
    """Two quantities that are not of one kind, or a unit that is not known here."""


def base(quantity: Any) -> tuple[str, Decimal]:
    """The kind of a quantity and its value in that kind's first unit. Raises `WrongUnit`."""
    if not isinstance(quantity, Mapping) or quantity.get("unit") not in _UNITS:
        raise WrongUnit
    kind, factor = _UNITS[quantity["unit"]]
    try:
        return kind, Decimal(str(quantity.get("value"))) * factor
    except InvalidOperation:
        raise WrongUnit from None


def compare(left: Any, right: Any) -> int:
    """-1, 0 or 1 as `left` is less than, equal to or greater than `right`. Raises `WrongUnit`."""
    (kind, value), (other_kind, other) = base(left), base(right)
    if kind != other_kind:
        raise WrongUnit
    return (value > other) - (value < other)


def as_mass(quantity: Any, density: Any = None) -> Decimal:
    """Kilograms of a mass, or of a volume with a density in kg/m3. Raises `WrongUnit` where that is not known."""
    kind, value = base(quantity)
    if kind == "mass":
        return value
    if kind != "volume" or not isinstance(density, str):
        raise WrongUnit
    try:
        return value * Decimal(density)
    except InvalidOperation:
        raise WrongUnit from None


def as_volume(quantity: Any, density: Any = None) -> Decimal:
    """Cubic metres of a volume, or of a mass with a density in kg/m3. Raises `WrongUnit` where that is not known."""
    kind, value = base(quantity)
    if kind == "volume":
        return value
    if kind != "mass" or not isinstance(density, str):
        raise WrongUnit
    try:
        return value / Decimal(density)
    except (InvalidOperation, ZeroDivisionError):
        raise WrongUnit from None
