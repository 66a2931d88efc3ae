"""Predicates on what a loading step shows: papers, the bay, check lists, evidence."""

from __future__ import annotations

from datetime import date
from typing import Final

from evidence.canonical import Json
from evidence.records.predicates.history import objects
from evidence.records.predicates.loading import course_of, given, identifier, names_of, readings, row_of
from evidence.records.predicates.scope import Predicate, Scope, Undecidable


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
    elif not names_of(scope) & {str(item) for item in media}:
        good = scope.because("medium_not_permitted")
    ordered, carried = course_of(scope).header.get("waybill_no"), scope.candidate.payload.get("waybill_no")
    if ordered is not None and carried is not None and ordered != carried:
        good = scope.because("waybill_differs")
    return good


def weather_permits(scope: Scope) -> bool:
    """S05: the weather of the operation is no thunderstorm."""
    return given(scope, "weather") != "thunderstorm" or scope.because("thunderstorm")


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
    return bool(names_of(scope) & names) or scope.because("product_not_approved")


def checks_hold(scope: Scope) -> bool:
    """A passed step has no item of its check list that did not hold, and a hard step has all items of its row."""
    items, row = objects(scope.candidate.payload.get("checks")), row_of(scope)
    if not all(item.get("ok") is True for item in items):
        return scope.because("check_failed")
    complete = not row.hard or row.checks <= {str(item.get("item")) for item in items}
    return complete or scope.because("check_items_missing")


def evidence_present(scope: Scope) -> bool:
    """The step has the check items, readings and photos that its row of the table asks for."""
    row, good = row_of(scope), True
    if not row.checks <= {str(item.get("item")) for item in objects(scope.candidate.payload.get("checks"))}:
        good = scope.because("check_items_missing")
    if any(not readings(scope, kind) for kind in row.readings):
        good = scope.because("reading_missing")
    roles = {str(item.get("role")) for item in objects(scope.candidate.payload.get("attachments"))}
    return good if set(row.photos) <= roles else scope.because("photo_missing")


def _day(value: Json) -> date | None:
    try:
        return date.fromisoformat(value) if isinstance(value, str) else None
    except ValueError:
        return None


PREDICATES: Final[dict[str, Predicate]] = {
    "papers_valid": papers_valid,
    "weather_permits": weather_permits,
    "bay_approved": bay_approved,
    "checks_hold": checks_hold,
    "evidence_present": evidence_present,
}

REASONS: Final[dict[str, tuple[str, str]]] = {
    "paper_missing": ("证件信息缺失", "A paper is missing"),
    "paper_expired": ("证件或检验已过期", "A paper or inspection is out of date"),
    "medium_not_permitted": ("介质不在罐体许可充装范围", "The product is not on the tank's list"),
    "waybill_differs": ("运单与订单不一致", "The waybill is not the ordered one"),
    "thunderstorm": ("雷暴天气", "There is a thunderstorm"),
    "bay_closed": ("车位停用", "The bay is closed"),
    "product_not_approved": ("车位未获准装卸该品种", "The bay is not approved for the product"),
    "check_failed": ("检查项不符合却记为通过", "Passed although a check item does not hold"),
    "check_items_missing": ("检查项未填全", "Check items are missing"),
    "photo_missing": ("缺少照片", "A photo is missing"),
}
