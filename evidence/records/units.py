"""Units of measurement: a bounded set of UCUM codes, converted exactly.

Quantities are compared as fractions, never as floating-point numbers; what does not measure the same thing does not
convert. A concentration in % of the lower explosive limit is no volume percentage: `%{LEL}` converts to nothing else.
UCUM: https://ucum.org/ucum
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from types import MappingProxyType
from typing import Final


class WrongUnit(ValueError):
    """Two units that do not measure the same thing, or one that is not known here."""


@dataclass(frozen=True, slots=True)
class Unit:
    """`value in base unit = value * factor + offset`."""

    dimension: str
    factor: Fraction
    offset: Fraction = Fraction(0)


_FACTORS: Final[dict[str, dict[str, str]]] = {
    "mass": {"ug": "1/1000000000", "mg": "1/1000000", "g": "1/1000", "kg": "1", "t": "1000"},
    "length": {"um": "1/1000000", "mm": "1/1000", "cm": "1/100", "m": "1", "km": "1000"},
    "area": {"mm2": "1/1000000", "cm2": "1/10000", "m2": "1", "har": "10000"},
    "volume": {"mL": "1/1000000", "L": "1/1000", "dm3": "1/1000", "m3": "1"},
    "time": {"ms": "1/1000", "s": "1", "min": "60", "h": "3600", "d": "86400", "wk": "604800"},
    "pressure": {"Pa": "1", "mbar": "100", "kPa": "1000", "bar": "100000", "MPa": "1000000"},
    "resistance": {"mOhm": "1/1000", "Ohm": "1", "kOhm": "1000", "MOhm": "1000000", "GOhm": "1000000000"},
    "voltage": {"mV": "1/1000", "V": "1", "kV": "1000"},
    "current": {"uA": "1/1000000", "mA": "1/1000", "A": "1", "kA": "1000"},
    "power": {"W": "1", "kW": "1000", "MW": "1000000"},
    "force": {"N": "1", "kN": "1000"},
    "volume flow": {"L/h": "1/3600000", "L/min": "1/60000", "m3/h": "1/3600", "L/s": "1/1000", "m3/s": "1"},
    "mass flow": {"kg/h": "1/3600", "kg/min": "1/60", "t/h": "1000/3600", "kg/s": "1"},
    "speed": {"km/h": "1000/3600", "m/min": "1/60", "m/s": "1"},
    "density": {
        "ug/m3": "1/1000000000", "mg/m3": "1/1000000", "g/m3": "1/1000", "mg/L": "1/1000", "g/L": "1", "kg/m3": "1",
        "g/cm3": "1000", "kg/L": "1000", "t/m3": "1000",
    },
    "fraction": {"[ppb]": "1/1000000000", "[ppm]": "1/1000000", "%": "1/100", "1": "1"},
    "share of the lower explosive limit": {"%{LEL}": "1"},
    "frequency": {"/d": "1/86400", "/h": "1/3600", "/min": "1/60", "Hz": "1", "kHz": "1000"},
    "illuminance": {"lx": "1"},
    "sound level": {"dB": "1", "dB[A]": "1"},
    "acidity": {"[pH]": "1"},
    "angle": {"deg": "1"},
    "dose rate": {"uSv/h": "1/1000", "mSv/h": "1"},
    "money": {"CNY": "1"},
}  # fmt: skip
UNITS: Final = MappingProxyType(
    {code: Unit(name, Fraction(factor)) for name, units in _FACTORS.items() for code, factor in units.items()}
    | {
        "K": Unit("temperature", Fraction(1)),
        "Cel": Unit("temperature", Fraction(1), Fraction("273.15")),
        "[degF]": Unit("temperature", Fraction(5, 9), Fraction("459.67") * Fraction(5, 9)),
    }
)
"""Every known unit by its UCUM code."""


def in_base(value: Decimal, code: str) -> tuple[str, Fraction]:
    """Dimension, and the exact value in its base unit. Raises `WrongUnit` for an unknown unit."""
    unit = UNITS.get(code)
    if unit is None:
        raise WrongUnit("the unit is not known")
    return unit.dimension, Fraction(value) * unit.factor + unit.offset


def compare(left: tuple[Decimal, str], right: tuple[Decimal, str]) -> int:
    """-1, 0 or 1 as the left quantity is smaller than, equal to or greater than the right one.

    Raises `WrongUnit` where they do not measure the same thing. A unit that is not known compares with itself.
    """
    if left[1] == right[1]:
        a, b = Fraction(left[0]), Fraction(right[0])
    else:
        (dimension, a), (other, b) = in_base(*left), in_base(*right)
        if dimension != other:
            raise WrongUnit(f"{dimension} does not convert to {other}")
    return (a > b) - (a < b)
