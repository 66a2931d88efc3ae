"""How far two positions are apart, in exact decimal arithmetic: the same metres on every machine.

Positions are geographic coordinates in degrees. Only positions of one datum can be compared: GCJ-02, the shifted
coordinates of Chinese map services, lies up to about 700 m beside WGS-84, so a mix of both says nothing about metres.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Context, Decimal, localcontext
from typing import Final

from evidence.errors import Malformed

WGS84: Final = "WGS84"
GCJ02: Final = "GCJ02"
DATUMS: Final = frozenset({WGS84, GCJ02})

_CONTEXT: Final = Context(prec=34)
_PI: Final = Decimal("3.141592653589793238462643383279503")
_SEMI_MAJOR: Final = Decimal(6378137)
_ECCENTRICITY_SQUARED: Final = Decimal("0.00669437999014131699613723354004")
_TERMS: Final = 30
"""Terms of the sine series: enough for 30 digits up to a right angle."""


class MixedDatum(Malformed):
    """Positions of two datums: bring both into WGS-84 first."""


@dataclass(frozen=True, slots=True)
class Position:
    """A point on the ellipsoid: latitude -90 … 90, longitude -180 … 180, both in degrees.

    Raises `Malformed` outside these ranges, for a number that is not finite, or for an unknown datum.
    """

    latitude: Decimal
    longitude: Decimal
    datum: str = WGS84

    def __post_init__(self) -> None:
        if not (self.latitude.is_finite() and self.longitude.is_finite()):
            raise Malformed("a coordinate is a finite number")
        if abs(self.latitude) > 90 or abs(self.longitude) > 180:
            raise Malformed("latitude is -90 to 90 degrees, longitude -180 to 180")
        if self.datum not in DATUMS:
            raise Malformed("the datum is WGS84 or GCJ02")


def distance(one: Position, other: Position) -> Decimal:
    """Metres between two positions along the WGS-84 ellipsoid, to the millimetre.

    Meant for the size of a site: to 10 km the error is below a decimetre away from the poles; far apart stays far
    apart. Raises `MixedDatum` where the two positions have different datums.
    """
    if one.datum != other.datum:
        raise MixedDatum("positions of two datums cannot be compared")
    with localcontext(_CONTEXT):
        middle = _radians((one.latitude + other.latitude) / 2)
        sine = _sine(middle)
        bend = 1 - _ECCENTRICITY_SQUARED * sine * sine
        across = _SEMI_MAJOR / bend.sqrt()
        along = across * (1 - _ECCENTRICITY_SQUARED) / bend
        north = along * _radians(other.latitude - one.latitude)
        east = across * _sine(_PI / 2 - abs(middle)) * _radians(_turn(other.longitude - one.longitude))
        return (north * north + east * east).sqrt().quantize(Decimal("0.001"))


def _turn(degrees: Decimal) -> Decimal:
    """The shorter way round: two points beside the date line are neighbours."""
    if degrees > 180:
        return degrees - 360
    return degrees + 360 if degrees < -180 else degrees


def _radians(degrees: Decimal) -> Decimal:
    return degrees * _PI / 180


def _sine(angle: Decimal) -> Decimal:
    total = term = angle
    for index in range(1, _TERMS):
        term = -term * angle * angle / ((2 * index) * (2 * index + 1))
        total += term
    return total
