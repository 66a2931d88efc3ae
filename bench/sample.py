"""The records that ingest, canonical JSON and chains are measured with: a loading step of 15 fields, and trainings."""

from __future__ import annotations

import os
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

from evidence.encoding import format_time
from evidence.keys import SigningKey
from evidence.statement import Claims, issue, stream_id, uuid7
from ledger_service.context import Services

LEDGER = "bench"
ORIGIN = "ledger.example.com/bench"
DEVICE = SigningKey.from_seed(bytes(31) + b"\x07")
RECORD: dict[str, Any] = {
    "subject": "loading_operation/LO-2026-0012",
    "site": "SH-01",
    "step_code": "S07",
    "seq": 7,
    "result": "pass",
    "performed_by": "E-0815",
    "direction": "load",
    "bay": "B2",
    "product_name": "甲苯 Toluene",
    "un_no": "1294",
    "hazard_class": "3",
    "packing_group": "II",
    "tank_no": "T-7",
    "waybill_no": "WB-2026-0441",
    "measured": {"value": "0.40", "unit": "MPa"},
}
TRAINING: dict[str, Any] = {
    "site": "SH-01",
    "person_name": "王小明",
    "employer_type": "own",
    "post": "loader",
    "department": "仓储部",
    "training_type": "emergency",
    "course": "泄漏处置与应急疏散",
    "syllabus_version": "2026.1",
    "provider": "临港危化品仓储培训中心",
    "trainer_ref": "SH00017",
    "hours": {"value": "4", "unit": "h"},
    "delivery": "onsite",
    "exam_method": "practical",
    "result": "pass",
    "attempt_no": 1,
}


def statements(services: Services, count: int, moment: datetime) -> Iterator[str]:
    """`count` signed statements over 200 subjects, as a device submits them."""
    seconds = int(moment.timestamp())
    schema = services.record_types["loading_step"].schema_claim
    streams = {f"loading_operation/LO-{n:04d}": _stream(services, f"loading_operation/LO-{n:04d}") for n in range(200)}
    subjects = list(streams)
    for number in range(count):
        subject = subjects[number % len(subjects)]
        claims = Claims(
            iss="urn:example:device:terminal-4", iat=seconds, jti=uuid7(seconds * 1000, os.urandom(10)),
            type="loading_step", schema=schema, stream=streams[subject], occurred_at=format_time(moment), channel="iot",
        )  # fmt: skip
        yield issue(claims, RECORD | {"subject": subject}, DEVICE, salt=lambda: os.urandom(16)).compact


def trainings(services: Services, person: str, count: int, moment: datetime) -> Iterator[str]:
    """`count` signed trainings of one person, a day apart, the last one at `moment`."""
    schema, seconds = services.record_types["training_record"].schema_claim, int(moment.timestamp())
    subject = f"person/{person}"
    stream = _stream(services, subject)
    for number in range(count):
        ended = moment - timedelta(days=count - number)
        claims = Claims(
            iss="urn:example:hr", iat=seconds, jti=uuid7(seconds * 1000, os.urandom(10)), type="training_record",
            schema=schema, stream=stream, occurred_at=format_time(ended), channel="api",
        )  # fmt: skip
        times = {"started_at": format_time(ended - timedelta(hours=4)), "ended_at": format_time(ended)}
        yield issue(claims, TRAINING | times | {"subject": subject}, DEVICE, salt=lambda: os.urandom(16)).compact


def _stream(services: Services, subject: str) -> str:
    return stream_id(services.keystore.stream_key(LEDGER), subject)
