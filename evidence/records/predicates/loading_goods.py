"""Predicates on what a loading step measures and shows: goods, quantities, earthing, times, papers, check lists."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, timedelta
from fractions import Fraction
from typing import Any, Final

from evidence.canonical import Json
from evidence.records.facts import Fact
from evidence.records.loading.amounts import as_mass, as_volume, compare, is_volume
from evidence.records.predicates.loading import course_of, given, identifier, limit, row_of
from evidence.records.predicates.scope import Predicate, Scope, Undecidable
from evidence.records.units import WrongUnit


def papers_valid(scope: Scope) -> bool:
    """S02: tank inspection and carrier's permit in date at the site, product on the tank's list, waybill as ordered."""
    day, good = scope.local_day(scope.at), True
    for name in ("tank_inspection_valid_to", "carrier_permit_valid_to"):
        valid_to = _day(given(scope, name))
        if valid_to is None:
            good = scope.because("paper_missing")
        elif valid_to < day:
            good = scope.because("paper_expired")
    media = given(scope, "permitted_media")
    if not isinstance(media, list):
        good = scope.because("paper_missing")
    elif not _names_of(scope) & {str(item) for item in media}:
        good = scope.because("medium_not_permitted")
    ordered, carried = course_of(scope).header.get("waybill_no"), scope.candidate.payload.get("waybill_no")
    if ordered is not None and carried is not None and ordered != carried:
        good = scope.because("waybill_differs")
    return good


def bay_approved(scope: Scope) -> bool:
    """S01: the bay's record approves the product. Undecidable where the bay has none."""
    bay = f"bay/{identifier(given(scope, 'bay'), 'bay')}"
    records = [fact for fact in scope.facts.about(bay) if fact.type == "loading_bay" and fact.occurred_at <= scope.at]
    if not records:
        raise Undecidable("no_bay_record")
    newest = scope.use(records[-1])
    approved = newest.payload.get("approved_products")
    if newest.event == "close":
        return scope.because("bay_closed")
    names = {str(item) for item in approved} if isinstance(approved, list) else set()
    return bool(_names_of(scope) & names) or scope.because("product_not_approved")


def gas_below_alarm(scope: Scope) -> bool:
    """S05: every combustible gas reading is below the alarm."""
    found = _readings(scope, "gas_lel")
    return all(_ordered(scope, item, limit(scope, "gas_alarm")) < 0 for item in found) or scope.because("gas_alarm")


def earth_sound(scope: Scope) -> bool:
    """S07: the earthing monitor says ok, or the resistance is at most the limit; both where both are given."""
    signal, found = scope.candidate.payload.get("interlock_signal"), _readings(scope, "earth_resistance")
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
    free, planned = _readings(scope, "free_volume"), given(scope, "planned_quantity")
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
    return received in _names_of(scope) or scope.because("other_product")


def started_slowly(scope: Scope) -> bool:
    """S13: the flow at the start is at most the limit."""
    found, most = _readings(scope, "flow"), limit(scope, "slow_start_flow")
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
    found = _readings(scope, "residual_pressure")
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


def checks_hold(scope: Scope) -> bool:
    """A passed step has no item of its check list that did not hold."""
    return all(item.get("ok") is True for item in _objects(scope, "checks")) or scope.because("check_failed")


def evidence_present(scope: Scope) -> bool:
    """The step has the check items, readings and photos that its row of the table asks for."""
    row, good = row_of(scope), True
    if not row.checks <= {str(item.get("item")) for item in _objects(scope, "checks")}:
        good = scope.because("check_items_missing")
    if any(not _readings(scope, kind) for kind in row.readings):
        good = scope.because("reading_missing")
    roles = {str(item.get("role")) for item in _objects(scope, "attachments")}
    return good if set(row.photos) <= roles else scope.because("photo_missing")


def _readings(scope: Scope, kind: str) -> list[Json]:
    found: list[Json] = [item.get("value") for item in _objects(scope, "readings") if item.get("kind") == kind]
    measured = scope.candidate.payload.get("measured")
    # The one measured value of a step is the reading that its row of the table asks for first.
    if not found and measured is not None and row_of(scope).readings[:1] in ((kind,), ()):
        found.append(measured)
    return found


def _objects(scope: Scope, name: str) -> list[dict[str, Json]]:
    value = scope.candidate.payload.get(name)
    return [item for item in value if isinstance(item, dict)] if isinstance(value, list) else []


def _ordered(scope: Scope, quantity: Json, other: Any) -> int:
    try:
        return compare(quantity, other)
    except WrongUnit:
        scope.because("wrong_unit")
        raise Undecidable("wrong_unit") from None


def _names_of(scope: Scope) -> set[str]:
    """What the goods may be called in a list: product id, UN number, name."""
    product = identifier(given(scope, "product_ref"), "product")
    return {str(item) for item in (product, given(scope, "un_no"), given(scope, "product_name")) if item}


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


def _day(value: Json) -> date | None:
    try:
        return date.fromisoformat(value) if isinstance(value, str) else None
    except ValueError:
        return None


PREDICATES: Final[dict[str, Predicate]] = {
    "papers_valid": papers_valid,
    "bay_approved": bay_approved,
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
    "checks_hold": checks_hold,
    "evidence_present": evidence_present,
}

REASONS: Final[dict[str, tuple[str, str]]] = {
    "no_start": ("没有开始记录", "No record of the start"),
    "no_max_fill": ("没有最大充装量", "The largest fill is not known"),
    "no_bay_record": ("没有车位记录", "There is no record of the bay"),
    "paper_missing": ("证件信息缺失", "A paper is missing"),
    "paper_expired": ("证件或检验已过期", "A paper or inspection is out of date"),
    "medium_not_permitted": ("介质不在罐体许可充装范围", "The product is not on the tank's list"),
    "waybill_differs": ("运单与订单不一致", "The waybill is not the ordered one"),
    "bay_closed": ("车位停用", "The bay is closed"),
    "product_not_approved": ("车位未获准装卸该品种", "The bay is not approved for the product"),
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
    "check_failed": ("检查项不符合却记为通过", "Passed although a check item does not hold"),
    "check_items_missing": ("检查项未填全", "Check items are missing"),
    "photo_missing": ("缺少照片", "A photo is missing"),
}
