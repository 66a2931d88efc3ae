"""Predicates on what a loading step measures: gas, earthing, quantities, flow, times."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from fractions import Fraction
from typing import Any, Final

from evidence.canonical import Json
from evidence.records.facts import Fact
from evidence.records.loading.amounts import as_mass, as_volume, compare, is_volume
from evidence.records.predicates.loading import course_of, given, limit, names_of, readings, row_of
from evidence.records.predicates.scope import Predicate, Scope, Undecidable
from evidence.records.units import WrongUnit


def gas_below_alarm(scope: Scope) -> bool:
    """S05: every combustible gas reading is below the alarm; where the step's row asks for one there is one."""
    found = readings(scope, "gas_lel")
    if not found and "gas_lel" in row_of(scope).readings:
        return scope.because("reading_missing")
    return all(_ordered(scope, item, limit(scope, "gas_alarm")) < 0 for item in found) or scope.because("gas_alarm")


def earth_sound(scope: Scope) -> bool:
    """S07: the earthing monitor says ok, or the resistance is at most the limit; both where both are given."""
    signal, found = scope.candidate.payload.get("interlock_signal"), readings(scope, "earth_resistance")
    if signal in ("tripped", "bypassed"):
        return scope.because("interlock_open")
    if not found and signal != "ok":
        return scope.because("reading_missing")
    most = limit(scope, "earth_resistance")
    return all(_ordered(scope, item, most) <= 0 for item in found) or scope.because("resistance_high")


def interlock_closed(scope: Scope) -> bool:
    """S11 and wherever a signal is given: the interlock says ok."""
    return scope.candidate.payload.get("interlock_signal") == "ok" or scope.because("interlock_open")


def rested(scope: Scope, since: str, table: str) -> bool:
    """S08, S16: the product's minutes have passed since another step."""
    start = course_of(scope).seen.get(since)
    if start is None:
        raise Undecidable("no_start")
    minutes = int(_for_product(scope, limit(scope, table)))
    return scope.at - scope.use(start).occurred_at >= timedelta(minutes=minutes) or scope.because("too_short")


def within_max_fill(scope: Scope, quantity: Mapping[str, Json]) -> bool:
    """S06, S15: at most the permitted mass and the permitted share of the tank's volume; no override, by law."""
    mass, volume, density = given(scope, "max_fill_mass"), given(scope, "tank_volume"), given(scope, "density")
    if mass is None and volume is None:
        raise Undecidable("no_max_fill")
    try:
        if mass is not None and as_mass(quantity, density) > as_mass(mass, density):
            return scope.because("overfilled")
        if volume is not None and (density is not None or is_volume(quantity)):
            most = as_volume(volume) * _fill_ratio(scope)
            return as_volume(quantity, density) <= most or scope.because("overfilled")
    except WrongUnit:
        return scope.because("wrong_unit")
    return True


def room_to_receive(scope: Scope) -> bool:
    """LO9: the receiving tank's free volume takes the planned quantity and a margin."""
    free, planned = readings(scope, "free_volume"), given(scope, "planned_quantity")
    if not free or planned is None:
        return scope.because("reading_missing")
    density = given(scope, "density")
    wanted = 1 + Fraction(str(limit(scope, "receiving_margin_ratio")))
    try:
        enough = as_volume(free[0], density) >= as_volume(planned, density) * wanted
    except WrongUnit:
        return scope.because("wrong_unit")
    return enough or scope.because("no_room")


def identity_confirmed(scope: Scope) -> bool:
    """LO9: what is in the receiving tank was checked and is the product that is unloaded."""
    received = scope.candidate.payload.get("receiving_product")
    if not isinstance(received, str):
        return scope.because("identity_not_checked")
    return received in names_of(scope) or scope.because("other_product")


def started_slowly(scope: Scope) -> bool:
    """S13: the flow at the start is at most the limit."""
    found, most = readings(scope, "flow"), limit(scope, "slow_start_flow")
    return all(_ordered(scope, item, most) <= 0 for item in found) or scope.because("flow_high")


def attended_in_time(scope: Scope) -> bool:
    """S14: not longer than the limit since the last check, or since the valve was opened."""
    earlier = [fact for code, fact in course_of(scope).seen.items() if code in ("S13", "S14")]
    if not earlier:
        return True
    last = scope.use(max(earlier, key=lambda fact: fact.occurred_at))
    most = timedelta(minutes=int(limit(scope, "attended_check_minutes")))
    return scope.at - last.occurred_at <= most or scope.because("check_overdue")


def residue_left(scope: Scope) -> bool:
    """S15, unloading liquefied gas: the residual pressure is at least the limit."""
    found = readings(scope, "residual_pressure")
    if not found:
        return scope.because("reading_missing")
    least = limit(scope, "residual_pressure")
    return all(_ordered(scope, item, least) >= 0 for item in found) or scope.because("residue_low")


def reconciled(scope: Scope) -> bool:
    """S20: weighed and metered quantity differ by at most the tolerance."""
    weighed, metered = given(scope, "net_quantity"), _metered(scope)
    if weighed is None or metered is None:
        return scope.because("reading_missing")
    try:
        meter = as_mass(metered, given(scope, "density"))
        difference = abs(as_mass(weighed, given(scope, "density")) - meter)
    except WrongUnit:
        return scope.because("wrong_unit")
    return difference <= meter * Fraction(str(limit(scope, "weighing_tolerance_ratio"))) or scope.because("discrepancy")


def _ordered(scope: Scope, quantity: Json, other: Any) -> int:
    try:
        return compare(quantity, other)
    except WrongUnit:
        scope.because("wrong_unit")
        raise Undecidable("wrong_unit") from None


def _for_product(scope: Scope, values: Mapping[str, Any]) -> Any:
    for key in (given(scope, "un_no"), given(scope, "hazard_class")):
        if key in values:
            return values[str(key)]
    return values["other"]


def _fill_ratio(scope: Scope) -> Fraction:
    stated = given(scope, "max_fill_ratio")
    allowed = Fraction(str(_for_product(scope, limit(scope, "max_fill_ratio"))))
    return min(allowed, Fraction(stated)) if isinstance(stated, str) else allowed


def _metered(scope: Scope) -> Json:
    stopped: Fact | None = course_of(scope).seen.get("S15")
    return scope.use(stopped).payload.get("measured") if stopped is not None else None


PREDICATES: Final[dict[str, Predicate]] = {
    "gas_below_alarm": gas_below_alarm,
    "earth_sound": earth_sound,
    "interlock_closed": interlock_closed,
    "rested": rested,
    "within_max_fill": within_max_fill,
    "room_to_receive": room_to_receive,
    "identity_confirmed": identity_confirmed,
    "started_slowly": started_slowly,
    "attended_in_time": attended_in_time,
    "residue_left": residue_left,
    "reconciled": reconciled,
}

REASONS: Final[dict[str, tuple[str, str]]] = {
    "no_start": ("没有开始记录", "No record of the start"),
    "no_max_fill": ("没有最大充装量", "The largest fill is not known"),
    "no_bay_record": ("没有车位记录", "There is no record of the bay"),
    "gas_alarm": ("气体浓度达到报警值", "Gas reading at or above the alarm"),
    "interlock_open": ("联锁未正常", "The interlock is not ok"),
    "reading_missing": ("缺少读数", "A reading is missing"),
    "resistance_high": ("接地电阻超限", "The earthing resistance is above the limit"),
    "too_short": ("静置时间不足", "The resting time is too short"),
    "overfilled": ("超过允许充装量", "More than the permitted filling"),
    "no_room": ("接收罐剩余容积不足", "The receiving tank has too little room"),
    "identity_not_checked": ("未核对接收罐物料", "The receiving tank's product was not checked"),
    "other_product": ("接收罐物料不一致", "The receiving tank holds another product"),
    "flow_high": ("起始流速过高", "The flow at the start is too high"),
    "check_overdue": ("巡查间隔过长", "The check came too late"),
    "residue_low": ("余压不足", "Too little residual pressure"),
    "discrepancy": ("过磅与流量计数量不符", "Weighed and metered quantity differ"),
}
