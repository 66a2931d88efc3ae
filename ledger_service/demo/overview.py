"""What is due and overdue, and how healthy the sources' data is: counts, for the closing table."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from evidence.records.deadlines import DeadlineState
from ledger_service.context import Services
from ledger_service.deadlines.model import DeadlineFilter, DeadlineView
from ledger_service.deadlines.service import DeadlineService
from ledger_service.demo.facts import DeadlineFact, HealthFact
from ledger_service.demo.plant import LEDGER
from ledger_service.kit.clock import Clock

_PAGE: Final = 200
AHEAD: Final = timedelta(hours=49)
"""How far the second look goes: past the 48 hours in which a person answers a report of a hazard."""
HAZARD_DEADLINE: Final = "H48"


@dataclass(frozen=True)
class _Later:
    clock: Clock

    def now(self) -> datetime:
        return self.clock.now() + AHEAD


def deadlines(services: Services) -> list[DeadlineFact]:
    """Breached deadlines by their id, as of now; and what will be breached 49 hours from now if nobody answers."""
    later = DeadlineService(services.engine, _Later(services.clock), services.ledgers, services.record_types)
    now = _counted(services.deadlines, _breached(services.deadlines))
    coming = [view for view in _breached(later) if view.row.deadline == HAZARD_DEADLINE]
    return now + [DeadlineFact(**{**fact.__dict__, "ahead": True}) for fact in _counted(later, coming)]


def health(services: Services) -> HealthFact:
    """The data-health report, summed up over its sources."""
    report = services.data_health.report(LEDGER)
    found: Counter[str] = Counter()
    for source in report.sources:
        for finding in source.findings:
            found[finding.code] += finding.n
    return HealthFact(records=report.records, sources=len(report.sources), findings=dict(found))


def _breached(service: DeadlineService) -> list[DeadlineView]:
    found: list[DeadlineView] = []
    for state in (DeadlineState.BREACHED, DeadlineState.MET_LATE):
        begin = 0
        while page := service.list(LEDGER, DeadlineFilter(state=state), begin, _PAGE):
            found += page
            begin += len(page)
    return found


def _counted(service: DeadlineService, views: list[DeadlineView]) -> list[DeadlineFact]:
    by_id: dict[str, list[DeadlineView]] = {}
    for view in views:
        by_id.setdefault(view.row.deadline, []).append(view)
    return [
        DeadlineFact(
            deadline=name,
            label_zh=service.label(group[0].row, "zh"),
            label_en=service.label(group[0].row, "en"),
            breached=sum(view.state is DeadlineState.BREACHED for view in group),
            met_late=sum(view.state is DeadlineState.MET_LATE for view in group),
            subject=group[0].subject,
        )
        for name, group in sorted(by_id.items())
    ]
