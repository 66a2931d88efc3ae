"""From a fault to the records of its effect. Names no person: what it links to is never one."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime, time

from evidence.canonical import Json
from evidence.encoding import format_time
from evidence.records import Catalogue
from evidence.records.facts import Fact, Facts
from evidence.records.impact import impact_list, review_due
from evidence.records.judgement import Severity
from evidence.records.references import PERSON
from ledger_service.effects import words
from ledger_service.effects.model import RECORD_TYPES, Fault, NotBuildable, Opening

MAX_ORIGINS = 32
MAX_AFFECTED = 200
RISK_REVIEW = "RA1"
_LAST_SECOND = time(23, 59, 59)


class Builder:
    """Builds records of effects from one snapshot of the log."""

    def __init__(self, catalogue: Catalogue, facts: Facts, now: datetime) -> None:
        self._catalogue = catalogue
        self._facts = facts
        self._now = now

    def openings(self, fault: Fault) -> list[Opening]:
        """The records that the effect asks for: one, or for a review one for each risk point concerned.

        Raises NotBuildable, and Undecidable and EvidenceError where a record that it needs does not tell.
        """
        match fault.effect.effect:
            case "open_nonconformity":
                return [self._nonconformity(fault)]
            case "open_incident":
                return [self._incident(fault)]
            case "open_review":
                return [self._review(fault, target) for target in self._reviewed(fault)]
            case _:
                return [self._impact_review(fault)]

    def _nonconformity(self, fault: Fault) -> Opening:
        used = [subject for subject in self._named(fault.fact) if subject.startswith("equipment/")]
        payload: dict[str, Json] = {
            "event": "raise",
            "source": "rule",
            "requirement_kind": "clause" if fault.record_type.clauses else "internal",
            "requirement_ref": words.requirement_ref(fault),
            "requirement_text": words.requirement(fault),
            "statement": words.statement(fault),
            "evidence_refs": [fault.own],
            "grade": "major" if fault.rule.severity is Severity.HARD else "minor",
            **_origins(fault.fact.subject, *used),
        }
        return self._opening(fault, (fault.fact.subject, *used), payload, self._now)

    def _incident(self, fault: Fault) -> Opening:
        """The first report of a spill, as of the time of the spill: the clocks of an incident run from there."""
        fact = fault.fact
        kind, _, name = fact.subject.partition("/")
        place = fact.payload.get("bay", fact.payload.get("area"))
        payload: dict[str, Json] = {
            "event": "report",
            "event_type": "leak",
            "location": place[:120] if isinstance(place, str) else _site(fault),
            "course": words.statement(fault),
            "evidence_refs": [fault.own] if kind == "loading_operation" else [fault.own, *_not_persons(fact.subject)],
        }
        if kind == "loading_operation":
            payload["loading_op_ref"] = name
        return self._opening(fault, (fact.subject,), payload, fact.occurred_at)

    def _reviewed(self, fault: Fault) -> list[str]:
        """What to review: by RA1 the risk points that are named, or those of the zones named; else the subject."""
        subject = fault.fact.subject
        if not fault.rule.id.startswith(RISK_REVIEW) or subject.startswith("risk/"):
            return [subject]
        named = list(dict.fromkeys(item for fact in fault.stream for item in self._named(fact)))
        risks = [item for item in named if item.startswith("risk/")]
        for zone in (item for item in named if item.startswith("zone/")):
            risks += [fact.subject for fact in self._facts.mentioning(zone, "risk_assessment") if fact.subject]
        return list(dict.fromkeys(risks))[:MAX_ORIGINS] or [subject]

    def _review(self, fault: Fault, target: str) -> Opening:
        of_risk = target.startswith("risk/")
        what = "复评风险 Review the risk assessment" if of_risk else "复核 Review"
        payload: dict[str, Json] = {
            "title": words.review_title(fault, what),
            "action_type": "preventive" if of_risk else "correction",
            "due_at": self._due("management-limits", "review_working_days"),
            **_origins(target, fault.fact.subject, fault.own),
        }
        return self._action(fault, (target,), payload)

    def _impact_review(self, fault: Fault) -> Opening:
        impact = impact_list(self._facts, fault.fact, self._catalogue.zone)
        subjects = list(dict.fromkeys(subject for fact in impact.affected for subject in _not_persons(fact.subject)))
        since = "?" if impact.since is None else impact.since.isoformat()
        what = f"影响评审 Impact review {since} – {impact.until.isoformat()}"
        payload: dict[str, Json] = {
            "title": words.review_title(fault, what),
            "action_type": "correction",
            "due_at": self._due("metrology-defaults", "impact_review_working_days"),
            "affected_refs": list(subjects[:MAX_AFFECTED]),
            "affected_count": len(impact.affected),
            "affected_complete": impact.complete and len(subjects) <= MAX_AFFECTED,
            **_origins(fault.fact.subject, fault.own),
        }
        return self._action(fault, (fault.fact.subject, fault.fact.record_id), payload)

    def _action(self, fault: Fault, name: tuple[str, ...], payload: dict[str, Json]) -> Opening:
        """Called for, not opened: whose it is only a person can say."""
        opened: dict[str, Json] = {"event": "call_for", "control_level": "administrative", **payload}
        return self._opening(fault, name, opened, self._now)

    def _opening(self, fault: Fault, name: tuple[str, ...], payload: dict[str, Json], at: datetime) -> Opening:
        record_type = RECORD_TYPES[fault.effect.effect]
        return Opening(record_type, (fault.rule.id, *name), payload | {"site": _site(fault)}, at)

    def _named(self, fact: Fact) -> Iterator[str]:
        """The subjects that a record names, persons left out."""
        record_type = self._catalogue.types.get(fact.type)
        for link in () if record_type is None else record_type.links(fact.payload):
            yield from _not_persons(link.subject)

    def _today(self) -> date:
        return self._now.astimezone(self._catalogue.zone).date()

    def _due(self, table: str, name: str) -> str:
        """The end of the last of the table's number of working days at the site."""
        days = self._catalogue.tables.at(table, self._today()).values[name]
        if not isinstance(days, int):
            raise NotBuildable("no_table")
        end = datetime.combine(review_due(self._today(), days), _LAST_SECOND, self._catalogue.zone)
        return format_time(end.astimezone(UTC))


def _origins(*subjects: str) -> dict[str, Json]:
    found: list[Json] = list(dict.fromkeys(_not_persons(*subjects)))
    return {"origin_refs": found[:MAX_ORIGINS]} if found else {}


def _not_persons(*subjects: str) -> list[str]:
    return [subject for subject in subjects if subject and not subject.startswith(f"{PERSON}/")]


def _site(fault: Fault) -> Json:
    """The site that the subject's records state last."""
    sites = [fact.payload["site"] for fact in fault.stream if "site" in fact.payload]
    if not sites:
        raise NotBuildable("no_site")
    return sites[-1]
