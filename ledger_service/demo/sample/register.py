"""The site's own register as one JSON document: bays, products, cameras, zones, detector models, PPE rules."""

from __future__ import annotations

import hashlib
from datetime import datetime, timedelta
from typing import Any, Final

from evidence.canonical import dumps
from ledger_service.demo.sample.crew import keeper
from ledger_service.demo.sample.instruments import BAYS
from ledger_service.demo.sample.site import PRODUCTS, SITE, Month

CAMERAS: Final = (("EDGE-CAM-01", "CAM-GATE-01", "Z-GATE"), ("EDGE-CAM-02", "CAM-BAY-01", "Z-BAY"))
"""Edge device, camera and zone."""
WEIGHTS: Final = hashlib.sha256(b"sample detector weights, version 1.4.2").hexdigest()
ZONE_VERSION: Final = 1
_POLYGONS: Final = {
    "Z-GATE": [[12, 20], [300, 20], [300, 210], [12, 210]],
    "Z-BAY": [[40, 16], [340, 24], [332, 200], [36, 188]],
}
_SINCE: Final = datetime(2023, 3, 1, 9)  # noqa: DTZ001  # a wall clock: exports carry no zone


def polygon_digest(zone: str) -> str:
    """SHA-256 of a zone's polygon as RFC 8785 JSON."""
    return hashlib.sha256(dumps(_POLYGONS[zone])).hexdigest()


def register_document(month: Month) -> dict[str, Any]:
    """The register; of what changes, only the cameras' monthly check is new in it."""
    head = keeper(month).ref
    return {
        "site": SITE,
        "export": f"REG-{month.label}",
        "bays": [
            {
                "no": bay, "event": "approve", "at": _time(_SINCE), "name": f"{bay[1:]} 号车位",
                "directions": ["load", "unload"],
                "products": [product.ref for product in PRODUCTS], "approved_by": head,
            }
            for bay in BAYS
        ],
        "products": [
            {
                "no": item.ref, "at": _time(_SINCE), "name": item.name, "un_no": item.un_no, "class": item.hazard_class,
                "density": item.density, "groups": list(item.groups), "revision": "2023.1", "issued": "2023-03-01",
            }
            for item in PRODUCTS
        ],
        "cameras": [line for place in range(len(CAMERAS)) for line in _camera(month, place)],
        "zones": [
            {
                "no": zone, "event": "define", "at": _time(_SINCE), "name": "门岗" if zone == "Z-GATE" else "装卸区",
                "camera": camera,
                "version": ZONE_VERSION, "kind": "ppe_required", "polygon": _POLYGONS[zone],
                "sha256": polygon_digest(zone),
                "risk_level": "high", "valid_from": "2023-03-01", "approved_by": head,
            }
            for _, camera, zone in CAMERAS
        ],
        "models": _model(head),
        "ppe_rules": [
            {"no": "PPE-7", "event": "draft", "at": _time(_SINCE), "name": "装卸区防护",
            "items": ["helmet", "vest", "goggles", "gloves"]},
            {"no": "PPE-7", "event": "approve", "at": _time(_SINCE + timedelta(hours=1)), "approved_by": head,
             "approved_from": "2023-03-01"},
        ],
    }  # fmt: skip


def _camera(month: Month, place: int) -> list[dict[str, Any]]:
    device, camera, zone = CAMERAS[place]
    frame = hashlib.sha256(f"reference frame of {camera}".encode()).hexdigest()
    checked = month.at(1, 6, 10 * place)
    return [
        {
            "no": camera, "event": "register", "at": _time(_SINCE), "name": f"{zone[2:]} 摄像头", "location": zone[2:],
            "purpose": "装卸区劳动防护与闯入识别，不作人脸识别", "serial": f"CM{place:04d}", "config": "2026-2",
            "width": 384,
            "height": 216, "rate": "12", "clock": "NTP, PTP edge switch", "frame_sha256": frame,
            "checked": _time(_SINCE),
            "faces": False, "blur": True, "device": device,
        },
        {"no": camera, "event": "check", "at": _time(checked), "checked": _time(checked), "result": "unchanged"},
    ]  # fmt: skip


def _model(head: str) -> list[dict[str, Any]]:
    base = {"no": "ppe-sample-1.4.2"}
    classes = ("no_helmet", "no_vest", "no_goggles", "no_gloves", "zone_intrusion", "phone", "smoking")
    registered = base | {
        "event": "register", "at": _time(_SINCE), "name": "ppe-sample", "version": "1.4.2", "weights_sha256": WEIGHTS,
        "architecture": "single-stage detector", "licence": "Apache-2.0", "runtime": "onnxruntime 1.20",
        "labels": "lm-5",
        "label_map": [{"label": item, "canonical": item} for item in classes],
        "data": [{"name": "site gate and bays 2022", "licence": "own", "images": 4200, "split": "train"},
                 {"name": "site gate and bays 2023", "licence": "own", "images": 900, "split": "test"}],
        "metrics": [{"class": item, "precision": "0.91", "recall": "0.88", "n": 120,
        "on_site_data": True} for item in classes],
        "failure_modes": ["夜间逆光", "雨天镜头水滴"], "conf": "0.45", "iou": "0.50",
    }  # fmt: skip
    approved = _time(_SINCE + timedelta(days=3))
    return [
        registered,
        base | {"event": "approve", "at": approved, "approved_by": head, "approved_from": "2023-03-05"},
    ]


def _time(at: datetime) -> str:
    return at.isoformat(" ", "minutes")
