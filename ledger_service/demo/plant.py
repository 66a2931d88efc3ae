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
PACK: Final = "chemical-warehouse"
ZONE: Final = "Asia/Shanghai"
ORIGIN: Final = "ledger.example.com/shanghai-ftz/demo"


@dataclass(frozen=True)
class Device:
    """Something that signs where a record arises."""

    name: str
    holder: str
    role: str


@dataclass(frozen=True)
class Source:
    """One export, and the mappings that read it together. Sources of one `batch` are anchored together."""

    file: str
    mappings: tuple[str, ...]
    batch: str


DEVICES: Final = (
    Device("HR-SYSTEM", "HR training system", "hr"),
    Device("METROLOGY-LAB", "Metrology laboratory", "laboratory"),
    Device("MES", "Manufacturing execution system", "importer"),
    Device("EHS", "EHS system", "importer"),
    Device("GATE", "Gate control", "importer"),
    Device("REVIEW-DESK", "Video review desk", "reviewer"),
    Device("TAB-GATE-01", "Gate tablet 01", "device"),
    Device("TAB-BAY-01", "Loading bay tablet 01", "device"),
    Device("TAB-BAY-02", "Loading bay tablet 02", "device"),
    Device("TAB-BAY-03", "Loading bay tablet 03", "device"),
    Device("EDGE-CAM-01", "Edge camera 01, gate", "detector"),
    Device("EDGE-CAM-02", "Edge camera 02, bay", "detector"),
)
_REGISTERS: Final = ("site_bays", "site_products", "site_cameras", "site_zones", "site_models", "site_ppe_rules")
SOURCES: Final = (
    Source("hr.xlsx", ("hr_training_xlsx", "hr_credentials", "hr_credential_events"), "people"),
    *(Source("site_register.json", (name,), "site") for name in _REGISTERS),
    Source("metrology.xlsx", ("metrology_xlsx",), "site"),
    Source("metrology.xlsx", ("metrology_register",), "site"),
    Source("operations.csv", ("mes_loading",), "loading"),
    Source("loading_steps.csv", ("loading_tablets",), "loading"),
    Source("loading_offline.csv", ("loading_tablets_offline",), "loading"),
    Source("ai_violations.ndjson", ("edge_cameras",), "safety"),
    Source("ai_reviews.csv", ("ai_reviews",), "safety"),
    Source("gate.csv", ("gate_access",), "safety"),
    Source("ehs.xlsx", ("ehs_hazards",), "safety"),
    Source("ehs.xlsx", ("ehs_incidents",), "safety"),
    Source("training.csv", ("hr_training",), "late"),
    Source("calibration.json", ("metrology_lab",), "late"),
    Source("hr_late.xlsx", ("hr_training_xlsx", "hr_credentials", "hr_credential_events"), "late"),
)
"""In the order of import: people and instruments are on record before the operations that rest on them."""


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
