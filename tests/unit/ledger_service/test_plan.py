"""The rules of sequencing, without a database."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from evidence.entry import parse_entry
from evidence.hashing import leaf_hash
from evidence.key_events import KeyEvent, KeyHistory
from evidence.keys import SigningKey
from evidence.statement import Claims, issue, stream_id, uuid7
from ledger_service.errors import Conflict, Refused, TooLarge
from ledger_service.statements.model import PreparedStatement, Rejected, Sequenced
from ledger_service.statements.plan import GroupPlan, Head, Known, LogState

NOW = datetime(2026, 11, 23, 8, 0, tzinfo=UTC)
ROOT, DEVICE, NEXT = (SigningKey.from_seed(bytes(31) + bytes([n])) for n in (1, 2, 3))


def history() -> KeyHistory:
    keys = KeyHistory([ROOT.public])
    keys.apply(0, NOW, ROOT.kid, KeyEvent(DEVICE.kid, "enrol", DEVICE.public, "Terminal 4", "device"))
    return keys


def state(**changes: Any) -> LogState:
    fields: dict[str, Any] = {
        "next_index": 1,
        "last_received_at": NOW,
        "known": {},
        "heads": {},
        "keys": history(),
    }
    return LogState(**(fields | changes))


def prepared(
    number: int = 0, subject: str = "equipment/PG-1", key: SigningKey = DEVICE, **changes: Any
) -> PreparedStatement:
    claims = Claims(
        iss="urn:example:device:4",
        iat=int(NOW.timestamp()),
        jti=uuid7(number, bytes(10)),
        type="calibration_record",
        schema="1;sha-256=" + "A" * 43,
        stream=stream_id(b"k" * 32, subject),
        occurred_at="2026-11-23T08:00:00Z",
        channel="iot",
    )
    statement = issue(claims, {"subject": subject}, key, salt=lambda: bytes(16))
    fields: dict[str, Any] = {
        "ledger": "demo",
        "record_id": claims.jti,
        "record_type": claims.type,
        "kid": statement.kid,
        "channel": claims.channel,
        "stream": claims.stream,
        "occurred_at": NOW,
        "jwt": statement.jwt,
        "digest": bytes([number]) * 32,
        "disclosures": (),
    }
    return PreparedStatement(**(fields | changes))


def key_event(action: str, key: SigningKey, signer: SigningKey = ROOT, number: int = 90) -> PreparedStatement:
    event = KeyEvent(key.kid, action, key.public, "Terminal 4", "device")
    return prepared(number, f"key/{key.kid}", signer, record_type="key_event", key_event=event)


def error_of(outcome: Sequenced | Rejected) -> tuple[type, str | None]:
    assert isinstance(outcome, Rejected)
    return type(outcome.error), outcome.error.reason


def test_an_entry_links_to_the_head_and_the_next_one_to_it() -> None:
    stream = prepared().stream
    plan = GroupPlan(state(heads={stream: Head(4, b"h" * 32)}), NOW)
    outcomes = [plan.add(prepared(1)), plan.add(prepared(2))]
    first, second = (parse_entry(item.entry_bytes) for item in plan.placed)
    assert (first.prev, first.stream_seq) == (b"h" * 32, 5)
    assert (second.prev, second.stream_seq) == (leaf_hash(plan.placed[0].entry_bytes), 6)
    assert [getattr(outcome, "index", None) for outcome in outcomes] == [1, 2]
    assert plan.heads == {stream: (Head(6, leaf_hash(plan.placed[1].entry_bytes)), 2)}


def test_what_is_refused_takes_no_index_and_leaves_no_trace() -> None:
    plan = GroupPlan(state(), NOW)
    assert error_of(plan.add(prepared(1, key=NEXT))) == (Refused, "KeyNotTrusted")
    assert error_of(plan.add(prepared(2, jwt="x" * 70_000))) == (TooLarge, "LimitExceeded")
    outcome = plan.add(prepared(3))
    assert isinstance(outcome, Sequenced)
    assert (outcome.index, outcome.stream_seq) == (1, 0)


def test_a_repetition_within_the_group_and_of_the_log_is_recognised() -> None:
    plan = GroupPlan(state(), NOW)
    first = plan.add(prepared(1))
    assert isinstance(first, Sequenced)
    assert plan.add(prepared(1)) == first.again()
    assert error_of(plan.add(prepared(1, digest=b"other"))) == (Conflict, "record-id-taken")
    later = GroupPlan(state(known={first.record_id: Known(prepared(1).digest, first.again())}), NOW)
    assert later.add(prepared(1)) == first.again()
    assert not later.placed


def test_received_at_is_the_later_of_the_clock_and_the_entry_before() -> None:
    earlier, later = NOW - timedelta(hours=1), NOW + timedelta(hours=1)
    assert GroupPlan(state(), earlier).received_at == NOW
    assert GroupPlan(state(), later).received_at == later
    assert GroupPlan(state(last_received_at=None), earlier).received_at == earlier


def test_key_events_take_effect_within_their_group() -> None:
    plan = GroupPlan(state(), NOW)
    outcomes = [
        plan.add(prepared(1, key=NEXT)),
        plan.add(key_event("enrol", NEXT)),
        plan.add(prepared(2, key=NEXT)),
        plan.add(key_event("revoke", NEXT, number=91)),
        plan.add(prepared(3, key=NEXT)),
    ]
    assert [isinstance(outcome, Sequenced) for outcome in outcomes] == [False, True, True, True, False]
    assert plan.touched_keys == {NEXT.kid}


def test_only_enrollers_sign_key_events_and_the_root_signs_nothing_else() -> None:
    plan = GroupPlan(state(), NOW)
    assert error_of(plan.add(key_event("enrol", NEXT, signer=DEVICE))) == (Refused, "KeyNotTrusted")
    assert error_of(plan.add(prepared(1, key=ROOT))) == (Refused, "KeyNotTrusted")
    assert not plan.touched_keys


def test_a_repeated_key_event_is_a_repetition_not_a_second_enrolment() -> None:
    plan = GroupPlan(state(), NOW)
    first = plan.add(key_event("enrol", NEXT))
    assert isinstance(first, Sequenced)
    assert plan.add(key_event("enrol", NEXT)) == first.again()
