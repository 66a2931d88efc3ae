"""Deadlines under hostile records, clocks that disagree and rows that were bent: the sweep goes on for the rest."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import text

from evidence.keys import SigningKey
from ledger_service.deadlines.model import DeadlineFilter
from ledger_service.deadlines.service import DeadlineService
from tests.fakes.bend import bend
from tests.fakes.plant import LEDGER, Plant
from tests.fakes.site import Site

LEAD = SigningKey.from_seed(bytes(31) + b"\x51")
OBJECTIVE = {
    "event": "set", "title": "fewer leaks", "indicator": "leaks", "unit": "1", "baseline": "4", "target": "0",
    "better": "lower", "owner_ref": "P-1", "plan": "new gaskets",
}  # fmt: skip
ACTION = {
    "event": "open", "title": "new gaskets", "action_type": "corrective", "control_level": "engineering",
    "owner_ref": "P-1",
}  # fmt: skip


class Office(Site):
    """A site whose manager sets objectives and opens actions."""

    def __init__(self, plant: Plant) -> None:
        super().__init__(plant)
        plant.services.keys.enrol(LEDGER, LEAD.public, "Safety officer", "safety_officer")

    def objective(self, name: str, due_on: str) -> int:
        return self.put("objective", f"objective/{name}", OBJECTIVE | {"due_on": due_on}, key=LEAD).index

    def action(self, name: str, due_at: str) -> int:
        return self.put("action", f"action/{name}", ACTION | {"due_at": due_at}, key=LEAD).index

    def sweep(self) -> dict[str, str]:
        """The states of all deadlines by subject, after a run."""
        self.plant.services.deadline_sweep.run(LEDGER)
        found = self.deadlines.list(LEDGER, DeadlineFilter(), 0, 200)
        return {view.subject: view.state.value for view in found}

    def breaches(self) -> int:
        with self.plant.services.engine.connect() as connection:
            query = text("SELECT count(*) FROM entries WHERE record_type = 'deadline_event'")
            return int(connection.execute(query).scalar_one())

    @property
    def deadlines(self) -> DeadlineService:
        return self.plant.services.deadlines

    def breached(self) -> list[Any]:
        views = map(self.view, range(self.plant.services.entries.size(LEDGER)))
        return [view.payload["subject"] for view in views if view.entry.record_type == "deadline_event"]


@pytest.fixture
def office(plant: Plant) -> Office:
    return Office(plant)


def test_a_due_date_before_1970_is_a_breach_like_any_other(office: Office) -> None:
    office.objective("O-1", "1960-01-01")
    office.objective("O-2", "2020-01-01")
    assert office.sweep() == {"objective/O-1": "breached", "objective/O-2": "breached"}
    assert sorted(office.breached()) == ["objective/O-1", "objective/O-2"]


@pytest.mark.parametrize("due_at", ["9999-12-31T23:59:59.999999Z", "9999-12-31T23:59:59Z", "0001-01-01T00:00:00Z"])
def test_the_ends_of_the_calendar_hold_up_no_other_deadline(office: Office, due_at: str) -> None:
    office.action("A-1", due_at)
    office.objective("O-2", "2020-01-01")
    assert office.sweep()["objective/O-2"] == "breached"
    assert "objective/O-2" in office.breached()


@pytest.mark.parametrize("back", [timedelta(seconds=1), timedelta(hours=3)])
def test_a_clock_behind_the_log_loses_no_deadline(office: Office, back: timedelta) -> None:
    """Another process's clock is ahead, or this one's was set back: what was received "later" is in the log all the
    same, and the cursor passes it only once."""
    office.objective("O-1", "2020-01-01")
    office.plant.clock.instant -= back
    office.sweep()
    office.plant.clock.instant += 2 * back
    assert office.sweep() == {"objective/O-1": "breached"}
    assert office.breached() == ["objective/O-1"]


def test_a_stream_that_cannot_be_read_holds_up_no_other(office: Office) -> None:
    bent = office.objective("O-1", "2020-01-01")
    office.objective("O-2", "2020-01-01")
    bend(office.plant.services.engine, "entries", "entry_bytes", bent)
    office.plant.services.deadline_sweep.run(LEDGER)
    assert office.breaches() == 1


def test_a_disclosure_that_does_not_open_holds_up_no_other(office: Office) -> None:
    bent = office.objective("O-1", "2020-01-01")
    office.objective("O-2", "2020-01-01")
    bend(office.plant.services.engine, "disclosures", "sealed", bent)
    office.plant.services.deadline_sweep.run(LEDGER)
    assert office.breaches() == 1


def test_fsck_misses_the_clock_whose_row_was_taken_away(office: Office) -> None:
    started = office.objective("O-1", "2030-01-01")
    office.objective("O-2", "2030-01-01")
    office.sweep()
    fsck = office.plant.services.fsck
    assert fsck.report(LEDGER, rejudge=True).findings == ()
    with office.plant.services.engine.begin() as connection:
        connection.execute(text("DELETE FROM deadlines WHERE started_idx = :idx"), {"idx": started})
    [finding] = fsck.report(LEDGER, rejudge=True).findings
    assert (finding.code, finding.detail) == ("deadlines", "is missing")
    assert finding.where.endswith(f",{started}]")
