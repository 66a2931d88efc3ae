"""A site with a gauge, a risk point and an officer, whose faults lead to records of effects."""

from __future__ import annotations

import hashlib
from datetime import datetime, timedelta
from typing import Any

from evidence.encoding import format_time
from evidence.keys import SigningKey
from ledger_service.effects.model import EffectCounts
from ledger_service.entries.model import EntryView
from ledger_service.statements.model import Sequenced
from tests.fakes.plant import LEDGER, Plant
from tests.fakes.site import MANAGER, Site

OFFICER = SigningKey.from_seed(bytes(31) + b"\x51")
LABORATORY = SigningKey.from_seed(bytes(31) + b"\x52")
GAUGE, RISK = "equipment/PG-1", "risk/R-7"
EFFECT_TYPES = ("nonconformity", "incident", "action")
_CERTIFICATE = b"the certificate"
ASSESSORS = [{"person_ref": "P-1", "role": "worker"}, {"person_ref": "P-2", "role": "safety_officer"}]


class Workshop(Site):
    """Puts faults into the log."""

    def __init__(self, plant: Plant) -> None:
        super().__init__(plant)
        plant.services.keys.enrol(LEDGER, OFFICER.public, "Safety officer", "safety_officer")
        plant.services.keys.enrol(LEDGER, LABORATORY.public, "Laboratory", "laboratory")

    def sweep(self) -> EffectCounts:
        """Carry out the effects that wait."""
        return self.plant.services.effects.run(LEDGER)

    def opened(self, record_type: str = "") -> list[EntryView]:
        """The records of effects, signed by the service, in log order."""
        views = map(self.view, range(self.plant.services.entries.size(LEDGER)))
        wanted = (record_type,) if record_type else EFFECT_TYPES
        service = self.plant.ledger.service_kid
        return [view for view in views if view.entry.record_type in wanted and view.entry.kid == service]

    def register(self, subject: str = GAUGE) -> None:
        """A gauge that must be verified every six months."""
        payload = {
            "event": "register", "equipment_no": subject[-4:], "equipment_name": "Gauge", "category": "pressure_gauge",
            "serial_no": f"S-{subject[-4:]}", "location": "Bay 1", "safety_critical": True,
            "metrology_class": "mandatory_verification",
        }  # fmt: skip
        self.put("equipment", subject, payload, key=OFFICER)

    def certify_gauge(self, subject: str = GAUGE, days_ago: int = 0, **changes: Any) -> Sequenced:
        """A certificate of the gauge, performed that many days ago."""
        sha256 = hashlib.sha256(_CERTIFICATE + subject.encode()).hexdigest()
        day = (self.now() - timedelta(days=days_ago)).date().isoformat()
        points = [{"nominal": _pressure("1.0"), "reference": _pressure("1.000"), "as_found": _pressure("1.010"),
                   "as_left": _pressure("1.010"), "error": _pressure("0.010")}]  # fmt: skip
        payload = {
            "equipment_name": "Gauge", "category": "pressure_gauge", "serial_no": f"S-{subject[-4:]}",
            "metrology_class": "mandatory_verification", "procedure_ref": "JJG 52-2013", "interval_months": 6,
            "certificate_no": f"N-{sha256[:4]}-{day}", "doc_type": "verification_certificate", "issuer": "Institute",
            "issuer_accreditation": "CNAS L1", "received_at": day, "performed_at": day, "issued_at": day,
            "environment": {"temperature": _quantity("20", "Cel"), "humidity": _quantity("50", "%")},
            "reference_standards": [{"id": "STD-1", "certificate_no": "R-1", "valid_to": "2030-01-01"}],
            "points": points, "adjusted": False, "decision_rule": "simple_acceptance", "conformity": "pass",
            "technician": "Zhang", "approver": "Li",
        }  # fmt: skip
        claims = {"supersedes": changes.pop("supersedes")} if "supersedes" in changes else {}
        at = self.now() if claims else self.now() - timedelta(days=days_ago)
        return self.put("calibration_record", subject, payload | changes, at, key=LABORATORY, **claims)

    def use(self, subject: str = GAUGE) -> Sequenced:
        """The gauge is used."""
        return self.put("equipment", subject, {"event": "use", "used_for": "leak test"}, key=OFFICER)

    def step(self, operation: str, code: str = "S10", **payload: Any) -> Sequenced:
        """A loading step by the shift's lead."""
        fields = {
            "step_code": code,
            "seq": 1,
            "result": "pass",
            "performed_by": "W-1",
            "direction": "load",
            "bay": "B1",
        }
        return self.put("loading_step", operation, fields | payload, key=MANAGER)

    def spill(self, operation: str = "loading_operation/LO-1") -> Sequenced:
        """A spill that names no incident."""
        return self.step(operation, "X03", cause="hose burst")

    def assess(self, subject: str = RISK) -> None:
        """An active risk assessment."""
        today = self.now().date()
        assessed = {
            "event": "assess", "method": "lec", "method_version": "LEC-1", "likelihood": "6", "exposure": "6",
            "consequence": "3", "score": "108", "level": 3, "colour": "yellow", "assessors": ASSESSORS,
            "assessed_at": today.isoformat(), "review_due": (today + timedelta(days=300)).isoformat(), "zones": ["Z-1"],
        }  # fmt: skip
        identified = {"event": "identify", "risk_point": "Bay 3", "activity": "Loading", "hazard_source": "Toluene"}
        for payload in (identified, assessed, {"event": "approve", "approved_by": "P-9"}, {"event": "activate"}):
            self.put("risk_assessment", subject, payload, key=OFFICER)

    def incident(self, subject: str, at: datetime | None = None) -> Sequenced:
        """An incident on the risk point, reported by a person."""
        payload = {"event": "report", "event_type": "near_miss", "location": "Bay 3", "course": "slip",
                   "risk_refs": [RISK.removeprefix("risk/")]}  # fmt: skip
        return self.put("incident", subject, payload, at, key=OFFICER)

    def answer(self, view: EntryView, *payloads: dict[str, Any]) -> None:
        """People go on with a record of an effect."""
        for payload in payloads:
            self.plant.clock.advance(minutes=1)
            self.put(view.entry.record_type, str(view.payload["subject"]), payload, key=OFFICER)

    def cancel(self, view: EntryView) -> None:
        """A person says that nothing is to be done."""
        self.answer(view, {"event": "cancel", "remark": "seen to"})

    def stamp(self, **ahead: float) -> str:
        """A time as text."""
        return format_time(self.now() + timedelta(**ahead))


def _quantity(value: str, unit: str) -> dict[str, str]:
    return {"value": value, "unit": unit}


def _pressure(value: str) -> dict[str, str]:
    return _quantity(value, "MPa")
