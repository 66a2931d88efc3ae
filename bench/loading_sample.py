"""A clean loading operation, S01 to S22, on a site whose people, instruments and bay are on record: what rules meet.

Every record is judged by the real engine as it comes and goes on with what its own judgement froze, as in the log.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from copy import deepcopy
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from evidence.encoding import format_time
from evidence.records.catalogue import Catalogue
from evidence.records.facts import Fact, MemoryFacts
from evidence.records.judgement import Judgement, Outcome, Severity
from evidence.records.rules.engine import RuleEngine

START: Final = datetime(2026, 9, 7, 1, 0, tzinfo=UTC)
OPERATION: Final = "loading_operation/LO-1"
_BEFORE: Final = START - timedelta(days=90)


def _quantity(value: str, unit: str) -> dict[str, str]:
    return {"value": value, "unit": unit}


def _checks(*items: str) -> dict[str, Any]:
    return {"checks": [{"item": item, "ok": True} for item in items]}


def _photo(role: str = "step_photo") -> dict[str, Any]:
    return {"attachments": [{"sha256": "ab" * 32, "size": 9, "media_type": "image/png", "name": "a.png", "role": role}]}


def _read(value: str, unit: str, instrument: str | None = None) -> dict[str, Any]:
    return {"measured": _quantity(value, unit)} | ({"instrument_ref": instrument} if instrument else {})


HEADER: Final[dict[str, Any]] = {
    "event": "book", "site": "SH-1", "op_no": "LO-1", "direction": "load", "bay": "B1", "order_no": "SO-1",
    "planned_at": format_time(START), "product_ref": "TOL", "product_name": "Toluene", "un_no": "1294",
    "hazard_class": "3", "density": "870", "planned_quantity": _quantity("20", "t"), "tank_no": "T-7",
    "carrier": "Pujiang Transport", "carrier_permit_valid_to": "2027-01-31", "waybill_no": "WB-1",
    "vehicle_ref": "V-1", "vehicle_plate": "沪A12345", "tank_inspection_valid_to": "2026-12-31",
    "permitted_media": ["1294", "Xylene"], "max_fill_mass": _quantity("25", "t"),
    "tank_volume": _quantity("32", "m3"), "driver_ref": "D-1", "escort_ref": "E-1", "loading_manager_ref": "M-1",
    "operator_ref": "W-1",
}  # fmt: skip
_COMMON: Final[dict[str, Any]] = {
    "site": "SH-1", "seq": 1, "result": "pass", "performed_by": "W-1", "direction": "load", "bay": "B1",
    "driver_ref": "D-1", "operator_ref": "W-1", "loading_manager_ref": "M-1", "un_no": "1294", "hazard_class": "3",
}  # fmt: skip
_SIGNERS: Final = (("M-1", "loading_manager"), ("W-1", "operator"), ("D-1", "driver"), ("E-1", "escort"))
_STEPS: Final[dict[str, tuple[int, dict[str, Any]]]] = {
    "S01": (5, {}),
    "S02": (8, _photo("document_photo") | _checks("carrier_permit", "vehicle_licence", "tank_inspection",
                                                  "crew_certificates", "waybill_matches_order")),
    "S03": (6, _checks("flame_arrester", "no_ignition_sources", "ppe_worn", "static_discharged", "briefing_signed")),
    "S04": (7, _photo() | _checks("engine_off", "brake_on", "key_surrendered", "wedges_placed")
            | {"performed_by": "D-1"}),
    "S05": (4, _checks("no_thunderstorm", "extinguisher_ready", "shower_ready") | _read("2", "%{LEL}", "GD-1")),
    "S06": (5, _checks("residue_known") | {"planned_quantity": _quantity("20", "t")}),
    "S07": (3, _read("4.2", "Ohm", "EM-1") | {"interlock_signal": "ok"}),
    "S08": (10, _read("22", "min")),
    "S09": (6, _checks("valves_closed") | _photo() | {"instrument_ref": "HOSE-1"}),
    "S10": (5, _checks("no_leak") | _read("0.4", "MPa", "PG-1")),
    "S11": (3, _checks("probe_connected", "self_test_passed") | {"interlock_signal": "ok"}),
    "S12": (4, {"witnessed_by": "M-1"}),
    "S13": (2, _read("10", "m3/h", "FM-1")),
    "S14": (12, _checks("driver_present", "operator_present")),
    "S15": (14, _checks("valves_closed") | _read("20.05", "t", "FM-1")),
    "S16": (10, _read("21", "Cel")),
    "S17": (6, _checks("depressurised") | _photo()),
    "S18": (3, {}),
    "S19": (5, _checks("no_leak", "caps_on", "placards_right", "wedges_removed") | _photo()),
    "S20": (9, _read("20.00", "t", "TS-1") | _photo("weigh_ticket") | {"net_quantity": _quantity("20.00", "t")}),
    "S21": (6, _checks("emergency_card", "waybill_updated") | _photo() | {"seal_nos": ["A1", "A2"]}),
    "S22": (4, _checks("key_returned")
            | {"signers": [{"person_ref": person, "role": role} for person, role in _SIGNERS]}),
}  # fmt: skip
"""Minutes after the step before, and payload."""
_PEOPLE: Final = {"W-1": "", "M-1": "loading_manager", "D-1": "hazmat_driver", "E-1": "hazmat_escort"}
_INSTRUMENTS: Final = ("GD-1", "EM-1", "HOSE-1", "PG-1", "FM-1", "TS-1")
_TRAININGS: Final = ("level1_company", "level2_workshop", "level3_team", "annual_refresher", "emergency")


class LoadingSite:
    """Facts in log order: master data, then one operation."""

    def __init__(self, catalogue: Catalogue, engine: RuleEngine) -> None:
        self.facts = MemoryFacts()
        self._types, self._engine = catalogue.types, engine
        self._index = 0
        for record_type, subject, payload in _master_data():
            self._take(self._fact(record_type, subject, payload, _BEFORE))

    def steps(self) -> Iterator[Fact]:
        """Book the operation and give its steps; each is to be judged and taken before the next one is asked for."""
        clock = START
        booked = self._fact("loading_operation", OPERATION, HEADER, clock)
        self.take_judged(booked, self._engine.judge(booked, self.facts))
        for code, (minutes, payload) in _STEPS.items():
            clock += timedelta(minutes=minutes)
            yield self._fact("loading_step", OPERATION, _COMMON | {"step_code": code} | payload, clock)

    def take_judged(self, fact: Fact, judgement: Judgement) -> None:
        """Add a record with what its judgement froze. Raises AssertionError where a rule objects to it.

        One tablet signs for both at the joint confirmation here: that is marked and stops nothing.
        """
        against = [
            (item.rule, item.reason)
            for item in judgement.results
            if item.outcome is not Outcome.PASS and item.severity is not Severity.MARK
        ]
        if against or judgement.marks:
            raise AssertionError(f"the sample is not clean: {against} {judgement.marks}")
        self._take(replace(fact, blocked=judgement.blocked(), step=judgement.step))

    def snapshot(self) -> MemoryFacts:
        """What the log holds now, whatever is taken later."""
        return deepcopy(self.facts)

    def _take(self, fact: Fact) -> None:
        links = [link.subject for link in self._types[fact.type].links(fact.payload)]
        self.facts.add(fact, links)
        self._index += 1

    def _fact(self, record_type: str, subject: str, payload: Mapping[str, Any], at: datetime) -> Fact:
        return Fact(
            index=self._index, record_id=f"r-{self._index}", type=record_type,
            version=self._types[record_type].version, subject=subject, occurred_at=at,
            received_at=at + timedelta(seconds=2), channel="mobile", kid="tablet-1",
            payload={"subject": subject, **payload}, role="loading_manager",
        )  # fmt: skip


def _master_data() -> Iterator[tuple[str, str, dict[str, Any]]]:
    for person, credential in _PEOPLE.items():
        for kind in _TRAININGS:
            trained = {"training_type": kind, "result": "pass", "ended_at": "2026-03-02T08:00:00Z"}
            yield "training_record", f"person/{person}", trained
        if credential:
            applied = {"event": "apply", "person_ref": person, "credential_type": credential}
            validity = {"valid_from": "2025-01-01", "valid_to": "2027-06-30"}
            verified = {"event": "verify", "verified_at": "2025-01-02T00:00:00Z"}
            yield "credential", f"credential/{person}", applied | validity
            yield "credential", f"credential/{person}", verified
    yield "loading_bay", "bay/B1", {"event": "approve", "bay_name": "1", "approved_products": ["1294"]}
    yield "sds", "product/TOL", {"hazard_class": "3", "compatibility_groups": ["organic"]}
    for instrument in _INSTRUMENTS:
        yield "calibration_record", f"equipment/{instrument}", {
            "conformity": "pass", "performed_at": "2026-01-05", "valid_until": "2026-12-31", "interval_months": 12,
            "metrology_class": "verification",
        }  # fmt: skip
