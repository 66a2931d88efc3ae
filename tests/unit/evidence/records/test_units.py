"""Units, durations and exact numbers."""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal
from zoneinfo import ZoneInfo

import pytest

from evidence.records.durations import Duration, add_months, parse_duration
from evidence.records.numbers import number, text
from evidence.records.units import UNITS, WrongUnit, compare

SHANGHAI, BERLIN = ZoneInfo("Asia/Shanghai"), ZoneInfo("Europe/Berlin")


@pytest.mark.parametrize(
    ("left", "right", "sign"),
    [
        (("1", "t"), ("1000", "kg"), 0),
        (("999.999999999", "kg"), ("1", "t"), -1),
        (("1", "bar"), ("100", "kPa"), 0),
        (("1", "MPa"), ("10.1", "bar"), -1),
        (("1", "MOhm"), ("1000000", "Ohm"), 0),
        (("1", "m3"), ("1000", "L"), 0),
        (("2", "h"), ("120", "min"), 0),
        (("1", "d"), ("1439.999", "min"), 1),
        (("1", "%"), ("10000", "[ppm]"), 0),
        (("-40", "Cel"), ("-40", "[degF]"), 0),
        (("36", "km/h"), ("10", "m/s"), 0),
        (("3", "of my own"), ("4", "of my own"), -1),
    ],
)
def test_quantities_compare_exactly(left: tuple[str, str], right: tuple[str, str], sign: int) -> None:
    a, b = (Decimal(left[0]), left[1]), (Decimal(right[0]), right[1])
    assert (compare(a, b), compare(b, a)) == (sign, -sign)


@pytest.mark.parametrize(("left", "right"), [("kg", "m3"), ("%", "%{LEL}"), ("Cel", "Ohm"), ("kg", "of my own")])
def test_what_measures_something_else_does_not_compare(left: str, right: str) -> None:
    with pytest.raises(WrongUnit):
        compare((Decimal(1), left), (Decimal(1), right))


def test_every_unit_grows_with_its_value() -> None:
    assert all(unit.factor > 0 for unit in UNITS.values())


@pytest.mark.parametrize(
    ("given", "duration"),
    [
        ("PT48H", Duration(minutes=48 * 60)),
        ("P30D", Duration(days=30)),
        ("P2W", Duration(days=14)),
        ("P1M", Duration(months=1)),
        ("P1Y6M", Duration(months=18)),
        ("P1DT12H30M", Duration(days=1, minutes=750)),
        ("PT0M", Duration()),
    ],
)
def test_a_duration_is_read(given: str, duration: Duration) -> None:
    assert parse_duration(given) == duration


@pytest.mark.parametrize(
    "given", ["", "P", "PT", "P1DT", "48H", "P1.5D", "-P1D", "PT30S", "P1D2W", "P999999D", "P١D", "P1D\n"]
)
def test_what_is_no_duration_is_refused(given: str) -> None:
    with pytest.raises(ValueError, match="written like"):
        parse_duration(given)


def at(*parts: int) -> datetime:
    return datetime(*parts, tzinfo=UTC)  # type: ignore[misc,arg-type]  # year to minute


@pytest.mark.parametrize(
    ("start", "duration", "zone", "end"),
    [
        (at(2026, 1, 31, 4), "P1M", SHANGHAI, at(2026, 2, 28, 4)),
        (at(2028, 1, 31, 4), "P1M", SHANGHAI, at(2028, 2, 29, 4)),
        # 30 January 17:00 UTC is the 31st at the site.
        (at(2026, 1, 30, 17), "P1M", SHANGHAI, at(2026, 2, 27, 17)),
        (at(2028, 2, 29, 4), "P1Y", SHANGHAI, at(2029, 2, 28, 4)),
        (at(2026, 3, 28, 12), "P1D", BERLIN, at(2026, 3, 29, 11)),
        (at(2026, 3, 28, 12), "PT24H", BERLIN, at(2026, 3, 29, 12)),
        (at(2026, 10, 24, 12), "PT48H", BERLIN, at(2026, 10, 26, 12)),
    ],
)
def test_months_and_days_are_the_calendar_of_the_site_and_hours_are_natural(
    start: datetime, duration: str, zone: ZoneInfo, end: datetime
) -> None:
    assert parse_duration(duration).after(start, zone) == end


def test_before_is_the_other_way() -> None:
    assert parse_duration("P1M").before(at(2026, 3, 31, 4), SHANGHAI) == at(2026, 2, 28, 4)


def test_a_time_outside_the_calendar_is_an_error() -> None:
    with pytest.raises(OverflowError):
        parse_duration("P999Y").after(at(9900, 1, 1), SHANGHAI)
    with pytest.raises(OverflowError):
        add_months(date(1, 1, 1), -1)


@pytest.mark.parametrize(
    ("duration", "words"), [("PT48H", "2 d"), ("PT36H", "36 h"), ("P1Y6M", "1 y 6 mo"), ("P1DT90M", "1 d 1 h 30 min")]
)
def test_a_duration_in_words(duration: str, words: str) -> None:
    assert parse_duration(duration).words() == words


@pytest.mark.parametrize(
    "given", ["NaN", "Infinity", "1e5", "+1", "01", "1.", ".5", "", "1" * 41, True, 1.5, None, "１", "-"]
)
def test_what_is_no_decimal_is_refused(given: object) -> None:
    with pytest.raises(ValueError, match="decimal"):
        number(given)


@pytest.mark.parametrize(
    ("given", "spelled"), [("-0.0", "0"), ("1.500", "1.5"), ("100", "100"), ("0.000000001", "0.000000001")]
)
def test_a_number_has_one_spelling(given: str, spelled: str) -> None:
    assert text(number(given)) == spelled
