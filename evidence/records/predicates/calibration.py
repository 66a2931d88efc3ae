"""Whether an instrument may be used at an instant: CA1 (in calibration), CA3 (due soon), CA4 (locked)."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import Any, Final

from evidence.records.calendar import months_after
from evidence.records.facts import Fact
from evidence.records.predicates.certificates import TYPE, valid_until
from evidence.records.predicates.history import day, texts
from evidence.records.predicates.reading import current, effective, moment, subject_of, text
from evidence.records.predicates.scope import Predicate, Scope, Undecidable

EQUIPMENT: Final = "equipment"
_TEST: Final = "functional_test"
_CERTIFIED: Final = frozenset({"mandatory_verification", "verification", "calibration", "periodic_inspection"})
_OUT: Final = {
    "send_to_lab": "at_lab",
    "return_from_lab": "not_back_in_service",
    "quarantine": "quarantined",
    "repair": "not_back_in_service",
    "scrap": "scrapped",
    "take_out": "out_of_service",
}
_IN: Final = ("", "register", "put_in_service")


def in_calibration(scope: Scope, equipment: str, at: Any, use: str = "") -> bool:
    """CA1: whether an instrument's latest accepted certificate covers an instant and it was in service then.

    Valid from the day it was performed to the end of its last day at the site. A limited certificate counts for the
    uses that it allows. A functional test counts against the certificate where it failed, never in its place.
    """
    when, subject = moment(at), subject_of(EQUIPMENT, equipment)
    today = scope.local_day(when)
    if away := out_of_service(scope, subject, when):
        return scope.because(away)
    known = _certificates(scope, subject)
    latest = _latest(known, today)
    if latest is None:
        begun = any(_performed(fact) <= today for fact in known)
        return scope.because("certificate_withdrawn" if begun else "not_calibrated")
    scope.use(latest)
    if _registered(scope, subject) in _CERTIFIED and latest.payload.get("metrology_class") == _TEST:
        return scope.because("not_calibrated")
    if problem := _conformity(latest, use) or _failed_test(scope, known, latest, today):
        return scope.because(problem)
    return today <= valid_until(latest.payload) or scope.because("calibration_expired")


def locked(scope: Scope, equipment: str, at: Any) -> bool:
    """CA4: whether an instrument that must be calibrated has no certificate that still counts: it is not to be used."""
    subject, today = subject_of(EQUIPMENT, equipment), scope.local_day(moment(at))
    if _class(scope, subject) not in texts(scope.table("metrology-defaults").get("controlled")):
        return False
    latest = _latest(_certificates(scope, subject), today)
    return latest is None or today > valid_until(scope.use(latest).payload)


def usable(scope: Scope, equipment: str, at: Any) -> bool:
    """CA4: false where an instrument is locked at an instant, with the reason."""
    return not locked(scope, equipment, at) or scope.because("locked")


def calibration_due_soon(scope: Scope, equipment: str, at: Any) -> bool:
    """CA3: whether the certificate runs out within the days of the table (30), and has not yet."""
    today, last = scope.local_day(moment(at)), calibrated_until(scope, equipment, at)
    days = scope.table("metrology-defaults").get("due_soon_days")
    if last is None or type(days) is not int:
        return False
    return last - timedelta(days=days) <= today <= last


def application_due(scope: Scope, equipment: str, at: Any) -> bool:
    """CA3: whether special equipment is within the month before its inspection runs out: the application is due."""
    subject, table = subject_of(EQUIPMENT, equipment), scope.table("metrology-defaults")
    months, last = table.get("application_months"), calibrated_until(scope, equipment, at)
    if _class(scope, subject) not in texts(table.get("special_equipment")) or last is None or type(months) is not int:
        return False
    return months_after(last, -months) <= scope.local_day(moment(at)) <= last


def calibrated_until(scope: Scope, equipment: str, at: Any) -> date | None:
    """The last day of the certificate that is the latest at an instant; None where there is none."""
    latest = _latest(_certificates(scope, subject_of(EQUIPMENT, equipment)), scope.local_day(moment(at)))
    return valid_until(latest.payload) if latest is not None else None


def out_of_service(scope: Scope, subject: str, at: datetime) -> str:
    """Why an instrument was not in service at an instant (`at_lab`, `quarantined`, …); empty where it was."""
    why, decisive = "", None
    moves = [fact for fact in current(scope, subject, EQUIPMENT) if fact.event in _OUT or fact.event in _IN]
    for fact in sorted(moves, key=effective):
        if effective(fact) <= at:
            why, decisive = _OUT.get(fact.event, ""), fact
    if why and decisive is not None:
        scope.use(decisive)
    return why


def in_service_at(scope: Scope, equipment: str, at: Any) -> bool:
    """Whether an instrument was in service at an instant: not at the laboratory, quarantined, taken out or scrapped."""
    why = out_of_service(scope, subject_of(EQUIPMENT, equipment), moment(at))
    return not why or scope.because(why)


def in_calibration_now(scope: Scope, equipment: str, at: Any) -> bool:
    """Whether an instrument could go (back) into service: in calibration, whatever its place is."""
    subject, today = subject_of(EQUIPMENT, equipment), scope.local_day(moment(at))
    if _class(scope, subject) not in texts(scope.table("metrology-defaults").get("controlled")):
        return True
    latest = _latest(_certificates(scope, subject), today)
    if latest is None:
        return scope.because("not_calibrated")
    if problem := _conformity(scope.use(latest), None):
        return scope.because(problem)
    return today <= valid_until(latest.payload) or scope.because("calibration_expired")


def _certificates(scope: Scope, subject: str) -> list[Fact]:
    """Certificates that speak. A refused one that says `fail` speaks too: a formality must not hide it."""
    accepted = {fact.index: fact for fact in current(scope, subject, TYPE)}
    everything = current(scope, subject, TYPE, refused=True)
    failing = {fact.index: fact for fact in everything if fact.payload.get("conformity") == "fail"}
    return [fact for _, fact in sorted({**accepted, **failing}.items())]


def _latest(facts: list[Fact], today: date) -> Fact | None:
    """The certificate performed last up to a day that is not withdrawn on it; functional tests only where none else."""
    standing = [fact for fact in facts if _performed(fact) <= today and not _withdrawn(fact, today)]
    formal = [fact for fact in standing if fact.payload.get("metrology_class") != _TEST] or standing
    return max(formal, key=lambda fact: (_performed(fact), fact.index), default=None)


def _performed(fact: Fact) -> date:
    if "performed_at" not in fact.payload:
        raise Undecidable("erased")
    return day(fact.payload["performed_at"])


def _withdrawn(fact: Fact, today: date) -> bool:
    """Withdrawn certificates never counted, unless the withdrawal says from which day on."""
    if "withdrawn_on" not in fact.payload:
        return False
    return "withdrawn_from" not in fact.payload or day(fact.payload["withdrawn_from"]) <= today


def _conformity(fact: Fact, use: str | None) -> str:
    conformity = fact.payload.get("conformity")
    if conformity == "pass":
        return ""
    if conformity == "limited_use":
        return "" if use is None or use in texts(fact.payload.get("allowed_uses")) else "use_not_allowed"
    return "calibration_failed" if conformity == "fail" else "conformity_not_stated"


def _failed_test(scope: Scope, facts: list[Fact], latest: Fact, today: date) -> str:
    """A functional test at or after the certificate that failed and that no later test has taken back."""
    tests = [
        fact
        for fact in facts
        if fact.payload.get("metrology_class") == _TEST
        and _performed(latest) <= _performed(fact) <= today
        and fact.index > latest.index
    ]
    newest = max(tests, key=lambda fact: (_performed(fact), fact.index), default=None)
    if newest is None or newest.payload.get("conformity") != "fail":
        return ""
    scope.use(newest)
    return "functional_test_failed"


def category_of(scope: Scope, subject: str) -> str:
    """The category of an instrument: as registered, else as its newest certificate says; empty where neither does."""
    for record_type in (EQUIPMENT, TYPE):
        for fact in reversed(current(scope, subject, record_type)):
            if named := text(fact.payload.get("category")):
                scope.use(fact)
                return named
    return ""


def measures(scope: Scope, category: str) -> bool:
    """EQ.metrology: whether equipment of a category gives a measured value, by the table."""
    return category in texts(scope.table("metrology-defaults").get("measuring"))


def controlled(scope: Scope, metrology_class: str) -> bool:
    """EQ.interval: whether a metrology class is one that is locked when nothing valid is on record, by the table."""
    return metrology_class in texts(scope.table("metrology-defaults").get("controlled"))


def _registered(scope: Scope, subject: str) -> str:
    """The metrology class in the register; empty where the instrument is not in it."""
    named = [text(fact.payload.get("metrology_class")) for fact in current(scope, subject, EQUIPMENT)]
    return next((item for item in reversed(named) if item), "")


def _class(scope: Scope, subject: str) -> str:
    """The metrology class of an instrument: as registered, else as its newest certificate says, tests aside."""
    for record_type in (EQUIPMENT, TYPE):
        for fact in reversed(current(scope, subject, record_type)):
            named = text(fact.payload.get("metrology_class"))
            if named and (record_type == EQUIPMENT or named != _TEST):
                return named
    return ""


PREDICATES: Final[dict[str, Predicate]] = {
    "measures": measures,
    "controlled": controlled,
    "in_calibration": in_calibration,
    "locked": locked,
    "usable": usable,
    "calibration_due_soon": calibration_due_soon,
    "application_due": application_due,
    "in_calibration_now": in_calibration_now,
    "in_service_at": in_service_at,
}

REASONS: Final[dict[str, tuple[str, str]]] = {
    "metrology_incomplete": (
        "量程、分度值、等级或允差缺项",
        "Range, resolution, class or permissible error is missing",
    ),
    "interval_missing": ("未登记周期", "The interval is missing"),
    "not_calibrated": ("没有检定校准记录", "No certificate on record"),
    "calibration_expired": ("检定校准已过有效期", "The calibration has expired"),
    "calibration_failed": ("检定校准不合格", "The calibration was failed"),
    "conformity_not_stated": ("证书未给出符合性结论", "The certificate states no conformity"),
    "use_not_allowed": ("限用证书不允许此用途", "The limited certificate does not allow this use"),
    "functional_test_failed": ("功能测试不合格", "A functional test was failed"),
    "locked": ("超期锁定", "Overdue and locked"),
    "at_lab": ("送检中", "At the laboratory"),
    "not_back_in_service": ("尚未重新投用", "Not back in service yet"),
    "quarantined": ("已隔离停用", "Quarantined"),
    "scrapped": ("已报废", "Scrapped"),
    "out_of_service": ("已停用", "Out of service"),
}
