"""Quantities of goods, exactly: compared, and turned from mass into volume with the goods' density.

A quantity is `{"value": "12.5", "unit": "t"}` with a UCUM unit. Every function raises `WrongUnit` for what is no
quantity of the kind that is asked for.
"""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal, InvalidOperation
from fractions import Fraction
from typing import Any

from evidence.records.units import WrongUnit, in_base
from evidence.records.units import compare as compare_parts


def compare(left: Any, right: Any) -> int:
    """-1, 0 or 1 as `left` is less than, equal to or greater than `right`."""
    return compare_parts(_parts(left), _parts(right))


def is_volume(quantity: Any) -> bool:
    """Whether the quantity is a volume."""
    return in_base(*_parts(quantity))[0] == "volume"


def as_mass(quantity: Any, density: Any = None) -> Fraction:
    """Kilograms of a mass, or of a volume with a density in kg/m3."""
    dimension, value = in_base(*_parts(quantity))
    if dimension == "mass":
        return value
    if dimension != "volume":
        raise WrongUnit("neither mass nor volume")
    return value * _density(density)


def as_volume(quantity: Any, density: Any = None) -> Fraction:
    """Cubic metres of a volume, or of a mass with a density in kg/m3."""
    dimension, value = in_base(*_parts(quantity))
    if dimension == "volume":
        return value
    if dimension != "mass":
        raise WrongUnit("neither mass nor volume")
    return value / _density(density)


def _parts(quantity: Any) -> tuple[Decimal, str]:
    if not isinstance(quantity, Mapping):
        raise WrongUnit("no quantity")
    return _decimal(quantity.get("value")), str(quantity.get("unit"))


def _density(value: Any) -> Fraction:
    density = Fraction(_decimal(value))
    if density <= 0:
        raise WrongUnit("no density")
    return density


def _decimal(value: Any) -> Decimal:
    try:
        number = Decimal(value) if isinstance(value, str) else None
    except InvalidOperation:
        number = None
    if number is None or not number.is_finite():
        raise WrongUnit("no number")
    return number
