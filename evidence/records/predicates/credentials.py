"""What a credential was worth at an instant: verified, in its term, reviewed in time, not suspended, not revoked.

A credential's stream tells its life by events; each takes effect at a time that the event names. So a revocation
recorded today and effective since last week counts from last week, in every judgement that knows it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any, Final

from evidence.canonical import Json, dumps
from evidence.encoding import b64url_encode
from evidence.hashing import sha256
from evidence.records.calendar import months_after
from evidence.records.facts import Fact
from evidence.records.predicates.history import day
from evidence.records.predicates.reading import current, effective, given, moment, text
from evidence.records.predicates.scope import Predicate, Scope, Undecidable

TYPE: Final = "credential"
_TERMS: Final = ("", "apply", "renew")
_VERIFYING: Final = ("verify", "activate")
_VERIFIERS: Final = frozenset({"hr", "safety_officer", "department_head", "site_head", "importer", "service", ""})


@dataclass(frozen=True, slots=True)
class Term:
    """One term of a credential, both days included, and the day by which its next review is due."""

    valid_from: date
    valid_to: date
    review_due: date | None
    fact: Fact


def standing(scope: Scope, subject: str, at: datetime) -> str:
    """TR3: why a credential does not count at an instant; empty where it does. Notes the decisive records.

    Days are those of the site: a credential counts to the end of `valid_to` there. Raises `Undecidable` where the
    records that decide are no longer disclosed.
    """
    facts = current(scope, subject, TYPE)
    verified = [fact for fact in facts if fact.event in _VERIFYING and effective(fact, "verified_at") <= at]
    if stop := _stopped(scope, facts, at):
        return stop
    if not verified:
        return _note(scope, facts, "not_verified")
    scope.use(verified[-1])
    term = term_on(facts, scope.local_day(at))
    if term is None:
        return _note(scope, facts, "not_yet_valid")
    scope.use(term.fact)
    if scope.local_day(at) > term.valid_to:
        return "expired"
    due = term.review_due or _review_by_kind(scope, facts, term)
    return "credential_review_overdue" if due is not None and scope.local_day(at) > due else ""


def term_on(facts: Iterable[Fact], today: date) -> Term | None:
    """The newest term begun by a day, with the review that was due then; None before the first."""
    known = list(facts)
    begun = [term for fact in known if fact.event in _TERMS and (term := _term(fact)).valid_from <= today]
    if not begun:
        return None
    # Of two terms that begin on one day the one recorded later counts.
    term = max(enumerate(begun), key=lambda item: (item[1].valid_from, item[0]))[1]
    reviews = [
        (reviewed, fact)
        for fact in known
        if fact.event == "review" and term.valid_from <= (reviewed := day(given(fact, "reviewed_on"))) <= today
    ]
    if not reviews:
        return term
    newest = max(reviewed for reviewed, _ in reviews)
    fact = [fact for reviewed, fact in reviews if reviewed == newest][-1]
    return Term(term.valid_from, term.valid_to, _optional_day(fact, "review_due"), fact)


def credential_expired(scope: Scope, subject: str, at: Any) -> bool:
    """Whether a credential's term or review has run out at an instant."""
    today, facts = scope.local_day(moment(at)), current(scope, subject, TYPE)
    term = term_on(facts, today)
    return term is not None and today > _end(scope, facts, term)


def credential_due_soon(scope: Scope, subject: str, at: Any) -> bool:
    """TR4: whether a credential's term or review runs out within the days of the table, and has not yet."""
    today, facts = scope.local_day(moment(at)), current(scope, subject, TYPE)
    term = term_on(facts, today)
    if term is None or today > (end := _end(scope, facts, term)):
        return False
    return today >= end - timedelta(days=_number(scope.table("credential-validity"), "due_soon_days"))


def term_ok(scope: Scope, payload: Mapping[str, Json]) -> bool:
    """Whether a term begins before it ends, and is no longer than its kind of credential allows (table)."""
    valid_from, valid_to = day(payload.get("valid_from")), day(payload.get("valid_to"))
    if valid_from >= valid_to:
        return scope.because("ends_before_it_begins")
    months = _kind(scope, payload).get("validity_months")
    if isinstance(months, int) and valid_to > months_after(valid_from, months):
        return scope.because("term_too_long")
    return True


def review_ok(scope: Scope, payload: Mapping[str, Json]) -> bool:
    """Whether the next review is due no later than the table says: every 3 years, or 6 after long compliant work."""
    kind = _kind(scope, payload)
    long = payload.get("long_practice") is True
    months = kind.get("long_review_months" if long and "long_review_months" in kind else "review_months")
    if not isinstance(months, int):
        return True
    begins = day(payload.get("reviewed_on", payload.get("valid_from")))
    if "review_due" not in payload:
        last = _optional_text_day(payload, "valid_to")
        return (last is not None and last <= months_after(begins, months)) or scope.because("no_review_due")
    return day(payload["review_due"]) <= months_after(begins, months) or scope.because("review_too_late")


def term_verified(scope: Scope, payload: Mapping[str, Json]) -> bool:
    """TR3: a term that was verified is corrected only by those who verify: nobody lengthens his own certificate."""
    if scope.candidate.supersedes is None or scope.candidate.role in _VERIFIERS:
        return True
    verified = [fact for fact in current(scope, scope.candidate.subject, TYPE) if fact.event in _VERIFYING]
    for fact in verified[-1:]:
        scope.use(fact)
    return not verified or scope.because("verified_before")


def credential_unique(scope: Scope, payload: Mapping[str, Json]) -> bool:
    """Whether no other credential on record has this number of this issuer."""
    return one_of_a_kind(scope, TYPE, ("issuer", "cert_no"), payload) or scope.because("certificate_twice")


def one_of_a_kind(scope: Scope, record_type: str, group: tuple[str, ...], payload: Mapping[str, Json]) -> bool:
    """Whether no record about another subject has the same values in a unique group of fields."""
    if not all(name in payload for name in group):
        return True
    named = f"unique/{b64url_encode(sha256(dumps([record_type, *group, *(payload[name] for name in group)])))}"
    others = [fact for fact in scope.facts.mentioning(named, record_type) if fact.subject != scope.candidate.subject]
    for fact in others[-1:]:
        scope.use(fact)
    return not others


def _stopped(scope: Scope, facts: Iterable[Fact], at: datetime) -> str:
    """`revoked`, `suspended` or empty: the state of the stops in effect at an instant."""
    suspended: Fact | None = None
    moves = [(effective(fact), fact) for fact in facts if fact.event in ("suspend", "resume", "revoke", "reject")]
    for when, fact in sorted(moves, key=lambda move: move[0]):
        if when > at:
            break
        if fact.event in ("revoke", "reject"):
            scope.use(fact)
            return "revoked"
        suspended = fact if fact.event == "suspend" else None
    if suspended is not None:
        scope.use(suspended)
    return "suspended" if suspended is not None else ""


def _term(fact: Fact) -> Term:
    return Term(day(given(fact, "valid_from")), day(given(fact, "valid_to")), _optional_day(fact, "review_due"), fact)


def _review_by_kind(scope: Scope, facts: Iterable[Fact], term: Term) -> date | None:
    """The day by which a credential that names none is to be reviewed: the period of its kind after term or review."""
    named = [fact.payload for fact in facts if "category" in fact.payload]
    if not named:
        return None
    kind = _kind(scope, named[-1])
    long = named[-1].get("long_practice") is True and "long_review_months" in kind
    months = kind.get("long_review_months" if long else "review_months")
    begun = _optional_day(term.fact, "reviewed_on") or _optional_day(term.fact, "valid_from") or term.valid_from
    return months_after(begun, months) if type(months) is int else None


def _end(scope: Scope, facts: Iterable[Fact], term: Term) -> date:
    due = term.review_due or _review_by_kind(scope, facts, term)
    return term.valid_to if due is None else min(term.valid_to, due)


def _optional_day(fact: Fact, name: str) -> date | None:
    return day(fact.payload[name]) if name in fact.payload else None


def _optional_text_day(payload: Mapping[str, Json], name: str) -> date | None:
    return day(payload[name]) if name in payload else None


def _kind(scope: Scope, payload: Mapping[str, Json]) -> Mapping[str, Json]:
    kinds = scope.table("credential-validity").get("kinds")
    found = kinds.get(text(payload.get("category"))) if isinstance(kinds, dict) else None
    return found if isinstance(found, dict) else {}


def _note(scope: Scope, facts: Iterable[Fact], reason: str) -> str:
    for fact in list(facts)[-1:]:
        scope.use(fact)
    return reason


def _number(table: Mapping[str, Json], name: str) -> int:
    value = table.get(name)
    if type(value) is not int:
        raise Undecidable("no_table")
    return value


PREDICATES: Final[dict[str, Predicate]] = {
    "credential_expired": credential_expired,
    "credential_due_soon": credential_due_soon,
    "credential_term_ok": term_ok,
    "credential_review_ok": review_ok,
    "credential_unique": credential_unique,
    "term_verified": term_verified,
}

REASONS: Final[dict[str, tuple[str, str]]] = {
    "not_verified": ("证书未经核验", "The credential was not verified"),
    "not_yet_valid": ("尚未生效", "Not yet valid"),
    "expired": ("已过期", "Expired"),
    "credential_review_overdue": ("复审逾期", "The review is overdue"),
    "suspended": ("已暂停", "Suspended"),
    "revoked": ("已吊销", "Revoked"),
    "ends_before_it_begins": ("终止日不晚于起始日", "It ends before it begins"),
    "term_too_long": ("有效期超过该类证书的规定", "The term is longer than this kind of credential has"),
    "no_review_due": ("未写明复审日期", "No day is given by which the review is due"),
    "review_too_late": ("复审日期超过规定周期", "The review is due later than its period allows"),
    "verified_before": ("已核验的证书只能由核验人员更正", "Once verified it is corrected by those who verify only"),
    "certificate_twice": ("同一证书编号已用于另一证书记录", "The certificate number is already on another record"),
}
