"""A hazmat site in memory: people, instruments, a product and a bay on record, and operations judged step by step.

Every record is held against its type, judged by the real engine, and goes on as the log would have it: with what its
own judgement froze. `SOUND` is a loading that breaks no rule.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import Any

from evidence.encoding import format_time
from evidence.records.catalogue import Catalogue, load_catalogue
from evidence.records.facts import Fact, MemoryFacts
from evidence.records.judgement import Judgement
from evidence.records.rules.engine import RuleEngine
from evidence.records.schema import validate

START = datetime(2026, 9, 7, 1, 0, tzinfo=UTC)  # 09:00 at the site
OPERATION = "loading_operation/LO-1"
PHOTO = "ab" * 32


@cache
def catalogue() -> Catalogue:
    """The shipped catalogue, read once."""
    return load_catalogue()


@cache
def engine() -> RuleEngine:
    """An engine over the shipped catalogue."""
    return RuleEngine(catalogue())


def quantity(value: str, unit: str) -> dict[str, str]:
    """A quantity."""
    return {"value": value, "unit": unit}


def photo(role: str = "step_photo") -> dict[str, Any]:
    """An attachment of a role."""
    return {"sha256": PHOTO, "size": 9, "media_type": "image/png", "name": "a.png", "role": role}


def checked(*items: str) -> list[dict[str, Any]]:
    """A check list on which everything holds."""
    return [{"item": item, "ok": True} for item in items]


HEADER: dict[str, Any] = {
    "event": "book", "site": "SH-1", "op_no": "LO-1", "direction": "load", "bay": "B1", "order_no": "SO-1",
    "planned_at": format_time(START), "product_ref": "TOL", "product_name": "Toluene", "un_no": "1294",
    "hazard_class": "3", "density": "870", "planned_quantity": quantity("20", "t"), "tank_no": "T-7",
    "carrier": "Pujiang Transport", "carrier_permit_valid_to": "2027-01-31", "waybill_no": "WB-1",
    "vehicle_ref": "V-1", "vehicle_plate": "沪A12345", "tank_inspection_valid_to": "2026-12-31",
    "permitted_media": ["1294", "Xylene"], "max_fill_mass": quantity("25", "t"), "tank_volume": quantity("32", "m3"),
    "driver_ref": "D-1", "escort_ref": "E-1", "loading_manager_ref": "M-1", "operator_ref": "W-1",
}  # fmt: skip

SOUND: dict[str, tuple[int, dict[str, Any]]] = {
    "S01": (5, {}),
    "S02": (8, {"checks": checked("carrier_permit", "vehicle_licence", "tank_inspection", "crew_certificates",
                                  "waybill_matches_order"), "attachments": [photo("document_photo")]}),
    "S03": (6, {"checks": checked("flame_arrester", "no_ignition_sources", "ppe_worn", "static_discharged",
                                  "briefing_signed")}),
    "S04": (7, {"checks": checked("engine_off", "brake_on", "key_surrendered", "wedges_placed"),
                "attachments": [photo()], "performed_by": "D-1"}),
    "S05": (4, {"checks": checked("no_thunderstorm", "extinguisher_ready", "shower_ready"),
                "measured": quantity("2", "%{LEL}"), "instrument_ref": "GD-1"}),
    "S06": (5, {"checks": checked("residue_known"), "planned_quantity": quantity("20", "t")}),
    "S07": (3, {"measured": quantity("4.2", "Ohm"), "instrument_ref": "EM-1", "interlock_signal": "ok"}),
    "S08": (10, {"measured": quantity("22", "min")}),
    "S09": (6, {"checks": checked("valves_closed"), "attachments": [photo()], "instrument_ref": "HOSE-1"}),
    "S10": (5, {"checks": checked("no_leak"), "measured": quantity("0.4", "MPa"), "instrument_ref": "PG-1"}),
    "S11": (3, {"checks": checked("probe_connected", "self_test_passed"), "interlock_signal": "ok"}),
    "S12": (4, {"witnessed_by": "M-1"}),
    "S13": (2, {"measured": quantity("10", "m3/h"), "instrument_ref": "FM-1"}),
    "S14": (12, {"checks": checked("driver_present", "operator_present")}),
    "S15": (14, {"checks": checked("valves_closed"), "measured": quantity("20.05", "t"), "instrument_ref": "FM-1"}),
    "S16": (10, {"measured": quantity("21", "Cel")}),
    "S17": (6, {"checks": checked("depressurised"), "attachments": [photo()]}),
    "S18": (3, {}),
    "S19": (5, {"checks": checked("no_leak", "caps_on", "placards_right", "wedges_removed"),
                "attachments": [photo()]}),
    "S20": (9, {"measured": quantity("20.00", "t"), "net_quantity": quantity("20.00", "t"), "instrument_ref": "TS-1",
                "attachments": [photo("weigh_ticket")]}),
    "S21": (6, {"checks": checked("emergency_card", "waybill_updated"), "attachments": [photo()],
                "seal_nos": ["A1", "A2"]}),
    "S22": (4, {"checks": checked("key_returned"), "signers": [
        {"person_ref": "M-1", "role": "loading_manager"}, {"person_ref": "W-1", "role": "operator"},
        {"person_ref": "D-1", "role": "driver"}, {"person_ref": "E-1", "role": "escort"}]}),
}  # fmt: skip
"""Minutes after the step before, and payload, of each step of a clean loading."""

_PEOPLE = {"W-1": "", "M-1": "loading_manager", "D-1": "hazmat_driver", "E-1": "hazmat_escort", "W-2": "", "G-1": ""}
_INSTRUMENTS = ("GD-1", "EM-1", "HOSE-1", "PG-1", "FM-1", "TS-1")


class Site:
    """Facts in log order, and the clock of the site. Master data is on record; `book` opens the operation LO-1."""

    def __init__(self) -> None:
        self.facts = MemoryFacts()
        self.index = 0
        self.clock = START
        for person, credential in _PEOPLE.items():
            self.train(person)
            if credential:
                self.certify(person, credential)
        for instrument in _INSTRUMENTS:
            self.calibrate(instrument)
        self.known("loading_bay", "bay/B1", {"event": "approve", "bay_name": "1", "approved_products": ["1294"]})
        self.known("sds", "product/TOL", {"hazard_class": "3", "compatibility_groups": ["organic"]})

    def train(self, person: str) -> None:
        """Put the three levels of entry training, the yearly refresher and emergency training on record."""
        kinds = ("level1_company", "level2_workshop", "level3_team", "annual_refresher", "emergency")
        for kind in kinds:
            payload = {"training_type": kind, "result": "pass", "ended_at": "2026-03-02T08:00:00Z"}
            self.known("training_record", f"person/{person}", payload)

    def certify(self, person: str, kind: str, valid_to: str = "2027-06-30") -> None:
        """Put a verified credential on record."""
        subject = f"credential/{person}-{kind}"
        self.known("credential", subject, {
            "event": "apply", "person_ref": person, "credential_type": kind, "valid_from": "2025-01-01",
            "valid_to": valid_to,
        })  # fmt: skip
        self.known("credential", subject, {"event": "verify", "verified_at": "2025-01-02T00:00:00Z"})

    def calibrate(self, instrument: str, valid_until: str = "2026-12-31") -> None:
        """Put a passed calibration on record."""
        self.known("calibration_record", f"equipment/{instrument}", {
            "conformity": "pass", "performed_at": "2026-01-05", "valid_until": valid_until, "interval_months": 12,
            "metrology_class": "verification",
        })  # fmt: skip

    def known(self, record_type: str, subject: str, payload: dict[str, Any], at: datetime | None = None) -> Fact:
        """A fact that is simply there: its own type and rules are others' business."""
        fact = self._fact(record_type, subject, payload, at or START - timedelta(days=90))
        self._add(fact)
        return fact

    def book(self, subject: str = OPERATION, **changes: Any) -> Judgement:
        """Book an operation."""
        return self.record("loading_operation", subject, HEADER | {"op_no": subject[-4:]} | changes)

    def event(self, name: str, subject: str = OPERATION, *, after: float = 0, **payload: Any) -> Judgement:
        """A later event of the operation, by the loading manager."""
        self.clock += timedelta(minutes=after)
        return self.record("loading_operation", subject, {"event": name, "site": "SH-1", **payload})

    def step(
        self, code: str, subject: str = OPERATION, *, after: float | None = None,
        claims: Mapping[str, Any] | None = None, **changes: Any,
    ) -> Judgement:  # fmt: skip
        """Record a step as in `SOUND`, or with changes; `after` minutes instead of the usual ones. None takes away."""
        minutes, payload = SOUND.get(code, (1, {"cause": "drill"}))
        self.clock += timedelta(minutes=minutes if after is None else after)
        base = {
            "site": "SH-1", "step_code": code, "seq": 1, "result": "pass", "performed_by": "W-1", "direction": "load",
            "bay": "B1", "driver_ref": "D-1", "operator_ref": "W-1", "loading_manager_ref": "M-1", "un_no": "1294",
            "hazard_class": "3",
        }  # fmt: skip
        merged = {key: value for key, value in (base | payload | changes).items() if value is not None}
        return self.record("loading_step", subject, merged, **(claims or {}))

    def steps(self, first: str, last: str, subject: str = OPERATION) -> list[Judgement]:
        """The sound steps from one to another, both included."""
        return [self.step(code, subject) for code in SOUND if first <= code <= last]

    def record(self, record_type: str, subject: str, payload: dict[str, Any], **claims: Any) -> Judgement:
        """Hold a record against its type, judge it and add it with what the judgement froze."""
        validate(catalogue().types[record_type], {"subject": subject, **payload})
        fact = self._fact(record_type, subject, payload, self.clock, **claims)
        judgement = engine().judge(fact, self.facts)
        self._add(self._fact(record_type, subject, payload, self.clock, **claims, judgement=judgement))
        return judgement

    def state(self, subject: str = OPERATION) -> str:
        """The state that the newest judgement of the subject froze."""
        frozen = [fact.step.to for fact in self.facts.about(subject) if fact.step is not None]
        return frozen[-1] if frozen else ""

    def _fact(
        self, record_type: str, subject: str, payload: dict[str, Any], at: datetime, *,
        judgement: Judgement | None = None, received: datetime | None = None, channel: str = "mobile",
        counter: int | None = None, kid: str = "tablet-1", role: str = "loading_manager",
    ) -> Fact:  # fmt: skip
        return Fact(
            index=self.index, record_id=f"r-{self.index}", type=record_type,
            version=_version(record_type), subject=subject, occurred_at=at,
            received_at=received or at + timedelta(seconds=2), channel=channel, kid=kid,
            payload={"subject": subject, **payload}, counter=counter, role=role,
            blocked=judgement.blocked() if judgement else None, step=judgement.step if judgement else None,
        )  # fmt: skip

    def _add(self, fact: Fact) -> None:
        known = catalogue().types.get(fact.type)
        links = [link.subject for link in known.links(fact.payload)] if known else []
        if "person_ref" in fact.payload:
            links.append(f"person/{fact.payload['person_ref']}")
        self.facts.add(fact, links)
        self.index += 1


def _version(record_type: str) -> int:
    known = catalogue().types.get(record_type)
    return known.version if known else 1


def failed(judgement: Judgement) -> dict[str, str]:
    """Rule and reason of everything that stands against a record, marks included.

    The site has one tablet, so S12.one_key marks every joint confirmation that no second key cosigned: it is left out.
    """
    against = [item for item in judgement.results if item.outcome in ("fail", "unknown")]
    return {item.rule: item.reason for item in against if item.rule != "S12.one_key"}


def offline(site: Site, delay: timedelta, counter: int | None) -> dict[str, Any]:
    """Claims of a record made offline now-ish and synchronised `delay` later."""
    return {"channel": "mobile_offline", "counter": counter, "received": site.clock + delay}
