"""Calibration certificates as a metrology laboratory's software exports them: one JSON document for the month."""

from __future__ import annotations

import random
from datetime import date, timedelta
from decimal import Decimal
from typing import Any, Final

from ledger_service.demo.sample.site import SITE, Month, staff

# prefix, category, Chinese name, unit, full scale, digits, metrology class, procedure, months, certificates a month
_KINDS: Final = (
    ("PG", "pressure_gauge", "一般压力表", "MPa", "1.6", 3, "mandatory_verification", "JJG 52-2013", 6, 40),
    ("GD", "gas_detector", "可燃气体检测报警器", "%", "100", 1, "mandatory_verification", "JJG 693-2011", 12, 28),
    ("EM", "earthing_monitor", "静电接地监测仪", "Ohm", "100", 1, "calibration", "JJF 1059.1-2012", 12, 10),
    ("FM", "flowmeter", "装车流量计", "m3/h", "80", 2, "verification", "JJG 1038-2008", 12, 8),
    ("TT", "thermometer", "双金属温度计", "Cel", "120", 1, "calibration", "JJF 1908-2021", 12, 8),
    ("TS", "truck_scale", "电子汽车衡", "t", "80", 2, "mandatory_verification", "JJG 539-2016", 12, 2),
)


def calibration_document(month: Month) -> dict[str, Any]:
    """The laboratory's export: letterhead and a list of certificates."""
    rng = month.rng("calibration")
    certificates = [
        _certificate(month, rng, kind, number)
        for kind in _KINDS
        for number in rng.sample(range(1, 3 * kind[-1] + 1), month.share(kind[-1]))
    ]
    return {
        "laboratory": {"name": "浦东计量检测所", "accreditation": "CNAS L12345"},
        "site": SITE,
        "export": f"CAL-{month.label}",
        "certificates": certificates,
    }


def _certificate(month: Month, rng: random.Random, kind: tuple[Any, ...], number: int) -> dict[str, Any]:
    prefix, category, name, unit, full_scale, digits, metrology, procedure, months, _ = kind
    people = staff(month.seed)
    received = month.at(rng.randint(1, month.days - 5), 9).date()
    performed = received + timedelta(days=rng.randint(1, 3))
    failed = rng.random() < 0.03
    return {
        "certificate_no": f"{prefix}{month.label}{number:04d}",
        "document": "verification_failure_notice" if failed else _document(metrology),
        "instrument": {
            "no": f"{prefix}-{1000 + number}",
            "name": name,
            "category": category,
            "serial_no": f"{prefix}{rng.randrange(10**7):07d}",
            "location": f"{rng.choice('ABC')} 区 {rng.randint(1, 12)} 号位",
            "class": metrology,
            "interval_months": months,
        },
        "procedure": procedure,
        "received": received.isoformat(),
        "performed": performed.isoformat(),
        "tested_at": f"{performed.isoformat()} {rng.randint(9, 16):02d}:{rng.randrange(60):02d}",
        "issued": (performed + timedelta(days=1)).isoformat(),
        "valid_until": _valid_until(performed, months).isoformat(),
        "environment": {"t": f"{rng.randint(195, 225) / 10:.1f}", "rh": str(rng.randint(40, 65))},
        "standards": [
            {
                "id": f"STD-{prefix}-01",
                "certificate": f"HDCS{month.year - 1}-{prefix}",
                "valid_to": f"{month.year + 1}-06-30",
            }
        ],
        "points": [_point(rng, Decimal(full_scale), share, digits, unit, failed) for share in (0, 25, 50, 75, 100)],
        "adjusted": failed or rng.random() < 0.2,
        "uncertainty": {
            "value": str((Decimal(full_scale) * Decimal("0.004")).quantize(Decimal(1).scaleb(-digits - 1))),
            "unit": unit,
            "k": "2",
        },
        "conformity": "fail" if failed else "pass",
        "technician": people[5].name,
        "approver": people[15].name,
        "seal": f"铅封{rng.randrange(10**6):06d}",
    }


def _document(metrology: str) -> str:
    return "calibration_certificate" if metrology == "calibration" else "verification_certificate"


def _point(rng: random.Random, full_scale: Decimal, share: int, digits: int, unit: str, failed: bool) -> dict[str, str]:
    step = Decimal(1).scaleb(-digits)
    nominal = (full_scale * share / 100).quantize(step)
    error = (full_scale * Decimal(rng.randint(-8, 8)) / 1000 * (6 if failed else 1)).quantize(step)
    left = (error / (5 if failed else 1)).quantize(step)
    return {
        "nominal": str(nominal),
        "reference": str(nominal),
        "as_found": str(nominal + error),
        "as_left": str(nominal + left),
        "error": str(left),
        "unit": unit,
    }


def _valid_until(performed: date, months: int) -> date:
    """The last day of the interval: performed plus the months less a day, kept inside short months."""
    month0 = performed.month - 1 + months
    return date(performed.year + month0 // 12, month0 % 12 + 1, min(performed.day, 28)) - timedelta(days=1)
