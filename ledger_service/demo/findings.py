"""What the ledger says of the sample month: each planted fault and what caught it, and anything unexpected."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Final

from evidence.records.judgement import Judgement, Outcome, Severity, parse_judgement
from ledger_service.chains.model import Chain
from ledger_service.context import Services
from ledger_service.demo.facts import ChainFact, FaultFact, LinkFact
from ledger_service.demo.plant import LEDGER
from ledger_service.demo.sample import Fault, Sample
from ledger_service.entries.model import EntryView

_AGAINST: Final = (Outcome.FAIL, Outcome.UNKNOWN)
_ONE_KEY: Final = "S12.one_key"
"""Each step is signed by the key of its tablet: that two names rest on one key is so, and marked, in every loading."""
_PAGE: Final = 200
_TOLD: Final = {"equipment": "calibration_record", "person": "credential"}
"""Of which neighbours the chain is shown, and which of their records."""


def find_faults(services: Services, sample: Sample) -> list[FaultFact]:
    """For each planted fault the entry that shows it and whether the expected rule failed for the expected reason."""
    return [_find(services, fault) for fault in sample.faults]


def unexpected(services: Services, sample: Sample) -> list[str]:
    """Rules that stand against a sound loading, or that failed hard in a faulty one before its fault."""
    planted: Mapping[str, Fault] = {fault.subject: fault for fault in sample.faults}
    found: list[str] = []
    for subject in sample.operations:
        fault = planted.get(subject)
        for view in services.chains.get(LEDGER, subject, limit=_PAGE, depth=0).items:
            if fault is not None and _step(view) == fault.step:
                break
            found += [f"{view.entry.index} {item}" for item in _against(view, hard=fault is not None)]
    return found


def chain_of(services: Services, sample: Sample) -> ChainFact:
    """The chain of the loading with the overdue instrument, and what it leads to: credentials and calibrations."""
    subject = next(fault.subject for fault in sample.faults if fault.name == "overdue_instrument")
    chain = services.chains.get(LEDGER, subject, limit=_PAGE, depth=2)
    return ChainFact(
        subject=subject,
        state=chain.state,
        entries=[view.entry.index for view in chain.items],
        sound=chain.integrity.sound,
        attachments=len(chain.attachments),
        links=list(_links(chain)),
    )


def _find(services: Services, fault: Fault) -> FaultFact:
    chain = services.chains.get(LEDGER, fault.subject, limit=_PAGE, depth=0)
    views = [view for view in chain.items if _step(view) == fault.step]
    for view in reversed(views):
        judged_at, judgement = view, view.judgement
        if fault.late:
            later = [item for item in chain.reconsidered if item.of_index == view.entry.index]
            if not later:
                continue
            judged_at = services.entries.get(LEDGER, later[-1].index)
            judgement = parse_judgement(later[-1].rule_results)
        if judgement is not None and _caught(judgement, fault):
            return _fact(fault, view.entry.index, judged_at)
    return FaultFact(fault.name, fault.subject, fault.step, fault.rule, fault.reason, fault.late, -1, -1, "", False)


def _fact(fault: Fault, index: int, judged: EntryView) -> FaultFact:
    state = str(judged.state)
    return FaultFact(
        fault.name,
        fault.subject,
        fault.step,
        fault.rule,
        fault.reason,
        fault.late,
        index,
        judged.entry.index,
        state,
        True,
    )


def _caught(judgement: Judgement, fault: Fault) -> bool:
    result = judgement.result(fault.rule)
    return result is not None and result.outcome is Outcome.FAIL and result.reason == fault.reason


def _step(view: EntryView) -> str:
    return str(view.payload.get("step_code") or view.payload.get("event") or "")


def _against(view: EntryView, *, hard: bool) -> Iterable[str]:
    for item in view.judgement.results if view.judgement is not None else ():
        if item.outcome in _AGAINST and item.rule != _ONE_KEY and (not hard or item.severity is Severity.HARD):
            yield f"{item.rule} {item.reason}"


def _links(chain: Chain) -> Iterable[LinkFact]:
    for neighbour in chain.neighbours:
        wanted = _TOLD.get(neighbour.subject.split("/", 1)[0])
        for mention in neighbour.about:
            if mention.record_type == wanted:
                yield LinkFact(neighbour.subject, ", ".join(neighbour.fields), mention.record_type, mention.index)
                break
