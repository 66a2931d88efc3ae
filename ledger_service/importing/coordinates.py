"""GCJ-02 to WGS-84: what maps of mainland China show, turned back into what satellites measure.

The forward shift is the public polynomial on the ellipsoid of Krasovsky 1940; its inverse is found by iteration. Inside
the shifted area the result is within about a centimetre of the true inverse; outside nothing is shifted.
"""

from __future__ import annotations

from math import cos, pi, sin, sqrt
from typing import Final

_A: Final = 6378245.0
_E2: Final = 0.00669342162296594323
_WEST, _EAST, _SOUTH, _NORTH = 72.004, 137.8347, 0.8293, 55.8271
"""The rectangle in which common map services apply the shift; over-wide at the borders, as theirs is."""
_TOLERANCE: Final = 1e-9
_MAX_STEPS: Final = 30


def shifted_area(latitude: float, longitude: float) -> bool:
    """Whether map services shift this point."""
    return _WEST <= longitude <= _EAST and _SOUTH <= latitude <= _NORTH


def to_gcj02(latitude: float, longitude: float) -> tuple[float, float]:
    """WGS-84 degrees to GCJ-02 degrees."""
    if not shifted_area(latitude, longitude):
        return latitude, longitude
    north, east = _offsets(longitude - 105.0, latitude - 35.0)
    radians = latitude / 180.0 * pi
    magic = 1 - _E2 * sin(radians) ** 2
    root = sqrt(magic)
    return (
        latitude + north * 180.0 / ((_A * (1 - _E2)) / (magic * root) * pi),
        longitude + east * 180.0 / (_A / root * cos(radians) * pi),
    )


def to_wgs84(latitude: float, longitude: float) -> tuple[float, float]:
    """GCJ-02 degrees to WGS-84 degrees; untouched outside of the shifted area."""
    if not shifted_area(latitude, longitude):
        return latitude, longitude
    guess = latitude, longitude
    for _ in range(_MAX_STEPS):
        shown = to_gcj02(*guess)
        north, east = latitude - shown[0], longitude - shown[1]
        guess = guess[0] + north, guess[1] + east
        if abs(north) < _TOLERANCE and abs(east) < _TOLERANCE:
            break
    return guess


def _offsets(x: float, y: float) -> tuple[float, float]:
    waves = (20.0 * sin(6.0 * x * pi) + 20.0 * sin(2.0 * x * pi)) * 2.0 / 3.0
    north = -100.0 + 2.0 * x + 3.0 * y + 0.2 * y * y + 0.1 * x * y + 0.2 * sqrt(abs(x)) + waves
    north += (20.0 * sin(y * pi) + 40.0 * sin(y / 3.0 * pi)) * 2.0 / 3.0
    north += (160.0 * sin(y / 12.0 * pi) + 320.0 * sin(y * pi / 30.0)) * 2.0 / 3.0
    east = 300.0 + x + 2.0 * y + 0.1 * x * x + 0.1 * x * y + 0.1 * sqrt(abs(x)) + waves
    east += (20.0 * sin(x * pi) + 40.0 * sin(x / 3.0 * pi)) * 2.0 / 3.0
    east += (150.0 * sin(x / 12.0 * pi) + 300.0 * sin(x / 30.0 * pi)) * 2.0 / 3.0
    return north, east
