"""One calibration or verification certificate held against itself: dates, validity (CA2), errors, uncertainty, people.

Classes: 强制检定 mandatory verification · 检定 verification · 校准 calibration · 定期检验 periodic inspection ·
功能测试 functional test. For the first two and the inspection the certificate's own validity wins.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import date, timedelta
from decimal import Decimal
from typing import Final

from evidence.canonical import Json
from evidence.records.calendar import months_after
from evidence.records.predicates.credentials import one_of_a_kind
from evidence.records.predicates.history import day, number, objects, said
from evidence.records.predicates.reading import current, text
from evidence.records.predicates.scope import Predicate, Scope, Undecidable

TYPE: Final = "calibration_record"
MANDATORY: Final = "mandatory_verification"
_OWN_VALIDITY: Final = frozenset({MANDATORY, "verification", "periodic_inspection"})


def default_valid_until(performed: date, months: int) -> date:
    """CA2: the last day of the interval: so many months later, the month's end clamped, less a day."""
    return months_after(performed, months) - timedelta(days=1)


def valid_until(payload: Mapping[str, Json]) -> date:
    """The last day on which a certificate counts: the stated one if it may stand, else the shorter of it and CA2's."""
    default = _default(payload)
    if "valid_until" not in payload:
        return default
    stated = day(payload["valid_until"])
    return min(stated, default) if validity_problem(payload) else stated


def validity_problem(payload: Mapping[str, Json]) -> str:
    """CA2: what is wrong with the stated validity; empty where nothing is."""
    if "valid_until" not in payload:
        return ""
    stated, source = day(payload["valid_until"]), payload.get("valid_until_source")
    metrology = payload.get("metrology_class")
    if stated < day(payload.get("performed_at")):
        return "ends_before_it_begins"
    if source == "extension":
        if metrology == MANDATORY:
            return "extension_forbidden"
        approved = said(payload.get("extension_approved_by")) and said(payload.get("extension_reason"))
        return "" if approved else "extension_not_approved"
    if stated <= _default(payload) or (metrology in _OWN_VALIDITY and source != "interval"):
        return ""
    return "beyond_interval"


def class_as_registered(scope: Scope, payload: Mapping[str, Json]) -> bool:
    """CA2: a certificate of an instrument under mandatory verification is one of mandatory verification, or a test.

    Otherwise another class would bring an interval of one's own choice and extensions with it.
    """
    facts = current(scope, scope.candidate.subject, "equipment")
    named = [fact for fact in facts if "metrology_class" in fact.payload]
    if not named or named[-1].payload["metrology_class"] != MANDATORY:
        return True
    scope.use(named[-1])
    return payload.get("metrology_class") in (MANDATORY, "functional_test") or scope.because("class_not_registered")


def valid_until_ok(scope: Scope, payload: Mapping[str, Json]) -> bool:
    """CA2: whether the stated validity may stand.

    Without one the interval decides. A longer one needs an approval and a reason, and is never possible for mandatory
    verification.
    """
    problem = validity_problem(payload)
    return not problem or scope.because(problem)


def dates_in_order(scope: Scope, payload: Mapping[str, Json]) -> bool:
    """Whether received, performed and issued come in this order, and none lies after the record itself."""
    dates = [day(payload.get(name)) for name in ("received_at", "performed_at", "issued_at")]
    if dates != sorted(dates):
        return scope.because("dates_out_of_order")
    return dates[1] <= scope.local_day(scope.at) or scope.because("performed_in_the_future")


def traceable(scope: Scope, payload: Mapping[str, Json]) -> bool:
    """Whether every reference standard was still in its own calibration on the day of this one."""
    performed, standards = day(payload.get("performed_at")), objects(payload.get("reference_standards"))
    if not standards:
        return scope.because("no_reference_standard")
    return all(day(item.get("valid_to")) >= performed for item in standards) or scope.because("standard_out_of_date")


def uncertainty_stated(scope: Scope, payload: Mapping[str, Json]) -> bool:
    """Whether a calibration states its expanded uncertainty and the coverage factor, both above zero."""
    uncertainty = payload.get("uncertainty")
    value = uncertainty.get("value") if isinstance(uncertainty, dict) else None
    if value is None or "coverage_k" not in payload:
        return scope.because("no_uncertainty")
    return (number(value) > 0 and number(payload["coverage_k"]) > 0) or scope.because("no_uncertainty")


def errors_right(scope: Scope, payload: Mapping[str, Json]) -> bool:
    """Whether at every point the error is the indication as left minus the reference, all in one unit."""
    for point in objects(payload.get("points")):
        if len({_unit(point.get(name)) for name in ("nominal", "reference", "as_found", "as_left", "error")}) != 1:
            return scope.because("units_mixed")
        if _value(point.get("error")) != _value(point.get("as_left")) - _value(point.get("reference")):
            return scope.because("error_not_derived")
        if payload.get("adjusted") is False and _value(point.get("as_left")) != _value(point.get("as_found")):
            return scope.because("changed_without_adjustment")
    return True


def two_people(scope: Scope, payload: Mapping[str, Json]) -> bool:
    """Whether another person than the technician approved the certificate."""
    if "technician" not in payload or "approver" not in payload:
        raise Undecidable("erased")
    people = {text(payload[name]).strip().casefold() for name in ("technician", "approver")}
    return len(people) == 2 or scope.because("approver_is_technician")


def as_found_ok(scope: Scope, payload: Mapping[str, Json]) -> bool:
    """CA5: whether the instrument was still right when it came in: as stated, and by the maximum permissible error."""
    if payload.get("as_found_conformity") == "fail" or payload.get("conformity") == "fail":
        return scope.because("as_found_fail")
    return not any(_beyond(payload)) or scope.because("as_found_fail")


def certificate_not_shared(scope: Scope, payload: Mapping[str, Json]) -> bool:
    """CA6: whether neither the certificate's file nor its number stands at another instrument."""
    for item in objects(payload.get("attachments")):
        for fact in scope.facts.mentioning(f"file/{item.get('sha256')}", TYPE):
            if fact.subject != scope.candidate.subject:
                scope.use(fact)
                return scope.because("file_of_two_instruments")
    if not one_of_a_kind(scope, TYPE, ("issuer", "certificate_no"), payload):
        return scope.because("number_of_two_instruments")
    return True


def withdrawal_ok(scope: Scope, payload: Mapping[str, Json]) -> bool:
    """CA7: whether a withdrawn certificate is recorded as the successor of the record it takes back, with a reason."""
    if "withdrawn_on" not in payload:
        return True
    replaced = scope.candidate.supersedes
    known = [fact for fact in scope.facts.about(scope.candidate.subject) if fact.record_id == replaced]
    if not known or known[0].type != TYPE:
        return scope.because("withdraws_nothing")
    old = scope.use(known[0]).payload
    if any(old.get(name) != payload.get(name) for name in ("certificate_no", "issuer")):
        return scope.because("withdraws_another")
    return said(payload.get("withdrawal_reason")) or scope.because("no_withdrawal_reason")


def not_withdrawn(scope: Scope, payload: Mapping[str, Json]) -> bool:
    """CA7: false for a withdrawal, so that its consequences are reviewed."""
    return "withdrawn_on" not in payload or scope.because("certificate_withdrawn")


def _beyond(payload: Mapping[str, Json]) -> Iterator[bool]:
    limit = payload.get("max_permissible_error")
    if not isinstance(limit, dict):
        return
    for point in objects(payload.get("points")):
        if {_unit(limit)} == {_unit(point.get("as_found")), _unit(point.get("reference"))}:
            yield abs(_value(point.get("as_found")) - _value(point.get("reference"))) > abs(_value(limit))


def _default(payload: Mapping[str, Json]) -> date:
    months = payload.get("interval_months")
    if type(months) is not int:
        raise Undecidable("no_interval")
    return default_valid_until(day(payload.get("performed_at")), months)


def _value(quantity: Json) -> Decimal:
    return number(quantity.get("value") if isinstance(quantity, dict) else None)


def _unit(quantity: Json) -> str:
    return str(quantity.get("unit")) if isinstance(quantity, dict) else ""


PREDICATES: Final[dict[str, Predicate]] = {
    "class_as_registered": class_as_registered,
    "valid_until_ok": valid_until_ok,
    "certificate_dates_ok": dates_in_order,
    "traceable": traceable,
    "uncertainty_stated": uncertainty_stated,
    "errors_right": errors_right,
    "two_people_certified": two_people,
    "as_found_ok": as_found_ok,
    "certificate_not_shared": certificate_not_shared,
    "withdrawal_ok": withdrawal_ok,
    "not_withdrawn": not_withdrawn,
}

REASONS: Final[dict[str, tuple[str, str]]] = {
    "class_not_registered": ("强制检定器具须有检定证书", "The instrument is under mandatory verification"),
    "no_interval": ("没有检定周期", "The interval is not known"),
    "extension_forbidden": ("强制检定不得延期", "Mandatory verification cannot be extended"),
    "extension_not_approved": ("延期未经批准或无理由", "The extension lacks an approval or a reason"),
    "beyond_interval": ("有效期超过周期", "Valid for longer than the interval"),
    "dates_out_of_order": ("收样、检定、签发日期顺序错误", "Received, performed and issued are out of order"),
    "performed_in_the_future": ("检定日期晚于记录", "Performed after the record"),
    "no_reference_standard": ("未写明标准器", "No reference standard is named"),
    "standard_out_of_date": ("标准器当日已过有效期", "A reference standard was out of date on the day"),
    "no_uncertainty": ("校准结果没有不确定度", "A result without uncertainty"),
    "units_mixed": ("同一校准点单位不一致", "One point has several units"),
    "error_not_derived": ("误差不等于示值减标准值", "An error is not indication minus reference"),
    "changed_without_adjustment": ("未调整但前后示值不同", "Not adjusted, yet the indication changed"),
    "approver_is_technician": ("批准人与检定员相同", "The approver is the technician"),
    "as_found_fail": ("送检时已超差", "Out of tolerance as found"),
    "file_of_two_instruments": ("同一证书文件用于两台设备", "One certificate file for two instruments"),
    "number_of_two_instruments": ("同一证书编号用于两台设备", "One certificate number for two instruments"),
    "withdraws_nothing": ("未指明被撤销的证书记录", "It does not name the record that it withdraws"),
    "withdraws_another": ("撤销的不是同一证书", "It withdraws another certificate"),
    "no_withdrawal_reason": ("撤销没有理由", "A withdrawal without a reason"),
    "certificate_withdrawn": ("证书已被撤销", "The certificate was withdrawn"),
}
