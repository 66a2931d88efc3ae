"""What goes wrong in the sample month on purpose, and what must say so."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True)
class Fault:
    """One planted fault: the record that shows it, and the rule and reason that must stand against it.

    `step` is the step of the operation, or the event of another record. `late`: known only after the record.
    """

    name: str
    subject: str
    step: str
    rule: str
    reason: str
    late: bool = False


LOADING_FAULTS: Final = {
    # name: step, rule, reason
    "vehicle_twice": ("S04", "LO7", "vehicle_occupied"),
    "valve_before_earth": ("S13", "LO1", "step_missing"),
    "expired_certificate": ("S12", "LO2", "expired"),
    "overdue_instrument": ("S07", "LO2", "calibration_expired"),
    "one_signer": ("S12", "S12", "same_signer"),
    "driver_signs": ("S05", "LO8", "driver_signs"),
    "batch_ticking": ("S22", "LO6.batch", "batch_ticking"),
    "previous_cargo": ("S06", "S06.cargo", "incompatible"),
    "late_sync": ("S07", "LO5", "late_sync"),
    "withdrawn_certificate": ("S12", "LO2", "revoked"),
}
"""In the order in which they happen. The first needs a sound operation before it."""
LATE: Final = frozenset({"withdrawn_certificate"})


def loading_fault(name: str, operation: str) -> Fault:
    """The fault of a loading operation."""
    step, rule, reason = LOADING_FAULTS[name]
    return Fault(name, f"loading_operation/{operation}", step, rule, reason, name in LATE)
