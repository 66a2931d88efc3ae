"""Findings of two edge cameras as their detectors spool them: one JSON object a line, times in UTC."""

from __future__ import annotations

import hashlib
import random
from datetime import datetime, timedelta
from typing import Any, Final

from ledger_service.demo.sample.pictures import Box, draw
from ledger_service.demo.sample.register import CAMERAS, WEIGHTS, ZONE_VERSION, polygon_digest
from ledger_service.demo.sample.site import Month

FINDINGS: Final = 60
SITE_OFFSET: Final = timedelta(hours=8)
_KINDS: Final = (
    ("no_helmet", "high", 40), ("no_vest", "general", 25), ("no_goggles", "general", 10), ("no_gloves", "general", 8),
    ("zone_intrusion", "major", 10), ("phone", "high", 5), ("smoking", "major", 2),
)  # fmt: skip


def violation_lines(month: Month) -> tuple[list[dict[str, Any]], dict[str, bytes]]:
    """The month's findings in order of time, and the redacted stills by file name."""
    rng = month.rng("violations")
    moments = sorted(
        month.at(rng.randint(1, month.days), rng.randint(6, 21), rng.randrange(60))
        + timedelta(milliseconds=rng.randrange(60_000))
        for _ in range(month.share(FINDINGS))
    )
    counters = {device: month.year * 10**7 + month.month * 10**5 for device, _, _ in CAMERAS}
    photos: dict[str, bytes] = {}
    lines = [_finding(month, rng, number, at, counters, photos) for number, at in enumerate(moments, start=1)]
    return lines, photos


def _finding(
    month: Month, rng: random.Random, number: int, at: datetime, counters: dict[str, int], photos: dict[str, bytes]
) -> dict[str, Any]:
    kind, severity, _ = rng.choices(_KINDS, weights=[weight for _, _, weight in _KINDS])[0]
    device, camera, zone = rng.choice(CAMERAS)
    counters[device] += 1
    seconds, frames = rng.randint(3, 25), rng.randint(20, 120)
    box = [rng.randint(10, 120), rng.randint(8, 30), rng.randint(24, 40), rng.randint(44, 56)]
    low = rng.randint(45, 60)
    finding: dict[str, Any] = {
        "event": f"AV-{month.label}-{number:04d}",
        "counter": counters[device],
        "device": device,
        "kind": kind,
        "severity": severity,
        "detected": _utc(at + timedelta(seconds=seconds)),
        "first_frame": _utc(at),
        "last_frame": _utc(at + timedelta(seconds=seconds)),
        "seconds": str(seconds),
        "clock_offset_ms": str(rng.randint(-40, 40)),
        "camera": {"id": camera, "config": "2026-2"},
        "zone": {"id": zone, "version": ZONE_VERSION, "polygon_sha256": polygon_digest(zone)},
        "ppe_rule": "PPE-7",
        "model": {
            "name": "ppe-sample",
            "version": "1.4.2",
            "weights_sha256": WEIGHTS,
            "labels": "lm-5",
            "runtime": "onnxruntime 1.20",
        },
        "thresholds": {"conf": "0.45", "iou": "0.50", "seconds": "3", "frames": 8, "ratio": "0.70", "cool_down": "60"},
        "tracker": "bytetrack",
        "track": rng.randrange(10**6),
        "persons": rng.randint(1, 4),
        "boxes": [box],
        "score": {"min": f"0.{low}", "median": f"0.{low + 15}", "max": f"0.{low + 30}"},
        "frames_positive": frames * 9 // 10,
        "frames_total": frames,
        "frames": [hashlib.sha256(f"{month.seed}/{month.label}/{number}/{i}".encode()).hexdigest() for i in range(2)],
        "shift": "day" if 8 <= at.hour < 16 else "middle",
        "still": "",
    }
    if number % 2 == 0:
        finding["still"] = f"{finding['event']}.png"
        photos[finding["still"]] = draw((88, 96, 110), (60, 64, 60), f"{zone[2:]} {at:%H:%M:%S}", Box(*box))
    return finding


def _utc(local: datetime) -> str:
    return (local - SITE_OFFSET).isoformat(timespec="milliseconds") + "Z"
