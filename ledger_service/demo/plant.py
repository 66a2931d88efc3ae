"""The demo plant's ledger: its name, its signing devices, and which mapping reads which export.

Device keys come from the demo's seed, so that anybody can repeat the demo. A real device makes its key itself.
"""

from __future__ import annotations

from dataclasses import dataclass
from importlib import resources
from typing import Final

from evidence.hashing import sha256
from ledger_service.importing.mapping import parse_mapping
from ledger_service.importing.model import SourceMapping
from ledger_service.importing.sign import DeviceKey

LEDGER: Final = "demo"
ORIGIN: Final = "ledger.example.com/shanghai-ftz/demo"


@dataclass(frozen=True)
class Device:
    """Something that signs where a record arises."""

    name: str
    holder: str
    role: str


DEVICES: Final = (
    Device("HR-SYSTEM", "HR training system", "system"),
    Device("METROLOGY-LAB", "Metrology laboratory", "laboratory"),
    Device("TAB-GATE-01", "Gate tablet 01", "device"),
    Device("TAB-BAY-01", "Loading bay tablet 01", "device"),
    Device("TAB-BAY-02", "Loading bay tablet 02", "device"),
    Device("EDGE-CAM-01", "Edge camera 01, gate", "detector"),
    Device("EDGE-CAM-02", "Edge camera 02, bay", "detector"),
)
SOURCES: Final = (
    ("training.csv", "hr_training"),
    ("calibration.json", "metrology_lab"),
    ("loading_steps.csv", "loading_tablets"),
    ("ai_violations.ndjson", "edge_cameras"),
)


def device_keys(seed: int) -> dict[str, DeviceKey]:
    """The keys of every device by its name, the same for the same seed."""
    return {
        device.name: DeviceKey.from_seed(
            f"urn:safety-ledger:device:{device.name.lower()}",
            sha256(f"safety-ledger demo, seed {seed}, device {device.name}".encode()),
        )
        for device in DEVICES
    }


def source_mapping(name: str) -> SourceMapping:
    """A mapping shipped with the product. Raises `MappingInvalid`."""
    file = resources.files("ledger_service.importing") / "mappings" / f"{name}.yaml"
    return parse_mapping(file.read_text("utf-8"), f"{name}.yaml")
