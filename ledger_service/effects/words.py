"""What the records of effects say, in Chinese and English: built from labels and reason words, never from a person."""

from __future__ import annotations

from evidence.encoding import format_time
from evidence.records.predicates import reasons
from ledger_service.effects.model import Fault

_LIMIT = 2000
_NAME_LIMIT = 120


def requirement_ref(fault: Fault) -> str:
    """Rule, and the clauses of ISO 45001:2018 for which its record type is evidence."""
    clauses = ", ".join(fault.record_type.clauses)
    return f"{fault.rule.id} (ISO 45001:2018 {clauses})"[:_NAME_LIMIT] if clauses else fault.rule.id


def requirement(fault: Fault) -> str:
    """What must hold, and where that comes from."""
    rule = fault.rule
    return f"{rule.labels['zh']} / {rule.labels['en']} ({rule.source})"[:_LIMIT]


def evidence(fault: Fault) -> str:
    """Where the failure stands: record, index in the log, and the time of the event."""
    fact, judged = fault.fact, fault.effect.judged_at
    later = "" if judged == fact.index else f", 复核 judged again #{judged}"
    return f"{fault.own}, #{fact.index}{later}, {format_time(fact.occurred_at)}"


def nature(fault: Fault) -> str:
    """How it failed: the reason code and its words."""
    code = fault.effect.reason
    words = reasons().get(code)
    return code if words is None else f"{words[0]} / {words[1]} ({code})"


def statement(fault: Fault) -> str:
    """The three parts of a nonconformity: requirement, objective evidence, nature of the failure."""
    return (
        f"要求 Requirement: {fault.rule.id} v{fault.rule.version}, {requirement(fault)}\n"
        f"客观证据 Objective evidence: {evidence(fault)}\n"
        f"性质 Nature: {nature(fault)}"
    )[:_LIMIT]


def review_title(fault: Fault, what: str) -> str:
    """The task of an action: what to review, by which rule, why."""
    return f"{what}: {fault.rule.id}, {nature(fault)}; {evidence(fault)}"[:_LIMIT]
