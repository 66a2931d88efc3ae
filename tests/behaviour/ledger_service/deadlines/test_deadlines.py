"""Deadlines: worked out from the log, breached once and for ever, told to whom it concerns, with receipts."""

from __future__ import annotations

import hashlib
from contextlib import suppress
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from evidence.keys import SigningKey
from evidence.records.deadlines import DeadlineState
from ledger_service.cli.main import main
from ledger_service.context import build_services
from ledger_service.deadlines.model import DeadlineFilter, DeadlineView
from ledger_service.errors import ServiceError
from ledger_service.models import deadlines as rows
from ledger_service.models import reminders as reminder_rows
from ledger_service.reminders.model import Message, Outcome, Receipt, Recipient, ReminderState
from ledger_service.reminders.service import ATTEMPT_LIMIT, follow_up
from tests.fakes.check_ledger import check_ledger
from tests.fakes.faults import breaking
from tests.fakes.http import request
from tests.fakes.plant import LEDGER, Plant
from tests.fakes.site import Site

HAZARD = "hazard/HZ-1"
OFFICER = SigningKey.from_seed(bytes(31) + b"\x41")
WORKER = SigningKey.from_seed(bytes(31) + b"\x42")
PHOTO = b"a loose handrail"
ANSWER = {"event": "accept", "response_text": "will be fixed", "hazard_level": "general", "category": "height"}


class FakeChannel:
    """Answers as it is told to and remembers what was sent."""

    def __init__(self) -> None:
        self.sent: list[Message] = []
        self.answers: list[Receipt] = []

    def send(self, message: Message) -> Receipt:
        self.sent.append(message)
        return self.answers.pop(0) if self.answers else Receipt(Outcome.DELIVERED, "200")


class Desk(Site):
    """A site with a worker who reports and an officer who answers."""

    def __init__(self, plant: Plant) -> None:
        super().__init__(plant)
        services = plant.services
        services.keys.enrol(LEDGER, OFFICER.public, "Safety officer", "safety_officer")
        services.keys.enrol(LEDGER, WORKER.public, "Worker", "worker")
        self.channel = FakeChannel()
        self.tell(services)

    def tell(self, services: Any) -> None:
        told = [Recipient("lead", "team_lead", self.channel), Recipient("head", "site_head", self.channel)]
        services.reminders.tell(told)

    def report(self, subject: str = HAZARD) -> int:
        digest = hashlib.sha256(PHOTO).hexdigest()
        with self.plant.services.blobs.begin(digest, "image/png") as upload:
            upload.write(PHOTO)
            upload.finish()
        photo = {
            "sha256": digest,
            "size": len(PHOTO),
            "media_type": "image/png",
            "name": "a.png",
            "role": "photo_before",
        }
        payload = {"event": "submit", "description": "loose", "place": {"words": "bay 2"}, "attachments": [photo]}
        return self.put("hazard_report", subject, payload, key=WORKER).index

    def answer(self, subject: str = HAZARD, **changes: Any) -> int:
        return self.put("hazard_report", subject, ANSWER | changes, key=OFFICER).index

    def sweep(self) -> None:
        self.plant.services.deadline_sweep.run(LEDGER)

    def h48(self) -> DeadlineView:
        self.sweep()
        found = self.plant.services.deadlines.list(LEDGER, DeadlineFilter())
        return next(view for view in found if view.row.deadline == "H48")

    def breaches(self) -> list[dict[str, Any]]:
        size = self.plant.services.entries.size(LEDGER)
        views = map(self.view, range(size))
        return [view.payload for view in views if view.entry.record_type == "deadline_event"]


@pytest.fixture
def desk(plant: Plant) -> Desk:
    return Desk(plant)


def test_H48_is_due_48_hours_after_receipt_and_names_its_subject(desk: Desk) -> None:
    desk.report()
    view = desk.h48()
    assert view.subject == HAZARD
    assert view.state is DeadlineState.RUNNING
    assert view.row.due_at == desk.now() + timedelta(hours=48)


@pytest.mark.parametrize(
    ("passed", "state"),
    [
        (timedelta(hours=24) - timedelta(microseconds=1), DeadlineState.RUNNING),
        (timedelta(hours=24), DeadlineState.DUE_SOON),
        (timedelta(hours=48), DeadlineState.DUE_SOON),
        (timedelta(hours=48, microseconds=1), DeadlineState.BREACHED),
    ],
)
def test_H48_to_the_microsecond(desk: Desk, passed: timedelta, state: DeadlineState) -> None:
    desk.report()
    desk.sweep()
    desk.plant.clock.instant += passed
    assert desk.h48().state is state
    listed = desk.plant.services.deadlines.list(LEDGER, DeadlineFilter(state))
    assert [view.row.deadline for view in listed] == ["H48"]
    others = [other for other in DeadlineState if other is not state]
    assert not any(desk.plant.services.deadlines.list(LEDGER, DeadlineFilter(other)) for other in others)


def test_H48_a_breach_is_an_entry_once_and_a_late_answer_stands_beside_it(desk: Desk) -> None:
    started = desk.report()
    desk.plant.clock.advance(hours=49)
    desk.sweep()
    desk.sweep()
    answered = desk.answer()
    view = desk.h48()
    assert view.state is DeadlineState.MET_LATE
    assert (view.row.met_idx, view.row.met_kid) == (answered, OFFICER.kid)
    [breach] = desk.breaches()
    assert (breach["deadline"], breach["subject"], breach["started_index"]) == ("H48", HAZARD, started)


def test_an_answer_in_time_meets_it_and_nothing_is_breached(desk: Desk) -> None:
    desk.report()
    desk.plant.clock.advance(hours=47)
    desk.answer()
    desk.plant.clock.advance(hours=47)
    assert desk.h48().state is DeadlineState.MET
    assert desk.breaches() == []


def test_nobody_outside_the_ledger_can_state_a_breach(desk: Desk) -> None:
    payload = {"deadline": "H48", "state": "breached", "started_index": 1, "started_at": "2026-11-23T08:00:00Z",
               "due_at": "2026-11-25T08:00:00Z"}  # fmt: skip
    with pytest.raises(AssertionError, match="made by the ledger alone"):
        desk.put("deadline_event", HAZARD, payload)


def test_the_rows_are_rebuilt_from_the_log(desk: Desk) -> None:
    desk.report()
    desk.plant.clock.advance(hours=49)
    desk.answer()
    desk.report("hazard/HZ-2")
    desk.sweep()
    with desk.plant.services.engine.begin() as connection:
        before = connection.execute(select(rows).order_by(rows.c.stream, rows.c.deadline)).all()
        connection.execute(rows.delete())
        connection.exec_driver_sql("UPDATE cursors SET idx = 0 WHERE name = 'deadlines'")
    desk.sweep()
    with desk.plant.services.engine.connect() as connection:
        assert connection.execute(select(rows).order_by(rows.c.stream, rows.c.deadline)).all() == before
    assert len(before) > 1


def test_each_level_is_told_once(desk: Desk) -> None:
    desk.report()
    desk.plant.clock.advance(hours=24)
    for _ in range(2):
        desk.sweep()
        desk.plant.services.reminders.run(LEDGER)
    assert [(message.level, message.role) for message in desk.channel.sent] == [(1, "team_lead")]
    desk.plant.clock.advance(hours=25)
    desk.sweep()
    desk.plant.services.reminders.run(LEDGER)
    told = {(message.level, message.role) for message in desk.channel.sent}
    assert told == {(1, "team_lead"), (3, "site_head")}
    [nobody] = desk.plant.services.reminders.list(LEDGER, ReminderState.NO_RECIPIENT)
    assert nobody[0].role == "department_head"


def test_what_is_sent_holds_nothing_that_was_reported(desk: Desk) -> None:
    desk.report()
    desk.plant.clock.advance(hours=24)
    desk.sweep()
    desk.plant.services.reminders.run(LEDGER)
    text = repr(desk.channel.sent)
    assert "loose" not in text
    assert "bay 2" not in text
    assert "48 小时" in text


def test_an_unreachable_channel_is_tried_again_and_each_attempt_kept(desk: Desk) -> None:
    desk.channel.answers = [Receipt(Outcome.UNREACHABLE, "HTTP 503")] * 2
    desk.report()
    desk.plant.clock.advance(hours=24)
    desk.sweep()
    for _ in range(3):
        desk.plant.services.reminders.run(LEDGER)
        desk.plant.services.reminders.run(LEDGER)  # too early: nothing is sent
        desk.plant.clock.advance(minutes=2)
    [(row, tried)] = desk.plant.services.reminders.list(LEDGER, ReminderState.DELIVERED)
    assert [item["outcome"] for item in tried] == ["unreachable", "unreachable", "delivered"]
    assert row.attempts == 3
    assert len({message.reminder_id for message in desk.channel.sent}) == 1


def test_a_refused_reminder_fails_and_the_others_go_on(desk: Desk) -> None:
    desk.channel.answers = [Receipt(Outcome.REFUSED, "SMTP 550")]
    desk.report()
    desk.report("hazard/HZ-2")
    desk.plant.clock.advance(hours=24)
    desk.sweep()
    assert desk.plant.services.reminders.run(LEDGER) == 1
    assert len(desk.plant.services.reminders.list(LEDGER, ReminderState.FAILED)) == 1


def test_an_answer_settles_what_was_not_sent_yet(desk: Desk) -> None:
    desk.report()
    desk.plant.clock.advance(hours=24)
    desk.sweep()
    desk.answer()
    desk.sweep()
    desk.plant.services.reminders.run(LEDGER)
    assert desk.channel.sent == []
    assert len(desk.plant.services.reminders.list(LEDGER, ReminderState.SETTLED)) == 1


def test_a_channel_that_breaks_counts_as_an_attempt_and_holds_up_no_other(desk: Desk) -> None:
    class Broken:
        def send(self, message: Message) -> Receipt:
            raise UnicodeEncodeError("ascii", "lead@example.com", 0, 1, "a password of the channels file")

    reminders = desk.plant.services.reminders
    reminders.tell([Recipient("broken", "team_lead", Broken()), Recipient("lead", "team_lead", desk.channel)])
    desk.report()
    desk.plant.clock.advance(hours=24)
    desk.sweep()
    for _ in range(ATTEMPT_LIMIT + 1):
        reminders.run(LEDGER)
        desk.plant.clock.advance(hours=2)
    assert len(desk.channel.sent) == 1
    [(_, tried)] = reminders.list(LEDGER, ReminderState.FAILED)
    assert [item["receipt"] for item in tried] == ["UnicodeEncodeError"] * ATTEMPT_LIMIT


def test_the_last_attempt_ends_it() -> None:
    states = [follow_up(Outcome.UNREACHABLE, attempt)[0] for attempt in range(1, ATTEMPT_LIMIT + 1)]
    assert states == [ReminderState.PENDING] * (ATTEMPT_LIMIT - 1) + [ReminderState.FAILED]


@pytest.mark.parametrize("persisted", [False, True])
def test_a_sweep_that_breaks_anywhere_is_made_good_by_the_next(tmp_path: Path, persisted: bool) -> None:
    step, finished = 0, False
    while not finished:
        step += 1
        plant = Plant(tmp_path / f"data-{step}-{persisted}")
        desk = Desk(plant)
        desk.report()
        plant.clock.advance(hours=49)
        with (
            suppress(ServiceError, OSError, RuntimeError),
            breaking(plant.services.engine, step=step, persisted=persisted) as trap,
        ):
            desk.sweep()
        finished = not trap.sprung
        plant.services.close()
        plant.services = build_services(plant.settings, plant.clock, plant.random, rule_sets=False)
        desk.tell(plant.services)
        desk.sweep()
        assert len(desk.breaches()) == 1
        with plant.services.engine.connect() as connection:
            levels = sorted(connection.execute(select(reminder_rows.c.level)).scalars())
        assert levels == [1, 2, 3]
        check_ledger(plant.services.engine, LEDGER)
        plant.services.close()
        step += 5  # Each step is a plant of its own: every sixth one is looked at, whatever their number becomes.


def test_the_routes_list_and_export(desk: Desk) -> None:
    desk.report()
    desk.plant.clock.advance(hours=49)
    desk.sweep()
    services = desk.plant.services
    answer = request(services, "GET", f"/v1/ledgers/{LEDGER}/deadlines?state=breached").json()
    assert [item["deadline"] for item in answer["items"]] == ["H48"]
    table = request(services, "GET", f"/v1/ledgers/{LEDGER}/deadlines?format=csv&lang=zh").text
    assert "48 小时内由人答复" in table
    assert request(services, "GET", f"/v1/ledgers/{LEDGER}/reminders").json()["items"]
    assert request(services, "GET", f"/v1/ledgers/{LEDGER}/deadlines?state=nonsense").status_code == 400


def test_the_command_says_what_is_due(desk: Desk, capsys: pytest.CaptureFixture[str]) -> None:
    desk.report()
    desk.plant.services.close()
    data = str(desk.plant.settings.data_dir)
    assert main(["deadlines", LEDGER, "--data", data, "--lang", "zh"]) in (0, 1)  # by the machine's clock
    assert "48 小时内由人答复" in capsys.readouterr().out
    assert main(["deadlines", LEDGER, "--data", data, "--csv", "--type", "incident"]) == 0
    assert capsys.readouterr().out.startswith("state,due_at,")
    assert main(["remind", LEDGER, "--data", data, "--json"]) == 0
    desk.plant.reopen()
