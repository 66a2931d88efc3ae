"""The month's loadings as they were booked: who, what, where, when, and which of them goes wrong how."""

from __future__ import annotations

import random
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from ledger_service.demo.sample.crew import DRIVERS, ESCORTS, Crew, crew
from ledger_service.demo.sample.faults import LOADING_FAULTS
from ledger_service.demo.sample.site import PRODUCTS, Month, Product, plate

SOUND: Final = 50
"""Operations without a fault in a full month."""
HEADER: Final = [
    "作业编号", "创建时间", "装卸", "车位", "计划时间", "提货单号", "品种编号", "货物名称", "UN编号", "类别",
    "包装类别", "密度(kg/m3)",
    "计划数量", "单位", "储罐", "托运人", "承运人", "许可证号", "许可证有效期", "运单号", "车辆编号", "牵引车号牌",
    "挂车号牌",
    "罐检有效期", "罐体许可介质", "最大充装量(t)", "罐容(m3)", "驾驶员", "押运员", "装卸管理人员", "操作员",
]  # fmt: skip
_CARRIERS: Final = ("沪通危货运输有限公司", "东海化工物流有限公司", "江海槽罐运输有限公司")
_TOLUENE: Final = 3


@dataclass(frozen=True)
class Operation:
    """One loading or unloading; `fault` is empty where nothing goes wrong."""

    number: str
    start: datetime
    bay: str
    unload: bool
    product: Product
    tonnes: str
    operator: str
    manager: str
    driver: str
    escort: str
    vehicle: str
    plates: tuple[str, str]
    carrier: str
    fault: str = ""


def operations(month: Month) -> list[Operation]:
    """The month's operations in the order in which they start."""
    rng, people = month.rng("operations"), crew(month)
    total = month.share(SOUND) + len(LOADING_FAULTS)
    faulty = {1 + place * (total - 1) // len(LOADING_FAULTS): name for place, name in enumerate(LOADING_FAULTS)}
    made: list[Operation] = []
    for number in range(total):
        made.append(_operation(month, rng, people, number, total, faulty.get(number, "")))
        if made[-1].fault == "vehicle_twice":
            made[-1] = _same_vehicle(made[-1], made[-2])
    return made


def booking_rows(month: Month) -> list[dict[str, str]]:
    """One row for each operation, booked with the month's plan on the day before."""
    return [_booking(month, item, number) for number, item in enumerate(operations(month))]


def _operation(
    month: Month, rng: random.Random, people: Crew, number: int, total: int, fault: str
) -> Operation:  # fmt: skip
    product = PRODUCTS[_TOLUENE] if fault == "previous_cargo" else rng.choice(PRODUCTS)
    manager = {"expired_certificate": people.expired, "withdrawn_certificate": people.withdrawn}.get(
        fault, people.managers[number % len(people.managers)]
    )
    return Operation(
        number=f"LO-{month.label}-{number + 1:04d}",
        start=month.at(1 + number * month.days // total, 7 + 4 * (number % 3), rng.randrange(20)),
        bay="B3" if fault == "late_sync" else f"B{1 + number % 2}",
        # What is left in a tank of liquefied gas is not measured at this site: ammonia is loaded only.
        unload=rng.random() < 0.4 and not product.hazard_class.startswith("2") and not fault,
        product=product,
        tonnes=f"{rng.randint(180, 310) / 10:.1f}",
        operator=people.operators[number % len(people.operators)].ref,
        manager=manager.ref,
        driver=DRIVERS[number % len(DRIVERS)],
        escort=ESCORTS[number % len(ESCORTS)],
        vehicle="V-099" if fault == "late_sync" else f"V-{1 + number % 24:03d}",
        plates=(plate(rng), plate(rng, trailer=True)),
        carrier=rng.choice(_CARRIERS),
        fault=fault,
    )


def _same_vehicle(item: Operation, before: Operation) -> Operation:
    """The operation with the vehicle of the one before it, which is at its bay still."""
    own: dict[str, Any] = {**item.__dict__, "vehicle": before.vehicle, "plates": before.plates}
    return Operation(**own | {"start": before.start + timedelta(minutes=25)})


def _booking(month: Month, item: Operation, number: int) -> dict[str, str]:
    booked, product = month.at(1, 0) - timedelta(hours=10, minutes=-number), item.product
    mass = float(item.tonnes)
    return {
        "作业编号": item.number, "创建时间": booked.isoformat(" ", "seconds"), "装卸": "卸" if item.unload else "装",
        "车位": item.bay,
        "计划时间": item.start.isoformat(" ", "seconds"), "提货单号": f"SO{item.number[3:].replace('-', '')}",
        "品种编号": product.ref, "货物名称": product.name, "UN编号": product.un_no, "类别": product.hazard_class,
        "包装类别": "无" if product.packing_group == "none" else product.packing_group, "密度(kg/m3)": product.density,
        "计划数量": item.tonnes, "单位": "吨", "储罐": product.tank, "托运人": "临港化工贸易有限公司",
        "承运人": item.carrier,
        "许可证号": "沪交运管许可危字310115", "许可证有效期": f"{month.year + 2}-06-30", "运单号": waybill(item),
        "车辆编号": item.vehicle, "牵引车号牌": item.plates[0], "挂车号牌": item.plates[1],
        "罐检有效期": f"{month.year + 1}-12-31", "罐体许可介质": " ".join((product.ref, product.un_no)),
        "最大充装量(t)": f"{mass + 4:.1f}", "罐容(m3)": f"{mass * 1000 / int(product.density) * 1.35:.1f}",
        "驾驶员": item.driver, "押运员": item.escort, "装卸管理人员": item.manager, "操作员": item.operator,
    }  # fmt: skip


def waybill(item: Operation) -> str:
    """The number of the transport document."""
    return f"YD{item.number[3:].replace('-', '')}"
